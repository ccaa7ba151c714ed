"""The state of things: accounts, sources, what nobody claims."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled import __version__
from scrobbled.config import ONE_OWNER, Config
from scrobbled.core.standing import AccountStanding, Standing, account
from scrobbled.core.words.outcomes import WAITING
from scrobbled.desk.facts import holdings, standings
from scrobbled.desk.facts import sources as heard
from scrobbled.desk.facts.holdings import AccountHolds, WaitStory
from scrobbled.desk.facts.pairs import PairStory, pair_stories
from scrobbled.desk.facts.pausing import PauseStory
from scrobbled.desk.facts.sources import SourceStory
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.queue import floods, overview


class AccountStatus(Struct, frozen=True):
    """One account of a viewer. ``counts`` are changes by outcome."""

    viewer: str
    tracker: str
    signed_in: bool
    state: str
    reason: str
    since: str | None
    token_expires: str | None
    counts: dict[str, int]
    waiting: int
    oldest_waiting: str | None
    standing: Standing
    """How it stands, in words."""
    holds: AccountHolds = field(default_factory=AccountHolds)
    """What it held when it was last read. Of a glance it is empty, and so is ``waits``."""
    waits: list[WaitStory] = field(default_factory=list)
    """What is held or parked, unmatched or refused there, and why."""


class UnclaimedStatus(Struct, frozen=True):
    """An account no viewer lists; ``yaml`` is what a viewer needs to claim it, empty where nobody can.

    ``label`` is the last that it watched, empty where that was not told.
    """

    source: str
    account: str
    events: int
    last_heard: str | None
    yaml: str
    label: str = ""


class Status(Struct, frozen=True):
    """The whole picture. ``events`` are webhooks by outcome, ``plays`` how many there are."""

    version: str
    events: dict[str, int]
    plays: int
    trackers: list[AccountStatus]
    sources: list[SourceStory]
    unclaimed: list[UnclaimedStatus]
    held: dict[str, int]
    """Changes held for a person, by reason."""
    pairs: list[PairStory]
    house: Standing
    """How all of it stands, in the sentence that the first page begins with."""
    asks: int = 0
    """How many things only a person can move on."""
    pause: PauseStory | None = None
    """Of all delivery, while it lasts."""


class Glance(Struct, frozen=True):
    """What a page shows of the state of things, and quick to get: ``counts`` of accounts hold what waits, no more.

    ``heard`` tells when each configured source was heard lately, ``None`` where it was not.
    """

    trackers: list[AccountStatus]
    heard: dict[str, str | None]
    unclaimed: list[UnclaimedStatus]


def status(
    db: sqlite3.Connection, config: Config, now: float, asks: int, clock: Callable[[str], str] = lambda iso: ""
) -> Status:
    """The state of things, as the serving process last saved it; ``now`` is Unix seconds.

    ``asks`` questions wait for a person. ``clock`` tells an instant (ISO 8601) in the house's sentence.
    """
    stood = standings.facts(db, config, now)  # once, so that one thing has one number
    return Status(
        version=__version__,
        events=overview.event_counts(db),
        plays=overview.play_count(db),
        trackers=[_whole(db, one) for one in _accounts(db, config, overview.delivery_counts(db), stood.accounts)],
        sources=heard.sources(db, config),
        unclaimed=unclaimed(db),
        held={reason: count for reason, count in floods.held_by_reason(db).items() if count},
        pairs=pair_stories(db, config, stood),
        house=stood.house(asks, clock),
        asks=asks,
        pause=stood.pause,
    )


def glance(db: sqlite3.Connection, config: Config) -> Glance:
    """The same without counting all that ever happened."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in overview.waiting(db):
        counts.setdefault((row.viewer, row.tracker), {})[row.state] = row.count
    last = {row.source: row.last_seen for row in overview.sources_heard(db)}
    return Glance(
        trackers=_accounts(db, config, counts, standings.accounts(db, config)),
        heard={source: iso_or_none(last.get(source)) for source in config.sources},
        unclaimed=unclaimed(db),
    )


def unclaimed(db: sqlite3.Connection) -> list[UnclaimedStatus]:
    """Those that were heard most often first."""
    return [
        UnclaimedStatus(
            row.source, row.account, row.events, iso(row.last_seen), claim(row.source, row.account), row.label
        )
        for row in overview.unclaimed_accounts(db)
    ]


def claim(source: str, account: str) -> str:
    """The line of YAML that lists the account. Quoted as JSON is: an id must stay text, a colon part of a name, and
    ``${`` would be taken for a variable.

    Where a source names no account, any name claims what comes from it; of others it is empty, as nothing does.
    """
    account = account or ("me" if source in ONE_OWNER else "")
    if not account:
        return ""
    return f"accounts: {{{source}: [{json.dumps(account.replace('${', '$${'), ensure_ascii=False)}]}}"


def _accounts(
    db: sqlite3.Connection,
    config: Config,
    counts: dict[tuple[str, str], dict[str, int]],
    known: Sequence[AccountStanding],
) -> list[AccountStatus]:
    states, signed_in, oldest = overview.account_states(db), overview.signed_in(db), _oldest(db)
    found = {(one.viewer, one.tracker): one for one in known}
    rows = []
    for viewer in config.viewers:
        for tracker in viewer.trackers:
            key = (viewer.name, tracker)
            state, reason, since, expires = states.get(key, ("new", "", None, None))
            mine = counts.get(key, {})
            rows.append(
                AccountStatus(
                    viewer=viewer.name,
                    tracker=tracker,
                    signed_in=key in signed_in and state != "sign-in",
                    state=state,
                    reason=reason,
                    since=iso_or_none(since),
                    token_expires=iso_or_none(expires),
                    counts=mine,
                    waiting=sum(count for outcome, count in mine.items() if outcome in WAITING),
                    oldest_waiting=iso_or_none(oldest.get(key)),
                    standing=account(found[key]),
                )
            )
    return rows


def _whole(db: sqlite3.Connection, one: AccountStatus) -> AccountStatus:
    """With what takes longer to find out."""
    key = (one.viewer, one.tracker)
    return replace(one, holds=holdings.holding(db, key), waits=holdings.waits(db, key) if one.waiting else [])


def _oldest(db: sqlite3.Connection) -> dict[tuple[str, str], float]:
    ages: dict[tuple[str, str], float] = {}
    for row in overview.waiting(db):
        key = (row.viewer, row.tracker)
        ages[key] = min(ages.get(key, row.oldest), row.oldest)
    return ages

"""What there is to know of accounts and pairs, from the database, for ``core.standing`` to say how they stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import tzinfo

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import Config
from scrobbled.config.viewing import PairConfig
from scrobbled.core.agreeing.ledger import Policy
from scrobbled.core.house import house
from scrobbled.core.standing import AccountKey, AccountStanding, PairStanding, Standing, load
from scrobbled.desk.facts.pausing import PauseStory, sentence, story
from scrobbled.reconcile import Options, Sides
from scrobbled.reconcile.pairs import fingerprint, kinds, policy
from scrobbled.reconcile.timetable import is_late
from scrobbled.store.file.codec import iso_or_none
from scrobbled.store.mirror import ledger, records, runs
from scrobbled.store.queue import overview, pausing, questions
from scrobbled.trackers import TRACKERS

LATE = 3_600.0
"""Seconds by which a pair may be compared later than twice the time between two runs."""


class Standings(Struct, frozen=True):
    """All accounts and all pairs, in the order of the configuration; ``now`` is Unix seconds."""

    accounts: list[AccountStanding]
    pairs: list[PairStanding]
    now: float
    pause: PauseStory | None = None
    """Of all delivery."""

    def house(self, asks: int, clock: Callable[[str], str] = lambda iso: "") -> Standing:
        """``asks`` questions wait for a person. ``clock`` tells people an instant (ISO 8601), or keeps it back."""
        accounts = [replace(one, since=clock(one.since)) if one.since else one for one in self.accounts]
        return house(accounts, self.pairs, asks, sentence(self.pause, clock))


def facts(db: sqlite3.Connection, config: Config, now: float) -> Standings:
    """``now`` is Unix seconds. The same whoever asks, beside a running service or without one."""
    found = {(one.viewer, one.tracker): one for one in accounts(db, config)}
    zone = config.server.zone
    pairs = [_pair(db, viewer.name, pair, found, zone, now) for viewer in config.viewers for pair in viewer.pairs]
    return Standings(list(found.values()), pairs, now, story(pausing.in_force(db, now)))


def accounts(db: sqlite3.Connection, config: Config) -> list[AccountStanding]:
    """In the order of the configuration."""
    states, waiting = overview.account_states(db), _waiting(db)
    found = []
    for viewer in config.viewers:
        for tracker in viewer.trackers:
            key = (viewer.name, tracker)
            state, reason, since, _ = states.get(key, ("new", "", None, None))
            waits, used = load(waiting.get(key, {})), tracker in TRACKERS
            found.append(AccountStanding(*key, state, reason, waits, used, iso_or_none(since) or ""))
    return found


def _waiting(db: sqlite3.Connection) -> dict[AccountKey, dict[str, int]]:
    found: dict[AccountKey, dict[str, int]] = {}
    for row in overview.waiting(db):
        found.setdefault((row.viewer, row.tracker), {})[row.state] = row.count
    return found


def _pair(
    db: sqlite3.Connection,
    viewer: str,
    pair: PairConfig,
    known: Mapping[AccountKey, AccountStanding],
    zone: tzinfo,
    now: float,
) -> PairStanding:
    names, (a, b) = ",".join(pair.between), pair.between
    running, last = runs.under_way(db, viewer, names), runs.last_ended(db, viewer, names)
    reached, made = ledger.state(db, viewer, names), policy_of(viewer, pair)
    return PairStanding(
        a=known.get((viewer, a)) or AccountStanding(viewer, a, "new", used=False),
        b=known.get((viewer, b)) or AccountStanding(viewer, b, "new", used=False),
        is_on=bool(pair.directions()) if made is None else bool(kinds(made)),
        unreadable=tuple(one for one in pair.between if one not in TRACKERS),
        phase="" if running is None else running.phase,
        outcome="" if last is None else last.outcome,
        reason="" if last is None else last.reason,
        planned={} if last is None else last.counts,
        compared=made is not None and reached.policy == fingerprint(made),
        overdue=is_late(pair, reached.compared_at, zone, now, LATE),
        doubted=tuple(one for one in pair.between if records.state(db, (viewer, one)).doubt),
        questions=questions.count(db, viewer, names),
        paused=pausing.in_force(db, now, pausing.of_pair(viewer, names)) is not None,
    )


def policy_of(viewer: str, pair: PairConfig) -> Policy | None:
    """By which the two are compared as the settings say; ``None`` where this version cannot compare them."""
    a, b = pair.between
    if a not in TRACKERS or b not in TRACKERS:
        return None
    return policy(pair, Sides(viewer, a, b), [TRACKERS[one].can() for one in (a, b)], Options())

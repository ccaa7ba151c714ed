"""The first page: a sentence, what is on screen, what just arrived, trackers and sources."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.items import Episode, Item
from scrobbled.core.outcomes import PHASES, PlayOutcome, told
from scrobbled.on_screen import OnScreen
from scrobbled.store.codec import iso
from scrobbled.summary import AccountStatus, DeliveryStory, PlayStory
from scrobbled.web.desk import NEEDS_YOU, Facts
from scrobbled.web.view import poster, words
from scrobbled.web.view.headline import Headline, headline
from scrobbled.web.view.looks import CATCHING_UP, NOT_USED, OUTCOMES, STATES, Look
from scrobbled.web.view.moments import Moment, moment

Account = tuple[str, str]


class AccountCard(Struct, frozen=True):
    key: str
    """The tracker's name in the configuration."""
    viewer: str
    tracker: str
    look: Look
    reason: str
    since: Moment | None
    token: str
    """How long its sign-in holds: "token 6 days"; empty where that is not known."""
    load: str
    """What is not delivered: "2 waiting, 1 needs you"."""


class Way(Struct, frozen=True):
    """A play at one tracker. ``reason`` is empty where the word says it all."""

    tracker: str
    look: Look
    reason: str


class PlayCard(Struct, frozen=True):
    id: str
    title: str
    place: str
    subtitle: str
    viewer: str
    source: str
    when: Moment | None
    """``None`` where nobody said when it was watched."""
    seed: str
    ways: list[Way]


class ScreenCard(Struct, frozen=True):
    """Something that is being watched. Seconds; ``length`` is 0 where nobody told how long it is."""

    id: str
    event: str
    title: str
    place: str
    subtitle: str
    viewers: str
    source: str
    paused: bool
    position: int
    length: int
    left: str
    heard: Moment | None
    item: Item
    seed: str


class SourceCard(Struct, frozen=True):
    key: str
    name: str
    last_heard: Moment | None


class Page(Struct, frozen=True):
    headline: Headline
    playing: list[ScreenCard]
    arrived: list[PlayCard]
    accounts: list[AccountCard]
    sources: list[SourceCard]


def page(facts: Facts, asks: int, active: Collection[Account], now: datetime) -> Page:
    """``active`` are the accounts that are delivered to; ``now`` is in the zone of the house."""
    glance = facts.glance
    return Page(
        headline=headline(facts, asks, active, now),
        playing=screens(facts.playing, now),
        arrived=[card(play, now) for play in facts.plays],
        accounts=[_account(row, (row.viewer, row.tracker) in active, now) for row in glance.trackers],
        sources=[SourceCard(source, words.name(source), moment(heard, now)) for source, heard in glance.heard.items()],
    )


def screens(playing: Sequence[OnScreen], now: datetime) -> list[ScreenCard]:
    """One card for each viewing, also where it is several people's."""
    together: dict[tuple[str, int], list[OnScreen]] = {}
    for one in playing:
        together.setdefault((one.source, one.event_id), []).append(one)
    return [_screen(ones, now) for ones in together.values()]


def _screen(ones: Sequence[OnScreen], now: datetime) -> ScreenCard:
    one = ones[0]
    title, place, subtitle = _named(one.item)
    length, position = (one.duration_ms or 0) // 1000, (one.position_ms or 0) // 1000
    gone = 0 if one.paused else max(0, int(now.timestamp() - one.heard_at))
    position = min(position + gone, length) if length else position
    minutes = -(-(length - position) // 60)
    return ScreenCard(
        id=f"on-e{one.event_id}",
        event=f"e{one.event_id}",
        title=title,
        place=place,
        subtitle=subtitle,
        viewers=words.joined(sorted({other.viewer for other in ones})),
        source=words.name(one.source),
        paused=one.paused,
        position=position,
        length=length,
        left=f"{words.plural(minutes, 'minute')} left" if length else "",
        heard=moment(iso(one.heard_at), now),
        item=one.item,
        seed=poster.seed(title),
    )


def _named(item: Item) -> tuple[str, str, str]:
    """Title, place and subtitle, as on the card of a play."""
    if isinstance(item, Episode):
        known = item.season is not None and item.number is not None
        return item.show_title or "Unknown show", f"S{item.season} E{item.number}" if known else "", item.title or ""
    return item.title or "Unknown film", "Film", str(item.year or "")


def card(play: PlayStory, now: datetime) -> PlayCard:
    if play.media == "movie":
        place, subtitle = "Film", str(play.year or "")
    else:
        known = play.season is not None and play.number is not None
        place, subtitle = f"S{play.season} E{play.number}" if known else "", play.episode_title or ""
    return PlayCard(
        id=play.id,
        title=play.title,
        place=place,
        subtitle=subtitle,
        viewer=play.viewer,
        source=words.name(play.source),
        when=moment(play.watched_at, now),
        seed=poster.seed(play.title),
        ways=_said_once([_way(delivery) for delivery in play.deliveries]),
    )


def _way(delivery: DeliveryStory) -> Way:
    reason = told(PHASES.get(delivery.phase) or delivery.reason)
    look = Look(*OUTCOMES[PlayOutcome(delivery.outcome)], delivery.outcome)
    return Way(words.name(delivery.tracker), look, reason)


def _said_once(ways: list[Way]) -> list[Way]:
    """A reason that holds for several trackers in a row stands at the last of them."""
    alike = [(one.look, one.reason) == (later.look, later.reason) for one, later in pairwise(ways)]
    return [replace(way, reason="") if same else way for way, same in zip(ways, [*alike, False], strict=False)]


def _account(row: AccountStatus, is_active: bool, now: datetime) -> AccountCard:
    look = STATES[row.state] if is_active else NOT_USED
    if row.state == "ok" and row.counts.get(PlayOutcome.QUEUED):
        look = CATCHING_UP
    ends = moment(row.token_expires, now)
    return AccountCard(
        key=row.tracker,
        viewer=row.viewer,
        tracker=words.name(row.tracker),
        look=look,
        reason=row.reason if is_active else "plays are not sent there",
        since=moment(row.since, now) if row.state not in ("ok", "new") else None,
        token=f"sign-in holds {words.span((ends.at - now).total_seconds())}" if ends and ends.at > now else "",
        load=_load(row),
    )


def _load(row: AccountStatus) -> str:
    asks = sum(row.counts.get(state, 0) for state in NEEDS_YOU)
    waits = row.waiting - asks
    verb = "needs" if asks == 1 else "need"
    return ", ".join([f"{waits:,} waiting"] * bool(waits) + [f"{asks:,} {verb} you"] * bool(asks))

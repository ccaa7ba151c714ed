"""The first page: a sentence, what is on screen, what just arrived, trackers and sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.words.outcomes import PHASES, PlayOutcome, told
from scrobbled.desk import words
from scrobbled.desk.desk import NEEDS_YOU, NowFacts
from scrobbled.desk.facts.house import AccountStatus
from scrobbled.desk.facts.on_screen import OnScreen
from scrobbled.desk.facts.pausing import sentence
from scrobbled.desk.facts.plays import DeliveryStory, PlayStory
from scrobbled.store.file.codec import iso
from scrobbled.web.view import brought
from scrobbled.web.view.headline import Headline, clock, headline
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.moments import Moment, moment

MOST_ARRIVED = 8
A_DAY = timedelta(days=1)
TOLD = ("catching-up", "asks", "parked")
"""Standings whose word says what waits."""


class PlayAtTracker(Struct, frozen=True):
    """A play at one tracker. ``reason`` is empty where the word says it all."""

    tracker: str
    look: Look
    reason: str


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


class NowPage(Struct, frozen=True):
    headline: Headline
    playing: list[ScreenCard]
    arrived: list[PlayStory]
    is_empty: bool
    """Nothing was ever watched, as far as is known."""
    accounts: list[AccountStatus]
    heard: dict[str, str | None]
    """When each configured source was heard lately."""
    paused: str
    """Until when delivery is paused, as a sentence; empty where it is not."""


def page(facts: NowFacts, asks: int, now: datetime) -> NowPage:
    """``now`` is in the zone of the house."""
    return NowPage(
        headline=headline(facts, asks, now),
        playing=screens(facts.playing, now),
        arrived=[play for play in facts.plays if _is_news(play, now)][:MOST_ARRIVED],
        is_empty=not facts.plays,
        accounts=facts.glance.trackers,
        heard=facts.glance.heard,
        paused=sentence(facts.stood.pause, lambda iso: clock(iso, now)),
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
    )


def _named(item: Item) -> tuple[str, str, str]:
    """Title, place and subtitle, as on the card of a play."""
    if isinstance(item, Episode):
        known = item.season is not None and item.number is not None
        return item.show_title or "Unknown show", f"S{item.season} E{item.number}" if known else "", item.title or ""
    return item.title or "Unknown film", "Film", str(item.year or "")


def place(play: PlayStory) -> str:
    if play.media == "movie":
        return "Film"
    return f"S{play.season} E{play.number}" if play.season is not None and play.number is not None else ""


def subtitle(play: PlayStory) -> str:
    return str(play.year or "") if play.media == "movie" else play.episode_title or ""


def ways(play: PlayStory) -> list[PlayAtTracker]:
    """What became of it at each tracker."""
    return [*_brought(play), *_said_once([_way(delivery) for delivery in play.deliveries])]


def _brought(play: PlayStory) -> list[PlayAtTracker]:
    origin = brought.origin(play)
    return [PlayAtTracker(words.name(origin), brought.LOOK, brought.WHY)] if origin else []


def _is_news(play: PlayStory, now: datetime) -> bool:
    """What was brought over has just arrived, too, and nobody watched it just now."""
    when = moment(play.watched_at, now)
    return play.event_id is not None or (when is not None and now - when.at <= A_DAY)


def _way(delivery: DeliveryStory) -> PlayAtTracker:
    reason = told(PHASES.get(delivery.phase) or delivery.reason)
    look = Look(*OUTCOMES[PlayOutcome(delivery.outcome)], delivery.outcome)
    return PlayAtTracker(words.name(delivery.tracker), look, reason)


def _said_once(ways: list[PlayAtTracker]) -> list[PlayAtTracker]:
    """A reason that holds for several trackers in a row stands at the last of them."""
    alike = [(one.look, one.reason) == (later.look, later.reason) for one, later in pairwise(ways)]
    return [replace(way, reason="") if same else way for way, same in zip(ways, [*alike, False], strict=False)]


def reason(row: AccountStatus) -> str:
    """Why an account stands as it does, where its word does not say it."""
    return row.standing.next if row.standing.code == "unused" else row.reason


def holds(row: AccountStatus, now: datetime) -> str:
    """How long its sign-in holds: "signed in for 6 days"; empty where that is not known."""
    ends = moment(row.token_expires, now)
    return f"signed in for {words.span((ends.at - now).total_seconds())}" if ends and ends.at > now else ""


def load(row: AccountStatus) -> str:
    """What is not delivered: "2 waiting, 1 needs you"; empty where its word says so."""
    if row.standing.code in TOLD:
        return ""
    asks = sum(row.counts.get(state, 0) for state in NEEDS_YOU)
    waits = row.waiting - asks
    verb = "needs" if asks == 1 else "need"
    return ", ".join([f"{waits:,} waiting"] * bool(waits) + [f"{asks:,} {verb} you"] * bool(asks))

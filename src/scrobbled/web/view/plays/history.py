"""From plays to the wall: days of posters, the chips that filter them, and the addresses of it all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from msgspec import Struct

from scrobbled.core.sending.change import WITHOUT_DATE
from scrobbled.core.words.outcomes import PHASES, PlayOutcome, told
from scrobbled.desk import words
from scrobbled.desk.facts.plays import DeliveryStory, PlayStory
from scrobbled.desk.plays.asking import HistoryQuery
from scrobbled.desk.plays.history import Choices
from scrobbled.desk.plays.pieces import WallPage
from scrobbled.web.view import brought
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.moments import moment
from scrobbled.web.view.plays import chips, held
from scrobbled.web.view.plays.chips import FilterChip, FilterGroup
from scrobbled.web.view.plays.held import MirrorLine

EVENING = 17
"""From this hour on a day's plays are tonight's."""
UNDATED = "undated"


class TrackerLetter(Struct, frozen=True):
    """A play at one tracker: a letter and a look; ``text`` is for whoever hears it or holds the pointer over it."""

    letter: str
    look: Look
    text: str


class Tile(Struct, frozen=True):
    """``line`` says what of the title it is; ``spoken`` is all of it in one sentence, ``to`` where it leads."""

    id: str
    to: str
    title: str
    line: str
    viewer: str
    art: str
    ticks: list[TrackerLetter]
    spoken: str


class Day(Struct, frozen=True):
    """``key`` is its date, or ``undated``."""

    key: str
    label: str
    tiles: list[Tile]


class Wall(Struct, frozen=True):
    """``quick`` are the filters that are always seen, ``groups`` the others; ``active`` can be taken away, one by one.

    ``all_active`` are also those that are quick.
    """

    wish: HistoryQuery
    days: list[Day]
    quick: list[FilterChip]
    groups: list[FilterGroup]
    active: list[FilterChip]
    all_active: list[FilterChip]
    newest: str
    older: str | None
    newer: str | None
    first: str | None
    is_newest: bool
    is_house_empty: bool
    found: str
    """How many there are, for whoever listens."""
    here: str
    """This wall relative to our root."""
    mirrors: list[MirrorLine]
    """Of the accounts whose holdings are seen."""
    on: str
    """The tracker that they are at, for people; empty where our own plays are seen."""
    total: str
    """How many plays these are in all; empty where that is not known."""


def wall(
    seen: WallPage,
    wish: HistoryQuery,
    choices: Choices,
    art: Mapping[str, str],
    now: datetime,
    *,
    at: Mapping[str, str],
    total: int | None = None,
) -> Wall:
    """``now`` is in the zone of the house; ``at`` is ``before`` or ``after``, where the address has one."""
    names_viewers = len(chips.viewers(wish, choices)) > 1
    quick, active, in_sight = chips.quick(wish, choices), chips.active(wish, now), {"q", *chips.in_sight(wish, choices)}
    groups = [
        group for group in chips.groups(wish, choices) if len(group.chips) > 1 or any(c.is_on for c in group.chips)
    ]
    older, newer = seen.older, seen.newer
    return Wall(
        wish=wish,
        days=days(seen.plays, art, now, names_viewers=names_viewers, apart=bool(wish.on)),
        quick=quick,
        groups=groups,
        active=[chip for name, chip in active.items() if name not in in_sight],
        all_active=list(active.values()),
        newest=chips.address(wish),
        older=chips.address(wish, before=older) if older else None,
        newer=chips.address(wish, after=newer) if newer else None,
        first=seen.first if at or newer else "",
        is_newest=not at,
        is_house_empty=not choices.plays and not choices.on,
        found=_found(seen),
        here=chips.address(wish, **at),
        mirrors=held.lines(seen.mirrors, now),
        on=words.name(wish.on) if wish.on else "",
        total=words.plural(total, "play") if total else "",
    )


def days(
    plays: Sequence[PlayStory], art: Mapping[str, str], now: datetime, *, names_viewers: bool, apart: bool
) -> list[Day]:
    """By day in the zone of the house, newest first. What has no date stands where it arrived, or ``apart``."""
    result = []
    timed = [(_local(play, now), play) for play in plays]
    for key, group in groupby(timed, key=lambda pair: _day_key(*pair, apart=apart)):
        rows = list(group)
        evening = all(then.hour >= EVENING for then, _ in rows)
        label = "Without a date" if key == UNDATED else words.day(rows[0][0], now, evening=evening)
        tiles = [tile(play, art.get(play.id, ""), now, names_viewer=names_viewers) for _, play in rows]
        result.append(Day(key, label, tiles))
    return result


def _day_key(then: datetime, play: PlayStory, *, apart: bool) -> str:
    return UNDATED if apart and play.watched_at is None else then.date().isoformat()


def tile(play: PlayStory, art: str, now: datetime, *, names_viewer: bool) -> Tile:
    when = moment(play.watched_at, now)
    ticks = [*(_tick(delivery) for delivery in play.deliveries), *_there(play)]
    ticks.sort(key=lambda tick: tick.letter)  # each tracker stands where it does on every tile
    what = place(play)
    named = f"{what} {play.episode_title}" if play.episode_title else what
    told_of = [part for part in (play.title, named, play.viewer, when.exact if when else WITHOUT_DATE) if part]
    times = f"{play.times} times" if play.times > 1 else ""
    return Tile(
        id=held.spot_id(play),
        to=f"history/held?id={quote(play.id, safe='')}" if held.is_only_there(play) else f"plays/{play.id}",
        title=play.title,
        line=" · ".join(filter(None, (what, times, "" if when else WITHOUT_DATE))),
        viewer=play.viewer if names_viewer else "",
        art=art,
        ticks=ticks,
        spoken=", ".join([*told_of, *(tick.text for tick in ticks)]),
    )


def place(play: PlayStory) -> str:
    """ "S2 E5", "E12", "Film 2019"."""
    if play.media == "movie":
        return f"Film {play.year}" if play.year else "Film"
    season = f"S{play.season}" if play.season is not None else ""
    number = f"E{play.number}" if play.number is not None else ""
    return f"{season} {number}".strip()


def _there(play: PlayStory) -> list[TrackerLetter]:
    """The tracker that had it first, where no delivery tells of that one."""
    origin = play.source if held.is_only_there(play) else brought.origin(play)
    if not origin:
        return []
    name = words.name(origin)
    look, why = (held.THERE, held.NEVER) if held.is_only_there(play) else (brought.LOOK, brought.WHY)
    return [TrackerLetter(name[:1].upper(), look, f"{name}: {look.word}. {why}")]


def _tick(delivery: DeliveryStory) -> TrackerLetter:
    name = words.name(delivery.tracker)
    look = Look(*OUTCOMES[PlayOutcome(delivery.outcome)], delivery.outcome)
    reason = told(PHASES.get(delivery.phase) or delivery.reason)
    return TrackerLetter(name[:1].upper(), look, f"{name}: {delivery.outcome}{f'. {reason}' if reason else ''}")


def _local(play: PlayStory, now: datetime) -> datetime:
    found = moment(play.watched_at, now) or moment(play.received_at, now)
    return found.at.astimezone(now.tzinfo) if found else now


def _found(seen: WallPage) -> str:
    if seen.older or seen.newer:
        return f"Showing {words.plural(len(seen.plays), 'play')}; there are more."
    return f"{words.plural(len(seen.plays), 'play')} found." if seen.plays else "Nothing found."

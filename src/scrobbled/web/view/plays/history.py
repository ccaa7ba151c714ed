"""From plays to the wall: days of posters, the chips that filter them, and the addresses of it all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.sending.change import WITHOUT_DATE
from scrobbled.core.words.outcomes import PHASES, PlayOutcome, told
from scrobbled.desk import words
from scrobbled.desk.facts.plays import DeliveryStory, PlayStory
from scrobbled.desk.plays.history import Choices, HistoryQuery, WallPage
from scrobbled.web.view import brought
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.moments import moment

EVENING = 17
"""From this hour on a day's plays are tonight's."""
MEDIA = {"episode": "Episodes", "movie": "Films"}


class TrackerLetter(Struct, frozen=True):
    """A play at one tracker: a letter and a look; ``text`` is for whoever hears it or holds the pointer over it."""

    letter: str
    look: Look
    text: str


class Tile(Struct, frozen=True):
    """``line`` says what of the title it is; ``spoken`` is all of it in one sentence."""

    id: str
    title: str
    line: str
    viewer: str
    art: str
    ticks: list[TrackerLetter]
    spoken: str


class Day(Struct, frozen=True):
    """``key`` is its date."""

    key: str
    label: str
    tiles: list[Tile]


class FilterChip(Struct, frozen=True):
    """A filter to switch on or off: ``query`` is what the address has after it was pressed."""

    label: str
    query: str
    is_on: bool


class FilterGroup(Struct, frozen=True):
    label: str
    chips: list[FilterChip]


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


def wall(
    seen: WallPage,
    wish: HistoryQuery,
    choices: Choices,
    art: Mapping[str, str],
    now: datetime,
    *,
    at: Mapping[str, str],
) -> Wall:
    """``now`` is in the zone of the house; ``at`` is ``before`` or ``after``, where the address has one."""
    names_viewers = len(choices.viewers) > 1
    quick, active, in_sight = _quick(wish, choices), _active(wish, now), {"q", *_in_sight(wish, choices)}
    groups = [group for group in _groups(wish, choices) if len(group.chips) > 1 or any(c.is_on for c in group.chips)]
    older, newer = seen.older, seen.newer
    return Wall(
        wish=wish,
        days=days(seen.plays, art, now, names_viewers=names_viewers),
        quick=quick,
        groups=groups,
        active=[chip for name, chip in active.items() if name not in in_sight],
        all_active=list(active.values()),
        newest=address(wish),
        older=address(wish, before=older) if older else None,
        newer=address(wish, after=newer) if newer else None,
        first=seen.first if at or newer else "",
        is_newest=not at,
        is_house_empty=not choices.plays,
        found=_found(seen),
        here=address(wish, **at),
    )


def address(wish: HistoryQuery, **more: str) -> str:
    """Of the wall, relative to our root."""
    query = urlencode({**wish.set(), **more}, quote_via=quote)
    return f"history?{query}" if query else "history"


def days(plays: Sequence[PlayStory], art: Mapping[str, str], now: datetime, *, names_viewers: bool) -> list[Day]:
    """By day in the zone of the house, newest first. What has no date stands where it arrived."""
    result = []
    timed = [(_local(play, now), play) for play in plays]
    for day, group in groupby(timed, key=lambda pair: pair[0].date()):
        rows = list(group)
        label = words.day(rows[0][0], now, evening=all(then.hour >= EVENING for then, _ in rows))
        tiles = [tile(play, art.get(play.id, ""), now, names_viewer=names_viewers) for _, play in rows]
        result.append(Day(day.isoformat(), label, tiles))
    return result


def tile(play: PlayStory, art: str, now: datetime, *, names_viewer: bool) -> Tile:
    when = moment(play.watched_at, now)
    ticks = [*(_tick(delivery) for delivery in play.deliveries), *_brought(play)]
    ticks.sort(key=lambda tick: tick.letter)  # each tracker stands where it does on every tile
    what = place(play)
    named = f"{what} {play.episode_title}" if play.episode_title else what
    told_of = [part for part in (play.title, named, play.viewer, when.exact if when else WITHOUT_DATE) if part]
    return Tile(
        id=play.id,
        title=play.title,
        line=" · ".join(filter(None, (what, "" if when else WITHOUT_DATE))),
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


def _brought(play: PlayStory) -> list[TrackerLetter]:
    """The tracker that had it first, where no delivery tells of that one."""
    if not (origin := brought.origin(play)):
        return []
    name = words.name(origin)
    return [TrackerLetter(name[:1].upper(), brought.LOOK, f"{name}: {brought.LOOK.word}. {brought.WHY}")]


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


def _quick(wish: HistoryQuery, choices: Choices) -> list[FilterChip]:
    return [
        _toggle(wish, name, value, MEDIA.get(value, value))
        for name, values in _always(choices).items()
        for value in values
    ]


def _always(choices: Choices) -> dict[str, list[str]]:
    """Filters that are always in sight, where there is a choice."""
    return {name: all_ for name, all_ in (("viewer", choices.viewers), ("media", choices.media)) if len(all_) > 1}


def _in_sight(wish: HistoryQuery, choices: Choices) -> set[str]:
    """The filters that are taken away where they are set."""
    return {name for name, values in _always(choices).items() if getattr(wish, name) in values}


def _groups(wish: HistoryQuery, choices: Choices) -> list[FilterGroup]:
    def group(label: str, name: str, values: Sequence[str], *, named: bool = True) -> FilterGroup:
        return FilterGroup(
            label, [_toggle(wish, name, value, words.name(value) if named else _word(value)) for value in values]
        )

    return [
        group("Came from", "source", choices.sources),
        group("Tracker", "tracker", choices.trackers),
        group("What became of it", "outcome", choices.outcomes, named=False),
    ]


def _toggle(wish: HistoryQuery, name: str, value: str, label: str) -> FilterChip:
    is_on = getattr(wish, name) == value
    return FilterChip(label, address(replace(wish, **{name: "" if is_on else value})), is_on)


def _active(wish: HistoryQuery, now: datetime) -> dict[str, FilterChip]:
    """By name of the filter."""
    without = {name: address(replace(wish, **{name: ""})) for name in wish.set()}
    return {name: FilterChip(_said(name, value, now), without[name], is_on=True) for name, value in wish.set().items()}


def _said(name: str, value: str, now: datetime) -> str:
    if name == "q":
        return f"“{value}”"
    if name in ("since", "until"):
        return f"{'from' if name == 'since' else 'until'} {_day(value, now)}"
    if name in ("source", "tracker"):
        return words.name(value) if name == "tracker" else f"from {words.name(value)}"
    return {"media": MEDIA.get(value, value), "outcome": _word(value)}.get(name, value)


def _day(text: str, now: datetime) -> str:
    try:
        return words.date(datetime.combine(date.fromisoformat(text), datetime.min.time()), now)
    except ValueError:
        return text


def _word(outcome: str) -> str:
    return outcome.replace("-", " ")

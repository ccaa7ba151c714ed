"""The chips that filter the wall, and the addresses of it all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.desk import words
from scrobbled.desk.plays.asking import HistoryQuery
from scrobbled.desk.plays.history import Choices
from scrobbled.trackers import TRACKERS

MEDIA = {"episode": "Episodes", "movie": "Films"}
CARRIED = {"no": "Never carried", "yes": "Carried"}


class FilterChip(Struct, frozen=True):
    """A filter to switch on or off: ``query`` is what the address has after it was pressed."""

    label: str
    query: str
    is_on: bool


class FilterGroup(Struct, frozen=True):
    label: str
    chips: list[FilterChip]


def address(wish: HistoryQuery, **more: str) -> str:
    """Of the wall, relative to our root."""
    query = urlencode({**wish.set(), **more}, quote_via=quote)
    return f"history?{query}" if query else "history"


def quick(wish: HistoryQuery, choices: Choices) -> list[FilterChip]:
    named = {**MEDIA, **CARRIED}
    return [
        *(_holdings(wish, tracker, viewers) for tracker, viewers in choices.on.items()),
        *(
            _toggle(wish, name, value, named.get(value, value))
            for name, values in _always(wish, choices).items()
            for value in values
        ),
    ]


def _holdings(wish: HistoryQuery, tracker: str, viewers: Sequence[str]) -> FilterChip:
    """What a tracker holds, or our own plays again. What the other of the two cannot be asked for is dropped."""
    is_on = wish.on == tracker
    other = replace(wish, on="" if is_on else tracker, carried="", source="", tracker="", outcome="")
    if other.viewer not in ("", *viewers):
        other = replace(other, viewer="")
    return FilterChip(f"On {words.name(tracker)}", address(other), is_on)


def viewers(wish: HistoryQuery, choices: Choices) -> list[str]:
    return choices.on.get(wish.on, []) if wish.on else choices.viewers


def _always(wish: HistoryQuery, choices: Choices) -> dict[str, list[str]]:
    """Filters that are always in sight, where there is a choice."""
    media = list(MEDIA) if wish.on else choices.media
    found = {name: all_ for name, all_ in (("viewer", viewers(wish, choices)), ("media", media)) if len(all_) > 1}
    is_listed = wish.on in TRACKERS and not TRACKERS[wish.on].can().is_library
    return {**found, "carried": ["no"]} if is_listed else found


def in_sight(wish: HistoryQuery, choices: Choices) -> set[str]:
    """The filters that are taken away where they are set."""
    always = {name for name, values in _always(wish, choices).items() if getattr(wish, name) in values}
    return always | ({"on"} if wish.on in choices.on else set())


def groups(wish: HistoryQuery, choices: Choices) -> list[FilterGroup]:
    def group(label: str, name: str, values: Sequence[str], *, named: bool = True) -> FilterGroup:
        return FilterGroup(
            label, [_toggle(wish, name, value, words.name(value) if named else _word(value)) for value in values]
        )

    if wish.on:
        return []
    return [
        group("Came from", "source", choices.sources),
        group("Tracker", "tracker", choices.trackers),
        group("What became of it", "outcome", choices.outcomes, named=False),
    ]


def _toggle(wish: HistoryQuery, name: str, value: str, label: str) -> FilterChip:
    is_on = getattr(wish, name) == value
    return FilterChip(label, address(replace(wish, **{name: "" if is_on else value})), is_on)


def active(wish: HistoryQuery, now: datetime) -> dict[str, FilterChip]:
    """By name of the filter."""
    without = {name: address(replace(wish, **{name: ""})) for name in wish.set()}
    if wish.on:
        without["on"] = address(replace(wish, on="", carried=""))
    return {name: FilterChip(_said(name, value, now), without[name], is_on=True) for name, value in wish.set().items()}


def _said(name: str, value: str, now: datetime) -> str:
    if name == "q":
        return f"“{value}”"
    if name in ("since", "until"):
        return f"{'from' if name == 'since' else 'until'} {_day(value, now)}"
    if name in ("source", "tracker"):
        return words.name(value) if name == "tracker" else f"from {words.name(value)}"
    if name == "on":
        return f"on {words.name(value)}"
    return {"media": MEDIA, "carried": CARRIED}.get(name, {}).get(value, _word(value) if name == "outcome" else value)


def _day(text: str, now: datetime) -> str:
    try:
        return words.date(datetime.combine(date.fromisoformat(text), datetime.min.time()), now)
    except ValueError:
        return text


def _word(outcome: str) -> str:
    return outcome.replace("-", " ")

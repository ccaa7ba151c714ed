"""From numbers to the page of statistics: sentences, drawings and the tables that say the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.statistics import Length, Streak
from scrobbled.core.watching.plays import EARLIEST
from scrobbled.desk import words
from scrobbled.desk.plays.statistics import ALL, CountedTitle, Statistics
from scrobbled.web.view.statistics import charts, drawings
from scrobbled.web.view.statistics.drawings import ChartFilter, Drawing, Links, Year

MOST_YEARS = 8
"""So many years have a button of their own."""


class KeyFigure(Struct, frozen=True):
    value: str
    label: str
    note: str = ""


class Favourite(Struct, frozen=True):
    title: str
    detail: str
    art: str
    width: str
    place: str


class Lying(Struct, frozen=True):
    """One bar of several, lying: a person, or a source."""

    name: str
    detail: str
    width: str
    place: str


class StatisticsPage(Struct, frozen=True):
    name: str
    periods: list[ChartFilter]
    people: list[ChartFilter]
    figures: list[KeyFigure]
    drawings: list[Drawing]
    year: Year | None
    clocks: list[Drawing]
    shows: list[Favourite]
    films: list[Favourite]
    viewers: list[Lying]
    sources: list[Lying]
    notes: list[str]
    is_empty: bool


def page(stats: Statistics, now: datetime, *, days: int) -> StatisticsPage:
    """``now`` is in the zone of the house; ``days`` is how many are shown one by one."""
    links = Links(stats, now.year, days)
    totals = stats.totals
    return StatisticsPage(
        name="All years" if stats.period == ALL else stats.period,
        periods=_periods(stats, links, now.year),
        people=_people_chips(stats, links),
        figures=_figures(stats),
        drawings=[drawings.lately(stats, links, days), drawings.longer(stats, links)],
        year=None if stats.period == ALL else drawings.year(stats, links),
        clocks=[drawings.hours(totals.hours), drawings.weekdays(totals.weekdays)],
        shows=[_favourite(one, stats.shows, links, "episode") for one in stats.shows],
        films=[_favourite(one, stats.films, links, "film") for one in stats.films],
        viewers=[] if len(stats.viewers) < 2 else _viewers(stats, links),
        sources=_sources(stats, links),
        notes=_notes(stats),
        is_empty=not totals.plays and not any(day.plays for day in stats.lately),
    )


def length(minutes: int) -> str:
    """ "45 min", "6 h 20 min", "1,204 h"."""
    hours, left = divmod(minutes, 60)
    if hours >= 10:
        return f"{round(minutes / 60):,} h"
    parts = [f"{hours} h"] * bool(hours) + [f"{left} min"] * bool(left or not hours)
    return " ".join(parts)


def _periods(stats: Statistics, links: Links, this_year: int) -> list[ChartFilter]:
    named = {this_year: "This year", this_year - 1: "Last year"}
    years = sorted({*stats.years[:MOST_YEARS], *(int(p) for p in [stats.period] if p != ALL)}, reverse=True)
    chips = [
        ChartFilter(
            named.get(one, str(one)), links.here(period=None if one == this_year else one), stats.period == str(one)
        )
        for one in years
    ]
    return [*chips, ChartFilter("All", links.here(period=ALL), stats.period == ALL)]


def _people_chips(stats: Statistics, links: Links) -> list[ChartFilter]:
    if len(stats.viewers) < 2:
        return []
    chips = [ChartFilter(one, links.here(viewer=one), stats.viewer == one) for one in stats.viewers]
    return [ChartFilter("Everyone", links.here(viewer=None), stats.viewer is None), *chips]


def _figures(stats: Statistics) -> list[KeyFigure]:
    totals = stats.totals
    found = [
        KeyFigure(f"{totals.plays:,}", "play" if totals.plays == 1 else "plays", _again(totals.rewatches)),
        KeyFigure(length(totals.length.minutes), "watched", _estimated(totals.length)),
        KeyFigure(
            f"{totals.episodes:,}",
            "episode" if totals.episodes == 1 else "episodes",
            f"of {words.plural(stats.different_shows, 'show')}" if stats.different_shows else "",
        ),
        KeyFigure(
            f"{totals.films:,}",
            "film" if totals.films == 1 else "films",
            f"{stats.different_films:,} different" if 0 < stats.different_films < totals.films else "",
        ),
    ]
    if totals.longest:
        found.append(KeyFigure(words.plural(totals.longest.days, "day"), "longest streak", _when(totals.longest)))
    if totals.current:
        found.append(KeyFigure(words.plural(totals.current.days, "day"), "streak now", "a play on each"))
    return found


def _again(rewatches: int) -> str:
    return f"{rewatches:,} watched again" if rewatches else ""


def _estimated(found: Length) -> str:
    return f"{words.plural(found.estimated, 'play')} estimated" if found.estimated else ""


def _when(streak: Streak) -> str:
    if streak.first == streak.last:
        return drawings.full(streak.first)
    same = (streak.first.month, streak.first.year) == (streak.last.month, streak.last.year)
    first = str(streak.first.day) if same else f"{streak.first.day} {streak.first:%b}"
    return f"{first} to {streak.last.day} {streak.last:%b %Y}"


def _favourite(one: CountedTitle, of: Sequence[CountedTitle], links: Links, what: str) -> Favourite:
    detail = words.plural(one.plays, "play")
    if what == "episode":
        detail = f"{words.plural(one.different, what)}, {detail}" if one.plays > one.different else detail
        detail = words.plural(one.different, what) if one.plays == one.different else detail
    width = charts.share(one.plays, max(other.plays for other in of))
    place = links.history(show=one.title)
    return Favourite(one.title, detail, one.poster, width, place)


def _viewers(stats: Statistics, links: Links) -> list[Lying]:
    most = max((one.plays for one in stats.totals.people), default=0)
    return [
        Lying(
            one.viewer,
            f"{words.plural(one.plays, 'play')}, {length(one.length.minutes)}, {_again(one.rewatches) or 'none again'}",
            charts.share(one.plays, most),
            links.here(viewer=one.viewer),
        )
        for one in stats.totals.people
    ]


def _sources(stats: Statistics, links: Links) -> list[Lying]:
    most = max((one.plays for one in stats.totals.sources), default=0)
    return [
        Lying(
            words.name(one.source),
            words.plural(one.plays, "play"),
            charts.share(one.plays, most),
            links.history(source=one.source),
        )
        for one in stats.totals.sources
    ]


def _notes(stats: Statistics) -> list[str]:
    notes = []
    if stats.totals.length.estimated:
        notes.append(
            f"How long {words.plural(stats.totals.length.estimated, 'play')} took is not known: each counts as long as "
            "the other films, or episodes, are on average."
        )
    if stats.unsorted:
        notes.append(
            f"The show or film of {words.plural(stats.unsorted, 'play')} is still being looked up, which takes some "
            "minutes after an update or an import. Until then they are in no favourite, and not known as watched again."
        )
    if stats.undated:
        have = "has" if stats.undated == 1 else "have"
        dates = f"{have} no date, or one before {EARLIEST.year}"
        notes.append(f"{words.plural(stats.undated, 'play')} {dates}, and nothing here counts them.")
    if len(stats.viewers) > 1 and stats.viewer is None:
        notes.append("What several people watched together counts once for each of them.")
    return [*notes, "What was taken back does not count. Days and hours are those of your house."]

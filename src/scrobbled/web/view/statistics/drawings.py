"""The drawings of the page of statistics, each with a sentence and a table that say the same. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from msgspec import Struct, field

from scrobbled.core.statistics import DayCount, DaySpan, monthly, weekly
from scrobbled.desk import words
from scrobbled.desk.plays.statistics import ALL, LATELY, Statistics
from scrobbled.web.view.statistics import charts
from scrobbled.web.view.statistics.charts import Chart, ChartBar, HalfYear

FEW = 30
"""Days that are shown one by one unless somebody wants ``LATELY``."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_MONTHS = 36
"""With more of them years are drawn instead."""


class ChartFilter(Struct, frozen=True):
    """A filter; ``query`` is what the address has after it was pressed."""

    label: str
    query: str
    is_on: bool


class ChartRow(Struct, frozen=True):
    """Of a table; ``place`` is where its name leads to, or empty."""

    name: str
    place: str
    cells: tuple[str, ...]


class ChartTable(Struct, frozen=True):
    heads: tuple[str, ...]
    rows: list[ChartRow]


class Drawing(Struct, frozen=True):
    """``caption`` says in a sentence what is to be seen, ``table`` all of it."""

    key: str
    title: str
    caption: str
    chart: Chart
    table: ChartTable
    chips: list[ChartFilter] = field(default_factory=list)
    has_films: bool = False


class Year(Struct, frozen=True):
    """One year day by day."""

    name: str
    caption: str
    halves: list[HalfYear]
    table: ChartTable


class Links(Struct, frozen=True):
    """Addresses, relative to our root: of this page with other filters, and of what was watched then."""

    stats: Statistics
    this_year: int
    days: int

    def here(self, **other: str | int | None) -> str:
        """This page; ``None`` takes a filter away."""
        now = {
            "period": None if self.stats.period == str(self.this_year) else self.stats.period,
            "viewer": self.stats.viewer,
            "days": None if self.days == FEW else self.days,
        }
        wanted = {name: value for name, value in {**now, **other}.items() if value is not None}
        return f"statistics?{urlencode(wanted)}" if wanted else "statistics"

    def watched(self, since: date, until: date) -> str:
        return self.history(since=f"{since}", until=f"{until}")

    def history(self, **wanted: str) -> str:
        viewer = {"viewer": self.stats.viewer} if self.stats.viewer else {}
        return f"history?{urlencode({**viewer, **wanted})}"


def lately(stats: Statistics, links: Links, days: int) -> Drawing:
    """The last days of the period, one by one."""
    shown = stats.lately[-days:]
    counts = [_count(one, full(one.day), links.watched(one.day, one.day)) for one in shown]
    ticks = [
        (n, f"{one.day.day} {one.day:%b}", False) for n, one in enumerate(shown) if _is_marked(one.day, len(shown))
    ]
    is_now = links.this_year == stats.last.year
    return Drawing(
        key="days",
        title=f"The last {days} days" if is_now else f"The last {days} days of {stats.last.year}",
        caption=_most(shown, lambda day: f"on {_short(day)}"),
        chart=charts.chart(counts, ticks),
        table=_table("Day", counts, reverse=True),
        chips=[ChartFilter(f"{n} days", links.here(days=None if n == FEW else n), days == n) for n in (FEW, LATELY)],
        has_films=any(one.films for one in shown),
    )


def longer(stats: Statistics, links: Links) -> Drawing:
    """The whole period by week, or by month or year where all years are told."""
    if stats.period != ALL:
        whole = DaySpan(stats.first, date(int(stats.period), 12, 31))
        found = weekly(stats.days, whole)
        ticks = [(n, f"{one.day:%b}", one.day.month % 2 == 0) for n, one in enumerate(found) if one.day.day <= 7]
        return _bars(links, "weeks", "Each week", found, lambda day: f"in the week of {_short(day)}", _in_a_week, ticks)
    months = monthly(stats.days, DaySpan(stats.first, stats.last))
    if len(months) <= MOST_MONTHS:
        ticks = [(n, f"{m.day:%b %Y}", m.day.month == 7) for n, m in enumerate(months) if m.day.month in (1, 7)]
        return _bars(links, "months", "Each month", months, lambda day: f"in {day:%B %Y}", _in_a_month, ticks)
    years = _yearly(months)
    ticks = [(n, str(one.day.year), n % 2 == 1 and len(years) > 6) for n, one in enumerate(years)]
    return _bars(links, "years", "Each year", years, lambda day: f"in {day.year}", _in_a_year, ticks)


def year(stats: Statistics, links: Links) -> Year:
    """Every day that there was so far, from January on."""
    of = {one.day: one for one in stats.days}
    shown = [of.get(day, DayCount(day, 0, 0)) for day in DaySpan(stats.first, stats.last).each()]
    counts = {one.day: _count(one, full(one.day), links.watched(one.day, one.day)) for one in shown}
    busy = sum(one.plays > 0 for one in shown)
    return Year(
        name=stats.period,
        caption=f"Something was watched on {busy:,} of {words.plural(len(shown), 'day')}.",
        halves=charts.year(counts, int(stats.period), stats.last),
        table=_weeks_table(counts),
    )


def hours(counts: Sequence[int]) -> Drawing:
    """When plays ended."""
    shown = [ChartBar(f"{hour:02}:00 to {hour:02}:59: {words.plural(n, 'play')}", n) for hour, n in enumerate(counts)]
    best = max(range(24), key=lambda hour: counts[hour])
    caption = f"Most end between {best:02}:00 and {(best + 1) % 24:02}:00." if counts[best] else _NOTHING
    ticks = [(hour, f"{hour:02}:00", hour % 6 != 0) for hour in range(0, 24, 3)]
    rows = [ChartRow(f"{hour:02}:00", "", (f"{n:,}",)) for hour, n in enumerate(counts)]
    return Drawing(
        "hours", "Hours of the day", caption, charts.chart(shown, ticks), ChartTable(("Hour", "Plays"), rows)
    )


def weekdays(counts: Sequence[int]) -> Drawing:
    shown = [ChartBar(f"{day}: {words.plural(n, 'play')}", n) for day, n in zip(WEEKDAYS, counts, strict=True)]
    best = max(range(7), key=lambda day: counts[day])
    caption = f"Most on {WEEKDAYS[best]}s." if counts[best] else _NOTHING
    ticks = [(n, day[:3], False) for n, day in enumerate(WEEKDAYS)]
    rows = [ChartRow(day, "", (f"{n:,}",)) for day, n in zip(WEEKDAYS, counts, strict=True)]
    return Drawing(
        "weekdays", "Days of the week", caption, charts.chart(shown, ticks), ChartTable(("Day", "Plays"), rows)
    )


def full(day: date) -> str:
    """ "Saturday 14 November 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def _short(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def _bars(
    links: Links,
    key: str,
    title: str,
    found: Sequence[DayCount],
    name: Callable[[date], str],
    until: Callable[[date], date],
    ticks: Sequence[tuple[int, str, bool]],
) -> Drawing:
    counts = [_count(one, _capital(name(one.day)), links.watched(one.day, until(one.day))) for one in found]
    told = [one for one in counts if one.count]
    chart = charts.chart(counts, ticks)
    has_films = any(one.films for one in found)
    return Drawing(key, title, _most(found, name), chart, _table("When", told), has_films=has_films)


def _count(one: DayCount, name: str, place: str) -> ChartBar:
    films = f", {words.plural(one.films, 'film')} among them" if one.films else ""
    text = f"{name}: {words.plural(one.plays, 'play')}{films}"
    return ChartBar(text, one.plays, one.films, place if one.plays else "")


def _table(head: str, counts: Sequence[ChartBar], *, reverse: bool = False) -> ChartTable:
    shown = [one for one in (reversed(counts) if reverse else counts) if one.count]
    rows = [ChartRow(one.text.partition(":")[0], one.place, (f"{one.count:,}", f"{one.part:,}")) for one in shown]
    return ChartTable((head, "Plays", "Films among them"), rows)


def _weeks_table(counts: dict[date, ChartBar]) -> ChartTable:
    rows: dict[date, list[str]] = {}
    for day, one in counts.items():
        week = rows.setdefault(day - timedelta(days=day.weekday()), [""] * 7)
        week[day.weekday()] = f"{one.count:,}"
    heads = ("Week of", *(day[:3] for day in WEEKDAYS))
    return ChartTable(
        heads, [ChartRow(f"{monday.day} {monday:%b}", "", tuple(cells)) for monday, cells in rows.items()]
    )


def _most(found: Sequence[DayCount], name: Callable[[date], str]) -> str:
    best = max(found, key=lambda one: one.plays)
    return f"Most {name(best.day)}: {words.plural(best.plays, 'play')}." if best.plays else _NOTHING


def _is_marked(day: date, count: int) -> bool:
    """Mondays, and of many only every other."""
    return day.weekday() == 0 and (count <= FEW or day.isocalendar().week % 3 == 0)


def _yearly(months: Sequence[DayCount]) -> list[DayCount]:
    of: dict[int, list[DayCount]] = {}
    for one in months:
        of.setdefault(one.day.year, []).append(one)
    return [
        DayCount(date(number, 1, 1), sum(one.plays for one in mine), sum(one.films for one in mine))
        for number, mine in of.items()
    ]


def _in_a_week(monday: date) -> date:
    return monday + timedelta(days=6)


def _in_a_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _in_a_year(first: date) -> date:
    return first.replace(month=12, day=31)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_NOTHING = "Nothing was watched then."

"""What was watched, in numbers: on which days and at which hours, for how long, by whom, and how often again.

Days and hours are those of the house: what its clock showed at that moment, whatever it shows now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct

from scrobbled.core.naming.items import Media

DAY = 86_400
WEEK = 7 * DAY
EPOCH = date(1970, 1, 1)
USUAL_MINUTES: dict[Media, int] = {"movie": 110, "episode": 42}
"""How long one is taken for where no length of its kind was ever told."""
ZoneOffset = Callable[[float], int]
"""Seconds that the clock of the house is ahead of UTC at a moment (Unix seconds)."""


class DaySpan(Struct, frozen=True):
    """From one day to another, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def each(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))


class Stretch(Struct, frozen=True):
    """From ``start`` until just before ``end`` (Unix seconds) the house's clock is ``offset`` seconds ahead of UTC."""

    start: int
    end: int
    offset: int


class DayCount(Struct, frozen=True):
    """``films`` are among the ``plays``."""

    day: date
    plays: int
    films: int


class Share(Struct, frozen=True):
    """What one viewer watched of one media through one source.

    ``sorted`` are those plays of which it is known what they are of. Of ``timed`` plays it is known how long they
    were: ``ms`` together.
    """

    viewer: str
    source: str
    media: Media
    plays: int
    sorted: int
    timed: int
    ms: int


class Counted(Struct, frozen=True):
    """What the database counts. ``hours`` are 168, from Monday at midnight; ``firsts`` are plays of what the viewer had
    never watched before, by viewer; ``undated`` plays are in none of the others."""

    days: list[DayCount]
    hours: list[int]
    shares: list[Share]
    firsts: dict[str, int]
    undated: int


class Length(Struct, frozen=True):
    """``minutes`` in all. The length of ``estimated`` plays is not known: each counts as long as the others of its
    kind are on average."""

    minutes: int
    estimated: int


class PersonCount(Struct, frozen=True):
    viewer: str
    plays: int
    films: int
    episodes: int
    rewatches: int
    length: Length


class SourceCount(Struct, frozen=True):
    source: str
    plays: int


class Streak(Struct, frozen=True):
    """Days in a row, each with a play."""

    first: date
    last: date
    days: int


class Sums(Struct, frozen=True):
    """``weekdays`` begin with Monday. ``current`` is the streak that today, or else yesterday, is the last day of."""

    plays: int
    films: int
    episodes: int
    rewatches: int
    length: Length
    hours: list[int]
    weekdays: list[int]
    people: list[PersonCount]
    sources: list[SourceCount]
    longest: Streak | None
    current: Streak | None


def stretches(span: DaySpan, offset: ZoneOffset) -> list[Stretch]:
    """The moments of ``span``, cut where the clock of the house is changed. No moment is in two of them."""
    lowest, highest = _local(span.first), _local(span.last) + DAY
    pieces = []
    for start, end in _pieces(lowest - DAY, highest + DAY, offset):
        ahead = offset(start)
        start, end = max(start, lowest - ahead), min(end, highest - ahead)
        if start < end:
            pieces.append(Stretch(start, end, ahead))
    return pieces


def day_of(number: int) -> date:
    """The day so many days after 1 January 1970."""
    return EPOCH + timedelta(days=number)


def summed(counted: Counted, today: date) -> Sums:
    """People and sources with the most plays first."""
    shares = counted.shares
    averages = _averages(shares)
    hours = counted.hours
    days = [count.day for count in counted.days]
    return Sums(
        plays=sum(share.plays for share in shares),
        films=_of("movie", shares),
        episodes=_of("episode", shares),
        rewatches=_rewatches(shares, counted.firsts),
        length=_length(shares, averages),
        hours=[sum(hours[hour::24]) for hour in range(24)],
        weekdays=[sum(hours[day * 24 : day * 24 + 24]) for day in range(7)],
        people=_people(shares, counted.firsts, averages),
        sources=_sources(shares),
        longest=max(_streaks(days), key=lambda streak: (streak.days, streak.last), default=None),
        current=_current(days, today),
    )


def weekly(days: Sequence[DayCount], span: DaySpan) -> list[DayCount]:
    """By weeks, each named by its Monday; also those without plays."""
    first = span.first - timedelta(days=span.first.weekday())
    mondays = [first + timedelta(weeks=n) for n in range((span.last - first).days // 7 + 1)]
    return _gathered(days, mondays, lambda day: day - timedelta(days=day.weekday()))


def monthly(days: Sequence[DayCount], span: DaySpan) -> list[DayCount]:
    """By months, each named by its first day; also those without plays."""
    count = (span.last.year - span.first.year) * 12 + span.last.month - span.first.month + 1
    months = [_month(span.first, n) for n in range(count)]
    return _gathered(days, months, lambda day: day.replace(day=1))


def daily(days: Sequence[DayCount], span: DaySpan) -> list[DayCount]:
    """Also days without plays; only those of ``span``."""
    return _gathered(days, list(span.each()), lambda day: day)


def _gathered(days: Sequence[DayCount], names: Sequence[date], name: Callable[[date], date]) -> list[DayCount]:
    plays, films = Counter[date](), Counter[date]()
    for count in days:
        plays[name(count.day)] += count.plays
        films[name(count.day)] += count.films
    return [DayCount(one, plays[one], films[one]) for one in names]


def _month(first: date, later: int) -> date:
    years, month = divmod(first.month - 1 + later, 12)
    return date(first.year + years, month + 1, 1)


def _local(day: date) -> int:
    """What a clock that knows no zones would count at midnight."""
    return (day - EPOCH).days * DAY


def _pieces(start: int, end: int, offset: ZoneOffset) -> Iterator[tuple[int, int]]:
    """Looked at week by week: nowhere are clocks changed and changed back within one."""
    began = start
    for at in range(start, end, WEEK):
        later = min(at + WEEK, end)
        if offset(at) != offset(later):
            changed = _change(at, later, offset)
            yield began, changed
            began = changed
    yield began, end


def _change(before: int, after: int, offset: ZoneOffset) -> int:
    """The first second at which ``offset`` is no longer what it was ``before``."""
    was = offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if offset(middle) == was else (before, middle)
    return after


def _of(media: Media, shares: Sequence[Share]) -> int:
    return sum(share.plays for share in shares if share.media == media)


def _averages(shares: Sequence[Share]) -> dict[Media, float]:
    """Milliseconds."""
    averages = {}
    for media, usual in USUAL_MINUTES.items():
        timed = sum(share.timed for share in shares if share.media == media)
        ms = sum(share.ms for share in shares if share.media == media)
        averages[media] = ms / timed if timed else usual * 60_000.0
    return averages


def _length(shares: Sequence[Share], averages: dict[Media, float]) -> Length:
    ms = sum(share.ms + (share.plays - share.timed) * averages[share.media] for share in shares)
    return Length(round(ms / 60_000), sum(share.plays - share.timed for share in shares))


def _people(shares: Sequence[Share], firsts: dict[str, int], averages: dict[Media, float]) -> list[PersonCount]:
    people = []
    for viewer in dict.fromkeys(share.viewer for share in shares):
        mine = [share for share in shares if share.viewer == viewer]
        films, episodes = _of("movie", mine), _of("episode", mine)
        length, again = _length(mine, averages), _rewatches(mine, firsts)
        people.append(PersonCount(viewer, films + episodes, films, episodes, again, length))
    return sorted(people, key=lambda person: (-person.plays, person.viewer))


def _rewatches(shares: Sequence[Share], firsts: dict[str, int]) -> int:
    viewers = {share.viewer for share in shares}
    return sum(share.sorted for share in shares) - sum(firsts.get(viewer, 0) for viewer in viewers)


def _sources(shares: Sequence[Share]) -> list[SourceCount]:
    plays = Counter[str]()
    for share in shares:
        plays[share.source] += share.plays
    return [SourceCount(source, count) for source, count in sorted(plays.items(), key=lambda one: (-one[1], one[0]))]


def _streaks(days: Sequence[date]) -> list[Streak]:
    """``days`` in order, each once."""
    streaks: list[Streak] = []
    for day in days:
        if streaks and (day - streaks[-1].last).days == 1:
            streaks[-1] = Streak(streaks[-1].first, day, streaks[-1].days + 1)
        else:
            streaks.append(Streak(day, day, 1))
    return streaks


def _current(days: Sequence[date], today: date) -> Streak | None:
    found = [streak for streak in _streaks(days) if 0 <= (today - streak.last).days <= 1]
    return found[-1] if found else None

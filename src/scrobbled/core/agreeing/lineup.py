"""Which records of two sides are one viewing. Strictly one to one, and the same whichever side is which.

Of all ways to pair what a rule lets pair, it is the one with the most pairs, and of those the closest.
"""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from scrobbled.core.naming.items import Media
from scrobbled.core.records import DatePrecision, PlayRecord

SAME_MINUTE, SAME_VIEWING, SAME_DAY, NO_DATE = "same minute", "same viewing", "same day", "no date"
"""The rules, strongest first."""
MINUTE = timedelta(seconds=120)
"""Trackers round, and programs report the same moment a little apart."""
DAY = timedelta(hours=36)
"""A day that somebody typed lies within this of the moment: in whatever zone, at midnight or at noon."""
SHARE = 0.9
"""Of the runtime: before that much of it has passed nobody has watched it a second time."""
LEAST = timedelta(minutes=10)
USUAL: dict[Media, timedelta] = {"episode": timedelta(minutes=45), "movie": timedelta(minutes=90)}
"""Where the runtime is not known."""
MANY = 10_000
"""Above so many combinations the first that fits is taken: nobody watches one thing that often within one reach."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Match(Struct, frozen=True):
    """A record of side a and one of side b that are the same viewing."""

    a: PlayRecord
    b: PlayRecord
    rule: str


@functools.lru_cache
def window(runtime: int | None, media: Media) -> timedelta:
    """How close to each other two reports (exact ones) are of one viewing. ``runtime`` is in seconds."""
    return max(LEAST, timedelta(seconds=SHARE * runtime)) if runtime else USUAL[media]


def reach(gap: timedelta, *, begins: bool) -> tuple[timedelta, timedelta]:
    """How much later than its record a viewing is, and how close to that two reports of it are; ``gap`` is their
    ``window``. What is dated when it ``begins`` is told elsewhere when it ended, with pauses between.
    """
    return (gap / 2, gap * 1.5) if begins else (timedelta(), gap)


class Moments:
    """Some points of time, to ask whether another lies near one of them."""

    def __init__(self, found: Iterable[datetime | None] = ()) -> None:
        self._sorted = sorted(at for at in found if at is not None)

    def add(self, at: datetime) -> None:
        bisect.insort(self._sorted, at)

    def has_near(self, at: datetime | None, gap: timedelta) -> bool:
        """Nearer than ``gap``."""
        if at is None:
            return False
        place = bisect.bisect_left(self._sorted, at)
        return any(abs(one - at) < gap for one in self._sorted[max(0, place - 1) : place + 1])


def is_dated(record: PlayRecord) -> bool:
    return record.kept is not DatePrecision.NONE and record.at is not None


def apart(one: PlayRecord, other: PlayRecord) -> timedelta:
    """How far two dated records lie from each other."""
    return abs(_at(one) - _at(other))


def rule_of(a: PlayRecord, b: PlayRecord, gap: timedelta) -> str | None:
    """The strongest rule that lets two dated records pair; ``gap`` is their ``window``."""
    distance = apart(a, b)
    if DatePrecision.DAY in (a.kept, b.kept):
        return SAME_DAY if distance <= DAY else None
    if distance <= MINUTE:
        return SAME_MINUTE
    return SAME_VIEWING if distance < gap else None


def line_up(a: Iterable[PlayRecord], b: Iterable[PlayRecord], gap: timedelta) -> list[Match]:
    """The dated records of one item that are the same viewing; the rest is left to ``line_up_undated``."""
    left, right = [one for one in a if is_dated(one)], [one for one in b if is_dated(one)]
    if not left or not right:
        return []
    if len(left) == len(right) == 1:
        rule = rule_of(left[0], right[0], gap)
        return [Match(left[0], right[0], rule)] if rule else []
    return _by_rules(left, right, gap)


def line_up_undated(a: Iterable[PlayRecord], b: Iterable[PlayRecord]) -> list[Match]:
    """Records without a date are any viewing of the item that has no record yet: one like them, else the earliest."""
    left, right = sorted(a, key=when), sorted(b, key=when)
    matches: list[Match] = []
    if all(map(is_dated, left)) and all(map(is_dated, right)):
        return matches
    for kinds in ((False, False), (False, True), (True, False)):
        ours = [one for one in left if is_dated(one) is kinds[0]]
        theirs = [one for one in right if is_dated(one) is kinds[1]]
        matches += map(lambda x, y: Match(x, y, NO_DATE), ours, theirs)
        left, right = _rest(left, right, matches)
    return matches


def _by_rules(left: list[PlayRecord], right: list[PlayRecord], gap: timedelta) -> list[Match]:
    left, right = sorted(left, key=when), sorted(right, key=when)
    matches: list[Match] = []
    for rule, reach, kept_a, kept_b in _rules(gap):
        ours = [one for one in left if one.kept is kept_a]
        theirs = [one for one in right if one.kept is kept_b]
        found = [Match(x, y, rule) for x, y in _pairs(ours, theirs, reach)]
        if found:
            left, right = _rest(left, right, found)
            matches += found
        if not left or not right:
            break
    return matches


class _Reach(Struct, frozen=True):
    """How far apart two records may be."""

    most: timedelta
    inclusive: bool = True

    def cost(self, x: PlayRecord, y: PlayRecord) -> int | None:
        """Grows faster than the distance, so that two pairs are even rather than one close and one far."""
        distance = apart(x, y)
        if distance > self.most or (distance == self.most and not self.inclusive):
            return None
        return int((distance // timedelta(milliseconds=1)) ** 2)


@functools.lru_cache
def _rules(gap: timedelta) -> tuple[tuple[str, _Reach, DatePrecision, DatePrecision], ...]:
    """In order, with the kinds of records that each is for. The midnight of a day is not the minute of a viewing."""
    exact, day = DatePrecision.EXACT, DatePrecision.DAY
    return (
        (SAME_MINUTE, _Reach(MINUTE), exact, exact),
        (SAME_VIEWING, _Reach(gap, inclusive=False), exact, exact),
        (SAME_DAY, _Reach(DAY), day, exact),
        (SAME_DAY, _Reach(DAY), exact, day),
        (SAME_DAY, _Reach(DAY), day, day),
    )


def _rest(
    left: list[PlayRecord], right: list[PlayRecord], matches: Sequence[Match]
) -> tuple[list[PlayRecord], list[PlayRecord]]:
    a, b = {match.a.id for match in matches}, {match.b.id for match in matches}
    return [one for one in left if one.id not in a], [one for one in right if one.id not in b]


PlayPair = tuple[PlayRecord, PlayRecord]


def _pairs(left: list[PlayRecord], right: list[PlayRecord], reach: _Reach) -> Iterator[PlayPair]:
    """Both are in order of time. Pairs never cross: uncrossed, two pairs are closer, and still within reach."""
    if not left or not right:
        return
    for xs, ys in _clusters(left, right, reach.most):
        if len(xs) * len(ys) > MANY:
            yield from _first_fit(xs, ys, reach)
        else:
            yield from _closest(xs, ys, reach)


def _clusters(
    left: list[PlayRecord], right: list[PlayRecord], most: timedelta
) -> Iterator[tuple[list[PlayRecord], list[PlayRecord]]]:
    """Parted where so much time lies between two records that none before pairs with any after."""
    both = sorted([(_at(one), 0, one) for one in left] + [(_at(one), 1, one) for one in right], key=_moment)
    cluster: tuple[list[PlayRecord], list[PlayRecord]] = ([], [])
    last = both[0][0]
    for at, side, one in both:
        if at - last > most:
            if all(cluster):
                yield cluster
            cluster = ([], [])
        cluster[side].append(one)
        last = at
    if all(cluster):
        yield cluster


def _first_fit(xs: list[PlayRecord], ys: list[PlayRecord], reach: _Reach) -> Iterator[PlayPair]:
    return _walk(xs, ys, lambda i, j: reach.cost(xs[i], ys[j]) is not None)


def _closest(xs: list[PlayRecord], ys: list[PlayRecord], reach: _Reach) -> Iterator[PlayPair]:
    costs = [[reach.cost(x, y) for y in ys] for x in xs]
    best = _scores(costs)
    return _walk(xs, ys, lambda i, j: best[i][j] == _with(best[i + 1][j + 1], costs[i][j]))


def _walk(xs: list[PlayRecord], ys: list[PlayRecord], fits: Callable[[int, int], bool]) -> Iterator[PlayPair]:
    """Of two that do not pair with each other the earlier pairs with none: with any later one it would be further."""
    i = j = 0
    while i < len(xs) and j < len(ys):
        if fits(i, j):
            yield xs[i], ys[j]
            i, j = i + 1, j + 1
        elif _at(xs[i]) < _at(ys[j]):
            i += 1
        else:
            j += 1


_Score = tuple[int, int]
"""More is better: how many pairs, and (negative) what they cost."""


def _scores(costs: list[list[int | None]]) -> list[list[_Score]]:
    """For each ``i`` and ``j`` the best that the records from ``xs[i]`` and ``ys[j]`` on can reach."""
    height, width = len(costs), len(costs[0])
    best: list[list[_Score]] = [[(0, 0)] * (width + 1) for _ in range(height + 1)]
    for i in range(height - 1, -1, -1):
        for j in range(width - 1, -1, -1):
            paired = _with(best[i + 1][j + 1], costs[i][j])
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired or best[i + 1][j])
    return best


def _with(score: _Score, cost: int | None) -> _Score | None:
    return None if cost is None else (score[0] + 1, score[1] - cost)


def _at(record: PlayRecord) -> datetime:
    assert record.at is not None  # only dated records have a time to compare
    return record.at


def when(record: PlayRecord) -> tuple[datetime, str]:
    """By this records are in order of time, and always in the same; those of which no time is known come last."""
    return record.at or record.made_at or NEVER, record.id


def _moment(entry: tuple[datetime, int, PlayRecord]) -> tuple[datetime, str]:
    return entry[0], entry[2].id

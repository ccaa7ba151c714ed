"""Five cron fields, as they are read off the clock on a wall.

Fields are minute, hour, day of the month, month and day of the week: ``*``, numbers, lists, ranges, steps, and names of
months and days. Sunday is 0 and 7. Where both days are given, either will do; where one begins with ``*``, both have to
fit, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError
from msgspec import Struct

EXAMPLE = "30 4 * * *"
LONGEST = 200
"""Characters; no schedule that people write is near that."""
_ANY = datetime(2000, 1, 1)  # noqa: DTZ001 - only what a wall clock shows
_MINUTE = timedelta(minutes=1)


class Cron(Struct, frozen=True):
    """A schedule that is due again and again; made by ``parse`` alone."""

    text: str

    @property
    def words(self) -> str:
        """For people: "at 04:30 every day"."""
        told = CronSim(self.text, _ANY).explain()
        return told[:1].lower() + told[1:]


def parse(text: str) -> Cron:
    """Raises ``ValueError`` with words that follow the text."""
    fields = text.split()
    if len(fields) != 5 or len(text) > LONGEST:
        raise ValueError(f'is no schedule; write minute, hour, day, month and day of the week, like "{EXAMPLE}"')
    cron = Cron(" ".join(fields))
    try:
        CronSim(cron.text, _ANY)
    except CronSimError as error:
        if _each_is_one(*fields):
            raise ValueError("never comes: no month that it names has that day") from None
        said = f"{str(error)[:1].lower()}{str(error)[1:]}"
        raise ValueError(f'is no schedule ({said}); write it like "{EXAMPLE}"') from None
    if next(_walls(cron, _ANY), None) is None:
        raise ValueError("never comes: no day is all that it names")
    return cron


def next_after(cron: Cron, moment: datetime, zone: tzinfo) -> datetime:
    """The first time after ``moment`` at which it is due, in UTC.

    What the clock skips is due once, right after; what it shows twice is due the first time only.
    """
    walls = _walls(cron, moment.astimezone(zone).replace(tzinfo=None))
    return next(at for at in (_instant(wall, zone) for wall in walls) if at > moment)


def _each_is_one(minute: str, hour: str, day: str, month: str, weekday: str) -> bool:
    """Whether each field is good by itself: what is wrong is then only that they never come together."""
    try:
        CronSim(f"{minute} {hour} {day} * {weekday}", _ANY)
        CronSim(f"{minute} {hour} * {month} {weekday}", _ANY)
    except CronSimError:
        return False
    return True


def _walls(cron: Cron, after: datetime) -> Iterator[datetime]:
    """What a wall clock shows when it is due; nothing more where that is never in fifty years."""
    return iter(CronSim(cron.text, after))


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    """When a clock in ``zone`` shows this first, or, where it never does, when it has gone past it."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    while early < late and early.astimezone(zone).replace(tzinfo=None) < wall:
        early += _MINUTE
    return early

"""The zone of the machine, for whoever was told no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class MachineZone(tzinfo):
    """What the machine's own clock shows, changes of time included; as ``datetime.astimezone()`` without a zone."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, dt: datetime) -> datetime:
        """An hour that is shown twice is told apart by ``fold``."""
        here = dt.replace(tzinfo=UTC).astimezone()
        wall = here.replace(tzinfo=self, fold=0)
        return wall if self.utcoffset(wall) == here.utcoffset() else wall.replace(fold=1)


MACHINE = MachineZone()

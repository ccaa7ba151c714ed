"""What every sink for charts promises, whatever database stands behind it.

A sink knows its server's requests and answers, and nothing of plays, accounts or what was written before. Every method
may be called again after a crash: the same point overwrites itself, and what is gone can be deleted again. All of them
raise

- ``TryLater``: no connection, a time-out, 429, 5xx; ``after`` where the server says when. Nothing may be booked of the
  call, and all of it is done again;
- ``LoginNeeded``: the token is refused, or may not do this (401, 403);
- ``BucketMissing``: a bucket, database or organisation is not there, with the command that makes it;
- ``ContractDrift``: something else answers at that address: a web page, another program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from scrobbled.core.charts.points import Bucket, ChartPoint, Span
from scrobbled.core.errors import TrackerError


class BucketMissing(TrackerError):
    """A bucket, database or organisation that the server has not. Somebody may make it at any time."""


class SinkAbilities(Struct, frozen=True):
    """What a kind of server can."""

    deletes: bool = True
    """Points of a span. Where not, a point that is gone is overwritten with the field ``REMOVED``."""
    overwrites: bool = True
    """A point that is written again replaces the one before. Where not, a whole series is cleared first, and written
    anew: see ``ChartSink.clear``."""
    strings: bool = True
    """Fields of text, and so points of single plays. Where not, only days are written."""
    tells_rejected_lines: bool = False
    earliest: int | None = None
    """It takes nothing that is older, Unix seconds; ``None`` where nothing is known of such a limit."""


class SinkServer(Struct, frozen=True):
    """What answers there. ``kind`` is the sink's own word for it, ``version`` empty where it is not told."""

    kind: str
    version: str
    can: SinkAbilities


class RefusedPoint(Struct, frozen=True):
    """``index`` is that of the point in the batch; ``words`` are the server's."""

    index: int
    words: str


class SinkWrite(Struct, frozen=True):
    """What came of a batch: all its points are written, but for these.

    ``too_old`` are indexes of points that the retention of their bucket does not keep, and ``keeps_from`` is the oldest
    time that it does (Unix seconds), where that is known.
    """

    refused: tuple[RefusedPoint, ...] = ()
    too_old: tuple[int, ...] = ()
    keeps_from: float | None = None


class SinkCheck(Struct, frozen=True):
    """One thing that was looked at. ``text`` says how it stands, and what to do where it is not ``good``."""

    name: str
    good: bool
    text: str


class ChartSink(Protocol):
    """One database of charts. There is one writer for each, and no two calls overlap."""

    name: str
    """As in the configuration: ``influx``."""

    async def ping(self) -> SinkServer:
        """Which server it is and what it can; asked once, then known until something is refused."""
        ...

    async def write(self, bucket: Bucket, points: Sequence[ChartPoint]) -> SinkWrite:
        """All of these are in ``bucket``. Batches that are too large for the server, and lines that it refuses without
        saying which, are found here by halving."""
        ...

    async def delete(self, spans: Sequence[Span]) -> None:
        """Exactly these points, of the measurement with *all* of the tags and both ends included; only where it
        ``deletes``."""
        ...

    async def clear(self, bucket: Bucket, measurement: str, viewer: str = "") -> None:
        """Everything of ours in there: all points of the measurement, or where ``viewer`` is given those with that tag.
        Where the server ``deletes``, or at least clears a whole series."""
        ...

    async def check(self) -> Sequence[SinkCheck]:
        """Address, server and version, token, both buckets, a point that is written, read back where the token may, and
        taken away where the server can. Raises nothing: what fails is told."""
        ...

    async def aclose(self) -> None: ...

"""What a keeper of charts is handed: the settings, the means to read and to write, and whom to tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from scrobbled.charting.exporter import Exported
from scrobbled.core.cron import Cron, next_after
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock
from scrobbled.sinks.base import ChartSink
from scrobbled.store import Store
from scrobbled.store.charts.exports import ChartWish
from scrobbled.store.charts.runs import ChartRun

OFF, NEW, OK, DOWN, SIGN_IN = "off", "new", "ok", "down", "sign-in"
ChartRhythm = float | Cron
"""Seconds between two runs, or a schedule."""
ReadAccount = Callable[[AccountKey, bool], Awaitable[None]]
"""Reads an account and keeps what it holds; true: everything. Raises ``ScrobbledError``."""


class ChartSettings(Struct, frozen=True):
    """What the configuration says of one sink. ``zone`` is that of schedules, ``zones`` knows those of the wishes."""

    sink: str
    wishes: tuple[ChartWish, ...]
    rhythms: Mapping[str, ChartRhythm]
    """By job."""
    zone: tzinfo
    batch: int = 5_000
    where: tuple[str, ...] = ()
    """Address, buckets and secrets: another sink is made where they change."""


class ChartMeans(Struct, frozen=True):
    """``settings`` is asked each time, as a reload exchanges it; ``None``: nothing is exported."""

    store: Store
    clock: Clock
    settings: Callable[[], ChartSettings | None]
    sink: Callable[[], ChartSink]
    """Makes one by the settings in force."""
    read: ReadAccount
    zone: Callable[[str], tzinfo]
    changed: Callable[[], None] = lambda: None
    ended: Callable[[ChartRun, Mapping[str, int], str, float], None] = lambda run, counts, outcome, seconds: None
    sent: Callable[[Exported], None] = lambda sent: None
    by_clock: bool = True


NOTHING = ChartSettings("", (), {}, UTC)


def due_after(rhythm: ChartRhythm, since: float, zone: tzinfo) -> float:
    """The first time after ``since`` that it is due, Unix seconds."""
    if isinstance(rhythm, Cron):
        return next_after(rhythm, datetime.fromtimestamp(since, UTC), zone).timestamp()
    return since + rhythm

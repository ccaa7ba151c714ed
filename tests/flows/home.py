"""A household whose sources say what a test wants: events go in as JSON, and through all but the trackers."""

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from scrobbled.config import Config, loads
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Media, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.intake.claimants import Taken
from scrobbled.intake.household import ConfiguredHousehold
from scrobbled.intake.ingest import Ingest
from scrobbled.intake.replay import EventFilter, Replay, ReplayReport
from scrobbled.intake.watchdog import Watchdog
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body
from scrobbled.store import Store

BOTH: frozenset[Media] = frozenset({"movie", "episode"})
TV: frozenset[Media] = frozenset({"episode"})
SOURCES_USED = ("plex", "tautulli", "jellyfin", "emby")
CONFIG = """
sources:
  plex: {token: a-webhook-token-0815}
  tautulli: {token: a-webhook-token-0816}
  jellyfin: {token: a-webhook-token-0817}
  emby: {token: a-webhook-token-0818}
safety: {max_writes_per_hour: 1000000, max_plays_per_item_per_day: 1000}
viewers:
  - name: anna
    accounts: {plex: anna, tautulli: anna, jellyfin: anna, emby: anna}
    trackers: {trakt: {client_id: a}, serializd: {email: a@example.org, password: anna-secret-word}}
"""
RUNTIME = timedelta(minutes=45)


def episode(number: int = 1, season: int = 1, **more: Any) -> dict[str, Any]:
    """An episode as JSON; ``ids`` and ``show_ids`` are dictionaries."""
    return {"show": "Harbour Lights", "season": season, "number": number, "title": f"Part {number}", **more}


def film(title: str = "Harbour Atlas", year: int = 2019, **more: Any) -> dict[str, Any]:
    return {"film": title, "year": year, **more}


@dataclass(frozen=True)
class Told:
    """A source that says what its payload says: a list of events under ``events``."""

    name: str

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        return tuple(self._event(told, received_at) for told in payload["events"])

    def _event(self, told: Mapping[str, Any], received_at: datetime) -> PlaybackEvent:
        stated = told.get("at")
        minutes = told.get("minutes", RUNTIME.total_seconds() / 60)
        duration = None if minutes is None else round(minutes * 60_000)
        percent = told.get("percent")
        plain = {name: told[name] for name in ("rating", "entered", "dated", "marked", "scope") if name in told}
        return PlaybackEvent(
            source=self.name,
            kind=EventKind(told["kind"]),
            occurred_at=received_at if stated is None else datetime.fromtimestamp(stated, UTC),
            time_from_source=stated is not None,
            account=Account(told.get("account_id", ""), told.get("account", "anna")),
            item=None if told.get("item") is None else _item(self.name, told["item"]),
            duration_ms=duration,
            progress=percent,
            **plain,
        )


def _item(source: str, told: Mapping[str, Any]) -> Item:
    key = told.get("key") or json.dumps({name: told.get(name) for name in ("show", "film", "season", "number")})
    origin = Origin(told.get("server", source), key, library=told.get("library"))
    if "film" in told:
        return Movie(told["film"], told.get("year"), MovieIds(**told.get("ids", {})), origin)
    return Episode(
        told["show"],
        told.get("season"),
        told.get("number"),
        told.get("title"),
        show_ids=ShowIds(**told.get("show_ids", {})),
        ids=EpisodeIds(**told.get("ids", {})),
        origin=origin,
    )


@functools.cache
def _config(text: str) -> Config:
    return loads(text, {})


def body(*events: Mapping[str, Any]) -> Body:
    data = {"events": list(events)}
    return Body(data, json.dumps(data))


@contextlib.contextmanager
def told_sources() -> Iterator[None]:
    with mock.patch.dict(SOURCES, {name: Told(name) for name in SOURCES_USED}):
        yield


@dataclass
class Home:
    """``hear`` is one webhook. ``restart`` is a new process, with another configuration if there is one."""

    store: Store
    text: str = CONFIG
    clock: FakeClock = field(default_factory=FakeClock)
    woken: list[frozenset[tuple[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, text: str | None = None) -> None:
        self.text = text or self.text
        self.config = _config(self.text)
        takes = {
            (viewer.name, name): TV if name == "serializd" else BOTH
            for viewer in self.config.viewers
            for name in viewer.trackers
        }
        self.household = ConfiguredHousehold(self.config, takes)
        self.metrics = Metrics()
        self.ingest = Ingest(
            self.store,
            self.household,
            redactor=Redactor(),
            metrics=self.metrics,
            clock=self.clock,
            wake=self.woken.append,
        )
        self.watchdog = Watchdog(self.store, self.ingest, self.clock, grace=lambda: self.config.defaults.watchdog)

    async def hear(
        self, source: str, kind: str, item: Any = None, percent: float | None = None, *, after: float = 0.0, **more: Any
    ) -> Taken:
        """``after`` so many minutes."""
        self.clock.advance(60 * after)
        told = {"kind": kind, "item": item or episode(), "percent": percent, **more}
        return await self.ingest.take(source, body(told))

    async def replay(self) -> ReplayReport:
        return await Replay(self.store, self.household, self.clock).run(EventFilter())

    async def sql(self, query: str, *values: Any) -> list[Any]:
        return await self.store.read(lambda db: db.execute(query, values).fetchall())

    async def plays(self) -> list[tuple[str, str]]:
        return await self.sql("SELECT viewer, source FROM plays ORDER BY id")

    async def amendments(self) -> list[Any]:
        return await self.sql("SELECT tracker, kind, action, after, state FROM amendments ORDER BY id")

    async def outbox(self) -> list[Any]:
        return await self.sql("SELECT tracker, state, hold FROM outbox ORDER BY play_id, tracker")

    def minutes(self, minutes: float) -> float:
        """A moment so many minutes from now, in Unix seconds."""
        return self.clock.now().timestamp() + 60 * minutes


_NEW: list[bytes] = []
"""A new database: making one takes longer than a test."""


@contextlib.asynccontextmanager
async def home_at(path: Path, text: str = CONFIG) -> AsyncIterator[Home]:
    if not _NEW:
        await Store(path).aclose()
        _NEW.append(await asyncio.to_thread(path.read_bytes))
    await asyncio.to_thread(path.write_bytes, _NEW[0])
    store = Store(path)
    await hurried(store)
    with capture_logs(), told_sources():
        try:
            yield Home(store, text)
        finally:
            await store.aclose()

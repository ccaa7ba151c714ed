"""Messages and a household for the numbered cases: what each server sends, with only the values that matter changed."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from scrobbled.config import Config, loads
from scrobbled.core.naming.items import Episode, Item, Media, Movie
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.intake.claimants import Taken
from scrobbled.intake.household import ConfiguredHousehold
from scrobbled.intake.ingest import Ingest
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body
from scrobbled.store import Store

PAYLOADS = Path(__file__).parent.parent / "payloads"
NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
"""Where the clock of a house begins, and when a message is received that goes through none."""
MINUTE = 60.0
RUNTIME = 2_700_000
TICKS = 10_000
PLEX_NAS = "8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170"
ANNA = "00112233445566778899aabbccddeeff"
CONFIG = f"""
sources:
  plex: {{token: a-webhook-token-0815, servers: [{PLEX_NAS}]}}
  tautulli: {{token: a-webhook-token-0816}}
  jellyfin: {{token: a-webhook-token-0817}}
  emby: {{token: a-webhook-token-0818}}
  kodi: {{token: a-webhook-token-0819}}
viewers:
  - name: anna
    accounts: {{plex: [marta, Kids], tautulli: [marta], jellyfin: [marta], emby: [marta], kodi: [marta]}}
    trackers: {{trakt: {{client_id: a}}}}
  - name: ben
    accounts: {{plex: [ben], jellyfin: [ben]}}
    trackers: {{trakt: {{client_id: a}}}}
"""
EVERYTHING: frozenset[Media] = frozenset({"movie", "episode"})


def sample(name: str, **metadata: Any) -> dict[str, Any]:
    """A message from ``payloads``; ``metadata`` changes that of Plex, where ``...`` takes a key away."""
    message: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    for key, value in metadata.items():
        if value is ...:
            message["Metadata"].pop(key, None)
        else:
            message["Metadata"][key] = value
    return message


def plex(event: str = "media.scrobble", percent: float | None = None, **metadata: Any) -> dict[str, Any]:
    """About one episode of 45 minutes, viewed now where it says so."""
    changes = {"lastViewedAt": ..., "viewOffset": ..., **metadata}
    message = {**sample("plex/episode-scrobble", **changes), "event": event}
    if percent is not None:
        message["Metadata"]["viewOffset"] = round(RUNTIME * percent / 100)
    return message


def tautulli(action: str, percent: float | None = None, **media: Any) -> dict[str, Any]:
    """About the same episode, as our template tells it; without a time of its own."""
    message = {**sample("tautulli/episode-watched"), "action": action, "at": ""}
    offset = "" if percent is None else str(round(RUNTIME * percent / 100))
    message["progress"] = {"percent": "", "offset_ms": offset, "duration_ms": str(RUNTIME)}
    message["media"].update(media)
    return message


def jellyfin(kind: str, **values: Any) -> dict[str, Any]:
    """About the same episode, by the official plugin; ``...`` takes a key away."""
    message: dict[str, Any] = {
        "ServerId": "3f0b6a7e1c2d4b5a8e9f001122334455",
        "ServerName": "den",
        "ServerVersion": "10.11.8",
        "NotificationType": kind,
        "Name": "Low Tide",
        "ItemId": "77aa88bb99cc00dd11ee22ff33445566",
        "ItemType": "Episode",
        "RunTimeTicks": RUNTIME * TICKS,
        "Year": 2023,
        "SeriesName": "Harbour Lights",
        "SeriesId": "aa00bb11cc22dd33ee44ff5566778899",
        "SeasonNumber": 2,
        "EpisodeNumber": 5,
        "Provider_tvdb": "10220330",
        "Provider_imdb": "tt9900112",
        "UserId": ANNA,
        "NotificationUsername": "marta",
        **values,
    }
    return {key: value for key, value in message.items() if value is not ...}


def user_data(reason: str, **values: Any) -> dict[str, Any]:
    return jellyfin("UserDataSaved", SaveReason=reason, PlayCount=1, Favorite=False, **values)


def emby(event: str, date: str | None = None, **item: Any) -> dict[str, Any]:
    """About the same episode; ``...`` takes a key of the item away."""
    told: dict[str, Any] = {
        "Name": "Low Tide",
        "ServerId": "f40a5bd0c6b64051bdbed00580fa0000",
        "Id": "240252",
        "RunTimeTicks": RUNTIME * TICKS,
        "ProductionYear": 2024,
        "IndexNumber": 5,
        "ParentIndexNumber": 2,
        "ProviderIds": {"Tmdb": "5550123", "Tvdb": "10220330", "Imdb": "tt9900112"},
        "Type": "Episode",
        "SeriesName": "Harbour Lights",
        "SeriesId": "240202",
        "MediaType": "Video",
        **item,
    }
    return {
        "Title": "marta has done something",
        "Event": event,
        "User": {"Name": "marta", "Id": "e6a9dd89fd954d689870e7e0e3e70000"},
        "Item": {key: value for key, value in told.items() if value is not ...},
        "Server": {"Name": "attic", "Id": "f40a5bd0c6b64051bdbed00580fa0000", "Version": "4.9.1.0"},
        **({} if date is None else {"Date": date}),
    }


def kodi(method: str, **player: Any) -> dict[str, Any]:
    item = {"type": "episode", "title": "Low Tide", "showtitle": "Harbour Lights", "season": 2, "episode": 5}
    data = {"item": item, "player": player}
    return {"jsonrpc": "2.0", "method": method, "profile": "marta", "params": {"data": data, "sender": "xbmc"}}


def events(source: str, message: dict[str, Any], now: datetime = NOW) -> tuple[PlaybackEvent, ...]:
    return SOURCES[source].parse(message, now)


def one(source: str, message: dict[str, Any], now: datetime = NOW) -> PlaybackEvent:
    (event,) = events(source, message, now)
    return event


def ignored(source: str, message: dict[str, Any]) -> str:
    event = one(source, message)
    assert (event.kind, event.item) == (EventKind.IGNORED, None)
    return event.reason


def episode(source: str, message: dict[str, Any]) -> Episode:
    return an_episode(one(source, message).item)


def an_episode(item: Item | None) -> Episode:
    assert isinstance(item, Episode)
    return item


def a_movie(item: Item | None) -> Movie:
    assert isinstance(item, Movie)
    return item


@dataclass
class House:
    """Anna, who is marta to every server, and ben; what they watch becomes plays on the way to Trakt."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    config: Config = field(default_factory=lambda: loads(CONFIG, {}))

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        takes = {(viewer.name, "trakt"): EVERYTHING for viewer in self.config.viewers}
        self.ingest = Ingest(
            self.store,
            ConfiguredHousehold(self.config, takes),
            redactor=Redactor([]),
            metrics=self.metrics,
            clock=self.clock,
            wake=lambda accounts: None,
        )

    async def take(self, source: str, message: dict[str, Any], *, after: float = 0.0) -> Taken:
        """``after`` so many seconds."""
        self.clock.advance(after)
        return await self.ingest.take(source, Body(message, json.dumps(message)))

    async def sql(self, query: str) -> list[Any]:
        return await self.store.read(lambda db: db.execute(query).fetchall())

    async def plays(self) -> int:
        ((count,),) = await self.sql("SELECT count(*) FROM plays")
        return int(count)


def blank(path: Path) -> Path:
    """An empty database, to be copied, as making one takes longest."""

    async def made() -> None:
        await Store(path).aclose()

    asyncio.run(made())
    return path


@contextlib.asynccontextmanager
async def house(path: Path, database: Path) -> AsyncIterator[House]:
    """A household in ``path``, on a copy of the ``database``."""
    store = Store(Path(shutil.copy(database, path / "scrobbled.db")))
    await hurried(store)
    with capture_logs():
        try:
            yield House(store)
        finally:
            await store.aclose()

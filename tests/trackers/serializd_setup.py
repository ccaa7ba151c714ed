"""A Serializd tracker in front of the stand-in, with everything it is handed kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.plumbing.http import Http
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.serializd.app import SerializdStandIn
from scrobbled.sandbox.world import World
from scrobbled.trackers.given import Context
from scrobbled.trackers.serializd.client import APP_HEADERS
from scrobbled.trackers.serializd.tracker import SerializdTracker, build
from trackers.doubles import KeptCache, KeptTokens, KnownShows

URL = "http://serializd/api"
SETTINGS = {"email": "anna@example.org", "password": "anna-secret", "url": URL}
ADD, TICK, LOGIN = "POST /api/show/reviews/add", "POST /api/episode_log/add", "POST /api/login"


@dataclass
class Setup:
    """``tracker()`` builds a fresh tracker on what earlier ones left behind, as a restart does."""

    clock: FakeClock
    world: World = field(default_factory=worlds.build)
    settings: Mapping[str, Any] = field(default_factory=lambda: dict(SETTINGS))
    shows: KnownShows = field(default_factory=KnownShows)

    def __post_init__(self) -> None:
        self.service = SerializdStandIn(self.world, now=self.clock.now)
        self.tokens = KeptTokens()
        self.cache = KeptCache(self.clock)

    def http(self) -> Http:
        return Http(URL, transport=httpx.ASGITransport(app=self.service))

    def context(self, http: Http | None = None, **settings: Any) -> Context:
        """As runtime makes it, for a tracker with these settings on top."""
        return Context(
            viewer="anna",
            settings={**self.settings, **settings},
            http=http or self.http(),
            tokens=self.tokens,
            cache=self.cache,
            shows=self.shows,
            clock=self.clock,
        )

    def tracker(self, **settings: Any) -> SerializdTracker:
        return build(self.context(**settings))

    def episode(self, show: int = 0, season: int = 1, number: int = 4, **changes: Any) -> Episode:
        """An episode of the world as a media server would describe it, with the show's TMDB id."""
        there = self.world.shows[show]
        entry = there.episode(season, number)
        values: dict[str, Any] = {
            "show_title": there.title,
            "season": season,
            "number": number,
            "title": entry.title,
            "show_year": there.year,
            "show_ids": ShowIds(tmdb=there.tmdb),
            "ids": EpisodeIds(tmdb=entry.tmdb),
            "air_date": entry.air_date,
        }
        return Episode(**{**values, **changes})

    def fail(self, match: str, kind: str = "status", **more: Any) -> None:
        self.service.faults.add(Fault(match=match, kind=kind, **{"times": 1, **more}))

    def rows(self, username: str = "anna") -> list[dict[str, Any]]:
        """The diary as the account holds it."""
        return list(self.service.state()["accounts"][username]["reviews"])

    def ticked(self, username: str = "anna") -> list[list[Any]]:
        return list(self.service.state()["accounts"][username]["ticks"])

    def asked(self, match: str = "*") -> int:
        """How many requests came in."""
        return len(self.service.calls(match))


def has_app_headers(headers: Mapping[str, str]) -> bool:
    return all(headers.get(name.lower()) == value for name, value in APP_HEADERS.items())

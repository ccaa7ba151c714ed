"""A Trakt tracker on the account "anna" of the stand-in, and the means to disturb it."""

from collections.abc import Sequence
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.app import TraktAuthStandIn, TraktStandIn
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context
from scrobbled.trackers.trakt.tracker import build
from trackers.doubles import KeptCache, KeptTokens, KnownShows

ROOT = "http://sandbox"
ADD = "POST /sync/history"


class TraktBench:
    """Both hosts of the stand-in, below a path each; ``tokens`` and ``cache`` outlive a tracker."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.sandbox = Sandbox(now=clock.now, only=("trakt", "trakt-auth"))
        self.api: TraktStandIn = self.sandbox["trakt"]
        self.auth: TraktAuthStandIn = self.sandbox["trakt-auth"]
        self.cache = KeptCache(clock)
        self.shows = KnownShows()
        self.tokens = KeptTokens(self.grant())
        self.settings: dict[str, Any] = {
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "url": f"{ROOT}/trakt",
            "auth_url": f"{ROOT}/trakt-auth",
        }

    def http(self) -> Http:
        return Http(ROOT, transport=httpx.ASGITransport(app=self.sandbox))

    def tracker(self, *, tokens: KeptTokens | None = None, **settings: Any) -> Tracker:
        """Another process, as it were: nothing is shared but the account and what is stored."""
        return build(
            Context(
                viewer="anna",
                settings={**self.settings, **settings},
                http=self.http(),
                tokens=self.tokens if tokens is None else tokens,
                cache=self.cache,
                shows=self.shows,
                clock=self.clock,
            )
        )

    def grant(self) -> dict[str, Any]:
        """A new pair, as a sign-in would have stored it."""
        return {
            **self.api.sign_in().answer(),
            "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
            "client_id": "sandbox-client",
        }

    def fail(self, match: str, **fault: Any) -> None:
        """The next request that matches gets this; see ``Fault``."""
        host = self.auth if "/oauth/" in match else self.api
        host.faults.add(Fault(match=match, **{"times": 1, **fault}))

    def history(self) -> list[dict[str, Any]]:
        """What the account holds, newest first."""
        return self.api.state()["accounts"]["anna"]["history"]

    def added(self) -> int:
        """How many requests to add plays were made."""
        return len(self.api.calls(ADD))

    def asked(self) -> Sequence[str]:
        """Every request to the API so far, as ``METHOD /path``."""
        return [f"{call.method} {call.path}" for call in self.api.calls()]

    def episode(self, season: int = 1, number: int = 2, *, show: int = 0, ids: str = "tmdb tvdb imdb") -> Episode:
        """An episode of the stand-in's world; ``ids`` are the services whose id the media server knows."""
        of = self.sandbox.world.shows[show]
        one = of.episode(season, number)
        return Episode(
            show_title=of.title,
            show_year=of.year,
            season=season,
            number=number,
            title=one.title,
            air_date=one.air_date,
            show_ids=ShowIds(tmdb=of.tmdb, tvdb=of.tvdb, imdb=of.imdb),
            ids=EpisodeIds(**{name: getattr(one, name) for name in ids.split()}),
        )

    def film(self, index: int = 0, *, ids: str = "tmdb imdb") -> Movie:
        of = self.sandbox.world.movies[index]
        return Movie(of.title, of.year, MovieIds(**{name: getattr(of, name) for name in ids.split()}))

"""From one viewer's account in the configuration to a courier that delivers to it."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from scrobbled.alerts import Alerts
from scrobbled.catalogues.known import KnownFinder
from scrobbled.catalogues.mediabrowser import DIALECTS, MediaBrowserFinder
from scrobbled.catalogues.plex import PlexFinder
from scrobbled.catalogues.tmdb import TmdbFinder
from scrobbled.clock import Clock
from scrobbled.config import Config, ViewerConfig
from scrobbled.core.matching import Finder
from scrobbled.deliver import Courier
from scrobbled.health import Health, Report
from scrobbled.household import limits
from scrobbled.http import Dates, Http, Observer
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor
from scrobbled.resolve import Resolver
from scrobbled.store import Store, accounts
from scrobbled.store.cache import StoredCache
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context, FinderContext
from scrobbled.trackers.informed import Informed

TMDB = "https://api.themoviedb.org/3"


class Parts(Struct, frozen=True):
    """What all accounts share."""

    config: Config
    store: Store
    cache: StoredCache
    clock: Clock
    redactor: Redactor
    metrics: Metrics
    alerts: Alerts
    changed: Callable[[], None]
    dates: Dates
    borrowed_from: Path | None = None
    """``store`` is a copy of this file, which is to be thrown away."""
    eager: bool = True
    """Sign-ins are kept alive also where nothing waits."""
    on_close: Callable[[Callable[[], Awaitable[None]]], None] = lambda close: None
    """Takes what is to be called at the end; what was wired last is closed first."""


class Wiring:
    """Builds couriers. ``transport`` replaces the network, for tests. No request is sent."""

    def __init__(self, parts: Parts, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._parts, self._transport = parts, transport
        self._ssl = ssl.create_default_context() if transport is None else True
        self._clients: dict[str, Http] = {}

    def courier(self, viewer: ViewerConfig, name: str) -> Courier:
        """For the viewer's account at the tracker of that name, which must be one of ``TRACKERS``."""
        parts = self._parts
        tracker = self.tracker(viewer, name)
        parts.on_close(tracker.aclose)
        health = Health(viewer.name, name, tracker.can.site, alerts=parts.alerts, clock=parts.clock, save=self._save)
        return Courier(
            viewer.name,
            name,
            tracker,
            store=parts.store,
            health=health,
            metrics=parts.metrics,
            clock=parts.clock,
            changed=parts.changed,
            limits=limits(parts.config),
            eager=parts.eager,
        )

    def tracker(self, viewer: ViewerConfig, name: str) -> Tracker:
        """The viewer's account at the tracker of that name, without anybody who delivers to it."""
        parts = self._parts
        context = Context(
            viewer=viewer.name,
            settings=viewer.trackers[name],
            http=self._http(name),
            tokens=self._tokens(viewer.name, name),
            cache=parts.cache,
            shows=Resolver(self._finders(viewer), parts.cache),
            clock=parts.clock,
        )
        asked = [finder.ids_of for finder in self._media_servers()]
        return Informed(TRACKERS[name].build(context), parts.redactor, asked)

    def _tokens(self, viewer: str, name: str) -> accounts.StoredTokens:
        parts = self._parts
        whose = (parts.store, viewer, name, self._learn, parts.clock.now)
        if parts.borrowed_from is not None:
            return accounts.BorrowedTokens(parts.borrowed_from, *whose)
        return accounts.StoredTokens(*whose)

    def _finders(self, viewer: ViewerConfig) -> list[Finder]:
        """Whoever can tell which show an episode belongs to: the sure and cheap first."""
        ranked = list(self._server_finders())
        for name, settings in viewer.trackers.items():
            if name in TRACKERS and (rank := TRACKERS[name].finder_rank) is not None:
                context = FinderContext(settings, self._http(name), self._parts.cache, self._parts.clock)
                ranked.append((rank, TRACKERS[name].build_finder(context)))
        return [finder for _, finder in sorted(ranked, key=lambda pair: pair[0])]

    def _server_finders(self) -> Iterator[tuple[int, Finder]]:
        config, cache = self._parts.config, self._parts.cache
        plex, tmdb = config.sources.get("plex"), config.metadata.tmdb
        if "sonarr" in config.sources:
            yield 5, KnownFinder(cache)
        if plex and plex.url and plex.server_token:
            yield 10, PlexFinder(self._http("plex").at(plex.url), plex.server_token, cache)
        for finder in self._media_servers():
            yield 10, finder
        if tmdb.key:
            yield 30, TmdbFinder(self._http("tmdb").at(tmdb.url or TMDB), tmdb.key, cache, clock=self._parts.clock)

    def _media_servers(self) -> Iterator[MediaBrowserFinder]:
        for name, dialect in DIALECTS.items():
            one = self._parts.config.sources.get(name)
            if one and one.url and one.server_token:
                http = self._http(name).at(one.url)
                yield MediaBrowserFinder(dialect, http, one.server_token, self._parts.cache)

    def _http(self, service: str) -> Http:
        """One connection pool per service; whoever takes it sets the root."""
        if service not in self._clients:
            observe = observer(self._parts.metrics, service)
            http = Http("", observe=observe, dates=self._parts.dates, transport=self._transport, verify=self._ssl)
            self._parts.on_close(http.aclose)
            self._clients[service] = http
        return self._clients[service]

    def _learn(self, values: Mapping[str, Any] | None) -> None:
        """Tokens are secrets too, from the moment we have them."""
        self._parts.redactor.add(*accounts.secrets_of(values))

    async def _save(self, report: Report) -> None:
        expires = report.expires_at.timestamp() if report.expires_at else None
        since = report.since.timestamp()
        await self._parts.store.write(
            lambda db: accounts.save_state(
                db, report.viewer, report.tracker, report.state, report.reason, since, expires
            )
        )
        self._parts.changed()


def observer(metrics: Metrics, service: str) -> Observer:
    """Who counts the requests to a service."""

    def observe(method: str, status: str, seconds: float) -> None:
        metrics.requests.labels(service, method, status).inc()
        metrics.request.labels(service).observe(seconds)

    return observe

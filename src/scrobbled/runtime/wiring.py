"""From one viewer's account in the configuration to a courier that delivers to it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from scrobbled.alerts import Alerts
from scrobbled.catalogues import known
from scrobbled.catalogues.known import KnownFinder
from scrobbled.catalogues.resolve import Resolver
from scrobbled.catalogues.tmdb import TmdbFinder
from scrobbled.catalogues.tmdb_searcher import TmdbSearcher
from scrobbled.config import Config, ViewerConfig
from scrobbled.config.people import section
from scrobbled.core.naming.matching import Finder
from scrobbled.core.naming.titles import Searcher
from scrobbled.core.places import home_of
from scrobbled.delivery.courier import Courier
from scrobbled.delivery.health import FOR_THE_FIRST_SIGN_IN, Health, HealthReport
from scrobbled.intake.household import limits
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import DateListener, Observer
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.pools import Pools
from scrobbled.plumbing.redact import Redactor
from scrobbled.servers.doors import door_of
from scrobbled.servers.kind import LibraryFinder
from scrobbled.servers.kinds import SERVERS, finder_at
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.notes.cache import StoredCache
from scrobbled.store.queue import overview
from scrobbled.trackers import TRACKERS, known_as
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context, FinderContext
from scrobbled.trackers.informed import Informed
from scrobbled.trackers.masked import Masked

TMDB = "https://api.themoviedb.org/3"


class SharedParts(Struct, frozen=True):
    """What all accounts share."""

    config: Config
    store: Store
    cache: StoredCache
    clock: Clock
    redactor: Redactor
    metrics: Metrics
    alerts: Alerts
    changed: Callable[[], None]
    dates: DateListener
    borrowed_from: Path | None = None
    """``store`` is a copy of this file, which is to be thrown away."""
    eager: bool = True
    """Sign-ins are kept alive also where nothing waits."""
    on_close: Callable[[Callable[[], Awaitable[None]]], None] = lambda close: None
    """Takes what is to be called at the end; what was wired last is closed first."""


class Wiring:
    """Builds couriers. ``transport`` replaces the network, for tests. No request is sent."""

    def __init__(self, parts: SharedParts, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._parts = parts
        self._pools = Pools(transport, partial(observer, parts.metrics), dates=parts.dates)
        parts.on_close(self._pools.aclose)

    def courier(self, viewer: ViewerConfig, name: str) -> Courier:
        """For the viewer's account at the tracker of that name, which must be one of ``TRACKERS``."""
        parts = self._parts
        tracker = self.tracker(viewer, name)
        parts.on_close(tracker.aclose)
        health = Health(
            viewer.name,
            name,
            tracker.can.site,
            alerts=parts.alerts,
            clock=parts.clock,
            save=self._save,
            patience=FOR_THE_FIRST_SIGN_IN if parts.eager else 0.0,
            is_new=lambda: self._is_new(viewer.name, name),
        )
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

    async def _is_new(self, viewer: str, name: str) -> bool:
        states = await self._parts.store.read(overview.account_states)
        return (viewer, name) not in states

    def tracker(self, viewer: ViewerConfig, name: str) -> Tracker:
        """The viewer's account at the tracker of that name, without anybody who delivers to it."""
        parts, settings = self._parts, section(self._parts.config, viewer, name)
        context = Context(
            viewer=viewer.name,
            settings=settings,
            http=self._pools.to(name),
            tokens=self._tokens(viewer.name, name, home_of(settings)),
            cache=parts.cache,
            shows=Resolver(self._finders(viewer), parts.cache, dict(self._searchers(viewer))),
            clock=parts.clock,
            accounts=known_as(name, viewer.accounts),
        )
        asked = [finder.ids_of for finder in self._media_servers]
        return Informed(Masked(TRACKERS[name].build(context), parts.redactor), asked)

    def _tokens(self, viewer: str, name: str, home: str) -> sign_ins.StoredTokens:
        parts = self._parts
        whose = (parts.store, viewer, name, self._learn, parts.clock.now, home)
        if parts.borrowed_from is not None:
            return sign_ins.BorrowedTokens(parts.borrowed_from, *whose)
        return sign_ins.StoredTokens(*whose)

    def _finders(self, viewer: ViewerConfig) -> list[Finder]:
        """Whoever can tell which show an episode belongs to: the sure and cheap first."""
        ranked = list(self._server_finders())
        for name, settings in viewer.trackers.items():
            if name in TRACKERS and (rank := TRACKERS[name].finder_rank) is not None:
                context = FinderContext(settings, self._pools.to(name), self._parts.cache, self._parts.clock)
                ranked.append((rank, TRACKERS[name].build_finder(context)))
        return [finder for _, finder in sorted(ranked, key=lambda pair: pair[0])]

    def _searchers(self, viewer: ViewerConfig) -> Iterator[tuple[str, Searcher]]:
        """Every catalogue of this viewer in which a title can be looked for."""
        parts, tmdb = self._parts, self._parts.config.metadata.tmdb
        for name, settings in viewer.trackers.items():
            if name in TRACKERS and TRACKERS[name].searches:
                context = FinderContext(settings, self._pools.to(name), parts.cache, parts.clock)
                yield name, TRACKERS[name].build_searcher(context)
        if tmdb.key:
            yield "tmdb", TmdbSearcher(self._pools.to("tmdb", tmdb.url or TMDB), tmdb.key, parts.clock)

    def _server_finders(self) -> Iterator[tuple[int, Finder]]:
        cache, tmdb = self._parts.cache, self._parts.config.metadata.tmdb
        if known.SOURCE in self._parts.config.sources:
            yield 5, KnownFinder(cache)
        for finder in self._media_servers:
            yield 10, finder
        if tmdb.key:
            yield 30, TmdbFinder(self._pools.to("tmdb", tmdb.url or TMDB), tmdb.key, cache, clock=self._parts.clock)

    @functools.cached_property
    def _media_servers(self) -> list[LibraryFinder]:
        """The same for all viewers, as each asks its server once which one it is."""
        sources, cache = self._parts.config.sources, self._parts.cache
        asked = (finder_at(door_of(name, sources.get(name)), self._pools, cache) for name in SERVERS)
        return [finder for finder in asked if finder is not None]

    def _learn(self, values: Mapping[str, Any] | None) -> None:
        """Tokens are secrets too, from the moment we have them."""
        self._parts.redactor.add(*sign_ins.secrets_of(values))

    async def _save(self, report: HealthReport) -> None:
        expires = report.expires_at.timestamp() if report.expires_at else None
        since = report.since.timestamp()
        await self._parts.store.write(
            lambda db: sign_ins.save_state(
                db, report.viewer, report.tracker, report.state, report.reason, since, expires
            )
        )
        self._parts.changed()


def observer(metrics: Metrics, service: str) -> Observer:
    """Who counts the requests to a service."""

    def observe(method: str, status: str, seconds: float) -> None:
        metrics.requests.labels(service, method, status).inc()
        metrics.request.labels(service).observe(seconds)
        metrics.run_requests.count(service)

    return observe

"""A run that changes nothing: the same reading and comparing, on a copy of the database that is thrown away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from scrobbled import config as configuration
from scrobbled.alerts import Alerts, AppriseSender
from scrobbled.config import Config
from scrobbled.core.errors import TrackerError
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.reconcile import Ended, Options, PairMember, Reconciler, Wired
from scrobbled.reconcile.guarding import limits
from scrobbled.reconcile.pairs import asks_for_ticks, compared
from scrobbled.reconcile.steps import TellSteps
from scrobbled.runtime.wiring import SharedParts, Wiring
from scrobbled.store import Store
from scrobbled.store.keeping import scratch
from scrobbled.store.notes.alerts import StoredTroubles
from scrobbled.store.notes.cache import StoredCache
from scrobbled.trackers.base import Tracker


async def rehearse(
    config: Config,
    one: Wired,
    options: Options,
    *,
    files: Mapping[str, Tracker] | None = None,
    look: Callable[[Store], Awaitable[None]] | None = None,
    marks: bool = False,
    tell: Callable[[str], None] = lambda phase: None,
    tell_steps: TellSteps = lambda steps: None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Ended:
    """What a run would do; ``files`` stand for names that are no trackers of the configuration.

    ``look`` is handed the copy, with what was read, before it is thrown away, and ``tell`` each phase that begins,
    ``tell_steps`` how far it is.
    Nothing is written to the database or to a tracker.

    ``marks`` reads what is marked as watched also where no pair asks for it.

    But for one thing: where a sign-in renews itself and the old one ends by that, the new one is kept.
    """
    clock = clock or SystemClock()
    closing: list[Any] = []
    async with scratch.copied(config.storage.path) as store:
        wiring = Wiring(_parts(config, store, clock, closing), transport)
        try:
            members = _members(config, one, wiring, files or {}, marks=marks)
            ended = await Reconciler(
                one.sides,
                one.pair,
                members,
                store=store,
                clock=clock,
                metrics=Metrics(),
                limits=limits(config),
                wake=lambda _: None,
                tell=tell,
                tell_steps=tell_steps,
            ).plan(options)
            if look is not None and ended.plan is not None:
                await look(store)
            return ended
        finally:
            for close in reversed(closing):
                await close()


def _members(
    config: Config, one: Wired, wiring: Wiring, files: Mapping[str, Tracker], *, marks: bool
) -> tuple[PairMember, PairMember]:
    viewer = config.viewer(one.sides.viewer)
    assert viewer is not None, "the pair was taken from this configuration"
    a, b = (
        PairMember(
            files.get(name) or wiring.tracker(viewer, name),
            _untold,
            kinds=compared(config, viewer.name, name),
            marks=marks or asks_for_ticks(config, viewer.name, name),
        )
        for name in one.sides.names
    )
    return a, b


def _parts(config: Config, store: Store, clock: Clock, closing: list[Any]) -> SharedParts:
    redactor, metrics = Redactor(configuration.secrets(config)), Metrics()
    alerts = Alerts(
        StoredTroubles(store),
        AppriseSender([], redactor),
        repeat=config.alerts.repeat,
        now=clock.now,
        metrics=metrics,
        root=config.server.public_url,
    )
    return SharedParts(
        config=config,
        store=store,
        cache=StoredCache(store, clock),
        clock=clock,
        redactor=redactor,
        metrics=metrics,
        alerts=alerts,
        changed=lambda: None,
        dates=lambda *_: None,
        on_close=closing.append,
        borrowed_from=config.storage.path,
    )


async def _untold(error: TrackerError) -> None:
    """A rehearsal tells whoever asked for it, and nobody else."""

"""What players tell: start, pause, stop and check-in, answered as Trakt answers once it is on disk."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal

from litestar import Response, delete, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from scrobbled.core.errors import BadPayload
from scrobbled.core.naming.items import Item
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import Session, viewing_gap
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.intake.claimants import Taken
from scrobbled.runtime.service import Runtime
from scrobbled.sources import SOURCES
from scrobbled.sources.trakt import enveloped
from scrobbled.store.history import library
from scrobbled.store.inbox import events
from scrobbled.web.requests import AnyRequest, AnyResponse
from scrobbled.web.trakt import shapes
from scrobbled.web.trakt.bearer import SOURCE, Bearer, caller
from scrobbled.web.trakt.bodies import content, fields, lenient

LARGEST_BODY = 1024 * 1024
LEAST = 1.0
"""Percent below which nothing was watched, so that there is nothing to come back to."""
NEAR_THE_END = 80.0
"""Percent from which a pause is refused: Trakt takes it for a viewing that is over."""
ACTIONS: Mapping[str, EventKind] = {"start": EventKind.START, "pause": EventKind.PAUSE, "stop": EventKind.STOP}
Meaning = Literal["start", "pause", "scrobble", "refused"]


class _Call(Struct, frozen=True):
    """One call, read. ``viewers`` are whose it is, none where nobody is found."""

    event: PlaybackEvent
    item: Item
    viewers: tuple[str, ...]
    threshold: float

    @property
    def percent(self) -> float:
        """0 where nothing was told, for answers."""
        return self.event.percent or 0.0

    @property
    def ends_at(self) -> datetime:
        """When the end is reached if it plays on, by the usual runtime of such an item."""
        return self.event.occurred_at + Session().runtime_of(self.item) * (1 - self.percent / 100)


def handlers(runtime: Runtime) -> list[HTTPRouteHandler]:
    """All need a bearer; see ``bearer.caller``."""

    @post("/scrobble/{action:str}", status_code=201, request_max_body_size=LARGEST_BODY)
    async def scrobble(request: AnyRequest, action: FromPath[str]) -> AnyResponse:
        started = time.perf_counter()
        who = await caller(runtime, request.headers)
        if action not in ACTIONS:
            raise NotFoundException
        answer = await _scrobbled(runtime, who, action, await content(request))
        runtime.metrics.ack.labels(SOURCE).observe(time.perf_counter() - started)
        return answer

    @post("/checkin", status_code=201, request_max_body_size=LARGEST_BODY)
    async def checkin(request: AnyRequest) -> AnyResponse:
        started = time.perf_counter()
        who = await caller(runtime, request.headers)
        answer = await _checked_in(runtime, who, await content(request))
        runtime.metrics.ack.labels(SOURCE).observe(time.perf_counter() - started)
        return answer

    @delete("/checkin", status_code=204, request_max_body_size=LARGEST_BODY)
    async def checkout(request: AnyRequest) -> None:
        """A check-in was a play at once, and stays one."""
        await caller(runtime, request.headers)
        await lenient(request)

    return [scrobble, checkin, checkout]


async def _scrobbled(runtime: Runtime, who: Bearer, action: str, body: bytes) -> AnyResponse:
    data = await _read(runtime, body)
    if data is None:
        return Response(b"", status_code=400)
    envelope = enveloped(f"scrobble/{action}", who.viewer, data, who.client)
    call = _understood(runtime, envelope.data)
    meaning = "start" if call is None else _meaning(action, call)
    if meaning == "refused":  # not even kept: nothing can follow from it
        return Response({"message": "progress is missing, below 1, or past the end of a pause"}, status_code=422)
    taken = await runtime.ingest.take(SOURCE, envelope)
    if call is None:
        return Response(b"", status_code=404)
    await _remember(runtime, call, meaning)
    if meaning != "scrobble":
        _pass_on(runtime, call, meaning)
    elif taken.outcome is EventOutcome.DUPLICATE:
        return await _repeated(runtime, call)
    return Response(
        {"id": _id(taken), "action": meaning, "progress": call.percent, "sharing": {}, **shapes.named(call.item)},
        status_code=201,
    )


async def _checked_in(runtime: Runtime, who: Bearer, body: bytes) -> AnyResponse:
    data = await _read(runtime, body)
    if data is None:
        return Response(b"", status_code=400)
    envelope = enveloped("checkin", who.viewer, data, who.client)
    call = _understood(runtime, envelope.data)
    taken = await runtime.ingest.take(SOURCE, envelope)
    if call is None:
        return Response(b"", status_code=404)
    await _remember(runtime, call, "scrobble")
    if taken.outcome is EventOutcome.DUPLICATE:
        return await _repeated(runtime, call)
    watched_at = shapes.minute(call.event.occurred_at)
    return Response(
        {"id": _id(taken), "watched_at": watched_at, "sharing": {}, **shapes.named(call.item)}, status_code=201
    )


async def _read(runtime: Runtime, body: bytes) -> dict[str, Any] | None:
    """``None`` for what cannot be read; it is kept for whoever has to find out why."""
    try:
        return fields(body)
    except BadPayload as error:
        await runtime.ingest.refuse(SOURCE, body, str(error))
        return None


def _understood(runtime: Runtime, envelope: Mapping[str, Any]) -> _Call | None:
    """``None`` where no single title is named."""
    event = SOURCES[SOURCE].parse(envelope, runtime.clock.now())[0]
    if event.item is None:
        return None
    claimants = runtime.ingest.household.claimants(SOURCE, event.account.names())
    threshold = min((one.rules.threshold for one in claimants), default=runtime.config.threshold(SOURCE))
    return _Call(event, event.item, tuple(one.viewer for one in claimants), threshold)


def _meaning(action: str, call: _Call) -> Meaning:
    """What Trakt makes of a call. A stop before the threshold is a pause."""
    if action == "start":
        return "start"
    percent = call.event.percent
    if percent is None or percent < LEAST:
        return "refused"
    if action == "stop":
        return "scrobble" if percent >= call.threshold else "pause"
    return "pause" if percent < NEAR_THE_END else "refused"


async def _remember(runtime: Runtime, call: _Call, meaning: Meaning) -> None:
    """Where to go on watching: kept by a pause, over when it goes on or ends."""
    if not call.viewers:
        return

    def work(db: Any) -> None:
        for viewer in call.viewers:
            if meaning == "pause":
                library.save_resume(db, viewer, call.item, call.percent, call.event.occurred_at)
            else:
                library.forget_resume(db, viewer, call.item, call.event.occurred_at)
            if meaning == "start":
                library.begin_watching(db, viewer, call.item, call.event.occurred_at, call.ends_at)
            else:
                library.end_watching(db, viewer)

    await runtime.store.write(work)


def _pass_on(runtime: Runtime, call: _Call, meaning: Literal["start", "pause"]) -> None:
    settings = runtime.config.sources.get(SOURCE)
    if settings is not None and settings.pass_on:
        runtime.teller.tell(call.viewers, meaning, call.item, call.percent)


async def _repeated(runtime: Runtime, call: _Call) -> AnyResponse:
    """This viewing is a play already: since when, and from when on the same title counts again."""
    now = call.event.occurred_at
    key = f"{call.viewers[0]}|{call.event.session_key()}"
    session = await runtime.store.read(partial(events.load_session, key=key))
    before = max((finish for finish in session.finishes if finish < now), default=now)
    gap = viewing_gap(session.runtime_of(call.item), restarted=session.restarted)
    return Response(
        {"watched_at": shapes.minute(before), "expires_at": shapes.when(before + gap)},
        status_code=409,
    )


def _id(taken: Taken) -> int:
    """The play's, 0 where there is none."""
    return taken.plays[0][0] if taken.plays else 0

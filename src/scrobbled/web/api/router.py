"""Puts the parts of ``/api/v1`` together, with what belongs to none of them."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.exceptions import ClientException, NotFoundException, ServiceUnavailableException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import ServerSentEvent
from msgspec import Struct

from scrobbled.core.words.outcomes import EVENT_NEXT_STEP, PLAY_NEXT_STEP, EventOutcome, PlayOutcome
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.desk.facts.house import AccountStatus, Status
from scrobbled.desk.facts.plays import Attempt, EventStory, PlayStory
from scrobbled.desk.facts.queue import QueuedChange
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import ActionResult, FloodStory, NamedChanges, NoId
from scrobbled.web.api import libraries, log, needs, pausing, posters, rights, statistics
from scrobbled.web.api.corrections import corrections, search
from scrobbled.web.api.pairs import pairs, questions
from scrobbled.web.api.plays import explain, history, playing, undo
from scrobbled.web.api.settings import alerts, backup, doctor, settings
from scrobbled.web.api.sign_in import tokens, trackers
from scrobbled.web.api.sources import connecting, sources
from scrobbled.web.live import LiveUpdates
from scrobbled.web.log_live import LogLive

LARGEST_PAGE = 200
LARGEST_BODY = 1024 * 1024


class PlayPage(Struct, frozen=True):
    """Plays, newest first. ``next`` is what to pass as ``before`` for the page after this one."""

    plays: list[PlayStory]
    next: str | None


class PlayWithAttempts(Struct, frozen=True):
    """One play, and each attempt to deliver it, oldest first."""

    play: PlayStory
    attempts: list[Attempt]


class QueuePage(Struct, frozen=True):
    """Changes not delivered, oldest first. ``next`` is what to pass as ``after`` for the page after this one."""

    changes: list[QueuedChange]
    next: str | None


class Selection(Struct, frozen=True, forbid_unknown_fields=True):
    """Which changes, like ``c12`` or ``a7``, or all that a flood holds, like ``f3``.

    Without ``ids`` ``retry`` and ``approve`` mean all, but for what asks to be named; an empty list means none.
    """

    ids: list[str] | None = None


class OutcomeMeaning(Struct, frozen=True):
    """One code, of an ``event`` or a ``play``, and what to do about it."""

    of: str
    code: str
    next_step: str


def router(desk: Desk, live: LiveUpdates, logs: LogLive) -> Router:
    """Who may come here is decided before, by the gate."""
    handlers = [*_state(desk), *_stories(desk), *_actions(desk), *corrections.handlers(desk), _news(live)]
    handlers += [*explain.handlers(desk), *undo.handlers(desk), *pairs.handlers(desk), *questions.handlers(desk)]
    handlers += [*history.handlers(desk), *needs.handlers(desk), *search.handlers(desk), *posters.handlers(desk)]
    handlers += [*backup.handlers(desk), *tokens.handlers(desk.keys), *playing.handlers(desk)]
    handlers += [*alerts.handlers(desk), *doctor.handlers(desk), *sources.handlers(desk)]
    handlers += [*statistics.handlers(desk), *log.handlers(desk, logs)]
    handlers += [*settings.handlers(desk), *pausing.handlers(desk)]
    handlers += [*trackers.handlers(desk), *libraries.handlers(desk), *connecting.handlers(desk)]
    return Router(
        "/api/v1",
        route_handlers=handlers,
        request_max_body_size=LARGEST_BODY,
        guards=[rights.guard],
        exception_handlers={RecursionError: _too_deep},
    )


def _too_deep(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """What the decoder says to a thousand brackets."""
    return Response({"error": "The JSON is nested too deeply."}, status_code=400)


def _state(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/status", summary="The state of things")
    async def status() -> Status:
        return await desk.status()

    @get("/accounts", summary="What each account holds, may hold, and when that was read")
    async def accounts() -> list[AccountStatus]:
        return (await desk.status()).trackers

    @get("/queue", summary="What is not delivered")
    async def queue(
        after: FromQuery[str | None] = None, flood: FromQuery[str | None] = None, limit: FromQuery[int] = 50
    ) -> QueuePage:
        size, of = _page(limit), None if flood is None else _id(flood, "f")
        rows = await _waiting(desk, after, size, of)
        return QueuePage(rows, rows[-1].id if len(rows) == size else None)

    @get("/floods", summary="Plays held together, because they came as no household watches")
    async def held_together() -> list[FloodStory]:
        return await desk.floods()

    @get("/outcomes", summary="Every outcome and its next step", sync_to_thread=False)
    def outcomes() -> list[OutcomeMeaning]:
        return [OutcomeMeaning("event", str(code), EVENT_NEXT_STEP[code]) for code in EventOutcome] + [
            OutcomeMeaning("play", str(code), PLAY_NEXT_STEP[code]) for code in PlayOutcome
        ]

    return [status, accounts, queue, held_together, outcomes]


async def _waiting(desk: Desk, after: str | None, size: int, flood: int | None) -> list[QueuedChange]:
    """Plays first, and after the last of them what is to be changed of what trackers hold."""
    amended = None if after is None or flood is not None else ids_facts.number(after, "a")
    if after is not None and after.strip().startswith("a") and amended is not None:
        return await desk.amendments(amended, size)
    rows = await desk.queue(0 if after is None else _id(after, "c"), size, flood=flood)
    if len(rows) == size or flood is not None:
        return rows
    return rows + await desk.amendments(0, size - len(rows))


def _stories(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/plays", summary="The newest plays")
    async def plays(before: FromQuery[str | None] = None, limit: FromQuery[int] = 50) -> PlayPage:
        size = _page(limit)
        rows = await desk.plays(None if before is None else _id(before, "p"), size)
        return PlayPage(rows, rows[-1].id if len(rows) == size else None)

    @get("/plays/{play_id:str}", summary="The story of one play")
    async def play(play_id: FromPath[str]) -> PlayWithAttempts:
        found = await desk.play(_id(play_id, "p"))
        if found is None:
            raise NotFoundException(f"There is no play {play_id}.")
        return PlayWithAttempts(*found)

    @get("/events/{event_id:str}", summary="A webhook as it came in, and what became of it")
    async def event(event_id: FromPath[str]) -> EventStory:
        found = await desk.event(_id(event_id, "e"))
        if found is None:
            raise NotFoundException(f"There is no event {event_id}.")
        return found

    return [plays, play, event]


def _news(live: LiveUpdates) -> HTTPRouteHandler:
    @get(
        "/live", summary="Server-sent events: hello, then change whenever there is news", media_type="text/event-stream"
    )
    async def listen() -> ServerSentEvent:
        if live.is_full:
            raise ServiceUnavailableException(
                "Too many pages listen already; close one.", headers={"Retry-After": "30"}
            )
        return ServerSentEvent(live.events())

    return listen


def _actions(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/queue/retry", summary="Try again now; without ids everything that waits", status_code=200)
    async def retry(data: JSONBody[Selection | None] = None) -> ActionResult:
        return await desk.act("retry", _chosen(data))

    @post("/queue/approve", summary="Let held changes go; without ids all of them", status_code=200)
    async def approve(data: JSONBody[Selection | None] = None) -> ActionResult:
        return await desk.act("approve", _chosen(data))

    @post("/queue/drop", summary="Give up on these changes for good", status_code=200)
    async def drop(data: JSONBody[Selection | None] = None) -> ActionResult:
        ids = _chosen(data)
        if ids is None:
            raise ClientException('Say which changes to drop, like {"ids": ["c12"]}.')
        return await desk.act("drop", ids)

    return [retry, approve, drop]


def _chosen(selection: Selection | None) -> NamedChanges | None:
    if selection is None or selection.ids is None:
        return None
    try:
        return floods.chosen(selection.ids)
    except NoId as error:
        raise ClientException(
            f"{str(error)[:40]} is not an ID; it should look like c12, a7, or f3 for a flood."
        ) from None


def _id(text: str, letter: str) -> int:
    found = ids_facts.number(text, letter)
    if found is None:
        raise ClientException(f"{text[:40]} is not an ID; it should look like {letter}12.")
    return found


def _page(limit: int) -> int:
    return min(max(1, limit), LARGEST_PAGE)

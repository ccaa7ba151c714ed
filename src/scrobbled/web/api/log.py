"""``/api/v1/log``: what the service logs, as far back as it is kept in memory, and as it comes."""

from __future__ import annotations

from litestar import Response, get
from litestar.exceptions import ClientException, ServiceUnavailableException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import ServerSentEvent

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.plumbing.logbook import LEVELS, LINES, LineFilter, written
from scrobbled.web.log_live import LogLive, LogPage
from scrobbled.web.requests import AnyRequest

LONGEST = 200


def handlers(desk: Desk, logs: LogLive) -> list[HTTPRouteHandler]:
    @get("/log", summary="The last lines of the log")
    async def lines(
        level: FromQuery[str] = "",
        component: FromQuery[str] = "",
        text: FromQuery[str] = "",
        run: FromQuery[str] = "",
        after: FromQuery[str | None] = None,
        limit: FromQuery[int] = 200,
    ) -> LogPage:
        """Of ``level`` and graver, of one ``component``, with ``text`` in them, and of one ``run``, like ``r12``."""
        return logs.page(wanted(level, component, text, run), after, min(max(1, limit), LINES))

    @get("/log/live", summary="Server-sent events: lines, as they are logged", media_type="text/event-stream")
    async def live(
        request: AnyRequest,
        level: FromQuery[str] = "",
        component: FromQuery[str] = "",
        text: FromQuery[str] = "",
        run: FromQuery[str] = "",
        after: FromQuery[str | None] = None,
    ) -> ServerSentEvent:
        """``after`` is ``next`` of a page; a reader that was cut off goes on by its ``Last-Event-ID``."""
        chosen = wanted(level, component, text, run)
        if logs.is_full:
            raise ServiceUnavailableException(
                "Too many pages follow the log already; close one.", headers={"Retry-After": "30"}
            )
        begin = logs.place(request.headers.get("last-event-id") or after)
        return ServerSentEvent(logs.events(chosen, begin), headers={"X-Accel-Buffering": "no"})

    @get("/log/download", summary="The log as a text file", media_type="text/plain")
    async def download(
        level: FromQuery[str] = "", component: FromQuery[str] = "", text: FromQuery[str] = "", run: FromQuery[str] = ""
    ) -> Response[str]:
        found = logs.page(wanted(level, component, text, run), None, LINES)
        name = f"scrobbled-{desk.now():%Y%m%d-%H%M%S}.log"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(written(found.lines), headers=headers, media_type="text/plain")

    return [lines, live, download]


def wanted(level: str, component: str, text: str, run: str) -> LineFilter:
    if level and level not in LEVELS:
        raise ClientException(f"level is one of {', '.join(LEVELS)}.")
    number = ids.number(run, "r") if run else None
    if run and number is None:
        raise ClientException(f"{run[:40]} is not the ID of a run; it should look like r12.")
    return LineFilter(level or LEVELS[0], component[:LONGEST], text[:LONGEST].strip(), f"r{number}" if number else "")

"""``/api/v1/explain`` and ``/api/v1/replay``: what became of something and why, and stored webhooks once more."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.desk.plays.story import Explanation
from scrobbled.intake.replay import EventFilter, ReplayReport


class Again(Struct, frozen=True, forbid_unknown_fields=True):
    """Which webhooks: ``events`` like ``e12``, or all since a time (``14d``, ``2026-05-03``), of one ``source``."""

    events: list[str] | None = None
    since: str | None = None
    source: str | None = None
    dry_run: bool = False


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/explain/{what:str}", summary="The whole story of an event, a play or a change")
    async def explain(what: FromPath[str], raw: FromQuery[bool] = False) -> Explanation:
        try:
            return await desk.explain(what, raw=raw)
        except ValueError as error:
            raise ClientException(str(error)) from None

    @post("/replay", summary="Run stored webhooks again with today's rules; doubles nothing", status_code=200)
    async def replay(data: JSONBody[Again | None] = None) -> ReplayReport:
        asked = data or Again()
        return await desk.replay(_wanted(desk, asked), dry_run=asked.dry_run)

    return [explain, replay]


def _wanted(desk: Desk, asked: Again) -> EventFilter:
    if asked.events is None:
        try:
            return EventFilter(since=desk.moment(asked.since) if asked.since else 0.0, source=asked.source)
        except ValueError as error:
            raise ClientException(f"since: {asked.since[:40] if asked.since else ''} {error}") from None
    if asked.since or asked.source:
        raise ClientException("Name events, or say since and source; not both.")
    return EventFilter(ids=tuple(dict.fromkeys(_id(text) for text in asked.events)))


def _id(text: str) -> int:
    found = ids.number(text, "e")
    if found is None:
        raise ClientException(f"{text[:40]} is not an ID; it should look like e12.")
    return found

"""``/api/v1/needs``: what only a person can move on, as questions, and their answers."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.exceptions import ClientException, NotFoundException, PermissionDeniedException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.needs.card import KINDS, Card
from scrobbled.desk.needs.floods import ActionResult
from scrobbled.desk.needs.needs import Unfolded
from scrobbled.desk.needs.unmatched import UnmatchedStory

LARGEST_PAGE = 200
LAST = 10**9


class NeedsPage(Struct, frozen=True):
    """Questions; ``number`` want an answer in all. ``kinds`` counts them; of ``waiting`` nothing is asked.

    ``next`` is what to pass as ``start`` for the page after this one.
    """

    needs: list[Card]
    number: int
    kinds: dict[str, int]
    next: int | None


class UnmatchedPage(Struct, frozen=True):
    """What could not be told, ``number`` in all; what most waits for is first. ``next`` is the ``start`` of more."""

    unmatched: list[UnmatchedStory]
    number: int
    next: int | None


class NeedReply(Struct, frozen=True, forbid_unknown_fields=True):
    """One of a question's answers: its ``action``, and its ``value`` where it has one."""

    action: str
    value: str = ""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/needs", summary="What only a person can move on, alike put together")
    async def needs(kind: FromQuery[str] = "", start: FromQuery[int] = 0, limit: FromQuery[int] = 50) -> NeedsPage:
        if kind and kind not in KINDS:
            raise ClientException(f"{kind[:40]} is no kind of question; there are {', '.join(KINDS)}.")
        first, size = _first(start), _size(limit)
        found = await desk.needs.cards(first, size + 1, kind)
        more = first + size if len(found) > size else None
        return NeedsPage(found[:size], await desk.needs.number(), await desk.needs.counts(), more)

    @get("/unmatched", summary="What a side has and the other does not know, by show, and the answer that settles it")
    async def unmatched(
        viewer: FromQuery[str] = "", tracker: FromQuery[str] = "", start: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> UnmatchedPage:
        first, size = _first(start), _size(limit)
        found = await desk.needs.unmatched(viewer, tracker)
        more = first + size if len(found) > first + size else None
        return UnmatchedPage(found[first : first + size], len(found), more)

    @get("/needs/{need_id:str}", summary="One question, and all that it is about")
    async def need(need_id: FromPath[str], start: FromQuery[int] = 0, limit: FromQuery[int] = 50) -> Unfolded:
        found = await desk.needs.unfolded(need_id, _first(start), _size(limit))
        if found is None:
            raise NotFoundException(f"There is no question {need_id[:40]} any more.")
        return found

    @post(
        "/needs/{need_id:str}", summary="Answer a question, or one thing of it; what is settled stays", status_code=200
    )
    async def answer(
        request: Request[Any, Any, Any], need_id: FromPath[str], data: JSONBody[NeedReply]
    ) -> ActionResult:
        if data.action == "claim" and request.scope["state"].get("rights", "admin") != "admin":
            raise PermissionDeniedException("To claim an account is to change the configuration; use an admin token.")
        return await desk.needs.answer(need_id, data.action, data.value)

    return [needs, unmatched, need, answer]


def _first(start: int) -> int:
    return min(max(0, start), LAST)


def _size(limit: int) -> int:
    return min(max(1, limit), LARGEST_PAGE)

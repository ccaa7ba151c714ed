"""What needs somebody: a card for each question, its answers, and all that a question is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.needs.card import KINDS, Card
from scrobbled.desk.needs.change_cards import QuestionSide, sides_of
from scrobbled.desk.needs.floods import ActionResult
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest

CARDS = 20
ROWS = 50


class NeedFilter(Struct, frozen=True):
    kind: str
    label: str
    count: int
    chosen: bool


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/needs")
    async def needs(
        request: AnyRequest,
        kind: FromQuery[str | None] = None,
        start: FromQuery[str | None] = None,
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        chosen, first = kind if kind in KINDS else "", _whole(start)
        found = await desk.needs.cards(first, CARDS + 1, chosen or "")
        context: dict[str, Any] = {
            "cards": found[:CARDS],
            "art": await _art(desk, found[:CARDS]),
            "chips": await _chips(desk, chosen or ""),
            "waiting": (await desk.needs.counts()).get("waiting", 0),
            "guests": await desk.needs.guests(),
            "kind": chosen,
            "before": None if first == 0 else max(0, first - CARDS),
            "after": first + CARDS if len(found) > CARDS else None,
        }
        template = "needs/cards.html" if fragment else "needs/needs.html"
        return await shell.page(request, desk, template, place="needs", **context)

    @get("/needs/{need:str}")
    async def one(request: AnyRequest, need: FromPath[str], start: FromQuery[str | None] = None) -> Template:
        first = _whole(start)
        found = await desk.needs.unfolded(need, first, ROWS)
        if found is None:
            return await shell.page(request, desk, "needs/gone.html", place="needs", status=404)
        conflicts: list[tuple[str, list[QuestionSide]]] = [(one.label, sides_of(one)) for one in found.conflicts]
        after = first + ROWS if found.more else None
        context: dict[str, Any] = {
            "question": found.card,
            "art": await _art(desk, [found.card]),
            "changes": found.changes,
            "conflicts": conflicts,
            "after": after,
        }
        return await shell.page(request, desk, "needs/one.html", place="needs", first=first, **context)

    @get("/unmatched")
    async def unmatched(
        request: AnyRequest,
        viewer: FromQuery[str] = "",
        tracker: FromQuery[str] = "",
        start: FromQuery[str | None] = None,
    ) -> Template:
        found, first = await desk.needs.unmatched(viewer, tracker), _whole(start)
        context: dict[str, Any] = {
            "stories": found[first : first + CARDS],
            "total": len(found),
            "viewer": viewer,
            "tracker": tracker,
            "before": None if first == 0 else max(0, first - CARDS),
            "after": first + CARDS if len(found) > first + CARDS else None,
        }
        return await shell.page(request, desk, "needs/unmatched.html", place="needs", **context)

    @post("/needs")
    async def answer(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        back = shell.way_back(str(form.get("back", "")), "needs")
        action, _, value = str(form.get("answer", "")).partition(":")
        if action == "ask-again":
            await desk.needs.ask_again()
            return shell.to(request, back)
        done = await desk.needs.answer(str(form.get("id", "")), action, value)
        return shell.to(request, shell.with_query(back, **_told(done)))

    return [needs, one, unmatched, answer]


async def _art(desk: Desk, cards: Sequence[Card]) -> Mapping[str, str]:
    """Addresses of posters, by play."""
    plays = [card.play for card in cards if card.play and card.title]
    return await desk.art.of_plays(plays) if plays else {}


async def _chips(desk: Desk, chosen: str) -> list[NeedFilter]:
    """None where there is but one kind to choose from."""
    counts = await desk.needs.counts()
    asking = {kind: count for kind, count in counts.items() if kind != "waiting"}
    if len(counts) < 2:
        return []
    every = NeedFilter("", "All", sum(asking.values()), not chosen)
    return [every, *(NeedFilter(kind, KINDS[kind], counts[kind], chosen == kind) for kind in KINDS if kind in counts)]


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text, re.ASCII) else 0


def _told(done: ActionResult) -> dict[str, str | int]:
    """The code of what is said on the page that follows."""
    if done.action in ("claim", "guest"):
        return {"did": done.action}
    if done.done and done.done[0].startswith("a"):
        return {"did": "decided"}
    return {"did": done.action, "count": done.plays}

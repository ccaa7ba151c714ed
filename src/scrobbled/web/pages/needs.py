"""What needs somebody: a card for each question, its answers, and all that a question is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import ClientException, HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from msgspec import Struct

from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.floods import Done
from scrobbled.needs import NoAnswer
from scrobbled.summary import QueuedChange
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.view import poster, words
from scrobbled.web.view.card import KINDS, Card
from scrobbled.web.view.decisions import Side, sides_of
from scrobbled.web.view.moments import Moment, moment

CARDS = 20
ROWS = 50
Asked = Request[Any, Any, Any]


class Shown(Struct, frozen=True):
    """A card with what only the page needs: ``seed`` and ``art`` of its poster, empty where it is about no work."""

    card: Card
    since: Moment | None
    seed: str
    art: str


class Chip(Struct, frozen=True):
    kind: str
    label: str
    count: int
    chosen: bool


class Row(Struct, frozen=True):
    """One thing of a question."""

    change: QueuedChange
    tracker: str
    when: Moment | None


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/needs")
    async def needs(
        request: Asked,
        kind: FromQuery[str | None] = None,
        start: FromQuery[str | None] = None,
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        chosen, first = kind if kind in KINDS else "", _whole(start)
        found = await desk.needs.cards(first, CARDS + 1, chosen or "")
        context: dict[str, Any] = {
            "cards": await _shown(desk, found[:CARDS]),
            "chips": await _chips(desk, chosen or ""),
            "waiting": (await desk.needs.counts()).get("waiting", 0),
            "guests": await desk.needs.guests(),
            "kind": chosen,
            "before": None if first == 0 else max(0, first - CARDS),
            "after": first + CARDS if len(found) > CARDS else None,
        }
        template = "needs_cards.html" if fragment else "needs.html"
        return await shell.page(request, desk, template, place="needs", **context)

    @get("/needs/{need:str}")
    async def one(request: Asked, need: FromPath[str], start: FromQuery[str | None] = None) -> Template:
        first = _whole(start)
        found = await desk.needs.unfolded(need, first, ROWS)
        if found is None:
            return await shell.page(request, desk, "needs_gone.html", place="needs", status=404)
        (shown,) = await _shown(desk, [found.card])
        now = desk.now()
        rows = [Row(one, words.name(one.tracker), moment(one.watched_at, now)) for one in found.changes]
        conflicts: list[tuple[str, list[Side]]] = [(one.label, sides_of(one)) for one in found.conflicts]
        after = first + ROWS if found.more else None
        context: dict[str, Any] = {"shown": shown, "rows": rows, "conflicts": conflicts, "after": after}
        return await shell.page(request, desk, "needs_one.html", place="needs", first=first, **context)

    @post("/needs")
    async def answer(request: Asked) -> Redirect:
        form = await forms.form(request)
        back = shell.way_back(str(form.get("back", "")), "needs")
        action, _, value = str(form.get("answer", "")).partition(":")
        if action == "ask-again":
            await desk.needs.ask_again()
            return shell.to(request, back)
        try:
            done = await desk.needs.answer(str(form.get("id", "")), action, value)
        except NoAnswer as error:
            raise ClientException(str(error)) from None
        except ConfigError as error:
            raise ClientException(str(error)) from None
        except NotWritten as error:
            raise HTTPException(str(error), status_code=409) from None
        return shell.to(request, shell.with_query(back, **_told(done)))

    return [needs, one, answer]


async def _shown(desk: Desk, cards: Sequence[Card]) -> list[Shown]:
    now: datetime = desk.now()
    plays = [card.play for card in cards if card.play and card.title]
    art = await desk.art.of_plays(plays) if plays else {}
    return [
        Shown(card, moment(card.since, now), poster.seed(card.title) if card.title else "", art.get(card.play, ""))
        for card in cards
    ]


async def _chips(desk: Desk, chosen: str) -> list[Chip]:
    """None where there is but one kind to choose from."""
    counts = await desk.needs.counts()
    asking = {kind: count for kind, count in counts.items() if kind != "waiting"}
    if len(counts) < 2:
        return []
    every = Chip("", "All", sum(asking.values()), not chosen)
    return [every, *(Chip(kind, KINDS[kind], counts[kind], chosen == kind) for kind in KINDS if kind in counts)]


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text, re.ASCII) else 0


def _told(done: Done) -> dict[str, str | int]:
    """The code of what is said on the page that follows."""
    if done.action in ("claim", "guest"):
        return {"did": done.action}
    if done.done and done.done[0].startswith("a"):
        return {"did": "decided"}
    return {"did": done.action, "count": done.plays}

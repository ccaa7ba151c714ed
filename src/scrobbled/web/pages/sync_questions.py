"""What runs leave to decide: both values side by side, one tap each, or one for all."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from scrobbled import summary
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.view import sync, wishes, words

Asked = Request[Any, Any, Any]
QUESTIONS = 20
MOST_IDS = 10
"""Ways that one question can have."""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/questions")
    async def questions(
        request: Asked, viewer: FromQuery[str] = "", pair: FromQuery[str] = "", after: FromQuery[str] = ""
    ) -> Template:
        start = summary.number(after, "a") or 0
        whose: dict[str, Any] = {"viewer": viewer[:64] or None, "pair": pair[:80] or None}
        found, now = await desk.syncing.questions.listing(**whose, after=start, limit=QUESTIONS + 1), desk.now()
        shown = found[:QUESTIONS]
        context: dict[str, Any] = {
            "questions": [sync.question(one, now) for one in shown],
            "viewer": viewer[:64],
            "pair": pair[:80],
            "names": wishes.between(pair[:80]) if pair.count(",") == 1 else "",
            "winners": [(name, words.name(name)) for name in pair[:80].split(",")] if pair.count(",") == 1 else [],
            "values": any(one.action in ("rate", "retime") for one in shown),
            "removals": any(one.action in ("remove", "unrate") for one in shown),
            "next": _next(viewer, pair, shown[-1].id) if len(found) > QUESTIONS else "",
            "is_first": start == 0,
        }
        return await shell.page(request, desk, "sync_questions.html", place="sync", **context)

    @post("/sync/questions")
    async def answer(request: Asked) -> Redirect:
        form = await forms.form(request)
        viewer, pair = str(form.get("viewer", "")), str(form.get("pair", ""))
        everything = str(form.get("all", ""))
        if everything:
            await _answer_all(desk, viewer, pair, everything)
        elif chosen := form.get("choose"):
            await desk.syncing.questions.choose([_number(str(chosen))])
        else:
            await desk.syncing.questions.leave([_number(str(id_)) for id_ in form.getall("leave", [])][:MOST_IDS])
        where = urlencode({name: value for name, value in (("viewer", viewer), ("pair", pair)) if value})
        return shell.to(
            request, shell.with_query(f"sync/questions?{where}" if where else "sync/questions", did="decided")
        )

    return [questions, answer]


async def _answer_all(desk: Desk, viewer: str, pair: str, answer: str) -> None:
    asked = desk.syncing.questions
    if answer in ("remove", "keep"):
        await (asked.remove_all if answer == "remove" else asked.keep_all)(viewer, pair)
    elif answer in pair.split(","):
        await asked.all_to(viewer, pair, answer)
    else:
        raise ClientException("That is no answer to these questions; go back and press one of the buttons.")


def _number(text: str) -> int:
    found = summary.number(text, "a")
    if found is None:
        raise ClientException("That is no answer to this question; go back and press one of its buttons.")
    return found


def _next(viewer: str, pair: str, last: str) -> str:
    told = {"viewer": viewer, "pair": pair, "after": last}
    return f"sync/questions?{urlencode({name: value for name, value in told.items() if value})}"

"""What runs leave to decide: both values side by side, one tap each, or one for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from scrobbled.desk import words
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids, run_words
from scrobbled.desk.pairs.questions import QuestionStory
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest

QUESTIONS = 20
MOST_IDS = 10
"""Ways that one question can have."""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/questions")
    async def questions(
        request: AnyRequest, viewer: FromQuery[str] = "", pair: FromQuery[str] = "", after: FromQuery[str] = ""
    ) -> Template:
        viewer, pair, start = viewer[:64], pair[:80], ids.number(after, "a") or 0
        whose: dict[str, Any] = {"viewer": viewer or None, "pair": pair or None}
        found = await desk.syncing.questions.listing(**whose, after=start, limit=QUESTIONS + 1)
        context = {"viewer": viewer, "pair": pair, "is_first": start == 0, **_told(found, viewer, pair)}
        return await shell.page(request, desk, "pairs/questions.html", place="sync", **context)

    @post("/sync/questions")
    async def answer(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        viewer, pair = str(form.get("viewer", "")), str(form.get("pair", ""))
        if everything := str(form.get("all", "")):
            await _answer_all(desk, viewer, pair, everything)
        elif chosen := form.get("choose"):
            await desk.syncing.questions.choose([_number(str(chosen))])
        else:
            await desk.syncing.questions.leave([_number(str(id_)) for id_ in form.getall("leave", [])][:MOST_IDS])
        return shell.to(request, shell.with_query(_address(viewer, pair), did="decided"))

    return [questions, answer]


def _told(found: Sequence[QuestionStory], viewer: str, pair: str) -> dict[str, Any]:
    shown, is_one_pair = found[:QUESTIONS], pair.count(",") == 1
    return {
        "questions": shown,
        "names": run_words.between(pair) if is_one_pair else "",
        "winners": [(name, words.name(name)) for name in pair.split(",")] if is_one_pair else [],
        "values": any(one.action in ("rate", "retime") for one in shown),
        "removals": any(one.action in ("remove", "unrate") for one in shown),
        "next": _address(viewer, pair, shown[-1].id) if len(found) > QUESTIONS else "",
    }


async def _answer_all(desk: Desk, viewer: str, pair: str, answer: str) -> None:
    asked = desk.syncing.questions
    if answer in ("remove", "keep"):
        await (asked.remove_all if answer == "remove" else asked.keep_all)(viewer, pair)
    elif answer in pair.split(","):
        await asked.all_to(viewer, pair, answer)
    else:
        raise ClientException("That is no answer to these questions; go back and press one of the buttons.")


def _number(text: str) -> int:
    found = ids.number(text, "a")
    if found is None:
        raise ClientException("That is no answer to this question; go back and press one of its buttons.")
    return found


def _address(viewer: str, pair: str, after: str = "") -> str:
    return run_words.address("sync/questions", {"viewer": viewer, "pair": pair, "after": after})

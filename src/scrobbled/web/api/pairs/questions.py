"""``/api/v1/questions``: what runs of pairs leave to decide."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.desk.pairs.questions import QuestionStory

MOST = 100


class QuestionPage(Struct, frozen=True):
    """Oldest first. ``next`` is what to pass as ``after`` for the page after this one."""

    questions: list[QuestionStory]
    next: str | None


class QuestionAnswers(Struct, frozen=True, forbid_unknown_fields=True):
    """``choose`` are ways to carry out, ``leave`` those of questions that are to stay as they are; ids like ``a12``."""

    choose: list[str] = []
    leave: list[str] = []


class AnswerToAll(Struct, frozen=True, forbid_unknown_fields=True):
    """For all questions of a pair: ``winner`` is the tracker whose values are to stand, ``removals`` what is to become
    of what is gone from one side: ``remove`` or ``keep``. Say one of the two."""

    viewer: str
    pair: str
    winner: str = ""
    removals: str = ""


class AnsweredCount(Struct, frozen=True):
    """How many questions, or ways of them, it applied to."""

    count: int


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/questions", summary="What runs of pairs leave to decide, oldest first")
    async def questions(
        viewer: FromQuery[str | None] = None,
        pair: FromQuery[str | None] = None,
        after: FromQuery[str] = "",
        limit: FromQuery[int] = 20,
    ) -> QuestionPage:
        size = max(1, min(limit, MOST))
        start = _number(after) if after else 0
        found = await desk.syncing.questions.listing(viewer=viewer, pair=pair, after=start, limit=size)
        return QuestionPage(found, found[-1].id if len(found) == size else None)

    @post("/questions/answer", summary="Choose a way for each of these questions, or leave them", status_code=200)
    async def answer(data: JSONBody[QuestionAnswers]) -> AnsweredCount:
        chosen, left = [_number(id_) for id_ in data.choose], [_number(id_) for id_ in data.leave]
        count = await desk.syncing.questions.choose(chosen) if chosen else 0
        return AnsweredCount(count + (await desk.syncing.questions.leave(left) if left else 0))

    @post("/questions/answer-all", summary="One answer for all questions of a pair", status_code=200)
    async def answer_all(data: JSONBody[AnswerToAll]) -> AnsweredCount:
        if bool(data.winner) == bool(data.removals) or data.removals not in ("", "remove", "keep"):
            raise ClientException("Say whose values are to stand as winner, or remove or keep as removals.")
        if data.winner and data.winner not in data.pair.split(","):
            raise ClientException(f"{data.winner[:40]} is not one of the two: {data.pair[:80]}.")
        whose, asked = (data.viewer, data.pair), desk.syncing.questions
        if data.winner:
            return AnsweredCount(await asked.all_to(*whose, data.winner))
        return AnsweredCount(await (asked.remove_all if data.removals == "remove" else asked.keep_all)(*whose))

    return [questions, answer, answer_all]


def _number(text: str) -> int:
    found = ids.number(text, "a")
    if found is None:
        raise ClientException(f"{text[:40]} is not an ID; it should look like a12.")
    return found

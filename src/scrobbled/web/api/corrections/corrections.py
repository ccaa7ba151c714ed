"""``/api/v1/corrections``: what the owner says an item is."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.desk.corrections.correct import Changed, CorrectionStory, Trial
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids


class NewCorrection(TypedCorrection, frozen=True, forbid_unknown_fields=True):
    """The same words as ``scrobbled map set``: ``what`` is a title, an id like ``tvdb:445566``, or ``c12`` or ``p7``.

    ``to`` is like ``tmdb:202020`` or the address of a page; ``episodes`` like "13-24".
    """


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/corrections", summary="Every correction, oldest first")
    async def corrections() -> list[CorrectionStory]:
        return await desk.corrections()

    @post("/corrections", summary="Say what an item is; what waited for it is looked up anew", status_code=201)
    async def add(data: JSONBody[NewCorrection]) -> Changed:
        return await desk.correct(data)

    @delete("/corrections/{correction_id:str}", summary="Take a correction back", status_code=200)
    async def remove(correction_id: FromPath[str]) -> Changed:
        number = ids.number(correction_id, "m")
        if number is None:
            raise ClientException(f"{correction_id[:40]} is not an ID; it should look like m12.")
        removed = await desk.uncorrect(number)
        if removed is None:
            raise NotFoundException(f"There is no correction {correction_id}.")
        return removed

    return [corrections, add, remove, _trial(desk)]


def _trial(desk: Desk) -> HTTPRouteHandler:
    @get("/corrections/test", summary="What would happen to an item at each tracker; sends nothing")
    async def trial(
        what: FromQuery[str],
        season: FromQuery[int | None] = None,
        episode: FromQuery[int | None] = None,
        movie: FromQuery[bool] = False,
        absolute: FromQuery[bool] = False,
        viewer: FromQuery[str | None] = None,
    ) -> list[Trial]:
        return await desk.try_item(what, season, episode, viewer, movie=movie, absolute=absolute)

    return trial

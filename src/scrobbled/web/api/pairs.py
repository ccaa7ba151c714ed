"""``/api/v1/pairs`` and ``/api/v1/runs``: trackers that are kept in agreement, and what was done for that."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from scrobbled import summary
from scrobbled.core.errors import ConfigError
from scrobbled.pair_stories import PairStory, RunStory
from scrobbled.reconcile import Options
from scrobbled.web.desk import Desk

MOST_RUNS = 200


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """The same words as ``scrobbled sync``; ``plan`` is the id of the plan that somebody says yes to."""

    viewer: str
    pair: str
    kinds: list[str] = []
    direction: str = ""
    conflict: str = ""
    plan: str = ""
    full: bool = False


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/pairs", summary="Every pair: what both sides hold, the last run and the next")
    async def pairs() -> list[PairStory]:
        return await desk.pairs()

    @post("/sync", summary="Reconcile a pair now; answers at once with the run to follow", status_code=202)
    async def sync(data: JSONBody[Wish]) -> RunStory:
        options = Options(tuple(data.kinds), data.direction, data.conflict, data.plan, data.full)
        try:
            run = await desk.sync(data.viewer, data.pair, options)
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None
        if run is None:
            raise NotFoundException(f"{data.viewer[:40]} has no pair {data.pair[:40]} that can be reconciled.")
        return run

    @get("/runs", summary="Runs, newest first; pass the last id as before for more")
    async def runs(before: FromQuery[str | None] = None, limit: FromQuery[int] = 50) -> list[RunStory]:
        return await desk.runs(None if before is None else _number(before), max(1, min(limit, MOST_RUNS)))

    @get("/runs/{run_id:str}", summary="One run, and how far its changes have come")
    async def run(run_id: FromPath[str]) -> RunStory:
        found = await desk.run(_number(run_id))
        if found is None:
            raise NotFoundException(f"There is no run {run_id}.")
        return found

    return [pairs, sync, runs, run]


def _number(text: str) -> int:
    number = summary.number(text, "r")
    if number is None:
        raise ClientException(f"{text[:40]} is no id; it should look like r12.")
    return number

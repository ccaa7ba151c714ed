"""``/api/v1/pairs``, ``/sync``, ``/previews`` and ``/runs``: what is kept in agreement, what would be and was done."""

from __future__ import annotations

from typing import TypeVar

from litestar import delete, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from scrobbled.core.errors import ConfigError
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.desk.facts.pairs import PairStory, RunStory
from scrobbled.desk.pairs.lines import RunProgress
from scrobbled.desk.pairs.pairs import GONE, Filter
from scrobbled.desk.pairs.previews import Preview
from scrobbled.reconcile import Options
from scrobbled.store.notes.shelf import LineStory
from scrobbled.store.queue.run_items import ItemFilter, ItemStory

T = TypeVar("T")
MOST_RUNS = 200
MOST_LINES = 200
NOTHING_TO_CANCEL = "Nothing of this run is under way any more, so there was nothing to cancel."


class RunRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The same words as ``scrobbled sync``; ``plan`` is the id of the plan that somebody says yes to.

    With ``dry_run`` a preview is made, and nothing is changed anywhere.
    """

    viewer: str
    pair: str
    kinds: list[str] = []
    direction: str = ""
    conflict: str = ""
    plan: str = ""
    full: bool = False
    library: str = ""
    correct_dates: bool = False
    dry_run: bool = False


class LinePage(Struct, frozen=True):
    """What a plan would do. ``next`` is what to pass as ``after`` for the page after this one."""

    lines: list[LineStory]
    next: int | None


class ItemPage(Struct, frozen=True):
    """Changes of a run. ``next`` is what to pass as ``after`` for the page after this one."""

    items: list[ItemStory]
    next: str | None


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_pairs(desk), *_previews(desk), *_runs(desk), *_doings(desk)]


def _pairs(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/pairs", summary="Every pair: what both sides hold, the last run and the next")
    async def pairs() -> list[PairStory]:
        return await desk.syncing.pairs()

    @post("/sync", summary="Reconcile a pair now, or preview it; answers at once with what to follow", status_code=202)
    async def sync(data: JSONBody[RunRequest]) -> RunStory | Preview:
        if data.dry_run and data.plan:
            raise ClientException("plan carries out what a dry_run showed; say one of the two.")
        options = Options.of({name: getattr(data, name) for name in Options.__struct_fields__})
        begin = desk.syncing.preview if data.dry_run else desk.syncing.ask
        try:
            begun = await begin(data.viewer, data.pair, options)
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None
        if begun is None:
            raise NotFoundException(f"{data.viewer[:40]} has no pair {data.pair[:40]} that can be reconciled.")
        return begun

    return [pairs, sync]


def _previews(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/previews", summary="Previews that are kept, newest first")
    async def listing() -> list[Preview]:
        return desk.syncing.previews()

    @get("/previews/{preview:str}", summary="What a run would do: how far it is known, and what it comes to")
    async def shown(preview: FromPath[str]) -> Preview:
        return _there(desk.syncing.shown(preview), GONE)

    @get("/previews/{preview:str}/items", summary="What it would do one by one; pass the last n as after for more")
    async def lines(
        preview: FromPath[str],
        tracker: FromQuery[str] = "",
        action: FromQuery[str] = "",
        after: FromQuery[int] = 0,
        limit: FromQuery[int] = 50,
    ) -> LinePage:
        _there(desk.syncing.shown(preview), GONE)
        size = max(1, min(limit, MOST_LINES))
        found = await desk.syncing.lines(preview, tracker=tracker, action=action, after=max(0, after), limit=size)
        return LinePage(found, found[-1].n if len(found) == size else None)

    @post("/previews/{preview:str}/apply", summary="Carry out exactly this plan, or nothing", status_code=202)
    async def apply(preview: FromPath[str]) -> RunStory:
        try:
            return _there(await desk.syncing.apply(preview), GONE)
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None

    @delete("/previews/{preview:str}", summary="Forget a preview; one that is being made ends", status_code=204)
    async def forget(preview: FromPath[str]) -> None:
        if not desk.syncing.forget(preview):
            raise NotFoundException(GONE)

    return [listing, shown, lines, apply, forget]


def _runs(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/runs", summary="Runs, newest first; pass the last id as before for more")
    async def runs(
        before: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
        viewer: FromQuery[str] = "",
        pair: FromQuery[str] = "",
        outcome: FromQuery[str] = "",
    ) -> list[RunStory]:
        which = Filter(viewer, pair, tuple(outcome.split(",")) if outcome else ())
        last = None if before is None else number(before)
        return await desk.syncing.runs(last, max(1, min(limit, MOST_RUNS)), which)

    @get("/runs/{run_id:str}", summary="One run, and how far its changes have come")
    async def run(run_id: FromPath[str]) -> RunStory:
        return _there(await desk.syncing.run(number(run_id)), _no_run(run_id))

    @get("/runs/{run_id:str}/progress", summary="A run with what it comes to at each tracker, and the time left")
    async def progress(run_id: FromPath[str]) -> RunProgress:
        return _there(await desk.syncing.progress(number(run_id)), _no_run(run_id))

    @get("/runs/{run_id:str}/items", summary="The changes of a run one by one; pass the last id as after for more")
    async def items(
        run_id: FromPath[str],
        tracker: FromQuery[str] = "",
        outcome: FromQuery[str] = "",
        action: FromQuery[str] = "",
        kind: FromQuery[str] = "",
        after: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> ItemPage:
        _there(await desk.syncing.run(number(run_id)), _no_run(run_id))
        size, start = max(1, min(limit, MOST_LINES)), item_id(after)
        picked = ItemFilter(tracker, outcome, (action,) if action else (), kind)
        found = await desk.syncing.items(number(run_id), picked, start, size)
        return ItemPage(found, found[-1].id if len(found) == size else None)

    return [runs, run, progress, items]


def _doings(desk: Desk) -> list[HTTPRouteHandler]:
    @post(
        "/runs/{run_id:str}/cancel",
        summary="End a run now: what was written stays, the rest leaves the queue",
        status_code=200,
    )
    async def cancel(run_id: FromPath[str]) -> RunStory:
        run, done = _there(await desk.syncing.cancel(number(run_id)), _no_run(run_id))
        if not done:
            raise ClientException(NOTHING_TO_CANCEL, status_code=409)
        return run

    return [cancel]


def number(text: str) -> int:
    """The number of a run; raises a 400."""
    found = ids.number(text, "r")
    if found is None:
        raise ClientException(f"{text[:40]} is not an ID; it should look like r12.")
    return found


def item_id(text: str) -> str:
    """Of a change of a run, or empty; raises a 400."""
    if text and (text[0] not in "ca" or ids.number(text, text[0]) is None):
        raise ClientException(f"{text[:40]} is not an ID; it should look like c12 or a7.")
    return text


def _there(found: T | None, missing: str) -> T:
    if found is None:
        raise NotFoundException(missing)
    return found


def _no_run(run_id: str) -> str:
    return f"There is no run {run_id[:20]}."

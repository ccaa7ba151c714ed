"""Runs of pairs: the list of them, one with its changes, cancelling it, and taking it back."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.core.kinds import actions_of
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import run_words
from scrobbled.desk.facts.pairs import RunStory
from scrobbled.desk.pairs.lines import RunProgress
from scrobbled.desk.pairs.pairs import Filter
from scrobbled.reconcile import Options
from scrobbled.store.queue.run_items import ItemFilter
from scrobbled.web.api.pairs.pairs import item_id, number
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.pairs import plans, runs, takebacks
from scrobbled.web.view.pairs.run_kinds import DOES, LEFT

ROWS = 30
ITEMS = 50
OUTCOMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "changes": ("With changes", ("", "done", "incomplete", "approval", "cancelled")),
    "trouble": ("In trouble", ("failed", "refused", "incomplete")),
    "nothing": ("Nothing to do", ("nothing",)),
}


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_listing(desk), *_one(desk), *_taking_back(desk)]


def _listing(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/runs")
    async def listing(
        request: AnyRequest,
        viewer: FromQuery[str] = "",
        pair: FromQuery[str] = "",
        outcome: FromQuery[str] = "",
        before: FromQuery[str] = "",
    ) -> Template:
        last = number(before) if before else None
        which = Filter(viewer[:64], pair[:80], OUTCOMES.get(outcome, OUTCOMES[""])[1])
        found = await desk.syncing.runs(last, ROWS + 1, which)
        chosen = {"viewer": which.viewer, "pair": which.pair, "outcome": outcome if outcome in OUTCOMES else ""}
        context: dict[str, Any] = {
            "runs": runs.rows(found[:ROWS], await desk.syncing.pairs()),
            "next": _address({**chosen, "before": found[ROWS - 1].id}) if len(found) > ROWS else "",
            "is_newest": last is None,
            "newest": _address(chosen),
            "outcomes": [
                (_address({**chosen, "outcome": key}), label, key == chosen["outcome"])
                for key, (label, _) in OUTCOMES.items()
            ],
            "pairs": _pairs(desk, chosen),
            "filtered": any(chosen.values()),
        }
        return await shell.page(request, desk, "pairs/runs.html", place="sync", **context)

    return [listing]


def _pairs(desk: Desk, chosen: dict[str, str]) -> list[tuple[str, str, bool]]:
    """Links to the runs of each pair, where there are several."""
    found = [
        {"viewer": viewer.name, "pair": ",".join(pair.between)}
        for viewer in desk.config.viewers
        for pair in viewer.pairs
    ]
    if len(found) < 2:
        return []
    links = [(_address({**chosen, "viewer": "", "pair": ""}), "Every pair", not chosen["pair"])]
    return links + [
        (
            _address({**chosen, **one}),
            f"{one['viewer']}: {run_words.between(one['pair'])}",
            (chosen["viewer"], chosen["pair"]) == (one["viewer"], one["pair"]),
        )
        for one in found
    ]


def _one(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/runs/{run_id:str}")
    async def run(
        request: AnyRequest,
        run_id: FromPath[str],
        tracker: FromQuery[str] = "",
        outcome: FromQuery[str] = "",
        kind: FromQuery[str] = "",
        does: FromQuery[str] = "",
        after: FromQuery[str] = "",
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        found, now = await _there(desk, run_id), desk.now()
        chosen = {"tracker": tracker[:64], "outcome": outcome[:16], "kind": kind[:16], "does": does[:16]}
        picked = _picked(**chosen)
        items = await desk.syncing.items(number(run_id), picked, item_id(after), ITEMS + 1)
        place = f"sync/runs/{found.run.id}"
        context: dict[str, Any] = {
            "run": found.run,
            "page": runs.page(found, await _carrying_out(desk, found), now, is_last=await _is_last(desk, found)),
            "parts": plans.parts(found.run.outline, now) if found.run.outline else [],
            "items": items[:ITEMS],
            "next": run_words.address(place, {**chosen, "after": items[ITEMS - 1].id}) if len(items) > ITEMS else "",
            "start": run_words.address(place, chosen),
            "after": after,
            "options": run_words.fields(Options.of(found.run.options)),
            **chosen,
        }
        template = "pairs/run_parts.html" if fragment else "pairs/run.html"
        return await shell.page(request, desk, template, place="sync", **context)

    @post("/sync/runs/{run_id:str}/cancel")
    async def cancel(request: AnyRequest, run_id: FromPath[str]) -> Redirect:
        found = await desk.syncing.cancel(number(run_id))
        if found is None:
            raise NotFoundException(f"There is no run {run_id[:20]}.")
        run, done = found
        return shell.to(request, f"sync/runs/{run.id}?did={'cancelled' if done else 'over'}")

    return [run, cancel]


def _picked(tracker: str, outcome: str, kind: str, does: str) -> ItemFilter:
    """``does`` is ``added``, ``changed`` or ``removed``, of what arrived, or ``left``."""
    if does not in DOES:
        return ItemFilter(tracker, outcome, kind=kind)
    if does == LEFT:
        return ItemFilter(tracker, kind=kind, left=True)
    return ItemFilter(tracker, "delivered", actions_of(kind, does), kind)


def _taking_back(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/runs/{run_id:str}/undo")
    async def look(request: AnyRequest, run_id: FromPath[str]) -> Template:
        found = await _there(desk, run_id)
        report = await desk.syncing.weigh(number(run_id))
        page = takebacks.page(found, report)
        return await shell.page(request, desk, "pairs/undo.html", place="sync", run=found.run, page=page)

    @post("/sync/runs/{run_id:str}/undo")
    async def undo(request: AnyRequest, run_id: FromPath[str]) -> Redirect:
        found = await _there(desk, run_id)
        await desk.syncing.take_back(number(run_id))
        return shell.to(request, f"sync/runs/{found.run.id}?did=takenback")

    return [look, undo]


async def _carrying_out(desk: Desk, found: RunProgress) -> RunStory | None:
    """The run that does what this one has only planned."""
    run = found.run
    return await desk.syncing.carrying_out(run.viewer, run.pair, run.plan_id) if run.outcome == "approval" else None


async def _is_last(desk: Desk, found: RunProgress) -> bool:
    """Of its pair; nobody asks of one that wants nothing."""
    if found.run.outcome != "approval":
        return True
    return any(pair.last is not None and pair.last.id == found.run.id for pair in await desk.syncing.pairs())


async def _there(desk: Desk, run_id: str) -> RunProgress:
    found = await desk.syncing.progress(number(run_id))
    if found is None:
        raise NotFoundException(f"There is no run {run_id[:20]}.")
    return found


def _address(query: dict[str, str]) -> str:
    return run_words.address("sync/runs", query)

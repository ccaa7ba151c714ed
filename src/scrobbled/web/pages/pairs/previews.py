"""A preview of what a run would do: while it is made, as a plan that reads like a diff, and the yes to it."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import run_words
from scrobbled.desk.facts.pairs import RunStory
from scrobbled.desk.pairs.pairs import GONE
from scrobbled.desk.pairs.previews import Preview
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.pairs import plans

LINES = 50


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/previews/{preview:str}")
    async def preview(
        request: AnyRequest,
        preview: FromPath[str],
        tracker: FromQuery[str] = "",
        action: FromQuery[str] = "",
        after: FromQuery[str] = "",
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        plan = desk.syncing.shown(preview)
        if plan is None:
            return await _gone(request, desk)
        chosen = {"tracker": tracker[:64], "action": action[:16]}
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else 0
        context = {**await _told(desk, plan), **await _lines(desk, plan, chosen, start), **chosen}
        template = "pairs/plan.html" if fragment else "pairs/preview.html"
        return await shell.page(request, desk, template, place="sync", **context)

    @post("/sync/previews/{preview:str}")
    async def decide(request: AnyRequest, preview: FromPath[str]) -> Redirect | Template:
        """Carry exactly this plan out, or forget it."""
        form = await forms.form(request)
        if form.get("do") == "forget":
            desk.syncing.forget(preview)
            return shell.to(request, "sync")
        run = await _applied(desk, preview)
        return await _gone(request, desk) if run is None else shell.to(request, f"sync/runs/{run.id}")

    return [preview, decide]


async def _gone(request: AnyRequest, desk: Desk) -> Template:
    return await shell.page(request, desk, "pairs/gone.html", place="sync", status=404, text=GONE)


async def _told(desk: Desk, plan: Preview) -> dict[str, Any]:
    """What it comes to, and what was done with it."""
    coming = await _coming(desk, plan)
    ran = await desk.syncing.carrying_out(plan.viewer, plan.pair, plan.plan_id)
    return {
        "plan": plan,
        "page": plans.page(plan, desk.now(), coming, ran),
        "ran": ran,
        "asking": await desk.syncing.questions.listing(viewer=plan.viewer, pair=plan.pair, limit=1),
        "options": run_words.fields(plan.options),
    }


async def _coming(desk: Desk, plan: Preview) -> dict[str, int]:
    """How many changes are on their way to either side."""
    whose = (plan.viewer, plan.pair)
    return next((one.waiting for one in await desk.syncing.pairs() if (one.viewer, one.pair) == whose), {})


async def _lines(desk: Desk, plan: Preview, chosen: dict[str, str], after: int) -> dict[str, Any]:
    found = await desk.syncing.lines(plan.id, **chosen, after=after, limit=LINES + 1)
    return {
        "lines": found[:LINES],
        "next": found[LINES - 1].n if len(found) > LINES else None,
        "after": after,
    }


async def _applied(desk: Desk, preview: str) -> RunStory | None:
    try:
        return await desk.syncing.apply(preview)
    except ConfigError as error:
        raise ClientException(" ".join(error.problems)) from None

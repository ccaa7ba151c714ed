"""Pairs: what both sides hold, a preview of what a run would do, and the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError
from scrobbled.pair_stories import PairStory
from scrobbled.previews import Preview
from scrobbled.reconcile import Options
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.syncing import GONE, Filter
from scrobbled.web.view import plans, runs, sync

Asked = Request[Any, Any, Any]
NEWEST = 6
LINES = 50
TELLING = ("", "done", "approval", "refused", "cancelled", "failed")
"""Outcomes of runs that did, or wanted to do, something."""
NO_KIND = "Choose what the run is about: plays, ratings or both. Go back and tick one."


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_place(desk), *_previews(desk)]


def _place(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync")
    async def place(request: Asked, fragment: FromQuery[str | None] = None) -> Template:
        found, now = await desk.syncing.pairs(), desk.now()
        accounts = await desk.syncing.accounts()
        cards = [sync.card(one, [a for a in accounts if a.viewer == one.viewer], now) for one in found]
        newest = await desk.syncing.runs(None, NEWEST, Filter(outcomes=TELLING)) if found else []
        context: dict[str, Any] = {
            "headline": sync.headline(cards),
            "cards": cards,
            "newest": [runs.row(run, now) for run in newest],
            "limit": desk.config.safety.max_writes_per_hour,
            "people": [viewer for viewer in desk.config.viewers if len(viewer.trackers) > 1 and not viewer.pairs],
        }
        template = "sync_pairs.html" if fragment else "sync.html"
        return await shell.page(request, desk, template, place="sync", **context)

    @post("/sync/ask")
    async def ask(request: Asked) -> Redirect:
        """A preview, a run, or a run that carries out a plan."""
        form = await forms.form(request)
        viewer, pair = str(form.get("viewer", "")), str(form.get("pair", ""))
        options = _options(form, await desk.syncing.pairs())
        previews = form.get("do") == "preview"
        try:
            begun = await (desk.syncing.preview if previews else desk.syncing.ask)(viewer, pair, options)
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None
        if begun is None:
            raise NotFoundException(f"{viewer[:40]} has no pair {pair[:40]} that can be compared.")
        return shell.to(request, f"sync/{'previews' if previews else 'runs'}/{begun.id}")

    return [place, ask]


def _previews(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync/previews/{preview:str}")
    async def preview(
        request: Asked,
        preview: FromPath[str],
        tracker: FromQuery[str] = "",
        action: FromQuery[str] = "",
        after: FromQuery[str] = "",
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        plan, now = desk.syncing.shown(preview), desk.now()
        if plan is None:
            raise NotFoundException(GONE)
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else 0
        chosen: dict[str, Any] = {"tracker": tracker[:64], "action": action[:16]}
        found = await desk.syncing.lines(plan.id, **chosen, after=start, limit=LINES + 1)
        context: dict[str, Any] = {
            "plan": plans.page(plan, now, await _coming(desk, plan)),
            "lines": [plans.line(line, now) for line in found[:LINES]],
            "next": found[LINES - 1].n if len(found) > LINES else None,
            "after": start,
            "asking": await desk.syncing.questions.listing(viewer=plan.viewer, pair=plan.pair, limit=1),
            "options": _fields(plan.options),
            **chosen,
        }
        template = "sync_plan.html" if fragment else "sync_preview.html"
        return await shell.page(request, desk, template, place="sync", **context)

    @post("/sync/previews/{preview:str}")
    async def decide(request: Asked, preview: FromPath[str]) -> Redirect:
        """Carry exactly this plan out, or forget it."""
        form = await forms.form(request)
        if form.get("do") == "forget":
            desk.syncing.forget(preview)
            return shell.to(request, "sync")
        try:
            run = await desk.syncing.apply(preview)
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None
        if run is None:
            raise NotFoundException(GONE)
        return shell.to(request, f"sync/runs/{run.id}")

    return [preview, decide]


async def _coming(desk: Desk, plan: Preview) -> dict[str, int]:
    """How many changes are on their way to either side."""
    whose = (plan.viewer, plan.pair)
    return next((one.waiting for one in await desk.syncing.pairs() if (one.viewer, one.pair) == whose), {})


def _options(form: FormMultiDict, pairs: Sequence[PairStory]) -> Options:
    """What the form wants other than the configuration says. Raises a 400 where it wants nothing at all."""
    kinds = tuple(str(kind) for kind in form.getall("kind", []))
    usual = next((tuple(one.kinds) for one in pairs if (one.viewer, one.pair) == _whose(form)), ())
    if form.get("choose") and not kinds:
        raise ClientException(NO_KIND)
    return Options(
        kinds=() if set(kinds) == set(usual) else kinds,
        direction=str(form.get("direction", ""))[:120],
        conflict=str(form.get("conflict", ""))[:60],
        plan=str(form.get("plan", ""))[:40].strip(),
        full=form.get("full") == "yes",
    )


def _whose(form: FormMultiDict) -> tuple[str, str]:
    return str(form.get("viewer", "")), str(form.get("pair", ""))


def _fields(options: Options) -> list[tuple[str, str]]:
    """The same wish once more, as fields of a form."""
    told = [("direction", options.direction), ("conflict", options.conflict), ("full", "yes" if options.full else "")]
    return [("kind", kind) for kind in options.kinds] + [(name, value) for name, value in told if value]

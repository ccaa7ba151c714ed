"""Pairs: what both sides hold, what goes which way, and what can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.pairs import PairStory
from scrobbled.desk.pairs.pairs import Filter
from scrobbled.reconcile import Options
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.pairs import pairs as sync
from scrobbled.web.view.pairs import runs

NEWEST = 6
TELLING = ("", "done", "incomplete", "approval", "refused", "cancelled", "failed")
"""Outcomes of runs that did, or wanted to do, something."""
NO_KIND = "Choose what the run is about: go back and tick at least one kind."


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sync")
    async def place(request: AnyRequest, fragment: FromQuery[str | None] = None) -> Template:
        found, now = await desk.syncing.pairs(), desk.now()
        accounts, previews = await desk.syncing.accounts(), desk.syncing.previews()
        people = {viewer.name: at for at, viewer in enumerate(desk.config.viewers)}
        cards = [sync.card(one, accounts, previews, people.get(one.viewer, 0), now) for one in found]
        newest = await desk.syncing.runs(None, NEWEST, Filter(outcomes=TELLING)) if found else []
        context: dict[str, Any] = {
            "headline": sync.headline(found),
            "cards": cards,
            "newest": runs.rows(newest, found),
            "limit": desk.config.safety.max_writes_per_hour,
            "lone": sync.lone(desk.config.viewers),
            "connect": "start/trackers",
        }
        template = "pairs/pairs_parts.html" if fragment else "pairs/pairs.html"
        return await shell.page(request, desk, template, place="sync", **context)

    @post("/sync/ask")
    async def ask(request: AnyRequest) -> Redirect:
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

    @post("/sync/switch-on")
    async def switch_on(request: AnyRequest) -> Redirect:
        """Plays and ratings both ways, for a pair of which nothing is on."""
        form = await forms.form(request)
        try:
            done = await desk.syncing.switch_on(
                str(form.get("viewer", "")), str(form.get("pair", "")), desk.settings, request.state.caller
            )
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None
        if done is None:
            raise NotFoundException("There is no such pair of which nothing is switched on.")
        return shell.to(request, f"sync?did={done.did}")

    @post("/sync/pair")
    async def keep_in_step(request: AnyRequest) -> Redirect:
        """Yes to the question whether two trackers of somebody are to be compared."""
        form = await forms.form(request)
        viewer, pair = _whose(form)
        a, _, b = pair.partition(",")
        try:
            await desk.guided.beginning.add_pair(viewer, (a, b))
        except (ConfigError, NotWritten) as error:
            raise ClientException(str(error)) from None
        return shell.to(request, "sync")

    return [place, ask, switch_on, keep_in_step]


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
        library=str(form.get("library", ""))[:200].strip(),
        correct_dates=form.get("correct_dates") == "yes",
    )


def _whose(form: FormMultiDict) -> tuple[str, str]:
    return str(form.get("viewer", "")), str(form.get("pair", ""))

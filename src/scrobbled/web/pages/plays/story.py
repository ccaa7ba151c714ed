"""The story of a play or a message, as a page and as what the wall opens in a sheet; and taking a play back."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.story import Explanation
from scrobbled.desk.undo import UndoRequest
from scrobbled.runtime.service import Runtime
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.plays import history as wall
from scrobbled.web.view.plays import story as view

WALL = "history"
PAGE = "page"
"""The fragment by which a page keeps itself fresh: what it has in its frame, where others are what a sheet shows."""


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    """With ``fragment`` a page has no frame, and what is pressed on it leads back to such a one."""

    @get("/plays/{play_id:str}")
    async def play(
        request: AnyRequest, play_id: FromPath[str], back: FromQuery[str] = WALL, fragment: FromQuery[str | None] = None
    ) -> Template:
        return await _story(runtime, desk, request, play_id, "p", back, fragment)

    @get("/events/{event_id:str}")
    async def event(
        request: AnyRequest,
        event_id: FromPath[str],
        back: FromQuery[str] = WALL,
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        return await _story(runtime, desk, request, event_id, "e", back, fragment)

    return [play, event, *_undo(desk), _tile(runtime, desk)]


def _undo(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/plays/{play_id:str}/undo")
    async def preview(
        request: AnyRequest, play_id: FromPath[str], back: FromQuery[str] = WALL, fragment: FromQuery[str | None] = None
    ) -> Template:
        found = await _play(desk, play_id)
        report = await desk.undo(_undoing(found.id), dry_run=True)
        return await shell.page(
            request,
            desk,
            "plays/undo.html",
            place="history",
            play=found,
            where=wall.place(found),
            art=(await desk.art.of_plays([found.id]))[found.id],
            report=report,
            back=shell.way_back(back, WALL),
            fragment=bool(fragment),
        )

    @post("/plays/{play_id:str}/undo")
    async def undo(request: AnyRequest, play_id: FromPath[str]) -> Redirect:
        found, form = await _play(desk, play_id), await forms.form(request)
        report = await desk.undo(_undoing(found.id), dry_run=False)
        back = shell.way_back(str(form.get("back", "")), f"plays/{found.id}")
        return shell.to(request, shell.with_query(back, did="undo", count=len(report.plays)))

    return [preview, undo]


def _tile(runtime: Runtime, desk: Desk) -> HTTPRouteHandler:
    @get("/plays/{play_id:str}/tile")
    async def tile(request: AnyRequest, play_id: FromPath[str], back: FromQuery[str] = WALL) -> Template:
        """A play as it stands on the wall now."""
        found, choices = await _play(desk, play_id), await desk.history.choices()
        art = (await desk.art.of_plays([found.id]))[found.id]
        now = desk.now()
        shown = wall.tile(found, art, now, names_viewer=len(choices.viewers) > 1)
        here = shell.way_back(back, WALL)
        return shell.bare(request, "plays/tile.html", tile=shown, back=here)

    return tile


async def _story(
    runtime: Runtime, desk: Desk, request: AnyRequest, asked: str, letter: str, back: str, fragment: str | None
) -> Template:
    told_of = await _explained(desk, asked if asked.startswith(letter) else "")
    play = await _play(desk, told_of.play_id) if told_of.play_id else None
    art = (await desk.art.of_plays([play.id]))[play.id] if play else ""
    here = desk.now()
    return await shell.page(
        request,
        desk,
        "plays/story.html",
        place="history",
        story=view.story(told_of, play, here),
        art=art,
        back=shell.way_back(back, WALL),
        fragment=bool(fragment) and fragment != PAGE,
        afresh=fragment == PAGE,
    )


async def _explained(desk: Desk, asked: str) -> Explanation:
    try:
        return await desk.explain(asked)
    except (ValueError, NotThere) as error:
        raise NotFoundException(str(error)) from None


async def _play(desk: Desk, asked: str) -> PlayStory:
    number = ids.number(asked, "p") if asked.startswith("p") else None
    found = None if number is None else await desk.history.play(number)
    if found is None:
        raise NotFoundException(f"There is no play {asked[:40]}.")
    return found


def _undoing(play_id: str) -> UndoRequest:
    return UndoRequest((int(play_id[1:]),))

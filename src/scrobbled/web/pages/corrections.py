"""Saying what a title really is: look for it, see what saving would do, save it; and all corrections there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from litestar import get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect, Template

from scrobbled.core.errors import BadCorrection
from scrobbled.core.naming.titles import TitleKind
from scrobbled.desk import words
from scrobbled.desk.corrections.outlook import CorrectionSubject
from scrobbled.desk.corrections.search import SearchResult, SearchResults, TooMany
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.corrections import corrections as correcting
from scrobbled.web.view.corrections import filling_in
from scrobbled.web.view.corrections.filling_in import CorrectionForm


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/correct/{about:str}")
    async def choose(request: AnyRequest, about: FromPath[str]) -> Template:
        return await _page(request, desk, await _subject(desk, about), f"correct/{about}", request.query_params)

    @get("/correct")
    async def by_title(request: AnyRequest) -> Template:
        given = request.query_params
        what, kind = str(given.get("what", "")).strip(), "movie" if given.get("of") == "movie" else "show"
        subject = desk.choosing.typed(what, cast(TitleKind, kind)) if what else None
        if subject is None:
            return await shell.page(request, desk, "corrections/title.html", place="more")
        return await _page(request, desk, subject, "correct", given)

    @post("/correct")
    async def save(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        given = {name: str(value) for name, value in form.items()}
        about, what = given.get("about", ""), given.get("what", "")
        of: Literal["movie", "show"] = "movie" if given.get("of") == "movie" else "show"
        subject = await _subject(desk, about) if about else desk.choosing.typed(what, of)
        asked = filling_in.fields(given, subject)
        try:
            wish = filling_in.wish(subject, asked, ignore=given.get("ignore") == "yes")
            saved = await desk.choosing.save(wish, move=given.get("move") == "yes")
        except (BadCorrection, ValueError) as error:
            raise ClientException(filling_in.advice(error)) from None
        waiting = len({play.play_id for play in saved.changed.waiting}) + saved.moved
        back = shell.way_back(given.get("back"), "needs")
        return shell.to(request, shell.with_query(back, did="corrected", count=waiting))

    return [choose, by_title, save, *_listing(desk)]


def _listing(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/corrections")
    async def corrections(request: AnyRequest) -> Template:
        found = list(reversed(await desk.corrections()))
        pictures = {
            one.id: desk.art.of_tmdb("movie" if one.to == "movie" else "show", one.to_tmdb, one.title)
            for one in found
            if one.to_tmdb is not None
        }
        context: dict[str, Any] = {"corrections": [(one, pictures.get(one.id, "")) for one in found]}
        return await shell.page(request, desk, "corrections/corrections.html", place="more", **context)

    @post("/corrections")
    async def remove(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        id_ = ids.number(str(form.get("id", "")), "m")
        if id_ is None:
            raise ClientException("This form is not complete; go back and press the button again.")
        await desk.uncorrect(id_)
        return shell.to(request, shell.with_query("corrections", did="uncorrected"))

    return [corrections, remove]


async def _subject(desk: Desk, about: str) -> CorrectionSubject:
    found = await desk.choosing.subject(about)
    if found is None:
        raise NotFoundException(f"There is no {about[:20]} any more. Go back to what needs you.")
    return found


async def _page(
    request: AnyRequest, desk: Desk, subject: CorrectionSubject, path: str, given: Mapping[str, str]
) -> Template:
    """The same page for every step: what is filled in decides how far it goes."""
    asked = filling_in.fields(given, subject)
    context = {
        "subject": subject,
        "fields": asked,
        "path": path,
        "up": "corrections" if path == "correct" else f"plays/{subject.id}" if subject.id.startswith("p") else "needs",
        "typed": given.get("what", "") if path == "correct" else "",
        "of": given.get("of", ""),
        "suggestions": correcting.suggestions(subject, asked),
        "trackers": words.joined([words.name(name) for name in subject.trackers]) if subject.trackers else "",
        "source": words.name(subject.source) if subject.source else "",
        "delivered": [words.name(name) for name, state in subject.outcomes.items() if state == "delivered"],
        **await _chosen(desk, subject, asked),
    }
    return await shell.page(request, desk, "corrections/correct.html", place="needs", **context)


async def _chosen(desk: Desk, subject: CorrectionSubject, asked: CorrectionForm) -> dict[str, Any]:
    found, trouble, instead = await _found(desk, subject, asked)
    word, _, number = asked.to.partition(":")
    kind: TitleKind = "movie" if word == "movie" else "show"
    tmdb = int(number) if word == kind and number.isdecimal() and len(number) < 11 else None
    sizes = await desk.choosing.sizes(subject, tmdb if kind == "show" else None)
    chosen = next((one for one in found.results if (one.kind, one.tmdb) == (kind, tmdb)), None)
    name = chosen.title if chosen else ""
    outlook, error = await _outlook(desk, subject, asked, name)
    cards = correcting.results(found.results, asked, sizes)
    silent = {one.service: (words.name(one.service), one.reason) for one in (*found.silent, *sizes.silent)}
    return {
        "results": [(card, one.title, _art(desk, one)) for card, one in zip(cards, found.results, strict=True)],
        "silent": list(silent.values()),
        "trouble": trouble,
        "instead": instead,
        "table": correcting.table(sizes, subject.source),
        "outlook": outlook,
        "error": error,
        "chosen": name,
        "chosen_year": chosen.year if chosen else None,
        "chosen_tmdb": tmdb,
        "named": name or asked.q,
        "chosen_art": "" if tmdb is None else desk.art.of_tmdb(kind, tmdb, name),
        "title": filling_in.title_of(subject.item),
        "home_art": (await desk.art.of_plays([f"p{subject.play}"])).get(f"p{subject.play}", "") if subject.play else "",
    }


async def _found(desk: Desk, subject: CorrectionSubject, asked: CorrectionForm) -> tuple[SearchResults, str, str]:
    """What is called so, and why nobody was asked. A name that was typed wrong is looked for as it is called elsewhere
    here; that name comes last.
    """
    kind, whom, year = cast(TitleKind, asked.kind), subject.viewer or None, filling_in.year(asked)
    try:
        found = await desk.choosing.titles(asked.q, year, kind, whom)
        if found.results or found.silent or asked.q != filling_in.title_of(subject.item):
            return found, "", ""
        for other in await desk.choosing.alike(subject):
            instead = await desk.choosing.titles(other.title, None, kind, whom)
            if instead.results:
                return instead, "", other.title
        return found, "", ""
    except TooMany as error:
        return SearchResults(), str(error), ""


async def _outlook(
    desk: Desk, subject: CorrectionSubject, asked: CorrectionForm, name: str
) -> tuple[correcting.CorrectionEffect | None, str]:
    if not asked.to:
        return None, ""
    try:
        return correcting.outlook(
            await desk.choosing.foresee(filling_in.wish(subject, asked)), name, filling_in.title_of(subject.item)
        ), ""
    except (BadCorrection, ValueError) as error:
        return None, filling_in.advice(error)


def _art(desk: Desk, one: SearchResult) -> str:
    return desk.art.of_tmdb(one.kind, one.tmdb, one.title, path=one.poster)

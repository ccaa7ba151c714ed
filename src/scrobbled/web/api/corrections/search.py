"""``/api/v1/search``: looking for what a title really is, and what a correction would do before it is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from scrobbled.desk.corrections.choice import CorrectionSaved, Sizes
from scrobbled.desk.corrections.outlook import CorrectionSubject, Foreseen
from scrobbled.desk.corrections.search import SearchResults
from scrobbled.desk.desk import Desk
from scrobbled.web.api.corrections.corrections import NewCorrection


class Matched(Struct, frozen=True):
    """What a play (``p7``), change (``c12``) or amendment (``a3``) is about, and how it stands.

    ``correction`` is the one that applies now; ``outcomes`` are the play's, by tracker.
    """

    id: str
    play: str | None
    viewer: str
    source: str
    label: str
    trackers: list[str]
    reason: str
    candidates: list[Mapping[str, Any]]
    correction: str
    outcomes: Mapping[str, str]
    sizes: Sizes


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/search", summary="Titles in every catalogue that is configured; those that are silent are named")
    async def search(
        q: FromQuery[str],
        kind: FromQuery[Literal["show", "movie"]] = "show",
        year: FromQuery[int | None] = None,
        viewer: FromQuery[str | None] = None,
    ) -> SearchResults:
        return await desk.choosing.titles(q, year, kind, viewer)

    @get("/matches/{about:str}", summary="What something is about, and how large it is on both sides")
    async def match(about: FromPath[str], tmdb: FromQuery[int | None] = None) -> Matched:
        """``tmdb`` is the TMDB id of a show to compare with."""
        found = await desk.choosing.subject(about)
        if found is None:
            raise NotFoundException(f"There is no {about[:20]}.")
        return _matched(found, await desk.choosing.sizes(found, tmdb))

    return [search, match, *_saving(desk)]


def _saving(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/corrections/preview", summary="What a correction would do; nothing is done", status_code=200)
    async def preview(data: JSONBody[NewCorrection]) -> Foreseen:
        return await desk.choosing.foresee(data)

    @post(
        "/corrections/moving",
        summary="Set a correction, and have what was delivered elsewhere taken back and sent where it belongs",
        status_code=201,
    )
    async def move(data: JSONBody[NewCorrection]) -> CorrectionSaved:
        return await desk.choosing.save(data, move=True)

    return [preview, move]


def _matched(found: CorrectionSubject, sizes: Sizes) -> Matched:
    return Matched(
        id=found.id,
        play=None if found.play is None else f"p{found.play}",
        viewer=found.viewer,
        source=found.source,
        label=found.label,
        trackers=list(found.trackers),
        reason=found.reason,
        candidates=list(found.candidates),
        correction=found.correction,
        outcomes=found.outcomes,
        sizes=sizes,
    )

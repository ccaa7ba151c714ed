"""``/api/v1/history``: what was watched, searched and filtered as on the wall."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.history import Choices, HistoryQuery

LARGEST_PAGE = 200


def _wish(
    q: FromQuery[str] = "",
    viewer: FromQuery[str] = "",
    show: FromQuery[str] = "",
    media: FromQuery[str] = "",
    source: FromQuery[str] = "",
    tracker: FromQuery[str] = "",
    outcome: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
) -> HistoryQuery:
    return HistoryQuery(q.strip(), viewer, show, media, source, tracker, outcome, since, until)


WISH = {"wish": Provide(_wish, sync_to_thread=False)}
"""Hands a handler the ``HistoryQuery`` that the address holds, as ``wish``."""


class HistoryPage(Struct, frozen=True):
    """Plays by when they were watched, or came in where nobody knows that; the newest first.

    ``posters`` has the address of each play's poster, relative to the root of the service, empty where there is none.
    ``older`` is what to pass as ``before``, ``newer`` as ``after``, for the pages beside this one.
    """

    plays: list[PlayStory]
    posters: dict[str, str]
    older: str | None
    newer: str | None


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get(
        "/history",
        summary="What was watched, by when, with search and filters that all have to hold",
        dependencies=WISH,
    )
    async def history(
        wish: NamedDependency[HistoryQuery],
        before: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> HistoryPage:
        """``q`` searches titles, places like S2 E5, and years. ``outcome`` is at ``tracker``, or at any.

        ``since`` and ``until`` are days or times; ``until`` includes its whole day.
        """
        size = min(max(1, limit), LARGEST_PAGE)
        try:
            seen = await desk.history.seen(wish, before=before, after=after, limit=size)
        except ValueError as error:
            raise ClientException(str(error)) from None
        posters = await desk.art.of_plays(play.id for play in seen.plays)
        return HistoryPage(seen.plays, posters, seen.older, seen.newer)

    @get("/history/filters", summary="What the history can be filtered by")
    async def filters() -> Choices:
        return await desk.history.choices()

    return [history, filters]

"""``/api/v1/history``: what was watched, searched and filtered as on the wall."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from msgspec import Struct, field

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.asking import HistoryQuery
from scrobbled.desk.plays.history import Choices
from scrobbled.desk.plays.pieces import MirrorStory

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
    on: FromQuery[str] = "",
    carried: FromQuery[str] = "",
) -> HistoryQuery:
    return HistoryQuery(q.strip(), viewer, show, media, source, tracker, outcome, since, until, on, carried)


WISH = {"wish": Provide(_wish, sync_to_thread=False)}
"""Hands a handler the ``HistoryQuery`` that the address holds, as ``wish``."""


class HistoryPage(Struct, frozen=True):
    """Plays by when they were watched, or came in where nobody knows that; the newest first.

    ``posters`` has the address of each play's poster, relative to the root of the service, empty where there is none.
    ``older`` is what to pass as ``before``, ``newer`` as ``after``, for the pages beside this one. With ``on``
    ``mirrors`` are the accounts that hold these, and what of them never came by us has no number for an id.
    """

    plays: list[PlayStory]
    posters: dict[str, str]
    older: str | None
    newer: str | None
    mirrors: list[MirrorStory] = field(default_factory=list)


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

        ``since`` and ``until`` are days or times; ``until`` includes its whole day. ``on`` is a tracker: then it is
        all that it held when it was last read, and what was brought there since, what has no date at the end; of that
        ``carried=no`` is what never came by us.
        """
        size = min(max(1, limit), LARGEST_PAGE)
        try:
            seen = await desk.history.seen(wish, before=before, after=after, limit=size)
        except ValueError as error:
            raise ClientException(str(error)) from None
        return HistoryPage(seen.plays, await desk.art.of_wall(seen), seen.older, seen.newer, seen.mirrors)

    @get("/history/filters", summary="What the history can be filtered by")
    async def filters() -> Choices:
        return await desk.history.choices()

    return [history, filters]

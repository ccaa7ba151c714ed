"""``/api/v1/undo``: takes back what we wrote."""

from __future__ import annotations

from litestar import post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Struct

from scrobbled.desk import undo as undoing
from scrobbled.desk.desk import Desk
from scrobbled.desk.undo import UndoReport


class Undo(Struct, frozen=True, forbid_unknown_fields=True):
    """Which: ``plays`` like ``p12``, a ``run`` like ``r3``, or all that came in ``since`` a time, and before ``until``.

    Times are like ``14d`` or ``2026-05-03T20:15``. ``dry_run`` only tells what would be done.
    """

    plays: list[str] | None = None
    run: str | None = None
    since: str | None = None
    until: str | None = None
    dry_run: bool = False


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/undo", summary="Take back what was written everywhere, for good", status_code=200)
    async def undo(data: JSONBody[Undo]) -> UndoReport:
        if data.until and not data.since:
            raise ClientException("until needs since beside it.")
        try:
            asked = undoing.chosen(data.plays or (), data.run, _moment(desk, data.since), _moment(desk, data.until))
        except ValueError as error:
            raise ClientException(str(error)) from None
        return await desk.undo(asked, dry_run=data.dry_run)

    return [undo]


def _moment(desk: Desk, text: str | None) -> float | None:
    try:
        return None if text is None else desk.moment(text)
    except ValueError as error:
        raise ValueError(f"{(text or '')[:40]} {error}") from None

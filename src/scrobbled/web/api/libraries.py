"""``/api/v1/libraries``: what each viewer's media servers have, and which of it counts."""

from __future__ import annotations

from litestar import get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.libraries.libraries import AccountLibraries
from scrobbled.web.api.rights import ADMIN


class LibrariesInput(Struct, frozen=True, forbid_unknown_fields=True):
    """Titles as ``GET`` tells them, each alone or with its server before it; null, or none, means all.

    ``tracker`` is only needed where the viewer has several accounts with libraries.
    """

    viewer: str
    libraries: list[str] | None
    tracker: str | None = None


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    libraries = desk.guided.libraries

    @get("/libraries", summary="The servers and libraries that each viewer can see, asked now")
    async def listed(viewer: FromQuery[str | None] = None) -> list[AccountLibraries]:
        return await libraries.listed(viewer)

    @put("/libraries", opt=ADMIN, summary="Have only these libraries count; this removes nothing anywhere")
    async def choose(data: JSONBody[LibrariesInput]) -> AccountLibraries:
        account = libraries.account(data.viewer, data.tracker)
        return await libraries.choose(account, data.libraries or None)

    return [listed, choose]

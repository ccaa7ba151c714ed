"""``/trakt/sync/…`` and ``/trakt/users/…``: what Trakt clients read, and what they leave beside scrobbles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from scrobbled.config import claimants
from scrobbled.core.errors import BadPayload
from scrobbled.runtime.service import Runtime
from scrobbled.web.trakt import bearer, bodies, leaving, reading, shapes
from scrobbled.web.trakt.call import Call, answer, nothing, sliced

MAX_BODY = 5 * 1024 * 1024
"""A first history add brings years of plays at once."""
ME = "me"
NOBODYS = (
    "This token belongs to nobody in particular. List trakt under accounts of exactly one viewer, or make a token for "
    "each viewer with scrobbled token create --viewer NAME."
)
CallHandler = Callable[[Call], Awaitable[Response[bytes]]]
_READ: Mapping[str, CallHandler] = {
    "last_activities": reading.last_activities,
    "history": reading.history,
    "watched": reading.tallies,
    "playback": reading.playback,
    "ratings": reading.ratings,
    "collection": reading.nothing_kept,
    "watchlist": reading.nothing_kept,
    "favorites": reading.nothing_kept,
}
_OF_USERS: Mapping[str, CallHandler] = {
    "watching": reading.watching,
    **{name: _READ[name] for name in ("history", "watched", "ratings", "collection", "watchlist", "favorites")},
}
_WRITTEN = ("collection", "watchlist", "favorites")


def handlers(runtime: Runtime) -> list[HTTPRouteHandler]:
    """To be put below ``/trakt``. Whoever asks is looked up for each call, and may raise ``bearer.NotLetIn``.

    A ``HEAD`` is answered as the ``GET`` would be: clients ask so how many pages there are.
    """

    @route("/sync/{rest:path}", http_method=["GET", "HEAD", "DELETE"], status_code=200, include_in_schema=False)
    async def read(request: Request[Any, Any, Any], rest: FromPath[str]) -> Response[bytes]:
        caller = await bearer.caller(runtime, request.headers)
        viewer = owner(runtime, caller.viewer)
        path = _parts(rest)
        found = _READ.get(path[0]) if path else None
        if found is None or (request.method == "DELETE" and path[0] != "playback"):
            return nothing(404)
        return _unowned() if viewer is None else await found(_call(runtime, request, path, viewer))

    @route(
        "/sync/{rest:path}",
        http_method=["POST"],
        status_code=201,
        include_in_schema=False,
        request_max_body_size=MAX_BODY,
    )
    async def write(request: Request[Any, Any, Any], rest: FromPath[str]) -> Response[bytes]:
        caller = await bearer.caller(runtime, request.headers)
        path = _parts(rest)
        if path == ("history",):  # what belongs to nobody is stored as well, and waits to be claimed
            return await _added(runtime, caller, await bodies.content(request))
        return await _left(runtime, request, path, owner(runtime, caller.viewer), await bodies.lenient(request))

    @route("/users/{rest:path}", http_method=["GET", "HEAD"], status_code=200, include_in_schema=False)
    async def users(request: Request[Any, Any, Any], rest: FromPath[str]) -> Response[bytes]:
        caller = await bearer.caller(runtime, request.headers)
        viewer = owner(runtime, caller.viewer)
        return _unowned() if viewer is None else await _of_user(runtime, request, _parts(rest), viewer)

    return [read, write, users]


def owner(runtime: Runtime, viewer: str | None) -> str | None:
    """Whose library a caller reads: that of the token, or of the only viewer who lists the source."""
    if viewer is not None:
        return viewer
    listing = claimants(runtime.config, bearer.SOURCE, frozenset())
    return listing[0].name if len(listing) == 1 else None


async def _added(runtime: Runtime, caller: bearer.Bearer, raw: bytes) -> Response[bytes]:
    """A body that cannot be read is kept for whoever has to find out why."""
    try:
        body = bodies.fields(raw)
    except BadPayload as error:
        await runtime.ingest.refuse(bearer.SOURCE, raw, str(error))
        return nothing(400)
    return await leaving.add_history(runtime, caller.viewer, caller.client, body)


async def _left(
    runtime: Runtime, request: Request[Any, Any, Any], path: tuple[str, ...], viewer: str | None, body: dict[str, Any]
) -> Response[bytes]:
    if path == ("history", "remove"):
        return leaving.remove_history(body)
    if path not in (("ratings",), ("ratings", "remove")) and path[:1] not in {(name,) for name in _WRITTEN}:
        return nothing(404)
    if viewer is None:
        return _unowned()
    call = _call(runtime, request, path, viewer, body)
    if path[0] in _WRITTEN:
        return leaving.keep_nothing(call)
    return await (leaving.add_ratings(call) if path == ("ratings",) else leaving.remove_ratings(call))


async def _of_user(
    runtime: Runtime, request: Request[Any, Any, Any], path: tuple[str, ...], viewer: str
) -> Response[bytes]:
    if path == ("settings",):
        return answer(_settings(viewer))
    call = _call(runtime, request, path[1:], viewer)
    if path[:1] == ("hidden",):
        return sliced([], call)
    if not path or path[0] not in (ME, slug(viewer)):  # nobody sees the library of somebody else
        return nothing(404)
    if len(path) == 1:
        return answer(_user(viewer))
    return await _OF_USERS[path[1]](call) if path[1] in _OF_USERS else nothing(404)


def slug(viewer: str) -> str:
    return shapes.slug(viewer)


def _call(
    runtime: Runtime,
    request: Request[Any, Any, Any],
    path: tuple[str, ...],
    viewer: str,
    body: Mapping[str, Any] | None = None,
) -> Call:
    query = {key: value for key, value in request.query_params.items() if isinstance(value, str)}
    return Call(runtime, request.method, path, query, viewer, body or {})


def _parts(rest: str) -> tuple[str, ...]:
    return tuple(part for part in rest.split("/") if part)


def _unowned() -> Response[bytes]:
    return answer({"error": NOBODYS}, 403, {"X-Error-Message": NOBODYS})


def _user(viewer: str) -> dict[str, Any]:
    return {
        "username": viewer,
        "private": True,
        "deleted": False,
        "name": viewer,
        "vip": False,
        "vip_ep": False,
        "director": False,
        "ids": {"slug": slug(viewer)},
        "joined_at": shapes.when(None),
        "location": None,
        "about": None,
        "gender": None,
        "age": None,
        "images": {"avatar": {"full": None}},
        "vip_og": False,
        "vip_years": 0,
        "vip_cover_image": None,
    }


def _settings(viewer: str) -> dict[str, Any]:
    """Everything a client looks for; what scrobbled does not have is off."""
    return {
        "user": _user(viewer),
        "permissions": {"commenting": False, "liking": False, "following": False},
        "account": {
            "timezone": "UTC",
            "date_format": "ymd",
            "time_24hr": True,
            "cover_image": None,
            "token": None,
            "display_ads": False,
        },
        "connections": {"twitter": False, "mastodon": False, "google": False, "apple": False},
        "sharing_text": {"watching": None, "watched": None, "rated": None},
        "limits": {
            "list": {"count": 0, "item_count": 0},
            "watchlist": {"item_count": 0},
            "favorites": {"item_count": 0},
        },
    }

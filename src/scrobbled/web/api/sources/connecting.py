"""``/api/v1/connections`` and ``/api/v1/start``: connecting media servers, and the first start step by step."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct, field

from scrobbled.core.errors import ConfigError
from scrobbled.desk.beginning.beginning import Beginning, StartStory
from scrobbled.desk.desk import Desk
from scrobbled.desk.sign_in.page import SignInStory
from scrobbled.desk.sources.connections import Connecting, SourceConnection
from scrobbled.web.api.rights import ADMIN


class ServerEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """By which address and key a media server itself can be asked; what is empty stays as it is."""

    url: str = ""
    server_token: str = ""


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """The first login of the page; a hash of the password is kept."""

    username: str
    password: str


class NewViewer(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody whose viewing is kept."""

    name: str


class TrackerWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A tracker for a viewer: ``typed`` has ``email`` and ``password``, or ``client_id`` and ``client_secret``.

    ``url`` and ``auth_url`` are where it is, where it is elsewhere.
    """

    viewer: str
    tracker: str
    typed: dict[str, str] = field(default_factory=dict)


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_connections(desk.guided.connecting), *_start(desk)]


def _connections(connecting: Connecting) -> list[HTTPRouteHandler]:
    @get("/connections", opt=ADMIN, summary="Every kind of media server: whether it is open, and what was heard")
    async def connections() -> list[SourceConnection]:
        return await connecting.listed()

    @get("/connections/{source:str}", opt=ADMIN, summary="One source, and the newest webhook of it")
    async def connection(source: FromPath[str]) -> SourceConnection:
        return await _found(connecting, source)

    @post("/connections/{source:str}", opt=ADMIN, summary="Open a source, with a fresh secret", status_code=200)
    async def add(source: FromPath[str]) -> SourceConnection:
        await _found(connecting, source)
        await connecting.add(source)
        return await _found(connecting, source)

    @post("/connections/{source:str}/server", opt=ADMIN, summary="How its server itself can be asked", status_code=200)
    async def ask_by(source: FromPath[str], data: JSONBody[ServerEntry]) -> SourceConnection:
        await _found(connecting, source)
        await connecting.ask_by(source, {"url": data.url, "server_token": data.server_token})
        return await _found(connecting, source)

    return [connections, connection, add, ask_by]


def _start(desk: Desk) -> list[HTTPRouteHandler]:
    beginning: Beginning = desk.guided.beginning

    @get("/start", opt=ADMIN, summary="How far the first start is; the whole file where it cannot be saved by us")
    async def start() -> StartStory:
        return await beginning.story()

    @post("/start/login", opt=ADMIN, summary="The first login of the page", status_code=200)
    async def login(data: JSONBody[Login]) -> StartStory:
        await beginning.set_login(data.username, data.password)
        return await beginning.story()

    @post("/start/viewers", opt=ADMIN, summary="Somebody whose viewing is kept", status_code=200)
    async def viewer(data: JSONBody[NewViewer]) -> StartStory:
        await beginning.add_viewer(data.name)
        return await beginning.story()

    @post("/start/trackers", opt=ADMIN, summary="A tracker for a viewer, signed in to at once", status_code=200)
    async def tracker(data: JSONBody[TrackerWish]) -> SignInStory:
        progress = await beginning.add_tracker(data.viewer, data.tracker, data.typed)
        if progress.state == "over":
            raise HTTPException(progress.text, status_code=409)
        return await desk.guided.signing.story(data.viewer, data.tracker)

    return [start, login, viewer, tracker]


async def _found(connecting: Connecting, source: str) -> SourceConnection:
    try:
        return await connecting.connection(source)
    except ConfigError as error:
        raise NotFoundException(str(error)) from None

"""``/api/v1/sign-ins`` and ``/api/v1/plex``: signing in to trackers, and to the Plex server of the house."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct, field

from scrobbled.core.errors import ConfigError, TrackerError
from scrobbled.desk.desk import Desk
from scrobbled.desk.sign_in import HOUSE, plex
from scrobbled.desk.sign_in.page import FoundServer, Signing, SignInStory
from scrobbled.web.api.rights import ADMIN


class SignInInput(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked, by its key; nothing for a sign-in that shows a code."""

    typed: dict[str, str] = field(default_factory=dict)


class ServerChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """A server of the account that signed in, by its id, and the address at which we reach it."""

    server: str
    url: str


class SignedOut(Struct, frozen=True):
    """``left`` is what is left to do on the service's own site, as a sentence; empty where nothing is."""

    left: str


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_sign_ins(desk.guided.signing), *_plex(desk.guided.signing)]


def _sign_ins(signing: Signing) -> list[HTTPRouteHandler]:
    @get("/sign-ins", opt=ADMIN, summary="Every account at a tracker, and how its sign-in stands")
    async def sign_ins() -> list[SignInStory]:
        return await signing.listed()

    @get("/sign-ins/{viewer:str}/{tracker:str}", opt=ADMIN, summary="One account; again until step is done or over")
    async def sign_in(viewer: FromPath[str], tracker: FromPath[str]) -> SignInStory:
        return await _story(signing, _named(viewer), tracker)

    @post(
        "/sign-ins/{viewer:str}/{tracker:str}",
        opt=ADMIN,
        summary="Sign in with what is asked, or get a code to enter elsewhere; one that waits is told again",
        status_code=200,
    )
    async def begin(
        viewer: FromPath[str], tracker: FromPath[str], data: JSONBody[SignInInput | None] = None
    ) -> SignInStory:
        await _story(signing, _named(viewer), tracker)
        await signing.begin(viewer, tracker, data.typed if data else {})
        return await signing.story(viewer, tracker)

    @delete("/sign-ins/{viewer:str}/{tracker:str}", opt=ADMIN, summary="Give up on a sign-in that was begun")
    async def cancel(viewer: FromPath[str], tracker: FromPath[str]) -> None:
        await _story(signing, _named(viewer), tracker)
        await signing.cancel(viewer, tracker)

    @post(
        "/sign-ins/{viewer:str}/{tracker:str}/sign-out",
        opt=ADMIN,
        summary="End the sign-in where the service can, and forget it; what was agreed on is kept",
        status_code=200,
    )
    async def leave(viewer: FromPath[str], tracker: FromPath[str]) -> SignedOut:
        await _story(signing, _named(viewer), tracker)
        return SignedOut(await signing.sign_out(viewer, tracker))

    return [sign_ins, sign_in, begin, cancel, leave]


def _plex(signing: Signing) -> list[HTTPRouteHandler]:
    @get("/plex/sign-in", opt=ADMIN, summary="The sign-in at Plex for the server of the house")
    async def account() -> SignInStory:
        return await _story(signing, HOUSE, plex.SERVICE)

    @post("/plex/sign-in", opt=ADMIN, summary="Get a link to Plex's page, where somebody agrees", status_code=200)
    async def begin() -> SignInStory:
        await _story(signing, HOUSE, plex.SERVICE)
        await signing.begin(HOUSE, plex.SERVICE)
        return await signing.story(HOUSE, plex.SERVICE)

    @delete("/plex/sign-in", opt=ADMIN, summary="Give up on the sign-in at Plex")
    async def cancel() -> None:
        await _story(signing, HOUSE, plex.SERVICE)
        await signing.cancel(HOUSE, plex.SERVICE)

    @get("/plex/servers", opt=ADMIN, summary="The servers of the account that signed in, with addresses tried now")
    async def servers() -> list[FoundServer]:
        try:
            return await signing.servers()
        except TrackerError as error:
            raise HTTPException(signing.said(error), status_code=502) from None

    @post("/plex/servers", opt=ADMIN, summary="Ask this server from now on", status_code=204)
    async def choose(data: JSONBody[ServerChoice]) -> None:
        try:
            await signing.choose(data.server, data.url)
        except TrackerError as error:
            raise HTTPException(signing.said(error), status_code=502) from None

    return [account, begin, cancel, servers, choose]


def _named(viewer: str) -> str:
    """The house's own server has routes of its own."""
    if not viewer.strip():
        raise NotFoundException("There is nobody to sign in.")
    return viewer


async def _story(signing: Signing, viewer: str, tracker: str) -> SignInStory:
    try:
        return await signing.story(viewer, tracker)
    except ConfigError as error:
        raise NotFoundException(str(error)) from None

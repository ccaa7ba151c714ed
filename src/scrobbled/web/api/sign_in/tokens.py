"""``/api/v1/tokens``: what ``scrobbled token`` does, for scripts."""

from __future__ import annotations

from typing import Literal

from litestar import delete, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from scrobbled.desk.facts import ids
from scrobbled.desk.sign_in.keys import Keys
from scrobbled.desk.sign_in.tokens import NewToken, Token
from scrobbled.web.api.rights import ADMIN

LONGEST_NAME = 80


class TokenWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made: with a viewer for the Trakt endpoint, without for the API, there with a scope."""

    name: str = ""
    viewer: str | None = None
    scope: Literal["read", "write", "admin"] = "admin"


class Approval(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the program that shows this code is let in, and for whom."""

    viewer: str | None = None
    deny: bool = False


class CodeDecision(Struct, frozen=True):
    """``viewer`` is null for a program that was turned away."""

    code: str
    viewer: str | None


def handlers(keys: Keys) -> list[HTTPRouteHandler]:
    @get("/tokens", opt=ADMIN, summary="Tokens that were given out, never the secrets themselves")
    async def listed() -> list[Token]:
        return await keys.listed()

    @post("/tokens", opt=ADMIN, summary="A new token; its secret is told here and never again")
    async def create(data: JSONBody[TokenWish]) -> NewToken:
        viewer = None if data.viewer is None else _viewer(keys, data.viewer)
        return await keys.create(" ".join(data.name.split())[:LONGEST_NAME], viewer, data.scope)

    @delete("/tokens/{token_id:str}", opt=ADMIN, summary="Revoke a token")
    async def revoke(token_id: FromPath[str]) -> None:
        number = ids.number(token_id, "t")
        if number is None or not await keys.revoke(number):
            raise NotFoundException(f"There is no token {token_id[:40]}.")

    @post(
        "/tokens/codes/{code:str}",
        opt=ADMIN,
        summary="Let in, or turn away, the program that shows this code",
        status_code=200,
    )
    async def decide(code: FromPath[str], data: JSONBody[Approval]) -> CodeDecision:
        viewer = None if data.deny else _viewer(keys, data.viewer)
        if trouble := await keys.decide(code, viewer):
            raise ClientException(trouble)
        return CodeDecision(code, viewer)

    return [listed, create, revoke, decide]


def _viewer(keys: Keys, name: str | None) -> str:
    """As the configuration writes it; without a name the only viewer."""
    viewers = keys.config.viewers
    found = keys.config.viewer(name) if name is not None else viewers[0] if len(viewers) == 1 else None
    if found is None:
        names = ", ".join(viewer.name for viewer in viewers) or "nobody"
        raise ClientException(f"Say whose it is with viewer; there is: {names}.")
    return found.name

"""``/api/v1/sources`` and ``/api/v1/accounts``: who reports, how to set it up and try it, and whose an account is."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from scrobbled.core.errors import ConfigError
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.house import UnclaimedStatus
from scrobbled.desk.facts.sources import SourceStory
from scrobbled.desk.sources.claims import Claimed
from scrobbled.desk.sources.guides import Guide
from scrobbled.desk.sources.reception import Reception
from scrobbled.desk.sources.trials import Tried
from scrobbled.servers.registering import Registered
from scrobbled.web.api.rights import ADMIN


class AccountClaim(Struct, frozen=True, forbid_unknown_fields=True):
    """An account as ``unclaimed`` lists it, and whose it is; without a viewer the only one's."""

    source: str
    account: str = ""
    viewer: str | None = None


class Who(Struct, frozen=True, forbid_unknown_fields=True):
    """As watched by this viewer; else by the first who lists the source."""

    viewer: str | None = None


class Taking(Struct, frozen=True):
    """``waiting`` webhooks of the account still wait; what waited before is being delivered."""

    claimed: Claimed
    waiting: int


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_about(desk.reception), *_setting_up(desk), *_accounts(desk.reception)]


def _about(reception: Reception) -> list[HTTPRouteHandler]:
    @get("/sources", summary="Every source: when it was last heard, from which servers, and what was turned away")
    async def sources() -> list[SourceStory]:
        return await reception.sources()

    return [sources]


def _setting_up(desk: Desk) -> list[HTTPRouteHandler]:
    @get(
        "/sources/{source:str}/webhook",
        opt=ADMIN,
        summary="The address for a media server, secret and all, and the steps there",
    )
    async def webhook(source: FromPath[str]) -> Guide:
        try:
            return desk.reception.guide(source)
        except ConfigError as error:
            raise NotFoundException(str(error)) from None

    @post("/sources/{source:str}/register", summary="Enter our webhook at that server by its API", status_code=200)
    async def register(source: FromPath[str]) -> Registered:
        return await desk.reception.register(source)

    @post("/sources/{source:str}/test", summary="Send a test event to its webhook; it goes to nobody", status_code=200)
    async def test(source: FromPath[str], data: JSONBody[Who | None] = None) -> Tried:
        found = await desk.post(source, data.viewer if data else None)
        return found[0]

    return [webhook, register, test]


def _accounts(reception: Reception) -> list[HTTPRouteHandler]:
    @get("/accounts/unclaimed", summary="Accounts that were heard and that no viewer lists")
    async def unclaimed() -> list[UnclaimedStatus]:
        return await reception.unclaimed()

    @post(
        "/accounts/claim", opt=ADMIN, summary="List an account for a viewer; what waited is delivered", status_code=200
    )
    async def claim(data: JSONBody[AccountClaim]) -> Taking:
        return Taking(*await reception.claim(data.source, data.account, data.viewer))

    return [unclaimed, claim]

"""The ground of the plex.tv stand-in: whose an account token is, which servers there are, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, utc_now
from scrobbled.sandbox.plex.answers import answer, json_wanted, token
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.items import MODERN, LibraryItem
from scrobbled.sandbox.plex.people import ACCOUNTS, HOME, PlexAccount
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Spreading:
    """What is on its way from one server to another."""

    server: PlexCore
    account: PlexAccount
    guid: str
    event: str
    viewed: ViewState


class PlexTvCore(StandIn):
    """``tokens`` are *account* tokens; a server does not take them.

    ``synchronised`` are the accounts, by id, whose watched states and ratings plex.tv carries to their other servers;
    while ``held_back`` that waits for ``deliver``.
    """

    name = "plextv"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.tokens: dict[str, PlexAccount] = {account_token(one): one for one in ACCOUNTS}
        self.people = list(dict.fromkeys((*ACCOUNTS, *HOME)))
        self.webhooks: dict[int, list[str]] = {}
        """By plex.tv account id."""
        self.without_pass: set[int] = set()
        """Accounts that have no Plex Pass, which webhooks need."""
        self.takes_server_tokens = True
        """Whether the owner's token of a server works here as well, as it does today."""
        self.synchronised: set[int] = set()
        self.held_back = False
        self._spreading: list[Spreading] = []

    def servers(self) -> Iterator[PlexCore]:
        """Those that have something to offer."""
        return (one for one in self.beside.values() if isinstance(one, PlexCore) and one.library.sections)

    def registered(self) -> Iterator[tuple[PlexAccount, str]]:
        """Every webhook with the account it belongs to."""
        for account in self.people:
            if account.id not in self.without_pass:
                yield from ((account, url) for url in self.webhooks.get(account.id, ()))

    # What is carried from server to server

    def spread(self, origin: PlexCore, account: PlexAccount, item: LibraryItem, event: str) -> None:
        """``scrobble``, ``unscrobble`` or ``rate`` at ``origin``; only what Plex's own agents know is carried on."""
        if account.id not in self.synchronised or not item.guid.startswith(MODERN):
            return
        viewed = origin.viewed(account, item)
        others = [one for one in self.servers() if one is not origin and account in one.people]
        self._spreading += [Spreading(other, account, item.guid, event, viewed) for other in others]
        if not self.held_back:
            self.deliver()

    def deliver(self) -> int:
        """Everything that waits arrives now, as a mark of this moment; says how much that was."""
        arriving, self._spreading = self._spreading, []
        for one in arriving:
            for copy in one.server.library.of_guid(one.guid):
                before = one.server.viewed(one.account, copy)
                now = int(one.server.now().timestamp())
                one.server.views.put(one.account, copy, _carried(before, one, now))
        return len(arriving)

    # The gate

    def missing(self, request: Request) -> Reply:
        return refusal(request, 404, 1020, "The requested resource could not be found")

    def wrong_method(self, request: Request, allowed: Iterable[str]) -> Reply:
        return refusal(request, 405, 1000, "Method not allowed")

    def account(self, request: Request) -> PlexAccount:
        """Who asks, or 401."""
        given = token(request)
        found = self.tokens.get(given)
        if found is None and self.takes_server_tokens:
            owners = (one.tokens.get(given) for one in self.servers())
            found = next((one for one in owners if one is not None and one.owner), None)
        if found is None:
            raise AnsweredEarly(refusal(request, 401, 1001, "User could not be authenticated"))
        return found


def _carried(before: ViewState, one: Spreading, now: int) -> ViewState:
    """A watched state is set, not counted up; the time that the other server shows is that of the arrival."""
    if one.event == "rate":
        return replace(before, rating=one.viewed.rating, rated_at=one.viewed.rated_at)
    if one.event == "unscrobble":
        return replace(before, count=0, last=None, offset=0)
    return replace(before, count=max(1, before.count), last=now, offset=0)


def account_token(account: PlexAccount) -> str:
    return f"sandbox-plextv-{account.title}"


def refusal(request: Request, status: int, code: int, message: str) -> Reply:
    body = {"errors": [{"code": code, "message": message, "status": status}]}
    return Reply(status, body) if json_wanted(request) else answer(request, "errors", body["errors"], status=status)

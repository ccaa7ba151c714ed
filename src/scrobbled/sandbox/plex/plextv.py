"""Stand-in of plex.tv: sign-in by PIN, the account, its servers and its webhooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, control_body, route, utc_now
from scrobbled.sandbox.pages import page
from scrobbled.sandbox.plex.answers import answer
from scrobbled.sandbox.plex.people import ACCOUNTS, ANNA, PlexAccount
from scrobbled.sandbox.plex.plextv_core import account_token, refusal
from scrobbled.sandbox.plex.plextv_home import PinRules, PlexTvHomeRoutes
from scrobbled.sandbox.world import World

LINK_CODE_SECONDS = 900
STRONG_CODE_SECONDS = 1800


@dataclass(slots=True)
class WaitingPin:
    """A sign-in that waits for a person."""

    id: int
    code: str
    client: str
    expires_at: datetime
    seconds: int
    token: str | None = None


class PlexTvStandIn(PlexTvHomeRoutes):
    """``plex.tv``."""

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.pins: dict[int, WaitingPin] = {}
        self.pins_at_home = PinRules()
        self._numbers = count(2_010_000_001)

    def state(self) -> dict[str, Any]:
        """Numbers only: a webhook's URL is its secret."""
        names = {account.id: account.title for account in self.people}
        return {
            "webhooks": {names[number]: len(urls) for number, urls in self.webhooks.items()},
            "pins": len(self.pins),
            "synchronised": sorted(names[number] for number in self.synchronised),
        }

    # Sign-in

    @route("POST", "/api/v2/pins")
    def new_pin(self, request: Request) -> Reply:
        """A strong code is for the sign-in page, a short one for typing at plex.tv/link."""
        strong = (request.query.get("strong") or request.form().get("strong")) in ("true", "1")
        number = next(self._numbers)
        seconds = STRONG_CODE_SECONDS if strong else LINK_CODE_SECONDS
        code = f"{number * 7_919:025x}" if strong else f"{number * 7_919 % 36**4:04X}"[-4:]
        pin = WaitingPin(number, code, _client(request), self.now() + timedelta(seconds=seconds), seconds)
        self.pins[number] = pin
        return answer(request, "pin", self._told(pin), status=201)

    @route("GET", "/api/v2/pins/{number:int}")
    def pin(self, request: Request, number: int) -> Reply:
        """``authToken`` is null until somebody signed in; an expired or foreign one is unknown."""
        pin = self.pins.get(number)
        if pin is None or pin.client != _client(request) or self.now() >= pin.expires_at:
            raise AnsweredEarly(refusal(request, 404, 1020, "Code not found or expired"))
        return answer(request, "pin", self._told(pin))

    def _told(self, pin: WaitingPin) -> dict[str, Any]:
        left = max(0, round((pin.expires_at - self.now()).total_seconds()))
        return {
            "id": pin.id,
            "code": pin.code,
            "product": "scrobbled",
            "trusted": False,
            "clientIdentifier": pin.client,
            "expiresIn": left,
            "createdAt": (pin.expires_at - timedelta(seconds=pin.seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "expiresAt": pin.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "authToken": pin.token,
            "newRegistration": None,
        }

    @route("POST", "/_sandbox/approve")
    def approve(self, request: Request) -> Reply:
        """``{"code": "…", "username": "anna"}`` (or ``id``): somebody signs in with that PIN."""
        given = control_body(request, dict)
        account = _named(given.get("username", ANNA.title))
        for pin in self.pins.values():
            if (given.get("code") == pin.code or given.get("id") == pin.id) and self.now() < pin.expires_at:
                pin.token = self._token(account)
                return Reply(200, {"username": account.title})
        return Reply(404, {"message": "no sign-in is waiting with that code"})

    def _token(self, account: PlexAccount) -> str:
        """The same as ever, and good again where it was signed out."""
        self.tokens[account_token(account)] = account
        return account_token(account)

    @route("GET", "/auth")
    def sign_in_page(self, request: Request) -> Reply:
        """Plex's own page knows the code by what stands after the hash, which a server is not told: all are listed."""
        waiting = [pin for pin in self.pins.values() if pin.token is None and self.now() < pin.expires_at]
        forms = [
            f'<form method="post" action="{request.root}/auth"><input type="hidden" name="code" '
            f'value="{escape(pin.code)}"><p>Sign-in {number}: <button name="username" value="anna">Sign in as anna'
            "</button></p></form>"
            for number, pin in enumerate(waiting, start=1)
        ]
        return page("Plex (stand-in)", "".join(forms) or "<p>No sign-in waits.</p>")

    @route("POST", "/auth")
    def signed_in(self, request: Request) -> Reply:
        """The form of that page."""
        given = request.form()
        account = _named(given.get("username", ANNA.title))
        for pin in self.pins.values():
            if given.get("code") == pin.code and self.now() < pin.expires_at:
                pin.token = self._token(account)
        return page("Plex (stand-in)", "<p>Done. Go back to scrobbled.</p>")

    # The account

    @route("GET", "/api/v2/user")
    def user(self, request: Request) -> Reply:
        account = self.account(request)
        subscribed = account.id not in self.without_pass
        own = not account.managed
        body = {
            "id": account.id,
            "uuid": account.uuid,
            "username": account.title if own else "",
            "title": account.title,
            "email": f"{account.title}@example.org" if own else None,
            "home": account.home,
            "homeAdmin": account.owner,
            "restricted": account.managed,
            "subscription": {"active": subscribed, "status": "Active" if subscribed else "Inactive"},
        }
        return answer(request, "user", body)

    # Webhooks

    @route("GET", "/api/v2/user/webhooks")
    def list_webhooks(self, request: Request) -> Reply:
        account = self._with_pass(request)
        return answer(request, "webhooks", [{"url": url} for url in self.webhooks.get(account.id, ())])

    @route("POST", "/api/v2/user/webhooks")
    def set_webhooks(self, request: Request) -> Reply:
        """``urls[]=…`` repeated is the complete new list, ``urls=`` an empty one: what is left out is gone."""
        account = self._with_pass(request)
        fields = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
        urls = [value for name, value in fields if name == "urls[]" and value]
        if not urls and ("urls", "") not in fields:
            raise AnsweredEarly(refusal(request, 400, 1002, "urls is missing"))
        self.webhooks[account.id] = urls
        return answer(request, "webhooks", [{"url": url} for url in urls], status=201)

    def _with_pass(self, request: Request) -> PlexAccount:
        account = self.account(request)
        if account.id in self.without_pass:
            raise AnsweredEarly(refusal(request, 403, 1029, "A Plex Pass is required"))
        return account

    @route("POST", "/_sandbox/accounts")
    def set_account(self, request: Request) -> Reply:
        """``{"username": "anna", "plex_pass": false}``."""
        given = control_body(request, dict)
        account = _named(given.get("username", ANNA.title))
        if given.get("plex_pass", True):
            self.without_pass.discard(account.id)
        else:
            self.without_pass.add(account.id)
        return Reply(200, {"username": account.title, "plex_pass": account.id not in self.without_pass})


def _named(username: object) -> PlexAccount:
    for account in ACCOUNTS:
        if account.title == username:
            return account
    raise AnsweredEarly(Reply(404, {"message": f"username is one of {', '.join(a.title for a in ACCOUNTS)}"}))


def _client(request: Request) -> str:
    client = request.headers.get("x-plex-client-identifier") or request.query.get("X-Plex-Client-Identifier", "")
    if not client:
        raise AnsweredEarly(refusal(request, 400, 1000, "X-Plex-Client-Identifier is missing"))
    return client

"""Accounts, sign-in, gates and switches of the Serializd stand-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from scrobbled.sandbox.base import ALONE, Beside, Reply, Request, StandIn, control_body, page, route, utc_now
from scrobbled.sandbox.control import CONTROL
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.routing import RouteMatch
from scrobbled.sandbox.serializd.body import body_of, refuse, text
from scrobbled.sandbox.serializd.catalogue import SerializdWorld, gap
from scrobbled.sandbox.serializd.store import SerializdUser, stamp
from scrobbled.sandbox.world import World

APP = "serializd_vercel"
NO_LOGIN = "You must be logged in"


@dataclass
class SerializdSwitches:
    """Switches for what is unknown about the service, or differs from day to day."""

    concurrency: int | None = None
    """More requests than this in flight answer 500, all of them; real bursts did so."""
    service_seconds: float = 0.02
    """How long a request takes while ``concurrency`` is on; without it none would overlap."""
    diary_order: str = "backdate"
    """``backdate`` or ``date_added`` (newest first), or ``shuffled``."""
    shift: int = 0
    """Before so many further diary pages a row appears on top, as if the user were logging meanwhile."""
    token_days: float = 365.0
    refuse_rewatched: bool = False
    """Answer 400 to marking a season watched that is watched already."""
    review_count: str = "rows"
    """What a profile counts as reviews: ``rows`` of every kind, ``logs`` (dated rows only), or those with ``texts``."""
    totals: bool = True
    """Without it a profile names neither reviews nor episodes."""
    total_pages: bool = True
    """Without it the diary does not say how many pages there are."""
    diary_lists_ratings: bool = False
    """The diary also lists rows that only rate."""
    diary_shows_tags: bool = True
    reviews_list_ratings: bool = True
    """The reviews list rows that only rate, where ratings are asked for."""
    reviews_paged: bool = True
    """Without it every page of the reviews is the first one."""

    def change(self, values: dict[str, Any]) -> None:
        """Raises ``ValueError`` naming unknown switches."""
        if unknown := sorted(set(values) - {f.name for f in fields(self)}):
            raise ValueError(f"unknown: {', '.join(unknown)}; there are {', '.join(f.name for f in fields(self))}")
        if values.get("diary_order", "shuffled") not in ("backdate", "date_added", "shuffled"):
            raise ValueError("diary_order is backdate, date_added or shuffled")
        if values.get("review_count", "rows") not in ("rows", "logs", "texts"):
            raise ValueError("review_count is rows, logs or texts")
        for name, value in values.items():
            setattr(self, name, value)


class SerializdCore(StandIn):
    """Everything that the routes share."""

    name: ClassVar[str] = "serializd"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.catalogue = SerializdWorld(world)
        self.settings = SerializdSwitches()
        self.accounts: dict[str, SerializdUser] = {}
        self.tokens: dict[str, tuple[str, datetime]] = {}
        self.next_id = count(81_230_001)
        self._nonce = count(1)
        self._bursts = 0
        self.add_account("anna@example.org", "anna-secret", "anna")
        self.add_account("ben@example.org", "ben-secret", "ben")

    # Gates

    def check(self, request: Request) -> Reply | None:
        """Without the web app's own header even public reads are a plain 401."""
        if request.headers.get("x-requested-with") != APP:
            return Reply(401, {"message": NO_LOGIN})
        return None

    def missing(self, request: Request) -> Reply:
        """Unknown routes give the web framework's page, which tells them apart from unknown shows."""
        return Reply(404, page(404), content_type="text/html; charset=utf-8")

    def wrong_method(self, request: Request, allowed: frozenset[str]) -> Reply:
        return Reply(405, None, {"allow": ", ".join(sorted(allowed))})

    async def serve(self, request: Request, found: RouteMatch) -> Reply:
        """Overloaded, all requests of the burst fail before they take effect."""
        limit = self.settings.concurrency
        if limit is None or request.path.startswith(CONTROL):
            return await super().serve(request, found)
        self._bursts += self.in_flight > limit
        before = self._bursts - (self.in_flight > limit)
        await self.sleep(self.settings.service_seconds)
        if self._bursts != before:
            return Reply(500, "Internal Server Error")
        return await super().serve(request, found)

    # Accounts and tokens

    def add_account(self, email: str, password: str, username: str, *, private: bool = False) -> SerializdUser:
        """A new user, or a new password and address for a known one."""
        known = self.accounts.get(username)
        if known is not None:
            known.email, known.password, known.private = email, password, private
            return known
        account = SerializdUser(email, password, username, stamp(self.now() - timedelta(days=900)), private=private)
        return self.accounts.setdefault(username, account)

    def issue(self, username: str) -> str:
        """A new token, shaped like a JWT, whose expiry claim is called ``expiry_time``."""
        expires = self.now() + timedelta(days=self.settings.token_days)
        claims = {"username": username, "expiry_time": int(expires.timestamp()), "nonce": next(self._nonce)}
        signed = f"{_part({'typ': 'JWT', 'alg': 'HS256'})}.{_part(claims)}"
        token = f"{signed}.{_encoded(hmac.digest(b'sandbox', signed.encode(), hashlib.sha256))}"
        self.tokens[token] = (username, expires)
        return token

    def revoke(self, username: str | None = None) -> int:
        """End all sessions, or one user's; how many."""
        ended = [token for token, (owner, _) in self.tokens.items() if username in (None, owner)]
        for token in ended:
            del self.tokens[token]
        return len(ended)

    def owner(self, token: str) -> SerializdUser | None:
        username, expires = self.tokens.get(token, ("", self.now()))
        return self.accounts.get(username) if self.now() < expires else None

    def viewer(self, request: Request) -> SerializdUser:
        """Whose bearer it is; answers 401 without a valid one."""
        return self.owner(request.bearer) or refuse(401, NO_LOGIN)

    def user(self, request: Request, username: str) -> SerializdUser:
        """The user of a ``/user/…`` path; private ones show themselves to their own token only."""
        account = self.accounts.get(username)
        if account is None:
            refuse(404, "User not found")
        return self.viewer(request) if account.private and self.owner(request.bearer) is not account else account

    @route("POST", "/api/login")
    def login(self, request: Request) -> Reply:
        given = body_of(request)
        email, password = text(given, "email").strip().casefold(), text(given, "password")
        for account in self.accounts.values():
            if account.email.casefold() == email and account.password == password:
                return Reply(200, {"username": account.username, "token": self.issue(account.username)})
        return Reply(401, {"message": "Incorrect password."})

    @route("POST", "/api/validateauthtoken")
    def validate(self, request: Request) -> Reply:
        account = self.owner(text(body_of(request), "token"))
        return Reply(200, {"isValid": account is not None, "username": account.username if account else None})

    # Control

    @route("POST", "/_sandbox/accounts")
    def control_accounts(self, request: Request) -> Reply:
        """``{"email", "password", "username", "private": false}``."""
        given = control_body(request, dict)
        words = [given.get(key) for key in ("email", "password", "username")]
        if not all(isinstance(word, str) and word for word in words):
            return Reply(400, {"message": "email, password and username are needed, as text"})
        self.add_account(*words, private=bool(given.get("private")))
        return Reply(200, {"accounts": list(self.accounts)})

    @route("POST", "/_sandbox/revoke")
    def control_revoke(self, request: Request) -> Reply:
        """``{"username": …}``, or nothing for everybody."""
        return Reply(200, {"revoked": self.revoke(control_body(request, dict).get("username"))})

    @route("POST", "/_sandbox/settings")
    def control_settings(self, request: Request) -> Reply:
        """Any of the ``SerializdSwitches``."""
        try:
            self.settings.change(control_body(request, dict))
        except ValueError as error:
            return Reply(400, {"message": str(error)})
        return Reply(200, vars(self.settings))

    @route("POST", "/_sandbox/catalogue")
    def control_catalogue(self, request: Request) -> Reply:
        """``{"hide": [[show, season], …], "show": […]}``; a gap may be ``[show]`` or name an episode too."""
        given = control_body(request, dict)
        try:
            changes = {key: [gap(values) for values in given.get(key, [])] for key in ("hide", "show")}
        except (TypeError, ValueError) as error:
            return Reply(400, {"message": str(error)})
        self.catalogue.change(**changes)
        return Reply(200, {"hidden": sorted(map(list, self.catalogue.gaps), key=str)})

    @route("POST", "/_sandbox/cold_start")
    def control_cold_start(self, request: Request) -> Reply:
        """``{"requests": 1, "seconds": 0, "status": 502}``: the first requests hang, then fail; status null lets them
        succeed late."""
        given = control_body(request, dict)
        try:
            self.cold_start(**given)
        except (TypeError, ValueError) as error:
            return Reply(400, {"message": str(error)})
        return self.list_faults(request)

    def cold_start(self, requests: int = 1, *, seconds: float = 0.0, status: int | None = 502) -> None:
        """The host was asleep: its next requests take ``seconds`` and answer ``status``."""
        if seconds:
            self.faults.add(Fault(kind="latency", seconds=seconds, times=requests))
        if status is not None:
            self.faults.add(Fault(kind="status", status=status, times=requests))


def _part(claims: dict[str, Any]) -> str:
    return _encoded(json.dumps(claims, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

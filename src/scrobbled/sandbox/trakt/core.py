"""The ground of the Trakt stand-in: who may ask what and how often, paging, and finding what a request names."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, utc_now
from scrobbled.sandbox.routing import RouteMatch
from scrobbled.sandbox.trakt.accounts import GROUPS, TraktUser, serial_numbers
from scrobbled.sandbox.trakt.catalogue import TraktKind, TraktTitle, TraktWorld
from scrobbled.sandbox.trakt.oauth import ApiApp, OAuthServer, OAuthToken
from scrobbled.sandbox.world import World

T = TypeVar("T")
READS = frozenset({"GET", "HEAD"})
LIBRARY_AGENT = re.compile(
    r"\s*(python-|aiohttp|httpx/|urllib|java/|okhttp|go-http-client|axios|node-fetch|undici|libwww|dart/)",
    re.IGNORECASE,
)
BLOCKED_PAGE = (
    "<!DOCTYPE html><html><head><title>Access denied | api.trakt.tv used Cloudflare to restrict access</title></head>"
    "<body><h1>Error 1010</h1></body></html>"
)
SINGULAR: Mapping[str, TraktKind] = {group: kind for kind, group in GROUPS.items()}
NEVER = datetime(1, 1, 1, tzinfo=UTC)
ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)


def edge_block(request: Request) -> Reply | None:
    """Cloudflare, in front of both hosts, shows a page to callers without a User-Agent of their own."""
    agent = request.headers.get("user-agent", "")
    if agent.strip() and not LIBRARY_AGENT.match(agent):
        return None
    headers = {"server": "cloudflare", "cf-ray": "8f0c2a7b9d1e4f30-FRA"}
    return Reply(403, BLOCKED_PAGE, headers, "text/html; charset=UTF-8")


def wrong_type(request: Request) -> Reply | None:
    """Trakt wants ``Content-Type: application/json`` on every request and answers 412 to anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if kind == "application/json" else Reply(412)


@dataclass(slots=True)
class _Window:
    until: datetime
    used: int


class RateLimits:
    """Trakt's published buckets, counted in fixed windows that begin with the first request."""

    def __init__(self) -> None:
        self.rules: dict[str, tuple[int, int]] = {
            "AUTHED_API_POST_LIMIT": (1, 1),
            "AUTHED_API_GET_LIMIT": (500, 300),
            "UNAUTHED_API_GET_LIMIT": (500, 300),
        }
        """Per bucket: requests, and the seconds in which they are allowed."""
        self.enforced = True
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, name: str, who: str, now: datetime) -> Reply | None:
        """Counts one request; the 429 where there were too many."""
        limit, period = self.rules[name]
        window = self._windows.get((name, who))
        if window is None or now >= window.until:
            window = self._windows[name, who] = _Window(now + timedelta(seconds=period), 0)
        if window.used < limit or not self.enforced:
            window.used += 1
            return None
        return self._refusal(name, window, now)

    def _refusal(self, name: str, window: _Window, now: datetime) -> Reply:
        limit, period = self.rules[name]
        until = (window.until + timedelta(microseconds=999_999)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = f'{{"name":"{name}","period":{period},"limit":{limit},"remaining":0,"until":"{until}"}}'
        wait = max(1, math.ceil((window.until - now).total_seconds()))
        return Reply(429, None, {"x-ratelimit": told, "retry-after": str(wait)})


UPGRADE = {"x-upgrade-url": "https://trakt.tv/vip"}
FULL_LISTS = ("told", "bare", "part")


class TraktCore(StandIn):
    """State and the rules that every route shares."""

    name = "trakt"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.catalogue = TraktWorld(world)
        self.oauth = OAuthServer()
        self.limits = RateLimits()
        self.numbers = serial_numbers()
        self.accounts: dict[str, TraktUser] = {}
        self.lag = 0.0
        """Seconds by which reads are behind writes."""
        self.strict_episode_ids = False
        """Take only ``trakt`` and ``tvdb`` for episodes, as the schema says, not ``imdb`` and ``tmdb`` as well."""
        self.duplicate_rows = False
        """Deliver the last row of each history page again on the next one."""
        self.removals_move = False
        """Let the removal of a play move ``watched_at`` of last_activities, which is documented neither way."""
        self.minimal_pages = "wanted"
        """Whether ``extended=min`` comes in pages: "wanted" by asking for a page or a limit, "always" or "never"."""
        self.bare_seasons = False
        """Whether a show's seasons come without their episodes, however they are asked for."""
        self.drops_details = False
        """Whether the collection keeps no more of an entry than its time."""
        self.full_lists = "told"
        """How a list that is full answers 420: "told" with the limit in headers, "bare" without them, "part" bare and
        after it took what there was room for."""
        self.vip_lists: set[str] = set()
        """Lists to which only a VIP may add; 426 for anybody else."""
        self.hidden: set[int] = set()
        """Plays that are counted but not delivered, like those of merged titles."""
        for username in ("anna", "ben"):
            self.account_of(username)

    def account_of(self, username: str) -> TraktUser:
        """That user's account, opened on first mention."""
        if username not in self.accounts:
            self.accounts[username] = TraktUser(username, 998_001 + len(self.accounts), self.numbers)
        return self.accounts[username]

    # The gate

    def check(self, request: Request) -> Reply | None:
        return (
            edge_block(request)
            or wrong_type(request)
            # Documented as required without a status; the nearest documented one is 412.
            or (None if request.headers.get("trakt-api-version") == "2" else Reply(412))
            or self._key_refused(request)
            or self._token_refused(request)
            or self._too_many(request)
        )

    async def serve(self, request: Request, found: RouteMatch) -> Reply:
        """A read that is still as its ``If-None-Match`` says is a 304; it counts against the limit all the same."""
        reply = await super().serve(request, found)
        if request.method != "GET" or reply.status != 200:
            return reply
        body, content_type = reply.encoded()
        tag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        headers = {**reply.headers, "etag": tag}
        same = request.headers.get("if-none-match") == tag
        return Reply(304, None, headers) if same else Reply(200, body, headers, content_type)

    def missing(self, request: Request) -> Reply:
        return self.check(request) or Reply(404)

    def wrong_method(self, request: Request, allowed: Iterable[str]) -> Reply:
        return Reply(405, None, {"allow": ", ".join(sorted(allowed))})

    def _client(self, request: Request) -> ApiApp | None:
        return self.oauth.clients.get(request.headers.get("trakt-api-key", ""))

    def _key_refused(self, request: Request) -> Reply | None:
        """Unknown, deleted and blocked apps get a bare word with 403, no JSON."""
        client = self._client(request)
        return Reply(403, "Forbidden") if client is None or client.blocked or client.deleted else None

    def _token_refused(self, request: Request) -> Reply | None:
        """A token that is shown has to be good, also where none is needed. 401 comes without a body."""
        if "authorization" not in request.headers:
            return None
        token = self._token(request)
        if token is None:
            return Reply(401)
        account = self.account_of(token.username)
        if not (account.locked or account.deactivated):
            return None
        told = {"x-account-locked": account.locked, "x-account-deactivated": account.deactivated}
        return Reply(423, None, {name: str(value).lower() for name, value in told.items()})

    def _token(self, request: Request) -> OAuthToken | None:
        token = self.oauth.token(request.bearer, self.now())
        return token if token is not None and token.client is self._client(request) else None

    def _too_many(self, request: Request) -> Reply | None:
        token = self._token(request)
        if token is not None:
            name = "AUTHED_API_GET_LIMIT" if request.method in READS else "AUTHED_API_POST_LIMIT"
            return self.limits.take(name, token.username, self.now())
        key = request.headers.get("trakt-api-key", "")
        return self.limits.take("UNAUTHED_API_GET_LIMIT", key, self.now()) if request.method in READS else None

    # For handlers

    def user(self, request: Request) -> TraktUser:
        """The account that asks, or 401."""
        token = self._token(request)
        if token is None:
            raise AnsweredEarly(Reply(401))
        account = self.account_of(token.username)
        self.settle(account)
        return account

    def settle(self, account: TraktUser) -> None:
        """What time has done to the account since it was last looked at: a check-in becomes a play by itself."""
        watching = account.watching
        if watching is not None and watching.expires_at <= self.now():
            account.watching = None
            if watching.action == "checkin":
                account.add_play(watching.title, watching.expires_at, "checkin", self.now())

    def read_at(self, request: Request) -> datetime:
        """The moment whose state this read shows."""
        behind = max(self.lag, 60.0) if request.stale else self.lag
        return self.now() - timedelta(seconds=behind) if behind else ALWAYS

    def find(self, kind: TraktKind, item: Mapping[str, Any]) -> TraktTitle | None:
        return self.catalogue.by_request(kind, item, strict_episodes=self.strict_episode_ids)


def json_object(request: Request) -> Mapping[str, Any]:
    """The body, or 400: a body that cannot be read is never a wish for nothing."""
    if not isinstance(request.decoded, dict):
        raise AnsweredEarly(Reply(400))
    return request.decoded


def kind_of(group: str) -> TraktKind:
    """``movies`` to ``movie``, or 404."""
    if group not in SINGULAR:
        raise AnsweredEarly(Reply(404))
    return SINGULAR[group]


def moment(text: str | None, default: datetime) -> datetime:
    """A date or a datetime of a query; without an offset it is UTC; 400 for anything else."""
    if not text:
        return default
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise AnsweredEarly(Reply(400)) from None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def between(request: Request) -> tuple[datetime, datetime]:
    """``start_at`` and ``end_at``."""
    return moment(request.query.get("start_at"), NEVER), moment(request.query.get("end_at"), ALWAYS)


def extended(request: Request) -> frozenset[str]:
    return frozenset(request.query.get("extended", "").split(","))


def page(
    request: Request, rows: Sequence[T], render: Callable[[Sequence[T]], Any], *, most: int = 250, default: int = 100
) -> Reply:
    """One page. A limit above ``most`` is clamped without a word; the headers tell the one that counted."""
    limit = min(most, _positive(request.query.get("limit"), default))
    number = _positive(request.query.get("page"), 1)
    part = rows[(number - 1) * limit : number * limit]
    return Reply(200, render(part), paging(number, limit, len(rows)))


def paging(number: int, limit: int, rows: int) -> dict[str, str]:
    """The four headers; no rows are no pages, not one empty page."""
    return {
        "x-pagination-page": str(number),
        "x-pagination-limit": str(limit),
        "x-pagination-page-count": str(math.ceil(rows / limit) if limit else 0),
        "x-pagination-item-count": str(rows),
    }


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and int(text) > 0 else default


def limit_reached(limit: int, account: TraktUser, *, told: bool = True) -> AnsweredEarly:
    """420: Trakt's answer when a list is full; the body is empty, and the headers are not always there."""
    headers = {"x-account-limit": str(limit), "x-vip-user": str(account.vip).lower(), **UPGRADE}
    return AnsweredEarly(Reply(420, None, headers if told else {}))

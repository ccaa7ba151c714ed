"""All HTTP that we send: one bounded request, its answer read whole, its failures named by what to do next."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Struct

from scrobbled import __version__
from scrobbled.core.errors import NotJson, TryLater
from scrobbled.plumbing.bodies import Overlong, bounded, lines
from scrobbled.plumbing.kept import begun

USER_AGENT = f"scrobbled/{__version__} (self-hosted play tracker)"
MAX_ANSWER = 32 * 1024 * 1024
LONGEST_WAIT = 86_400.0
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

DateListener = Callable[[datetime, float], None]
"""Told what time it was for the service when it answered (aware UTC), and how many seconds the request took."""
Observer = Callable[[str, str, float], None]
"""Told of each request: HTTP method, status (or the error's kind) and seconds."""


@functools.cache
def trust() -> ssl.SSLContext:
    """Whom this machine believes, for any number of connections: made once, as each time takes a megabyte and 20 ms."""
    return ssl.create_default_context()


class TooLarge(TryLater):
    """More was answered than the caller takes."""


class Answer(Struct, frozen=True):
    """A complete answer below 500 that is not a 429."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    what: str
    """``GET host/path``, without query and secrets, for messages."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def date(self) -> datetime | None:
        """When it was given, by the service's clock, in seconds; what a cache kept for a while (``Age``) tells none."""
        if self.headers.get("age", "0").strip() != "0":
            return None
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            return None

    @property
    def is_html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or self.body.lstrip()[:1] == b"<"

    def json(self, *, in_doubt: bool = False) -> Any:
        """The decoded body; anything but JSON is ``NotJson``, ``in_doubt`` where the caller says so."""
        try:
            return _decoded(self.body)
        except (ValueError, RecursionError):
            kind = "HTML instead of JSON" if self.is_html else "something that is not JSON"
            raise NotJson(f"{self.what} answered {self.status} with {kind}", in_doubt=in_doubt) from None


def _decoded(body: bytes) -> Any:
    """Raises ``ValueError``. The quicker decoder knows the standard only, which not every service keeps to."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError):
        return json.loads(body)


class StreamedAnswer(Struct, frozen=True):
    """An answer that goes on. ``lines`` ends with it, and raises ``TimeoutError`` where it falls silent."""

    status: int
    what: str
    """As in ``Answer``."""
    lines: AsyncGenerator[str]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Http:
    """Requests to one service. ``idempotent=False`` makes an unclear failure *in doubt* instead of simply failed.

    Raises ``TryLater`` for network trouble, 429 and 5xx; every other status is the caller's to judge.
    Redirects are not followed: a tracker's API that redirects has moved, and a write must not follow it.
    """

    def __init__(
        self,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        observe: Observer | None = None,
        parts: Callable[[str], Observer | None] = lambda part: None,
        dates: DateListener | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        proxies: bool = True,
    ) -> None:
        """``parts`` makes the observer of a part of the service.

        ``transport`` replaces the network, for tests. ``proxies`` goes by the environment's HTTP_PROXY and its like;
        without it nobody stands in between.
        """
        self.base = base.rstrip("/")
        self._observe = observe or (lambda method, status, seconds: None)
        self._parts = parts
        self._dates = dates or (lambda date, seconds: None)
        self._client = httpx.AsyncClient(
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})},
            transport=transport,
            verify=trust() if transport is None else True,
            trust_env=proxies,
            limits=httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=60),
        )

    def at(self, base: str, part: str = "") -> Http:
        """The same connection pool, asked at another root; closing either closes both. A ``part`` of the service is
        counted by itself.
        """
        other = object.__new__(Http)
        other.base, other._client = base.rstrip("/"), self._client
        other._observe = (self._parts(part) if part else None) or self._observe
        other._dates, other._parts = self._dates, self._parts
        return other

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Sequence[tuple[str, str]] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - httpx bounds each phase, which one deadline cannot
        idempotent: bool = True,
        changes: bool = False,
        largest: int | None = None,
        lenient: bool = False,
    ) -> Answer:
        """One request to ``base + path``, with ``json``, the fields of a ``form``, or ``content`` as it is.

        ``timeout``, in seconds, bounds connecting (10 s at most) and each read; the whole may take three times as long,
        so that nobody holds us by dripping bytes. An answer of more than ``largest`` bytes (``MAX_ANSWER``) is not read
        to its end: ``TooLarge``. ``lenient`` leaves 429 and 5xx to the caller, who asks ``raise_if_temporary`` at last.
        A ``GET`` is sent once more where a kept connection was closed (see ``kept``), unless it ``changes`` something.
        """
        url = self.base + path
        started = time.perf_counter()
        status = "error"
        limits = httpx.Timeout(timeout, connect=min(10.0, timeout))
        encoded, headers = _encoded(form, headers)
        try:
            with _failing(url, idempotent=idempotent):
                again = method == "GET" and not changes
                told = content or encoded
                sent = {"json": json, "content": told, "params": params, "headers": headers, "timeout": limits}
                async with (
                    asyncio.timeout(3 * timeout),
                    contextlib.aclosing(await begun(self._client, method, url, sent, again=again)) as response,
                ):
                    status = str(response.status_code)
                    body = await bounded(response, largest or MAX_ANSWER)
        except TimeoutError as error:
            raise TryLater(_broken(url, error), in_doubt=not idempotent) from error
        finally:
            self._observe(method, status, time.perf_counter() - started)
        answer = Answer(response.status_code, response.headers, body, f"{method} {_host(url)}{_path(url)}")
        if (date := answer.date) is not None:
            self._dates(date, time.perf_counter() - started)
        if not lenient:
            raise_if_temporary(answer, idempotent=idempotent)
        return answer

    @contextlib.asynccontextmanager
    async def listen(
        self, path: str, *, params: Mapping[str, str | int], headers: Mapping[str, str], silence: float
    ) -> AsyncIterator[StreamedAnswer]:
        """One ``GET`` whose answer is read line by line as it comes; leaving the block ends it.

        ``silence`` is how many seconds may pass without a byte. Raises ``TryLater`` where nobody answers or the answer
        breaks off, and for 429 and 5xx; every other status is the caller's to judge.
        """
        url = self.base + path
        what = f"GET {_host(url)}{_path(url)}"
        limits = httpx.Timeout(10.0, read=silence)
        with _failing(url, idempotent=True):
            async with self._client.stream("GET", url, params=params, headers=headers, timeout=limits) as response:
                self._observe("GET", str(response.status_code), 0.0)
                raise_if_temporary(Answer(response.status_code, response.headers, b"", what), idempotent=True)
                yield StreamedAnswer(response.status_code, what, lines(response))

    async def aclose(self) -> None:
        await self._client.aclose()


@contextlib.contextmanager
def _failing(url: str, *, idempotent: bool) -> Iterator[None]:
    """What goes wrong with a request to ``url``, named by what to do next."""
    try:
        yield
    except NEVER_SENT as error:
        raise TryLater(f"{_host(url)} cannot be reached ({_kind(error)})") from error
    except httpx.InvalidURL as error:
        raise TryLater(f"{_host(url)} is not an address that can be called") from error
    except Overlong as error:
        raise TooLarge(f"the connection to {_host(url)} broke ({error})", in_doubt=not idempotent) from error
    except httpx.HTTPError as error:
        raise TryLater(_broken(url, error), in_doubt=not idempotent) from error


def _encoded(
    form: Sequence[tuple[str, str]] | None, headers: Mapping[str, str] | None
) -> tuple[bytes | None, Mapping[str, str] | None]:
    """Names may repeat, which httpx's own encoding of a form does not keep in order."""
    if form is None:
        return None, headers
    return urlencode(form).encode("ascii"), {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}


def raise_if_temporary(answer: Answer, *, idempotent: bool) -> None:
    """Raises ``TryLater`` for 429 and 5xx; ``in_doubt`` where a write that is not ``idempotent`` broke off."""
    if answer.status == 429:
        raise TryLater(
            f"{answer.what} answered 429: too many requests",
            after=retry_after(answer.headers),
            limited=True,
            limit=answer.headers.get("x-ratelimit", ""),
        )
    if answer.status >= 500:
        raise TryLater(
            f"{answer.what} answered {answer.status}", after=retry_after(answer.headers), in_doubt=not idempotent
        )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a ``Retry-After`` header, in either of its two forms (RFC 9110, 10.2.3); a day at most.

    Without one, until ``X-RateLimit-Reset`` (Unix seconds), as AniList says beside it.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        reset = headers.get("x-ratelimit-reset", "").strip()
        return min(LONGEST_WAIT, max(0.0, float(reset) - time.time())) if reset.isdecimal() else None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value).timestamp()
        except (TypeError, ValueError, OverflowError):
            return None
        seconds = when - time.time()
    return min(LONGEST_WAIT, max(0.0, seconds)) if seconds == seconds else None


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]


def _broken(url: str, error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"{_host(url)} did not answer in time ({_kind(error)})"
    return f"the connection to {_host(url)} broke ({_kind(error)})"


def _kind(error: Exception) -> str:
    return type(error).__name__

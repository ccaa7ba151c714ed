"""All HTTP that we send: what comes back, and what each failure means for a repeat."""

import asyncio
import contextlib
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from scrobbled import __version__
from scrobbled.core.errors import ContractDrift, TryLater
from scrobbled.plumbing import http
from scrobbled.plumbing.http import LONGEST_WAIT, Answer, Http, retry_after

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on a real port that says what ``handler`` writes."""
    tasks: set[asyncio.Task[None]] = set()

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            with contextlib.suppress(ConnectionError):
                await handler(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()

    server = await asyncio.start_server(handled, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def saying(text: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()

    return handler


def answering(status: int = 200, body: bytes = b"{}", **headers: str) -> httpx.MockTransport:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return httpx.MockTransport(handler)


def failing(error: Exception) -> httpx.MockTransport:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(handler)


async def ask(
    transport: httpx.AsyncBaseTransport | None = None, base: str = "http://x.test/root/", **more: Any
) -> Answer:
    client = Http(base, transport=transport)
    try:
        return await client.send(more.pop("method", "GET"), more.pop("path", "/thing"), **more)
    finally:
        await client.aclose()


@pytest.mark.parametrize("status", [200, 201, 204, 302, 304, 400, 401, 403, 404, 409, 420, 499])
async def test_an_answer_below_500_is_the_callers_to_judge(status: int) -> None:
    answer = await ask(answering(status, b'{"id": 7}', location="http://elsewhere.test"))
    assert (answer.status, answer.ok, answer.json()) == (status, 200 <= status < 300, {"id": 7})


async def test_who_we_are_and_what_we_want_is_said_with_every_request() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    client = Http("http://x.test/root/", headers={"X-App": "one"}, transport=httpx.MockTransport(handler))
    await client.send("POST", "/a", json={"id": 1}, params={"q": "ä b"}, headers={"Authorization": "Bearer t"})
    await client.at("http://y.test/").send("GET", "/b")
    await client.aclose()
    first, second = seen
    assert str(first.url) == "http://x.test/root/a?q=%C3%A4+b"
    assert first.headers["user-agent"] == f"scrobbled/{__version__} (self-hosted play tracker)"
    assert (first.headers["x-app"], first.headers["authorization"]) == ("one", "Bearer t")
    assert first.content.replace(b" ", b"") == b'{"id":1}'
    assert str(second.url) == "http://y.test/b"


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
async def test_a_5xx_is_tried_later_and_leaves_a_write_in_doubt(status: int, idempotent: bool) -> None:
    with pytest.raises(TryLater, match=str(status)) as caught:
        await ask(answering(status, retry_after="7"), method="POST", idempotent=idempotent)
    assert (caught.value.after, caught.value.in_doubt) == (7.0, not idempotent)


async def test_a_429_was_not_done_whatever_it_was() -> None:
    with pytest.raises(TryLater, match="too many requests") as caught:
        await ask(answering(429, retry_after="12"), method="POST", idempotent=False)
    assert (caught.value.after, caught.value.in_doubt) == (12.0, False)


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("no"), False),
        (httpx.ConnectTimeout("no"), False),
        (httpx.PoolTimeout("no"), False),
        (httpx.UnsupportedProtocol("no"), False),
        (httpx.InvalidURL("no"), False),
        (httpx.ReadTimeout("no"), True),
        (httpx.WriteTimeout("no"), True),
        (httpx.ReadError("no"), True),
        (httpx.WriteError("no"), True),
        (httpx.RemoteProtocolError("no"), True),
        (httpx.ProxyError("no"), True),
        (httpx.DecodingError("no"), True),
    ],
)
async def test_only_what_may_have_been_sent_leaves_a_write_in_doubt(
    error: Exception, sent: bool, idempotent: bool
) -> None:
    with pytest.raises(TryLater) as caught:
        await ask(failing(error), method="POST", idempotent=idempotent)
    assert caught.value.in_doubt is (sent and not idempotent)
    assert "x.test" in caught.value.reason


async def test_messages_name_the_request_without_query_and_credentials() -> None:
    with pytest.raises(TryLater) as caught:
        await ask(answering(503), base="http://anna:hunter2@x.test", params={"token": "geheim"}, path="/a/b")
    assert caught.value.reason == "GET x.test/a/b answered 503"
    with pytest.raises(TryLater) as caught:
        await ask(failing(httpx.ConnectError("hunter2")), base="http://anna:hunter2@x.test")
    assert caught.value.reason == "x.test cannot be reached (ConnectError)"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("  ", None),
        ("soon", None),
        ("nan", None),
        ("0", 0.0),
        ("-5", 0.0),
        ("1.5", 1.5),
        (" 30 ", 30.0),
        ("inf", LONGEST_WAIT),
        ("1e300", LONGEST_WAIT),
        ("99999999", LONGEST_WAIT),
        ("Wed, 21 Oct 1998 07:28:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
    ],
)
async def test_retry_after_is_read_in_both_forms_and_never_longer_than_a_day(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds
    assert retry_after({}) is None


async def test_retry_after_may_be_a_date() -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": value}) == pytest.approx(90, abs=3)


@pytest.mark.parametrize("in_doubt", [True, False])
@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"<!doctype html><p>Just a moment", "text/html; charset=utf-8", "HTML"),
        (b"  <html>", "application/json", "HTML"),
        (b"", "application/json", "something that is not JSON"),
        (b"Service unavailable", "text/plain", "something that is not JSON"),
        (b"[" * 100_000, "application/json", "something that is not JSON"),
        (b"\xff\xfe", "application/json", "something that is not JSON"),
    ],
)
async def test_anything_but_json_is_an_answer_nobody_knows(body: bytes, kind: str, said: str, in_doubt: bool) -> None:
    answer = await ask(answering(200, body, content_type=kind))
    with pytest.raises(ContractDrift, match=f"answered 200 with {said}") as caught:
        answer.json(in_doubt=in_doubt)
    assert caught.value.in_doubt is in_doubt
    assert answer.is_html is (said == "HTML")


async def test_each_request_is_told_to_the_observer_once() -> None:
    seen: list[tuple[str, str, bool]] = []

    def observe(method: str, status: str, seconds: float) -> None:
        seen.append((method, status, seconds >= 0))

    for transport in (answering(200), answering(503), failing(httpx.ReadTimeout("no"))):
        client = Http("http://x.test", observe=observe, transport=transport)
        with contextlib.suppress(TryLater):
            await client.send("PUT", "/")
        await client.aclose()
    assert seen == [("PUT", "200", True), ("PUT", "503", True), ("PUT", "error", True)]


# -- over real connections -----------------------------------------------------------------------------------------


async def test_a_redirect_is_not_followed() -> None:
    async with serving(saying(b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")) as base:
        assert (await ask(base=base, method="POST", idempotent=False)).status == 307


async def test_an_answer_that_breaks_off_is_in_doubt() -> None:
    for said in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"not HTTP at all\r\n\r\n"):
        async with serving(saying(said)) as base:
            with pytest.raises(TryLater, match="broke") as caught:
                await ask(base=base, method="POST", idempotent=False)
            assert caught.value.in_doubt


async def test_nobody_listening_is_no_doubt() -> None:
    async with serving(saying(b"")) as base:
        pass
    with pytest.raises(TryLater, match="cannot be reached") as caught:
        await ask(base=base, method="POST", idempotent=False)
    assert not caught.value.in_doubt


async def test_silence_is_not_waited_for_longer_than_was_said() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(silent) as base:
        with pytest.raises(TryLater, match="ReadTimeout") as caught:
            await ask(base=base, method="POST", idempotent=False, timeout=0.5)
        assert caught.value.in_doubt


@pytest.mark.parametrize("packed", [False, True])
async def test_an_unreasonably_large_answer_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER", 1000)
    small, large = b"[" + b"1," * 400 + b"1]", b" " * 200_000
    for body, fits in ((small, True), (large, False)):
        content = gzip.compress(body) if packed else body
        head = b"Content-Encoding: gzip\r\n" if packed else b""
        text = b"HTTP/1.1 200 OK\r\n" + head + f"Content-Length: {len(content)}\r\n\r\n".encode() + content
        async with serving(saying(text)) as base:
            if fits:
                assert len((await ask(base=base)).json()) == 401
                continue
            with pytest.raises(TryLater, match="broke"):
                await ask(base=base)


@pytest.mark.parametrize("named", ["gzip, gzip", "gzip\r\nContent-Encoding: gzip", "deflate , GZIP"])
async def test_an_answer_packed_twice_is_not_unpacked(named: str) -> None:
    """A few hundred bytes would become gigabytes before anybody could count them."""
    content = gzip.compress(gzip.compress(b" " * 20_000_000))
    text = f"HTTP/1.1 200 OK\r\nContent-Encoding: {named}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    async with serving(saying(text)) as base:
        with pytest.raises(TryLater, match="packed more than once"):
            await ask(base=base)
        client = Http(base)
        with pytest.raises(TryLater, match="broke"):
            async with client.listen("/events", params={}, headers={}, silence=5.0) as there:
                assert [line async for line in there.lines] == []
        await client.aclose()


@pytest.mark.parametrize("address", ["ftp://x.test", "http://[half", "x.test/no-scheme"])
async def test_an_address_that_cannot_be_called_is_said_so(address: str) -> None:
    with pytest.raises(TryLater) as caught:
        await ask(base=address, method="POST", idempotent=False)
    assert not caught.value.in_doubt


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_server_that_drips_bytes_holds_nobody_for_ever(idempotent: bool) -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(dripping) as base:
        client = Http(base)
        with pytest.raises(TryLater) as caught:
            await client.send("GET", "/", timeout=0.5, idempotent=idempotent)
        await client.aclose()
    assert caught.value.in_doubt is not idempotent


async def test_where_only_the_end_of_a_limit_is_told_that_counts() -> None:
    soon = str(int(time.time()) + 90)
    assert retry_after({"x-ratelimit-reset": soon}) == pytest.approx(90, abs=3)
    assert retry_after({"x-ratelimit-reset": soon, "retry-after": "7"}) == 7.0
    assert retry_after({"x-ratelimit-reset": "1"}) == 0.0
    assert retry_after({"x-ratelimit-reset": "soon"}) is None

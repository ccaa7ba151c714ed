"""An answer that goes on: read line by line, bounded, its failures named by what to do next."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from scrobbled.core.errors import TryLater
from scrobbled.plumbing.bodies import LONGEST_LINE
from scrobbled.plumbing.http import Http

SECRET = "token-0815"


class Pieces(httpx.AsyncByteStream):
    """Comes piece by piece, and ends with ``error`` where there is one."""

    def __init__(self, pieces: Sequence[bytes], error: Exception | None) -> None:
        self._pieces, self._error = pieces, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._error:
            raise self._error


async def read(*pieces: bytes, status: int = 200, error: Exception | None = None, at_once: bool = False) -> list[str]:
    def answer(request: httpx.Request) -> httpx.Response:
        if at_once and error:
            raise error
        assert SECRET not in str(request.url)
        return httpx.Response(status, stream=Pieces(pieces, error))

    http = Http("http://server.test", transport=httpx.MockTransport(answer))
    found: list[str] = []
    try:
        async with http.listen("/events", params={}, headers={"X-Token": SECRET}, silence=5.0) as streaming:
            assert streaming.what == "GET server.test/events"
            assert streaming.status == status
            async with contextlib.aclosing(streaming.lines) as lines:
                found += [line async for line in lines]
    finally:
        await http.aclose()
    return found


async def test_lines_are_put_together_from_pieces() -> None:
    assert await read(b"one\r\ntw", b"o\n", b"\nthree\n", b"not ended") == ["one", "two", "", "three"]


async def test_what_is_no_text_is_replaced() -> None:
    assert await read(b"a\xffb\n") == ["a\ufffdb"]


async def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    with pytest.raises(TryLater, match="broke"):
        await read(*[b"x" * 65_536] * (LONGEST_LINE // 65_536 + 1))


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), httpx.RemoteProtocolError("gone")])
async def test_a_connection_that_breaks_off_is_tried_later(error: Exception) -> None:
    with pytest.raises(TryLater, match=r"the connection to server\.test broke"):
        await read(b"one\n", error=error)


async def test_silence_is_no_failure_of_the_service() -> None:
    with pytest.raises(TimeoutError):
        await read(b"one\n", error=httpx.ReadTimeout("silent"))


async def test_a_service_that_is_not_there_is_tried_later() -> None:
    with pytest.raises(TryLater, match="cannot be reached"):
        await read(error=httpx.ConnectError("refused"), at_once=True)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_in_trouble_is_tried_later(status: int) -> None:
    with pytest.raises(TryLater, match=str(status)):
        await read(status=status)


@pytest.mark.parametrize("status", [401, 404, 418])
async def test_any_other_answer_is_the_callers_to_judge(status: int) -> None:
    assert await read(b"no\n", status=status) == ["no"]

"""Reading what is answered, piece by piece and never more than can be kept. ``Http`` does."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx

LONGEST_LINE = 256 * 1024


class Overlong(httpx.DecodingError):
    """Ends the reading of an answer."""


async def lines(response: httpx.Response) -> AsyncGenerator[str]:
    """Without their ends; raises ``httpx.DecodingError`` for one that is too long to be kept."""
    rest = b""
    _check_packing(response)
    try:
        async for part in response.aiter_bytes():
            *whole, rest = (rest + part).split(b"\n")
            for line in whole:
                yield line.rstrip(b"\r").decode("utf-8", "replace")
            if len(rest) > LONGEST_LINE:
                raise httpx.DecodingError("a line is unreasonably long")
    except httpx.ReadTimeout:
        raise TimeoutError from None


def _check_packing(response: httpx.Response) -> None:
    """Raises ``Overlong`` for what is packed twice: each time makes it a thousand times larger, piece by piece."""
    if len(response.headers.get_list("content-encoding", split_commas=True)) > 1:
        raise Overlong("the answer is packed more than once")


async def bounded(response: httpx.Response, largest: int) -> bytes:
    """The whole of it; raises ``Overlong`` where that is more than ``largest`` bytes."""
    _check_packing(response)
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > largest:
            raise Overlong("the answer is unreasonably large")
        parts.append(part)
    return b"".join(parts)

"""A batch of lines brought to a server, to the last one that it takes. The same line twice is the same point."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator, Sequence

from msgspec import Struct

from scrobbled.sinks.base import RefusedPoint
from scrobbled.sinks.influx.answers import LinesVerdict, is_too_old

LARGEST = 5_000_000
"""Bytes of lines in one request, before they are packed."""
TOO_LARGE = "the server takes no line of this length"


class LinePoint(Struct, frozen=True):
    """``index`` is that of the point in the caller's batch, ``at`` its time in nanoseconds."""

    index: int
    text: str
    at: int


class LinesOutcome(Struct):
    """What is not written; everything else is."""

    refused: list[RefusedPoint] = []
    too_old: list[int] = []

    def add(self, one: LinePoint, words: str) -> None:
        """One line that the server does not take by itself."""
        if is_too_old(words):
            self.too_old.append(one.index)
        else:
            self.refused.append(RefusedPoint(one.index, words))


Post = Callable[[bytes], Awaitable[LinesVerdict]]
"""One request with a packed body."""


def portions(points: Sequence[LinePoint], most: int) -> Iterator[list[LinePoint]]:
    """At most ``most`` lines and ``LARGEST`` bytes each, and at least one line."""
    portion: list[LinePoint] = []
    size = 0
    for one in points:
        length = len(one.text.encode()) + 1
        if portion and (len(portion) >= most or size + length > LARGEST):
            yield portion
            portion, size = [], 0
        portion.append(one)
        size += length
    if portion:
        yield portion


class Bringer:
    """Brings lines by ``post``, and tells in ``outcome`` what is not taken. Raises what ``post`` raises."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self.outcome = LinesOutcome()

    async def bring(self, points: Sequence[LinePoint]) -> None:
        """In one request where all is well; else by halves, as a part may have been written and none says which."""
        verdict = await self._sent(points)
        if verdict.too_old and len(points) > 1:
            points = await self._young(sorted(points, key=lambda one: one.at))
            verdict = await self._sent(points) if points else LinesVerdict(taken=True)
        await self._settle(points, verdict)

    async def _settle(self, points: Sequence[LinePoint], verdict: LinesVerdict) -> None:
        if verdict.taken:
            return
        named = verdict.named
        if named and max(named) < len(points):
            for index, words in named.items():
                self.outcome.add(points[index], words)
        elif len(points) == 1:
            self.outcome.add(points[0], TOO_LARGE if verdict.large else verdict.words)
        elif verdict.dropped == len(points):
            for one in points:
                self.outcome.add(one, verdict.words)
        else:
            for half in _halves(points):
                await self._settle(half, await self._sent(half))

    async def _young(self, points: Sequence[LinePoint]) -> Sequence[LinePoint]:
        """Those of ``points``, the oldest first, that the server keeps; it tells only that some are too old."""
        low, high = 0, len(points)
        while low < high:
            middle = (low + high) // 2
            if (await self._sent(points[middle:])).too_old:
                low = middle + 1
            else:
                high = middle
        self.outcome.too_old += [one.index for one in points[:high]]
        return points[high:]

    async def _sent(self, points: Sequence[LinePoint]) -> LinesVerdict:
        body = "\n".join(one.text for one in points).encode()
        return await self._post(await asyncio.to_thread(gzip.compress, body, 6))


def _halves(points: Sequence[LinePoint]) -> tuple[Sequence[LinePoint], Sequence[LinePoint]]:
    middle = len(points) // 2
    return points[:middle], points[middle:]

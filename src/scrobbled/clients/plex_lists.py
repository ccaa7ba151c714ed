"""Long lists of a Plex server, a large page at a time: rows stay as they came until somebody takes them one by one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from scrobbled.core.errors import ContractDrift, TryLater, said
from scrobbled.plumbing.fields import decimal
from scrobbled.plumbing.http import Answer

LARGE_PAGE = 1_000
"""Rows asked for at once."""
MOST_PAGES = 1_000
REREAD = 10.0
JsonScalar = str | int | float | bool | None
T = TypeVar("T")


class ListShifted(TryLater):
    """The list changed while it was read, so that its pages do not fit together."""


class ListGone(ContractDrift):
    """There is no such list any more, or no right to it."""


class ListedPage(Struct, frozen=True):
    """Some rows of a list. ``total`` is how many it has in all, where the server says so."""

    raw: Sequence[Raw]
    total: int | None
    paged: bool
    """The server says where in the list they lie; one that does not has answered with everything."""
    what: str

    def rows(self, kind: type[T]) -> Iterator[T | None]:
        """Each as far as ``kind`` has fields for it; ``None`` for one that cannot be read so."""
        decoder = msgspec.json.Decoder(kind)
        for raw in self.raw:
            try:
                yield decoder.decode(raw)
            except msgspec.MsgspecError:
                yield None


class _Held(Struct, rename="camel"):
    size: JsonScalar = None
    offset: JsonScalar = None
    total_size: JsonScalar = None
    metadata: list[Raw] | None = msgspec.field(default=None, name="Metadata")


class _Envelope(Struct):
    container: _Held = msgspec.field(name="MediaContainer")


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def page_of(answer: Answer) -> ListedPage:
    """The page in a good answer. Raises ``ContractDrift`` naming the key, and ``TryLater`` for what breaks off."""
    try:
        held = _opened(answer.body).container
    except msgspec.ValidationError as error:
        raise ContractDrift(f"{answer.what}: {said(error)}; is this the address of Plex?") from None
    except (ValueError, RecursionError):
        raise TryLater(f"{answer.what} answered with JSON that breaks off") from None
    total = decimal(held.total_size)
    paged = total is not None or decimal(held.offset) is not None
    return ListedPage(held.metadata or (), None if total is None else int(total), paged, answer.what)


def _opened(body: bytes) -> _Envelope:
    """The quicker decoder knows the standard only."""
    try:
        return _ENVELOPE.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _ENVELOPE.decode(msgspec.json.encode(json.loads(body)))


@dataclass
class PlexListing:
    """The pages of one list, each asked for where the rows before it ended. To be gone through once."""

    page: Callable[[int], Awaitable[ListedPage]]
    """Asked for what begins with the row of that number."""
    total: int | None = None
    """As the server counts."""
    received: int = 0
    _seen: set[int] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Whether as many rows came as the server counts; for when it is gone through."""
        return self.total is None or self.total == self.received

    async def __aiter__(self) -> AsyncIterator[ListedPage]:
        """Ends with the last row, an empty page or one that came before, as some servers repeat one for ever.

        Raises ``ListShifted`` where rows slipped from one page to another, ``ContractDrift`` for a list without end.
        """
        for _ in range(MOST_PAGES):
            page = await self.page(self.received)
            if self.received and page.total != self.total:
                raise ListShifted(f"what {page.what} lists changed while it was read", after=REREAD)
            marks = {hash(bytes(raw)) for raw in page.raw}
            fresh = marks - self._seen
            self.total = page.total
            if not fresh:
                return
            if len(fresh) < len(page.raw):
                raise ListShifted(f"{page.what} listed something twice", after=REREAD)
            self._seen |= fresh
            self.received += len(page.raw)
            yield page
            if not page.paged or self.received == page.total:
                return
        raise ContractDrift(f"{page.what} goes on after {MOST_PAGES} pages")

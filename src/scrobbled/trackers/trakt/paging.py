"""Asking for what one account holds, and reading listings that come in pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from scrobbled.core.errors import ContractDrift, Refused, TryLater
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.client import Api, judge
from scrobbled.trackers.trakt.codec import whole

PAGE = 250
"""The largest page; Trakt quietly cuts larger ones down to this."""
MOST_PAGES = 400
"""A hundred thousand plays, which is all that Trakt keeps."""
PIECE = 50
NOTHING = (404,)
REREAD = 10.0
Params = Mapping[str, str | int]


class Shifted(TryLater):
    """The listing changed while it was read, so that its pages do not fit together."""


class Paging(Struct, frozen=True):
    """What the headers of one page say."""

    pages: int | None
    """0 for an empty list, ``None`` where the header is missing."""
    items: int | None
    """Hidden and merged ones are counted, too."""
    shape: tuple[str | None, str | None]
    """Effective page size and number of items: when these change, pages no longer line up."""

    @classmethod
    def of(cls, answer: Answer) -> Paging:
        told = answer.headers.get
        size, items = told("x-pagination-limit"), told("x-pagination-item-count")
        return cls(whole(told("x-pagination-page-count")), whole(items), (size, items))

    def ends(self, page: int, fresh: int) -> bool:
        """Whether ``page`` is the last. Short pages prove nothing: hidden plays are counted and not delivered."""
        return fresh == 0 if self.pages is None else page >= self.pages


class Gathers(Protocol):
    """What takes the pages of one listing."""

    def take(self, raw: Any, what: str) -> int:
        """How much of this page was new; rows may come twice. Raises ``ContractDrift``."""
        ...


GathersT = TypeVar("GathersT", bound=Gathers)


class ListingSize(Struct, frozen=True):
    """How long a listing was."""

    pages: int
    items: int | None
    """As the service counts."""


class Asker:
    """Signed reads of one account."""

    def __init__(self, api: Api, auth: Auth) -> None:
        self._api = api
        self._auth = auth

    async def get(
        self, path: str, params: Params | None = None, *, absent: Collection[int] = (), long: bool = False
    ) -> Answer:
        """``absent``: these statuses are an answer, too. ``long``: a page of many; see ``Api.get``."""

        async def call(token: str) -> Answer:
            return await self._api.get(path, params, token=token, long=long)

        answer = await self._auth.signed(call)
        if answer.status in absent:
            return answer
        try:
            return judge(answer)
        except Refused as refusal:  # no play is at fault when a question is refused
            raise ContractDrift(refusal.reason) from None

    def delay(self) -> float:
        """Seconds until a page of many may be asked for."""
        return self._api.delay(long=True)

    async def gather(
        self, path: str, params: Params, into: Gathers, *, most: int = MOST_PAGES, absent: bool = False
    ) -> ListingSize:
        """Every page of a listing. Raises ``Shifted`` when it changes meanwhile, ``ContractDrift`` when it has no end.

        ``absent``: a listing that does not exist is an empty one.
        """
        first: Paging | None = None
        for page in range(1, most + 1):
            expected = NOTHING if absent and page == 1 else ()
            answer = await self.get(path, {**params, "page": page, "limit": PAGE}, absent=expected, long=page > 1)
            if answer.status == 404:
                return ListingSize(page, 0)
            paging = Paging.of(answer)
            first = first or paging
            if paging.shape != first.shape:
                raise Shifted(f"what GET {path} lists changed while it was read", after=REREAD)
            if (paging.pages or 0) > most:
                break
            if paging.ends(page, await _taken(into, answer)):
                return ListingSize(page, paging.items)
        raise ContractDrift(f"GET {path} goes on after {most} pages")

    async def gather_again(
        self, path: str, params: Params, new: Callable[[], GathersT], *, most: int = MOST_PAGES, absent: bool = False
    ) -> tuple[GathersT, ListingSize]:
        """As ``gather``, from the beginning once more where the listing changed."""
        into = new()
        try:
            return into, await self.gather(path, params, into, most=most, absent=absent)
        except Shifted:
            into = new()
            return into, await self.gather(path, params, into, most=most, absent=absent)


async def _taken(into: Gathers, answer: Answer) -> int:
    """In small pieces: a webhook that comes meanwhile is not to wait for a whole page."""
    raw = answer.json()
    if not isinstance(raw, list):
        return into.take(raw, answer.what)
    fresh = 0
    for start in range(0, len(raw), PIECE):
        fresh += into.take(raw[start : start + PIECE], answer.what)
        await asyncio.sleep(0)
    return fresh

"""The part of a library by which people choose: which libraries its servers have."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct


class OfferedLibrary(Struct, frozen=True):
    """One library of a media server, as a person sees it. ``kind`` is what stands in it: films, or shows.

    Of shows the episodes are counted: those that are there, and those that count as watched. ``None`` is not told.
    """

    server: str
    title: str
    kind: Literal["movie", "show"]
    items: int | None = None
    watched: int | None = None


class SilentServer(Struct, frozen=True):
    """One that tells nothing just now, and why, as a sentence without its full stop."""

    name: str
    why: str


class LibraryOffer(Struct, frozen=True):
    """What there is to choose from. ``libraries`` are in the order of their servers, and in that of each of them."""

    libraries: tuple[OfferedLibrary, ...]
    silent: tuple[SilentServer, ...] = ()


class Offers(Protocol):
    """The part of a library that tells which libraries its servers have, whatever was chosen of them."""

    async def offered(self) -> LibraryOffer:
        """Those with films or shows that this person may see, asked now. Sends no write, and keeps nothing.

        Titles, and names of servers, are what the configuration chooses by; see ``core.naming.libraries``. Raises as
        every call where no server tells anything; one of several is ``silent``.
        """
        ...

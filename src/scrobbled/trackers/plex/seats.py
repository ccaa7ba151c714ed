"""A person at each of their servers, as reading needs to know them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from scrobbled.clients.plex import PlexClient


class PlexSeat(Struct, frozen=True):
    """``machine`` is the server's ``machineIdentifier``; ``client`` is shown this person's state.

    ``accounts`` are ids by which the history of that server may know the person, the likeliest first; none where it
    shows nobody else's rows.
    """

    machine: str
    name: str
    client: PlexClient
    accounts: tuple[str, ...] = ()


class PlexSeats(Struct, frozen=True):
    """``off`` are sentences, one for each server that does not answer just now."""

    there: tuple[PlexSeat, ...]
    off: tuple[str, ...] = ()
    person: str = ""
    """Whose account it is, where that is known."""


FindSeats = Callable[[], Awaitable[PlexSeats]]
"""Raises as every call of a tracker, also where no server answers at all."""

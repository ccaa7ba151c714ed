"""Rows of ratings, of the collection and of the watchlist. Pure; what cannot be read raises ``ContractDrift``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import ContractDrift
from scrobbled.core.kinds import KINDS, Kind, KindValue, Scope
from scrobbled.trackers.trakt.answers import SCOPES, lines, told
from scrobbled.trackers.trakt.codec import whole
from scrobbled.trackers.trakt.entries import TraktEntry, entry_of, part

DETAILS = ("media_type", "resolution", "hdr", "audio", "audio_channels")
"""Of what is collected, as text; ``3d`` comes beside them as true, or as 1 from films since March 2026."""


class ListedValue(Struct, frozen=True):
    """One row: the value of a kind that the account has for one title."""

    value: KindValue
    at: datetime | None
    entry: TraktEntry


class Listing(Struct, frozen=True):
    """Where all values of a kind are listed: of each part of it the path, with what it is asked with."""

    paths: tuple[tuple[str, Mapping[str, str | int]], ...]
    time: str
    """The key of the row's time."""
    value: Callable[[Mapping[str, Any], str], KindValue]
    """Of a row, by what was asked."""


def _rating(line: Mapping[str, Any], what: str) -> KindValue:
    value = whole(line.get("rating"))
    if value is None or not 1 <= value <= 10:
        raise ContractDrift(f"{what} lists a rating that is not 1 to 10")
    return value


def _details(line: Mapping[str, Any], what: str) -> KindValue:
    metadata = part(line, "metadata")
    said = {name: metadata[name] for name in DETAILS if isinstance(metadata.get(name), str) and metadata[name]}
    return {**said, "3d": True} if metadata.get("3d") in (True, 1) else said


def _nothing(line: Mapping[str, Any], what: str) -> KindValue:
    return {}


LISTINGS: Mapping[Kind, Listing] = {
    "ratings": Listing((("/sync/ratings/all", {"extended": "full"}),), "rated_at", _rating),
    "collection": Listing(
        (
            ("/sync/collection/movies", {"extended": "metadata"}),
            ("/sync/collection/episodes", {"extended": "metadata"}),
        ),
        "collected_at",
        _details,
    ),
    "watchlist": Listing((("/sync/watchlist/all", {}),), "listed_at", _nothing),
}
"""Episodes are listed as such, and not by their shows: those list numbers alone, and specials are told by their ids."""


def read_values(kind: Kind, raw: object, what: str) -> Iterator[ListedValue]:
    """Strict, since a row overlooked here would count as taken back; what is neither title nor part is left out."""
    listing = LISTINGS[kind]
    for line in lines(raw, what):
        scope: Scope | None = next((scope for scope in SCOPES if scope in line), None)
        if scope is not None:
            yield ListedValue(listing.value(line, what), told(line, listing.time, what), entry_of(line, scope))


def is_of(kind: Kind, entry: TraktEntry) -> bool:
    """Whether it is about what can have a value of the kind: the watchlist lists seasons and episodes, too."""
    return entry.scope in KINDS[kind].scopes

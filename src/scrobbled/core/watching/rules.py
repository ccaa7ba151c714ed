"""When playing counts as watching, told by whoever knows best: the viewer, else the source, else the house."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct

from scrobbled.core.naming.items import Item, Media
from scrobbled.core.watching.sessions import Rules

T = TypeVar("T")
USUAL = Rules()


class Special(Struct, frozen=True):
    """What holds for some libraries, or for one of the media. ``None`` says nothing, and empty libraries are all."""

    libraries: frozenset[str] = frozenset()
    """Titles, without case."""
    media: Media | None = None
    threshold: float | None = None
    min_duration_ms: int | None = None
    count: bool | None = None

    def fits(self, item: Item) -> bool:
        """What comes from no library cannot be told apart by it, so that it fits no rule of a library."""
        library = item.origin.library if item.origin else None
        in_one = library is not None and library.strip().casefold() in self.libraries
        return (in_one or not self.libraries) and self.media in (None, item.media)


class RuleLevel(Struct, frozen=True):
    """What one place of the configuration says; of ``specials`` the first that fits counts."""

    specials: Sequence[Special] = ()
    threshold: float | None = None
    min_duration_ms: int | None = None

    def special(self, item: Item) -> Special | None:
        return next((special for special in self.specials if special.fits(item)), None)


def rules_of(levels: Sequence[RuleLevel], item: Item | None, *, listed: bool = False) -> Rules:
    """For ``item``, by the first of ``levels`` that says something; without an item what is said of all."""
    threshold = _first(levels, item, lambda told: told.threshold)
    shortest = _first(levels, item, lambda told: told.min_duration_ms)
    return Rules(
        threshold=USUAL.threshold if threshold is None else threshold,
        min_duration_ms=USUAL.min_duration_ms if shortest is None else shortest,
        own=_first(levels[:-1], item, lambda told: told.threshold) is not None,
        listed=listed,
    )


def counts(levels: Sequence[RuleLevel], item: Item) -> bool:
    """Whether it counts at all, by the first rule that says so."""
    told = (special.count for level in levels if (special := level.special(item)) is not None)
    return next((count for count in told if count is not None), True)


def _first(
    levels: Sequence[RuleLevel], item: Item | None, value: Callable[[Special | RuleLevel], T | None]
) -> T | None:
    return next((found for place in _places(levels, item) if (found := value(place)) is not None), None)


def _places(levels: Sequence[RuleLevel], item: Item | None) -> Iterator[Special | RuleLevel]:
    """The special of a level comes before what the level says of everything."""
    for level in levels:
        special = None if item is None else level.special(item)
        if special is not None:
            yield special
        yield level

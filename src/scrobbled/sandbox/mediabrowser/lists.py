"""How Jellyfin and Emby filter, sort and page their lists of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scrobbled.sandbox.mediabrowser.rows import TYPES, Face, UserData, provider_ids
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.library import Library

NEVER = datetime.min.replace(tzinfo=UTC)
STATES: Mapping[str, Callable[[UserData], bool]] = {
    "isplayed": lambda data: data.played,
    "isunplayed": lambda data: not data.played,
    "isfavorite": lambda data: data.favorite,
    "isresumable": lambda data: data.position > 0,
}


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """One question for items: ``query`` has names in lower case, ``data`` says what the asking user has seen."""

    face: Face
    library: Library
    query: Mapping[str, str]
    data: Callable[[LibraryItem], UserData]

    def found(self) -> list[LibraryItem]:
        """All that fit, in the order asked for."""
        fits = self._filter()
        return self._sorted([item for item in self._inside() if fits(item)])

    def page(self, items: Sequence[LibraryItem]) -> tuple[int, Sequence[LibraryItem]]:
        """The first index and the part asked for."""
        start, limit = self._number("startindex"), self._number("limit")
        return start, items[start : start + limit] if limit else items[start:]

    def words(self, name: str) -> list[str]:
        """A parameter that is a list, in lower case."""
        return [word.strip().lower() for word in self.query.get(name, "").split(",") if word.strip()]

    def _number(self, name: str) -> int:
        text = self.query.get(name, "")
        return int(text) if text.isdigit() else 0

    def _inside(self) -> Sequence[LibraryItem]:
        """What is below ``ParentId``: a library, a series or a season."""
        everything = list(self.library.items.values())
        parent = self.query.get("parentid", "").lower().replace("-", "")
        if not parent:
            return everything
        own = [item for item in everything if self.face.item_id(item.rating_key) == parent]
        if own:
            children = self.library.children(own[0])
            return [*children, *self.library.leaves(own[0])] if own[0].type == "show" else children
        return [item for item in everything if self.face.item_id(f"section-{item.section.key}") == parent]

    def _filter(self) -> Callable[[LibraryItem], bool]:
        """What is asked for; of ``AnyProviderIdEquals=tmdb.123,imdb.tt1``, which Emby has, one has to be the item's."""
        types, ids = set(self.words("includeitemtypes")), {one.replace("-", "") for one in self.words("ids")}
        named = set(self.words("anyprovideridequals"))
        flags = [*self.words("filters"), *_flag("isplayed", "isunplayed", self.query.get("isplayed", ""))]
        states = [STATES[name] for name in flags if name in STATES]

        def fits(item: LibraryItem) -> bool:
            return (
                (not types or TYPES[item.type].lower() in types)
                and (not ids or self.face.item_id(item.rating_key) in ids)
                and all(state(self.data(item)) for state in states)
                and (not named or not named.isdisjoint(_names(item)))
            )

        return fits

    def _sorted(self, items: list[LibraryItem]) -> list[LibraryItem]:
        down = self.words("sortorder")[:1] == ["descending"]
        by = (self.words("sortby") or [""])[0]
        if by == "dateplayed":
            items.sort(key=lambda item: self.data(item).last or NEVER, reverse=down)
        elif by == "datecreated":
            items.sort(key=lambda item: (item.held.added, item.title), reverse=down)
        elif by in ("sortname", "name"):
            items.sort(key=lambda item: item.title, reverse=down)
        return items


def _flag(yes: str, no: str, value: str) -> list[str]:
    return {"true": [yes], "false": [no]}.get(value.lower(), [])


def _names(item: LibraryItem) -> set[str]:
    return {f"{name}.{value}".lower() for name, value in provider_ids(item).items()}

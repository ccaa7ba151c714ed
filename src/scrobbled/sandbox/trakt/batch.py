"""The lists of a write request, taken apart: which titles it means, and what could not be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scrobbled.sandbox.base import Answered, Reply
from scrobbled.sandbox.trakt_accounts import GROUPS
from scrobbled.sandbox.trakt_catalogue import Catalogue, Kind, Title

Find = Callable[[Kind, Mapping[str, Any]], Title | None]
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """One title of a request, with what the request says about it (inherited from season and show)."""

    title: Title
    said: Item


@dataclass(slots=True)
class Batch:
    wishes: list[Wish] = field(default_factory=list)
    not_found: dict[str, list[Any]] = field(default_factory=lambda: {group: [] for group in GROUPS.values()})


class Expansion:
    """Takes one request apart. ``leaves`` turns a bare show or season into all its episodes, as history does."""

    def __init__(self, catalogue: Catalogue, find: Find, *, leaves: bool) -> None:
        self._catalogue = catalogue
        self._find = find
        self._leaves = leaves
        self._batch = Batch()

    def of(self, body: Item) -> Batch:
        """Raises ``Answered`` with 400 for lists that hold anything but objects."""
        for kind, group in GROUPS.items():
            for item in _objects(body.get(group)):
                self._take(kind, group, item)
        return self._batch

    def _take(self, kind: Kind, group: str, item: Item) -> None:
        title = self._find(kind, item)
        if title is None:
            self._batch.not_found[group].append(item)
        elif kind == "show" and item.get("seasons"):
            failed = [echo for season in _objects(item["seasons"]) if (echo := self._season(title, item, season))]
            if failed:
                self._batch.not_found[group].append({**item, "seasons": failed})
        else:
            self._wish(title, item)

    def _season(self, show: Title, item: Item, season: Item) -> Item | None:
        """Takes one season of a show; returns what of it does not exist."""
        title = next((s for s in self._catalogue.seasons(show) if str(s.season) == str(season.get("number"))), None)
        if title is None:
            return season
        said = _inherit(item, season)
        if not season.get("episodes"):
            self._wish(title, said)
            return None
        failed = [one for one in _objects(season["episodes"]) if not self._episode(show, title, said, one)]
        return {**season, "episodes": failed} if failed else None

    def _episode(self, show: Title, season: Title, said: Item, episode: Item) -> bool:
        title = self._catalogue.place(show, season.season, episode.get("number"))
        if title is not None:
            self._wish(title, _inherit(said, episode))
        return title is not None

    def _wish(self, title: Title, said: Item) -> None:
        self._batch.wishes += (Wish(one, said) for one in self._parts(title))

    def _parts(self, title: Title) -> Iterable[Title]:
        if self._leaves and title.kind == "show":
            return self._catalogue.episodes(title)
        if self._leaves and title.kind == "season":
            return self._catalogue.season_episodes(title)
        return (title,)


def _inherit(outer: Item, inner: Item) -> Item:
    own = {name: value for name, value in outer.items() if name not in ("ids", "seasons", "episodes", "number")}
    return {**own, **inner}


def _objects(given: object) -> Iterator[Item]:
    for item in given if isinstance(given, list) else [] if given is None else [given]:
        if not isinstance(item, dict):
            raise Answered(Reply(400))
        yield item


def counted(titles: Iterable[Title], kinds: Iterable[Kind] = ("movie", "episode")) -> dict[str, int]:
    """``{"movies": n, "episodes": n}``."""
    numbers = Counter(title.kind for title in titles)
    return {GROUPS[kind]: numbers[kind] for kind in kinds}

"""The lists of a write request, taken apart: which titles it means, and what could not be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply
from scrobbled.sandbox.trakt.accounts import GROUPS
from scrobbled.sandbox.trakt.catalogue import TraktKind, TraktTitle, TraktWorld

Find = Callable[[TraktKind, Mapping[str, Any]], TraktTitle | None]
RequestItem = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestedTitle:
    """One title of a request, with what the request says about it (inherited from season and show)."""

    title: TraktTitle
    said: RequestItem


@dataclass(slots=True)
class TraktBatch:
    wishes: list[RequestedTitle] = field(default_factory=list)
    not_found: dict[str, list[Any]] = field(default_factory=lambda: {group: [] for group in GROUPS.values()})


class Expansion:
    """Takes one request apart. ``leaves`` turns a bare show or season into all its episodes, as history does."""

    def __init__(self, catalogue: TraktWorld, find: Find, *, leaves: bool) -> None:
        self._catalogue = catalogue
        self._find = find
        self._leaves = leaves
        self._batch = TraktBatch()

    def of(self, body: RequestItem) -> TraktBatch:
        """Raises ``AnsweredEarly`` with 400 for lists that hold anything but objects."""
        for kind, group in GROUPS.items():
            for item in _objects(body.get(group)):
                self._take(kind, group, item)
        return self._batch

    def _take(self, kind: TraktKind, group: str, item: RequestItem) -> None:
        title = self._find(kind, item)
        if title is None:
            self._batch.not_found[group].append(item)
        elif kind == "show" and item.get("seasons"):
            failed = [echo for season in _objects(item["seasons"]) if (echo := self._season(title, item, season))]
            if failed:
                self._batch.not_found[group].append({**item, "seasons": failed})
        else:
            self._wish(title, item)

    def _season(self, show: TraktTitle, item: RequestItem, season: RequestItem) -> RequestItem | None:
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

    def _episode(self, show: TraktTitle, season: TraktTitle, said: RequestItem, episode: RequestItem) -> bool:
        title = self._catalogue.place(show, season.season, episode.get("number"))
        if title is not None:
            self._wish(title, _inherit(said, episode))
        return title is not None

    def _wish(self, title: TraktTitle, said: RequestItem) -> None:
        self._batch.wishes += (RequestedTitle(one, said) for one in self._parts(title))

    def _parts(self, title: TraktTitle) -> Iterable[TraktTitle]:
        if self._leaves and title.kind == "show":
            return self._catalogue.episodes(title)
        if self._leaves and title.kind == "season":
            return self._catalogue.season_episodes(title)
        return (title,)


def _inherit(outer: RequestItem, inner: RequestItem) -> RequestItem:
    own = {name: value for name, value in outer.items() if name not in ("ids", "seasons", "episodes", "number")}
    return {**own, **inner}


def _objects(given: object) -> Iterator[RequestItem]:
    for item in given if isinstance(given, list) else [] if given is None else [given]:
        if not isinstance(item, dict):
            raise AnsweredEarly(Reply(400))
        yield item


def counted(titles: Iterable[TraktTitle], kinds: Iterable[TraktKind] = ("movie", "episode")) -> dict[str, int]:
    """``{"movies": n, "episodes": n}``."""
    numbers = Counter(title.kind for title in titles)
    return {GROUPS[kind]: numbers[kind] for kind in kinds}

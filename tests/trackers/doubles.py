"""What a tracker is handed by the service, kept in memory."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim, ShowMatch
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.wrapped import Wrapped

T = TypeVar("T")


def unwrapped(tracker: Tracker) -> Any:
    """The tracker itself, without what the service puts around it."""
    while isinstance(tracker, Wrapped):
        tracker = tracker._tracker
    return tracker


@dataclass
class KeptTokens:
    """Tokens that survive a tracker, so that a restart can be played by building another one."""

    values: dict[str, Any] | None = None
    saves: int = 0

    async def load(self) -> Mapping[str, Any] | None:
        return None if self.values is None else dict(self.values)

    async def save(self, values: Mapping[str, Any]) -> None:
        self.values = json.loads(json.dumps(dict(values)))
        self.saves += 1

    async def forget(self) -> None:
        self.values = None


@dataclass
class KeptCache:
    """A cache that forgets by the given clock and takes JSON only, as the real one does."""

    clock: Clock
    kept: dict[str, tuple[float, str]] = field(default_factory=dict)

    async def get(self, key: str) -> Any:
        until, text = self.kept.get(key, (0.0, "null"))
        return json.loads(text) if self.clock.monotonic() < until else None

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        self.kept[key] = (self.clock.monotonic() + seconds, json.dumps(value))


@dataclass
class KnownShows:
    """Believes the show ids of the episode, and its numbering; knows more when asked deeper and told so before."""

    more: tuple[Claim, ...] = ()
    asked: list[bool] = field(default_factory=list)
    """Whether each question was a deeper one."""
    ids: ShowIds = field(default_factory=ShowIds)
    """Those of the one show it knows, beside what an episode says."""

    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        self.asked.append(deeper)
        claims: tuple[Claim, ...] = ()
        if episode.season is not None and episode.number is not None:
            claims = (Claim(episode.season, episode.number, "media server"),)
        return ShowMatch(episode.show_ids.merged(self.ids), "TMDB show id", claims + (self.more if deeper else ()))


class KeptDraft:
    """A ``ListingDraft`` in memory; what it holds has been JSON, as in the database."""

    def __init__(self) -> None:
        self.told: dict[int, bytes] = {}
        self.rested: list[float] = []
        self.steps: list[tuple[int, int | None]] = []

    async def head(self, kind: type[T]) -> T | None:
        return msgspec.json.decode(self.told[0], type=kind) if self.told else None

    async def begin(self, head: Any) -> None:
        self.told = {0: msgspec.json.encode(head)}

    async def keep(self, number: int, page: Any) -> None:
        self.told[number] = msgspec.json.encode(page)

    async def renew(self, head: Any, first: Any) -> None:
        self.told |= {0: msgspec.json.encode(head), 1: msgspec.json.encode(first)}

    async def drop(self) -> None:
        self.told = {}

    async def pages(self, kind: type[T]) -> AsyncIterator[tuple[int, T]]:
        for number in sorted(self.told.keys() - {0}):
            yield number, msgspec.json.decode(self.told[number], type=kind)

    async def step(self, done: int, of: int | None) -> None:
        self.steps.append((done, of))

    async def waits(self, seconds: float) -> None:
        self.rested.append(seconds)


class Drafts:
    """The part of ``EarlierReads`` that no read has come to its end with."""

    marks = True

    @property
    def drafts(self) -> dict[str, KeptDraft]:
        kept: dict[str, KeptDraft] = self.__dict__.setdefault("kept_drafts", {})
        return kept

    def draft(self, listing: str) -> KeptDraft:
        return self.drafts.setdefault(listing, KeptDraft())

"""What a tracker is handed by the service, kept in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scrobbled.clock import Clock
from scrobbled.core.items import Episode
from scrobbled.core.matching import Claim, ShowMatch


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

    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        self.asked.append(deeper)
        claims: tuple[Claim, ...] = ()
        if episode.season is not None and episode.number is not None:
            claims = (Claim(episode.season, episode.number, "media server"),)
        return ShowMatch(episode.show_ids, "TMDB show id", claims + (self.more if deeper else ()))

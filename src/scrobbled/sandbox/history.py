"""A past for an account: the same number of plays gives the same plays, so that stand-ins can share one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from scrobbled.sandbox.world import World, WorldEpisode, WorldShow

BETWEEN = timedelta(hours=7, minutes=13, seconds=11)
LONGEST = timedelta(days=20 * 365)
"""What a large past is pressed into."""


@dataclass(frozen=True, slots=True)
class PastPlay:
    """``watched_at`` is aware UTC, to the second."""

    show: WorldShow
    episode: WorldEpisode
    watched_at: datetime
    rewatch: bool


def plays(world: World, count: int, until: datetime) -> Iterator[PastPlay]:
    """``count`` plays of regular episodes, newest last and before ``until``, one show after the other and again."""
    episodes = [(show, episode) for show in world.shows for episode in show.episodes() if episode.season]
    between = min(BETWEEN, timedelta(seconds=LONGEST.total_seconds() // max(1, count)))
    first = until.astimezone(UTC).replace(microsecond=0) - count * between
    for n, (show, episode) in enumerate(islice(cycle(episodes), count)):
        yield PastPlay(show, episode, first + n * between, rewatch=n >= len(episodes))

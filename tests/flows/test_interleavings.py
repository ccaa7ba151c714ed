"""One viewing told by everybody at once, lost, doubled, late and out of order, through restarts: one play.

``SCROBBLED_INTERLEAVINGS`` says how many titles; each is made from its number, so that one that fails can be run alone.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.home import RUNTIME, Home, episode, home_at

VIEWINGS = int(os.environ.get("SCROBBLED_INTERLEAVINGS", "40"))
MINUTES = RUNTIME.total_seconds() / 60
DAY = 1440.0


@dataclass(frozen=True, order=True)
class Word:
    """Said at ``at`` minutes, by ``source``."""

    at: float
    order: float
    source: str = field(compare=False)
    told: dict[str, Any] = field(compare=False)


@dataclass
class Viewing:
    """From the beginning to the end, with pauses; in minutes from ``begins``."""

    dice: random.Random
    begins: float
    pauses: list[tuple[float, float]] = field(default_factory=list)
    """At which percent, and for how long."""

    def at(self, percent: float) -> float:
        """When that was reached."""
        return self.begins + MINUTES * percent / 100 + sum(long for at, long in self.pauses if at < percent)

    @property
    def ends(self) -> float:
        return self.at(100.0)


def watched(dice: random.Random, begins: float, *, two_servers: bool) -> Viewing:
    pauses = sorted((dice.uniform(2, 97), dice.uniform(0.1, 8)) for _ in range(dice.randrange(4)))
    if dice.random() < 0.3:
        pauses.append((dice.uniform(5, 80 if two_servers else 97), dice.uniform(30, 600)))
    return Viewing(dice, begins, sorted(pauses))


def player(viewing: Viewing, counts_at: float | None, stops_at: float) -> Iterator[tuple[float, str, float]]:
    """What somebody tells of it: when, what, and at how many percent."""
    yield viewing.begins, "start", 0.0
    for percent, long in viewing.pauses:
        if percent < stops_at:
            yield viewing.at(percent), "pause", percent
            yield viewing.at(percent) + long, "resume", percent
    for percent in range(5, int(stops_at), viewing.dice.choice((10, 40, 100))):
        yield viewing.at(percent), "progress", float(percent)
    if counts_at is not None:
        yield viewing.at(counts_at), "watched", counts_at
    yield viewing.at(stops_at), "stop", stops_at


def words(dice: random.Random, viewing: Viewing, item: dict[str, Any], *, two_servers: bool) -> Iterator[Word]:
    """Everybody's, as they arrive. The beginning is never lost, and one word at least says that it was watched."""
    stops_at = dice.uniform(96, 100)
    lost = dice.choice((0.0, 0.1, 0.5))
    tellers: list[tuple[str, float | None]] = [("plex", 90.0), ("tautulli", dice.uniform(80, 95)), ("plex", None)]
    tellers = dice.sample(tellers, dice.randint(1, 3)) + ([("jellyfin", None)] if two_servers else [])
    for source, counts_at in tellers:
        for at, kind, percent in player(viewing, counts_at, stops_at):
            for _ in range(dice.choice((1, 1, 1, 1, 2))):
                if kind in ("start", "stop") or dice.random() >= lost:
                    told = {"kind": kind, "item": item, "percent": percent}
                    yield Word(at + dice.uniform(0, 1.5), dice.random(), source, told)
    for _ in range(dice.randrange(3)):
        when = viewing.at(90.0) + dice.uniform(-1, 1)
        told = {"kind": "watched", "item": item, "entered": True, "when": when}
        yield Word(max(when, viewing.at(91.0)) + dice.uniform(0, 600), dice.random(), "plex", told)


async def live(home: Home, dice: random.Random, said: list[Word]) -> None:
    began = home.minutes(0)
    for word in sorted(said):
        home.clock.advance(max(0.0, began + 60 * word.at - home.minutes(0)))
        if dice.random() < 0.05:
            home.restart()
        if dice.random() < 0.2:
            await home.watchdog.look()
        told = {name: value for name, value in word.told.items() if name != "when"}
        if "when" in word.told:
            told["at"] = began + 60 * word.told["when"]
        await home.hear(word.source, **told)
    home.clock.advance(60 * DAY)
    await home.watchdog.look()


async def play_of(home: Home, number: int) -> int:
    """How many viewings there were; afterwards there must be as many plays."""
    dice = random.Random(number)
    two_servers, times = dice.random() < 0.3, dice.choice((1, 1, 2, 3))
    item, begins, said = episode(number), 0.0, []
    for _ in range(times):
        viewing = watched(dice, begins, two_servers=two_servers)
        said += list(words(dice, viewing, item, two_servers=two_servers))
        begins = viewing.ends + dice.choice((3.0, 30.0, DAY, 3 * DAY)) + dice.uniform(2, 60)
    await live(home, dice, said)
    return times


async def test_whatever_is_told_of_viewings_there_are_as_many_plays(tmp_path: Path) -> None:
    async with home_at(tmp_path / "scrobbled.db") as home:
        for number in range(VIEWINGS):
            times = await play_of(home, number)
            found = await home.sql(
                "SELECT watched_at FROM plays WHERE label = ?", f"Harbour Lights S1 E{number} Part {number}"
            )
            assert len(found) == times, f"viewings of number {number}"
        before = await home.plays()
        assert (await home.replay()).plays == []
        assert await home.plays() == before

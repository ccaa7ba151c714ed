"""Databases as they are after years: filled through the functions of the store, at any size.

``python benchmarks/grown.py FILE [--plays N] [--events N]`` makes one to try things on.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from scrobbled.core.naming.items import Item
from scrobbled.core.watching.events import Account, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.sandbox.plex.items import LibraryItem, episode_item
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.player import EVENING, payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.sources import SOURCES
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events as inbox
from scrobbled.store.inbox.events import Arrival, Queued
from scrobbled.store.keeping import housekeeping
from scrobbled.store.queue import outbox

TRACKERS = ("serializd", "trakt")
VIEWERS = ("anna", "ben")
STATES = (PlayOutcome.HELD, PlayOutcome.PARKED, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
OPEN_OF = 200
"""One play in so many waits for something at one tracker; but never more than ``MOST_OPEN``."""
MOST_OPEN = 200
COMMIT_EVERY = 2_000
GUESTS = 8


@dataclass
class Filler:
    """Writes viewings, one after the other, evenly over ``span`` before ``now``."""

    db: sqlite3.Connection
    now: datetime
    span: timedelta
    details: int = 0
    """Characters that a body has besides what the sandbox tells: real ones have casts and summaries."""
    unclaimed: float = 0.01
    """The share of other events that come from guests of the server."""
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    items: list[LibraryItem] = field(default_factory=list)

    def __post_init__(self) -> None:
        shows = Sandbox(shows=60).world.shows
        self.items = [episode_item(show, e) for show in shows for e in show.episodes() if e.season]

    def fill(self, plays: int, events: int) -> None:
        """Each play is the scrobble of one viewing; what is left of ``events`` led to nothing."""
        each, ids = max(0, events - plays) // max(1, plays), count()
        for number in range(plays):
            if number % (COMMIT_EVERY // (each + 1)) == 0:
                self._commit()
            at = self.now - self.span + self.span * (number / plays)
            self._viewing(number, at, each, ids)
        for _ in range(events - plays * (each + 1)):
            self._event(self.items[0], "pause", self.now, next(ids))
        self.db.execute("COMMIT")

    def _commit(self) -> None:
        if self.db.in_transaction:
            self.db.execute("COMMIT")
        self.db.execute("BEGIN")

    def _viewing(self, number: int, at: datetime, others: int, ids: Iterator[int]) -> None:
        item = self.items[number % len(self.items)]
        before = [name for name in EVENING if name != "scrobble"]
        for n in range(others):
            self._event(item, before[n % len(before)], at - timedelta(minutes=45 - n), next(ids))
        event_id = self._event(item, "scrobble", at, next(ids), EventOutcome.ACCEPTED)
        viewer = VIEWERS[number % len(VIEWERS)]
        read = self._read(item, at)
        assert read.item is not None
        self._play(number, Play(viewer, "plex", read.item, at, 2_700_000), event_id, read.item)

    def _play(self, number: int, play: Play, event_id: int, item: Item) -> None:
        assert play.watched_at is not None
        ways = [Queued(tracker, PlayOutcome.QUEUED, "") for tracker in TRACKERS]
        play_id = inbox.add_play(self.db, play, event_id, ways, play.watched_at)
        changes = [row[0] for row in self.db.execute("SELECT id FROM outbox WHERE play_id = ?", (play_id,))]
        waits = number % OPEN_OF == 0 and number // OPEN_OF < MOST_OPEN
        for tracker, change in zip(TRACKERS, changes, strict=True):
            self._settle(tracker, change, play.watched_at.timestamp(), item, number if waits else None)

    def _settle(self, tracker: str, change: int, at: float, item: Item, waits: int | None) -> None:
        address = {"show": 4711, "season": change % 12, "episode": change % 24, "id": change}
        outbox.locate(self.db, change, f"{tracker}:{hash(item.label()) % 10**9}", address, "tmdb id", rewatch=False)
        outbox.begin(self.db, [change])
        if waits is None or tracker == "trakt":
            outbox.settle(self.db, change, PlayOutcome.DELIVERED, "", at + 2, remote_id=str(change + 9_000_000_000))
        else:
            outbox.settle(self.db, change, STATES[waits % len(STATES)], "for the benchmark", at + 2)

    def _event(
        self, item: LibraryItem, name: str, at: datetime, number: int, outcome: EventOutcome | None = None
    ) -> int:
        outcome = outcome or self._drawn()
        who = (
            ANNA if outcome is not EventOutcome.UNCLAIMED else PlexAccount(number % GUESTS, f"guest {number % GUESTS}")
        )
        body = payload(name, item, who, at, offset=number % 2_700_000)
        if self.details:
            body["Metadata"]["summary"] = words(item.rating_key, self.details)
        event = replace(self._read(item, at, name), account=Account(str(who.id), who.title))
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        return inbox.add_event(self.db, Arrival("plex", at, raw, event), outcome, "")

    def _drawn(self) -> EventOutcome:
        share = self.dice.random()
        if share < self.unclaimed:
            return EventOutcome.UNCLAIMED
        return EventOutcome.UNWANTED if share < 0.3 else EventOutcome.ACCEPTED

    def _read(self, item: LibraryItem, at: datetime, name: str = "scrobble") -> PlaybackEvent:
        known = self._known.get((item.rating_key, name))
        if known is None:
            (known,) = SOURCES["plex"].parse(payload(name, item, ANNA, at), at)
            self._known[item.rating_key, name] = known
        return known

    _known: dict[tuple[str, str], PlaybackEvent] = field(default_factory=dict)


@cache
def words(key: str, length: int) -> str:
    """As hard to press together as the cast and the summary of a real item, and the same in all its events."""
    dice = random.Random(key)
    made = ("".join(dice.choices("etaoinshrdlu", k=dice.randint(2, 9))) for _ in range(length // 6))
    return " ".join(made)[:length]


def grown(path: Path, *, plays: int, events: int, span: timedelta = timedelta(days=1500)) -> Path:
    """A new database with so many plays and webhooks, the last of them now; every body is kept."""
    now = datetime.now(UTC)
    with closing(open_database(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA cache_size = -262144")
        Filler(db, now, span).fill(plays, events)
        tidy(db, housekeeping.HousekeepingTime(now, now - 2 * span))
    return path


def tidy(db: sqlite3.Connection, when: housekeeping.HousekeepingTime) -> None:
    """What the service has long done by then."""
    db.execute("BEGIN")
    for step in housekeeping.STEPS:
        while step(db, when):
            pass
    db.execute("COMMIT")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--plays", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    print(grown(given.file, plays=given.plays, events=given.events))


if __name__ == "__main__":
    main()

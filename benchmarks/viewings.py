"""What it costs to ask, for every event that ends a viewing, whether it is a play already: among few plays, and many.

``python benchmarks/viewings.py [--plays N]``
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from msgspec.structs import replace

from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.ends import ViewingSpan
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.intake.folding import play_of_same_viewing
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events
from scrobbled.store.queue import undoing
from scrobbled.store.works import works

NOW = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
YEARS = timedelta(days=3_650)
IN_ONE_GO = 10_000
"""Plays of one moment that a pair brought: somebody once marked everything as watched elsewhere."""
TRIES = 400
LENGTH = timedelta(minutes=45)
Ask = Callable[[sqlite3.Connection, datetime, Episode], object]


def episode(number: int) -> Episode:
    show, rest = divmod(number, 200)
    ids, shows = EpisodeIds(tmdb=number + 1), ShowIds(tmdb=show + 1)
    return Episode(f"Show {show}", rest // 20 + 1, rest % 20 + 1, f"Part {number}", show_ids=shows, ids=ids)


def fill(db: sqlite3.Connection, plays: int, brought: int) -> None:
    db.execute("BEGIN")
    for number in range(plays):
        at = NOW - YEARS * (1 - number / plays)
        events.add_play(db, Play("anna", "plex", episode(number), at, 2_700_000), None, [], at)
    for number in range(brought):
        play = Play("anna", "plex", episode(1_000_000 + number), NOW - timedelta(hours=2), None)
        id_ = events.add_play(db, play, None, [], NOW)
        db.execute("UPDATE plays SET origin = ? WHERE id = ?", (f"trakt {number}", id_))
    while works.catch_up(db):
        pass
    db.execute("COMMIT")
    db.execute("PRAGMA optimize")


def dated(db: sqlite3.Connection, at: datetime, item: Episode) -> object:
    event = PlaybackEvent("plex", EventKind.WATCHED, at, Account(name="anna"), item)
    return play_of_same_viewing(db, "anna", event, ViewingSpan(at - LENGTH, at, LENGTH / 2, 2_700_000))


def undated(db: sqlite3.Connection, at: datetime, item: Episode) -> object:
    event = replace(PlaybackEvent("plex", EventKind.WATCHED, at, Account(name="anna"), item), dated=False)
    return play_of_same_viewing(db, "anna", event, ViewingSpan(at, at, LENGTH / 2))


def unmarked(db: sqlite3.Connection, at: datetime, item: Episode) -> object:
    return undoing.plays_of(db, "anna", item)


ASKED: Sequence[tuple[str, Ask]] = (
    ("a viewing with a date", dated),
    ("one without a date", undated),
    ("the plays of what is marked as not watched", unmarked),
)


def measured(db: sqlite3.Connection, ask: Ask, plays: int, *, lately: bool) -> tuple[float, float]:
    """Milliseconds, p50 and p99; ``lately`` asks about today alone."""
    dice, took = random.Random(5), []
    for _ in range(TRIES):
        number = plays - 1 - dice.randrange(min(plays, 20)) if lately else dice.randrange(plays)
        at = NOW if lately else NOW - YEARS * (1 - number / plays) + timedelta(minutes=dice.randrange(300))
        started = time.perf_counter()
        db.execute("BEGIN")
        ask(db, at, episode(number))
        db.execute("ROLLBACK")
        took.append(1000 * (time.perf_counter() - started))
    found = quantiles(took, n=100)
    return found[49], found[98]


def run(plays: int, brought: int, *, lately: bool = False) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(open_database(Path(folder) / "s.db")) as db:
        fill(db, plays, brought)
        beside = f", {brought:,} of this day from a pair" if brought else ""
        for name, ask in ASKED:
            p50, p99 = measured(db, ask, plays, lately=lately)
            print(f"| {plays:,} plays{beside} | {name} | {p50:.3f} | {p99:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=100_000)
    plays = parser.parse_args().plays
    print("| among | asked for | p50 ms | p99 ms |\n|---|---|---|---|")
    run(100, 0)
    run(plays, 0)
    run(plays, IN_ONE_GO, lately=True)


if __name__ == "__main__":
    main()

"""The process is killed in the middle of reconciling, again and again: in the end both sides hold the same, once.

Four kills in the ordinary run of each drill; ``SCROBBLED_DRILL_KILLS=200`` for a long one.
"""

import contextlib
import json
import os
import random
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.serializd.store import Review

from .harness import ENDS_WITHIN, Service, Town, Viewing, just_now, until
from .two import Two, minutes, paired

KILLS = int(os.environ.get("SCROBBLED_DRILL_KILLS", "4"))
SHOWS = max(12, (47 + 3 * KILLS) // 16 + 1)
"""Sixteen episodes each: enough for every viewing to be of another one."""
WORDS = {"review_text": "A quiet one.\n\nSecond paragraph, with 'quotes'.", "tags": ("cosy", "late"), "like": True}


@dataclass
class Person:
    """Watches and rates on both sites; remembers what both have to hold in the end."""

    two: Two
    dice: random.Random
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    rated: dict[tuple[int, int, int], int] = field(default_factory=dict)
    """Show, season and episode number to the rating."""
    written: dict[int, Review] = field(default_factory=dict)
    """Rows with words in them, by id."""
    times: int = 0

    def watches(self, *, on_trakt: bool = False, on_serializd: bool = False, **more: Any) -> tuple[int, int, int]:
        """An episode nobody watched before, mostly; on one site, or on both as two programs tell it."""
        spot = self._spot()
        at = minutes(self.times)
        self.times += 1
        if on_trakt:
            self.two.watch_on_trakt(*spot, at)
        if on_serializd:
            row = self.two.log_on_serializd(*spot, at, **more)
            if more:
                self.written[row] = next(one for one in self.two.rows() if one.id == row)
        self.seen[f"{self.two.show(spot[0]).title} S{spot[1]}E{spot[2]}", at.strftime("%Y-%m-%dT%H:%M")] += 1
        return spot

    def rates_on_trakt(self, spot: tuple[int, int, int]) -> None:
        if spot in self.rated:
            return
        self.rated[spot] = self.dice.randint(1, 10)
        show, season, number = spot
        episode = self.two.show(show).episode(season, number).trakt
        self.two.rate_on_trakt("episode", episode, self.rated[spot], minutes(self.times))

    def writes_on_serializd(self) -> None:
        """A viewing with a rating and words."""
        rating = self.dice.randint(1, 10)
        spot = self.watches(on_serializd=True, rating=rating, **WORDS)
        self.rated[spot] = rating

    def begins(self) -> None:
        """Forty plays on one side, fifteen on the other, eight of them the same; ratings on both."""
        for n in range(32):
            spot = self.watches(on_trakt=True)
            if n % 4 == 0:
                self.rates_on_trakt(spot)
        for _ in range(8):
            self.watches(on_trakt=True, on_serializd=True)
        for n in range(7):
            if n % 2:
                self.watches(on_serializd=True)
            else:
                self.writes_on_serializd()

    def goes_on(self) -> None:
        """So that there is something to do whenever the process is killed."""
        self.rates_on_trakt(self.watches(on_trakt=True))
        self.watches(on_trakt=True)
        self.writes_on_serializd()

    def _spot(self) -> tuple[int, int, int]:
        """No two are of one rating, so that a rating says which row it belongs to."""
        n = self.times
        return n % SHOWS, 1 + n // SHOWS // 8 % 2, 1 + n // SHOWS % 8

    def compare(self) -> None:
        """Row by row: each viewing once on both sides, each rating, every word."""
        _same("Trakt", self.two.trakt(), self.seen)
        _same("Serializd", self.two.serializd(), self.seen)
        assert self._on_trakt() == self._rated()
        held = {row.id: row for row in self.two.rows()}
        assert {id_: held.get(id_) for id_ in self.written} == self.written
        assert self._on_serializd() == self._rated()

    def _rated(self) -> dict[tuple[str, int, int], int]:
        return {(self.two.show(show).title, season, number): v for (show, season, number), v in self.rated.items()}

    def _on_trakt(self) -> dict[Any, int]:
        return dict(self.two.ratings())

    def _on_serializd(self) -> dict[tuple[str, int, int], int]:
        shows = self.two.town.sandbox.world.shows
        spots = {s.tmdb: (show.title, s.number) for show in shows for s in show.seasons}
        rated = [row for row in self.two.rows() if row.rating]
        assert len({(row.season_id, row.episode_number) for row in rated}) == len(rated), "one row has the rating"
        return {(*spots[row.season_id or 0], row.episode_number or 0): row.rating for row in rated}

    def no_rating_changed_twice(self) -> None:
        """By what was sent: whatever was repeated said the same."""
        town, told = self.two.town, defaultdict[Any, set[Any]](set)
        for call in town.do(lambda: town.sandbox["trakt"].calls("POST /sync/ratings")):
            for group in ("shows", "seasons", "episodes"):
                for entry in (call.body or {}).get(group, ()):
                    told[group, str(entry["ids"])].add(entry["rating"])
        for call in town.do(lambda: town.sandbox["serializd"].calls("POST /api/show/reviews/update")):
            if call.body:  # else the process was killed while it sent it
                told["row", call.body["review_id"]].add(call.body["rating"])
        assert {key: values for key, values in told.items() if len(values) > 1} == {}


def _same(side: str, held: Counter[tuple[str, str]], wanted: Counter[tuple[str, str]]) -> None:
    assert not wanted - held, f"{side} lacks {sorted(wanted - held)}"
    assert not held - wanted, f"{side} holds too much: {sorted(held - wanted)}"


@dataclass
class Killer:
    """Kills a process after so many requests to the stand-ins, and a moment more."""

    two: Two
    dice: random.Random

    def kill(self, *processes: subprocess.Popen[Any], most: int) -> None:
        first, wanted = sum(self.two.requests()), self.dice.randint(1, most)
        deadline = time.monotonic() + 6
        while sum(self.two.requests()) - first < wanted and time.monotonic() < deadline:
            if all(process.poll() is not None for process in processes):
                break
            time.sleep(0.005)
        time.sleep(self.dice.choice((0.0, 0.01, 0.03, 0.2)))
        for process in processes:
            process.kill()
            process.wait(ENDS_WITHIN)
            if process.stdout is not None:
                process.stdout.close()


@contextlib.contextmanager
def _town() -> Iterator[Town]:
    with Town(shows=SHOWS) as town:
        town.fault("serializd", "POST *", "latency", seconds=0.02)  # so that a kill often meets a write
        town.fault("trakt", "POST *", "latency", seconds=0.05, when="after")
        yield town


def _silent(service: Service, two: Two) -> None:
    """Three more runs write nothing."""
    before = two.writes()
    for _ in range(3):
        done = service.run("sync", "--full")
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert "nothing to do" in done.stdout, done.stdout
    assert two.writes() == before


@pytest.mark.beside
def test_both_sides_are_equal_after_a_service_was_killed_at_every_step(tmp_path: Path) -> None:
    dice = random.Random(11)
    with _town() as town:
        two = Two(town)
        person, killer, service = Person(two, random.Random(5)), Killer(two, dice), paired(tmp_path, town, every="1m")
        person.begins()
        for _ in range(KILLS):
            service.start()
            assert service.process is not None
            asking = service.begin("sync")
            killer.kill(service.process, asking, most=60)
            person.goes_on()
        town.mend()
        service.start()
        try:
            _come_to_rest(service)
            person.compare()
            _silent(service, two)
        finally:
            service.kill()
        person.compare()
        person.no_rating_changed_twice()


@pytest.mark.beside
def test_both_sides_are_equal_after_sync_was_killed_at_every_step_and_nothing_serves(tmp_path: Path) -> None:
    dice = random.Random(12)
    with _town() as town:
        two = Two(town)
        person, killer, service = Person(two, random.Random(6)), Killer(two, dice), paired(tmp_path, town)
        person.begins()
        for _ in range(KILLS):
            killer.kill(service.begin("sync"), most=60)
            person.goes_on()
        town.mend()
        _come_to_rest(service)
        person.compare()
        _silent(service, two)
        person.compare()
        person.no_rating_changed_twice()


def _come_to_rest(service: Service) -> None:
    """Runs until one finds nothing to do."""

    def ran() -> bool:
        done = service.run("sync")
        assert done.returncode == 0, (done.stdout, done.stderr, service.log()[-3000:])
        return "nothing to do" in done.stdout

    until(ran, 150, "a run finds nothing to do")


# -- webhooks, outages, second thoughts ----------------------------------------------------------------------------

OLD, NEW, KNOWN = 300, 60, 20
"""Viewings to be migrated, viewings by webhook meanwhile, and those of them that another program told Trakt already."""


class Evening(threading.Thread):
    """Sends webhooks at random moments; notes how long each answer took."""

    def __init__(self, service: Service, items: list[LibraryItem], dice: random.Random) -> None:
        super().__init__(daemon=True)
        self._service, self._items, self._dice = service, items, dice
        self.took: list[float] = []

    def run(self) -> None:
        for item in self._items:
            time.sleep(self._dice.uniform(0.0, 0.2))
            began = time.monotonic()
            assert self._service.post(*Viewing(item, just_now()).webhook()).status_code == 200
            self.took.append(time.monotonic() - began)


@pytest.mark.beside
def test_webhooks_during_a_migration_are_answered_and_each_viewing_arrives_once(tmp_path: Path) -> None:
    dice = random.Random(3)
    with Town(shows=40) as town:
        two, service = Two(town), paired(tmp_path, town, every="1m")
        episodes = [(show, 1, number) for number in range(1, 9) for show in range(40)]
        for n, spot in enumerate(episodes[:OLD]):
            two.watch_on_trakt(*spot, minutes(n))
        items = [item for item in town.episodes() if item.season and item.season.number == 2][:NEW]
        for item in items[:KNOWN]:
            show = next(n for n, one in enumerate(town.sandbox.world.shows) if one.tmdb == item.show.tmdb)
            two.watch_on_trakt(show, 2, item.episode.number, just_now(90), "scrobble")
        dice.shuffle(items)
        service.start()
        try:
            migration = service.begin("sync")
            until(lambda: two.serializd(), 20, "the migration has begun")
            evening = Evening(service, items, dice)
            evening.start()
            assert migration.wait(480) == 0
            evening.join(240)
            service.settled()
            _come_to_rest(service)
        finally:
            service.kill()
        assert len(evening.took) == NEW
        assert sorted(evening.took)[-1] < 10.0, "a webhook was kept waiting"
        for side, held in (("Trakt", two.trakt()), ("Serializd", two.serializd())):
            counts = Counter(name for name, _ in held.elements())
            assert (side, [row for row in sorted(held) if counts[row[0]] > 1]) == (side, [])
            assert len(counts) == OLD + NEW
        if migration.stdout is not None:
            migration.stdout.close()


@pytest.mark.beside
def test_a_migration_through_an_outage_and_lost_answers_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with Town(shows=SHOWS) as town:
        two, service = Two(town), paired(tmp_path, town, every="1m")
        for n in range(100):
            two.watch_on_trakt(n % SHOWS, 1 + n // SHOWS // 8, 1 + n // SHOWS % 8, minutes(n))
        for n in range(12):
            when = "after" if n % 2 else "before"
            town.fault("serializd", "POST *", "status", status=500, when=when, times=1, skip=10 * n + 3)
        service.start()
        try:
            asking = service.begin("sync")
            until(lambda: len(two.serializd()) >= 40, 120, "a good part is there")
            town.outage("serializd")
            time.sleep(2)
            town.outage("serializd", drop=True)
            time.sleep(2)
            town.do(town.sandbox["serializd"].faults.end_outage)
            service.settled(240)
            assert asking.wait(240) == 0
            _silent(service, two)
        finally:
            service.kill()
        assert two.serializd() == two.trakt()
        assert len(two.rows()) == 100
        if asking.stdout is not None:
            asking.stdout.close()


@pytest.mark.beside
def test_what_was_taken_back_stays_so_and_what_was_not_keeps_its_row(tmp_path: Path) -> None:
    _taken_back(tmp_path, serving=True)


@pytest.mark.beside
def test_what_is_to_be_taken_back_is_taken_by_the_next_sync_where_nothing_serves(tmp_path: Path) -> None:
    _taken_back(tmp_path, serving=False)


def _taken_back(tmp_path: Path, *, serving: bool) -> None:
    with Town(shows=SHOWS) as town:
        two, service = Two(town), paired(tmp_path, town)
        for n in range(100):
            two.watch_on_trakt(n % SHOWS, 1 + n // SHOWS // 8, 1 + n // SHOWS % 8, minutes(n))
        if serving:
            service.start()
        done = service.run("sync", "--json")
        assert done.returncode == 0, done.stderr
        run = json.loads(done.stdout)["run_id"]
        plays = json.loads(service.run("undo", "--run", run, "--dry-run", "--json").stdout)["plays"]
        assert len(plays) == len(two.rows()) == 100
        before, chosen = {row.id for row in two.rows()}, random.Random(1).sample(plays, 37)
        undone = service.run("undo", *chosen)
        assert undone.returncode == 0, undone.stderr
        for _ in range(3):
            done = service.run("sync", "--full")
            assert done.returncode == 0, (done.stdout, done.stderr)
            until(lambda: len(two.rows()) == 63, 30 if serving else 1, "37 are gone")
            assert {row.id for row in two.rows()} < before
        assert sum(two.trakt().values()) == 100
        if serving:
            service.kill()

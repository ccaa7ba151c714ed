"""Whoever waits for a run is told why nothing goes on, and does not wait for what only a person can mend."""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scrobbled.cli import following, waiting
from scrobbled.cli.following import Followed, follow
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.mirror import runs
from scrobbled.store.queue import additions, outbox, pausing

T = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))


@dataclass
class Served:
    store: Store
    is_ours: bool = True


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """With two plays on their way to Trakt. Each look at the time is a second after the one before."""
    seconds = itertools.count()
    monkeypatch.setattr(following, "POLL", 0.0)
    clocks = SimpleNamespace(time=T.timestamp, monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(following, "time", clocks)
    monkeypatch.setattr(waiting, "time", clocks)
    store = Store(tmp_path / "scrobbled.db")

    def queue(db: sqlite3.Connection) -> None:
        run = runs.ask(db, "anna", "trakt,serializd", "sync", {}, T.timestamp())
        runs.begin(db, run, T.timestamp())
        for record in ("1", "2"):
            additions.add(
                db, additions.NewAddition("anna", "serializd", record, "trakt", FILM, T, None), run, T.timestamp()
            )
        runs.end(db, run, T.timestamp(), "done", "")

    await store.write(queue)
    yield Served(store)
    await store.aclose()


async def waited(served: Served, state: str, tracker: str = "trakt") -> tuple[Followed, list[str]]:
    said: list[str] = []
    await served.store.write(lambda db: sign_ins.save_state(db, "anna", tracker, state, "it is locked", 0.0, None))
    service: Any = served
    return await follow(service, 1, say=said.append), said


async def test_an_account_that_needs_a_person_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "NOTHING_FOR", 1e9)
    for state, advice in (
        ("stopped", "scrobbled queue retry"),
        ("sign-in", "scrobbled auth trakt --viewer anna"),
        ("drift", "check for an update"),
    ):
        ended, said = await waited(served, state)
        assert (ended.complete, ended.failed) == (False, True)
        assert ended.why_left.startswith("2 changes are not delivered yet. Trakt gets nothing for anna at the moment.")
        assert "It is locked." in ended.why_left
        assert advice in ended.why_left
        assert [line for line in said if line != "0 of 2 delivered"] == [
            ended.why_left.split(". ", 1)[1].split(" They are")[0]
        ]


async def test_a_pause_of_delivery_is_told_and_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "NOTHING_FOR", 1e9)
    await served.store.write(lambda db: pausing.begin(db, T.timestamp(), None))
    ended, said = await waited(served, "ok")
    assert ended.why_left == (
        "2 changes are not delivered yet. Delivery is paused. To go on with it: scrobbled queue resume. "
        "They are kept, and go out as soon as that is over and scrobbled serve runs."
    )
    assert "Delivery is paused. To go on with it: scrobbled queue resume." in said


async def test_each_account_that_something_waits_for_is_told(served: Served) -> None:
    """Also where both are in the same state."""

    def queue(db: sqlite3.Connection) -> None:
        additions.add(db, additions.NewAddition("anna", "trakt", "3", "serializd", FILM, T, None), 1, T.timestamp())
        sign_ins.save_state(db, "anna", "serializd", "stopped", "it is closed", 0.0, None)

    await served.store.write(queue)
    ended, _ = await waited(served, "stopped")
    assert "Trakt gets nothing for anna at the moment. It is locked." in ended.why_left
    assert "Serializd gets nothing for anna at the moment. It is closed." in ended.why_left


@pytest.mark.parametrize(("state", "why"), [("down", "It is locked."), ("ok", "scrobbled status says what is wrong")])
async def test_what_may_heal_is_waited_for_longer(
    served: Served, monkeypatch: pytest.MonkeyPatch, state: str, why: str
) -> None:
    monkeypatch.setattr(following, "NOTHING_FOR", following.HELD_UP_FOR + 100)
    looks: list[None] = []
    read: Callable[..., Any] = served.store.read
    monkeypatch.setattr(served.store, "read", lambda work: (looks.append(None), read(work))[1])
    ended, _ = await waited(served, state)
    assert not ended.complete
    assert why in ended.why_left
    assert len(looks) > following.HELD_UP_FOR


async def test_an_account_that_nothing_waits_for_keeps_nobody(served: Served) -> None:
    ended, _ = await waited(served, "stopped", "serializd")
    assert "Serializd" not in ended.why_left


async def test_what_was_delivered_meanwhile_is_told_as_that(served: Served) -> None:
    def settle(db: sqlite3.Connection) -> None:
        for change in (1, 2):
            outbox.settle(db, change, PlayOutcome.DELIVERED, "", T.timestamp(), remote_id=str(change))

    await served.store.write(settle)
    ended, _ = await waited(served, "stopped")
    assert (ended.complete, ended.why_left, ended.outcomes) == (True, "", {"delivered": 2})

"""Rows of a file that say a day only are still compared by day when a person says later what they are."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.amending import Amendable
from flows.rig import Rig, rigged
from scrobbled.core.agreeing.ledger import Link, LinkState
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import DatePrecision, PlayRecord
from scrobbled.desk.corrections import correct
from scrobbled.store.mirror import ledger, records
from scrobbled.store.queue import additions
from trackers.memory.tracker import key_of

FILE, NOON = "file:history.csv-0a1b2c3d", datetime.fromisoformat("2026-05-01T12:00:00+00:00")
NAMELESS = Episode("Harbour", 1, 4)
RIGHT = Episode("Harbour", 1, 4, show_ids=ShowIds(tmdb=4711), settled="place")
EVENING = timedelta(hours=8)


@pytest.fixture
async def rig(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    tracker = Amendable(unknown=frozenset({key_of(NAMELESS)}))
    async with rigged(tmp_path / "scrobbled.db", tracker) as found:
        yield found


async def imported(rig: Rig, id_: str, at: datetime, kept: DatePrecision = DatePrecision.DAY) -> int:
    """A row of the file that nobody can place yet, on its way; its change."""

    def work(db: object) -> int:
        records.put(db, ("anna", FILE), [PlayRecord(id_, "k", at, kept)], 1, 0.0)  # type: ignore[arg-type]
        wanted = additions.NewAddition("anna", FILE, id_, "memory", NAMELESS, at, None)
        additions.add(db, wanted, 1, rig.clock.now().timestamp())  # type: ignore[arg-type]
        return int(db.execute("SELECT max(id) FROM outbox").fetchone()[0])  # type: ignore[attr-defined]

    change = await rig.store.write(work)
    await rig.rest()
    return change


async def held(rig: Rig, id_: str, at: datetime, kept: DatePrecision = DatePrecision.EXACT) -> None:
    record = PlayRecord(id_, key_of(RIGHT), at, kept)
    await rig.store.write(lambda db: records.put(db, ("anna", "memory"), [record], 1, 0.0))


async def say(rig: Rig) -> None:
    words = TypedCorrection("Harbour", "tmdb:4711", season=1, to_season=1)
    now = rig.clock.now().timestamp()
    await rig.store.write(lambda db: correct.put(db, words, ["anna"], now))
    await rig.rest()


async def test_the_viewing_of_that_evening_is_there_already(rig: Rig) -> None:
    change = await imported(rig, "r1", NOON)
    assert await rig.state(change) == "parked"
    await held(rig, "there", NOON + EVENING)
    await say(rig)
    row = await rig.row(change)
    assert (row["state"], row["remote_id"]) == ("already-there", "there")
    assert rig.tracker.plays == []


async def test_a_day_that_the_tracker_has_is_the_viewing_of_an_exact_row(rig: Rig) -> None:
    change = await imported(rig, "r1", NOON + EVENING, DatePrecision.EXACT)
    await held(rig, "there", NOON, DatePrecision.DAY)
    await say(rig)
    assert (await rig.row(change))["state"] == "already-there"


async def test_two_days_are_not_both_the_one_viewing_that_is_there(rig: Rig) -> None:
    changes = [await imported(rig, "r1", NOON), await imported(rig, "r2", NOON + timedelta(days=1))]
    await held(rig, "there", NOON + EVENING)
    await say(rig)
    assert sorted([await rig.state(change) for change in changes]) == ["already-there", "delivered"]
    assert len(rig.tracker.plays) == 1


async def test_what_we_delivered_on_that_evening_is_the_viewing_once(rig: Rig) -> None:
    changes = [await imported(rig, "r1", NOON), await imported(rig, "r2", NOON + timedelta(days=1))]
    await rig.play(RIGHT, when=NOON + EVENING)
    await rig.rest()
    await say(rig)
    assert sorted([await rig.state(change) for change in changes]) == ["already-there", "delivered"]
    assert len(rig.tracker.plays) == 2


async def test_a_viewing_that_another_row_of_the_file_is_does_not_count(rig: Rig) -> None:
    change = await imported(rig, "r1", NOON)
    await held(rig, "there", NOON + EVENING)
    link = Link("r0", "there", "same minute", LinkState.AGREED)
    await rig.store.write(lambda db: ledger.put_links(db, "anna", f"{FILE},memory", [link], 0.0))
    await say(rig)
    assert await rig.state(change) == "delivered"


async def test_two_exact_times_apart_are_two_viewings_as_ever(rig: Rig) -> None:
    change = await imported(rig, "r1", NOON, DatePrecision.EXACT)
    await held(rig, "there", NOON + EVENING)
    await say(rig)
    assert await rig.state(change) == "delivered"

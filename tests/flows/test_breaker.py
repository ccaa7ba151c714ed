"""The flood breaker where it acts: at ingest, at the courier, and in what people are told of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import FILM, Rig, episode, hurried, rigged
from flows.test_ingest import HOUSE, House, webhook
from patience import LONGEST
from scrobbled.config import loads
from scrobbled.core.errors import TryLater
from scrobbled.core.sending.safety import MINUTE, Trip, WriteLimits
from scrobbled.core.words.outcomes import Hold
from scrobbled.desk.needs.floods import act, chosen
from scrobbled.intake.breaker import Herald
from scrobbled.store import Store
from scrobbled.store.queue import floods, outbox

LONG_AGO = 1_600_000_000


@pytest.fixture
async def house(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    with capture_logs():
        yield House(tmp_path / "scrobbled.db", FakeClock(), store)
    await store.aclose()


async def flood(house: House, plays: int, *, first: int = 1000, apart: float = 0.02, **metadata: Any) -> None:
    for number in range(plays):
        taken = await house.take(webhook(key=str(first + number), **metadata), after=apart)
        assert taken.outcome == "accepted"


async def held(house: House, viewer: str = "anna", tracker: str = "trakt") -> int:
    query = "SELECT count(*) FROM outbox WHERE state = 'held' AND viewer = '{}' AND tracker = '{}'"
    return int((await house.sql(query.format(viewer, tracker)))[0][0])


# -- at ingest --------------------------------------------------------------------------------------------------------


async def test_old_plays_told_again_are_held_and_none_is_lost(house: House) -> None:
    await flood(house, 500, lastViewedAt=LONG_AGO)
    assert await held(house) == 500
    assert await held(house, tracker="serializd") == 500
    assert await house.sql("SELECT DISTINCT hold FROM outbox") == [("burst",)]
    assert await house.sql("SELECT viewer, tracker, plays FROM floods ORDER BY tracker") == [
        ("anna", "serializd", 500),
        ("anna", "trakt", 500),
    ]


async def test_with_fresh_dates_half_of_an_hours_plays_within_a_minute_are_held(house: House) -> None:
    await flood(house, 150)
    assert await held(house) == 0
    await flood(house, 1, first=2000)
    assert await held(house) == 151
    await flood(house, 100, first=3000)
    assert await held(house) == 251


async def test_slower_than_that_the_hour_is_full_at_last(house: House) -> None:
    await flood(house, 301, apart=11)
    assert await house.sql("SELECT DISTINCT hold FROM outbox") == [("writes-per-hour",)]
    assert await held(house) == 301
    house.clock.advance(3600)
    await flood(house, 5, first=5000, apart=60)
    assert await held(house) == 301, "the hour is over"


async def test_somebody_who_really_watches_gets_through_and_so_does_everybody_else(house: House) -> None:
    await house.take(webhook("media.play", percent=0, key="1"))
    await flood(house, 200, lastViewedAt=LONG_AGO)
    house.clock.advance(40 * 60)
    await flood(house, 200, first=4000, lastViewedAt=LONG_AGO)
    mine = await house.take(webhook(percent=90, key="1"))
    bens = await house.take(webhook(account="ben", key="2"))
    for taken in (mine, bens):
        states = await house.sql(f"SELECT DISTINCT state FROM outbox WHERE play_id = {taken.plays[0][0]}")
        assert states == [("queued",)]
    assert await held(house) == 400
    assert await held(house, "ben") == 0


async def test_an_old_date_alone_is_no_reason_to_hold_or_drop_or_date_anew(house: House) -> None:
    """Some servers tell the view before."""
    await flood(house, 19, lastViewedAt=LONG_AGO)
    now = int(house.clock.now().timestamp())
    assert await held(house) == 0
    assert now - 1 <= (await house.sql("SELECT max(watched_at) FROM plays"))[0][0] <= now


async def test_the_configuration_sets_the_limits_also_when_it_is_read_again(house: House) -> None:
    tight = loads("safety: {max_writes_per_hour: 30, max_plays_per_item_per_day: 1}\n" + HOUSE, {})
    house.restart(tight)
    await flood(house, 31, apart=30)
    assert await held(house) == 31
    house.restart(loads("safety: {max_writes_per_hour: 1000000}\n" + HOUSE, {}))
    await flood(house, 31, first=5000, apart=30)
    assert await held(house) == 31


async def test_accounts_that_are_claimed_later_are_judged_by_when_their_plays_came(house: House) -> None:
    for number in range(60):
        await house.take(webhook(account="carol", key=str(number)), after=600)
    for number in range(400):
        await house.take(webhook(account="carol", key=str(1000 + number), lastViewedAt=LONG_AGO), after=0.01)
    house.restart(loads(HOUSE.replace("[ben]", "[ben, carol]"), {}))
    assert await house.ingest.claim_waiting() == 460
    assert await held(house, "ben") == 400 + 6, "and what came within the hour before"


# -- at the courier ---------------------------------------------------------------------------------------------------


async def test_the_fourth_play_of_a_title_within_a_day_waits_for_a_person(rig: Rig) -> None:
    changes = [await rig.play(minutes=-300 + 60 * n) for n in range(4)]
    await rig.rest()
    assert [await rig.state(change) for change in changes] == ["delivered"] * 3 + ["held"]
    row = await rig.row(changes[3])
    assert (row["hold"], row["flood"]) == (Hold.PLAYS_PER_ITEM, 1)
    assert "play 4 of the same title" in row["reason"]
    assert await rig.store.write(lambda db: outbox.approve(db, None)) == [changes[3]]
    await rig.rest()
    assert await rig.state(changes[3]) == "delivered"
    assert len(rig.tracker.times(FILM)) == 4


async def test_one_by_one_it_is_the_same(rig: Rig) -> None:
    changes = []
    for number in range(6):
        changes.append(await rig.play(minutes=60 * number))
        await rig.rest()
    assert [await rig.state(change) for change in changes] == ["delivered"] * 3 + ["held"] * 3
    another = await rig.play(minutes=120 + 1441)
    await rig.rest()
    assert await rig.state(another) == "delivered", "a day after the last that was sent"


async def test_the_same_viewing_comes_first_and_does_not_count(rig: Rig) -> None:
    changes = [await rig.play(minutes=n) for n in range(10)]
    await rig.rest()
    assert [await rig.state(change) for change in changes] == ["delivered"] + ["already-there"] * 9
    later = [await rig.play(minutes=n) for n in (100, 200)]
    await rig.rest()
    assert [await rig.state(change) for change in later] == ["delivered"] * 2


async def test_a_batch_that_failed_is_not_held_for_its_own_sake(rig: Rig) -> None:
    """Each of them has an address then, and must not be counted against the others twice."""
    rig.tracker.fail("add_plays", TryLater("down"))
    changes = [await rig.play(minutes=60 * n) for n in range(3)]
    await rig.rest(seconds=600)
    assert [await rig.state(change) for change in changes] == ["delivered"] * 3


async def test_what_is_held_while_it_is_looked_up_is_not_sent(rig: Rig) -> None:
    changes = [await rig.play(episode(n)) for n in range(1, 4)]
    trip = Trip(Hold.BURST, "too many", MINUTE)

    def hold(_: Any) -> Any:
        rig.tracker.before.pop("locate")
        now = rig.clock.now().timestamp()

        def work(db: Any) -> None:
            flood = floods.join(db, ("anna", "memory"), trip, now)
            floods.stop_waiting(db, ("anna", "memory"), flood, trip, now)

        return rig.store.write(work)

    rig.tracker.before["locate"] = hold
    await rig.rest()
    assert [await rig.state(change) for change in changes] == ["held"] * 3
    assert rig.tracker.plays == []


async def test_limits_can_be_wider(tmp_path: Path) -> None:
    async with rigged(tmp_path / "scrobbled.db") as rig:
        rig.limits = WriteLimits(plays_per_item_per_day=10)
        rig.restart()
        changes = [await rig.play(minutes=60 * n) for n in range(10)]
        await rig.rest()
        assert {await rig.state(change) for change in changes} == {"delivered"}


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def telling(house: House, rig: Rig) -> Any:
    """Alerts of the rig about the floods of the house: another database, which is none of their business."""
    return Herald(house.store, rig.alerts, house.clock), rig


async def test_a_flood_is_told_once_with_its_figures_and_its_end_once(house: House, telling: Any) -> None:
    herald, rig = telling
    assert await herald.look() is None
    await flood(house, 100, lastViewedAt=LONG_AGO)
    wait = await herald.look()
    assert 0 < wait <= 5
    assert rig.told == []
    house.clock.advance(wait)
    assert await herald.look() is None
    await rig.alerts.settled()
    assert len(rig.told) == 1, "both trackers in one message"
    assert rig.told[0][0].startswith("anna/serializd: 100 plays are held")
    opened = {trouble.subject: trouble.text for trouble in await rig.alerts.open()}
    assert set(opened) == {"anna/serializd", "anna/trakt"}
    text = opened["anna/trakt"]
    assert "100 plays for anna/trakt came within a minute from plex; 100 are held" in text
    assert "scrobbled queue approve f" in text
    assert "Harbour Lights S2 E5 Low Tide" in text
    await flood(house, 100, first=5000, lastViewedAt=LONG_AGO)
    house.clock.advance(60)
    for _ in range(3):
        assert await herald.look() is None
    await rig.alerts.settled()
    assert len(rig.told) == 1
    now = house.clock.now().timestamp()
    await house.store.write(lambda db: act(db, "drop", chosen(["f1", "f2"]), now))
    await herald.look()
    await rig.alerts.settled()
    assert [good for _, good in rig.told] == [False, True]
    assert await rig.alerts.open() == []


async def test_a_flood_that_does_not_end_is_told_all_the_same(house: House, telling: Any) -> None:
    herald, rig = telling
    for number in range(40):
        await flood(house, 25, first=1000 * number, apart=0.04, lastViewedAt=LONG_AGO)
        await herald.look()
        await rig.alerts.settled()
    assert len(rig.told) == 1


async def test_what_one_process_did_not_tell_the_next_one_does(house: House, telling: Any) -> None:
    _, rig = telling
    await flood(house, 30, lastViewedAt=LONG_AGO)
    house.clock.advance(3600)
    stopping = asyncio.Event()
    herald = Herald(house.store, rig.alerts, house.clock)
    again = asyncio.create_task(herald.run(stopping))
    async with asyncio.timeout(LONGEST):
        while len(await rig.alerts.open()) < 2:  # noqa: ASYNC110 - nobody sets an event for that
            await asyncio.sleep(0)
    stopping.set()
    herald.news.set()
    async with asyncio.timeout(LONGEST):
        await again


async def test_a_title_too_many_is_told_apart(rig: Rig) -> None:
    for number in range(4):
        await rig.play(minutes=60 * number)
    await rig.rest()
    herald = Herald(rig.store, rig.alerts, rig.clock)
    rig.clock.advance(60)
    await herald.look()
    await rig.alerts.settled()
    assert rig.told == [("anna/memory, one title too often within a day: 1 play is held", False)]

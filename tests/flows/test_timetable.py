"""When the clock runs a pair: every so often, by a schedule in the zone of the house, or only by hand."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import yaml

from pairing import Pairing, pairing
from scrobbled.config import load
from scrobbled.desk.facts import standings
from scrobbled.desk.facts.pairs import PairStory, pair_stories
from scrobbled.reconcile import Options
from scrobbled.reconcile.accounts import AGAIN_AFTER
from scrobbled.reconcile.timetable import Timetable
from scrobbled.sandbox.faults import Fault
from scrobbled.store.mirror import runs

DAY = 86_400.0


async def looked(two: Pairing, at: str) -> list[str]:
    """The clock of the house shows ``at`` (UTC), and what is due is run; what caused each run so far."""
    two.clock.advance((datetime.fromisoformat(at).replace(tzinfo=UTC) - two.clock.now()).total_seconds())
    keeper = two.runtime.keeper
    keeper._by_clock = True
    await keeper._begin_what_is_due(0.0)
    await asyncio.gather(*keeper._busy.values())
    return [row[0] for row in await two.sql("SELECT cause FROM runs ORDER BY id")]


async def story(two: Pairing) -> PairStory:
    config, now = two.runtime.config, two.clock.now().timestamp()
    read = two.runtime.store.read
    return (await read(lambda db: pair_stories(db, config, standings.facts(db, config, now))))[0]


async def reloaded(two: Pairing, **pair: object) -> None:
    """The file says something else of the pair now."""
    two.settings["viewers"][0]["pairs"][0] = {**two.settings["viewers"][0]["pairs"][0], **pair}
    place = two.folder / "scrobbled.yaml"
    place.write_text(yaml.safe_dump(dict(two.settings)))
    await two.runtime.reload(load(place, {}))


async def test_a_schedule_goes_by_the_zone_of_the_house(tmp_path: Path) -> None:
    async with pairing(tmp_path, schedule="30 4 * * *", zone="Europe/Berlin") as two:
        assert await looked(two, "2026-11-15T03:29:00") == []
        assert (await story(two)).next == "2026-11-15T03:30:00+00:00"
        assert await looked(two, "2026-11-15T03:30:00") == ["schedule"]
        assert await looked(two, "2026-11-16T03:29:30") == ["schedule"]
        assert await looked(two, "2026-11-16T03:30:00") == ["schedule"] * 2
        told = await story(two)
        assert (told.every, told.schedule, told.when) == (None, "30 4 * * *", "at 04:30 every day")
        assert told.next == "2026-11-17T03:30:00+00:00"


async def test_what_is_asked_for_meanwhile_does_not_stand_for_it(tmp_path: Path) -> None:
    async with pairing(tmp_path, schedule="0 4 * * *", zone="UTC") as two:
        await looked(two, "2026-11-15T03:58:00")
        await two.runtime.keeper.ask("anna", "trakt,serializd", "sync", Options())
        assert await looked(two, "2026-11-15T03:59:00") == ["sync"]
        assert await looked(two, "2026-11-15T04:00:10") == ["sync", "schedule"]


async def test_what_was_missed_while_nothing_ran_is_run_once(tmp_path: Path) -> None:
    async with pairing(tmp_path, schedule="0 4 * * *", zone="UTC") as two:
        await looked(two, "2026-11-15T03:00:00")
        assert await looked(two, "2026-11-15T04:00:00") == ["schedule"]
        await two.restart()
        assert await looked(two, "2026-11-19T12:00:00") == ["schedule"] * 2
        assert await looked(two, "2026-11-19T12:01:00") == ["schedule"] * 2
        assert await looked(two, "2026-11-20T04:00:00") == ["schedule"] * 3


async def test_a_schedule_that_is_written_now_makes_up_for_nothing(tmp_path: Path) -> None:
    async with pairing(tmp_path, every="1h", zone="UTC") as two:
        assert await looked(two, "2026-11-15T03:00:00") == ["schedule"]
        await reloaded(two, every=None, schedule="30 3 * * *")
        assert await looked(two, "2026-11-15T03:50:00") == ["schedule"], "from now on, and it is past half past three"
        assert await looked(two, "2026-11-16T03:30:00") == ["schedule"] * 2


async def test_without_every_and_schedule_it_is_run_by_hand_only(tmp_path: Path) -> None:
    async with pairing(tmp_path, every=None) as two:
        assert await looked(two, "2026-11-15T03:00:00") == []
        await two.runtime.keeper.ask("anna", "trakt,serializd", "sync", Options())
        two.sandbox["serializd"].faults.add(Fault(match="GET *", kind="status", status=500, times=9))
        assert await looked(two, "2026-11-15T03:00:01") == ["sync"]
        assert await looked(two, "2026-12-31T03:00:00") == ["sync"], "nor is it tried again by itself"
        told = await story(two)
        assert (told.next, told.when, told.every) == (None, "by hand", None)


async def test_what_failed_is_tried_again_before_its_time(tmp_path: Path) -> None:
    async with pairing(tmp_path, schedule="0 4 * * *", zone="UTC") as two:
        await looked(two, "2026-11-15T03:00:00")
        two.sandbox["serializd"].faults.add(Fault(match="GET *", kind="status", status=500, times=9))
        assert await looked(two, "2026-11-15T04:00:00") == ["schedule"]
        two.sandbox["serializd"].faults.clear()
        assert (await story(two)).next == "2026-11-15T04:15:00+00:00"
        assert await looked(two, "2026-11-15T04:14:59") == ["schedule"]
        two.clock.advance(AGAIN_AFTER)
        assert await looked(two, "2026-11-15T04:15:00") == ["schedule"] * 2


async def test_it_is_overdue_when_two_of_its_times_have_passed(tmp_path: Path) -> None:
    async with pairing(tmp_path, schedule="0 4 * * mon", zone="UTC") as two:
        await looked(two, "2026-11-16T03:00:00")
        await looked(two, "2026-11-16T04:00:00")
        config = two.runtime.config

        async def is_overdue(at: str) -> bool:
            now = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
            return (await two.runtime.store.read(lambda db: standings.facts(db, config, now))).pairs[0].overdue

        assert not await is_overdue("2026-11-30T04:59:00")
        assert await is_overdue("2026-11-30T05:01:00")


async def test_a_run_that_is_yet_to_come_by_our_clock_does_not_keep_a_schedule_from_its_time(tmp_path: Path) -> None:
    """The clock was put back since."""
    async with pairing(tmp_path, schedule="0 4 * * *", zone="UTC") as two:
        await looked(two, "2026-11-15T03:00:00")
        await looked(two, "2026-11-15T04:00:00")
        (last,) = await two.runtime.store.read(lambda db: runs.latest(db, "anna", "trakt,serializd"))
        one, zone, before = two.wired, two.runtime.config.server.zone, last.asked_at - 30 * DAY - 3_600
        table = Timetable()
        assert not table.is_time(one.sides, one.pair, last, zone, before)
        assert table.is_time(one.sides, one.pair, last, zone, before + 3_600)

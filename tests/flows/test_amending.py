"""Amendments at a tracker, fault by fault; and what a courier does beside: mirrors, seasons told ahead, read-backs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flows.amending import ABLE, Amendable, amendment, rating, removal, wish
from flows.rig import FILM, Rig, episode, in_doubt, rigged
from scrobbled.core.errors import (
    AccountStopped,
    ContractDrift,
    LoginNeeded,
    NotInCatalogue,
    Refused,
    TrackerError,
    TryLater,
    Uncertain,
)
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.records import PlayRecord
from scrobbled.delivery.health import HealthState
from scrobbled.store.mirror import records
from scrobbled.store.queue import amendments
from scrobbled.store.queue.amendment import Details
from scrobbled.trackers.base import Addition, Address, Flag, Foresees, Remove, Retime, SetValue
from trackers.memory.tracker import CAN, key_of


@pytest.fixture
async def rig(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db", Amendable()) as found:
        yield found


def metric(rig: Rig, name: str, **labels: str) -> float:
    return rig.metrics.registry.get_sample_value(f"scrobbled_{name}", labels) or 0.0


async def state(rig: Rig, id_: int) -> str:
    return str((await amendment(rig, id_)).state)


# -- the plain way -------------------------------------------------------------------------------------------------


async def test_ratings_are_set_and_cleared_in_one_batch(rig: Rig) -> None:
    rig.tracker.rated = {key_of(episode(1)): 4}
    ids = [await wish(rig, rating(FILM, 8)), await wish(rig, rating(episode(1), None))]
    await rig.rest()
    assert rig.tracker.rated == {key_of(FILM): 8}
    assert rig.tracker.batches == [2]
    assert [await state(rig, id_) for id_ in ids] == ["delivered"] * 2
    assert (await amendment(rig, ids[0])).address_key == key_of(FILM)
    assert metric(rig, "deliveries_total", viewer="anna", tracker="memory", kind="ratings", outcome="delivered") == 2
    assert rig.health.report.state is HealthState.OK


async def test_each_action_becomes_its_edit(rig: Rig) -> None:
    change = await rig.play()
    await rig.rest()
    later = rig.clock.now() + timedelta(seconds=90.7)
    base = replace(await removal(rig, change), change_id=None, subject=rating(FILM, 1).subject)
    rig.tracker.can = replace(ABLE, precision=60)
    await wish(rig, replace(base, action="retime", details=Details("1", later)))
    await rig.rest()
    await wish(rig, replace(base, action="flag", details=Details("1", rewatch=True)))
    await rig.rest()
    await wish(rig, replace(base, action="remove", details=Details("1", later, stamp="s")))
    await rig.rest()
    address, at = Address(key_of(FILM)), rig.clock.now() + timedelta(seconds=60)
    assert rig.tracker.edits == [
        Retime(address, "1", at),
        Flag(address, "1", rewatch=True),
        Remove(address, at, "1", "s"),
    ]
    assert rig.tracker.plays == []


async def test_plays_go_first_and_amendments_when_none_waits(rig: Rig) -> None:
    await wish(rig, rating(FILM, 8))
    for n in range(30):
        await rig.play(episode(n), -60 * n)
    await rig.rest()
    calls = [call for call in rig.tracker.calls if call in ("add_plays", "amend")]
    assert calls == ["add_plays"] * 3 + ["amend"]


async def test_a_play_that_comes_between_two_batches_waits_for_one(rig: Rig) -> None:
    for n in range(25):
        await wish(rig, rating(episode(n), 5))
    await rig.courier.step()
    await rig.play()
    await rig.rest()
    calls = [call for call in rig.tracker.calls if call in ("add_plays", "amend")]
    assert calls == ["amend", "add_plays", "amend", "amend"]


async def test_a_play_without_a_handle_is_looked_up_once_and_then_removed_by_it(rig: Rig) -> None:
    change = await rig.play()
    await rig.rest()
    await rig.store.write(lambda db: db.execute("UPDATE outbox SET remote_id = NULL"))
    back = await wish(rig, await removal(rig, change))
    rig.tracker.fail("amended", TryLater("the answer is missing"))
    await rig.rest(seconds=120)
    twice = [edit.remote_id for edit in rig.tracker.edits]
    assert twice == ["1", "1"], "the repeat can mean no other play of that minute"
    assert rig.tracker.calls.count("find_plays") == 1
    assert (await state(rig, back), await rig.state(change)) == ("delivered", "undone")


async def test_a_play_that_is_not_there_any_more_is_taken_back(rig: Rig) -> None:
    change = await rig.play()
    await rig.rest()
    await rig.store.write(lambda db: db.execute("UPDATE outbox SET remote_id = NULL"))
    rig.tracker.plays.clear()
    back = await wish(rig, await removal(rig, change))
    await rig.rest()
    assert (await state(rig, back), await rig.state(change)) == ("delivered", "undone")
    assert rig.tracker.edits == []


# -- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["locate_subject", "amend", "amended"])
@pytest.mark.parametrize("kind", [TryLater, LoginNeeded, AccountStopped, ContractDrift])
async def test_after_any_failure_the_same_is_done_again(rig: Rig, where: str, kind: type[TrackerError]) -> None:
    one = await wish(rig, rating(FILM, 8))
    rig.tracker.fail(where, in_doubt(kind) if where == "amended" else kind("not now"))
    await rig.rest(seconds=600)
    assert await state(rig, one) == "delivered"
    assert rig.tracker.rated == {key_of(FILM): 8}
    assert rig.health.report.state is HealthState.OK


@pytest.mark.parametrize("where", ["locate_subject", "amend", "amended"])
async def test_a_crash_anywhere_loses_nothing(rig: Rig, where: str) -> None:
    one = await wish(rig, rating(FILM, 8))
    stuck = asyncio.Event()

    async def hang() -> None:
        stuck.set()
        await asyncio.Event().wait()

    rig.tracker.before[where] = lambda *given: hang()
    task = asyncio.create_task(rig.courier.run())
    await stuck.wait()
    task.cancel()
    await asyncio.wait([task])
    rig.tracker.before.clear()
    rig.restart()
    await rig.rest(seconds=120)
    assert (await state(rig, one), rig.tracker.rated) == ("delivered", {key_of(FILM): 8})


async def test_one_that_is_refused_is_told_and_stops_nobody(rig: Rig) -> None:
    bad, good = await wish(rig, rating(FILM, 8)), await wish(rig, rating(episode(1), 7))
    rig.tracker.refuse = frozenset({key_of(FILM)})
    await rig.rest()
    assert (await state(rig, bad), await state(rig, good)) == ("dead", "delivered")
    assert (await amendment(rig, bad)).reason == "a person changed it meanwhile"
    assert rig.told == [("anna/memory: a rating needs you", False)]
    assert metric(rig, "deliveries_total", viewer="anna", tracker="memory", kind="ratings", outcome="dead") == 1
    rig.tracker.refuse = frozenset()
    await rig.store.write(lambda db: amendments.retry(db, None))
    await rig.rest()
    assert await state(rig, bad) == "delivered"


async def test_a_batch_that_is_refused_is_halved_until_the_culprit_stands_alone(rig: Rig) -> None:
    ids = [await wish(rig, rating(episode(n), 5)) for n in range(8)]

    def refuse(edits: Sequence[Any]) -> None:
        if any(edit.address.key == key_of(episode(5)) for edit in edits):
            raise Refused("one of them is wrong")

    rig.tracker.before["amend"] = refuse
    await rig.rest()
    assert [await state(rig, id_) for id_ in ids] == ["delivered"] * 5 + ["dead"] + ["delivered"] * 2


@pytest.mark.parametrize(("error", "outcome"), [(Uncertain("two fit"), "unmatched"), (Refused("never"), "dead")])
async def test_what_cannot_be_located_is_booked_as_a_play_would_be(rig: Rig, error: TrackerError, outcome: str) -> None:
    one = await wish(rig, rating(FILM, 8))
    rig.tracker.fail("locate_subject", error)
    await rig.rest()
    assert await state(rig, one) == outcome


async def test_unknown_to_the_catalogue_is_parked_and_asked_again_later(rig: Rig) -> None:
    rig.tracker.unknown = frozenset({key_of(FILM)})
    one = await wish(rig, rating(FILM, 8))
    await rig.rest()
    found = await amendment(rig, one)
    assert (found.state, found.next_at - rig.clock.now().timestamp()) == ("parked", 3600.0)
    rig.tracker.unknown = frozenset()
    rig.clock.advance(3600)
    await rig.rest()
    assert await state(rig, one) == "delivered"


async def test_a_lookup_that_fails_delays_its_own_amendment_only(rig: Rig) -> None:
    slow, quick = await wish(rig, rating(FILM, 8)), await wish(rig, rating(episode(1), 7))
    rig.tracker.fail("locate_subject", TryLater("the catalogue is down", after=20.0))
    await rig.rest()
    assert (await state(rig, slow), await state(rig, quick)) == ("queued", "delivered")
    await rig.rest(seconds=60)
    assert await state(rig, slow) == "delivered"


async def test_a_poisonous_amendment_does_not_starve_the_others(rig: Rig) -> None:
    await wish(rig, rating(FILM, 8))
    others = [await wish(rig, rating(episode(n), 7)) for n in range(6)]

    def poison(edits: Sequence[Any]) -> None:
        if any(edit.address.key == key_of(FILM) for edit in edits):
            raise TryLater("500")

    rig.tracker.before["amend"] = poison
    for _ in range(300):
        rig.clock.advance(await rig.courier.step() or 0.0)
        if len(rig.tracker.rated) == 6:
            break
    assert [await state(rig, id_) for id_ in others] == ["delivered"] * 6


async def test_a_tracker_that_cannot_be_changed_says_so(rig: Rig) -> None:
    rig.tracker.can = replace(CAN, amends=frozenset())
    one = await wish(rig, rating(FILM, 8))
    await rig.rest()
    found = await amendment(rig, one)
    assert (found.state, found.reason) == (
        "dead",
        "this tracker lets nobody change what it holds; change it there yourself",
    )


async def test_what_is_dropped_or_replaced_while_it_is_looked_up_is_not_carried_out(rig: Rig) -> None:
    dropped, replaced = await wish(rig, rating(FILM, 8)), await wish(rig, rating(episode(1), 7))

    async def meanwhile() -> None:
        rig.tracker.before.clear()
        await rig.store.write(lambda db: amendments.drop(db, [dropped], 0.0))
        await wish(rig, rating(episode(1), 3))

    rig.tracker.before["locate_subject"] = lambda subject: meanwhile()
    await rig.rest()
    assert [await state(rig, id_) for id_ in (dropped, replaced)] == ["undone", "undone"]
    assert rig.tracker.rated == {key_of(episode(1)): 3}
    assert [edit for edit in rig.tracker.edits if isinstance(edit, SetValue) and edit.value == 7] == []


async def test_after_an_outage_what_was_put_off_goes_at_once(rig: Rig) -> None:
    one = await wish(rig, rating(FILM, 8))
    far = rig.clock.now().timestamp() + 90_000
    await rig.store.write(lambda db: amendments.postpone(db, one, "busy", far, count=True))
    rig.tracker.go_down()
    await rig.play()
    for _ in range(30):
        rig.clock.advance(await rig.courier.step() or 0.0)
    rig.tracker.come_back()
    rig.clock.advance(75)
    await rig.rest()
    assert await state(rig, one) == "delivered"


# -- what the tracker holds already --------------------------------------------------------------------------------


async def mirrored(rig: Rig, minutes: float, id_: str = "r7", item: Any = FILM) -> None:
    at = rig.clock._start + timedelta(minutes=minutes)
    record = PlayRecord(id_, key_of(item), at)
    await rig.store.write(lambda db: records.put(db, ("anna", "memory"), [record], 1, at.timestamp()))


async def test_a_play_that_the_tracker_was_seen_to_hold_is_not_sent(rig: Rig) -> None:
    await mirrored(rig, 1)
    change = await rig.play()
    await rig.store.write(lambda db: db.execute("UPDATE outbox SET approved = 1"))
    await rig.rest()
    row = await rig.row(change)
    assert (row["state"], row["remote_id"]) == ("already-there", "r7")
    assert row["reason"] == "the tracker holds it already, as was read there"
    assert rig.tracker.plays == []


async def test_a_second_report_of_what_it_holds_is_not_sent_either(rig: Rig) -> None:
    await mirrored(rig, 1)
    first = await rig.play()
    await rig.rest()
    second = await rig.play(minutes=2)
    await rig.rest()
    play = (await rig.row(first))["play_id"]
    assert (await rig.row(second))["reason"] == f"the same viewing is play p{play}"
    assert rig.tracker.plays == []


async def test_another_viewing_is_sent_and_is_a_rewatch(rig: Rig) -> None:
    await mirrored(rig, -600)
    await rig.play()
    await rig.rest()
    assert [kept.rewatch for kept in rig.tracker.plays] == [True]


# -- seasons told ahead --------------------------------------------------------------------------------------------


@dataclass
class Foreseeing(Amendable):
    can: Any = field(default_factory=lambda: replace(ABLE, batch=1, ahead=200))
    told: list[list[str]] = field(default_factory=list)
    surveyed: list[list[Any]] = field(default_factory=list)

    @property
    def foresees(self) -> Foresees:
        return self

    async def survey(self, items: Sequence[Any]) -> None:
        await self._hook("survey", items)
        self.surveyed.append(list(items))

    async def foresee(self, addresses: Sequence[Address]) -> None:
        await self._hook("foresee", addresses)
        self.told.append([address.key for address in addresses])


@pytest.fixture
async def ahead(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db", Foreseeing()) as found:
        yield found


def numbered(season: int, number: int) -> Any:
    return replace(episode(number), season=season)


async def test_the_plays_of_a_season_are_told_of_once_however_they_are_mixed(ahead: Rig) -> None:
    for n in range(12):
        await ahead.play(numbered(n % 2, n), -5000 + 60 * n)
    await ahead.play(numbered(5, 1), -3)
    await ahead.play(FILM, -2)
    await ahead.rest()
    assert [len(told) for told in ahead.tracker.told] == [6, 6], "neither a single episode nor a film"
    assert len(ahead.tracker.plays) == 14


async def test_no_more_at_once_than_the_tracker_likes_to_know(ahead: Rig) -> None:
    ahead.tracker.can = replace(ahead.tracker.can, ahead=4)
    for n in range(10):
        await ahead.play(numbered(1, n), -5000 + 60 * n)
    await ahead.rest()
    assert [len(told) for told in ahead.tracker.told] == [4, 4, 2]


async def test_what_would_not_be_sent_is_not_told_of(ahead: Rig) -> None:
    ahead.tracker.unknown = frozenset({key_of(numbered(1, 3))})
    await mirrored(ahead, -5000 + 240, item=numbered(1, 4))
    for n in range(6):
        await ahead.play(numbered(1, n), -5000 + 60 * n)
    await ahead.rest()
    assert ahead.tracker.told == [[key_of(numbered(1, n)) for n in (0, 1, 2, 5)]]
    assert len(ahead.tracker.plays) == 4


async def test_a_play_of_today_goes_before_what_a_run_wants_there(ahead: Rig) -> None:
    for n in range(6):
        await ahead.play(numbered(1, n), -5000 + 60 * n)
    await ahead.store.write(lambda db: db.execute("UPDATE outbox SET run = 1, approved = 1"))
    for _ in range(3):
        await ahead.courier.step()
    await ahead.play(FILM)
    await ahead.courier.step()
    assert len(ahead.tracker.times(FILM)) == 1
    await ahead.rest()
    assert len(ahead.tracker.told) == 1
    assert len(ahead.tracker.plays) == 7


async def test_a_play_of_today_that_comes_after_all_that_is_looked_at_is_sent_too(
    ahead: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbled.delivery.foreseeing.WINDOW", 4)
    monkeypatch.setattr("scrobbled.delivery.foreseeing.PAGE", 2)
    for n in range(8):
        await ahead.play(numbered(1, n), -5000 + 60 * n)
    await ahead.store.write(lambda db: db.execute("UPDATE outbox SET run = 1, approved = 1"))
    await ahead.play(numbered(1, 9))
    for _ in range(4):
        await ahead.courier.step()
    assert len(ahead.tracker.times(numbered(1, 9))) == 1
    await ahead.rest()
    assert len(ahead.tracker.plays) == 9


async def test_telling_ahead_may_fail_and_costs_nothing_but_requests(ahead: Rig) -> None:
    for n in range(6):
        await ahead.play(numbered(1, n), -5000 + 60 * n)
    ahead.tracker.always("foresee", lambda: TryLater("500"))
    await ahead.rest(seconds=120)
    assert ahead.tracker.calls.count("foresee") == 3
    assert len(ahead.tracker.plays) == 6
    assert ahead.health.report.state is HealthState.OK


def of_show(show: int, season: int, number: int) -> Any:
    return replace(numbered(season, number), show_ids=ShowIds(tmdb=show))


async def test_what_waits_of_the_same_show_is_surveyed_before_its_seasons_are_located(ahead: Rig) -> None:
    mine = [of_show(1, season, number) for season in (1, 2) for number in (1, 2)]
    for n, item in enumerate([*mine, of_show(2, 1, 1), FILM]):
        await ahead.play(item, -5000 + 60 * n)
    await ahead.courier.step()
    assert ahead.tracker.calls.index("survey") < ahead.tracker.calls.index("locate")
    await ahead.rest()
    assert ahead.tracker.surveyed == [mine, mine[2:]], "each season that is told of, with what is left of its show"
    assert len(ahead.tracker.plays) == 6


@pytest.mark.parametrize("error", [TryLater("503"), ContractDrift("html"), NotInCatalogue("?")])
async def test_a_survey_that_fails_costs_nothing_but_requests(ahead: Rig, error: TrackerError) -> None:
    for n in range(4):
        await ahead.play(of_show(1, 1, n), -5000 + 60 * n)
    ahead.tracker.always("survey", lambda: error)
    await ahead.rest()
    assert len(ahead.tracker.plays) == 4
    assert ahead.health.report.state is HealthState.OK


async def test_a_lookup_that_fails_while_telling_ahead_is_booked_where_it_belongs(ahead: Rig) -> None:
    for n in range(3):
        await ahead.play(numbered(1, n), -5000 + 60 * n)
    ahead.tracker.fail("locate", NotInCatalogue("?"), LoginNeeded("revoked"), LoginNeeded("revoked"))
    await ahead.rest(seconds=600)
    assert len(ahead.tracker.plays) == 3


# -- a backlog with faults -----------------------------------------------------------------------------------------


@dataclass
class Faulty(Amendable):
    """Each write takes a fifth of a second, each read-back 25; every tenth write is answered 500."""

    can: Any = field(default_factory=lambda: replace(ABLE, batch=1))
    clock: Any = None
    writes: int = 0
    lost: int = 0

    async def add_plays(self, plays: Sequence[Addition], sending: Any) -> Any:
        self.writes += 1
        self.clock.advance(0.2)
        if self.writes % 10 == 0:
            self.lost += 1
            if self.writes % 20 == 0:  # before the effect; else after it
                await sending()
                raise in_doubt(TryLater)
            await super().add_plays(plays, sending)
            raise in_doubt(TryLater)
        return await super().add_plays(plays, sending)

    async def find_plays(self, plays: Sequence[Addition]) -> Any:
        self.clock.advance(25.0)
        return await super().find_plays(plays)


async def test_a_backlog_with_every_tenth_write_lost_is_neither_lost_nor_doubled_nor_drowned(tmp_path: Path) -> None:
    async with rigged(tmp_path / "scrobbled.db", Faulty()) as rig:
        rig.tracker.clock = rig.clock
        for n in range(400):
            await rig.play(episode(n), -50.0 * (500 - n))
        await rig.store.write(lambda db: db.execute("UPDATE outbox SET approved = 1, run = 1"))
        await rig.rest(seconds=120, steps=5000)
        assert len(rig.tracker.plays) == len({kept.key for kept in rig.tracker.plays}) == 400
        assert await rig.counts() == {"delivered": 400}
        assert rig.tracker.lost > 30
        sweeps = rig.tracker.calls.count("find_plays")
        assert sweeps < 10, f"{sweeps} read-backs for {rig.tracker.lost} doubts"
        assert rig.clock.monotonic() < 400 * 0.2 + rig.tracker.lost * 1.5 + sweeps * 25 + 120


async def test_when_every_answer_goes_missing_it_is_read_back_before_more_is_written(rig: Rig) -> None:
    rig.tracker.can = replace(ABLE, batch=1)
    rig.restart()
    for n in range(30):
        await rig.play(episode(n), -60 * n)
    rig.tracker.always("sent", lambda: in_doubt(TryLater))
    rig.tracker.always("find_plays", lambda: TryLater("down"))
    while rig.clock.monotonic() < 3600:
        rig.clock.advance(await rig.courier.step() or 0.0)
    assert rig.tracker.calls.count("add_plays") <= 4
    rig.tracker.before.clear()
    await rig.rest(seconds=120)
    assert await rig.counts() == {"delivered": 30}
    assert len(rig.tracker.plays) == 30

"""From the outbox to a tracker, fault by fault: each play once, with its own time, and nothing forgotten."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flows.rig import FILM, Rig, episode, in_doubt
from patience import LONGEST
from scrobbled.core.errors import (
    AccountStopped,
    Candidate,
    ContractDrift,
    LoginNeeded,
    NotInCatalogue,
    Refused,
    StoreError,
    TrackerError,
    TryLater,
    Uncertain,
)
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.health import HealthState
from scrobbled.store.queue import outbox, overview
from scrobbled.trackers.base import Receipt
from trackers.memory.tracker import CAN, key_of


def metric(rig: Rig, name: str, **labels: str) -> float:
    return rig.metrics.registry.get_sample_value(f"scrobbled_{name}", labels) or 0.0


# -- the plain way -------------------------------------------------------------------------------------------------


async def test_plays_arrive_once_with_their_own_time(rig: Rig) -> None:
    changes = [await rig.play(episode(n), minutes=-45.5 * n) for n in (3, 1, 2)]
    rig.clock.advance(7.0)
    await rig.rest()
    for n in (1, 2, 3):
        expected = rig.clock.now() - timedelta(seconds=7) - timedelta(minutes=45.5 * n)
        assert rig.tracker.times(episode(n)) == [expected]
    assert [play.rewatch for play in rig.tracker.plays] == [False] * 3
    assert await rig.counts() == {"delivered": 3}
    row = await rig.row(changes[0])
    assert (row["remote_id"], row["phase"], row["how"]) == ("1", "", "every item is known here")
    assert metric(rig, "deliveries_total", viewer="anna", tracker="memory", kind="plays", outcome="delivered") == 3
    assert metric(rig, "delivery_seconds_sum", tracker="memory") == 21.0
    assert rig.health.report.state is HealthState.OK
    assert rig.told == []


async def test_the_oldest_viewing_goes_first_in_one_batch(rig: Rig) -> None:
    for n, minutes in ((1, -10), (2, -500), (3, -90)):
        await rig.play(episode(n), minutes)
    await rig.rest()
    (batch,) = rig.tracker.sent
    assert [addition.address.key for addition in batch] == [key_of(episode(n)) for n in (2, 3, 1)]


async def test_time_is_rounded_down_to_what_the_tracker_keeps(rig: Rig) -> None:
    rig.tracker.can = replace(CAN, precision=60)
    await rig.play(minutes=-0.51)
    await rig.rest()
    assert rig.tracker.times(FILM) == [rig.clock.now() - timedelta(minutes=1)]


async def test_two_viewings_of_one_title_in_one_batch_are_two_plays_and_the_later_a_rewatch(rig: Rig) -> None:
    await rig.play(minutes=-10)
    await rig.play(minutes=-80)
    await rig.rest()
    assert len(rig.tracker.sent) == 1
    assert [play.rewatch for play in sorted(rig.tracker.plays, key=lambda kept: kept.watched_at)] == [False, True]


async def test_two_reports_of_one_viewing_in_one_batch_are_one_play(rig: Rig) -> None:
    first, second = await rig.play(minutes=-5), await rig.play(minutes=-4.9)
    await rig.rest()
    assert len(rig.tracker.plays) == 1
    assert await rig.counts() == {"delivered": 1, "already-there": 1}
    assert (await rig.row(second))["reason"] == f"the same viewing is play p{(await rig.row(first))['play_id']}"
    assert (await rig.row(second))["address_key"] == key_of(FILM)


@pytest.mark.parametrize(("minutes", "plays"), [(22.4, 1), (-22.4, 1), (22.6, 2), (-22.6, 2)])
async def test_a_second_report_later_is_the_same_viewing_within_half_the_runtime(
    rig: Rig, minutes: float, plays: int
) -> None:
    await rig.play(minutes=-100)
    await rig.rest()
    await rig.play(minutes=-100 + minutes)
    await rig.rest()
    assert len(rig.tracker.plays) == plays


async def test_a_viewing_that_arrives_late_makes_no_rewatch_of_itself(rig: Rig) -> None:
    await rig.play(minutes=-10)
    await rig.rest()
    await rig.play(minutes=-5000)
    await rig.rest()
    assert [play.rewatch for play in rig.tracker.plays] == [False, False]
    await rig.play(minutes=-200)
    await rig.rest()
    assert rig.tracker.plays[-1].rewatch


async def test_another_report_of_the_same_viewing_is_no_earlier_viewing(rig: Rig) -> None:
    """The first was tried before; the second, a few seconds earlier, was settled as its twin meanwhile."""
    rig.tracker.fail("sent", TryLater("429: too many requests"))
    await rig.play(minutes=-5)
    await rig.courier.step()
    await rig.courier.step()
    await rig.play(minutes=-5.1)
    await rig.rest(seconds=120)
    assert [play.rewatch for play in rig.tracker.plays] == [False]


async def test_batches_are_no_larger_than_the_tracker_takes(rig: Rig) -> None:
    rig.tracker.can = replace(CAN, batch=2)
    rig.restart()
    for n in range(5):
        await rig.play(episode(n), -45 * n)
    await rig.rest()
    assert [len(batch) for batch in rig.tracker.sent] == [2, 2, 1]


async def test_the_pace_of_the_tracker_is_kept_and_time_is_not_lost(rig: Rig) -> None:
    rig.tracker.slow = 0.4
    await rig.play()
    assert await rig.courier.step() == 0.0
    assert (rig.clock.monotonic(), rig.tracker.calls) == (0.4, [])


async def test_held_changes_are_not_touched(rig: Rig) -> None:
    await rig.play(state=PlayOutcome.HELD)
    await rig.rest()
    assert rig.tracker.plays == []


# -- answers that went missing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("kind", [TryLater, ContractDrift, LoginNeeded, AccountStopped])
async def test_after_a_missing_answer_it_is_read_back_before_any_repeat(
    rig: Rig, arrived: bool, kind: type[TrackerError]
) -> None:
    change = await rig.play()
    rig.tracker.fail("added" if arrived else "sent", in_doubt(kind))
    await rig.courier.step()
    assert (await rig.row(change))["phase"] == "in-doubt"
    assert rig.tracker.calls[-1] != "find_plays"
    await rig.rest(seconds=120)
    assert len(rig.tracker.times(FILM)) == 1
    writes = [call for call in rig.tracker.calls if call in ("add_plays", "find_plays")]
    assert writes == (
        ["add_plays", "find_plays"] if arrived else ["add_plays", "find_plays", "find_plays", "add_plays"]
    )
    row = await rig.row(change)
    assert (row["state"], row["remote_id"]) == ("delivered", "1")
    assert row["reason"] == ("found when read back" if arrived else "")


async def test_a_repeat_needs_two_reads_that_both_miss_it_and_lie_far_enough_apart(rig: Rig) -> None:
    change = await rig.play()
    rig.tracker.fail("sent", in_doubt(TryLater))
    await rig.courier.step()
    await rig.rest(seconds=5)
    first = (await rig.row(change))["missed_at"]
    assert first is not None
    assert (await rig.row(change))["next_at"] == first + 30.0
    rig.clock.advance(29.0)
    assert await rig.courier.step() == pytest.approx(1.0, abs=0.01)
    rig.clock.advance(1.1)
    await rig.rest()
    assert rig.tracker.calls.count("find_plays") == 2
    assert len(rig.tracker.plays) == 1


async def test_an_impatient_retry_between_the_reads_reads_again_and_repeats_nothing_too_early(rig: Rig) -> None:
    change = await rig.play()
    rig.tracker.fail("sent", in_doubt(TryLater))
    await rig.courier.step()
    await rig.rest(seconds=5)
    for _ in range(3):
        rig.clock.advance(8.0)
        assert await rig.store.write(lambda db: outbox.retry(db, None)) == [change]
        await rig.courier.step()
    assert rig.tracker.calls.count("find_plays") == 4
    assert rig.tracker.calls.count("add_plays") == 1
    rig.clock.advance(8.0)
    await rig.rest()
    assert rig.tracker.calls.count("add_plays") == 2, "the first miss is long enough ago"
    assert len(rig.tracker.plays) == 1


async def test_a_late_effect_is_found_by_the_second_read(rig: Rig) -> None:
    """The service took the write, and showed it only after the first read."""
    await rig.play()
    rig.tracker.fail("added", in_doubt(TryLater))
    await rig.courier.step()
    hidden, rig.tracker.plays = rig.tracker.plays, []
    await rig.rest(seconds=5)
    rig.tracker.plays = hidden
    await rig.rest(seconds=60)
    assert len(rig.tracker.plays) == 1
    assert rig.tracker.calls.count("add_plays") == 1


async def test_a_clock_that_goes_back_between_the_reads_repeats_nothing_too_early(rig: Rig) -> None:
    await rig.play()
    rig.tracker.fail("sent", in_doubt(TryLater))
    await rig.courier.step()
    await rig.rest(seconds=5)
    rig.clock._start -= timedelta(seconds=20)
    await rig.courier.step()
    assert rig.tracker.calls.count("add_plays") == 1
    await rig.rest(seconds=120)
    assert len(rig.tracker.plays) == 1


async def test_what_is_in_doubt_is_read_back_where_and_when_it_was_written(rig: Rig) -> None:
    rig.tracker.can = replace(rig.tracker.can, precision=60)
    await rig.play(minutes=-0.5)
    rig.tracker.fail("added", in_doubt(TryLater))
    asked: list[Any] = []
    await rig.courier.step()
    rig.tracker.before["find_plays"] = asked.extend
    await rig.rest(seconds=60)
    (written,), (read,) = rig.tracker.sent[0], asked
    assert (read.address.key, read.address.data, read.watched_at) == (
        written.address.key,
        written.address.data,
        written.watched_at,
    )


async def test_half_a_batch_that_arrived_is_completed_and_not_doubled(rig: Rig) -> None:
    for n in range(4):
        await rig.play(episode(n), -60 * n)

    def half(plays: Sequence[Any]) -> None:
        for play in plays[:2]:
            rig.tracker._add(play)
        rig.tracker.before.clear()
        raise in_doubt(TryLater)

    rig.tracker.before["sent"] = half
    await rig.rest(seconds=120)
    assert [len(rig.tracker.times(episode(n))) for n in range(4)] == [1, 1, 1, 1]
    assert await rig.counts() == {"delivered": 4}


async def test_an_error_before_the_write_began_is_never_in_doubt(rig: Rig) -> None:
    change = await rig.play()
    rig.tracker.fail("add_plays", in_doubt(TryLater))
    await rig.courier.step()
    assert (await rig.row(change))["phase"] == ""
    await rig.rest(seconds=60)
    assert "find_plays" not in rig.tracker.calls
    assert len(rig.tracker.plays) == 1


async def test_what_was_refused_at_once_after_the_write_began_is_simply_tried_again(rig: Rig) -> None:
    """A 429 is no doubt: nothing was done."""
    await rig.play()
    rig.tracker.fail("sent", TryLater("429", after=7.0))
    await rig.courier.step()
    assert rig.health.pause(rig.clock.monotonic()) >= 7.0
    await rig.rest(seconds=60)
    assert "find_plays" not in rig.tracker.calls
    assert len(rig.tracker.plays) == 1


async def test_a_parked_play_whose_write_goes_missing_is_read_back_like_any_other(rig: Rig) -> None:
    change = await rig.play(state=PlayOutcome.PARKED)
    rig.tracker.fail("added", in_doubt(TryLater))
    await rig.rest(seconds=120)
    assert await rig.state(change) == "delivered"
    assert len(rig.tracker.plays) == 1


# -- crashes -------------------------------------------------------------------------------------------------------

CRASHES = [
    ("locate", 0),
    ("add_plays", 0),
    ("sent", 0),
    ("added", 1),
]


@pytest.mark.parametrize("state", [PlayOutcome.QUEUED, PlayOutcome.PARKED])
@pytest.mark.parametrize(("where", "there"), CRASHES)
async def test_a_crash_anywhere_leaves_exactly_one_play(rig: Rig, where: str, there: int, state: PlayOutcome) -> None:
    change = await rig.play(state=state)
    stuck = asyncio.Event()

    async def hang() -> None:
        stuck.set()
        await asyncio.Event().wait()

    rig.tracker.before[where] = lambda *given: hang()
    task = asyncio.create_task(rig.courier.run())
    await stuck.wait()
    task.cancel()
    await asyncio.wait([task])
    assert len(rig.tracker.plays) == there
    rig.tracker.before.clear()
    rig.restart()
    await rig.rest(seconds=120)
    assert len(rig.tracker.times(FILM)) == 1
    assert await rig.state(change) == "delivered"


async def test_a_crash_between_the_two_reads_starts_no_repeat(rig: Rig) -> None:
    await rig.play()
    rig.tracker.fail("sent", in_doubt(TryLater))
    await rig.courier.step()
    await rig.rest(seconds=5)
    rig.restart()
    await rig.rest(seconds=5)
    assert rig.tracker.calls.count("add_plays") == 1
    await rig.rest(seconds=120)
    assert len(rig.tracker.plays) == 1


# -- a database that fails -----------------------------------------------------------------------------------------


class Broken(Exception):
    """Anything that was not foreseen."""


async def run_until_idle(rig: Rig, monkeypatch: pytest.MonkeyPatch, waits: list[float], *, enough: int = 50) -> None:
    """The courier's own loop, until it would sleep long; ``waits`` collects how long it rests in between."""

    async def wait(event: asyncio.Event, seconds: float | None) -> bool:
        waits.append(seconds or 0.0)
        if len(waits) > enough or (seconds or 0.0) > 600:
            rig.courier.stop()
        rig.clock.advance(seconds or 0.0)
        return False

    monkeypatch.setattr(rig.clock, "wait", wait)
    async with asyncio.timeout(LONGEST):
        await rig.courier.run()
    await rig.alerts.settled()


@pytest.mark.parametrize("error", [StoreError("disk full"), Broken("?")])
@pytest.mark.parametrize("fails_at", range(1, 9))
@pytest.mark.parametrize("when", ["before", "after"])
async def test_whichever_write_fails_the_play_arrives_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, error: Exception, fails_at: int, when: str
) -> None:
    change = await rig.play()
    write, count = rig.store.write, 0

    async def failing(work: Any) -> Any:
        nonlocal count
        count += 1
        if count == fails_at and when == "before":
            raise error
        result = await write(work)
        if count == fails_at and when == "after":
            raise error
        return result

    monkeypatch.setattr(rig.store, "write", failing)
    await run_until_idle(rig, monkeypatch, [])
    assert len(rig.tracker.times(FILM)) == 1
    assert await rig.state(change) == "delivered"


async def test_nothing_is_sent_that_could_not_be_announced(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.play()
    write = rig.store.write

    async def full(work: Any) -> Any:
        raise StoreError("disk full")

    await rig.courier.step()
    rig.tracker.plays.clear()
    await rig.play(minutes=-500)
    monkeypatch.setattr(rig.store, "write", full)
    waits: list[float] = []
    await run_until_idle(rig, monkeypatch, waits, enough=5)
    assert rig.tracker.plays == []
    assert set(waits) == {5.0}, "it tries again soon, and not in a tight loop"
    assert [line["event"] for line in rig.logs if "outbox" in line["event"]] == ["the outbox cannot be used"]
    monkeypatch.setattr(rig.store, "write", write)


async def test_an_answer_of_the_wrong_length_is_read_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.play()
    await rig.play(episode(1))
    rig.tracker.answers = [Receipt("1")]
    await run_until_idle(rig, monkeypatch, [])
    assert rig.tracker.calls.count("find_plays") == 2
    assert [len(rig.tracker.times(item)) for item in (FILM, episode(1))] == [1, 1]


# -- what a tracker may say ----------------------------------------------------------------------------------------


async def test_unknown_to_the_catalogue_is_parked_and_asked_again_with_growing_distance(rig: Rig) -> None:
    rig.tracker.unknown = frozenset({key_of(FILM)})
    change = await rig.play()
    waits = []
    for _ in range(7):
        await rig.rest()
        assert await rig.state(change) == "parked"
        asked_at = rig.clock.now().timestamp()
        waits.append(((await rig.row(change))["next_at"] - asked_at) / 3600)
        rig.clock.advance(waits[-1] * 3600 - 1)
        locates = rig.tracker.calls.count("locate")
        await rig.rest()
        assert rig.tracker.calls.count("locate") == locates, "not a second too early"
        rig.clock.advance(1)
    assert waits == pytest.approx([1, 6, 24, 72, 168, 168, 168], abs=0.01)
    rig.tracker.unknown = frozenset()
    await rig.rest()
    assert await rig.state(change) == "delivered"
    assert rig.tracker.times(FILM) == [rig.clock._start], "with the time it was watched"
    assert rig.told == []


async def test_one_that_the_write_found_missing_is_parked_and_its_neighbours_are_delivered(rig: Rig) -> None:
    changes = [await rig.play(episode(n), -60 * n) for n in range(3)]
    rig.tracker.answers = [Receipt("a"), NotInCatalogue("not yet"), Refused("never")]
    await rig.rest()
    assert await rig.counts() == {"delivered": 1, "parked": 1, "dead": 1}
    assert [await rig.state(change) for change in changes[::-1]] == ["delivered", "parked", "dead"]
    assert rig.told == [("anna/memory: a play needs you", False)]
    assert len(await rig.store.read(overview.queue)) == 2


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Refused("no such thing"), "dead"),
        (Uncertain("two fit", [Candidate("One", 2019, tmdb=7)]), "unmatched"),
        (NotInCatalogue("not yet"), "parked"),
    ],
)
@pytest.mark.parametrize("where", ["locate", "add_plays", "sent"])
async def test_a_play_that_is_refused_for_itself_is_visible_and_stops_nobody(
    rig: Rig, error: TrackerError, state: str, where: str
) -> None:
    bad, good = await rig.play(minutes=-90), await rig.play(episode(1))
    rig.tracker.fail(where, *([error] * 3 if where != "locate" else [error]))
    await rig.rest()
    found = {await rig.state(bad), await rig.state(good)}
    if where == "locate":
        assert found == {state, "delivered"}
        assert rig.health.report.state is HealthState.OK
    assert "queued" not in found
    rows = await rig.store.read(overview.queue)
    assert {row.reason for row in rows} == {error.reason}
    assert all(row.next_step for row in rows)
    if state == "unmatched":
        assert rows[0].candidates[0]["title"] == "One"


async def test_a_batch_that_is_refused_is_halved_until_the_culprit_stands_alone(rig: Rig) -> None:
    changes = [await rig.play(episode(n), -60 * n) for n in range(8)]

    def refuse(plays: Sequence[Any]) -> None:
        if any(play.address.key == key_of(episode(5)) for play in plays):
            raise Refused("one of them is wrong")

    rig.tracker.before["sent"] = refuse
    await rig.rest()
    assert [await rig.state(change) for change in changes] == ["delivered"] * 5 + ["dead"] + ["delivered"] * 2
    assert len(rig.tracker.plays) == 7


async def test_a_poisonous_change_does_not_starve_the_others(rig: Rig) -> None:
    """Its write fails as if the service were down, for ever, and only its."""
    await rig.play(minutes=-9000)
    for n in range(6):
        await rig.play(episode(n), -60 * n)

    def poison(plays: Sequence[Any]) -> None:
        if any(play.address.key == key_of(FILM) for play in plays):
            raise TryLater("500")

    rig.tracker.before["add_plays"] = poison
    for _ in range(400):
        if (await rig.counts()).get("delivered") == 6:
            break
        rig.clock.advance(await rig.courier.step() or 0.0)
    assert await rig.counts() == {"delivered": 6, "queued": 1}


async def test_a_lookup_that_fails_delays_its_own_play_only(rig: Rig) -> None:
    slow, quick = await rig.play(minutes=-90), await rig.play(episode(1))
    rig.tracker.fail("locate", TryLater("the catalogue is down", after=20.0))
    await rig.rest()
    assert (await rig.state(slow), await rig.state(quick)) == ("queued", "delivered")
    assert (await rig.row(slow))["next_at"] >= rig.clock.now().timestamp() + 19
    assert rig.health.report.state is HealthState.OK
    await rig.rest(seconds=60)
    assert await rig.state(slow) == "delivered"


@pytest.mark.parametrize("kind", [LoginNeeded, AccountStopped, ContractDrift])
@pytest.mark.parametrize("where", ["sign_in", "locate", "add_plays", "sent"])
async def test_trouble_of_the_account_pauses_it_is_told_once_and_ends_by_itself(
    rig: Rig, kind: type[TrackerError], where: str
) -> None:
    changes = [await rig.play(episode(n), -60 * n) for n in range(3)]
    rig.tracker.always(where, lambda: kind("a person has to act"))
    asked = 0
    for _ in range(200):
        rig.clock.advance(await rig.courier.step() or 0.0)
        asked += 1
        if rig.clock.monotonic() > 6 * 3600:
            break
    await rig.alerts.settled()
    states = {LoginNeeded: HealthState.SIGN_IN, AccountStopped: HealthState.STOPPED, ContractDrift: HealthState.DRIFT}
    assert rig.health.report.state is states[kind]
    assert rig.health.report.reason == "a person has to act"
    assert asked < 60, "hourly at most in the end"
    assert rig.tracker.plays == []
    assert [good for _, good in rig.told] == [False]
    rig.tracker.before.clear()
    rig.clock.advance(3600)
    await rig.rest(seconds=600)
    assert [await rig.state(change) for change in changes] == ["delivered"] * 3
    assert rig.health.report.state is HealthState.OK
    assert len(rig.told) == 2
    assert rig.told[-1] == ("anna/memory works again", True)


async def test_once_the_account_is_in_trouble_nothing_else_is_asked_of_it(rig: Rig) -> None:
    for n in range(3):
        await rig.play(episode(n), -60 * n)
    rig.tracker.fail("locate", LoginNeeded("revoked"))
    await rig.courier.step()
    assert rig.tracker.calls == ["sign_in", "locate"]


async def test_in_trouble_the_sign_in_is_asked_before_anything_is_written(rig: Rig) -> None:
    await rig.play()
    rig.tracker.fail("sent", TryLater("503"))
    await rig.courier.step()
    rig.tracker.always("sign_in", lambda: TryLater("still down"))
    rig.clock.advance(60)
    await steps(rig, 6)
    assert rig.tracker.calls.count("add_plays") == 1
    assert rig.tracker.calls.count("sign_in") > 2


async def test_after_an_outage_everything_that_was_put_off_goes_at_once(rig: Rig) -> None:
    put_off = await rig.play(episode(1), -60)
    far = rig.clock.now().timestamp() + 90_000
    await rig.store.write(lambda db: db.execute("UPDATE outbox SET next_at = ? WHERE id = ?", (far, put_off)))
    await rig.play()
    rig.tracker.go_down()
    await steps(rig, 20)
    rig.tracker.come_back()
    rig.clock.advance(75)
    await rig.rest()
    assert await rig.state(put_off) == "delivered"


async def test_a_sign_in_by_a_person_takes_effect_at_once(rig: Rig) -> None:
    await rig.play()
    rig.tracker.has_account = False
    for _ in range(20):
        rig.clock.advance(await rig.courier.step() or 0.0)
    rig.tracker.has_account = True
    await rig.courier.step()
    assert await rig.rest() > 0
    rig.health.try_now()
    await rig.rest()
    assert len(rig.tracker.plays) == 1


async def test_an_outage_of_six_hours_loses_nothing_and_ends_within_a_minute(rig: Rig) -> None:
    rig.tracker.go_down()
    for n in range(40):
        await rig.play(episode(n), 9 * n)
        rig.clock.advance(9 * 60 - rig.clock.monotonic() % 540)
        await steps(rig, 12)
    down_for = rig.clock.monotonic()
    assert down_for > 3600
    assert rig.health.report.state is HealthState.DOWN
    await rig.alerts.settled()
    assert len(rig.told) == 1
    rig.tracker.come_back()
    back = rig.clock.monotonic()
    await rig.rest(seconds=100)
    assert await rig.counts() == {"delivered": 40}
    assert rig.clock.monotonic() - back < 80
    start = rig.clock._start
    assert [rig.tracker.times(episode(n)) for n in range(40)] == [[start + timedelta(minutes=9 * n)] for n in range(40)]
    assert rig.told[-1] == ("anna/memory works again", True)
    assert len(rig.told) == 2


async def test_eight_hours_without_an_answer_are_told_once_although_signing_in_needs_none(rig: Rig) -> None:
    rig.tracker.go_down()
    await rig.play()
    while rig.clock.monotonic() < 30_000:
        rig.clock.advance(await rig.courier.step() or 0.0)
        await rig.alerts.settled()
    assert rig.told == [("anna/memory does not answer", False)]
    assert rig.reports[-1].state is HealthState.DOWN
    assert {report.state for report in rig.reports} == {HealthState.OK, HealthState.DOWN}
    assert [report.state for report in rig.reports].count(HealthState.OK) == 1, "when it signed in at first"
    rig.tracker.come_back()
    await rig.rest(seconds=100)
    assert rig.told[1:] == [("anna/memory works again", True)]


async def steps(rig: Rig, count: int) -> None:
    for _ in range(count):
        rig.clock.advance(await rig.courier.step() or 0.0)


@pytest.mark.parametrize("kind", [TryLater, LoginNeeded, AccountStopped, ContractDrift])
async def test_an_account_with_nothing_to_deliver_recovers_too(rig: Rig, kind: type[TrackerError]) -> None:
    rig.tracker.always("sign_in", lambda: kind("not now"))
    await steps(rig, 40)
    assert rig.health.report.state is not HealthState.OK
    rig.tracker.before.clear()
    rig.clock.advance(3600)
    await rig.rest()
    assert rig.health.report.state is HealthState.OK


@pytest.mark.parametrize("kind", [TryLater, LoginNeeded, AccountStopped, ContractDrift])
async def test_an_account_recovers_when_the_change_that_failed_was_dropped(rig: Rig, kind: type[TrackerError]) -> None:
    change = await rig.play()
    rig.tracker.always("sent", lambda: kind("not now"))
    await steps(rig, 10)
    assert rig.health.report.state is not HealthState.OK
    now = rig.clock.now().timestamp()
    assert await rig.store.write(lambda db: outbox.drop(db, [change], now)) == [change]
    rig.clock.advance(3600)
    await rig.rest()
    assert rig.health.report.state is HealthState.OK


async def test_a_sign_in_is_kept_alive_hourly_and_its_end_is_known(rig: Rig) -> None:
    rig.tracker.expires = rig.clock.now() + timedelta(days=7)
    assert await rig.rest() == 3600.0
    assert rig.health.report.expires_at == rig.tracker.expires
    rig.clock.advance(3600)
    await rig.rest()
    assert rig.tracker.calls == ["sign_in", "sign_in"]


async def test_a_renewed_sign_in_is_known_although_nothing_was_delivered(rig: Rig) -> None:
    rig.tracker.expires = rig.clock.now() + timedelta(days=1)
    await rig.rest()
    rig.tracker.expires += timedelta(days=7)
    rig.clock.advance(3600)
    await rig.rest()
    assert rig.health.report.expires_at == rig.tracker.expires
    assert rig.reports[-1].expires_at == rig.tracker.expires


# -- people in between ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["found", "parked", "later"])
async def test_a_change_that_is_dropped_while_it_is_looked_up_is_not_sent(rig: Rig, fate: str) -> None:
    change, other = await rig.play(), await rig.play(episode(1), -90)

    async def drop() -> None:
        dropped = await rig.store.write(lambda db: outbox.drop(db, [change], 0.0))
        assert dropped == [change]
        rig.tracker.before.clear()
        if fate == "parked":
            raise NotInCatalogue("not yet")
        if fate == "later":
            raise TryLater("busy")

    def hook(item: Any) -> Any:
        return drop() if item == FILM else None

    rig.tracker.before["locate"] = hook
    await rig.rest(seconds=60)
    assert rig.tracker.times(FILM) == []
    assert (await rig.state(change), await rig.state(other)) == ("undone", "delivered")


async def test_a_retry_while_it_is_parked_is_tried_at_once_and_parked_again(rig: Rig) -> None:
    rig.tracker.unknown = frozenset({key_of(FILM)})
    change = await rig.play()
    await rig.rest()
    assert await rig.store.write(lambda db: outbox.retry(db, None)) == [change]
    await rig.rest()
    assert await rig.state(change) == "parked"
    assert rig.tracker.calls.count("locate") == 2


async def test_stopping_ends_after_the_write_in_flight(rig: Rig) -> None:
    await rig.play()
    started, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        started.set()
        await go.wait()

    rig.tracker.before["sent"] = lambda plays: hold()
    task = asyncio.create_task(rig.courier.run())
    await started.wait()
    rig.courier.stop()
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    async with asyncio.timeout(LONGEST):
        await task
    assert await rig.counts() == {"delivered": 1}


async def test_news_during_a_step_are_not_slept_through(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It arrives after the courier has looked, and before it sleeps."""
    idle, late = rig.courier._idle, []

    async def looked(now: float) -> float | None:
        found = await idle(now)
        if not late:
            late.append(await rig.play())
            rig.courier.wake.set()
        return found

    monkeypatch.setattr(rig.courier, "_idle", looked)
    arrived = asyncio.Event()
    rig.tracker.before["added"] = lambda plays: arrived.set()
    task = asyncio.create_task(rig.courier.run())
    async with asyncio.timeout(LONGEST):
        await arrived.wait()
    assert rig.clock.monotonic() == 0.0
    rig.courier.stop()
    await task

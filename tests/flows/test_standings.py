"""What is said of a pair after what really happened to it, at both stand-ins and in front of every surface."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pairing import Pairing, later, pairing
from scrobbled.core.house import house
from scrobbled.core.sending.change import left_out
from scrobbled.core.standing import PairStanding, account
from scrobbled.core.standing import pair as stands
from scrobbled.desk.facts import standings
from scrobbled.desk.facts.pairs import ChangeCount, PairStory, RunStory, pair_stories, run_story
from scrobbled.desk.facts.standings import LATE
from scrobbled.reconcile import Options
from scrobbled.sandbox.faults import Fault
from scrobbled.store.mirror import runs
from scrobbled.store.queue import cancelling


async def known(two: Pairing) -> PairStanding:
    now = two.clock.now().timestamp()
    (one,) = (await two.runtime.store.read(lambda db: standings.facts(db, two.runtime.config, now))).pairs
    return one


async def told(two: Pairing) -> tuple[str, str]:
    """Of the pair, and of the house, without their names."""
    now = two.clock.now().timestamp()
    found = await two.runtime.store.read(lambda db: standings.facts(db, two.runtime.config, now))
    (one,) = found.pairs
    return stands(one).word, house(found.accounts, found.pairs, 0).tone


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path, safety={"max_writes_per_hour": 2}) as home:
        for courier in home.runtime.couriers.values():
            await courier.health.success(None)
        yield home


async def test_it_is_in_step_after_a_comparison_and_what_came_of_it_and_not_before(two: Pairing) -> None:
    two.on_trakt(0, 1, 1)
    assert await told(two) == ("not compared yet", "calm")
    assert (await two.compare()).outcome == "done"
    assert await told(two) == ("catching up: 1 left", "waiting")
    await two.deliver()
    assert await told(two) == ("in step", "ok")


async def test_where_both_agree_already_one_comparison_is_enough(two: Pairing) -> None:
    assert (await two.sync()).outcome == "nothing"
    assert await told(two) == ("in step", "ok")


async def test_a_plan_that_waits_says_how_many_are_missing(two: Pairing) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    assert (await two.sync()).outcome == "approval"
    assert await told(two) == ("4 plays are missing, and the plan needs your approval", "need")


async def test_one_that_could_not_be_read_was_not_compared_whatever_was_before(two: Pairing) -> None:
    await two.sync()
    two.clock.advance(900)
    two.sandbox["serializd"].faults.add(Fault(match="GET *", kind="status", status=503, times=9))
    assert (await two.sync()).outcome == "failed"
    assert await told(two) == ("could not be compared", "down")


async def test_a_run_that_is_asked_for_or_under_way_is_said(two: Pairing) -> None:
    await two.sync()
    now = two.clock.now().timestamp()
    ask = await two.runtime.store.write(lambda db: runs.ask(db, "anna", "trakt,serializd", "sync", {}, now))
    assert await told(two) == ("waits for its turn", "waiting")
    await two.runtime.store.write(lambda db: runs.begin(db, ask, now))
    assert await told(two) == ("being compared", "waiting")


async def test_one_kind_for_once_does_not_prove_the_other(two: Pairing) -> None:
    await two.sync()
    await two.sync(kinds=("ratings",))
    assert await told(two) == ("not compared yet as the settings say", "calm")
    await two.sync()
    assert await told(two) == ("in step", "ok")


async def test_after_a_cancelled_run_nothing_is_sure(two: Pairing) -> None:
    await two.sync()
    two.on_trakt(0, 1, 1)
    await two.compare()
    ((run,),) = await two.sql("SELECT max(id) FROM runs")
    await two.runtime.store.write(lambda db: cancelling.cancel(db, run, two.clock.now().timestamp()))
    assert (await told(two))[0] == "the last run was cancelled"


async def test_a_listing_that_is_not_believed_proves_nothing(two: Pairing) -> None:
    await two.sync()
    await two.sql("UPDATE readings SET doubt = '12 of 40 plays were gone at once' WHERE tracker = 'serializd'")
    assert await told(two) == ("what Serializd listed is not believed to be all", "need")


@pytest.mark.parametrize(
    ("state", "word", "tone"),
    [
        ("unmatched", "1 needs you", "need"),
        ("dead", "1 needs you", "need"),
        ("held", "1 needs you", "need"),
        ("parked", "all but 1, which no catalogue knows yet", "waiting"),
        ("queued", "catching up: 1 left", "waiting"),
    ],
)
async def test_what_is_not_confirmed_is_not_in_step(two: Pairing, state: str, word: str, tone: str) -> None:
    two.on_trakt(0, 1, 1)
    await two.sync()
    await two.sql("UPDATE outbox SET state = ?, phase = 'in-doubt'", state)
    assert await told(two) == (word, tone)


async def test_it_goes_stale_where_nobody_compares_any_more(two: Pairing) -> None:
    await two.sync()
    two.clock.advance(2 * 900 + LATE)
    assert await told(two) == ("in step", "ok")
    two.clock.advance(1)
    assert await told(two) == ("not compared for a while", "calm")


async def test_with_everything_off_nothing_is_compared_and_nothing_green(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="off", ratings="off") as two:
        assert await told(two) == ("nothing is switched on", "calm")


async def test_what_this_version_cannot_compare_is_not_switched_on(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="off", ratings="off", watchlist="both") as two:
        assert await told(two) == ("nothing is switched on", "calm")


async def test_a_pair_with_a_tracker_of_another_version_is_no_pair_that_can_be_compared(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two:
        anna = two.settings["viewers"][0]
        anna["trackers"]["anilist"] = {"token": "a-token-of-anilist"}
        anna["pairs"] = [{"between": ["trakt", "anilist"], "plays": "both"}]
        await two.restart()
        assert await told(two) == ("cannot be compared, as this version does not read AniList", "calm")
        one = await known(two)
        assert (account(one.a).code, account(one.b).code) == ("new", "unused")


async def test_an_account_that_is_out_of_order_keeps_its_pair_from_being_compared(two: Pairing) -> None:
    await two.sync()
    await two.sql("UPDATE accounts SET state = 'sign-in', reason = 'signed out' WHERE tracker = 'trakt'")
    assert await told(two) == ("cannot be compared, as Trakt needs a sign-in", "need")


async def shown(two: Pairing) -> PairStory:
    config, now = two.runtime.config, two.clock.now().timestamp()
    (one,) = await two.runtime.store.read(lambda db: pair_stories(db, config, standings.facts(db, config, now)))
    return one


async def test_films_that_one_side_keeps_none_of_are_counted_and_said(two: Pairing) -> None:
    two.film_on_trakt(), two.film_on_trakt(1), two.on_trakt(0, 1, 1)
    told = "left out: 2 plays of films, which Serializd does not keep"
    plan = (await two.runtime.keeper.reconciler(two.wired).plan(Options())).plan
    assert plan is not None
    assert plan.warnings == (told,)
    await two.sync()
    now = two.clock.now().timestamp()
    (one,) = await two.runtime.store.read(
        lambda db: pair_stories(db, two.runtime.config, standings.facts(db, two.runtime.config, now))
    )
    assert one.last is not None
    assert left_out(one.left_out) == left_out(one.last.planned) == (told,)
    assert (one.standing.word, one.last.changes) == ("in step", [ChangeCount("serializd", "add", "delivered", 1)])


async def test_films_that_were_taken_away_or_go_the_other_way_are_not_missed(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="serializd-to-trakt") as two:
        two.film_on_trakt()
        await two.sync()
        now = two.clock.now().timestamp()
        (one,) = await two.runtime.store.read(
            lambda db: pair_stories(db, two.runtime.config, standings.facts(db, two.runtime.config, now))
        )
        assert one.left_out == {}
    (tmp_path / "other").mkdir()
    async with pairing(tmp_path / "other") as two:
        film, _ = two.film_on_trakt(), [two.on_trakt(0, 1, n) for n in range(1, 4)]
        await two.sync()
        two.off_trakt(film)
        await two.settle()
        for _ in range(2):
            await two.sync(full=True)
        now = two.clock.now().timestamp()
        (one,) = await two.runtime.store.read(
            lambda db: pair_stories(db, two.runtime.config, standings.facts(db, two.runtime.config, now))
        )
        assert one.left_out == {}


async def test_a_run_takes_until_its_last_change_has_arrived(two: Pairing) -> None:
    two.on_trakt(0, 1, 1)
    two.clock.advance(60)
    await two.compare()

    async def story() -> RunStory:
        return await two.runtime.store.read(lambda db: run_story(db, runs.listing(db)[0], 0.0))

    assert (await story()).took is None
    two.clock.advance(1_020)
    await two.deliver()
    found = await story()
    assert found.seconds == 0.0
    assert found.took is not None
    assert 1_020 <= found.took < 1_100

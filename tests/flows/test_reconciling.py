"""Two accounts of one person at stand-ins of Trakt and Serializd, from first contact to silence."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pairing import EVENING, SHOWN, Pairing, later, pairing
from scrobbled.cli.sync import reset_pair
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.serializd.store import stamp
from scrobbled.store.accounts.sign_ins import StoredTokens


def agree(two: Pairing) -> None:
    """Both sides hold the same viewings of episodes, to the minute."""
    assert two.serializd() == two.trakt()
    assert all(times == 1 for times in two.serializd().values())


async def silent(two: Pairing, cycles: int = 3) -> None:
    """Further cycles find nothing to do and write nothing."""
    before = two.writes()
    for _ in range(cycles):
        two.clock.advance(900)
        assert (await two.sync()).outcome == "nothing"
    assert two.writes() == before


async def test_what_one_side_lacks_is_brought_over_with_its_time_and_then_there_is_silence(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(1)), two.on_trakt(1, 2, 3, later(30))
    two.on_serializd(0, 1, 2, later(1) + timedelta(seconds=21)), two.on_serializd(2, 1, 5, later(50))
    ended = await two.sync()
    assert ended.outcome == "done"
    assert len(two.trakt()) == len(two.serializd()) == 4
    agree(two)
    await silent(two)


async def test_a_plan_counts_all_viewings_that_agree(two: Pairing) -> None:
    """Those of before, and those that this very run found to agree."""
    for n in range(4):
        two.on_trakt(0, 1, 1 + n, later(n)), two.on_serializd(0, 1, 1 + n, later(n))
    await two.sync()
    for n in range(3):
        two.on_trakt(0, 2, 1 + n, later(n))
    await two.sync()
    two.clock.advance(900)
    ended = await two.sync()
    assert ended.plan is not None
    assert (ended.outcome, ended.plan.agreed) == ("nothing", 7)
    two.clock.advance(900)
    again = (await two.sync()).plan
    assert again is not None
    assert again.agreed == 7


async def test_a_converged_pair_costs_one_request_to_trakt_and_two_to_serializd(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 2, later(1))
    await two.settle()
    before = two.requests("trakt"), two.requests("serializd")
    for _ in range(50):
        two.clock.advance(60)
        assert (await two.compare()).outcome == "nothing"
    assert two.requests("trakt") - before[0] == 50
    assert two.requests("serializd") - before[1] <= 100


async def test_so_does_a_run_right_after_another_and_what_came_in_that_second_is_not_lost(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 1)
    assert (await two.compare()).outcome == "nothing"
    before = two.requests("trakt"), two.requests("serializd")
    assert (await two.compare()).outcome == "nothing"
    assert (two.requests("trakt") - before[0], two.requests("serializd") - before[1]) == (1, 2)
    two.on_trakt(0, 1, 2, later(1))
    await two.settle()
    agree(two)
    assert len(two.rows()) == 2


async def test_two_viewings_on_one_day_stay_two_and_the_second_is_a_rewatch(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 1, later(1.5))
    await two.settle()
    assert [(row.backdate[:16], row.is_rewatch) for row in two.rows()] == [
        (stamp(EVENING)[:16], False),
        (stamp(later(1.5))[:16], True),
    ]
    await silent(two)


@pytest.mark.parametrize("by_and_by", [False, True])
@pytest.mark.parametrize(("minutes", "viewings"), [(38, 2), (25, 1)])
async def test_what_lasts_half_an_hour_can_be_watched_twice_within_an_hour(
    two: Pairing, minutes: int, viewings: int, *, by_and_by: bool
) -> None:
    """The diary does not say how long an episode is. Where that makes a difference, the catalogue is asked."""
    if by_and_by:
        two.on_serializd(2, 1, 4, later(-50))
        await two.settle()
    two.on_serializd(2, 1, 1)
    if by_and_by:
        await two.settle()
    two.on_serializd(2, 1, 1, later(minutes / 60))
    await two.settle()
    assert sum(number == 1 for _, _, number, _ in two.trakt()) == viewings
    assert len(two.rows()) == 3 if by_and_by else 2
    await silent(two)


async def test_an_older_viewing_that_comes_later_makes_the_newer_one_the_rewatch(two: Pairing) -> None:
    two.on_trakt(0, 1, 1, later(400))
    await two.settle()
    two.on_trakt(0, 1, 1, later(0))
    await two.settle()
    assert [row.is_rewatch for row in two.rows()] == [False, True]
    await silent(two)


async def test_a_scrobble_of_another_program_is_the_same_viewing(two: Pairing) -> None:
    two.on_trakt(0, 1, 1, EVENING), two.on_trakt(0, 1, 1, EVENING + timedelta(minutes=3))
    two.on_serializd(0, 1, 1, EVENING + timedelta(minutes=1))
    await two.settle()
    assert len(two.rows()) == 1
    assert sum(two.trakt().values()) == 2
    await silent(two)


@pytest.mark.parametrize("zone", range(-11, 15))
async def test_a_day_that_a_person_typed_is_the_viewing_of_that_day(tmp_path: Path, zone: int) -> None:
    offset = timedelta(hours=zone)
    async with pairing(tmp_path) as two:
        for episode, hour in enumerate((4, 9, 15, 21), 1):
            local = datetime(2026, 5, 1, hour, 17, tzinfo=UTC)
            midnight = datetime(2026, 5, 1, tzinfo=UTC)
            two.on_trakt(0, 1, episode, local - offset)
            typed = midnight - offset if episode % 2 else midnight
            two.on_serializd(0, 1, episode, typed, date_added=stamp(midnight + timedelta(days=40, hours=3, minutes=9)))
        assert (await two.sync()).outcome == "nothing"
        await silent(two)


async def test_a_date_two_years_back_is_seen_on_both_sides(two: Pairing) -> None:
    for n in range(1, 9):
        two.on_trakt(0, 1, n, later(n)), two.on_serializd(0, 1, n, later(n))
        two.on_trakt(1, 1, n, later(24 + n)), two.on_serializd(1, 1, n, later(24 + n))
        two.on_trakt(2, 1, n, later(48 + n)), two.on_serializd(2, 1, n, later(48 + n))
        two.on_trakt(3, 1, n, later(72 + n)), two.on_serializd(3, 1, n, later(72 + n))
    assert await two.settle() == 0
    two.clock.advance(3_600)
    two.on_trakt(0, 2, 1, later(-24 * 730))
    two.on_serializd(1, 2, 1, later(-24 * 731), date_added=stamp(two.clock.now()))
    await two.settle()
    agree(two)
    assert len(two.trakt()) == 34
    await silent(two)


async def test_films_stay_where_only_one_side_takes_them(two: Pairing) -> None:
    two.film_on_trakt(), two.on_trakt(0, 1, 1)
    await two.settle()
    assert len(two.rows()) == 1
    await silent(two)


async def test_rows_of_a_show_or_season_are_no_viewings(two: Pairing) -> None:
    two.on_serializd(0, 1, 1, season_id=None, episode_number=None, is_log=False, rating=9)
    two.on_serializd(1, 1, 1, episode_number=None, rating=8)
    two.on_serializd(2, 1, 1, season_id=987_654)
    await two.settle()
    assert not two.trakt()
    assert two.trakt_ratings() == {("show", None, None): 9, ("season", 1, None): 8}
    await silent(two)


# -- ratings --------------------------------------------------------------------------------------------------------


async def test_a_rating_goes_over_once_and_adds_no_play_and_no_row(two: Pairing) -> None:
    (
        two.on_trakt(0, 1, 1),
        two.on_serializd(0, 1, 1, review_text="cold", like=True, tags=("#sea",), contains_spoiler=True),
    )
    two.on_trakt(0, 1, 2, later(1)), two.on_serializd(0, 1, 2, later(1), rating=6)
    two.rate_episode(0, 1, 1, 9)
    await two.settle()
    first, _ = two.rows()
    assert (first.rating, first.review_text, first.like, first.tags, first.contains_spoiler) == (
        9,
        "cold",
        True,
        ("#sea",),
        True,
    )
    assert two.trakt_ratings() == {("episode", 1, 1): 9, ("episode", 1, 2): 6}
    assert len(two.trakt()) == 2
    await silent(two)


@pytest.mark.parametrize(
    ("strategy", "wins"), [("trakt-wins", 4), ("serializd-wins", 7), ("newest-wins", 7), ("ask", None)]
)
async def test_a_conflict_is_settled_as_configured(tmp_path: Path, strategy: str, wins: int | None) -> None:
    async with pairing(tmp_path, conflict=strategy) as two:
        two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 1, rating=5)
        two.rate_episode(0, 1, 1, 5)
        await two.settle()
        two.clock.advance(3_600)
        two.rate_episode(0, 1, 1, 4, two.clock.now())
        two.clock.advance(3_600)
        two.edited(two.rows()[0].id, rating=7)
        await two.settle()
        (row,) = two.rows()
        assert len(two.trakt()) == 1
        found = row.rating, two.trakt_ratings()["episode", 1, 1]
        assert found == ((7, 4) if wins is None else (wins, wins))
        await silent(two)


async def test_a_rating_of_a_show_is_never_a_dated_row(two: Pairing) -> None:
    two.rate_on_trakt("show", two.sandbox.world.shows[0].trakt, 8)
    two.rate_on_trakt("season", two.sandbox.world.shows[0].seasons[1].trakt, 7)
    await two.settle()
    assert [(row.season_id is None, row.is_log, row.rating) for row in two.rows()] in (
        [(True, False, 8), (False, False, 7)],
        [(False, False, 7), (True, False, 8)],
    )
    assert not two.trakt()
    await silent(two)


# -- removals -------------------------------------------------------------------------------------------------------


async def _gone_from_serializd(two: Pairing) -> None:
    """Ten viewings that we brought to Serializd, of which a person then deletes one there."""
    for n in range(1, 9):
        two.on_trakt(0, 1, n, later(n)), two.on_trakt(1, 1, n, later(24 + n))
    await two.settle()
    two.off_serializd(two.rows()[3].id)
    for _ in range(5):
        two.clock.advance(900)
        await two.sync()


async def test_what_was_deleted_on_one_side_is_not_brought_back_and_stays_on_the_other(two: Pairing) -> None:
    await _gone_from_serializd(two)
    assert (len(two.rows()), len(two.trakt())) == (15, 16)
    await silent(two)


async def test_a_removal_goes_no_further_than_what_we_wrote(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals="propagate") as two:
        await _gone_from_serializd(two)
        assert (len(two.rows()), len(two.trakt())) == (15, 16), "the play on Trakt is a person's own"
        await silent(two)


async def test_a_removal_takes_away_what_we_wrote(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals="propagate") as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        await two.settle()
        two.off_trakt(plays[5])
        for _ in range(4):
            two.clock.advance(900)
            await two.sync(full=True)
        assert len(two.rows()) == 15
        agree(two)
        await silent(two)


async def test_a_removal_on_trakt_is_done_once_and_then_there_is_silence(tmp_path: Path) -> None:
    """Trakt says nothing of plays that are gone: that ours was removed is seen because everything is read again."""
    async with pairing(tmp_path, removals="propagate") as two:
        for n in range(16):
            two.on_serializd(n % 4, 1, 1 + n // 4, later(n))
        await two.settle()
        two.off_serializd(two.rows()[5].id)
        before = two.writes()
        for _ in range(6):
            two.clock.advance(900)
            await two.sync()
        assert (len(two.trakt()), two.writes() - before) == (15, 1)
        agree(two)
        await silent(two)


async def test_what_becomes_of_a_removal_is_said_for_each_kind(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals={"ratings": "propagate"}) as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        for show in range(4):
            two.rate_episode(show, 1, 1, 7)
        await two.settle()
        assert any(row.rating for row in two.rows())
        two.off_trakt(plays[5])
        two.rate_episode(0, 1, 1, None)
        for _ in range(4):
            two.clock.advance(900)
            await two.sync(full=True)
        assert len(two.serializd()) == 16, "the plays are left alone"
        assert sum(row.rating > 0 for row in two.rows()) == 3


async def test_a_row_that_a_person_has_edited_since_stays(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals="propagate") as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        await two.settle()
        two.edited(two.rows()[5].id, review_text="what a night")
        two.off_trakt(plays[5])
        for _ in range(4):
            two.clock.advance(900)
            await two.sync(full=True)
        assert len(two.rows()) == 16


@pytest.mark.parametrize("lost", [16, 8])
async def test_an_empty_or_shrunken_listing_removes_nothing(tmp_path: Path, lost: int) -> None:
    async with pairing(tmp_path, removals="propagate") as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        await two.settle()
        two.off_trakt(*plays[:lost])
        for _ in range(5):
            two.clock.advance(900)
            ended = await two.sync(full=True)
        assert len(two.rows()) == 16
        assert ended.plan is not None
        assert any("not believed" in line for line in ended.plan.warnings)


@pytest.mark.parametrize("by_hand", [True, False])
async def test_ticks_that_became_viewings_with_a_date_are_not_missing(tmp_path: Path, by_hand: bool) -> None:
    """Else no listing is believed any more, and everything is read in every run."""
    async with pairing(tmp_path) as two:
        show = two.sandbox.world.shows[0]
        season = next(one for one in show.seasons if one.number == 1)
        for n in range(8):
            two.sandbox["serializd"].accounts["anna"].tick(show.tmdb, season.tmdb, 1 + n, stamp(EVENING))
            two.on_serializd(1, 1, 1 + n, later(n)), two.on_trakt(1, 1, 1 + n, later(n))
        two.on_serializd(0, 1, 1, later(-90))
        await two.settle()
        for n in range(1, 8):
            two.on_serializd(0, 1, 1 + n, later(90 + n)) if by_hand else two.on_trakt(0, 1, 1 + n, later(90 + n))
        for _ in range(4):
            two.clock.advance(900)
            ended = await two.sync(full=True)
        assert ended.plan is not None
        assert ended.plan.warnings == ()
        await two.settle()
        before = two.requests("serializd")
        await silent(two)
        assert two.requests("serializd") - before == 6


async def test_a_listing_that_lacks_much_says_what_to_do_where_that_is_meant(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals="propagate") as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        await two.settle()
        two.off_trakt(*plays[:3])
        ended = await two.sync(full=True)
        assert ended.plan is not None
        told = " ".join(ended.plan.warnings)
        assert "it lacks 3 of 16 plays (if you removed them yourself, set safety.max_removals_percent to 19" in told
        two.settings = {**two.settings, "safety": {"max_removals_percent": 19}}
        await two.restart()
        for _ in range(3):
            two.clock.advance(900)
            await two.sync(full=True)
        assert len(two.rows()) == 13


async def test_what_we_removed_is_gone_also_where_the_rest_of_a_listing_is_not_believed(tmp_path: Path) -> None:
    """Else it would be removed again in every cycle."""
    async with pairing(tmp_path, removals="propagate", safety={"max_removals_percent": 60}) as two:
        mine, theirs = two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 1, later(40))
        await two.settle()
        two.off_trakt(mine)
        two.off_serializd(theirs)
        for seconds in (900, 7 * 3_600, 900, 900, 900):
            two.clock.advance(seconds)
            await two.sync()
        assert (sum(two.trakt().values()), len(two.rows())) == (0, 1)
        await silent(two)


async def test_what_we_only_moved_is_not_gone_because_a_listing_is_empty(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals="propagate") as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        await two.settle()
        two.off_trakt(plays[5])
        two.on_trakt(1, 1, 2, later(5 - 48))
        await two.settle()
        assert await two.sql("SELECT 1 FROM amendments WHERE action = 'retime' AND state = 'delivered'")
        two.off_serializd(*(row.id for row in two.rows()))
        for _ in range(4):
            two.clock.advance(900)
            await two.sync(full=True)
        assert not await two.sql("SELECT 1 FROM records WHERE tracker = 'serializd' AND missed > 1")


async def test_a_play_that_was_moved_is_the_same_play(two: Pairing) -> None:
    plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
    await two.settle()
    before = {row.id for row in two.rows()}
    two.off_trakt(plays[5])
    two.on_trakt(1, 1, 2, later(5 - 48))
    for _ in range(4):
        two.clock.advance(900)
        await two.sync(full=True)
    assert {row.id for row in two.rows()} == before
    agree(two)
    await silent(two)


@pytest.mark.parametrize("removals", ["ignore", "propagate"])
async def test_a_play_that_was_moved_beside_a_shrunken_listing_is_not_doubled(tmp_path: Path, removals: str) -> None:
    """Whether the old one is gone is not known then, so the new one waits."""
    async with pairing(tmp_path, removals=removals) as two:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
        await two.settle()
        two.off_trakt(*plays[:5])
        moved = two.on_trakt(0, 1, 1, later(-100))
        changed = next(row for row in two.rows() if row.backdate[:16] == stamp(later(9))[:16])
        two.edited(changed.id, backdate=stamp(later(-200)))
        for _ in range(3):
            two.clock.advance(900)
            await two.sync()
        assert len(two.rows()) == 16
        await silent(two)
        tracker = two.sandbox["trakt"].account_of("anna")
        assert moved in {play.id for play in tracker.history}


async def test_what_we_moved_ourselves_is_no_sign_of_a_shrunken_listing(two: Pairing) -> None:
    """Trakt gives a play that we give another time another id, so that the one before is listed no more."""
    for n in range(12):
        two.on_trakt(n % 4, 1, 1 + n // 4, later(n))
    await two.settle()
    for row in two.rows()[:6]:
        two.edited(row.id, backdate=stamp(datetime.fromisoformat(row.backdate) - timedelta(days=9, minutes=7)))
    for _ in range(6):
        two.clock.advance(900)
        ended = await two.sync()
    assert ended.plan is not None
    assert not ended.plan.warnings
    agree(two)
    await silent(two)


# -- somebody else's account ----------------------------------------------------------------------------------------


async def _signed_in_as(two: Pairing, name: str) -> None:
    grant = two.sandbox["trakt"].sign_in(name)
    tokens = StoredTokens(two.runtime.store, "anna", "trakt", lambda values: None, two.clock.now)
    await tokens.save({**grant.answer(), "client_id": SHOWN["client_id"], "redirect_uri": grant.redirect_uri})
    await two.restart()


async def test_what_another_account_holds_is_nobodys_news(two: Pairing) -> None:
    """Somebody signed in with the wrong name: nothing of it comes to the other side, and all goes on after that."""
    for n in range(5):
        two.on_trakt(0, 1, 1 + n, later(n))
    await two.settle()
    trakt, episode = two.sandbox["trakt"], two.sandbox.world.shows[1].episode(1, 1)
    title = trakt.catalogue.by_id("episode", "trakt", episode.trakt)
    trakt.account_of("ben").add_play(title, EVENING, "watch", trakt.now())
    await _signed_in_as(two, "ben")
    before = two.writes()
    for _ in range(3):
        two.clock.advance(7 * 3_600)
        ended = await two.sync()
        assert ended.outcome == "failed"
        assert "account of ben" in ended.reason
        assert "reset-state --pair trakt,serializd" in ended.reason
    assert (two.writes(), len(two.rows())) == (before, 5)
    await _signed_in_as(two, "anna")
    two.on_trakt(0, 1, 6, later(9))
    await two.settle()
    agree(two)
    assert len(two.rows()) == 6
    await silent(two)


async def test_another_account_is_taken_where_the_pair_is_told_to_forget(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(1))
    await two.settle()
    trakt, episode = two.sandbox["trakt"], two.sandbox.world.shows[1].episode(1, 1)
    title = trakt.catalogue.by_id("episode", "trakt", episode.trakt)
    trakt.account_of("ben").add_play(title, EVENING, "watch", trakt.now())
    await _signed_in_as(two, "ben")
    assert (await two.sync()).outcome == "failed"
    config = str(two.folder / "scrobbled.yaml")
    assert await asyncio.to_thread(reset_pair, config, "anna", "trakt,serializd", sure=True) == 0
    await two.settle()
    assert len(two.rows()) == len(trakt.account_of("ben").history) == 3
    await silent(two)


async def test_an_account_by_another_name_is_the_same_where_it_holds_the_same(two: Pairing) -> None:
    for n in range(5):
        two.on_trakt(0, 1, 1 + n, later(n))
    await two.settle()
    await two.sql("UPDATE readings SET owner = 'anna-as-she-was', cursor = '{}' WHERE tracker = 'trakt'")
    two.on_trakt(0, 1, 6, later(9))
    await two.settle()
    agree(two)
    assert await two.sql("SELECT owner, doubt FROM readings WHERE tracker = 'trakt'") == [("anna", "")]


# -- trouble --------------------------------------------------------------------------------------------------------


async def test_a_side_that_cannot_be_read_leaves_the_other_as_it_is(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 2, later(1))
    two.sandbox["serializd"].faults.start_outage()
    ended = await two.compare()
    assert (ended.outcome, two.writes()) == ("failed", 0)
    assert "serializd could not be read" in ended.reason
    two.sandbox["serializd"].faults.end_outage()
    await two.settle()
    agree(two)
    assert len(two.trakt()) == 2


@pytest.mark.parametrize("match", ["GET */diary*", "GET */sync/history*"])
async def test_a_page_that_fails_removes_and_doubles_nothing(tmp_path: Path, match: str) -> None:
    async with pairing(tmp_path, removals="propagate", shows=8) as two:
        for n in range(60):
            two.on_trakt(n % 8, 1, 1 + n // 8, later(3 * n))
        await two.settle()
        name = "serializd" if "diary" in match else "trakt"
        two.sandbox[name].faults.add(Fault(match=match, kind="status", status=502, skip=1, times=3))
        for _ in range(4):
            two.clock.advance(900)
            await two.sync(full=True)
        assert len(two.rows()) == 60
        agree(two)


async def test_writes_that_are_answered_with_500_lose_and_double_nothing(two: Pairing) -> None:
    for n in range(32):
        two.on_trakt(n // 8, 1, 1 + n % 8, later(3 * n))
    for skip in range(3, 30, 6):
        two.sandbox["serializd"].faults.add(
            Fault(match="POST */reviews/add", kind="status", status=500, skip=skip, times=1)
        )
    await two.settle()
    agree(two)
    assert len(two.rows()) == 32
    await silent(two)


async def test_what_comes_by_webhook_meanwhile_is_not_sent_twice(two: Pairing) -> None:
    two.on_trakt(0, 1, 1)
    await two.settle()
    assert await two.sql("SELECT count(*) FROM plays") == [(1,)]


async def test_a_first_contact_with_much_to_add_waits_for_a_yes_and_then_does_exactly_that(tmp_path: Path) -> None:
    async with pairing(tmp_path, safety={"max_writes_per_hour": 20}) as two:
        for n in range(32):
            two.on_trakt(n // 8, 1, 1 + n % 8, later(3 * n))
        ended = await two.sync()
        assert (ended.outcome, two.writes()) == ("approval", 0)
        assert "32 plays would be added to serializd, dates kept" in ended.reason
        assert (await two.sync(plan="k3f9a2-1b2c3d4e5f60")).outcome == "refused"
        two.clock.advance(60)
        two.on_trakt(0, 2, 1, later(200))
        assert (await two.sync(plan=ended.plan_id)).outcome == "refused", "it is not what was shown any more"
        again = await two.sync()
        done = await two.sync(plan=again.plan_id)
        assert done.outcome == "done"
        agree(two)
        assert len(two.rows()) == 33
        await silent(two)


async def test_a_plan_expires(tmp_path: Path) -> None:
    async with pairing(tmp_path, safety={"max_writes_per_hour": 1}) as two:
        two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(1))
        ended = await two.sync()
        two.clock.advance(25 * 3_600)
        assert (await two.sync(plan=ended.plan_id)).outcome == "refused"
        assert not two.rows()


@pytest.mark.parametrize("way", ["trakt-to-serializd", "serializd-to-trakt"])
async def test_one_way_writes_one_side_and_both_ways_catches_up_later(tmp_path: Path, way: str) -> None:
    async with pairing(tmp_path) as two:
        two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 2, later(1))
        two.rate_episode(0, 1, 1, 8)
        await two.sync(direction=way)
        two.clock.advance(900)
        await two.sync(direction=way)
        sizes = {"trakt-to-serializd": (2, 1), "serializd-to-trakt": (1, 2)}
        assert (len(two.rows()), len(two.trakt())) == sizes[way]
        await two.settle()
        agree(two)
        assert len(two.trakt()) == 2
        await silent(two)


async def test_a_restart_in_the_middle_changes_nothing(two: Pairing) -> None:
    for n in range(16):
        two.on_trakt(n // 8, 1, 1 + n % 8, later(3 * n))
    await two.compare()
    for courier in two.runtime.couriers.values():
        for _ in range(5):
            await courier.step()
    await two.restart()
    await two.settle()
    agree(two)
    assert len(two.rows()) == 16
    await silent(two)


def on_trakt_whole(two: Pairing, *shows: int) -> int:
    """Every regular episode of these shows, evening by evening across the shows; returns how many they are."""
    listed = [(show, one) for show in shows for one in two.sandbox.world.shows[show].episodes() if one.season]
    listed.sort(key=lambda told: (told[1].season, told[1].number, told[0]))
    for n, (show, one) in enumerate(listed):
        two.on_trakt(show, one.season, one.number, later(3 * n))
    return len(listed)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_first_migration_of_whole_shows_takes_a_page_for_each(two: Pairing, restarts: bool) -> None:
    plays = on_trakt_whole(two, 0, 1, 2, 3)
    await two.compare()
    before = two.requests("serializd")
    if restarts:
        for _ in range(plays // 2):
            await two.runtime.couriers["anna", "serializd"].step()
        await two.restart()
    await two.deliver()
    shows, seasons, sign_in = 4, 8, 1
    again = 2 * seasons if restarts else 0  # what was known and ticked of them went with the process
    assert two.requests("serializd") - before <= plays + seasons + shows + sign_in + again
    await two.settle()
    agree(two)
    assert len(two.rows()) == plays
    await silent(two)


async def test_a_show_whose_seasons_are_not_all_there_is_brought_over_as_far_as_it_is(two: Pairing) -> None:
    world = two.sandbox.world
    two.sandbox["serializd"].catalogue.change(hide=[(world.shows[1].tmdb, 2, None), (world.shows[2].tmdb, 2, 3)])
    plays = on_trakt_whole(two, 0, 1, 2)
    await two.settle()
    missing = len(world.shows[1].seasons[2].episodes) + 1
    assert len(two.rows()) == plays - missing
    assert not two.serializd().keys() - two.trakt().keys()
    two.sandbox["serializd"].catalogue.change(show=[(world.shows[1].tmdb, 2, None), (world.shows[2].tmdb, 2, 3)])
    two.clock.advance(8 * 86_400)
    await two.settle()
    agree(two)
    assert len(two.rows()) == plays


async def test_what_happens_in_the_second_of_a_read_is_seen_by_the_next_one(two: Pairing) -> None:
    two.on_trakt(0, 1, 1)
    await two.sync()
    two.on_trakt(0, 1, 2, later(1))
    two.clock.advance(60)
    await two.sync()
    agree(two)
    assert len(two.rows()) == 2


async def test_what_is_said_to_be_watched_on_the_day_it_came_out_keeps_that_date(two: Pairing) -> None:
    """Trakt offers that day for a viewing, and so there are plays from long before there was any such service."""
    for number, year in ((1, 1966), (3, 1968), (4, 1985)):
        two.on_trakt(0, 1, number, datetime(year, 9, 8, 20, 30, tzinfo=UTC), "watch")
    two.on_serializd(0, 1, 2, datetime(1963, 11, 23, 17, 16, 20, tzinfo=UTC))
    await two.settle()
    agree(two)
    assert len(two.rows()) == 4
    await silent(two)

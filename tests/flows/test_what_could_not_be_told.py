"""What one side has and the other does not know: put together, and settled by one correction each."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from flows.household import Household
from pairing import Pairing, later, pairing
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.unmatched import NAMELESS
from scrobbled.desk.corrections import correct
from scrobbled.desk.needs.unmatched import UnmatchedStory, stories
from scrobbled.store.queue import asking, outbox

ANIME = "Copper Atlas"
DAY = 86_400.0


async def told(home: Pairing, **only: Any) -> dict[str, UnmatchedStory]:
    found = await home.runtime.store.read(lambda db: stories(db, **only))
    return {one.title: one for one in found}


async def corrected(home: Pairing, what: str, to: str = "", **more: Any) -> None:
    wish, now = TypedCorrection(what, to, **more), home.clock.now().timestamp()
    await home.runtime.store.write(lambda db: correct.put(db, wish, ["anna"], now))


@pytest.fixture
async def settled(house: Household) -> Household:
    await house.sync()
    await house.settle()
    return house


async def test_a_household_has_a_show_its_own_films_and_two_doubts(settled: Household) -> None:
    found = await told(settled)
    assert set(found) == {ANIME, NAMELESS, "Paper Choir (2019)", "Glass Kitchen"}
    anime, own, doubt, dates = (found[title] for title in (ANIME, NAMELESS, "Paper Choir (2019)", "Glass Kitchen"))
    assert (anime.count, anime.waiting, anime.origins, anime.tracker) == (4, 4, ["plex"], "trakt")
    assert (own.count, own.waiting, own.command) == (5, 4, f"scrobbled queue drop {' '.join(own.changes)}")
    assert [one["tmdb"] for one in doubt.candidates] == [90013, 90027]
    assert (dates.count, dates.waiting, dates.reason) == (4, 0, "On Trakt only the air date fits.")


async def test_who_and_where_can_be_chosen(settled: Household) -> None:
    assert len(await told(settled, viewer="anna", tracker="trakt")) == 4
    assert len(await told(settled, tracker="plex")) == 4, "they are of Plex"
    assert await told(settled, viewer="ben") == {}
    assert await told(settled, tracker="serializd") == {}


async def test_the_questions_of_the_page_are_put_together_in_the_same_way(settled: Household) -> None:
    groups = await settled.runtime.store.read(asking.asking)
    waiting = {one.title: one for one in (await told(settled)).values() if one.waiting}
    assert {one.title: one.names for one in groups} == {one.title: tuple(one.changes) for one in waiting.values()}


async def test_one_correction_settles_a_whole_show_and_the_next_run_takes_it_up(settled: Household) -> None:
    show = next(one for one in settled.sandbox.world.shows if one.title == ANIME)
    before = len(settled.home.trakt().history)
    await corrected(settled, (await told(settled))[ANIME].changes[0], f"tmdb:{show.tmdb}")
    await settled.deliver()
    assert len(settled.home.trakt().history) == before + 4
    assert (await settled.sync()).outcome == "nothing"
    assert ANIME not in await told(settled)
    watched = {play.title.trakt for play in settled.home.trakt().history}
    unseen = next(
        one for season in show.seasons for one in season.episodes if one.trakt not in watched and season.number
    )
    title = settled.sandbox["trakt"].catalogue.by_id("episode", "trakt", unseen.trakt)
    settled.home.trakt().add_play(title, settled.clock.now(), "watch", settled.clock.now())
    settled.clock.advance(900)
    ended = await settled.sync()
    assert ended.plan is not None
    assert [change.action for change in ended.plan.changes] == ["tick"], "what waited for nothing is known as well"


async def test_one_correction_by_title_settles_it_also_where_nothing_waits(settled: Household) -> None:
    show, changes = next(one for one in settled.sandbox.world.shows if one.title == ANIME), (await told(settled))[ANIME]
    ids = [int(one[1:]) for one in changes.changes]
    await settled.runtime.store.write(lambda db: outbox.drop(db, ids, 0.0))
    idle = (await told(settled))[ANIME]
    assert (idle.count, idle.waiting) == (4, 0)
    *_, what, _, _ = shlex.split(idle.command)
    await corrected(settled, what, f"tmdb:{show.tmdb}")
    await settled.sync(full=True)
    assert ANIME not in await told(settled)


async def test_what_is_never_to_be_sent_is_no_question(settled: Household) -> None:
    await corrected(settled, "Glass Kitchen", ignore=True)
    await corrected(settled, (await told(settled))[ANIME].changes[0], ignore=True)
    await settled.sync(full=True)
    assert list(await told(settled)) == [NAMELESS, "Paper Choir (2019)"]


async def test_what_no_catalogue_has_stays_told_until_it_is_asked_again(settled: Household) -> None:
    before = await told(settled)
    settled.clock.advance(3 * DAY)
    requests = settled.requests("trakt")
    await settled.sync()
    assert await told(settled) == before
    assert settled.requests("trakt") > requests


async def test_what_is_not_in_the_library_any_more_is_not_told(settled: Household) -> None:
    library = settled.home.plex.library
    library.remove(next(one for one in library.items.values() if one.type == "show" and one.title == ANIME))
    for _ in range(3):
        settled.clock.advance(DAY)
        await settled.sync(full=True)
    left = (await told(settled)).get(ANIME)
    assert left is not None
    assert (left.count, left.waiting) == (4, 4), "what waits does so still"


async def test_trakt_and_serializd_tell_what_the_other_does_not_know(tmp_path: Path) -> None:
    async with pairing(tmp_path) as pair:
        show = pair.sandbox.world.shows[0]
        pair.sandbox["serializd"].catalogue.gaps.add((show.tmdb, None, None))
        pair.on_trakt(0, 1, 1)
        pair.on_trakt(0, 1, 2, later(1))
        await pair.sync()
        (one,) = (await told(pair)).values()
        assert (one.title, one.tracker, one.count, one.waiting) == (show.title, "serializd", 2, 2)
        other = pair.sandbox.world.shows[1]
        await corrected(pair, one.changes[0], f"tmdb:{other.tmdb}", to_season=1)
        await pair.deliver()
        assert {row[:3] for row in pair.serializd()} == {(other.tmdb, 1, 1), (other.tmdb, 1, 2)}
        assert await told(pair) == {}
        assert (await pair.sync()).outcome == "nothing"

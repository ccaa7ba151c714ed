"""A household's Plex library and Trakt in step: every case of a real library, by the stand-ins of both."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.household import Household, household
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.reconcile import Options
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import PlexDevice, PlexSession
from scrobbled.sandbox.plex.views import ViewState


async def test_every_case_of_a_real_library_stands_as_it_must_and_stays_so(house: Household) -> None:
    assert (await house.sync()).outcome == "done"
    await house.settle()
    assert house.wrong() == []
    writes = house.writes()
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert (house.wrong(), house.writes()) == ([], writes)


async def test_a_dry_run_tells_all_and_writes_nothing(house: Household) -> None:
    one = house.wired
    ended = await house.runtime.keeper.reconciler(one).plan(Options())
    assert ended.plan is not None
    text = ended.plan.text()
    assert "4 titles to tick off as watched" in text
    assert "more viewings that plex counts are dated nowhere" in text
    assert house.writes() == 0


async def test_a_show_that_is_rated_on_trakt_alone_gets_its_rating_in_the_library(house: Household) -> None:
    await house.sync()
    await house.settle()
    rated = {entry.title.trakt for entry in house.home.trakt().ratings if entry.title.kind == "show"}
    chosen = next(one for one in house.sandbox.world.shows if one.trakt not in rated and _holds(house, one.tmdb))
    house.rate_on_trakt("show", chosen.trakt, 9, house.clock.now())
    await house.settle()
    (copy,) = [one for one in house.home.plex.library.items.values() if one.type == "show" and one.show == chosen]
    assert house.home.plex.views.of(ANNA, copy).rating == 9.0


async def test_what_was_being_played_is_marked_when_nobody_plays_it_any_more(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False) as house:
        plex, device = house.home.plex, PlexDevice()
        film = plex.library.items[house.sandbox.world.movies[0].rating_key]
        plex.player.sessions[ANNA.id, device.uuid] = PlexSession(film, ANNA, device, "playing", 60_000)
        house.film_on_trakt(0, house.home.ago(3))
        for _ in range(2):
            await house.sync()
            assert plex.views.of(ANNA, film).count == 0
            house.clock.advance(900)
        plex.player.sessions.clear()
        await house.settle()
        assert plex.views.of(ANNA, film).count == 1
        assert len(list(house.home.trakt().history)) == 1


async def test_what_is_unmarked_by_hand_is_a_removal_in_the_second_run(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False, removals="propagate") as house:
        films = [house.home.plex.library.items[one.rating_key] for one in house.sandbox.world.movies[:3]]
        for film in films:
            house.home.played(film, house.home.ago(3))
        await house.settle()
        assert len(list(house.home.trakt().history)) == len(films)
        house.clock.advance(900)
        house.home.plex.views.put(ANNA, films[0], ViewState())
        for _ in range(3):
            await house.sync()
            house.clock.advance(900)
        assert len(list(house.home.trakt().history)) == len(films) - 1


async def test_undo_says_that_where_a_film_was_left_is_not_restored(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False) as house:
        views, film = house.home.plex.views, house.home.plex.library.items[house.sandbox.world.movies[0].rating_key]
        views.put(ANNA, film, ViewState(last=int(house.home.ago(9).timestamp()), offset=600_000))
        house.film_on_trakt(0, house.home.ago(3))
        await house.settle()
        assert (views.of(ANNA, film).count, views.of(ANNA, film).offset) == (1, 0)
        (run,) = await house.sql("SELECT id FROM runs WHERE outcome = 'done'")
        now = house.clock.now().timestamp()
        report = await undo(house.runtime.store, UndoRequest(run=run[0]), now)
        (told,) = [step.text for step in report.steps if step.tracker == "plex"]
        assert told == (
            "Its tick is taken back on Plex. If it had been begun there, where it was left is not restored: the mark "
            "has cleared that."
        )
        await house.settle()
        assert (views.of(ANNA, film).count, views.of(ANNA, film).offset) == (0, 0)


@pytest.mark.parametrize("where", ["trakt", "plex"])
async def test_a_rating_that_is_cleared_is_cleared_on_the_other_side_once(tmp_path: Path, where: str) -> None:
    async with household(tmp_path, removals="propagate") as house:
        await house.sync()
        await house.settle()
        thing = next(
            one for one in house.home.things if one.rating and one.stars == one.rating and len(one.copies) == 1
        )
        assert thing.title is not None
        copy = house.sandbox["plex"].library.items[thing.copies[0][1]]
        views, before = house.home.plex.views, house.writes()
        if where == "trakt":
            house.rate_on_trakt(thing.title.kind, thing.title.trakt, None)
        else:
            views.put(ANNA, copy, replace(views.of(ANNA, copy), rating=None, rated_at=None))
        for _ in range(5):
            house.clock.advance(7 * 3_600)
            await house.sync()
        assert views.of(ANNA, copy).rating is None
        assert thing.title not in [one.title for one in house.home.trakt().ratings]
        marks = [one for one in house.sandbox["plex"].log if "/:/rate" in one.path and one.query.get("rating") == "-1"]
        assert (len(marks), house.writes() - before) == ((1, 0) if where == "trakt" else (0, 1))


def _holds(house: Household, tmdb: int) -> bool:
    shows = (one.show for one in house.home.plex.library.items.values() if one.type == "show")
    return any(show is not None and show.tmdb == tmdb for show in shows)

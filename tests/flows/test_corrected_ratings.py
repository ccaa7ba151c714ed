"""What a person says an item is holds for its ratings, too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from flows.amending import Amendable, amendment, rating, wish
from flows.rig import FILM, Rig, episode, rigged
from flows.test_reconciling import silent
from pairing import EVENING, Pairing, later
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.corrections import Correction, OfShow, ToShow, corrected
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.desk.corrections import correct
from scrobbled.sandbox.serializd.store import stamp
from trackers.memory.tracker import key_of


@pytest.fixture
async def rig(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db", Amendable()) as found:
        yield found


async def say(rig: Rig, words: TypedCorrection) -> None:
    now = rig.clock.now().timestamp()
    await rig.store.write(lambda db: correct.put(db, words, ["anna"], now))


async def meant(two: Pairing, show: int, other: int) -> None:
    """What is called ``show`` is ``other``."""
    shows = two.sandbox.world.shows
    words = TypedCorrection(f"tmdb:{shows[show].tmdb}", f"tmdb:{shows[other].tmdb}")
    now = two.clock.now().timestamp()
    await two.runtime.store.write(lambda db: correct.put(db, words, ["anna"], now))


async def test_the_rating_of_a_corrected_show_goes_to_the_show_it_is(two: Pairing) -> None:
    await meant(two, 0, 1)
    two.rate_on_trakt("show", two.sandbox.world.shows[0].trakt, 8)
    two.rate_episode(0, 1, 2, 6)
    await two.settle()
    right = two.sandbox.world.shows[1].tmdb
    # which episode it is there is found on evidence, as ever
    found = {(row.show_id, row.episode_number is None, row.rating) for row in two.rows()}
    assert found == {(right, True, 8), (right, False, 6)}
    assert two.trakt_ratings() == {("show", None, None): 8, ("episode", 1, 2): 6}
    await silent(two)


async def test_a_rating_that_changes_on_the_corrected_show_comes_back_to_the_one_it_is_of(two: Pairing) -> None:
    await meant(two, 0, 1)
    two.on_trakt(0, 1, 2)
    two.rate_episode(0, 1, 2, 6)
    await two.settle()
    (row,) = two.rows()
    two.clock.advance(900)
    two.edited(row.id, rating=9)
    await two.settle()
    shows = {e.title.show.trakt: e.rating for e in two.sandbox["trakt"].account_of("anna").ratings}
    assert shows == {two.sandbox.world.shows[0].trakt: 9}
    assert len(two.trakt()) == len(two.serializd()) == 1
    await silent(two)


async def test_plays_of_a_corrected_show_are_brought_over_once(two: Pairing) -> None:
    await meant(two, 0, 1)
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(1))
    await two.settle()
    assert [(row.show_id, row.backdate[:16]) for row in two.rows()] == [
        (two.sandbox.world.shows[1].tmdb, stamp(later(hours))[:16]) for hours in (0, 1)
    ]
    assert len(two.trakt()) == 2
    await silent(two)


async def test_an_ignored_show_is_not_rated(two: Pairing) -> None:
    words = TypedCorrection(f"tmdb:{two.sandbox.world.shows[0].tmdb}", "", ignore=True)
    await two.runtime.store.write(lambda db: correct.put(db, words, ["anna"], EVENING.timestamp()))
    two.rate_on_trakt("show", two.sandbox.world.shows[0].trakt, 8)
    assert (await two.sync()).outcome == "nothing"
    assert not two.rows()
    await silent(two)


async def test_a_rating_that_was_queued_before_is_left_out_with_the_reason(rig: Rig) -> None:
    id_ = await wish(rig, rating(FILM, 8))
    await say(rig, TypedCorrection(f"tmdb:{FILM.ids.tmdb}", "", movie=True, ignore=True))
    await rig.rest()
    found = await amendment(rig, id_)
    assert (found.state, found.reason) == ("unwanted", "correction m1: ignored")
    assert rig.tracker.rated == {}


async def test_what_nobody_could_place_is_looked_up_at_once_when_a_person_says_what_it_is(rig: Rig) -> None:
    item = episode(1)
    rig.tracker.unknown = frozenset({key_of(item)})
    id_ = await wish(rig, rating(item, 8))
    await rig.rest()
    assert (await amendment(rig, id_)).state == "parked"
    await say(rig, TypedCorrection(f"tmdb:{item.show_ids.tmdb}", "tmdb:4711"))
    await rig.rest()
    assert (await amendment(rig, id_)).state == "delivered"
    assert list(rig.tracker.rated.values()) == [8]
    assert key_of(item) not in rig.tracker.rated


async def test_what_the_tracker_itself_calls_so_is_left_as_it_is(rig: Rig) -> None:
    item = episode(1)
    await say(rig, TypedCorrection(f"tmdb:{item.show_ids.tmdb}", "tmdb:4711"))
    wanted = rating(item, 8)
    await wish(rig, replace(wanted, details=replace(wanted.details, as_is=True)))
    await rig.rest()
    assert rig.tracker.rated == {key_of(item): 8}


def test_a_season_as_a_whole_becomes_the_season_it_is_said_to_be() -> None:
    known = [Correction(1, None, OfShow(ids=ShowIds(tmdb=1), season=2), ToShow(7, season=3))]
    season = Episode("Harbour Lights", 2, None, show_ids=ShowIds(tmdb=1))
    found = corrected(season, "anna", known).item
    assert isinstance(found, Episode)
    assert (found.season, found.number, found.show_ids.tmdb) == (3, None, 7)

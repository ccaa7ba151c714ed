"""Whole seasons that are about to be added cost one page for each show; everything else is held against its season."""

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import NotInCatalogue, TryLater
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.naming.matching import Confidence
from scrobbled.sandbox.serializd.app import SerializdStandIn
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.codec import SeasonCount
from scrobbled.trackers.serializd.tracker import SerializdTracker
from trackers.contract import EVENING, add, play_of
from trackers.serializd_setup import ADD, Setup

SHOW, SEASONS = 90000, {0: 140000, 1: 140001, 2: 140002}
SHOW_PAGE, SEASON_PAGE = f"GET /api/show/{SHOW}", "GET /api/show/*/season/*"
DAY = 86_400


def of_trakt(setup: Setup, season: int, number: int, **changes: Any) -> Episode:
    """Trakt tells no day on which it was shown."""
    return setup.episode(season=season, number=number, air_date=None, **changes)


def whole(setup: Setup, *seasons: int, **changes: Any) -> list[Episode]:
    listed = setup.world.shows[0].episodes()
    return [of_trakt(setup, one.season, one.number, **changes) for one in listed if one.season in seasons]


async def places(tracker: SerializdTracker, episodes: list[Episode]) -> list[str]:
    return [(await tracker.locate(episode)).key for episode in episodes]


def right(episodes: list[Episode]) -> list[str]:
    return [f"{SHOW}:{SEASONS[one.season or 0]}:{one.number}" for one in episodes]


async def test_whole_seasons_of_a_show_take_one_request(setup: Setup) -> None:
    tracker, both = setup.tracker(), whole(setup, 1, 2)
    await tracker.survey(both)
    assert await places(tracker, both) == right(both)
    assert (setup.asked(SHOW_PAGE), setup.asked(SEASON_PAGE)) == (1, 0)


async def test_how_they_were_found_is_said(setup: Setup) -> None:
    tracker = setup.tracker()
    await tracker.survey(whole(setup, 1, 2))
    address = await tracker.locate(of_trakt(setup, 2, 3))
    assert address.how.endswith("episode by number in a season that is as long there")
    assert address.confidence is Confidence.LIKELY
    assert address.entry == "show 90000 Harbour Lights S2 E3"


async def test_the_older_id_key_will_do(setup: Setup) -> None:
    older = setup.world.shows[3]
    ids = {"show_ids": ShowIds(tmdb=older.tmdb), "ids": EpisodeIds(tmdb=7)}
    both = [Episode(older.title, e.season, e.number, **ids) for e in older.episodes() if e.season]
    tracker = setup.tracker()
    await tracker.survey(both)
    assert (await tracker.locate(both[0])).key == f"{older.tmdb}:{older.seasons[1].tmdb}:1"
    assert setup.asked(SEASON_PAGE) == 0


async def test_nothing_is_asked_for_one_season(setup: Setup) -> None:
    tracker, one = setup.tracker(), whole(setup, 1)
    await tracker.survey([*one, of_trakt(setup, 2, 4), *whole(setup, 0)])
    await tracker.survey(one)
    assert setup.asked() == 0


async def test_nothing_is_asked_for_seasons_that_were_looked_at(setup: Setup) -> None:
    tracker = setup.tracker()
    await places(tracker, [of_trakt(setup, 1, 1), of_trakt(setup, 2, 1)])
    before = setup.asked()
    await tracker.survey(whole(setup, 1, 2))
    assert setup.asked() == before


async def test_nothing_is_asked_twice(setup: Setup) -> None:
    tracker = setup.tracker()
    for _ in range(3):
        await tracker.survey(whole(setup, 1, 2))
    assert setup.asked() == 1


async def test_a_season_with_episodes_left_is_held_against_its_page(setup: Setup) -> None:
    tracker, episodes = setup.tracker(), [*whole(setup, 1), *whole(setup, 2)[:5]]
    await tracker.survey(episodes)
    assert await places(tracker, episodes) == right(episodes)
    assert (setup.asked(SHOW_PAGE), setup.asked(SEASON_PAGE)) == (1, 1)


@pytest.mark.parametrize("gap", [(SHOW, 2, None), (SHOW, 2, 8)], ids=["no such season", "a shorter season"])
async def test_where_one_season_differs_the_whole_show_is_looked_at(setup: Setup, gap: Any) -> None:
    setup.service.catalogue.change(hide=[gap])
    tracker, both = setup.tracker(), whole(setup, 1, 2)
    await tracker.survey(both)
    assert await places(tracker, whole(setup, 1)) == right(whole(setup, 1))
    with pytest.raises(NotInCatalogue):
        await tracker.locate(of_trakt(setup, 2, 8))
    assert setup.asked(SEASON_PAGE) >= 2


async def test_a_season_that_is_longer_there_is_held_against_its_page(setup: Setup) -> None:
    tracker, both = setup.tracker(), [*whole(setup, 1)[:-1], *whole(setup, 2)]
    await tracker.survey(both)
    await places(tracker, both)
    assert setup.asked(SEASON_PAGE) == 1


async def test_specials_are_always_held_against_their_page(setup: Setup) -> None:
    tracker, everything = setup.tracker(), whole(setup, 0, 1, 2)
    swapped = [replace(one, number=3 - (one.number or 0)) if one.season == 0 else one for one in everything]
    await tracker.survey(swapped)
    assert sorted(await places(tracker, swapped)) == sorted(right(everything))
    assert await tracker.locate(swapped[0]) == await tracker.locate(everything[0])
    assert setup.asked(SEASON_PAGE) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": Origin("plex-1", "9101")},
        {"absolute": True},
        {"settled": "show"},
        {"ids": EpisodeIds(tvdb=180_031)},
        {"show_ids": ShowIds(tvdb=440_000)},
    ],
    ids=["a media server's order", "through the show", "settled", "no TMDB episode id", "no TMDB show id"],
)
async def test_who_may_count_otherwise_is_no_evidence(setup: Setup, changes: dict[str, Any]) -> None:
    tracker = setup.tracker()
    await tracker.survey(whole(setup, 1, 2, **changes))
    assert setup.asked() == 0


async def test_a_viewing_on_a_media_server_is_held_against_its_season_all_the_same(setup: Setup) -> None:
    tracker = setup.tracker()
    await tracker.survey(whole(setup, 1, 2))
    there = setup.episode(season=1, number=2)
    swapped = replace(there, number=3, origin=Origin("plex-1", "9102"))
    assert (await tracker.locate(swapped)).key == f"{SHOW}:{SEASONS[1]}:2", "by its id, not by the number"


async def test_an_episode_beyond_the_end_is_looked_for(setup: Setup) -> None:
    tracker = setup.tracker()
    await tracker.survey(whole(setup, 1, 2))
    with pytest.raises(NotInCatalogue):
        await tracker.locate(replace(of_trakt(setup, 1, 8), number=9, title=None, ids=EpisodeIds(tmdb=5)))


async def test_what_was_counted_is_believed_for_a_day(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    await tracker.survey(whole(setup, 1, 2))
    clock.advance(DAY - 1)
    await tracker.locate(of_trakt(setup, 1, 1))
    assert setup.asked(SEASON_PAGE) == 0
    clock.advance(1)
    await tracker.locate(of_trakt(setup, 1, 1))
    assert setup.asked(SEASON_PAGE) == 1
    await tracker.survey(whole(setup, 1, 2, title="?"))
    assert setup.asked(SHOW_PAGE) == 1, "one of them is kept now"


async def test_a_season_that_is_refused_is_looked_at(setup: Setup) -> None:
    tracker = setup.tracker(pace=0)
    await tracker.survey(whole(setup, 1, 2))
    play = await play_of(tracker, of_trakt(setup, 1, 8), EVENING)
    setup.fail(ADD, status=404, body={"message": "Episode not found"})
    assert isinstance((await tracker.add_plays([play], _nothing))[0], NotInCatalogue)
    await tracker.locate(of_trakt(setup, 1, 8))
    assert setup.asked(SEASON_PAGE) == 1
    await tracker.locate(of_trakt(setup, 2, 8))
    assert setup.asked(SEASON_PAGE) == 1, "nobody said anything against the other season"


async def test_what_was_found_so_can_be_added(setup: Setup) -> None:
    tracker, both = setup.tracker(pace=0), whole(setup, 1, 2)
    await tracker.survey(both)
    plays = [await play_of(tracker, one, EVENING) for one in both]
    await tracker.foresee([play.address for play in plays])
    await add(tracker, plays)
    sign_in, show, what_was_ticked, ticks = 1, 1, 2, 2
    assert setup.asked() == sign_in + show + what_was_ticked + ticks + len(both)
    assert {(row["seasonId"], row["episodeNumber"]) for row in setup.rows()} == {
        (SEASONS[one.season or 0], one.number) for one in both
    }


# Shows that are counted otherwise


def longer(setup: Setup, seasons: int) -> None:
    """The first show gets more seasons, each of eight episodes."""
    show = setup.world.shows[0]
    last = show.seasons[2]
    more = [
        dataclasses.replace(
            last,
            number=n,
            tmdb=last.tmdb + n,
            episodes=tuple(
                dataclasses.replace(e, season=n, tmdb=e.tmdb + 1_000 * n, title=f"{e.title} {n}") for e in last.episodes
            ),
        )
        for n in range(3, seasons + 1)
    ]
    world = dataclasses.replace(
        setup.world, shows=(dataclasses.replace(show, seasons=(*show.seasons, *more)), *setup.world.shows[1:])
    )
    setup.world, setup.service = world, SerializdStandIn(world, now=setup.clock.now)


def swapped(episodes: list[Episode], season: int) -> list[Episode]:
    """The second and the third of a season have each other's numbers, as where another order is followed."""
    other = {2: 3, 3: 2}
    return [
        replace(one, number=other.get(one.number or 0, one.number)) if one.season == season else one for one in episodes
    ]


async def test_of_many_seasons_one_is_looked_at_and_the_others_go_by_it(setup: Setup) -> None:
    longer(setup, 5)
    tracker, all_of_it = setup.tracker(), whole(setup, 1, 2, 3, 4, 5)
    await tracker.survey(all_of_it)
    found = await places(tracker, all_of_it)
    assert len(set(found)) == len(all_of_it) == 40
    assert (setup.asked(SHOW_PAGE), setup.asked(SEASON_PAGE)) == (1, 1)
    assert setup.asked(f"GET /api/show/{SHOW}/season/5") == 1


async def test_where_that_one_is_counted_otherwise_all_are_looked_at(setup: Setup) -> None:
    longer(setup, 5)
    right_ones = whole(setup, 1, 2, 3, 4, 5)
    told = swapped(right_ones, 5)
    for tracker in (setup.tracker(), setup.tracker()):  # also after a restart
        await tracker.survey(told)
        assert await places(tracker, told) == await places(setup.tracker(), right_ones)
        await tracker.survey(whole(setup, 1, 2))
        assert setup.asked(SEASON_PAGE) == 5
    assert setup.asked(SHOW_PAGE) == 1


async def test_a_page_that_contradicts_the_numbers_speaks_against_all_seasons(setup: Setup) -> None:
    longer(setup, 3)
    told = swapped(whole(setup, 1, 2, 3)[:-1], 3)
    tracker = setup.tracker()
    await tracker.survey(told)
    await tracker.locate(told[0])
    assert setup.asked(SEASON_PAGE) == 0
    assert (await tracker.locate(told[17])).key.endswith(":2"), "by its id"
    await tracker.locate(told[0])
    assert setup.asked(f"GET /api/show/{SHOW}/season/1") == 1
    await tracker.survey(told)
    assert setup.asked(f"GET /api/show/{SHOW}/season/2") == 0
    await tracker.locate(told[8])
    assert setup.asked(f"GET /api/show/{SHOW}/season/2") == 1


async def test_a_special_with_another_number_says_nothing_of_the_seasons(setup: Setup) -> None:
    tracker = setup.tracker()
    await tracker.survey(whole(setup, 1, 2))
    await tracker.locate(replace(of_trakt(setup, 0, 1), number=2))
    await places(tracker, whole(setup, 1, 2))
    assert setup.asked(SEASON_PAGE) == 1


async def test_films_and_unknown_shows_are_passed_over(setup: Setup) -> None:
    nowhere = whole(setup, 1, 2, show_ids=ShowIds(tmdb=1))
    tracker = setup.tracker()
    await tracker.survey([Movie("Glass Harbour", 2020), *nowhere, *whole(setup, 1, 2)])
    assert setup.asked() == setup.asked("GET /api/show/*") == 2
    await places(tracker, whole(setup, 1, 2))
    assert setup.asked("GET /api/show/*") == 2


async def test_a_catalogue_in_trouble_says_so(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.fail(SHOW_PAGE, status=503)
    with pytest.raises(TryLater):
        await tracker.survey(whole(setup, 1, 2))


@pytest.mark.parametrize(
    "odd",
    [{"episodeCount": None}, {"episodeCount": "eight"}, {"id": None, "seasonId": None}],
    ids=["no count", "no number", "no id"],
)
async def test_a_season_that_is_told_oddly_decides_nothing(setup: Setup, odd: dict[str, Any]) -> None:
    show = setup.world.shows[0]
    details = setup.service.catalogue.details(show)
    seasons = [{**told, **(odd if told["seasonNumber"] == 2 else {})} for told in details["seasons"]]
    setup.fail(SHOW_PAGE, status=200, body={**details, "seasons": seasons})
    tracker, both = setup.tracker(), whole(setup, 1, 2)
    await tracker.survey(both)
    assert await places(tracker, both) == right(both)
    assert setup.asked(SEASON_PAGE) == 2


def test_a_number_that_two_seasons_carry_says_nothing() -> None:
    seasons = [{"id": 7, "seasonNumber": 1, "episodeCount": 8}, {"id": 8, "seasonNumber": 1, "episodeCount": 8}]
    assert codec.season_counts({"seasons": [*seasons, {"id": 9, "seasonNumber": 2, "episodeCount": 4}]}) == {
        2: SeasonCount(9, 4)
    }


async def test_a_page_kept_by_an_earlier_version_decides_nothing(setup: Setup, clock: FakeClock) -> None:
    seasons = [{"id": id_, "seasonId": id_, "seasonNumber": number} for number, id_ in SEASONS.items()]
    kept = {"id": SHOW, "name": "Harbour Lights", "status": "Ended", "seasons": seasons}
    await setup.cache.put(f"serializd:show:{SHOW}", {"at": clock.now().isoformat(), "data": kept}, seconds=DAY)
    tracker, both = setup.tracker(), whole(setup, 1, 2)
    await tracker.survey(both)
    assert await places(tracker, both) == right(both)
    assert setup.asked(SEASON_PAGE) == 2


async def _nothing() -> None:
    """Nobody needs to be told before the row leaves."""

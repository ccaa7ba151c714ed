"""Finding Serializd's episode: on evidence, through the cache, and again when the catalogue has grown."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, NotInCatalogue, TryLater, Uncertain
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim, ShowMatch
from trackers.serializd_setup import Setup

SHOW, SEASON = "GET /api/show/90000", "GET /api/show/90000/season/*"
HOUR = 3600


async def test_an_episode_is_found_where_it_is_claimed_to_be(setup: Setup) -> None:
    address = await setup.tracker().locate(setup.episode())
    assert address.key == "90000:140001:4"
    assert address.data == {"show_id": 90000, "season_id": 140001, "season_number": 1, "episode_number": 4}
    assert address.how == "show by TMDB show id, episode by TMDB episode id"
    assert [setup.asked(SHOW), setup.asked(SEASON)] == [0, 1], "the season's own page proves the claim"


async def test_a_show_whose_seasons_carry_the_older_id_key_is_found(setup: Setup) -> None:
    assert (await setup.tracker().locate(setup.episode(show=3))).key == "90003:140031:4"


async def test_specials_are_season_zero(setup: Setup) -> None:
    address = await setup.tracker().locate(setup.episode(season=0, number=1))
    assert address.data["season_number"] == 0
    assert address.key == "90000:140000:1"


async def test_a_special_never_goes_by_its_number_alone(setup: Setup) -> None:
    bare = setup.episode(season=0, number=1, title=None, air_date=None, ids=EpisodeIds())
    with pytest.raises(Uncertain):
        await setup.tracker().locate(bare)


async def test_a_bare_number_is_enough_in_a_regular_season(setup: Setup) -> None:
    bare = setup.episode(title=None, air_date=None, ids=EpisodeIds())
    address = await setup.tracker().locate(bare)
    assert address.key == "90000:140001:4"
    assert address.how.endswith("episode by number")


async def test_an_episode_numbered_by_year_is_found_by_title_in_the_whole_show(setup: Setup) -> None:
    there = setup.episode(season=2, number=3, ids=EpisodeIds())
    address = await setup.tracker().locate(replace(there, season=2026, number=3))
    assert address.key == "90000:140002:3"


async def test_an_episode_known_by_its_day_only_is_found(setup: Setup) -> None:
    there = setup.episode(ids=EpisodeIds(), title=None)
    address = await setup.tracker().locate(replace(there, season=None, number=None))
    assert address.key == "90000:140001:4"


async def test_a_number_through_the_whole_show_is_counted_over_all_seasons(setup: Setup) -> None:
    count = len(setup.world.shows[0].seasons[1].episodes)
    there = setup.episode(season=2, number=3, ids=EpisodeIds())
    address = await setup.tracker().locate(replace(there, season=1, number=count + 3, absolute=True))
    assert address.key == "90000:140002:3"


async def test_more_is_asked_when_the_plain_claim_fails(setup: Setup) -> None:
    setup.shows.more = (Claim(2, 3, "TMDB episode id"),)
    there = setup.episode(season=2, number=3, ids=EpisodeIds(), title=None)
    address = await setup.tracker().locate(replace(there, season=1, number=40))
    assert address.key == "90000:140002:3"
    assert setup.shows.asked == [False, True]


async def test_the_own_ids_may_lead_to_another_show(setup: Setup) -> None:
    there = setup.episode(show=1, ids=EpisodeIds())

    setup.shows = SplitShow(90002, 90001)  # type: ignore[assignment]
    assert (await setup.tracker().locate(there)).key == "90001:140011:4"
    setup.shows = SplitShow(90001, 90002)  # type: ignore[assignment]
    assert (await setup.tracker().locate(replace(there, season=2026))).key == "90001:140011:4"


class SplitShow:
    """One show on the media server that is two in the catalogue."""

    def __init__(self, plain: int, deeper: int) -> None:
        self.ids = {False: plain, True: deeper}

    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        claims = (Claim(2026, 4, "TMDB"),) if episode.season == 2026 else (Claim(1, 4, "TMDB"),)
        return ShowMatch(ShowIds(tmdb=self.ids[deeper]), "TMDB", claims)


async def test_nobody_knowing_more_leaves_it_at_what_is_known(setup: Setup) -> None:
    class Silent(SplitShow):
        async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
            if deeper:
                raise Uncertain("nobody knows its own ids")
            return await super().show_of(episode)

    setup.shows = Silent(90000, 0)  # type: ignore[assignment]
    there = setup.episode(season=2, number=3, ids=EpisodeIds())
    assert (await setup.tracker().locate(replace(there, season=2026))).key == "90000:140002:3"


async def test_a_show_without_tmdb_id_is_never_guessed(setup: Setup) -> None:
    with pytest.raises(Uncertain, match="TMDB id"):
        await setup.tracker().locate(setup.episode(show_ids=ShowIds()))


async def test_contradicting_evidence_is_left_to_a_person(setup: Setup) -> None:
    last_day = setup.world.shows[0].episode(2, 8).air_date
    puzzling = setup.episode(title="Never Made", ids=EpisodeIds(), air_date=last_day + timedelta(days=300))
    with pytest.raises(Uncertain) as caught:
        await setup.tracker().locate(puzzling)
    assert caught.value.candidates


# What is missing today


async def test_a_season_without_data_is_not_in_the_catalogue(setup: Setup) -> None:
    setup.service.catalogue.change(hide=[(90000, 1, None)])
    with pytest.raises(NotInCatalogue):
        await setup.tracker().locate(setup.episode())


async def test_a_season_that_is_listed_and_answers_with_nulls_is_not_in_the_catalogue(setup: Setup) -> None:
    body = {"seasonId": None, "id": None, "name": None, "episodes": []}
    setup.fail("GET /api/show/90000/season/1", status=200, body=body, times=None)
    with pytest.raises(NotInCatalogue):
        await setup.tracker().locate(setup.episode(ids=EpisodeIds()))


@pytest.mark.parametrize(
    "gap", [(90000, None, None), (90000, 1, None), (90000, 1, 4)], ids=["show", "season", "episode"]
)
async def test_what_appears_later_is_found_at_once(setup: Setup, clock: FakeClock, gap: tuple) -> None:
    tracker = setup.tracker()
    setup.service.catalogue.change(hide=[gap])
    with pytest.raises(NotInCatalogue):
        await tracker.locate(setup.episode())
    clock.advance(1)
    setup.service.catalogue.change(show=[gap])
    assert (await tracker.locate(setup.episode())).key == "90000:140001:4"


async def test_a_missing_episode_is_looked_for_a_few_times_an_hour(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    setup.service.catalogue.change(hide=[(90000, 1, 4)])
    for _ in range(20):
        clock.advance(1)
        with pytest.raises(NotInCatalogue):
            await tracker.locate(setup.episode())
    few = setup.asked(SHOW)
    assert few <= 5
    clock.advance(HOUR)
    with pytest.raises(NotInCatalogue):
        await tracker.locate(setup.episode())
    assert setup.asked(SHOW) == few + 1


async def test_a_first_look_is_not_repeated_in_the_same_breath(setup: Setup) -> None:
    setup.service.catalogue.change(hide=[(90000, 1, 4)])
    with pytest.raises(NotInCatalogue):
        await setup.tracker().locate(setup.episode())
    assert setup.asked(SHOW) == 1
    assert setup.asked(SEASON) == 3


def misplaced(setup: Setup, show: int = 0) -> Episode:
    """An episode that is not where it is claimed to be, so that the whole show has to be looked through."""
    return replace(setup.episode(show=show), season=7)


async def test_a_running_show_is_read_daily_and_an_ended_one_monthly(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    ended, running = misplaced(setup, 0), misplaced(setup, 1)
    assert [show.ended for show in setup.world.shows[:2]] == [True, False]
    for days in (0, 2, 31):
        clock.advance(days * 24 * HOUR)
        await tracker.locate(ended)
        await tracker.locate(running)
    assert setup.asked("GET /api/show/90000") == 2
    assert setup.asked("GET /api/show/90001") == 3


async def test_a_catalogue_in_trouble_knows_nothing_and_says_so(setup: Setup) -> None:
    setup.fail("GET /api/show/*", status=500)
    with pytest.raises(TryLater):
        await setup.tracker().locate(setup.episode())


@pytest.mark.parametrize("body", [{"id": 90000}, [], {"id": 90000, "seasons": [{"id": 1}]}])
async def test_a_show_of_another_shape_is_drift_and_is_not_kept(setup: Setup, body: object) -> None:
    setup.fail(SHOW, status=200, body=body)
    with pytest.raises(ContractDrift):
        await setup.tracker().locate(misplaced(setup))
    await setup.tracker().locate(misplaced(setup))


async def test_an_unknown_route_is_drift_and_not_a_missing_show(setup: Setup) -> None:
    setup.fail(SHOW, "html", status=404)
    with pytest.raises(ContractDrift, match="no longer offers"):
        await setup.tracker().locate(misplaced(setup))


async def test_a_cache_with_something_else_in_it_is_read_over(setup: Setup) -> None:
    for kept in ("text", {"at": "yesterday", "data": {}}, {"other": 1}):
        await setup.cache.put("serializd:show:90000", kept, seconds=HOUR)
        assert (await setup.tracker().locate(setup.episode())).key == "90000:140001:4"

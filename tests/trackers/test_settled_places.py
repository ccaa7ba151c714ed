"""Where a tracker puts an item about which a person has spoken: by that word, not by what the media server knows."""

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import NotInCatalogue
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from trackers.serializd_setup import Setup
from trackers.trakt_bench import TraktBench


def settled(show: int, season: int, number: int) -> Episode:
    return Episode("Harbour", season, number, show_ids=ShowIds(tmdb=show), settled="place")


async def test_trakt_goes_by_the_numbers_in_the_persons_show(clock: FakeClock) -> None:
    trakt = TraktBench(clock)
    tracker = trakt.tracker()
    there = trakt.sandbox.world.shows[1]
    address = await tracker.locate(settled(there.tmdb, 2, 3))
    assert address.data["ids"]["tmdb"] == there.episode(2, 3).tmdb
    assert address.entry == f"show tmdb {there.tmdb} trakt {there.trakt} S2 E3 {there.episode(2, 3).title}"
    assert (await tracker.locate(settled(there.tmdb, 0, 1))).data["season"] == 0
    with pytest.raises(NotInCatalogue):
        await tracker.locate(settled(there.tmdb, 2, 99))
    await tracker.aclose()


async def test_trakt_does_not_take_the_ids_of_an_episode_whose_show_was_wrong(clock: FakeClock) -> None:
    trakt = TraktBench(clock)
    tracker = trakt.tracker()
    there = trakt.sandbox.world.shows[1]
    wrong = trakt.episode(1, 2, show=0)
    meant = replace(wrong, title=None, air_date=None, show_ids=ShowIds(tmdb=there.tmdb), settled="show")
    assert (await tracker.locate(wrong)).data["ids"]["tmdb"] == wrong.ids.tmdb
    assert (await tracker.locate(meant)).data["ids"]["tmdb"] == there.episode(1, 2).tmdb
    await tracker.aclose()


async def test_serializd_goes_by_the_numbers_in_the_persons_show(clock: FakeClock) -> None:
    setup = Setup(clock)
    address = await setup.tracker().locate(settled(90_001, 0, 1))
    assert address.key == "90001:140010:1"
    title = setup.world.shows[1].episode(0, 1).title
    assert address.entry == f"show 90001 {setup.world.shows[1].title} S0 E1 {title}"
    with pytest.raises(NotInCatalogue):
        await setup.tracker().locate(settled(90_001, 2, 99))


async def test_serializd_still_weighs_the_evidence_where_only_the_show_was_settled(clock: FakeClock) -> None:
    setup = Setup(clock)
    there = setup.episode(show=1, season=2, number=3, ids=EpisodeIds())
    moved = replace(there, season=1, number=40, settled="show")
    assert (await setup.tracker().locate(moved)).key == "90001:140012:3"

"""Where Trakt keeps an item, and what it knows about shows."""

from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, ContractDrift, NotInCatalogue, TryLater, Uncertain
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.naming.matching import Claim, Finding
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import FinderContext
from scrobbled.trackers.trakt.finder import TraktFinder
from trackers.trakt_bench import ROOT, TraktBench

SEASONS = "GET /shows/*/seasons"


@pytest.fixture
async def finder(trakt: TraktBench):
    http = trakt.http()
    yield TraktFinder(http, "sandbox-client", trakt.cache, trakt.clock, url=f"{ROOT}/trakt")
    await http.aclose()


def search(hits: list[dict[str, Any]]) -> dict[str, Any]:
    return {"status": 200, "body": hits}


def named(title: str, year: int | None, trakt: int, kind: str = "movie") -> dict[str, Any]:
    return {"type": kind, "score": 10, kind: {"title": title, "year": year, "ids": {"trakt": trakt, "tmdb": trakt + 1}}}


# Own ids


@pytest.mark.parametrize("ids", ["tmdb tvdb imdb", "tvdb", "imdb", "tmdb", "trakt"])
async def test_an_episode_with_ids_of_its_own_takes_no_request(trakt: TraktBench, tracker: Tracker, ids: str) -> None:
    item = trakt.episode(ids=ids)
    address = await tracker.locate(item)
    assert address.data["type"] == "episode"
    assert address.data["ids"] == item.ids.known()
    assert trakt.asked() == []
    assert trakt.shows.asked == []


@pytest.mark.parametrize("ids", ["tmdb imdb", "imdb", "tmdb", "trakt"])
async def test_a_film_with_ids_of_its_own_takes_no_request(trakt: TraktBench, tracker: Tracker, ids: str) -> None:
    item = trakt.film(ids=ids)
    address = await tracker.locate(item)
    assert address.data == {"type": "movie", "ids": item.ids.known()}
    assert trakt.asked() == []


# Episodes by their show


async def test_an_episode_without_ids_is_found_by_its_show(trakt: TraktBench, tracker: Tracker) -> None:
    world = trakt.sandbox.world.shows[0]
    one = world.episode(1, 2)
    address = await tracker.locate(trakt.episode(ids=""))
    assert address.data["ids"] == {"trakt": one.trakt, "tmdb": one.tmdb, "tvdb": one.tvdb, "imdb": one.imdb}
    assert "number and title" in address.how
    assert trakt.asked() == [f"GET /search/tvdb/{world.tvdb}", f"GET /shows/{world.trakt}/seasons"]


@pytest.mark.parametrize(("more", "found"), [(0, True), (1, False), (-1, False), (None, True)])
async def test_numbers_alone_prove_nothing_where_the_season_has_another_size(
    trakt: TraktBench, tracker: Tracker, more: int | None, found: bool
) -> None:
    show = trakt.sandbox.world.shows[0]
    (season,) = (one for one in show.seasons if one.number == 1)
    size = None if more is None else len(season.episodes) + more
    item = replace(trakt.episode(), ids=EpisodeIds(), title="Folge 1", air_date=None, season_size=size)
    if found:
        assert (await tracker.locate(item)).data["number"] == item.number
    else:
        with pytest.raises(Uncertain, match="another number of episodes"):
            await tracker.locate(item)
    titled = replace(item, title=show.episode(1, item.number or 0).title)
    assert (await tracker.locate(titled)).data["number"] == item.number


async def test_the_key_does_not_depend_on_how_an_episode_was_found(trakt: TraktBench, tracker: Tracker) -> None:
    by_show, by_id = await tracker.locate(trakt.episode(ids="")), await tracker.locate(trakt.episode())
    assert by_show.key == by_id.key


async def test_a_listing_is_asked_for_once(trakt: TraktBench, tracker: Tracker) -> None:
    for number in (1, 2, 3):
        await tracker.locate(trakt.episode(1, number, ids=""))
    assert len(trakt.api.calls()) == 2


async def test_a_known_trakt_id_of_the_show_saves_the_search(trakt: TraktBench, tracker: Tracker) -> None:
    item = trakt.episode(ids="")
    show = trakt.sandbox.world.shows[0].trakt
    await tracker.locate(replace(item, show_ids=ShowIds(trakt=show)))
    assert trakt.asked() == [f"GET /shows/{show}/seasons"]


async def test_the_title_wins_over_a_number_that_trakt_counts_otherwise(trakt: TraktBench, tracker: Tracker) -> None:
    shifted = replace(trakt.episode(1, 2, ids=""), season=1, number=3)
    address = await tracker.locate(shifted)
    assert address.data["ids"]["trakt"] == trakt.sandbox.world.shows[0].episode(1, 2).trakt


async def test_a_number_that_title_and_date_contradict_is_never_believed(trakt: TraktBench, tracker: Tracker) -> None:
    other = replace(trakt.episode(1, 2, ids=""), title="Something Else", air_date=trakt.episode(2, 7).air_date)
    with pytest.raises(Uncertain) as caught:
        await tracker.locate(replace(other, air_date=other.air_date.replace(year=2001) if other.air_date else None))
    assert caught.value.candidates


async def test_a_date_alone_finds_nothing_since_trakt_counts_days_in_utc(trakt: TraktBench, tracker: Tracker) -> None:
    item = replace(trakt.episode(1, 2, ids=""), title=None, season=None, number=None)
    with pytest.raises(Uncertain, match="air date") as caught:
        await tracker.locate(item)
    assert (caught.value.candidates[0].season, caught.value.candidates[0].number) == (1, 2)


async def test_a_show_that_trakt_does_not_know_is_not_in_the_catalogue(trakt: TraktBench, tracker: Tracker) -> None:
    item = replace(trakt.episode(ids=""), show_ids=ShowIds(tmdb=1, tvdb=2))
    with pytest.raises(NotInCatalogue):
        await tracker.locate(item)


async def test_an_episode_that_is_not_listed_yet_is_seen_an_hour_later(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    item = trakt.episode(2, 8, ids="")
    listed = [{"number": 1, "episodes": [{"season": 1, "number": 1, "title": "Pilot", "ids": {"trakt": 1}}]}]
    trakt.fail(SEASONS, status=200, body=listed)
    for _ in range(2):
        with pytest.raises(NotInCatalogue):
            await tracker.locate(item)
    assert len(trakt.api.calls(SEASONS)) == 1
    clock.advance(3601)
    assert (await tracker.locate(item)).data["ids"]["trakt"] == trakt.sandbox.world.shows[0].episode(2, 8).trakt


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 503}, TryLater),
        ({"status": 429}, TryLater),
        ({"kind": "html"}, ContractDrift),
        ({"status": 200, "body": {"error": "x"}}, ContractDrift),
        ({"status": 403, "body": "Forbidden"}, AccountStopped),
    ],
)
@pytest.mark.parametrize("match", [SEASONS, "GET /search/*"])
async def test_a_lookup_that_failed_is_neither_a_miss_nor_remembered(
    trakt: TraktBench, tracker: Tracker, match: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    item = trakt.episode(ids="")
    trakt.fail(match, **fault)
    with pytest.raises(error):
        await tracker.locate(item)
    assert (await tracker.locate(item)).data["ids"]["trakt"] == trakt.sandbox.world.shows[0].episode(1, 2).trakt


async def test_an_id_of_another_kind_of_title_is_no_match(trakt: TraktBench, tracker: Tracker) -> None:
    """The TMDB number of the show is also that of an episode and of a film."""
    world = trakt.sandbox.world.shows[0]
    item = replace(trakt.episode(ids=""), show_ids=ShowIds(tmdb=world.tmdb))
    address = await tracker.locate(item)
    assert address.data["show"]["trakt"] == world.trakt
    (call,) = trakt.api.calls("GET /search/tmdb/*")
    assert call.query["type"] == "show"


# Films by title


async def test_a_film_without_ids_is_found_by_title_and_year(trakt: TraktBench, tracker: Tracker) -> None:
    world = trakt.sandbox.world.movies[1]
    address = await tracker.locate(replace(trakt.film(1, ids=""), title=world.title.upper()))
    assert address.data["ids"]["trakt"] == world.trakt
    assert address.key == (await tracker.locate(trakt.film(1))).key


async def test_a_title_is_searched_as_text_and_not_as_search_syntax(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.fail("GET /search/movie", **search([named("What? (Part 1)", 1999, 5)]))
    await tracker.locate(Movie("What? (Part 1)", 1999))
    (call,) = trakt.api.calls("GET /search/movie")
    assert call.query["query"] == r"What\? \(Part 1\)"


@pytest.mark.parametrize(
    "hits",
    [
        [],
        [named("Salt Flats", 2022, 1)],
        [named("Salt Flats", None, 1)],
        [named("Salt Flats Again", 2023, 1)],
        [named("Salt Flats", 2023, 1), named("Salt flats!", 2023, 2)],
    ],
)
async def test_a_film_is_never_guessed(trakt: TraktBench, tracker: Tracker, hits: list[dict[str, Any]]) -> None:
    trakt.fail("GET /search/movie", **search(hits))
    with pytest.raises(Uncertain) as caught:
        await tracker.locate(Movie("Salt Flats", 2023))
    assert [candidate.tmdb for candidate in caught.value.candidates] == [hit["movie"]["ids"]["tmdb"] for hit in hits]


async def test_a_film_without_year_is_never_guessed(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.fail("GET /search/movie", **search([named("Salt Flats", None, 1)]))
    with pytest.raises(Uncertain):
        await tracker.locate(Movie("Salt Flats"))


# The finder


def without_show(episode: Episode) -> Episode:
    return replace(episode, show_ids=ShowIds())


async def test_the_show_is_found_by_the_ids_of_the_episode(trakt: TraktBench, finder: TraktFinder) -> None:
    world = trakt.sandbox.world.shows[1]
    (finding,) = await finder.find_show(without_show(trakt.episode(2, 5, show=1)))
    assert finding.certain
    assert finding.match.ids == ShowIds(trakt=world.trakt, tmdb=world.tmdb, tvdb=world.tvdb, imdb=world.imdb)
    assert finding.match.claims == (Claim(2, 5, "Trakt id search"),)
    assert (finding.title, finding.year) == (world.title, world.year)


async def test_the_show_is_found_by_its_own_ids_where_it_has_some(trakt: TraktBench, finder: TraktFinder) -> None:
    world = trakt.sandbox.world.shows[0]
    (finding,) = await finder.find_show(replace(trakt.episode(), show_ids=ShowIds(imdb=world.imdb)))
    assert finding.match.ids.tmdb == world.tmdb
    assert finding.match.claims == ()
    assert trakt.asked() == [f"GET /search/imdb/{world.imdb}"]


async def test_deeper_asks_by_the_episode_for_trakts_numbering(trakt: TraktBench, finder: TraktFinder) -> None:
    (finding,) = await finder.find_show(trakt.episode(1, 4), deeper=True)
    assert finding.match.claims == (Claim(1, 4, "Trakt id search"),)


async def test_where_the_first_way_knows_nothing_the_other_is_tried(trakt: TraktBench, finder: TraktFinder) -> None:
    world = trakt.sandbox.world.shows[0]
    unknown = replace(trakt.episode(), show_ids=ShowIds(tvdb=1))
    (finding,) = await finder.find_show(unknown)
    assert finding.match.ids.tmdb == world.tmdb
    (deeper,) = await finder.find_show(replace(trakt.episode(), ids=EpisodeIds(tvdb=1)), deeper=True)
    assert deeper.match.ids.tmdb == world.tmdb


async def test_an_episode_whose_other_ids_contradict_is_a_suggestion_only(
    trakt: TraktBench, finder: TraktFinder
) -> None:
    mixed = replace(trakt.episode(1, 1).ids, imdb=trakt.episode(1, 2).ids.imdb)
    findings: list[Finding] = list(await finder.find_show(replace(without_show(trakt.episode()), ids=mixed)))
    assert [finding.certain for finding in findings] == [False]


@pytest.mark.parametrize("ids", [{"trakt": 1, "tvdb": 1}, {"trakt": 1, "tvdb": None}])
async def test_an_answer_about_another_id_is_no_finding(
    trakt: TraktBench, finder: TraktFinder, ids: dict[str, Any]
) -> None:
    item = without_show(trakt.episode(ids="tvdb"))
    show = {"title": "Harbour", "year": 2024, "ids": {"trakt": 2, "tmdb": 3}}
    other = {"type": "episode", "episode": {"season": 1, "number": 1, "ids": ids}, "show": show}
    trakt.fail("GET /search/*", **search([other]))
    assert list(await finder.find_show(item)) == []


async def test_without_any_ids_trakt_is_not_asked(trakt: TraktBench, finder: TraktFinder) -> None:
    assert list(await finder.find_show(Episode("Harbour Lights", 1, 2))) == []
    assert trakt.asked() == []


async def test_hits_are_kept_for_a_month_and_misses_for_an_hour(
    trakt: TraktBench, finder: TraktFinder, clock: FakeClock
) -> None:
    known, unknown = trakt.episode(), replace(trakt.episode(), show_ids=ShowIds(tvdb=1), ids=EpisodeIds(tvdb=1))
    for passed, asked in ((0, 3), (0, 3), (3601, 5), (29 * 86_400, 7), (86_400, 10)):
        clock.advance(passed)
        assert list(await finder.find_show(known))
        assert not list(await finder.find_show(unknown))
        assert len(trakt.api.calls()) == asked


async def test_a_catalogue_that_is_down_is_not_one_that_knows_nothing(trakt: TraktBench, finder: TraktFinder) -> None:
    trakt.api.faults.start_outage()
    with pytest.raises(TryLater):
        await finder.find_show(trakt.episode())


async def test_lookups_need_no_sign_in_and_show_none(trakt: TraktBench, finder: TraktFinder) -> None:
    await finder.find_show(trakt.episode())
    assert all("authorization" not in call.headers for call in trakt.api.calls())


async def test_reads_stay_below_the_limit(trakt: TraktBench, finder: TraktFinder, clock: FakeClock) -> None:
    """And go as fast as that allows: 490 of 500 at once, and the others as soon as those were five minutes ago."""
    for number in range(700):
        await finder.find_show(Episode("x", 1, 1, ids=EpisodeIds(tvdb=number + 1)))
    assert {call.status for call in trakt.api.calls()} == {200}
    assert clock.monotonic() == pytest.approx(301.0)


async def test_films_know_no_tvdb_ids(trakt: TraktBench, tracker: Tracker) -> None:
    with pytest.raises(Uncertain):
        await tracker.locate(Movie("Nowhere", 1999, MovieIds(tvdb=5)))


async def test_the_finder_is_built_from_the_settings_of_an_account(trakt: TraktBench) -> None:
    http = trakt.http()
    finder = TRACKERS["trakt"].build_finder(FinderContext(trakt.settings, http, trakt.cache, trakt.clock))
    assert await finder.find_show(trakt.episode())
    await http.aclose()

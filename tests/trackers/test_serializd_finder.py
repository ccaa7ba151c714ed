"""Finding a show by title: certain only on evidence."""

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, TryLater
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim, Confidence, Finding, ShowMatch
from scrobbled.trackers.serializd.finder import METHOD, SerializdFinder
from trackers.serializd_setup import LOGIN, Setup, has_app_headers

SEARCH = "GET /api/search/shows"


def nameless(setup: Setup, **changes: object) -> Episode:
    """An episode without any id, as an old media server sends it."""
    return replace(setup.episode(show_ids=ShowIds(), ids=EpisodeIds()), **changes)


def finder(setup: Setup) -> SerializdFinder:
    return SerializdFinder(setup.http(), setup.cache, setup.clock)


def answer_search(setup: Setup, *hits: tuple[int, str, str | None]) -> None:
    results = [{"id": tmdb, "name": name, "firstAirDate": aired} for tmdb, name, aired in hits]
    setup.fail(SEARCH, status=200, body={"results": results, "totalPages": 1}, times=None)


async def test_one_show_of_that_name_with_the_episode_in_place_is_certain(setup: Setup) -> None:
    assert await finder(setup).find_show(nameless(setup)) == [
        Finding(
            ShowMatch(ShowIds(tmdb=90000), METHOD, (Claim(1, 4, METHOD),), Confidence.LIKELY),
            title="Harbour Lights",
            year=2020,
            certain=True,
        )
    ]
    (search,) = setup.service.calls(SEARCH)
    assert search.query["search_query"] == "Harbour Lights (2020)"


async def test_no_sign_in_is_needed(setup: Setup) -> None:
    await finder(setup).find_show(nameless(setup))
    assert setup.asked(LOGIN) == 0
    assert all(has_app_headers(call.headers) and "authorization" not in call.headers for call in setup.service.calls())


async def test_a_second_question_comes_from_the_cache(setup: Setup) -> None:
    await finder(setup).find_show(nameless(setup))
    before = setup.asked()
    assert await finder(setup).find_show(nameless(setup), deeper=True)
    assert setup.asked() == before


@pytest.mark.parametrize("title", ["harbour  LIGHTS", "Harbour Lights (2020)", "Harbour Lights (UK)"])
async def test_case_blanks_years_and_countries_do_not_matter(setup: Setup, title: str) -> None:
    answer_search(setup, (90000, "Harbour Lights", "2020-01-03"))
    (finding,) = await finder(setup).find_show(nameless(setup, show_title=title))
    assert finding.certain


async def test_a_year_within_the_title_counts_as_the_year(setup: Setup) -> None:
    await finder(setup).find_show(nameless(setup, show_title="Harbour Lights (2020)", show_year=None))
    assert [call.query["search_query"] for call in setup.service.calls(SEARCH)] == ["Harbour Lights (2020)"]
    (wrong,) = await finder(setup).find_show(nameless(setup, show_title="Harbour Lights (1988)", show_year=None))
    assert not wrong.certain


async def test_a_wrong_year_is_searched_without_it_and_only_suggested(setup: Setup) -> None:
    (finding,) = await finder(setup).find_show(nameless(setup, show_year=1988))
    assert not finding.certain
    assert finding.match.ids.tmdb == 90000
    assert [call.query["search_query"] for call in setup.service.calls(SEARCH)] == [
        "Harbour Lights (1988)",
        "Harbour Lights",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": None, "air_date": None},
        {"title": "Episode 4", "air_date": None},
        {"title": "Something Else", "air_date": None},
        {"season": 9},
        {"season": 1, "number": 99, "title": None, "air_date": None},
    ],
    ids=["number only", "generic title", "other title", "no such season", "no such episode"],
)
async def test_without_evidence_it_is_a_suggestion(setup: Setup, changes: dict) -> None:
    (finding,) = await finder(setup).find_show(nameless(setup, **changes))
    assert not finding.certain
    assert finding.match.claims == ()
    assert finding.candidate().title == "Harbour Lights"


async def test_the_day_is_evidence_and_a_title_on_another_day_is_none(setup: Setup) -> None:
    there = nameless(setup)
    (by_day,) = await finder(setup).find_show(replace(there, title=None))
    assert by_day.certain
    other_day = setup.world.shows[0].episode(2, 8).air_date
    (contradicted,) = await finder(setup).find_show(replace(there, air_date=other_day, season=1))
    assert not contradicted.certain


async def test_two_shows_that_fit_are_two_suggestions(setup: Setup) -> None:
    answer_search(setup, (90000, "Harbour Lights", None), (90001, "Harbour Lights", None))
    entry = setup.world.shows[0].episode(1, 4)
    body = {
        "seasonId": 140011,
        "id": 140011,
        "episodes": [{"episodeNumber": 4, "name": entry.title, "airDate": None, "episodeId": 1}],
    }
    setup.fail("GET /api/show/90001/season/1", status=200, body=body)
    findings = await finder(setup).find_show(nameless(setup))
    assert [(f.certain, f.match.ids.tmdb) for f in findings] == [(False, 90000), (False, 90001)]
    assert all(f.match.claims for f in findings)


async def test_a_companion_show_of_another_name_is_only_suggested_and_not_read(setup: Setup) -> None:
    answer_search(setup, (90000, "Harbour Lights: After Dark", "2020-01-03"))
    (finding,) = await finder(setup).find_show(nameless(setup))
    assert not finding.certain
    assert setup.asked("GET /api/show/*") == 0


async def test_five_candidates_are_read_at_most(setup: Setup) -> None:
    answer_search(setup, *((90000 + n, "Harbour Lights", None) for n in range(9)))
    findings = await finder(setup).find_show(nameless(setup))
    assert len([f for f in findings if not f.certain]) <= 5
    assert setup.asked("GET /api/show/*") <= 10


async def test_a_candidate_that_is_gone_is_passed_over(setup: Setup) -> None:
    answer_search(setup, (4, "Harbour Lights", None), (90000, "Harbour Lights", None))
    (finding,) = await finder(setup).find_show(nameless(setup))
    assert finding.certain


async def test_nothing_found_is_an_empty_answer(setup: Setup) -> None:
    assert await finder(setup).find_show(nameless(setup, show_title="Nobody Made This")) == []
    assert await finder(setup).find_show(nameless(setup, show_title=" ")) == []


async def test_an_episode_known_by_its_day_only_is_found(setup: Setup) -> None:
    (finding,) = await finder(setup).find_show(nameless(setup, season=None, number=None))
    assert finding.certain
    assert finding.match.claims == (Claim(1, 4, METHOD),)


@pytest.mark.parametrize(
    ("fault", "error"),
    [({"status": 503}, TryLater), ({"kind": "html"}, ContractDrift), ({"status": 200, "body": {}}, ContractDrift)],
)
async def test_a_search_that_fails_is_no_empty_answer(setup: Setup, fault: dict, error: type[Exception]) -> None:
    setup.fail(SEARCH, **fault)
    with pytest.raises(error):
        await finder(setup).find_show(nameless(setup))

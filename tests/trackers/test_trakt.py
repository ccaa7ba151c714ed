"""Trakt, held to the contract of trackers, and what happens to plays when it misbehaves."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, ConfigError, ContractDrift, NotInCatalogue, Refused, TryLater
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.plumbing.http import Http
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Addition, Address, AddResult, Receipt, Tracker
from scrobbled.trackers.trakt.second_look import BY_NUMBER
from trackers.contract import EVENING, Bench, Doorman, TrackerContract, play_of
from trackers.doubles import KeptTokens
from trackers.trakt_bench import ADD, ROOT, TraktBench

MINUTE = timedelta(minutes=1)


class TestTrakt(TrackerContract):
    @pytest.fixture
    def bench(self, trakt: TraktBench) -> Bench:
        return Bench(
            tracker=trakt.tracker(),
            item=trakt.episode(),
            other=trakt.film(),
            unknown=Movie("Nowhere at All", 1999),
            stranger=trakt.tracker(tokens=KeptTokens()),
            lose_next_answer=lambda: trakt.fail(ADD, kind="drop", when="after"),
            lose_next_write=lambda: trakt.fail(ADD, kind="drop"),
            go_down=trakt.api.faults.start_outage,
        )


async def plays_of(trakt: TraktBench, tracker: Tracker, count: int) -> list[Addition]:
    """That many plays of different episodes, a minute apart."""
    shows = trakt.sandbox.world.shows
    places = [(n, e.season, e.number) for n, show in enumerate(shows) for e in show.episodes()]
    return [
        await play_of(tracker, trakt.episode(season, number, show=show), EVENING + n * MINUTE)
        for n, (show, season, number) in enumerate(places[:count])
    ]


async def add(tracker: Tracker, *plays: Addition) -> list[AddResult]:
    return list(await tracker.add_plays(plays, Doorman()))


# Adding


async def test_a_batch_of_films_and_episodes_is_one_request_in_all(trakt: TraktBench, tracker: Tracker) -> None:
    plays = [*await plays_of(trakt, tracker, 60), await play_of(tracker, trakt.film())]
    results = await add(tracker, *plays)
    assert results == [Receipt()] * 61
    assert trakt.asked() == [ADD]
    assert len(trakt.history()) == 61


async def test_a_play_is_sent_as_utc_minute_with_the_ids_of_the_item_alone(trakt: TraktBench, tracker: Tracker) -> None:
    item = trakt.episode(ids="tvdb")
    await add(tracker, await play_of(tracker, item))
    (call,) = trakt.api.calls(ADD)
    line = {"watched_at": "2026-11-10T20:14:00.000Z", "ids": {"tvdb": item.ids.tvdb}}
    assert call.body == {"episodes": [line]}


async def test_every_request_carries_what_trakt_wants(trakt: TraktBench, tracker: Tracker) -> None:
    await add(tracker, await play_of(tracker, trakt.film()))
    (call,) = trakt.api.calls(ADD)
    assert call.headers["content-type"] == "application/json"
    assert call.headers["trakt-api-version"] == "2"
    assert call.headers["trakt-api-key"] == "sandbox-client"
    assert call.headers["user-agent"].startswith("scrobbled/")
    assert call.headers["authorization"].startswith("Bearer sandbox-access-")


async def test_the_secret_stays_out_of_requests_to_the_api(trakt: TraktBench, tracker: Tracker) -> None:
    await add(tracker, await play_of(tracker, trakt.film()))
    assert "sandbox-secret" not in repr([(call.headers, call.body) for call in trakt.api.calls()])


async def test_writes_keep_their_distance_also_from_slow_answers(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    for hour in range(3):
        await add(tracker, await play_of(tracker, trakt.film(), EVENING + timedelta(hours=hour)))
    times = [call.at for call in trakt.api.calls(ADD)]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= timedelta(seconds=1.1)
    assert tracker.delay() == pytest.approx(1.1)
    clock.advance(1.1)
    assert tracker.delay() == pytest.approx(0, abs=1e-6)


async def test_the_distance_counts_from_the_answer(trakt: TraktBench, tracker: Tracker, clock: FakeClock) -> None:
    async def slowly(seconds: float) -> None:
        clock.advance(seconds)

    trakt.api.sleep = slowly
    trakt.fail(ADD, kind="latency", seconds=30, when="after")
    await add(tracker, await play_of(tracker, trakt.film()))
    assert tracker.delay() == pytest.approx(1.1)


async def test_the_pace_can_be_set(trakt: TraktBench) -> None:
    tracker = trakt.tracker(pace=5)
    await add(tracker, await play_of(tracker, trakt.film()))
    assert tracker.delay() == pytest.approx(5)
    await tracker.aclose()


async def test_an_item_that_trakt_echoes_as_not_found_is_no_success(trakt: TraktBench, tracker: Tracker) -> None:
    known, unknown = trakt.film(), Movie("Nowhere", 2020, MovieIds(imdb="tt0000001"))
    good, bad = await play_of(tracker, known), await play_of(tracker, unknown)
    results = await add(tracker, bad, good)
    assert isinstance(results[0], NotInCatalogue)
    assert "imdb id tt0000001" in results[0].reason
    assert results[1] == Receipt()
    assert trakt.added() == 1
    assert len(trakt.history()) == 1


async def test_an_item_unknown_by_its_ids_is_sent_again_alone_under_its_trakt_id(
    trakt: TraktBench, tracker: Tracker
) -> None:
    trakt.api.strict_episode_ids = True  # only Trakt and TVDB ids, as the schema says
    by_tmdb = await play_of(tracker, trakt.episode(1, 3, ids="tmdb"))
    by_tvdb = await play_of(tracker, trakt.episode(1, 4, ids="tvdb"), EVENING + MINUTE)
    assert await add(tracker, by_tmdb, by_tvdb) == [Receipt(), Receipt()]
    first, second = trakt.api.calls(ADD)
    assert len(first.body["episodes"]) == 2
    trakt_id = trakt.sandbox.world.shows[0].episode(1, 3).trakt
    assert [line["ids"] for line in second.body["episodes"]] == [{"trakt": trakt_id}]
    assert len(trakt.history()) == 2


async def test_the_search_for_an_unknown_item_is_not_repeated_within_an_hour(
    trakt: TraktBench, tracker: Tracker
) -> None:
    play = await play_of(tracker, Movie("Nowhere", 2020, MovieIds(imdb="tt0000001")))
    for _ in range(3):
        assert isinstance((await add(tracker, play))[0], NotInCatalogue)
    assert len(trakt.api.calls("GET /search/*")) == 1
    trakt.clock.advance(3601)
    await add(tracker, play)
    assert len(trakt.api.calls("GET /search/*")) == 2


def misnamed(trakt: TraktBench, show: str, *wrong: str, **told: Any) -> Episode:
    """As agents send it that write the ids of the show where those of the episode belong, or just any."""
    of = trakt.sandbox.world.shows[0]
    ids = {name: getattr(of, name) if name in show.split() else 987_000_000 for name in wrong}
    known = ShowIds(**{name: getattr(of, name) for name in show.split()})
    return replace(trakt.episode(1, 3), ids=EpisodeIds(**ids), show_ids=known, **told)


@pytest.mark.parametrize(
    ("show", "wrong", "reads"),
    [
        ("tvdb imdb tmdb", "tvdb", ["shows"]),
        ("tvdb", "tvdb", ["search", "shows"]),
        ("tmdb", "tmdb", ["search", "shows"]),
        ("imdb", "tvdb", ["shows", "search"]),
        ("tmdb imdb", "tvdb", ["shows", "search"]),
    ],
)
@pytest.mark.parametrize(
    "told", [{}, {"title": None}, {"air_date": None}, {"title": "Folge 3"}, {"title": "Ganz anders"}]
)
async def test_an_episode_whose_ids_lead_nowhere_is_found_by_its_show_and_number(
    trakt: TraktBench, tracker: Tracker, show: str, wrong: str, reads: list[str], told: dict[str, Any]
) -> None:
    """One read more than it took to learn that nothing has its ids."""
    item = misnamed(trakt, show, wrong, **told)
    (receipt,) = await add(tracker, await play_of(tracker, item))
    assert receipt == Receipt(note=BY_NUMBER)
    assert trakt.history()[0]["trakt"] == trakt.sandbox.world.shows[0].episode(1, 3).trakt
    assert [path.split("/")[1] for path in trakt.asked() if path.startswith("GET")] == reads
    assert trakt.added() == 2


@pytest.mark.parametrize(
    "told",
    [
        {"title": None, "air_date": None},
        {"title": "Folge 3", "air_date": None},
        {"title": "Something else", "air_date": date(1999, 1, 1)},
        {"season": None},
        {"number": None},
        {"season": 9},
        {"number": 4},
        {"absolute": True, "season": 4},
    ],
)
async def test_a_number_that_neither_title_nor_day_supports_is_not_believed(
    trakt: TraktBench, tracker: Tracker, told: dict[str, Any]
) -> None:
    item = misnamed(trakt, "tvdb imdb tmdb", "tvdb", **told)
    assert isinstance((await add(tracker, await play_of(tracker, item)))[0], NotInCatalogue)
    assert trakt.history() == []
    assert trakt.added() == 1


async def test_the_next_episode_of_such_a_show_is_found_without_asking_again(
    trakt: TraktBench, tracker: Tracker
) -> None:
    for number in (3, 4):
        of = trakt.episode(1, number)
        item = misnamed(trakt, "tvdb", "tvdb", number=number, title=of.title, air_date=of.air_date)
        await add(tracker, await play_of(tracker, item, EVENING + timedelta(hours=number)))
    assert len(trakt.history()) == 2
    assert len([path for path in trakt.asked() if path.startswith("GET")]) == 2


async def test_many_of_few_shows_are_looked_for_by_the_show(trakt: TraktBench, tracker: Tracker) -> None:
    items = [
        replace(trakt.episode(1, number, show=show), ids=EpisodeIds(tvdb=987_000_000 + 100 * show + number))
        for show in (0, 1)
        for number in range(1, 7)
    ]
    plays = [await play_of(tracker, item, EVENING + n * MINUTE) for n, item in enumerate(items)]
    assert await add(tracker, *plays) == [Receipt(note=BY_NUMBER)] * 12
    reads = [path for path in trakt.asked() if path.startswith("GET")]
    assert len(reads) == 4, "a list and a search for each show, however many episodes it has"
    assert trakt.added() == 2
    assert len(trakt.history()) == 12


async def test_ids_that_are_those_of_another_show_lead_there(trakt: TraktBench, tracker: Tracker) -> None:
    """Ids come before numbers: the show's own list has such numbers as well."""
    trakt.api.strict_episode_ids = True
    elsewhere = [trakt.episode(1, number, show=1, ids="tmdb") for number in (1, 2, 3)]
    items = [replace(trakt.episode(1, item.number or 0), ids=item.ids, title=None, air_date=None) for item in elsewhere]
    plays = [await play_of(tracker, item, EVENING + n * MINUTE) for n, item in enumerate(items)]
    assert await add(tracker, *plays) == [Receipt()] * 3
    other = trakt.sandbox.world.shows[1]
    assert {one["trakt"] for one in trakt.history()} == {other.episode(1, n).trakt for n in (1, 2, 3)}
    assert len([path for path in trakt.asked() if path.startswith("GET")]) == 3


async def test_a_show_that_trakt_does_not_know_either_leaves_the_play_parked(
    trakt: TraktBench, tracker: Tracker
) -> None:
    item = replace(misnamed(trakt, "tvdb", "tvdb"), show_ids=ShowIds(tvdb=987_000_001))
    assert isinstance((await add(tracker, await play_of(tracker, item)))[0], NotInCatalogue)
    nobody = replace(item, show_ids=ShowIds(), show_title="Nowhere")
    assert isinstance((await add(tracker, await play_of(tracker, nobody)))[0], NotInCatalogue)
    assert trakt.history() == []


async def test_a_show_that_only_the_media_server_knows_is_asked_for_there(trakt: TraktBench, tracker: Tracker) -> None:
    item = replace(misnamed(trakt, "", "tvdb"), show_ids=ShowIds())
    trakt.shows.ids = ShowIds(tmdb=trakt.sandbox.world.shows[0].tmdb)
    assert await add(tracker, await play_of(tracker, item)) == [Receipt(note=BY_NUMBER)]


async def test_trouble_after_a_part_was_stored_is_in_doubt(trakt: TraktBench, tracker: Tracker) -> None:
    good = await play_of(tracker, trakt.film())
    bad = await play_of(tracker, Movie("Nowhere", 2020, MovieIds(imdb="tt0000001")))
    trakt.fail("GET /search/*", status=503)
    with pytest.raises(TryLater) as caught:
        await add(tracker, good, bad)
    assert caught.value.in_doubt, "the film is in the history now"


async def test_trouble_before_anything_was_stored_is_not_in_doubt(trakt: TraktBench, tracker: Tracker) -> None:
    bad = await play_of(tracker, Movie("Nowhere", 2020, MovieIds(imdb="tt0000001")))
    trakt.fail("GET /search/*", status=503)
    with pytest.raises(TryLater) as caught:
        await add(tracker, bad)
    assert not caught.value.in_doubt


async def test_the_same_item_and_minute_never_come_twice_in_one_request(trakt: TraktBench, tracker: Tracker) -> None:
    play = await play_of(tracker, trakt.film())
    twin = await play_of(tracker, trakt.film(ids="imdb"))
    assert await add(tracker, play, twin) == [Receipt(), Receipt()]
    assert [len(call.body["movies"]) for call in trakt.api.calls(ADD)] == [1, 1]


async def test_a_trakt_id_goes_alone(trakt: TraktBench, tracker: Tracker) -> None:
    item = replace(trakt.film(), ids=MovieIds(trakt=trakt.sandbox.world.movies[0].trakt, tmdb=1, imdb="tt1"))
    await add(tracker, await play_of(tracker, item))
    (call,) = trakt.api.calls(ADD)
    assert call.body["movies"][0]["ids"] == {"trakt": item.ids.trakt}


async def test_half_a_batch_stored_before_a_502_is_in_doubt_and_sorted_out_by_reading(
    trakt: TraktBench, tracker: Tracker
) -> None:
    plays = await plays_of(trakt, tracker, 8)
    trakt.fail(ADD, kind="half")
    with pytest.raises(TryLater) as caught:
        await add(tracker, *plays)
    assert caught.value.in_doubt
    found = await tracker.find_plays(plays)
    assert [receipt is not None for receipt in found] == [True] * 4 + [False] * 4
    await add(tracker, *[play for play, receipt in zip(plays, found, strict=True) if receipt is None])
    assert len(trakt.history()) == 8


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524])
async def test_a_server_error_after_storing_is_in_doubt(trakt: TraktBench, tracker: Tracker, status: int) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, status=status, when="after")
    with pytest.raises(TryLater) as caught:
        await add(tracker, play)
    assert caught.value.in_doubt
    assert None not in await tracker.find_plays([play])


@pytest.mark.parametrize("fault", [{"kind": "html"}, {"kind": "malformed"}, {"body": {"status": "ok"}, "status": 200}])
async def test_a_success_that_cannot_be_read_is_drift_in_doubt(
    trakt: TraktBench, tracker: Tracker, fault: dict[str, Any]
) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, when="after", **fault)
    with pytest.raises(ContractDrift) as caught:
        await add(tracker, play)
    assert caught.value.in_doubt
    assert "/trakt/sync/history" in caught.value.reason


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"updated": {}}, "added and not_found"),
        ({"added": 3}, "added"),
        ({"added": {"movies": 1}, "not_found": []}, None),
        ({"added": {"movies": 1}, "not_found": {"movies": {"ids": {}}}}, "not_found.movies"),
    ],
)
async def test_keys_of_the_wrong_kind_are_named(
    trakt: TraktBench, tracker: Tracker, answer: dict[str, Any], key: str | None
) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, status=201, body=answer)
    if key is None:
        assert await add(tracker, play) == [Receipt()]
        return
    with pytest.raises(ContractDrift, match=key):
        await add(tracker, play)


@pytest.mark.parametrize(
    "answer",
    [
        {"added": {"movies": 0, "episodes": 0}, "not_found": {}},
        {"not_found": {"movies": [], "episodes": []}},
        {"added": {"movies": 0}, "not_found": {"movies": [{"title": "no ids in the echo"}]}},
    ],
)
async def test_a_count_that_does_not_add_up_is_in_doubt(
    trakt: TraktBench, tracker: Tracker, answer: dict[str, Any]
) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, status=201, body=answer)
    with pytest.raises(TryLater, match="0 of 1") as caught:
        await add(tracker, play)
    assert caught.value.in_doubt


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("counter", ["added", "updated", "existing"])
async def test_any_success_status_and_any_counter_will_do(
    trakt: TraktBench, tracker: Tracker, status: int, counter: str
) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, status=status, body={"added": {}, counter: {"movies": 1}, "something": "new"})
    assert await add(tracker, play) == [Receipt()]


async def test_an_echo_with_a_minute_means_the_play_of_that_minute(trakt: TraktBench, tracker: Tracker) -> None:
    film = trakt.film(ids="tmdb")
    first, second = [await play_of(tracker, film, EVENING + n * MINUTE) for n in range(2)]
    echo = {"ids": {"tmdb": str(film.ids.tmdb)}, "watched_at": "2026-11-10T20:15:00.000Z"}
    trakt.fail(ADD, status=201, body={"added": {"movies": 1}, "not_found": {"movies": [echo]}})
    assert await add(tracker, first, second) == [Receipt(), Receipt()]
    assert [len(call.body["movies"]) for call in trakt.api.calls(ADD)] == [2, 1]
    assert [row["watched_at"] for row in trakt.history()] == [echo["watched_at"]]


@pytest.mark.parametrize("status", [400, 422])
async def test_a_batch_refused_as_invalid_stored_nothing(trakt: TraktBench, tracker: Tracker, status: int) -> None:
    plays = await plays_of(trakt, tracker, 4)
    trakt.fail(ADD, status=status, body={"message": "watched_at is invalid"})
    with pytest.raises(Refused, match="watched_at is invalid") as caught:
        await add(tracker, *plays)
    assert not caught.value.in_doubt
    assert trakt.history() == []


async def test_a_refusal_of_the_rest_leaves_the_first_part_in_doubt(trakt: TraktBench, tracker: Tracker) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, skip=1, status=422)
    with pytest.raises(Refused) as caught:
        await add(tracker, play, play)
    assert caught.value.in_doubt
    assert len(trakt.history()) == 1


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ({"headers": {"retry-after": "37", "x-ratelimit": '{"name":"AUTHED_API_POST_LIMIT"}'}}, 37.0),
        ({"headers": {"retry-after": "300"}, "body": "<html>slow down</html>", "content_type": "text/html"}, 300.0),
        ({"body": "<html>slow down</html>", "content_type": "text/html"}, None),
    ],
)
async def test_too_many_requests_are_tried_later_and_not_in_doubt(
    trakt: TraktBench, tracker: Tracker, fault: dict[str, Any], after: float | None
) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail(ADD, status=429, **fault)
    with pytest.raises(TryLater) as caught:
        await add(tracker, play)
    assert caught.value.after == after
    assert not caught.value.in_doubt


async def test_a_locked_account_stops(trakt: TraktBench, tracker: Tracker) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.api.account_of("anna").locked = True
    with pytest.raises(AccountStopped, match="locked") as caught:
        await add(tracker, play)
    assert not caught.value.in_doubt


async def test_a_full_account_stops_and_says_the_limit(trakt: TraktBench, tracker: Tracker) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.api.account_of("anna").limits["history"] = 0
    with pytest.raises(AccountStopped, match="limit of 0"):
        await add(tracker, play)


async def test_a_blocked_app_stops_the_account(trakt: TraktBench, tracker: Tracker) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.api.oauth.clients["sandbox-client"].blocked = True
    with pytest.raises(AccountStopped, match="developer"):
        await add(tracker, play)


async def test_an_address_from_the_database_of_an_older_version_still_works(
    trakt: TraktBench, tracker: Tracker
) -> None:
    address = Address("movie:tmdb:90000", {"type": "movie", "ids": {"tmdb": 90000}})
    play = Addition(1, address, EVENING)
    await add(tracker, play)
    assert None not in await tracker.find_plays([play])


# Finding


def as_play(kept: dict[str, Any]) -> Addition:
    """What would have to be added to get this play of the history."""
    address = Address(str(kept["trakt"]), {"type": kept["type"], "ids": {"trakt": kept["trakt"]}})
    return Addition(kept["id"], address, datetime.fromisoformat(kept["watched_at"]))


@pytest.mark.parametrize("doubled", [False, True])
async def test_finding_reads_all_pages_of_a_busy_month(trakt: TraktBench, tracker: Tracker, doubled: bool) -> None:
    trakt.api.preload("anna", 900)
    trakt.api.duplicate_rows = doubled
    kept = [trakt.history()[index] for index in (0, 449, 899)]
    found = await tracker.find_plays([as_play(one) for one in kept])
    assert [receipt.remote_id for receipt in found if receipt] == [str(one["id"]) for one in kept]
    assert [call.query["page"] for call in trakt.api.calls("GET /sync/history")] == ["1", "2", "3", "4"]
    assert {call.query["limit"] for call in trakt.api.calls("GET /sync/history")} == {"250"}


async def test_one_remote_play_answers_for_one_play(trakt: TraktBench, tracker: Tracker) -> None:
    play = await play_of(tracker, trakt.film())
    await add(tracker, play)
    assert [receipt is not None for receipt in await tracker.find_plays([play, play])] == [True, False]
    await add(tracker, play)
    first, second = await tracker.find_plays([play, play])
    assert first is not None
    assert second is not None
    assert first != second


async def test_hidden_rows_make_short_pages_and_no_end(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.api.preload("anna", 900)
    kept = trakt.history()
    trakt.api.hidden = {one["id"] for one in kept[1:500]}
    found = await tracker.find_plays([as_play(one) for one in (kept[0], kept[100], kept[899])])
    assert [receipt is not None for receipt in found] == [True, False, True]


async def spans_read(trakt: TraktBench, tracker: Tracker) -> list[tuple[str, str]]:
    plays = [await play_of(tracker, trakt.film(), EVENING - timedelta(days=days)) for days in (0, 700, 30, 1400)]
    await tracker.find_plays(plays)
    return [
        (call.query["start_at"], call.query["end_at"])
        for call in trakt.api.calls("GET /sync/history/*")
        if call.query["limit"] != "1"
    ]


async def test_plays_far_apart_are_read_in_one_go_where_little_lies_between(
    trakt: TraktBench, tracker: Tracker
) -> None:
    assert await spans_read(trakt, tracker) == [("2023-01-08T00:00:00.000Z", "2026-11-12T00:00:00.000Z")]


async def test_plays_far_apart_are_read_in_short_spans_where_much_lies_between(
    trakt: TraktBench, tracker: Tracker
) -> None:
    films = trakt.api.catalogue.titles["movie"]
    trakt.api.account_of("anna").preload(films, 760, EVENING - timedelta(days=40))
    assert await spans_read(trakt, tracker) == [
        ("2023-01-08T00:00:00.000Z", "2023-01-12T00:00:00.000Z"),
        ("2024-12-08T00:00:00.000Z", "2024-12-12T00:00:00.000Z"),
        ("2026-10-09T00:00:00.000Z", "2026-11-12T00:00:00.000Z"),
    ]


async def test_a_play_is_found_by_show_and_numbers_when_its_ids_were_merged(
    trakt: TraktBench, tracker: Tracker
) -> None:
    item = trakt.episode()
    await add(tracker, await play_of(tracker, item))
    merged = replace(item, ids=EpisodeIds(tvdb=7_654_321))
    (found,) = await tracker.find_plays([await play_of(tracker, merged)])
    assert found is not None


async def test_ids_of_a_show_never_pass_for_ids_of_an_episode(trakt: TraktBench, tracker: Tracker) -> None:
    await add(tracker, await play_of(tracker, trakt.film()))
    film = trakt.sandbox.world.movies[0]
    look_alike = replace(trakt.episode(), ids=EpisodeIds(tmdb=film.tmdb))
    assert await tracker.find_plays([await play_of(tracker, look_alike)]) == [None]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"body": {"plays": []}, "status": 200}, ContractDrift),
        ({"kind": "html"}, ContractDrift),
        ({"status": 404}, ContractDrift),
        ({"status": 400}, ContractDrift),
        ({"status": 422}, ContractDrift),
        ({"body": [{"type": "movie", "movie": {}}], "status": 200}, ContractDrift),
        ({"body": [{"id": 1, "watched_at": "yesterday", "movie": {}}], "status": 200}, ContractDrift),
        ({"body": ["play"], "status": 200}, ContractDrift),
        ({"status": 502}, TryLater),
        ({"kind": "drop"}, TryLater),
    ],
)
async def test_an_answer_that_is_no_history_proves_no_absence(
    trakt: TraktBench, tracker: Tracker, fault: dict[str, Any], error: type[Exception]
) -> None:
    play = await play_of(tracker, trakt.film())
    trakt.fail("GET /sync/history/*", **fault)
    with pytest.raises(error):
        await tracker.find_plays([play])


async def test_a_failure_on_a_later_page_proves_no_absence(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.api.preload("anna", 900)
    kept = trakt.history()
    trakt.fail("GET /sync/history", skip=3, status=502)
    with pytest.raises(TryLater) as caught:
        await tracker.find_plays([as_play(kept[0]), as_play(kept[899])])
    assert not caught.value.in_doubt


def paged(pages: list[list[dict[str, Any]]], headers: list[dict[str, str]]) -> httpx.MockTransport:
    """A server with these pages and headers; pages after the last are empty."""

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"]) - 1
        body = pages[page] if page < len(pages) else []
        return httpx.Response(200, json=body, headers=headers[min(page, len(headers) - 1)])

    return httpx.MockTransport(answer)


def row(number: int, trakt_id: int) -> dict[str, Any]:
    movie = {"title": "Salt Flats", "year": 2023, "ids": {"trakt": trakt_id}}
    return {"id": number, "watched_at": "2026-11-10T20:14:00.000Z", "action": "watch", "type": "movie", "movie": movie}


async def finding(trakt: TraktBench, transport: httpx.MockTransport) -> list[Receipt | None]:
    """What a search for the film with Trakt id 7 gives there."""
    context_http = Http(ROOT, transport=transport)
    trakt.http = lambda: context_http  # type: ignore[method-assign]
    tracker = trakt.tracker()
    play = Addition(1, Address("movie:trakt:7", {"type": "movie", "ids": {"trakt": 7}}), EVENING)
    try:
        return list(await tracker.find_plays([play]))
    finally:
        await tracker.aclose()


async def test_without_page_headers_reading_goes_on_until_nothing_new_comes(trakt: TraktBench) -> None:
    pages = [[row(1, 5)], [row(2, 6)], [row(3, 7)]]
    assert await finding(trakt, paged(pages, [{}])) == [Receipt(remote_id="3")]


async def test_a_server_that_ignores_pages_does_not_keep_us_forever(trakt: TraktBench) -> None:
    same = [row(1, 5)]
    assert await finding(trakt, paged([same] * 500, [{}])) == [None]


async def test_no_pages_at_all_is_an_empty_history(trakt: TraktBench) -> None:
    assert await finding(trakt, paged([[]], [{"x-pagination-page-count": "0"}])) == [None]


@pytest.mark.parametrize("changed", ["x-pagination-limit", "x-pagination-item-count"])
async def test_a_history_that_changes_while_it_is_read_proves_no_absence(trakt: TraktBench, changed: str) -> None:
    first = {"x-pagination-page-count": "2", "x-pagination-limit": "1", "x-pagination-item-count": "2"}
    with pytest.raises(TryLater, match="changed"):
        await finding(trakt, paged([[row(1, 5)], [row(2, 6)]], [first, {**first, changed: "100"}]))


async def test_a_history_without_end_is_drift(trakt: TraktBench) -> None:
    endless = [[row(n, 5)] for n in range(500)]
    with pytest.raises(ContractDrift, match="pages"):
        await finding(trakt, paged(endless, [{"x-pagination-page-count": "100000"}]))


# Setting up


def test_a_missing_client_id_is_a_matter_of_configuration(trakt: TraktBench) -> None:
    with pytest.raises(ConfigError, match="client_id"):
        trakt.tracker(client_id="")


async def test_it_is_registered_and_talks_to_trakt_itself_unless_told_otherwise(trakt: TraktBench) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url.copy_with(query=None)))
        return httpx.Response(200, json=[], headers={"x-pagination-page-count": "0"})

    trakt.settings = {"client_id": "sandbox-client"}
    assert await finding(trakt, httpx.MockTransport(answer)) == [None]
    assert seen == ["https://api.trakt.tv/sync/history/movies"]
    assert "trakt" in TRACKERS


async def test_a_connection_cut_on_a_real_port_leaves_one_play(trakt: TraktBench) -> None:
    async with trakt.sandbox.running() as base:
        http = Http(base)
        trakt.http = lambda: http  # type: ignore[method-assign]
        tracker = trakt.tracker(url=f"{base}/trakt", auth_url=f"{base}/trakt-auth/")
        play = await play_of(tracker, trakt.episode())
        trakt.fail(ADD, kind="drop", when="after")
        with pytest.raises(TryLater) as caught:
            await add(tracker, play)
        assert caught.value.in_doubt
        assert None not in await tracker.find_plays([play])
        await tracker.aclose()
        await http.aclose()
    assert len(trakt.history()) == 1

"""What Trakt's status codes mean, and how its JSON is read and written."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from scrobbled.core.errors import AccountStopped, ContractDrift, Refused, TrackerError, TryLater
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.base import Addition
from scrobbled.trackers.trakt import answers, codec
from scrobbled.trackers.trakt.client import found, headers, judge, short_reason
from scrobbled.trackers.trakt.codec import Outgoing, TraktPlace

WHAT = "GET api.trakt.tv/x"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, WHAT)


PAGE = b"<!DOCTYPE html><html><title>Attention Required</title></html>"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_success(status: int) -> None:
    assert judge(answer(status)).status == status


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (answer(400), Refused, "400"),
        (answer(401), ContractDrift, "401"),
        (answer(403, b"Forbidden"), AccountStopped, "not allowed any more"),
        (answer(403, b"Forbidden", cf_ray="8f0c-FRA"), AccountStopped, "developer.trakt.tv"),
        (answer(403, b'{"error":"blocked"}', content_type="application/json"), AccountStopped, "blocked"),
        (answer(403), AccountStopped, "client_id"),
        (answer(403, PAGE, content_type="text/html", cf_ray="8f0c-FRA"), TryLater, "cf-ray 8f0c-FRA"),
        (answer(403, b"error code: 1010", cf_ray="8f0c-FRA"), TryLater, "in front of Trakt"),
        (answer(403, b"", cf_ray="8f0c-FRA"), TryLater, "in front of Trakt"),
        (answer(404), ContractDrift, "404"),
        (answer(405), ContractDrift, "405"),
        (answer(408), TryLater, "408"),
        (answer(409), ContractDrift, "409"),
        (answer(412), ContractDrift, "412"),
        (answer(420), AccountStopped, "limit"),
        (answer(420, x_account_limit="100000", x_vip_user="false"), AccountStopped, "limit of 100000"),
        (answer(422, b'{"message":"watched_at is invalid"}'), Refused, "watched_at is invalid"),
        (answer(423), AccountStopped, "locked"),
        (answer(423, x_account_locked="false", x_account_deactivated="true"), AccountStopped, "deactivated"),
        (answer(426, x_upgrade_url="https://trakt.tv/vip"), AccountStopped, "VIP"),
        (answer(301, location="https://elsewhere.example"), ContractDrift, "301"),
    ],
)
def test_every_other_status_says_what_to_do_next(given: Answer, error: type[TrackerError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        judge(given)
    assert type(caught.value) is error
    assert not caught.value.in_doubt, "a refusal stores nothing"


def test_a_block_at_the_edge_is_waited_out_for_a_quarter_of_an_hour() -> None:
    with pytest.raises(TryLater) as caught:
        judge(answer(403, PAGE, content_type="text/html"))
    assert caught.value.after == 900


def test_404_is_an_answer_to_a_lookup_and_the_others_are_not() -> None:
    assert not found(answer(404))
    assert not found(answer(404, b'{"error":"not found"}'))
    assert found(answer(200, b"[]"))
    with pytest.raises(AccountStopped):
        found(answer(403, b"Forbidden"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        (PAGE, "an HTML page"),
        (b'{"error":"invalid_grant","error_description":"session not found"}', "invalid_grant: session not found"),
        (b'{"error":{"deep":1},"message":"no"}', "no"),
        (b"[1]", ""),
        (b"plain\n text", "plain text"),
        (b"x" * 5000, "x" * 120),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_reasons_are_short_and_never_a_page(body: bytes, said: str) -> None:
    assert short_reason(answer(400, body)) == said


def test_only_signed_requests_carry_a_token() -> None:
    assert "Authorization" not in headers("me")
    assert headers("me", "abc")["Authorization"] == "Bearer abc"


# Writing


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 5, 3, 19, 42, 59, 999_999, tzinfo=UTC), "2026-05-03T19:42:00.000Z"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1))), "2026-10-25T01:30:00.000Z"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=2))), "2026-10-25T00:30:00.000Z"),
        (datetime(2026, 1, 1, 0, 15, tzinfo=timezone(timedelta(hours=5, minutes=45))), "2025-12-31T18:30:00.000Z"),
    ],
)
def test_times_go_out_as_utc_minutes(when: datetime, text: str) -> None:
    assert codec.timestamp(codec.minute(when)) == text


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-05-03T19:42:00.000Z", datetime(2026, 5, 3, 19, 42, tzinfo=UTC)),
        ("2026-05-03T21:42:00+02:00", datetime(2026, 5, 3, 19, 42, tzinfo=UTC)),
        ("2026-05-03T19:42:00", datetime(2026, 5, 3, 19, 42, tzinfo=UTC)),
        ("unknown", None),
        (None, None),
        (1_700_000_000, None),
    ],
)
def test_times_are_read_as_utc(text: object, when: datetime | None) -> None:
    assert codec.moment(text) == when


def test_search_syntax_is_escaped() -> None:
    assert codec.escaped('Who? (A/B) "x" & ^~*:![]{}+-|') == (r"Who\? \(A\/B\) \"x\" \& \^\~\*\:\!\[\]\{\}\+\-\|")
    assert codec.escaped("back\\slash") == "back\\\\slash"
    assert codec.escaped("Æon Flux's 1.5") == "Æon Flux's 1.5"


@pytest.mark.parametrize(
    ("ids", "raw"),
    [
        (EpisodeIds(trakt=1, tmdb=2, tvdb=3, imdb="tt4", anidb=5, plex="plex://episode/6"), "trakt tmdb tvdb imdb"),
        (MovieIds(tmdb=2, tvdb=3, imdb="tt4"), "tmdb imdb"),
        (ShowIds(tvdb=3), "tvdb"),
        (EpisodeIds(tmdb=0, imdb=""), ""),
        (EpisodeIds(plex="plex://episode/6"), ""),
    ],
)
def test_only_ids_that_trakt_understands_are_sent(ids: Any, raw: str) -> None:
    assert codec.raw_ids(ids) == {name: getattr(ids, name) for name in raw.split()}


def test_ids_of_answers_are_read_leniently() -> None:
    raw = {"trakt": "12", "tmdb": None, "tvdb": 0, "imdb": "tt1", "slug": "x", "plex": {"guid": None}}
    assert codec.clean_ids(raw) == {"trakt": 12, "imdb": "tt1"}
    assert codec.clean_ids({"imdb": "", "tmdb": True, "tvdb": "12a"}) == {}
    assert codec.clean_ids(None) == {}


def outgoing(index: int, place: TraktPlace) -> Outgoing:
    return Outgoing.of(index, Addition(index, place.address(""), datetime(2026, 5, 2, 21, 5, tzinfo=UTC)))


def test_films_and_episodes_go_in_their_own_lists_and_never_a_show() -> None:
    places = [TraktPlace("episode", {"tvdb": 5}, {"tmdb": 9}, 1, 2), TraktPlace("movie", {"tmdb": 7, "imdb": "tt7"})]
    body = codec.history_body(outgoing(n, place) for n, place in enumerate(places))
    assert body == {
        "movies": [{"watched_at": "2026-05-02T21:05:00.000Z", "ids": {"tmdb": 7, "imdb": "tt7"}}],
        "episodes": [{"watched_at": "2026-05-02T21:05:00.000Z", "ids": {"tvdb": 5}}],
    }


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        ({"tmdb": 2, "tvdb": 3, "imdb": "tt4"}, "episode:tmdb:2"),
        ({"trakt": 1, "tmdb": 2, "tvdb": 3, "imdb": "tt4"}, "episode:tmdb:2"),
        ({"tvdb": 3, "imdb": "tt4"}, "episode:tvdb:3"),
        ({"imdb": "tt4"}, "episode:imdb:tt4"),
        ({"trakt": 1}, "episode:trakt:1"),
    ],
)
def test_the_key_is_the_same_whether_or_not_trakts_own_id_is_known(ids: dict[str, Any], key: str) -> None:
    assert TraktPlace("episode", ids).address("x").key == key


def test_an_address_keeps_the_place_and_leaves_the_show_out_of_the_ids() -> None:
    place = TraktPlace("episode", {"tvdb": 3}, {"tmdb": 9}, 0, 0)
    address = place.address("by id")
    assert address.data == {"type": "episode", "ids": {"tvdb": 3}, "show": {"tmdb": 9}, "season": 0, "number": 0}
    assert TraktPlace.of(address) == place


# Reading


def test_an_unknown_type_of_play_is_left_out_and_a_date_before_all_time_is_none_of_ours() -> None:
    rows = answers.read_history(
        [
            {"id": 1, "type": "season", "season": {}, "watched_at": "2026-05-02T21:05:00.000Z"},
            {"id": 2, "movie": {"ids": {"trakt": 5}}, "watched_at": None},
            {"id": "10450011223", "movie": {"ids": {"trakt": 5}}, "watched_at": "1970-01-01T00:00:00.000Z"},
        ],
        WHAT,
    )
    assert [(row.id, row.watched_at) for row in rows] == [(2, None), (10_450_011_223, None)]


def test_a_row_is_cut_to_the_minute() -> None:
    (row,) = answers.read_history([{"id": 1, "movie": {}, "watched_at": "2026-05-02T21:05:59.000Z"}], WHAT)
    assert row.watched_at == datetime(2026, 5, 2, 21, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "held"),
    [
        (TraktPlace("episode", {"tvdb": 3}), True),
        (TraktPlace("episode", {"tvdb": 4, "imdb": "tt4"}), True),
        (TraktPlace("movie", {"tvdb": 3}), False),
        (TraktPlace("episode", {"tmdb": 3}), False),
        (TraktPlace("episode", {"tvdb": 9}, {"tmdb": 7}, 1, 2), True),
        (TraktPlace("episode", {"tvdb": 9}, {"tmdb": 7}, 1, 3), False),
        (TraktPlace("episode", {"tvdb": 9}, {"tmdb": 8}, 1, 2), False),
        (TraktPlace("episode", {"tvdb": 9}, {"tmdb": 7}), False),
    ],
)
def test_a_row_is_a_play_by_ids_of_one_space_or_by_show_and_numbers(place: TraktPlace, held: bool) -> None:
    line = {
        "id": 1,
        "watched_at": "2026-05-02T21:05:00.000Z",
        "type": "episode",
        "episode": {"season": 1, "number": 2, "ids": {"trakt": 1, "tvdb": "3", "imdb": "tt4", "tmdb": None}},
        "show": {"ids": {"tmdb": 7}},
    }
    (row,) = answers.read_history([line], WHAT)
    assert row.holds(place) is held


def test_counters_of_every_kind_are_added_up_and_missing_ones_are_none() -> None:
    raw = {"added": {"movies": 1, "episodes": "2"}, "updated": {"movies": 3}, "existing": None, "not_found": None}
    assert answers.read_added(raw, WHAT).stored == 6


def test_what_comes_along_in_not_found_is_left_out() -> None:
    raw = {
        "not_found": {"people": [1], "users": [2], "shows": [{"ids": {"tmdb": 1}}], "movies": [{"ids": {"tmdb": 1}}]}
    }
    (echo,) = answers.read_added(raw, WHAT).not_found
    assert echo.means(outgoing(0, TraktPlace("movie", {"tmdb": 1, "imdb": "tt1"})))
    assert not echo.means(outgoing(0, TraktPlace("episode", {"tmdb": 1})))
    assert not echo.means(outgoing(0, TraktPlace("movie", {"tmdb": 2})))


def test_search_results_of_other_types_are_left_out() -> None:
    raw = [
        {"type": "movie", "score": None, "movie": {"title": "A", "year": None, "ids": {"trakt": 1}}},
        {"type": "show", "score": 1.5, "show": {"title": "B", "ids": {"trakt": 2}}},
        {"type": "movie", "movie": {"title": None, "year": 2020, "ids": {}}},
        "junk",
    ]
    assert answers.read_hits(raw, "movie", WHAT) == [answers.Hit({"trakt": 1}, "A", None)]


def test_seasons_without_episodes_are_drift_and_not_an_empty_show() -> None:
    with pytest.raises(ContractDrift, match="without episodes"):
        answers.read_seasons([{"number": 1, "ids": {"trakt": 1}}], WHAT)
    assert answers.read_seasons([], WHAT) == []


def test_entries_that_cannot_be_addressed_are_not_listed() -> None:
    kept = [
        {"season": 1, "number": 1, "title": None, "first_aired": None, "ids": {"trakt": 1}},
        {"season": 1, "number": 2, "title": "x", "ids": {"tvdb": 1}},
        {"season": None, "number": 3, "ids": {"trakt": 3}},
    ]
    assert answers.listing(kept) == [answers.ListedEpisode(1, 1, None, None, {"trakt": 1})]

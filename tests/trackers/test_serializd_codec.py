"""Serializd's JSON in and out, with every oddity it is known for."""

import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from scrobbled.core.errors import ContractDrift
from scrobbled.core.naming.matching import Listed
from scrobbled.trackers.serializd import codec, entries
from scrobbled.trackers.serializd.codec import EpisodeSpot, SeasonPage, ShowPage
from scrobbled.trackers.serializd.entries import EntryPage, SerializdEntry

SHOW = {
    "id": 90210,
    "name": "Harbour Lights",
    "status": "Returning Series",
    "premiereDate": None,
    "seasons": [
        {"id": 139990, "seasonId": 139990, "airDate": None, "episodeCount": 3, "seasonNumber": 0},
        {"id": 140001, "airDate": "2021-09-05", "episodeCount": 8, "seasonNumber": 2021},
    ],
}
SEASON = {
    "seasonId": 140001,
    "id": 140001,
    "seasonNumber": 1,
    "episodes": [
        {"episodeId": 5500000, "airDate": "2021-09-01", "episodeNumber": 0, "name": "Before", "runtime": 51},
        {"episodeId": None, "airDate": None, "episodeNumber": 1, "name": None},
    ],
}
NULL_SEASON = {"seasonId": None, "id": None, "seasonNumber": None, "name": None, "airDate": None, "episodes": []}
ROW = {
    "id": 81230045,
    "showId": 90210,
    "seasonId": 140001,
    "episodeNumber": 4,
    "dateAdded": "2026-11-03T21:14:11Z",
    "backdate": "2026-11-03T21:14:09Z",
    "rating": 7,
    "isLog": True,
    "isRewatch": False,
}
SPOT = EpisodeSpot(90210, 140001, 1, 4)


def without(data: dict, key: str) -> dict:
    return {k: v for k, v in data.items() if k != key}


def diary(*rows: dict) -> EntryPage:
    return entries.diary_page({"reviews": list(rows), "totalPages": 3, "totalReviews": None})


def jwt(**claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{middle}.c2ln"


def test_a_show_lists_its_seasons_with_specials_and_years() -> None:
    assert codec.show_page(SHOW) == ShowPage(90210, "Harbour Lights", False, (0, 2021))


@pytest.mark.parametrize(
    ("status", "ended"), [("Ended", True), ("Canceled", True), ("In Production", False), (None, False)]
)
def test_a_show_has_ended_when_it_says_so(status: str | None, ended: bool) -> None:
    assert codec.show_page({**SHOW, "status": status}).ended is ended


@pytest.mark.parametrize("key", ["id", "seasons"])
def test_a_missing_key_of_a_show_is_named(key: str) -> None:
    with pytest.raises(ContractDrift, match=f"no {key} in"):
        codec.show_page(without(SHOW, key))


def test_episode_zero_and_missing_titles_and_dates_are_read() -> None:
    assert codec.season_page(SEASON, 1) == SeasonPage(
        140001, 1, (Listed(1, 0, "Before", date(2021, 9, 1), 5500000), Listed(1, 1))
    )


def test_the_season_id_may_stand_under_its_older_key() -> None:
    assert codec.season_page(without(SEASON, "seasonId"), 1).id == 140001


def test_a_season_full_of_nulls_is_one_without_data() -> None:
    assert codec.season_page(NULL_SEASON, 7) == SeasonPage(None, 7, ())
    assert codec.season_page({**NULL_SEASON, "episodes": None}, 7) == SeasonPage(None, 7, ())


def test_a_season_without_either_id_key_is_no_season_we_know() -> None:
    with pytest.raises(ContractDrift, match="seasonId"):
        codec.season_page({"seasonNumber": 1, "episodes": []}, 1)


def test_an_episode_without_number_is_named() -> None:
    with pytest.raises(ContractDrift, match="episodeNumber"):
        codec.season_page({**SEASON, "episodes": [{"name": "Ebb"}]}, 1)


@pytest.mark.parametrize("answer", [None, [], "text", 7])
def test_an_answer_that_is_no_object_is_drift(answer: object) -> None:
    for read in (codec.show_page, entries.diary_page, codec.login, codec.validity, codec.ticks, codec.search_hits):
        with pytest.raises(ContractDrift):
            read(answer)


def test_what_is_kept_of_an_answer_reads_the_same() -> None:
    kept_show = json.loads(json.dumps(codec.show_to_keep(SHOW)))
    kept_season = json.loads(json.dumps(codec.season_to_keep(SEASON)))
    kept_null = json.loads(json.dumps(codec.season_to_keep({**NULL_SEASON, "episodes": None})))
    assert codec.show_page(kept_show) == codec.show_page(SHOW)
    assert codec.season_page(kept_season, 1) == codec.season_page(SEASON, 1)
    assert codec.season_page(kept_null, 7) == codec.season_page(NULL_SEASON, 7)


def test_a_diary_row_is_read() -> None:
    page = diary(ROW)
    assert page.total == 3
    assert page.rows[0] == SerializdEntry(
        id=81230045,
        show=90210,
        season=140001,
        number=4,
        watched_at=datetime(2026, 11, 3, 21, 14, 9, tzinfo=UTC),
        is_log=True,
        made_at=datetime(2026, 11, 3, 21, 14, 11, tzinfo=UTC),
        rating=7,
    )


def test_rows_of_whole_shows_and_seasons_do_not_crash() -> None:
    page = diary({**ROW, "seasonId": None, "episodeNumber": None}, {**ROW, "episodeNumber": None, "backdate": None})
    assert [(row.season, row.number) for row in page.rows] == [(None, None), (140001, None)]


@pytest.mark.parametrize(
    ("flags", "is_log"),
    [({"isLog": False}, False), ({"isLogged": False}, False), ({"isLogged": True}, True), ({}, True)],
)
def test_either_name_of_the_log_flag_is_read(flags: dict, is_log: bool) -> None:
    assert diary({**without(ROW, "isLog"), **flags}).rows[0].is_log is is_log


@pytest.mark.parametrize(("told", "rating"), [(8.0, 8), ("8", 8), (0, 0), (0.0, 0), (None, 0)])
def test_a_rating_is_read_however_the_number_is_written(told: object, rating: int) -> None:
    assert diary({**ROW, "rating": told}).rows[0].rating == rating
    assert diary(without(ROW, "rating")).rows[0].rating == 0


@pytest.mark.parametrize("told", [3.5, "3.5", "good", True, 11, -1, [8]])
def test_a_rating_that_cannot_be_read_is_not_taken_for_one_that_was_cleared(told: object) -> None:
    with pytest.raises(ContractDrift, match="rating"):
        diary({**ROW, "rating": told})


@pytest.mark.parametrize("key", ["id", "showId"])
def test_a_row_without_its_ids_is_named(key: str) -> None:
    with pytest.raises(ContractDrift, match=f"no {key} in"):
        diary(without(ROW, key))


@pytest.mark.parametrize("key", ["seasonId", "episodeNumber"])
def test_a_page_of_which_no_row_says_what_it_is_about_is_not_taken_for_whole_shows(key: str) -> None:
    rows = [without({**ROW, "id": number}, key) for number in range(5)]
    with pytest.raises(ContractDrift, match=key):
        diary(*rows)
    assert len(diary(ROW, *rows).rows) == 6, "a row may leave out what it is not about"
    assert len(diary(*rows[:4]).rows) == 4, "and a few may all do so"


def test_a_diary_without_reviews_is_no_empty_diary() -> None:
    with pytest.raises(ContractDrift, match="reviews"):
        entries.diary_page({"totalPages": 1})


def test_the_diary_row_that_we_send_is_complete() -> None:
    body = codec.log_body(SPOT, datetime(2026, 11, 4, 2, 14, 9, 999, tzinfo=timezone(timedelta(hours=5))), rewatch=True)
    assert body == {
        "show_id": 90210,
        "season_id": 140001,
        "episode_number": 4,
        "review_text": "",
        "rating": 0,
        "contains_spoiler": False,
        "backdate": "2026-11-03T21:14:09Z",
        "is_log": True,
        "is_rewatch": True,
        "tags": [],
        "allows_comments": True,
        "like": False,
    }


def test_the_tick_that_we_send_is_complete() -> None:
    assert codec.tick_body(SPOT) == {"show_id": 90210, "season_id": 140001, "episode_numbers": [4]}


@pytest.mark.parametrize("answer", [{}, {"message": "created"}, {"id": None}, {"id": True}, [], None])
def test_a_created_row_without_id_is_in_doubt(answer: object) -> None:
    with pytest.raises(ContractDrift, match="no id in") as caught:
        codec.created_id(answer)
    assert caught.value.in_doubt


@pytest.mark.parametrize(
    "answer",
    [{"token": "t", "username": "noraw"}, {"token": "t", "user": {"username": "noraw"}}],
    ids=["flat", "nested"],
)
def test_both_shapes_of_a_login_are_read(answer: dict) -> None:
    assert codec.login(answer) == ("t", "noraw")


def test_a_login_without_token_is_named() -> None:
    with pytest.raises(ContractDrift, match="token"):
        codec.login({"username": "noraw"})


@pytest.mark.parametrize(
    ("answer", "said"),
    [({"isValid": True, "username": "noraw"}, (True, "noraw")), ({"isValid": False, "username": None}, (False, ""))],
)
def test_the_validity_of_a_token_is_read(answer: dict, said: tuple[bool, str]) -> None:
    assert codec.validity(answer) == said


END = datetime(2027, 11, 14, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "claims",
    [
        {"expiry_time": END.timestamp()},
        {"expiry_time": str(int(END.timestamp()))},
        {"expiry_time": int(END.timestamp()) * 1000},
        {"expiry_time": "2027-11-14T20:00:00Z"},
        {"expiry_time": "2027-11-14T20:00:00.123456"},
        {"expiry_time": "never", "exp": END.timestamp()},
    ],
)
def test_a_token_tells_its_end_in_any_notation(claims: dict) -> None:
    assert codec.token_expiry(jwt(**claims)) == END


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.!!.c", jwt(), jwt(exp=None), jwt(exp=1e30), "x.W10.y"])
def test_a_token_that_tells_no_end_has_none(token: str) -> None:
    assert codec.token_expiry(token) is None


def test_ticks_are_read_and_broken_ones_left_out() -> None:
    logs = [
        {"episodeNumber": 0, "dateAdded": "2026-11-03T21:14:10.5Z"},
        {"episodeNumber": None, "dateAdded": "2026-11-03T21:14:10Z"},
        {"episodeNumber": 5, "dateAdded": None},
    ]
    assert codec.ticks({"episodeLogs": logs}) == {0: datetime(2026, 11, 3, 21, 14, 10, tzinfo=UTC)}


def test_search_hits_know_their_year_where_it_is_told() -> None:
    results = [{"id": 1, "name": "A", "firstAirDate": "2021-09-05"}, {"id": 2, "name": "B", "firstAirDate": ""}]
    assert [hit.year for hit in codec.search_hits({"results": results})] == [2021, None]

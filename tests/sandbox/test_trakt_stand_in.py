"""The Trakt stand-in behaves as the documented service, also where that hurts."""

import json
from typing import Any

import pytest

from sandbox.trakt_caller import Caller
from scrobbled.sandbox.faults import Fault

LAST_NIGHT = "2026-11-13T20:31:00.000Z"


def movie(trakt: Caller, n: int = 0, **values: Any) -> dict[str, Any]:
    return {"movies": [{"ids": {"trakt": trakt.world.movies[n].trakt}, **values}]}


@pytest.mark.parametrize(
    ("leave", "sent", "status"),
    [
        ("User-Agent", {}, 403),
        ("", {"User_Agent": "python-httpx/0.28.1"}, 403),
        ("Content-Type", {}, 412),
        ("", {"Content_Type": "text/plain"}, 412),
        ("trakt-api-version", {}, 412),
        ("trakt-api-key", {}, 403),
        ("", {"trakt_api_key": "somebody-else"}, 403),
        ("Authorization", {}, 401),
        ("", {"Authorization": "Bearer made-up"}, 401),
    ],
)
def test_every_header_is_wanted(trakt: Caller, leave: str, sent: dict[str, str], status: int) -> None:
    assert trakt.ask("GET", "/sync/last_activities", leave=leave, **sent).status_code == status
    assert trakt.get("/sync/last_activities").status_code == 200


def test_the_edge_answers_with_a_page_and_a_bad_key_with_a_word(trakt: Caller) -> None:
    edge = trakt.get("/users/settings", User_Agent="python-requests/2.32")
    assert "html" in edge.headers["content-type"]
    assert edge.headers["server"] == "cloudflare"
    assert trakt.get("/users/settings", trakt_api_key="other").content == b"Forbidden"


def test_unknown_paths_and_methods_are_told_apart(trakt: Caller) -> None:
    assert trakt.get("/sync/nothing").status_code == 404
    assert trakt.ask("PUT", "/sync/history").status_code == 405


def test_a_locked_account_is_told_in_headers(trakt: Caller) -> None:
    trakt.control("accounts", {"username": "anna", "locked": True})
    answer = trakt.get("/sync/last_activities")
    assert answer.status_code == 423
    assert (answer.headers["x-account-locked"], answer.headers["x-account-deactivated"]) == ("true", "false")


def test_a_second_write_within_a_second_is_refused(trakt: Caller) -> None:
    trakt.pace = 0.2
    assert trakt.post("/sync/history", movie(trakt)).status_code == 201
    refused = trakt.post("/sync/history", movie(trakt))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    told = json.loads(refused.headers["x-ratelimit"])
    assert (told["name"], told["period"], told["limit"], told["remaining"]) == ("AUTHED_API_POST_LIMIT", 1, 1, 0)
    assert told["until"].endswith("Z")
    assert "." not in told["until"]
    assert len(trakt.history()) == 1
    trakt.clock.advance(1)
    assert trakt.post("/sync/history", movie(trakt)).status_code == 201


def test_reads_are_limited_per_five_minutes(trakt: Caller) -> None:
    trakt.pace = 0.0
    trakt.api.limits.rules["AUTHED_API_GET_LIMIT"] = (3, 300)
    statuses = [trakt.get("/sync/last_activities").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    trakt.clock.advance(300)
    assert trakt.get("/sync/last_activities").status_code == 200


def test_the_published_limits_are_the_default(trakt: Caller) -> None:
    assert trakt.api.limits.rules == {
        "AUTHED_API_POST_LIMIT": (1, 1),
        "AUTHED_API_GET_LIMIT": (500, 300),
        "UNAUTHED_API_GET_LIMIT": (500, 300),
    }


def test_the_same_play_sent_twice_is_two_plays(trakt: Caller) -> None:
    for _ in range(2):
        answer = trakt.post("/sync/history", movie(trakt, watched_at=LAST_NIGHT))
        assert answer.status_code == 201
        assert answer.json()["added"] == {"movies": 1, "episodes": 0}
    assert [row["watched_at"] for row in trakt.history()] == [LAST_NIGHT] * 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-11-13T20:31:59.999Z", LAST_NIGHT),
        ("2026-11-13T21:31:10+01:00", LAST_NIGHT),
        ("unknown", "1970-01-01T00:00:00.000Z"),
        (1_700_000_000, "2026-11-14T20:00:00.000Z"),
        (None, "2026-11-14T20:00:00.000Z"),
    ],
)
def test_dates_are_kept_to_the_minute_and_odd_ones_become_now(trakt: Caller, sent: object, kept: str) -> None:
    trakt.post("/sync/history", movie(trakt, watched_at=sent))
    assert trakt.get("/sync/history/movies").json()[0]["watched_at"] == kept


def test_released_is_the_first_showing_plus_the_runtime(trakt: Caller) -> None:
    episode = trakt.world.shows[0].episode(1, 1)
    trakt.post("/sync/history", {"episodes": [{"ids": {"trakt": episode.trakt}, "watched_at": "released"}]})
    assert trakt.history()[0]["watched_at"] == f"{episode.air_date}T20:{episode.runtime}:00.000Z"


def test_what_is_not_found_is_told_inside_the_201(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    unknown = {"ids": {"imdb": "tt0000001"}}
    seasons = [{"number": 1, "episodes": [{"number": 1}, {"number": 99}]}, {"number": 7}]
    answer = trakt.post(
        "/sync/history", {"movies": [unknown], "shows": [{"ids": {"tmdb": show.tmdb}, "seasons": seasons}]}
    )
    assert answer.status_code == 201
    assert answer.json()["added"] == {"movies": 0, "episodes": 1}
    assert answer.json()["not_found"] == {
        "movies": [unknown],
        "shows": [
            {
                "ids": {"tmdb": show.tmdb},
                "seasons": [{"number": 1, "episodes": [{"number": 99}]}, {"number": 7}],
            }
        ],
        "seasons": [],
        "episodes": [],
        "people": [],
        "users": [],
    }


def test_a_bare_show_or_season_marks_all_its_episodes(trakt: Caller) -> None:
    show = trakt.world.shows[1]
    whole = trakt.post("/sync/history", {"shows": [{"ids": {"tvdb": show.tvdb}}]}).json()
    assert whole["added"]["episodes"] == len(list(show.episodes()))
    season = show.seasons[1]
    part = trakt.post("/sync/history", {"seasons": [{"ids": {"tmdb": season.tmdb}}]}).json()
    assert part["added"]["episodes"] == len(season.episodes)


def test_an_id_counts_only_in_the_space_of_its_list(trakt: Caller) -> None:
    show = trakt.world.shows[1]
    twin = next(e for other in trakt.world.shows for e in other.episodes() if e.tmdb == show.tmdb)
    answer = trakt.post("/sync/history", {"episodes": [{"ids": {"tmdb": show.tmdb}}]}).json()
    assert answer["added"]["episodes"] == 1
    assert trakt.history()[0]["trakt"] == twin.trakt
    assert trakt.post("/sync/history", {"episodes": [{"ids": {"tmdb": 1}}]}).json()["not_found"]["episodes"]


def test_strict_episode_ids_are_trakt_and_tvdb_only(trakt: Caller) -> None:
    episode = trakt.world.shows[0].episode(1, 2)
    body = {"episodes": [{"ids": {"tmdb": episode.tmdb, "imdb": episode.imdb}}]}
    assert trakt.post("/sync/history", body).json()["added"]["episodes"] == 1
    trakt.control("switches", {"strict_episode_ids": True})
    assert trakt.post("/sync/history", body).json()["added"]["episodes"] == 0
    strings = {"episodes": [{"ids": {"tvdb": str(episode.tvdb)}}]}
    assert trakt.post("/sync/history", strings).json()["added"]["episodes"] == 1


def test_an_unreadable_body_is_400_and_adds_nothing(trakt: Caller) -> None:
    assert trakt.post("/sync/history", ["movies"]).status_code == 400
    assert trakt.post("/sync/history", {"movies": ["tt1"]}).status_code == 400
    assert trakt.history() == []


def test_a_lost_answer_leaves_the_play_behind(trakt: Caller) -> None:
    trakt.api.faults.add(Fault(match="POST /sync/history", status=504, when="after", times=1))
    assert trakt.post("/sync/history", movie(trakt)).status_code == 504
    assert len(trakt.history()) == 1


def test_a_batch_may_be_taken_by_half(trakt: Caller) -> None:
    trakt.api.faults.add(Fault(match="POST /sync/history", kind="half", times=1))
    ids = [{"ids": {"trakt": one.trakt}} for one in trakt.world.shows[0].seasons[1].episodes[:4]]
    assert trakt.post("/sync/history", {"episodes": ids}).status_code == 502
    assert len(trakt.history()) == 2


def test_a_full_account_answers_420_and_takes_nothing(trakt: Caller) -> None:
    trakt.control("accounts", {"limits": {"history": 1}})
    ids = [{"ids": {"trakt": one.trakt}} for one in trakt.world.movies[:2]]
    answer = trakt.post("/sync/history", {"movies": ids})
    assert (answer.status_code, answer.content, answer.headers["x-account-limit"]) == (420, b"", "1")
    assert trakt.history() == []


def test_pages_clamp_the_limit_and_an_empty_history_has_none(trakt: Caller) -> None:
    empty = trakt.get("/sync/history?limit=1000")
    assert empty.json() == []
    assert empty.headers["x-pagination-page-count"] == "0"
    trakt.api.preload("anna", 600)
    first = trakt.get("/sync/history?page=1&limit=1000")
    assert len(first.json()) == 250
    assert first.headers["x-pagination-limit"] == "250"
    assert first.headers["x-pagination-page-count"] == "3"
    assert first.headers["x-pagination-item-count"] == "600"
    assert len(trakt.get("/sync/history?page=3&limit=1000").json()) == 100
    assert len(trakt.get("/sync/history").json()) == 100


def test_history_is_newest_first_and_filters_by_date_kind_and_id(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    one, two = show.episode(1, 1), show.episode(2, 1)
    for episode, day in ((one, "10"), (two, "12"), (one, "11")):
        body = {"episodes": [{"ids": {"trakt": episode.trakt}, "watched_at": f"2026-11-{day}T20:00:00Z"}]}
        trakt.post("/sync/history", body)
    trakt.post("/sync/history", movie(trakt, watched_at=LAST_NIGHT))

    def days(path: str) -> list[str]:
        return [row["watched_at"][8:10] for row in trakt.get(f"/sync/history{path}").json()]

    assert days("") == ["13", "12", "11", "10"]
    assert days("/movies") == ["13"]
    assert days(f"/episodes/{one.trakt}") == ["11", "10"]
    assert days(f"/shows/{show.trakt}") == ["12", "11", "10"]
    assert days(f"/seasons/{show.seasons[2].trakt}") == ["12"]
    assert days("/episodes?start_at=2026-11-11T20:00:00Z&end_at=2026-11-12T20:00:00.000Z") == ["12", "11"]
    assert days("/episodes?start_at=2026-11-12") == ["12"]
    assert days("/episodes/1") == []


def test_rows_may_come_twice_and_hidden_ones_only_count(trakt: Caller) -> None:
    trakt.api.preload("anna", 30)
    newest = trakt.history()[0]["id"]
    trakt.control("switches", {"duplicate_rows": True, "hidden": [newest]})
    pages = [trakt.get(f"/sync/history?page={n}&limit=10") for n in (1, 2, 3, 4)]
    rows = [row["id"] for page in pages for row in page.json()]
    assert pages[0].json()[-1] == pages[1].json()[0]
    assert len(rows) == len(set(rows)) + 3
    assert set(rows) == {row["id"] for row in trakt.history()} - {newest}
    assert int(pages[0].headers["x-pagination-item-count"]) == len(rows) + 1


def test_reads_may_lag_behind_writes(trakt: Caller) -> None:
    trakt.control("switches", {"lag": 30})
    trakt.post("/sync/history", movie(trakt))
    play = trakt.history()[0]["id"]
    assert trakt.get("/sync/history").json() == []
    trakt.clock.advance(30)
    assert len(trakt.get("/sync/history").json()) == 1
    trakt.post("/sync/history/remove", {"ids": [play]})
    assert len(trakt.get("/sync/history").json()) == 1
    trakt.clock.advance(30)
    assert trakt.get("/sync/history").json() == []


def test_a_stale_fault_hides_the_newest_writes_once(trakt: Caller) -> None:
    trakt.post("/sync/history", movie(trakt))
    trakt.api.faults.add(Fault(match="GET /sync/history*", kind="stale", times=1))
    assert trakt.get("/sync/history").json() == []
    assert len(trakt.get("/sync/history").json()) == 1


def test_removal_by_id_takes_one_play_and_by_item_all_of_them(trakt: Caller) -> None:
    for _ in range(3):
        trakt.post("/sync/history", movie(trakt))
    newest = trakt.history()[0]["id"]
    answer = trakt.post("/sync/history/remove", {"ids": [newest, 5]}).json()
    assert answer["deleted"] == {"movies": 1, "episodes": 0}
    assert answer["not_found"]["ids"] == [5]
    assert trakt.post("/sync/history/remove", movie(trakt)).json()["deleted"]["movies"] == 2


def test_last_activities_move_with_what_was_written(trakt: Caller) -> None:
    before = trakt.get("/sync/last_activities").json()
    trakt.post("/sync/history", movie(trakt, watched_at="2020-01-01T00:00:00Z"))
    after = trakt.get("/sync/last_activities").json()
    assert after["movies"]["watched_at"] > before["movies"]["watched_at"]
    assert after["all"] == after["movies"]["watched_at"]
    assert after["episodes"] == before["episodes"]


def test_an_unchanged_read_is_a_304(trakt: Caller) -> None:
    first = trakt.get("/sync/last_activities")
    assert trakt.get("/sync/last_activities", If_None_Match=first.headers["etag"]).status_code == 304
    trakt.post("/sync/history", movie(trakt))
    assert trakt.get("/sync/last_activities", If_None_Match=first.headers["etag"]).status_code == 200


def test_watched_shows_have_seasons_only_as_progress_and_min_has_all_dates(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    for number, day in ((1, "10"), (1, "12"), (2, "11")):
        seasons = [{"number": 1, "episodes": [{"number": number, "watched_at": f"2026-11-{day}T20:00:00Z"}]}]
        trakt.post("/sync/history", {"shows": [{"ids": {"tmdb": show.tmdb}, "seasons": seasons}]})
    plain = trakt.get("/sync/watched/shows").json()
    assert plain[0]["plays"] == 3
    assert "seasons" not in plain[0]
    progress = trakt.get("/sync/watched/shows?extended=progress&limit=250")
    assert progress.headers["x-pagination-limit"] == "100"
    assert progress.json()[0]["seasons"] == [
        {
            "number": 1,
            "episodes": [
                {"number": 1, "plays": 2, "last_watched_at": "2026-11-12T20:00:00.000Z"},
                {"number": 2, "plays": 1, "last_watched_at": "2026-11-11T20:00:00.000Z"},
            ],
        }
    ]
    dates = {
        str(show.episode(1, 1).trakt): ["2026-11-10T20:00:00.000Z", "2026-11-12T20:00:00.000Z"],
        str(show.episode(1, 2).trakt): ["2026-11-11T20:00:00.000Z"],
    }
    assert trakt.get("/sync/watched/episodes?extended=min").json() == dates
    assert trakt.get("/sync/watched/shows?extended=min").json() == {str(show.trakt): {"1": dates}}
    seen = trakt.get(f"/shows/{show.slug}/progress/watched").json()
    assert (seen["completed"], seen["next_episode"]["number"], seen["last_episode"]["number"]) == (2, 3, 1)


def test_accounts_do_not_see_each_other(trakt: Caller) -> None:
    trakt.post("/sync/history", movie(trakt))
    ben = f"Bearer {trakt.api.sign_in('ben').access}"
    assert trakt.get("/sync/history", Authorization=ben).json() == []
    assert trakt.get("/users/settings", Authorization=ben).json()["user"]["username"] == "ben"


def test_the_state_is_told_as_json(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    trakt.post("/sync/history", {"episodes": [{"ids": {"trakt": show.episode(1, 3).trakt}, "watched_at": LAST_NIGHT}]})
    state = trakt.ask("GET", "/_sandbox/state").json()
    row = state["accounts"]["anna"]["history"][0]
    assert row == {
        "id": row["id"],
        "watched_at": LAST_NIGHT,
        "action": "watch",
        "type": "episode",
        "title": show.title,
        "season": 1,
        "number": 3,
        "trakt": show.episode(1, 3).trakt,
    }
    assert state["accounts"]["ben"]["history"] == []

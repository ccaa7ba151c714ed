"""Scrobbles, check-ins, lists and lookups of the Trakt stand-in."""

from typing import Any

import pytest

from sandbox.trakt_caller import Caller


def of_episode(trakt: Caller, progress: float | None = None, *, show: int = 0, season: int = 1, number: int = 2) -> Any:
    one = trakt.world.shows[show].episode(season, number)
    body = {"episode": {"ids": {"trakt": one.trakt}}}
    return body if progress is None else {**body, "progress": progress}


def test_a_stop_from_80_percent_is_a_play_dated_now(trakt: Caller) -> None:
    answer = trakt.post("/scrobble/stop", of_episode(trakt, 80.0))
    assert answer.status_code == 201
    told = answer.json()
    play = trakt.history()[0]
    assert (told["action"], told["id"], told["progress"]) == ("scrobble", play["id"], 80.0)
    assert told["episode"]["title"]
    assert told["show"]["title"] == trakt.world.shows[0].title
    assert (play["action"], play["watched_at"]) == ("scrobble", "2026-11-14T20:00:00.000Z")
    assert play["id"] > 2**32


def test_the_same_stop_again_within_the_runtime_is_409(trakt: Caller) -> None:
    trakt.post("/scrobble/stop", of_episode(trakt, 95))
    again = trakt.post("/scrobble/stop", of_episode(trakt, 95))
    assert again.status_code == 409
    assert again.json()["watched_at"] == "2026-11-14T20:00:00.000Z"
    assert again.json()["expires_at"] > again.json()["watched_at"]
    trakt.clock.advance(45 * 60)
    assert trakt.post("/scrobble/stop", of_episode(trakt, 95)).status_code == 201
    assert len(trakt.history()) == 2


@pytest.mark.parametrize(
    ("call", "progress", "status", "action"),
    [
        ("start", 0, 201, "start"),
        ("pause", 0.5, 422, ""),
        ("pause", 40, 201, "pause"),
        ("pause", 80, 422, ""),
        ("stop", 0.9, 422, ""),
        ("stop", 79.9, 201, "pause"),
        ("stop", "90", 201, "scrobble"),
        ("stop", None, 422, ""),
    ],
)
def test_each_call_has_its_range_of_progress(
    trakt: Caller, call: str, progress: object, status: int, action: str
) -> None:
    answer = trakt.post(f"/scrobble/{call}", {**of_episode(trakt), "progress": progress})
    assert answer.status_code == status
    if action:
        assert answer.json()["action"] == action
        assert (answer.json()["id"] > 0) is (action == "scrobble")


def test_items_are_found_by_every_documented_form(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    by_show = {"show": {"ids": {"tmdb": show.tmdb}}, "episode": {"season": 2, "number": 1}, "progress": 5}
    absolute = {"show": {"title": show.title, "year": show.year}, "episode": {"number_abs": 9}, "progress": 5}
    by_name = {"movie": {"title": trakt.world.movies[0].title}, "progress": 5}
    assert trakt.post("/scrobble/start", by_show).json()["episode"]["ids"]["trakt"] == show.episode(2, 1).trakt
    assert trakt.post("/scrobble/start", absolute).json()["episode"]["ids"]["trakt"] == show.episode(2, 1).trakt
    assert trakt.post("/scrobble/start", by_name).json()["movie"]["ids"]["trakt"] == trakt.world.movies[0].trakt
    unknown = trakt.post("/scrobble/start", {"movie": {"title": "Nobody made this"}, "progress": 5})
    assert (unknown.status_code, unknown.content) == (404, b"")


def test_watching_starts_expires_and_clears_the_resume_point(trakt: Caller) -> None:
    assert trakt.get("/users/me/watching").status_code == 204
    trakt.post("/scrobble/pause", of_episode(trakt, 40))
    assert trakt.get("/sync/playback/episodes").json()[0]["progress"] == 40
    trakt.post("/scrobble/start", of_episode(trakt, 50))
    assert trakt.get("/sync/playback").json() == []
    watching = trakt.get("/users/me/watching").json()
    assert (watching["action"], watching["type"]) == ("scrobble", "episode")
    trakt.clock.advance(45 * 60)
    assert trakt.get("/users/me/watching").status_code == 204
    assert trakt.history() == []


def test_a_resume_point_is_removed_by_its_id(trakt: Caller) -> None:
    trakt.post("/scrobble/pause", of_episode(trakt, 40))
    point = trakt.get("/sync/playback").json()[0]["id"]
    assert trakt.ask("DELETE", f"/sync/playback/{point}").status_code == 204
    assert trakt.ask("DELETE", f"/sync/playback/{point}").status_code == 404


def test_a_check_in_becomes_a_play_by_itself(trakt: Caller) -> None:
    assert trakt.post("/checkin", of_episode(trakt)).status_code == 201
    busy = trakt.post("/checkin", of_episode(trakt, number=3))
    assert (busy.status_code, list(busy.json())) == (409, ["expires_at"])
    trakt.clock.advance(45 * 60)
    play = trakt.get("/sync/history").json()[0]
    assert (play["action"], play["watched_at"]) == ("checkin", "2026-11-14T20:45:00.000Z")


def test_a_cancelled_check_in_leaves_nothing(trakt: Caller) -> None:
    trakt.post("/checkin", of_episode(trakt))
    assert trakt.ask("DELETE", "/checkin").status_code == 204
    trakt.clock.advance(3600)
    assert trakt.get("/sync/history").json() == []


def test_a_rating_replaces_the_one_before(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    body = {"shows": [{"ids": {"tmdb": show.tmdb}, "rating": 7, "rated_at": "2026-11-01T10:00:07.000Z"}]}
    assert trakt.post("/sync/ratings", body).json()["added"] == {"movies": 0, "shows": 1, "seasons": 0, "episodes": 0}
    body["shows"][0]["rating"] = 9
    trakt.post("/sync/ratings", body)
    rows = trakt.get("/sync/ratings/shows").json()
    assert [(row["rating"], row["rated_at"]) for row in rows] == [(9, "2026-11-01T10:00:07.000Z")]
    assert trakt.get("/sync/ratings/all/7,8").json() == []
    assert trakt.post("/sync/ratings/remove", body).json()["deleted"]["shows"] == 1
    assert trakt.get("/sync/ratings").json() == []


@pytest.mark.parametrize("rating", [0, 11, 7.5, "8", None])
def test_a_rating_is_a_whole_number_from_1_to_10(trakt: Caller, rating: object) -> None:
    body = {"movies": [{"ids": {"trakt": trakt.world.movies[0].trakt}, "rating": rating}]}
    assert trakt.post("/sync/ratings", body).status_code == 422
    assert trakt.get("/sync/ratings").json() == []


def test_the_collection_tells_added_updated_and_existing(trakt: Caller) -> None:
    item = {"ids": {"trakt": trakt.world.movies[0].trakt}, "resolution": "hd_1080p"}
    counts = []
    for resolution in ("hd_1080p", "hd_1080p", "uhd_4k"):
        told = trakt.post("/sync/collection", {"movies": [{**item, "resolution": resolution}]}).json()
        counts.append(next(name for name in ("added", "existing", "updated") if told[name]["movies"]))
    assert counts == ["added", "existing", "updated"]
    row = trakt.get("/sync/collection/movies?extended=metadata").json()[0]
    assert row["metadata"] == {"resolution": "uhd_4k"}
    assert "metadata" not in trakt.get("/sync/collection/movies").json()[0]
    assert list(trakt.get("/sync/collection/movies?extended=min").json()) == [str(item["ids"]["trakt"])]


def test_collected_episodes_are_listed_by_show(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    trakt.post("/sync/collection", {"shows": [{"ids": {"tmdb": show.tmdb}, "seasons": [{"number": 1}]}]})
    row = trakt.get("/sync/collection/shows").json()[0]
    assert row["show"]["ids"]["trakt"] == show.trakt
    assert [e["number"] for e in row["seasons"][0]["episodes"]] == [e.number for e in show.seasons[1].episodes]


def test_watching_something_takes_it_off_the_watchlist(trakt: Caller) -> None:
    film, show = trakt.world.movies[0], trakt.world.shows[0]
    body = {"movies": [{"ids": {"trakt": film.trakt}}], "shows": [{"ids": {"trakt": show.trakt}}]}
    told = trakt.post("/sync/watchlist", body).json()
    assert (told["added"]["movies"], told["added"]["shows"], told["list"]["item_count"]) == (1, 1, 2)
    assert trakt.post("/sync/watchlist", body).json()["existing"]["shows"] == 1
    assert [row["type"] for row in trakt.get("/sync/watchlist").json()] == ["movie", "show"]
    trakt.post("/sync/history", of_list(trakt))
    assert [row["type"] for row in trakt.get("/sync/watchlist/all/rank/asc").json()] == ["movie"]
    assert trakt.post("/sync/watchlist/remove", body).json()["deleted"]["movies"] == 1


def of_list(trakt: Caller) -> dict[str, Any]:
    return {"episodes": [of_episode(trakt)["episode"]]}


def test_notes_are_for_vips_and_the_watchlist_has_an_end(trakt: Caller) -> None:
    film = {"ids": {"trakt": trakt.world.movies[0].trakt}}
    assert trakt.post("/sync/watchlist", {"movies": [{**film, "notes": "soon"}]}).status_code == 426
    trakt.control("accounts", {"limits": {"watchlist": 0}})
    assert trakt.post("/sync/watchlist", {"movies": [film]}).status_code == 420


def test_one_number_is_several_things_in_a_search_by_id(trakt: Caller) -> None:
    show = trakt.world.shows[1]
    kinds = {row["type"] for row in trakt.get(f"/search/tmdb/{show.tmdb}").json()}
    assert kinds == {"movie", "show", "episode"}
    found = trakt.get(f"/search/tmdb/{show.tmdb}?type=episode", leave="Authorization").json()
    assert [row["type"] for row in found] == ["episode"]
    assert "title" in found[0]["show"]
    assert trakt.get("/search/imdb/tt0000000?type=movie").json() == []


def test_titles_are_searched_by_words_and_exactly(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    assert trakt.get(f"/search/show/exact?query={show.title}").json()[0]["show"]["ids"]["trakt"] == show.trakt
    word = show.title.split()[0]
    assert trakt.get(f"/search/show/exact?query={word}").json() == []
    assert trakt.get(f"/search/movie,show?query={word}").json()[0]["type"] in ("movie", "show")
    assert trakt.get(f"/search/show?query={show.title}&years={show.year + 1}").json() == []
    assert trakt.get("/search/cheese?query=x").status_code == 404


def test_seasons_come_with_episodes_and_paths_take_no_foreign_ids(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    seasons = trakt.get(f"/shows/{show.slug}/seasons?extended=full,episodes").json()
    assert [season["number"] for season in seasons] == [0, 1, 2]
    first = seasons[1]["episodes"][0]
    assert first["ids"]["tmdb"] == show.episode(1, 1).tmdb
    assert first["first_aired"].startswith(show.episode(1, 1).air_date.isoformat())
    assert "episodes" not in trakt.get(f"/shows/{show.imdb}/seasons").json()[0]
    assert trakt.get(f"/shows/{show.tmdb}/seasons").status_code == 404
    one = trakt.get(f"/shows/{show.trakt}/seasons/2/episodes/1?extended=full").json()
    assert (one["number_abs"], one["runtime"]) == (9, 45)
    assert trakt.get(f"/shows/{show.trakt}/seasons/2/episodes/99").status_code == 404

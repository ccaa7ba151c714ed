"""What the Trakt stand-in tells a program that reads a whole account."""

import pytest

from sandbox.trakt_caller import Caller


def test_history_and_ratings_tell_the_runtime_when_asked_for_everything(trakt: Caller) -> None:
    film, episode = trakt.world.movies[0], trakt.world.shows[0].episode(1, 2)
    lists = {"movies": [{"ids": {"trakt": film.trakt}}], "episodes": [{"ids": {"trakt": episode.trakt}}]}
    trakt.post("/sync/history", lists)
    trakt.post("/sync/ratings", {name: [{**line, "rating": 7} for line in lines] for name, lines in lists.items()})
    for path in ("/sync/history", "/sync/ratings/all"):
        rows = trakt.get(f"{path}?extended=full").json()
        assert {row["type"]: row[row["type"]]["runtime"] for row in rows} == {
            "movie": film.runtime,
            "episode": episode.runtime,
        }
        assert "runtime" not in trakt.get(path).json()[0][rows[0]["type"]]


@pytest.mark.parametrize(
    ("paging", "plain", "paged"),
    [("wanted", (78, "1"), (20, "4")), ("always", (78, "1"), (20, "4")), ("never", (78, None), (78, None))],
)
def test_all_dates_come_in_pages_as_the_switch_says(
    trakt: Caller, paging: str, plain: tuple[int, str | None], paged: tuple[int, str | None]
) -> None:
    trakt.control("switches", {"minimal_pages": paging})
    trakt.api.preload("anna", 300)
    for query, expected in (("", plain), ("&page=1&limit=20", paged)):
        answer = trakt.get(f"/sync/watched/episodes?extended=min{query}")
        assert (len(answer.json()), answer.headers.get("x-pagination-page-count")) == expected


def test_an_unknown_way_of_paging_is_refused(trakt: Caller) -> None:
    assert trakt.post("/_sandbox/switches", {"minimal_pages": "sometimes"}).status_code == 400


@pytest.mark.parametrize("moves", [True, False])
def test_a_removal_moves_the_activities_or_does_not(trakt: Caller, moves: bool) -> None:
    trakt.control("switches", {"removals_move": moves})
    trakt.post("/sync/history", {"movies": [{"ids": {"trakt": trakt.world.movies[0].trakt}}]})
    before = trakt.get("/sync/last_activities").json()["movies"]["watched_at"]
    trakt.post("/sync/history/remove", {"ids": [trakt.history()[0]["id"]]})
    after = trakt.get("/sync/last_activities").json()["movies"]["watched_at"]
    assert (after > before) is moves

"""What Trakt clients read, against the shapes of the contract; and what they leave beside scrobbles."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.works import works
from scrobbled.web.trakt import shapes
from scrobbled.web.trakt.reading import ACTIVITIES
from web.house import House
from web.trakt_setup import ANNAS, BENS, SHARED, ask, events, playing, plays

EPOCH = "1970-01-01T00:00:00.000Z"
FILM = Movie("Salt Flats", 2023, MovieIds(imdb="tt9988776", tmdb=717171, trakt=606060))
TIDE = Episode(
    "Harbour", 2, 4, "Low Tide", 2024, ShowIds(trakt=181818, tvdb=445566), EpisodeIds(trakt=771234, tvdb=9012345)
)
FILM_TOLD = {
    "title": "Salt Flats",
    "year": 2023,
    "ids": {"trakt": 606060, "imdb": "tt9988776", "tmdb": 717171, "slug": "salt-flats-2023"},
}
TIDE_TOLD = {"season": 2, "number": 4, "title": "Low Tide", "ids": {"trakt": 771234, "tvdb": 9012345}}
HARBOUR_TOLD = {"title": "Harbour", "year": 2024, "ids": {"trakt": 181818, "tvdb": 445566, "slug": "harbour"}}


def in_house(folder: Path, steps: Callable[[House], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with playing(folder, **settings) as there:
            await steps(there)

    asyncio.run(run())


async def read(there: House, path: str, token: str = ANNAS, **more: Any) -> httpx.Response:
    return await ask(there, path, token=token, method=more.pop("method", "GET"), **more)


async def watched(there: House, item: Item, hours: float | None = 0, viewer: str = "anna") -> int:
    """A play from so many hours before the clock of the house, delivered to its tracker."""
    at = None if hours is None else there.clock.now() - timedelta(hours=hours)
    play, way = Play(viewer, "plex", item, at), Queued("serializd", PlayOutcome.DELIVERED, "")
    return await there.runtime.store.write(lambda db: add_play(db, play, None, [way], there.clock.now()))


def pages(answer: httpx.Response) -> tuple[int, int, int, int]:
    """Page, limit, pages and items, as the headers say."""
    names = ("page", "limit", "page-count", "item-count")
    return tuple(int(answer.headers[f"x-pagination-{name}"]) for name in names)  # type: ignore[return-value]


# Shapes


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (Episode("Harbour", 2, 4), {"season": 2, "number": 4, "title": "Episode 4"}),
        (Episode("Harbour", 0, 0), {"season": 0, "number": 0, "title": "Episode 0"}),
        (Episode("Harbour", 3, 164, absolute=True), {"season": 3, "number": 164, "number_abs": 164}),
        (Episode("Harbour", None, 164, absolute=True), {"season": 1, "number": 164, "number_abs": 164}),
        (Episode("", None, None, ids=EpisodeIds(trakt=5)), {"season": 0, "number": 0, "title": "Episode"}),
    ],
)
def test_an_episode_always_has_whole_numbers_and_titles(item: Episode, place: dict[str, Any]) -> None:
    told = shapes.episode(item)
    assert place.items() <= told["episode"].items()
    assert told["show"]["title"]


def test_only_ids_that_are_known_are_told_and_none_in_another_space() -> None:
    item = Episode("Harbour", 2, 4, show_ids=ShowIds(tvdb=1, anidb=2, plex="plex://show/x"), ids=EpisodeIds(anidb=3))
    assert shapes.episode(item)["show"]["ids"] == {"tvdb": 1, "slug": "harbour"}
    assert shapes.episode(item)["episode"]["ids"] == {}
    assert shapes.movie(Movie("", None, MovieIds(tmdb=7, tvdb=8))) == {
        "title": "tmdb 7",
        "year": None,
        "ids": {"tmdb": 7},
    }


@pytest.mark.parametrize(
    ("title", "year", "slug"),
    [
        ("Salt Flats", 2023, "salt-flats-2023"),
        ("Amélie: Le Film!", None, "amelie-le-film"),
        ("???", None, "???"),
        ("", 2023, ""),
    ],
)
def test_a_slug_is_made_of_the_title(title: str, year: int | None, slug: str) -> None:
    assert shapes.slug(title, year) == slug


def test_times_are_utc_with_milliseconds_and_plays_are_cut_to_the_minute() -> None:
    at = datetime.fromisoformat("2026-05-03T21:42:17.123456+02:00")
    assert shapes.when(at) == "2026-05-03T19:42:17.123Z"
    assert shapes.minute(at) == "2026-05-03T19:42:00.000Z"
    assert shapes.when(None) == shapes.minute(None) == EPOCH


# Who


@pytest.mark.parametrize("path", ["/sync/history", "/sync/last_activities", "/users/settings", "/users/me/watching"])
def test_without_a_good_token_nothing_is_told(tmp_path: Path, path: str) -> None:
    async def steps(there: House) -> None:
        for token in (None, "", "wrong"):
            answer = await ask(there, path, token=token, method="GET")
            assert (answer.status_code, answer.json()) == (401, {})

    in_house(tmp_path, steps)


def test_each_viewer_reads_their_own_library_and_no_one_elses(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        await watched(there, FILM)
        await watched(there, TIDE, viewer="ben")
        for token, kind in ((ANNAS, "movie"), (SHARED, "movie"), (BENS, "episode")):
            for path in ("/sync/history", "/users/me/history"):
                assert [row["type"] for row in (await read(there, path, token)).json()] == [kind]
        assert (await read(there, "/users/ben/history")).status_code == 404
        assert (await read(there, "/users/anna/history")).status_code == 200
        assert (await read(there, "/users/settings", BENS)).json()["user"]["ids"] == {"slug": "ben"}

    in_house(tmp_path, steps)


def test_a_shared_token_that_nobody_owns_is_told_what_to_do_and_loses_nothing(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        for path in ("/sync/history", "/users/settings", "/sync/playback/1"):
            answer = await read(there, path, SHARED)
            assert answer.status_code == 403
            assert "scrobbled token create" in answer.headers["x-error-message"]
        assert (await ask(there, "/sync/ratings", {"movies": []}, SHARED)).status_code == 403
        add = await ask(there, "/sync/history", {"movies": [FILM_TOLD]}, SHARED)
        assert (add.status_code, add.json()["added"]) == (201, {"movies": 0, "episodes": 0})
        assert await events(there) == [("watched", "unclaimed")]

    in_house(tmp_path, steps, viewers=[{"name": "anna"}, {"name": "ben"}])


# Profile


def test_settings_have_what_clients_look_for(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        told = (await read(there, "/users/settings")).json()
        assert told["user"]["username"] == "anna"
        assert told["user"]["ids"]["slug"] == "anna"
        assert set(told) == {"user", "permissions", "account", "connections", "sharing_text", "limits"}
        assert set(told["account"]) >= {"timezone", "date_format", "time_24hr", "cover_image"}
        assert (await read(there, "/users/me")).json() == told["user"]

    in_house(tmp_path, steps)


def test_what_plays_is_told_until_it_must_have_ended(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        assert (await read(there, "/users/me/watching")).status_code == 204
        await ask(there, "/scrobble/start", {"movie": FILM_TOLD, "progress": 50})
        answer = await read(there, "/users/me/watching")
        assert answer.json() == {
            "expires_at": "2026-11-14T20:45:00.000Z",
            "started_at": "2026-11-14T20:00:00.000Z",
            "action": "scrobble",
            "type": "movie",
            "movie": FILM_TOLD,
        }
        await ask(there, "/scrobble/pause", {"movie": FILM_TOLD, "progress": 60})
        assert (await read(there, "/users/anna/watching")).status_code == 204
        await ask(there, "/scrobble/start", {"movie": FILM_TOLD, "progress": 60})
        there.clock.advance(3600)
        assert (await read(there, "/users/anna/watching")).status_code == 204

    in_house(tmp_path, steps)


# Activities


def test_activities_have_every_key_and_move_with_what_happens(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        first = (await read(there, "/sync/last_activities")).json()
        assert set(first) == {"all", *ACTIVITIES}
        assert {key: set(value) for key, value in first.items() if key != "all"} == {
            group: set(names.split()) for group, names in ACTIVITIES.items()
        }
        assert first["all"] == EPOCH
        await watched(there, TIDE, 500)
        there.clock.advance(0.25)
        await ask(there, "/scrobble/pause", {"movie": FILM_TOLD, "progress": 50})
        await ask(there, "/sync/ratings", {"shows": [{"ids": {"tvdb": 445566}, "rating": 8}]})
        told = (await read(there, "/sync/last_activities")).json()
        assert told["episodes"]["watched_at"] == "2026-11-14T20:00:00.000Z", "when it was added, not when it was seen"
        assert told["movies"]["paused_at"] == told["shows"]["rated_at"] == told["all"] == "2026-11-14T20:00:00.250Z"
        assert told["movies"]["watched_at"] == EPOCH

    in_house(tmp_path, steps)


# History


def test_history_is_told_as_trakt_does(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        film, tide = await watched(there, FILM, 5), await watched(there, TIDE, 0.26)
        unknown = await watched(there, FILM, None)
        answer = await read(there, "/sync/history")
        assert answer.headers["content-type"].startswith("application/json")
        assert pages(answer) == (1, 100, 1, 3)
        assert answer.json() == [
            {
                "id": tide,
                "watched_at": "2026-11-14T19:44:00.000Z",
                "action": "watch",
                "type": "episode",
                "episode": TIDE_TOLD,
                "show": HARBOUR_TOLD,
            },
            {
                "id": film,
                "watched_at": "2026-11-14T15:00:00.000Z",
                "action": "watch",
                "type": "movie",
                "movie": FILM_TOLD,
            },
            {"id": unknown, "watched_at": EPOCH, "action": "watch", "type": "movie", "movie": FILM_TOLD},
        ]

    in_house(tmp_path, steps)


def test_what_a_player_played_was_scrobbled(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        await ask(there, "/scrobble/stop", {"movie": FILM_TOLD, "progress": 95})
        (row,) = (await read(there, "/sync/history")).json()
        assert row["action"] == "scrobble"

    in_house(tmp_path, steps)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/sync/history/movies", ["movie", "movie"]),
        ("/sync/history/episodes", ["episode", "episode"]),
        ("/sync/history/shows/", ["episode", "episode"]),
        ("/sync/history/seasons", ["episode", "episode"]),
        ("/sync/history/movies/606060", ["movie"]),
        ("/sync/history/movies/tt9988776", ["movie"]),
        ("/sync/history/episodes/771234", ["episode"]),
        ("/sync/history/shows/181818", ["episode"]),
        ("/sync/history/episodes/606060", []),
        ("/sync/history/seasons/5", []),
        ("/sync/history/movies/nonsense", []),
        ("/sync/history?start_at=2026-11-14", ["movie", "episode"]),
        ("/sync/history?start_at=2026-11-13&end_at=2026-11-13", ["episode"]),
        ("/sync/history?end_at=2026-11-12T20:00:00.000Z", ["movie"]),
        ("/sync/history?start_at=2026-11-14T20:00:00%2B01:00", ["movie"]),
        ("/sync/history?start_at=2026-11-14T20:00:00+01:00", ["movie"]),
        (
            "/sync/history?start_at=yesterday&end_at=1&page=x&limit=-3&extended=full",
            ["movie", "episode", "episode", "movie"],
        ),
    ],
)
def test_history_is_narrowed_by_type_id_and_time(tmp_path: Path, path: str, found: list[str]) -> None:
    async def steps(there: House) -> None:
        await watched(there, FILM, 0)
        await watched(there, TIDE, 10)
        await watched(there, Episode("Port", 1, 1), 24)
        await watched(there, Movie("Other", 2000), 48)
        answer = await read(there, path)
        assert [row["type"] for row in answer.json()] == found
        assert pages(answer)[2:] == (1, len(found))

    in_house(tmp_path, steps)


@pytest.mark.parametrize(
    ("query", "told", "rows"),
    [
        ("", (1, 100, 1, 5), 5),
        ("?limit=2", (1, 2, 3, 5), 2),
        ("?limit=2&page=3", (3, 2, 3, 5), 1),
        ("?limit=2&page=4", (4, 2, 3, 5), 0),
        ("?limit=100000", (1, 250, 1, 5), 5),
        ("?page=0&limit=0", (1, 100, 1, 5), 5),
        ("?page=99999999999999999999", (1, 100, 1, 5), 5),
    ],
)
def test_pages_are_clamped_and_counted(tmp_path: Path, query: str, told: tuple[int, ...], rows: int) -> None:
    async def steps(there: House) -> None:
        for hours in range(5):
            await watched(there, FILM, hours)
        answer = await read(there, f"/sync/history{query}")
        assert (pages(answer), len(answer.json())) == (told, rows)
        head = await read(there, f"/sync/history{query}", method="HEAD")
        assert (pages(head), head.content) == (told, b"")

    in_house(tmp_path, steps)


def test_plays_are_added_to_the_history_as_webhooks_are(tmp_path: Path) -> None:
    body = {
        "movies": [
            {"ids": {"tmdb": 717171}, "title": "Salt Flats", "watched_at": "2026-05-02T21:05:30.000Z"},
            {"watched_at": "2026-05-02T21:05:00.000Z", "ids": {"tmdb": 0}},
        ],
        "shows": [
            {"title": "Harbour", "seasons": [{"number": 2, "episodes": [{"number": 4}, {"number": None}]}]},
            {"title": "All of it"},
        ],
        "seasons": [{"ids": {"trakt": 333444}}],
        "episodes": [{"ids": {"tvdb": "771234"}, "watched_at": "unknown"}],
    }

    async def steps(there: House) -> None:
        answer = await ask(there, "/sync/history", body)
        assert answer.status_code == 201
        assert answer.json() == {
            "added": {"movies": 1, "episodes": 2},
            "updated": {"movies": 0, "episodes": 0},
            "not_found": {
                "movies": [body["movies"][1]],
                "shows": [
                    {"title": "Harbour", "seasons": [{"number": 2, "episodes": [{"number": None}]}]},
                    {"title": "All of it"},
                ],
                "seasons": [{"ids": {"trakt": 333444}}],
                "episodes": [],
            },
        }
        assert len(await plays(there)) == 3
        again = await ask(there, "/sync/history", {"movies": body["movies"][:1]})
        assert again.json()["added"] == {"movies": 0, "episodes": 0}, "it is a play already"
        assert again.json()["updated"] == {"movies": 1, "episodes": 0}
        assert len(await plays(there)) == 3
        rows = (await read(there, "/sync/history")).json()
        assert [(row["type"], row["watched_at"], row["action"]) for row in rows] == [
            ("episode", "2026-11-14T20:00:00.000Z", "watch"),
            ("movie", "2026-05-02T21:05:00.000Z", "watch"),
            ("episode", EPOCH, "watch"),
        ]
        metrics = (await there.runtime.vitals.scrape()).decode()
        assert 'scrobbled_event_ack_seconds_count{source="trakt"} 2.0' in metrics

    in_house(tmp_path, steps)


def test_a_long_history_is_added_whole(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        movies = [{"title": f"Film {n}", "year": 2000, "watched_at": "2026-05-02T21:05:00Z"} for n in range(230)]
        answer = await ask(there, "/sync/history", {"movies": movies})
        assert answer.json()["added"] == {"movies": 230, "episodes": 0}
        assert pages(await read(there, "/sync/history?limit=250"))[3] == 230

    in_house(tmp_path, steps)


def test_nothing_is_removed_and_the_answer_says_so(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        play = await watched(there, FILM)
        body = {"movies": [{"ids": {"trakt": 606060}}], "ids": [play]}
        answer = await ask(there, "/sync/history/remove", body)
        assert (answer.status_code, answer.json()["deleted"]) == (200, {"movies": 0, "episodes": 0})
        assert answer.json()["not_found"]["ids"] == [play]
        assert answer.json()["not_found"]["movies"] == body["movies"]
        assert len((await read(there, "/sync/history")).json()) == 1

    in_house(tmp_path, steps)


# Watched


def test_watched_movies_and_episodes_are_told_as_trakt_does(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        for hours in (30, 5):
            await watched(there, FILM, hours)
        await watched(there, TIDE, 2)
        counts = {"plays": 2, "last_watched_at": "2026-11-14T15:00:00.000Z"}
        movies = await read(there, "/sync/watched/movies")
        assert movies.json() == [{**counts, "last_updated_at": "2026-11-14T20:00:00.000Z", "movie": FILM_TOLD}]
        assert pages(movies) == (1, 20_000, 1, 1)
        (row,) = (await read(there, "/sync/watched/episodes?limit=10")).json()
        assert (row["plays"], row["episode"], row["show"]) == (1, TIDE_TOLD, HARBOUR_TOLD)

    in_house(tmp_path, steps)


def test_seasons_of_watched_shows_come_only_when_asked_for(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        await watched(there, TIDE, 5)
        await watched(there, TIDE, 2)
        await watched(there, Episode("Harbour", 1, 1), 9)
        (plain,) = (await read(there, "/sync/watched/shows")).json()
        assert plain == {
            "plays": 3,
            "last_watched_at": "2026-11-14T18:00:00.000Z",
            "last_updated_at": "2026-11-14T20:00:00.000Z",
            "reset_at": None,
            "show": HARBOUR_TOLD,
        }
        answer = await read(there, "/sync/watched/shows?extended=progress&limit=250")
        assert pages(answer) == (1, 100, 1, 1)
        assert answer.json()[0]["seasons"] == [
            {"number": 1, "episodes": [{"number": 1, "plays": 1, "last_watched_at": "2026-11-14T11:00:00.000Z"}]},
            {"number": 2, "episodes": [{"number": 4, "plays": 2, "last_watched_at": "2026-11-14T18:00:00.000Z"}]},
        ]
        for path in ("/users/me/watched/shows?extended=full,progress", "/users/anna/watched/shows?extended=progress"):
            assert (await read(there, path)).json() == answer.json()

    in_house(tmp_path, steps)


def test_the_short_form_lists_every_play_by_trakts_own_ids(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        for item, hours in ((FILM, 9), (FILM, 5), (TIDE, 2), (Movie("Nameless", 2000), 1)):
            await watched(there, item, hours)
        plays = ["2026-11-14T15:00:00.000Z", "2026-11-14T11:00:00.000Z"]
        assert (await read(there, "/sync/watched/movies?extended=min")).json() == {"606060": plays}
        tide = {"771234": ["2026-11-14T18:00:00.000Z"]}
        assert (await read(there, "/sync/watched/episodes?extended=min")).json() == tide
        answer = await read(there, "/sync/watched/shows?extended=min")
        assert answer.json() == {"181818": {"2": tide}}
        assert pages(answer)[2:] == (1, 1)

    in_house(tmp_path, steps)


def test_a_play_is_in_the_library_however_long_the_way_there(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        for n in range(2 * works.STEP + 1):
            await watched(there, Movie(f"Film {n}", 2000), n)
        assert pages(await read(there, "/sync/watched/movies"))[3] == 2 * works.STEP + 1

    in_house(tmp_path, steps)


# Resume points


def test_resume_points_are_told_and_deleted(tmp_path: Path) -> None:
    async def steps(there: House) -> None:
        await ask(there, "/scrobble/pause", {"movie": FILM_TOLD, "progress": 42.7})
        there.clock.advance(60)
        await ask(there, "/scrobble/stop", {"episode": TIDE_TOLD, "show": HARBOUR_TOLD, "progress": 10})
        answer = await read(there, "/sync/playback")
        tide, film = answer.json()
        assert (tide["type"], tide["episode"], tide["show"]) == ("episode", TIDE_TOLD, HARBOUR_TOLD)
        assert film == {
            "id": film["id"],
            "progress": 42.7,
            "paused_at": "2026-11-14T20:00:00.000Z",
            "type": "movie",
            "movie": FILM_TOLD,
        }
        assert [row["type"] for row in (await read(there, "/sync/playback/movies")).json()] == ["movie"]
        assert [row["type"] for row in (await read(there, "/sync/playback/episodes?limit=1")).json()] == ["episode"]
        late = await read(there, "/sync/playback?start_at=2026-11-14T20:00:30Z")
        assert [row["type"] for row in late.json()] == ["episode"]
        gone = f"/sync/playback/{film['id']}"
        assert (await read(there, gone, BENS, method="DELETE")).status_code == 404
        assert (await read(there, gone, method="DELETE")).status_code == 204
        assert (await read(there, gone, method="DELETE")).status_code == 404
        await ask(there, "/scrobble/start", {"episode": TIDE_TOLD, "show": HARBOUR_TOLD, "progress": 10})
        assert (await read(there, "/sync/playback")).json() == []

    in_house(tmp_path, steps)


# Ratings


def test_ratings_are_kept_overwritten_and_taken_back(tmp_path: Path) -> None:
    show = {
        "title": "Harbour",
        "ids": {"tvdb": 445566},
        "rating": 7,
        "seasons": [{"number": 1, "rating": 9, "episodes": [{"number": 3, "rating": "10"}]}],
    }

    async def steps(there: House) -> None:
        rated = {"rating": 8, "rated_at": "2026-05-04T06:12:09.000Z", "ids": {"imdb": "tt9988776"}}
        answer = await ask(there, "/sync/ratings", {"movies": [rated], "shows": [show]})
        assert answer.status_code == 201
        assert answer.json()["added"] == {"movies": 1, "shows": 1, "seasons": 1, "episodes": 1}
        assert not any(answer.json()["not_found"].values())
        rows = {row["type"]: row for row in (await read(there, "/sync/ratings")).json()}
        assert {kind: row["rating"] for kind, row in rows.items()} == {
            "movie": 8,
            "show": 7,
            "season": 9,
            "episode": 10,
        }
        assert rows["movie"]["rated_at"] == "2026-05-04T06:12:09.000Z"
        assert (rows["season"]["season"]["number"], rows["season"]["show"]["title"]) == (1, "Harbour")
        assert (rows["episode"]["episode"]["season"], rows["episode"]["episode"]["number"]) == (1, 3)
        assert rows["show"]["show"]["ids"]["tvdb"] == 445566
        for path, kinds in (("episodes", ["episode"]), ("all/8,9", ["season", "movie"]), ("movies/7", [])):
            assert [row["type"] for row in (await read(there, f"/sync/ratings/{path}")).json()] == kinds
        assert len((await read(there, "/users/me/ratings/shows")).json()) == 1
        await ask(there, "/sync/ratings", {"movies": [{**rated, "rating": 3}], "shows": [{**show, "rating": 0}]})
        assert [row["rating"] for row in (await read(there, "/sync/ratings/movies")).json()] == [3]
        assert (await read(there, "/sync/ratings/shows")).json() == []
        gone = await ask(there, "/sync/ratings/remove", {"movies": [rated, {"ids": {"tmdb": 5}}]})
        assert (gone.status_code, gone.json()["deleted"]["movies"]) == (200, 1)
        assert gone.json()["not_found"]["movies"] == [{"ids": {"tmdb": 5}}]
        assert (await read(there, "/sync/ratings/movies")).json() == []

    in_house(tmp_path, steps)


@pytest.mark.parametrize("rating", [11, -1, 7.5, "good", True])
def test_a_rating_that_cannot_be_is_told_so(tmp_path: Path, rating: Any) -> None:
    async def steps(there: House) -> None:
        entry = {"title": "Salt Flats", "year": 2023, "rating": rating}
        answer = await ask(there, "/sync/ratings", {"movies": [entry]})
        assert answer.json()["not_found"]["movies"] == [entry] or rating in ("good", True)
        assert (await read(there, "/sync/ratings")).json() == []

    in_house(tmp_path, steps)


# What is not kept


@pytest.mark.parametrize(
    "path",
    [
        "/sync/collection/movies",
        "/sync/collection/shows?extended=metadata",
        "/sync/watchlist",
        "/sync/watchlist/shows/rank/asc",
        "/users/me/collection/movies",
        "/users/hidden/dropped?type=show",
    ],
)
def test_lists_that_are_not_kept_are_empty_and_one_page(tmp_path: Path, path: str) -> None:
    async def steps(there: House) -> None:
        answer = await read(there, path)
        assert (answer.status_code, answer.json()) == (200, [])
        assert pages(answer)[2:] == (1, 0)

    in_house(tmp_path, steps)


@pytest.mark.parametrize("path", ["/sync/collection", "/sync/watchlist", "/sync/collection/remove"])
def test_what_is_not_kept_comes_back_as_not_found(tmp_path: Path, path: str) -> None:
    async def steps(there: House) -> None:
        answer = await ask(there, path, {"movies": [FILM_TOLD]})
        assert answer.status_code == (200 if path.endswith("remove") else 201)
        assert answer.json()["not_found"]["movies"] == [FILM_TOLD]
        assert answer.json().get("added", {"movies": 0})["movies"] == 0

    in_house(tmp_path, steps)


# Nonsense


@pytest.mark.parametrize(
    "path",
    [
        "/sync",
        "/sync/",
        "/sync/nonsense",
        "/sync/watched",
        "/sync/watched/people",
        "/sync/history/people",
        "/sync/ratings/people",
        "/sync/playback/shows",
        "/users/likes",
        "/users/nobody",
        "/users/me/nonsense",
        "/users/me/playback/1",
        "/nonsense",
        "/movies/1",
    ],
)
def test_what_does_not_exist_is_404_without_a_body(tmp_path: Path, path: str) -> None:
    async def steps(there: House) -> None:
        answer = await read(there, path)
        assert (answer.status_code, answer.content) == (404, b"")

    in_house(tmp_path, steps)


@pytest.mark.parametrize("path", ["/sync/history", "/sync/ratings", "/sync/history/remove", "/sync/collection"])
@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        b"\xff",
        "",
        '{"movies": 5, "shows": [null, 7, {"seasons": [[]]}]}',
        '{"movies": [{"x": "\\ud800", "y": NaN, "z": 1e999, "ids": {"tmdb": 1e400}}], "ids": ["\\udfff"]}',
        '{"movies": [{"title": "\\ud800Salt", "rating": 5}]}',
    ],
)
def test_no_body_breaks_anything(tmp_path: Path, path: str, body: Any) -> None:
    async def steps(there: House) -> None:
        answer = await ask(there, path, body)
        assert answer.status_code in (200, 201, 400)

    in_house(tmp_path, steps)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["ids", "title", "year", "rating", "rated_at", "watched_at", "number", "season", "seasons", "episodes"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_no_query_and_no_body_ends_in_an_error_of_ours(tmp_path: Path) -> None:
    paths = st.sampled_from(
        ["/sync/history", "/sync/watched/shows", "/sync/playback", "/sync/ratings/all/x", "/users/me"]
    )
    queries = st.dictionaries(
        st.sampled_from(["page", "limit", "start_at", "end_at", "extended"]), st.text(max_size=12), max_size=4
    )
    lists = st.dictionaries(st.sampled_from(["movies", "shows", "seasons", "episodes", "ids"]), VALUES, max_size=3)

    async def steps(there: House) -> None:
        loop = asyncio.get_running_loop()

        @given(paths, queries, lists)
        def check(path: str, query: dict[str, str], body: dict[str, Any]) -> None:
            async def both() -> None:
                assert (await read(there, path, params=query)).status_code == 200
                for where in ("/sync/history", "/sync/ratings", "/sync/ratings/remove", "/sync/history/remove"):
                    assert (await ask(there, where, body)).status_code in (200, 201)

            asyncio.run_coroutine_threadsafe(both(), loop).result(30)

        await asyncio.to_thread(check)

    in_house(tmp_path, steps)

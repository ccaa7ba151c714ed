"""How a thing stands in a library, from all of its copies."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import IN_PART, Subject, ValueRecord
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.copies.records import copies_by_key, item_record, rating_record, subject_of, watched_record

EVENING = datetime(2026, 2, 24, 20, 0, tzinfo=UTC)
LATER = EVENING + timedelta(days=1)
FILM = Movie("Harbour", 2020, MovieIds(tmdb=9))


def copy(place: str = "m/1", item: Movie | Episode = FILM, **more: Any) -> LibraryEntry:
    return LibraryEntry(place, item.media, item, **more)


def test_copies_are_told_in_the_order_of_their_places() -> None:
    second, first, other = copy("m/2"), copy("m/1"), copy("m/3")
    held = copies_by_key({one.place: one for one in (second, first, other)}, {"m/1": "a", "m/2": "a", "m/3": "b"})
    assert held == {"a": [first, second], "b": [other]}


def test_a_subject_has_what_any_copy_knows_and_nothing_they_contradict_each_other_in() -> None:
    copies = [
        copy("m/1", Movie("Harbour", 2020, MovieIds(tmdb=9, imdb="tt1", plex="plex://movie/a"))),
        copy("m/2", Movie("Hafen", 2021, MovieIds(tmdb=9, tvdb=5, plex="plex://movie/b")), runtime=5400),
    ]
    assert subject_of("movie:tmdb:9", copies) == Subject(
        *("movie:tmdb:9", "movie", Movie("Harbour", 2020, MovieIds(tmdb=9, imdb="tt1", tvdb=5))),
        runtime=5400,
        places=("m/1", "m/2"),
    )


def test_the_ids_of_shows_are_put_together_too() -> None:
    one = Episode("H", 1, 2, show_ids=ShowIds(tmdb=1), ids=EpisodeIds(tvdb=3))
    other = Episode("H", 1, 2, show_ids=ShowIds(tmdb=1, tvdb=4), ids=EpisodeIds(tvdb=3, imdb="tt3"))
    found = subject_of("episode:tvdb:3", [copy("m/1", one), copy("m/2", other)]).item
    assert found == Episode("H", 1, 2, show_ids=ShowIds(tmdb=1, tvdb=4), ids=EpisodeIds(tvdb=3, imdb="tt3"))


def test_what_is_known_of_other_copies_stays() -> None:
    known = Subject("k", "movie", Movie("Harbour", 2020, MovieIds(imdb="tt1")), 5400, ("m/1", "n/4"))
    assert subject_of("k", [copy("m/1")], known) == Subject(
        "k", "movie", Movie("Harbour", 2020, MovieIds(tmdb=9, imdb="tt1")), 5400, ("m/1", "n/4")
    )


def test_what_nobody_watched_has_no_record_of_it() -> None:
    assert watched_record("k", [copy(viewed_at=EVENING, begun=True), copy("m/2")]) is None


@pytest.mark.parametrize(
    ("copies", "count", "begun", "at"),
    [
        ([copy(count=1)], 1, False, None),
        ([copy(count=7, viewed_at=EVENING)], 7, False, EVENING),
        ([copy(count=2, viewed_at=EVENING, begun=True)], 2, True, EVENING),
        ([copy(count=5, viewed_at=EVENING, begun=True), copy("m/2", count=1, viewed_at=LATER)], 5, False, LATER),
        ([copy(count=5), copy("m/2", count=1, viewed_at=EVENING, begun=True)], 5, True, EVENING),
        ([copy(count=1, viewed_at=EVENING), copy("m/2", viewed_at=LATER, begun=True)], 1, False, EVENING),
    ],
)
def test_it_is_watched_as_often_as_any_copy_says_and_when_the_last_one_was(
    copies: list[LibraryEntry], count: int, begun: bool, at: datetime | None
) -> None:
    for order in permutations(copies):
        found = watched_record("k", order)
        assert found is not None
        assert isinstance(found.value, dict)
        on = sorted(one.place for one in copies if one.count)
        assert {name: found.value[name] for name in ("count", "begun", "on")} == {
            "count": count,
            "begun": begun,
            "on": on,
        }
        assert found.at == at


def test_what_each_copy_says_is_told_where_several_were_watched() -> None:
    one, other = copy("m/2", count=5, viewed_at=EVENING, begun=True), copy("m/1", count=1, viewed_at=LATER)
    found = watched_record("k", [one, copy("m/3"), other])
    assert found is not None
    assert found.value == {
        "count": 5,
        "begun": False,
        "on": ["m/1", "m/2"],
        "each": [
            {"count": 1, "begun": False, "at": int(LATER.timestamp())},
            {"count": 5, "begun": True, "at": int(EVENING.timestamp())},
        ],
    }
    alone = watched_record("k", [one, copy("m/3")])
    assert alone is not None
    assert "each" not in alone.value  # type: ignore[operator]


def test_the_rating_is_that_of_the_copy_rated_last() -> None:
    early, late, bare = copy(rating=4, rated_at=EVENING), copy("m/2", rating=9, rated_at=LATER), copy("m/3", rating=1)
    for order in permutations([early, late, bare, copy("m/4", rated_at=LATER + timedelta(days=1))]):
        assert rating_record("k", order, LATER) == ValueRecord("k", 9, LATER, IN_PART, ("m/1", "m/2", "m/3"))
    assert rating_record("k", [bare], LATER) == ValueRecord("k", 1, None, places=("m/3",))
    assert rating_record("k", [copy(rated_at=EVENING)], LATER) is None


def test_nobody_rated_anything_after_the_moment_it_is_read() -> None:
    assert rating_record("k", [copy(rating=4, rated_at=LATER)], LATER) == ValueRecord("k", 4, LATER, places=("m/1",))
    assert rating_record("k", [copy(rating=4, rated_at=LATER)], EVENING) == ValueRecord("k", 4, None, places=("m/1",))


def test_an_item_says_where_somebody_stopped_who_never_watched_it() -> None:
    assert item_record("k", [copy(), copy("m/2", count=1)]) == ValueRecord("k", {})
    assert item_record("k", [copy(begun=True)]) == ValueRecord("k", {"resume": True})
    halfway = [copy(begun=True, viewed_at=EVENING), copy("m/2", begun=True, viewed_at=LATER)]
    assert item_record("k", halfway) == ValueRecord("k", {"resume": True, "resumed_at": int(LATER.timestamp())})
    assert item_record("k", [*halfway, copy("m/3", count=1)]) == ValueRecord("k", {}), "watched at another copy"


def test_an_item_says_in_which_libraries_it_is() -> None:
    copies = [copy(library="Films"), copy("m/2", library="4K", begun=True), copy("m/3", library="Films")]
    places = ("m/4K", "m/Films")
    assert item_record("k", copies) == ValueRecord("k", {"in": ["4K", "Films"], "resume": True}, places=places)

"""What rows of a library are about, by every form of guid, as servers of several versions write them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.naming.items import Episode, Movie
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.plex.codec import counted, instant, rating_of
from scrobbled.trackers.plex.entries import ShowNotes, entry_of
from scrobbled.trackers.plex.rows import EPISODE, MOVIE, SEASON, SHOW, ItemRow
from trackers.plex_rows import entries, rows, shows

AT = datetime(2026, 2, 24, 11, 0, 12, tzinfo=UTC)
LANTERN = {"imdb": "tt9100001", "tmdb": 910001, "tvdb": 51001, "plex": "plex://movie/5d776a1eaa11bb22cc33dd01"}


def ids(entry: LibraryEntry) -> dict[str, Any]:
    return entry.item.ids.known()


def show_ids(entry: LibraryEntry) -> dict[str, Any]:
    assert isinstance(entry.item, Episode)
    return entry.item.show_ids.known()


def places(entries: Sequence[LibraryEntry]) -> list[tuple[int | None, int | None, bool]]:
    return [(one.item.season, one.item.number, one.item.absolute) for one in entries if isinstance(one.item, Episode)]


def test_films_of_a_new_server_have_the_ids_in_their_list_of_guids() -> None:
    lantern, cut, rust, home, nfo = entries("movies-1.43", MOVIE)
    assert ids(lantern) == LANTERN
    assert ids(cut) == {**{k: v for k, v in LANTERN.items() if k != "tvdb"}}
    assert ids(rust) == {"plex": "plex://movie/5d776a1eaa11bb22cc33dd03"}
    assert ids(home) == {}
    assert ids(nfo) == {"tmdb": 910005}
    assert [one.place for one in (lantern, cut)] == ["m/101", "m/102"]
    assert lantern.item == Movie("The Last Lantern", 2021, lantern.item.ids)


def test_how_a_film_stands_is_read_with_it() -> None:
    lantern, cut, rust, home, nfo = entries("movies-1.43", MOVIE)
    assert (lantern.count, lantern.begun, lantern.viewed_at, lantern.runtime) == (2, False, AT, 5400)
    assert (lantern.rating, lantern.rated_at) == (8, datetime.fromtimestamp(1771931000, UTC))
    assert (cut.count, cut.begun, cut.viewed_at) == (0, True, datetime.fromtimestamp(1771940000, UTC))
    assert (rust.count, rust.viewed_at) == (1, None), "watched, and nobody knows when"
    assert (home.count, home.rating) == (0, None), "0 stands for no rating"
    assert (nfo.count, nfo.begun, nfo.viewed_at, nfo.rating) == (1, True, None, 10)


def test_films_of_legacy_agents_have_the_id_in_their_guid() -> None:
    found = entries("movies-1.16-legacy", MOVIE)
    assert [ids(one) for one in found] == [
        {"imdb": "tt9100001"},
        {"tmdb": 910003},
        {"tmdb": 910005},
        {},
        {"imdb": "tt9100009"},
    ]
    assert (found[0].place, found[0].count, found[0].viewed_at) == ("m/201", 3, AT), "numbers as texts, keys as numbers"
    assert found[3].viewed_at is None


def test_episodes_have_ids_of_their_own_and_those_of_their_show_from_its_row() -> None:
    landfall, special, ferry, daily = entries("episodes-1.43", EPISODE)
    show = {"imdb": "tt9440011", "tmdb": 717171, "tvdb": 440011, "plex": "plex://show/5d9c07a1e264b7001fc4a300"}
    assert ids(landfall) == {
        "imdb": "tt9440101",
        "tmdb": 7171001,
        "tvdb": 8800001,
        "plex": "plex://episode/5d9c07a1e264b7001fc4b301",
    }
    assert show_ids(landfall) == show_ids(special) == show
    assert ids(special) == {"tvdb": 8800002, "plex": "plex://episode/5d9c07a1e264b7001fc4b302"}
    assert show_ids(ferry) == {"tvdb": 440012, "plex": "plex://show/5d9c07a1e264b7001fc4a310"}
    assert ids(daily) == {"tmdb": 7171099, "plex": "plex://episode/5d9c07a1e264b7001fc4b312"}
    assert places([landfall, special, ferry, daily]) == [(1, 1, False), (0, 5, False), (1, 1, False), (2, None, False)]
    assert landfall.item == Episode(
        *("Harbour Lights", 1, 1, "Landfall", 2023),
        show_ids=landfall.item.show_ids,
        ids=landfall.item.ids,
        air_date=date(2024, 11, 3),
    )


def test_what_is_said_of_a_show_lies_in_memory_once() -> None:
    known: ShowNotes = shows()
    first, second = (entry_of(row, EPISODE, "m", known) for row in rows("episodes-1.43", ItemRow)[:2])
    assert first.item.show_ids is second.item.show_ids is known["300"].ids


def test_episodes_of_legacy_agents_are_told_by_the_numbers_of_that_agent() -> None:
    found = entries("episodes-1.16-legacy", EPISODE)
    assert [show_ids(one) for one in found] == [
        {"tvdb": 440011},
        {"tvdb": 440011},
        {"tvdb": 440011},
        {"anidb": 14111},
        {"tmdb": 717171},
        {"tvdb": 440011},
        {},
        {},
        {"tvdb": 440011, "plex": "plex://show/5d9c07a1e264b7001fc4a400"},
    ]
    assert all(ids(one) == {} for one in found), "their guids name the show"
    assert places(found) == [
        (2, 4, False),
        (None, None, False),  # order of the discs
        (1, 133, True),
        (1, 7, True),
        (1, 2, False),
        (3, 1, False),
        (1, 1, False),
        (1, 9, True),
        (None, None, False),  # no numbers at all
    ]


def test_a_season_is_of_its_show() -> None:
    (specials,) = entries("seasons-1.43", SEASON)
    assert (specials.scope, specials.rating, places([specials])) == ("season", 7, [(0, None, False)])
    assert show_ids(specials)["tmdb"] == 717171
    (show, _) = entries("shows-1.43", SHOW)
    assert (show.scope, show.rating, show_ids(show)["imdb"]) == ("show", 8, "tt9440011")


def row(**values: Any) -> ItemRow:
    return replace(rows("movies-1.43", ItemRow)[0], **values)


@pytest.mark.parametrize(
    "values",
    [
        {"rating_key": None},
        {"rating_key": "101/children"},
        {"type": "clip"},
        {"type": None},
        {"view_count": "often"},
        {"view_offset": "middle"},
        {"user_rating": "good"},
    ],
)
def test_a_row_that_cannot_be_read_is_none(values: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        entry_of(row(**values), MOVIE, "m", {})


def test_a_season_without_a_number_cannot_be_told() -> None:
    with pytest.raises(Malformed):
        entry_of(replace(rows("seasons-1.43", ItemRow)[0], index=None), SEASON, "m", {})


@pytest.mark.parametrize("value", [None, 0, "0", "", -1, -62135596800, 10**30, 1.7e308, float("nan"), True, "never"])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert instant(value) is None


@pytest.mark.parametrize(("value", "year"), [(1, 1970), ("1771930812", 2026), (253_402_300_799, 9999), (1.5, 1970)])
def test_every_other_time_is_told_as_it_is(value: Any, year: int) -> None:
    at = instant(value)
    assert at is not None
    assert (at.year, at.tzinfo) == (year, UTC)


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        *((None, None), (0, None), (0.0, None), (-1, None), ("", None)),
        *(
            (0.2, 1),
            (0.5, 1),
            (1, 1),
            (6.49, 6),
            (6.5, 7),
            (7.5, 8),
            ("7.5", 8),
            (8.0, 8),
            (9.5, 10),
            (10, 10),
            (11, 10),
        ),
    ],
)
def test_halves_are_rounded_up_and_nothing_is_no_rating(value: Any, rating: int | None) -> None:
    assert rating_of(value) == rating


@pytest.mark.parametrize("stars", range(1, 11))
def test_a_rating_of_a_tracker_comes_back_as_it_was_given(stars: int) -> None:
    assert rating_of(float(stars)) == stars


@pytest.mark.parametrize(("value", "count"), [(None, 0), ("", 0), (0, 0), (3, 3), ("3", 3), (-2, 0), (2.9, 2)])
def test_a_count_is_never_below_nothing(value: Any, count: int) -> None:
    assert counted(value) == count

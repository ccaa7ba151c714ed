"""Trakt's data export, in every shape it was seen in, and damaged in every way that a download can be."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from import_files import HARBOUR, NOW, SALT_FLATS, archive, episode, told, watched, watched_film, when, written

from scrobbled.core.errors import BadFile
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import DatePrecision
from scrobbled.trackers.files import members, read_file
from scrobbled.trackers.files.parsed import Parsed

EVENING = "2026-05-03T20:31:00.000Z"


def read(path: Path, files: dict[str, Any]) -> Parsed:
    return read_file(archive(path / "export.zip", files), NOW)


def test_history_and_ratings_of_every_kind_are_taken(tmp_path: Path) -> None:
    rated = {"rated_at": "2026-05-04T09:00:00.000Z", "rating": 8}
    parsed = read(
        tmp_path,
        {
            "watched-history-1.json": [watched(2, EVENING, 1, 4), watched_film(1, "2026-05-02T21:05:00.000Z")],
            "ratings-movies.json": [{**rated, "type": "movie", "movie": SALT_FLATS}],
            "ratings-shows.json": [{**rated, "rating": 9, "type": "show", "show": HARBOUR}],
            "ratings-seasons.json": [{**rated, "type": "season", "season": {"number": 1, "ids": {}}, "show": HARBOUR}],
            "ratings-episodes-1.json": [{**rated, "type": "episode", "episode": episode(1, 4), "show": HARBOUR}],
            "lists-watchlist.json": [{"listed_at": EVENING, "type": "movie", "movie": {"title": "Unseen"}}],
            "watched-playback.json": [{"paused_at": EVENING, "type": "movie", "movie": {"title": "Half Seen"}}],
            "user-profile.json": {"username": "anna"},
        },
    )
    assert told(parsed) == [
        ("Harbour S1 E4 Neap", "2026-05-03 20:31:00 exact"),
        ("Salt Flats (2023)", "2026-05-02 21:05:00 exact"),
    ]
    assert {rating.key: rating.value for rating in parsed.ratings} == {
        "movie:tmdb:717171": 8,
        "show:202020": 9,
        "season:202020:1": 8,
        "episode:202020:1:4": 8,
    }
    assert parsed.format == "Trakt export"
    assert not parsed.skipped
    assert not parsed.troubles


def test_every_id_is_kept_in_its_space(tmp_path: Path) -> None:
    row = watched(1, EVENING, 1, 4, episode=episode(1, 4, ids={"trakt": 7, "tvdb": 8, "imdb": "TT9", "tmdb": 0}))
    parsed = read(tmp_path, {"watched-history.json": [row, watched_film(2, EVENING)]})
    item, film = (parsed.subjects[play.key].item for play in parsed.plays)
    assert isinstance(item, Episode)
    assert item.show_ids.known() == {"imdb": "tt11223344", "tmdb": 202020, "tvdb": 445566, "trakt": 181818}
    assert item.ids.known() == {"imdb": "tt9", "tvdb": 8, "trakt": 7}
    assert isinstance(film, Movie)
    assert film.ids.known() == {"imdb": "tt9988776", "tmdb": 717171, "trakt": 606060}


@pytest.mark.parametrize(
    "names",
    [
        ("watched-history.json", "ratings-shows.json"),
        ("trakt-export/watched-history-1.json", "trakt-export/ratings-shows-1.json"),
        ("watched/watched-history-1.json", "ratings/ratings-shows.json"),
        ("history_episodes.json", "ratings_shows.json"),
        ("anna\\history.json", "anna\\ratings.json"),
    ],
)
def test_a_file_counts_by_its_name_wherever_it_lies(tmp_path: Path, names: tuple[str, str]) -> None:
    rated = {"rated_at": EVENING, "rating": 9, "type": "show", "show": HARBOUR}
    parsed = read(tmp_path, {names[0]: [watched(1, EVENING, 1, 1)], names[1]: [rated]})
    assert (len(parsed.plays), len(parsed.ratings)) == (1, 1)


def test_pages_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    pages = {f"watched-history-{page}.json": [watched(page, EVENING, 1, page)] for page in (10, 2, 1)}
    parsed = read(tmp_path, pages)
    assert [label for label, _ in told(parsed)] == ["Harbour S1 E1 Neap", "Harbour S1 E2 Neap", "Harbour S1 E10 Neap"]


def test_a_row_on_two_pages_is_one_play_and_counted(tmp_path: Path) -> None:
    row = watched(7, "1970-01-01T00:00:00.000Z", 1, 1)
    parsed = read(tmp_path, {"watched-history-1.json": [row], "watched-history-2.json": [row]})
    assert len(parsed.plays) == 1
    assert parsed.skipped == {"the same play a second time (watched-history-2.json entry 1)": 1}


def test_two_plays_of_one_minute_are_one_viewing_and_two_of_one_evening_are_two(tmp_path: Path) -> None:
    rows = [watched(1, EVENING, 1, 1), watched(2, EVENING, 1, 1), watched(3, "2026-05-03T21:31:00.000Z", 1, 1)]
    assert len(read(tmp_path, {"watched-history-1.json": rows}).plays) == 2


def test_the_epoch_means_that_nobody_knows_when(tmp_path: Path) -> None:
    rows = [watched(1, "1970-01-01T00:00:00.000Z", 1, 1), watched(2, None, 1, 2)]
    parsed = read(tmp_path, {"watched-history-1.json": rows})
    assert [when(play) for play in parsed.plays] == ["- none", "- none"]


def test_a_broken_page_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        {
            "watched-history-1.json": [watched(1, EVENING, 1, 1)],
            "watched-history-2.json": b'[{"id": 2, "watched_at": "2026-05-0',
            "watched-history-3.json": {"error": "no list"},
        },
    )
    assert len(parsed.plays) == 1
    assert [sentence.partition(": it")[0] for sentence in parsed.troubles] == [
        "watched-history-2.json was left out",
        "watched-history-3.json was left out",
    ]


def test_what_trakt_could_not_export_is_told(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        {
            "watched-history-1.json": [watched(1, EVENING, 1, 1)],
            "_errors.json": [
                {"endpoint": "users/me/stats", "error": "x"},
                {"endpoint": "sync/ratings/episodes", "error": "x"},
            ],
        },
    )
    assert parsed.troubles == ("Trakt could not put sync/ratings/episodes into this export. Ask it for another one.",)


def test_rows_that_make_no_play_are_counted_with_their_places(tmp_path: Path) -> None:
    rows: list[Any] = [
        watched(1, EVENING, 1, 1),
        7,
        {"id": 8, "watched_at": EVENING, "type": "episode", "episode": {}, "show": {}},
        {"id": 9, "watched_at": EVENING, "type": "show", "show": HARBOUR},
        watched(10, "yesterday", 1, 1),
        watched(11, "2031-01-01T00:00:00.000Z", 1, 1),
        {
            "id": 12,
            "watched_at": EVENING,
            "type": "episode",
            "episode": {"season": "S01", "number": 1},
            "show": HARBOUR,
        },
    ]
    parsed = read(tmp_path, {"watched-history-1.json": rows})
    assert len(parsed.plays) == 1
    assert {reason.partition(" (")[0]: count for reason, count in parsed.skipped.items()} == {
        "an entry that cannot be read": 1,
        "an episode without show, number and id": 1,
        "a whole show or season, without an episode": 1,
        "a date that cannot be read; write it like 2026-05-03T20:31:00Z": 1,
        "a date in the future": 1,
        "a season or episode that is no number": 1,
    }


def test_only_the_first_places_of_a_reason_are_named(tmp_path: Path) -> None:
    rows: list[Any] = [watched(1, EVENING, 1, 1), *([7] * 9)]
    (reason, count), *_ = read(tmp_path, {"watched-history-1.json": rows}).skipped.items()
    assert count == 9
    assert reason.endswith("entry 5, watched-history-1.json entry 6, …)")


def test_specials_and_episode_zero_have_keys_of_their_own(tmp_path: Path) -> None:
    rows = [watched(1, EVENING, 0, 3), watched(2, EVENING, 1, 0)]
    parsed = read(tmp_path, {"watched-history-1.json": rows})
    assert [play.key for play in parsed.plays] == ["episode:tmdb:202020:0:3", "episode:202020:1:0"]


def test_without_a_history_the_last_plays_are_taken_and_the_earlier_ones_counted(tmp_path: Path) -> None:
    seasons = [
        {
            "number": 2,
            "episodes": [
                {"number": 1, "plays": 3, "last_watched_at": EVENING},
                {"number": "?", "plays": 1},
                {"number": 2, "plays": 1, "last_watched_at": EVENING},
            ],
        }
    ]
    parsed = read(
        tmp_path,
        {
            "watched-movies-1.json": [{"plays": 1, "last_watched_at": EVENING, "movie": SALT_FLATS}],
            "watched-shows.json": [{"plays": 5, "last_watched_at": EVENING, "show": HARBOUR, "seasons": seasons}],
        },
    )
    assert {label for label, _ in told(parsed)} == {"Salt Flats (2023)", "Harbour S2 E1", "Harbour S2 E2"}
    assert parsed.skipped == {
        "earlier plays, of which the file tells no date (watched-shows.json entry 1)": 1,
        "a season or episode that is no number (watched-shows.json entry 1)": 1,
    }


def test_the_listing_without_single_plays_adds_nothing_to_a_history(tmp_path: Path) -> None:
    films = [{"plays": 2, "last_watched_at": EVENING, "movie": SALT_FLATS}]
    parsed = read(tmp_path, {"watched-history-1.json": [watched(1, EVENING, 1, 1)], "watched-movies-1.json": films})
    assert len(parsed.plays) == 1


def test_an_unpacked_export_and_a_single_file_of_it_are_read_too(tmp_path: Path) -> None:
    folder = tmp_path / "trakt"
    archive(tmp_path / "e.zip", {"watched-history-1.json": [watched(1, EVENING, 1, 1)], "ratings-shows.json": []})
    with zipfile.ZipFile(tmp_path / "e.zip") as packed:
        packed.extractall(folder)
    assert len(read_file(folder, NOW).plays) == 1
    alone = written(tmp_path / "my plays.json", (folder / "watched-history-1.json").read_bytes())
    assert len(read_file(alone, NOW).plays) == 1


def test_the_same_content_gives_the_same_records_in_another_order_of_files_too(tmp_path: Path) -> None:
    first, second = (
        [watched(1, EVENING, 1, 1)],
        [watched(2, "2026-05-04T20:31:00.000Z", 1, 1), watched_film(3, EVENING)],
    )
    one = read(tmp_path, {"watched-history-1.json": first, "watched-history-2.json": second})
    other = read(tmp_path, {"watched-history-2.json": first, "watched-history-1.json": second})
    assert {play.id for play in one.plays} == {play.id for play in other.plays}
    assert len({play.id for play in one.plays}) == 3


def test_the_newest_of_two_ratings_counts(tmp_path: Path) -> None:
    rows = [
        {"rated_at": f"2026-05-0{day}T09:00:00.000Z", "rating": value, "type": "movie", "movie": SALT_FLATS}
        for day, value in ((4, 6), (7, 9), (5, 3))
    ]
    (rating,) = read(tmp_path, {"ratings-movies.json": rows}).ratings
    assert rating.value == 9


def test_ratings_that_are_none_are_counted(tmp_path: Path) -> None:
    rows = [{"rating": value, "type": "movie", "movie": SALT_FLATS} for value in (8, 0, 11, "x")]
    parsed = read(tmp_path, {"ratings-movies.json": rows})
    assert [rating.value for rating in parsed.ratings] == [8]
    assert sum(parsed.skipped.values()) == 3


def test_the_runtime_is_told_in_seconds_where_there_is_one(tmp_path: Path) -> None:
    row = watched(1, EVENING, 1, 1, episode={**episode(1, 1), "runtime": 42})
    parsed = read(tmp_path, {"watched-history-1.json": [row]})
    assert [subject.runtime for subject in parsed.subjects.values()] == [42 * 60]


# What is no export


def test_an_archive_without_anything_of_trakt_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="neither the files of Trakt's export nor tables"):
        read(tmp_path, {"holiday.jpg": b"\xff\xd8", "notes.json": {}, "more.json": {}})


def test_an_export_of_an_empty_account_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no history and no rating.*trakt\.tv, Settings, Data"):
        read(tmp_path, {"watched-history-1.json": [], "ratings-shows.json": []})


def test_half_a_download_says_what_to_do(tmp_path: Path) -> None:
    whole = archive(tmp_path / "export.zip", {"watched-history-1.json": [watched(1, EVENING, 1, 1)] * 50})
    part = written(tmp_path / "part.zip", whole.read_bytes()[:-40])
    with pytest.raises(BadFile, match=r"damaged or incomplete zip archive.*Download it again"):
        read_file(part, NOW)


def test_no_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"There is no file .*nowhere\.zip"):
        read_file(tmp_path / "nowhere.zip", NOW)


def test_a_member_that_bursts_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bomb = b"[" + b" " * (8 * 2**20) + b"]"
    with pytest.raises(BadFile, match="far more than any export holds"):
        read(tmp_path, {"watched-history-1.json": bomb})


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_MEMBERS", 3)
    with pytest.raises(BadFile, match="more than 3 files"):
        read(tmp_path, {f"watched-history-{page}.json": [] for page in range(1, 5)})


def test_more_than_any_export_holds_is_refused_by_what_the_archive_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAX_TOTAL", 100)
    with pytest.raises(BadFile, match="nothing of it was read"):
        read(tmp_path, {"watched-history-1.json": [watched(1, EVENING, 1, 1)]})


def test_names_that_lead_elsewhere_are_only_names(tmp_path: Path) -> None:
    parsed = read(tmp_path, {"../../../etc/watched-history-1.json": [watched(1, EVENING, 1, 1)]})
    assert len(parsed.plays) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["export.zip"]


def test_copies_that_a_mac_adds_are_left_out(tmp_path: Path) -> None:
    files = {"watched-history-1.json": [watched(1, EVENING, 1, 1)], "__MACOSX/._watched-history-1.json": b"\0\5"}
    assert read(tmp_path, files).troubles == ()


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip", {"watched-history-1.json": [watched(1, EVENING, 1, 1)]})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(BadFile, match=r"watched-history-1\.json.* encrypted"):
        read_file(written(tmp_path / "locked.zip", bytes(content)), NOW)


def test_a_member_with_a_wrong_checksum_is_named(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "export.zip",
        {"watched-history-1.json": [watched(1, EVENING, 1, 1)], "ratings-movies.json": [{"rating": 1}]},
        method=zipfile.ZIP_STORED,
    )
    content = path.read_bytes().replace(b'"Neap"', b'"Ebb!"', 1)
    with pytest.raises(BadFile, match=r"watched-history-1\.json was left out: it is damaged"):
        read_file(written(tmp_path / "bent.zip", content), NOW)


def test_every_kept_time_is_one_a_comparison_knows(tmp_path: Path) -> None:
    rows = [watched(1, EVENING, 1, 1), watched(2, None, 1, 2), watched(3, "2026-05-03", 1, 3)]
    parsed = read(tmp_path, {"watched-history-1.json": rows})
    assert [play.kept for play in parsed.plays] == [DatePrecision.EXACT, DatePrecision.NONE, DatePrecision.DAY]

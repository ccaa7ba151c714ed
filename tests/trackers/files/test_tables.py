"""Histories as CSV: what people write by hand, and what other programs hand out."""

from pathlib import Path

import pytest
from import_files import NOW, archive, table, told, when, written

from scrobbled.core.errors import BadFile
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import DatePrecision
from scrobbled.trackers.files import read_file
from scrobbled.trackers.files.parsed import Parsed


def shows(parsed: Parsed) -> list[dict[str, int | str]]:
    items = (subject.item for subject in parsed.subjects.values())
    return [item.show_ids.known() for item in items if isinstance(item, Episode)]


# Any table


def test_columns_go_by_their_names_in_any_order_and_case(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "Notes,Episode,SEASON,Show,Watched At,TMDB ID,Rating",
        "good,4,2,Harbour,2026-05-03T20:31:00Z,202020,8",
        ",5,2,Harbour,2026-05-03T22:31:00+02:00,202020,",
    )
    assert told(parsed) == [
        ("Harbour S2 E4", "2026-05-03 20:31:00 exact"),
        ("Harbour S2 E5", "2026-05-03 20:31:00 exact"),
    ]
    assert [(rating.key, rating.value) for rating in parsed.ratings] == [("episode:202020:2:4", 8)]
    assert shows(parsed) == [{"tmdb": 202020}] * 2


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("series_name,season_no,episode_no,date_watched", "Harbour,2,4,2026-05-03T20:31:00Z"),
        ("tvShow,seasonNumber,episodeNumber,watchedAt", "Harbour,2,4,2026-05-03T20:31:00Z"),
        ("Series Title,Season,Ep,Seen Date", "Harbour (2024),2,4,1777840260"),
        ("title,season,episode,timestamp", "Harbour,02,04,1777840260000"),
        ("show;episode;date", "Harbour;S02E04;2026-05-03 20:31:00 UTC"),
        ("show\tepisode\tdate", "Harbour\t2x04\t2026/05/03 20:31:00Z"),
    ],
)
def test_many_names_and_separators_mean_the_same(tmp_path: Path, header: str, row: str) -> None:
    assert told(table(tmp_path, header, row)) == [("Harbour S2 E4", "2026-05-03 20:31:00 exact")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-03", "2026-05-03 12:00:00 day"),
        ("3.5.2026", "2026-05-03 12:00:00 day"),
        ("2026/5/3", "2026-05-03 12:00:00 day"),
        ("25/05/2026", "2026-05-25 12:00:00 day"),
        ("05/25/2026", "2026-05-25 12:00:00 day"),
        ("2026-05-03 20:31:00", "2026-05-03 20:31:00 day"),
        ("2026-05-03T20:31:00.123456Z", "2026-05-03 20:31:00 exact"),
        ("2026-05-03T23:30:00-05:00", "2026-05-04 04:30:00 exact"),
        ("", "- none"),
        ("unknown", "- none"),
        ("1970-01-01 00:00:00", "- none"),
    ],
)
def test_a_date_is_worth_as_much_as_it_says(tmp_path: Path, text: str, expected: str) -> None:
    parsed = table(tmp_path, "show,season,episode,watched_at", f"Harbour,1,1,{text}")
    assert [when(play) for play in parsed.plays] == [expected]


def test_a_date_that_can_be_read_in_two_ways_is_not_guessed(tmp_path: Path) -> None:
    parsed = table(tmp_path, "show,season,episode,date", "Harbour,1,1,2026-05-03", "Harbour,1,2,03/04/2026")
    assert len(parsed.plays) == 1
    assert list(parsed.skipped) == [
        "a date that can be read in two ways, like 03/04/2026; write it like 2026-04-03 (history.csv line 3)"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    text = "show;season;episode;watched_at\r\nÉté à la mer;1;1;2026-05-03\r\n" + "Été à la mer;1;2;2026-05-04\r\n" * 3
    parsed = read_file(written(tmp_path / "history.csv", text.encode(encoding)), NOW)
    assert {label for label, _ in told(parsed)} == {"Été à la mer S1 E1", "Été à la mer S1 E2"}


def test_two_viewings_of_one_day_without_a_time_are_two(tmp_path: Path) -> None:
    row = "Harbour,1,1,2026-05-03"
    parsed = table(tmp_path, "show,season,episode,date", row, row)
    assert len({play.id for play in parsed.plays}) == 2


def test_one_viewing_told_twice_to_the_second_is_one(tmp_path: Path) -> None:
    row = "Harbour,1,1,2026-05-03T20:31:00Z"
    parsed = table(tmp_path, "show,season,episode,date", row, row)
    assert len(parsed.plays) == 1
    assert parsed.skipped == {"the same play a second time (history.csv line 3)": 1}


def test_what_was_only_written_down_at_a_time_was_watched_around_that_day(tmp_path: Path) -> None:
    parsed = table(tmp_path, "show,season,episode,created_at", "Harbour,1,1,2026-05-03T20:31:00Z")
    assert [(play.kept, play.made_at == play.at) for play in parsed.plays] == [(DatePrecision.DAY, True)]


def test_films_shows_seasons_and_episodes_stand_in_one_table(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "type,title,year,season_number,episode_number,episode_title,watched_at,rating,rated_at,imdb_id,tmdb_id",
        "movie,Salt Flats,2023,,,,2026-05-02T21:05:00Z,7,2026-05-03T09:00:00Z,tt9988776,717171",
        "episode,Harbour,2024,2,4,Neap,2026-05-03T20:31:00Z,,,tt11223344,202020",
        "season,Harbour,2024,2,,,,9,2026-05-04T09:00:00Z,,202020",
        "show,Harbour,2024,,,,,10,2026-05-04T09:00:00Z,,202020",
        "show,Harbour,2024,,,,2026-05-04T09:00:00Z,,,,202020",
        "podcast,Tides,2024,1,1,,2026-05-04T09:00:00Z,,,,",
    )
    assert [label for label, _ in told(parsed)] == ["Salt Flats (2023)", "Harbour S2 E4 Neap"]
    assert {rating.key: rating.value for rating in parsed.ratings} == {
        "movie:tmdb:717171": 7,
        "season:202020:2": 9,
        "show:202020": 10,
    }
    assert sorted(parsed.skipped) == [
        "a whole show or season, without an episode (history.csv line 6)",
        "neither film, show, season nor episode (history.csv line 7)",
    ]


def test_ids_of_an_episode_are_told_from_those_of_its_show(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "type,title,season_number,episode_number,tmdb_id,episode_tmdb_id,watched_at",
        "episode,Harbour,2,4,202020,3344,2026-05-03",
    )
    (subject,) = parsed.subjects.values()
    assert isinstance(subject.item, Episode)
    assert (subject.item.show_ids.tmdb, subject.item.ids.tmdb) == (202020, 3344)


def test_a_plain_id_is_the_episodes_where_the_show_has_one_of_its_own(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "series_tvdb_id,title,season,episode,tvdb_id,is_watched,watched_at",
        "445566,Harbour,2,4,9001,true,2026-05-03 20:31:00",
        "445566,Harbour,2,5,9002,false,",
    )
    (subject,) = parsed.subjects.values()
    assert isinstance(subject.item, Episode)
    assert (subject.item.show_ids.tvdb, subject.item.ids.tvdb, subject.item.show_title) == (445566, 9001, "Harbour")


def test_an_id_that_changes_with_every_episode_is_never_taken_for_the_show(tmp_path: Path) -> None:
    rows = (
        f"{show},1,{number},{base + number},2026-05-03"
        for show, base in (("Harbour", 500), ("Tides", 900))
        for number in (1, 2)
    )
    parsed = table(tmp_path, "show,season,episode,tmdb_id,date", *rows)
    items = [subject.item for subject in parsed.subjects.values()]
    assert all(isinstance(item, Episode) and not item.show_ids for item in items)
    assert [item.ids.tmdb for item in items] == [501, 502, 901, 902]


def test_without_ids_titles_and_numbers_make_the_key(tmp_path: Path) -> None:
    parsed = table(
        tmp_path, "show,season,episode,date", "Harbour (2024),1,1,2026-05-03", "HARBOUR (2024),1,1,2026-05-04"
    )
    assert {play.key for play in parsed.plays} == {"episode:title:harbour:2024:1:1"}


def test_a_table_of_ratings_tells_of_no_plays(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating,Year",
        "tt9988776,8,2026-05-03,Salt Flats,https://example.org,Movie,7.1,2023",
        "tt11223344,9,2026-05-04,Harbour,https://example.org,TV Series,8.0,2024",
    )
    assert not parsed.plays
    assert [(rating.value, rating.at is not None) for rating in parsed.ratings] == [(8, True), (9, True)]
    film = parsed.subjects["movie:imdb:tt9988776"].item
    assert isinstance(film, Movie)


def test_what_is_only_planned_or_not_seen_is_left_out(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "media_type,title,season_number,episode_number,status,end_date",
        "episode,Harbour,1,1,Completed,2026-05-03",
        "episode,Harbour,1,2,Planning,",
    )
    assert len(parsed.plays) == 1


def test_a_rewatch_is_one_where_the_table_says_so(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "show,season,episode,date,rewatch",
        "Harbour,1,1,2026-05-03,No",
        "Harbour,1,1,2026-06-03,Yes",
        "Harbour,1,2,2026-06-03,",
    )
    assert [play.rewatch for play in parsed.plays] == [False, True, None]


def test_letterboxd_stars_are_doubled_and_the_day_of_watching_counts(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date",
        "2026-05-05,Salt Flats,2023,https://example.org/a,3.5,,,2026-05-03",
    )
    assert told(parsed) == [("Salt Flats (2023)", "2026-05-03 12:00:00 day")]
    assert [rating.value for rating in parsed.ratings] == [7]


def test_a_review_over_many_lines_is_one_row(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        "show,season,episode,review,date",
        'Harbour,1,1,"Good,\nvery ""good""\n",2026-05-03',
        "Harbour,1,2,,2026-05-04",
    )
    assert len(parsed.plays) == 2


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line_only(tmp_path: Path) -> None:
    rows = [f"Harbour,1,{number},,2026-05-03" for number in range(1, 400)]
    rows[100] = 'Harbour,1,101,"oh,2026-05-03'
    parsed = table(tmp_path, "show,season,episode,review,date", *rows)
    assert len(parsed.plays) == 398
    assert parsed.skipped == {"a line with quotation marks out of place (history.csv line 102)": 1}


def test_short_rows_long_rows_and_blank_lines_are_no_trouble(tmp_path: Path) -> None:
    parsed = table(tmp_path, "", "show,season,episode,date", "Harbour,1,1", "", "Harbour,1,2,2026-05-03,more,of,it")
    assert [play.kept for play in parsed.plays] == [DatePrecision.NONE, DatePrecision.DAY]


@pytest.mark.parametrize(
    ("header", "advice"),
    [
        ("first,second,third", "Its columns are first, second, third. Name them show"),
        ("rank,listed_at,type,title,year", "says nothing of what was watched"),
        ("name,showId,dateAdded,rating", "export the diary with all its fields"),
        ("Date,Name,Year,Letterboxd URI", "import diary.csv of the same export"),
    ],
)
def test_a_table_that_cannot_be_a_history_says_what_to_do(tmp_path: Path, header: str, advice: str) -> None:
    with pytest.raises(BadFile, match=advice):
        table(tmp_path, header, *["1,2,3,4"] * 2)


def test_a_table_without_a_usable_row_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"1 rows: a date that cannot be read.*line 2"):
        table(tmp_path, "show,season,episode,date", "Harbour,1,1,soon")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe", b"\0" * 100])
def test_an_empty_file_is_said_plainly(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadFile, match="empty"):
        read_file(written(tmp_path / "history.csv", content), NOW)


# Serializd's diary

DIARY = "name,showId,dateAdded,rating,reviewText,episode,season,isRewatch,isLog,containsSpoiler,tags"
PLACE = '"{""episodeNumber"":4,""episodeName"":""Neap""}","{""seasonId"":9,""seasonNumber"":2,""name"":""Season 2""}"'


def test_a_diary_exported_as_a_table_is_read(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        DIARY,
        f"Harbour,202020,2026-05-03T20:31:00Z,8,Good,{PLACE},false,true,false,",
        f"Harbour,202020,2026-06-03T20:31:00Z,0,,{PLACE},true,true,false,",
        f"Harbour,202020,2026-07-03T20:31:00Z,6,,{PLACE},false,false,false,",
        'Harbour,202020,2026-05-09T20:31:00Z,9,,,"{""seasonId"":9,""seasonNumber"":2}",false,false,false,',
        'Harbour,202020,2026-05-10T20:31:00Z,10,,,"{""seasonId"":77}",false,true,false,',
    )
    assert told(parsed) == [
        ("Harbour S2 E4 Neap", "2026-05-03 20:31:00 day"),
        ("Harbour S2 E4 Neap", "2026-06-03 20:31:00 day"),
    ]
    assert [play.rewatch for play in parsed.plays] == [False, True]
    assert {rating.key: rating.value for rating in parsed.ratings} == {
        "episode:202020:2:4": 6,
        "season:202020:2": 9,
    }
    assert sorted(parsed.skipped) == ["a season that the file does not number (history.csv line 6)"]


def test_a_diary_exported_as_json_is_read_alike(tmp_path: Path) -> None:
    content = """{"exportedAt": "x", "username": "anna", "fields": [], "shows": [{"name": "Harbour", "rating": 3}],
        "diary": [
        {"name": "Harbour", "showId": 202020, "dateAdded": "2026-05-03T20:31:00Z", "rating": 8, "isLog": true,
         "isRewatch": false, "tags": [], "reviewText": null,
         "episode": {"episodeNumber": 4, "episodeName": "Neap"}, "season": {"seasonId": 9, "seasonNumber": 2}},
        7]}"""
    parsed = read_file(written(tmp_path / "serializd-export.json", content), NOW)
    assert told(parsed) == [("Harbour S2 E4 Neap", "2026-05-03 20:31:00 day")]
    assert [rating.value for rating in parsed.ratings] == [8]


# TV Time

V2 = "key,series_name,s_id,ep_id,season_number,episode_number,created_at,bulk_type"


def test_the_log_of_tv_time_tells_of_viewings_and_other_things(tmp_path: Path) -> None:
    parsed = table(
        tmp_path,
        V2,
        "watch-episode-1,Harbour (2024),445566,9001,1,1,2021-03-01 10:00:00,",
        "rewatch-episode-2,Harbour (2024),445566,9001,1,1,2022-03-01 10:00:00,",
        "user-series-3,Harbour (2024),445566,,,,2021-01-01 10:00:00,",
        "tracking-stats,,,,,,,",
        name="tracking-prod-records-v2.csv",
    )
    assert told(parsed) == [("Harbour S1 E1", "2021-03-01 10:00:00 day"), ("Harbour S1 E1", "2022-03-01 10:00:00 day")]
    assert [play.rewatch for play in parsed.plays] == [None, True]
    assert shows(parsed) == [{"tvdb": 445566}]
    assert not parsed.skipped


def test_a_whole_export_of_tv_time_tells_of_each_viewing_once(tmp_path: Path) -> None:
    seen = "user_id,episode_id,created_at,tv_show_name,episode_season_number,episode_number"
    path = archive(
        tmp_path / "gdpr.zip",
        {
            "tracking-prod-records-v2.csv": f"{V2}\nwatch-episode-1,Harbour,445566,9001,1,1,2021-03-01 10:00:00,\n",
            "tracking-prod-records.csv": (
                "type,entity_type,series_id,episode_id,movie_name,series_name,season_number,episode_number,created_at\n"
                "watch,movie,,,Salt Flats,,,,2021-04-01 10:00:00\n"
                "rewatch,movie,,,Salt Flats,,,,2022-04-01 10:00:00\n"
                "towatch,movie,,,Unseen,,,,2021-04-01 10:00:00\n"
                "watch,episode,445566,9001,,Harbour,1,1,2021-03-01 10:00:07\n"
            ),
            "seen_episode_source.csv": (
                f"{seen}\n1,9001,2021-03-01 10:00:01,Harbour,1,1\n1,8001,2018-03-01 10:00:00,Tides,1,1\n"
            ),
            "rewatched_episode.csv": f"{seen},cpt\n1,8001,2019-03-01 10:00:00,Tides,1,1,1\n",
            "followed_tv_show.csv": "tv_show_id,tv_show_name,created_at\n667788,Tides,2018-01-01 10:00:00\n",
            "tv_show_rate.csv": "tv_show_id,rating,created_at,tv_show_name\n445566,9,2021-05-01 10:00:00,Harbour\n",
            "ip_address.csv": "ip\n127.0.0.1\n",
        },
    )
    parsed = read_file(path, NOW)
    assert parsed.format == "TV Time export"
    assert sorted(told(parsed)) == [
        ("Harbour S1 E1", "2021-03-01 10:00:00 day"),
        ("Salt Flats", "2021-04-01 10:00:00 day"),
        ("Salt Flats", "2022-04-01 10:00:00 day"),
        ("Tides S1 E1", "2018-03-01 10:00:00 day"),
        ("Tides S1 E1", "2019-03-01 10:00:00 day"),
    ]
    assert {"tvdb": 667788} in shows(parsed)
    assert [(rating.key, rating.value) for rating in parsed.ratings] == [("show:tvdb:445566", 9)]
    assert not parsed.troubles

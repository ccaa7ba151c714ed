"""A table that cannot be read to its end is told of, and what could be read is taken all the same."""

from pathlib import Path

from scrobbled.trackers.files import read_file
from trackers.files.import_files import NOW, archive, told

SEEN = "user_id,episode_id,created_at,tv_show_name,episode_season_number,episode_number"
BROKEN = "".join(f'1,{n},"2021-03-01 10:00:00,Harbour,1,{n}\n' + "1,9,\n" * 250 for n in range(60))
"""More quotation marks out of place than anybody searches for the ends of."""


def test_a_table_of_viewings_with_many_quotation_marks_out_of_place_ends_there(tmp_path: Path) -> None:
    rows = f"{SEEN}\n1,9001,2021-03-01 10:00:00,Harbour,1,1\n{BROKEN}"
    parsed = read_file(archive(tmp_path / "gdpr.zip", {"seen_episode_source.csv": rows}), NOW)
    assert told(parsed) == [("Harbour S1 E1", "2021-03-01 10:00:00 day")]
    assert [trouble.split(":")[0] for trouble in parsed.troubles] == ["seen_episode_source.csv was not read to its end"]


def test_a_plain_table_with_them_ends_there_as_well(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    rows = "".join(f'{n},1,"{n},2026-05-03\n' + "1,1,1,\n" * 250 for n in range(60))
    path.write_text(f"tmdb_id,season,episode,date\n7,1,1,2026-05-03\n{rows}")
    parsed = read_file(path, NOW)
    assert len(parsed.plays) >= 1
    assert "was not read to its end" in parsed.troubles[0]


def test_a_table_of_shows_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    files = {
        "seen_episode_source.csv": f"{SEEN}\n1,9001,2021-03-01 10:00:00,Harbour,1,1\n",
        "followed_tv_show.csv": "\n\n",
    }
    parsed = read_file(archive(tmp_path / "gdpr.zip", files), NOW)
    assert len(parsed.plays) == 1
    assert parsed.troubles == (
        "followed_tv_show.csv, which tells the ids of shows, was left out: "
        "it is empty, or its first line names no columns.",
    )

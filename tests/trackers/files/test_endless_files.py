"""Files that were made to keep whoever imports them busy are refused, in a sentence, before they are read."""

import random
from pathlib import Path

import pytest

from scrobbled.core.errors import BadFile
from scrobbled.trackers.files import members, parsed, read_file
from trackers.files.import_files import NOW, archive, overlapping, written

SMALL = "[" + ",".join(["{}"] * 300_000) + "]"
"""0.9 MB, of which packing leaves a thousandth."""


def test_entries_that_share_their_bytes_are_refused_at_once(tmp_path: Path) -> None:
    path = overlapping(tmp_path / "export.zip", "watched-history-1.json", SMALL, times=400)
    assert path.stat().st_size < 50_000
    with pytest.raises(BadFile, match="share their bytes"):
        read_file(path, NOW)


def test_an_entry_that_begins_within_another_is_refused(tmp_path: Path) -> None:
    """The later one is quoted in the content of the one before it."""
    inner = archive(tmp_path / "inner.zip", {"watched-history-2.json": "[]"}, method=0).read_bytes()
    start, end = inner.index(b"PK\3\4"), inner.index(b"PK\1\2")
    outer = archive(
        tmp_path / "outer.zip", {"watched-history-1.json": inner[start:end], "ratings-1.json": "[]"}, method=0
    )
    content = bytearray(outer.read_bytes())
    second = content.rindex(b"PK\1\2")
    content[second + 42 : second + 46] = content.index(b"PK\3\4", 4).to_bytes(4, "little")
    with pytest.raises(BadFile, match="share their bytes"):
        read_file(written(tmp_path / "bent.zip", bytes(content)), NOW)


def test_many_small_entries_burst_like_a_large_one(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip", {f"watched-history-{page}.json": SMALL for page in range(1, 21)})
    assert path.stat().st_size < 50_000
    with pytest.raises(BadFile, match="far more than any export holds"):
        read_file(path, NOW)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("watched-history-1.json", "[{},{},{},{}]"),
        ("watched-history-1.json", "[1,[],{},{}]"),
        (
            "watched-shows-1.json",
            '[{"last_watched_at":"","show":{"title":"Harbour"},"seasons":[{"number":1,"episodes":[{},{},{}]}]}]',
        ),
        ("-errors.json", "[{},{},{},{}]"),
        ("history.csv", "title,year\na,1\nb,2\nc,3\n"),
        ("history.csv", "title,year\n\n\n\n"),
        ("history.csv", "title,year\r\r\r\r"),
        ("history.csv", "title,year\n\n\n\n".encode("utf-16").decode("latin-1")),
        ("user_tv_show_data.csv", "tv_show_name,tvdb_id\na,1\nb,2\nc,3\n"),
        ("diary.json", '{"diary":[{},{},{},{}]}'),
        ("sync_state.json", '{"synced_activities":["a","b"],"excluded_activities":{"c":"d","e":"f"}}'),
    ],
)
def test_reading_ends_after_so_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    monkeypatch.setattr(parsed, "MAX_ROWS", 3)
    with pytest.raises(BadFile, match=r"more than 3 rows in it.*cut the file into parts"):
        read_file(archive(tmp_path / "whole.zip", {name: content.encode("latin-1")}), NOW)


def test_all_files_of_an_archive_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed, "MAX_ROWS", 3)
    with pytest.raises(BadFile, match="more than 3 rows"):
        read_file(archive(tmp_path / "whole.zip", {f"watched-history-{n}.json": "[{},{}]" for n in (1, 2)}), NOW)


def test_a_tiny_archive_of_two_million_rows_ends(tmp_path: Path) -> None:
    """Within what its size allows, and still more than anybody watched."""
    rows = "[" + "{}," * parsed.MAX_ROWS + "{}]"
    padding = random.Random(7).randbytes(len(rows) // members.MAX_RATIO)
    path = archive(tmp_path / "export.zip", {"watched-history-1.json": rows, "-errors.json": padding})
    assert path.stat().st_size < 50_000
    with pytest.raises(BadFile, match="more than 2,000,000 rows"):
        read_file(path, NOW)

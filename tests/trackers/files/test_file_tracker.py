"""A file as a tracker, and whatever may be in a file."""

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_files import NOW, archive, table, watched, watched_film, written
from msgspec.structs import replace

from scrobbled.core.errors import ScrobbledError
from scrobbled.core.kinds import PLAYS, RATINGS
from scrobbled.core.naming.names import is_file
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.trackers.files import FORMATS, read_file
from scrobbled.trackers.files.parsed import Parsed
from scrobbled.trackers.files.tracker import FileTracker, file_name
from trackers.contract import declared_parts, parts_of
from trackers.doubles import Drafts

T = TypeVar("T")

BOTH = frozenset({PLAYS, RATINGS})


class NothingKnown(Drafts):
    async def plays(self, begin: str = "") -> Sequence[PlayRecord]:
        return []

    async def subjects(self) -> Mapping[str, Subject]:
        return {}


def run(work: Awaitable[T]) -> T:
    async def whole() -> T:
        return await work

    return asyncio.run(whole())


@pytest.fixture
def parsed(tmp_path: Path) -> Parsed:
    return table(tmp_path, "show,season,episode,date,rating", "Harbour,1,1,2026-05-03,8", "Harbour,1,2,,")


def test_a_read_is_everything_and_complete(parsed: Parsed) -> None:
    tracker = FileTracker("history.csv", parsed)
    reading = run(tracker.read(BOTH, {}, NothingKnown(), full=False))
    assert reading.plays is not None
    assert (len(reading.plays.records), reading.plays.complete, reading.values["ratings"].complete) == (2, True, True)
    assert {record.key for record in reading.plays.records} == set(reading.subjects)
    assert run(tracker.read(frozenset({"plays"}), reading.cursor, NothingKnown(), full=True)).values == {}


def test_a_file_is_never_written_to(parsed: Parsed) -> None:
    tracker = FileTracker("history.csv", parsed)
    assert parts_of(tracker) == declared_parts(tracker.can) == {"reads"}
    assert tracker.can.reads == BOTH


def test_a_file_needs_no_sign_in_and_has_nothing_to_examine(parsed: Parsed) -> None:
    tracker = FileTracker("history.csv", parsed)
    run(tracker.sign_in())
    run(tracker.aclose())
    assert (tracker.expires_at(), tracker.roots(), run(tracker.examine())) == (None, {}, [])


def test_what_was_stored_before_has_no_news(parsed: Parsed) -> None:
    reading = run(FileTracker("history.csv").read(BOTH, {"x": 1}, NothingKnown(), full=True))
    assert (reading.plays, reading.values, reading.cursor) == (None, {}, {"x": 1})


def test_a_file_is_named_by_its_content_in_letters_that_fit_beside_trackers(tmp_path: Path, parsed: Parsed) -> None:
    name = file_name(tmp_path / "Meine Serien, alle.CSV", parsed)
    assert name.startswith("file:meine-serien-alle.csv-")
    assert name == file_name(tmp_path / "Meine Serien, alle.CSV", parsed)
    assert name != file_name(tmp_path / "Meine Serien, alle.CSV", replace(parsed, plays=parsed.plays[:1]))
    assert is_file(name)
    assert not is_file("trakt")


def test_the_same_file_gives_the_same_records_whenever_it_is_read(tmp_path: Path) -> None:
    rows = ("show,season,episode,date", "Harbour,1,1,2026-05-03", "Harbour,1,1,2026-05-03", "Harbour,1,2,")
    assert table(tmp_path, *rows).plays == table(tmp_path, *rows, name="copy.csv").plays


# Anything at all

SAMPLES = [
    "show,season,episode,watched_at,tmdb_id,rating\nHarbour,1,1,2026-05-03,202020,8\n",
    "key,series_name,s_id,ep_id,season_number,ep_no,created_at\nwatch-episode-1,A,5,6,1,1,2021-03-01 10:00:00\n",
    'name,showId,dateAdded,episode,season,isLog\nA,1,2026-05-03,"{""episodeNumber"":4}","{""seasonNumber"":2}",true\n',
    json.dumps([watched(1, "2026-05-03T20:31:00.000Z", 1, 1), watched_film(2, None)]),
    json.dumps(
        {"version": 1, "synced_activities": ["1:2:3:2026-05-03"], "excluded_activities": {"1:2:4:2026-05-03": "x"}}
    ),
    json.dumps(
        {"diary": [{"name": "A", "showId": 1, "dateAdded": "2026-05-03", "season": {"seasonNumber": 1}, "episode": {}}]}
    ),
]
CELLS = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "1",
        "0",
        "-1",
        "1e400",
        "S01E02",
        "tt1",
        "{",
        '{"seasonNumber": []}',
        "2026-05-03",
        "99999999999",
        "99999999999999",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2024-W01-1",
        "movie",
        "true",
        '"',
        "01/02/2026",
        "٣",
    ]
)
HEADERS = st.sampled_from(
    [
        "show",
        "title",
        "season",
        "episode",
        "watched_at",
        "created_at",
        "rating",
        "type",
        "tmdb_id",
        "key",
        "s_id",
        "entity_type",
        "series_id",
        "name",
        "showId",
        "dateAdded",
        "year",
        "film",
        "watched",
        "status",
        "isLog",
        "rated_at",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | CELLS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "movie", "show", "episode", "season", "ids", "tmdb", "number", "rating"])
            | st.sampled_from(
                ["watched_at", "last_watched_at", "rated_at", "seasons", "episodes", "plays", "title", "year"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "watched-history-1.json",
        "ratings-shows.json",
        "watched-shows.json",
        "_errors.json",
        "history.csv",
        "sync_state.json",
        "x.txt",
        "tracking-prod-records-v2.csv",
        "followed_tv_show.csv",
    ]
)
ANY_FOLDER = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def assert_well_formed(parsed: Parsed) -> None:
    assert len({play.id for play in parsed.plays}) == len(parsed.plays)
    for play in parsed.plays:
        assert play.key in parsed.subjects
        assert play.at is None or play.at.tzinfo is UTC
    for rating in parsed.ratings:
        assert rating.value in range(1, 11)
        assert parsed.subjects[rating.key].label()
    for text in (*parsed.skipped, *parsed.troubles):
        text.encode("utf-8")


def assert_read_or_refused(path: Path, format: str = "") -> None:
    """Nothing but our own errors, whose text can be shown."""
    try:
        parsed = read_file(path, NOW, format)
    except ScrobbledError as error:
        told = str(error)
    else:
        assert_well_formed(parsed)
        told = parsed.format
    told.encode("utf-8")
    assert 0 < len(told) < 4000


@given(content=st.binary(max_size=300), name=NAMES, format=st.sampled_from(["", *FORMATS]))
@ANY_FOLDER
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, name: str, format: str) -> None:
    assert_read_or_refused(written(tmp_path / name, content), format)


@given(sample=st.sampled_from(SAMPLES), cut=st.integers(0, 400), junk=st.binary(max_size=6), name=NAMES)
@ANY_FOLDER
def test_any_damage_to_a_file_is_read_or_refused(tmp_path: Path, sample: str, cut: int, junk: bytes, name: str) -> None:
    content = sample.encode()
    assert_read_or_refused(written(tmp_path / name, content[:cut] + junk + content[cut + len(junk) :]))


@given(header=st.lists(HEADERS, min_size=1, max_size=9), rows=st.lists(st.lists(CELLS, max_size=9), max_size=5))
@ANY_FOLDER
def test_any_table_is_read_or_refused(tmp_path: Path, header: list[str], rows: list[list[str]]) -> None:
    lines = "\n".join(",".join(cells) for cells in (header, *rows))
    assert_read_or_refused(written(tmp_path / "history.csv", lines.encode("utf-8", "replace")))


@given(value=VALUES, name=NAMES, format=st.sampled_from(["", *FORMATS]))
@ANY_FOLDER
def test_any_json_is_read_or_refused(tmp_path: Path, value: Any, name: str, format: str) -> None:
    for content in (value, [value], {"diary": [value], "synced_activities": [value]}):
        assert_read_or_refused(written(tmp_path / name, json.dumps(content)), format)


@given(files=st.dictionaries(NAMES, st.binary(max_size=60) | st.sampled_from(SAMPLES), max_size=4), bytes_=st.data())
@ANY_FOLDER
def test_any_archive_is_read_or_refused(tmp_path: Path, files: dict[str, Any], bytes_: st.DataObject) -> None:
    content = bytearray(archive(tmp_path / "whole.zip", files).read_bytes())
    for _ in range(bytes_.draw(st.integers(0, 4))):
        content[bytes_.draw(st.integers(0, len(content) - 1))] = bytes_.draw(st.integers(0, 255))
    assert_read_or_refused(written(tmp_path / "bent.zip", bytes(content)))


def test_json_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep = "[" * 200_000
    for content in (deep, f"[{deep}", f'{{"synced_activities": {deep}', f'{{"diary": {deep}'):
        assert_read_or_refused(written(tmp_path / "deep.json", content))


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    whole = archive(tmp_path / "whole.zip", {"a.json": "[]", "watched-history-1.json": "[]"}).read_bytes()
    assert_read_or_refused(written(tmp_path / "bent.zip", whole.replace(b"a.json", b"\0.json")))


def test_an_archive_within_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("watched-history-1.json", "[]")
    assert_read_or_refused(archive(tmp_path / "outer.zip", {"inner.zip": inner.getvalue()}))

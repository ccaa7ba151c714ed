"""Bodies of webhooks come back letter by letter, and those of one viewing hardly take room."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import bodies
from scrobbled.store.inbox.bodies import LIVES, packed, unpacked

SHARED = 1892979802
EPISODE = Path(__file__).parent.parent / "payloads" / "plex" / "episode-play.json"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path_factory.mktemp("bodies") / "scrobbled.db")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


texts = st.text(st.characters(exclude_categories=[]), max_size=40).flatmap(
    lambda text: st.integers(0, 30).map(lambda times: text * times)
)


@given(written=st.lists(st.tuples(st.sampled_from(["one", "two"]), texts, st.floats(0, 3 * LIVES)), max_size=8))
def test_every_body_comes_back_letter_by_letter(db: sqlite3.Connection, written: list[tuple[str, str, float]]) -> None:
    kept = [(text, packed(db, key, text, now)) for key, text, now in written]
    assert [unpacked(db, *stored) for _, stored in kept] == [text for text, _ in kept]


def test_the_second_body_of_a_viewing_is_a_tenth_of_the_first(db: sqlite3.Connection) -> None:
    text = json.dumps(json.loads(EPISODE.read_text(encoding="utf-8")), separators=(",", ":"))  # as Plex sends it
    _, stem = packed(db, "a viewing", text, 1e9)
    assert stem is not None
    raw, again = packed(db, "a viewing", text.replace("media.play", "media.pause"), 1e9 + 60)
    (first,) = db.execute("SELECT length(body) FROM stems WHERE id = ?", (stem,)).fetchone()
    assert again == stem
    assert len(raw) < first / 10
    assert first < len(zlib.compress(text.encode())) * 0.8, "what all bodies share is known beforehand"


def test_a_stem_serves_new_bodies_for_some_hours_only(db: sqlite3.Connection) -> None:
    text = "x" * 1000
    _, first = packed(db, "old", text, 1e9)
    assert packed(db, "old", text, 1e9 + LIVES - 1)[1] == first
    assert packed(db, "old", text, 1e9 + LIVES + 1)[1] != first
    assert packed(db, "another", text, 1e9)[1] != first


def test_what_was_stored_by_the_version_before_can_be_read(db: sqlite3.Connection) -> None:
    assert unpacked(db, zlib.compress(b'{"event":"media.play"}', 1), None) == '{"event":"media.play"}'


def test_what_all_bodies_share_never_changes() -> None:
    assert zlib.adler32(bodies._USUAL) == SHARED, "what was packed with it could not be read any more"

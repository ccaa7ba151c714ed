"""Whatever arrives: nothing but ``BadPayload`` is raised, and every event is well-formed.

``SCROBBLED_FUZZ=200000`` tries so many messages instead of the few that an ordinary run has time for.
"""

import json
import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.errors import BadPayload
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.sources import SOURCES
from scrobbled.sources.body import decode, read_body
from scrobbled.sources.parsing import DEFECT
from sources.fuzzing import SEEDS, TEXTS, fuzzed
from sources.numbered import blank, house

RECEIVED_AT = datetime(2026, 2, 24, 11, 0, 16, tzinfo=UTC)
MESSAGES = int(os.environ.get("SCROBBLED_FUZZ", "0")) or 2_000
MOST_EVENTS = 100
LONGEST = 20_000
"""Characters of an event as text, which is about what it takes in memory."""


def assert_ids(ids: Ids) -> None:
    for name, value in ids.known().items():
        if name == "imdb":
            assert re.fullmatch(r"tt[0-9]+", str(value))
        elif name == "plex":
            assert re.fullmatch(r"plex://(movie|show|episode)/[\w-]+", str(value), re.ASCII)
        else:
            assert type(value) is int
            assert value > 0


def assert_well_formed(event: PlaybackEvent, source: str) -> None:
    assert event.source == source
    assert event.occurred_at.tzinfo is UTC
    assert event.occurred_at - RECEIVED_AT <= timedelta(minutes=15)
    assert event.percent is None or 0.0 <= event.percent <= 100.0
    assert event.position_ms is None or event.position_ms >= 0
    assert event.duration_ms is None or event.duration_ms > 0
    assert (event.rating in range(1, 11)) is (event.kind is EventKind.RATED)
    assert (event.item is None) is (event.kind is EventKind.IGNORED)
    assert event.item is not None or event.reason
    assert event.scope is None or event.kind in (EventKind.RATED, EventKind.UNRATED, EventKind.ADDED, EventKind.REMOVED)
    assert len(repr(event).encode("utf-8")) < LONGEST
    if event.item is None:
        return
    assert event.session_key()
    assert len(event.item.label()) < 1200
    assert_ids(event.item.ids)
    if isinstance(event.item, Episode):
        assert_ids(event.item.show_ids)
        for number in (event.item.season, event.item.number):
            assert number is None or (type(number) is int and number >= 0)


def assert_understood(source: str, message: dict[str, Any]) -> None:
    events = SOURCES[source].parse(message, RECEIVED_AT)
    assert 1 <= len(events) <= MOST_EVENTS or source == "trakt"
    for event in events:
        assert_well_formed(event, source)


def test_every_source_is_tried() -> None:
    assert {source for source, _ in SEEDS} == set(SOURCES)


def test_any_change_to_a_message_still_gives_well_formed_events() -> None:
    for number, (source, message) in enumerate(fuzzed(20260224, MESSAGES)):
        try:
            assert_understood(source, message)
        except Exception as error:
            raise AssertionError(f"message {number} to {source}: {json.dumps(message)[:4000]}") from error


async def test_any_message_is_stored_and_folded(tmp_path: Path, database: Path, anyio_backend: str) -> None:
    """Nothing a parser makes of a message is more than the rest can bear."""
    async with house(tmp_path, database) as home:
        for source, message in fuzzed(7, min(MESSAGES // 80, 2_000)):
            assert (await home.take(source, message, after=1)).reason != DEFECT


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blank(tmp_path_factory.mktemp("blank") / "scrobbled.db")


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(TEXTS)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "uuid", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = sorted({key for _, message in SEEDS for key in message})


@given(st.sampled_from(sorted(SOURCES)), st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=8))
@settings(max_examples=120, deadline=None)
def test_any_object_gives_well_formed_events(source: str, message: dict[str, Any]) -> None:
    assert_understood(source, message)


CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "multipart/form-data; boundary=b",
        'multipart/form-data; boundary="',
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        ";;;=",
    ]
) | st.text(max_size=40)
PIECES = st.lists(
    st.binary(max_size=40)
    | st.sampled_from(
        [
            b"--b\r\n",
            b"--b--",
            b"\r\n",
            b'Content-Disposition: form-data; name="payload"\r\n\r\n',
            b'Content-Disposition: form-data; name="data"; filename="x"\r\n',
            b"Content-Length: 3\r\n",
            b" folded\r\n",
            b"payload=",
            b"%7B%22a%22%3A1%7D",
            b'{"event": "media.play"}',
            b'{"payload": "',
            b"\xef\xbb\xbf",
            b"[[[[",
            b"\\ud800",
        ]
    ),
    max_size=10,
).map(b"".join)


@given(CONTENT_TYPES, PIECES)
@settings(max_examples=250, deadline=None)
def test_any_bytes_are_read_or_refused(content_type: str, body: bytes) -> None:
    with suppress(BadPayload):
        read = read_body(content_type, body)
        assert isinstance(read.data, dict)
        assert decode(read.text).keys() == read.data.keys()
        read.text.encode("utf-8")
        for source in SOURCES:
            assert_understood(source, read.data)

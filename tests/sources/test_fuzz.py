"""Whatever arrives: nothing but ``BadPayload`` is raised, and every event is well-formed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.errors import BadPayload
from scrobbled.core.events import EventKind, PlaybackEvent
from scrobbled.core.ids import Ids
from scrobbled.core.items import Episode
from scrobbled.sources import SOURCES
from scrobbled.sources.body import decode, read_body

PAYLOADS = Path(__file__).parent.parent / "payloads" / "plex"
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]
RECEIVED_AT = datetime(2026, 2, 24, 11, 0, 16, tzinfo=UTC)

TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "plex://episode/1",
        "tvdb://1/2/3",
        "tmdb://0",
        "com.plexapp.agents.hama://anidb-1/0/1",
        "com.plexapp.agents.thetvdbdvdorder://5/1/1",
        "imdb://tt",
        "tt٣",
        "S01",
        "1e400",
        "-0",
        "media.rate",
        "movie",
        "episode",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "uuid", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*at, key)
        yield from paths(child, (*at, key))


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A sample with up to six values replaced or taken away."""
    message = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(0, 6))):
        *way, last = draw(st.sampled_from(sorted(paths(message), key=str)))
        target = message
        for key in way:
            target = target[key]
        if draw(st.booleans()):
            target[last] = draw(VALUES)
        else:
            del target[last]
        if not message:
            break
    return message


def assert_ids(ids: Ids) -> None:
    for name, value in ids.known().items():
        if name == "imdb":
            assert re.fullmatch(r"tt[0-9]+", str(value))
        elif name == "plex":
            assert re.fullmatch(r"plex://(movie|show|episode)/[\w-]+", str(value), re.ASCII)
        else:
            assert type(value) is int
            assert value > 0


def assert_well_formed(event: PlaybackEvent) -> None:
    assert event.source == "plex"
    assert event.occurred_at.tzinfo is UTC
    assert abs(event.occurred_at - RECEIVED_AT).total_seconds() <= 900
    assert event.percent is None or 0.0 <= event.percent <= 100.0
    assert event.position_ms is None or event.position_ms >= 0
    assert event.duration_ms is None or event.duration_ms > 0
    assert (event.rating in range(1, 11)) is (event.kind is EventKind.RATED)
    assert (event.item is None) is (event.kind is EventKind.IGNORED) is bool(event.reason)
    repr(event).encode("utf-8")
    if event.item is None:
        return
    assert event.session_key()
    assert len(event.item.label()) < 1200
    assert_ids(event.item.ids)
    if isinstance(event.item, Episode):
        assert_ids(event.item.show_ids)
        for number in (event.item.season, event.item.number):
            assert number is None or (type(number) is int and number >= 0)


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_any_change_to_a_message_still_gives_well_formed_events(message: dict[str, Any]) -> None:
    events = SOURCES["plex"].parse(message, RECEIVED_AT)
    assert events
    for event in events:
        assert_well_formed(event)


@given(st.dictionaries(st.sampled_from(["event", "Metadata", "Account", "Server", "Player", "rating"]), VALUES))
@settings(max_examples=200, deadline=None)
def test_any_object_gives_well_formed_events(message: dict[str, Any]) -> None:
    for event in SOURCES["plex"].parse(message, RECEIVED_AT):
        assert_well_formed(event)


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
@settings(max_examples=600, deadline=None)
def test_any_bytes_are_read_or_refused(content_type: str, body: bytes) -> None:
    with suppress(BadPayload):
        read = read_body(content_type, body)
        assert isinstance(read.data, dict)
        assert decode(read.text).keys() == read.data.keys()
        read.text.encode("utf-8")
        for event in SOURCES["plex"].parse(read.data, RECEIVED_AT):
            assert_well_formed(event)

"""The media servers behind a source: counted as their events come, and called by the name they give themselves."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.config import loads
from scrobbled.core.naming.items import Movie, Origin
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import TEST_EVENT
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.desk.facts.sources import sources
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events, refusals, servers
from scrobbled.store.inbox.refusals import RefusalCount

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "s.db")
    yield connection
    connection.close()


def hear(
    db: sqlite3.Connection, source: str, server: str, body: Any = None, *, minutes: int = 0, test: bool = False
) -> None:
    item = Movie("Paper Boats", 2019, origin=Origin(server, "1"))
    event = PlaybackEvent(source, EventKind.STOP, NOW, item=item, test=test)
    arrival = events.Arrival(source, NOW + timedelta(minutes=minutes), json.dumps(body or {}), event)
    events.add_event(db, arrival, EventOutcome.ACCEPTED, TEST_EVENT if test else "")


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("plex", {"Server": {"uuid": "8C1D", "title": "cellar"}}),
        ("tautulli", {"server": {"id": "8c1d", "name": "cellar"}}),
        ("jellyfin", {"ServerId": "8c-1d", "ServerName": "cellar"}),
        ("jellyfin-webhooks", {"Server": {"Id": "8c1d", "Name": "cellar"}}),
        ("emby", {"Server": {"Id": "8c1d", "Name": "cellar", "Version": "4.9"}}),
    ],
)
def test_each_server_is_called_as_it_calls_itself(db: sqlite3.Connection, source: str, body: Any) -> None:
    hear(db, source, "8c1d", {"Server": "odd", "server": []})
    hear(db, source, "8c1d", body)
    hear(db, source, "other", minutes=5)
    found = [(one.server, one.name, one.events) for one in servers.listed(db)]
    assert found == [("other", "", 1), ("8c1d", "cellar", 2)]


def test_the_newest_name_counts(db: sqlite3.Connection) -> None:
    for title in ("old", "new"):
        hear(db, "plex", "8c1d", {"Server": {"uuid": "8c1d", "title": title}})
    assert [one.name for one in servers.listed(db)] == ["new"]


def test_test_events_are_from_no_server(db: sqlite3.Connection) -> None:
    hear(db, "plex", "8c1d", {"Server": {"uuid": "8c1d", "title": "cellar"}})
    hear(db, "plex", "8c1d", {"Server": {"uuid": "8c1d", "title": "scrobbled test event"}}, minutes=5, test=True)
    (found,) = servers.listed(db)
    assert (found.events, found.name, found.last_seen) == (1, "cellar", NOW.timestamp())


def test_an_event_without_a_server_is_counted_for_none(db: sqlite3.Connection) -> None:
    servers.note(db, PlaybackEvent("plex", EventKind.IGNORED, NOW), NOW)
    servers.note(db, replace(PlaybackEvent("plex", EventKind.STOP, NOW), item=Movie("x")), NOW)
    hear(db, "plex", "x" * 1000)
    assert servers.listed(db) == []


def test_a_house_sees_what_is_configured_what_was_heard_and_what_was_turned_away(db: sqlite3.Connection) -> None:
    config = loads(
        "sources: {plex: {token: 0123456789abcdef}, emby: {token: fedcba9876543210}}\nviewers: [{name: a}]", {}
    )
    hear(db, "plex", "8c1d")
    hear(db, "kodi", "kodi")
    refusals.add(db, [RefusalCount("emby", 3, NOW.timestamp()), RefusalCount("", 1, NOW.timestamp())])
    found = [(one.source, one.configured, one.events, one.refused, len(one.servers)) for one in sources(db, config)]
    assert found == [
        ("plex", True, 1, 0, 1),
        ("emby", True, 0, 3, 0),
        ("kodi", False, 1, 0, 1),
        ("", False, 0, 1, 0),
    ]

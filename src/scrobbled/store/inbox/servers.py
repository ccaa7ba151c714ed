"""The media servers behind each source: how often each was heard, and when last. Kept among the tallies."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.words.reasons import TESTS
from scrobbled.store.inbox.bodies import unpacked

MOST = 100
LONGEST = 200
NAMES_AMONG = 40
"""Newest bodies of a source that are looked through for the names of its servers."""
LATELY = 20_000
"""Newest events among which these are; a source that has been silent for longer keeps its ids."""


class ServerHeard(Struct, frozen=True):
    """``server`` is its id, and ``name`` what people call it, empty where no body that is kept says so."""

    source: str
    server: str
    events: int
    last_seen: float
    name: str = ""


def note(db: sqlite3.Connection, event: PlaybackEvent, at: datetime) -> None:
    """One more event of that server; events that name none are not counted."""
    origin = event.item.origin if event.item else None
    if event.test or origin is None or not origin.server or len(origin.server) > LONGEST:
        return
    db.execute(
        "INSERT INTO tallies VALUES ('servers', ?, ?, '', 1, ?) "
        "ON CONFLICT DO UPDATE SET count = count + 1, last = max(last, excluded.last)",
        (event.source, origin.server, at.timestamp()),
    )


def listed(db: sqlite3.Connection) -> list[ServerHeard]:
    """By source, those first that were heard last."""
    rows = db.execute(
        "SELECT one, two, count, last FROM tallies WHERE what = 'servers' ORDER BY one, last DESC LIMIT ?", (MOST,)
    ).fetchall()
    names = {source: _names(db, source) for source in dict.fromkeys(row[0] for row in rows)}
    return [
        ServerHeard(source, server, events, last_seen, names[source].get(_plain(server), ""))
        for source, server, events, last_seen in rows
    ]


def _names(db: sqlite3.Connection, source: str) -> dict[str, str]:
    rows = db.execute(
        "SELECT raw, stem_id FROM events WHERE id > (SELECT max(id) FROM events) - ? AND source = ? "
        "AND raw IS NOT NULL AND code NOT IN (?, ?) ORDER BY id DESC LIMIT ?",
        (LATELY, source, *TESTS, NAMES_AMONG),
    ).fetchall()
    names: dict[str, str] = {}
    for raw, stem_id in rows:
        with contextlib.suppress(ValueError, RecursionError):  # what could not be read when it came cannot be read now
            told = _told(json.loads(unpacked(db, raw, stem_id)))
            names = {**told, **names}
    return names


def _told(payload: Any) -> dict[str, str]:
    """Id and name, in whichever form they are told: Plex, Emby and Tautulli have a section for them, Jellyfin none."""
    if not isinstance(payload, Mapping):
        return {}
    parts = [part for part in (payload.get("Server"), payload.get("server")) if isinstance(part, Mapping)]
    pairs = [(part.get(id_), part.get(name)) for part in parts for id_, name in _WORDS]
    pairs.append((payload.get("ServerId"), payload.get("ServerName")))
    return {_plain(id_): name[:LONGEST] for id_, name in pairs if isinstance(id_, str) and isinstance(name, str)}


_WORDS = (("uuid", "title"), ("Id", "Name"), ("id", "name"))


def _plain(id_: str) -> str:
    """Jellyfin writes the same id with and without dashes."""
    return id_.replace("-", "").casefold()

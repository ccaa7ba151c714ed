"""What is being watched at this moment, as far as players have told."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.core.watching.events import EventKind
from scrobbled.intake.bodies import event_in
from scrobbled.store.inbox import archive, silences
from scrobbled.store.inbox import events as inbox

MOST = 12


class OnScreen(Struct, frozen=True):
    """A viewing that goes on. Positions are milliseconds into it at ``heard_at`` (Unix seconds), ``None`` if untold."""

    viewer: str
    source: str
    item: Item
    event_id: int
    position_ms: int | None
    duration_ms: int | None
    paused: bool
    heard_at: float


def on_screen(db: sqlite3.Connection, now: float) -> list[OnScreen]:
    """What was heard of last comes first; what should have ended before ``now`` (Unix seconds) is left out."""
    found = (_told(db, key, event_id, heard_at) for key, event_id, heard_at in silences.going_on(db, now, MOST))
    return [one for one in found if one is not None]


def _told(db: sqlite3.Connection, key: str, event_id: int, heard_at: float) -> OnScreen | None:
    stored = archive.event(db, event_id)
    event = None if stored is None else event_in(stored)
    if stored is None or event is None or event.item is None:
        return None
    session = inbox.load_session(db, key)
    percent = session.last_percent()
    position = session.last_position_ms
    if position is None and percent is not None and session.duration_ms:
        position = int(session.duration_ms * percent / 100)
    return OnScreen(
        viewer=key.partition("|")[0],
        source=stored.source,
        item=event.item,
        event_id=event_id,
        position_ms=position,
        duration_ms=session.duration_ms,
        paused=session.last_kind is EventKind.PAUSE,
        heard_at=heard_at,
    )

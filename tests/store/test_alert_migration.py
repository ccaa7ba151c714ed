"""Troubles that a version told which knew no addresses: nobody is told of them again, and everybody of their end."""

import sqlite3
from contextlib import closing
from pathlib import Path

from scrobbled.alerts import LastTold
from scrobbled.store import Store
from scrobbled.store.file.migrations import migrations
from scrobbled.store.notes.alerts import StoredTroubles


async def test_what_was_told_before_is_known_to_be_told(tmp_path: Path) -> None:
    path = tmp_path / "scrobbled.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        migrations.apply(connection, stop_before="alerting")
        rows = [
            ("down", "anna/trakt", "503", 100.0, 200.0, 3, 100.0),
            ("drift", "ben/trakt", "odd", 100.0, 200.0, 1, 0.0),
            ("unclaimed", "plex/no viewer lists the account x", "kept", 100.0, 200.0, 1, 100.0),
        ]
        connection.executemany(
            "INSERT INTO alerts (kind, subject, text, first_seen, last_seen, count, last_sent) VALUES (?,?,?,?,?,?,?)",
            rows,
        )
    store = Store(path)
    found = {trouble.kind: trouble for trouble in await StoredTroubles(store).everything()}
    await store.aclose()
    assert found["down"].told_to("anybody") == LastTold(100.0, good=False)
    assert (found["down"].viewer, found["down"].count, found["down"].ended_at) == ("anna", 3, None)
    assert found["drift"].told_to("anybody") is None, "it could not be sent, and still is to be"
    assert (found["unclaimed"].once, found["unclaimed"].viewer) == (True, None)

"""The yardstick: a bare Litestar handler that reads the body and commits one insert before it answers."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Request, get, post

from scrobbled.store.file.opening import journal_mode


def application(path: Path) -> Litestar:
    """With the journal and durability settings the service uses."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA journal_mode = {journal_mode(sqlite3.sqlite_version_info)}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, body BLOB)")

    @get("/bare", sync_to_thread=False)
    def ready() -> str:
        return "ready"

    @post("/bare", status_code=200)
    async def receive(request: Request[Any, Any, Any]) -> dict[str, int]:
        cursor = connection.execute("INSERT INTO events (body) VALUES (?)", (await request.body(),))
        return {"event": int(cursor.lastrowid or 0)}

    return Litestar([ready, receive], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False
    )

"""Media servers that are asked and listened to: how that goes in the running service, which keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from scrobbled.config.loading import is_there
from scrobbled.config.viewing import ASKED
from scrobbled.core.words.checks import Check, ok, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.naming import ago
from scrobbled.desk.doctor.patient import Patient
from scrobbled.servers.doors import ServerAccess, doors
from scrobbled.store.inbox import cursors
from scrobbled.store.inbox.cursors import ServerState

OK = "ok"
_UNSET = "With them, what was watched while a webhook was lost is found all the same."
_WAYS = {
    "poll": "Asked what was watched, so that a webhook that was lost is made up for.",
    "live": "Listened to, which needs no webhooks.",
}


async def servers(patient: Patient) -> list[Check]:
    known = await in_thread(lambda: _states(patient)) if await in_thread(lambda: is_there(patient.database)) else []
    told = {(state.source, state.way): state for state in known}
    return [
        *(check for door in doors(patient.config) for check in _checks(patient, door, told)),
        *_not_asked(patient),
    ]


def _states(patient: Patient) -> list[ServerState]:
    """Nothing of a database that an older version wrote."""
    try:
        with patient.reading() as db:
            return cursors.states(db)
    except sqlite3.Error:
        return []


def _checks(patient: Patient, door: ServerAccess, told: dict[tuple[str, str], ServerState]) -> Iterator[Check]:
    if door.source in ASKED and not door.every:
        yield skipped(f"{door.source} poll", "Switched off by catch_up, so that what a webhook lost stays lost.")
    for way in (*(("poll",) if door.every else ()), *(("live",) if door.live else ())):
        yield _check(patient, f"{door.source} {way}", way, told.get((door.source, way)))


def _check(patient: Patient, name: str, way: str, state: ServerState | None) -> Check:
    if state is None:
        return skipped(name, "Not tried yet; the running service does so half a minute after its start.")
    if state.state == OK:
        return ok(name, state.reason or _WAYS[way])
    text = f"{state.reason.rstrip('.')}. It began {ago(patient.clock.now(), state.since)}."
    return warning(name, text, "See the checks of that server and of the network.", state=state.state)


def _not_asked(patient: Patient) -> Iterator[Check]:
    for name, source in patient.config.sources.items():
        if name in ASKED and not (source.url and source.server_token):
            lacking = " and ".join(key for key in ("url", "server_token") if not getattr(source, key))
            yield skipped(f"{name} poll", f"Not asked: sources.{name} has no {lacking}.", _UNSET)

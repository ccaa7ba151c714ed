"""Would anybody learn of trouble, and is there a copy of the database to go back to."""

from __future__ import annotations

import sqlite3

from scrobbled.config.loading import is_there
from scrobbled.core.errors import StoreError, said
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.naming import ago, span
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.keeping import backup
from scrobbled.store.notes import alerts as told

LATE = 2.0
"""Times the interval, after which a backup is missing."""


async def notices(patient: Patient) -> list[Check]:
    return [*await in_thread(lambda: _alerts(patient)), await in_thread(lambda: _backups(patient))]


def _alerts(patient: Patient) -> list[Check]:
    count = len(patient.config.alerts.urls)
    if not count:
        step = "Give an Apprise URL under alerts.urls, or nobody learns that a sign-in ran out."
        return [warning("alerts", "No address is configured.", step, addresses=0)]
    if not is_there(patient.database):
        return [skipped("alerts", f"{_addresses(count)}; there is no database yet.", addresses=count)]
    try:
        with patient.reading() as db:
            failing, open_ = list(told.unreached(db).values()), [one for one in told.remembered(db) if not one.ended_at]
    except sqlite3.Error as error:
        return [skipped("alerts", f"The database cannot be read ({said(error)}).", addresses=count)]
    figures = {"addresses": count, "failing": len(failing), "troubles": len(open_)}
    text = f"{_addresses(count)}; {_troubles(len(open_))}."
    if failing:
        last = max(failing, key=lambda one: one.failed_at)
        verb = "does" if len(failing) == 1 else "do"
        when = ago(patient.clock.now(), last.failed_at)
        text = f"{text} {len(failing)} {verb} not accept alerts, last {when}: {last.why.rstrip('.')}."
        return [problem("alerts", text, "Check alerts.urls; try them with: scrobbled test-alert", **figures)]
    return [ok("alerts", text, **figures)]


def _addresses(count: int) -> str:
    return "1 address" if count == 1 else f"{count} addresses"


def _troubles(count: int) -> str:
    return "1 trouble is open" if count == 1 else f"{count} troubles are open"


def _backups(patient: Patient) -> Check:
    settings = patient.config.storage.backup
    if settings.folder is None:
        return skipped(
            "backups", "None are made by themselves.", "Set storage.backup.folder, or run: scrobbled backup FILE"
        )
    if backup.can_be_made(settings.folder):
        text = f"None was made yet, and {settings.folder} is not there."
        return warning("backups", text, "serve makes the folder and the first copy soon after its start.", copies=0)
    try:
        copies = backup.dated_copies(settings.folder, patient.database)
    except StoreError as error:
        return problem("backups", str(error), "Make the folder, on another disk, where the user of serve may write.")
    made = max((at for at in map(backup.made_at, copies) if at is not None), default=None)
    if made is None:
        return warning("backups", "None was made yet.", "serve makes the first one soon after its start.", copies=0)
    age = (patient.clock.now() - made).total_seconds()
    text = f"{len(copies)} copies, the last {span(age)} ago; one is due every {span(settings.every)}."
    if age > LATE * settings.every:
        step = "Is serve running, and is there room? Its log tells why."
        return warning("backups", text, step, copies=len(copies), seconds=round(age))
    return ok("backups", text, copies=len(copies), seconds=round(age))

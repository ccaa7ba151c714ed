"""Trackers to be examined outside of the running service: they can only look."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from scrobbled.config.loading import is_there
from scrobbled.config.people import section
from scrobbled.core.errors import Uncertain
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import ShowMatch
from scrobbled.core.places import home_of
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.accounts import sign_ins
from scrobbled.trackers import TRACKERS, known_as
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context
from scrobbled.trackers.masked import Masked

READ_WITHIN = 5.0
TokenRows = Mapping[tuple[str, str], Mapping[str, Any]]


@contextlib.asynccontextmanager
async def accounts_of(patient: Patient) -> AsyncIterator[Patient]:
    """The patient with a tracker for each configured account, closed at the end. No request is sent.

    Without a tracker where it cannot be read who is signed in: they would all be found not to be.
    """
    stored: TokenRows | None = None
    with contextlib.suppress(TimeoutError):  # other checks tell that the database does not answer
        async with asyncio.timeout(READ_WITHIN):
            stored = await in_thread(lambda: _stored(patient))
    if stored is None:
        yield patient
        return
    async with contextlib.AsyncExitStack() as closing:
        trackers: dict[tuple[str, str], Tracker] = {}
        for viewer in patient.config.viewers:
            for name in viewer.trackers:
                if name in TRACKERS:
                    settings = section(patient.config, viewer, name)
                    http = patient.http("")
                    closing.push_async_callback(http.aclose)
                    tokens = Looking(sign_ins.of_home(stored.get((viewer.name, name), {}), home_of(settings)) or None)
                    known, rest = known_as(name, viewer.accounts), (Forgetful(), Clueless(), patient.clock)
                    context = Context(viewer.name, settings, http, tokens, *rest, known)
                    trackers[viewer.name, name] = Masked(TRACKERS[name].build(context), patient.redactor)
                    closing.push_async_callback(trackers[viewer.name, name].aclose)
        yield replace(patient, trackers=trackers)


class Looking:
    """A stored sign-in that cannot be replaced: whatever tried to would be a defect, and fails."""

    def __init__(self, values: Mapping[str, Any] | None) -> None:
        self._values = values

    async def load(self) -> Mapping[str, Any] | None:
        return self._values

    async def save(self, values: Mapping[str, Any]) -> NoReturn:
        raise RuntimeError("doctor must not change a sign-in")

    async def forget(self) -> NoReturn:
        raise RuntimeError("doctor must not forget a sign-in")


class Forgetful:
    """A cache that keeps nothing, so that every answer is a new one."""

    async def get(self, key: str) -> None:
        return None

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        """Not kept."""


class Clueless:
    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        raise Uncertain("doctor looks nothing up")


def _stored(patient: Patient) -> TokenRows | None:
    """``None`` where the database cannot be read; other checks say why."""
    if not is_there(patient.database):
        return {}
    try:
        with patient.reading() as db:
            patient.redactor.add(*sign_ins.secrets_kept(db))
            return sign_ins.all_kept(db)
    except (sqlite3.Error, ValueError):
        return None

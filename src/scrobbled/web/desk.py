"""What API and page ask and do. Every text that leaves here has passed the redactor."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, TypeVar

from scrobbled import summary
from scrobbled.core.errors import StoreError
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.redact import Redactor
from scrobbled.runtime import Runtime
from scrobbled.store import overview
from scrobbled.summary import Attempt, EventStory, Glance, PlayStory, QueuedChange, Status

T = TypeVar("T")
ACTIONS = ("retry", "approve", "drop")
NEEDS_YOU = (PlayOutcome.HELD, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
"""What nothing but a person can move on."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an action on the queue applied to; ``left`` are those named that it does not apply to."""

    action: str
    done: list[str]
    left: list[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page is made of, all read at one moment. ``needs`` are the first of what only a person can decide."""

    glance: Glance
    counts: dict[str, int]
    needs: list[QueuedChange]
    plays: list[PlayStory]


class Desk:
    """Reads and acts on behalf of whoever is let in."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def status(self) -> Status:
        """Counts all that ever happened, which may take a while: so it reads beside the writer, not in its way."""
        return self._masked(await asyncio.to_thread(self._counted))

    def _counted(self) -> Status:
        address = f"{self._runtime.store.path.resolve().as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
                return summary.status(db, self._runtime.config)
        except sqlite3.Error as error:
            raise StoreError(f"the database cannot be read: {error}") from None

    async def facts(self, before: int | None, plays: int, needs: int) -> Facts:
        """With so many plays older than ``before``, and so many changes that need somebody."""

        def read(db: sqlite3.Connection) -> Facts:
            counts: Counter[str] = Counter()
            for row in overview.waiting(db):
                counts[row.state] += row.count
            return Facts(
                glance=summary.glance(db, self._runtime.config),
                counts=dict(counts),
                needs=[summary.queued_change(row) for row in overview.queue(db, limit=needs, states=NEEDS_YOU)],
                plays=[summary.play_story(row) for row in overview.plays(db, before=before, limit=plays)],
            )

        return self._masked(await self._runtime.store.read(read))

    async def plays(self, before: int | None, limit: int) -> list[PlayStory]:
        """The newest first; ``before`` is the last id seen."""
        rows = await self._runtime.store.read(partial(overview.plays, before=before, limit=limit))
        return self._masked([summary.play_story(row) for row in rows])

    async def play(self, play_id: int) -> tuple[PlayStory, list[Attempt]] | None:
        row, attempts = await self._runtime.store.read(
            lambda db: (overview.play(db, play_id), summary.attempts(db, play_id))
        )
        return None if row is None else self._masked((summary.play_story(row), attempts))

    async def event(self, event_id: int) -> EventStory | None:
        return self._masked(await self._runtime.store.read(lambda db: summary.event_story(db, event_id)))

    async def queue(self, after: int, limit: int, states: Sequence[str] | None = None) -> list[QueuedChange]:
        """The oldest change first; ``after`` is the last id seen. ``states`` leaves out what is in another one."""
        rows = await self._runtime.store.read(partial(overview.queue, after=after, limit=limit, states=states))
        return self._masked([summary.queued_change(row) for row in rows])

    async def act(self, action: str, ids: Sequence[int] | None) -> Done:
        """Retry, approve or drop; ``None`` means everything, except for ``drop``. Couriers notice at once."""
        now = self._runtime.clock.now().timestamp()
        done = await self._runtime.store.write(lambda db: summary.act(db, action, ids, now))
        self._runtime.look_again(try_now=True)
        left = [id_ for id_ in ids or () if id_ not in done]
        return Done(action, [f"c{id_}" for id_ in done], [f"c{id_}" for id_ in left])

    def _masked(self, value: T) -> T:
        return masked(value, self._runtime.redactor)


def masked(value: T, redactor: Redactor) -> T:
    """The same without secrets in any text. Shapes and numbers stay, so that types hold."""
    return _masked(value, redactor)  # type: ignore[no-any-return]


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, list | tuple):
        return type(value)(_masked(part, redactor) for part in value)
    if isinstance(value, dict):
        return {_masked(key, redactor): _masked(part, redactor) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _masked(getattr(value, f.name), redactor) for f in fields(value)})
    return value

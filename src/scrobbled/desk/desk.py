"""What API and page ask and do. Every text that leaves here has passed the redactor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from msgspec import Struct, field

from scrobbled import correct, explain, floods, summary, troubles, trying, undo
from scrobbled.config import Config
from scrobbled.core.correction_words import Wish
from scrobbled.core.errors import StoreError
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.correct import Changed, CorrectionStory, Trial
from scrobbled.doctor import Patient, Report, examine
from scrobbled.explain.story import Explanation
from scrobbled.floods import Chosen, Done, FloodStory
from scrobbled.logbook import Logbook
from scrobbled.on_screen import OnScreen, on_screen
from scrobbled.replay import Replay, Wanted, since
from scrobbled.replay import Report as Again
from scrobbled.runtime import Runtime
from scrobbled.store import Store, amendments, backup, corrections, overview
from scrobbled.summary import Attempt, EventStory, Glance, PlayStory, QueuedChange, Status
from scrobbled.troubles import OpenTrouble
from scrobbled.trying import Rung, Tried
from scrobbled.undo import Asked
from scrobbled.undo import Report as Undone
from scrobbled.web.artwork import Artwork
from scrobbled.web.choosing import Choosing
from scrobbled.web.copies import Copies
from scrobbled.web.counting import Counting
from scrobbled.web.guided import Guided
from scrobbled.web.histories import EVERYTHING, History
from scrobbled.web.keys import Keys
from scrobbled.web.log_live import LogLive
from scrobbled.web.masking import masked
from scrobbled.web.needs import Needs
from scrobbled.web.reception import Reception
from scrobbled.web.settings import Settings
from scrobbled.web.syncing import Syncing

T = TypeVar("T")
ACTIONS = ("retry", "approve", "drop")
NEEDS_YOU = (PlayOutcome.HELD, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
"""What nothing but a person can move on."""


class Facts(Struct, frozen=True):
    """What the first page is made of, all read at one moment. ``counts`` are changes that wait, by state."""

    glance: Glance
    counts: dict[str, int]
    plays: list[PlayStory]
    playing: list[OnScreen] = field(default_factory=list)


class Copied(Struct, frozen=True):
    """A copy of the database as an open file that has no name on the disk; ``size`` is in bytes."""

    name: str
    size: int
    file: BinaryIO


class Desk:
    """Reads and acts on behalf of whoever is let in."""

    def __init__(self, runtime: Runtime, book: Logbook | None = None) -> None:
        self._runtime = runtime
        self.logs = LogLive(book or Logbook(), runtime.redactor)
        self.keys = Keys(runtime)
        self.reception = Reception(runtime)
        self.settings = Settings(runtime)
        self.copies = Copies(runtime)
        self.guided = Guided(runtime)
        self.needs = Needs(runtime, self.reception)
        self.choosing = Choosing(runtime)
        self.art = Artwork(runtime)
        self.counting = Counting(runtime, self.art)
        self.history = History(runtime)
        self.syncing = Syncing(runtime, self.art)

    @property
    def config(self) -> Config:
        """As it is at this moment."""
        return self._runtime.config

    def now(self) -> datetime:
        """In the zone of the house."""
        return self._runtime.clock.now().astimezone()

    async def asks(self) -> int:
        """How many things only a person can move on."""
        return await self.needs.number()

    async def status(self) -> Status:
        return self._masked(await self._runtime.store.read(lambda db: summary.status(db, self._runtime.config)))

    async def examined(self) -> Report:
        """What ``doctor`` finds now, with the accounts as they are in use; takes up to half a minute."""
        runtime = self._runtime
        trackers = {who: courier.tracker for who, courier in runtime.couriers.items()}
        patient = Patient(
            runtime.config,
            trackers,
            runtime.clock,
            runtime.redactor,
            environ=os.environ,
            serving=True,
            transport=runtime.transport,
        )
        return self._masked(await examine(patient))

    async def facts(self, plays: int) -> Facts:
        """With so many plays, those that were watched last."""
        now = self._runtime.clock.now().timestamp()
        newest = await self.history.seen(EVERYTHING, before=None, after=None, limit=plays)

        def read(db: sqlite3.Connection) -> Facts:
            counts: Counter[str] = Counter()
            for row in overview.waiting(db):
                counts[row.state] += row.count
            return Facts(
                glance=summary.glance(db, self._runtime.config),
                counts=dict(counts),
                plays=newest.plays,
                playing=on_screen(db, now),
            )

        return self._masked(await self._runtime.store.read(read))

    async def playing(self) -> list[OnScreen]:
        """What is being watched at this moment."""
        now = self._runtime.clock.now().timestamp()
        return self._masked(await self._runtime.store.read(lambda db: on_screen(db, now)))

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

    async def explain(self, asked: str, *, raw: bool = False) -> Explanation:
        """The story of an id of any kind; raises ``ValueError`` for what is none, and ``explain.NotThere``."""
        return self._masked(await asyncio.to_thread(self._explained, asked, raw))

    def _explained(self, asked: str, raw: bool) -> Explanation:
        """Beside the writer: the messages of a viewing are read and understood anew, which takes a while."""
        address = f"{self._runtime.store.path.resolve().as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
                return explain.explain(db, self._runtime.config, asked, raw=raw)
        except sqlite3.Error as error:
            raise StoreError(f"the database cannot be read: {error}") from None

    def moment(self, text: str) -> float:
        """Unix seconds; raises ``ValueError``."""
        return since(text, self._runtime.clock.now())

    async def replay(self, wanted: Wanted, *, dry_run: bool) -> Again:
        """Beside the service, on a connection of its own: no webhook waits while bodies are read."""
        runtime = self._runtime
        store = await asyncio.to_thread(Store, runtime.store.path, create=False)
        try:
            report = await Replay(store, runtime.ingest.household, runtime.clock).run(wanted, dry_run=dry_run)
        finally:
            await store.aclose()
        for play in report.plays if not dry_run else ():
            runtime.metrics.plays.labels(play.viewer, play.source, play.media).inc()
        runtime.look_again(try_now=False)
        return self._masked(report)

    async def queue(
        self, after: int, limit: int, states: Sequence[str] | None = None, flood: int | None = None
    ) -> list[QueuedChange]:
        """The oldest change first; ``after`` is the last id seen. ``states`` leaves out what is in another one.

        ``flood`` leaves out what that flood does not hold.
        """
        read = partial(overview.queue, after=after, limit=limit, states=states, flood=flood)
        rows, known = await self._runtime.store.read(lambda db: (read(db), overview.account_states(db)))
        return self._masked([summary.queued_change(row, known) for row in rows])

    async def amendments(self, after: int, limit: int) -> list[QueuedChange]:
        """What is to be changed of what trackers hold, as ``queue``."""
        rows = await self._runtime.store.read(partial(amendments.listing, after=after, limit=limit))
        return self._masked([summary.queued_amendment(row) for row in rows])

    async def floods(self) -> list[FloodStory]:
        """Of which something is held, oldest first."""
        return self._masked(await self._runtime.store.read(floods.stories))

    async def act(self, action: str, named: Chosen | None) -> Done:
        """Retry, approve or drop; ``None`` means everything, except for ``drop``. Couriers notice at once."""
        now = self._runtime.clock.now().timestamp()
        done = await self._runtime.store.write(lambda db: floods.act(db, action, named, now))
        self._runtime.look_again(try_now=True)
        return done

    async def undo(self, asked: Asked, *, dry_run: bool) -> Undone:
        """Take it back; raises ``undo.NotThere``. Couriers notice at once."""
        now = self._runtime.clock.now().timestamp()
        report = await undo.undo(self._runtime.store, asked, now, dry_run=dry_run)
        self._runtime.look_again(try_now=False)
        return self._masked(report)

    async def corrections(self) -> list[CorrectionStory]:
        """Oldest first."""
        return self._masked(await self._runtime.store.read(correct.listed))

    async def correct(self, wish: Wish) -> Changed:
        """Set a correction; raises ``BadCorrection``."""
        names, now = [viewer.name for viewer in self._runtime.config.viewers], self._runtime.clock.now().timestamp()
        done = await self._runtime.store.write(lambda db: correct.put(db, wish, names, now))
        self._runtime.look_again(try_now=False)
        return self._masked(done)

    async def uncorrect(self, id_: int) -> Changed | None:
        """Take a correction back; ``None`` where there is none with this id."""
        now = self._runtime.clock.now().timestamp()
        done = await self._runtime.store.write(lambda db: correct.remove(db, id_, now))
        self._runtime.look_again(try_now=False)
        return self._masked(done)

    async def try_item(
        self, what: str, season: int | None, number: int | None, viewer: str | None, *, movie: bool, absolute: bool
    ) -> list[Trial]:
        """Where each service keeps an item, asked now; raises ``BadCorrection``."""
        correct.known_viewer(viewer, [viewer.name for viewer in self._runtime.config.viewers])
        item, known = await self._runtime.store.read(
            lambda db: (
                correct.item_for(db, what, season, number, movie=movie, absolute=absolute),
                corrections.in_force(db),
            )
        )
        couriers = self._runtime.couriers.items()
        asked = {who: courier.tracker for who, courier in couriers if viewer in (None, who[0])}
        return self._masked(await correct.tried(item, asked, known))

    async def troubles(self) -> list[OpenTrouble]:
        """What people were, or will be, told of."""
        return self._masked([troubles.shown(trouble) for trouble in await self._runtime.alerts.open()])

    async def ring(self, viewer: str | None) -> list[Rung]:
        """A test alert. Raises ``ConfigError`` where there is nobody to send it to."""
        return self._masked(await trying.ring(self._runtime.config, self._runtime.redactor, viewer))

    async def post(self, source: str | None, viewer: str | None) -> list[Tried]:
        """A test event, over HTTP as from outside. Raises ``ConfigError`` where that cannot be tried."""
        runtime = self._runtime
        now = runtime.clock.now()
        return self._masked(await trying.post(runtime.config, runtime.store, now, source=source, viewer=viewer))

    async def copied(self) -> Copied:
        """A fresh copy of the database; raises ``StoreError`` when it cannot be made."""
        place = self._runtime.store.path
        name = backup.dated(place.parent, place, self._runtime.clock.now()).name
        return await asyncio.to_thread(_copied, place, name)

    def _masked(self, value: T) -> T:
        return masked(value, self._runtime.redactor)


def _copied(source: Path, name: str) -> Copied:
    made = backup.make(source, source.with_name(f"{source.name}.download"), overwrite=True)
    file = made.path.open("rb")
    made.path.unlink()  # so that nothing is left of it, however the download ends
    return Copied(name, made.size, file)

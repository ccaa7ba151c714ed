"""What API and page ask and do."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct, field

from scrobbled.config import Config
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk import plays as explain
from scrobbled.desk import undo
from scrobbled.desk.beginning.guided import Guided
from scrobbled.desk.corrections import correct
from scrobbled.desk.corrections.choice import Choosing
from scrobbled.desk.corrections.correct import Changed, CorrectionStory, Trial
from scrobbled.desk.facts import house, standings
from scrobbled.desk.facts import plays as plays_facts
from scrobbled.desk.facts import queue as queue_facts
from scrobbled.desk.facts.house import Glance, Status
from scrobbled.desk.facts.on_screen import OnScreen, on_screen
from scrobbled.desk.facts.plays import Attempt, EventStory, PlayStory
from scrobbled.desk.facts.queue import QueuedChange
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import ActionResult, FloodStory, NamedChanges
from scrobbled.desk.needs.needs import Needs
from scrobbled.desk.pairs.pairs import Runs
from scrobbled.desk.pausing import Pausing
from scrobbled.desk.plays.history import EVERYTHING, PlayHistory
from scrobbled.desk.plays.statistics import Counting
from scrobbled.desk.plays.story import Explanation
from scrobbled.desk.posters.artwork import Artwork
from scrobbled.desk.settings.copies import Copies
from scrobbled.desk.settings.settings import Settings
from scrobbled.desk.sign_in.keys import Keys
from scrobbled.desk.sources import trials
from scrobbled.desk.sources.reception import Reception
from scrobbled.desk.sources.trials import Rung, Tried
from scrobbled.desk.undo import UndoReport, UndoRequest
from scrobbled.intake.replay import EventFilter, Replay, ReplayReport, since
from scrobbled.runtime import troubles
from scrobbled.runtime.service import Runtime
from scrobbled.runtime.troubles import OpenTrouble
from scrobbled.store import Store
from scrobbled.store.file.beside import beside
from scrobbled.store.keeping import backup
from scrobbled.store.queue import amendments, corrections, overview, recent

if TYPE_CHECKING:
    from scrobbled.desk.doctor import DoctorReport

ACTIONS = ("retry", "approve", "drop")
NEEDS_YOU = (PlayOutcome.HELD, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
"""What nothing but a person can move on."""


class NowFacts(Struct, frozen=True):
    """What the first page is made of, all read at one moment. ``counts`` are changes that wait, by state."""

    glance: Glance
    stood: standings.Standings
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

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.keys = Keys(runtime)
        self.reception = Reception(runtime)
        self.settings = Settings(runtime)
        self.copies = Copies(runtime)
        self.guided = Guided(runtime)
        self.pausing = Pausing(runtime)
        self.needs = Needs(runtime, self.reception)
        self.choosing = Choosing(runtime)
        self.art = Artwork(runtime)
        self.counting = Counting(runtime, self.art)
        self.history = PlayHistory(runtime)
        self.syncing = Runs(runtime, self.art)

    @property
    def config(self) -> Config:
        """As it is at this moment."""
        return self._runtime.config

    def now(self) -> datetime:
        """In the zone of the house."""
        return self._runtime.clock.now().astimezone(self._runtime.config.server.zone)

    async def asks(self) -> int:
        """How many things only a person can move on."""
        return await self.needs.number()

    async def status(self) -> Status:
        now, config, asks = self._runtime.clock.now().timestamp(), self._runtime.config, await self.asks()
        return await self._runtime.store.read(lambda db: house.status(db, config, now, asks))

    async def examined(self) -> DoctorReport:
        """What ``doctor`` finds now, with the accounts as they are in use; takes up to half a minute."""
        from scrobbled.desk.doctor import Patient, examine

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
        return await examine(patient)

    async def facts(self, plays: int) -> NowFacts:
        """With so many plays, those that were watched last."""
        now = self._runtime.clock.now().timestamp()
        newest = await self.history.seen(EVERYTHING, before=None, after=None, limit=plays)

        def read(db: sqlite3.Connection) -> NowFacts:
            counts: Counter[str] = Counter()
            for row in overview.waiting(db):
                counts[row.state] += row.count
            return NowFacts(
                glance=house.glance(db, self._runtime.config),
                stood=standings.facts(db, self._runtime.config, now),
                counts=dict(counts),
                plays=newest.plays,
                playing=on_screen(db, now),
            )

        return await self._runtime.store.read(read)

    async def playing(self) -> list[OnScreen]:
        """What is being watched at this moment."""
        now = self._runtime.clock.now().timestamp()
        return await self._runtime.store.read(lambda db: on_screen(db, now))

    async def plays(self, before: int | None, limit: int) -> list[PlayStory]:
        """The newest first; ``before`` is the last id seen."""
        rows = await self._runtime.store.read(partial(recent.plays, before=before, limit=limit))
        return [plays_facts.play_story(row) for row in rows]

    async def play(self, play_id: int) -> tuple[PlayStory, list[Attempt]] | None:
        row, attempts = await self._runtime.store.read(
            lambda db: (recent.play(db, play_id), plays_facts.attempts(db, play_id))
        )
        return None if row is None else (plays_facts.play_story(row), attempts)

    async def event(self, event_id: int) -> EventStory | None:
        return await self._runtime.store.read(lambda db: plays_facts.event_story(db, event_id))

    async def explain(self, asked: str, *, raw: bool = False) -> Explanation:
        """The story of an id of any kind; raises ``ValueError`` for what is none, and ``NotThere``."""
        return await asyncio.to_thread(self._explained, asked, raw)

    def _explained(self, asked: str, raw: bool) -> Explanation:
        """Beside the writer: the messages of a viewing are read and understood anew, which takes a while."""
        with beside(self._runtime.store.path) as db:
            return explain.explain(db, self._runtime.config, asked, raw=raw)

    def moment(self, text: str) -> float:
        """Unix seconds; raises ``ValueError``."""
        return since(text, self._runtime.clock.now())

    async def replay(self, wanted: EventFilter, *, dry_run: bool) -> ReplayReport:
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
        return report

    async def queue(
        self, after: int, limit: int, states: Sequence[str] | None = None, flood: int | None = None
    ) -> list[QueuedChange]:
        """The oldest change first; ``after`` is the last id seen. ``states`` leaves out what is in another one.

        ``flood`` leaves out what that flood does not hold.
        """
        read = partial(overview.queue, after=after, limit=limit, states=states, flood=flood)
        rows, known = await self._runtime.store.read(lambda db: (read(db), overview.account_states(db)))
        return [queue_facts.queued_change(row, known) for row in rows]

    async def amendments(self, after: int, limit: int) -> list[QueuedChange]:
        """What is to be changed of what trackers hold, as ``queue``."""
        rows = await self._runtime.store.read(partial(amendments.listing, after=after, limit=limit))
        return [queue_facts.queued_amendment(row) for row in rows]

    async def floods(self) -> list[FloodStory]:
        """Of which something is held, oldest first."""
        return await self._runtime.store.read(floods.stories)

    async def act(self, action: str, named: NamedChanges | None) -> ActionResult:
        """Retry, approve or drop; ``None`` means everything, except for ``drop``. Couriers notice at once."""
        now = self._runtime.clock.now().timestamp()
        done = await floods.carried_out(self._runtime.store, action, named, now)
        self._runtime.look_again(try_now=True)
        return done

    async def undo(self, asked: UndoRequest, *, dry_run: bool) -> UndoReport:
        """Take it back; raises ``NotThere``. Couriers notice at once."""
        now = self._runtime.clock.now().timestamp()
        report = await undo.undo(self._runtime.store, asked, now, dry_run=dry_run)
        self._runtime.look_again(try_now=False)
        return report

    async def corrections(self) -> list[CorrectionStory]:
        """Oldest first."""
        return await self._runtime.store.read(correct.listed)

    async def correct(self, wish: TypedCorrection) -> Changed:
        """Set a correction; raises ``BadCorrection``."""
        names, now = [viewer.name for viewer in self._runtime.config.viewers], self._runtime.clock.now().timestamp()
        done = await self._runtime.store.write(lambda db: correct.put(db, wish, names, now))
        self._runtime.look_again(try_now=False)
        return done

    async def uncorrect(self, id_: int) -> Changed | None:
        """Take a correction back; ``None`` where there is none with this id."""
        now = self._runtime.clock.now().timestamp()
        done = await self._runtime.store.write(lambda db: correct.remove(db, id_, now))
        self._runtime.look_again(try_now=False)
        return done

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
        return await correct.tried(item, asked, known)

    async def troubles(self) -> list[OpenTrouble]:
        """What people were, or will be, told of."""
        return [troubles.shown(trouble) for trouble in await self._runtime.alerts.open()]

    async def ring(self, viewer: str | None) -> list[Rung]:
        """A test alert. Raises ``ConfigError`` where there is nobody to send it to."""
        return await trials.ring(self._runtime.config, self._runtime.redactor, viewer)

    async def post(self, source: str | None, viewer: str | None) -> list[Tried]:
        """A test event, over HTTP as from outside. Raises ``ConfigError`` where that cannot be tried."""
        runtime = self._runtime
        now = runtime.clock.now()
        return await trials.post(runtime.config, runtime.store, now, source=source, viewer=viewer)

    async def copied(self) -> Copied:
        """A fresh copy of the database; raises ``StoreError`` when it cannot be made."""
        place = self._runtime.store.path
        name = backup.dated(place.parent, place, self._runtime.clock.now()).name
        return await asyncio.to_thread(_copied, place, name)


def _copied(source: Path, name: str) -> Copied:
    made = backup.make(source, source.with_name(f"{source.name}.download"), overwrite=True)
    file = made.path.open("rb")
    made.path.unlink()  # so that nothing is left of it, however the download ends
    return Copied(name, made.size, file)

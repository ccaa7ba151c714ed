"""Plans that somebody looks at before saying yes: made in the background by a rehearsal, and kept for a day.

A plan may have a hundred thousand changes: these lie in a file and are looked at page by page, and in memory is only
what they come to.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.agreeing.outline import alternatives, deed_of, title
from scrobbled.core.agreeing.plan import Plan
from scrobbled.core.agreeing.plan_words import Manner, in_turn
from scrobbled.core.errors import ConfigError, StoreError
from scrobbled.core.kinds import in_order
from scrobbled.core.naming.names import name
from scrobbled.core.sending.change import Change, of_side
from scrobbled.desk.facts.steps import StepStory, step_stories
from scrobbled.desk.pairs.rehearsal import rehearse
from scrobbled.desk.pairs.stillness import in_peace
from scrobbled.reconcile import Ended, Options, Wired
from scrobbled.runtime.service import Runtime
from scrobbled.store.file.codec import iso
from scrobbled.store.mirror import ledger
from scrobbled.store.mirror.runs import RunStep
from scrobbled.store.notes.shelf import LineStory, PlanLine, StoredPlan

KEPT = 5
"""So many are kept, the newest."""
KEPT_FOR = 24 * 3_600.0
"""Seconds, as long as a plan can be carried out."""
DECIDE = "decide"
log = structlog.get_logger("pairs")


class PlanCount(Struct, frozen=True):
    """How many changes of one sort a plan has. ``tracker`` is empty for what a person is asked."""

    tracker: str
    action: str
    count: int
    undated: int = 0
    """So many of them are plays that are added without a date."""


class Preview(Struct, frozen=True):
    """What a run would do; times are ISO 8601 in UTC.

    ``phase`` is ``waiting``, ``reading``, ``comparing`` or ``ended``. ``outcome`` is empty before that, then
    ``planned`` (may be carried out at once), ``approval`` (wants a yes), ``nothing`` or ``failed``.
    """

    id: str
    viewer: str
    pair: str
    options: Options
    first_contact: bool
    """The two were never compared before."""
    asked: str
    phase: str = "waiting"
    waits_for: str = ""
    """What is delivered to the two first, in words; empty where it only waits for its turn."""
    steps: list[StepStory] = field(default_factory=list)
    """How far reading is, by tracker, where that takes long."""
    ended: str | None = None
    outcome: str = ""
    reason: str = ""
    plan_id: str | None = None
    agreed: int = 0
    total: int = 0
    groups: list[PlanCount] = field(default_factory=list)
    """In the order of the plan."""
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Kept:
    preview: Preview
    asked_at: float
    shelf: StoredPlan | None = None
    task: asyncio.Task[None] | None = None

    def drop(self) -> None:
        if self.task is not None:
            self.task.cancel()
        if self.shelf is not None:
            self.shelf.close()


class Previews:
    """Belongs to the loop that the runtime runs in."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._kept = runtime, dict[str, _Kept]()
        self._turn = asyncio.Semaphore(1)
        runtime.on_close(self.aclose)

    async def ask(self, one: Wired, options: Options) -> Preview:
        """Begin one, or what somebody asked for with the same words and is being made. Raises ``ConfigError``."""
        await self._runtime.keeper.reconciler(one).check(options)
        sides, now = one.sides, self._runtime.clock.now()
        for kept in self._kept.values():
            mine = kept.preview
            if (mine.viewer, mine.pair, mine.options) == (sides.viewer, sides.pair, options) and not mine.ended:
                return mine
        state = await self._runtime.store.read(lambda db: ledger.state(db, sides.viewer, sides.pair))
        first = state.based_at is None
        preview = Preview(f"v{secrets.token_hex(5)}", sides.viewer, sides.pair, options, first, iso(now.timestamp()))
        self._kept[preview.id] = made = _Kept(preview, now.timestamp())
        self._forget_old()
        made.task = asyncio.create_task(self._make(made, one))
        return preview

    def get(self, id_: str) -> Preview | None:
        self._forget_old()
        kept = self._kept.get(id_)
        return None if kept is None else kept.preview

    def listing(self) -> list[Preview]:
        """The newest first."""
        self._forget_old()
        return [kept.preview for kept in reversed(self._kept.values())]

    async def lines(
        self, id_: str, *, tracker: str | None, action: str | None, after: int, limit: int
    ) -> list[PlanLine]:
        """A page of what it would do; nothing where there is none (any more)."""
        kept = self._kept.get(id_)
        if kept is None or kept.shelf is None:
            return []
        try:
            return await asyncio.to_thread(kept.shelf.page, tracker=tracker, action=action, after=after, limit=limit)
        except sqlite3.ProgrammingError:  # it was forgotten meanwhile
            return []

    def drop(self, id_: str) -> bool:
        """Not wanted any more; one that is being made ends."""
        kept = self._kept.pop(id_, None)
        if kept is not None:
            kept.drop()
            self._runtime.changed()
        return kept is not None

    async def aclose(self) -> None:
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        for kept in self._kept.values():
            kept.drop()
        self._kept.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_old(self) -> None:
        oldest = self._runtime.clock.now().timestamp() - KEPT_FOR
        ids = list(self._kept)
        for id_ in ids:
            if id_ not in ids[-KEPT:] or self._kept[id_].asked_at < oldest:
                self._kept.pop(id_).drop()

    async def _make(self, kept: _Kept, one: Wired) -> None:
        runtime = self._runtime
        try:
            ended = await in_peace(
                runtime.store,
                one.sides,
                runtime.clock,
                lambda text: self._tell(kept, phase="waiting", waits_for=text, steps=[]),
                lambda: self._rehearsed(kept, one),
            )
            found = await asyncio.to_thread(_shelved, ended)
        except (ConfigError, StoreError, sqlite3.Error) as error:
            ended, found = Ended("failed", str(error)), None
        except Exception:
            log.exception("a preview failed as it never should", action="preview", pair=one.sides.pair)
            ended, found = Ended("failed", "this is a defect of scrobbled; its log says more"), None
        kept.shelf, kept.preview = found, _told(kept.preview, ended, found)
        self._tell(kept, phase="ended", ended=_iso(runtime.clock.now()), waits_for="", steps=[])

    def _tell(self, kept: _Kept, **what: Any) -> None:
        kept.preview = replace(kept.preview, **what)
        self._runtime.changed()

    async def _rehearsed(self, kept: _Kept, one: Wired) -> Ended:
        """After those that were asked for before."""
        runtime = self._runtime

        def tell_steps(steps: Mapping[str, RunStep]) -> None:
            self._tell(kept, steps=step_stories(steps, runtime.clock.now().timestamp()))

        self._tell(kept, phase="waiting", waits_for="")
        async with self._turn:
            return await rehearse(
                runtime.config,
                one,
                kept.preview.options,
                tell=lambda phase: self._tell(kept, phase=phase, steps=[]),
                tell_steps=tell_steps,
                clock=runtime.clock,
                transport=runtime.transport,
            )


def _told(preview: Preview, ended: Ended, shelf: StoredPlan | None) -> Preview:
    told = replace(preview, outcome=ended.outcome, reason=ended.reason, plan_id=ended.plan_id or None)
    if ended.plan is None or shelf is None:
        return told
    groups = [PlanCount(*row) for row in shelf.counts()]
    total = sum(group.count for group in groups)
    return replace(told, agreed=ended.plan.agreed, warnings=list(ended.plan.warnings), groups=groups, total=total)


def _shelved(ended: Ended) -> StoredPlan | None:
    return StoredPlan(_lines(ended.plan)) if ended.plan is not None else None


def _lines(plan: Plan) -> Iterator[PlanLine]:
    """What is asked comes first, then what takes away; of one title the oldest first."""
    n, (a, b) = 0, map(name, plan.names)
    for mine in alternatives(plan.changes):
        n += 1
        first, deeds = mine[0], in_turn(map(deed_of, mine), plan.names, Manner(names=name))
        told = (first.kind, first.label, title(first), _iso(first.at), "", deeds, first.why.format(a=a, b=b))
        yield LineStory(n, "", DECIDE, *told, ""), first.key
    ranks = {words.action: rank for rank, words in enumerate(in_order())}  # what takes away first
    does = [(title(change), change) for change in plan.changes if not change.ask]
    does.sort(key=lambda one: (one[1].side, ranks[one[1].action], one[0].casefold(), _at(one[1]), one[1].label))
    for name_, c in does:
        n += 1
        told = (c.kind, c.label, name_, _iso(c.at), c.before, c.after, c.why)
        yield LineStory(n, of_side(plan.names, c.side), str(c.action), *told, ""), c.key


def _at(change: Change) -> float:
    return change.at.timestamp() if change.at else 0.0


def _iso(moment: datetime | None) -> str | None:
    return iso(moment.timestamp()) if moment else None

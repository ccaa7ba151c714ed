"""What API and pages ask and do about pairs: plans, runs, and what runs leave to decide."""

from __future__ import annotations

import asyncio
import sqlite3

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config.changing import Put
from scrobbled.config.viewing import PairConfig
from scrobbled.core.errors import ConfigError
from scrobbled.core.naming.named import named
from scrobbled.desk.caller import Caller
from scrobbled.desk.facts import house, standings
from scrobbled.desk.facts.house import AccountStatus
from scrobbled.desk.facts.pairs import PairStory, RunStory, pair_stories, run_story
from scrobbled.desk.pairs.lines import RunProgress, progress_of, title_of
from scrobbled.desk.pairs.previews import Preview, Previews
from scrobbled.desk.pairs.questions import Questions
from scrobbled.desk.pairs.usual import USUAL, proposed
from scrobbled.desk.posters.artwork import Artwork
from scrobbled.desk.settings.settings import Settings, SettingsSaved
from scrobbled.desk.undo import UndoReport, UndoRequest, undo
from scrobbled.reconcile import Options, Wired
from scrobbled.reconcile.pairs import found
from scrobbled.runtime.service import Runtime
from scrobbled.store.mirror import run_changes, runs
from scrobbled.store.notes.shelf import LineStory
from scrobbled.store.queue import run_items
from scrobbled.store.queue.run_items import ItemFilter, ItemStory

log = structlog.get_logger("web")
LOOKED_AT = 500
"""Changes of a run up to which each is looked at before it is taken back."""
GONE = (
    "This preview is not kept any more: previews are kept for a day, and only until scrobbled starts anew. Make a new "
    "one: a preview changes nothing."
)


class Filter(Struct, frozen=True):
    """Which runs; an empty text is any. ``outcomes`` may have an empty one, for what is under way."""

    viewer: str = ""
    pair: str = ""
    outcomes: tuple[str, ...] = ()


class Runs:
    """Pairs, their runs, and plans of runs."""

    def __init__(self, runtime: Runtime, art: Artwork) -> None:
        self._runtime, self._art = runtime, art
        self._previews = Previews(runtime)
        self.questions = Questions(runtime, art)
        self._asking = asyncio.Lock()
        self._taking_back: dict[int, asyncio.Task[UndoReport]] = {}
        runtime.on_close(self._aclose)

    async def pairs(self) -> list[PairStory]:
        """In the order of the configuration."""
        now, config = self._now(), self._runtime.config
        return await self._runtime.store.read(
            lambda db: pair_stories(db, config, standings.facts(db, config, now), titles=True)
        )

    async def accounts(self) -> list[AccountStatus]:
        """Whether each account can be asked just now."""
        return await self._runtime.store.read(lambda db: house.glance(db, self._runtime.config).trackers)

    async def switch_on(self, viewer: str, pair: str, settings: Settings, by: Caller) -> SettingsSaved | None:
        """Every kind that goes both ways, in the file; every 15 minutes, unless it says when.

        ``None`` where there is no such pair, or something of it is on.

        Raises ``NotValid``, ``Meanwhile`` and ``NotWritten``.
        """
        stood = [(one.viewer, one.pair, one.standing.code) for one in await self.pairs()]
        if (viewer, pair, "off") not in stood or (found := self._configured(viewer, pair)) is None:
            return None
        (place, configured), now = found, await settings.opened()
        edits = [Put((*place, kind), "both") for kind in proposed(pair.split(","))]
        if configured.every is None and configured.schedule is None:
            edits.append(Put((*place, "every"), USUAL))
        return await settings.save(now, await settings.edited(now, edits), by)

    async def switch_off(self, viewer: str, pair: str, settings: Settings, by: Caller) -> SettingsSaved | None:
        """Every kind, in the file: nothing of the pair is compared any more. What was brought over stays.

        ``None`` where there is no such pair, or nothing of it is on. Raises as ``switch_on``.
        """
        found = self._configured(viewer, pair)
        if found is None or not found[1].directions():
            return None
        (place, configured), now = found, await settings.opened()
        edits = [Put((*place, kind), "off") for kind in configured.directions()]
        return await settings.save(now, await settings.edited(now, edits), by)

    def _configured(self, viewer: str, pair: str) -> tuple[tuple[str | int, ...], PairConfig] | None:
        """Where it stands in the file, and what stands there."""
        return next(
            (
                (("viewers", person, "pairs", at), one)
                for person, who in enumerate(self._runtime.config.viewers)
                for at, one in enumerate(who.pairs)
                if (who.name, ",".join(one.between)) == (viewer, pair)
            ),
            None,
        )

    # -- plans --------------------------------------------------------------------------------------------------------

    async def preview(self, viewer: str, pair: str, options: Options) -> Preview | None:
        """Begin to find out what a run would do; ``None`` where there is no such pair. Raises ``ConfigError``."""
        one = self._found(viewer, pair)
        return None if one is None else await self._previews.ask(one, options)

    def shown(self, preview: str) -> Preview | None:
        """``None`` where it is not kept any more."""
        return self._previews.get(preview)

    def previews(self) -> list[Preview]:
        """Those that are kept, the newest first."""
        return self._previews.listing()

    async def lines(
        self, preview: str, *, tracker: str = "", action: str = "", after: int = 0, limit: int = 50
    ) -> list[LineStory]:
        """A page of what it would do. An empty text is any; what is asked has the action ``decide``."""
        asked = {"tracker": tracker or None, "action": action or None}
        found = await self._previews.lines(preview, **asked, after=after, limit=limit)
        posters = self._art.of_items(named(key, line.title) for line, key in found)
        return [replace(line, poster=poster) for (line, _), poster in zip(found, posters, strict=True)]

    def forget(self, preview: str) -> bool:
        """It is not wanted any more."""
        return self._previews.drop(preview)

    async def apply(self, preview: str) -> RunStory | None:
        """Carry out exactly this plan; ``None`` where it is not kept any more. Raises ``ConfigError``."""
        plan = self._previews.get(preview)
        if plan is None:
            return None
        if plan.plan_id is None:
            raise ConfigError(["there is nothing in this plan that could be carried out"])
        return await self.ask(plan.viewer, plan.pair, replace(plan.options, plan=plan.plan_id))

    # -- runs ---------------------------------------------------------------------------------------------------------

    async def ask(self, viewer: str, pair: str, options: Options) -> RunStory | None:
        """Have a pair reconciled now; ``None`` where there is none. Raises ``ConfigError`` for strange options.

        A plan that a run has shown is carried out with the options of that run, and only once: whoever asks again is
        told of the run that does it.
        """
        one = self._found(viewer, pair)
        if one is None:
            return None
        async with self._asking:
            begun = await self.carrying_out(one.sides.viewer, one.sides.pair, options.plan)
            return begun or await self._begun(one, options)

    async def _begun(self, one: Wired, options: Options) -> RunStory | None:
        if options.plan and options == Options(plan=options.plan):
            options = await self._runtime.store.read(lambda db: _of_plan(db, options))
        await self._runtime.keeper.reconciler(one).check(options)
        number = await self._runtime.keeper.ask(one.sides.viewer, one.sides.pair, "sync", options)
        self._runtime.changed()
        return await self.run(number)

    async def carrying_out(self, viewer: str, pair: str, plan: str | None) -> RunStory | None:
        """The run that does this plan, or has done it. One that came to nothing leaves it to another."""

        def read(db: sqlite3.Connection) -> RunStory | None:
            found = runs.carrying_out(db, viewer, pair, plan or "")
            return None if found is None else run_story(db, found, self._now())

        return await self._runtime.store.read(read) if plan else None

    async def runs(self, before: int | None, limit: int, which: Filter | None = None) -> list[RunStory]:
        """The newest first; ``before`` is the last id seen."""
        which = which or Filter()
        asked, now = {"viewer": which.viewer, "pair": which.pair}, self._now()

        def read(db: sqlite3.Connection) -> list[RunStory]:
            found = runs.listing(db, before, limit, outcomes=which.outcomes, **asked)
            return [run_story(db, run, now) for run in found]

        return await self._runtime.store.read(read)

    async def run(self, number: int) -> RunStory | None:
        def read(db: sqlite3.Connection) -> RunStory | None:
            run = runs.get(db, number)
            return None if run is None else run_story(db, run, self._now())

        return await self._runtime.store.read(read)

    async def progress(self, number: int) -> RunProgress | None:
        """How far it is; ``None`` where there is no such run."""
        now = self._now()
        return await self._runtime.store.read(lambda db: progress_of(db, number, now))

    async def items(self, number: int, chosen: ItemFilter, after: str, limit: int) -> list[ItemStory]:
        """A page of the changes of a run; ``after`` is the last id seen, or empty."""
        found = await self._runtime.store.read(lambda db: run_items.page(db, number, chosen, after, limit))
        posters = self._art.of_items(item for _, item in found)
        told = zip(found, posters, strict=True)
        return [replace(one, title=title_of(item, one.label), poster=poster) for (one, item), poster in told]

    async def cancel(self, number: int) -> tuple[RunStory, bool] | None:
        """End a run now, and whether something of it was under way; ``None`` where there is no such run."""
        done = await self._runtime.keeper.cancel(number)
        if done:
            self._runtime.look_again(try_now=False)
        run = await self.run(number)
        return None if run is None else (run, done)

    async def weigh(self, number: int) -> UndoReport | None:
        """What taking a run back would do; ``None`` where there are too many changes to look at each."""
        size = (await self._runtime.store.read(lambda db: run_changes.progress(db, number))).total
        return await self._undo(number, dry_run=True) if size <= LOOKED_AT else None

    async def take_back(self, number: int) -> None:
        """A run, here and now where it is small; else in the background, as far as it comes before we end.

        It may be asked for again, and then goes on with the rest.
        """
        size = (await self._runtime.store.read(lambda db: run_changes.progress(db, number))).total
        if size <= LOOKED_AT:
            await self._undo(number, dry_run=False)
        elif number not in self._taking_back:
            self._taking_back[number] = task = asyncio.create_task(self._undo(number, dry_run=False))
            task.add_done_callback(lambda done: self._taken_back(number, done))

    def _taken_back(self, number: int, task: asyncio.Task[UndoReport]) -> None:
        del self._taking_back[number]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("taking back ended early", action="undo", run=f"r{number}", why=str(error))

    async def _undo(self, number: int, *, dry_run: bool) -> UndoReport:
        now = self._now()
        report = await undo(self._runtime.store, UndoRequest(run=number), now, dry_run=dry_run)
        if not dry_run:
            self._runtime.look_again(try_now=False)
        return report

    async def _aclose(self) -> None:
        for task in self._taking_back.values():
            task.cancel()

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()

    def _found(self, viewer: str, pair: str) -> Wired | None:
        return found(self._runtime.config, self._runtime.couriers, viewer, pair)


def _of_plan(db: sqlite3.Connection, options: Options) -> Options:
    shown = runs.with_plan(db, options.plan)
    return options if shown is None else replace(Options.of(shown.options), plan=options.plan)

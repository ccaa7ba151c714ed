"""Anna's Plex library and her Trakt in the demo: as in a house that is lived in, and brought into step.

Two servers with films and shows in which all happens that happens to a real library (``sandbox.homes``), and a Trakt
account that other programs have written to. A pair brings them into step, and what stands on either side is compared
with what has to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from msgspec import Struct

from scrobbled.cli.demo.reckoning import Reckoning
from scrobbled.cli.waiting import Say
from scrobbled.reconcile import Options
from scrobbled.runtime.service import Runtime
from scrobbled.sandbox.homes.home import Home, HomeThing
from scrobbled.sandbox.homes.standing import minutes, wrong
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.store.mirror import run_changes, runs
from scrobbled.store.mirror.run_changes import RunCounts
from scrobbled.store.mirror.runs import Run

PAIR = "plex,trakt"
PATIENCE = 60.0
"""Seconds until a run must be over and delivered; here one takes about two."""
CASES = (
    ("copies", "a film in four copies", "one film, one play"),
    ("copies to mark", "two copies, seen elsewhere", "both are ticked off"),
    ("seven views, two rows", "counts seven, two have a date", "five are left alone"),
    ("twice in an evening", "seen twice on one evening", "two plays"),
    ("again within its runtime", "begun again within its runtime", "one play"),
    ("no believable date", "no date that one can believe", "none is made up"),
    ("a season ticked off", "a season ticked off by hand", "nobody sees it in a minute"),
    ("specials in another order", "specials in another order", "found by their ids"),
    ("anime counted through", "an anime that is counted through", "found by titles and days"),
    ("two episodes in one file", "two episodes in one file", "both"),
    ("another language", "titles in another language", "found by their ids"),
    ("home videos", "home videos", "anna decides"),
    ("brought in bulk", "entered in bulk by a program", "not entered again"),
    ("on Trakt some minutes off", "on Trakt some minutes off", "not entered again"),
    ("not in the library", "on Trakt, and not at home", "nothing to tick off"),
)
"""What is shown: a case of ``sandbox.homes``, what it is, and what becomes of it."""


class _Ended(Struct, frozen=True):
    run: Run
    changes: RunCounts


async def compared(runtime: Runtime) -> _Ended | None:
    """Anna's pair once, and all that comes of it; nothing where patience ends before."""
    id_ = await runtime.keeper.ask("anna", PAIR, "sync", Options())
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while loop.time() < deadline:
        run, changes = await runtime.store.read(lambda db: (runs.get(db, id_), run_changes.progress(db, id_)))
        if run is not None and run.ended_at is not None and not changes.waiting:
            return _Ended(run, changes)
        await asyncio.sleep(0.05)
    return None


class DemoLibrary:
    """``bring`` compares the two sides, and ``is_right`` tells how they stand. Made before anything was done."""

    def __init__(self, home: Home, tell: Say) -> None:
        self._home, self._tell = home, tell
        self._before = {case: self._plays(case) for case, _, _ in CASES}
        self._held = len(home.trakt().history), len(home.trakt().ratings)

    async def bring(self, runtime: Runtime) -> bool:
        """Into step; false where that does not come to its end, or a second look finds something to do."""
        self._tell("\nAnna's Plex library and her Trakt are compared, and what one of them lacks is brought over …")
        first, second = await compared(runtime), await compared(runtime)
        if first is None or second is None:
            self._tell("  That did not come to its end; scrobbled status would say why.")
            return False
        made, waiting = first.changes.done, first.changes.stuck
        self._tell(f"  {made} changes are made, {waiting} wait for anna, as it is not certain what they are.")
        is_silent = second.run.outcome == "nothing"
        self._tell(f"  A second look finds {'nothing' if is_silent else 'SOMETHING'} to do.")
        return first.run.outcome == "done" and is_silent

    def is_right(self, reckoning: Reckoning) -> bool:
        """Tells of both sides; true where all of it is as it must be, and nothing is at anybody else's account."""
        self._tell(f"\n{'Anna: library and Trakt':<36}Plex: watched   Trakt: plays before, now")
        for case, what, becomes in CASES:
            before, now = self._before[case], self._plays(case)
            self._tell(f"  {what:<34}{self._copies(case):<16}{before:>6} {now:>4}   {becomes}")
        self._tell(f"  {self._in_all()}.")
        strange = [*wrong(self._home), *self._uneven(reckoning), *self._of_others()]
        for told in strange:
            self._tell(f"  WRONG: {told}")
        if not strange:
            self._tell("Library and Trakt agree: each viewing once, at its own minute.")
        return not strange

    def _in_all(self) -> str:
        plays, ratings = self._held
        user, kinds = self._home.trakt(), [item.type for item in self._home.plex.library.items.values()]
        away = sum(item.type in ("movie", "episode") for item in self._home.cabin.library.items.values())
        return (
            f"In all {kinds.count('movie')} films and {kinds.count('episode')} episodes at home, {away} at the cabin. "
            f"Trakt had {plays} plays and {ratings} ratings, and has {len(user.history)} and {len(user.ratings)}"
        )

    def _things(self, case: str) -> Iterator[HomeThing]:
        return (thing for thing in self._home.of(case) if thing.person == "anna")

    def _plays(self, case: str) -> int:
        return sum(len(minutes(self._home, thing)) for thing in self._things(case) if thing.title is not None)

    def _copies(self, case: str) -> str:
        counts = [self._count(*copy) for thing in self._things(case) for copy in thing.copies]
        return f"{sum(count > 0 for count in counts)} of {len(counts)}" if counts else "-"

    def _count(self, server: str, key: str) -> int:
        core = self._home.plex if server == self._home.plex.name else self._home.cabin
        return core.views.of(ANNA, core.library.items[key]).count

    def _uneven(self, reckoning: Reckoning) -> Sequence[str]:
        """What anna watched this evening, on whichever server, is watched in her library, and once."""
        watched = {viewing.item.rating_key: viewing.label for viewing in reckoning.watched_by("anna")}
        counts = {label: self._count(self._home.plex.name, key) for key, label in watched.items()}
        return [f"{label} counts {count} times in Plex" for label, count in counts.items() if count != 1]

    def _of_others(self) -> Sequence[str]:
        """Ben and mia have watched at the same servers; nobody asked for theirs."""
        held = {thing.title.key for thing in self._home.things if thing.title is not None}
        strays = [play for play in self._home.trakt("ben").history if play.title.key in held]
        return [f"{play.title.title} is at ben's Trakt" for play in strays]

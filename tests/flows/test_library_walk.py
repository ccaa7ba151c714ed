"""Whatever a person does at two media servers and at Trakt, and whatever fails meanwhile: all comes into step, once.

Watched, watched again, begun, marked, a season marked, unmarked, rated by halves; files added, moved, deleted, a disk
that is not there; a webhook, a second program that writes to Trakt, somebody else in the house; answers that are cut,
stale, lost after their effect, a server that is off, and a process that dies at any of its commits.

``SCROBBLED_WALKS`` is how many walks are made of each policy, and ``SCROBBLED_WALK_SEED`` which.
"""

import asyncio
import contextlib
import os
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from flows.two_servers import FILM_THINGS, SERVERS, THINGS, Household, Thing, household
from pairing import Crash
from scrobbled.core.errors import TrackerError
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.people import ANNA, BEN

WALKS = int(os.environ.get("SCROBBLED_WALKS", "5"))
SAME = "SCROBBLED_WALKS" not in os.environ
SEED = int(os.environ.get("SCROBBLED_WALK_SEED", "1"))
QUICK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A disk that need not be waited for: a walk writes a thousand times."""
NEAR = timedelta(minutes=90)
"""Two plays of a thing that are closer are one viewing; each viewing of a walk is thirty hours from the others."""
LISTED, HISTORY, MARK = "GET /library/sections/*", "GET /status/sessions/history/all", "PUT /:/scrobble"
FAULTS: list[dict[str, Any]] = [
    {"at": "plex", "match": LISTED, "kind": "malformed"},
    {"at": "plex", "match": LISTED, "kind": "status", "status": 500},
    {"at": "plex-cabin", "match": LISTED, "kind": "html"},
    {"at": "plex", "match": LISTED, "kind": "status", "status": 401},
    {"at": "plex", "match": HISTORY, "kind": "malformed"},
    {"at": "plex-cabin", "match": HISTORY, "kind": "status", "status": 502},
    {"at": "plex", "match": MARK, "kind": "status", "status": 502, "when": "after"},
    {"at": "plex", "match": MARK, "kind": "drop"},
    {"at": "plex-cabin", "match": MARK, "kind": "drop", "when": "after"},
    {"at": "plex", "match": "PUT /:/rate", "kind": "status", "status": 502, "when": "after"},
    {"at": "trakt", "match": "POST /sync/history", "kind": "status", "status": 502, "when": "after"},
    {"at": "trakt", "match": "POST /sync/history", "kind": "drop", "when": "after"},
    {"at": "trakt", "match": "POST /sync/history", "kind": "half", "status": 504},
    {"at": "trakt", "match": "POST /sync/history/remove", "kind": "status", "status": 502, "when": "after"},
    {"at": "trakt", "match": "POST /sync/ratings", "kind": "drop", "when": "after"},
    {"at": "trakt", "match": "GET /sync/history*", "kind": "malformed"},
    {"at": "trakt", "match": "GET /sync/watched*", "kind": "status", "status": 500},
    {"at": "trakt", "match": "GET /sync/last_activities", "kind": "html"},
    {"at": "trakt", "match": "GET /sync/*", "kind": "stale", "seconds": 1_000},
]
SERVER, AT, FILM = st.sampled_from(SERVERS), st.integers(0, len(THINGS) - 1), st.integers(0, len(FILM_THINGS) - 1)
WATCHED = st.one_of(
    st.tuples(st.just("watch"), SERVER, AT, st.booleans(), st.none()),
    st.tuples(st.just("watch"), SERVER, AT, st.just(False), st.sampled_from([-12, 0, 3])),
    st.tuples(st.just("elsewhere"), AT),
    st.tuples(st.just("ben_watches"), AT, st.booleans()),
)
BY_HAND = st.one_of(
    st.tuples(st.sampled_from(["begin", "mark", "unmark", "unmark"]), SERVER, AT),
    st.tuples(st.just("mark_season"), SERVER),
    st.tuples(st.just("rate"), SERVER, AT, st.integers(1, 20)),
    st.tuples(st.just("rate_there"), AT, st.integers(1, 10)),
    st.tuples(st.just("untrakt"), st.integers(0, 50)),
    st.tuples(st.just("bulk")),
)
FILES = st.one_of(
    st.tuples(st.sampled_from(["add", "delete", "move"]), SERVER, FILM),
    st.tuples(st.just("unmount"), SERVER),
    st.tuples(st.just("mount")),
)
TROUBLE = st.one_of(
    st.tuples(st.just("fault"), st.integers(0, len(FAULTS) - 1), st.integers(0, 2), st.integers(1, 2)),
    st.tuples(st.sampled_from(["off", "shift"]), SERVER),
)
OURS = st.one_of(
    st.tuples(st.just("cycle")),
    st.tuples(st.just("part"), st.integers(0, 6)),
    st.tuples(st.just("crash"), st.integers(1, 60), st.booleans()),
    st.tuples(st.just("catch_up")),
    st.tuples(st.just("rest")),
)
STEP = st.one_of(WATCHED, WATCHED, BY_HAND, BY_HAND, FILES, TROUBLE, OURS, OURS, OURS)
POLICIES: dict[str, dict[str, Any]] = {
    "both": {},
    "marks count": {"undated": "marked", "removals": "propagate"},
    "unknown": {"undated": "unknown", "removals": "propagate"},
    "only to Trakt": {"undated": "released", "plays": "plex-to-trakt", "ratings": "trakt-to-plex"},
}


class Walk:
    """The steps that are ours, and what has to hold after them."""

    def __init__(self, home: Household, policy: dict[str, Any]) -> None:
        self.home, self.policy = home, policy
        self.ours: set[int] = set()
        """Plays on Trakt that were seen and that nobody else made."""
        self.counts: dict[tuple[str, str, str], int] = {}

    async def take(self, step: tuple[Any, ...]) -> None:
        name, *given_ = step
        own = getattr(self, f"_{name}", None)
        result = (own or getattr(self.home, name))(*given_)
        with contextlib.suppress(TrackerError):  # of a server that is asked and does not answer
            if asyncio.iscoroutine(result):
                await result
        self.safe()

    # -- what goes wrong, and what we do ------------------------------------------------------------------------------

    def _fault(self, which: int, skip: int, times: int) -> None:
        fault = dict(FAULTS[which])
        self.home.sandbox[fault.pop("at")].faults.add(Fault(**fault, skip=skip, times=times))

    def _off(self, server: str) -> None:
        self.home.sandbox[server].faults.start_outage(drop=True)

    def _shift(self, server: str) -> None:
        """Totals change from page to page, as while files are being added."""
        self._switched(server, moving_totals=True)

    def _switched(self, server: str, **switches: Any) -> None:
        stand_in = self.home.sandbox[server]
        stand_in.switches = stand_in.switches.changed(switches)

    async def _part(self, steps: int) -> None:
        """A run, part of its delivery, and then the process is gone."""
        await self.home.compare_all()
        for courier in self.home.runtime.couriers.values():
            for _ in range(steps):
                if (wait := await courier.step()) is None:
                    break
                self.home.clock.advance(min(wait, 60.0))
        await self.home.restart()

    async def _crash(self, writes: int, after: bool) -> None:
        """The process is gone at one of its commits: before it, or as soon as it is on the disk."""
        store = self.home.runtime.store
        write, left = store.write, writes

        async def dying(work: Any, **how: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0 or (left == 0 and not after):
                raise Crash
            answer = await write(work, **how)
            if left == 0:
                raise Crash
            return answer

        store.write = dying  # type: ignore[method-assign]
        with contextlib.suppress(Crash):
            await self.home.cycle()
        store.write = write  # type: ignore[method-assign]
        await self.home.restart()
        await self.home.sign_in()  # a token that was renewed, and not stored yet, is gone for good

    async def _rest(self) -> None:
        """All is well again; until three cycles have nothing to do."""
        home = self.home
        home.mount()
        for name in (*SERVERS, "trakt", "trakt-auth"):
            home.sandbox[name].faults.clear()
            home.sandbox[name].faults.end_outage()
        for server in SERVERS:
            self._switched(server, moving_totals=False)
        quiet = 0
        for _ in range(20):
            home.clock.advance(7 * 3_600)
            for courier in home.runtime.couriers.values():
                courier.try_now()
            outcomes = await home.cycle()
            quiet = quiet + 1 if set(outcomes) == {"nothing"} else 0
            if quiet == 3:
                return
        raise AssertionError(f"still something to do after 20 cycles: {outcomes}")

    # -- what has always to hold --------------------------------------------------------------------------------------

    def safe(self) -> None:
        for who in ("anna", "ben"):
            self._nothing_is_invented_or_doubled(who)
        self._nothing_of_others_is_removed()
        self._nothing_is_counted_up()

    def _nothing_is_invented_or_doubled(self, who: str) -> None:
        truth, mine = self.home.truth, Counter[tuple[Thing | None, Any]]()
        minutes = {(one.thing, one.at.replace(second=0, microsecond=0)) for one in truth.seen if one.who == who}
        undated = {one.thing for one in truth.seen if one.who == who and one.by_hand}
        for play in self.home.plays(who):
            if play.id in truth.theirs:
                continue
            self.ours.add(play.id)
            thing = self.home.thing_of(play.title)
            if self._has_no_date(play):
                assert thing in undated, f"{thing} is on Trakt for {who} without a date"
                mine[thing, None] += 1
            else:
                assert (thing, play.watched_at) in minutes, f"nobody watched {thing} at {play.watched_at}: {who}"
                mine[thing, play.watched_at] += 1
        assert not [key for key, count in mine.items() if count > 1], f"twice on Trakt: {mine}"
        for seen, play_id in truth.copied:
            there = play_id not in truth.taken and seen.who == who
            assert not (there and mine[seen.thing, seen.at.replace(second=0, microsecond=0)]), f"{seen} is there twice"

    def _has_no_date(self, play: Any) -> bool:
        return play.watched_at.year < 2026

    def _nothing_of_others_is_removed(self) -> None:
        truth = self.home.truth
        there = {play.id for who in ("anna", "ben") for play in self.home.plays(who)}
        assert not (truth.theirs.keys() - truth.taken) - there, "what others wrote was removed"
        if self.policy.get("removals", "ignore") == "ignore":
            assert not (self.ours - truth.taken) - there, "something was removed"

    def _nothing_is_counted_up(self) -> None:
        """A mark of ours counts one where nothing was counted before, and no state of somebody else is touched."""
        for server in SERVERS:
            for item in self.home.sandbox[server].library.items.values():
                for who in (ANNA, BEN):
                    state = self.home.state(server, item, who)
                    seen = self.counts.get((server, item.rating_key, who.title), 0)
                    self.counts[server, item.rating_key, who.title] = state.count
                    assert state.count <= max(seen, 0) + 1, f"{item.title} at {server} counts {state.count}"

    # -- and what holds in the end ------------------------------------------------------------------------------------

    async def check(self) -> None:
        home, before = self.home, self.home.writes()
        for _ in range(3):
            assert set(await home.cycle()) == {"nothing"}
        assert home.writes() == before, "what is in step is silent"
        self._what_was_watched_is_on_trakt()
        if self.policy.get("plays", "both") == "both":
            self._what_is_on_trakt_counts_as_watched()
            self._the_last_rating_is_everywhere()

    def _what_was_watched_is_on_trakt(self) -> None:
        truth = self.home.truth
        for seen in truth.seen:
            if seen.by_hand or seen.thing in truth.moved or truth.bulk:
                continue
            if truth.taken or (self.policy.get("removals") and seen.thing in truth.unmarked):
                continue
            plays = [one.watched_at for one in self.home.plays(seen.who) if self.home.thing_of(one.title) == seen.thing]
            near = [at for at in plays if abs(at - seen.at) < NEAR]
            assert len(near) == 1, f"{seen} is on Trakt {len(near)} times"

    def _what_is_on_trakt_counts_as_watched(self) -> None:
        truth, home = self.home.truth, self.home
        for thing in {home.thing_of(play.title) for play in home.plays()} - {None}:
            assert thing is not None
            if thing in truth.unmarked or thing in truth.begun or thing in truth.moved:
                continue
            copies = [(server, item) for server in SERVERS for item in home.copies(server, thing)]
            assert not copies or any(home.state(*copy).count for copy in copies), f"{thing} counts as watched nowhere"

    def _the_last_rating_is_everywhere(self) -> None:
        home = self.home
        there = {home.thing_of(one.title): one.rating for one in home.sandbox["trakt"].account_of("anna").ratings}
        for thing, value in home.truth.rated.items():
            copies = [home.state(server, item) for server in SERVERS for item in home.copies(server, thing)]
            if copies and thing not in home.truth.moved:
                held = [None if one.rating is None else int(one.rating + 0.5) for one in copies]
                assert there.get(thing) == value in held, f"{thing} is rated {there.get(thing)} and {held}"


async def _walk(folder: Path, steps: list[tuple[Any, ...]], policy: dict[str, Any]) -> None:
    asyncio.get_running_loop().set_exception_handler(_only_unforeseen)
    async with household(folder, **policy) as home:
        walk = Walk(home, policy)
        for step in [*steps, ("rest",)]:
            await walk.take(step)
        await walk.check()


def _only_unforeseen(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a process leaves behind that died in the middle of something is no news."""
    if not isinstance(context.get("exception"), Crash):
        loop.default_exception_handler(context)


@pytest.mark.parametrize("policy", list(POLICIES))
@settings(
    max_examples=WALKS,
    derandomize=SAME,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate) if SAME else (Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@seed(SEED)
@given(steps=st.lists(STEP, min_size=10, max_size=30))
def test_all_comes_into_step_whatever_happens(policy: str, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        asyncio.run(_walk(Path(folder), steps, POLICIES[policy]))

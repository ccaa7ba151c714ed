"""A Plex library and Trakt in step: ``python benchmarks/library.py [--small] [PART …]`` prints one table.

``scrobbled serve`` and ``scrobbled sync`` run as people run them, Plex and Trakt in a process of their own, answering
at once, Trakt with its limits. Time is that on the clock from the yes (``sync --plan``) until the command has ended,
which is when all is confirmed; memory is the largest resident set of the service as the system counts it; requests are
counted where they arrive. Webhooks come all the while, and at rest before that.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _home import Home, Spent, home
from _service import Row, percentile, table

AT_REST = 10.0
"""Seconds for which their acknowledgement is measured before anything happens."""
NEWS = 10
CYCLES = 10
EVERY = 10
"""Each so manieth history POST is broken."""
LIKE_TODAY = "p99 25 ms"


@dataclass(frozen=True)
class Sizes:
    movies: int = 12_000
    episodes: int = 12_000
    some: int = 2_000
    many: int = 20_000
    rated: int = 5_000
    copies: int = 200

    @property
    def library(self) -> dict[str, int]:
        return {"movies": self.movies, "episodes": self.episodes}


SMALL = Sizes(movies=1_200, episodes=1_200, some=200, many=2_000, rated=500, copies=20)


async def said_yes(one: Home) -> tuple[Spent, Spent]:
    """Look at the plan, which stores nothing, and say yes to it; what each took."""
    told, look = await one.spent(("--dry-run",), hooks=False)
    told, spent = await one.spent(("--plan", told["plan_id"]))
    print(
        *(f"{n:>6,} {name} {route}" for name in spent.requests for route, n in spent.routes(name)),
        sep="\n",
        file=sys.stderr,
    )
    if told["outcome"] != "done":
        raise SystemExit(f"the run was {told['outcome']}: {told}")
    return look, spent


async def to_trakt(
    what: str, peer: str, wanted: str, good: Callable[[Spent, int, int], bool], *, every: int = 0, **shelf: Any
) -> list[Row]:
    """What was watched in the library comes to an empty Trakt. ``good`` is given the requests to both."""
    async with home(**shelf) as one:
        if every:
            one.ask("break_down", every)
        quiet = list[float]()
        await one.acknowledged(quiet, AT_REST)
        look, spent = await said_yes(one)
        right = one.ask("right")
        plex, trakt = spent.plex, spent.trakt
        spent.peak = max(look.peak, spent.peak)
    every_one = right["lost"] == right["doubled"] == 0 and right["plays"] == shelf["watched"]
    minutes = f"{right['plays']:,} plays, {right['lost']} lost, {right['doubled']} doubled"
    reached = f"{spent.wall:.1f} s, {minutes}, {plex} requests to Plex, {trakt} to Trakt, {spent.peak:.0f} MB"
    look_at = f"to see the plan: {look.wall:.1f} s; processor {look.cpu:.1f} and {spent.cpu:.1f} s"
    return [
        Row(what, peer, f"{reached} ({look_at})", wanted, every_one and good(spent, plex, trakt)),
        waits(f"acknowledgement meanwhile ({what})", quiet, spent.waits),
    ]


def waits(what: str, quiet: Sequence[float], times: Sequence[float]) -> Row:
    p50, p99, most = (1_000 * percentile(times, share) for share in (0.5, 0.99, 1.0))
    before = 1_000 * percentile(quiet, 0.99)
    told = f"p50 {p50:.1f}, p99 {p99:.1f}, longest {most:.1f} ms of {len(times):,}; at rest p99 {before:.1f} ms"
    return Row(what, f"at rest p50 {1_000 * statistics.median(quiet):.1f} ms", told, LIKE_TODAY, p99 <= 25)


async def first(sizes: Sizes) -> list[Row]:
    return await to_trakt(
        f"{sizes.some:,} watched of {sizes.movies + sizes.episodes:,} to an empty Trakt",
        "PlexTraktSync 2,202 s; Pakt 3.5 s, 0 dates right",
        "30 s, all minutes, 40 and 60",
        lambda spent, plex, trakt: spent.wall <= 30 and plex <= 40 and trakt <= 60,
        watched=sizes.some,
        **sizes.library,
    )


async def unknown(sizes: Sizes) -> list[Row]:
    return await to_trakt(
        f"{sizes.some:,}, episodes by ids that Trakt does not know",
        "",
        "none lost",
        lambda spent, plex, trakt: True,
        watched=sizes.some,
        known=False,
        **sizes.library,
    )


async def broken(sizes: Sizes) -> list[Row]:
    return await to_trakt(
        f"{sizes.some:,}, every tenth history POST 502: done, half done, dropped",
        "PlexTraktSync 400 of 200",
        "none lost, none doubled",
        lambda spent, plex, trakt: True,
        watched=sizes.some,
        every=EVERY,
        **sizes.library,
    )


async def often(sizes: Sizes) -> list[Row]:
    """So that each of the three comes several times."""
    return await to_trakt(
        f"{sizes.some:,}, every third history POST 502: done, half done, dropped",
        "",
        "none lost, none doubled",
        lambda spent, plex, trakt: True,
        watched=sizes.some,
        every=3,
        **sizes.library,
    )


async def many(sizes: Sizes) -> list[Row]:
    return await to_trakt(
        f"{sizes.many:,} watched to an empty Trakt",
        "6.1 h",
        "260 s, 150 MB",
        lambda spent, plex, trakt: spent.wall <= 260 and spent.peak <= 150,
        watched=sizes.many,
        **sizes.library,
    )


async def still(sizes: Sizes) -> list[Row]:
    """Both sides hold the same plays and ratings."""
    shelf = {"watched": sizes.many, "rated": sizes.rated, "on_trakt": sizes.many, **sizes.library}
    async with home(**shelf) as one:
        quiet = list[float]()
        await one.acknowledged(quiet, AT_REST)
        told, begun = await one.spent(())
        rows = [Row("both read and compared for the first time", "", begun.told(), "", told["outcome"] == "nothing")]
        rows.append(waits("acknowledgement meanwhile", quiet, begun.waits))
        idle = [(await one.spent((), hooks=False))[1] for _ in range(3)]
        rows.append(unmoved(f"nothing changed, {sizes.many:,} and {sizes.rated:,} ratings, by the service", idle))
        one.ask("watch", NEWS)
        told, spent = await one.spent((), hooks=False)
        plays = one.ask("right")
        fine = told["outcome"] == "done" and plays["lost"] == plays["doubled"] == 0
        requests = spent.plex + spent.trakt
        rows.append(Row(f"{NEWS} news among {sizes.many:,}", "", spent.told(), "20 requests", fine and requests <= 20))
        await one.spent((), hooks=False)
        before = one.kept()
        told, spent = await one.spent(("--full",), hooks=False)
        same, nothing = [name for name, digest in one.kept().items() if before[name] != digest], told["outcome"]
        rows.append(
            Row(
                f"full reading and comparison of {sizes.many:,}",
                "",
                f"{spent.told()}; written: {', '.join(same) or 'no row'}",
                "60 requests to Plex, 10 s of processor, no row written",
                nothing == "nothing" and not same and spent.plex <= 60 and spent.cpu <= 10,
            )
        )
        rows.append(waits("acknowledgement meanwhile", quiet, (await one.spent(("--full",)))[1].waits))
        await one.end()
        alone = [(await one.spent(()))[1] for _ in range(3)]
        rows.append(unmoved("nothing changed, by the command alone", alone))
    return rows


def unmoved(what: str, spent: Sequence[Spent]) -> Row:
    one = sorted(spent, key=lambda each: each.wall)[len(spent) // 2]
    writes = one.to("plex", "trakt", what="writes")
    good = one.wall <= 2 and one.plex + one.trakt <= 10 and not writes
    return Row(what, "17.9 s, 285 requests", f"{one.told()}, {writes} writes", "2 s, 10 requests, 0 writes", good)


async def marks(sizes: Sizes) -> list[Row]:
    shelf = {"watched": sizes.some, "on_trakt": sizes.some, "marks": sizes.some, "copies": sizes.copies}
    async with home(catch_up=True, **shelf, **sizes.library) as one:
        quiet = list[float]()
        await one.acknowledged(quiet, AT_REST)
        await asyncio.sleep(25)  # until it was asked once what was watched, which is where catching up begins
        _, spent = await said_yes(one)
        marked = one.ask("unmoved")
        ends = time.perf_counter() + 75  # so that it is asked again meanwhile
        for cycle in range(CYCLES):
            await one.spent(("--full",) if cycle % 3 == 2 else (), hooks=False)
        await asyncio.sleep(max(0.0, ends - time.perf_counter()))
        after, writes = one.ask("unmoved"), plays_of(one.database)
    good = not marked["otherwise"] and marked == after and not writes and spent.wall <= 60
    counted = f"{after['once']:,} copies watched once, {after['otherwise']} otherwise"
    later = (
        f"after {CYCLES} more cycles {after['came'] + after['went']} plays came or went on Trakt, {writes} plays here"
    )
    return [
        Row(f"{sizes.some:,} marks from Trakt to Plex", "", f"{spent.told()}; {counted}; {later}", "60 s, once", good),
        waits("acknowledgement meanwhile", quiet, spent.waits),
    ]


def plays_of(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM plays").fetchone()[0])


PARTS: dict[str, Callable[[Sizes], Coroutine[Any, Any, list[Row]]]] = {
    "first": first,
    "unknown": unknown,
    "broken": broken,
    "often": often,
    "many": many,
    "still": still,
    "marks": marks,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--small", action="store_true", help="a tenth of everything, for a look")
    given = parser.parse_args()
    sizes, rows = SMALL if given.small else Sizes(), list[Row]()
    for name in given.part or PARTS:
        found = asyncio.run(PARTS[name](sizes))
        print(table(found), file=sys.stderr, flush=True)
        rows += found
    print(table(rows))
    sys.exit(0 if all(row.good for row in rows) else 1)


if __name__ == "__main__":
    main()

"""What a comparison of two trackers costs: ``python benchmarks/compare.py [--sizes 1000,10000,100000]``.

CPU and memory are of everything from the rows of both sides, all in memory at once, to the plan with its fingerprint
and its text. ``first contact``: nothing is agreed on yet, and each side lacks two plays of a hundred. ``one empty`` is
a first migration. ``agreed``: a pair later, looked through as a whole although nothing happened.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from scrobbled.core.agreeing.compare import HeldPlay, ItemPlan, Link, LinkState, PlayGroup, Policy, compare_plays
from scrobbled.core.agreeing.plan import Plan, warned
from scrobbled.core.records import PlayRecord

SIZES = (1_000, 10_000, 100_000)
NAMES = ("trakt", "serializd")
START = datetime(2016, 1, 1, tzinfo=UTC)
AGAIN = 5
"""One item in so many was watched more than once."""
MISSING = 50
"""Each side lacks one play in so many."""
State = Literal["first contact", "one empty", "agreed"]
STATES: tuple[State, ...] = ("first contact", "one empty", "agreed")


def groups(plays: int, state: State) -> Iterator[PlayGroup]:
    """Items with one to four viewings, until there are so many plays on a side."""
    dice, made, number = random.Random(7), 0, 0
    while made < plays:
        number += 1
        count = min(plays - made, dice.randint(2, 4) if number % AGAIN == 0 else 1)
        made += count
        yield _group(number, count, dice, state)


def _group(number: int, count: int, dice: random.Random, state: State) -> PlayGroup:
    a: list[HeldPlay] = []
    b: list[HeldPlay] = []
    links: list[Link] = []
    for _ in range(count):
        at = START + timedelta(seconds=dice.randrange(10 * 365 * 86_400))
        lacks = dice.randrange(MISSING) if state == "first contact" else 2
        if lacks != 0:
            a.append(_row("a", number, len(a), at.replace(second=0)))
        if lacks != 1 and state != "one empty":
            b.append(_row("b", number, len(b), at))
    if state == "agreed":
        links = [_agreed(x.record, y.record) for x, y in zip(a, b, strict=True)]
    show, episode = divmod(number, 60)
    label = f"Show {show} S{episode // 10 + 1} E{episode % 10 + 1} Title {number}"
    return PlayGroup(f"episode:{show}:{episode}", label, "episode", 2_700, a, b, links)


def _agreed(x: PlayRecord, y: PlayRecord) -> Link:
    return Link(x.id, y.id, "same minute", LinkState.AGREED, x.at, y.at)


def _row(side: str, number: int, n: int, at: datetime) -> HeldPlay:
    return HeldPlay(PlayRecord(f"{side}{number:07}{n}", f"{side}:{number}", at, made_at=at, stamp=f"{number:x}"))


def run(held: Sequence[PlayGroup]) -> Plan:
    """As a cycle does it."""
    policy = Policy()
    found: list[ItemPlan] = [compare_plays(group, policy) for group in held]
    changes = tuple(change for one in found for change in one.changes)
    left = [code for one in found for code in one.left]
    plan = Plan("anna", NAMES, changes, warned(left, NAMES), sum(one.agreed for one in found))
    plan.fingerprint()
    plan.text()
    return plan


def measured(plays: int, state: State) -> tuple[float, float, int]:
    """CPU seconds, peak MB, and how many changes were planned. The peak is taken in a second pass, which is slow."""
    held = list(groups(plays, state))
    gc.collect()
    started = time.process_time()
    planned = run(held).count()
    seconds = time.process_time() - started
    del held
    gc.collect()
    tracemalloc.start()
    run(list(groups(plays, state)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / 1e6, planned


def main(sizes: Sequence[int]) -> None:
    print("| plays on each side | state | CPU s | µs per play | peak MB | changes |")
    print("|---:|---|---:|---:|---:|---:|")
    for state in STATES:
        for plays in sizes:
            seconds, peak, planned = measured(plays, state)
            per = seconds / plays * 1e6
            print(f"| {plays:,} | {state} | {seconds:.2f} | {per:.0f} | {peak:.0f} | {planned:,} |")
            sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    main([int(size) for size in parser.parse_args().sizes.split(",")])

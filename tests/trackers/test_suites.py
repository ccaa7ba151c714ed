"""Every tracker is held to the suites of what it declares, by kind and by what it keeps of a viewing."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from scrobbled.core.kinds import PLAYS, valued
from scrobbled.core.records import ViewingsKept
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.capabilities import Capabilities
from trackers.contract import AccountContract, TrackerContract
from trackers.library_contract import LastContract, SeenContract
from trackers.memory import tracker as memory
from trackers.plays_contract import EveryContract, PlaysContract
from trackers.reading_contract import ReadingContract
from trackers.shelf import tracker as shelf
from trackers.value_contract import ValueContract

KEPT = {ViewingsKept.EVERY: EveryContract, ViewingsKept.LAST: LastContract, ViewingsKept.SEEN: SeenContract}
SHIPPED = {name: entry.can() for name, entry in TRACKERS.items() if entry.package.startswith("scrobbled.")}
DECLARED = {**SHIPPED, "memory": memory.CAN, "shelf": shelf.CAN}


def suites(can: Capabilities) -> Iterator[type]:
    yield AccountContract
    if can.adds:
        yield TrackerContract
    if can.reads:
        yield ReadingContract
    if PLAYS in can.reads:
        yield KEPT[can.keeps]
    if any(kind.name in can.reads & can.amends for kind in valued()):
        yield ValueContract


def held_to(name: str) -> set[type]:
    """By the test classes in the files that begin with its name."""
    files = sorted(Path(__file__).parent.glob(f"test_{name}*.py"))
    modules = [import_module(f"trackers.{path.stem}") for path in files]
    return {
        base
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__ == module.__name__
        for base in thing.__mro__
    }


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_tracker_is_held_to_all_that_it_declares(name: str) -> None:
    assert set(suites(DECLARED[name])) <= held_to(name)


def test_plays_are_held_wherever_a_library_has_them() -> None:
    assert PlaysContract in held_to("plex") & held_to("shelf")


def test_a_tracker_that_declares_more_is_held_to_more() -> None:
    assert set(suites(memory.CAN)) - set(suites(shelf.CAN)) == {TrackerContract, EveryContract}
    assert set(suites(shelf.CAN)) - set(suites(memory.CAN)) == {SeenContract}

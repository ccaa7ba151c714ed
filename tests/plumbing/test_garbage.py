"""What is old is not looked through while much is being made, and nothing that is young stays behind."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from scrobbled.plumbing.garbage import young_only


class Ring:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """As others may have set them, and as small as it takes.

    All that is there already is set aside: what is old is looked at only when a quarter as much has come to it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.collect()
    gc.set_threshold(50, 2, 3)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def looks_at_all() -> int:
    return int(gc.get_stats()[2]["collections"])


def make_much() -> list[list[int]]:
    return [[number] for number in range(20_000)]


def test_what_is_old_is_not_looked_through_within_the_block() -> None:
    with young_only():
        before = looks_at_all()
        kept = make_much()
        assert looks_at_all() == before
    kept += make_much()
    assert looks_at_all() > before


def test_what_is_young_is_freed_within_it() -> None:
    with young_only():
        gone = weakref.ref(Ring())
        kept = make_much()
        assert gone() is None
    assert kept


def test_blocks_may_overlap_and_leave_all_as_it_was() -> None:
    before, one, other = gc.get_threshold(), young_only(), young_only()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    looks = looks_at_all()
    kept = make_much()
    assert (looks_at_all(), len(kept)) == (looks, 20_000)
    other.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_what_was_frozen_stays_so() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with young_only():
            make_much()
        assert gc.get_freeze_count() >= frozen - 100  # some are freed as ever, as nobody has them any more
    finally:
        gc.unfreeze()

"""A rating that comes with a viewing is set on the row of that viewing, also where the row is late."""

import pytest

from pairing import Pairing
from scrobbled.sandbox.faults import Fault

ADD = "POST /api/show/reviews/add"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_rating_waits_while_its_viewing_is_in_doubt(two: Pairing, when: str) -> None:
    two.on_trakt(0, 1, 1), two.rate_episode(0, 1, 1, 8)
    two.sandbox["serializd"].faults.add(Fault(match=ADD, kind="drop", when=when, times=1))  # type: ignore[arg-type]
    await two.settle()
    assert [(row.is_log, row.rating) for row in two.rows()] == [(True, 8)]


async def test_a_rating_does_not_wait_for_a_viewing_that_is_left_to_a_person(two: Pairing) -> None:
    two.on_trakt(0, 1, 1), two.rate_episode(0, 1, 1, 8)
    await two.compare()
    await two.sql("UPDATE outbox SET state = 'held' WHERE tracker = 'serializd'")
    await two.deliver()
    assert [row.rating for row in two.rows()] == [8]

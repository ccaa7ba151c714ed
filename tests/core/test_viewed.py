"""What the copies of a thing say together, beside a mark of ours."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from scrobbled.core.agreeing.ledger import LeftMark
from scrobbled.core.agreeing.viewed import CLOSE, SYNCED, ViewedCopy, last_viewed

MARKED = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
BEFORE = MARKED - timedelta(days=3)
MARK = LeftMark(1, MARKED - timedelta(minutes=1), MARKED)
OURS, OLDER = ViewedCopy(1, MARKED), ViewedCopy(3, BEFORE)


@pytest.mark.parametrize(
    ("copies", "mark", "told"),
    [
        ([OURS, OLDER], None, OURS),
        ([OURS, OLDER], MARK, OLDER),
        ([OURS, ViewedCopy(1, BEFORE)], MARK, ViewedCopy(1, BEFORE)),
        ([OURS, ViewedCopy(4, None)], MARK, ViewedCopy(4, None)),
        ([OURS, OLDER, ViewedCopy(2, MARKED + CLOSE)], MARK, ViewedCopy(2, MARKED + CLOSE)),
        ([OURS, ViewedCopy(1, MARKED + CLOSE + timedelta(seconds=1))], MARK, None),
    ],
)
def test_one_that_only_has_our_mark_tells_nothing_beside_another(
    copies: list[ViewedCopy], mark: LeftMark | None, told: ViewedCopy | None
) -> None:
    for order in permutations(copies):
        assert last_viewed(order, mark, several=False) == (told or copies[-1])


def test_our_mark_that_another_server_tells_of_later_is_ours() -> None:
    later = ViewedCopy(1, MARKED + SYNCED)
    assert last_viewed([later, OLDER], MARK, several=True) == OLDER
    assert last_viewed([later, OLDER], MARK, several=False) == later

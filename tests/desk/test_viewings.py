"""Events of one session cut into viewings, and how many of them a story shows."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.desk.plays import viewings
from scrobbled.store.inbox.archive import StoredEvent

HOUR = 3600.0


def stored(id_: int, at: float, outcome: str = "accepted") -> StoredEvent:
    return StoredEvent(id_, "plex", at, "stop", EventOutcome(outcome), "", "anna", "x", 1, id_, 0, {}, None)


def cut(rows: list[StoredEvent], completing: Mapping[int, str], asked: int) -> list[int]:
    own = {id_: frozenset(viewers.split()) for id_, viewers in completing.items()}
    return [row.id for row in viewings.of(rows, own, next(row for row in rows if row.id == asked))]


EVENINGS = [
    stored(1, 0),
    stored(2, HOUR),  # completes
    stored(3, HOUR + 60, "duplicate"),
    stored(4, 30 * HOUR),
    stored(5, 31 * HOUR),  # completes
    stored(6, 31 * HOUR + 60, "duplicate"),
    stored(7, 60 * HOUR),
]


@pytest.mark.parametrize(("asked", "own"), [(1, [1, 2, 3]), (3, [1, 2, 3]), (4, [4, 5, 6]), (6, [4, 5, 6]), (7, [7])])
def test_a_viewing_goes_from_its_first_event_to_the_last_that_repeats_its_end(asked: int, own: list[int]) -> None:
    assert cut(EVENINGS, {2: "anna", 5: "anna"}, asked) == own


def test_two_who_watch_together_may_be_done_at_different_places() -> None:
    rows = [stored(1, 0), stored(2, HOUR), stored(3, HOUR + 60), stored(4, HOUR + 600), stored(5, 30 * HOUR)]
    assert cut(rows, {2: "ben", 4: "anna"}, 1) == [1, 2, 3, 4]
    assert cut(rows, {2: "anna ben", 4: "anna"}, 1) == [1, 2]
    assert cut(rows, {2: "ben", 5: "anna"}, 1) == [1, 2]


def test_what_never_became_a_play_is_all_shown() -> None:
    assert cut(EVENINGS, {}, 4) == [1, 2, 3, 4, 5, 6, 7]


@given(st.integers(1, 200), st.data())
def test_of_a_flood_of_repetitions_the_asked_one_and_the_play_are_shown(count: int, data: st.DataObject) -> None:
    rows = [stored(n, n) for n in range(count)]
    asked, done = data.draw(st.sampled_from(rows)), data.draw(st.sampled_from(rows))
    shown = viewings.shown(rows, asked, {done.id: frozenset(("anna",))}, 60)
    assert len(shown) == min(count, 60)
    assert {asked.id, done.id} <= {row.id for row in shown}
    assert [row.id for row in shown] == sorted(row.id for row in shown)


@given(st.lists(st.sampled_from(("accepted", "duplicate", "unwanted")), min_size=1), st.sets(st.integers(0, 30)))
def test_every_event_belongs_to_exactly_one_viewing(outcomes: list[str], ends: set[int]) -> None:
    rows = [stored(n, n * 600.0, outcome) for n, outcome in enumerate(outcomes)]
    completing = {n: "anna" for n in ends if n < len(rows) and outcomes[n] == "accepted"}
    groups = [tuple(cut(rows, completing, row.id)) for row in rows]
    assert [row.id for row in rows] == [id_ for group in dict.fromkeys(groups) for id_ in group]
    for group in set(groups):
        assert sum(id_ in completing for id_ in group) <= 1

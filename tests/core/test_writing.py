"""How each change of a play is worded, to either side."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrobbled.core.agreeing.ledger import Direction, HeldPlay, LeftMark, PlayGroup, Policy
from scrobbled.core.agreeing.writing import ChangeWriter, may_write
from scrobbled.core.records import DatePrecision, PlayRecord, ViewingsKept
from scrobbled.core.sending.change import SIDES, Change, Side, other

AT = datetime(2026, 3, 1, 20, 15, 42, 500_000, tzinfo=UTC)
LATER = AT + timedelta(days=2)
TO_THE_MINUTE, TO_THE_SECOND = AT.replace(second=0, microsecond=0), AT.replace(microsecond=0)
GROUP = PlayGroup("k", "Harbour Atlas (2019)", "movie", None, (), (), ())
ROW, OTHER = HeldPlay(PlayRecord("r1", "k", AT)), HeldPlay(PlayRecord("r2", "k", LATER))
NEVER = HeldPlay(PlayRecord("r3", "k", None, DatePrecision.NONE))
FILMS, EPISODES = frozenset({"movie"}), frozenset({"episode"})


def pen(**policy: Any) -> ChangeWriter:
    return ChangeWriter(GROUP, Policy(**policy))


def change(side: Side, action: str, why: str, **more: Any) -> Change:
    words = why.format(here=f"{{{side}}}", there=f"{{{other(side)}}}")
    return Change(side, action, "plays", "k", "Harbour Atlas (2019)", why=words, **more)


@pytest.mark.parametrize("side", SIDES)
def test_each_change_says_what_is_done_to_what_and_why(side: Side) -> None:
    lacks, minute = "watched on {there}, not on {here}", TO_THE_MINUTE if side == "a" else TO_THE_SECOND
    told, later = "2026-03-01 20:15", "2026-03-03 20:15"
    mark = LeftMark(7, AT)
    assert pen().add(side, ROW, AT) == change(side, "add", lacks, source="r1", at=minute, after=told)
    for word, said in (("unknown", "without a date"), ("released", "dated by release")):
        made = pen().add(side, ROW, None, word)
        assert made == change(side, "add", lacks, source="r1", after=said, undated=word)
    assert pen().flag(side, ROW) == change(
        side, "flag", "it was watched before", target="r1", at=AT, after=f"rewatch on {told}", rewatch=True
    )
    for reason, ask in (("", False), ("it was typed wrong", True)):
        made = pen().retime(side, OTHER, ROW, reason, ask=ask)
        said = {"source": "r1", "target": "r2", "at": minute, "before": later, "after": told, "ask": ask}
        assert made == change(side, "retime", reason or "its time was changed on {there}", **said)
    for removals, ask in (("propagate", False), ("ask", True)):
        writer = pen(removals={"plays": removals, "ratings": "propagate" if ask else "ask"})
        assert writer.remove(side, ROW) == change(
            side, "remove", "it is gone from {there}", target="r1", at=AT, before=told, ask=ask
        )
        gone = "every play of it is gone from {there}, and the mark is ours"
        assert writer.untick(side, mark) == change(
            side, "untick", gone, target="7", before="watched", after="not watched", ask=ask
        )


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("kept", "at", "after"),
    [
        (ViewingsKept.LAST, AT, "watched, last on 2026-03-01 20:15"),
        (ViewingsKept.SEEN, None, "watched, without its date"),
    ],
)
def test_a_tick_has_a_time_where_the_library_can_keep_one(side: Side, kept: Any, at: Any, after: str) -> None:
    keeps = (kept, ViewingsKept.EVERY) if side == "a" else (ViewingsKept.EVERY, kept)
    made = change(side, "tick", "watched on {there}, not on {here}", source="r1", at=at, after=after)
    assert pen(keeps=keeps).tick(side, ROW) == made


@pytest.mark.parametrize(
    ("direction", "written"), [("both", {"a", "b"}), ("a-to-b", {"b"}), ("b-to-a", {"a"}), ("off", set())]
)
def test_only_sides_that_the_direction_names_are_written(direction: Direction, written: set[Side]) -> None:
    assert {side for side in SIDES if may_write(direction, side)} == written
    writer = pen(ways={"plays": direction, "ratings": "both"}, can_flag=(True, True))
    for may in (writer.may, writer.may_add, writer.may_retime, writer.may_flag):
        assert {side for side in SIDES if may(side)} == written


def test_a_side_gets_what_it_takes_and_can_change() -> None:
    for n, side in enumerate(SIDES):
        yes_and_no: Any = (True, False) if n == 0 else (False, True)
        takes: Any = (FILMS, EPISODES) if n == 0 else (EPISODES, FILMS)
        writer = pen(takes=takes, can_amend=yes_and_no, can_flag=yes_and_no)
        for may in (writer.may_add, writer.may_retime, writer.may_flag):
            assert [may(side), may(other(side))] == [True, False]


def test_the_time_to_send_is_one_that_somebody_can_have_meant() -> None:
    marked = HeldPlay(PlayRecord("r4", "k", None, DatePrecision.NONE, made_at=LATER))
    guessed = HeldPlay(PlayRecord("r5", "k", AT, DatePrecision.NONE, made_at=LATER))
    epoch = HeldPlay(PlayRecord("r6", "k", datetime(1970, 1, 1, tzinfo=UTC)))
    for row, plain, as_plays in (
        (ROW, AT, AT),
        (NEVER, None, None),
        (marked, None, LATER),
        (guessed, None, LATER),
        (epoch, None, None),
    ):
        assert (pen().when(row), pen(ticks="as-plays").when(row)) == (plain, as_plays)
    assert [pen(until=AT).has_come(at) for at in (AT, AT + timedelta(microseconds=1))] == [True, False]

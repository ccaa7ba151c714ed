"""Whether a play is sent, and what becomes of it otherwise: each verdict, and which of two goes first."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.errors import (
    AccountStopped,
    Candidate,
    ContractDrift,
    LoginNeeded,
    NotInCatalogue,
    Refused,
    TrackerError,
    TryLater,
    Uncertain,
)
from scrobbled.core.sending.judge import (
    ANOTHER_CORRECTION,
    CANNOT,
    NEVER_SENT,
    NEVER_SET,
    NO_TICKS,
    READ_THERE,
    Absent,
    Apart,
    AskAgain,
    Case,
    Doubt,
    Gone,
    Later,
    LookUp,
    Place,
    Seen,
    Send,
    Settled,
    Verdict,
    beside,
    failed,
    judge,
    missing,
    needless,
    not_taken,
    outdated,
)
from scrobbled.core.sending.safety import USUAL, Trip, WriteLimits, judge_item
from scrobbled.core.words.outcomes import PlayOutcome

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
GAP = timedelta(minutes=20)
PARKED = Settled(PlayOutcome.PARKED, "not known there")
TOO_MANY = frozenset(range(USUAL.plays_per_item_per_day))


def given_that(case: Case, **more: Any) -> Case:
    """``case`` with something more that speaks against sending it."""
    seen = {name: more.pop(name) for name in list(more) if name in Seen.__struct_fields__}
    return replace(case, seen=replace(case.seen, **seen), **more)


# What speaks against sending a play, with the verdict where nothing else does; in the order in which they are asked.
AGAINST: list[tuple[dict[str, Any], Verdict]] = [
    ({"left_out": "correction m1: ignored"}, Settled(PlayOutcome.UNWANTED, "correction m1: ignored")),
    ({"not_located": PARKED}, PARKED),
    ({"waits": False}, Gone()),
    ({"undone": 7}, Settled(PlayOutcome.UNDONE, "taken back as p7, which is the same viewing")),
    ({"twin": 8}, Settled(PlayOutcome.ALREADY_THERE, "the same viewing is play p8")),
    ({"there": "r9"}, Settled(PlayOutcome.ALREADY_THERE, READ_THERE, "r9")),
    ({"restored": True}, LookUp()),
]


@pytest.mark.parametrize(("against", "verdict"), AGAINST)
def test_each_thing_alone_has_its_verdict(against: dict[str, Any], verdict: Verdict) -> None:
    assert judge(given_that(Case(), **against), USUAL) == verdict


@pytest.mark.parametrize(("first", "second"), list(combinations(AGAINST, 2)))
def test_of_two_things_the_first_decides(first: Any, second: Any) -> None:
    assert judge(given_that(given_that(Case(), **first[0]), **second[0]), USUAL) == first[1]


@pytest.mark.parametrize("rewatch", [False, True])
def test_where_nothing_speaks_against_it_it_is_sent(rewatch: bool) -> None:
    assert judge(Case(seen=Seen(rewatch=rewatch)), USUAL) == Send(rewatch)


@pytest.mark.parametrize("play", [0, 1])
def test_the_first_play_of_all_is_one_like_every_other(play: int) -> None:
    assert isinstance(judge(given_that(Case(), twin=play), USUAL), Settled)
    assert isinstance(judge(given_that(Case(), undone=play), USUAL), Settled)


def test_too_many_of_one_title_within_a_day_are_held_unless_a_person_wants_them() -> None:
    case = given_that(Case(), near=TOO_MANY)
    trip = judge(case, USUAL)
    assert trip == judge_item(len(TOO_MANY) + 1, USUAL)
    assert isinstance(trip, Trip)
    assert judge(given_that(Case(), near=frozenset(list(TOO_MANY)[1:])), USUAL) == Send()
    assert judge(given_that(case, approved=True, rewatch=True), USUAL) == Send(rewatch=True)
    assert judge(given_that(case, restored=True), USUAL) == LookUp(), (
        "held only when it is certain that it is not there"
    )
    assert judge(case, WriteLimits(plays_per_item_per_day=4)) == Send()


maybe = st.none() | st.integers(0, 3)
seen_states = st.builds(
    Seen,
    waits=st.booleans(),
    undone=maybe,
    twin=maybe,
    there=st.none() | st.just("r1"),
    rewatch=st.booleans(),
    near=st.frozensets(st.integers(1, 9)),
)
cases = st.builds(
    Case,
    left_out=st.sampled_from(["", "correction m1: ignored"]),
    not_located=st.sampled_from([None, PARKED]),
    seen=seen_states,
    restored=st.booleans(),
    approved=st.booleans(),
)
limits = st.builds(WriteLimits, plays_per_item_per_day=st.integers(1, 9))


@given(cases, limits)
def test_it_is_sent_exactly_where_nothing_speaks_against_it(case: Case, limits: WriteLimits) -> None:
    seen = case.seen
    free = seen.waits and seen.undone is None and seen.twin is None and seen.there is None
    few = case.approved or len(seen.near) < limits.plays_per_item_per_day
    wanted = not case.left_out and case.not_located is None
    verdict = judge(case, limits)
    assert (verdict == Send(seen.rewatch)) == (wanted and free and few and not case.restored)
    assert not isinstance(verdict, Trip) or (wanted and free and not few)


@given(cases, limits, st.sampled_from([one for one, _ in AGAINST]))
def test_nothing_more_against_it_ever_gets_it_sent(case: Case, limits: WriteLimits, more: dict[str, Any]) -> None:
    assert not isinstance(judge(given_that(case, **more), limits), Send)


# -- in company ------------------------------------------------------------------------------------------------------


def place(change: int, minutes: float, key: str = "film") -> Place:
    return Place(change, change + 100, key, NOW + timedelta(minutes=minutes))


THIS = place(1, 0)


@pytest.mark.parametrize(("minutes", "twin"), [(-20, None), (-19, 102), (0, 102), (19, 102), (20, None)])
def test_what_the_same_write_carries_closer_than_a_viewing_is_the_same_viewing(minutes: int, twin: int | None) -> None:
    assert beside(Seen(), THIS, GAP, [place(2, minutes)]).twin == twin


def test_of_several_the_first_is_named_and_what_was_known_before_goes_first() -> None:
    others = [place(2, 300), place(3, 2), place(4, 1)]
    assert beside(Seen(), THIS, GAP, others).twin == 103
    assert beside(Seen(twin=0), THIS, GAP, others).twin == 0


@pytest.mark.parametrize(("minutes", "near"), [(-1441, False), (-1440, True), (1440, True), (1441, False)])
def test_what_goes_with_it_counts_as_one_of_its_day(minutes: int, near: bool) -> None:
    found = beside(Seen(near=frozenset({9})), THIS, GAP, [place(2, minutes)])
    assert found.near == ({9, 2} if near else {9})


@pytest.mark.parametrize(("minutes", "rewatch"), [(-60, True), (0, False), (60, False)])
def test_an_earlier_one_that_goes_with_it_makes_it_a_rewatch(minutes: int, rewatch: bool) -> None:
    assert beside(Seen(), THIS, GAP, [place(2, minutes)]).rewatch == rewatch
    assert beside(Seen(rewatch=True), THIS, GAP, [place(2, minutes)]).rewatch


@given(seen_states, st.lists(st.integers(-3000, 3000), max_size=4))
def test_what_goes_somewhere_else_changes_nothing(seen: Seen, minutes: list[int]) -> None:
    assert beside(seen, THIS, GAP, [place(n, at, "other") for n, at in enumerate(minutes, 2)]) == seen


# -- after a write ---------------------------------------------------------------------------------------------------


def test_a_no_to_one_play_is_parked_unmatched_or_dead() -> None:
    candidates = (Candidate("Harbour Atlas"),)
    assert not_taken(NotInCatalogue("unknown")) == Settled(PlayOutcome.PARKED, "unknown")
    assert not_taken(Uncertain("which?", candidates)) == Settled(PlayOutcome.UNMATCHED, "which?", "", candidates)
    assert not_taken(Refused("never")) == Settled(PlayOutcome.DEAD, "never")


ITS_OWN = [NotInCatalogue, Uncertain, Refused]
OF_THE_ACCOUNT = [TryLater, LoginNeeded, AccountStopped, ContractDrift]
kinds: list[Any] = [*ITS_OWN, *OF_THE_ACCOUNT]


@pytest.mark.parametrize("kind", kinds)
@pytest.mark.parametrize("alone", [False, True])
def test_a_lost_answer_is_doubt_whatever_was_said(kind: type[TrackerError], alone: bool) -> None:
    assert failed(kind("lost", in_doubt=True) if kind is not Uncertain else _doubtful(), begun=True, alone=alone) == (
        Doubt("lost")
    )


def _doubtful() -> TrackerError:
    error = Uncertain("lost")
    error.in_doubt = True
    return error


@pytest.mark.parametrize("kind", OF_THE_ACCOUNT)
@pytest.mark.parametrize(("in_doubt", "begun"), [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("alone", [False, True])
def test_what_was_certainly_not_written_comes_later(
    kind: type[TrackerError], in_doubt: bool, begun: bool, alone: bool
) -> None:
    assert failed(kind("down", in_doubt=in_doubt), begun=begun, alone=alone) == Later("down")


@pytest.mark.parametrize("kind", ITS_OWN)
def test_refused_together_they_are_tried_apart_and_alone_it_is_settled(kind: Any) -> None:
    assert failed(kind("no"), begun=True, alone=False) == Apart()
    assert failed(kind("no"), begun=True, alone=True) == not_taken(kind("no"))


@pytest.mark.parametrize(
    ("missed_at", "verdict"),
    [
        (None, AskAgain(100.0, 30.0)),
        (71.0, AskAgain(100.0, 30.0)),
        (70.0, Absent(5.0)),
        (0.0, Absent(5.0)),
        (130.0, AskAgain(100.0, 30.0)),
    ],
)
def test_only_two_reads_far_enough_apart_prove_that_it_is_not_there(missed_at: float | None, verdict: Verdict) -> None:
    assert missing(missed_at, 100.0, settle=30.0, wait=5.0) == verdict


# -- amendments and corrections ----------------------------------------------------------------------------------------

ABLE: dict[str, Any] = {"written": None, "is_ours": True, "amends": {"plays", "ratings"}, "ticks": True}


@pytest.mark.parametrize("action", ["remove", "retime", "flag", "tick", "untick"])
@pytest.mark.parametrize("written", [None, PlayOutcome.DELIVERED])
def test_what_a_tracker_can_do_is_asked_of_it(action: str, written: PlayOutcome | None) -> None:
    assert needless(action, "plays", **ABLE | {"written": written}) is None
    if "tick" not in action:
        assert needless(action, "plays", **ABLE | {"ticks": False, "is_ours": False}) is None


@pytest.mark.parametrize("written", [one for one in PlayOutcome if one is not PlayOutcome.DELIVERED])
def test_what_was_never_sent_is_taken_back_already(written: PlayOutcome) -> None:
    nothing = {"written": written, "is_ours": False, "amends": set(), "ticks": False}
    assert needless("untick", "plays", **nothing) == Settled(PlayOutcome.DELIVERED, NEVER_SENT)


def test_a_tick_that_may_be_somebody_elses_stays() -> None:
    nothing = {"written": None, "is_ours": False, "amends": set(), "ticks": False}
    assert needless("untick", "plays", **nothing) == Settled(PlayOutcome.DELIVERED, NEVER_SET)


def test_what_a_tracker_cannot_do_is_dead() -> None:
    assert needless("rate", "ratings", **ABLE | {"amends": {"plays"}}) == Settled(PlayOutcome.DEAD, CANNOT)
    assert needless("tick", "plays", **ABLE | {"amends": {"ratings"}, "ticks": True}) is None
    for action in ("tick", "untick"):
        assert needless(action, "plays", **ABLE | {"ticks": False}) == Settled(PlayOutcome.DEAD, NO_TICKS)


SETTLED = [Settled(outcome, "why") for outcome in PlayOutcome]
OTHERS: list[Verdict] = [Gone(), LookUp(), Send(), Doubt("why"), Apart(), Absent(3.0), AskAgain(1.0, 2.0)]


@pytest.mark.parametrize("verdict", [*SETTLED, *OTHERS])
def test_by_other_corrections_it_is_looked_up_again_unless_it_was_done_or_refused(verdict: Verdict) -> None:
    left = outdated(verdict)
    outcome = verdict.outcome if isinstance(verdict, Settled) else None
    if outcome in (PlayOutcome.DELIVERED, PlayOutcome.DEAD):
        assert left == verdict
    elif outcome in (PlayOutcome.PARKED, PlayOutcome.UNMATCHED):
        assert left == Later(ANOTHER_CORRECTION)
    else:
        assert left == Gone()


def test_what_was_put_off_is_due_at_once_by_other_corrections() -> None:
    assert outdated(Later("down", 60.0)) == Later("down")

"""Unusual plans wait for a person; those that cannot be right take nothing away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.agreeing.guard import PlanFacts, PlanLimits, judge, most_removals, refused
from scrobbled.core.agreeing.plan import SIDES, Action, Change, Plan, Side

LATER = PlanFacts(first_contact=False, a={"plays": 2000, "ratings": 100}, b={"plays": 2000, "ratings": 100})
FIRST = replace(LATER, first_contact=True)
LIMITS = PlanLimits(first=300, removals_percent=10)


def changes(action: Action, count: int, side: Side = "b", *, ask: bool = False) -> tuple[Change, ...]:
    kind = "ratings" if action in ("rate", "unrate") else "plays"
    return tuple(Change(side, action, kind, f"e{n}", "Film", ask=ask) for n in range(count))  # type: ignore[arg-type]


def turned(facts: PlanFacts) -> PlanFacts:
    """As the other side sees it."""
    return replace(facts, a=facts.b, b=facts.a)


def plan(*parts: tuple[Change, ...]) -> Plan:
    return Plan("anna", ("trakt", "serializd"), tuple(change for part in parts for change in part))


@pytest.mark.parametrize(
    ("action", "facts", "most"),
    [
        (Action.ADD, FIRST, 300),
        (Action.ADD, LATER, 300),
        (Action.ADD, replace(LATER, b={"plays": 9000}), 900),
        (Action.ADD, replace(FIRST, b={"plays": 9000}), 300),
        ("rate", LATER, 300),
        ("rate", replace(LATER, b={"ratings": 5000}), 500),
        (Action.RETIME, LATER, 200),
        (Action.RETIME, replace(LATER, b={"plays": 30}), 10),
        (Action.RETIME, replace(LATER, b={"plays": 9000}), 900),
        (Action.FLAG, FIRST, 300),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_up_to_the_limit_nobody_is_asked(action: Action, facts: PlanFacts, most: int, side: Side) -> None:
    told = facts if side == "b" else turned(facts)
    assert judge(plan(changes(action, most, side)), told, LIMITS) == ""
    assert judge(plan(changes(action, most + 1, side)), told, LIMITS) != ""
    assert refused(plan(changes(action, most + 1, side)), told, LIMITS) == ""


def test_without_a_limit_of_its_own_a_first_contact_waits_for_a_yes() -> None:
    assert judge(plan(changes(Action.ADD, 1)), FIRST, PlanLimits(first=0)) != ""


def test_each_side_is_judged_by_itself_and_told_with_figures() -> None:
    both = plan(changes(Action.ADD, 200, "a"), changes(Action.ADD, 200, "b"))
    assert judge(both, FIRST, LIMITS) == ""
    large = plan(changes(Action.ADD, 1204), changes("rate", 301, "a"))
    assert judge(large, FIRST, LIMITS) == (
        "301 ratings would be set on trakt; 1,204 plays would be added to serializd, dates kept"
    )
    others = plan(changes(Action.RETIME, 301), changes(Action.FLAG, 302))
    assert judge(others, LATER, LIMITS) == (
        "301 plays on serializd would be given another time; 302 plays on serializd would be marked as rewatches"
    )


def test_what_is_asked_for_singly_makes_no_flood() -> None:
    assert judge(plan(changes("rate", 999, ask=True)), LATER, LIMITS) == ""


@pytest.mark.parametrize(
    ("held", "percent", "most"),
    [
        (0, 10, 0),
        (1, 10, 0),
        (2, 10, 1),
        (3, 10, 1),
        (9, 10, 4),
        (9, 1, 4),
        (10, 10, 1),
        (15, 10, 1),
        (2000, 10, 200),
        (100, 0, 0),
    ],
)
def test_so_many_may_go(held: int, percent: float, most: int) -> None:
    limits = PlanLimits(removals_percent=percent)
    facts = replace(LATER, b={"plays": held})
    assert most_removals(held, limits) == most
    assert refused(plan(changes(Action.REMOVE, most)), facts, limits) == ""
    assert refused(plan(changes(Action.REMOVE, most + 1)), facts, limits) != ""


@pytest.mark.parametrize("ask", [False, True])
def test_too_many_removals_are_refused_with_figures(ask: bool) -> None:
    found = refused(plan(changes(Action.REMOVE, 201, ask=ask)), LATER, LIMITS)
    assert found == (
        "201 of 2,000 plays on serializd would be removed, and safety.max_removals_percent of 10 allows 200"
    )
    never = refused(plan(changes(Action.REMOVE, 1)), replace(LATER, b={"plays": 5}), PlanLimits(removals_percent=0))
    assert never.endswith("and safety.max_removals_percent of 0 allows 0")
    few = refused(plan(changes(Action.REMOVE, 3)), replace(LATER, b={"plays": 5}), LIMITS)
    assert few == "3 of 5 plays on serializd would be removed, which is more than half of them"
    not_few = refused(plan(changes(Action.REMOVE, 6)), replace(LATER, b={"plays": 10}), LIMITS)
    assert not_few.endswith("allows 1")


def test_all_that_is_refused_is_told_at_once() -> None:
    wrong = plan(changes(Action.REMOVE, 2, "a"), changes("unrate", 11))
    assert refused(wrong, replace(LATER, a={"plays": 3}), LIMITS) == (
        "2 of 3 plays on trakt would be removed, which is more than half of them; "
        "11 of 100 ratings on serializd would be removed, and safety.max_removals_percent of 10 allows 10"
    )


def test_ratings_are_counted_among_ratings() -> None:
    assert refused(plan(changes("unrate", 10)), LATER, LIMITS) == ""
    assert refused(plan(changes("unrate", 11)), LATER, LIMITS) == (
        "11 of 100 ratings on serializd would be removed, and safety.max_removals_percent of 10 allows 10"
    )


@pytest.mark.parametrize("action", [Action.REMOVE, "unrate"])
def test_at_first_contact_nothing_is_removed(action: Action) -> None:
    assert "at first contact nothing is ever removed" in refused(plan(changes(action, 1)), FIRST, LIMITS)


def test_nothing_is_removed_because_of_a_listing_that_is_not_believed() -> None:
    doubted = replace(LATER, doubted=frozenset({"a"}))
    found = refused(plan(changes(Action.REMOVE, 1)), doubted, LIMITS)
    assert found.endswith("and what trakt listed is not believed to be all")
    assert refused(plan(changes(Action.REMOVE, 1, "a")), doubted, LIMITS) == ""
    back = refused(plan(changes(Action.REMOVE, 1, "a")), replace(LATER, doubted=frozenset({"b"})), LIMITS)
    assert back.endswith("and what serializd listed is not believed to be all")


def test_what_is_refused_is_not_carried_out_unasked_either() -> None:
    wrong = plan(changes(Action.REMOVE, 201), changes(Action.ADD, 999))
    assert judge(wrong, LATER, LIMITS) == refused(wrong, LATER, LIMITS) != ""


@given(st.sampled_from(list(Action)), st.integers(1, 60), st.sampled_from(SIDES), st.integers(0, 80), st.booleans())
def test_lower_limits_let_nothing_more_through(action: Action, count: int, side: Side, held: int, first: bool) -> None:
    facts = PlanFacts(first, *[{"plays": held, "ratings": held}] * 2)
    made = plan(changes(action, count, side))
    verdicts = [bool(judge(made, facts, PlanLimits(n, n))) for n in (0, 5, 20, 50)]
    assert verdicts == sorted(verdicts, reverse=True)

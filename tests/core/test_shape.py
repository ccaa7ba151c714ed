"""The shape of JSON: what differs is named by its place and kind, and never by its value."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.words.checks import Check, CheckVerdict, ok, problem, skipped, warning, worst
from scrobbled.core.words.shape import LOOKED_AT, Maybe, differences

ROW = {"id": (int, str), "show": {"title": str}, "rating": Maybe(int)}
GOOD = {"id": 7, "show": {"title": "Ebb"}, "rating": None, "more": True}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (GOOD, []),
        ({**GOOD, "id": "7"}, []),
        ({**GOOD, "id": True}, ["id is true or false where a whole number or text was expected"]),
        ({**GOOD, "id": None}, ["id is null where a whole number or text was expected"]),
        ({**GOOD, "show": "Ebb"}, ["show is text where an object was expected"]),
        ({**GOOD, "show": {}}, ["show.title is missing"]),
        ({**GOOD, "rating": 7.5}, ["rating is a number where a whole number was expected"]),
        ([], ["the answer is a list where an object was expected"]),
        ("<html>", ["the answer is text where an object was expected"]),
    ],
)
def test_what_differs_is_named_with_its_place(value: Any, found: list[str]) -> None:
    assert differences(value, ROW) == found


def test_in_a_list_each_difference_is_told_once() -> None:
    rows = {"rows": [GOOD, {**GOOD, "id": None}, {**GOOD, "id": None}]}
    assert differences(rows, {"rows": [ROW]}) == ["rows[].id is null where a whole number or text was expected"]


@pytest.mark.parametrize(
    ("value", "shape", "found"),
    [
        (None, str, ["the answer is null where text was expected"]),
        (7, [ROW], ["the answer is a whole number where a list was expected"]),
        ([{}], [{"id": int}], ["[].id is missing"]),
        ({"rows": {}}, {"rows": [ROW]}, ["rows is an object where a list was expected"]),
        ({"a": (1,)}, {"a": {"b": str}}, ["a is something else where an object was expected"]),
        ([None, None], [Maybe(str)], []),
        ([1] * LOOKED_AT + ["x"], [int], []),
        ([1] * (LOOKED_AT - 1) + ["x"], [int], ["[] is text where a whole number was expected"]),
    ],
)
def test_the_answer_itself_may_be_what_differs(value: Any, shape: Any, found: list[str]) -> None:
    assert differences(value, shape) == found


@given(json_values)
def test_anything_can_be_looked_at(value: Any) -> None:
    assert all(isinstance(text, str) and text for text in differences(value, {"rows": [ROW], "all": Maybe(str)}))


@given(st.text())
def test_a_value_is_never_told(secret: str) -> None:
    """Whatever stands there, the same is said of it."""
    expected = [
        "id is a list where a whole number or text was expected",
        "show is text where an object was expected",
        "rating is text where a whole number was expected",
    ]
    assert differences({"id": [secret], "show": secret, "rating": secret}, ROW) == expected


@pytest.mark.parametrize(("make", "state"), [(warning, CheckVerdict.WARNING), (problem, CheckVerdict.PROBLEM)])
def test_what_needs_somebody_says_what_to_do(make: Callable[..., Check], state: CheckVerdict) -> None:
    assert make("disk", "It is nearly full.", "Make room.", free=3) == Check(
        "disk", state, "It is nearly full.", "Make room.", {"free": 3}
    )


def test_what_is_well_or_was_not_looked_at_needs_nothing() -> None:
    assert ok("disk", "There is room.", free=30) == Check("disk", CheckVerdict.OK, "There is room.", "", {"free": 30})
    assert skipped("disk", "Not asked.", free=3) == Check("disk", CheckVerdict.SKIPPED, "Not asked.", "", {"free": 3})
    assert skipped("disk", "Not asked.", "Sign in.").next_step == "Sign in."


def test_the_most_urgent_verdict_counts() -> None:
    checks = [ok("a", "fine"), skipped("b", "no"), warning("c", "hm", "look"), problem("d", "no", "do")]
    assert [worst(checks[:n]) for n in range(5)] == [
        CheckVerdict.OK,
        CheckVerdict.OK,
        CheckVerdict.SKIPPED,
        CheckVerdict.WARNING,
        CheckVerdict.PROBLEM,
    ]

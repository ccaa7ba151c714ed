"""The table of kinds: what each declares, and that a value of any kind is merged by the same rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pair_model import turned_change, turned_policy, turned_values

from scrobbled.core.agreeing.ledger import ComparedValue, KeepValue, Policy, ValueGroup
from scrobbled.core.agreeing.merge import compare_value
from scrobbled.core.agreeing.plan import Plan
from scrobbled.core.kinds import KINDS, KindShape, KindValue, every_action, in_order, valued, words_of
from scrobbled.core.records import ValueRecord
from scrobbled.core.sending.change import Change, thing, things

HD, UHD, PLAIN = {"resolution": "hd"}, {"resolution": "uhd", "audio": "aac"}, dict[str, Any]()
SETS = [kind.name for kind in valued() if kind.shape is KindShape.SET]


def group(kind: str, a: KindValue | None, b: KindValue | None, base: Any = None, **more: Any) -> ValueGroup:
    told = [None if one is None else ValueRecord("k", one) for one in (a, b)]
    return ValueGroup(kind, "movie:tmdb:1", "Harbour Atlas", "movie", *told, base, **more)


def test_the_four_kinds_declare_what_they_are() -> None:
    assert {kind.name: (kind.shape.value, sorted(kind.scopes)) for kind in KINDS.values()} == {
        "plays": ("records", ["episode", "movie"]),
        "ratings": ("register", ["episode", "movie", "season", "show"]),
        "collection": ("set", ["episode", "movie"]),
        "watchlist": ("set", ["movie", "show"]),
    }
    assert all(name == kind.name for name, kind in KINDS.items())
    assert [kind.name for kind in valued()] == ["ratings", "collection", "watchlist"]
    assert [(kind.put, kind.cleared) for kind in valued()] == [
        ("rate", "unrate"),
        ("collect", "uncollect"),
        ("list", "unlist"),
    ]
    assert [kind.called for kind in KINDS.values()] == ["plays", "ratings", "the collection", "the watchlist"]


def test_no_two_kinds_share_an_action_and_each_is_found_by_its_word() -> None:
    words = list(every_action())
    assert len({one.action for one in words}) == len(words)
    assert all(words_of(one.action) is one for one in words)
    with pytest.raises(KeyError, match="dance"):
        words_of("dance")


def test_a_plan_tells_first_what_takes_away_and_last_what_marks() -> None:
    assert [one.action for one in in_order()] == [
        *("remove", "untick", "unrate", "uncollect", "unlist"),
        *("retime", "rate"),
        *("add", "collect", "list"),
        *("flag", "tick"),
    ]
    taking = ["remove", "untick", "unrate", "uncollect", "unlist"]
    assert [one.action for one in every_action() if one.takes_away] == taking
    assert [one.action for one in in_order() if one.singly] == [*taking, "retime", "rate"]
    assert [one.action for one in every_action() if one.overwrites] == ["retime"]


def test_each_action_is_told_in_words() -> None:
    assert [one.planned for one in in_order()] == [
        ("play to remove", "plays to remove"),
        ("tick to take back", "ticks to take back"),
        ("rating to clear", "ratings to clear"),
        ("title of the collection to remove", "titles of the collection to remove"),
        ("title of the watchlist to remove", "titles of the watchlist to remove"),
        ("play to give another time", "plays to give another time"),
        ("rating to set", "ratings to set"),
        ("play to add, dates kept", "plays to add, dates kept"),
        ("title of the collection to add", "titles of the collection to add"),
        ("title of the watchlist to add", "titles of the watchlist to add"),
        ("rewatch mark to set", "rewatch marks to set"),
        ("title to tick off as watched", "titles to tick off as watched"),
    ]
    assert {one.action: one.unusual for one in every_action() if one.unusual} == {
        "add": "plays would be added to {name}, dates kept",
        "retime": "plays on {name} would be given another time",
        "flag": "plays on {name} would be marked as rewatches",
        "tick": "titles would be ticked off as watched on {name}",
        "rate": "ratings would be set on {name}",
        "collect": "titles of the collection would be added to {name}",
        "list": "titles of the watchlist would be added to {name}",
    }
    assert (thing("rate"), thing("remove"), thing("list")) == ("rating", "removal", "title of the watchlist")
    assert things({"remove": 2, "list": 1, "rate": 1, "unrate": 1, "add": 1204}) == (
        "1,204 plays, 2 ratings, 1 title of the watchlist and 2 removals"
    )


def test_what_is_said_to_do_it() -> None:
    told = {one.action: (one.verb, one.past, one.where, one.tail) for one in every_action()}
    assert told["rate"] == ("Set", "Set", "on", "")
    assert told["uncollect"] == ("Remove", "Removed", "from", "")
    assert told["retime"] == ("Give", "Gave", "on", " another time")
    assert told["flag"] == ("Mark", "Marked", "on", " as rewatch")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("ratings", [1, 10], [0, 11, HD, None, 7.5, "7"]),
        ("collection", [HD, PLAIN], [1, None]),
        ("watchlist", [PLAIN], [1]),
        ("plays", [], [1, HD]),
    ],
)
def test_which_values_a_kind_takes(kind: str, good: list[Any], bad: list[Any]) -> None:
    assert all(KINDS[kind].takes(value) for value in good)
    assert not any(KINDS[kind].takes(value) for value in bad)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        *((7, 7, True), (7, 8, False)),
        *((HD, HD, True), (HD, PLAIN, True), (PLAIN, PLAIN, True), (HD, UHD, False)),
        ({"audio": "aac"}, UHD, True),
        ({"audio": "dts", "resolution": "uhd"}, UHD, False),
    ],
)
def test_values_agree_where_they_do_not_contradict_each_other(one: Any, other: Any, same: bool) -> None:
    kind = KINDS["ratings" if isinstance(one, int) else "collection"]
    assert kind.same(one, other) is kind.same(other, one) is same


def test_a_value_is_told_in_words() -> None:
    assert KINDS["ratings"].told(8) == "8"
    assert KINDS["collection"].told(UHD) == "audio aac, resolution uhd"
    assert KINDS["watchlist"].told(PLAIN) == ""


@pytest.mark.parametrize("kind", SETS)
class TestSets:
    def test_what_one_side_has_goes_to_the_other(self, kind: str) -> None:
        (change,) = compare_value(group(kind, HD, None), Policy()).changes
        entry = KINDS[kind]
        assert change == Change(
            side="b",
            action=entry.put,
            kind=kind,
            key="movie:tmdb:1",
            label="Harbour Atlas",
            source="k",
            after="resolution hd",
            value=HD,
            why=f"{entry.given} on {{a}}",
        )

    def test_a_side_that_tells_fewer_details_agrees_for_good(self, kind: str) -> None:
        assert compare_value(group(kind, HD, PLAIN), Policy()) == ComparedValue(agreed=(HD, PLAIN))
        assert compare_value(group(kind, HD, PLAIN, (HD, PLAIN)), Policy()) == ComparedValue()

    def test_other_details_follow_the_side_that_changed(self, kind: str) -> None:
        (change,) = compare_value(group(kind, UHD, HD, (HD, HD)), Policy()).changes
        assert (change.side, change.value, change.was) == ("b", UHD, HD)
        assert (change.before, change.after, change.why) == (
            "resolution hd",
            "audio aac, resolution uhd",
            "changed on {a}",
        )

    def test_what_was_taken_out_follows_the_policy_also_where_nothing_is_told_of_it(self, kind: str) -> None:
        lost = group(kind, None, PLAIN, (PLAIN, PLAIN), a_gone=True)
        (change,) = compare_value(lost, Policy(removals={kind: "propagate"})).changes
        assert (change.action, change.was, change.value) == (KINDS[kind].cleared, PLAIN, None)
        assert compare_value(lost, Policy()).changes == ()

    def test_the_plan_tells_of_it(self, kind: str) -> None:
        entry = KINDS[kind]
        added = compare_value(group(kind, HD, None), Policy()).changes[0]
        changed = compare_value(group(kind, UHD, HD, (HD, HD)), Policy()).changes[0]
        lost = group(kind, None, PLAIN, (PLAIN, PLAIN), a_gone=True)
        gone = compare_value(lost, Policy(removals={kind: "propagate"})).changes[0]

        def told(*changes: Change) -> list[str]:
            return Plan("anna", ("trakt", "plex"), changes).text().splitlines()[1:]

        assert told(added) == [f"plex: 1 {entry.noun[0]} to add", f"  Harbour Atlas: {entry.held}, resolution hd"]
        assert f"{entry.held}, resolution hd -> audio aac, resolution uhd" in told(changed)[1]
        assert told(gone)[0] == f"plex: 1 {entry.noun[0]} to remove"
        assert f"Harbour Atlas: no longer {entry.held} (" in told(gone)[1]
        assert told(*[added] * 3)[:2] == [f"plex: 3 {entry.noun[1]} to add", f"  Harbour Atlas: 3 {entry.noun[1]}"]
        plain = compare_value(group(kind, PLAIN, None), Policy()).changes[0]
        assert told(plain)[1] == f"  Harbour Atlas: {entry.held}"


numbers = st.none() | st.integers(1, 3)
details = st.none() | st.dictionaries(st.sampled_from(["resolution", "audio"]), st.sampled_from(["x", "y"]))
ways = st.sampled_from(["off", "both", "a-to-b", "b-to-a"])


@st.composite
def groups(draw: st.DrawFn) -> ValueGroup:
    kind = draw(st.sampled_from([kind.name for kind in valued()]))
    values = numbers if KINDS[kind].shape is KindShape.REGISTER else details
    a, b, was_a, was_b = (draw(values) for _ in range(4))
    base = None if was_a is None or was_b is None or not KINDS[kind].same(was_a, was_b) else (was_a, was_b)
    gone = {f"{side}_gone": draw(st.booleans()) and value is None for side, value in (("a", a), ("b", b))}
    return group(kind, a, b, base, **gone)


policies = st.builds(
    Policy,
    ways=ways.map(lambda way: dict.fromkeys(KINDS, way)),
    conflict=st.sampled_from(["a", "b"]),
    removals=st.sampled_from(["ignore", "propagate", "ask"]).map(lambda word: dict.fromkeys(KINDS, word)),
)


@given(groups(), policies)
def test_neither_side_is_preferred(told: ValueGroup, policy: Policy) -> None:
    here, back = compare_value(told, policy), compare_value(turned_values(told), turned_policy(policy))
    assert sorted(map(repr, here.changes)) == sorted(repr(turned_change(change)) for change in back.changes)
    assert here.agreed == (back.agreed[::-1] if isinstance(back.agreed, tuple) else back.agreed)


@given(groups(), policies)
def test_what_is_done_is_done_once_and_then_agreed_on(told: ValueGroup, policy: Policy) -> None:
    for _ in range(3):
        found = compare_value(told, policy)
        base = told.base if isinstance(found.agreed, KeepValue) else found.agreed
        told = carried_out(told, base, found.changes)
    assert compare_value(told, policy) == ComparedValue() or policy.removal("ratings") == "ask"
    if policy.way(told.kind) == "both" and told.a and told.b:
        assert KINDS[told.kind].same(told.a.value, told.b.value)


def carried_out(told: ValueGroup, base: Any, changes: tuple[Change, ...]) -> ValueGroup:
    """As both sides are read after it; what is asked is answered with no."""
    now = {"a": told.a and told.a.value, "b": told.b and told.b.value}
    now |= {change.side: change.value for change in changes if not change.ask}
    gone = {f"{side}_gone": now[side] is None for side in ("a", "b")}
    return group(told.kind, now["a"], now["b"], base, **gone)


@given(groups(), policies)
def test_a_change_names_its_kind_and_may_be_made(told: ValueGroup, policy: Policy) -> None:
    for change in compare_value(told, policy).changes:
        kind = KINDS[told.kind]
        assert change.kind == told.kind
        assert change.action == (kind.put if change.value is not None else kind.cleared)
        assert policy.way(told.kind) in ("both", "a-to-b" if change.side == "b" else "b-to-a")
        assert change.was == (
            (told.value(change.side) or ValueRecord("k", 0)).value if told.value(change.side) else None
        )


def test_a_kind_of_which_nothing_is_said_is_off() -> None:
    assert Policy(ways={}).way("ratings") == "off"
    assert Policy(ways={}).plays == "off"
    assert {Policy().way(kind) for kind in KINDS} == {"both"}
    assert compare_value(group("ratings", 7, None), Policy(ways={"plays": "both"})) == ComparedValue()

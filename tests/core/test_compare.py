"""One item, or one rating, of two trackers: what is agreed, what is changed, and what is left alone."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pair_model import (
    EVENING,
    Model,
    at,
    group,
    turned_change,
    turned_group,
    turned_link,
    turned_policy,
    turned_values,
)

from scrobbled.core.agreeing import compare, merge
from scrobbled.core.agreeing.decide import Decision, SideState, decide
from scrobbled.core.agreeing.ledger import (
    KEEP,
    ComparedValue,
    HeldPlay,
    ItemPlan,
    Link,
    LinkState,
    PlayGroup,
    Policy,
    ValueGroup,
)
from scrobbled.core.agreeing.lineup import window
from scrobbled.core.agreeing.plan import SIDES, Action, Change, Side, other
from scrobbled.core.agreeing.reports import AGAIN
from scrobbled.core.agreeing.shortcuts import shortcut
from scrobbled.core.kinds import KINDS
from scrobbled.core.records import IN_PART, DatePrecision, PlayRecord, ValueRecord
from scrobbled.core.sending.change import left
from scrobbled.core.watching.plays import OLDEST

KEY, NEAP, LIGHTS = "episode:1:1:4", "Harbour Lights S1 E4 Neap", "Harbour Lights"
MINUTE = 1 / 60
"""In hours."""
NOTHING: Counter[Action] = Counter()
EPOCH, DAY, SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=1), timedelta(seconds=1)
SECONDS = Policy(precision=(1, 1))
PROPAGATE = Policy(removals=dict.fromkeys(KINDS, "propagate"))


def compare_plays(told: PlayGroup, policy: Policy) -> ItemPlan:
    """What it comes to, which is the same from the other side."""
    found, back = (
        compare.compare_plays(*asked) for asked in ((told, policy), (turned_group(told), turned_policy(policy)))
    )
    assert Counter(found.links) == Counter(map(turned_link, back.links))
    assert sorted(found.left) == sorted(left(code[:-2], other(code[-1])) for code in back.left)
    assert found.agreed == back.agreed
    assert_turned(found.changes, back.changes)
    return found


def compare_value(told: ValueGroup, policy: Policy) -> ComparedValue:
    """As ``compare_plays``."""
    found = merge.compare_value(told, policy)
    back = merge.compare_value(turned_values(told), turned_policy(policy))
    turned = back.agreed[::-1] if isinstance(back.agreed, tuple) else back.agreed
    assert (found.agreed, found.left) == (turned, back.left)
    assert_turned(found.changes, back.changes)
    return found


def assert_turned(here: tuple[Change, ...], there: tuple[Change, ...]) -> None:
    if not any("nobody" in change.why for change in here):  # of two that are equally good one has to be the first
        assert Counter(here) == Counter(map(turned_change, there))


def row(
    id_: str,
    hours: float | None = 0,
    kept: DatePrecision = DatePrecision.EXACT,
    *,
    ours=False,
    settled=False,
    missed=0,
    **more: Any,
):
    when = None if hours is None else at(hours)
    return HeldPlay(PlayRecord(id_, "e", when, kept, **more), ours, settled, missed)


def replace_at(one: HeldPlay, when: datetime) -> HeldPlay:
    return replace(one, record=replace(one.record, at=when))


def tick(id_: str, made: float = 0, **more: Any) -> HeldPlay:
    return row(id_, None, DatePrecision.NONE, made_at=at(made), **more)


def agreed(a: str, b: str, a_hours: float | None = 0, b_hours: float | None = 0, **more: Any) -> Link:
    times = [None if hours is None else at(hours) for hours in (a_hours, b_hours)]
    return replace(Link(a, b, "same minute", LinkState.AGREED, *times), **more)


def told(found: ItemPlan) -> list[tuple[Any, ...]]:
    """Each change as side, action, and what it is about."""
    return [(c.side, c.action.value, c.source or c.target) for c in found.changes]


@pytest.mark.parametrize(
    ("a", "b", "step"),
    [
        (SideState.ABSENT, SideState.ABSENT, Decision.FORGET),
        (SideState.ABSENT, SideState.SAME, Decision.FROM_B),
        (SideState.ABSENT, SideState.NEW, Decision.TO_A),
        (SideState.SAME, SideState.ABSENT, Decision.FROM_A),
        (SideState.SAME, SideState.SAME, Decision.NOTHING),
        (SideState.SAME, SideState.NEW, Decision.TO_A),
        (SideState.NEW, SideState.ABSENT, Decision.TO_B),
        (SideState.NEW, SideState.SAME, Decision.TO_B),
        (SideState.NEW, SideState.NEW, Decision.CLASH),
    ],
)
def test_the_table(a: SideState, b: SideState, step: Decision) -> None:
    assert decide(a, b) is step


def test_the_table_is_whole_and_has_no_first_side() -> None:
    turned = {
        Decision.TO_A: Decision.TO_B,
        Decision.TO_B: Decision.TO_A,
        Decision.FROM_A: Decision.FROM_B,
        Decision.FROM_B: Decision.FROM_A,
    }
    for a, b in itertools.product(SideState, SideState):
        assert decide(b, a) is turned.get(decide(a, b), decide(a, b))


class TestPlaysOnOneSide:
    def test_it_is_added_to_the_other_with_its_date(self) -> None:
        found = compare_plays(group([row("a1", 0.01)], []), Policy())
        add = Change("b", Action.ADD, "plays", KEY, NEAP, source="a1", at=at(0.01), after="2026-11-10 20:14")
        assert found == ItemPlan(changes=(replace(add, why="watched on {a}, not on {b}"),))

    def test_the_time_is_rounded_down_to_what_the_other_keeps(self) -> None:
        found = compare_plays(group([], [row("b1", 0.015)]), Policy(precision=(60, 1)))
        assert found.changes[0].at == EVENING
        assert found.changes[0].after == "2026-11-10 20:14"

    def test_those_on_both_sides_come_oldest_first(self) -> None:
        found = compare_plays(group([row("a2", 9), row("a1", 1)], [row("b1", 5)]), Policy())
        assert told(found) == [("b", "add", "a1"), ("a", "add", "b1"), ("b", "add", "a2")]

    @pytest.mark.parametrize(
        ("policy", "sides"),
        [
            (Policy(), {"a", "b"}),
            (Policy(ways={"plays": "a-to-b"}), {"b"}),
            (Policy(ways={"plays": "b-to-a"}), {"a"}),
            (Policy(ways={"plays": "off"}), set()),
            (Policy(takes=(frozenset({"episode"}), frozenset({"movie"}))), {"a"}),
        ],
    )
    def test_only_where_that_is_wanted_and_taken(self, policy: Policy, sides: set[str]) -> None:
        found = compare_plays(group([row("a1")], [row("b1", 5)]), policy)
        assert {change.side for change in found.changes} == sides
        assert found.left == ()

    def test_what_is_on_its_way_already_is_not_added_again(self) -> None:
        assert compare_plays(group([row("a1", settled=True)], []), Policy()) == ItemPlan()

    def test_what_one_read_has_missed_waits(self) -> None:
        assert compare_plays(group([row("a1", missed=1)], []), Policy()) == ItemPlan(left=("unsure:a",))

    def test_what_is_gone_is_not_added(self) -> None:
        assert compare_plays(group([row("a1", missed=2)], []), Policy()) == ItemPlan()

    def test_a_day_is_added_as_the_moment_it_is_kept_with(self) -> None:
        found = compare_plays(group([], [row("b1", 3, DatePrecision.DAY), row("b2", 3, DatePrecision.DAY)]), Policy())
        assert [(change.side, change.at) for change in found.changes] == [("a", at(3)), ("a", at(3))]

    @pytest.mark.parametrize("ticks", ["ignore", "as-plays"])
    def test_a_tick_is_a_play_only_by_choice(self, ticks: Any) -> None:
        found = compare_plays(group([], [tick("b1", 4)]), Policy(ticks=ticks))
        if ticks == "ignore":
            assert found == ItemPlan(left=("undated:b",))
        else:
            assert [(change.side, change.at) for change in found.changes] == [("a", at(4))]

    @pytest.mark.parametrize("when", [OLDEST - SECOND, EPOCH - DAY, EPOCH, EPOCH + DAY - SECOND])
    def test_an_impossible_date_is_none(self, when: datetime) -> None:
        for kept in (DatePrecision.EXACT, DatePrecision.DAY):
            damaged = replace_at(row("a1", 0, kept), when)
            assert compare_plays(group([damaged], []), Policy()) == ItemPlan(left=("undated:a",))

    def test_no_date_is_none(self) -> None:
        assert compare_plays(group([row("a1", None, DatePrecision.NONE)], []), Policy(ticks="as-plays")).left == (
            "undated:a",
        )

    @pytest.mark.parametrize("when", [OLDEST, EPOCH - DAY - SECOND, EPOCH + DAY])
    def test_the_day_on_which_it_came_out_is_a_date_however_long_ago(self, when: datetime) -> None:
        for kept in (DatePrecision.EXACT, DatePrecision.DAY):
            (change,) = compare_plays(group([replace_at(row("a1", 0, kept), when)], []), SECONDS).changes
            assert change.at == when

    @pytest.mark.parametrize("kept", [DatePrecision.EXACT, DatePrecision.DAY])
    def test_what_has_not_been_yet_waits_until_it_has(self, kept: DatePrecision) -> None:
        soon = group([row("a1", 0, kept), row("a2", 24, kept)], [])
        found = compare_plays(soon, Policy(until=at(24) - timedelta(seconds=1)))
        assert (told(found), found.left) == ([("b", "add", "a1")], ("future:a",))
        assert told(compare_plays(soon, Policy(until=at(24)))) == [("b", "add", "a1"), ("b", "add", "a2")]

    def test_neither_is_what_was_ticked_at_a_time_to_come_a_play_by_then(self) -> None:
        ticked = group([], [tick("b1", 4)])
        assert compare_plays(ticked, Policy(ticks="as-plays", until=at(3))) == ItemPlan(left=("future:b",))

    def test_what_is_on_its_way_or_goes_nowhere_waits_for_nothing(self) -> None:
        assert compare_plays(group([row("a1", 5, settled=True)], []), Policy(until=at(0))) == ItemPlan()
        assert compare_plays(group([row("a1", 5)], []), Policy(ways={"plays": "b-to-a"}, until=at(0))) == ItemPlan()

    def test_in_the_future_on_both_sides_it_is_one_viewing(self) -> None:
        found = compare_plays(group([row("a1", 5)], [row("b1", 5)]), Policy(until=at(0)))
        assert (found.changes, found.left, found.links) == ((), (), (agreed("a1", "b1", 5, 5),))

    def test_when_something_was_marked_is_its_time_only_by_choice(self) -> None:
        marked = group([row("a1", 0, DatePrecision.NONE, made_at=at(1))], [])
        assert compare_plays(marked, Policy()) == ItemPlan(left=("undated:a",))
        assert [change.at for change in compare_plays(marked, Policy(ticks="as-plays")).changes] == [at(1)]

    def test_a_moment_beside_a_day_is_another_viewing(self) -> None:
        found = compare_plays(group([row("a1", 0, DatePrecision.DAY), row("a2", 0.2)], []), Policy())
        assert told(found) == [("b", "add", "a1"), ("b", "add", "a2")]
        later = compare_plays(
            group([row("a1", 0, DatePrecision.DAY), row("a2", 0.2)], [row("b1")], [agreed("a1", "b1")]), Policy()
        )
        assert told(later) == [("b", "add", "a2")]

    def test_a_report_of_the_same_viewing_is_not_a_second_one(self) -> None:
        found = compare_plays(group([row("a1"), row("a2", 0.3), row("a3", 0.5), row("a4", 1)], []), Policy())
        assert told(found) == [("b", "add", "a1"), ("b", "add", "a3"), ("b", "add", "a4")]
        assert [(link.a, link.b, link.state) for link in found.links] == [("a2", None, LinkState.EXTRA)]

    def test_a_report_of_a_viewing_that_is_on_its_way_waits_with_it(self) -> None:
        found = compare_plays(group([row("a1", settled=True), row("a2", 0.3)], []), Policy())
        assert [link.state for link in found.links] == [LinkState.EXTRA]
        assert found.changes == ()


class TestPlaysOnBothSides:
    def test_they_are_agreed_on(self) -> None:
        found = compare_plays(group([row("a1")], [row("b1", 0.01)]), Policy())
        assert found.links == (Link("a1", "b1", "same minute", LinkState.AGREED, at(0), at(0.01)),)
        assert (found.changes, found.agreed) == ((), 1)

    @pytest.mark.parametrize(
        ("runtime", "media", "apart", "one"),
        [
            (1500, "episode", 0.37, True),
            (1500, "episode", 0.5, False),
            (None, "episode", 1, False),
            (None, "movie", 1, True),
        ],
    )
    def test_how_close_they_must_be_depends_on_what_it_is(
        self, runtime: Any, media: Any, apart: float, one: bool
    ) -> None:
        told_ = replace(group([row("a1")], [row("b1", apart)]), runtime=runtime, media=media)
        found = compare_plays(told_, Policy())
        assert (found.agreed, len(found.changes)) == ((1, 0) if one else (0, 2))

    def test_once_agreed_they_are_silent(self) -> None:
        found = compare_plays(group([row("a1")], [row("b1")], [agreed("a1", "b1")]), Policy())
        assert found == ItemPlan(agreed=1)

    @pytest.mark.parametrize("kept", [DatePrecision.EXACT, DatePrecision.DAY])
    def test_a_second_row_of_the_very_same_minute_adds_nothing(self, kept: DatePrecision) -> None:
        """A program that wrote the row again, long after: its time looks like a day that somebody picked."""
        copies = [row("b1", 0, kept), row("b2", 0, DatePrecision.DAY)]
        found = compare_plays(group([row("a1")], copies), Policy())
        assert told(found) == []
        assert Link(None, "b2", AGAIN, LinkState.EXTRA, b_at=at(0)) in found.links

    def test_a_copy_of_a_viewing_whose_seconds_are_known_adds_nothing(self) -> None:
        """The other side tells whole minutes, and whoever copied it wrote that."""
        minute = at(0).replace(second=0, microsecond=0)
        seen, copy = row("b1"), row("b2", 0, DatePrecision.DAY)
        exact = replace(seen, record=replace(seen.record, at=minute.replace(second=22, microsecond=250_000)))
        copied = replace(copy, record=replace(copy.record, at=minute))
        for theirs in ([], [row("a1")]):
            found = compare_plays(group(theirs, [exact, copied]), Policy())
            assert [one[2] for one in told(found)] == ["b1"][len(theirs) :]

    def test_a_copy_of_a_row_that_only_one_side_has_is_brought_over_once(self) -> None:
        found = compare_plays(group([], [row("b1"), row("b2", 0, DatePrecision.DAY)]), Policy())
        assert told(found) == [("a", "add", "b1")]

    def test_a_day_that_was_typed_twice_is_two_viewings(self) -> None:
        found = compare_plays(
            group([row("a1", 0.2)], [row("b1", 0, DatePrecision.DAY), row("b2", 0, DatePrecision.DAY)]), Policy()
        )
        assert [one[:2] for one in told(found)] == [("a", "add")]

    def test_another_program_that_reports_the_same_viewing_adds_nothing(self) -> None:
        links = [agreed("a1", "b1", 0, 0.01)]
        found = compare_plays(group([row("a1"), row("a2", 0.2)], [row("b1", 0.01)], links), Policy())
        assert found.links == (Link("a2", None, AGAIN, LinkState.EXTRA, at(0.2)),)
        assert found.changes == ()

    def test_a_second_viewing_an_hour_later_is_a_second_viewing(self) -> None:
        found = compare_plays(group([row("a1"), row("a2", 1)], [row("b1")], [agreed("a1", "b1")]), Policy())
        assert told(found) == [("b", "add", "a2")]

    @pytest.mark.parametrize("policy", [Policy(), Policy(ticks="as-plays")])
    def test_a_tick_does_not_stand_for_the_dated_play_of_the_other_side(self, policy: Policy) -> None:
        """A diary row may have got lost after the tick was set, and it is the row that has the date."""
        found = compare_plays(group([row("a1")], [tick("b1")]), policy)
        assert told(found) == [("b", "add", "a1")]
        assert found.links == ()

    def test_a_tick_does_not_stand_for_a_play_that_is_on_its_way(self) -> None:
        found = compare_plays(group([row("a1", settled=True)], [tick("b1")]), Policy(ticks="as-plays"))
        assert found == ItemPlan()

    def test_a_tick_that_was_sent_is_the_play_that_came_of_it(self) -> None:
        group_ = group([tick("a1", settled=True)], [row("b1", ours=True)])
        found = compare_plays(group_, Policy(ticks="as-plays"))
        assert found == ItemPlan((agreed("a1", "b1", None, rule="no date"),), agreed=1)

    def test_a_tick_gives_way_to_the_play_that_was_meant(self) -> None:
        """We ticked, and the diary row came later: it is no news, and neither is the tick."""
        link = agreed("a1", "b1", 0, None, rule="no date")
        found = compare_plays(group([row("a1")], [tick("b1"), row("b2", 0.01, ours=True)], [link]), Policy())
        assert found.links == (agreed("a1", "b2", 0, 0.01), Link(None, "b1", AGAIN, LinkState.EXTRA))
        assert found.changes == ()

    def test_a_tick_beside_a_play_says_nothing_new(self) -> None:
        group_ = group([row("a1")], [row("b1"), tick("b2")], [agreed("a1", "b1")])
        ways: list[Any] = ["ignore", "as-plays"]
        for ticks in ways:
            assert compare_plays(group_, Policy(ticks=ticks)) == ItemPlan(agreed=1)

    def test_what_is_switched_off_is_not_even_agreed_on(self) -> None:
        assert compare_plays(group([row("a1")], [row("b1")]), Policy(ways={"plays": "off"})) == ItemPlan()

    @pytest.mark.parametrize("state", [LinkState.AGREED, LinkState.REMOVED, LinkState.REMOVING])
    def test_a_play_without_a_date_beside_a_known_viewing_is_that_viewing(self, state: LinkState) -> None:
        known = agreed("a1", "b1", state=state)
        rows = [
            row("b1", ours=True, missed=2 if state is not LinkState.AGREED else 0),
            row("b2", 0, DatePrecision.NONE),
        ]
        found = compare_plays(group([row("a1")], rows, [known]), Policy(ticks="as-plays"))
        assert (found.changes, found.left) == ((), ())
        assert found.links[-1] == Link(None, "b2", AGAIN, LinkState.EXTRA, b_at=at(0))

    def test_of_several_ticks_one_is_a_play(self) -> None:
        found = compare_plays(group([tick("a1"), tick("a2", 5)], []), Policy(ticks="as-plays"))
        assert [(change.source, change.at) for change in found.changes] == [("a2", at(5))]
        assert found.links == (Link("a1", None, AGAIN, LinkState.EXTRA),)

    def test_a_play_without_a_date_waits_for_what_is_on_its_way_to_it(self) -> None:
        marked = row("b1", 0, DatePrecision.NONE)
        found = compare_plays(group([row("a1", settled=True)], [marked]), Policy(ticks="as-plays"))
        assert found == ItemPlan()

    def test_a_play_without_a_date_waits_for_nothing_that_has_gone(self) -> None:
        found = compare_plays(group([row("a1", missed=2)], [row("b1", 0, DatePrecision.NONE)]), Policy(ticks="ignore"))
        assert found == ItemPlan(left=("undated:b",))

    def test_new_ones_of_which_one_may_be_gone_wait_both(self) -> None:
        found = compare_plays(group([row("a1", missed=1)], [row("b1"), row("b2", 0.2)]), Policy())
        assert (found.links, found.changes, found.left) == ((), (), ("unsure:a",))


class TestLostPlays:
    """``a1`` and ``b1`` were agreed on."""

    def lost(self, policy: Policy, **more: Any) -> ItemPlan:
        told_ = group([row("a1", 0.01, missed=2)], [row("b1", **more)], [agreed("a1", "b1", 0.01)])
        return compare_plays(told_, policy)

    def test_what_is_to_go_is_told_oldest_first(self) -> None:
        """By the earlier of two times, from whichever side it is seen."""
        links = [
            agreed("a1", "b1", 5, 5),
            agreed("a2", "b2", 0.01, 0),
            agreed("a3", "b3", 0, 0.02),
            agreed("a4", "b4", None, None, rule="no date"),
            agreed("a5", "b5", None, None, rule="no date"),
        ]
        gone = [replace(row(link.a or ""), missed=2) for link in links]
        ours = [row("b1", 5, ours=True), row("b2", 0, ours=True), row("b3", 0.02, ours=True)]
        ticks = [tick("b4", ours=True), tick("b5", ours=True)]
        found = compare_plays(group(gone, [*ours, *ticks], links[::-1]), PROPAGATE)
        assert told(found) == [("b", "remove", id_) for id_ in ("b2", "b3", "b1", "b4", "b5")]

    def test_missed_once_nothing_is_decided(self) -> None:
        links = [agreed("a1", "b1")]
        found = compare_plays(group([row("a1", missed=1)], [row("b1", ours=True)], links), PROPAGATE)
        assert found == ItemPlan(left=("unsure:a",), agreed=1)

    def test_by_default_the_other_stays_and_is_never_sent_again(self) -> None:
        found = self.lost(Policy(), ours=True)
        (link,) = found.links
        assert (link.state, link.a, link.b, found.changes) == (LinkState.REMOVED, "a1", "b1", ())
        again = compare_plays(group([row("a1", missed=3)], [row("b1", ours=True)], [link]), Policy())
        assert again == ItemPlan()
        for ours in (True, False):
            forgotten = compare_plays(group([], [row("b1", ours=ours)], [link]), PROPAGATE)
            assert forgotten == ItemPlan()

    @pytest.mark.parametrize("ask", [False, True])
    def test_by_choice_ours_goes_too(self, ask: bool) -> None:
        policy = Policy(removals={"plays": "ask" if ask else "propagate"})
        found = self.lost(policy, ours=True)
        remove = Change("b", Action.REMOVE, "plays", KEY, NEAP, target="b1", at=EVENING, before="2026-11-10 20:14")
        assert found.changes == (replace(remove, ask=ask, why="it is gone from {a}"),)
        assert found.links[0].state is LinkState.REMOVING

    def test_it_is_asked_for_until_it_is_gone(self) -> None:
        link = self.lost(PROPAGATE, ours=True).links[0]
        again = compare_plays(group([row("a1", missed=9)], [row("b1", ours=True)], [link]), PROPAGATE)
        assert told(again) == [("b", "remove", "b1")]
        over = compare_plays(group([row("a1", missed=9)], [row("b1", ours=True, missed=2)], [link]), PROPAGATE)
        assert (over.changes, over.links[0].state) == ((), LinkState.REMOVED)

    def test_a_choice_that_was_taken_back_is_taken_back(self) -> None:
        link = self.lost(PROPAGATE, ours=True).links[0]
        found = compare_plays(group([row("a1", missed=9)], [row("b1", ours=True)], [link]), Policy())
        assert (found.changes, found.links[0].state) == ((), LinkState.REMOVED)

    def test_a_later_choice_removes_nothing_of_before(self) -> None:
        link = self.lost(Policy(), ours=True).links[0]
        assert compare_plays(group([row("a1", missed=9)], [row("b1", ours=True)], [link]), PROPAGATE) == ItemPlan()

    @pytest.mark.parametrize("removals", ["propagate", "ask"])
    @pytest.mark.parametrize("more", [{}, {"ours": True, "personal": True}, {"ours": True, "hours": 0.5}])
    def test_what_a_person_wrote_or_edited_stays(self, removals: Any, more: dict[str, Any]) -> None:
        found = self.lost(Policy(removals={"plays": removals}), **more)
        assert (found.changes, found.left, found.links[0].state) == ((), ("personal:b",), LinkState.REMOVED)

    def test_a_side_that_is_not_written_loses_nothing(self) -> None:
        found = self.lost(replace(PROPAGATE, ways={"plays": "b-to-a"}), ours=True)
        assert (found.changes, found.left, found.links[0].state) == ((), (), LinkState.REMOVED)

    def test_gone_from_both_it_is_a_tombstone(self) -> None:
        links = [agreed("a1", "b1")]
        found = compare_plays(group([row("a1", missed=2)], [row("b1", missed=2)], links), PROPAGATE)
        assert (found.changes, found.links[0].state) == ((), LinkState.REMOVED)
        again = compare_plays(
            group([row("a1", missed=3), row("a2", 0.1)], [row("b1", missed=3)], found.links), PROPAGATE
        )
        assert again.changes == ()
        assert again.links[0].state is LinkState.EXTRA

    def test_a_later_viewing_of_it_is_a_viewing(self) -> None:
        tombstone = [agreed("a1", "b1", state=LinkState.REMOVED)]
        found = compare_plays(group([row("a1", missed=2), row("a2", 30)], [row("b1")], tombstone), PROPAGATE)
        assert told(found) == [("b", "add", "a2")]

    def test_put_back_by_a_person_it_is_agreed_on_again(self) -> None:
        tombstones = [agreed(f"a{n}", f"b{n}", hours, hours, state=LinkState.REMOVED) for n, hours in ((9, -9), (1, 0))]
        rows = [row("a9", -9, missed=2), row("a1", missed=2), row("a2", 0.1)]
        found = compare_plays(group(rows, [row("b1")], tombstones), PROPAGATE)
        assert found == ItemPlan((agreed("a2", "b1", 0.1, rule="same viewing"),), agreed=1)

    @pytest.mark.parametrize("state", [LinkState.REMOVED, LinkState.REMOVING])
    def test_what_was_only_thought_to_be_gone_is_agreed_on_again(self, state: LinkState) -> None:
        found = compare_plays(group([row("a1")], [row("b1", ours=True)], [agreed("a1", "b1", state=state)]), PROPAGATE)
        assert found == ItemPlan((agreed("a1", "b1"),), agreed=1)

    def test_what_was_taken_for_another_report_meets_its_like(self) -> None:
        """The other side has got a play for it, which is not sent back."""
        links = [
            agreed("a1", "b1"),
            Link(None, "b2", AGAIN, LinkState.EXTRA, b_at=at(0.6)),
        ]
        found = compare_plays(group([row("a1"), row("a2", 0.6)], [row("b1"), row("b2", 0.6)], links), Policy())
        assert found.changes == ()
        assert [(link.a, link.b, link.state) for link in found.links] == [("a2", "b2", LinkState.AGREED)]

    def test_another_report_of_it_takes_its_place(self) -> None:
        extra = Link("a2", None, AGAIN, LinkState.EXTRA, at(0.2))
        rows = [row("a1", missed=2), row("a2", 0.2)]
        found = compare_plays(group(rows, [row("b1", ours=True)], [agreed("a1", "b1"), extra]), PROPAGATE)
        assert found.links == (agreed("a2", "b1", 0.2, rule=AGAIN),)
        assert found.changes == ()

    def test_of_several_other_reports_the_closest_takes_its_place(self) -> None:
        extras = [Link(f"a{n}", None, AGAIN, LinkState.EXTRA, at(hours)) for n, hours in ((2, 0.3), (3, -0.1))]
        rows = [row("a1", missed=2), row("a2", 0.3), row("a3", -0.1)]
        found = compare_plays(group(rows, [row("b1", -0.3)], [agreed("a1", "b1", 0, -0.3), *extras]), PROPAGATE)
        assert found.links == (agreed("a3", "b1", -0.1, -0.3, rule=AGAIN),)

    def test_the_tick_that_is_left_of_it_is_no_play(self) -> None:
        links = [agreed("a1", "b1")]
        rows = [row("b1", missed=2), tick("b2")]
        found = compare_plays(group([row("a1", ours=True)], rows, links), replace(PROPAGATE, ticks="as-plays"))
        assert told(found) == [("a", "remove", "a1")]

    def test_what_we_sent_is_not_sent_back_to_where_its_origin_was_removed(self) -> None:
        found = compare_plays(group([row("a1", missed=2, settled=True)], [row("b1", ours=True)]), PROPAGATE)
        assert (found.changes, found.links[0].state) == ((), LinkState.REMOVED)

    def test_neither_is_what_is_there_again_after_it_was_removed_on_both_sides(self) -> None:
        tombstone = agreed("a1", "b1", state=LinkState.REMOVED)
        rows = [row("b1", missed=2), row("b2", 0.1, ours=True)]
        found = compare_plays(group([row("a1", missed=2)], rows, [tombstone]), PROPAGATE)
        assert found.links == (agreed("a1", "b2", 0, 0.1, rule=compare.GONE, state=LinkState.REMOVED),)
        assert found.changes == ()

    def test_another_report_that_has_gone_buries_nothing(self) -> None:
        extra = Link("a2", None, AGAIN, LinkState.EXTRA, at(0.3))
        rows = [row("b1"), row("b2", 0.6, ours=True)]
        found = compare_plays(
            group([row("a1"), row("a2", 0.3, missed=2)], rows, [agreed("a1", "b1"), extra]), PROPAGATE
        )
        assert told(found) == [("a", "add", "b2")]

    def test_a_row_of_which_nothing_is_known_is_not_gone(self) -> None:
        assert compare_plays(group([], [row("b1", ours=True)], [agreed("a1", "b1")]), PROPAGATE) == ItemPlan(agreed=1)
        links, ours = [agreed("a1", "b1"), agreed("a2", "b2", 9, 9)], [row("b1", ours=True), row("b2", 9, ours=True)]
        found = compare_plays(group([row("a2", 9, missed=2)], ours, links), PROPAGATE)
        assert told(found) == [("b", "remove", "b2")]

    def test_a_tick_that_was_taken_back_takes_nothing_of_a_person_away(self) -> None:
        links = [agreed("a1", "b1", 0, None, rule="no date")]
        found = compare_plays(group([row("a1")], [tick("b1", missed=2)], links), PROPAGATE)
        assert (found.changes, found.links[0].state) == ((), LinkState.REMOVED)


class TestMovedPlays:
    def test_removed_and_put_elsewhere_it_is_moved_on_the_other_side(self) -> None:
        rows = [row("a1", 0.01, missed=2), row("a2", 30)]
        found = compare_plays(group(rows, [row("b1")], [agreed("a1", "b1", 0.01)]), PROPAGATE)
        retime = Change("b", Action.RETIME, "plays", KEY, NEAP, source="a2", target="b1", at=at(30))
        times = {"before": "2026-11-10 20:14", "after": "2026-11-12 02:14"}
        assert found.changes == (replace(retime, **times, why="its time was changed on {a}"),)
        assert (found.links, found.agreed) == ((agreed("a2", "b1", 0.01, rule=compare.MOVED),), 1)

    @pytest.mark.parametrize("agreed_at", [0.01, None])
    def test_moved_by_a_little_it_is_told_too_and_not_just_agreed_on(self, agreed_at: float | None) -> None:
        """The times stay those of before, so that the other side is told until it has the new one."""
        rows = [row("a1", 0.01, missed=2), row("a2", 0.2)]
        found = compare_plays(group(rows, [row("b1")], [agreed("a1", "b1", agreed_at)]), PROPAGATE)
        assert told(found) == [("b", "retime", "a2")]
        assert found.links == (agreed("a2", "b1", agreed_at or 0, rule="same viewing"),)

    def test_of_several_new_plays_the_closest_is_the_one_that_was_moved(self) -> None:
        rows = [row("a1", missed=2), row("a2", 30.2), row("a3", -30)]
        found = compare_plays(group(rows, [row("b1", 0.3)], [agreed("a1", "b1", 0, 0.3)]), PROPAGATE)
        assert told(found) == [("b", "add", "a2"), ("b", "retime", "a3")]

    def test_until_it_is_sure_that_it_has_gone_the_new_one_waits(self) -> None:
        rows = [row("a1", missed=1), row("a2", 30)]
        found = compare_plays(group(rows, [row("b1")], [agreed("a1", "b1")]), PROPAGATE)
        assert (found.links, found.changes) == ((), ())

    @pytest.mark.parametrize("more", [{"ours": True}, {"settled": True}])
    def test_what_we_wrote_or_are_sending_was_not_moved_by_a_person(self, more: dict[str, bool]) -> None:
        rows = [row("a1", missed=2), row("a2", 30, **more)]
        found = compare_plays(group(rows, [row("b1")], [agreed("a1", "b1")]), Policy())
        assert Action.RETIME not in [change.action for change in found.changes]
        assert LinkState.REMOVED in [link.state for link in found.links]

    @pytest.mark.parametrize("side", ["a", "b"])
    def test_edited_in_place_the_other_side_is_told_until_it_has_it(self, side: Side) -> None:
        rows: dict[Side, list[HeldPlay]] = {"a": [row("a1")], "b": [row("b1")]}
        rows[side] = [row(f"{side}1", 5)]
        links = [agreed("a1", "b1")]
        found = compare_plays(group(rows["a"], rows["b"], links), Policy())
        (change,) = found.changes
        assert (change.side, change.action, change.at) == (other(side), Action.RETIME, at(5))
        assert found.links == ()
        both = compare_plays(group([row("a1", 5)], [row("b1", 5)], links), Policy())
        assert (both.changes, both.links) == ((), (agreed("a1", "b1", 5, 5),))

    def test_a_difference_that_a_side_cannot_keep_is_none(self) -> None:
        found = compare_plays(group([row("a1")], [row("b1", 0.015)], [agreed("a1", "b1")]), Policy())
        assert (found.changes, found.links) == ((), (agreed("a1", "b1", 0, 0.015),))
        apart = compare_plays(group([row("a1", MINUTE)], [row("b1", -MINUTE)], [agreed("a1", "b1")]), Policy())
        assert (apart.changes, apart.links) == ((), (agreed("a1", "b1", MINUTE, -MINUTE),))

    def test_a_new_time_is_rounded_down_to_what_the_other_side_keeps(self) -> None:
        found = compare_plays(group([row("a1")], [row("b1", 5.015)], [agreed("a1", "b1")]), Policy(precision=(60, 1)))
        assert [(change.side, change.at) for change in found.changes] == [("a", at(5))]

    @pytest.mark.parametrize(
        ("policy", "left"),
        [(Policy(can_amend=(True, False)), ("fixed:b",)), (Policy(ways={"plays": "b-to-a"}), ())],
    )
    def test_where_it_cannot_be_told_the_difference_is_agreed_on(self, policy: Policy, left: tuple[str, ...]) -> None:
        found = compare_plays(group([row("a1", 5)], [row("b1")], [agreed("a1", "b1")]), policy)
        assert (found.changes, found.left, found.links) == ((), left, (agreed("a1", "b1", 5, 0),))
        a, b = [row("a1", 5), row("a2", 35)], [row("b1"), row("b2", 30)]
        assert compare_plays(group(a, b, [agreed("a1", "b1"), agreed("a2", "b2", 30, 30)]), policy).left == left * 2

    @pytest.mark.parametrize(
        ("conflict", "want", "why"),
        [
            ("a", [("b", 5, False)], "changed on both sides, and {a} wins"),
            ("b", [("a", 9, False)], "changed on both sides, and {b} wins"),
            ("newest", [("b", 5, False)], "changed on both sides, and {a} wins, for nobody says which change is newer"),
            ("ask", [("b", 5, True), ("a", 9, True)], "changed on both sides"),
        ],
    )
    def test_edited_on_both_sides_the_strategy_decides(self, conflict: Any, want: Any, why: str) -> None:
        links = [agreed("a1", "b1")]
        found = compare_plays(group([row("a1", 5)], [row("b1", 9)], links), Policy(conflict=conflict))
        assert [(change.side, change.at, change.ask) for change in found.changes] == [(s, at(h), k) for s, h, k in want]
        assert {change.why for change in found.changes} == {why}

    def test_a_new_time_in_the_future_is_not_told_and_not_agreed_on_until_it_has_come(self) -> None:
        edited = group([row("a1", 5)], [row("b1")], [agreed("a1", "b1")])
        early = compare_plays(edited, Policy(until=at(4)))
        assert (early.changes, early.links, early.left) == ((), (), ("future:a",))
        assert told(compare_plays(edited, Policy(until=at(5)))) == [("b", "retime", "a1")]

    def test_a_time_in_the_future_is_set_right_by_one_that_has_been(self) -> None:
        mended = group([row("a1", 5)], [row("b1", 1)], [agreed("a1", "b1", 5, 5)])
        assert told(compare_plays(mended, Policy(until=at(2)))) == [("a", "retime", "b1")]

    def test_a_time_in_the_future_that_goes_nowhere_is_agreed_on(self) -> None:
        edited = group([row("a1", 5)], [row("b1")], [agreed("a1", "b1")])
        found = compare_plays(edited, Policy(ways={"plays": "b-to-a"}, until=at(4)))
        assert (found.changes, found.left, found.links) == ((), (), (agreed("a1", "b1", 5, 0),))

    def test_of_two_new_times_one_in_the_future_cannot_be_chosen(self) -> None:
        edited = group([row("a1", 5)], [row("b1", 1)], [agreed("a1", "b1")])
        found = compare_plays(edited, Policy(conflict="ask", until=at(4)))
        assert ([(change.side, change.at) for change in found.changes], found.left) == ([("a", at(1))], ("future:a",))

    def test_a_day_is_only_changed_when_it_is_another_day(self) -> None:
        links = [agreed("a1", "b1", 0, -8)]
        near = compare_plays(group([row("a1", 3)], [row("b1", -8, DatePrecision.DAY)], links), Policy())
        assert near.changes == ()
        just = compare_plays(group([row("a1", 28)], [row("b1", -8, DatePrecision.DAY)], links), Policy())
        assert just.changes == ()
        far = compare_plays(group([row("a1", 28.01)], [row("b1", -8, DatePrecision.DAY)], links), Policy())
        assert told(far) == [("b", "retime", "a1")]

    def test_a_new_time_that_comes_as_another_play_is_not_added_back(self) -> None:
        """A tracker that cannot edit adds a play and removes one; of the latter a read tells late."""
        links = [agreed("a1", "b1")]
        rows = [row("a1"), row("a2", 5)]
        found = compare_plays(group(rows, [row("b1", 5)], links), Policy())
        assert told(found) == [("a", "retime", "b1")]
        later = compare_plays(group([row("a1", missed=2), row("a2", 5)], [row("b1", 5)], links), PROPAGATE)
        assert (later.changes, later.links) == ((), (agreed("a2", "b1", 5, 5),))

    def test_a_date_given_to_a_tick_moves_what_came_of_the_tick(self) -> None:
        links = [agreed("a1", "b1", 0, None, rule="no date")]
        rows = [tick("b1", missed=2), row("b2", 50)]
        found = compare_plays(group([row("a1", ours=True)], rows, links), Policy())
        assert told(found) == [("a", "retime", "b2")]
        of_a_person = compare_plays(group([row("a1")], rows, links), Policy())
        assert told(of_a_person) == [("a", "add", "b2")]

    def test_a_date_given_to_a_tick_is_no_date_for_the_tick_we_set(self) -> None:
        links = [agreed("a1", "b1", None, None, rule="no date")]
        rows = [tick("b1", missed=2), row("b2", 50)]
        found = compare_plays(group([tick("a1", ours=True)], rows, links), Policy())
        assert found == ItemPlan((agreed("a1", "b2", None, 50, rule=compare.MOVED),), agreed=1)

    @pytest.mark.parametrize("undated", [tick("b1"), row("b1", 0, DatePrecision.NONE)])
    def test_what_has_no_date_is_given_none(self, undated: HeldPlay) -> None:
        links = [agreed("a1", "b1", 0, None, rule="no date")]
        found = compare_plays(group([row("a1", 5)], [undated], links), Policy())
        assert found == ItemPlan((replace(links[0], a_at=at(5), b_at=undated.record.at),), agreed=1)


class TestPlaysThatWeMoved:
    """They have another id since, and are what they were."""

    @staticmethod
    def moved(hours: float = 30, **more: Any) -> list[HeldPlay]:
        return [row("a1", missed=2), replace(row("a2", hours, settled=True, **more), was="a1")]

    @pytest.mark.parametrize("policy", [Policy(), PROPAGATE])
    @pytest.mark.parametrize("state", [LinkState.AGREED, LinkState.REMOVED])
    def test_what_went_from_the_other_side_meanwhile_stays_gone(self, policy: Policy, state: LinkState) -> None:
        before = agreed("a1", "b1", state=state)
        found = compare_plays(group(self.moved(), [row("b1", 30, missed=2, ours=True)], [before]), policy)
        assert (found.changes, found.links) == ((), (agreed("a2", "b1", state=LinkState.REMOVED),))

    @pytest.mark.parametrize("ours", [True, False])
    def test_what_was_moved_again_on_the_other_side_is_moved_again(self, *, ours: bool) -> None:
        found = compare_plays(group(self.moved(ours=ours), [row("b1", 60)], [agreed("a1", "b1")]), PROPAGATE)
        assert found.links == (agreed("a2", "b1"),)
        assert {change.action for change in found.changes} == {Action.RETIME}

    def test_with_the_time_of_the_other_side_they_agree(self) -> None:
        found = compare_plays(group(self.moved(), [row("b1", 30)], [agreed("a1", "b1")]), PROPAGATE)
        assert (found.changes, found.links) == ((), (agreed("a2", "b1", 30, 30),))

    def test_a_single_read_that_misses_the_new_one_removes_nothing(self) -> None:
        rows = [row("a1", missed=2), replace(row("a2", 30, missed=1), was="a1")]
        found = compare_plays(group(rows, [row("b1", ours=True)], [agreed("a1", "b1")]), PROPAGATE)
        assert (found.changes, found.links) == ((), (agreed("a2", "b1"),))

    def test_until_the_old_one_is_gone_nothing_is_known_of_the_new_one(self) -> None:
        rows = [row("a1", missed=1), replace(row("a2", 30), was="a1")]
        found = compare_plays(group(rows, [row("b1", 30)], [agreed("a1", "b1")]), PROPAGATE)
        assert (found.changes, found.links) == ((), ())


class TestRewatches:
    def flags(self, a: list[HeldPlay], b: list[HeldPlay], *links: Link, policy: Policy | None = None) -> list[str]:
        found = compare_plays(group(a, b, links), policy or Policy())
        return [change.target for change in found.changes if change.action is Action.FLAG]

    def test_what_we_wrote_after_an_earlier_viewing_is_marked(self) -> None:
        a, b = [row("a1"), row("a2", 9)], [row("b1", rewatch=False, ours=True), row("b2", 9, rewatch=False, ours=True)]
        links = agreed("a1", "b1"), agreed("a2", "b2", 9, 9)
        assert self.flags(a, b, *links) == ["b2"]

    def test_an_older_viewing_that_comes_late_marks_what_followed(self) -> None:
        found = compare_plays(
            group([row("a1", -9), row("a2")], [row("b2", rewatch=False, ours=True)], [agreed("a2", "b2")]), Policy()
        )
        assert told(found) == [("b", "add", "a1"), ("b", "flag", "b2")]
        flag = Change("b", Action.FLAG, "plays", KEY, NEAP, target="b2", after="rewatch on 2026-11-10 20:14")
        assert found.changes[1] == replace(flag, at=at(0), rewatch=True, why="it was watched before")

    def test_marks_of_persons_stay_as_they_are(self) -> None:
        assert self.flags([], [row("b1", rewatch=True), row("b2", 9, rewatch=False)]) == []

    def test_what_is_marked_or_says_nothing_is_left(self) -> None:
        assert self.flags([], [row("b1"), row("b2", 9, rewatch=True, ours=True), row("b3", 19, ours=True)]) == []

    def test_the_same_viewing_is_not_an_earlier_one(self) -> None:
        mine = row("b1", 0.3, rewatch=False, ours=True)
        assert self.flags([row("a1")], [mine], agreed("a1", "b1", 0, 0.3)) == []
        assert self.flags([row("a1"), row("a2", 0.2)], [mine], agreed("a1", "b1", 0, 0.3)) == []
        assert self.flags([row("a1"), row("a2", -0.2)], [mine], agreed("a1", "b1", 0, 0.3)) == []
        assert self.flags([row("a1", -9)], [mine], agreed("a1", "b1", 0, 0.3)) == [], "its time was changed"

    def test_another_report_is_no_rewatch(self) -> None:
        a, b = [row("a1", -9), row("a2")], [row("b1", -9), row("b2"), row("b3", 0.2, rewatch=False, ours=True)]
        extra = Link(None, "b3", AGAIN, LinkState.EXTRA, b_at=at(0.2))
        assert self.flags(a, b, agreed("a1", "b1", -9, -9), agreed("a2", "b2"), extra) == []

    def test_they_are_marked_oldest_first(self) -> None:
        lacking = [row(f"b{n}", -n, rewatch=False, ours=True) for n in (1, 2)]
        assert self.flags([], [*lacking, row("b3", -9)]) == ["b2", "b1"]

    def test_two_viewings_lie_a_viewing_apart(self) -> None:
        mine = row("b1", rewatch=False, ours=True)
        assert self.flags([], [row("b2", -0.375), mine]) == ["b1"]
        assert self.flags([], [row("b2", -0.374), mine]) == []

    def test_a_day_is_earlier_only_beyond_doubt(self) -> None:
        mine = row("b2", rewatch=False, ours=True)
        assert self.flags([], [row("b1", -20, DatePrecision.DAY), mine]) == []
        assert self.flags([], [row("b1", -40, DatePrecision.DAY), mine]) == ["b2"]

    def test_a_viewing_that_may_be_gone_marks_nothing(self) -> None:
        assert self.flags([], [row("b1", -9, missed=1), row("b2", rewatch=False, ours=True)]) == []

    @pytest.mark.parametrize("policy", [Policy(can_flag=(False, False)), Policy(ways={"plays": "b-to-a"})])
    def test_only_where_that_can_be_said(self, policy: Policy) -> None:
        assert self.flags([], [row("b1"), row("b2", 9, rewatch=False, ours=True)], policy=policy) == []


def rated(value: int | None, **more: Any) -> ValueRecord | None:
    return None if value is None else ValueRecord("e", value, **more)


def ratings(a: int | None, b: int | None, base: int | None = None, **more: Any) -> ValueGroup:
    agreed = None if base is None else (base, base)
    return ValueGroup("ratings", "show:1", LIGHTS, "show", rated(a), rated(b), agreed, **more)


def wanted(found: Any) -> list[tuple[str, str, int | None, bool]]:
    return [(change.side, change.action, change.value, change.ask) for change in found.changes]


class TestRatings:
    def test_what_one_read_did_not_list_any_more_is_copied_nowhere_yet(self) -> None:
        assert wanted(compare_value(ratings(7, None, unsure=frozenset({"a"})), Policy())) == []
        assert wanted(compare_value(ratings(7, None, unsure=frozenset({"b"})), Policy())) == [("b", "rate", 7, False)]
        assert wanted(compare_value(ratings(7, 5, 5, unsure=frozenset({"b"})), Policy())) == [("b", "rate", 7, False)]

    @pytest.mark.parametrize(
        ("b", "base", "way", "want"),
        [
            (7, 7, "both", [("a", "rate", 7, False)]),
            (7, None, "both", [("a", "rate", 7, False)]),
            (None, None, "both", [("a", "rate", 7, False), ("b", "rate", 7, False)]),
            (9, 7, "both", [("a", "rate", 9, False)]),
            (7, 7, "a-to-b", []),
        ],
    )
    def test_what_only_some_copies_have_the_others_get(
        self, b: int | None, base: int | None, way: Any, want: list[Any]
    ) -> None:
        group = replace(ratings(7, b, base), a=ValueRecord("show:1", 7, id=IN_PART))
        found = compare_value(group, Policy(ways={"ratings": way}))
        assert sorted(wanted(found)) == want

    @pytest.mark.parametrize(
        ("a", "b", "base", "agreed", "want"),
        [
            (None, None, None, KEEP, []),
            (7, 7, 7, KEEP, []),
            (7, 7, None, (7, 7), []),
            (7, 7, 5, (7, 7), []),
            (7, None, None, KEEP, [("b", "rate", 7, False)]),
            (None, 7, None, KEEP, [("a", "rate", 7, False)]),
            (7, 5, 5, KEEP, [("b", "rate", 7, False)]),
            (5, 7, 5, KEEP, [("a", "rate", 7, False)]),
            (7, 5, 3, KEEP, [("b", "rate", 7, False)]),
            (7, 5, None, KEEP, [("b", "rate", 7, False)]),
        ],
    )
    def test_three_values_make_one(self, a: Any, b: Any, base: Any, agreed: Any, want: Any) -> None:
        found = compare_value(ratings(a, b, base), Policy(conflict="a"))
        assert (found.agreed, wanted(found)) == (agreed, want)

    @pytest.mark.parametrize(
        ("conflict", "a_since", "b_since", "want", "why"),
        [
            ("a", 0, 9, [("b", "rate", 7, False)], "rated differently on both sides, and {a} wins"),
            ("b", 9, 0, [("a", "rate", 5, False)], "rated differently on both sides, and {b} wins"),
            ("newest", 9, 0, [("b", "rate", 7, False)], "rated differently on both sides, and the one on {a} is newer"),
            ("newest", 0, 9, [("a", "rate", 5, False)], "rated differently on both sides, and the one on {b} is newer"),
            *(
                (
                    "newest",
                    a,
                    b,
                    [("b", "rate", 7, False)],
                    "rated differently on both sides, and {a} wins, for nobody can say which is newer",
                )
                for a, b in ((0, 0.01), (0.01, 0), (None, 9), (9, None), (None, None), (9, 9))
            ),
            (
                "newest",
                MINUTE,
                0,
                [("b", "rate", 7, False)],
                "rated differently on both sides, and the one on {a} is newer",
            ),
            ("ask", 0, 9, [("b", "rate", 7, True), ("a", "rate", 5, True)], "rated differently on both sides"),
        ],
    )
    def test_two_changes_are_settled_by_the_strategy(self, conflict, a_since, b_since, want, why) -> None:
        since = [None if hours is None else at(hours) for hours in (a_since, b_since)]
        found = compare_value(ratings(7, 5, 3, a_since=since[0], b_since=since[1]), Policy(conflict=conflict))
        assert wanted(found) == want
        assert {change.why for change in found.changes} == {why}

    @pytest.mark.parametrize(
        ("removals", "want"),
        [
            ("ignore", []),
            ("propagate", [("b", "unrate", None, False)]),
            ("ask", [("b", "unrate", None, True)]),
        ],
    )
    def test_a_cleared_rating_follows_the_policy(self, removals: Any, want: Any) -> None:
        found = compare_value(
            ratings(None, 7, 7, a_gone=True), Policy(removals={"plays": "ignore", "ratings": removals})
        )
        assert (found.agreed, wanted(found)) == (KEEP, want)

    def test_a_clearing_says_what_is_cleared_and_why(self) -> None:
        found = compare_value(ratings(None, 7, 7, a_gone=True), PROPAGATE)
        why = "it is gone from {a}"
        assert found.changes == (Change("b", "unrate", "ratings", "show:1", LIGHTS, before="7", was=7, why=why),)

    def test_an_absence_that_is_not_proven_clears_nothing(self) -> None:
        assert compare_value(ratings(None, 7, 7), PROPAGATE).changes == ()

    def test_a_change_wins_over_a_clearing(self) -> None:
        found = compare_value(ratings(None, 8, 7, a_gone=True), PROPAGATE)
        assert wanted(found) == [("a", "rate", 8, False)]

    def test_cleared_on_both_sides_it_is_forgotten(self) -> None:
        assert compare_value(ratings(None, None, 7, a_gone=True, b_gone=True), Policy()).agreed is None

    @pytest.mark.parametrize("gone", [{}, {"a_gone": True}])
    def test_one_proven_absence_is_not_two(self, gone: dict[str, bool]) -> None:
        found = compare_value(ratings(None, None, 7, **gone), PROPAGATE)
        assert (found.agreed, found.changes) == (KEEP, ())

    @pytest.mark.parametrize(
        ("direction", "sides"), [("both", ["b", "a"]), ("a-to-b", ["b"]), ("b-to-a", ["a"]), ("off", [])]
    )
    def test_only_the_side_that_may_be_written_is(self, direction: Any, sides: list[str]) -> None:
        found = compare_value(ratings(7, 5), Policy(ways={"ratings": direction}, conflict="ask"))
        assert [change.side for change in found.changes] == sides

    def test_what_is_switched_off_is_not_even_agreed_on(self) -> None:
        assert compare_value(ratings(7, 7), Policy(ways={"ratings": "off"})) == ComparedValue()

    def test_a_side_that_does_not_take_it_is_not_rated(self) -> None:
        takes = frozenset({"movie", "episode"}), frozenset({"episode"})
        film = replace(ratings(7, None), scope="movie")
        assert compare_value(film, Policy(takes=takes)).changes == ()
        assert wanted(compare_value(film, Policy(takes=takes[::-1]))) == [("b", "rate", 7, False)]
        assert len(compare_value(ratings(7, None), Policy(takes=takes)).changes) == 1

    def test_the_change_says_what_was_and_what_will_be(self) -> None:
        rate = Change("b", "rate", "ratings", "show:1", LIGHTS, source="e", after="8", value=8)
        changed = compare_value(ratings(8, 6, 6), Policy()).changes
        assert changed == (replace(rate, before="6", was=6, why="changed on {a}"),)
        assert compare_value(ratings(8, None), Policy()).changes == (replace(rate, why="rated on {a}"),)

    def test_a_rating_goes_with_its_day_and_the_record_it_is_from(self) -> None:
        told_ = replace(ratings(None, None), a=rated(8, id="r1", at=EVENING))
        (change,) = compare_value(told_, Policy()).changes
        assert (change.source, change.at) == ("r1", EVENING)


hours = st.integers(-60, 60).map(lambda quarters: quarters / 4)
kept = st.sampled_from(
    [DatePrecision.EXACT, DatePrecision.EXACT, DatePrecision.EXACT, DatePrecision.DAY, DatePrecision.NONE]
)
policies = st.builds(
    Policy,
    ways=st.sampled_from(["both", "both", "a-to-b", "b-to-a"]).map(lambda way: {"plays": way}),
    conflict=st.sampled_from(["a", "b", "newest"]),
    removals=st.sampled_from(["ignore", "propagate"]).map(lambda word: dict.fromkeys(KINDS, word)),
    ticks=st.sampled_from(["ignore", "as-plays"]),
    can_flag=st.sampled_from([(False, True), (True, True)]),
)
recreating = st.sampled_from([frozenset(), frozenset({"a"}), frozenset({"a", "b"})])
people = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "edit", "move"]),
        st.sampled_from(SIDES),
        st.integers(0, 9),
        hours,
        kept,
    ),
    max_size=5,
)


def act(model: Model, deeds: list[tuple[str, Side, int, float, DatePrecision]]) -> None:
    """What persons do at the two trackers, between two runs."""
    for deed, side, which, when, kind in deeds:
        ids = sorted(model.held[side])
        if deed in ("remove", "move") and ids:
            del model.held[side][ids[which % len(ids)]]
        if deed == "edit" and ids and model.held[side][ids[which % len(ids)]].kept is DatePrecision.EXACT:
            model.edit(side, ids[which % len(ids)], at(when))
        if deed in ("add", "move"):
            made = at(when) if kind is DatePrecision.NONE else None
            model.put(side, None if kind is DatePrecision.NONE else at(when), kind, made_at=made)


def quiet(model: Model, cycles: int = 6) -> list[Change]:
    """What is still wanted after so many cycles."""
    for _ in range(cycles):
        model.cycle()
    return [change for _ in range(3) for change in model.cycle().changes]


@given(people, policies)
def test_first_contact_is_over_in_one_step_and_removes_nothing(deeds: Any, policy: Policy) -> None:
    model = Model(policy)
    act(model, deeds)
    held = {side: dict(model.held[side]) for side in SIDES}
    first = model.cycle()
    assert all(change.action in (Action.ADD, Action.FLAG) for change in first.changes)
    assert all(held[side].keys() <= model.held[side].keys() for side in SIDES)
    second = model.counts()
    assert all(action is Action.FLAG for action in second), "a tracker cannot know by itself what the other had before"
    assert model.counts() == NOTHING


@given(people, people, policies, recreating)
def test_whatever_people_do_two_sides_come_to_rest(before: Any, after: Any, policy: Policy, recreates: Any) -> None:
    model = Model(policy, recreates)
    act(model, before)
    model.cycle()
    act(model, after)
    assert quiet(model) == []


@given(people, people, people, policies, recreating, st.booleans())
def test_no_play_is_ever_sent_twice(
    first: Any, second: Any, third: Any, policy: Policy, recreates: Any, complete: bool
) -> None:
    model = Model(policy, recreates)
    sent: Counter[tuple[Side, str]] = Counter()
    for deeds in (first, second, third, [], [], []):
        act(model, deeds)
        model.read(complete=complete)
        found = model.compare()
        sent.update((change.side, change.source) for change in found.changes if change.action is Action.ADD)
        model.apply(found.changes)
    assert not sent or max(sent.values()) == 1


@given(people, people, policies)
def test_a_side_never_gets_more_viewings_than_both_had(before: Any, after: Any, policy: Policy) -> None:
    model = Model(policy)
    act(model, [*before, *after])
    most = len(model.held["a"]) + len(model.held["b"])
    quiet(model)
    assert all(len(model.held[side]) <= most for side in SIDES)


@given(people, people)
def test_with_both_directions_each_side_has_each_dated_viewing_once(before: Any, after: Any) -> None:
    model = Model(Policy())
    exact = [(deed, side, which, round(when), DatePrecision.EXACT) for deed, side, which, when, _ in [*before, *after]]
    act(model, [one for one in exact if one[0] == "add"])
    quiet(model)
    assert set(model.times("a")) == set(model.times("b"))


@given(people, people, policies)
def test_incomplete_reads_remove_nothing(before: Any, after: Any, policy: Policy) -> None:
    model = Model(policy)
    act(model, before)
    model.cycle()
    act(model, after)
    for _ in range(4):
        model.read(complete=False)
        found = model.compare()
        assert Action.REMOVE not in [change.action for change in found.changes]
        model.apply(found.changes)


@given(people, people, policies)
def test_only_what_we_wrote_is_removed_and_only_after_two_reads(before: Any, after: Any, policy: Policy) -> None:
    model = Model(policy)
    act(model, before)
    model.cycle()
    act(model, after)
    model.read()
    assert Action.REMOVE not in [change.action for change in model.compare().changes]
    for _ in range(4):
        model.read()
        found = model.compare()
        for change in found.changes:
            if change.action is Action.REMOVE:
                assert (change.side, change.target) in model.ours
        model.apply(found.changes)


@given(people, people, policies)
def test_the_shortcuts_come_to_what_a_closer_look_comes_to(before: Any, after: Any, policy: Policy) -> None:
    model = Model(policy)
    for deeds in (before, [], after, []):
        act(model, deeds)
        model.read()
        told_ = group(list(model.rows["a"].values()), list(model.rows["b"].values()), list(set(model.links.values())))
        quick = shortcut(told_, policy)
        assert quick is None or quick == compare._Comparison(told_, policy).result()
        model.apply(model.compare().changes)


def test_a_first_migration_takes_no_closer_look() -> None:
    gap = window(1500, "episode") / timedelta(hours=1)
    one, two = group([row("a1", 0)], []), group([], [row("b1", 40), row("b2", 0), row("b3", gap)])
    for told_ in (one, two, group([replace_at(row("a1"), OLDEST)], []), replace(one, runtime=None)):
        quick = shortcut(told_, Policy())
        assert quick is not None
        assert quick == compare._Comparison(told_, Policy()).result()
    assert shortcut(group([row("a1", 0), row("a2", 0.1)], []), Policy()) is None, "one viewing, told twice"
    assert shortcut(group([row("a1", 0)], []), Policy(ways={"plays": "b-to-a"})) == ItemPlan()


@pytest.mark.parametrize(
    ("more", "quick"),
    [
        ({"ours": True, "rewatch": True}, True),
        ({"ours": True}, True),
        ({"rewatch": False}, True),
        ({"ours": True, "rewatch": False}, False),
        ({"missed": 1}, False),
        ({"hours": 5}, False),
    ],
)
def test_what_is_as_it_was_takes_no_closer_look(more: dict[str, Any], quick: bool) -> None:
    told_ = group([row("a1")], [row("b1", **more)], [agreed("a1", "b1")])
    assert shortcut(told_, Policy()) == (ItemPlan(agreed=1) if quick else None)
    assert shortcut(group([row("a1")], [row("b1")]), Policy()) == ItemPlan((agreed("a1", "b1"),), agreed=1)


@given(people, people, st.sampled_from(["ignore", "propagate"]), st.randoms(use_true_random=False))
def test_neither_the_sides_nor_the_order_of_rows_matter(before: Any, after: Any, removals: Any, dice: Any) -> None:
    """That of the sides ``compare_plays`` above looks at."""
    model = Model(
        Policy(conflict="ask", removals=dict.fromkeys(KINDS, removals), precision=(60, 60), can_flag=(True, True))
    )
    act(model, before)
    model.cycle()
    act(model, after)
    model.read()
    a, b = (list(model.rows[side].values()) for side in SIDES)
    links = list(dict.fromkeys(model.links.values()))
    found = compare_plays(group(a, b, links), model.policy)
    for rows in (shuffled := (a[:], b[:], links[:])):
        dice.shuffle(rows)
    again = compare_plays(group(*shuffled), model.policy)
    assert Counter(found.changes) == Counter(again.changes)
    assert Counter(found.links) == Counter(again.links)


def test_a_few_thousand_plays_of_one_film_take_no_time() -> None:
    rows = [row(f"a{n}", n * 4) for n in range(3000)]
    found = compare_plays(group(rows, [row(f"b{n}", n * 4 + 2) for n in range(3000)]), Policy())
    assert len(found.changes) == 6000

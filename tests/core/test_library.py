"""What a library and a tracker tell each other of one item, each case with the library as either side."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.agreeing.compare import compare_plays
from scrobbled.core.agreeing.ledger import HeldPlay, HeldState, LeftMark, Link, LinkState, PlayGroup, Policy
from scrobbled.core.agreeing.library import compare_item
from scrobbled.core.records import DatePrecision, PlayRecord, ViewingsKept
from scrobbled.core.sending.change import SIDES, Change, Side, other

EVENING = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST, SEEN = ViewingsKept.LAST, ViewingsKept.SEEN
MARK = LeftMark(7, EVENING - HOUR, EVENING)
WATCHED = HeldState(1, EVENING)
UNWATCHED, OURS = HeldState(), replace(WATCHED, mark=MARK)
UNMARKED = HeldState(0, unwatched_at=EVENING + 2 * DAY, is_sure=True)
GONE = 2
BULK_WHY = "another program entered it without its date"


def row(id_: str, days: float | None = 0.0, *, made: float | None = None, **held: Any) -> HeldPlay:
    """So many days after the evening, or without a date, and then perhaps made so many days after it."""
    record: dict[str, Any] = {name: held.pop(name) for name in ("personal", "rewatch", "kept") if name in held}
    at, made_at = (None if count is None else EVENING + count * DAY for count in (days, made))
    if at is None:
        record["kept"] = DatePrecision.NONE
    return HeldPlay(PlayRecord(id_, "k", at, made_at=made_at, **record), **held)


def tied(mine: str | None, theirs: str | None, state: LinkState = LinkState.AGREED, days: float = 0.0) -> Link:
    """As the library is side a."""
    return Link(mine, theirs, "same minute", state, EVENING + days * DAY, EVENING + days * DAY)


def as_side(here: Side, mine: Any, theirs: Any) -> Any:
    return (mine, theirs) if here == "a" else (theirs, mine)


def policy_of(here: Side, given: Mapping[str, Any]) -> Policy:
    """``to`` is the only side that is written; pairs of values are those of the library and of the tracker."""
    made = dict(given)
    to, there = made.pop("to", "both"), other(here)
    ways = {"both": "both", "off": "off", "library": f"{there}-to-{here}", "tracker": f"{here}-to-{there}"}
    made |= {"ways": {"plays": ways[to]}, "removals": {"plays": made.get("removals", "ignore")}}
    made["keeps"] = as_side(here, made.get("keeps", LAST), ViewingsKept.EVERY)
    for name in ("takes", "can_amend", "by_release"):
        if name in made:
            made[name] = as_side(here, *made[name])
    return Policy(precision=as_side(here, 60, 1), **made)


def in_words(change: Change, here: Side) -> str:
    """``?`` wants a yes, ``*`` is said to have been entered by another program."""
    side = {here: "library", other(here): "tracker"}[change.side]
    days = f"{(change.at - EVENING) / DAY:g}" if change.at else change.undated or "-"
    signs = " ?" * change.ask + " *" * (change.why == BULK_WHY)
    return f"{change.action} {side} {change.source}>{change.target} {days}{signs}"


def decided(
    mine: Sequence[HeldPlay] = (), theirs: Sequence[HeldPlay] = (), links: Sequence[Link] = (), **given: Any
) -> list[str]:
    """Changes and what is left alone, in words: the same whichever side is the library."""
    state, media = given.pop("state", WATCHED), given.pop("media", "movie")
    told = []
    for here in SIDES:
        turned = (
            links if here == "a" else [replace(one, a=one.b, b=one.a, a_at=one.b_at, b_at=one.a_at) for one in links]
        )
        sides, states = as_side(here, mine, theirs), as_side(here, state, None)
        plan = compare_item(
            PlayGroup("k", "Harbour Atlas (2019)", media, 5_400, *sides, turned, *states), policy_of(here, given)
        )
        names = {here: "library", other(here): "tracker"}
        left = [f"{code} {names[side]}" for code, _, side in (one.partition(":") for one in plan.left)]
        told.append([*(in_words(change, here) for change in plan.changes), *left])
    assert told[0] == told[1]
    return told[0]


TIED, LIKE = [tied("m1", "t1")], row("t1")
BROUGHT, LOST = row("t1", ours=True), row("m1", missed=GONE)
FILMS, EPISODES = frozenset({"movie"}), frozenset({"episode"})


@pytest.mark.parametrize(
    ("theirs", "given", "told"),
    [
        ([LIKE], {}, ["tick library t1> 0"]),
        ([LIKE], {"keeps": SEEN}, ["tick library t1> -"]),
        ([LIKE, row("t2", 3)], {}, ["tick library t2> 3"]),
        ([row("t2", 3), LIKE], {}, ["tick library t2> 3"]),
        ([row("t1", 3), row("t2", 3)], {}, ["tick library t2> 3"]),
        ([row("t1", None, made=5), row("t2", 3)], {}, ["tick library t1> -"]),
        ([row("t1", None)], {}, ["tick library t1> -"]),
        ([row("t1", missed=1)], {}, ["unsure tracker"]),
        ([row("t1", missed=GONE)], {}, []),
        ([], {}, []),
        ([LIKE], {"state": None}, []),
        ([LIKE], {"state": WATCHED}, []),
        ([LIKE], {"to": "tracker"}, []),
        ([LIKE], {"to": "off"}, []),
        ([LIKE], {"takes": (EPISODES, FILMS)}, []),
        ([row("t1", is_home=True)], {}, []),
        ([row("t1", is_home=True), row("t2", -3)], {}, ["tick library t1> 0"]),
        ([LIKE], {"state": HeldState(resumed_at=EVENING + HOUR)}, ["begun library"]),
        ([LIKE], {"state": HeldState(resumed_at=EVENING)}, ["tick library t1> 0"]),
        ([LIKE], {"state": HeldState(unwatched_at=EVENING + HOUR)}, []),
        ([LIKE], {"state": HeldState(unwatched_at=EVENING)}, ["tick library t1> 0"]),
        ([row("t1", -1)], {"state": HeldState(mark=MARK)}, []),
        ([row("t1", 1)], {"state": HeldState(mark=MARK)}, ["tick library t1> 1"]),
        ([row("t1", -1)], {"state": HeldState(mark=replace(MARK, at=None))}, []),
        ([row("t1", 1)], {"state": HeldState(mark=MARK, unwatched_at=EVENING + 2 * DAY)}, []),
        ([row("t1", 1)], {"state": HeldState(mark=replace(MARK, at=EVENING + 2 * DAY), unwatched_at=EVENING)}, []),
        ([row("t1", None, made=3)], {"state": UNMARKED}, ["tick library t1> -", "undated tracker"]),
        ([row("t1", None, made=1)], {"state": UNMARKED}, ["undated tracker"]),
        ([row("t1", None, made=1)], {"state": UNMARKED, "ticks": "as-plays"}, ["undated tracker"]),
    ],
)
def test_what_was_watched_elsewhere_gets_one_tick(
    theirs: list[HeldPlay], given: dict[str, Any], told: list[str]
) -> None:
    assert decided((), theirs, **{"state": UNWATCHED, **given}) == told


@pytest.mark.parametrize(
    ("mine", "theirs", "given", "told"),
    [
        ([], [row("t1", missed=GONE)], {}, ["untick library >7 -"]),
        ([], [row("t1", missed=GONE)], {"removals": "ask"}, ["untick library >7 - ?"]),
        ([], [row("t1", missed=GONE)], {"removals": "ignore"}, []),
        ([], [row("t1", missed=GONE)], {"to": "library"}, ["untick library >7 -"]),
        ([], [row("t1", missed=GONE)], {"to": "tracker"}, []),
        ([], [row("t1", missed=GONE)], {"state": replace(OURS, count=2)}, ["uncounted library"]),
        ([], [row("t1", missed=GONE), row("t2", missed=1)], {}, ["unsure tracker"]),
        ([], [], {}, []),
        ([row("m1", 5)], [row("t1", missed=GONE)], {}, ["add tracker m1> 5"]),
    ],
)
def test_what_has_gone_elsewhere_is_unmarked_where_the_mark_is_ours(
    mine: list[HeldPlay], theirs: list[HeldPlay], given: dict[str, Any], told: list[str]
) -> None:
    assert decided(mine, theirs, **{"state": OURS, "removals": "propagate", **given}) == told


@pytest.mark.parametrize(
    ("mine", "theirs", "links", "given", "told"),
    [
        ([LOST], [BROUGHT], TIED, {}, ["remove tracker >t1 0"]),
        ([row("m1")], [BROUGHT], TIED, {}, ["remove tracker >t1 0"]),
        ([LOST], [BROUGHT], TIED, {"removals": "ask"}, ["remove tracker >t1 0 ?"]),
        ([LOST], [BROUGHT], TIED, {"removals": "ignore"}, []),
        ([LOST], [BROUGHT], TIED, {"to": "tracker"}, ["remove tracker >t1 0"]),
        ([LOST], [BROUGHT], TIED, {"to": "library"}, []),
        ([LOST], [LIKE], TIED, {}, []),
        ([LOST], [replace(BROUGHT, record=replace(BROUGHT.record, personal=True))], TIED, {}, []),
        ([LOST], [replace(BROUGHT, missed=GONE)], TIED, {}, []),
        ([LOST], [BROUGHT], [tied("m1", "t1", LinkState.EXTRA)], {}, []),
        ([LOST], [BROUGHT], [tied("m1", "t1", LinkState.REMOVED)], {}, []),
        ([LOST], [BROUGHT], [tied("m0", "t0"), *TIED], {}, ["remove tracker >t1 0"]),
        ([LOST], [BROUGHT], [tied(None, "t1")], {}, ["add tracker m1> 0"]),
        ([LOST], [BROUGHT], TIED, {"state": replace(UNMARKED, is_sure=False)}, []),
        ([LOST], [BROUGHT], TIED, {"state": replace(UNMARKED, count=1)}, []),
        ([LOST], [BROUGHT], TIED, {"state": UNWATCHED}, ["tick library t1> 0"]),
        ([LOST], [BROUGHT], TIED, {"state": None}, []),
        ([LOST], [row("t1", 2, ours=True)], [tied("m1", "t1", days=2)], {"to": "library"}, ["tick library t1> 2"]),
        ([LOST, row("m2", 3)], [BROUGHT], TIED, {}, ["add tracker m2> 3", "remove tracker >t1 0"]),
        ([LOST], [BROUGHT, row("t3", 1)], TIED, {}, ["remove tracker >t1 0"]),
        (
            [LOST, row("m2", 1, missed=GONE)],
            [LIKE, row("t2", 1, ours=True)],
            [*TIED, tied("m2", "t2", days=1)],
            {},
            ["remove tracker >t2 1"],
        ),
    ],
)
def test_what_a_person_unmarks_goes_where_we_brought_it(
    mine: list[HeldPlay], theirs: list[HeldPlay], links: list[Link], given: dict[str, Any], told: list[str]
) -> None:
    assert decided(mine, theirs, links, **{"state": UNMARKED, "removals": "propagate", **given}) == told


BULK = row("t1", 9, is_bulk=True)
RETIMED = ["retime tracker m1>t1 0 *"]


@pytest.mark.parametrize(
    ("mine", "theirs", "links", "given", "told"),
    [
        ([row("m1")], [BULK], TIED, {}, RETIMED),
        ([row("m1")], [BULK], [], {}, RETIMED),
        ([row("m1")], [BULK], TIED, {"correct_dates": False}, ["bulk tracker"]),
        ([row("m1")], [BULK], TIED, {"can_amend": (False, True)}, RETIMED),
        ([row("m1")], [BULK], TIED, {"can_amend": (True, False)}, []),
        ([row("m1")], [BULK], TIED, {"to": "tracker"}, RETIMED),
        ([row("m1")], [BULK], TIED, {"to": "library"}, []),
        ([row("m1")], [replace(BULK, missed=1)], TIED, {}, ["unsure tracker"]),
        ([row("m1")], [BULK], [tied("m1", "t1", LinkState.EXTRA)], {}, []),
        ([row("m1", None)], [BULK], TIED, {}, []),
        ([], [BULK], TIED, {}, []),
        ([], [BULK], [], {}, []),
        ([row("m1")], [row("t1", 9)], TIED, {}, []),
        (
            [row("m1"), row("m2", 1)],
            [BULK, row("t2", 9, is_bulk=True)],
            [],
            {},
            [*RETIMED, "retime tracker m2>t2 1 *"],
        ),
    ],
)
def test_what_was_entered_in_bulk_gets_the_time_of_the_library_where_a_person_asked_for_it(
    mine: list[HeldPlay], theirs: list[HeldPlay], links: list[Link], given: dict[str, Any], told: list[str]
) -> None:
    assert decided(mine, theirs, links, **{"correct_dates": True, **given}) == told


MARKED = row("m1", None, made=2)
UNKNOWN, RELEASED = ["add tracker m1> unknown"], ["add tracker m1> released"]


@pytest.mark.parametrize(
    ("mine", "theirs", "given", "told"),
    [
        ([MARKED], [], {"undated": "leave"}, ["dateless library"]),
        ([MARKED], [], {"undated": "unknown"}, UNKNOWN),
        ([MARKED], [], {"undated": "marked"}, ["add tracker m1> 2"]),
        ([row("m1", None)], [], {"undated": "marked"}, ["dateless library"]),
        ([MARKED], [], {"undated": "released"}, RELEASED),
        ([MARKED], [], {"undated": "released", "by_release": (EPISODES, FILMS)}, RELEASED),
        ([MARKED], [], {"undated": "released", "by_release": (FILMS, EPISODES)}, UNKNOWN),
        ([MARKED], [], {"undated": "released", "by_release": (FILMS, EPISODES), "media": "episode"}, RELEASED),
        ([MARKED], [], {"undated": "unknown", "ticks": "as-plays"}, UNKNOWN),
        ([row("m1", None, settled=True)], [], {"undated": "unknown"}, []),
        ([row("m0", None, settled=True), MARKED, row("m2", None)], [], {"undated": "unknown"}, UNKNOWN),
        ([MARKED], [LIKE], {"undated": "unknown"}, []),
        ([MARKED], [row("t1", missed=GONE)], {"undated": "unknown"}, []),
        ([MARKED], [], {"undated": "unknown", "to": "tracker"}, UNKNOWN),
        ([MARKED], [], {"undated": "unknown", "to": "library"}, []),
        ([MARKED], [], {"undated": "unknown", "takes": (FILMS, EPISODES)}, []),
    ],
)
def test_what_nobody_has_a_date_for_is_brought_over_as_the_person_said(
    mine: list[HeldPlay], theirs: list[HeldPlay], given: dict[str, Any], told: list[str]
) -> None:
    assert decided(mine, theirs, **given) == told


@pytest.mark.parametrize(
    ("count", "mine", "theirs", "given", "left"),
    [
        (1, 1, 1, {}, 0),
        (3, 1, 1, {}, 2),
        (4, 1, 2, {}, 2),
        (4, 2, 1, {}, 2),
        (3, 0, 0, {}, 2),
        (1, 2, 2, {}, 0),
        (3, 1, 1, {"to": "tracker"}, 2),
        (3, 1, 1, {"to": "library"}, 0),
    ],
)
def test_viewings_that_are_only_counted_are_left_alone(
    count: int, mine: int, theirs: int, given: dict[str, Any], left: int
) -> None:
    ours, others = ([row(f"{side}{n}", -4.0 * n) for n in range(many)] for side, many in (("m", mine), ("t", theirs)))
    links = [tied(f"m{n}", f"t{n}", days=-4.0 * n) for n in range(min(mine, theirs))]
    told = decided(ours, others, links, state=HeldState(count, EVENING), **given)
    assert told.count("uncounted library") == left


def test_what_is_counted_and_has_no_date_is_told_by_that_alone() -> None:
    held = [row("m1"), row("m2", None)]
    assert decided(held, [LIKE], TIED, state=HeldState(3, EVENING)) == []


ENTERED = row("t1", None, entered_at=EVENING)


@pytest.mark.parametrize(
    ("mine", "theirs", "links", "told"),
    [
        ([row("m1", 5)], [ENTERED], [], ["add tracker m1> 5"]),
        ([row("m1", -5)], [ENTERED], [], []),
        ([row("m1", 0)], [ENTERED], [], []),
        ([row("m1", -5), row("m2", 5)], [ENTERED], [], ["add tracker m2> 5"]),
        ([row("m1", -5, settled=True), row("m2", 5)], [ENTERED], [], ["add tracker m2> 5"]),
        (
            [row("m1", -5), row("m2", 5)],
            [ENTERED, row("t2", -5)],
            [tied("m1", "t2", days=-5)],
            ["add tracker m2> 5"],
        ),
        ([row("m1", -5), row("m2", 5)], [ENTERED], [tied("m1", None, LinkState.EXTRA, -5)], []),
        ([row("m1", 5)], [row("t1", 5, entered_at=EVENING)], [], []),
        ([row("m1", 5)], [row("t1", None)], [], []),
        ([row("m1", 5)], [row("t1", 9)], [], ["add tracker m1> 5"]),
        ([row("m1", 5)], [row("t1", 9, is_bulk=True)], [], ["bulk tracker"]),
    ],
)
def test_a_play_without_a_date_means_no_viewing_after_it_was_entered(
    mine: list[HeldPlay], theirs: list[HeldPlay], links: list[Link], told: list[str]
) -> None:
    assert decided(mine, theirs, links) == told


@pytest.mark.parametrize(
    ("mine", "theirs", "given", "told"),
    [
        ([row("m1")], [], {}, ["add tracker m1> 0"]),
        ([row("m1", 3)], [], {"until": EVENING}, ["future library"]),
        ([row("m1")], [], {"to": "library"}, []),
        ([LOST], [BROUGHT], {"removals": "propagate"}, []),
        ([row("m1", 1)], [LIKE], {}, ["retime tracker m1>t1 1"]),
        ([row("m1", 1)], [LIKE], {"to": "library"}, []),
        ([], [row("t1", missed=1)], {"to": "library"}, []),
    ],
)
def test_a_library_tells_what_it_knows_and_its_own_list_is_never_written(
    mine: list[HeldPlay], theirs: list[HeldPlay], given: dict[str, Any], told: list[str]
) -> None:
    assert decided(mine, theirs, TIED if theirs else (), **given) == told


def test_two_sides_that_keep_every_play_are_compared_like_any() -> None:
    group = PlayGroup("k", "Harbour Atlas (2019)", "movie", 5_400, [row("a1")], [row("b1", 3)], [])
    plan = compare_item(group, Policy())
    assert plan == compare_plays(group, Policy())
    assert plan.changes

"""How accounts, pairs and the house stand: every state in its words, and nothing is green without its reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.house import house, together
from scrobbled.core.standing import STATES, AccountStanding, Load, PairStanding, Standing, account, load, pair
from scrobbled.core.words.outcomes import ACCOUNTS, PlayOutcome

TRAKT, SERIALIZD = AccountStanding("anna", "trakt", "ok"), AccountStanding("anna", "serializd", "ok")
WELL = PairStanding(TRAKT, SERIALIZD, outcome="nothing", compared=True)
SIGN_IN = replace(TRAKT, state="sign-in", reason="signed out")


def waits(one: AccountStanding, **load_: int) -> AccountStanding:
    return replace(one, load=Load(**load_))


# -- accounts -------------------------------------------------------------------------------------------------------


def test_what_is_settled_is_no_load() -> None:
    counts = dict.fromkeys(map(str, PlayOutcome), 1) | {"queued": 7, "parked": 5, "held": 2}
    assert load(counts) == Load(queued=7, parked=5, asks=4)
    assert load({}) == Load()


@pytest.mark.parametrize(
    ("one", "code", "tone", "word"),
    [
        (TRAKT, "ok", "ok", "connected"),
        (replace(TRAKT, state="new"), "new", "calm", "not asked yet"),
        (replace(TRAKT, state="down"), "down", "down", "does not answer"),
        (SIGN_IN, "sign-in", "need", "needs a sign-in"),
        (replace(TRAKT, state="stopped"), "stopped", "need", "shut out"),
        (replace(TRAKT, state="drift"), "drift", "need", "answers in a way we do not know"),
        (replace(TRAKT, state="asleep"), "asleep", "need", "asleep"),
        (replace(TRAKT, used=False), "unused", "calm", "not used yet"),
        (waits(TRAKT, queued=2_657), "catching-up", "waiting", "catching up: 2,657 left"),
        (waits(TRAKT, queued=3, asks=1), "catching-up", "waiting", "catching up: 3 left, 1 needs you"),
        (waits(TRAKT, asks=2, parked=1), "asks", "need", "2 need you"),
        (waits(TRAKT, parked=1_000), "parked", "waiting", "all but 1,000, which no catalogue knows yet"),
        (waits(SIGN_IN, queued=2), "sign-in", "need", "needs a sign-in"),
    ],
)
def test_an_account_is_told_in_a_word(one: AccountStanding, code: str, tone: str, word: str) -> None:
    found = account(one)
    assert (found.code, found.tone, found.word) == (code, tone, word)
    assert found.text == ("Trakt is connected" if code == "ok" else f"Trakt: {word}")


def test_an_account_says_what_to_do() -> None:
    assert account(TRAKT).next == account(replace(TRAKT, state="new")).next == ""
    assert account(replace(SIGN_IN, viewer="anna b")).next == "Signed out. Run: scrobbled auth trakt --viewer 'anna b'"
    assert account(replace(TRAKT, used=False)).next == "Plays are not sent there."
    assert account(waits(TRAKT, asks=1)).next == "Look under Needs you, or run: scrobbled queue list"
    assert account(waits(TRAKT, queued=1)).next == account(waits(TRAKT, parked=1)).next == ""


# -- pairs ----------------------------------------------------------------------------------------------------------

PLANNED = {
    "serializd add plays": 2_988,
    "trakt add plays": 2,
    "trakt rate ratings": 3,
    "you decide ratings": 9,
    "serializd leave movie": 12,
    "file:my plays.csv leave movie": 2,
}


@pytest.mark.parametrize(
    ("change", "code", "tone", "text"),
    [
        ({}, "in-step", "ok", "Trakt and Serializd are in step"),
        ({"outcome": "done"}, "in-step", "ok", "Trakt and Serializd are in step"),
        ({"is_on": False}, "off", "calm", "Trakt and Serializd: nothing is switched on"),
        (
            {"unreadable": ("anilist",)},
            "unreadable",
            "calm",
            "Trakt and Serializd cannot be compared, as this version does not read AniList",
        ),
        ({"outcome": "", "compared": False}, "new", "calm", "Trakt and Serializd were not compared yet"),
        ({"phase": "asked"}, "comparing", "waiting", "Trakt and Serializd: waits for its turn"),
        ({"phase": "reading"}, "comparing", "waiting", "Trakt and Serializd are being compared"),
        ({"phase": "queueing", "outcome": "failed"}, "comparing", "waiting", "Trakt and Serializd are being compared"),
        (
            {"outcome": "approval", "planned": PLANNED},
            "plan",
            "need",
            "Trakt and Serializd: 2,990 plays are missing, 3 other changes would be made, "
            "and the plan needs your approval",
        ),
        (
            {"outcome": "approval", "planned": {"serializd add plays": 1}},
            "plan",
            "need",
            "Trakt and Serializd: 1 play is missing, and the plan needs your approval",
        ),
        (
            {"outcome": "approval", "planned": {"serializd retime plays": 1}},
            "plan",
            "need",
            "Trakt and Serializd: 1 change would be made, and the plan needs your approval",
        ),
        ({"outcome": "approval"}, "plan", "need", "Trakt and Serializd: a plan needs your approval"),
        (
            {"outcome": "refused"},
            "refused",
            "held",
            "Trakt and Serializd: the plan no longer held, so nothing was done",
        ),
        ({"outcome": "failed"}, "failed", "down", "Trakt and Serializd could not be compared"),
        ({"outcome": "cancelled"}, "cancelled", "calm", "Trakt and Serializd: the last run was cancelled"),
        ({"compared": False}, "part", "calm", "Trakt and Serializd were not compared yet as the settings say"),
        ({"outcome": "incomplete"}, "incomplete", "waiting", "Trakt and Serializd were compared in part"),
        (
            {"doubted": ("trakt", "serializd")},
            "doubted",
            "need",
            "Trakt and Serializd: what Trakt and Serializd listed is not believed to be all",
        ),
        ({"overdue": True}, "overdue", "calm", "Trakt and Serializd were not compared for a while"),
        (
            {"a": SIGN_IN, "outcome": "failed"},
            "sign-in",
            "need",
            "Trakt and Serializd cannot be compared, as Trakt needs a sign-in",
        ),
        (
            {"b": replace(SERIALIZD, state="stopped")},
            "stopped",
            "need",
            "Trakt and Serializd cannot be compared, as Serializd is shut out",
        ),
        (
            {"b": replace(SERIALIZD, state="down")},
            "down",
            "down",
            "Trakt and Serializd cannot be compared, as Serializd does not answer",
        ),
        (
            {"b": replace(SERIALIZD, state="asleep")},
            "asleep",
            "need",
            "Trakt and Serializd cannot be compared, as Serializd is asleep",
        ),
        ({"a": replace(TRAKT, state="new")}, "in-step", "ok", "Trakt and Serializd are in step"),
        (
            {"a": waits(TRAKT, queued=400), "b": waits(SERIALIZD, queued=30, asks=2)},
            "catching-up",
            "waiting",
            "Trakt and Serializd are catching up: 430 left, 2 need you",
        ),
        ({"b": waits(SERIALIZD, asks=1)}, "asks", "need", "Trakt and Serializd: 1 needs you"),
        (
            {"b": waits(SERIALIZD, asks=2), "questions": 1},
            "asks",
            "need",
            "Trakt and Serializd: 1 thing to decide",
        ),
        ({"questions": 2}, "asks", "need", "Trakt and Serializd: 2 things to decide"),
        (
            {"a": waits(TRAKT, parked=2), "b": waits(SERIALIZD, parked=1)},
            "parked",
            "waiting",
            "Trakt and Serializd: all but 3, which no catalogue knows yet",
        ),
    ],
)
def test_a_pair_is_told_in_a_sentence(change: dict[str, Any], code: str, tone: str, text: str) -> None:
    found = pair(replace(WELL, **change))
    assert (found.code, found.tone, found.text) == (code, tone, text)
    assert found.text.endswith(found.word)


@pytest.mark.parametrize(
    ("change", "next_"),
    [
        ({}, ""),
        ({"is_on": False}, "Switch on plays or ratings in the settings of this pair."),
        ({"unreadable": ("anilist",)}, ""),
        ({"phase": "reading"}, ""),
        ({"outcome": ""}, "A preview shows what would be done, and changes nothing."),
        ({"outcome": "approval"}, "Look at the plan, and approve it."),
        ({"outcome": "refused"}, "Make a new preview."),
        ({"outcome": "failed", "reason": "no answer"}, "No answer. It is tried again by itself."),
        ({"outcome": "failed"}, "It is tried again by itself."),
        ({"outcome": "cancelled"}, "The next finds what is left, and asks first."),
        ({"compared": False}, "The next run of all of it does so."),
        ({"doubted": ("trakt",)}, "Nothing is removed because of it, and the next run looks again."),
        ({"overdue": True}, "Pairs are compared while scrobbled serve runs."),
        ({"a": SIGN_IN}, "Signed out. Run: scrobbled auth trakt --viewer anna"),
    ],
)
def test_a_pair_says_what_to_do(change: dict[str, Any], next_: str) -> None:
    assert pair(replace(WELL, **change)).next == next_


def test_of_several_pairs_the_one_that_presses_most_is_told() -> None:
    plan = ("zoe", pair(replace(WELL, outcome="approval")))
    failed, off, well = (
        ("ben", pair(replace(WELL, outcome="failed"))),
        ("cleo", pair(replace(WELL, is_on=False))),
        ("dora", pair(WELL)),
    )
    assert together([well, off, failed, plan]).text == "zoe: Trakt and Serializd: a plan needs your approval"
    assert together([well, off, failed]).text == "ben: Trakt and Serializd could not be compared"
    assert (together([failed]).text, together([failed]).next) == (failed[1].text, failed[1].next)
    assert together([well, off]).code == "off"
    assert (together([well, well]).text, together([well, well]).tone) == ("All 2 pairs are in step", "ok")
    assert together([well]) == replace(well[1], word=well[1].text)
    assert (together([]).code, together([]).tone, together([]).text) == ("empty", "calm", "No pairs yet")


# -- the house ------------------------------------------------------------------------------------------------------


def said(*accounts: AccountStanding, pairs: tuple[PairStanding, ...] = (), asks: int = 0) -> tuple[str, str, str]:
    found = house(accounts, pairs, asks)
    assert found.word == found.text
    return found.text, found.code, found.tone


def test_a_house_without_pairs_is_connected() -> None:
    assert said(TRAKT) == ("Trakt is connected", "ok", "ok")
    assert said(TRAKT, SERIALIZD) == ("Both trackers are connected", "ok", "ok")
    assert said(TRAKT, SERIALIZD, replace(TRAKT, viewer="ben"))[0] == "All 3 trackers are connected"
    assert said(TRAKT, replace(SERIALIZD, used=False))[0] == "Trakt is connected"


def test_with_pairs_it_is_as_well_as_they_are() -> None:
    both = TRAKT, SERIALIZD
    assert said(*both, pairs=(WELL,)) == ("Trakt and Serializd are in step", "in-step", "ok")
    assert said(*both, pairs=(WELL, WELL))[0] == "All 2 pairs are in step"
    off = replace(WELL, is_on=False)
    assert said(*both, pairs=(off,)) == ("Trakt and Serializd: nothing is switched on", "off", "calm")
    assert said(*both, pairs=(WELL, off))[0] == "anna: Trakt and Serializd: nothing is switched on"


def test_before_anything_happened() -> None:
    new = replace(TRAKT, state="new")
    assert said() == ("No tracker is set up yet", "empty", "calm")
    assert said(replace(TRAKT, used=False))[1] == "empty"
    assert said(new) == ("Getting to know 1 tracker", "new", "calm")
    assert said(new, SERIALIZD) == ("1 of 2 trackers connected", "new", "calm")


def test_what_a_person_has_to_do_comes_first() -> None:
    down = replace(TRAKT, state="down")
    assert said(down, asks=1) == ("1 thing needs you", "asks", "need")
    assert said(down, asks=1_000)[0] == "1,000 things need you"
    assert said(SIGN_IN, SERIALIZD) == ("Trakt: needs a sign-in", "sign-in", "need")
    assert house([SIGN_IN], [], 0).next == account(SIGN_IN).next
    assert said(waits(TRAKT, asks=2), waits(SERIALIZD, queued=3)) == ("Trakt: 2 need you", "asks", "need")


def test_a_pause_is_told_where_nothing_presses_more() -> None:
    paused = "Delivery is paused until 19:40"
    queued, down = waits(TRAKT, queued=3), replace(TRAKT, state="down")
    found = house([queued], [], 0, paused)
    assert (found.text, found.code, found.tone) == (paused, "paused", "held")
    assert house([TRAKT, SERIALIZD], [WELL], 0, paused).code == "paused"  # not green, though all agrees
    assert house([queued], [], 1, paused).code == "asks"
    assert house([down], [], 0, paused).code == "down"
    assert house([SIGN_IN], [], 0, paused).code == "sign-in"


def test_an_outage_says_since_when_and_that_nothing_is_lost() -> None:
    down = waits(replace(SERIALIZD, state="down", since="19:40"), queued=3, parked=1, asks=64)
    assert said(down, TRAKT) == ("Serializd is down since 19:40: 4 plays wait, nothing is lost", "down", "down")
    one = waits(replace(down, since=""), queued=1)
    both = said(one, replace(TRAKT, state="down", since="20:00"))[0]
    assert both == "Serializd and Trakt are down since 20:00: 1 play waits, nothing is lost"
    assert said(replace(TRAKT, state="down"))[0] == "Trakt is down: no play waits, nothing is lost"
    plex = replace(TRAKT, state="down", tracker="plex")
    assert said(one, replace(TRAKT, state="down"), plex)[0].startswith("Serializd, Trakt and Plex are down: 1 play")
    again = replace(TRAKT, state="down", viewer="ben")
    assert said(replace(TRAKT, state="down"), again)[0] == "Trakt is down: no play waits, nothing is lost"


def test_what_is_on_its_way_is_no_trouble_but_not_there_either() -> None:
    assert said(waits(TRAKT, queued=1), SERIALIZD) == ("1 change is on its way", "catching-up", "waiting")
    assert said(waits(TRAKT, queued=2), waits(SERIALIZD, queued=1))[0] == "3 changes are on their way"
    assert said(waits(TRAKT, parked=2)) == ("Trakt: all but 2, which no catalogue knows yet", "parked", "waiting")
    failed = replace(WELL, outcome="failed")
    assert said(waits(TRAKT, queued=1), SERIALIZD, pairs=(failed,))[1] == "failed"
    assert said(waits(TRAKT, queued=1), SERIALIZD, pairs=(replace(WELL, phase="reading"),))[1] == "catching-up"


# -- whatever the state ---------------------------------------------------------------------------------------------

LOADS = st.builds(Load, *[st.sampled_from([0, 0, 0, 1, 7])] * 3)
STATE = st.sampled_from(["ok", "ok", "ok", *STATES, "of another version"])
USED = st.sampled_from([True, True, True, False])


def accounts(viewer: str, tracker: str) -> st.SearchStrategy[AccountStanding]:
    return st.builds(
        AccountStanding, st.just(viewer), st.just(tracker), STATE, st.just("why"), LOADS, USED, st.just("")
    )


PAIRS = st.builds(
    PairStanding,
    accounts("anna", "trakt"),
    accounts("anna", "serializd"),
    is_on=USED,
    unreadable=st.sampled_from([(), (), (), ("anilist",)]),
    phase=st.sampled_from(["", "", "", "asked", "reading", "comparing", "queueing", "cancelling"]),
    outcome=st.sampled_from(
        ["done", "nothing", "done", "nothing", "", "approval", "refused", "cancelled", "failed", "incomplete"]
    ),
    planned=st.sampled_from([{}, PLANNED]),
    compared=USED,
    overdue=USED.map(lambda used: not used),
    doubted=st.sampled_from([(), (), (), ("trakt",)]),
    questions=st.sampled_from([0, 0, 0, 2]),
)


def settled(one: AccountStanding) -> bool:
    return one.state == "ok" and one.load == Load()


def agrees(one: PairStanding) -> bool:
    """All that has to be true before anybody may say that a pair is in step."""
    ran = not one.phase and one.outcome in ("done", "nothing") and one.compared and not one.overdue
    asks = one.doubted or one.questions
    waits = one.a.load + one.b.load != Load()
    works = {one.a.state, one.b.state} <= {"ok", "new"}
    return one.is_on and not one.unreadable and ran and not asks and works and not waits


def speaks_well(found: Standing) -> bool:
    """In colour, in code or in words."""
    praise = any(text.endswith(("in step", "are connected", "is connected")) for text in (found.word, found.text))
    return found.tone == "ok" or found.code in ("ok", "in-step") or praise


@given(accounts("anna", "trakt"))
def test_no_account_is_green_without_its_reason(one: AccountStanding) -> None:
    assert speaks_well(account(one)) is (one.used and settled(one))


@given(PAIRS)
def test_no_pair_is_green_without_its_reason(one: PairStanding) -> None:
    connected = replace(one, a=replace(one.a, used=True), b=replace(one.b, used=True))
    assert speaks_well(pair(connected)) is agrees(connected)


@given(st.lists(PAIRS, max_size=3), st.lists(accounts("ben", "trakt"), max_size=2), st.sampled_from([0, 0, 0, 3]))
def test_no_house_is_green_without_its_reason(
    pairs: list[PairStanding], more: list[AccountStanding], asks: int
) -> None:
    every = [*(one for each in pairs for one in (each.a, each.b)), *more]
    used = [one for one in every if one.used]
    well = bool(used) and all(map(settled, used)) and not asks and all(map(agrees, pairs))
    assert speaks_well(house(every, pairs, asks)) is well


@given(st.lists(PAIRS, min_size=1, max_size=3))
def test_pairs_together_are_as_well_as_each_of_them(pairs: list[PairStanding]) -> None:
    assert speaks_well(together([(one.viewer, pair(one)) for one in pairs])) is all(map(agrees, pairs))


@given(PAIRS, st.sampled_from([0, 2]))
def test_everything_that_is_said_is_a_sentence(one: PairStanding, asks: int) -> None:
    for found in (account(one.a), pair(one), house([one.a, one.b], [one], asks)):
        assert found.text[0].isupper() or found.text[0].isdigit()
        assert found.word
        assert not found.text.endswith((".", " ", ":", ","))
        assert found.next == "" or found.next[0].isupper()


def test_every_state_of_an_account_in_trouble_has_its_advice() -> None:
    assert STATES.keys() == {"ok", "new", *ACCOUNTS}

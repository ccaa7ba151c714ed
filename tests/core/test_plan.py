"""A plan can be counted, recognised again, and read by the person who is to say yes to it."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.agreeing.outline import Deed, Outline
from scrobbled.core.agreeing.plan import Action, Change, Plan, read_id
from scrobbled.core.agreeing.plan_words import Manner, parts
from scrobbled.core.sending.change import left, left_out, moment, of_side, other, warned

MAY = datetime(2026, 5, 1, 20, 10, tzinfo=UTC)
NEAP = "Harbour Lights S1 E4 Neap"
ADD = Change("b", Action.ADD, "plays", "episode:1:1:4", NEAP, source="7", at=MAY, why="watched on {a}, not on {b}")
RATE = Change(
    "a",
    "rate",
    "ratings",
    "movie:tmdb:9",
    "Harbour Atlas (2019)",
    source="m",
    before="6",
    after="8",
    value=8,
    why="changed on {b}",
)
FLAG = Change("b", Action.FLAG, "plays", "episode:1:1:4", NEAP, target="9", after="rewatch on 2026-05-02", rewatch=True)
RETIME = Change(
    "b",
    Action.RETIME,
    "plays",
    "episode:1:1:4",
    NEAP,
    source="7",
    target="9",
    at=MAY,
    before="2026-05-01 09:00",
    after="2026-05-01 20:10",
    why="its time was changed on {a}",
)
REMOVE = Change(
    "b",
    Action.REMOVE,
    "plays",
    "episode:1:1:5",
    "Harbour Lights S1 E5",
    target="3",
    before="2026-05-01 20:10",
    why="it is gone from {a}",
)


def plan(*changes: Change, warnings: tuple[str, ...] = (), agreed: int = 2341) -> Plan:
    return Plan("anna", ("trakt", "serializd"), changes, warnings, agreed)


def test_changes_are_counted_by_side_action_and_kind() -> None:
    made = plan(ADD, RATE, FLAG)
    assert made.count() == 3
    assert made.count(side="b") == 2
    assert made.count("b", Action.ADD) == 1
    assert made.count(kind="ratings") == made.count("a", kind="ratings") == 1
    assert made.count("a", Action.ADD) == 0
    assert (made.name("a"), made.name("b")) == ("trakt", "serializd")


@pytest.mark.parametrize("hours", [0, 9, -11])
def test_a_time_is_told_in_utc_to_the_minute(hours: int) -> None:
    assert moment(MAY.replace(second=59).astimezone(timezone(timedelta(hours=hours)))) == "2026-05-01 20:10"
    assert moment(None) == "without a date"


def test_a_side_has_another() -> None:
    assert (other("a"), other("b")) == ("b", "a")
    assert of_side((1, 2), other("a")) == 2


def test_the_same_plan_has_the_same_fingerprint_in_whatever_order_and_zone() -> None:
    turned = replace(ADD, at=MAY.astimezone(timezone(timedelta(hours=9))))
    assert plan(ADD, RATE).fingerprint() == plan(RATE, turned).fingerprint()
    assert plan(ADD, warnings=("look out",), agreed=3).fingerprint() == plan(ADD).fingerprint()
    assert len(plan().fingerprint()) == 12


@pytest.mark.parametrize(
    "changed",
    [
        plan(ADD),
        plan(ADD, RATE, RATE),
        plan(replace(ADD, at=MAY + timedelta(minutes=1)), RATE),
        plan(replace(ADD, source="8"), RATE),
        plan(replace(ADD, side="a"), RATE),
        plan(ADD, replace(RATE, before="7")),
        plan(ADD, replace(RATE, value=9)),
        plan(ADD, replace(RATE, ask=True)),
        replace(plan(ADD, RATE), viewer="bob"),
        replace(plan(ADD, RATE), names=("trakt", "plex")),
    ],
)
def test_another_plan_has_another_fingerprint(changed: Plan) -> None:
    assert changed.fingerprint() != plan(ADD, RATE).fingerprint()


def test_the_id_carries_the_expiry_and_the_fingerprint() -> None:
    made, expires = plan(ADD), MAY + timedelta(hours=24)
    id_ = made.id(expires)
    assert read_id(id_) == (expires, made.fingerprint())
    assert read_id(f"  {id_.upper()}\n") == (expires, made.fingerprint())
    assert id_.replace("-", "").isalnum()
    assert len(id_) <= 20


@pytest.mark.parametrize(
    "text", ["", "yes", "k3f9a2", "k3f9a2-", "k3f9a2-xyz", "k3f9a2-1b2c3d4e5f600", "zzzzzzzz-1b2c3d4e5f60"]
)
def test_what_is_no_id_says_what_to_do(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not the id of a plan\. Copy the one"):
        read_id(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_an_id(text: str) -> None:
    try:
        expires, fingerprint = read_id(text)
    except ValueError:
        return
    assert expires.tzinfo is UTC
    assert len(fingerprint) == 12


@given(st.integers(0, 253_402_300_799))
def test_every_second_can_be_an_expiry(second: int) -> None:
    expires = datetime.fromtimestamp(second, UTC)
    assert read_id(plan().id(expires))[0] == expires


def test_with_nothing_to_do_it_says_so() -> None:
    assert plan().text() == "Nothing to do: 2,341 viewings agree."
    assert plan(agreed=1).text() == "Nothing to do: 1 viewing agrees."


def test_it_begins_with_counts_and_what_takes_away() -> None:
    assert plan(FLAG, ADD, RATE, RETIME, REMOVE).text().splitlines() == [
        "anna: trakt and serializd, 2,341 viewings agree.",
        "trakt: 1 rating to set",
        "  Harbour Atlas (2019): rating 6 -> 8 (changed on serializd)",
        "serializd: 1 play to remove; 1 play to give another time; 1 play to add, dates kept; 1 rewatch mark to set",
        "  Harbour Lights S1 E5: play of 2026-05-01 20:10 is removed (it is gone from trakt)",
        "  Harbour Lights S1 E4 Neap: time 2026-05-01 09:00 -> 2026-05-01 20:10 (its time was changed on trakt)",
        "  Harbour Lights S1 E4 Neap: play of 2026-05-01 20:10",
        "  Harbour Lights S1 E4 Neap: rewatch on 2026-05-02",
    ]


def test_additions_are_gathered_by_show_with_the_days_they_span() -> None:
    labels = [f"Harbour Lights S1 E{n} Title {n}" for n in range(1, 4)]
    episodes = [replace(ADD, label=label, at=MAY + timedelta(days=n)) for n, label in enumerate(labels)]
    films = [replace(ADD, key=f"movie:tmdb:{n}", label=f"Harbour S{n} ({2018 + n})") for n in (1, 2)]
    same_day = [replace(ADD, key=f"episode:2:0:{n}", label=f"Tidewater E{n}") for n in (1, 2)]
    aired = [
        replace(ADD, key="b:5", label="Evening News aired 2026-05-01"),
        replace(ADD, key="b:6", label="Evening News"),
    ]
    assert plan(*episodes, *films, *same_day, *aired).text().splitlines()[1:] == [
        "serializd: 9 plays to add, dates kept",
        "  Harbour Lights: 3 plays, 2026-05-01 to 2026-05-03",
        "  Evening News: 2 plays, 2026-05-01",
        "  Tidewater: 2 plays, 2026-05-01",
        "  Harbour S1 (2019): play of 2026-05-01 20:10",
        "  Harbour S2 (2020): play of 2026-05-01 20:10",
    ]


def test_the_days_that_additions_span_are_told_from_the_first_to_the_last_in_whatever_order() -> None:
    days = [replace(ADD, label=f"Harbour Lights S1 E{n}", at=MAY + timedelta(days=n)) for n in (3, 1, 2)]
    undated = replace(ADD, label="Harbour Lights S1 E9", at=None)
    assert plan(*days, undated).text().splitlines()[-1] == "  Harbour Lights: 4 plays, 2026-05-02 to 2026-05-04"


def test_a_first_rating_and_a_cleared_one_are_told() -> None:
    first = replace(RATE, before="", why="rated on {b}")
    cleared = replace(RATE, action="unrate", after="", value=None, why="it is gone from {b}")
    assert plan(first, cleared).text().splitlines()[1:] == [
        "trakt: 1 rating to clear; 1 rating to set",
        "  Harbour Atlas (2019): rating 6 is cleared (it is gone from serializd)",
        "  Harbour Atlas (2019): rating 8 (rated on serializd)",
    ]


def test_rewatch_marks_are_told_with_their_time_and_gathered_by_show() -> None:
    second = replace(FLAG, key="episode:1:1:6", label="Harbour Lights S1 E6", at=MAY)
    assert plan(second).text().splitlines()[-1] == "  Harbour Lights S1 E6: rewatch on 2026-05-01 20:10"
    assert plan(FLAG, second).text().splitlines()[1:] == [
        "serializd: 2 rewatch marks to set",
        "  Harbour Lights: 2 rewatch marks",
    ]


def test_it_is_told_in_whatever_manner() -> None:
    manner = Manner(names=str.upper, when=lambda text: f"<{text}>", to="to")
    asked = replace(RETIME, ask=True)
    later = replace(ADD, label="Harbour Lights S1 E5", at=MAY + timedelta(days=1))
    outline = plan(FLAG, ADD, later, RATE, REMOVE, asked, warnings=("trakt is slow",)).outline()
    assert [(part.heading, list(part.lines)) for part in parts(outline, manner)] == [
        ("anna: TRAKT and SERIALIZD, 2,341 viewings agree.", []),
        ("TRAKT: 1 rating to set", ["Harbour Atlas (2019): rating 6 to 8 (CHANGED ON SERIALIZD)"]),
        (
            "SERIALIZD: 1 play to remove; 2 plays to add, dates kept; 1 rewatch mark to set",
            [
                "Harbour Lights S1 E5: play of <2026-05-01 20:10> is removed (IT IS GONE FROM TRAKT)",
                "Harbour Lights: 2 plays, <2026-05-01> to <2026-05-02>",
                "Harbour Lights S1 E4 Neap: rewatch on 2026-05-02",
            ],
        ),
        (
            "1 thing is for you to decide:",
            [
                "Harbour Lights S1 E4 Neap: time <2026-05-01 09:00> to <2026-05-01 20:10> on SERIALIZD "
                "(ITS TIME WAS CHANGED ON TRAKT)"
            ],
        ),
        ("Left as it is:", ["TRAKT IS SLOW"]),
    ]


def test_an_outline_is_the_same_after_it_was_stored() -> None:
    many = [replace(ADD, key=f"movie:{n}", label=f"Film {n:04}") for n in range(9)]
    outline = plan(*many, RATE, FLAG, replace(REMOVE, ask=True), warnings=("one", "two", "three")).outline(most=1)
    assert msgspec.json.decode(msgspec.json.encode(outline), type=Outline) == outline
    assert (outline.does["b"][Action.ADD].total, outline.does["b"][Action.ADD].more) == (9, 8)
    several = plan(ADD, ADD).outline().does["b"][Action.ADD].lines[0].deeds
    assert several == (Deed("b", Action.ADD, 2, MAY, MAY),)
    assert (outline.asks.total, outline.asks.more, outline.more_warnings) == (1, 0, 2)


def test_what_wants_a_decision_stands_apart_with_its_alternatives() -> None:
    why = "rated differently on both sides"
    one = replace(RATE, ask=True, why=why)
    two = replace(RATE, side="b", before="8", after="6", value=6, ask=True, why=why)
    removal = replace(REMOVE, ask=True)
    times = [replace(RETIME, ask=True, why="changed on both sides")]
    times.append(replace(times[0], side="a", source="9", target="7", before=RETIME.after, after=RETIME.before))
    assert plan(one, two, removal, *times).text().splitlines() == [
        "anna: trakt and serializd, 2,341 viewings agree.",
        "3 things are for you to decide:",
        f"  Harbour Atlas (2019): rating 6 -> 8 on trakt or rating 8 -> 6 on serializd ({why})",
        "  Harbour Lights S1 E5: play of 2026-05-01 20:10 is removed on serializd (it is gone from trakt)",
        "  Harbour Lights S1 E4 Neap: time 2026-05-01 09:00 -> 2026-05-01 20:10 on serializd or "
        "time 2026-05-01 20:10 -> 2026-05-01 09:00 on trakt (changed on both sides)",
    ]
    assert "1 thing is for you to decide:" in plan(removal).text()


def test_a_long_plan_is_cut_and_says_by_how_much() -> None:
    many = [replace(ADD, key=f"movie:{n}", label=f"Film {n:04}") for n in range(1204)]
    lines = plan(*many).text(most=3).splitlines()
    assert lines[1] == "serializd: 1,204 plays to add, dates kept"
    assert lines[-1] == "  and 1,201 more titles"
    assert len(lines) == 6
    for whole in (3, 4):  # "and 1 more" would be no shorter
        assert plan(*many[:whole]).text(most=3).splitlines()[2:] == [
            f"  Film {n:04}: play of 2026-05-01 20:10" for n in range(whole)
        ]


def test_forty_lines_of_a_sort_are_told_where_nobody_says_how_many() -> None:
    many = [replace(ADD, key=f"movie:{n}", label=f"Film {n:04}") for n in range(42)]
    lines = plan(*many).text().splitlines()
    assert lines[-2:] == ["  Film 0039: play of 2026-05-01 20:10", "  and 2 more titles"]
    assert plan(*many).outline().does["b"][Action.ADD].more == 2


def test_many_decisions_and_warnings_are_cut_too() -> None:
    asked = [replace(REMOVE, key=f"movie:{n}", label=f"Film {n}", ask=True) for n in range(5)]
    lines = plan(*asked, warnings=("one", "two", "three", "four")).text(most=2).splitlines()
    assert lines[1] == "5 things are for you to decide:"
    assert lines[2].startswith("  Film 0:")
    assert lines[4:] == ["  and 3 more", "Left as it is:", "  one", "  two", "  and 2 more"]


def test_many_of_one_sort_hide_no_other() -> None:
    ratings = [replace(RATE, side="b", key=f"movie:{n}", label=f"Film {n:04}") for n in range(500)]
    lines = plan(*ratings, ADD).text(most=3).splitlines()
    assert lines[1] == "serializd: 500 ratings to set; 1 play to add, dates kept"
    assert lines[-2:] == ["  and 497 more ratings to set", f"  {NEAP}: play of 2026-05-01 20:10"]


def test_what_is_left_alone_is_told_in_words() -> None:
    codes = [left("undated", "a")] * 14 + [left("personal", "b"), left("unsure", "b"), left("fixed", "a")]
    codes += [left("future", "a"), *[left("future", "b")] * 2]
    found = warned(Counter(codes), ("trakt", "serializd"))
    assert found == (
        "1 play has another time on serializd that cannot be set on trakt",
        "1 play on trakt is dated in the future; serializd gets it when that time has come",
        "2 plays on serializd are dated in the future; trakt gets them when that time has come",
        "1 play on serializd is gone from trakt but stays: a person wrote or edited it",
        "14 plays without a date on trakt are left alone",
        "1 play was not in the last complete listing of serializd; the next one decides",
    )
    assert plan(warnings=found[4:5]).text().splitlines() == [
        "Nothing to do: 2,341 viewings agree.",
        "Left as it is:",
        "  14 plays without a date on trakt are left alone",
    ]


def test_a_code_nobody_has_words_for_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="whatever"):
        left("whatever", "a")


def test_what_a_side_keeps_none_of_is_counted_and_nothing_else_is_called_so() -> None:
    counts = {"serializd leave movie": 1_200, "file:my plays.csv leave episode": 1, "serializd add plays": 4}
    assert left_out(counts) == (
        "left out: 1,200 plays of films, which Serializd does not keep",
        "left out: 1 play of an episode, which file:my plays.csv does not keep",
    )
    assert left_out({"you decide ratings": 2}) == ()

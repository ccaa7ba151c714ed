"""How plans and runs are told: buttons that say what they do, and plain words for what came of it."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from scrobbled.core.agreeing.outline import Outline
from scrobbled.core.agreeing.plan import Action, Change, Plan
from scrobbled.desk.facts import run_words
from scrobbled.desk.facts.pairs import ChangeCount, RunStory
from scrobbled.desk.pairs.lines import RunProgress, TempoStory
from scrobbled.store.queue.run_items import ItemStory
from scrobbled.web.view.pairs import deeds, plans, run_items, runs, takebacks

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
RUN = RunStory(
    id="r3",
    viewer="anna",
    pair="trakt,serializd",
    cause="sync",
    phase="ended",
    asked="2026-11-22T19:40:00+00:00",
    started="2026-11-22T19:40:00+00:00",
    ended="2026-11-22T19:40:12+00:00",
    seconds=12.0,
    outcome="done",
    reason="",
    planned={"serializd add plays": 1_204, "trakt add plays": 3},
    outcomes={"delivered": 1_207},
    done=1_207,
    total=1_207,
    plan_id=None,
    plan="",
    changes=[ChangeCount("serializd", "add", "delivered", 1_204), ChangeCount("trakt", "add", "delivered", 3)],
    took=1_020.0,
)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ([("serializd", "add", 1_204)], "Add 1,204 plays to Serializd"),
        ([("serializd", "add", 1)], "Add 1 play to Serializd"),
        ([("serializd", "add", 1_204), ("trakt", "add", 3)], "Add 1,204 plays to Serializd and 3 to Trakt"),
        (
            [("trakt", "add", 2), ("serializd", "remove", 1)],
            "Remove 1 play from Serializd and add 2 plays to Trakt",
        ),
        (
            [("serializd", "flag", 4), ("serializd", "add", 103)],
            "Add 103 plays to Serializd and mark 4 plays there as rewatch",
        ),
        ([("trakt", "retime", 1)], "Give 1 play on Trakt another time"),
        (
            [("trakt", "add", 2), ("trakt", "rate", 3), ("serializd", "flag", 4), ("serializd", "add", 1)],
            "Make all 10 changes",
        ),
        ([], ""),
    ],
)
def test_a_button_says_what_it_does(counts: list[deeds.DeedCount], says: str) -> None:
    assert deeds.button(counts) == says


def test_what_a_run_planned_is_read_from_its_counts_and_questions_are_no_deed() -> None:
    planned = {"trakt add plays": 2, "serializd remove plays": 1, "you decide ratings": 4}
    assert deeds.planned(planned) == [("serializd", "remove", 1), ("trakt", "add", 2)]
    assert deeds.asked(planned) == 4


@pytest.mark.parametrize(
    ("change", "word", "text"),
    [
        ({}, "done", "Added 1,204 plays to Serializd and 3 to Trakt"),
        ({"outcomes": {"queued": 4, "delivered": 3}}, "delivering", "Add 1,204 plays to Serializd and 3 to Trakt"),
        ({"outcome": "nothing", "planned": {}}, "nothing to do", "Both sides agree"),
        (
            {"outcome": "nothing", "planned": {"you decide ratings": 2}},
            "nothing to do",
            "Nothing new, 2 things for you to decide",
        ),
        (
            {"planned": {"you decide ratings": 1}, "changes": [ChangeCount("trakt", "rate", "held", 2)]},
            "needs you",
            "Found 1 thing for you to decide",
        ),
        ({"planned": {}, "changes": []}, "done", "Nothing was left to do"),
        ({"outcome": "failed", "reason": "trakt could not be read"}, "failed", "Trakt could not be read."),
        ({"outcome": "cancelled", "outcomes": {"delivered": 1}}, "cancelled", "1 change made, then cancelled"),
        ({"outcome": "cancelled", "outcomes": {}}, "cancelled", "Nothing was changed"),
        ({"outcome": "", "phase": "reading", "planned": {}}, "reading both sides", "A run is under way"),
        ({"outcome": "approval"}, "needs your approval", "Would add 1,204 plays to Serializd and 3 to Trakt"),
        (
            {"outcome": "approval", "planned": {}, "reason": "r1 was cancelled"},
            "needs your approval",
            "Nothing was changed yet: r1 was cancelled",
        ),
    ],
)
def test_a_run_is_told_in_a_line(change: dict[str, object], word: str, text: str) -> None:
    run = replace(RUN, **change)  # type: ignore[arg-type]
    assert (runs.look(run).word, runs.summary(run), runs.took(run.took)) == (word, text, "17 min")


@pytest.mark.parametrize(
    ("changes", "word", "text"),
    [
        ([("serializd", "add", "unmatched", 2)], "needs you", "Added 0 of 2 plays to Serializd, 2 need you"),
        (
            [("serializd", "add", "delivered", 1_200), ("serializd", "add", "dead", 1), ("trakt", "add", "held", 1)],
            "needs you",
            "Added 1,200 of 1,201 plays to Serializd and 0 of 1 to Trakt, 2 need you",
        ),
        ([("serializd", "add", "already-there", 1)], "done", "Added 0 of 1 play to Serializd, 1 was there already"),
        (
            [("serializd", "add", "delivered", 1), ("serializd", "add", "parked", 3)],
            "waits for a catalogue",
            "Added 1 of 4 plays to Serializd, 3 are in no catalogue yet",
        ),
        (
            [("trakt", "add", "delivered", 1), ("trakt", "add", "undone", 1), ("trakt", "add", "unwanted", 2)],
            "done",
            "Added 1 of 4 plays to Trakt, 2 are not for that tracker, 1 was left out",
        ),
        (
            [("trakt", "rate", "delivered", 2), ("serializd", "rate", "held", 4), ("serializd", "add", "echo", 2)],
            "needs you",
            "Set 2 ratings on Trakt and added 0 of 2 plays to Serializd, 4 need you, 2 were there already",
        ),
        (
            [("trakt", "remove", "delivered", 2), ("trakt", "add", "delivered", 2)],
            "done",
            "Removed 2 plays from Trakt and added 2 plays there",
        ),
    ],
)
def test_a_run_is_told_by_what_became_of_it_and_not_by_its_plan(
    changes: list[tuple[str, str, str, int]], word: str, text: str
) -> None:
    outcomes: dict[str, int] = {}
    for *_, outcome, count in changes:
        outcomes[outcome] = outcomes.get(outcome, 0) + count
    run = replace(RUN, changes=[ChangeCount(*one) for one in changes], outcomes=outcomes)
    page = runs.page(RunProgress(run, run.changes, [], None), None, NOW)
    assert (page.look.word, runs.summary(run), page.title) == (word, text, text)


@pytest.mark.parametrize(
    ("seconds", "says"), [(None, ""), (0.2, "1 s"), (89.0, "89 s"), (600.0, "10 min"), (7_200.0, "2.0 h")]
)
def test_how_long_a_run_took(seconds: float | None, says: str) -> None:
    assert runs.took(seconds) == says


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, ""),
        ({"kinds": ["ratings"]}, "only ratings"),
        ({"direction": "trakt-to-serializd"}, "only Trakt to Serializd"),
        ({"direction": "serializd-to-trakt", "full": True}, "only Serializd to Trakt, everything was read"),
        ({"direction": "both", "conflict": "newest-wins"}, "both ways, the newer one wins"),
        ({"conflict": "trakt-wins"}, "Trakt wins"),
        ({"conflict": "ask"}, "you are asked"),
    ],
)
def test_what_was_asked_for_this_once(options: dict[str, object], says: str) -> None:
    assert run_words.asked_for(options, RUN.pair) == says


def test_a_tracker_that_stands_still_promises_no_time() -> None:
    last = "2026-11-22T19:40:00+00:00"
    tempos = [TempoStory("serializd", 892, 3.1, last, "ok", ""), TempoStory("trakt", 2, None, None, "ok", "")]
    under_way = replace(RUN, outcomes={"queued": 894, "delivered": 313}, done=313)
    told = runs.progress(RunProgress(under_way, [], tempos, None), NOW)
    assert told is not None
    assert (told.percent, told.left) == (25, "")
    assert told.lines == [
        "Serializd: 892 changes on the way, the last one was done 20 min ago",
        "Trakt: 2 changes on the way",
    ]


def test_a_plan_is_told_with_names_and_days_as_people_write_them() -> None:
    add = Change("b", Action.ADD, "plays", "1:1:1", "Harbour Lights S1 E1", at=datetime(2025, 2, 28, 20, tzinfo=UTC))
    last = replace(add, key="1:1:2", label="Harbour Lights S1 E2", at=datetime(2026, 10, 28, tzinfo=UTC))
    rate = Change("b", "rate", "ratings", "m:1", "Log of 2026-05-01", before="6", after="8", why="changed on {a}")
    times = {"before": "2026-11-22 19:34", "after": "2026-11-22 19:36", "ask": True}
    ask = Change("a", Action.RETIME, "plays", "2:1:1", "Ebb S1 E1", why="changed on serializd", **times)  # type: ignore[arg-type]
    plan = Plan("anna", ("trakt", "serializd"), (add, last, rate, ask), (), 4)
    kept = msgspec.json.decode(msgspec.json.encode(plan.outline()), type=Outline)
    assert kept == plan.outline()
    assert [(part.heading, list(part.lines)) for part in plans.parts(kept, NOW)] == [
        ("anna: Trakt and Serializd, 4 viewings agree.", []),
        (
            "Serializd: 1 rating to set; 2 plays to add, dates kept",
            [
                "Log of 2026-05-01: rating 6 to 8 (changed on Trakt)",
                "Harbour Lights: 2 plays, 28 Feb 2025 to 28 Oct",
            ],
        ),
        ("1 thing is for you to decide", ["Ebb S1 E1: time 19:34 to 19:36 on Trakt (changed on Serializd)"]),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trakt could not be read: no answer", "Trakt could not be read: no answer"),
        ("103 plays would be added to serializd, dates kept", "103 plays would be added to Serializd, dates kept"),
        ("run: scrobbled sync --pair trakt,serializd", "run: scrobbled sync --pair trakt,serializd"),
        ("https://api.trakt.tv did not answer", "https://api.trakt.tv did not answer"),
    ],
)
def test_reasons_call_both_sides_by_their_names(text: str, says: str) -> None:
    assert run_words.with_names(text, RUN.pair) == says


def test_what_is_taken_back_of_a_large_run_is_counted_by_what_became_of_it() -> None:
    changes = [
        ChangeCount("serializd", "add", "delivered", 900),
        ChangeCount("serializd", "add", "queued", 20),
        ChangeCount("trakt", "rate", "delivered", 3),
        ChangeCount("trakt", "add", "already-there", 4),
    ]
    page = takebacks.page(RunProgress(RUN, changes, [], None), None)
    assert [total.text for total in page.totals] == [
        "900 changes taken back from Serializd",
        "20 changes not sent to Serializd any more",
        "4 changes left as it is on Trakt",
        "3 changes set back at Trakt",
    ]
    assert page.button == "Take back 923 changes"


@pytest.mark.parametrize(
    ("text", "says"), [("2026-11-22 19:34", "19:34"), ("2026-05-01 19:34", "1 May, 19:34"), ("6", "6")]
)
def test_times_of_a_plan_are_told_in_the_zone_of_the_house(text: str, says: str) -> None:
    assert run_words.clock(text, NOW) == says


@pytest.mark.parametrize(
    ("outcome", "tone"), [("delivered", "ok"), ("queued", "calm"), ("unmatched", "calm"), ("undone", "calm")]
)
def test_a_change_is_said_to_be_made_only_where_it_was(outcome: str, tone: str) -> None:
    story = ItemStory("c1", "p1", "trakt", "add", "plays", "A", "A", None, "", "", "", outcome, "", "", None, "")
    assert (run_items.does(story, NOW), run_items.tone(story)) == ("add the play without a date", tone)
    assert run_items.outcome_look(outcome).word == outcome


@pytest.mark.parametrize(
    ("action", "says"),
    [("tick", "tick off"), ("untick", "untick"), ("flag", "mark as rewatch"), ("remove", "remove the play")],
)
def test_what_is_no_play_is_not_said_to_be_added(action: str, says: str) -> None:
    story = ItemStory("a1", None, "plex", action, "plays", "A", "A", None, "", "", "", "queued", "", "", None, "")
    assert run_items.does(story, NOW) == says

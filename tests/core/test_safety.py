"""The flood breaker's judgement: what a household can watch passes, what it cannot waits, and limits only tighten."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.sending.safety import (
    AFTERWARDS_PER_MINUTE,
    KNOWN_HISTORY,
    MARKS_WITHIN,
    SEEN_LEAST,
    SHARE_LEAST,
    USUAL,
    FloodFacts,
    Trip,
    WriteLimits,
    is_exempt,
    judge,
    judge_item,
    judge_marks,
)
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.sessions import Rules, Session, Watched
from scrobbled.core.words.outcomes import Hold

START = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
MINUTES = 45
RUNTIME = MINUTES * 60_000
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EPISODE, FILM = Episode("Harbour Lights", 2, 5), Movie("Harbour Atlas", 2019)


def rule(**facts: int | bool) -> Hold | None:
    trip = judge(FloodFacts(**facts), USUAL)  # type: ignore[arg-type]
    return trip and trip.rule


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"in_hour": 300}, None),
        ({"in_hour": 301}, Hold.WRITES_PER_HOUR),
        ({"in_hour": 150, "in_minute": 150}, None),
        ({"in_hour": 151, "in_minute": 151}, Hold.BURST),
        ({"in_minute": 20, "afterwards_in_minute": 20, "afterwards": True}, None),
        ({"in_minute": 21, "afterwards_in_minute": 21, "afterwards": True}, Hold.BURST),
        ({"in_minute": 22, "afterwards_in_minute": 21}, None),
        ({"same_minute": 20, "afterwards": True}, None),
        ({"same_minute": 21, "afterwards": True}, Hold.BURST),
        ({"in_hour": 51, "history": 199}, None),
        ({"in_hour": 50, "history": 200}, None),
        ({"in_hour": 51, "history": 200}, Hold.SHARE_OF_HISTORY),
        ({"in_hour": 100, "history": 1000}, None),
        ({"in_hour": 101, "history": 1000}, Hold.SHARE_OF_HISTORY),
    ],
)
def test_each_rule_begins_where_it_says(facts: dict[str, int | bool], expected: Hold | None) -> None:
    assert rule(**facts) is expected


def test_a_low_limit_lets_so_many_through_as_it_says() -> None:
    for most in (1, 2, 5, 30):
        limits = WriteLimits(writes_per_hour=most)
        assert judge(FloodFacts(in_hour=most, in_minute=min(most, 20)), limits) is None
        assert judge(FloodFacts(in_hour=most + 1, in_minute=1), limits) is not None


def test_twenty_plays_at_once_are_no_burst_however_low_the_limit_for_the_hour() -> None:
    assert judge(FloodFacts(in_hour=20, in_minute=20), WriteLimits(writes_per_hour=30)) is None
    trip = judge(FloodFacts(in_hour=21, in_minute=21), WriteLimits(writes_per_hour=30))
    assert trip is not None
    assert trip.rule is Hold.BURST


def test_a_short_history_allows_fifty_plays_however_low_the_limit_for_the_hour() -> None:
    assert judge(FloodFacts(in_hour=50, history=200), WriteLimits(writes_per_hour=60)) is None
    assert judge(FloodFacts(in_hour=51, history=200), WriteLimits(writes_per_hour=60)) is not None


@pytest.mark.parametrize(
    ("facts", "trip"),
    [
        (
            FloodFacts(in_hour=4712, in_minute=12),
            Trip(Hold.WRITES_PER_HOUR, "4,712 plays came within an hour; safety.max_writes_per_hour is 2,501", HOUR),
        ),
        (
            FloodFacts(in_hour=1251, in_minute=1251),
            Trip(Hold.BURST, "1,251 plays came within a minute; up to 1,250 pass", MINUTE),
        ),
        (
            FloodFacts(in_hour=417, history=2345),
            Trip(
                Hold.SHARE_OF_HISTORY,
                "417 plays came within an hour; with 2,345 plays before them up to 416 pass",
                HOUR,
            ),
        ),
        (
            FloodFacts(in_hour=1002, history=10_010),
            Trip(
                Hold.SHARE_OF_HISTORY,
                "1,002 plays came within an hour; with 10,010 plays before them up to 1,001 pass",
                HOUR,
            ),
        ),
        (
            FloodFacts(afterwards=True, afterwards_in_minute=1167),
            Trip(
                Hold.BURST,
                "1,167 plays were told within a minute, long after they were watched; up to 166 pass",
                MINUTE,
            ),
        ),
        (
            FloodFacts(afterwards=True, same_minute=1167),
            Trip(Hold.BURST, "1,167 plays are said to have been watched in the same minute; up to 166 pass", HOUR),
        ),
    ],
)
def test_the_figures_are_told_in_plain_words(facts: FloodFacts, trip: Trip) -> None:
    assert judge(facts, WriteLimits(writes_per_hour=2501)) == trip


def test_one_play_of_a_title_more_than_a_day_allows_waits() -> None:
    reason = "this would be play 4 of the same title within a day; safety.max_plays_per_item_per_day is 3"
    assert judge_item(4, USUAL) == Trip(Hold.PLAYS_PER_ITEM, reason, timedelta(days=1))
    assert judge_item(3, USUAL) is None


def test_the_two_halves_of_a_file_may_be_marked_together_and_a_whole_season_waits() -> None:
    reason = (
        "1,204 titles were marked as watched together, as of one and the same time. Approved, they get that time; "
        "with marks: tick of the source such marks are ticked off without one"
    )
    assert judge_marks(2) is None
    assert judge_marks(3) is not None
    assert judge_marks(1204) == Trip(Hold.BURST, reason, MARKS_WITHIN)


@pytest.mark.parametrize(
    ("most", "seen", "exempt"), [(1, 30, True), (1, 31, False), (300, 60, True), (300, 61, False), (304, 61, False)]
)
def test_only_so_many_may_be_exempt_as_a_full_house_watches(most: int, seen: int, exempt: bool) -> None:
    assert is_exempt(FloodFacts(witnessed=True, seen_in_hour=seen), WriteLimits(most)) is exempt
    assert not is_exempt(FloodFacts(seen_in_hour=seen), WriteLimits(most))


counts = st.integers(0, 10_000)


@st.composite
def facts(draw: st.DrawFn) -> FloodFacts:
    """Counts that can be: what is within a minute is within the hour, and includes the play itself."""
    in_minute = draw(st.integers(1, 10_000))
    in_hour = in_minute + draw(counts)
    return FloodFacts(
        in_hour=in_hour,
        in_minute=in_minute,
        afterwards_in_minute=draw(st.integers(0, in_minute)),
        same_minute=draw(counts),
        seen_in_hour=draw(st.integers(0, in_hour)),
        history=draw(counts),
        afterwards=draw(st.booleans()),
        witnessed=draw(st.booleans()),
    )


limits = st.builds(WriteLimits, st.integers(1, 20_000), st.integers(1, 100))


@given(facts(), limits, st.integers(0, 20_000))
def test_a_lower_limit_never_lets_more_through(facts: FloodFacts, limits: WriteLimits, less: int) -> None:
    lower = replace(limits, writes_per_hour=max(1, limits.writes_per_hour - less))
    if judge(facts, lower) is None:
        assert judge(facts, limits) is None


@given(facts(), limits, st.sampled_from(["in_hour", "in_minute", "afterwards_in_minute", "same_minute"]), counts)
def test_more_of_the_same_never_passes_where_less_was_held(
    facts: FloodFacts, limits: WriteLimits, what: str, more: int
) -> None:
    grown = replace(facts, **{what: getattr(facts, what) + more})
    if judge(grown, limits) is None:
        assert judge(facts, limits) is None


@given(facts(), limits, st.integers(1, SEEN_LEAST))
def test_what_was_seen_as_it_happened_passes_in_the_middle_of_any_flood(
    facts: FloodFacts, limits: WriteLimits, seen: int
) -> None:
    assert judge(replace(facts, witnessed=True, seen_in_hour=seen), limits) is None


@given(facts(), limits)
def test_a_machine_that_invents_whole_viewings_is_held_like_any_other(facts: FloodFacts, limits: WriteLimits) -> None:
    invented = replace(facts, witnessed=True, seen_in_hour=max(SEEN_LEAST, limits.writes_per_hour // 5) + 1)
    assert judge(invented, limits) == judge(replace(invented, witnessed=False), limits)


@given(facts())
def test_a_household_is_never_held(facts: FloodFacts) -> None:
    """Twenty plays within an hour are a lot for a house, and no rule minds them, wherever they come from."""
    few = min(facts.in_hour, AFTERWARDS_PER_MINUTE)
    calm = replace(facts, in_hour=few, in_minute=few, afterwards_in_minute=few, same_minute=few)
    assert judge(calm, USUAL) is None


@given(st.integers(1, 200), st.integers(1, 100), st.integers(0, 100))
def test_a_lower_limit_for_one_title_never_lets_more_through(plays: int, most: int, more: int) -> None:
    if judge_item(plays, WriteLimits(plays_per_item_per_day=most)) is None:
        assert judge_item(plays, WriteLimits(plays_per_item_per_day=most + more)) is None


def test_the_share_of_a_history_counts_only_where_there_is_one() -> None:
    assert KNOWN_HISTORY // 10 < SHARE_LEAST, "else a small history would allow less than a whole one"


def event(kind: EventKind, percent: float, minute: float = 0.0, **more: object) -> PlaybackEvent:
    values: dict[str, object] = {
        "occurred_at": START + timedelta(minutes=minute),
        "item": Movie("Harbour Atlas", 2019),
        "position_ms": round(RUNTIME * percent / 100),
        "duration_ms": RUNTIME,
        **more,
    }
    return PlaybackEvent("plex", kind, **values)  # type: ignore[arg-type]


def watched(*steps: tuple[EventKind, float, float]) -> list[bool]:
    """For each play that the events (kind, percent, minute of receipt) make: whether it was witnessed."""
    session, found = Session(), []
    for kind, percent, minute in steps:
        told = event(kind, percent, minute)
        session, verdict = fold(session, told, Rules(), told.occurred_at)
        if isinstance(verdict, Watched):
            found.append(verdict.witnessed)
    return found


S, P, R, T, W = EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP, EventKind.WATCHED


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(S, 0, 0), (W, 90, 40)], [True]),
        ([(S, 0, 0), (W, 90, 13)], [False]),
        ([(S, 0, 0), (W, 90, 14)], [True]),
        ([(W, 90, 0)], [False]),
        ([(P, 40, 0), (W, 90, 20)], [True]),
        ([(T, 40, 0), (W, 90, 20)], [False]),
        ([(S, 0, 0), (T, 95, 41)], [True]),
        ([(S, 0, 0), (W, 90, 40), (T, 98, 44), (W, 90, 300)], [True, False]),
        ([(S, 0, 0), (W, 90, 40), (S, 0, 200), (W, 90, 240)], [True, True]),
        ([(S, 0, 0), (W, 90, 0.1), (S, 0, 30), (W, 90, 30.1), (S, 0, 60), (W, 90, 60.1)], [False] * 3),
        ([(S, 0, 0), (P, 50, 20), (R, 50, 4000), (W, 90, 4018)], [True]),
        ([(S, 0, 0), (W, 90, 4000)], [False]),
        ([(S, 0, 0), (W, 90, 13.5)], [True]),
        ([(S, 0, 0), (P, 30, 0.005), (R, 60, 13), (W, 90, 13.5)], [True]),
        ([(S, 0, 0), (P, 50, 1440), (W, 90, 1440)], [True]),
        ([(S, 0, 0), (W, 90, 1440.1)], [False]),
        ([(S, 0, 60), (R, 10, 20), (W, 90, 35)], [True]),
    ],
    ids=[
        "seen from beginning to end",
        "sooner than anybody watches",
        "skipped through",
        "nothing before",
        "resumed elsewhere",
        "a stop is no beginning",
        "a stop at the end",
        "an old one told again",
        "seen twice",
        "a machine that tells beginning and end at once",
        "finished days later",
        "began too long ago",
        "three tenths of the runtime are enough",
        "the first of several events is the beginning",
        "a day is not too long",
        "a little more than a day is",
        "our clock was put back after the beginning",
    ],
)
def test_seen_as_it_happened(steps: list[tuple[EventKind, float, float]], expected: list[bool]) -> None:
    assert watched(*steps) == expected


@pytest.mark.parametrize(
    ("item", "told", "minutes", "witnessed"),
    [
        (EPISODE, None, 11.2, False),  # three tenths of what an episode lasts mostly
        (EPISODE, None, 11.25, True),
        (FILM, None, 26.9, False),
        (FILM, None, 27, True),
        (FILM, RUNTIME, 13.5, True),  # told with the end only
        (FILM, RUNTIME, 13.4, False),
        (EPISODE, RUNTIME, 12, False),
    ],
)
def test_how_long_watching_takes_is_told_or_usual(
    item: Item, told: int | None, minutes: float, witnessed: bool
) -> None:
    begun, ended = (event(kind, 0, at, item=item, duration_ms=None) for kind, at in ((S, 0), (W, minutes)))
    for first, last in ((None, told), (told, None)):
        session, _ = fold(Session(), replace(begun, duration_ms=first), Rules(), begun.occurred_at)
        _, verdict = fold(session, replace(ended, duration_ms=last), Rules(), ended.occurred_at)
        assert verdict == Watched(ended.occurred_at, witnessed)


def test_receipt_counts_and_not_what_the_source_says() -> None:
    """A broken source tells a whole year within a second, each viewing with its own beginning and end."""
    session = Session()
    for told in (event(S, 0, 0), event(W, 90, 40)):
        session, verdict = fold(session, told, Rules(), START + timedelta(days=100))
    assert isinstance(verdict, Watched)
    assert not verdict.witnessed


def test_what_was_written_down_beside_any_player_is_not_seen() -> None:
    session, _ = fold(Session(), event(S, 0, 0), Rules(), START)
    _, verdict = fold(session, event(W, 90, 40, entered=True), Rules(), START + timedelta(minutes=40))
    assert isinstance(verdict, Watched)
    assert not verdict.witnessed

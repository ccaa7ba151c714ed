"""Events folded into at most one play per viewing: tables at the borders, and what must hold for any order."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.fold import LISTED, REMEMBERED, STOP_WITHIN, fold
from scrobbled.core.watching.sessions import (
    SHORTEST_GAP,
    TEST_EVENT,
    UNKNOWN_FILM,
    UNKNOWN_RUNTIME,
    Duplicate,
    Noted,
    Rules,
    Session,
    SessionVerdict,
    Unwanted,
    Watched,
    usual_runtime,
    viewing_gap,
)

EVENING = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
RUNTIME = 45 * 60_000
RULES = Rules()
ITEM = Episode("Harbour Lights", 2, 5)
START, PAUSE, RESUME, PROGRESS, STOP, WATCHED = (
    EventKind.START,
    EventKind.PAUSE,
    EventKind.RESUME,
    EventKind.PROGRESS,
    EventKind.STOP,
    EventKind.WATCHED,
)
PLAYBACK = (START, PAUSE, RESUME, PROGRESS, STOP, WATCHED)


def event(
    kind: EventKind,
    minutes: float = 0.0,
    percent: float | None = None,
    *,
    duration: int | None = RUNTIME,
    stated: bool = False,
    player: str = "",
    viewing: str = "",
) -> PlaybackEvent:
    position = None if percent is None or duration is None else round(duration * percent / 100)
    return PlaybackEvent(
        source="plex",
        kind=kind,
        occurred_at=EVENING + timedelta(minutes=minutes),
        account=Account("41220077", "anna"),
        item=ITEM,
        time_from_source=stated,
        position_ms=position,
        duration_ms=duration,
        player=player,
        viewing=viewing,
    )


def verdicts(
    events: Iterable[PlaybackEvent],
    rules: Rules = RULES,
    session: Session = Session(),  # noqa: B008
) -> list[SessionVerdict]:
    found = []
    for one in events:
        session, verdict = fold(session, one, rules)
        found.append(verdict)
    return found


def plays(events: Iterable[PlaybackEvent], rules: Rules = RULES) -> list[datetime]:
    return [verdict.at for verdict in verdicts(events, rules) if isinstance(verdict, Watched)]


def after(*events: PlaybackEvent) -> Session:
    session = Session()
    for one in events:
        session, _ = fold(session, one, RULES)
    return session


@pytest.mark.parametrize("again", [event(START, 40_000, 0.0, viewing="a"), event(STOP, 40_000, 60.0, viewing="a")])
def test_a_viewing_with_a_name_that_is_told_again_is_the_play_that_it_was(again: PlaybackEvent) -> None:
    rules = Rules(threshold=50.0)
    before = after(event(WATCHED, 40, viewing="a"))
    assert fold(before, again, rules) == (before, Duplicate("this viewing is a play already"))


def test_a_stop_of_a_named_viewing_before_the_threshold_tells_nothing_again() -> None:
    before = after(event(WATCHED, 40, viewing="a"))
    _, verdict = fold(before, event(STOP, 40_000, 40.0, viewing="a"), Rules(threshold=50.0))
    assert verdict == Noted()


# -- one event -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "percent", "counts"),
    [
        (STOP, 89.99, False),
        (STOP, 90.0, True),
        (STOP, 100.0, True),
        (STOP, 250.0, True),
        (STOP, None, False),
        (STOP, 0.0, False),
        (PAUSE, 100.0, False),
        (PROGRESS, 100.0, False),
        (RESUME, 95.0, False),
        (START, 95.0, False),
        (WATCHED, None, True),
        (WATCHED, 0.0, True),
        (WATCHED, 71.0, True),
    ],
)
def test_a_stop_counts_from_the_threshold_and_watched_always(
    kind: EventKind, percent: float | None, counts: bool
) -> None:
    assert plays([event(kind, 40, percent)]) == ([EVENING + timedelta(minutes=40)] if counts else [])


@pytest.mark.parametrize(("threshold", "counts"), [(79.9, True), (80.0, True), (80.1, False), (100.0, False)])
def test_the_threshold_is_the_one_of_the_rules(threshold: float, counts: bool) -> None:
    assert bool(plays([event(STOP, 40, 80.0)], Rules(threshold=threshold))) is counts


def test_a_stop_whose_runtime_nobody_told_is_no_proof() -> None:
    stop = replace(event(STOP, 40), position_ms=RUNTIME, duration_ms=None)
    assert plays([stop]) == []
    assert plays([replace(stop, duration_ms=0)]) == []


@pytest.mark.parametrize(("milliseconds", "counts"), [(299_999, False), (300_000, True), (300_001, True)])
def test_what_is_shorter_than_the_shortest_title_never_counts(milliseconds: int, counts: bool) -> None:
    (verdict,) = verdicts([event(WATCHED, 5, duration=milliseconds)])
    assert verdict == (Watched(EVENING + timedelta(minutes=5)) if counts else Unwanted("too short"))


def test_a_short_title_stays_short_when_its_last_event_does_not_say_so() -> None:
    assert plays([event(START, 0, 0.0, duration=60_000), event(WATCHED, 1, duration=None)]) == []


def test_an_unknown_runtime_is_not_a_short_one() -> None:
    assert len(plays([event(WATCHED, 40, duration=None)])) == 1


@pytest.mark.parametrize("kind", [k for k in EventKind if k not in PLAYBACK])
def test_what_is_no_playback_changes_nothing(kind: EventKind) -> None:
    before = after(event(START, 0, 0.0))
    session, verdict = fold(before, event(kind, 1), RULES)
    assert session is before
    assert verdict == Unwanted(f"{kind} is not playback")


@pytest.mark.parametrize("kind", PLAYBACK)
def test_what_plays_is_never_unwanted(kind: EventKind) -> None:
    session, verdict = fold(Session(), event(kind, 0, 40.0), RULES)
    assert isinstance(verdict, Noted | Watched)
    assert (session.last_kind, session.last_percent()) == (kind, 40.0)


def test_a_play_has_the_time_of_the_event_that_made_it() -> None:
    watched = event(WATCHED, 41, stated=True)
    assert plays([event(START, 0, 0.0), watched, event(STOP, 45, 99.0)]) == [watched.occurred_at]


def test_a_session_remembers_what_later_events_leave_out() -> None:
    session = after(event(START, 0, 10.0), event(PAUSE, 5, None, duration=None))
    assert session.position_ms == RUNTIME // 10
    assert session.duration_ms == RUNTIME
    assert session.runtime_of(ITEM) == timedelta(minutes=45)
    assert Session().runtime_of(ITEM) == UNKNOWN_RUNTIME
    assert Session().runtime_of(Movie("Paper Boats")) == UNKNOWN_FILM


@pytest.mark.parametrize(
    ("session", "percent"),
    [
        (Session(last_position_ms=900, duration_ms=1000), 90.0),
        (Session(last_position_ms=0, duration_ms=1000), 0.0),
        (Session(last_position_ms=900, duration_ms=1000, last_progress=40.0), 40.0),
        (Session(last_position_ms=900), None),
        (Session(last_position_ms=900, duration_ms=0), None),
        (Session(position_ms=900, duration_ms=1000), None),  # an earlier event said so, and the last one nothing
    ],
)
def test_where_the_last_event_was_is_known_or_not(session: Session, percent: float | None) -> None:
    assert session.last_percent() == percent


def test_a_test_event_is_told_apart_and_changes_nothing() -> None:
    before = after(event(START, 0, 0.0))
    session, verdict = fold(before, replace(event(WATCHED, 40), test=True), RULES)
    assert session is before
    assert verdict == Unwanted(TEST_EVENT)


# -- repeats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "repeat"), [(0, True), (15, True), (15.001, False), (-15, True), (-15.001, False)])
def test_the_same_event_within_15_seconds_is_a_second_hook(seconds: float, repeat: bool) -> None:
    first, second = verdicts([event(PAUSE, 0, 20.0), event(PAUSE, seconds / 60, 20.0)])
    assert first == Noted()
    assert isinstance(second, Duplicate) is repeat


@pytest.mark.parametrize("other", [event(PAUSE, 0.1, 21.0), event(RESUME, 0.1, 20.0), event(PAUSE, 0.1, None)])
def test_another_kind_or_position_is_no_repeat(other: PlaybackEvent) -> None:
    assert verdicts([event(PAUSE, 0, 20.0), other])[1] == Noted()


# -- one viewing or two --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "restarted", "gap"),
    [
        (45, False, 36.0),
        (45, True, 22.5),
        (2, False, 2.0),
        (2, True, 2.0),
        (0.5, False, 2.0),
    ],
)
def test_the_distance_between_two_viewings(minutes: float, restarted: bool, gap: float) -> None:
    runtime = timedelta(minutes=minutes)
    assert viewing_gap(runtime, restarted=restarted) == timedelta(minutes=gap)
    assert viewing_gap(runtime, restarted=restarted) >= SHORTEST_GAP


@pytest.mark.parametrize(
    ("duration", "minutes", "count"),
    [(RUNTIME, 35.99, 1), (RUNTIME, 36, 2), (RUNTIME, -35.99, 1), (RUNTIME, -36, 2), (None, 29.99, 1), (None, 30, 2)],
)
def test_two_reports_are_two_viewings_from_four_fifths_of_the_runtime(
    duration: int | None, minutes: float, count: int
) -> None:
    """Half an hour where nobody knows the runtime."""
    reports = [event(WATCHED, 0, duration=duration), event(WATCHED, minutes, duration=duration)]
    assert len(plays(reports)) == count


@pytest.mark.parametrize(("minutes", "count"), [(22.49, 1), (22.5, 2)])
def test_having_seen_it_start_over_half_the_runtime_is_enough(minutes: float, count: int) -> None:
    assert len(plays([event(WATCHED, 0), event(START, 1, 0.0), event(WATCHED, minutes)])) == count


@pytest.mark.parametrize(
    ("percent", "fresh"), [(None, True), (0.0, True), (4.99, True), (5.0, True), (5.01, False), (96.0, False)]
)
def test_a_start_is_fresh_up_to_5_percent(percent: float | None, fresh: bool) -> None:
    start = event(START, 5, percent)
    assert verdicts([event(WATCHED, 0), start])[1] == (
        Noted() if fresh else Duplicate("still the viewing that is a play already")
    )
    assert after(event(WATCHED, 0), start).restarted is fresh


def test_only_a_start_after_the_end_starts_over() -> None:
    assert not after(event(START, 0, 0.0)).restarted
    assert not after(event(WATCHED, 40), event(START, 0, 0.0)).restarted, "it arrived late"
    assert after(event(WATCHED, 40), event(START, 41, 0.0)).restarted
    assert after(event(WATCHED, 40), event(START, 41, 0.0), event(START, 42, 40.0)).restarted
    assert after(event(WATCHED, 40), event(START, 41, 0.0), event(START, 39, 0.0)).restarted, (
        "the late one changes nothing"
    )
    assert not after(event(WATCHED, 0), event(WATCHED, 500), event(START, 460, 0.0)).restarted, "of the second, late"


def test_what_happens_at_the_moment_of_the_end_is_not_after_it() -> None:
    assert not after(event(WATCHED, 40), event(START, 40, 0.0)).restarted
    session = Session()
    for one in (entered(0), event(START, 0, 0.0), event(PAUSE, 44, 97.0)):
        session, _ = fold(session, one, RULES, one.occurred_at)
    assert isinstance(fold(session, event(STOP, 600, 97.0), RULES)[1], Duplicate)


@pytest.mark.parametrize(("percent", "again"), [(0.0, True), (49.9, True), (50.0, False), (80.0, False), (None, False)])
def test_being_in_the_first_half_long_after_the_end_is_as_good_as_a_start(percent: float | None, again: bool) -> None:
    assert after(event(WATCHED, 0), event(RESUME, 60, percent)).restarted is again


@pytest.mark.parametrize(
    ("told", "minutes"),
    [
        ([(START, 3, None)], 3),
        ([(START, 3, 5.0)], 3),
        ([(START, 3, 60.0)], None),
        ([(PAUSE, 3, 4.0)], 3),
        ([(PROGRESS, 3, 49.9)], 3),
        ([(PROGRESS, 3, 50.0)], None),
        ([(PROGRESS, 3, None)], None),
        ([(PROGRESS, 3, 80.0), (PROGRESS, 9, 20.0)], 9),
        ([(START, 3, 0.0), (PROGRESS, 9, 20.0)], 3),
        ([(START, 3, 0.0), (START, 9, 20.0)], 3),
        ([(PROGRESS, 3, 20.0), (PAUSE, 9, 2.0)], 3),
        ([(PROGRESS, 3, 20.0), (START, 9, 2.0)], 9),
        ([(PROGRESS, 3, 20.0), (START, 9, None)], 9),
        ([(START, 9, 0.0), (START, 3, 0.0)], 9),
        ([(START, 0, 0.0), (WATCHED, 40, 90.0), (RESUME, 100, 20.0)], 100),
        ([(START, 0, 0.0), (WATCHED, 40, 90.0), (RESUME, 100, 20.0), (PROGRESS, 110, 40.0)], 100),
        ([(START, 0, 0.0), (WATCHED, 40, 90.0), (PROGRESS, 41, 10.0), (PROGRESS, 100, 20.0)], 100),
        ([(START, 0, 0.0), (WATCHED, 40, 90.0), (RESUME, 100, 80.0)], None),
    ],
)
def test_a_viewing_begins_in_its_first_half_or_where_it_starts_over(
    told: list[tuple[EventKind, float, float | None]], minutes: float | None
) -> None:
    session = Session()
    for one in (event(*one) for one in told):
        session, _ = fold(session, one, RULES, one.occurred_at)
    assert session.began_at == (None if minutes is None else EVENING + timedelta(minutes=minutes))


def test_a_viewing_begins_again_also_after_an_end_that_nobody_saw() -> None:
    session, _ = fold(Session(), event(START, 0, 0.0), RULES, EVENING)
    session, _ = fold(session, event(WATCHED, 40, 90.0), RULES)
    again = event(RESUME, 100, 20.0)
    session, _ = fold(session, again, RULES, again.occurred_at)
    assert session.began_at == again.occurred_at


def test_a_duplicate_says_why_it_is_one() -> None:
    watched, counted = event(WATCHED, 0), Duplicate("this viewing is a play already")
    assert verdicts([watched, event(STOP, 1, 99.0)])[1] == counted
    assert verdicts([watched, event(PAUSE, 2, 95.0), event(STOP, 600, 97.0)])[2] == counted
    assert verdicts([event(PAUSE, 0, 20.0), event(PAUSE, 0.1, 20.0)])[1] == Duplicate("the same event again")


def test_a_new_finish_ends_the_second_viewing() -> None:
    session = after(event(WATCHED, 0), event(START, 60, 0.0), event(WATCHED, 100))
    assert not session.restarted
    assert session.finishes == (EVENING, EVENING + timedelta(minutes=100))


@pytest.mark.parametrize("stated", [False, True])
def test_the_same_moment_told_again_is_the_same_viewing(stated: bool) -> None:
    again = [event(WATCHED, -10 + seconds / 60, stated=stated) for seconds in (0, 1, -1)]
    assert len(plays([event(WATCHED, -10, stated=stated), event(WATCHED, 300), *again])) == 2


STORIES: list[tuple[str, Sequence[PlaybackEvent], int]] = [
    ("scrobble and then stop", [event(WATCHED, 40), event(STOP, 44, 99.0)], 1),
    ("stop and then scrobble", [event(STOP, 44, 99.0), event(WATCHED, 44.1)], 1),
    ("the stop alone, its scrobble lost", [event(START, 0, 0.0), event(STOP, 42, 93.0)], 1),
    ("stopped before the threshold", [event(START, 0, 0.0), event(STOP, 40, 89.0)], 0),
    ("rewound at the end and seen again", [event(WATCHED, 40), event(START, 41, 80.0), event(WATCHED, 45)], 1),
    ("credits skipped and played on", [event(WATCHED, 40), event(START, 45, 96.0), event(STOP, 46, 99.0)], 1),
    ("two scrobbles three hours apart", [event(WATCHED, 40), event(WATCHED, 220)], 2),
    (
        "watched again at once",
        [event(START, 0, 0.0), event(WATCHED, 40), event(STOP, 45, 99.9), event(START, 46, 0.0), event(WATCHED, 86)],
        2,
    ),
    (
        "paused in the credits over night",
        [event(WATCHED, 40), event(PAUSE, 42, 95.0), event(RESUME, 660, 95.0), event(STOP, 662, 99.0)],
        1,
    ),
    (
        "paused in the credits, and the server ended it",
        [event(WATCHED, 40), event(PAUSE, 42, 95.0), event(STOP, 900, 95.0)],
        1,
    ),
    ("asleep after the scrobble, and the server ended it", [event(WATCHED, 40), event(STOP, 600, 97.0)], 1),
    (
        "stopped late, and the rest seen the next day",
        [event(START, 0, 0.0), event(STOP, 42, 92.0), event(START, 1440, 92.0), event(WATCHED, 1442)],
        1,
    ),
    (
        "stopped late, and the rest seen the next day without another scrobble",
        [event(START, 0, 0.0), event(STOP, 42, 92.0), event(START, 1440, 92.0), event(STOP, 1443, 99.0)],
        1,
    ),
    (
        "watched again on the next day, its scrobble lost",
        [event(WATCHED, 40), event(STOP, 45, 99.0), event(START, 1440, 0.0), event(STOP, 1483, 96.0)],
        2,
    ),
    (
        "watched again on the next day, of which only the middle and the stop came through",
        [event(WATCHED, 40), event(STOP, 45, 99.0), event(PAUSE, 1450, 30.0), event(STOP, 1483, 96.0)],
        2,
    ),
    (
        "scrobbled, and a day later a stop on another player",
        [event(WATCHED, 40, player="tv"), event(STOP, 1480, 96.0, player="phone")],
        2,
    ),
    (
        "scrobbled, and a day later a stop on the same player",
        [event(WATCHED, 40, player="tv"), event(STOP, 1480, 96.0, player="tv")],
        2,
    ),
    (
        "scrobbled, and hours later a stop on another player",
        [event(WATCHED, 40, player="tv"), event(STOP, 240, 96.0, player="phone")],
        2,
    ),
    (
        "asleep after the scrobble, with players that have names",
        [event(WATCHED, 40, player="tv"), event(STOP, 600, 97.0, player="tv")],
        1,
    ),
    (
        "paused in the credits over night, and stopped a day later on the same player",
        [event(WATCHED, 40, player="tv"), event(PAUSE, 42, 95.0, player="tv"), event(STOP, 1480, 96.0, player="tv")],
        1,
    ),
    (
        "paused in the credits, and a day later a stop on another player",
        [event(WATCHED, 40, player="tv"), event(PAUSE, 42, 95.0, player="tv"), event(STOP, 1480, 96.0, player="phone")],
        2,
    ),
    (
        "the rest seen elsewhere on the next day",
        [
            event(WATCHED, 40, player="tv"),
            event(START, 1440, 92.0, player="phone"),
            event(STOP, 1443, 96.0, player="phone"),
        ],
        1,
    ),
    (
        "looked at elsewhere, and then stopped where it was watched",
        [
            event(WATCHED, 40, player="tv"),
            event(START, 200, 92.0, player="phone"),
            event(STOP, 600, 96.0, player="tv"),
        ],
        1,
    ),
    (
        "the end of a viewing with a name, sent again weeks later",
        [event(WATCHED, 40, viewing="a"), event(START, 40_000, 0.0, viewing="a"), event(WATCHED, 40_001, viewing="a")],
        1,
    ),
    (
        "two ends of viewings with names, weeks apart",
        [event(WATCHED, 40, viewing="a"), event(WATCHED, 40_000, viewing="b"), event(WATCHED, 40_001, viewing="b")],
        2,
    ),
    (
        "rewound days later within a viewing with a name, and seen again",
        [
            event(WATCHED, 40, viewing="a"),
            event(PROGRESS, 4_000, 2.0, viewing="a"),
            event(WATCHED, 4_045, viewing="a"),
        ],
        2,
    ),
    (
        "a viewing with a name that another source told of first",
        [event(WATCHED, 40), event(WATCHED, 41, viewing="a"), event(WATCHED, 40_000, viewing="a")],
        1,
    ),
    ("two stops a day apart and nothing else", [event(STOP, 40, 95.0), event(STOP, 1480, 95.0)], 2),
    (
        "watched again over two evenings",
        [
            event(WATCHED, 40),
            event(STOP, 45, 99.0),
            event(START, 1440, 0.0),
            event(STOP, 1455, 33.0),
            event(START, 2880, 33.0),
            event(WATCHED, 2910),
            event(STOP, 2912, 97.0),
        ],
        2,
    ),
    (
        "the last pause before a lost stop, and two weeks later again, its start lost",
        [event(WATCHED, 40), event(PAUSE, 42, 95.0), event(WATCHED, 20_000)],
        2,
    ),
    ("our clock was set back by an hour in the middle", [event(WATCHED, 40), event(STOP, -16, 99.0)], 1),
]


@pytest.mark.parametrize(("story", "events", "count"), STORIES, ids=[story for story, _, _ in STORIES])
def test_every_story_has_the_plays_it_tells_of(story: str, events: Sequence[PlaybackEvent], count: int) -> None:
    assert len(plays(events)) == count
    doubled = [
        copy for one in events for copy in (one, replace(one, occurred_at=one.occurred_at + timedelta(seconds=2)))
    ]
    assert len(plays(doubled)) == count, "two hooks report it"


# -- what holds always ---------------------------------------------------------------------------------------------

moments = st.integers(-3_000_000, 3_000_000).map(lambda seconds: seconds / 60)
events_of_any_kind = st.builds(
    event,
    st.sampled_from(list(EventKind)),
    moments,
    st.none() | st.floats(0, 300),
    duration=st.none() | st.integers(0, 4 * RUNTIME),
    stated=st.booleans(),
)


@given(st.lists(events_of_any_kind, max_size=30))
def test_folding_is_total_and_pure(events: list[PlaybackEvent]) -> None:
    session = Session()
    for one in events:
        before = session
        session, verdict = fold(before, one, RULES)
        assert (session, verdict) == fold(before, one, RULES)
        assert isinstance(verdict, Noted | Watched | Duplicate | Unwanted)
        assert len(session.finishes) <= REMEMBERED
        if isinstance(verdict, Watched):
            assert verdict.at == one.occurred_at
            assert verdict.at in session.finishes


@given(st.lists(events_of_any_kind, max_size=30), events_of_any_kind)
def test_no_event_makes_a_play_twice_in_a_row(events: list[PlaybackEvent], last: PlaybackEvent) -> None:
    """Whatever happened before, and however old the viewing is that was reported just now."""
    assert not any(isinstance(verdict, Watched) for verdict in verdicts([last, last], session=after(*events, last)))


@given(st.data())
def test_many_viewings_reported_again_later_are_the_same_viewings(data: st.DataObject) -> None:
    days = data.draw(st.lists(st.integers(0, 400), unique=True, max_size=REMEMBERED))
    reports = [event(WATCHED, 1440 * day) for day in days]
    again = data.draw(st.permutations(reports))
    assert len(plays([*reports, *again])) == len(days)


def test_a_viewing_reported_late_is_remembered_as_well_as_the_newest() -> None:
    newest = [event(WATCHED, 100 * n) for n in range(REMEMBERED)]
    late = event(WATCHED, -5000)
    assert len(plays([*newest, late, late])) == REMEMBERED + 1


def viewing(data: st.DataObject, start: float, *, rests: bool) -> list[PlaybackEvent]:
    """One viewing from the beginning to beyond the threshold, in its own order; ``rests`` allows long pauses."""
    marks = sorted(data.draw(st.lists(st.floats(1, 89), max_size=4)))
    clock = start
    found = [event(START, clock, 0.0)]
    position = 0.0
    for mark in marks:
        clock += 0.45 * (mark - position)
        position = mark
        found.append(event(PAUSE, clock, mark))
        clock += data.draw(st.floats(0, 600)) if rests else 0.1
        found.append(event(RESUME, clock, mark))
    clock += 0.45 * (90 - position)
    end = data.draw(st.floats(90, 100))
    finishes = data.draw(st.sampled_from(["both", "watched", "stop"]))
    if finishes != "stop":
        found.append(event(WATCHED, clock, data.draw(st.none() | st.floats(60, 90))))
    if rests and data.draw(st.booleans()):
        found.append(event(PAUSE, clock + 0.45 * (end - 90), end))
        clock += data.draw(st.floats(0, 700))  # a stop that comes more than twelve hours later is told of another
        if data.draw(st.booleans()):
            found.append(event(RESUME, clock + 0.45 * (end - 90), end))
    if finishes != "watched":
        found.append(event(STOP, clock + 0.45 * (end - 90), end))
    return found


def reported(data: st.DataObject, events: Sequence[PlaybackEvent]) -> list[PlaybackEvent]:
    """As they arrive: from one hook or two, each report a few seconds late, so that neighbours change places."""
    arrivals = []
    for one in events:
        for late in data.draw(st.lists(st.floats(0, 8), min_size=1, max_size=3)):
            arrivals.append(replace(one, occurred_at=one.occurred_at + timedelta(seconds=late)))
    return sorted(arrivals, key=lambda arrival: arrival.occurred_at)


@given(st.data())
def test_one_viewing_is_exactly_one_play(data: st.DataObject) -> None:
    assert len(plays(reported(data, viewing(data, 0, rests=True)))) == 1


@given(st.data())
def test_one_viewing_in_any_order_is_exactly_one_play(data: st.DataObject) -> None:
    """Events with their own times, shuffled at will and repeated."""
    told = viewing(data, 0, rests=False)
    repeats = data.draw(st.lists(st.sampled_from(told), max_size=6))
    assert len(plays(data.draw(st.permutations([*told, *repeats])))) == 1


@given(st.data())
def test_two_viewings_are_exactly_two_plays(data: st.DataObject) -> None:
    """The second begins half an hour after the end of the first, or later."""
    first = viewing(data, 0, rests=True)
    ended = max((one.occurred_at - EVENING) / timedelta(minutes=1) for one in first)
    second = viewing(data, ended + 30 + data.draw(st.floats(0, 100_000)), rests=True)
    assert len(plays([*reported(data, first), *reported(data, second)])) == 2


@given(st.data())
def test_reports_alone_are_two_plays_when_the_runtime_lies_between_them(data: st.DataObject) -> None:
    """Nothing but "watched" came through."""
    minutes = data.draw(st.floats(45, 100_000))
    assert len(plays([event(WATCHED, 0), event(WATCHED, minutes)])) == 2


# -- a stop, and nothing before it ---------------------------------------------------------------------------------

LISTING = Rules(listed=True)


@pytest.mark.parametrize(
    ("player", "hours", "same"),
    [
        ("tv", 12, True),
        ("tv", 12.01, False),
        ("phone", 1, False),
        ("phone", 12, False),
        ("", 12, True),
        ("", 13, False),
    ],
)
def test_a_lone_stop_belongs_to_a_past_viewing_on_its_player_and_within_half_a_day(
    player: str, hours: float, same: bool
) -> None:
    events = [event(WATCHED, 0, player="tv"), event(STOP, 60 * hours, 96.0, player=player)]
    assert timedelta(hours=12) == STOP_WITHIN
    assert len(plays(events)) == (1 if same else 2)
    assert verdicts(events, LISTING)[1] == (Duplicate("this viewing is a play already") if same else Noted(LISTED))


def test_the_time_runs_from_the_last_end_and_on_the_player_of_that_one() -> None:
    again = [event(WATCHED, 0, player="tv"), event(STOP, 600, 96.0, player="tv")]
    elsewhere = [event(WATCHED, 0, player="tv"), event(WATCHED, 900, player="phone")]
    assert after(*again).ended_on == "tv"
    assert len(plays([*elsewhere, event(STOP, 1500, 96.0, player="phone")])) == 2
    assert len(plays([*elsewhere, event(STOP, 1500, 96.0, player="tv")])) == 3
    assert len(plays([*elsewhere, event(STOP, 1700, 96.0, player="phone")])) == 3


def test_a_player_that_told_of_the_end_and_not_its_name_may_be_any() -> None:
    assert len(plays([event(WATCHED, 0), event(STOP, 600, 96.0, player="tv")])) == 1
    assert len(plays([event(WATCHED, 0, player="tv"), entered(200), event(STOP, 600, 96.0, player="phone")])) == 2


def test_what_the_server_lists_leaves_only_a_lone_stop_open() -> None:
    begun = [event(WATCHED, 0), event(START, 1400, 0.0, player="a"), event(STOP, 1440, 96.0, player="a")]
    assert [type(verdict) for verdict in verdicts(begun, LISTING)] == [Watched, Noted, Watched]
    over = [event(WATCHED, 0), event(STOP, 2, 96.0), event(STOP, 1440, 96.0, player="a")]
    assert [type(verdict) for verdict in verdicts(over, LISTING)] == [Watched, Duplicate, Watched]
    alone = [event(STOP, 0, 96.0, player="a")]
    assert [type(verdict) for verdict in verdicts(alone, LISTING)] == [Watched]
    reported = [event(WATCHED, 0, player="a"), event(WATCHED, 1440, player="b")]
    assert [type(verdict) for verdict in verdicts(reported, LISTING)] == [Watched, Watched]


lone_stops = st.builds(
    event,
    st.just(STOP),
    st.floats(721, 100_000) | st.floats(45, 100_000),
    st.floats(90, 100),
    player=st.sampled_from(["tv", "phone"]),
)


@given(st.data(), lone_stops)
def test_a_lone_stop_from_elsewhere_or_long_after_is_never_the_end_of_what_is_over(
    data: st.DataObject, stop: PlaybackEvent
) -> None:
    """Whatever came before the end; with nobody to ask it is a viewing, and else what the server lists decides."""
    first = [replace(one, player="tv") for one in viewing(data, -45, rests=False) if one.kind is not STOP]
    if not any(one.kind is WATCHED for one in first):
        first.append(event(WATCHED, 0, player="tv"))
    elsewhere = stop.player == "phone"
    late = stop.occurred_at - first[-1].occurred_at > STOP_WITHIN
    assert len(plays([*first, stop])) == (2 if elsewhere or late else 1)
    assert len(plays([*first, stop], LISTING)) == 1
    listed = replace(stop, kind=WATCHED, entered=True, player="", position_ms=None)
    assert len(plays([*first, stop, listed], LISTING)) == (2 if elsewhere or late else 1), "and never three"


# -- progress instead of positions, and what is entered beside any playback ------------------------------------------


def told(kind: EventKind, minutes: float, progress: float | None, item: Item = ITEM) -> PlaybackEvent:
    """As a source tells it that knows percent and nothing else."""
    return replace(event(kind, minutes, duration=None), progress=progress, item=item)


def entered(minutes: float, item: Item = ITEM, *, dated: bool = True) -> PlaybackEvent:
    return replace(event(WATCHED, minutes, duration=None), entered=True, dated=dated, item=item)


FILM = Movie("Paper Boats", 2019)


@pytest.mark.parametrize(("progress", "percent"), [(50.0, 50.0), (-1.0, 0.0), (101.0, 100.0), (None, None)])
def test_progress_that_is_told_is_the_percentage(progress: float | None, percent: float | None) -> None:
    assert told(STOP, 0, progress).percent == percent
    assert replace(event(STOP, 0, 20.0), progress=progress).percent == (20.0 if percent is None else percent)


@pytest.mark.parametrize(("progress", "counts"), [(79.99, False), (80.0, True), (100.0, True), (None, False)])
def test_a_stop_counts_by_the_progress_it_tells(progress: float | None, counts: bool) -> None:
    assert bool(plays([told(START, 0, 0.0), told(STOP, 40, progress)], Rules(threshold=80.0))) is counts


def test_another_progress_is_no_repeat() -> None:
    events = [told(PAUSE, 0, 20.0), told(PAUSE, 0.1, 20.0), told(PAUSE, 0.2, 20.5), told(PAUSE, 0.3, None)]
    assert [type(verdict) for verdict in verdicts(events)] == [Noted, Duplicate, Noted, Noted]


@pytest.mark.parametrize(("progress", "count"), [(95.0, 1), (90.0, 1), (89.9, 2), (70.0, 2), (None, 2)])
def test_a_finish_long_after_a_pause_near_the_end_is_the_same_viewing(progress: float | None, count: int) -> None:
    """The runtime is not known, so half an hour is far."""
    assert len(plays([told(STOP, 0, 95.0), told(PAUSE, 1, progress), told(WATCHED, 31, None)])) == count


@pytest.mark.parametrize(
    ("item", "minutes", "count"), [(ITEM, 37.5, 1), (ITEM, 37.6, 2), (FILM, 90, 1), (FILM, 90.1, 2)]
)
def test_the_credits_are_seen_within_a_runtime_of_the_pause_before_them(item: Item, minutes: float, count: int) -> None:
    events = [told(STOP, 0, 95.0, item), told(PAUSE, 10, 95.0, item), told(WATCHED, 10 + minutes, None, item)]
    assert len(plays(events)) == count


@pytest.mark.parametrize(
    ("item", "minutes", "count"), [(ITEM, 29.9, 1), (ITEM, 30, 2), (FILM, 71.9, 1), (FILM, 72, 2), (FILM, -72, 2)]
)
def test_a_film_of_unknown_length_lasts_longer_than_an_episode(item: Item, minutes: float, count: int) -> None:
    assert len(plays([told(STOP, 0, 95.0, item), told(STOP, minutes, 96.0, item)])) == count
    assert len(plays([entered(0, item), entered(minutes, item)])) == count


@pytest.mark.parametrize(("item", "minutes"), [(FILM, 90), (ITEM, 37.5), (None, 37.5)])
def test_where_no_runtime_is_told_the_usual_one_counts(item: Item | None, minutes: float) -> None:
    assert usual_runtime(item) == Session().runtime_of(item) == timedelta(minutes=minutes)
    assert Session(duration_ms=RUNTIME).runtime_of(item) == timedelta(minutes=45)


def test_what_is_entered_leaves_what_plays_as_it_is() -> None:
    """Years of old plays come in while somebody watches; the stop without a start is a viewing of its own."""
    before = after(told(START, 0, 0.0), told(PAUSE, 5, 30.0))
    session, verdict = fold(before, entered(-500_000), RULES)
    assert verdict == Watched(EVENING - timedelta(minutes=500_000))
    assert replace(session, finishes=()) == before
    assert len(plays([entered(-500_000), told(STOP, 0, 95.0)])) == 2


def test_entered_and_played_are_one_viewing_whichever_comes_first() -> None:
    assert len(plays([told(STOP, 0, 95.0), entered(1), entered(-1), entered(0)])) == 1
    assert len(plays([entered(0), told(STOP, 1, 95.0)])) == 1
    assert len(plays([entered(0), told(START, 1, 0.0), entered(20)])) == 1, "a start afterwards brings them no closer"


@pytest.mark.parametrize("dated", [True, False])
def test_a_short_title_that_a_server_lists_is_too_short_and_one_that_somebody_marked_is_not(dated: bool) -> None:
    """A lost webhook must not make a play of what it would not have made one of."""
    listed = replace(entered(0, dated=dated), duration_ms=299_999)
    session, verdict = fold(Session(), listed, RULES)
    assert (session, verdict) == (Session(), Unwanted("too short"))
    assert plays([replace(listed, duration_ms=300_000)]) == [EVENING]
    assert plays([replace(listed, duration_ms=None)]) == [EVENING]
    assert plays([replace(listed, marked=True)]) == [EVENING]


def test_there_is_one_play_without_a_date() -> None:
    events = [entered(0, dated=False), entered(500, dated=False), entered(500), told(STOP, 600, 95.0)]
    undated, again, *others = verdicts(events)
    assert (undated, again) == (Watched(EVENING), Duplicate("a viewing at an unknown time is a play already"))
    assert others == [Watched(EVENING + timedelta(minutes=minutes)) for minutes in (500, 600)]


def test_a_mark_without_a_date_says_nothing_new_of_what_was_watched_before() -> None:
    mark = replace(entered(500, dated=False), marked=True)
    known = Duplicate("it is marked as watched, and a viewing of it is a play already")
    assert verdicts([told(STOP, 0, 95.0), mark, replace(mark, dated=True)]) == [
        Watched(EVENING),
        known,
        Watched(mark.occurred_at),
    ]
    assert verdicts([mark]) == [Watched(mark.occurred_at)]
    assert verdicts([told(STOP, 0, 95.0), replace(mark, marked=False)])[1] == Watched(mark.occurred_at)


def test_what_is_entered_twice_says_that_it_was_counted() -> None:
    assert verdicts([entered(0), entered(1)])[1] == Duplicate("this viewing is a play already")

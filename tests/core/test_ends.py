"""Which ends are of one viewing, and where a viewing is that nobody ended."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from scrobbled.core.naming.items import Movie, Origin
from scrobbled.core.watching.ends import UNTOLD_RUNTIME, fallen_silent, span_of, still_to_come
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.rules import RuleLevel, Special, counts, rules_of
from scrobbled.core.watching.sessions import Duplicate, Noted, Rules, Session, Watched

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RUNTIME = 100 * MINUTE
FILM = Movie("Harbour Atlas", 2019)
RULES = Rules()


def event(kind: EventKind, percent: float | None, minutes: float, **more: object) -> PlaybackEvent:
    length = round(RUNTIME.total_seconds() * 1000)
    told = PlaybackEvent("plex", kind, NOW + minutes * MINUTE, item=FILM, duration_ms=length, progress=percent)
    return replace(told, **more)  # type: ignore[arg-type]


def after(*events: PlaybackEvent) -> Session:
    session = Session()
    for one in events:
        session, _ = fold(session, one, RULES, one.occurred_at)
    return session


START = event(EventKind.START, 0, 0)


def test_an_end_near_another_is_the_same_and_one_a_runtime_away_is_not() -> None:
    end = event(EventKind.STOP, 95, 95)
    span = span_of(Session(), after(end), end)
    assert (span.first, span.last) == (end.occurred_at - 80 * MINUTE, end.occurred_at + 80 * MINUTE)
    assert span.gap == 80 * MINUTE
    assert span.duration_ms == 6_000_000


def test_what_was_counted_while_it_was_watched_is_the_same_however_long_it_took() -> None:
    before, end = after(START, event(EventKind.PAUSE, 96, 96)), event(EventKind.STOP, 96, 600)
    assert span_of(before, before, end).first == NOW + 30 * MINUTE, "just after the beginning nobody has seen it"
    a_day_later = event(EventKind.STOP, 96, 24 * 60)
    assert span_of(before, before, a_day_later).first == NOW + 30 * MINUTE


@pytest.mark.parametrize(
    ("before", "end"),
    [
        (after(event(EventKind.RESUME, 96, 0)), event(EventKind.STOP, 96, 600)),
        (after(START), event(EventKind.STOP, 96, 25 * 60)),
        (after(START), event(EventKind.WATCHED, None, 600, entered=True)),
    ],
    ids=["not seen to begin", "longer than a day", "entered by hand"],
)
def test_where_it_began_is_not_known_only_the_distance_counts(before: Session, end: PlaybackEvent) -> None:
    assert span_of(before, before, end).first == end.occurred_at - 80 * MINUTE


def test_an_end_that_is_told_late_does_not_swallow_the_viewing_that_began_since() -> None:
    session = after(START, event(EventKind.PAUSE, 60, 60))
    session, verdict = fold(session, event(EventKind.WATCHED, None, -120, entered=True), RULES, NOW + 70 * MINUTE)
    assert isinstance(verdict, Watched)
    assert isinstance(fold(session, event(EventKind.STOP, 97, 100), RULES, NOW + 100 * MINUTE)[1], Watched)


@pytest.mark.parametrize(
    ("last", "left"),
    [
        (event(EventKind.START, 0, 0), RUNTIME),
        (event(EventKind.PAUSE, 75, 75), 25 * MINUTE),
        (event(EventKind.PROGRESS, 300, 75), timedelta()),
        (event(EventKind.RESUME, None, 75), RUNTIME),
        (event(EventKind.RESUME, 75, 75, duration_ms=None), UNTOLD_RUNTIME),
        (event(EventKind.STOP, 75, 75), None),
        (event(EventKind.WATCHED, 90, 75), None),
    ],
)
def test_how_long_the_end_may_take_is_what_is_left(last: PlaybackEvent, left: timedelta | None) -> None:
    assert still_to_come(after(last)) == left


def test_a_viewing_that_fell_silent_near_its_end_was_watched_when_it_was_last_heard() -> None:
    last = event(EventKind.PROGRESS, 91, 91)
    ended, verdict = fallen_silent(after(START, last), last, RULES, last.occurred_at)
    assert verdict == Watched(last.occurred_at, witnessed=True)
    assert ended.finishes == (last.occurred_at,)
    assert ended.last_kind is EventKind.PROGRESS
    assert still_to_come(ended) is None
    late = fold(ended, event(EventKind.STOP, 92, 700), RULES, NOW + 700 * MINUTE)[1]
    assert isinstance(late, Duplicate)


@pytest.mark.parametrize("percent", [90, 99])
def test_what_is_over_keeps_its_place_and_nothing_of_its_beginning(percent: float) -> None:
    first = event(EventKind.WATCHED, None, -300)
    last = event(EventKind.PAUSE, percent, percent)
    session = after(first, START, last)
    assert session.restarted
    ended, _ = fallen_silent(session, last, RULES, last.occurred_at)
    finishes = (first.occurred_at, last.occurred_at)
    assert ended == replace(session, finishes=finishes, restarted=False, seen_from=None, began_at=None)


def test_what_fell_silent_ended_on_the_player_that_was_heard_last() -> None:
    last = replace(event(EventKind.PAUSE, 95, 95), player="tv")
    ended, _ = fallen_silent(after(START, last), last, RULES, last.occurred_at)
    assert ended.ended_on == "tv"
    stops = [replace(event(EventKind.STOP, 96, minutes), player="phone") for minutes in (95 + 600, 95 + 1440)]
    assert [type(fold(ended, stop, RULES)[1]) for stop in stops] == [Watched, Watched]


def test_what_fell_silent_is_over_for_whatever_else_is_told_of_that_viewing() -> None:
    last = event(EventKind.PAUSE, 95, 95, viewing="a")
    ended, _ = fallen_silent(after(START, last), last, RULES, last.occurred_at)
    ends = [event(EventKind.WATCHED, 100, 5000, viewing=name) for name in ("a", "b")]
    assert [type(fold(ended, end, RULES)[1]) for end in ends] == [Duplicate, Watched]


def test_it_was_where_the_player_was_last_whoever_spoke_after_that() -> None:
    """A position whose length was told before, and then somebody enters a viewing of another day."""
    last = event(EventKind.PROGRESS, None, 91, position_ms=5_460_000, duration_ms=None)
    mark = event(EventKind.WATCHED, None, -5000, entered=True, duration_ms=60_000)
    session = after(START, last, mark)
    for word in (last, mark):
        assert fallen_silent(session, word, RULES, NOW + 91 * MINUTE)[1] == Watched(last.occurred_at, witnessed=True)


@pytest.mark.parametrize(("hours", "again"), [(11, False), (24, False), (25, True)])
def test_who_says_the_next_morning_that_it_was_watched_means_the_viewing_that_fell_silent(
    hours: float, again: bool
) -> None:
    """Paused in the credits over night; the server counts it only when it is stopped."""
    pause = event(EventKind.PAUSE, 95, 95)
    ended, _ = fallen_silent(after(START, pause), pause, RULES, pause.occurred_at)
    verdict = fold(ended, event(EventKind.WATCHED, None, 95 + hours * 60), RULES)[1]
    assert isinstance(verdict, Watched) is again


@pytest.mark.parametrize("percent", [89.9, None])
def test_one_that_was_not_near_its_end_stays_as_it_was(percent: float | None) -> None:
    last = event(EventKind.PROGRESS, percent, 91)
    session = after(START, last)
    assert fallen_silent(session, last, RULES, NOW) == (session, Noted())


def test_a_stop_that_the_server_says_came_too_early_counts_only_against_a_word_of_our_own() -> None:
    stop = event(EventKind.STOP, 96, 96, unfinished=True)
    assert fold(Session(), stop, RULES)[1] == Noted()
    assert isinstance(fold(Session(), stop, Rules(95.0, own=True))[1], Watched)
    assert isinstance(fold(Session(), replace(stop, kind=EventKind.WATCHED), RULES)[1], Watched)


def test_the_first_that_says_something_says_what_holds() -> None:
    films = Special(media="movie", threshold=80.0)
    shorts = Special(libraries=frozenset({"shorts"}), min_duration_ms=30_000, count=False)
    levels = (RuleLevel(), RuleLevel((shorts, films), None, 60_000), RuleLevel((), 90.0, 300_000))
    assert rules_of(levels, FILM) == Rules(80.0, 60_000, own=True)
    assert rules_of(levels, None) == Rules(90.0, 60_000)
    assert rules_of((RuleLevel((), 70.0), *levels), FILM) == Rules(70.0, 60_000, own=True)
    assert rules_of((), None) == Rules()
    assert rules_of((), None, listed=True) == Rules(listed=True)
    short = replace(FILM, origin=Origin("nas", "7", library=" Shorts "))
    assert rules_of(levels, short) == Rules(90.0, 30_000)
    assert not counts(levels, short)
    assert counts(levels, replace(short, origin=Origin("nas", "7", library="Films")))
    assert counts(levels, replace(short, origin=Origin("nas", "7")))
    assert counts(levels, FILM)
    assert not counts((RuleLevel((Special(count=False),)), *levels), FILM)
    assert counts((RuleLevel((Special(count=True),)), RuleLevel((Special(count=False),))), FILM)

"""Folding anew beside plays that are there: every end has one play, and no play stands for two viewings."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.naming.identity import same_item
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.fold import REMEMBERED, fold
from scrobbled.core.watching.refold import PlayThere, RefoldEvent, learned, refold
from scrobbled.core.watching.sessions import Duplicate, Rules, Session, Unwanted, Watched

NOON = datetime(2026, 11, 14, 12, 0, tzinfo=UTC)
FILM = Movie("Harbour Atlas", 2019)
LENGTH = 2_700_000
RULES = Rules()


def event(kind: EventKind, minutes: float, percent: float | None = None) -> PlaybackEvent:
    position = None if percent is None else round(LENGTH * percent / 100)
    at = NOON + timedelta(minutes=minutes)
    return PlaybackEvent("plex", kind, at, item=FILM, position_ms=position, duration_ms=LENGTH)


def step(id_: int, one: PlaybackEvent, play: PlayThere | None = None) -> RefoldEvent:
    return RefoldEvent(id_, one, one.occurred_at, play)


streams = st.lists(
    st.builds(
        event,
        st.sampled_from((EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP, EventKind.WATCHED)),
        st.integers(0, 2000),
        st.sampled_from((None, 0, 40, 70, 89, 95)),
    ),
    max_size=20,
)


@given(streams)
def test_with_the_plays_that_live_folding_made_nothing_is_missing(stream: list[PlaybackEvent]) -> None:
    session, steps = Session(), []
    for id_, one in enumerate(stream):
        session, verdict = fold(session, one, RULES, one.occurred_at)
        steps.append(step(id_, one, PlayThere(verdict.at) if isinstance(verdict, Watched) else None))
    found = refold(steps, RULES)
    assert found.missing == ()
    assert found.session == session


@given(streams, st.sampled_from((50.0, 80.0, 99.0)))
def test_what_is_missing_is_there_once_it_was_added(stream: list[PlaybackEvent], threshold: float) -> None:
    rules = Rules(threshold)
    steps = [step(id_, one) for id_, one in enumerate(stream)]
    missing = {ending.step.id: PlayThere(ending.verdict.at) for ending in refold(steps, rules).missing}
    again = refold([step(one.id, one.event, missing.get(one.id)) for one in steps if one.event], rules)
    assert again.missing == ()


def test_a_play_that_is_counted_late_stands_for_the_end_that_would_count_today() -> None:
    stop, on, end = event(EventKind.STOP, 0, 80), event(EventKind.RESUME, 600, 80), event(EventKind.STOP, 620, 97)
    steps = [step(1, stop), step(2, on), step(3, end, PlayThere(end.occurred_at))]
    found = refold(steps, Rules(75.0))
    assert isinstance(found.verdicts[3], Duplicate)
    assert found.missing == ()


def test_a_play_that_would_not_count_today_is_known_all_the_same() -> None:
    stop = event(EventKind.STOP, 0, 85)
    steps = [step(1, stop, PlayThere(stop.occurred_at)), step(2, event(EventKind.WATCHED, 10))]
    assert refold(steps, Rules(99.0)).missing == ()


def test_a_play_that_would_not_count_today_takes_nothing_from_another_end() -> None:
    end, stop = event(EventKind.WATCHED, 0), event(EventKind.STOP, 300, 85)
    found = refold([step(1, end), step(2, stop, PlayThere(stop.occurred_at))], Rules(99.0))
    assert [ending.step.id for ending in found.missing] == [1]


def test_a_play_that_is_a_duplicate_today_may_be_the_only_one_left() -> None:
    steps = [RefoldEvent(1, None, NOON, PlayThere(NOON), kind=EventKind.WATCHED)]
    second = event(EventKind.WATCHED, 5)
    found = refold([*steps, step(2, second, PlayThere(second.occurred_at))], RULES)
    assert (found.missing, found.session.finishes) == ((), (NOON, second.occurred_at))


def test_a_play_stands_for_the_end_that_lies_nearest_to_it() -> None:
    ends = [event(EventKind.WATCHED, minutes) for minutes in (0, 200, 400)]
    late = event(EventKind.STOP, 210, 99)
    found = refold([*map(step, (1, 2, 3), ends), step(4, late, PlayThere(late.occurred_at))], RULES)
    assert [ending.step.id for ending in found.missing] == [1, 3]


@pytest.mark.parametrize(
    ("events", "minutes"),
    [
        ([event(EventKind.WATCHED, 200)], 36),
        ([event(EventKind.START, 100, 0), event(EventKind.WATCHED, 200)], 22.5),
        ([event(EventKind.START, 100, 0), replace(event(EventKind.WATCHED, 200), entered=True)], 36),
        ([replace(event(EventKind.WATCHED, 200), entered=True)], 36),
        ([replace(event(EventKind.WATCHED, 200), duration_ms=LENGTH * 2)], 72),
    ],
    ids=["plain", "seen to begin again", "written down meanwhile", "written down", "of another length"],
)
def test_an_end_says_how_near_another_end_is_the_same(events: list[PlaybackEvent], minutes: float) -> None:
    begun = [event(EventKind.START, 0, 0), event(EventKind.WATCHED, 40)]
    *_, ending = refold(list(map(step, range(9), [*begun, *events])), RULES).missing
    assert ending.step.event == events[-1]
    assert ending.verdict.at == events[-1].occurred_at
    assert ending.gap == timedelta(minutes=minutes)


@pytest.mark.parametrize(("item", "minutes"), [(FILM, 72), (Episode("Harbour Lights", 2, 5), 30)])
def test_without_a_runtime_an_end_goes_by_what_is_usual(item: Item, minutes: float) -> None:
    (ending,) = refold([step(1, replace(event(EventKind.WATCHED, 0), item=item, duration_ms=None))], RULES).missing
    assert (ending.duration_ms, ending.gap) == (None, timedelta(minutes=minutes))
    (ending,) = refold([step(1, replace(event(EventKind.WATCHED, 0), item=item))], RULES).missing
    assert ending.duration_ms == LENGTH


def test_an_event_whose_body_is_gone_is_still_the_last_one() -> None:
    """The stop in the morning belongs to the viewing that was paused in the credits."""
    gone = RefoldEvent(2, None, NOON + timedelta(minutes=2), kind=EventKind.PAUSE)
    assert refold([gone], RULES).session == Session(last_kind=EventKind.PAUSE, last_at=gone.received_at)
    assert refold([RefoldEvent(1, None, NOON)], RULES).session == Session(), "it was somebody else's"
    end = event(EventKind.WATCHED, 0)
    morning = step(3, event(EventKind.STOP, 600, 97))
    assert refold([step(1, end, PlayThere(end.occurred_at)), gone, morning], RULES).missing == ()


def test_a_play_whose_event_is_gone_still_counts() -> None:
    known = RefoldEvent(1, None, NOON, PlayThere(NOON), kind=EventKind.WATCHED)
    found = refold([known, step(2, event(EventKind.WATCHED, 5))], RULES)
    assert found.missing == ()
    assert len(refold([known, step(2, event(EventKind.WATCHED, 500))], RULES).missing) == 1


def test_what_a_viewer_does_not_want_is_never_missing() -> None:
    steps = [RefoldEvent(1, event(EventKind.WATCHED, 0), NOON, unwanted="library")]
    found = refold(steps, RULES)
    assert (found.missing, found.verdicts) == ((), {1: Unwanted("library")})
    assert refold([RefoldEvent(1, None, NOON)], RULES).verdicts == {}


def test_a_session_learns_an_end_and_forgets_the_oldest() -> None:
    begun = Session(restarted=True, last_at=NOON, last_kind=EventKind.START)
    assert learned(begun, PlayThere(NOON - timedelta(days=1))).restarted
    assert not learned(begun, PlayThere(NOON + timedelta(minutes=1))).restarted
    assert not learned(begun, PlayThere(NOON)).restarted, "the last event ended it"
    assert learned(begun, PlayThere(None)).undated
    assert learned(Session(ended_on="tv"), PlayThere(NOON)).ended_on == "", "nobody said on which player"
    full = Session(finishes=tuple(NOON + timedelta(days=n) for n in range(REMEMBERED)))
    after = learned(full, PlayThere(NOON + timedelta(days=99)))
    assert (len(after.finishes), after.finishes[0]) == (REMEMBERED, NOON + timedelta(days=1))
    assert learned(after, PlayThere(NOON + timedelta(days=99))) == after


# Whether two items are the same

EPISODE = Episode("Harbour Lights", 2, 5, "Low Tide", show_ids=ShowIds(tvdb=1), ids=EpisodeIds(tvdb=2))


def test_an_id_that_both_know_decides() -> None:
    other = Episode("Hafenlichter", 3, 1, ids=EpisodeIds(tvdb=2))
    assert same_item(EPISODE, other)
    assert not same_item(EPISODE, Episode("Harbour Lights", 2, 5, ids=EpisodeIds(tvdb=9)))
    assert same_item(Movie("A", 1, MovieIds(tmdb=7)), Movie("B", 2, MovieIds(tmdb=7)))


def test_without_a_common_id_names_and_numbers_decide() -> None:
    assert same_item(EPISODE, Episode("harbour  lights", 2, 5, ids=EpisodeIds(tmdb=3)))
    assert not same_item(EPISODE, Episode("Harbour Lights", 2, 6))
    assert not same_item(EPISODE, Episode("Harbour Lights", 2, 5, show_ids=ShowIds(tvdb=8)))
    assert not same_item(Movie("Harbour", 2019), Movie("Harbour", 2021))
    assert not same_item(Movie("Harbour", 2019), EPISODE)
    assert not same_item(Movie(""), Movie(""))


def test_an_id_that_differs_outweighs_every_name() -> None:
    assert not same_item(EPISODE, Episode("Harbour Lights", 2, 5, ids=EpisodeIds(tvdb=9), show_ids=ShowIds(tvdb=1)))
    both = Episode("", 9, 9, ids=EpisodeIds(tvdb=2, tmdb=4))
    assert same_item(replace(EPISODE, ids=EpisodeIds(tvdb=2, tmdb=3)), both), "one that agrees outweighs that"
    assert not same_item(Movie("A", 2019, MovieIds(tmdb=7)), Movie("A", 2019, MovieIds(tmdb=8)))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Movie("Harbour", 2019), Movie("HARBOUR!", 2019), True),
        (Movie("Harbour", 2019), Movie("Salt Flats", 2019), False),
        (Movie("Harbour"), Movie("Harbour", 2019), False),
        (Movie("…", 2019), Movie("???", 2019), False),
        (Movie("Harbour", 2019, MovieIds(tmdb=7)), Movie("Harbour", 2019, MovieIds(imdb="tt7")), True),
    ],
)
def test_films_without_a_common_id_go_by_title_and_year(one: Movie, other: Movie, same: bool) -> None:
    assert same_item(one, other) is same


NIGHT = date(2026, 11, 14)
NUMBERED, AIRED = Episode("Harbour", 2, 5, "Ebb", air_date=NIGHT), Episode("Harbour", None, None, "Ebb", air_date=NIGHT)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (NUMBERED, Episode("Harbour", 2, 5, "Wake", air_date=date(2020, 1, 1)), True),  # numbers before all else
        (NUMBERED, replace(NUMBERED, number=6), False),
        (NUMBERED, replace(NUMBERED, season=1), False),
        (NUMBERED, replace(NUMBERED, show_title="Salt Flats"), False),
        (replace(NUMBERED, show_title=""), replace(NUMBERED, show_title=""), False),
        (
            replace(NUMBERED, show_title="A", show_ids=ShowIds(tmdb=1)),
            replace(NUMBERED, show_ids=ShowIds(tmdb=1)),
            True,
        ),
        (NUMBERED, AIRED, True),
        (NUMBERED, replace(AIRED, title=None), True),  # of that day
        (NUMBERED, replace(AIRED, air_date=date(2020, 1, 1)), True),  # of that title
        (NUMBERED, replace(AIRED, title="Wake", air_date=date(2020, 1, 1)), False),
        (NUMBERED, replace(AIRED, title="Wake"), False),  # two of one evening
        (NUMBERED, replace(AIRED, title="Wake", air_date=None), False),
        (NUMBERED, replace(AIRED, air_date=None), True),
        (replace(NUMBERED, air_date=None, title="Wake"), replace(AIRED, air_date=None), False),
        (replace(NUMBERED, title="Episode 5", air_date=None), replace(AIRED, title="Episode 5"), False),
        (replace(NUMBERED, title=None, air_date=None), replace(AIRED, title=None, air_date=None), False),
    ],
)
def test_episodes_without_a_common_id_go_by_show_and_place(one: Episode, other: Episode, same: bool) -> None:
    assert same_item(one, other) is same
    assert same_item(other, one) is same


items = st.one_of(
    st.builds(
        Movie,
        st.sampled_from(("", "A", "B")),
        st.sampled_from((None, 1, 2)),
        st.builds(MovieIds, tmdb=st.sampled_from((None, 1, 2))),
    ),
    st.builds(
        Episode,
        st.sampled_from(("", "A", "B")),
        st.sampled_from((None, 0, 1)),
        st.sampled_from((None, 0, 1)),
        st.sampled_from((None, "X", "Episode 1")),
        ids=st.builds(EpisodeIds, tmdb=st.sampled_from((None, 1, 2)), tvdb=st.sampled_from((None, 1, 2))),
        show_ids=st.builds(ShowIds, tmdb=st.sampled_from((None, 1))),
    ),
)


@given(items, items)
def test_sameness_has_no_direction(one: Item, other: Item) -> None:
    assert same_item(one, other) == same_item(other, one)

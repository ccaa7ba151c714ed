"""Ids, items, events, plays, outcomes, errors and the timing of retries."""

import itertools
import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from scrobbled.core import errors
from scrobbled.core.agreeing.board import Board
from scrobbled.core.agreeing.ledger import Link, LinkState, PlayGroup
from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.naming.names import name
from scrobbled.core.records import Subject, about, identity
from scrobbled.core.sending.change import moment
from scrobbled.core.sending.retry import (
    LONGEST_PROBE,
    RECHECKS,
    backoff,
    fewer,
    more,
    own_wait,
    probe,
    reading_pause,
    recheck,
)
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.plays import EARLIEST, FUTURE_SLACK, Play, is_dated, rounded, route
from scrobbled.core.words.outcomes import EVENT_NEXT_STEP, PLAY_NEXT_STEP, WAITING, EventOutcome, PlayOutcome
from scrobbled.core.words.plain import plain

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
SPACES = (MovieIds, ShowIds, EpisodeIds)
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
EPISODE = Episode("Harbour Lights", 2, 5, title="Low Tide")

numbers = st.none() | st.integers(0, 5)
words = st.none() | st.sampled_from(["tt1", "tt2", "plex://episode/1"])


def ids_of(space: type[Ids]) -> st.SearchStrategy[Ids]:
    return st.builds(space, imdb=words, tmdb=numbers, tvdb=numbers, trakt=numbers, anidb=numbers, plex=words)


# -- ids -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(SPACES, 2)))
def test_ids_of_two_spaces_never_mix(one: type[Ids], other: type[Ids]) -> None:
    mine, theirs = one(tmdb=1399), other(tmdb=1399)
    assert mine != theirs
    for mix in (mine.merged, mine.shares):
        with pytest.raises(TypeError, match=f"\\A{one.__name__} and {other.__name__} are different id spaces\\Z"):
            mix(theirs)


@pytest.mark.parametrize("space", SPACES)
def test_nothing_known_is_false_and_0_is_something(space: type[Ids]) -> None:
    assert not space()
    assert space(tmdb=0)
    assert space().known() == {}
    assert space(tmdb=0, imdb="tt1").known() == {"tmdb": 0, "imdb": "tt1"}
    assert not space().shares(space())


@given(st.data())
def test_merging_fills_gaps_and_changes_nothing_known(data: st.DataObject) -> None:
    space = data.draw(st.sampled_from(SPACES))
    mine, theirs = data.draw(ids_of(space)), data.draw(ids_of(space))
    merged = mine.merged(theirs)
    assert type(merged) is space
    for field in fields(mine):
        own, other = getattr(mine, field.name), getattr(theirs, field.name)
        assert getattr(merged, field.name) == (own if own is not None else other)
    assert merged.merged(theirs) == merged
    assert mine.merged(space()) == mine == space().merged(mine)


@given(st.data())
def test_sharing_an_id_is_mutual(data: st.DataObject) -> None:
    space = data.draw(st.sampled_from(SPACES))
    mine, theirs = data.draw(ids_of(space)), data.draw(ids_of(space))
    assert mine.shares(theirs) == theirs.shares(mine) == bool(mine.known().items() & theirs.known().items())


def test_one_number_at_two_services_is_not_shared() -> None:
    assert not ShowIds(tmdb=7).shares(ShowIds(tvdb=7))


def test_ids_do_not_change() -> None:
    with pytest.raises(AttributeError):
        ShowIds().tmdb = 1  # type: ignore[misc]


# -- items and events ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (FILM, "Harbour Atlas (2019)"),
        (Movie("Harbour Atlas"), "Harbour Atlas"),
        (EPISODE, "Harbour Lights S2 E5 Low Tide"),
        (Episode("Harbour Lights", 0, 0), "Harbour Lights S0 E0"),
        (Episode("Daily", None, None, air_date=date(2026, 11, 14)), "Daily aired 2026-11-14"),
        (Episode("Daily", None, None), "Daily"),
        (Episode("Daily", None, 133), "Daily E133"),
        (Episode("", 2, 5, show_ids=ShowIds(tmdb=717_171)), "tmdb 717171 S2 E5"),
        (Episode("", None, None, ids=EpisodeIds(tvdb=7)), "tvdb 7"),
        (Movie("", ids=MovieIds(imdb="tt77")), "imdb tt77"),
        (Movie("", 2019, MovieIds(tmdb=717_171)), "tmdb 717171 (2019)"),
    ],
)
def test_a_label_names_the_item(item: Movie | Episode, label: str) -> None:
    assert item.label() == label
    assert item.media == ("movie" if isinstance(item, Movie) else "episode")


@pytest.mark.parametrize(
    ("account", "names"),
    [
        (Account("41220077", " Anna "), {"41220077", "anna"}),
        (Account("", "STRAẞE"), {"strasse"}),
        (Account(" ", "  "), set()),
        (Account(), set()),
        (Account("anna", "ANNA"), {"anna"}),
    ],
)
def test_account_names_compare_trimmed_and_without_case(account: Account, names: set[str]) -> None:
    assert account.names() == names


@pytest.mark.parametrize(
    ("position", "duration", "percent"),
    [
        (None, 1000, None),
        (500, None, None),
        (500, 0, None),
        (0, 1000, 0.0),
        (900, 1000, 90.0),
        (3120, 1000, 100.0),
        (-5, 1000, 0.0),
    ],
)
def test_a_percentage_is_known_or_not_and_never_beyond_its_ends(
    position: int | None, duration: int | None, percent: float | None
) -> None:
    assert event(position_ms=position, duration_ms=duration).percent == percent


def event(**values: object) -> PlaybackEvent:
    told = PlaybackEvent("plex", EventKind.START, NOW, Account("7", "anna"), EPISODE)
    return replace(told, **values)  # type: ignore[arg-type]


def test_a_session_belongs_to_one_account_and_one_title() -> None:
    key = event().session_key()
    assert (
        event(kind=EventKind.STOP, player="tablet", position_ms=3, account=Account("7", "other")).session_key() == key
    )
    others = [
        event(account=Account("8", "anna")),
        event(source="emby"),
        event(item=replace(EPISODE, number=6)),
        event(item=FILM),
    ]
    assert len({key, *(other.session_key() for other in others)}) == 5


def test_a_source_that_speaks_for_a_server_shares_its_sessions() -> None:
    assert event(source="tautulli").session_key() == event().session_key()
    assert event(source="jellyfin-webhooks").session_key() == event(source="jellyfin").session_key()


def test_a_plex_guid_names_a_title_across_copies_and_a_key_does_on_one_server() -> None:
    guided = replace(EPISODE, ids=EpisodeIds(plex="plex://episode/1"))
    copies = [replace(guided, origin=Origin("nas", "1")), replace(guided, origin=Origin("other", "2"))]
    assert len({event(item=copy).session_key() for copy in copies}) == 1
    keyed = [replace(EPISODE, origin=Origin(server, key)) for server, key in (("a", "1"), ("a", "2"), ("b", "1"))]
    assert len({event(item=item).session_key() for item in keyed}) == 3


def test_an_event_without_an_item_has_no_session() -> None:
    with pytest.raises(ValueError, match=r"\Aan event without an item has no session\Z"):
        event(item=None).session_key()


@pytest.mark.parametrize(("service", "name_of"), [("plex", "Plex"), ("anilist", "AniList"), ("newcomer", "Newcomer")])
def test_people_read_a_service_as_it_writes_itself(service: str, name_of: str) -> None:
    assert name(service) == name_of


def test_a_value_is_told_in_what_json_and_yaml_can_hold_and_dates_stay_dates() -> None:
    told = plain({"play": Play("anna", "plex", FILM, NOW), "days": [NOW.date()], "file": Path("/data/x.db")})
    assert told["play"]["item"]["ids"]["tmdb"] == 1399
    assert (told["play"]["watched_at"], told["days"], told["file"]) == (NOW, [NOW.date()], "/data/x.db")


# -- plays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "dated"),
    [
        (None, False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=14))), False),
        (datetime(1989, 12, 31, 23, 59, 59, 999_999, UTC), False),
        (datetime(1990, 1, 1, tzinfo=UTC), True),
        (NOW, True),
        (NOW + timedelta(minutes=15), True),
        (NOW + timedelta(minutes=15, microseconds=1), False),
    ],
)
def test_a_time_is_believed_or_not(when: datetime | None, dated: bool) -> None:
    assert is_dated(when, NOW) is dated


@given(st.none() | st.datetimes(timezones=st.just(UTC)), st.sets(st.sampled_from(["movie", "episode"])))
def test_no_play_is_queued_without_a_time_of_its_own(when: datetime | None, takes: set) -> None:
    outcome, reason = route(Play("anna", "plex", FILM, when), takes, NOW)
    if "movie" not in takes:
        assert (outcome, reason) == (PlayOutcome.UNWANTED, "this tracker does not take movies")
    elif outcome is PlayOutcome.QUEUED:
        assert when is not None
        assert EARLIEST <= when <= NOW + FUTURE_SLACK
        assert reason == ""
    else:
        assert outcome is PlayOutcome.HELD
        assert reason.startswith("no date")


def test_a_play_whose_time_is_known_is_queued_and_another_held() -> None:
    dated = Play("anna", "plex", FILM, NOW)
    assert route(dated, {"movie"}, NOW) == (PlayOutcome.QUEUED, "")
    undated = (PlayOutcome.HELD, "no date: nobody said when this was watched")
    assert route(replace(dated, watched_at=None), {"movie"}, NOW) == undated


@given(st.floats(EARLIEST.timestamp(), 7e9).map(lambda s: datetime.fromtimestamp(s, UTC)), st.integers(1, 86_400))
def test_rounding_goes_down_to_a_multiple_and_stays_there(when: datetime, precision: int) -> None:
    down = rounded(when, precision)
    assert timedelta(0) <= when - down < timedelta(seconds=precision)
    assert down.timestamp() % precision == 0
    assert rounded(down, precision) == down
    assert down.tzinfo is UTC


# -- records -------------------------------------------------------------------------------------------------------

SHOW_IDS = ShowIds(tmdb=717, tvdb=9)
SHOW = Subject("s", "show", Episode("Harbour Lights", None, None, show_ids=SHOW_IDS))
SEASON = Subject("s/2", "season", Episode("Harbour Lights", 2, None, show_ids=SHOW_IDS))
WATCHED = Subject("e", "episode", replace(EPISODE, show_ids=SHOW_IDS), runtime=1500)


@pytest.mark.parametrize(
    ("subject", "label"),
    [(SHOW, "Harbour Lights"), (SEASON, "Harbour Lights S2"), (WATCHED, "Harbour Lights S2 E5 Low Tide")],
)
def test_what_can_be_rated_has_a_name(subject: Subject, label: str) -> None:
    assert subject.label() == label


@pytest.mark.parametrize(
    ("subject", "same"),
    [
        (Subject("m", "movie", FILM), "movie:tmdb:1399"),
        (Subject("m", "movie", Movie("X", ids=MovieIds(tmdb=0, imdb="tt7"))), "movie:tmdb:0"),
        (Subject("m", "movie", Movie("X", ids=MovieIds(imdb="tt7", tvdb=3))), "movie:imdb:tt7"),
        (Subject("m", "movie", Movie("X", ids=MovieIds(tvdb=3))), None),
        (SHOW, "show:717"),
        (SEASON, "season:717:2"),
        (Subject("s/0", "season", replace(SEASON.item, season=0)), "season:717:0"),
        (WATCHED, "episode:717:2:5"),
        (Subject("e", "episode", EPISODE), None),
        (Subject("e", "episode", replace(WATCHED.item, season=0)), None),
        (Subject("e", "episode", replace(WATCHED.item, number=None)), None),
        (Subject("e", "episode", replace(WATCHED.item, season=None)), None),
        (Subject("e", "episode", replace(WATCHED.item, number=0)), "episode:717:2:0"),
        (Subject("e", "episode", replace(WATCHED.item, absolute=True)), None),
        (Subject("s", "season", replace(SEASON.item, season=None)), None),
    ],
)
def test_what_is_the_same_at_every_service_has_one_text(subject: Subject, same: str | None) -> None:
    assert identity(subject) == same


def test_what_a_correction_makes_of_it_keeps_its_key_and_a_show_that_is_a_film_is_a_film() -> None:
    assert about(SHOW, FILM) == Subject("s", "movie", FILM)
    other = replace(EPISODE, season=3)
    assert about(WATCHED, other) == Subject("e", "episode", other, runtime=1500)


# -- retries -------------------------------------------------------------------------------------------------------


@given(st.integers(-3, 2000), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 1e6), st.floats(1, 1e5))
def test_a_back_off_grows_stays_in_bounds_and_respects_the_service(
    failures: int, dice: float, asked: float | None, longest: float
) -> None:
    wait = backoff(failures, lambda: dice, asked=asked, longest=longest)
    assert wait >= (asked or 0.0)
    assert 0.8 <= wait <= max(1.2 * longest, asked or 0.0)
    assert backoff(failures + 1, lambda: dice, asked=asked, longest=longest) >= wait


@pytest.mark.parametrize(("failures", "steady"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (99, 60)])
def test_a_back_off_doubles_up_to_a_minute_with_a_fifth_of_jitter(failures: int, steady: float) -> None:
    assert backoff(failures, lambda: 0.5) == pytest.approx(steady)
    assert backoff(failures, lambda: 0.0) == pytest.approx(0.8 * steady)
    assert backoff(failures, lambda: 0.999999) == pytest.approx(1.2 * steady, rel=1e-5)


@pytest.mark.parametrize(
    ("attempts", "steady", "in_outage"),
    [
        (0, 0, 0),
        (2, 0, 0),
        (3, 4, 4),
        (6, 32, 32),
        (7, 60, 60),
        (9, 60, 60),
        (10, 512, 60),
        (12, 2048, 60),
        (13, 3600, 60),
    ],
)
def test_a_change_that_keeps_failing_lets_the_others_go_first_but_pays_for_no_outage(
    attempts: int, steady: float, in_outage: float
) -> None:
    assert own_wait(attempts, lambda: 0.5, in_outage=False) == pytest.approx(steady)
    assert own_wait(attempts, lambda: 0.5, in_outage=True) == pytest.approx(in_outage)
    assert own_wait(attempts, lambda: 0.0, in_outage=False) == pytest.approx(0.8 * steady)


@pytest.mark.parametrize(("together", "then"), [(1, 1), (2, 1), (3, 1), (4, 2), (101, 50)])
def test_what_failed_together_is_tried_by_halves_and_never_by_none(together: int, then: int) -> None:
    assert fewer(together) == then


@pytest.mark.parametrize(("together", "then"), [(1, 2), (3, 6), (50, 100), (51, 100), (100, 100)])
def test_what_succeeded_lets_twice_as_many_go_up_to_the_most(together: int, then: int) -> None:
    assert more(together, 100) == then


@pytest.mark.parametrize(("times", "hours"), [(0, 1), (1, 1), (2, 6), (3, 24), (4, 72), (5, 168), (6, 168), (500, 168)])
def test_a_catalogue_is_asked_again_after_1_h_6_h_1_d_3_d_and_then_weekly(times: int, hours: float) -> None:
    assert recheck(times) == hours * 3600
    assert recheck(times) in RECHECKS


@pytest.mark.parametrize(
    ("times", "minutes"), [(0, 0.5), (1, 0.5), (2, 1), (3, 2), (7, 32), (8, 60), (9, 60), (5000, 60)]
)
def test_a_paused_account_is_tried_after_half_a_minute_and_at_least_hourly(times: int, minutes: float) -> None:
    assert probe(times) == minutes * 60 <= LONGEST_PROBE


@pytest.mark.parametrize(
    ("took", "pause"), [(0.0, 5.0), (0.5, 5.0), (1.0, 9.0), (20.0, 180.0), (66.0, 594.0), (67.0, 600.0)]
)
def test_reading_takes_a_tenth_of_the_time_while_writes_wait(took: float, pause: float) -> None:
    assert reading_pause(took) == pause


# -- outcomes and errors -------------------------------------------------------------------------------------------


def test_every_outcome_says_what_to_do_next() -> None:
    assert set(EVENT_NEXT_STEP) == set(EventOutcome)
    assert set(PLAY_NEXT_STEP) == set(PlayOutcome)
    assert all(text.endswith(".") and "!" not in text for text in (*EVENT_NEXT_STEP.values(), *PLAY_NEXT_STEP.values()))


def test_the_codes_are_those_that_were_promised() -> None:
    assert {str(o) for o in EventOutcome} == {"accepted", "duplicate", "unwanted", "unclaimed", "unreadable"}
    promised = {"queued", "delivered", "already-there", "echo", "held", "parked", "unmatched", "dead", "undone"}
    assert {str(o) for o in PlayOutcome} == promised | {"unwanted"}
    assert {str(o) for o in WAITING} == {"queued", "held", "parked", "unmatched", "dead"}


@pytest.mark.parametrize(
    "kind",
    [
        errors.TryLater,
        errors.LoginNeeded,
        errors.AccountStopped,
        errors.ContractDrift,
        errors.NotInCatalogue,
        errors.Uncertain,
        errors.Refused,
    ],
)
def test_an_error_of_a_tracker_has_a_reason_and_no_doubt_of_its_own(kind: type[errors.TrackerError]) -> None:
    error = kind("it broke")
    assert (str(error), error.reason, error.in_doubt) == ("it broke", "it broke", False)
    assert isinstance(error, errors.ScrobbledError)


def test_errors_carry_what_helps_to_go_on() -> None:
    assert errors.TryLater("busy", after=3.0, in_doubt=True).after == 3.0
    assert errors.TryLater("busy", in_doubt=True).in_doubt
    assert errors.Uncertain("two fit", [errors.Candidate("One"), errors.Candidate("Two")]).candidates[1].title == "Two"
    assert errors.ConfigError(["a: wrong", "b: wrong"]).problems == ("a: wrong", "b: wrong")
    assert str(errors.ConfigError(["a: wrong", "b: wrong"])) == "a: wrong\nb: wrong"


def test_a_moment_is_told_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert moment(NOW.astimezone(timezone(timedelta(hours=-5)))) == "2026-11-14 20:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_link_that_is_as_it_was_is_no_news() -> None:
    link = Link("a1", "b1", "same minute", LinkState.AGREED, NOW, NOW)
    board = Board(PlayGroup("movie:1", "Harbour Atlas", "movie", None, [], [], [link]))
    board.put(replace(link))
    assert board.news() == ()
    board.mark(link, LinkState.REMOVED)
    assert [one.state for one in board.news()] == [LinkState.REMOVED]

"""Emby's webhooks in, events out."""

import copy
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.sessions import Rules, Session, Watched
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body
from scrobbled.sources.emby import EmbySource
from sources.base_items import UNWATCHABLE, changed

SERVER = "f40a5bd0c6b64051bdbed00580fa0000"
MARTA = Account("e6a9dd89fd954d689870e7e0e3e70000", "marta")
STOPPED_AT = datetime(2026, 2, 24, 21, 41, 7, 852346, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 2, 24, 21, 50, tzinfo=UTC)
LOW_TIDE = Episode(
    show_title="Harbour Lights",
    season=2,
    number=5,
    title="Low Tide",
    ids=EpisodeIds(imdb="tt9900112", tmdb=5550123, tvdb=10220330),
    air_date=date(2024, 11, 3),
    origin=Origin(SERVER, "240252", "240202"),
)
PAPER_BOATS = Movie("Paper Boats", 2019, MovieIds(imdb="tt7712340", tmdb=771234), Origin(SERVER, "51100"))


def sample(name: str, within: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A stored message; ``changes`` are to the object at ``within``, where ``...`` takes a key away."""
    return changed(f"emby/{name}", within, **changes)


def parsed(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> tuple[PlaybackEvent, ...]:
    return EmbySource().parse(message, received_at)


def parse(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> PlaybackEvent:
    (event,) = parsed(message, received_at)
    return event


def ignored(message: dict[str, Any]) -> str:
    event = parse(message)
    assert event.kind is EventKind.IGNORED
    assert event.item is None
    return event.reason


def test_the_registry_knows_emby_by_its_name() -> None:
    assert SOURCES["emby"].name == "emby"


def test_a_full_stop_of_an_episode_is_read_completely() -> None:
    assert parse(sample("playback-stop")) == PlaybackEvent(
        source="emby",
        kind=EventKind.WATCHED,
        occurred_at=STOPPED_AT,
        time_from_source=True,
        account=MARTA,
        position_ms=2_640_000,
        duration_ms=2_700_000,
        player="tv-77",
        player_name="Lounge",
        item=LOW_TIDE,
    )


@pytest.mark.parametrize(
    ("name", "kind", "item", "percent"),
    [
        ("playback-start", EventKind.START, LOW_TIDE, 0.0),
        ("playback-pause", EventKind.PAUSE, LOW_TIDE, 44.4),
        ("playback-unpause", EventKind.RESUME, LOW_TIDE, 44.4),
        ("playback-stop", EventKind.WATCHED, LOW_TIDE, 97.8),
        ("playback-stop-early", EventKind.STOP, PAPER_BOATS, 33.3),
        ("item-markplayed", EventKind.WATCHED, LOW_TIDE, None),
        ("item-markunplayed", EventKind.UNWATCHED, PAPER_BOATS, None),
        ("item-rate", EventKind.RATED, PAPER_BOATS, None),
        ("library-new", EventKind.ADDED, LOW_TIDE, None),
        ("library-deleted", EventKind.REMOVED, PAPER_BOATS, None),
    ],
)
def test_every_kind_of_message_has_its_kind_item_and_position(
    name: str, kind: EventKind, item: Any, percent: float | None
) -> None:
    event = parse(sample(name))
    assert (event.kind, event.item) == (kind, item)
    assert event.percent == (percent if percent is None else pytest.approx(percent, abs=0.05))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (sample("notification-test"), "test"),
        ({"Event": "system.webhooktest"}, "test"),
        ({"Event": "system.serverstartup"}, "unsupported"),
        ({"Event": "user.authenticated", "User": {"Name": "marta"}}, "unsupported"),
        (sample("playback-stop", Event="playback.scrobble"), "unknown event"),
        (sample("item-rate", Event="item.markfavorite"), "unsupported"),
        (sample("item-favourite"), "unsupported"),
        (sample("item-rate", ("Item", "UserData"), Rating=0, IsFavorite=True), "unsupported"),
        pytest.param(sample("playback-stop", Event="playback.dream"), "unknown event", id="case-74"),
        (sample("playback-stop", Event=7), "this form is not known: see docs/sources/emby.md"),
        ({}, "empty"),
        (sample("channel-start"), "live tv"),
        (sample("trailer-stop"), "type"),
        (sample("item-markplayed", ("Item",), Type="Season"), "type"),
        pytest.param({"Event": "playback.stop"}, "no item", id="case-73"),
        (sample("playback-stop", ("Item",), Name="", SeriesName="", ProviderIds={}), "no item"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


@pytest.mark.parametrize(("changes", "reason"), UNWATCHABLE)
def test_what_cannot_be_watched_is_ignored_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert ignored(sample("playback-stop", ("Item",), **changes)) == reason


def test_without_any_playback_info_the_session_tells_the_position_and_its_user() -> None:
    stop = parse(sample("session-stop"))
    assert (stop.kind, stop.account, stop.percent) == (EventKind.STOP, Account(name="marta"), 95.0)
    session = {"UserId": "6", "UserName": "marta", "PlayState": {"PositionTicks": 0}}
    event = parse(sample("session-stop", Session=session))
    assert (event.account, event.position_ms) == (Account("6", "marta"), None)
    assert parse(sample("playback-stop", Session={**session, "UserName": "ben"})).account == MARTA


# --- how it is sent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disposition", ['name="data"', 'name="data"; filename="data.json"'])
def test_the_part_of_a_form_named_data_is_read_case_63(disposition: str) -> None:
    text = json.dumps(sample("playback-stop"))
    body = f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{text}\r\n--b--\r\n"
    assert parse(read_body("multipart/form-data; boundary=b", body.encode()).data) == parse(sample("playback-stop"))


@pytest.mark.parametrize("wrapped", [lambda message: message, json.dumps], ids=["object", "text"])
def test_a_relay_may_hand_on_the_form_as_an_object(wrapped: Any) -> None:
    body = read_body("application/json", json.dumps({"data": wrapped(sample("playback-stop"))}).encode())
    assert parse(body.data) == parse(sample("playback-stop"))


@pytest.mark.parametrize("garbage", ["", "{", "[]", "7", [], None, {}, "[" * 100_000])
def test_data_that_is_none_is_nothing_we_know(garbage: Any) -> None:
    unknown = "this form is not known: see docs/sources/emby.md"
    assert ignored({"data": garbage}) == ("empty" if garbage == {} else unknown)


def test_keys_are_read_without_regard_to_case() -> None:
    def folded(value: Any) -> Any:
        return {key.lower(): folded(entry) for key, entry in value.items()} if isinstance(value, dict) else value

    for name in ("playback-stop", "playback-pause", "item-rate"):
        assert parse(folded(sample(name))) == parse(sample(name))


# --- whether it was watched ------------------------------------------------------------------------------------------


def test_the_word_of_the_server_counts_and_not_the_session_of_the_next_episode_case_61() -> None:
    for info in ({"PlayedToCompletion": True}, {"PlayedToCompletion": True, "PositionTicks": 0}):
        message = sample("playback-stop", PlaybackInfo=info)
        message["Session"]["PlayState"] = {"PositionTicks": 0, "IsPaused": False}
        event = parse(message)
        assert (event.kind, event.position_ms, event.percent) == (EventKind.WATCHED, None, None)


def test_the_server_may_say_that_96_percent_are_not_all() -> None:
    info = {"PlayedToCompletion": False, "PositionTicks": 25_920_000_000}
    event = parse(sample("playback-stop", PlaybackInfo=info))
    assert (event.kind, event.unfinished) == (EventKind.STOP, True)
    assert event.percent == pytest.approx(96.0)


def test_a_stop_that_says_nothing_is_at_no_known_position() -> None:
    message = sample("playback-stop", PlaybackInfo={})
    message["Session"]["PlayState"] = {"PositionTicks": 26_400_000_000}
    event = parse(message)
    assert (event.kind, event.unfinished, event.position_ms) == (EventKind.STOP, False, None)


def test_where_playback_is_may_be_in_the_session_while_it_goes_on() -> None:
    message = sample("playback-pause", PlaybackInfo=...)
    message["Session"]["PlayState"] = {"PositionTicks": 12_000_000_000}
    assert parse(message).position_ms == 1_200_000


def test_progress_of_a_paused_player_is_a_pause() -> None:
    message = sample("playback-pause", Event="playback.progress")
    assert parse(message).kind is EventKind.PROGRESS
    message["Session"]["PlayState"] = {"IsPaused": True}
    assert parse(message).kind is EventKind.PAUSE


def test_a_whole_viewing_is_one_play() -> None:
    session, plays = Session(), 0
    for name in ("playback-start", "playback-pause", "playback-unpause", "playback-stop", "playback-stop"):
        session, verdict = fold(session, parse(sample(name)), Rules())
        plays += isinstance(verdict, Watched)
    assert plays == 1


# --- marks -----------------------------------------------------------------------------------------------------------


def test_a_mark_happened_when_it_was_set() -> None:
    event = parse(sample("item-markplayed"))
    assert (event.marked, event.entered, event.dated, event.time_from_source) == (True, True, True, True)
    assert event.occurred_at == datetime(2026, 2, 24, 21, 45, 0, 852346, tzinfo=UTC)
    assert parse(sample("item-markunplayed")).marked


def test_marking_a_season_is_one_mark_for_each_episode_case_62() -> None:
    moments = [datetime(2026, 2, 24, 21, 45, second, tzinfo=UTC) for second in range(8)]
    events = [
        parse(sample("item-markplayed", ("Item",), IndexNumber=n, Id=str(n)) | {"Date": f"{moment:%Y-%m-%dT%H:%M:%SZ}"})
        for n, moment in enumerate(moments, start=1)
    ]
    assert [event.occurred_at for event in events] == moments
    assert [event.item.number for event in events if isinstance(event.item, Episode)] == list(range(1, 9))
    assert all(event.marked for event in events)


def test_an_old_mark_is_legal_case_67() -> None:
    event = parse(sample("item-markplayed"), RECEIVED_AT + timedelta(days=100))
    assert (event.occurred_at.day, event.time_from_source, event.stale) == (24, True, False)


@pytest.mark.parametrize("garbage", [..., None, "yesterday", "0001-01-01T00:00:00.0000000Z"])
def test_nobody_knows_when_a_mark_without_date_was_watched(garbage: Any) -> None:
    event = parse(sample("item-markplayed", Date=garbage))
    assert (event.dated, event.time_from_source, event.occurred_at) == (False, False, RECEIVED_AT)


# --- when ------------------------------------------------------------------------------------------------------------


def test_a_time_in_the_future_or_long_ago_is_not_believed_case_67() -> None:
    early = parse(sample("playback-stop"), STOPPED_AT - timedelta(minutes=1))
    assert (early.occurred_at, early.time_from_source) == (STOPPED_AT - timedelta(minutes=1), False)
    late = parse(sample("playback-stop"), STOPPED_AT + timedelta(days=15))
    assert (late.time_from_source, late.stale) == (False, True)


# --- which item ------------------------------------------------------------------------------------------------------


def test_without_provider_ids_the_item_is_known_by_its_key_case_65() -> None:
    for gone in (..., None, {}, [], "tmdb"):
        item = parse(sample("playback-stop", ("Item",), ProviderIds=gone)).item
        assert isinstance(item, Episode)
        assert (item.ids, item.show_ids, item.origin) == (EpisodeIds(), ShowIds(), LOW_TIDE.origin)


def test_an_added_series_is_a_show_case_64() -> None:
    event = parse(sample("library-new-series"))
    assert (event.kind, event.scope, event.account) == (EventKind.ADDED, "show", Account())
    assert event.item == Episode(
        "Harbour Lights",
        None,
        None,
        show_year=2023,
        show_ids=ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011),
        origin=Origin(SERVER, "240202", "240202"),
    )


def test_the_server_may_be_named_by_the_item_alone() -> None:
    assert parse(sample("playback-stop", Server=...)).item == LOW_TIDE


def test_a_file_with_two_episodes_is_both() -> None:
    events = parsed(sample("playback-stop", ("Item",), IndexNumberEnd=6))
    assert [event.item.number for event in events if isinstance(event.item, Episode)] == [5, 6]
    assert len({event.session_key() for event in events}) == 2


def test_years_as_seasons_and_high_numbers_are_legal_case_68() -> None:
    item = parse(sample("playback-stop", ("Item",), ParentIndexNumber=2024, IndexNumber=1207)).item
    assert isinstance(item, Episode)
    assert (item.season, item.number) == (2024, 1207)


@pytest.mark.parametrize(
    "premiere",
    [
        "2024-11-03T00:00:00.0000000Z",
        "2024-11-02T16:00:00.0000000Z",  # a server in Shanghai
        "2024-11-02T23:00:00.0000000Z",  # in Berlin
        "2024-11-03T08:00:00.0000000Z",  # in Los Angeles
        "2024-11-03",
    ],
)
def test_the_air_date_is_the_day_where_the_server_stands(premiere: str) -> None:
    item = parse(sample("playback-stop", ("Item",), PremiereDate=premiere)).item
    assert isinstance(item, Episode)
    assert item.air_date == date(2024, 11, 3)


@pytest.mark.parametrize(
    "premiere", ["0001-01-01T00:00:00.0000000Z", "9999-12-31T23:59:59.0000000Z", "2024-13-40", "soon", 20241103, None]
)
def test_a_bad_air_date_is_unknown(premiere: Any) -> None:
    item = parse(sample("playback-stop", ("Item",), PremiereDate=premiere)).item
    assert isinstance(item, Episode)
    assert item.air_date is None


def test_ids_of_the_series_are_taken_where_they_are_told() -> None:
    item = parse(sample("playback-stop", ("Item",), SeriesProviderIds={"Tmdb": "225500"})).item
    assert isinstance(item, Episode)
    assert item.show_ids == ShowIds(tmdb=225500)


# --- ratings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "stars"), [(7.5, 8), (7.4, 7), ("9", 9), (0.1, 1)])
def test_ratings_round_half_up(given: Any, stars: int) -> None:
    event = parse(sample("item-rate", ("Item", "UserData"), Rating=given))
    assert (event.kind, event.rating, event.occurred_at.minute) == (EventKind.RATED, stars, 47)


def test_a_rating_of_0_is_one_taken_back() -> None:
    assert parse(sample("item-rate", ("Item", "UserData"), Rating=0)).kind is EventKind.UNRATED


def test_what_critics_and_others_think_is_no_rating() -> None:
    assert ignored(sample("item-rate", ("Item", "UserData"), Rating=...)) == "unsupported"


def test_a_rating_above_10_is_malformed() -> None:
    assert ignored(sample("item-rate", ("Item", "UserData"), Rating=11)) == "malformed"


def test_parsing_leaves_the_message_as_it_was() -> None:
    message = sample("playback-stop")
    before = copy.deepcopy(message)
    parse(message)
    assert message == before

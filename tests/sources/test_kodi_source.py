"""Kodi's notifications in, events out."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources.kodi import KodiSource

PAYLOADS = Path(__file__).parent.parent / "payloads" / "kodi"
RECEIVED_AT = datetime(2026, 2, 24, 11, 0, 16, tzinfo=UTC)
UNKNOWN = "this form is not known: see docs/sources/kodi.md"
EPISODE = Episode(
    show_title="Harbour Lights",
    season=2,
    number=5,
    title="Low Tide",
    ids=EpisodeIds(imdb="tt9900112", tmdb=5550123, tvdb=10220330),
    air_date=date(2024, 11, 3),
    origin=Origin("kodi", "episode/harbour lights/2/5"),
)


def sample(name: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return message


def item_of(message: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = message["params"]["data"]["item"]
    return item


def with_item(name: str, **changes: Any) -> dict[str, Any]:
    """A stored message; ``...`` takes a key of its item away."""
    message = sample(name)
    item_of(message).update(changes)
    for key in [key for key, value in changes.items() if value is ...]:
        del item_of(message)[key]
    return message


def parse(message: dict[str, Any]) -> PlaybackEvent:
    events = KodiSource().parse(message, RECEIVED_AT)
    assert len(events) == 1
    return events[0]


def ignored(message: dict[str, Any]) -> str:
    event = parse(message)
    assert (event.kind, event.item) == (EventKind.IGNORED, None)
    return event.reason


def test_a_stop_is_read_completely() -> None:
    assert parse(sample("episode-stop")) == PlaybackEvent(
        source="kodi",
        kind=EventKind.STOP,
        occurred_at=RECEIVED_AT,
        item=EPISODE,
        position_ms=2_538_000,
        duration_ms=2_700_000,
    )


@pytest.mark.parametrize(
    ("name", "kind", "percent"),
    [
        ("episode-play", EventKind.START, 0.0),
        ("unknown-play", EventKind.START, 0.1),
        ("episode-pause", EventKind.PAUSE, 45.6),
        ("episode-resume", EventKind.RESUME, 45.6),
        ("episode-seek", EventKind.PROGRESS, 66.7),
        ("episode-stop", EventKind.STOP, 94.0),
        ("episode-end", EventKind.WATCHED, None),
        ("movie-end", EventKind.WATCHED, 100.0),
        ("forwarded-stop", EventKind.WATCHED, None),
        ("addon-stop", EventKind.STOP, 96.4),
        ("trakt-episode-stop", EventKind.STOP, 96.4),
        ("trakt-movie-start", EventKind.START, 1.5),
        ("scrobbler-episode-interval", EventKind.PROGRESS, 45.2),
        ("scrobbler-episode-end", EventKind.WATCHED, 100.0),
        ("scrobbler-movie-stop", EventKind.STOP, 96.4),
        ("movary-movie", EventKind.WATCHED, None),
    ],
)
def test_notifications_become_kinds_with_their_position(name: str, kind: EventKind, percent: float | None) -> None:
    event = parse(sample(name))
    assert event.kind is kind
    assert event.percent == (percent if percent is None else pytest.approx(percent, abs=0.05))
    assert (event.entered, event.marked) == (False, False)


def test_what_is_heard_from_kodi_itself_has_its_show_and_is_the_same_viewing() -> None:
    live, posted = parse(sample("live-stop")), parse(sample("episode-stop"))
    shows = ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011)
    assert live.item == replace(EPISODE, show_year=2023, show_ids=shows)
    assert replace(live, item=posted.item) == posted
    assert live.session_key() == posted.session_key()


@pytest.mark.parametrize("garbage", [None, 7, [], {"uniqueid": []}, {"uniqueid": {"tmdb": "x"}, "year": "soon"}])
def test_garbage_for_a_show_is_no_show(garbage: Any) -> None:
    item = parse(with_item("live-stop", tvshow=garbage)).item
    assert isinstance(item, Episode)
    assert (item.show_ids, item.show_year) == (ShowIds(), None)


def test_a_movie_has_its_own_ids_and_year() -> None:
    assert parse(sample("movie-end")).item == Movie(
        "Paper Boats", 2019, MovieIds(imdb="tt7700511", tmdb=771234), Origin("kodi", "movie/paper boats (2019)")
    )


def test_an_end_is_no_beginning_even_where_the_player_is_rewound() -> None:
    message = sample("movie-end")
    message["params"]["data"]["player"]["time"] = {"hours": 0, "minutes": 0, "seconds": 0}
    event = parse(message)
    assert (event.kind, event.position_ms, event.duration_ms) == (EventKind.WATCHED, None, 6_120_000)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, "empty"),
        ({"hello": "world"}, UNKNOWN),
        ({"method": ["Player.OnStop"]}, UNKNOWN),
        ({"method": "Dream.OnBegin"}, "unknown event"),
        ({"event": "dance"}, UNKNOWN),
        (sample("library-scan"), "unsupported"),
        ({"method": "Player.OnSpeedChanged", "params": {"data": {"item": {}}}}, "unsupported"),
        ({**sample("scrobbler-episode-end"), "event": "dance"}, "unknown event"),
        ({**sample("scrobbler-episode-end"), "event": ""}, UNKNOWN),
        ({**sample("scrobbler-episode-end"), "mediaType": "song"}, "type"),
        ({**sample("scrobbler-episode-end"), "episode": "S01"}, "malformed"),
        ({**sample("scrobbler-rating"), "uniqueIds": {}}, "no item"),
        ({**sample("scrobbler-rating"), "rating": "great"}, "malformed"),
        ({"uniqueIds": {"tmdbId": None}, "title": ""}, "no item"),
        ({"method": "VideoLibrary.OnUpdate", "params": {"data": {"item": {"id": 1, "type": "movie"}}}}, "unsupported"),
        (
            {"method": "VideoLibrary.OnUpdate", "params": {"data": {"id": 1, "type": "movie", "playcount": 1}}},
            "no item",
        ),
        (sample("bare-stop"), "no item"),
        ({"method": "Player.OnStop"}, "no item"),
        ({"method": "Player.OnStop", "params": {"data": {"item": [1]}}}, "no item"),
        (sample("channel-play"), "live tv"),
        (with_item("episode-play", file="pvr://channels/tv/1.pvr"), "live tv"),
        (sample("song-stop"), "type"),
        (with_item("unknown-play", showtitle=...), "type"),
        (with_item("unknown-play", episode=-1), "type"),
        (with_item("episode-play", type="musicvideo"), "type"),
        (with_item("episode-play", episode="S01"), "malformed"),
        ({"action": "dance", "movie": {"title": "Paper Boats"}}, "unknown event"),
        ({"action": "stop", "movie": {}}, "no item"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


def test_a_mark_has_no_time() -> None:
    mark, unmark = parse(sample("episode-mark")), parse(sample("episode-unmark"))
    assert (mark.kind, mark.marked, mark.entered, mark.dated) == (EventKind.WATCHED, True, True, False)
    assert (unmark.kind, unmark.marked, unmark.entered) == (EventKind.UNWATCHED, True, True)
    assert mark.item == unmark.item == EPISODE


def test_what_is_added_was_not_watched() -> None:
    assert parse(sample("movie-added")).kind is EventKind.ADDED


def test_outside_the_library_numbers_are_unknown() -> None:
    item = parse(with_item("episode-play", id=-1, season=-1, episode=-1)).item
    assert isinstance(item, Episode)
    assert (item.season, item.number) == (None, None)
    assert item.origin == Origin("kodi", "episode/harbour lights aired 2024-11-03 low tide")


def test_the_number_in_a_library_is_no_key_as_each_device_has_its_own() -> None:
    here, there = parse(sample("episode-end")), parse(with_item("episode-end", id=3))
    other = parse(with_item("episode-end", episode=6, uniqueid={}))
    assert here.session_key() == there.session_key() != other.session_key()


@pytest.mark.parametrize("garbage", [None, 7, "x", [], {"tmdb": 0, "tvdb": [], "imdb": "5"}, {"unknown": "12"}])
def test_garbage_for_ids_is_no_ids(garbage: Any) -> None:
    item = parse(with_item("episode-play", uniqueid=garbage)).item
    assert item is not None
    assert item.ids == EpisodeIds()


def test_an_unlabelled_id_is_known_by_its_form() -> None:
    item = parse(with_item("movie-end", uniqueid={"unknown": "tt7700511"}, imdbnumber=...)).item
    assert item is not None
    assert item.ids == MovieIds(imdb="tt7700511")


def test_an_add_on_may_say_who_and_where() -> None:
    event = parse(sample("addon-stop"))
    assert (event.account, event.player_name) == (Account(name="marta"), "Bedroom")
    assert (event.position_ms, event.duration_ms) == (5_900_000, 6_120_000)


def test_what_http_scrobbler_posts_is_read_completely() -> None:
    assert parse(sample("scrobbler-episode-end")) == PlaybackEvent(
        source="kodi",
        kind=EventKind.WATCHED,
        occurred_at=datetime(2026, 2, 24, 10, 58, 10, 185714, tzinfo=UTC),
        time_from_source=True,
        item=replace(EPISODE, show_ids=ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011)),
        position_ms=2_700_000,
        duration_ms=2_700_000,
        viewing="0f4e4f0a-6a52-4b8e-9d0c-1a2b3c4d5e6f",
    )
    film = parse(sample("scrobbler-movie-stop")).item
    assert film == parse(sample("movie-end")).item


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("start", EventKind.START),
        ("pause", EventKind.PAUSE),
        ("resume", EventKind.RESUME),
        ("seek", EventKind.PROGRESS),
        ("interval", EventKind.PROGRESS),
        ("stop", EventKind.STOP),
        ("end", EventKind.WATCHED),
    ],
)
def test_each_word_of_http_scrobbler_has_its_kind_and_its_times_are_seconds(word: str, kind: EventKind) -> None:
    event = parse({**sample("scrobbler-movie-stop"), "event": word})
    assert (event.kind, event.position_ms, event.duration_ms) == (kind, 5_900_000, 6_120_000)


def test_what_http_scrobbler_posts_is_the_viewing_that_kodi_itself_tells_of() -> None:
    assert parse(sample("scrobbler-episode-end")).session_key() == parse(sample("live-stop")).session_key()


@pytest.mark.parametrize(
    ("stated", "at", "told", "stale"),
    [
        ("2026-02-23T20:15:00+01:00", datetime(2026, 2, 23, 19, 15, tzinfo=UTC), True, False),  # tried again later
        ("2026-02-24T12:30:00+01:00", RECEIVED_AT, False, False),  # a clock that goes wrong
        ("2026-01-01T12:30:00+01:00", RECEIVED_AT, False, True),
        ("2026-02-24T10:58:10", RECEIVED_AT, False, False),  # nobody says in which zone
        ("9999-12-31T23:59:59-12:00", RECEIVED_AT, False, False),
        ("soon", RECEIVED_AT, False, False),
        (None, RECEIVED_AT, False, False),
        (7, RECEIVED_AT, False, False),
    ],
)
def test_what_http_scrobbler_posts_happened_when_it_says(stated: Any, at: datetime, told: bool, stale: bool) -> None:
    event = parse({**sample("scrobbler-episode-end"), "timestamp": stated})
    assert (event.occurred_at, event.time_from_source, event.stale) == (at, told, stale)


def test_an_end_that_http_scrobbler_cannot_measure_is_an_end() -> None:
    unknown = {**sample("scrobbler-episode-end"), "duration": None, "progress": {"time": None, "percent": None}}
    assert (parse(unknown).kind, parse(unknown).percent) == (EventKind.WATCHED, None)
    assert parse({**unknown, "progress": {"time": 0, "percent": 0.0}}).position_ms is None
    stop = parse({**unknown, "event": "stop", "progress": {"time": None, "percent": 97.5}})
    assert (stop.kind, stop.percent) == (EventKind.STOP, 97.5)
    assert parse({**unknown, "event": "stop", "progress": "far"}).percent is None


def test_what_movary_posts_was_watched() -> None:
    event = parse(sample("movary-movie"))
    assert event.item == Movie("Paper Boats", None, MovieIds(tmdb=771234), Origin("kodi", "movie/paper boats"))
    assert (event.occurred_at, event.time_from_source, event.marked) == (RECEIVED_AT, False, False)


def test_a_rating_in_the_form_of_the_add_ons_is_a_rating() -> None:
    event = parse(sample("scrobbler-rating"))
    assert (event.kind, event.rating, event.scope) == (EventKind.RATED, 8, None)
    assert event.item is not None
    assert event.item.ids == MovieIds(tmdb=771234)
    episode = {**sample("scrobbler-episode-end"), "event": None, "rating": 6.5}
    assert (parse(episode).rating, parse(episode).item) == (7, parse(sample("scrobbler-episode-end")).item)
    assert parse({**sample("scrobbler-rating"), "rating": 0}).kind is EventKind.UNRATED


def test_a_body_in_the_form_of_trakt_keeps_its_ids_apart() -> None:
    item = parse(sample("trakt-episode-stop")).item
    assert isinstance(item, Episode)
    assert (item.show_ids, item.ids) == (ShowIds(tvdb=440011), EpisodeIds(tvdb=10220330))
    silent = sample("trakt-episode-stop")
    del silent["action"]
    assert parse(silent).kind is EventKind.PROGRESS


def at_percent(percent: Any, method: str = "Player.OnStop") -> PlaybackEvent:
    item = {"type": "movie", "title": "Paper Boats"}
    return parse({"method": method, "params": {"data": {"item": item, "player": {"percentage": percent}}}})


def test_progress_beyond_the_end_is_clamped_and_proves_no_end_case_66() -> None:
    assert at_percent(312, "Player.OnPause").percent == 100.0
    assert at_percent(-5, "Player.OnPause").percent == 0.0
    assert (at_percent(312).kind, at_percent(312).percent) == (EventKind.STOP, None)
    assert at_percent(101).percent == 100.0
    assert at_percent("93.5").percent == 93.5
    assert parse({"action": "stop", "movie": {"title": "Paper Boats"}, "progress": 312}).percent is None


def test_a_position_far_behind_the_end_makes_the_length_doubtful_case_66() -> None:
    message = sample("episode-stop")
    message["params"]["data"]["player"]["totaltime"] = {"hours": 0, "minutes": 30, "seconds": 0}
    event = parse(message)
    assert (event.position_ms, event.duration_ms, event.percent) == (2_538_000, None, None)


@pytest.mark.parametrize("garbage", [{}, {"hours": "x"}, {"minutes": -3}, "soon", [], True, {"hours": 10**20}])
def test_a_broken_time_is_unknown(garbage: Any) -> None:
    message = sample("episode-stop")
    message["params"]["data"]["player"] = {"time": garbage, "totaltime": garbage}
    item_of(message).pop("runtime")
    event = parse(message)
    assert (event.position_ms, event.duration_ms, event.percent) == (None, None, None)

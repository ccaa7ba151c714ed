"""Messages of Jellyfin's official Webhook plugin in, events out."""

import copy
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.sessions import Duplicate, Rules, Session, Watched
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body
from scrobbled.sources.jellyfin import JellyfinSource

PAYLOADS = Path(__file__).parent.parent / "payloads" / "jellyfin"
SERVER = "3f0b6a7e1c2d4b5a8e9f001122334455"
MARTA = Account("00112233445566778899aabbccddeeff", "marta")
STOPPED_AT = datetime(2026, 2, 24, 21, 41, 7, 123456, tzinfo=UTC)
MARKED_AT = datetime(2026, 2, 24, 21, 45, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 2, 24, 21, 46, tzinfo=UTC)
LOW_TIDE = Episode(
    show_title="Harbour Lights",
    season=2,
    number=5,
    title="Low Tide",
    show_year=2023,
    ids=EpisodeIds(imdb="tt9900112", tvdb=10220330),
    air_date=date(2024, 11, 3),
    origin=Origin(SERVER, "77aa88bb99cc00dd11ee22ff33445566", "aa00bb11cc22dd33ee44ff5566778899", "Series"),
)
PAPER_BOATS = Movie(
    title="Paper Boats",
    year=2019,
    ids=MovieIds(imdb="tt7712340", tmdb=771234),
    origin=Origin(SERVER, "5566778899aabbccddeeff0011223344", library="Films"),
)


def sample(name: str, **changes: Any) -> dict[str, Any]:
    """A stored message; ``...`` takes a key away."""
    message = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8")) | changes
    return {key: value for key, value in message.items() if value is not ...}


def parsed(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> tuple[PlaybackEvent, ...]:
    return JellyfinSource().parse(message, received_at)


def parse(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> PlaybackEvent:
    (event,) = parsed(message, received_at)
    return event


def episode(**changes: Any) -> Episode:
    item = parse(sample("playback-stop", **changes)).item
    assert isinstance(item, Episode)
    return item


def ignored(message: dict[str, Any]) -> str:
    event = parse(message)
    assert event.kind is EventKind.IGNORED
    assert event.item is None
    return event.reason


def test_the_registry_knows_jellyfin_by_both_its_names() -> None:
    assert SOURCES["jellyfin"].name == "jellyfin"
    assert SOURCES["jellyfin-webhooks"].name == "jellyfin-webhooks"


def test_a_full_stop_of_an_episode_is_read_completely() -> None:
    assert parse(sample("playback-stop")) == PlaybackEvent(
        source="jellyfin",
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
        ("playback-start", EventKind.START, LOW_TIDE, None),  # its position is 0 also where playback goes on
        ("playback-progress", EventKind.PROGRESS, LOW_TIDE, 44.4),
        ("playback-paused", EventKind.PAUSE, LOW_TIDE, 44.8),
        ("playback-stop", EventKind.WATCHED, LOW_TIDE, 97.8),
        ("playback-stop-early", EventKind.STOP, PAPER_BOATS, 33.3),
        ("form-stop", EventKind.WATCHED, LOW_TIDE, 97.8),
        ("user-data-toggled", EventKind.WATCHED, PAPER_BOATS, None),
        ("user-data-untoggled", EventKind.UNWATCHED, PAPER_BOATS, None),
        ("user-data-finished", EventKind.WATCHED, LOW_TIDE, None),
        ("user-data-rated", EventKind.RATED, PAPER_BOATS, None),
        ("item-added", EventKind.ADDED, LOW_TIDE, None),
        ("item-deleted", EventKind.REMOVED, PAPER_BOATS, None),
        ("template-released-stop", EventKind.WATCHED, Movie("Paper Boats", 2019), None),
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
        pytest.param(sample("user-data-start"), "bookkeeping", id="case-46"),
        pytest.param(sample("user-data-progress"), "bookkeeping", id="case-47"),
        (sample("user-data-toggled", SaveReason="Import"), "bookkeeping"),
        (sample("user-data-toggled", SaveReason="UpdateUserData"), "bookkeeping"),
        (sample("user-data-finished", Played=False), "bookkeeping"),
        (sample("user-data-toggled", SaveReason="Dream"), "unknown event"),
        (sample("user-data-toggled", SaveReason=...), "unknown event"),
        (sample("user-data-toggled", Played=...), "unknown event"),
        (sample("authentication-success"), "unsupported"),
        (sample("channel-start"), "live tv"),
        (sample("playback-start", ItemType="LiveTvProgram"), "live tv"),
        (sample("test"), "test"),
        (sample("test", ItemType="None"), "test"),
        (sample("test", NotificationType="UserDataSaved"), "test"),
        (sample("playback-stop", ItemType="Audio"), "type"),
        (sample("item-added", ItemType="MusicAlbum"), "type"),
        (sample("playback-stop", ItemType="Video"), "type"),
        (sample("playback-stop", ItemType="MusicVideo"), "type"),
        (sample("playback-stop", ItemType="Trailer"), "type"),
        (sample("user-data-toggled", ItemType="Series"), "type"),
        (sample("user-data-toggled", ItemType="Season"), "type"),
        (sample("playback-stop", ItemType=["Episode"]), "type"),
        pytest.param({"NotificationType": "PlaybackStop"}, "no item", id="case-73"),
        ({"NotificationType": "PlaybackStop", "ItemType": "Episode", "ItemId": "7"}, "no item"),
        ({"NotificationType": "PlaybackStop", "ItemType": "Movie", "ItemId": "7"}, "no item"),
        pytest.param({"NotificationType": "Dream"}, "unknown event", id="case-74"),
        ({"NotificationType": "TaskCompleted", "Name": "Scan"}, "unsupported"),
        ({"NotificationType": None}, "empty"),
        ({"NotificationType": ["PlaybackStop"]}, "this form is not known: see docs/sources/jellyfin.md"),
        ({"hello": "world"}, "this form is not known: see docs/sources/jellyfin.md"),
        ({"event": "dance"}, "this form is not known: see docs/sources/jellyfin.md"),
        ({}, "empty"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


def test_an_ignored_message_still_says_who_and_when() -> None:
    event = parse(sample("user-data-start"))
    assert (event.account, event.occurred_at) == (MARTA, RECEIVED_AT)


# --- how it is sent --------------------------------------------------------------------------------------------------


def test_json_labelled_as_plain_text_is_read_case_45() -> None:
    body = read_body("text/plain; charset=utf-8", json.dumps(sample("playback-stop")).encode())
    assert parse(body.data).item == LOW_TIDE


def test_a_form_field_by_field_says_the_same_as_the_object() -> None:
    form = urlencode(sample("form-stop"))
    body = read_body("application/x-www-form-urlencoded", form.encode())
    assert parse(body.data) == parse(sample("playback-stop"))


def test_keys_are_read_without_regard_to_case() -> None:
    message = {key.upper(): value for key, value in sample("playback-stop").items()}
    assert parse(message) == parse(sample("playback-stop"))
    message = {key.lower(): value for key, value in sample("playback-stop").items()}
    assert parse(message) == parse(sample("playback-stop"))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, EventKind.WATCHED),
        ("True", EventKind.WATCHED),
        ("true", EventKind.WATCHED),
        (1, EventKind.WATCHED),
        (False, EventKind.STOP),
        ("False", EventKind.STOP),
        ("0", EventKind.STOP),
        ("", EventKind.STOP),
        (None, EventKind.STOP),
    ],
)
def test_yes_and_no_may_be_written_in_any_way(value: Any, kind: EventKind) -> None:
    assert parse(sample("playback-stop", PlayedToCompletion=value)).kind is kind


def test_ids_are_compared_without_dashes_and_case_case_57() -> None:
    dashed = parse(
        sample(
            "playback-stop",
            ItemId="77AA88BB-99CC-00DD-11EE-22FF33445566",
            SeriesId="{aa00bb11-cc22-dd33-ee44-ff5566778899}",
            ServerId="3f0b6a7e-1c2d-4b5a-8e9f-001122334455",
            UserId="00112233-4455-6677-8899-AABBCCDDEEFF",
        )
    )
    assert dashed == parse(sample("playback-stop"))
    assert dashed.session_key() == parse(sample("playback-start")).session_key()


@pytest.mark.parametrize(
    ("given", "title"),
    [
        pytest.param(r"The \"Big\" One", 'The "Big" One', id="case-56"),
        ("The &quot;Big&quot; One", 'The "Big" One'),
        ("Salt &amp; Pepper", "Salt & Pepper"),
        ("Caf&#233; &#x26; Bar", "Café & Bar"),
        ("AT&T; and &copy;", "AT&T; and &copy;"),
        ("Low\x00 \u202eTide\r\n", "Low Tide"),
    ],
)
def test_what_was_escaped_twice_or_for_html_is_undone_in_titles(given: str, title: str) -> None:
    assert episode(Name=given).title == title
    assert episode(SeriesName=given).show_title == title


def test_the_template_made_for_another_program_is_understood() -> None:
    event = parse(sample("template-stop"))
    assert (event.kind, event.account, event.source) == (EventKind.WATCHED, MARTA, "jellyfin")
    assert event.item == Episode(
        "Harbour Lights", 2, 5, "Low Tide", ids=EpisodeIds(imdb="tt9900112", tvdb=10220330), origin=None
    )
    assert parse(sample("template-stop", Event="Pause")).kind is EventKind.PAUSE
    assert parse(sample("template-stop", Event="PlaybackStart")).kind is EventKind.START
    assert parse(sample("template-stop", Event="PlaybackProgress")).kind is EventKind.PROGRESS
    assert parse(sample("template-stop", Event="PlaybackStop")) == event


@pytest.mark.parametrize(
    "template",
    [
        {
            "notificationType": "PlaybackStop",
            "username": "marta",
            "userId": "00112233-4455-6677-8899-aabbccddeeff",
            "itemType": "Episode",
            "itemId": "77aa88bb-99cc-00dd-11ee-22ff33445566",
            "name": "Low Tide",
            "year": "2023",
            "seriesName": "Harbour Lights",
            "seasonNumber": "2",
            "episodeNumber": "5",
            "provider_tvdb": "10220330",
            "provider_imdb": "tt9900112",
            "provider_tmdb": "",
            "runtimeTicks": "27000000000",
            "playbackPositionTicks": "26400000000",
            "playedToCompletion": "True",
            "timestamp": "2/24/2026 9:41:07 PM",
        },
        {
            "event": "PlaybackStop",
            "user": "marta",
            "userId": "00112233-4455-6677-8899-aabbccddeeff",
            "itemId": "77aa88bb-99cc-00dd-11ee-22ff33445566",
            "type": "Episode",
            "name": "Low Tide",
            "series": "Harbour Lights",
            "season": "2",
            "episode": "5",
            "year": "2023",
            "positionTicks": "26400000000",
            "runTime": "27000000000",
            "completed": "True",
            "tmdb": "",
            "imdb": "tt9900112",
            "tvdb": "10220330",
        },
        {
            "event_type": "PlaybackStop",
            "user_name": "ben",
            "username": "marta",
            "user_id": "00112233445566778899aabbccddeeff",
            "item_id": "77aa88bb99cc00dd11ee22ff33445566",
            "item_type": "Episode",
            "name": "Low Tide",
            "series_name": "Harbour Lights",
            "season_number": "02",
            "episode_number": "05",
            "year": 2023,
            "playback_position_ticks": 26400000000,
            "runtime_ticks": 27000000000,
            "played_to_completion": True,
            "provider_imdb": "tt9900112",
            "provider_tvdb": 10220330,
        },
        {
            "NotificationType": "PlaybackStop",
            "NotificationUsername": "marta",
            "UserId": "00112233445566778899aabbccddeeff",
            "ItemId": "77aa88bb99cc00dd11ee22ff33445566",
            "ItemType": "Episode",
            "ItemName": "Low Tide",
            "SeriesName": "Harbour Lights",
            "ParentIndexNumber": 2,
            "IndexNumber": 5,
            "Year": 2023,
            "ProviderIds": {"Tvdb": "10220330", "Imdb": "tt9900112", "Tmdb": ""},
            "RunTimeTicks": 27000000000,
            "PlaybackPositionTicks": 26400000000,
            "PlayedToCompletion": True,
        },
        {
            "NotificationType": "PlaybackStop",
            "NotificationUsername": "marta",
            "UserId": "00112233445566778899aabbccddeeff",
            "Item": {
                "Id": "77aa88bb99cc00dd11ee22ff33445566",
                "Type": "Episode",
                "Name": "Low Tide",
                "SeriesName": "Harbour Lights",
                "ParentIndexNumber": 2,
                "IndexNumber": 5,
                "ProviderIds": {"Tvdb": "10220330", "Imdb": "tt9900112"},
                "RunTimeTicks": 27000000000,
            },
            "Year": 2023,
            "PlaybackPositionTicks": 26400000000,
            "PlayedToCompletion": True,
        },
        {
            "notification_type": "PlaybackStop",
            "timestamp": "2/24/2026 9:41:07 PM",
            "user": {"id": "00112233445566778899aabbccddeeff", "name": "marta"},
            "item": {
                "id": "77aa88bb99cc00dd11ee22ff33445566",
                "type": "Episode",
                "name": "Low Tide",
                "series_name": "Harbour Lights",
                "year": 2023,
                "season_number": 2,
                "episode_number": 5,
                "provider_ids": {"imdb": "tt9900112", "tmdb": "", "tvdb": "10220330"},
            },
            "playback": {"position_ticks": 26400000000, "played_to_completion": True, "runtime_ticks": 27000000000},
            "user_data": {"save_reason": "", "played": None},
        },
    ],
    ids=[
        "in small letters",
        "in short",
        "with underscores",
        "in words of the server",
        "with an object in it",
        "in several objects",
    ],
)
def test_templates_in_words_of_their_own_are_understood(template: dict[str, Any]) -> None:
    event = parse(template)
    assert (event.kind, event.account, event.occurred_at) == (EventKind.WATCHED, MARTA, RECEIVED_AT)
    assert event.percent == pytest.approx(97.8, abs=0.05)
    assert event.item == Episode(
        show_title="Harbour Lights",
        season=2,
        number=5,
        title="Low Tide",
        show_year=2023,
        ids=LOW_TIDE.ids,
        origin=Origin("", "77aa88bb99cc00dd11ee22ff33445566"),
    )


def test_a_mark_may_be_told_in_an_object_of_its_own() -> None:
    message = {
        "notification_type": "UserDataSaved",
        "user": {"id": MARTA.id, "name": "marta"},
        "item": {"id": "5566778899aabbccddeeff0011223344", "type": "Movie", "name": "Paper Boats", "year": 2019},
        "user_data": {"save_reason": "TogglePlayed", "played": True},
    }
    event = parse(message)
    assert (event.kind, event.marked, event.account) == (EventKind.WATCHED, True, MARTA)
    assert isinstance(event.item, Movie)


def test_a_template_may_call_the_show_the_title() -> None:
    message = {
        "media_type": "Episode",
        "title": "Harbour Lights",
        "ori_title": " ",
        "season": 2,
        "episode": 5,
        "release_date": "2023-01-01",
        "user_name": "marta",
        "NotificationType": "PlaybackStop",
        "PlayedToCompletion": "True",
    }
    event = parse(message)
    assert (event.kind, event.account) == (EventKind.WATCHED, Account("", "marta"))
    assert event.item == Episode("Harbour Lights", 2, 5, show_year=2023)
    film = parse({**message, "media_type": "Movie", "title": "Paper Boats", "season": 1, "episode": 1}).item
    assert film == Movie("Paper Boats", 2023)


STOPPED = {"NotificationType": "PlaybackStop", "ItemType": "Episode"}


def test_a_day_of_release_gives_the_year_where_no_year_is_told() -> None:
    film = {
        "NotificationType": "PlaybackStop",
        "ItemType": "Movie",
        "Name": "Paper Boats",
        "release_date": "2019-05-02",
    }
    assert parse(film).item == Movie("Paper Boats", 2019)
    assert parse({**film, "Year": 2018}).item == Movie("Paper Boats", 2018)
    assert parse({**film, "release_date": "soon"}).item == Movie("Paper Boats", None)
    episode = {**film, "ItemType": "Episode", "SeriesName": "Harbour Lights"}
    assert parse(episode).item == Episode("Harbour Lights", None, None, "Paper Boats")  # it is the day of the episode


FLAT = sample("template-dotted-start")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("playback.start", EventKind.START),
        ("Playback.Progress", EventKind.PROGRESS),
        ("playback.stop", EventKind.STOP),
    ],
)
def test_a_flat_template_may_write_the_event_as_emby_does(word: str, kind: EventKind) -> None:
    event = parse({**FLAT, "event": word})
    assert (event.kind, event.account) == (kind, Account(MARTA.id))
    assert isinstance(event.item, Episode)
    assert (event.item.show_title, event.item.season, event.item.number) == ("Harbour Lights", 2, 5)


@pytest.mark.parametrize(
    "beside",
    [
        {},
        {"PlayedToCompletion": True},
        {"UserId": MARTA.id},
        {"NotificationUsername": "marta"},
        {"SeasonNumber": 2, "EpisodeNumber": 5},
        {"PlaybackPositionTicks": 0},
        {"ServerId": SERVER, "PlayedToCompletion": False},
    ],
)
def test_what_says_more_than_a_test_does_is_none(beside: dict[str, Any]) -> None:
    assert ignored({**STOPPED, **beside}) == "no item"


def test_a_template_may_call_ids_external() -> None:
    item = parse(sample("template-external-stop")).item
    key = "77aa88bb99cc00dd11ee22ff33445566"
    assert item == Episode("Harbour Lights", 2, 5, origin=Origin("", key))
    ids = {"item_external_id": "77aa88bb-99cc-00dd-11ee-22ff33445566", "user_external_id": MARTA.id}
    told = {"event_type": "PlaybackStop", "item_type": "Movie", "name": "Paper Boats", "played_to_completion": "True"}
    event = parse({**told, **ids})
    assert (event.kind, event.account) == (EventKind.WATCHED, Account(MARTA.id))
    assert event.item == Movie("Paper Boats", None, MovieIds(), Origin("", "77aa88bb99cc00dd11ee22ff33445566"))
    episode = {"event_type": "PlaybackStop", "item_type": "Episode", "season_number": 2, "episode_number": 5}
    assert ignored({**episode, **ids, "played_to_completion": True}) == "no item"


def test_a_mark_may_be_called_as_the_other_plugin_calls_it() -> None:
    item = {"Type": "Episode", "Id": "7", "Name": "Ebb / Flow", "SeriesName": "Harbour Lights", "ParentIndexNumber": 2}
    message = {"NotificationType": "MarkPlayed", "Item": {**item, "IndexNumber": 1, "IndexNumberEnd": 2}, "Session": {}}
    events = parsed(message)
    assert [(event.kind, event.marked, event.dated) for event in events] == [(EventKind.WATCHED, True, False)] * 2
    assert [event.item.number for event in events if isinstance(event.item, Episode)] == [1, 2]
    unmark = parse({**FLAT, "NotificationType": "MarkUnplayed", "UtcTimestamp": "2026-02-24T21:45:00Z"})
    assert (unmark.kind, unmark.marked, unmark.occurred_at) == (EventKind.UNWATCHED, True, MARKED_AT)


def test_what_does_not_say_whether_it_is_an_episode_or_a_film_is_told_so() -> None:
    assert ignored({"NotificationType": "PlaybackStop", "UserId": MARTA.id, "ItemId": "7"}) == "no type"
    assert ignored({"NotificationType": "PlaybackStop", "itemName": "Low Tide"}) == "no type"


def test_numbers_of_the_end_of_a_file_may_have_the_servers_name_too() -> None:
    message = sample("playback-stop", EpisodeNumber=..., EpisodeNumber00=..., EpisodeNumber000=...)
    events = parsed({**message, "IndexNumber": 5, "IndexNumberEnd": 6})
    assert [event.item.number for event in events if isinstance(event.item, Episode)] == [5, 6]


def test_fields_that_people_add_do_no_harm() -> None:
    assert parse(sample("playback-stop", Item="tv", Metadata={}, Event="Play", User="ben")) == parse(
        sample("playback-stop")
    )


@pytest.mark.parametrize("source", ["jellyfin", "jellyfin-webhooks", "emby"])
def test_what_we_read_from_the_server_ourselves_comes_in_by_the_same_door(source: str) -> None:
    item = {"Id": "7", "Type": "Movie", "Name": "Paper Boats", "RunTimeTicks": 61_200_000_000}
    data = {"Played": True, "LastPlayedDate": "2026-02-20T20:00:00.0000000Z"}
    message = {"polled": "played", "ServerId": "5", "User": {"Id": "6"}, "Item": {**item, "UserData": data}}
    (event,) = SOURCES[source].parse(message, RECEIVED_AT)
    assert (event.source, event.kind, event.entered) == (source, EventKind.WATCHED, True)


def test_what_emby_sends_is_understood_here_too() -> None:
    message = json.loads((PAYLOADS.parent / "emby" / "playback-stop.json").read_text("utf-8"))
    event = parse(message)
    assert (event.source, event.kind) == ("jellyfin", EventKind.WATCHED)


# --- when ------------------------------------------------------------------------------------------------------------


def test_the_local_time_that_calls_itself_utc_is_not_used_case_55() -> None:
    assert parse(sample("playback-stop")).occurred_at == STOPPED_AT
    event = parse(sample("playback-stop", UtcTimestamp=...))
    assert (event.occurred_at, event.time_from_source) == (RECEIVED_AT, False)


@pytest.mark.parametrize(
    ("stated", "at"),
    [
        ("2026-02-24T21:41:07Z", STOPPED_AT.replace(microsecond=0)),
        ("2026-02-24T21:41:07", STOPPED_AT.replace(microsecond=0)),
        ("2026-02-24T22:41:07.1234567+01:00", STOPPED_AT),
        ("2026-02-24 21:41:07.1234567Z", STOPPED_AT),
    ],
)
def test_times_are_utc_however_they_are_written(stated: str, at: datetime) -> None:
    event = parse(sample("playback-stop", UtcTimestamp=stated), RECEIVED_AT.astimezone(timezone(timedelta(hours=9))))
    assert (event.occurred_at, event.time_from_source) == (at, True)
    assert event.occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    "garbage",
    [
        "02/24/2026 21:41:07",
        "2026-02-24",
        "2026-13-24T21:41:07Z",
        "0001-01-01T00:00:00.0000000Z",
        "",
        None,
        1771969267,
        [],
    ],
)
def test_a_broken_time_is_the_moment_of_receipt(garbage: Any) -> None:
    event = parse(sample("playback-stop", UtcTimestamp=garbage))
    assert (event.occurred_at, event.time_from_source, event.stale) == (RECEIVED_AT, False, False)


def test_a_time_in_the_future_or_long_ago_is_not_believed_case_67() -> None:
    early = parse(sample("playback-stop"), STOPPED_AT - timedelta(seconds=1))
    assert (early.occurred_at, early.time_from_source) == (STOPPED_AT - timedelta(seconds=1), False)
    late = parse(sample("playback-stop"), STOPPED_AT + timedelta(days=14, seconds=1))
    assert (late.time_from_source, late.stale) == (False, True)
    assert parse(sample("playback-stop"), STOPPED_AT + timedelta(days=14)).occurred_at == STOPPED_AT


# --- marks -----------------------------------------------------------------------------------------------------------


def test_a_mark_happened_when_it_says_case_48() -> None:
    event = parse(sample("user-data-toggled"))
    assert (event.kind, event.marked, event.entered, event.dated) == (EventKind.WATCHED, True, True, True)
    assert (event.occurred_at, event.time_from_source) == (MARKED_AT, True)


def test_an_old_date_of_a_mark_is_legal_cases_48_and_67() -> None:
    event = parse(sample("user-data-toggled", LastPlayedDate="2011-05-06T20:15:00.0000000Z"))
    assert (event.occurred_at, event.time_from_source, event.stale) == (
        datetime(2011, 5, 6, 20, 15, tzinfo=UTC),
        True,
        False,
    )


@pytest.mark.parametrize("garbage", [..., None, "", "2031-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"])
def test_a_mark_without_a_date_of_its_own_happened_when_it_was_set_case_48(garbage: Any) -> None:
    event = parse(sample("user-data-toggled", LastPlayedDate=garbage))
    assert event.occurred_at == datetime(2026, 2, 24, 21, 45, 0, 123456, tzinfo=UTC)
    assert (event.time_from_source, event.dated) == (True, True)


def test_nobody_knows_when_a_mark_without_any_time_was_watched() -> None:
    event = parse(sample("user-data-toggled", LastPlayedDate=..., UtcTimestamp=...))
    assert (event.dated, event.time_from_source, event.occurred_at) == (False, False, RECEIVED_AT)


def test_a_mark_by_a_clock_that_is_fast_is_dated_by_its_receipt() -> None:
    event = parse(sample("user-data-toggled"), MARKED_AT - timedelta(seconds=3))
    assert (event.dated, event.occurred_at) == (True, MARKED_AT - timedelta(seconds=3))


def test_a_mark_taken_away_is_unwatched_case_49() -> None:
    event = parse(sample("user-data-untoggled"))
    assert (event.kind, event.marked, event.entered) == (EventKind.UNWATCHED, True, True)


# --- whether it was watched ------------------------------------------------------------------------------------------


def test_played_to_completion_at_position_0_is_watched_at_no_known_position_case_51() -> None:
    event = parse(sample("playback-stop", PlaybackPositionTicks=0))
    assert (event.kind, event.position_ms, event.percent) == (EventKind.WATCHED, None, None)


def test_the_server_may_say_that_96_percent_are_not_all_case_52() -> None:
    event = parse(sample("playback-stop", PlayedToCompletion=False, PlaybackPositionTicks=25_920_000_000))
    assert (event.kind, event.unfinished) == (EventKind.STOP, True)
    assert event.percent == pytest.approx(96.0)
    assert not isinstance(fold(Session(), event, Rules())[1], Watched)
    assert isinstance(fold(Session(), event, Rules(own=True))[1], Watched)


def test_a_stop_that_does_not_say_whether_it_was_the_end_is_judged_by_its_position() -> None:
    event = parse(sample("playback-stop", PlayedToCompletion=...))
    assert (event.kind, event.unfinished) == (EventKind.STOP, False)
    assert event.percent == pytest.approx(97.8, abs=0.05)


def test_a_short_film_is_watched_by_the_servers_rule_case_53() -> None:
    short = {"RunTimeTicks": 2_400_000_000, "PlaybackPositionTicks": 480_000_000, "PlayedToCompletion": True}
    event = parse(sample("playback-stop-early", **short))
    assert (event.kind, event.duration_ms) == (EventKind.WATCHED, 240_000)


def test_the_end_of_playback_in_user_data_and_the_stop_are_one_viewing() -> None:
    session, plays = Session(), 0
    for name in ("playback-start", "playback-progress", "user-data-finished", "playback-stop"):
        session, verdict = fold(session, parse(sample(name)), Rules())
        plays += isinstance(verdict, Watched)
    assert plays == 1
    assert isinstance(verdict, Duplicate)


@pytest.mark.parametrize("garbage", [-1, True, "soon", [], {}, None, 10**40, float("nan"), float("inf"), 10**14])
def test_an_impossible_position_or_runtime_is_unknown(garbage: Any) -> None:
    event = parse(sample("playback-progress", PlaybackPositionTicks=garbage, RunTimeTicks=garbage))
    assert (event.position_ms, event.duration_ms, event.percent) == (None, None, None)


def test_a_runtime_of_0_is_unknown() -> None:
    assert parse(sample("playback-stop", RunTimeTicks=0)).duration_ms is None


def test_two_people_before_one_screen_are_two_messages_case_59() -> None:
    ben = parse(sample("playback-stop", UserId="ff" * 16, NotificationUsername="ben"))
    assert ben.account == Account("ff" * 16, "ben")
    assert ben.session_key() != parse(sample("playback-stop")).session_key()


def test_older_versions_call_the_person_otherwise() -> None:
    event = parse(sample("playback-stop", NotificationUsername=..., Username="marta"))
    assert event.account == MARTA


def test_nobody_is_named_where_the_message_names_nobody_case_58() -> None:
    assert parse(sample("item-added")).account == Account()
    empty = parse(sample("playback-stop", UserId="0" * 32, NotificationUsername=""))
    assert empty.account.names() == frozenset()


# --- which item ------------------------------------------------------------------------------------------------------


def test_a_file_with_two_episodes_is_both_case_54() -> None:
    first, second = parsed(sample("playback-stop", EpisodeNumber=1, EpisodeNumberEnd=2, Name="Ebb / Flow"))
    assert isinstance(first.item, Episode)
    assert isinstance(second.item, Episode)
    assert (first.item.number, first.item.title, first.item.ids) == (1, "Ebb", LOW_TIDE.ids)
    assert (second.item.number, second.item.title, second.item.ids) == (2, "Flow", EpisodeIds())
    assert first.kind is second.kind is EventKind.WATCHED
    assert first.session_key() != second.session_key()
    assert second.item.origin is not None
    assert second.item.origin.show_key == "aa00bb11cc22dd33ee44ff5566778899"


def test_one_title_of_a_file_with_several_episodes_is_that_of_the_first() -> None:
    titles = [event.item.title for event in parsed(sample("playback-stop", EpisodeNumberEnd="7")) if event.item]
    assert titles == ["Low Tide", None, None]


@pytest.mark.parametrize("last", [4, 5, 0, -1, "", None, 25, 1080, 10**6])
def test_an_impossible_last_episode_of_a_file_is_no_further_episode(last: Any) -> None:
    assert parse(sample("playback-stop", EpisodeNumberEnd=last)).item == LOW_TIDE


def test_at_most_20_episodes_are_in_a_file() -> None:
    assert len(parsed(sample("playback-stop", EpisodeNumberEnd=24))) == 20


def test_years_as_seasons_and_high_numbers_are_legal_case_68() -> None:
    item = episode(SeasonNumber=2024, EpisodeNumber=1207)
    assert (item.season, item.number) == (2024, 1207)


def test_season_0_is_real_and_a_missing_one_unknown() -> None:
    assert episode(SeasonNumber=0).season == 0
    gone = {f"SeasonNumber{zeros}": ... for zeros in ("", "00", "000")}
    assert episode(**gone).season is None
    assert episode(SeasonNumber=...).season == 2  # a template may have only the one with zeros


def test_numbers_may_be_strings_and_blank_ones_are_unknown_case_71() -> None:
    item = episode(SeasonNumber="1", EpisodeNumber="07")
    assert (item.season, item.number) == (1, 7)
    assert episode(EpisodeNumber="", EpisodeNumber00="", EpisodeNumber000="").number is None


@pytest.mark.parametrize("garbage", ["S01", 5.5, True, [], {}, float("nan"), 10**40])
def test_a_number_that_is_none_is_malformed_case_71(garbage: Any) -> None:
    assert ignored(sample("playback-stop", EpisodeNumber=garbage)) == "malformed"
    assert ignored(sample("playback-stop", SeasonNumber=garbage)) == "malformed"


def test_without_provider_ids_the_item_is_known_by_its_key_case_65() -> None:
    item = episode(Provider_tvdb=..., Provider_imdb="")
    assert (item.ids, item.show_ids, item.origin) == (EpisodeIds(), ShowIds(), LOW_TIDE.origin)


@pytest.mark.parametrize("garbage", ["tt", "0", "-5", "abc", "https://themoviedb.org/movie/5", 1.5, True, [], None])
def test_what_can_be_no_id_is_left_out(garbage: Any) -> None:
    assert episode(Provider_tvdb=garbage, Provider_imdb=garbage, Provider_tmdb=garbage).ids == EpisodeIds()


def test_ids_may_be_numbers_and_anime_has_its_own() -> None:
    item = episode(Provider_tvdb=10220330, Provider_imdb=" TT9900112 ", Provider_AniDB="12", Provider_anilist="3")
    assert item.ids == EpisodeIds(imdb="tt9900112", tvdb=10220330, anidb=12)


def test_a_collection_is_no_film() -> None:
    item = parse(sample("item-deleted", Provider_tmdb=...)).item
    assert item is not None
    assert item.ids == MovieIds(imdb="tt7712340")


def test_older_versions_do_not_name_the_library() -> None:
    item = episode(LibraryNameByMaxPath=...)
    assert item.origin is not None
    assert item.origin.library is None


# --- ratings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "stars"), [(8.5, 9), (8.4, 8), (10, 10), ("7", 7), (0.4, 1), (0.01, 1), (6.5, 7)])
def test_ratings_round_half_up(given: Any, stars: int) -> None:
    event = parse(sample("user-data-rated", Rating=given))
    assert (event.kind, event.rating, event.scope) == (EventKind.RATED, stars, None)
    assert event.occurred_at == datetime(2026, 2, 24, 21, 45, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("given", [0, 0.0, "0", -1, "", None, ...])
def test_a_rating_of_0_is_one_taken_back(given: Any) -> None:
    event = parse(sample("user-data-rated", Rating=given))
    assert (event.kind, event.rating) == (EventKind.UNRATED, None)


def test_favouriting_takes_no_rating_back() -> None:
    assert ignored(sample("user-data-rated", Rating=0, Favorite=True)) == "unsupported"
    assert parse(sample("user-data-rated", Rating=8, Favorite=True)).rating == 8


@pytest.mark.parametrize("garbage", [11, "great", True, [], float("nan"), float("inf")])
def test_a_rating_that_is_none_is_malformed(garbage: Any) -> None:
    assert ignored(sample("user-data-rated", Rating=garbage)) == "malformed"


def test_a_show_and_a_season_can_be_rated() -> None:
    show = parse(sample("series-rated"))
    assert (show.kind, show.rating, show.scope) == (EventKind.RATED, 9, "show")
    key = "aa00bb11cc22dd33ee44ff5566778899"
    assert show.item == Episode(
        "Harbour Lights",
        None,
        None,
        show_year=2023,
        show_ids=ShowIds(tmdb=225500, tvdb=440011),
        origin=Origin(SERVER, key, key),
    )
    season = parse(sample("season-rated"))
    assert (season.rating, season.scope) == (7, "season")
    assert isinstance(season.item, Episode)
    assert (season.item.show_title, season.item.season, season.item.number) == ("Harbour Lights", 2, None)
    assert (season.item.ids, season.item.show_ids) == (EpisodeIds(), ShowIds())  # a season's ids are in their own space


def test_a_season_without_number_is_no_season() -> None:
    gone = {f"SeasonNumber{zeros}": ... for zeros in ("", "00", "000")}
    assert ignored(sample("season-rated", **gone)) == "no item"


def test_an_added_show_is_a_show_and_no_episode() -> None:
    event = parse(sample("series-rated", NotificationType="ItemAdded"))
    assert (event.kind, event.scope) == (EventKind.ADDED, "show")


def test_parsing_leaves_the_message_as_it_was() -> None:
    message = sample("playback-stop")
    before = copy.deepcopy(message)
    parse(message)
    assert message == before

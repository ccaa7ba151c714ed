"""What we read from Jellyfin and Emby ourselves, as events."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources import SOURCES

SERVER = "3f0b6a7e1c2d4b5a8e9f001122334455"
RECEIVED_AT = datetime(2026, 2, 25, 8, 0, tzinfo=UTC)
PLAYED_AT = datetime(2026, 2, 24, 21, 41, 7, tzinfo=UTC)
EPISODE: dict[str, Any] = {
    "polled": "played",
    "ServerId": "3F0B6A7E-1C2D-4B5A-8E9F-001122334455",
    "User": {"Id": "00112233445566778899aabbccddeeff", "Name": "marta"},
    "Item": {
        "Name": "Low Tide",
        "Id": "77aa88bb99cc00dd11ee22ff33445566",
        "Type": "Episode",
        "RunTimeTicks": 27_000_000_000,
        "ProductionYear": 2024,
        "IndexNumber": 5,
        "ParentIndexNumber": 2,
        "SeriesName": "Harbour Lights",
        "SeriesId": "aa00bb11cc22dd33ee44ff5566778899",
        "ProviderIds": {"Tvdb": "10220330", "Imdb": "tt9900112"},
        "UserData": {"Played": True, "PlayCount": 1, "LastPlayedDate": "2026-02-24T21:41:07.0000000Z"},
    },
    "Series": {"Id": "aa00bb11cc22dd33ee44ff5566778899", "ProductionYear": 2023, "ProviderIds": {"Tmdb": "225500"}},
}
BOTH = pytest.mark.parametrize("source", ["jellyfin", "emby"])


def message(**item: Any) -> dict[str, Any]:
    changed = copy.deepcopy(EPISODE)
    changed["Item"] |= item
    return changed


def parse(source: str, payload: dict[str, Any]) -> PlaybackEvent:
    (event,) = SOURCES[source].parse(payload, RECEIVED_AT)
    return event


@BOTH
def test_a_row_of_what_was_played_is_a_viewing_with_the_date_of_the_server(source: str) -> None:
    assert parse(source, EPISODE) == PlaybackEvent(
        source=source,
        kind=EventKind.WATCHED,
        occurred_at=PLAYED_AT,
        time_from_source=True,
        account=Account("00112233445566778899aabbccddeeff", "marta"),
        duration_ms=2_700_000,
        entered=True,
        item=Episode(
            show_title="Harbour Lights",
            season=2,
            number=5,
            title="Low Tide",
            show_year=2023,
            show_ids=ShowIds(tmdb=225500),
            ids=EpisodeIds(imdb="tt9900112", tvdb=10220330),
            origin=Origin(SERVER, "77aa88bb99cc00dd11ee22ff33445566", "aa00bb11cc22dd33ee44ff5566778899"),
        ),
    )


@BOTH
def test_a_film_has_its_own_ids(source: str) -> None:
    item = {"Type": "Movie", "Name": "Paper Boats", "ProductionYear": 2019, "ProviderIds": {"Tmdb": "771234"}}
    found = parse(source, message(**item)).item
    assert isinstance(found, Movie)
    assert (found.title, found.year, found.ids) == ("Paper Boats", 2019, MovieIds(tmdb=771234))


@BOTH
def test_a_file_of_two_episodes_is_both(source: str) -> None:
    events = SOURCES[source].parse(message(IndexNumberEnd=6), RECEIVED_AT)
    assert [event.item.number for event in events] == [5, 6]  # type: ignore[union-attr]


@BOTH
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"Played": False, "LastPlayedDate": "2026-02-24T21:41:07Z"}, "not watched"),
        ({}, "not watched"),
        (None, "not watched"),
    ],
)
def test_what_was_only_begun_is_ignored(source: str, data: Any, reason: str) -> None:
    event = parse(source, message(UserData=data))
    assert (event.kind, event.reason) == (EventKind.IGNORED, reason)


@BOTH
@pytest.mark.parametrize("date", [None, "", "0001-01-01T00:00:00Z", "2031-01-01T00:00:00Z", "yesterday"])
def test_without_a_date_that_can_be_believed_there_is_none(source: str, date: Any) -> None:
    event = parse(source, message(UserData={"Played": True, "LastPlayedDate": date}))
    assert (event.kind, event.dated) == (EventKind.WATCHED, False)


@BOTH
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"polled": "played"}, "no item"),
        ({"polled": "something"}, "unsupported"),
        ({"polled": None}, "unsupported"),
        ({**EPISODE, "Item": {"Type": "Audio", "UserData": {"Played": True}}}, "type"),
        ({**EPISODE, "Item": {**EPISODE["Item"], "IndexNumber": "S01"}}, "malformed"),
    ],
)
def test_everything_else_is_ignored_and_says_why(source: str, payload: dict[str, Any], reason: str) -> None:
    event = parse(source, payload)
    assert (event.kind, event.reason) == (EventKind.IGNORED, reason)

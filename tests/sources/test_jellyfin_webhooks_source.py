"""Messages of the "Webhooks" plugin for Jellyfin in, events out: formats Default and Plex."""

import copy
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.sessions import Rules, Session, Watched
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body
from sources.base_items import UNWATCHABLE, changed

PAYLOADS = Path(__file__).parent.parent / "payloads"
SERVER = "3f0b6a7e1c2d4b5a8e9f001122334455"
MARTA = Account("00112233445566778899aabbccddeeff", "marta")
RECEIVED_AT = datetime(2026, 2, 24, 21, 46, tzinfo=UTC)
LOW_TIDE = Episode(
    show_title="Harbour Lights",
    season=2,
    number=5,
    title="Low Tide",
    show_year=2023,
    show_ids=ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011),
    ids=EpisodeIds(imdb="tt9900112", tvdb=10220330),
    air_date=date(2024, 11, 3),
    original_title="Marea baja",
    origin=Origin(SERVER, "77aa88bb99cc00dd11ee22ff33445566", "aa00bb11cc22dd33ee44ff5566778899"),
)
PAPER_BOATS = Movie(
    title="Paper Boats",
    year=2019,
    ids=MovieIds(imdb="tt7712340", tmdb=771234),
    origin=Origin(SERVER, "5566778899aabbccddeeff0011223344"),
)


def sample(name: str, within: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A stored message; ``changes`` are to the object at ``within``, where ``...`` takes a key away."""
    return changed(f"jellyfin-webhooks/{name}", within, **changes)


def parsed(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> tuple[PlaybackEvent, ...]:
    return SOURCES["jellyfin-webhooks"].parse(message, received_at)


def parse(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> PlaybackEvent:
    (event,) = parsed(message, received_at)
    return event


def ignored(message: dict[str, Any]) -> str:
    event = parse(message)
    assert event.kind is EventKind.IGNORED
    assert event.item is None
    return event.reason


def test_a_full_stop_of_an_episode_is_read_completely() -> None:
    assert parse(sample("stop")) == PlaybackEvent(
        source="jellyfin-webhooks",
        kind=EventKind.WATCHED,
        occurred_at=RECEIVED_AT,  # no message says when it happened
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
        ("play", EventKind.START, PAPER_BOATS, None),
        ("pause", EventKind.PAUSE, LOW_TIDE, 44.8),
        ("progress", EventKind.PROGRESS, LOW_TIDE, 44.4),
        ("scrobble", EventKind.WATCHED, LOW_TIDE, 91.1),
        ("stop", EventKind.WATCHED, LOW_TIDE, 97.8),
        ("stop-early", EventKind.STOP, LOW_TIDE, 44.4),
        ("mark-played", EventKind.WATCHED, PAPER_BOATS, None),
        ("mark-unplayed", EventKind.UNWATCHED, PAPER_BOATS, None),
        ("rate", EventKind.RATED, PAPER_BOATS, None),
        ("item-added", EventKind.ADDED, LOW_TIDE, None),
    ],
)
def test_every_kind_of_message_has_its_kind_item_and_position(
    name: str, kind: EventKind, item: Any, percent: float | None
) -> None:
    event = parse(sample(name))
    assert (event.kind, event.item) == (kind, item)
    assert event.percent == (percent if percent is None else pytest.approx(percent, abs=0.05))


def test_the_show_may_lie_within_its_episode() -> None:
    series = {"Name": "Harbour Lights", "ProviderIds": {"Tmdb": "225500"}}
    item = parse(sample("item-added", ("Item",), Series=series) | {"Series": None}).item
    assert isinstance(item, Episode)
    assert item.show_ids == ShowIds(tmdb=225500)


def test_resuming_and_removing_are_told_by_their_names() -> None:
    assert parse(sample("pause", Event="Resume")).kind is EventKind.RESUME
    assert parse(sample("item-added", Event="ItemRemoved")).kind is EventKind.REMOVED


def test_progress_of_a_paused_player_is_a_pause() -> None:
    assert parse(sample("progress", ("Session", "PlayState"), IsPaused=True)).kind is EventKind.PAUSE


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (sample("authentication-failed"), "unsupported"),
        (sample("item-added", Event="ItemUpdated"), "unsupported"),
        (sample("stop", Event="SessionEnded"), "unsupported"),
        pytest.param(sample("stop", Event="Dream"), "unknown event", id="case-74"),
        (sample("stop", Event=["Stop"]), "this form is not known: see docs/sources/jellyfin-webhooks.md"),
        (sample("stop", Event=None), "this form is not known: see docs/sources/jellyfin-webhooks.md"),
        (sample("stop", Item=...), "no item"),
        (sample("stop", Item={}), "no item"),
        (sample("stop", Item="Low Tide"), "no item"),
        (sample("mark-played", ("Item",), Type="Season"), "type"),
        (sample("rate", ("Item", "UserData"), Rating=...), "unsupported"),
        (sample("rate", ("Item",), UserData=...), "unsupported"),
        (sample("rate", ("Item", "UserData"), Rating=0, IsFavorite=True), "unsupported"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


@pytest.mark.parametrize(("changes", "reason"), UNWATCHABLE)
def test_what_cannot_be_watched_is_ignored_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert ignored(sample("stop", ("Item",), **changes)) == reason


def test_a_channel_of_zeros_is_none() -> None:
    assert parse(sample("stop", ("Item",), ChannelId="0" * 32)).item == LOW_TIDE


# --- whether it was watched ------------------------------------------------------------------------------------------


def test_a_stop_is_the_end_where_the_server_counts_it_as_played() -> None:
    event = parse(sample("stop", ("Session", "PlayState"), PositionTicks=0))
    assert (event.kind, event.position_ms, event.percent) == (EventKind.WATCHED, None, None)


def test_without_the_servers_word_the_position_of_a_stop_decides() -> None:
    event = parse(sample("stop", ("Item", "UserData"), Played=False))
    assert (event.kind, event.unfinished) == (EventKind.STOP, False)
    assert isinstance(fold(Session(), event, Rules())[1], Watched)


def test_the_session_of_a_stop_may_be_over_already() -> None:
    """Its position is then in the user data."""
    assert parse(sample("stop-early")).position_ms == 1_200_000
    assert parse(sample("stop-early", Session=...)).position_ms == 1_200_000
    assert parse(sample("stop-early", ("Item", "UserData"), PlaybackPositionTicks=0)).position_ms is None


def test_a_whole_viewing_is_one_play_with_or_without_a_scrobble() -> None:
    for names in (("progress", "pause", "scrobble", "stop", "stop"), ("progress", "stop")):
        session, plays = Session(), 0
        for n, name in enumerate(names):
            event = parse(sample(name), RECEIVED_AT + timedelta(minutes=n))
            session, verdict = fold(session, event, Rules())
            plays += isinstance(verdict, Watched)
        assert plays == 1


def test_both_plugins_of_one_server_tell_of_one_session() -> None:
    official = json.loads((PAYLOADS / "jellyfin" / "playback-stop.json").read_text("utf-8"))
    assert parse(sample("stop")).session_key() == SOURCES["jellyfin"].parse(official, RECEIVED_AT)[0].session_key()


# --- marks and ratings -----------------------------------------------------------------------------------------------


def test_a_mark_happened_at_the_date_in_the_user_data() -> None:
    event = parse(sample("mark-played"))
    assert (event.marked, event.entered, event.dated, event.time_from_source) == (True, True, True, True)
    assert event.occurred_at == datetime(2026, 2, 24, 21, 0, 7, tzinfo=UTC)


def test_nobody_knows_when_a_mark_without_date_was_watched() -> None:
    event = parse(sample("mark-played", ("Item", "UserData"), LastPlayedDate=...))
    assert (event.marked, event.dated, event.time_from_source) == (True, False, False)


def test_the_date_of_playback_is_when_it_began_and_so_no_time_of_its_end() -> None:
    assert parse(sample("stop")).time_from_source is False


@pytest.mark.parametrize(("given", "stars"), [(6.5, 7), (6.4, 6), ("10", 10), (0.2, 1)])
def test_ratings_round_half_up(given: Any, stars: int) -> None:
    event = parse(sample("rate", ("Item", "UserData"), Rating=given))
    assert (event.kind, event.rating) == (EventKind.RATED, stars)


def test_a_rating_of_0_is_one_taken_back() -> None:
    assert parse(sample("rate", ("Item", "UserData"), Rating=0)).kind is EventKind.UNRATED


def test_a_show_and_a_season_can_be_rated() -> None:
    series = sample("stop")["Series"]
    event = parse(sample("rate", Item={**series, "UserData": {"Rating": 8}}))
    assert (event.rating, event.scope) == (8, "show")
    assert isinstance(event.item, Episode)
    assert (event.item.show_title, event.item.show_ids) == ("Harbour Lights", LOW_TIDE.show_ids)
    season = {"Type": "Season", "Id": "5", "IndexNumber": 2, "SeriesName": "Harbour Lights", "SeriesId": "9"}
    event = parse(sample("rate", Item={**season, "UserData": {"Rating": 8}}))
    assert event.scope == "season"
    assert event.item == Episode("Harbour Lights", 2, None, origin=Origin(SERVER, "5", "9"))


# --- how it is sent --------------------------------------------------------------------------------------------------


def camel(value: Any) -> Any:
    if isinstance(value, list):
        return [camel(entry) for entry in value]
    return (
        {key[:1].lower() + key[1:]: camel(entry) for key, entry in value.items()} if isinstance(value, dict) else value
    )


def test_keys_are_read_without_regard_to_case() -> None:
    for name in ("stop", "stop-early", "mark-played", "rate", "pause"):
        assert parse(camel(sample(name))) == parse(sample(name))


def test_numbers_may_be_strings_and_nulls_are_unknown() -> None:
    item = {"IndexNumber": "5", "ParentIndexNumber": "2", "IndexNumberEnd": None, "RunTimeTicks": "27000000000"}
    assert parse(sample("stop", ("Item",), **item)) == parse(sample("stop"))


def test_a_file_with_two_episodes_is_both() -> None:
    events = parsed(sample("stop", ("Item",), IndexNumberEnd=6))
    assert [event.item.number for event in events if isinstance(event.item, Episode)] == [5, 6]
    assert {event.item.show_ids for event in events if isinstance(event.item, Episode)} == {LOW_TIDE.show_ids}


def test_without_its_series_an_episode_has_no_ids_of_a_show() -> None:
    item = parse(sample("stop", Series=...)).item
    assert isinstance(item, Episode)
    assert (item.show_ids, item.show_year, item.ids) == (ShowIds(), None, LOW_TIDE.ids)


def test_a_title_in_place_of_the_series_name_is_that_of_the_series() -> None:
    item = parse(sample("stop", ("Item",), SeriesName=...)).item
    assert isinstance(item, Episode)
    assert item.show_title == "Harbour Lights"


@pytest.mark.parametrize("account", [..., None, {}, [], "marta"])
def test_a_missing_user_is_nobody(account: Any) -> None:
    assert parse(sample("stop", User=account)).account.names() == frozenset()


# --- the Plex format -------------------------------------------------------------------------------------------------


def test_the_plex_format_has_season_and_number_in_its_guid_and_no_duration_case_60() -> None:
    assert parse(sample("plex-episode-scrobble")) == PlaybackEvent(
        source="jellyfin-webhooks",
        kind=EventKind.WATCHED,
        occurred_at=RECEIVED_AT,
        account=MARTA,
        player="c0ffeec0ffeec0ffeec0ffeec0ffee00",
        player_name="Lounge",
        item=Episode("Harbour Lights", 2, 5, "Low Tide", show_ids=ShowIds(tvdb=440011)),
    )


def test_the_plex_format_is_a_form_with_a_part_named_payload() -> None:
    text = json.dumps(sample("plex-movie-stop"))
    body = f"--b\r\nContent-Disposition: form-data; name=payload\r\n\r\n{text}\r\n--b--\r\n"
    event = parse(read_body("multipart/form-data; boundary=b", body.encode()).data)
    assert (event.kind, event.item, event.duration_ms) == (EventKind.STOP, Movie("Paper Boats", 2019), None)


def test_the_same_is_understood_at_the_url_of_the_official_plugin() -> None:
    for name in ("plex-episode-scrobble", "stop"):
        (event,) = SOURCES["jellyfin"].parse(sample(name), RECEIVED_AT)
        assert (event.source, event.kind) == ("jellyfin", EventKind.WATCHED)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("media.play", EventKind.START),
        ("media.pause", EventKind.PAUSE),
        ("media.resume", EventKind.RESUME),
        ("media.stop", EventKind.STOP),
        ("media.scrobble", EventKind.WATCHED),
        ("library.new", EventKind.ADDED),
    ],
)
def test_events_of_the_plex_format(name: str, kind: EventKind) -> None:
    assert parse(sample("plex-episode-scrobble", event=name)).kind is kind


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (sample("plex-rate"), "unsupported"),  # it says that something was rated, and not how
        (sample("plex-episode-scrobble", event="media.dream"), "unknown event"),
        (sample("plex-episode-scrobble", Metadata={}), "no item"),
        (sample("plex-episode-scrobble", Metadata=[1]), "no item"),
        (sample("plex-episode-scrobble", ("Metadata",), type="track"), "type"),
        (sample("plex-episode-scrobble", ("Metadata",), type="unknown"), "type"),
    ],
)
def test_what_is_no_viewing_in_the_plex_format_is_ignored(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


def test_an_episode_of_a_show_without_ids_gets_none_from_its_made_up_guid() -> None:
    """The plugin then writes nothing where the id should be, and what is left looks like one."""
    item = parse(
        sample("plex-episode-scrobble", ("Metadata",), guid="com.plexapp.agents.themoviedb:///2/5?lang=en")
    ).item
    assert isinstance(item, Episode)
    assert (item.show_title, item.show_ids) == ("Harbour Lights", ShowIds())


def test_where_the_library_shows_no_seasons_the_parent_is_the_show() -> None:
    changes = {"parentTitle": "Harbour Lights", "grandparentTitle": None}
    item = parse(sample("plex-episode-scrobble", ("Metadata",), **changes)).item
    assert isinstance(item, Episode)
    assert item.show_title == "Harbour Lights"


def test_parsing_leaves_the_message_as_it_was() -> None:
    for name in ("stop", "plex-episode-scrobble"):
        message = sample(name)
        before = copy.deepcopy(message)
        parse(message)
        assert message == before

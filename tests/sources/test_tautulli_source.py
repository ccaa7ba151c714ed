"""Tautulli's messages in, events out: whatever template somebody wrote."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources import SOURCES
from scrobbled.sources.tautulli import TautulliSource
from scrobbled.sources.tautulli_templates import TEMPLATE

PAYLOADS = Path(__file__).parent.parent / "payloads"
AT = datetime.fromtimestamp(1771930812, UTC)
RECEIVED_AT = AT + timedelta(seconds=3)
SERVER = "8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170"
EPISODE = Episode(
    show_title="Harbour Lights",
    season=2,
    number=5,
    title="Low Tide",
    show_year=2023,
    show_ids=ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011),
    ids=EpisodeIds(plex="plex://episode/6512aa00bb11cc22dd33ee44"),
    origin=Origin(SERVER, "90412", "90400", "Series"),
)
MOVIE = Movie(
    title="Paper Boats",
    year=2019,
    ids=MovieIds(imdb="tt7700511", tmdb=771234, tvdb=15511, plex="plex://movie/5d7768000000000000000abc"),
    origin=Origin(SERVER, "511", None, "Films"),
)


def sample(name: str, part: str = "", **changes: Any) -> dict[str, Any]:
    """A stored message; ``changes`` are to its ``part``."""
    message: dict[str, Any] = json.loads((PAYLOADS / "tautulli" / f"{name}.json").read_text("utf-8"))
    (message[part] if part else message).update(changes)
    return message


def parse(message: dict[str, Any]) -> PlaybackEvent:
    events = TautulliSource().parse(message, RECEIVED_AT)
    assert len(events) == 1
    return events[0]


def ignored(message: dict[str, Any]) -> str:
    event = parse(message)
    assert (event.kind, event.item) == (EventKind.IGNORED, None)
    return event.reason


def test_our_template_is_read_completely_and_its_ids_are_the_shows_case_38() -> None:
    assert parse(sample("episode-watched")) == PlaybackEvent(
        source="tautulli",
        kind=EventKind.WATCHED,
        occurred_at=AT,
        time_from_source=True,
        account=Account("41220077", "marta"),
        item=EPISODE,
        position_ms=2_461_000,
        duration_ms=2_700_000,
        player="k3jd92ls0qpz-com-plexapp-android",
        player_name="Living Room TV",
    )


def test_the_ids_of_a_movie_are_its_own() -> None:
    assert parse(sample("movie-watched")).item == MOVIE


def test_the_template_asks_for_every_value_once_and_is_json() -> None:
    names = re.findall(r"\{([a-z0-9_]+)\}", TEMPLATE)
    assert len(names) == len(set(names))
    assert json.loads(TEMPLATE)["scrobbled"] == 1


def test_the_template_in_the_form_of_plex_gives_the_same() -> None:
    stop = parse(sample("plex-shaped-episode-stop"))
    assert (stop.kind, stop.item) == (EventKind.STOP, EPISODE)
    assert (stop.account, stop.percent) == (Account("41220077", "marta"), pytest.approx(91.1, abs=0.1))
    assert (stop.occurred_at, stop.time_from_source) == (RECEIVED_AT, False)
    movie = parse(sample("plex-shaped-movie-watched")).item
    assert isinstance(movie, Movie)
    assert (movie.title, movie.ids) == ("Paper Boats", MOVIE.ids)


def test_a_template_may_imitate_plex_more_closely() -> None:
    guids = [{"id": "imdb://tt8800110"}, {"id": "tmdb://225500"}, {"id": "tvdb://440011"}, {"id": "anidb://"}]
    message = sample("plex-shaped-episode-stop", "Metadata", Guid=guids, Guids=None, title="Harbour Lights - Low Tide")
    event = parse({**message, "event": "media.scrobble"})
    assert (event.kind, event.item) == (EventKind.WATCHED, EPISODE)


def test_a_template_that_fills_places_up_has_the_account_where_it_is_told() -> None:
    account = {"userId": "41220077", "id": "undefined", "thumb": "undefined", "title": "marta"}
    message = sample("plex-shaped-episode-stop", "Metadata", viewOffset="undefined", title="Harbour Lights - Low Tide")
    event = parse({**message, "event": "media.stop", "user": "undefined", "owner": "undefined", "Account": account})
    assert (event.account, event.item, event.position_ms) == (Account("41220077", "marta"), EPISODE, None)


def test_what_has_numbers_and_a_show_is_an_episode_without_saying_so() -> None:
    message = {
        "event": "watched",
        "user": "marta",
        "grandparent_title": "Harbour Lights",
        "grandparent_rating_key": "90400",
        "parent_media_index": "2",
        "media_index": "5",
        "rating_key": "90412",
    }
    event = parse(message)
    assert (event.kind, event.item) == (
        EventKind.WATCHED,
        Episode("Harbour Lights", 2, 5, origin=Origin("", "90412", "90400")),
    )
    assert ignored({**message, "media_index": ""}) == "no type"
    assert ignored({**message, "grandparent_title": ""}) == "no item"


def like_plex(**metadata: Any) -> dict[str, Any]:
    """A template in the form of Plex that asks for little, as one for home automations does."""
    bare = {"ratingKey": "", "guid": "", "librarySectionTitle": "", "year": "", "duration": ""}
    return sample("home-automation-stop", "Metadata", **{**bare, **metadata})


@pytest.mark.parametrize(
    ("told", "length"),
    [
        ("48", 48 * 60_000),
        ("148", 148 * 60_000),
        (148, 148 * 60_000),
        ("1439", 1439 * 60_000),
        ("1440", 1_440),
        ("2880000", 2_880_000),
        ("0", None),
        ("", None),
        ("undefined", None),
    ],
)
def test_a_length_may_be_told_in_minutes_or_in_milliseconds(told: Any, length: int | None) -> None:
    assert parse(like_plex(duration=told)).duration_ms == length
    flat = {"action": "stop", "media_type": "movie", "title": "Paper Boats", "duration": told, "view_offset": "720000"}
    assert parse(flat).duration_ms == length


def test_half_an_hour_of_48_minutes_is_so_much_of_it() -> None:
    flat = {"action": "stop", "media_type": "movie", "title": "Paper Boats", "duration": "48", "view_offset": "1440000"}
    assert parse(flat).percent == 50.0
    assert parse({**flat, "duration_ms": "2000"}).duration_ms == 2_000


def test_a_template_without_show_and_numbers_has_them_in_title_and_guid() -> None:
    guid = "com.plexapp.agents.imdb://tt8800110?lang=en"
    item = parse(like_plex(guid=guid, year="2024", duration="45")).item
    assert item == Episode("Harbour Lights", None, None, "Low Tide", show_ids=ShowIds(imdb="tt8800110"))


@pytest.mark.parametrize(
    "title", ["Harbour Lights", "Harbour Lights - Low Tide - Part 1", " - Low Tide", "Low Tide - "]
)
def test_a_title_that_could_be_cut_elsewhere_names_no_show(title: str) -> None:
    assert ignored(like_plex(title=title)) == "no item"
    item = parse(like_plex(title=title, guid="com.plexapp.agents.imdb://tt8800110")).item
    assert isinstance(item, Episode)
    assert (item.show_title, item.title) == ("", title.strip())


def test_the_kind_of_item_may_stand_where_plex_has_the_kind_of_library() -> None:
    told = {"librarySectionType": "movie", "type": "", "title": "Paper Boats", "year": "2019"}
    assert parse(like_plex(**told)).item == Movie("Paper Boats", 2019)
    episode = parse(like_plex(librarySectionType="episode", type="")).item
    assert episode == Episode("Harbour Lights", None, None, "Low Tide")


def test_names_are_read_without_regard_to_case_and_underscores() -> None:
    flat = {"action": "watched", "title": "Harbour Lights - Low Tide", "username": "marta", "mediaType": "episode"}
    episode = parse({**flat, "tvdbId": "440011"})
    assert (episode.kind, episode.account.name) == (EventKind.WATCHED, "marta")
    assert episode.item == Episode("Harbour Lights", None, None, "Low Tide", show_ids=ShowIds(tvdb=440011))
    film = {"event_type": "watched", "mediaType": "movie", "title": "Paper Boats", "tmdbId": "771234"}
    assert parse(film).item == Movie("Paper Boats", None, MovieIds(tmdb=771234))


def asked(*names: str) -> str:
    return f"the template asks Tautulli for {', '.join(names)}, which it does not know: see docs/sources/tautulli.md"


def test_what_tautulli_did_not_fill_in_is_no_title() -> None:
    numbers = ("{parent_media_index}", "{media_index}")
    assert ignored(sample("unfilled-watched")) == asked("{grandparent_title}", *numbers)
    untitled = sample("unfilled-watched", grandparent_title="Harbour Lights", title="")
    assert ignored(untitled) == asked(*numbers)
    item = parse({**untitled, "title": "Low Tide"}).item
    assert item == Episode("Harbour Lights", None, None, "Low Tide", show_ids=ShowIds())
    assert ignored({"action": "watched", "media_type": "movie", "title": "{full_title}"}) == asked("{full_title}")


def test_what_is_known_without_the_rest_is_known() -> None:
    flat = {"action": "watched", "user": "marta", "media_type": "episode", "show_name": "{grandparent_title!u}"}
    item = parse({**flat, "tmdb_id": "225500", "season_num": "2", "episode_num": "5"}).item
    assert item == Episode("", 2, 5, show_ids=ShowIds(tmdb=225500))
    film = {
        "action": "watched",
        "user": "marta",
        "media_type": "movie",
        "title": "{full_title}",
        "movie_name": "A Film",
    }
    assert parse(film).item == Movie("A Film")


def test_an_account_that_tautulli_did_not_fill_in_is_none() -> None:
    event = parse({"action": "watched", "user": "{friendly_name}", "media_type": "movie", "title": "Paper Boats"})
    assert (event.kind, event.account, event.reason) == (EventKind.WATCHED, Account(), asked("{friendly_name}"))
    known = parse(
        {"action": "watched", "user": "{x}", "username": "marta", "media_type": "movie", "title": "Paper Boats"}
    )
    assert (known.account.name, known.reason) == ("marta", "")


def test_a_word_for_what_happened_that_tautulli_does_not_know_is_a_slip_and_no_test() -> None:
    flat = {"event": "{event}", "media_type": "movie", "title": "Paper Boats"}
    assert ignored(flat) == asked("{event}")
    assert ignored({**flat, "media_type": "{media_type}", "title": "{title}"}) == "test"
    assert ignored({**flat, "event": "media.{event}"}) == asked("{event}")
    assert ignored({**flat, "event": "tautulli.{action}"}) == "test"


def test_a_template_for_one_trigger_does_not_say_what_happened() -> None:
    template = {"media_type": "movie", "title": "Paper Boats", "year": "2019", "rating_key": "511"}
    assert ignored(template) == "no action"
    assert (
        ignored({"media_type": "movie", "title": "Paper Boats", "ori_title": " ", "user_name": "marta"}) == "no action"
    )


def test_a_webhook_of_plex_itself_keeps_the_ids_of_the_episode() -> None:
    webhook = json.loads((PAYLOADS / "plex" / "episode-scrobble.json").read_text("utf-8"))
    item = parse(webhook).item
    assert isinstance(item, Episode)
    assert (item.ids.tmdb, item.show_ids.tmdb) == (5550123, None)


def test_a_flat_template_gives_the_same_under_the_names_of_the_parameters() -> None:
    flat = sample("flat-episode-watched")
    event = parse(flat)
    assert (event.kind, event.item, event.occurred_at) == (EventKind.WATCHED, EPISODE, AT)
    inner = {"event": "watched", "media": None, "values": {k: v for k, v in flat.items() if k != "action"}}
    assert parse(inner).item == EPISODE


def test_it_shares_the_session_with_the_webhook_of_the_same_server() -> None:
    webhook = json.loads((PAYLOADS / "plex" / "episode-scrobble.json").read_text("utf-8"))
    (theirs,) = SOURCES["plex"].parse(webhook, RECEIVED_AT)
    assert parse(sample("episode-watched")).session_key() == theirs.session_key()


def test_names_of_ones_own_are_understood_too() -> None:
    message = {
        "event": "playback.start",
        "user": {"username": "marta"},
        "media": {
            "type": "episode",
            "title": "Harbour Lights - Low Tide",
            "show_name": "Harbour Lights",
            "episode_name": "Low Tide",
            "season_num": "2",
            "episode_num": "5",
            "year": "2024",
            "ids": {"plex": "90412", "tmdb": "225500", "tvdb": "440011", "imdb": "tt8800110"},
        },
    }
    event = parse(message)
    assert (event.kind, event.account.name) == (EventKind.START, "marta")
    item = event.item
    assert isinstance(item, Episode)
    assert (item.show_title, item.title, item.season, item.number) == ("Harbour Lights", "Low Tide", 2, 5)
    assert (item.show_ids, item.show_year) == (EPISODE.show_ids, None)
    old = {"action": "watched", "media_type": "episode", "grandparent_title": "Harbour Lights", "media_index": "5"}
    assert parse({**old, "parent_media_index": "2"}).session_key() == "plex||Harbour Lights S2 E5"


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("play", EventKind.START),
        ("pause", EventKind.PAUSE),
        ("resume", EventKind.RESUME),
        ("stop", EventKind.STOP),
        ("watched", EventKind.WATCHED),
        ("on_watched", EventKind.WATCHED),
        ("created", EventKind.ADDED),
    ],
)
def test_actions_become_kinds(action: str, kind: EventKind) -> None:
    assert parse(sample("episode-watched", action=action)).kind is kind


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, "empty"),
        (sample("test"), "test"),  # case 43
        (sample("episode-watched", action="test"), "test"),
        ({"event": "tautulli.{action}", "Metadata": {}}, "test"),
        (sample("episode-watched", action="buffer"), "unsupported"),
        (sample("episode-watched", action="credits"), "unsupported"),
        (sample("episode-watched", action=""), "no action"),
        ({"hello": "world"}, "this form is not known: see docs/sources/tautulli.md"),
        (sample("episode-watched", action="dream"), "unknown event"),
        (sample("live-play"), "live tv"),  # case 44
        (sample("episode-play", "media", live="1"), "live tv"),
        (sample("episode-play", "media", preroll="1"), "type"),
        (sample("episode-play", "media", extra="1"), "type"),
        (sample("clip-play"), "type"),
        (sample("episode-play", "media", type="track"), "type"),
        (sample("episode-play", "media", type="season"), "type"),
        (sample("episode-play", "media", type=""), "no type"),
        (sample("episode-play", media={}), "no item"),
        (sample("episode-play", "media", episode="S01"), "malformed"),
        (sample("season-created", "media", episode="1-x"), "malformed"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


def test_unknown_progress_is_unknown_case_40() -> None:
    unknown = {"percent": "", "offset_ms": "", "duration_ms": ""}
    assert parse(sample("episode-stop", progress=unknown)).percent is None
    assert parse(sample("episode-stop", progress={**unknown, "percent": "97"})).percent == 97.0


def test_an_added_season_is_its_episodes_case_39() -> None:
    events = TautulliSource().parse(sample("season-created"), RECEIVED_AT)
    items = [event.item for event in events if isinstance(event.item, Episode)]
    assert [(item.season, item.number) for item in items] == [(2, 1), (2, 2), (2, 3), (2, 5)]
    assert {event.kind for event in events} == {EventKind.ADDED}
    assert {item.show_ids for item in items} == {EPISODE.show_ids}
    assert {item.origin.show_key for item in items if item.origin} == {"90400"}
    assert len({event.session_key() for event in events}) == 4


def test_a_range_is_bounded() -> None:
    events = TautulliSource().parse(sample("season-created", "media", episode="1-999999,3-999998"), RECEIVED_AT)
    assert len(events) == 50


def test_an_added_show_is_told_as_a_show() -> None:
    event = parse(sample("show-created"))
    assert (event.kind, event.scope) == (EventKind.ADDED, "show")
    assert isinstance(event.item, Episode)
    assert (event.item.show_title, event.item.season, event.item.number) == ("Harbour Lights", None, None)


def test_an_added_season_without_its_episodes_is_told_as_a_season() -> None:
    event = parse(sample("season-created", "media", episode=""))
    assert event.scope == "season"
    assert isinstance(event.item, Episode)
    assert (event.item.season, event.item.number) == (2, None)


def test_two_zeros_are_no_number_but_one_is() -> None:
    """Tautulli writes an unknown number as 0."""
    unknown = parse(sample("episode-watched", "media", season="0", episode="0")).item
    special = parse(sample("episode-watched", "media", season="0", episode="3")).item
    assert isinstance(unknown, Episode)
    assert isinstance(special, Episode)
    assert (unknown.season, unknown.number) == (None, None)
    assert (special.season, special.number) == (0, 3)


def test_a_legacy_guid_is_the_shows_and_its_numbers_keep_their_way_of_counting() -> None:
    guid = "com.plexapp.agents.hama://anidb-9876/1/12?lang=en"
    item = parse(sample("episode-watched", "media", guid=guid, anidb="9876")).item
    assert isinstance(item, Episode)
    assert (item.ids, item.show_ids.anidb, item.absolute) == (EpisodeIds(), 9876, True)


@pytest.mark.parametrize(
    ("stated", "at", "told", "stale"),
    [
        ("1771930812", AT, True, False),
        ("1771930999", RECEIVED_AT, False, False),  # a clock that goes wrong
        ("1770000000", RECEIVED_AT, False, True),  # more than two weeks ago
        ("", RECEIVED_AT, False, False),
        ("soon", RECEIVED_AT, False, False),
    ],
)
def test_it_happened_when_tautulli_says_case_67(stated: str, at: datetime, told: bool, stale: bool) -> None:
    event = parse(sample("episode-watched", at=stated))
    assert (event.occurred_at, event.time_from_source, event.stale) == (at, told, stale)


def test_a_flat_template_may_give_the_time_as_text() -> None:
    flat = {**sample("flat-episode-watched"), "unixtime": "", "utctime": "2026-02-24T11:00:12+00:00"}
    assert parse(flat).occurred_at == AT
    assert parse({**flat, "utctime": "2026-02-24T11:00:12"}).occurred_at == AT


def test_whoever_has_no_account_is_called_local() -> None:
    assert parse(sample("episode-watched", user={"id": "0", "name": "Local"})).account == Account("", "Local")
    friendly = {"id": "7", "name": "", "friendly": "Kids"}
    assert parse(sample("episode-watched", user=friendly)).account == Account("7", "Kids")
    assert parse(sample("episode-watched", user=None)).account.names() == frozenset()

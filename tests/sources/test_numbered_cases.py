"""The numbered cases of what media servers send: each with the one right result.

What is about one message is parsed; what is about several goes through the whole of ``ingest``, and plays are counted.
"""

import inspect
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest

from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.watching.events import Account, EventKind
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.sources.body import read_body
from sources.numbered import (
    ANNA,
    MINUTE,
    NOW,
    RUNTIME,
    TICKS,
    House,
    a_movie,
    an_episode,
    blank,
    emby,
    episode,
    events,
    house,
    ignored,
    jellyfin,
    kodi,
    one,
    plex,
    sample,
    tautulli,
    user_data,
)

Told = Callable[[], None]
"""About a single message."""
Lived = Callable[[House], Awaitable[None]]
"""About several, in a household."""
CASES: dict[int, Told | Lived] = {}
C = TypeVar("C", bound=Told | Lived)
HOUR = 60 * MINUTE
MULTIPART = "multipart/form-data; boundary=b"


def case(number: int) -> Callable[[C], C]:
    def kept(body: C) -> C:
        assert number not in CASES
        CASES[number] = body
        return body

    return kept


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blank(tmp_path_factory.mktemp("blank") / "scrobbled.db")


@pytest.mark.parametrize("number", range(1, 75), ids=lambda number: f"case-{number:02}")
async def test_a_numbered_case_has_the_right_result(
    number: int, tmp_path: Path, database: Path, anyio_backend: str
) -> None:
    body: Any = CASES[number]
    if not inspect.signature(body).parameters:
        body()
        return
    async with house(tmp_path, database) as home:
        await body(home)


# --- Plex ------------------------------------------------------------------------------------------------------------


@case(1)
async def a_stop_after_the_scrobble_is_the_same_viewing(home: House) -> None:
    first = await home.take("plex", plex("media.scrobble", 90))
    second = await home.take("plex", plex("media.stop", 99), after=4 * MINUTE)
    assert (first.outcome, second.outcome) == (EventOutcome.ACCEPTED, EventOutcome.DUPLICATE)
    assert await home.plays() == 1


@case(2)
async def a_stop_near_the_end_counts_where_the_scrobble_was_lost(home: House) -> None:
    await home.take("plex", plex("media.play", 0))
    assert (await home.take("plex", plex("media.stop", 93), after=42 * MINUTE)).plays
    assert await home.plays() == 1


@case(3)
def a_scrobble_without_offset_has_no_percent() -> None:
    event = one("plex", plex("media.scrobble"))
    assert (event.kind, event.position_ms, event.percent) == (EventKind.WATCHED, None, None)


@case(4)
async def a_scrobble_at_the_credits_is_never_vetoed(home: House) -> None:
    assert one("plex", plex("media.scrobble", 71)).kind is EventKind.WATCHED
    assert (await home.take("plex", plex("media.scrobble", 71))).plays


@case(5)
def a_start_in_the_middle_says_where() -> None:
    event = one("plex", plex("media.play", viewOffset=1_400_000))
    assert (event.kind, event.percent) == (EventKind.START, pytest.approx(51.9, abs=0.05))


@case(6)
def a_start_without_offset_is_at_an_unknown_place() -> None:
    event = one("plex", plex("media.play"))
    assert (event.kind, event.percent) == (EventKind.START, None)


@case(7)
async def a_start_late_in_the_item_after_its_end_is_no_rewatch(home: House) -> None:
    await home.take("plex", plex("media.scrobble", 90))
    again = await home.take("plex", plex("media.play", 95), after=5 * MINUTE)
    end = await home.take("plex", plex("media.stop", 99), after=2 * MINUTE)
    assert (again.outcome, end.outcome) == (EventOutcome.DUPLICATE, EventOutcome.DUPLICATE)
    assert await home.plays() == 1


@case(8)
async def two_scrobbles_three_hours_apart_are_two_viewings(home: House) -> None:
    await home.take("plex", plex("media.scrobble", 90))
    await home.take("plex", plex("media.scrobble", 90), after=3 * HOUR)
    assert await home.plays() == 2


@case(9)
async def a_scrobble_by_two_hooks_is_one_viewing(home: House) -> None:
    await home.take("plex", {**plex("media.scrobble", 90), "owner": True, "user": False})
    twin = await home.take("plex", {**plex("media.scrobble", 90), "owner": False, "user": True}, after=12)
    assert (twin.outcome, await home.plays()) == (EventOutcome.DUPLICATE, 1)


@case(10)
def playback_started_is_the_twin_of_a_play() -> None:
    assert ignored("plex", plex("playback.started")) == "unsupported"


@case(11)
async def somebody_nobody_lists_is_not_sent(home: House) -> None:
    stranger = {**plex(), "owner": True, "user": False, "Account": {"id": 99, "title": "neighbour"}}
    taken = await home.take("plex", stranger)
    assert (taken.outcome, taken.accounts, await home.plays()) == (EventOutcome.UNCLAIMED, frozenset(), 0)


@case(12)
async def a_managed_user_is_known_without_case_and_blanks(home: House) -> None:
    kids = {**plex(), "Account": {"id": 50000123, "title": "kIDS "}}
    assert (await home.take("plex", kids)).plays[0][1] == "anna"


@case(13)
async def without_an_account_it_is_nobodys(home: House) -> None:
    nobody = plex()
    del nobody["Account"]
    for message in (nobody, {**plex(), "Account": {"title": ""}}):
        assert one("plex", message).account.names() == frozenset()
        taken = await home.take("plex", message)
        assert (taken.outcome, taken.reason) == (EventOutcome.UNCLAIMED, "no account")
    local = await home.take("plex", {**plex(), "Account": {"id": 1, "title": ""}})
    assert (local.outcome, await home.plays()) == (EventOutcome.UNCLAIMED, 0)


@case(14)
async def a_server_that_is_not_listed_is_foreign(home: House) -> None:
    taken = await home.take("plex", {**plex(), "Server": {"title": "else", "uuid": "0123"}})
    assert taken.outcome is EventOutcome.UNWANTED
    assert taken.reason.startswith("server")


@case(15)
def a_clip_is_no_viewing() -> None:
    assert ignored("plex", sample("plex/clip-play")) == "type"


@case(16)
def a_track_is_no_viewing() -> None:
    assert ignored("plex", sample("plex/track-play")) == "type"


@case(17)
def live_television_is_no_viewing() -> None:
    for message in (
        plex(librarySectionType="livetv"),
        plex(live=1),
        plex(guid="tv.plex.xmltv://show/1", Guid=...),
    ):
        assert ignored("plex", message) == "live tv"


@case(18)
def a_directors_cut_is_the_same_film() -> None:
    cut = a_movie(one("plex", sample("plex/movie-scrobble", editionTitle="Director's Cut")).item)
    assert cut == a_movie(one("plex", sample("plex/movie-scrobble", editionTitle=...)).item)


@case(19)
def a_legacy_tvdb_guid_names_show_season_and_episode() -> None:
    guid = "com.plexapp.agents.thetvdb://440011/0/3?lang=en"
    item = episode("plex", plex(guid=guid, Guid=..., grandparentGuid=..., index=..., parentIndex=...))
    assert (item.show_ids, item.ids, item.season, item.number) == (ShowIds(tvdb=440011), EpisodeIds(), 0, 3)


@case(20)
def an_anidb_number_has_to_be_mapped() -> None:
    guid = "com.plexapp.agents.hama://anidb-9876/1/12?lang=en"
    item = episode("plex", plex(guid=guid, Guid=..., grandparentGuid=..., index=12, parentIndex=1))
    assert (item.show_ids, item.number, item.absolute) == (ShowIds(anidb=9876), 12, True)


@case(21)
def a_mode_that_counts_through_is_absolute() -> None:
    guid = "com.plexapp.agents.hama://tvdb4-440011/1/133"
    item = episode("plex", plex(guid=guid, Guid=..., grandparentGuid=..., index=133, parentIndex=1))
    assert (item.show_ids.tvdb, item.number, item.absolute) == (440011, 133, True)


@case(22)
def a_tmdb_id_of_an_episode_stays_one() -> None:
    item = episode("plex", plex(Guid=[{"id": "tmdb://5550123"}]))
    assert (item.ids.tmdb, item.show_ids.tmdb) == (5550123, None)
    assert item.origin is not None
    assert item.origin.show_key == "90400"


@case(23)
def an_unmatched_file_has_its_titles_and_numbers() -> None:
    item = episode("plex", plex(guid="local://90412", Guid=..., grandparentGuid="local://90400"))
    assert (item.ids, item.show_ids) == (EpisodeIds(), ShowIds())
    assert (item.show_title, item.season, item.number) == ("Harbour Lights", 2, 5)


@case(24)
def of_two_ids_of_a_service_the_first_is_kept() -> None:
    assert episode("plex", plex(Guid=[{"id": "tvdb://1"}, {"id": "tvdb://2"}])).ids.tvdb == 1


@case(25)
def season_zero_is_a_season() -> None:
    assert episode("plex", plex(parentIndex=0)).season == 0


@case(26)
def an_episode_without_number_has_its_air_date() -> None:
    item = episode("plex", plex(index=..., Guid=...))
    assert (item.number, item.air_date) == (None, date(2024, 11, 3))


@case(27)
async def of_a_double_file_plex_names_the_one_that_was_played(home: House) -> None:
    await home.take("plex", plex(index=1))
    assert await home.plays() == 1


@case(28)
def a_rating_is_a_rating() -> None:
    event = one("plex", {**sample("plex/movie-rate"), "rating": 7.0})
    assert (event.kind, event.rating, event.scope) == (EventKind.RATED, 7, None)


@case(29)
def ratings_round_half_up_and_nothing_takes_one_back() -> None:
    rated = {value: one("plex", {**sample("plex/movie-rate"), "rating": value}) for value in (6.9, 0.4, 0, -1, None)}
    assert [event.rating for event in rated.values()] == [7, 1, None, None, None]
    assert [event.kind for event in rated.values()] == [EventKind.RATED] * 2 + [EventKind.UNRATED] * 3


@case(30)
def a_season_is_rated_as_one_of_its_show() -> None:
    event = one("plex", sample("plex/season-rate"))
    item = an_episode(event.item)
    assert (event.kind, event.scope, item.season, item.number) == (EventKind.RATED, "season", 3, None)
    assert (item.show_title, item.show_ids.plex) == ("Harbour Lights", "plex://show/6512aa00bb11cc22dd33ee3f")


@case(31)
async def of_two_ratings_the_last_one_holds(home: House) -> None:
    def rated(stars: float) -> dict[str, Any]:
        return {**sample("plex/movie-rate"), "rating": stars}

    await home.take("plex", rated(7.0))
    await home.take("plex", rated(7.0), after=10)
    assert await waiting_ratings(home) == [7]
    await home.take("plex", rated(9.0), after=10)
    assert await waiting_ratings(home) == [9]


async def waiting_ratings(home: House) -> list[int]:
    rows = await home.sql("SELECT wish FROM amendments WHERE action = 'rate' AND state <> 'undone' ORDER BY id")
    return [json.loads(wish)["value"] for (wish,) in rows]


@case(32)
def a_show_that_is_added_is_no_episode() -> None:
    event = one("plex", sample("plex/show-new"))
    assert (event.kind, event.scope) == (EventKind.ADDED, "show")


@case(33)
def what_is_added_before_it_is_matched_has_no_ids() -> None:
    event = one("plex", sample("plex/episode-new-unmatched"))
    assert event.kind is EventKind.ADDED
    assert an_episode(event.item).ids == EpisodeIds()
    assert an_episode(event.item).origin is not None


@case(34)
def the_payload_may_come_as_a_file() -> None:
    plain, upload = (
        read_body(MULTIPART, part(f'name="payload"{extra}', json.dumps(plex()).encode()))
        for extra in ("", '; filename="payload.json"\r\nContent-Type: application/json')
    )
    assert one("plex", plain.data) == one("plex", upload.data) == one("plex", plex())


def part(disposition: str, content: bytes) -> bytes:
    head = f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + content + b"\r\n--b--\r\n"


@case(35)
def a_broken_character_does_no_harm() -> None:
    body = json.dumps(plex()).encode().replace(b'"summary": "', b'"summary": "\xff\xfe')
    read = read_body("application/json", body)
    assert "\ufffd" in read.data["Metadata"]["summary"]
    assert one("plex", read.data) == one("plex", plex())


@case(36)
def a_relay_may_encode_the_payload_once_more() -> None:
    body = json.dumps({"payload": quote(json.dumps(plex()))}).encode()
    assert one("plex", read_body("application/json", body).data) == one("plex", plex())


@case(37)
async def the_media_cloud_is_a_foreign_server(home: House) -> None:
    cloud = await home.take("plex", {**plex(), "Server": {"title": "Plex media cloud", "uuid": "cloud"}})
    assert (cloud.outcome, await home.plays()) == (EventOutcome.UNWANTED, 0)
    assert (await home.take("plex", plex())).plays


# --- Tautulli --------------------------------------------------------------------------------------------------------


@case(38)
def ids_by_tautulli_are_those_of_the_show() -> None:
    item = episode("tautulli", tautulli("watched"))
    assert item.show_ids == ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011)
    assert (item.ids.tmdb, item.ids.tvdb, item.ids.imdb, item.season, item.number) == (None, None, None, 2, 5)


@case(39)
def a_range_is_its_episodes() -> None:
    told = events("tautulli", tautulli("created", episode="1-3,5"))
    assert [an_episode(event.item).number for event in told] == [1, 2, 3, 5]
    assert {event.kind for event in told} == {EventKind.ADDED}


@case(40)
def an_empty_progress_is_unknown() -> None:
    message = tautulli("stop")
    message["progress"] = {"percent": "", "offset_ms": "", "duration_ms": ""}
    assert one("tautulli", message).percent is None


@case(41)
async def watched_and_the_stop_behind_it_are_one_viewing(home: House) -> None:
    await home.take("tautulli", tautulli("watched", 85))
    await home.take("tautulli", tautulli("stop", 99), after=6 * MINUTE)
    assert await home.plays() == 1


@case(42)
async def tautulli_and_the_webhook_of_one_server_are_one_viewing(home: House) -> None:
    await home.take("tautulli", tautulli("play", 0))
    await home.take("plex", plex("media.play", 0), after=1)
    await home.take("tautulli", tautulli("watched", 85), after=38 * MINUTE)
    await home.take("plex", plex("media.scrobble", 90), after=3 * MINUTE)
    await home.take("plex", plex("media.stop", 99), after=4 * MINUTE)
    await home.take("tautulli", tautulli("stop", 99), after=1)
    assert await home.plays() == 1


@case(43)
def a_test_of_tautulli_is_a_test() -> None:
    assert ignored("tautulli", sample("tautulli/test")) == "test"


@case(44)
def live_television_and_pre_rolls_by_tautulli_are_no_viewing() -> None:
    assert ignored("tautulli", tautulli("watched", live="1")) == "live tv"
    assert ignored("tautulli", tautulli("watched", preroll="1")) == "type"


# --- Jellyfin --------------------------------------------------------------------------------------------------------


@case(45)
def json_that_is_called_text_is_read() -> None:
    message = jellyfin("PlaybackStart")
    read = read_body("text/plain; charset=utf-8", json.dumps(message).encode())
    assert one("jellyfin", read.data).kind is EventKind.START


@case(46)
def beginning_a_film_again_does_not_unwatch_it() -> None:
    for reason in ("PlaybackStart", "Import", "UpdateUserData"):
        assert one("jellyfin", user_data(reason, Played=False, ItemType="Movie")).kind is EventKind.IGNORED


@case(47)
async def user_data_of_progress_decide_nothing(home: House) -> None:
    for _ in range(10):
        taken = await home.take("jellyfin", user_data("PlaybackProgress", Played=True), after=10)
        assert taken.outcome is EventOutcome.UNWANTED
    assert await home.plays() == 0
    await home.take("jellyfin", jellyfin("PlaybackStop", PlayedToCompletion=True), after=10)
    await home.take("jellyfin", user_data("PlaybackFinished", Played=True), after=1)
    assert await home.plays() == 1


@case(48)
def a_mark_is_at_its_date_also_at_one_of_long_ago() -> None:
    for stated in ("2026-11-14T19:45:00.0000000Z", "2011-03-04T18:00:00.0000000Z"):
        event = one("jellyfin", user_data("TogglePlayed", Played=True, LastPlayedDate=stated))
        assert (event.kind, event.marked, event.entered, event.dated) == (EventKind.WATCHED, True, True, True)
        assert event.occurred_at == datetime.fromisoformat(stated.replace(".0000000Z", "+00:00"))
    future = {"LastPlayedDate": "2031-01-01T00:00:00.0000000Z", "UtcTimestamp": "2026-11-14T19:59:00.0000000Z"}
    event = one("jellyfin", user_data("TogglePlayed", Played=True, **future))
    assert event.occurred_at == NOW - timedelta(minutes=1)


@case(49)
async def a_mark_taken_back_is_unwatched(home: House) -> None:
    event = one("jellyfin", user_data("TogglePlayed", Played=False))
    assert (event.kind, event.marked) == (EventKind.UNWATCHED, True)
    await home.take("jellyfin", user_data("TogglePlayed", Played=False))
    assert await home.sql("SELECT count(*) FROM outbox") == [(0,)]  # as no removals are switched on


@case(50)
async def a_mark_of_what_was_just_watched_is_no_second_play(home: House) -> None:
    await home.take("jellyfin", jellyfin("PlaybackStop", PlayedToCompletion=True))
    echo = user_data("TogglePlayed", Played=True, LastPlayedDate="2026-11-14T20:01:00.0000000Z")
    taken = await home.take("jellyfin", echo, after=2 * MINUTE)
    assert (taken.outcome, await home.plays()) == (EventOutcome.DUPLICATE, 1)


@case(51)
def an_end_without_position_is_watched() -> None:
    event = one("jellyfin", jellyfin("PlaybackStop", PlayedToCompletion=True, PlaybackPositionTicks=0))
    assert (event.kind, event.percent in (None, 100.0)) == (EventKind.WATCHED, True)


@case(52)
async def a_server_that_says_no_is_believed(home: House) -> None:
    message = jellyfin("PlaybackStop", PlayedToCompletion=False, PlaybackPositionTicks=RUNTIME * TICKS * 96 // 100)
    event = one("jellyfin", message)
    assert (event.kind, event.percent) == (EventKind.STOP, pytest.approx(96.0))
    await home.take("jellyfin", message)
    assert await home.plays() == 0


@case(53)
async def a_short_is_watched_by_the_servers_rule_unless_it_is_too_short(home: House) -> None:
    short = {"RunTimeTicks": 240_000 * TICKS, "PlaybackPositionTicks": 48_000 * TICKS, "PlayedToCompletion": True}
    assert one("jellyfin", jellyfin("PlaybackStop", **short)).kind is EventKind.WATCHED
    taken = await home.take("jellyfin", jellyfin("PlaybackStop", **short))
    assert (taken.outcome, taken.reason) == (EventOutcome.UNWANTED, "too short")


@case(54)
async def a_double_file_is_two_episodes(home: House) -> None:
    message = jellyfin("PlaybackStop", EpisodeNumber=1, EpisodeNumberEnd=2, PlayedToCompletion=True)
    assert [an_episode(event.item).number for event in events("jellyfin", message)] == [1, 2]
    await home.take("jellyfin", message)
    assert await home.plays() == 2


@case(55)
def local_time_labelled_as_utc_is_no_time() -> None:
    times = {"Timestamp": "2026-11-14T20:59:00.0000000Z", "UtcTimestamp": "2026-11-14T19:59:00.0000000Z"}
    event = one("jellyfin", jellyfin("PlaybackStop", PlayedToCompletion=True, **times))
    assert (event.occurred_at, event.time_from_source) == (NOW - timedelta(minutes=1), True)
    without = jellyfin("PlaybackStop", PlayedToCompletion=True, Timestamp=times["Timestamp"])
    assert one("jellyfin", without).occurred_at == NOW


@case(56)
def escaped_quotes_are_quotes() -> None:
    message = jellyfin("PlaybackStart", ItemType="Movie", Name='The \\"Big\\" One', Year=2019)
    assert a_movie(one("jellyfin", message).item).title == 'The "Big" One'


@case(57)
def ids_are_compared_without_dashes_and_case() -> None:
    plain = one("jellyfin", jellyfin("PlaybackStart"))
    dashed = one("jellyfin", jellyfin("PlaybackStart", ItemId="77AA88BB-99CC-00DD-11EE-22FF33445566"))
    assert plain.item == dashed.item
    assert plain.session_key() == dashed.session_key()


@case(58)
async def what_is_added_belongs_to_nobody(home: House) -> None:
    event = one("jellyfin", jellyfin("ItemAdded", UserId=..., NotificationUsername=...))
    assert (event.kind, event.account) == (EventKind.ADDED, Account())
    taken = await home.take("jellyfin", jellyfin("ItemAdded", UserId=..., NotificationUsername=...))
    assert (taken.outcome, await home.plays()) == (EventOutcome.UNWANTED, 0)


@case(59)
async def two_people_in_one_session_are_two_viewings(home: House) -> None:
    for id_, name in ((ANNA, "marta"), ("ffeeddccbbaa99887766554433221100", "ben")):
        await home.take(
            "jellyfin", jellyfin("PlaybackStop", PlayedToCompletion=True, UserId=id_, NotificationUsername=name)
        )
    assert await home.sql("SELECT viewer FROM plays ORDER BY viewer") == [("anna",), ("ben",)]


# --- The other Jellyfin plugin, Emby, Kodi ---------------------------------------------------------------------------


@case(60)
def a_length_ten_times_too_long_is_no_length() -> None:
    message = {
        "event": "media.stop",
        "user": True,
        "owner": True,
        "Account": {"id": "00112233-4455-6677-8899-aabbccddeeff", "title": "marta"},
        "Server": {"title": "den", "uuid": "3f0b6a7e1c2d4b5a8e9f001122334455"},
        "Player": {"local": True, "title": "Lounge", "uuid": "c0ffee"},
        "Metadata": {
            "type": "episode",
            "title": "Low Tide",
            "grandparentTitle": "Harbour Lights",
            "parentTitle": "Season 2",
            "guid": "com.plexapp.agents.thetvdb://440011/2/5?lang=en",
            "duration": 27_000_000,
        },
    }
    for source in ("jellyfin-webhooks", "jellyfin"):
        event = one(source, message)
        item = an_episode(event.item)
        assert (event.duration_ms, event.percent) == (None, None)
        assert (item.show_ids.tvdb, item.season, item.number) == (440011, 2, 5)


@case(61)
async def an_end_counts_though_the_session_is_with_the_next_episode(home: House) -> None:
    message = emby("playback.stop")
    message |= {
        "PlaybackInfo": {"PlayedToCompletion": True, "PositionTicks": 26_400_000_000},
        "Session": {"PlayState": {"PositionTicks": 0}},
    }
    assert one("emby", message).kind is EventKind.WATCHED
    await home.take("emby", message)
    assert await home.plays() == 1


@case(62)
async def a_season_that_is_marked_is_its_episodes_each_at_its_date(home: House) -> None:
    stated = [f"2026-11-14T19:59:{second:02}.0000000Z" for second in range(8)]
    for number, moment in enumerate(stated, 1):
        message = emby("item.markplayed", moment, Id=str(240_000 + number), IndexNumber=number, ProviderIds={})
        event = one("emby", message)
        assert (event.kind, event.marked, event.entered) == (EventKind.WATCHED, True, True)
        assert event.occurred_at == datetime(2026, 11, 14, 19, 59, number - 1, tzinfo=UTC)
        await home.take("emby", message)
    assert await home.plays() == 8


@case(63)
def the_data_of_a_form_are_read() -> None:
    message = emby("playback.start", "2026-11-14T19:59:00.0000000Z")
    for body in (part('name="data"', json.dumps(message).encode()), json.dumps({"data": json.dumps(message)}).encode()):
        assert one("emby", read_body(MULTIPART, body).data) == one("emby", message)


@case(64)
def a_whole_series_is_not_watched() -> None:
    series = {"Type": "Series", "Name": "Harbour Lights", "IndexNumber": ..., "ParentIndexNumber": ...}
    assert one("emby", emby("playback.stop", **series)).kind is EventKind.IGNORED
    assert one("emby", emby("item.markplayed", **series)).kind is EventKind.IGNORED
    added = one("emby", emby("library.new", **series))
    assert added.kind is EventKind.IGNORED or (added.kind, added.scope) == (EventKind.ADDED, "show")


@case(65)
def without_ids_the_key_is_kept_for_a_look_at_the_server() -> None:
    item = episode("emby", emby("playback.start", ProviderIds=...))
    assert (item.ids, item.show_ids) == (EpisodeIds(), ShowIds())
    assert item.origin is not None
    assert (item.origin.key, item.origin.show_key) == ("240252", "240202")


@case(66)
async def progress_is_clamped_and_beyond_the_end_proves_nothing(home: House) -> None:
    assert one("kodi", kodi("Player.OnPause", percentage=312)).percent == 100.0
    assert one("kodi", kodi("Player.OnPause", percentage=-4)).percent == 0.0
    stop = await home.take("kodi", kodi("Player.OnStop", percentage=312))
    assert (stop.outcome, await home.plays()) == (EventOutcome.ACCEPTED, 0)
    whole = {"hours": 0, "minutes": 45, "seconds": 0}
    await home.take("kodi", kodi("Player.OnStop", time=whole, totaltime=whole), after=MINUTE)
    assert await home.plays() == 1


# --- All -------------------------------------------------------------------------------------------------------------


@case(67)
def a_time_in_the_future_or_long_ago_is_not_the_time() -> None:
    future, past = "2026-11-15T20:00:00.0000000Z", "2026-10-20T20:00:00.0000000Z"
    for stated in (future, past):
        end = jellyfin("PlaybackStop", PlayedToCompletion=True, UtcTimestamp=stated)
        assert (one("jellyfin", end).occurred_at, one("jellyfin", end).time_from_source) == (NOW, False)
        seconds = int(datetime.fromisoformat(stated.replace(".0000000Z", "+00:00")).timestamp())
        told = one("tautulli", {**tautulli("watched"), "at": str(seconds)})
        assert (told.occurred_at, told.time_from_source) == (NOW, False)
        assert one("plex", plex(lastViewedAt=seconds)).occurred_at == NOW
    assert one("emby", emby("item.markplayed", past)).occurred_at.month == 10


@case(68)
def large_numbers_are_numbers() -> None:
    for item in (
        episode("plex", plex(index=1207, parentIndex=2024)),
        episode("tautulli", tautulli("watched", season="2024", episode="1207")),
        episode("jellyfin", jellyfin("PlaybackStart", SeasonNumber=2024, EpisodeNumber=1207)),
        episode("emby", emby("playback.start", ParentIndexNumber=2024, IndexNumber=1207)),
    ):
        assert (item.season, item.number) == (2024, 1207)


@case(69)
async def two_servers_that_hold_the_same_are_one_viewing(home: House) -> None:
    await home.take("plex", plex("media.scrobble", 95))
    end = jellyfin("PlaybackStop", PlayedToCompletion=True, PlaybackPositionTicks=RUNTIME * TICKS)
    taken = await home.take("jellyfin", end, after=3 * MINUTE)
    assert (taken.outcome, await home.plays()) == (EventOutcome.DUPLICATE, 1)


@case(70)
def a_three_part_id_is_the_shows() -> None:
    guids = [{"id": "tvdb://9000123"}, {"id": "tvdb://429999/1/1"}]
    item = episode("plex", plex(Guid=guids, index=..., parentIndex=..., grandparentGuid=...))
    assert (item.ids.tvdb, item.show_ids.tvdb, item.season, item.number) == (9000123, 429999, 1, 1)


@case(71)
def numbers_may_be_text_and_text_is_no_number() -> None:
    item = episode("plex", plex(index="5", parentIndex="1", ratingKey=90412))
    assert (item.season, item.number) == (1, 5)
    assert episode("plex", plex(index="", parentIndex="1")).number is None
    assert ignored("plex", plex(index="S01")) == "malformed"


@case(72)
def a_trailer_from_a_films_page_is_not_the_film() -> None:
    session = {**sample("plex/movie-scrobble"), "polled": "session", "at": int(NOW.timestamp())}
    for change in ({"type": "clip"}, {"extraType": 1}, {"key": "/library/metadata/5110"}):
        message = {**session, "Metadata": {**session["Metadata"], **change}}
        assert ignored("plex", message) == "type"
        del message["polled"]
        assert ignored("plex", message) == "type"


@case(73)
async def an_event_without_item_is_about_nothing(home: House) -> None:
    assert ignored("plex", {"event": "media.scrobble"}) == "no item"
    assert (await home.take("plex", {"event": "media.scrobble"})).outcome is EventOutcome.UNWANTED


@case(74)
async def an_unknown_event_is_counted_and_nothing_else(home: House) -> None:
    unknown: dict[str, dict[str, Any]] = {
        "plex": {"event": "media.dream"},
        "tautulli": {"action": "dream"},
        "jellyfin": {"NotificationType": "Dream"},
        "emby": {"Event": "dream.begin"},
        "kodi": {"method": "Dream.OnBegin"},
    }
    for source, message in unknown.items():
        assert ignored(source, message) == "unknown event"
        taken = await home.take(source, message)
        assert (taken.outcome, taken.reason) == (EventOutcome.UNWANTED, "unknown event")
        labels = {"source": source, "outcome": "unwanted"}
        assert home.metrics.registry.get_sample_value("scrobbled_events_total", labels) == 1

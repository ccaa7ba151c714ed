"""Plex messages in, events out."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources import SOURCES
from scrobbled.sources.plex import PlexSource

PAYLOADS = Path(__file__).parent.parent / "payloads" / "plex"
VIEWED_AT = datetime.fromtimestamp(1771930812, UTC)
RECEIVED_AT = VIEWED_AT + timedelta(seconds=4)


def sample(name: str, **changes: Any) -> dict[str, Any]:
    """A stored message; ``changes`` are to its ``Metadata``, where ``...`` takes a key away."""
    message = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    for key, value in changes.items():
        if value is ...:
            message["Metadata"].pop(key, None)
        else:
            message["Metadata"][key] = value
    return message


def parse(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> PlaybackEvent:
    events = PlexSource().parse(message, received_at)
    assert len(events) == 1
    return events[0]


def episode(**changes: Any) -> Episode:
    item = parse(sample("episode-scrobble", **changes)).item
    assert isinstance(item, Episode)
    return item


def ignored(message: dict[str, Any]) -> str:
    event = parse(message)
    assert event.kind is EventKind.IGNORED
    assert event.item is None
    return event.reason


def test_the_registry_knows_plex_by_its_name() -> None:
    assert SOURCES["plex"].name == "plex"


def test_a_full_episode_scrobble_is_read_completely() -> None:
    assert parse(sample("episode-scrobble")) == PlaybackEvent(
        source="plex",
        kind=EventKind.WATCHED,
        occurred_at=VIEWED_AT,
        time_from_source=True,
        account=Account(id="41220077", name="marta"),
        position_ms=2_461_000,
        duration_ms=2_700_000,
        player="k3jd92ls0qpz-com-plexapp-android",
        player_name="Living Room TV",
        item=Episode(
            show_title="Harbour Lights",
            season=2,
            number=5,
            title="Low Tide",
            show_year=None,
            show_ids=ShowIds(plex="plex://show/6512aa00bb11cc22dd33ee3f"),
            ids=EpisodeIds(
                imdb="tt9900112", tmdb=5550123, tvdb=10220330, plex="plex://episode/6512aa00bb11cc22dd33ee44"
            ),
            air_date=date(2024, 11, 3),
            original_title="Marea baja",
            origin=Origin(
                server="8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170", key="90412", show_key="90400", library="Series"
            ),
        ),
    )


def test_a_directors_cut_is_the_same_movie_case_18() -> None:
    event = parse(sample("movie-scrobble"))
    assert event.item == Movie(
        title="Paper Boats",
        year=2019,
        ids=MovieIds(imdb="tt7700511", tmdb=771234, tvdb=15511, plex="plex://movie/5d7768000000000000000abc"),
        origin=Origin(server="8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170", key="511", library="Films"),
    )
    assert event.percent is None


@pytest.mark.parametrize(
    ("name", "kind", "percent"),
    [
        ("episode-play", EventKind.START, 51.9),  # case 5
        ("episode-pause", EventKind.PAUSE, 55.6),
        ("episode-resume", EventKind.RESUME, 55.6),
        ("episode-stop", EventKind.STOP, 93.0),
        ("episode-scrobble", EventKind.WATCHED, 91.1),
        ("episode-scrobble-without-offset", EventKind.WATCHED, None),  # case 3
    ],
)
def test_playback_events_keep_their_kind_and_position(name: str, kind: EventKind, percent: float | None) -> None:
    event = parse(sample(name))
    assert event.kind is kind
    assert event.percent == (percent if percent is None else pytest.approx(percent, abs=0.05))


def test_a_scrobble_at_71_percent_is_still_watched_case_4() -> None:
    event = parse(sample("episode-scrobble", viewOffset=1_917_000))
    assert event.kind is EventKind.WATCHED
    assert event.percent == pytest.approx(71.0)


def test_a_start_without_offset_has_no_percent_case_6() -> None:
    event = parse(sample("episode-play", viewOffset=...))
    assert event.kind is EventKind.START
    assert event.percent is None


def test_a_start_at_offset_zero_is_at_zero_percent() -> None:
    assert parse(sample("episode-play", viewOffset=0)).percent == 0.0


@pytest.mark.parametrize("garbage", [-1, True, "soon", [], {}, None, 10**30, float("nan"), float("inf"), 7_000_000_000])
def test_an_impossible_position_or_duration_is_unknown(garbage: Any) -> None:
    event = parse(sample("episode-stop", viewOffset=garbage, duration=garbage))
    assert (event.position_ms, event.duration_ms, event.percent) == (None, None, None)


def test_a_duration_of_zero_is_unknown() -> None:
    assert parse(sample("episode-stop", duration=0)).duration_ms is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (sample("playback-started"), "unsupported"),  # case 10
        (sample("device-new"), "unsupported"),
        (sample("clip-play"), "type"),  # case 15
        (sample("track-play"), "type"),  # case 16
        (sample("live-play"), "live tv"),  # case 17
        (sample("episode-play", librarySectionType="livetv"), "live tv"),
        (sample("episode-play", live=True), "live tv"),
        (sample("episode-play", live=1), "live tv"),
        (sample("episode-play", guid="tv.plex.xmltv://show/abc"), "live tv"),
        (sample("movie-scrobble", key="/library/metadata/99"), "type"),
        (sample("movie-scrobble", subtype="trailer"), "type"),
        (sample("season-rate", type="artist"), "type"),
        ({**sample("season-rate"), "event": "media.play"}, "type"),
        ({**sample("show-new"), "event": "media.scrobble"}, "type"),
        (sample("season-rate", index=...), "no item"),
        (sample("season-rate", parentTitle=..., parentGuid=...), "no item"),
        (sample("season-rate", index="S03"), "malformed"),
        (sample("show-new", title="", guid=...), "no item"),
        (sample("show-new", live=1), "live tv"),
        (sample("movie-scrobble", extraType=2), "type"),  # case 72
        (sample("movie-scrobble", type="photo"), "type"),
        (sample("movie-scrobble", type=["movie"]), "type"),
        (sample("movie-scrobble", type=...), "no type"),
        ({"event": "media.scrobble"}, "no item"),  # case 73
        ({"event": "media.scrobble", "Metadata": {}}, "no item"),
        ({"event": "media.scrobble", "Metadata": [1]}, "no item"),
        ({"event": "media.scrobble", "Metadata": {"type": "movie"}}, "no item"),
        ({"event": "media.scrobble", "Metadata": {"type": "episode", "index": 1}}, "no item"),
        ({"event": "library.on.deck"}, "unsupported"),
        ({"event": "library.update"}, "unknown event"),
        ({"event": "admin.database.backup"}, "unsupported"),
        ({"event": "media.dream"}, "unknown event"),  # case 74
        ({"event": ["media.play"]}, "this form is not known: see docs/sources/plex.md"),
        ({"hello": "world"}, "this form is not known: see docs/sources/plex.md"),
        ({}, "empty"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    assert ignored(message) == reason


@pytest.mark.parametrize("guid", ["plex://episode/6512aa00bb11cc22dd33ee44", "local://99001", ""])
@pytest.mark.parametrize(
    "key", ["/livetv/sessions/7a56ac8f", "/tv.plex.providers.epg.cloud%3A5/metadata/plex%3A%2F%2F6512"]
)
def test_what_is_on_air_is_no_viewing_whatever_guide_knows_it(guid: str, key: str) -> None:
    assert ignored(sample("live-play", guid=guid, key=key, live=...)) == "live tv"


@pytest.mark.parametrize("case", [str.lower, str.upper, str.capitalize])
def test_relays_that_change_the_case_of_parts_do_no_harm(case: Callable[[str], str]) -> None:
    message = sample("episode-scrobble")
    parts = ("Account", "Server", "Player", "Metadata")
    assert parse({case(key) if key in parts else key: value for key, value in message.items()}) == parse(message)


def test_live_set_to_no_is_an_ordinary_episode() -> None:
    for value in ("0", 0, False, "", None):
        assert parse(sample("episode-play", live=value)).kind is EventKind.START


def test_an_ignored_event_still_says_who_and_when() -> None:
    event = parse(sample("clip-play"))
    assert event.account == Account("41220077", "marta")
    assert event.occurred_at == RECEIVED_AT


# --- who -------------------------------------------------------------------------------------------------------------


def test_a_managed_user_is_named_without_blanks_and_case_case_12() -> None:
    event = parse(sample("episode-of-a-friend"))  # case 11: the owner's hook reports other people too
    assert event.account == Account("50000123", "Kids")
    assert event.account.names() == {"50000123", "kids"}


@pytest.mark.parametrize("account", [..., None, {}, [], "marta", {"id": None, "title": ""}, {"id": True, "title": 7.5}])
def test_a_missing_account_is_nobody_case_13(account: Any) -> None:
    message = sample("episode-scrobble")
    if account is ...:
        del message["Account"]
    else:
        message["Account"] = account
    event = parse(message)
    assert event.kind is EventKind.WATCHED
    assert event.account.names() == frozenset()


def test_an_account_id_may_be_a_string() -> None:
    message = sample("episode-scrobble")
    message["Account"]["id"] = "41220077"
    assert parse(message).account.id == "41220077"


def test_the_server_is_kept_so_that_foreign_ones_can_be_told_apart_cases_14_and_37() -> None:
    message = sample("episode-scrobble")
    message["Server"]["uuid"] = "cloud"
    item = parse(message).item
    assert item is not None
    assert item.origin is not None
    assert item.origin.server == "cloud"


def test_two_players_of_one_account_are_told_apart() -> None:
    message = sample("episode-play")
    message["Player"]["uuid"] = "kitchen"
    assert parse(message).player == "kitchen"
    del message["Player"]
    assert parse(message).player == ""


# --- which item ------------------------------------------------------------------------------------------------------


def test_a_legacy_tvdb_guid_names_the_show_case_19() -> None:
    item = parse(sample("legacy-tvdb-scrobble")).item
    assert isinstance(item, Episode)
    assert item.show_ids == ShowIds(tvdb=440011)
    assert item.ids == EpisodeIds()
    assert (item.season, item.number, item.absolute) == (0, 3, False)


def test_a_legacy_guid_fills_in_missing_numbers() -> None:
    item = episode(Guid=..., index=..., parentIndex="", guid="com.plexapp.agents.themoviedb://123/2/5?lang=en")
    assert (item.season, item.number, item.show_ids.tmdb, item.ids.tmdb) == (2, 5, 123, None)


def test_an_anidb_guid_counts_in_its_own_way_case_20() -> None:
    item = parse(sample("hama-scrobble")).item
    assert isinstance(item, Episode)
    assert item.show_ids == ShowIds(anidb=9876)
    assert (item.number, item.absolute) == (12, True)


def test_an_entry_of_myanimelist_counts_in_its_own_way_and_has_no_id_that_we_know() -> None:
    agent = {"guid": "net.fribbtastic.coding.plex.myanimelist://1575?lang=en", "grandparentGuid": ...}
    item = episode(Guid=..., **agent, index=10, parentIndex=1)
    assert (item.ids, item.show_ids) == (EpisodeIds(), ShowIds())
    assert (item.season, item.number, item.absolute) == (1, 10, True)


def test_a_counted_through_tvdb_guid_is_absolute_case_21() -> None:
    item = episode(Guid=..., guid="com.plexapp.agents.hama://tvdb4-440011/1/133", index=133, parentIndex=1)
    assert (item.show_ids.tvdb, item.number, item.absolute) == (440011, 133, True)


def test_specials_are_never_counted_through() -> None:
    item = episode(Guid=..., guid="com.plexapp.agents.hama://tvdb4-440011/0/2", index=2, parentIndex=0)
    assert (item.season, item.number, item.absolute) == (0, 2, False)


def test_plain_hama_numbers_are_ordinary() -> None:
    item = episode(Guid=..., guid="com.plexapp.agents.hama://tvdb-440011/2/5")
    assert (item.show_ids.tvdb, item.season, item.number, item.absolute) == (440011, 2, 5, False)


def test_disc_order_gives_the_show_but_no_numbers() -> None:
    item = episode(Guid=..., guid="com.plexapp.agents.thetvdbdvdorder://440011/2/5")
    assert item.show_ids.tvdb == 440011
    assert (item.season, item.number) == (None, None)
    assert (item.title, item.air_date) == ("Low Tide", date(2024, 11, 3))


def test_a_tmdb_id_of_an_episode_is_never_a_show_id_case_22() -> None:
    item = episode(Guid=[{"id": "tmdb://5550123"}])
    assert item.ids.tmdb == 5550123
    assert item.show_ids.tmdb is None
    assert item.origin is not None
    assert item.origin.show_key == "90400"


def test_an_unmatched_file_has_no_ids_but_titles_and_numbers_cases_23_and_33() -> None:
    event = parse(sample("episode-new-unmatched"))
    assert event.kind is EventKind.ADDED
    assert isinstance(event.item, Episode)
    assert (event.item.ids, event.item.show_ids) == (EpisodeIds(), ShowIds())
    assert (event.item.show_title, event.item.season, event.item.number) == ("Harbour Lights", 2, 5)


def test_of_several_ids_of_one_service_the_first_is_kept_case_24() -> None:
    assert episode(Guid=[{"id": "tvdb://1"}, {"id": "tvdb://2"}]).ids.tvdb == 1


def test_season_zero_is_real_case_25() -> None:
    assert episode(parentIndex=0, index=0).season == 0
    assert episode(parentIndex=0, index=0).number == 0


def test_a_daily_show_without_number_has_its_air_date_case_26() -> None:
    item = episode(index=..., Guid=...)
    assert (item.number, item.air_date) == (None, date(2024, 11, 3))


def test_years_as_seasons_and_high_numbers_are_legal_case_68() -> None:
    item = episode(parentIndex=2024, index=1207)
    assert (item.season, item.number) == (2024, 1207)


def test_a_three_part_id_is_the_show_and_its_neighbour_the_episode_case_70() -> None:
    for guids in (["tvdb://9000123", "tvdb://429999/1/1"], ["tvdb://429999/1/1", "tvdb://9000123"]):
        item = episode(Guid=[{"id": text} for text in guids], index=..., parentIndex=...)
        assert (item.ids.tvdb, item.show_ids.tvdb, item.season, item.number) == (9000123, 429999, 1, 1)


def test_numbers_may_be_strings_and_blank_ones_are_unknown_case_71() -> None:
    item = episode(index="5", parentIndex="1")
    assert (item.season, item.number) == (1, 5)
    assert episode(index="").number is None
    assert episode(index=5.0).number == 5
    assert episode(index=-1).number is None


@pytest.mark.parametrize("garbage", ["S01", 5.5, True, [], {}, float("nan"), 10**40, "5e3", "٥"])
def test_a_number_that_is_none_is_malformed_case_71(garbage: Any) -> None:
    assert ignored(sample("episode-scrobble", index=garbage)) == "malformed"
    assert ignored(sample("episode-scrobble", parentIndex=garbage)) == "malformed"


def test_a_guid_that_is_a_list_is_read_too() -> None:
    assert episode(guid=["plex://episode/6512aa00bb11cc22dd33ee44"]).ids.plex == (
        "plex://episode/6512aa00bb11cc22dd33ee44"
    )
    assert episode(guid=[{"id": "tvdb://77"}], Guid=...).ids.tvdb == 77


@pytest.mark.parametrize(
    "garbage", [None, 7, "", "tmdb://", {"id": 3}, [None, 3, {"id": []}, {"x": 1}], [[["a"]]], True]
)
def test_garbage_for_guids_is_no_ids(garbage: Any) -> None:
    item = episode(Guid=garbage, guid=garbage, grandparentGuid=garbage)
    assert (item.ids, item.show_ids) == (EpisodeIds(), ShowIds())


def test_a_tvdb_series_id_of_a_television_agent_is_no_movie_id() -> None:
    item = parse(sample("movie-scrobble", Guid=..., guid="com.plexapp.agents.thetvdb://440011?lang=en")).item
    assert item is not None
    assert item.ids == MovieIds()


@pytest.mark.parametrize("garbage", ["soon", "2024-13-40", 20241103, "20241103", None, "0001-01-01", ["2024-11-03"]])
def test_a_bad_air_date_is_unknown(garbage: Any) -> None:
    assert episode(originallyAvailableAt=garbage).air_date is None


def test_a_time_after_the_air_date_does_no_harm() -> None:
    assert episode(originallyAvailableAt="2024-11-03T00:00:00Z").air_date == date(2024, 11, 3)


def test_titles_are_one_clean_bounded_line() -> None:
    item = episode(title="Low\x00 \u202eTide\r\n\ud800", grandparentTitle="x" * 10_000)
    assert item.title == "Low Tide"
    assert item.show_title == "x" * 500


def test_an_item_without_key_has_no_origin() -> None:
    assert episode(ratingKey=...).origin is None
    assert episode(ratingKey=90412).origin.key == "90412"


def test_a_copy_in_another_library_shares_the_session() -> None:
    copy_of = {"ratingKey": "777", "key": "/library/metadata/777"}
    hd, uhd = parse(sample("episode-play")), parse(sample("episode-play", **copy_of))
    assert hd.session_key() == uhd.session_key()


def test_the_year_of_an_episode_is_not_the_shows() -> None:
    assert episode(year=2024).show_year is None


# --- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-899, -60, 0, 60, 899])
def test_a_scrobble_happened_when_the_server_says(seconds: int) -> None:
    event = parse(sample("episode-scrobble"), VIEWED_AT - timedelta(seconds=seconds))
    assert event.occurred_at == VIEWED_AT
    assert event.time_from_source


@pytest.mark.parametrize("seconds", [-901, 901, -15 * 86_400, 86_400])
def test_a_time_far_from_receipt_is_not_believed_case_67(seconds: int) -> None:
    received_at = VIEWED_AT - timedelta(seconds=seconds)
    event = parse(sample("episode-scrobble"), received_at)
    assert event.occurred_at == received_at
    assert not event.time_from_source


@pytest.mark.parametrize("garbage", [None, "", "now", True, [], -5, 0, 10**30, float("inf"), float("nan")])
def test_a_broken_time_is_the_moment_of_receipt(garbage: Any) -> None:
    event = parse(sample("episode-scrobble", lastViewedAt=garbage))
    assert (event.occurred_at, event.time_from_source) == (RECEIVED_AT, False)


def test_a_time_may_be_a_string() -> None:
    assert parse(sample("episode-scrobble", lastViewedAt="1771930812")).occurred_at == VIEWED_AT


@pytest.mark.parametrize("name", ["episode-play", "episode-pause", "episode-resume", "episode-stop", "movie-rate"])
def test_other_events_show_the_view_before_and_so_happened_at_receipt(name: str) -> None:
    event = parse(sample(name, lastViewedAt=1771930812))
    assert (event.occurred_at, event.time_from_source) == (RECEIVED_AT, False)


def test_times_are_utc_whatever_the_clock_of_the_receiver() -> None:
    local = RECEIVED_AT.astimezone(timezone(timedelta(hours=9)))
    event = parse(sample("episode-stop"), local)
    assert event.occurred_at == RECEIVED_AT
    assert event.occurred_at.tzinfo is UTC


# --- ratings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stars"),
    [(7.0, 7), (6.9, 7), (6.5, 7), (6.4, 6), (0.4, 1), (10, 10), ("8.0", 8), (0.01, 1)],  # cases 28 and 29
)
def test_ratings_round_half_up_and_stay_within_the_scale(given: Any, stars: int) -> None:
    event = parse({**sample("movie-rate"), "rating": given})
    assert (event.kind, event.rating) == (EventKind.RATED, stars)


@pytest.mark.parametrize("given", [0, 0.0, -1, -1.0, None, "", "0"])
def test_clearing_a_rating_is_unrated_case_29(given: Any) -> None:
    event = parse({**sample("movie-rate"), "rating": given})
    assert (event.kind, event.rating) == (EventKind.UNRATED, None)


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 11, "great", True, [], {}])
def test_a_rating_that_is_none_is_malformed(garbage: Any) -> None:
    assert ignored({**sample("movie-rate"), "rating": garbage}) == "malformed"


def test_without_a_rating_at_the_top_the_items_own_counts() -> None:
    message = sample("movie-rate", userRating=4.0)
    del message["rating"]
    assert parse(message).rating == 4
    del message["Metadata"]["userRating"]
    assert parse(message).kind is EventKind.UNRATED


def test_parsing_leaves_the_message_as_it_was() -> None:
    message = sample("episode-scrobble")
    before = copy.deepcopy(message)
    parse(message)
    assert message == before


def test_a_message_of_no_server_that_tells_no_rating_takes_none_back() -> None:
    own = sample("movie-rate", userRating=...)
    del own["rating"]
    assert parse(own).kind is EventKind.UNRATED  # Plex says nothing at all where a rating was cleared
    template = {key: value for key, value in own.items() if key not in ("owner", "user")}
    assert ignored(template) == "no rating"
    assert parse({**template, "rating": None}).kind is EventKind.UNRATED
    assert parse({**template, "rating": 7.0}).rating == 7


def test_a_season_is_rated_as_a_season_of_its_show_case_30() -> None:
    event = parse(sample("season-rate"))
    assert (event.kind, event.rating, event.scope) == (EventKind.RATED, 8, "season")
    assert event.item == Episode(
        show_title="Harbour Lights",
        season=3,
        number=None,
        show_ids=ShowIds(plex="plex://show/6512aa00bb11cc22dd33ee3f"),
        origin=Origin("8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170", "90401", "90400"),
    )


def test_a_show_is_rated_as_a_show() -> None:
    event = parse(sample("show-rate"))
    assert (event.kind, event.rating, event.scope) == (EventKind.RATED, 9, "show")
    assert event.item == Episode(
        show_title="Harbour Lights",
        season=None,
        number=None,
        show_year=2022,
        show_ids=ShowIds(imdb="tt8800110", tmdb=225500, tvdb=440011, plex="plex://show/6512aa00bb11cc22dd33ee3f"),
        origin=Origin("8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170", "90400", "90400"),
    )


def test_a_season_of_a_legacy_agent_is_known_by_its_show() -> None:
    item = parse(sample("season-rate", parentGuid=..., guid="com.plexapp.agents.thetvdb://440011/3?lang=en")).item
    assert isinstance(item, Episode)
    assert (item.show_ids, item.season) == (ShowIds(tvdb=440011), 3)


def test_the_rating_of_a_movie_or_an_episode_needs_no_scope() -> None:
    assert parse(sample("movie-rate")).scope is None
    assert parse({**sample("episode-scrobble"), "event": "media.rate", "rating": 5}).scope is None


def test_a_whole_show_may_be_added_case_32() -> None:
    event = parse(sample("show-new"))
    assert (event.kind, event.scope, event.rating) == (EventKind.ADDED, "show", None)

"""Calls of Trakt clients: what the clients in the wild send, and whatever else may come."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources import SOURCES
from scrobbled.sources.body import decode
from scrobbled.sources.trakt import CALLS, enveloped
from scrobbled.sources.trakt_history import additions

NOW = datetime(2026, 11, 14, 20, 0, 30, tzinfo=UTC)


def parsed(call: str, body: Any, viewer: str | None = "anna") -> tuple[PlaybackEvent, ...]:
    """Through the text that is stored, as a replay reads it."""
    return SOURCES["trakt"].parse(decode(enveloped(call, viewer, body, "mpv").text), NOW)


def one(body: Any, call: str = "scrobble/stop") -> PlaybackEvent:
    (event,) = parsed(call, body)
    return event


def item(**body: Any) -> Item | None:
    return one({"progress": 50, **body}).item


def facts(found: Item | None) -> Any:
    """An item without the key that only we understand."""
    if isinstance(found, Movie):
        return ("movie", found.title, found.year, found.ids.known())
    assert isinstance(found, Episode)
    place = (found.season, found.number, found.absolute)
    return ("episode", found.show_title, found.show_year, found.show_ids.known(), *place, found.ids.known())


SHOW = {"title": "Harbour", "year": 2024, "ids": {"tmdb": 202020, "tvdb": "445566", "slug": "harbour"}}
KNOWN = {"tmdb": 202020, "tvdb": 445566}
CLIENTS: list[tuple[str, dict[str, Any], Any]] = [
    (
        "a film by its id",
        {"movie": {"title": "Salt Flats", "year": 2023, "ids": {"tmdb": 717171}}},
        ("movie", "Salt Flats", 2023, {"tmdb": 717171}),
    ),
    (
        "Kodi writes ids as text and adds keys of its own",
        {
            "movie": {
                "title": "Salt Flats",
                "year": "2023",
                "ids": {"tmdb": "717171", "imdb": "tt9988776", "movieid": 5},
                "plays": 0,
                "rating": 0.0,
            }
        },
        ("movie", "Salt Flats", 2023, {"tmdb": 717171, "imdb": "tt9988776"}),
    ),
    (
        "Kodi without a library has titles only",
        {"show": {"title": "Harbour"}, "episode": {"season": 2, "number": 4}},
        ("episode", "Harbour", None, {}, 2, 4, False, {}),
    ),
    (
        "Jellyfin by the episode's ids sends season and number 0",
        {
            "movie": None,
            "show": None,
            "episode": {"season": 0, "number": 0, "ids": {"tvdb": "9012345", "tmdb": 4455667}},
        },
        ("episode", "", None, {}, None, None, False, {"tvdb": 9012345, "tmdb": 4455667}),
    ),
    (
        "Jellyfin by number",
        {"show": SHOW, "episode": {"season": 2, "number": 4}, "app_version": "10.11", "app_date": "2026-05-01"},
        ("episode", "Harbour", 2024, KNOWN, 2, 4, False, {}),
    ),
    (
        "a special with number 0 of a show without ids of its own is one",
        {"show": SHOW, "episode": {"season": 0, "number": 0}},
        ("episode", "Harbour", 2024, KNOWN, 0, 0, False, {}),
    ),
    (
        "universal-trakt-scrobbler knows Trakt's ids alone",
        {"episode": {"ids": {"trakt": 771234}}},
        ("episode", "", None, {}, None, None, False, {"trakt": 771234}),
    ),
    (
        "trakt-scrobbler may know a show by its name in addresses alone",
        {"show": {"ids": {"slug": "harbour-lights"}}, "episode": {"season": 2, "number": 4}},
        ("episode", "harbour lights", None, {}, 2, 4, False, {}),
    ),
    (
        "such a name of a film has its year",
        {"movie": {"ids": {"slug": "salt-flats-2023"}}},
        ("movie", "salt flats", 2023, {}),
    ),
    (
        "anime counted through",
        {"show": {"ids": {"tvdb": 445566}}, "episode": {"number_abs": 164}},
        ("episode", "", None, {"tvdb": 445566}, None, 164, True, {}),
    ),
    (
        "numbers of a season go before those through the show",
        {"show": SHOW, "episode": {"season": 2, "number": 4, "number_abs": 28}},
        ("episode", "Harbour", 2024, KNOWN, 2, 4, False, {}),
    ),
    (
        "ids that say nothing are none",
        {"movie": {"title": "X", "ids": {"tmdb": 0, "imdb": "", "tvdb": None, "trakt": "null"}}},
        ("movie", "X", None, {}),
    ),
    (
        "a film that is null leaves room for an episode",
        {"movie": {}, "show": SHOW, "episode": {"season": "2", "number": "4", "title": "Low Tide"}},
        ("episode", "Harbour", 2024, KNOWN, 2, 4, False, {}),
    ),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in CLIENTS], ids=[case[0] for case in CLIENTS])
def test_what_clients_send(body: dict[str, Any], expected: Any) -> None:
    assert facts(item(**body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"movie": {}},
        {"movie": {"year": 2023}},
        {"movie": {"ids": {"tmdb": -5}}},
        {"movie": {"ids": {"imdb": "9988776"}}},
        {"movie": {"ids": {"tmdb": "12a"}}},
        {"movie": ["Salt Flats"]},
        {"show": SHOW},
        {"show": SHOW, "episode": {}},
        {"show": SHOW, "episode": {"season": 2}},
        {"show": SHOW, "episode": {"number": 2}},
        {"show": SHOW, "episode": {"season": "S02", "number": 4}},
        {"show": SHOW, "episode": {"season": 2, "number": 4.5}},
        {"show": SHOW, "episode": {"season": 2, "number": -1}},
        {"episode": {"season": 2, "number": 4}},
        {"episode": {"season": 2, "number": 4, "title": "Low Tide"}},
    ],
)
def test_what_names_no_single_title_is_ignored(body: dict[str, Any]) -> None:
    event = one({**body, "progress": 90})
    assert (event.kind, event.reason, event.item) == (EventKind.IGNORED, "no item", None)


@pytest.mark.parametrize(
    ("told", "percent"),
    [
        (12.5, 12.5),
        (90, 90.0),
        ("81.0", 81.0),
        (0, 0.0),
        (-3, 0.0),
        (180, 100.0),
        (None, None),
        ("", None),
        ("half", None),
        (True, None),
        ([50], None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_progress_is_a_percentage_or_unknown_and_never_guessed(told: Any, percent: float | None) -> None:
    assert one({"movie": {"title": "X"}, "progress": told}).percent == percent
    assert one({"movie": {"title": "X"}}).percent is None


def test_calls_become_kinds_and_others_are_ignored() -> None:
    assert {call: one({"movie": {"title": "X"}, "movies": [{"title": "X"}]}, call).kind for call in CALLS} == {
        "scrobble/start": EventKind.START,
        "scrobble/pause": EventKind.PAUSE,
        "scrobble/stop": EventKind.STOP,
        "checkin": EventKind.WATCHED,
        "history": EventKind.WATCHED,
    }
    assert one({}, "scrobble/rewind").reason == "unsupported"
    for envelope in ({}, {"call": None}, {"call": [1]}, {"call": "scrobble/stop", "body": []}):
        (event,) = SOURCES["trakt"].parse(envelope, NOW)
        assert event.kind is EventKind.IGNORED


def test_the_account_is_the_viewer_of_the_token_and_a_shared_one_says_what_to_do() -> None:
    (event,) = parsed("scrobble/stop", {"movie": {"title": "X"}, "viewer": "ben"})
    assert (event.account, event.player, event.reason) == (Account(id="anna"), "mpv", "")
    (shared,) = parsed("scrobble/stop", {"movie": {"title": "X"}}, None)
    assert shared.account == Account()
    assert "scrobbled token create --viewer" in shared.reason


# One viewing, one session


@pytest.mark.parametrize("body", [case[1] for case in CLIENTS], ids=[case[0] for case in CLIENTS])
def test_start_and_stop_spelled_alike_are_one_session(body: dict[str, Any]) -> None:
    again = json.loads(json.dumps(body))
    keys = {parsed(call, again)[0].session_key() for call in ("scrobble/start", "scrobble/stop", "checkin")}
    assert len(keys) == 1


def test_more_ids_do_not_make_another_session() -> None:
    place = {"season": 2, "number": 4}
    short = item(show={"ids": {"tmdb": 202020}}, episode=place)
    long = item(show=SHOW, episode={**place, "title": "Low Tide", "ids": {"tvdb": 9012345}})
    for found in (short, long):
        assert found
        assert found.origin
        assert found.origin.key == "show/tmdb/202020/2/4"


def test_titles_that_differ_are_different_sessions() -> None:
    bodies: list[dict[str, Any]] = [case[1] for case in CLIENTS]
    keys = {one({**body, "progress": 1}).session_key() for body in bodies}
    same = 2 + 1 + 1  # Salt Flats by tmdb, Harbour S2 E4 by tmdb: told three and two times
    assert len(keys) >= len(bodies) - same
    assert item(movie={"ids": {"tmdb": 1}}) != item(movie={"ids": {"trakt": 1}})


# History


def history(**lists: Any) -> list[tuple[str, bool, str]]:
    """Label, dated, and time of each play."""
    return [
        (event.item.label() if event.item else "", event.dated, event.occurred_at.strftime("%Y-%m-%d %H:%M"))
        for event in parsed("history", lists)
    ]


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-05-02T21:05:00.000Z", "2026-05-02 21:05"),
        ("2026-05-02T21:05:00Z", "2026-05-02 21:05"),
        ("2026-05-02T21:05:00+02:00", "2026-05-02 19:05"),
        ("2026-05-02T00:05:00-05:30", "2026-05-02 05:35"),
        ("2026-05-02T21:05:00", "2026-05-02 21:05"),
        ("2026-05-02 21:05", "2026-05-02 21:05"),
        ("2026-11-14T20:10:00Z", "2026-11-14 20:10"),
    ],
)
def test_a_history_add_has_its_own_time(told: str, at: str) -> None:
    assert history(movies=[{"title": "X", "watched_at": told}]) == [("X", True, at)]


@pytest.mark.parametrize(
    "told",
    [
        "unknown",
        "released",
        1777755900,
        "1777755900",
        0,
        None,
        "",
        "soon",
        "1970-01-01T00:00:00.000Z",
        [],
        {},
        True,
        "2026-11-14T20:20:00Z",
        "9999-12-31T23:59:59-23:59",
        "2026-13-01T00:00:00Z",
        "20260502T210500Z",
        "0001-01-01",
    ],
)
def test_what_is_no_time_is_undated_and_never_now(told: Any) -> None:
    (event,) = parsed("history", {"movies": [{"title": "X", "watched_at": told}]})
    assert (event.dated, event.time_from_source, event.entered) == (False, False, True)
    assert event.occurred_at == NOW, "when we heard of it"


def test_an_omitted_time_is_now_and_the_nearest_one_counts() -> None:
    shows = [
        {
            "title": "Harbour",
            "watched_at": "2026-05-01T20:00:00Z",
            "seasons": [
                {"number": 1, "watched_at": "2026-05-02T20:00:00Z", "episodes": [{"number": 1}]},
                {"number": 2, "episodes": [{"number": 1}, {"number": 2, "watched_at": "2026-05-03T20:00:00Z"}]},
            ],
        }
    ]
    assert history(movies=[{"title": "X"}], shows=shows) == [
        ("X", True, "2026-11-14 20:00"),
        ("Harbour S1 E1", True, "2026-05-02 20:00"),
        ("Harbour S2 E1", True, "2026-05-01 20:00"),
        ("Harbour S2 E2", True, "2026-05-03 20:00"),
    ]


def test_everything_is_a_play_or_not_found() -> None:
    body: dict[str, Any] = {
        "movies": [{"title": "X"}, {"ids": {}}, None, 5],
        "episodes": [{"ids": {"trakt": 1}}, {"season": 1, "number": 2, "show": {"title": "Y"}}, {"ids": {"trakt": 0}}],
        "seasons": [{"ids": {"trakt": 333444}}],
        "shows": [
            {"title": "bare"},
            {"title": "Z", "seasons": [{"number": 1}, {"number": 2, "episodes": [{"number": 1}, {"number": "x"}]}]},
            {"seasons": [{"number": 1, "episodes": [{"number": 1}]}]},
        ],
    }
    found = additions(body, NOW)
    assert [play.item.label() for play in found.plays] == ["X", "trakt 1", "Y S1 E2", "Z S2 E1"]
    assert found.not_found == {
        "movies": [{"ids": {}}, None, 5],
        "episodes": [{"ids": {"trakt": 0}}],
        "seasons": [{"ids": {"trakt": 333444}}],
        "shows": [
            {"title": "bare"},
            {"title": "Z", "seasons": [{"number": 1}, {"number": 2, "episodes": [{"number": "x"}]}]},
            {"seasons": [{"number": 1, "episodes": [{"number": 1}]}]},
        ],
    }


def test_a_history_add_of_nothing_is_ignored() -> None:
    for body in (
        {},
        {"movies": []},
        {"movies": {}},
        {"shows": [{"title": "bare"}]},
        {"seasons": [{"ids": {"trakt": 1}}]},
    ):
        (event,) = parsed("history", body)
        assert (event.kind, event.reason) == (EventKind.IGNORED, "no item")


# Whatever arrives

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["tt123", "S01", "unknown", "2026-05-02T21:05:00Z", "0", "1e400", "salt-flats-2023", "12"])
)
KEYS = st.sampled_from(
    [
        "movie",
        "show",
        "episode",
        "movies",
        "shows",
        "seasons",
        "episodes",
        "ids",
        "tmdb",
        "imdb",
        "tvdb",
        "trakt",
        "slug",
        "title",
        "year",
        "season",
        "number",
        "number_abs",
        "progress",
        "watched_at",
    ]
)
BODIES = st.dictionaries(
    KEYS,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6)),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CALLS)), BODIES)
def test_nothing_raises_and_every_event_is_well_formed(call: str, body: dict[str, Any]) -> None:
    events = SOURCES["trakt"].parse(enveloped(call, "anna", body).data, NOW)
    assert events
    for event in events:
        assert event.occurred_at.utcoffset() == timedelta(0)
        assert event.percent is None or 0 <= event.percent <= 100
        assert (event.item is None) == (event.kind is EventKind.IGNORED)
        if event.item is not None:
            assert event.session_key()
            assert event.item.label().strip()
            assert_named(event.item)


def assert_named(found: Item) -> None:
    """There is an id or a title, and each id is what ids of that service are."""
    spaces: list[Ids] = [found.ids] if isinstance(found, Movie) else [found.ids, found.show_ids]
    assert any(spaces) or (found.title if isinstance(found, Movie) else found.show_title)
    for ids in spaces:
        for service, value in ids.known().items():
            assert isinstance(value, str if service == "imdb" else int)
            assert value


NUMBERS = st.integers(1, 10**9)


@given(NUMBERS, NUMBERS, NUMBERS, st.booleans())
def test_ids_never_change_their_space(a: int, b: int, c: int, as_text: bool) -> None:
    def ids(number: int) -> dict[str, Any]:
        return {"ids": {"tmdb": str(number) if as_text else number, "tvdb": number + 1, "trakt": number + 2}}

    film = item(movie=ids(a))
    assert isinstance(film, Movie)
    assert film.ids == MovieIds(tmdb=a, tvdb=a + 1, trakt=a + 2)
    told = item(show=ids(b), episode={**ids(c), "season": 1, "number": 2})
    assert isinstance(told, Episode)
    assert told.show_ids == ShowIds(tmdb=b, tvdb=b + 1, trakt=b + 2)
    assert told.ids == EpisodeIds(tmdb=c, tvdb=c + 1, trakt=c + 2)

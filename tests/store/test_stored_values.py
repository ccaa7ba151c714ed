"""What goes into the database comes out again: items, sessions, sign-ins, answers, troubles and raw events."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import FakeClock
from scrobbled.alerts import CALM, LastTold, Reach, Trouble
from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.places import home_of
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import Session
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.file.codec import decode_item, decode_session, encode_item, encode_session, instant
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import archive, events
from scrobbled.store.keeping import housekeeping
from scrobbled.store.notes.alerts import StoredTroubles
from scrobbled.store.notes.cache import StoredCache, forget_expired

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)

words = st.text(max_size=12)
some = st.none() | words
whole = st.none() | st.integers(0, 2**53)


def ids_of(space: type[Ids]) -> st.SearchStrategy[Any]:
    return st.builds(space, imdb=some, tmdb=whole, tvdb=whole, trakt=whole, anidb=whole, plex=some)


origins = st.none() | st.builds(Origin, server=words, key=words, show_key=some, library=some)
movies = st.builds(Movie, title=words, year=whole, ids=ids_of(MovieIds), origin=origins)
episodes = st.builds(
    Episode,
    show_title=words,
    season=whole,
    number=whole,
    title=some,
    show_year=whole,
    show_ids=ids_of(ShowIds),
    ids=ids_of(EpisodeIds),
    air_date=st.none() | st.dates(),
    original_title=some,
    absolute=st.booleans(),
    origin=origins,
)
moments = st.integers(0, 4_000_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
sessions = st.builds(
    Session,
    position_ms=whole,
    duration_ms=whole,
    finishes=st.lists(moments, max_size=32).map(tuple),
    restarted=st.booleans(),
    last_kind=st.none() | st.sampled_from(EventKind),
    last_position_ms=whole,
    last_at=st.none() | moments,
    last_progress=st.none() | st.floats(-10, 1000),
    undated=st.booleans(),
    seen_from=st.none() | st.floats(0, 2e9),
    began_at=st.none() | moments,
    player=st.text(max_size=5),
    ended_on=st.text(max_size=5),
    ended_in=st.text(max_size=5),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scrobbled.db"


@pytest.fixture
async def store(path: Path, anyio_backend: str):
    opened = Store(path)
    yield opened
    await opened.aclose()


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(path)) as connection:
        yield connection


# -- items and sessions --------------------------------------------------------------------------------------------


@given(movies | episodes)
def test_an_item_comes_back_as_it_was(item: Item) -> None:
    assert decode_item(item.media, encode_item(item)) == item


@given(sessions)
def test_a_session_comes_back_as_it_was(session: Session) -> None:
    assert decode_session(encode_session(session)) == session


def test_a_session_of_the_first_release_is_read_as_it_was() -> None:
    assert decode_session("[1,2,[],true,null,3,null]") == Session(1, 2, restarted=True, last_position_ms=3)


def test_specials_and_episode_0_keep_their_numbers() -> None:
    special = Episode("Harbour Lights", 0, 0, ids=EpisodeIds(tmdb=0))
    assert decode_item("episode", encode_item(special)) == special
    assert json.loads(encode_item(special)) == {
        "show_title": "Harbour Lights",
        "season": 0,
        "number": 0,
        "ids": {"tmdb": 0},
    }


def test_only_what_is_known_is_written() -> None:
    assert json.loads(encode_item(Movie("Harbour Atlas"))) == {"title": "Harbour Atlas"}


def test_an_instant_is_utc() -> None:
    assert instant(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


# -- raw events and sessions in the database -----------------------------------------------------------------------


def arrival(raw: str = "{}", *, received_at: datetime = NOW, name: str = " anna ") -> events.Arrival:
    event = PlaybackEvent("plex", EventKind.WATCHED, received_at, Account("7", name), Movie("Harbour Atlas", 2019))
    return events.Arrival("plex", received_at, raw, event)


@settings(max_examples=15, deadline=None)
@given(raw=st.text(st.characters(exclude_categories=[]), max_size=200))
def test_a_raw_event_comes_back_letter_by_letter(raw: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with closing(open_database(tmp_path_factory.mktemp("raw") / "scrobbled.db")) as db:
        event_id = events.add_event(db, arrival(raw), EventOutcome.UNCLAIMED, "nobody")
        (stored,) = archive.unclaimed(db)
    assert (stored.id, stored.raw, stored.account, stored.label) == (event_id, raw, "anna", "Harbour Atlas (2019)")
    assert (stored.source, stored.received_at, stored.reason) == ("plex", NOW.timestamp(), "nobody")


def test_unclaimed_events_come_in_pages_oldest_first(db: sqlite3.Connection) -> None:
    ids = [events.add_event(db, arrival(), EventOutcome.UNCLAIMED, "") for _ in range(5)]
    events.settle_event(db, ids[1], EventOutcome.ACCEPTED, "")
    first = archive.unclaimed(db, limit=2)
    assert [event.id for event in first] == [ids[0], ids[2]]
    assert [event.id for event in archive.unclaimed(db, after=first[-1].id)] == ids[3:]


@pytest.mark.parametrize(("name", "id_", "label"), [("Anna ", "7", "Anna"), (" ", " 7", "7"), ("", "", "")])
def test_an_account_is_shown_as_a_person_would_list_it(name: str, id_: str, label: str) -> None:
    assert events.account_label(PlaybackEvent("plex", EventKind.STOP, NOW, Account(id_, name))) == label


def test_sessions_are_kept_until_nothing_happened_for_long(db: sqlite3.Connection) -> None:
    assert events.load_session(db, "anna|key") == Session()
    events.save_session(db, "anna|key", Session(position_ms=1), NOW - timedelta(days=91))
    events.save_session(db, "anna|key", Session(position_ms=2), NOW)
    events.save_session(db, "anna|old", Session(position_ms=3), NOW - timedelta(days=91))
    assert housekeeping.forget_sessions(db, housekeeping.HousekeepingTime(NOW, NOW)) == 1
    assert events.load_session(db, "anna|key") == Session(position_ms=2)
    assert events.load_session(db, "anna|old") == Session()


# -- sign-ins ------------------------------------------------------------------------------------------------------


def tokens(store: Store, viewer: str = "anna", learned: list[Any] | None = None) -> StoredTokens:
    return StoredTokens(store, viewer, "trakt", (learned if learned is not None else []).append, lambda: NOW)


async def test_a_sign_in_is_kept_per_account_and_learned_as_a_secret(store: Store, path: Path) -> None:
    learned: list[Any] = []
    anna = tokens(store, learned=learned)
    assert await anna.load() is None
    await anna.save({"access_token": "one"})
    await tokens(store, "ben").save({"access_token": "bens"})
    assert await anna.load() == {"access_token": "one"}
    assert learned == [None, {"access_token": "one"}, {"access_token": "one"}]
    await anna.forget()
    assert await anna.load() is None
    assert await tokens(store, "ben").load() == {"access_token": "bens"}


async def test_the_sign_in_before_the_present_one_is_kept_beside_it(store: Store) -> None:
    anna = tokens(store)
    for word in ("one", "two", "three"):
        await anna.save({"access_token": word})
    row = await store.read(lambda db: db.execute("SELECT secret, previous, saved_at FROM tokens").fetchall())
    assert row == [('{"access_token": "three"}', '{"access_token": "two"}', NOW.timestamp())]


# -- answers of catalogues -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"id": 7, "titles": ["Où", None]}, [], "text", 0, False, None])
async def test_an_answer_holds_for_as_long_as_was_said(store: Store, clock: FakeClock, value: Any) -> None:
    cache = StoredCache(store, clock)
    assert await cache.get("tmdb:show:7") is None
    await cache.put("tmdb:show:7", value, seconds=60)
    assert await cache.get("tmdb:show:7") == value
    assert await cache.get("tmdb:show:70") is None
    clock.advance(59.9)
    assert await StoredCache(store, clock).get("tmdb:show:7") == value
    clock.advance(0.1)
    assert await cache.get("tmdb:show:7") is None
    assert await StoredCache(store, clock).get("tmdb:show:7") is None


async def test_what_comes_out_of_the_cache_is_nobody_elses(store: Store, clock: FakeClock) -> None:
    cache, value = StoredCache(store, clock), {"list": [1]}
    await cache.put("key", value, seconds=60)
    value["list"].append(2)
    first = await cache.get("key")
    assert first == {"list": [1]}
    first["list"].append(3)
    assert await cache.get("key") == {"list": [1]}


async def test_that_there_is_no_answer_is_remembered_until_there_is_one(store: Store, clock: FakeClock) -> None:
    cache = StoredCache(store, clock)
    assert await cache.get("key") is None
    await StoredCache(store, clock).put("key", "of another process", seconds=60)
    assert await cache.get("key") is None, "the database was asked already"
    cache.forget_recent()
    assert await cache.get("key") == "of another process"
    await cache.put("key", "ours", seconds=60)
    assert await cache.get("key") == "ours"


async def test_expired_answers_are_forgotten_in_portions(store: Store, clock: FakeClock) -> None:
    cache = StoredCache(store, clock)
    for n in range(5):
        await cache.put(f"old:{n}", n, seconds=1)
    await cache.put("fresh", 1, seconds=100)
    clock.advance(1)
    counts = [await store.write(lambda db: forget_expired(db, clock.now(), limit=3)) for _ in range(3)]
    assert counts == [3, 2, 0]
    assert await cache.get("fresh") == 1


# -- troubles ------------------------------------------------------------------------------------------------------


DOWN = Trouble("down", "anna/trakt", "title", "text", viewer="anna", link="/#accounts")


async def test_an_open_trouble_survives_a_restart(store: Store, path: Path) -> None:
    memory = StoredTroubles(store)
    assert await memory.seen(DOWN, 100.0) is True
    await memory.told("somebody", [("down", "anna/trakt")], LastTold(100.0, good=False))
    other = Store(path)
    assert await StoredTroubles(other).seen(DOWN, 160.0) is False
    await other.aclose()
    over = await memory.over(("down", "anna/trakt"), "well", "It is.", 200.0)
    assert over is not None
    assert (over.first_seen, over.last_seen, over.count, over.ended_at) == (100.0, 160.0, 2, 200.0)
    assert (over.title, over.text, over.viewer, over.link) == ("well", "It is.", "anna", "/#accounts")
    assert over.told == {"somebody": LastTold(100.0, good=False)}
    assert await memory.over(("down", "anna/trakt"), "well", "It is.", 300.0) is None


async def test_a_trouble_that_comes_back_soon_goes_on_and_later_is_a_new_one(store: Store) -> None:
    memory = StoredTroubles(store)
    for at in (0.0, 100.0):
        assert await memory.seen(DOWN, at) is True
        await memory.over(("down", "anna/trakt"), "well", "", at + 50)
    (found,) = await memory.everything()
    assert (found.first_seen, found.count, found.returns, found.ended_at) == (0.0, 2, 1, 150.0)
    await memory.told("somebody", [found.key], LastTold(160.0, good=True))
    assert await memory.seen(DOWN, 150.0 + CALM) is True
    (found,) = await memory.everything()
    assert (found.first_seen, found.count, found.returns, found.ended_at) == (150.0 + CALM, 1, 0, None)
    assert found.told == {}


async def test_two_subjects_are_two_troubles(store: Store) -> None:
    memory = StoredTroubles(store)
    for subject in ("anna/trakt", "ben/trakt"):
        assert await memory.seen(Trouble("down", subject, "", ""), 1.0) is True
    assert await memory.seen(Trouble("drift", "anna/trakt", "", ""), 1.0) is True
    assert await memory.over(("down", "ben/trakt"), "", "", 2.0) is not None
    assert await memory.seen(Trouble("down", "anna/trakt", "", ""), 2.0) is False
    await memory.forget([("down", "anna/trakt")])
    assert [trouble.key for trouble in await memory.everything()] == [("down", "ben/trakt"), ("drift", "anna/trakt")]


async def test_an_address_that_was_not_reached_is_remembered_until_it_is(store: Store) -> None:
    memory, failed = StoredTroubles(store), Reach(3, 220.0, 100.0, "no answer")
    await memory.reached("somebody", failed)
    assert await memory.reach() == {"somebody": failed}
    await memory.reached("somebody", None)
    assert await memory.reach() == {}


def test_days_are_kept_as_days() -> None:
    aired = Episode("Daily", None, None, air_date=date(2026, 11, 14))
    assert json.loads(encode_item(aired))["air_date"] == "2026-11-14"


async def test_a_sign_in_is_none_at_another_address(store: Store) -> None:
    def at(home: str | None) -> StoredTokens:
        return StoredTokens(store, "anna", "trakt", lambda values: None, lambda: NOW, home)

    usual, away = home_of({}), home_of({"url": "http://evil.example/api"})
    await at(usual).save({"refresh_token": "r"})
    assert await at(away).load() is None
    assert await at(usual).load() == {"refresh_token": "r"}
    await at(away).save({"refresh_token": "other"})
    assert await at(usual).load() is None


async def test_a_sign_in_of_an_earlier_version_stays_where_it_is_used_first(store: Store) -> None:
    def at(home: str | None) -> StoredTokens:
        return StoredTokens(store, "anna", "trakt", lambda values: None, lambda: NOW, home)

    here = home_of({"url": "https://proxy.lan/trakt"})
    await at(None).save({"refresh_token": "r"})
    assert await at(here).load() == {"refresh_token": "r"}
    assert await at(here).load() == {"refresh_token": "r"}
    assert await at(home_of({"url": "https://proxy.lan:444/trakt"})).load() is None
    assert await at(home_of({"url": "https://PROXY.lan:443/other"})).load() == {"refresh_token": "r"}

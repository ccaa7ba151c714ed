"""What we write to a library comes back as news of its media server: that is no viewing, no rating and no removal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flows.home import CONFIG, home_at
from scrobbled.core.kinds import PLAYS, RATINGS
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.records import Subject
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import Rules, Session
from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.desk.facts.plays import event_story
from scrobbled.intake import echoes
from scrobbled.intake.claimants import Claimant
from scrobbled.store import Store
from scrobbled.store.inbox import events
from scrobbled.store.mirror import subjects
from scrobbled.store.queue import amendments
from scrobbled.store.queue.amendment import Details, NewAmendment

PAIR = "    pairs: [{between: [shelf, trakt], plays: both}]\n"
NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399), Origin("one", "12"))
SHOW = Episode("Harbour Lights", None, None, show_ids=ShowIds(tmdb=1399), origin=Origin("one", "7"))
ANNA = Claimant("anna", Rules(), (), frozenset(), frozenset({"movie", "episode"}), home=("shelf",))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(tmp_path / "s.db")
    yield made
    await made.aclose()


async def wrote(store: Store, action: str = "tick", item: Item = FILM, *, done: bool = True, **more: Any) -> None:
    """The library of ``anna`` was told so now."""
    scope = more.pop("scope", item.media)
    wish = NewAmendment(
        viewer="anna",
        tracker="shelf",
        kind=RATINGS if action in ("rate", "unrate") else PLAYS,
        action=action,
        key="k",
        label=item.label(),
        details=Details(**more),
        subject=Subject("k", scope, item, places=("one/12",)),
    )
    id_ = await store.write(lambda db: amendments.add(db, wish, NOW.timestamp()))
    await store.write(lambda db: amendments.located(db, id_, wish.key))
    await store.write(lambda db: amendments.begin(db, [id_]))
    if done:
        await store.write(lambda db: amendments.settle(db, id_, PlayOutcome.DELIVERED, "", NOW.timestamp()))


def heard(kind: EventKind = EventKind.WATCHED, after: timedelta = timedelta(), **more: Any) -> PlaybackEvent:
    told = {"item": FILM, "marked": kind in (EventKind.WATCHED, EventKind.UNWATCHED), **more}
    return PlaybackEvent("plex", kind, NOW + after, Account("1", "anna"), **told)


async def is_ours(store: Store, event: PlaybackEvent, claimant: Claimant = ANNA) -> bool:
    return await store.read(lambda db: echoes.own_write(db, event, claimant)) is not None


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("minutes", [-14, 0, 14])
async def test_a_mark_at_the_time_of_our_own_is_ours(store: Store, minutes: int, done: bool) -> None:
    await wrote(store, done=done)
    assert await is_ours(store, heard(after=timedelta(minutes=minutes)))


async def test_a_later_one_is_not(store: Store) -> None:
    await wrote(store)
    assert not await is_ours(store, heard(after=timedelta(minutes=16)))
    assert not await is_ours(store, heard(after=-timedelta(minutes=16)))


async def test_a_mark_that_was_given_a_time_is_ours_at_that_time_whenever_it_was_made(store: Store) -> None:
    years_ago = NOW - timedelta(days=700)
    await wrote(store, at=years_ago)
    event = heard(after=-timedelta(days=700), time_from_source=True)
    assert await is_ours(store, event)
    assert not await is_ours(store, heard(after=-timedelta(days=701)))
    assert not await is_ours(store, heard(EventKind.UNWATCHED, after=-timedelta(days=700)))


async def test_another_item_or_person_or_place_is_not(store: Store) -> None:
    await wrote(store)
    assert not await is_ours(store, heard(item=replace(FILM, title="Tidal", ids=MovieIds(tmdb=7))))
    assert not await is_ours(store, heard(), replace(ANNA, viewer="ben"))
    assert not await is_ours(store, heard(), replace(ANNA, home=()))


async def test_what_was_seen_to_be_played_is_a_viewing(store: Store) -> None:
    await wrote(store)
    event = heard(marked=False)
    session = Session(seen_from=NOW.timestamp() - 3_000.0)
    await store.write(
        lambda db: events.save_session(db, f"anna|{event.session_key()}", session, NOW - timedelta(minutes=50), None)
    )
    assert not await is_ours(store, event)
    assert await is_ours(store, heard(marked=False, item=replace(FILM, origin=Origin("one", "13"))))


async def listed(store: Store, **films: Item) -> None:
    """The library is known to have these, by its keys."""
    told = [Subject(key, film.media, film) for key, film in films.items()]
    await store.write(lambda db: subjects.put(db, ("anna", "shelf"), told))


async def test_what_the_library_is_known_to_have_is_found_by_its_names(store: Store) -> None:
    other = replace(FILM, ids=MovieIds(tmdb=7))
    await wrote(store)
    await listed(store, k=FILM, j=other)
    assert await is_ours(store, heard(item=replace(FILM, title="Hafenatlas")))
    assert not await is_ours(store, heard(item=other))
    elsewhere = replace(FILM, origin=Origin("two", "5"))
    assert await is_ours(store, heard(item=elsewhere, after=timedelta(days=6)))


async def test_what_has_no_id_in_common_with_it_is_found_by_its_title(store: Store) -> None:
    await wrote(store)
    await listed(store, k=FILM)
    assert await is_ours(store, heard(item=replace(FILM, ids=MovieIds(imdb="tt0000009"))))


async def test_other_servers_of_the_person_tell_of_it_for_days(store: Store) -> None:
    await wrote(store)
    elsewhere = replace(FILM, origin=Origin("two", "5"))
    assert await is_ours(store, heard(item=elsewhere, after=timedelta(days=6)))
    assert not await is_ours(store, heard(item=elsewhere, after=timedelta(days=8)))


@pytest.mark.parametrize(("kind", "action"), [(EventKind.UNWATCHED, "untick"), (EventKind.UNRATED, "unrate")])
async def test_what_we_take_back_is_nothing_taken_back(store: Store, kind: EventKind, action: str) -> None:
    await wrote(store, action)
    assert await is_ours(store, heard(kind))
    assert not await is_ours(store, heard(EventKind.RATED, rating=7))


@pytest.mark.parametrize(("item", "scope"), [(FILM, "movie"), (SHOW, "show")])
async def test_a_rating_is_ours_where_it_is_the_one_we_gave(store: Store, item: Item, scope: Any) -> None:
    await wrote(store, "rate", item, value=8, scope=scope)
    more = {"item": item, "scope": None if scope == "movie" else scope}
    assert await is_ours(store, heard(EventKind.RATED, rating=8, **more))
    assert not await is_ours(store, heard(EventKind.RATED, rating=7, **more))


async def test_what_comes_back_is_counted_as_an_echo_and_told_as_our_own_write(tmp_path: Path) -> None:
    async with home_at(tmp_path / "scrobbled.db") as home:
        home.restart(CONFIG.replace("trakt: {client_id: a},", "shelf: {}, trakt: {client_id: a},") + PAIR)
        item = Episode("Harbour Lights", 1, 1, title="Part 1")
        wish = NewAmendment(
            *("anna", "shelf", PLAYS, "tick", "k", item.label()), Details(), Subject("k", "episode", item)
        )
        id_ = await home.store.write(lambda db: amendments.add(db, wish, home.minutes(0)))
        await home.store.write(lambda db: amendments.begin(db, [id_]))
        await home.store.write(lambda db: amendments.settle(db, id_, PlayOutcome.DELIVERED, "", home.minutes(0)))
        taken = await home.hear("plex", "watched", entered=True, marked=True)
        assert (taken.outcome, taken.plays, taken.accounts) == ("duplicate", (), frozenset())
        counted = home.metrics.registry.get_sample_value
        labels = {"viewer": "anna", "tracker": "shelf", "kind": "plays", "outcome": "echo"}
        assert counted("scrobbled_deliveries_total", labels) == 1
        assert counted("scrobbled_echoes_dropped_total", {"tracker": "shelf"}) == 1
        story = await home.store.read(lambda db: event_story(db, taken.event_id))
        assert story is not None
        assert (story.next_step, story.reason_code) == (PLAY_NEXT_STEP[PlayOutcome.ECHO], Code.OUR_WRITE)
        assert await home.sql("SELECT count(*) FROM plays") == [(0,)]

"""Reading a Trakt account: everything that is there, nothing that is not, and as few requests as that takes."""

import contextlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, TryLater
from scrobbled.core.naming.ids import EpisodeIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import DatePrecision, Subject, identity
from scrobbled.sandbox.messages import Reply, Request
from scrobbled.sandbox.trakt.accounts import ListEntry, TraktPlay
from scrobbled.sandbox.trakt.catalogue import TraktWorld
from scrobbled.sandbox.world import build
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.trakt import cursor, paging
from trackers.trakt_bench import TraktBench
from trackers.trakt_mirror import TraktMirror

ACTIVITIES, SETTINGS, HISTORY = "/sync/last_activities", "/users/settings", "/sync/history"
SNAPSHOT = ["/sync/watched/movies", "/sync/watched/episodes"]
RATINGS = "/sync/ratings/all"
LONG_AGO = datetime(2019, 3, 4, 19, 30, tzinfo=UTC)
FIRST = [ACTIVITIES, SETTINGS, HISTORY, RATINGS]
LOOK = [ACTIVITIES, SETTINGS, HISTORY, HISTORY]


@pytest.fixture
def trakt(clock: FakeClock) -> TraktBench:
    bench = TraktBench(clock)
    bench.api.limits.enforced = False
    return bench


@pytest.fixture
def mirror(trakt: TraktBench, tracker: Tracker) -> TraktMirror:
    return TraktMirror(trakt, tracker)


def watch(
    trakt: TraktBench,
    number: int = 2,
    at: datetime | None = None,
    *,
    season: int = 1,
    show: int = 0,
    action: str = "scrobble",
) -> TraktPlay:
    """A play that another program enters now."""
    trakt.clock.advance(60)
    one = trakt.sandbox.world.shows[show].episode(season, number)
    title = trakt.api.catalogue.by_id("episode", "trakt", one.trakt)
    assert title is not None
    now = trakt.clock.now()
    return trakt.api.account_of("anna").add_play(title, at or now, action, now)


def unwatch(trakt: TraktBench, number: int) -> None:
    trakt.clock.advance(60)
    account, now = trakt.api.account_of("anna"), trakt.clock.now()
    gone = account.history.remove(lambda play: play.id == number, now)
    assert gone
    if trakt.api.removals_move:
        account.touch_all((play.title for play in gone), "watched_at", now)


async def rate(trakt: TraktBench, group: str, trakt_id: int, rating: int | None) -> None:
    """What a person does on the site."""
    trakt.clock.advance(60)
    line: dict[str, Any] = {"ids": {"trakt": trakt_id}}
    if rating is not None:
        line["rating"] = rating
    path = "/trakt/sync/ratings" + ("" if rating else "/remove")
    headers = {
        "Content-Type": "application/json",
        "trakt-api-version": "2",
        "trakt-api-key": "sandbox-client",
        "Authorization": f"Bearer {trakt.api.sign_in().access}",
    }
    http = trakt.http()
    answer = await http.send("POST", path, json={group: [line]}, headers=headers)
    await http.aclose()
    assert answer.ok
    trakt.api.log.pop()


Meddle = Callable[[], object]


def after(trakt: TraktBench, path: str, meddle: Meddle) -> None:
    """``meddle`` happens right after that was answered, in the same second."""
    left = [meddle]
    serve = trakt.api.serve

    async def served(request: Request, found: Any) -> Reply:
        reply = await serve(request, found)
        if request.path == path and left:
            left.pop()()
        return reply

    trakt.api.serve = served  # type: ignore[method-assign]


# Plays


@pytest.mark.parametrize("plays", [0, 1, 250, 251, 1_001])
async def test_the_first_read_brings_everything_in_as_few_pages_as_there_are(
    trakt: TraktBench, mirror: TraktMirror, plays: int
) -> None:
    trakt.api.preload("anna", plays)
    asked = await mirror.asking(kinds={"plays"})
    pages = max(1, -(-plays // 250))
    assert asked == [ACTIVITIES, SETTINGS, *[HISTORY] * pages, *[ACTIVITIES] * (pages > 1)]
    assert mirror.kept() == mirror.there()
    assert len(mirror.kept()) == plays
    assert mirror.asked == 0, "there is nothing to know yet"


@pytest.mark.parametrize("plays", [0, 1, 251])
async def test_idle_is_one_request(trakt: TraktBench, mirror: TraktMirror, plays: int) -> None:
    trakt.api.preload("anna", plays)
    await mirror.read()
    for _ in range(3):
        trakt.clock.advance(900)
        before = mirror.cursor
        assert await mirror.asking() == [ACTIVITIES]
        assert mirror.cursor == before


class Apart(FakeClock):
    """So far from the stand-in's clock, whose time passes with it."""

    def __init__(self, trakt: TraktBench, seconds: float) -> None:
        super().__init__(trakt.clock.now() + timedelta(seconds=seconds))
        self._theirs = trakt.clock

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._theirs.advance(seconds)


@pytest.mark.parametrize("seconds", [0.0, 30.0, -30.0])
@pytest.mark.parametrize("plays", [3, 600])
async def test_what_comes_in_the_very_second_of_the_activities_is_read_and_then_idle_is_one_request(
    trakt: TraktBench, plays: int, seconds: float
) -> None:
    """However far our clock is from Trakt's, and however soon the next read comes."""
    ours, trakt.clock = trakt.clock, Apart(trakt, seconds)
    tracker = trakt.tracker()
    trakt.clock = ours
    mirror = TraktMirror(trakt, tracker)
    trakt.api.preload("anna", plays)
    for _ in range(2):
        after(trakt, ACTIVITIES, lambda: trakt.api.preload("anna", 1))
        await mirror.read(after=0)
        assert mirror.kept() == mirror.there()
        asked = len(trakt.asked())
        await mirror.read(after=0)
        assert trakt.asked()[asked:] == [f"GET {ACTIVITIES}"]
        trakt.clock.advance(60)
        trakt.api.preload("anna", 1)
    await tracker.aclose()


@pytest.mark.parametrize("seconds", [0.0, 30.0, -30.0])
async def test_what_comes_in_the_very_second_of_the_activities_and_after_the_history_is_read_next(
    trakt: TraktBench, seconds: float
) -> None:
    ours, trakt.clock = trakt.clock, Apart(trakt, seconds)
    tracker = trakt.tracker()
    trakt.clock = ours
    mirror = TraktMirror(trakt, tracker)
    trakt.api.preload("anna", 3)
    after(trakt, HISTORY, lambda: trakt.api.preload("anna", 1))
    for _ in range(2):
        await mirror.read(after=0)
    assert mirror.kept() == mirror.there()
    await tracker.aclose()


async def test_what_did_not_move_is_told_as_such(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 3)
    first, second = await mirror.read(), await mirror.read()
    assert first.plays is not None
    assert first.plays.complete
    assert "ratings" in first.values
    assert (second.plays, second.values, second.owner) == (None, {}, "anna")


async def test_a_new_play_costs_a_look_and_comes_alone(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 600)
    await mirror.read()
    new = watch(trakt)
    before = len(trakt.asked())
    reading = await mirror.read()
    assert [asked.removeprefix("GET ") for asked in trakt.asked()[before:]] == LOOK
    assert reading.plays is not None
    assert not reading.plays.complete
    assert str(new.id) in {record.id for record in reading.plays.records}
    assert mirror.asked == 0, "ten news among a hundred thousand cost like ten"
    assert mirror.kept() == mirror.there()
    assert await mirror.asking() == [ACTIVITIES]


async def test_a_play_of_two_days_ago_that_a_player_hands_in_late_is_news(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    trakt.api.preload("anna", 600)
    watch(trakt)
    await mirror.read()
    watch(trakt, 3, trakt.clock.now() - timedelta(hours=47))
    assert await mirror.asking() == LOOK
    assert mirror.kept() == mirror.there()


@pytest.mark.parametrize("at", [LONG_AGO, datetime(1970, 1, 1, tzinfo=UTC)])
async def test_a_play_of_long_ago_is_seen_by_all_dates_and_the_history_of_its_item(
    trakt: TraktBench, mirror: TraktMirror, at: datetime
) -> None:
    trakt.api.preload("anna", 600)
    await mirror.read()
    new = watch(trakt, at=at)
    asked = await mirror.asking()
    assert asked == [*LOOK, *SNAPSHOT, f"/sync/history/episodes/{new.title.trakt}"]
    assert mirror.kept() == mirror.there()
    assert mirror.asked == 1
    assert await mirror.asking() == [ACTIVITIES]


async def test_a_play_of_long_ago_does_not_hide_behind_a_new_one(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 600)
    await mirror.read()
    watch(trakt, at=LONG_AGO)
    watch(trakt, 3)
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_many_plays_of_long_ago_are_read_with_the_whole_history(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 600)
    await mirror.read()
    for number in range(1, 9):
        watch(trakt, number, LONG_AGO)
    assert await mirror.asking() == [*LOOK, *SNAPSHOT, *[HISTORY] * 3, ACTIVITIES]
    assert mirror.kept() == mirror.there()


@pytest.mark.parametrize("moves", [True, False])
async def test_a_removed_play_is_missing_after_a_full_read_at_the_latest(
    trakt: TraktBench, mirror: TraktMirror, moves: bool
) -> None:
    trakt.api.removals_move = moves
    trakt.api.preload("anna", 600)
    await mirror.read()
    unwatch(trakt, trakt.history()[300]["id"])
    reading = await mirror.read(full=not moves)
    assert reading.plays is not None
    assert reading.plays.complete
    assert mirror.kept() == mirror.there()
    assert await mirror.asking() == [ACTIVITIES]


@pytest.mark.parametrize("index", [0, 300])
async def test_a_removal_does_not_hide_behind_a_new_play(trakt: TraktBench, mirror: TraktMirror, index: int) -> None:
    trakt.api.preload("anna", 600)
    for number in range(3, 6):
        watch(trakt, number)
    await mirror.read()
    unwatch(trakt, trakt.history()[index]["id"])
    watch(trakt)
    reading = await mirror.read()
    assert reading.plays is not None
    assert reading.plays.complete
    assert mirror.kept() == mirror.there()


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=900)])
async def test_a_moved_play_is_missing_where_it_was(trakt: TraktBench, mirror: TraktMirror, back: timedelta) -> None:
    trakt.api.preload("anna", 600)
    old = watch(trakt)
    await mirror.read()
    unwatch(trakt, old.id)
    watch(trakt, at=old.watched_at - back)
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_two_plays_of_one_item_in_one_minute_are_two(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 600)
    first = watch(trakt, at=LONG_AGO)
    await mirror.read()
    watch(trakt, at=LONG_AGO)
    await mirror.read()
    assert mirror.kept() == mirror.there()
    unwatch(trakt, first.id)
    await mirror.read(full=True)
    assert mirror.kept() == mirror.there()


async def test_a_full_read_of_an_account_that_is_known_is_two_snapshots(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 2_000)
    await mirror.read()
    asked = await mirror.asking(full=True)
    assert asked == [ACTIVITIES, SETTINGS, HISTORY, *SNAPSHOT, RATINGS]
    assert mirror.kept() == mirror.there()


async def test_records_that_are_confirmed_are_handed_back_as_they_were(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 20)
    await mirror.read()
    before = dict(mirror.records)
    reading = await mirror.read(full=True)
    assert reading.plays is not None
    assert all(record is before[record.id] for record in reading.plays.records)
    assert not reading.subjects


@pytest.mark.parametrize("paged", ["wanted", "always", "never"])
async def test_the_snapshot_may_come_in_pages_or_not(trakt: TraktBench, mirror: TraktMirror, paged: str) -> None:
    trakt.api.minimal_pages = paged
    trakt.api.preload("anna", 700)
    await mirror.read()
    watch(trakt, at=LONG_AGO)
    asked = await mirror.asking()
    assert len(asked) <= 4 + 1 + 3 * 2
    assert mirror.kept() == mirror.there()


async def test_snapshot_pages_are_all_read(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.minimal_pages = "always"
    trakt.api.catalogue = TraktWorld(build(shows=20))
    trakt.api.preload("anna", 700)
    await mirror.read()
    unwatch(trakt, trakt.history()[300]["id"])
    await mirror.read(full=True)
    pages = [call.query.get("page") for call in trakt.api.calls("GET /sync/watched/episodes")]
    assert pages == [None, "1", "2"]
    assert mirror.kept() == mirror.there()


async def test_rows_that_come_twice_are_one_play(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.duplicate_rows = True
    trakt.api.preload("anna", 700)
    reading = await mirror.read()
    assert reading.plays is not None
    assert reading.plays.complete
    assert mirror.kept() == mirror.there()
    watch(trakt, at=LONG_AGO)
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_plays_of_hidden_titles_are_counted_and_never_come(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 700)
    rows = trakt.history()
    trakt.api.hidden = {row["id"] for row in (rows[0], *rows[250:500])}
    reading = await mirror.read()
    assert reading.plays is not None
    assert reading.plays.complete
    assert mirror.kept() == mirror.there()
    assert await mirror.asking() == [ACTIVITIES]


async def test_that_the_snapshot_has_plays_which_the_history_hides_is_learnt_once(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    trakt.api.preload("anna", 700)
    hidden = trakt.history()[300]
    trakt.api.hidden = {hidden["id"]}
    await mirror.read()
    first = await mirror.asking(full=True)
    assert first.count(HISTORY) == 1 + 3, "they disagree, so everything is read"
    item = f"/sync/history/{hidden['type']}s/{hidden['trakt']}"
    assert await mirror.asking(full=True) == [ACTIVITIES, SETTINGS, HISTORY, *SNAPSHOT, item, RATINGS]
    watch(trakt, at=LONG_AGO)
    await mirror.read()
    assert mirror.kept() == mirror.there()
    assert (await mirror.asking(full=True)).count(HISTORY) == 1


async def test_a_snapshot_that_lacks_plays_removes_none(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 700)
    await mirror.read()
    trakt.fail("GET /sync/watched/episodes", status=200, body={}, headers={"x-pagination-page-count": "0"})
    await mirror.read(full=True)
    assert mirror.kept() == mirror.there()


@pytest.mark.parametrize("status", [404, 405, 422, 426])
@pytest.mark.parametrize("path", SNAPSHOT)
async def test_where_there_is_no_snapshot_the_history_is_read(
    trakt: TraktBench, mirror: TraktMirror, path: str, status: int
) -> None:
    trakt.api.preload("anna", 700)
    await mirror.read()
    unwatch(trakt, trakt.history()[3]["id"])
    trakt.fail(f"GET {path}", status=status, times=100)
    assert (await mirror.asking(full=True)).count(HISTORY) == 4
    assert mirror.kept() == mirror.there()


async def test_a_snapshot_that_lacks_one_play_removes_none(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 700)
    await mirror.read()
    new = watch(trakt)
    trakt.fail("GET /sync/watched/episodes", kind="stale")
    await mirror.read(full=True)
    assert str(new.id) in mirror.records
    assert mirror.kept() == mirror.there()


async def test_a_move_that_a_stale_read_did_not_show_is_looked_into_again(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    trakt.api.preload("anna", 700)
    await mirror.read()
    trakt.fail("GET /sync/history*", kind="stale", times=2)
    trakt.fail("GET /sync/watched/episodes", kind="stale")
    watch(trakt)
    trakt.clock.advance(5)
    await mirror.read()
    assert mirror.kept() != mirror.there()
    await mirror.read()
    assert mirror.kept() == mirror.there()
    assert await mirror.asking() == [ACTIVITIES]


async def test_a_move_that_nothing_explains_is_looked_into_twice_and_not_for_ever(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    trakt.api.preload("anna", 700)
    await mirror.read()
    unwatch(trakt, watch(trakt).id)
    assert await mirror.asking() == [*LOOK, *SNAPSHOT]
    assert await mirror.asking() == LOOK
    assert await mirror.asking() == [ACTIVITIES]


async def test_an_account_without_plays_is_read_whole_when_it_gets_some(trakt: TraktBench, mirror: TraktMirror) -> None:
    await mirror.read()
    trakt.clock.advance(60)
    trakt.api.preload("anna", 300)
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_plays_in_the_future_do_not_blind_us(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 300)
    watch(trakt, at=trakt.clock.now() + timedelta(days=3650))
    await mirror.read()
    watch(trakt, 3)
    assert await mirror.asking() == LOOK
    assert mirror.kept() == mirror.there()


async def test_the_window_asks_from_two_days_before_the_newest_play(trakt: TraktBench, mirror: TraktMirror) -> None:
    watch(trakt, at=datetime(2026, 11, 10, 20, 14, tzinfo=UTC))
    await mirror.read()
    watch(trakt, at=datetime(2026, 11, 14, 18, 0, tzinfo=UTC))
    await mirror.read()
    call = trakt.api.calls("GET /sync/history")[-1]
    assert call.query["start_at"] == "2026-11-07T00:00:00.000Z", "no later, whosever midnight counts"
    assert (call.query["page"], call.query["limit"], call.query["extended"]) == ("1", "250", "full")


# What a play is told as


async def test_a_play_has_the_key_of_the_address_that_its_item_is_located_at(
    trakt: TraktBench, tracker: Tracker, mirror: TraktMirror
) -> None:
    watch(trakt, 3)
    watch(trakt, 1, season=0)
    trakt.api.preload("anna", 3)
    await mirror.read()
    keys = {(await tracker.locate(item)).key for item in (trakt.episode(1, 3), trakt.episode(0, 1), trakt.film())}
    assert keys <= {record.key for record in mirror.records.values()}


async def test_a_play_and_its_subject_say_all_that_trakt_tells(trakt: TraktBench, mirror: TraktMirror) -> None:
    play = watch(trakt, 3, datetime(2026, 11, 10, 20, 14, tzinfo=UTC))
    await mirror.read()
    (record,) = mirror.records.values()
    show, one = trakt.sandbox.world.shows[0], trakt.sandbox.world.shows[0].episode(1, 3)
    assert record.id == str(play.id)
    assert record.key == f"episode:tmdb:{one.tmdb}"
    assert record.at == datetime(2026, 11, 10, 20, 14, tzinfo=UTC)
    assert (record.kept, record.made_at, record.rewatch, record.personal) == (DatePrecision.EXACT, None, None, False)
    subject = mirror.told[record.key]
    item = subject.item
    assert isinstance(item, Episode)
    assert (subject.scope, subject.runtime) == ("episode", one.runtime * 60)
    assert item.ids == EpisodeIds(imdb=one.imdb, tmdb=one.tmdb, tvdb=one.tvdb, trakt=one.trakt)
    assert (item.show_title, item.show_year, item.season, item.number, item.title) == (
        show.title, show.year, 1, 3, one.title
    )  # fmt: skip
    assert (item.show_ids.tmdb, item.show_ids.trakt) == (show.tmdb, show.trakt)
    assert identity(subject) == f"episode:{show.tmdb}:1:3"


async def test_a_film_has_no_tvdb_id_and_its_runtime_in_seconds(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 1)
    await mirror.read()
    ((key, subject),) = mirror.told.items()
    film = trakt.sandbox.world.movies[0]
    assert key == f"movie:tmdb:{film.tmdb}"
    assert isinstance(subject.item, Movie)
    assert (subject.item.year, subject.runtime) == (film.year, film.runtime * 60)


@pytest.mark.parametrize(
    ("action", "at", "kept"),
    [
        ("watch", "2026-11-10T00:00:00+00:00", DatePrecision.DAY),
        ("watch", "2026-11-10T12:00:00+00:00", DatePrecision.DAY),
        ("watch", "2026-11-10T12:01:00+00:00", DatePrecision.EXACT),
        ("watch", "2026-11-10T11:00:00+00:00", DatePrecision.EXACT),
        ("scrobble", "2026-11-10T00:00:00+00:00", DatePrecision.EXACT),
        ("checkin", "2026-11-10T12:00:00+00:00", DatePrecision.EXACT),
        ("watch", "1970-01-01T00:00:00+00:00", DatePrecision.NONE),
    ],
)
async def test_midnight_and_noon_entered_by_hand_are_a_day_and_the_epoch_is_no_time(
    trakt: TraktBench, mirror: TraktMirror, action: str, at: str, kept: DatePrecision
) -> None:
    watch(trakt, at=datetime.fromisoformat(at), action=action)
    await mirror.read()
    (record,) = mirror.records.values()
    assert record.kept is kept
    assert (record.at is None) == (kept is DatePrecision.NONE)


async def test_the_stamp_changes_with_time_and_item_alone(trakt: TraktBench, mirror: TraktMirror) -> None:
    for number, minute in ((2, 1), (2, 1), (3, 1), (2, 2)):
        watch(trakt, number, LONG_AGO + timedelta(minutes=minute))
    await mirror.read()
    stamps = [record.stamp for _, record in sorted(mirror.records.items())]
    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 3


def only(trakt: TraktBench, *spaces: str) -> None:
    """The catalogue forgets all other ids of the episodes."""
    for title in trakt.api.catalogue.titles["episode"]:
        ids: Any = title.ids
        for space in set(ids) - {*spaces, "trakt"}:
            ids[space] = None


async def test_an_episode_with_a_tvdb_id_only_goes_by_that(
    trakt: TraktBench, tracker: Tracker, mirror: TraktMirror
) -> None:
    only(trakt, "tvdb")
    watch(trakt)
    await mirror.read()
    (record,) = mirror.records.values()
    assert record.key == f"episode:tvdb:{trakt.sandbox.world.shows[0].episode(1, 2).tvdb}"
    assert record.key == (await tracker.locate(trakt.episode(ids="tvdb"))).key


async def test_rows_that_cannot_be_used_are_counted_and_the_rest_is_read(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    rows = [
        {"id": 1, "watched_at": "2026-11-10T20:14:00.000Z", "action": "watch", "type": "movie", "movie": {"ids": {}}},
        {"id": 2, "watched_at": None, "action": None, "type": "movie", "movie": {"title": None, "ids": {"trakt": 5}}},
        {"id": 3, "watched_at": "2026-11-10T20:14:00.000Z", "type": "person", "person": {}},
    ]
    trakt.fail("GET /sync/history", status=200, body=rows, headers={"x-pagination-page-count": "1"})
    reading = await mirror.read()
    assert reading.skipped == {"play without ids": 1}
    assert list(mirror.records) == ["2"]
    assert mirror.told["movie:trakt:5"] == Subject(
        "movie:trakt:5", "movie", Movie("", ids=replace(Movie("").ids, trakt=5))
    )


# Trouble while reading


def between_pages(trakt: TraktBench, meddle: Meddle, *, page: int = 2, times: int = 1) -> None:
    """``meddle`` happens just before that page of the history, or of the ratings, is answered."""
    left = [times]
    serve = trakt.api.serve

    async def served(request: Request, found: Any) -> Reply:
        paged = request.path in (HISTORY, RATINGS) and request.query.get("page") == str(page)
        if paged and left[0]:
            left[0] -= 1
            meddle()
        return await serve(request, found)

    trakt.api.serve = served  # type: ignore[method-assign]


async def test_a_history_that_grows_at_its_top_is_read_once(trakt: TraktBench, mirror: TraktMirror) -> None:
    """What comes there pushes the others on, to where they are still met."""
    trakt.api.preload("anna", 700)
    between_pages(trakt, lambda: watch(trakt))
    between_pages(trakt, lambda: watch(trakt, 3), page=3)
    asked = await mirror.asking()
    assert mirror.kept() == mirror.there()
    assert asked.count(HISTORY) == 4  # three pages, and the first once more


async def test_a_history_that_grows_anywhere_else_is_read_again(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 700)
    between_pages(trakt, lambda: watch(trakt, at=LONG_AGO))
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_a_history_that_goes_on_changing_is_read_later(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 700)
    between_pages(trakt, lambda: watch(trakt, at=LONG_AGO), times=2)
    with pytest.raises(TryLater, match="changed"):
        await mirror.read()
    assert not mirror.cursor


async def test_an_addition_that_makes_up_for_a_removal_is_noticed(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 700)

    def swap() -> None:
        unwatch(trakt, trakt.history()[3]["id"])
        watch(trakt, at=LONG_AGO)

    between_pages(trakt, swap)
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_an_answer_of_500_on_the_third_page_brings_nothing(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 900)
    trakt.fail("GET /sync/history", skip=2, status=502)
    with pytest.raises(TryLater) as caught:
        await mirror.read()
    assert not caught.value.in_doubt
    assert not mirror.records
    await mirror.read()
    assert mirror.kept() == mirror.there()


FAILURES: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"kind": "malformed"}, ContractDrift),
    ({"kind": "html"}, ContractDrift),
    ({"status": 200, "body": "nothing"}, ContractDrift),
    ({"status": 200, "body": [7]}, ContractDrift),
    ({"status": 503}, TryLater),
    ({"kind": "drop"}, TryLater),
    ({"status": 429}, TryLater),
    ({"status": 429, "headers": {"retry-after": "37"}, "times": 9}, TryLater),
    ({"status": 423}, AccountStopped),
]
OF_ONE_KIND = [(fault, TryLater if number < 3 else error) for number, (fault, error) in enumerate(FAILURES)]
"""A kind whose pages are no JSON is left out; this caller wants all of them, and is told to come again."""
REFUSALS: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"status": 404}, ContractDrift),
    ({"status": 422}, ContractDrift),
    ({"status": 426}, AccountStopped),
]


@pytest.mark.parametrize(
    ("path", "fault", "error"),
    [
        *((path, *one) for path in (ACTIVITIES, SETTINGS) for one in FAILURES),
        *((path, *one) for path in (HISTORY, *SNAPSHOT, RATINGS) for one in OF_ONE_KIND),
        *((path, *one) for path in (ACTIVITIES, SETTINGS, HISTORY, RATINGS) for one in REFUSALS),
    ],
)
async def test_a_read_that_failed_is_no_empty_answer(
    trakt: TraktBench, mirror: TraktMirror, path: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    trakt.api.preload("anna", 30)
    await mirror.read()
    before = mirror.cursor
    trakt.fail(f"GET {path}", **fault)
    with pytest.raises(error) as caught:
        await mirror.read(full=True)
    assert not getattr(caught.value, "in_doubt", False)
    assert mirror.cursor == before


@pytest.mark.parametrize(("path", "kind"), [(HISTORY, "plays"), (RATINGS, "ratings")])
async def test_a_kind_whose_pages_do_not_come_is_left_out_and_read_the_next_time(
    trakt: TraktBench, mirror: TraktMirror, path: str, kind: str
) -> None:
    trakt.api.preload("anna", 30)
    trakt.fail(f"GET {path}", status=503)
    reading = await mirror.tracker.reads.read(frozenset({"plays", "ratings"}), {}, mirror, full=True)
    assert set(reading.unread) == {kind}
    assert (reading.plays is None, "ratings" in reading.values) == (kind == "plays", kind == "plays")
    mirror.take(reading)
    again = await mirror.read()
    assert (again.plays is None, "ratings" in again.values) == (kind != "plays", kind != "plays")
    assert mirror.kept() == mirror.there()
    trakt.fail(f"GET {path}", status=503)
    with pytest.raises(TryLater):
        await mirror.tracker.reads.read(frozenset({kind}), {}, mirror, full=True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SETTINGS, {"user": {}}),
        (SETTINGS, {"user": {"username": ""}}),
        (SNAPSHOT[1], {"harbour-lights": []}),
        (SNAPSHOT[1], {"440032": "2026-05-03T20:31:00.000Z"}),
        (SNAPSHOT[1], {"440032": ["yesterday"]}),
        (RATINGS, [{"type": "movie", "movie": {"ids": {"trakt": 1}}, "rating": 0}]),
        (RATINGS, [{"type": "movie", "movie": {"ids": {"trakt": 1}}, "rating": 5, "rated_at": "yesterday"}]),
    ],
)
async def test_wrong_shapes_are_named(trakt: TraktBench, mirror: TraktMirror, path: str, body: Any) -> None:
    trakt.api.preload("anna", 30)
    await mirror.read()
    trakt.fail(f"GET {path}", status=200, body=body, headers={"x-pagination-page-count": "1"})
    with pytest.raises(ContractDrift, match=path):
        await mirror.read(full=True)


async def test_an_access_token_that_ran_out_is_renewed_once(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 30)
    trakt.fail(f"GET {HISTORY}", status=401)
    await mirror.read()
    assert len(trakt.auth.calls("POST /oauth/token")) == 1
    assert mirror.kept() == mirror.there()
    trakt.fail("GET *", status=401, times=2)
    with pytest.raises(LoginNeeded):
        await mirror.read()


async def test_more_plays_than_can_be_read_are_an_error_at_the_first_page(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    trakt.fail(f"GET {HISTORY}", status=200, body=[], headers={"x-pagination-page-count": "801"})
    with pytest.raises(ContractDrift, match="800 pages"):
        await mirror.read()
    assert len(trakt.api.calls(f"GET {HISTORY}")) == 1


# The gate


@pytest.mark.parametrize("missing", ["all", "movies", "episodes", "seasons", "shows"])
async def test_parts_of_the_activities_may_be_missing(trakt: TraktBench, mirror: TraktMirror, missing: str) -> None:
    def told() -> dict[str, Any]:
        said = trakt.api.account_of("anna").activities(datetime(9999, 1, 1, tzinfo=UTC))
        return {group: value for group, value in said.items() if group != missing}

    trakt.api.preload("anna", 30)
    trakt.fail(f"GET {ACTIVITIES}", status=200, body=told(), times=2)
    await mirror.read()
    assert await mirror.asking() == [ACTIVITIES]
    assert mirror.kept() == mirror.there()


async def test_without_any_date_of_plays_the_newest_of_all_is_the_gate(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 30)
    trakt.fail(f"GET {ACTIVITIES}", status=200, body={"all": "2026-11-14T20:00:00.000Z", "movies": None})
    await mirror.read()
    watch(trakt)
    trakt.fail(f"GET {ACTIVITIES}", status=200, body={"all": "2026-11-14T20:01:00.000Z", "movies": None})
    await mirror.read()
    assert mirror.kept() == mirror.there()


async def test_a_rating_that_moved_does_not_read_the_plays(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 30)
    await mirror.read()
    await rate(trakt, "movies", trakt.sandbox.world.movies[0].trakt, 8)
    assert await mirror.asking() == [ACTIVITIES, SETTINGS, RATINGS]
    assert await mirror.asking() == [ACTIVITIES]


async def test_what_is_not_asked_for_is_not_read_and_comes_when_it_is(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 30)
    await rate(trakt, "movies", trakt.sandbox.world.movies[0].trakt, 8)
    assert await mirror.asking(kinds={"plays"}) == [ACTIVITIES, SETTINGS, HISTORY]
    assert await mirror.asking(kinds={"ratings"}) == [ACTIVITIES, SETTINGS, RATINGS]
    assert len(mirror.rated) == 1


async def test_another_account_under_the_same_name_is_told_and_read_from_the_start(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    trakt.api.preload("anna", 300)
    trakt.api.preload("ben", 20)
    await mirror.read()
    trakt.clock.advance(60)
    trakt.tokens.values = {**trakt.grant(), **trakt.api.sign_in("ben").answer()}
    other = TraktMirror(trakt, trakt.tracker(), mirror.records, mirror.rated, mirror.told, mirror.cursor)
    now = trakt.clock.now()
    trakt.api.account_of("ben").touch("episodes", "watched_at", now)
    reading = await other.read()
    assert reading.owner == "ben"
    assert reading.plays is not None
    assert reading.plays.complete
    assert len(reading.plays.records) == 20
    await other.tracker.aclose()


async def test_a_cursor_of_another_form_is_none(trakt: TraktBench, mirror: TraktMirror) -> None:
    trakt.api.preload("anna", 30)
    mirror.cursor = {"form": cursor.FORM + 1, "since": "2020"}
    assert await mirror.asking() == FIRST
    assert mirror.kept() == mirror.there()


# Ratings


async def test_ratings_of_every_scope_have_keys_and_subjects_of_their_own(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    show = trakt.sandbox.world.shows[0]
    rated = {
        "movies": trakt.sandbox.world.movies[0].trakt,
        "shows": show.trakt,
        "seasons": show.seasons[0].trakt,
        "episodes": show.episode(1, 2).trakt,
    }
    for value, (group, number) in enumerate(rated.items(), 5):
        await rate(trakt, group, number, value)
    await mirror.read()
    assert {key: record.value for key, record in mirror.rated.items()} == {
        f"movie:tmdb:{trakt.sandbox.world.movies[0].tmdb}": 5,
        f"show:tmdb:{show.tmdb}": 6,
        f"season:tmdb:{show.tmdb}:0": 7,
        f"episode:tmdb:{show.episode(1, 2).tmdb}": 8,
    }
    subjects = {subject.scope: subject for subject in mirror.told.values()}
    assert identity(subjects["show"]) == f"show:{show.tmdb}"
    assert identity(subjects["season"]) == f"season:{show.tmdb}:0"
    assert subjects["season"].label() == f"{show.title} S0"
    assert all(record.at is not None for record in mirror.rated.values())


async def test_a_rating_given_changed_and_taken_back_is_seen_each_time(trakt: TraktBench, mirror: TraktMirror) -> None:
    film = trakt.sandbox.world.movies[0]
    await mirror.read()
    for value in (7, 9):
        await rate(trakt, "movies", film.trakt, value)
        await mirror.read()
        assert [record.value for record in mirror.rated.values()] == [value]
        assert await mirror.asking() == [ACTIVITIES]
    await rate(trakt, "movies", film.trakt, None)
    reading = await mirror.read()
    assert reading.values["ratings"].complete
    assert not mirror.rated


def rating_row(number: int, value: int = 5, at: str = "2026-05-04T06:12:09.000Z") -> dict[str, Any]:
    movie = {"title": "Salt Flats", "year": 2023, "ids": {"trakt": number, "tmdb": number}}
    return {"rated_at": at, "rating": value, "type": "movie", "movie": movie}


async def test_ratings_come_in_pages_and_twice(trakt: TraktBench, mirror: TraktMirror) -> None:
    pages = [[rating_row(1), rating_row(2, 6)], [rating_row(2, 6), rating_row(1, 9, "2026-05-05T06:12:09.000Z")]]
    headers = {"x-pagination-page-count": "2", "x-pagination-limit": "2", "x-pagination-item-count": "4"}
    for body in pages:
        trakt.fail(f"GET {RATINGS}", status=200, body=body, headers=headers)
    await mirror.read()
    assert {key: record.value for key, record in mirror.rated.items()} == {"movie:tmdb:1": 9, "movie:tmdb:2": 6}


async def test_a_rating_given_anew_while_ratings_are_read_does_not_get_lost(
    trakt: TraktBench, mirror: TraktMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE", 10)
    account = trakt.api.account_of("anna")
    titles = trakt.api.catalogue.titles["episode"][:30]

    def give(index: int, value: int) -> None:
        trakt.clock.advance(60)
        at = trakt.clock.now()
        account.ratings.put(ListEntry(next(account.numbers), titles[index], at, rating=value), at)
        account.touch("episodes", "rated_at", at)

    for index in range(30):
        give(index, 5)
    between_pages(trakt, lambda: give(2, 9), page=2)  # it moves from the last page to the first
    await mirror.read()
    assert len(mirror.rated) == 30
    assert sum(record.value == 9 for record in mirror.rated.values()) == 1


# All of it at random


class Walk:
    """A person, other programs and a service in trouble, by chance."""

    def __init__(self, trakt: TraktBench, dice: random.Random) -> None:
        self.trakt, self.dice = trakt, dice
        trakt.api.removals_move = dice.random() < 0.5
        trakt.api.duplicate_rows = dice.random() < 0.3
        trakt.api.minimal_pages = dice.choice(["wanted", "always", "never"])
        trakt.api.preload("anna", dice.choice([0, 3, 280, 600]))
        if rows := trakt.history():
            trakt.api.hidden = {dice.choice(rows)["id"] for _ in range(dice.choice([0, 0, 2]))}

    def step(self) -> None:
        number, season = self.dice.randint(1, 8), self.dice.choice([1, 1, 2])
        now = self.trakt.clock.now()
        ago = self.dice.choice([timedelta(0), timedelta(hours=30), timedelta(days=3), timedelta(days=800)])
        what = self.dice.choice(["watch", "watch", "watch", "undated", "unwatch", "move", "rate", "wait"])
        rows = self.trakt.history()
        if what == "watch":
            watch(self.trakt, number, now - ago, season=season)
        elif what == "undated":
            watch(self.trakt, number, datetime(1970, 1, 1, tzinfo=UTC), season=season)
        elif what in ("unwatch", "move") and rows:
            unwatch(self.trakt, self.dice.choice(rows)["id"])
            if what == "move":
                watch(self.trakt, number, now - ago)
        elif what == "wait":
            self.trakt.clock.advance(self.dice.choice([5, 900, 90_000]))

    def trouble(self) -> None:
        kind = self.dice.choice(["status", "drop", "stale", "malformed"])
        path = self.dice.choice(["GET *", "GET /sync/history*", "GET /sync/watched/*"])
        self.trakt.fail(path, kind=kind, skip=self.dice.randint(0, 4), times=self.dice.randint(1, 3))


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happened_a_full_read_in_peace_knows_it(
    trakt: TraktBench, mirror: TraktMirror, seed: int
) -> None:
    dice = random.Random(seed)
    walk = Walk(trakt, dice)
    for _ in range(40):
        walk.step()
        if dice.random() < 0.3:
            walk.trouble()
        if dice.random() < 0.5:
            with contextlib.suppress(TryLater, ContractDrift):
                await mirror.read(full=dice.random() < 0.2)
    trakt.api.faults.clear()
    trakt.clock.advance(120)
    await mirror.read(full=True)
    assert mirror.kept() == mirror.there()
    for _ in range(2):
        await mirror.read()
    assert await mirror.asking() == [ACTIVITIES]
    assert mirror.kept() == mirror.there()


@pytest.mark.parametrize("seed", range(12))
async def test_in_peace_every_read_knows_what_moved(trakt: TraktBench, mirror: TraktMirror, seed: int) -> None:
    dice = random.Random(seed)
    walk = Walk(trakt, dice)
    trakt.api.removals_move = True
    for _ in range(20):
        walk.step()
        await mirror.read()
        assert mirror.kept() == mirror.there()

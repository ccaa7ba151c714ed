"""Reading a Serializd account: few requests, the truth, and never less than the truth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.core.records import DatePrecision, Subject
from scrobbled.sandbox.serializd.store import Review, stamp
from scrobbled.trackers.base import Receipt, Retime, SetValue
from scrobbled.trackers.serializd.entries import SerializdEntry
from scrobbled.trackers.serializd.records import UNREAD_TICKS
from scrobbled.trackers.serializd.tracker import SerializdTracker
from trackers.contract import EVENING, add, play_of
from trackers.plays_contract import EveryContract
from trackers.reading_contract import EveryBench
from trackers.serializd_mirror import ALL, Mirror
from trackers.serializd_setup import Setup
from trackers.value_contract import ValueContract

DIARY, REVIEWS = "GET /api/user/*/diary", "GET /api/user/*/reviewspage_v3/"
PROFILE, SEASON_PAGE = "GET /mobile/page/profile_v2_part_1/*", "GET /mobile/page/show/*"
SHOW, SEASON, SPECIALS = 90000, 140001, 140000


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


async def requests(setup: Setup, mirror: Mirror, tracker: SerializdTracker, **more: Any) -> int:
    """How many requests one read takes."""
    before = setup.asked()
    await mirror.read(tracker, **more)
    return setup.asked() - before


def by_hand(setup: Setup, number: int = 4, at: datetime | None = None, **changes: Any) -> Review:
    """A dated row of the first show, as a person makes it on the site."""
    row = setup.service.log_play("anna", SHOW, 1, number, at)
    return setup.service.edit("anna", row.id, **changes) if changes else row


def ids_there(setup: Setup) -> set[str]:
    return {str(row["id"]) for row in setup.rows() if row["isLog"] and row["episodeNumber"] is not None}


# Nothing moved


async def test_an_idle_cycle_takes_two_requests(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    for _ in range(3):
        before = setup.asked()
        reading = await mirror.read(tracker)
        assert setup.asked() - before == 2
        assert (reading.plays, reading.values) == (None, {})
    assert await requests(setup, mirror, setup.tracker()) == 2, "nor does a restart need more"


async def test_an_idle_empty_account_takes_two_requests(setup: Setup, mirror: Mirror) -> None:
    tracker = setup.tracker()
    first = await mirror.read(tracker)
    assert first.plays is not None
    assert first.plays.complete
    assert first.plays.records == []
    assert first.owner == "anna"
    assert await requests(setup, mirror, tracker) == 2


async def test_what_is_stored_is_not_asked_for_while_nothing_moves(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    await mirror.read(setup.tracker())
    mirror.asked = 0
    await mirror.read(setup.tracker())
    assert mirror.asked == 0


# The first read


async def test_the_first_read_brings_all_rows(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    reading = await mirror.read(setup.tracker())
    assert reading.plays is not None
    assert reading.plays.complete
    assert set(mirror.held) == ids_there(setup)
    assert [call.query["page"] for call in setup.service.calls(DIARY)] == ["1", "2", "3", "1"]


async def test_a_play_tells_all_that_the_diary_knows(setup: Setup, mirror: Mirror) -> None:
    row = by_hand(setup, at=EVENING, date_added=stamp(EVENING + timedelta(seconds=3)), is_rewatch=True)
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    await mirror.read(tracker)
    (play,) = mirror.held.values()
    assert (play.id, play.key) == (str(row.id), address.key)
    assert (play.at, play.kept, play.made_at) == (EVENING, DatePrecision.EXACT, EVENING + timedelta(seconds=3))
    assert play.rewatch is True
    assert play.personal is False
    subject, there = mirror.about[play.key], setup.world.shows[0]
    assert subject.scope == "episode"
    assert subject.label() == f"{there.title} S1 E4 {there.episode(1, 4).title}"
    assert subject.item.show_ids.tmdb == SHOW  # type: ignore[union-attr]
    assert subject.item.ids.tmdb == there.episode(1, 4).tmdb
    assert subject.runtime == there.episode(1, 4).runtime * 60


async def test_rows_of_a_whole_show_or_season_are_no_plays(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup, episode_number=None)
    by_hand(setup, season_id=None, episode_number=None)
    await mirror.read(setup.tracker())
    assert mirror.held == {}


async def test_ratings_in_the_diary_are_no_plays(setup: Setup, mirror: Mirror) -> None:
    setup.service.settings.diary_lists_ratings = True
    setup.service.rate("anna", SHOW, 8, 1, 4)
    await mirror.read(setup.tracker())
    assert mirror.held == {}
    assert mirror.values == {"90000:140001:4": 8}


async def test_a_season_that_the_row_does_not_name_is_looked_up(
    setup: Setup, mirror: Mirror, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.service.catalogue.change(hide=[(SHOW, 1, None)])
    tracker = setup.tracker()
    await tracker.locate(setup.episode(season=2))  # so that the show is kept without its first season
    setup.service.catalogue.change(show=[(SHOW, 1, None)])
    clock.advance(60)
    by_hand(setup)
    monkeypatch.setattr(setup.service.catalogue, "known_summaries", lambda show: [])
    await mirror.read(tracker)
    assert [subject.item.season for subject in mirror.about.values()] == [1]  # type: ignore[union-attr]


async def test_a_row_of_an_unknown_season_is_counted_and_never_a_special(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup, season_id=777, rating=5)
    by_hand(setup, 5)
    reading = await mirror.read(setup.tracker())
    assert reading.skipped == {"diary row of an unknown season": 1}
    assert [play.key for play in mirror.held.values()] == ["90000:140001:5"]
    assert mirror.values == {}


async def test_specials_are_plays(setup: Setup, mirror: Mirror) -> None:
    setup.service.log_play("anna", SHOW, 0, 1)
    await mirror.read(setup.tracker())
    (play,) = mirror.held.values()
    assert play.key == "90000:140000:1"
    assert mirror.about[play.key].item.season == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("order", ["backdate", "date_added", "shuffled"])
async def test_every_row_is_read_whatever_the_order(setup: Setup, mirror: Mirror, order: str) -> None:
    setup.service.preload("anna", 100)
    setup.service.settings.diary_order = order
    await mirror.read(setup.tracker())
    assert set(mirror.held) == ids_there(setup)


async def test_a_diary_without_a_number_of_pages_is_read_to_its_end(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    setup.service.settings.total_pages = False
    await mirror.read(setup.tracker())
    assert set(mirror.held) == ids_there(setup)
    assert await requests(setup, mirror, setup.tracker()) == 2


async def test_rows_that_shift_while_they_are_read_are_all_there(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    setup.service.settings.shift = 2
    await mirror.read(setup.tracker())
    assert set(mirror.held) == ids_there(setup)


async def test_a_diary_that_goes_on_growing_at_its_top_is_read_once(setup: Setup, mirror: Mirror) -> None:
    """What comes there pushes the others on, to where they are still met."""
    setup.service.preload("anna", 24 * 5)
    setup.service.settings.shift = 1_000
    await mirror.read(setup.tracker())
    assert set(mirror.held) == ids_there(setup)
    assert len(setup.service.calls(DIARY)) == 7  # six pages by then, and the first once more


async def test_a_diary_that_never_holds_still_is_read_later(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    setup.service.settings.shift = 1_000
    setup.service.settings.diary_order = "shuffled"
    with pytest.raises(TryLater, match="kept changing"):
        await mirror.read(setup.tracker())
    assert mirror.held == {}


@pytest.mark.parametrize(
    ("match", "fault", "error"),
    [
        (DIARY, {"status": 502, "skip": 2}, TryLater),
        (DIARY, {"kind": "html", "skip": 1}, ContractDrift),
        (DIARY, {"kind": "malformed"}, ContractDrift),
        (DIARY, {"body": {"totalPages": 1}, "status": 200}, ContractDrift),
        (PROFILE, {"status": 503}, TryLater),
        (PROFILE, {"kind": "html"}, ContractDrift),
        (PROFILE, {"body": {}, "status": 200}, ContractDrift),
        (REVIEWS, {"status": 500}, TryLater),
        (REVIEWS, {"body": {"reviews": []}, "status": 200}, ContractDrift),
        ("GET /api/user_information", {"kind": "drop"}, TryLater),
    ],
)
async def test_a_read_that_fails_anywhere_brings_nothing(
    setup: Setup, mirror: Mirror, match: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    setup.service.preload("anna", 60)
    setup.service.accounts["anna"].tick(SHOW, SPECIALS, 1, "2026-01-01T00:00:00Z")
    setup.fail(match, **fault)
    with pytest.raises(error):
        await mirror.read(setup.tracker())
    assert mirror.cursor == {}


async def test_without_a_sign_in_nothing_is_read(setup: Setup, mirror: Mirror) -> None:
    with pytest.raises(LoginNeeded):
        await mirror.read(setup.tracker(email="", password=""))


async def test_a_private_account_is_read_with_its_token(setup: Setup, mirror: Mirror) -> None:
    setup.service.add_account("anna@example.org", "anna-secret", "anna", private=True)
    by_hand(setup)
    await mirror.read(setup.tracker())
    assert len(mirror.held) == 1


async def test_a_renamed_user_is_the_same_account(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup)
    tracker = setup.tracker()
    await mirror.read(tracker)
    service = setup.service
    service.accounts["nora"] = service.accounts.pop("anna")
    service.accounts["nora"].username = "nora"
    service.tokens = {token: ("nora", until) for token, (_, until) in service.tokens.items()}
    reading = await mirror.read(tracker)
    assert reading.owner == "anna"
    assert reading.plays is None


async def test_another_account_is_read_whole_and_says_whose_it_is(
    setup: Setup, mirror: Mirror, clock: FakeClock
) -> None:
    by_hand(setup)
    await mirror.read(setup.tracker())
    ben = Setup(clock, settings={**setup.settings, "email": "ben@example.org", "password": "ben-secret"})
    ben.service = setup.service
    ben.service.accounts["ben"].joined = "2020-01-01T00:00:00Z"
    reading = await mirror.read(ben.tracker())
    assert reading.owner == "ben"
    assert reading.plays is not None
    assert (reading.plays.records, reading.plays.complete) == ([], True)


async def test_a_cursor_that_cannot_be_read_means_a_first_read(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup)
    for cursor in ({"something": "else"}, {"at": "2026-01-01T00:00:00Z", "rows": [[1]]}):
        mirror.cursor = cursor
        reading = await mirror.read(setup.tracker())
        assert reading.plays is not None
        assert reading.plays.complete


async def test_a_full_read_reads_everything_though_nothing_moved(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    reading = await mirror.read(tracker, full=True)
    assert reading.plays is not None
    assert reading.plays.complete
    assert len(reading.plays.records) == 60


async def test_only_plays_need_no_reviews_and_only_ratings_no_marks(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 30)
    plays = await mirror.read(setup.tracker(), kinds=frozenset({"plays"}))
    assert plays.values == {}
    assert setup.asked(REVIEWS) == 0
    before = setup.asked(SEASON_PAGE)
    ratings = await mirror.read(setup.tracker(), kinds=frozenset({"ratings"}))
    assert ratings.plays is None
    assert "ratings" in ratings.values, "what was never read is no news that did not come"
    assert setup.asked(SEASON_PAGE) == before


# What is new


async def test_one_new_row_takes_two_requests(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker()
    await mirror.read(tracker)
    row = by_hand(setup)
    before = setup.asked()
    reading = await mirror.read(tracker)
    assert setup.asked() - before == 2
    assert reading.plays is not None
    assert not reading.plays.complete
    assert [play.id for play in reading.plays.records] == [str(row.id)]
    assert await requests(setup, mirror, tracker) == 2
    assert set(mirror.held) == ids_there(setup)


async def test_ten_new_rows_cost_no_more_than_one(setup: Setup, mirror: Mirror, clock: FakeClock) -> None:
    setup.service.preload("anna", 200)
    await mirror.read(setup.tracker())
    for number in (1, 2, 3, 4, 5):
        clock.advance(60)
        by_hand(setup, number)
        by_hand(setup, number)
    assert await requests(setup, mirror, setup.tracker()) == 2
    assert set(mirror.held) == ids_there(setup)


async def test_a_row_on_a_far_page_is_found_by_the_count(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker()
    await mirror.read(tracker)
    by_hand(setup, at=EVENING - timedelta(days=900))
    reading = await mirror.read(tracker)
    assert reading.plays is not None
    assert reading.plays.complete
    assert set(mirror.held) == ids_there(setup)
    assert await requests(setup, mirror, tracker) == 2


async def test_a_row_that_left_is_found_wherever_it_was(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    for place in (0, -1, 30):
        setup.service.accounts["anna"].take(list(setup.service.accounts["anna"].reviews)[place])
        reading = await mirror.read(tracker)
        assert reading.plays is not None
        assert reading.plays.complete
        assert set(mirror.held) == ids_there(setup) | {p for p in mirror.held if p.startswith("tick:")}


async def test_one_row_gone_and_another_made_is_not_taken_for_nothing(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    setup.service.accounts["anna"].take(next(iter(setup.service.accounts["anna"].reviews)))
    by_hand(setup)
    await mirror.read(tracker)
    assert ids_there(setup) <= set(mirror.held)
    assert {play for play in mirror.held if not play.startswith("tick:")} == ids_there(setup)


async def test_a_row_that_moved_from_the_first_page_is_the_same_play_at_another_time(
    setup: Setup, mirror: Mirror
) -> None:
    setup.service.preload("anna", 60)
    row = by_hand(setup)
    tracker = setup.tracker()
    await mirror.read(tracker)
    setup.service.edit("anna", row.id, backdate="2020-01-01T20:11:12Z")
    await mirror.read(tracker)
    assert mirror.held[str(row.id)].at == datetime(2020, 1, 1, 20, 11, 12, tzinfo=UTC)
    assert len(mirror.held) == 61


@pytest.mark.parametrize(
    "changes",
    [
        {"backdate": "2026-11-14T19:12:13Z"},
        {"is_rewatch": True},
        {"like": True},
        {"review_text": "Lovely"},
        {"tags": ("#cosy",)},
        {"contains_spoiler": True},
        {"rating": 3},
    ],
)
async def test_an_edited_row_of_the_first_page_is_news_with_another_stamp(
    setup: Setup, mirror: Mirror, changes: dict[str, Any]
) -> None:
    setup.service.preload("anna", 30)
    row = by_hand(setup)
    tracker = setup.tracker()
    await mirror.read(tracker)
    before = mirror.held[str(row.id)]
    setup.service.edit("anna", row.id, **changes)
    assert await requests(setup, mirror, tracker) == 2
    after = mirror.held[str(row.id)]
    assert before.stamp != after.stamp
    assert after.personal is bool(changes.keys() & {"like", "review_text", "tags", "rating"})


async def test_a_profile_without_counts_leaves_it_to_the_first_page(setup: Setup, mirror: Mirror) -> None:
    setup.service.settings.totals = False
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    assert await requests(setup, mirror, tracker) == 2
    row = by_hand(setup)
    assert await requests(setup, mirror, tracker) == 2
    assert str(row.id) in mirror.held


@pytest.mark.parametrize("counted", ["rows", "logs", "texts"])
async def test_whatever_the_count_counts_a_new_row_is_found_and_then_it_is_quiet(
    setup: Setup, mirror: Mirror, counted: str
) -> None:
    setup.service.settings.review_count = counted
    setup.service.preload("anna", 60)
    by_hand(setup, review_text="Lovely")
    setup.service.rate("anna", SHOW, 4)
    tracker = setup.tracker()
    await mirror.read(tracker)
    row = by_hand(setup, 5)
    assert await requests(setup, mirror, tracker) == 2
    assert str(row.id) in mirror.held
    assert await requests(setup, mirror, tracker) == 2


async def test_a_shuffled_diary_is_read_whole_again_rather_than_guessed(setup: Setup, mirror: Mirror) -> None:
    setup.service.settings.diary_order = "shuffled"
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    assert await requests(setup, mirror, tracker) == 2
    by_hand(setup)
    await mirror.read(tracker)
    assert set(mirror.held) == ids_there(setup)


# What we wrote


async def test_plays_that_we_added_are_read_where_they_stand(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker()
    await mirror.read(tracker)
    await add(tracker, [await play_of(tracker, setup.episode(), EVENING - timedelta(days=20, seconds=7))])
    before = setup.asked()
    reading = await mirror.read(tracker)
    assert reading.plays is not None
    assert not reading.plays.complete
    assert setup.asked() - before == 3, "the profile, the first page, and the page it should be on"
    assert set(mirror.held) == ids_there(setup)
    assert await requests(setup, mirror, tracker) == 2


async def test_what_we_wrote_before_a_restart_is_read_as_well(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker()
    await mirror.read(tracker)
    await add(tracker, [await play_of(tracker, setup.episode(), EVENING - timedelta(days=20, seconds=7))])
    await mirror.read(setup.tracker())
    assert set(mirror.held) == ids_there(setup)


@pytest.mark.parametrize("counted", ["rows", "logs", "texts"])
async def test_a_rating_that_we_gave_before_a_restart_is_read_as_well(
    setup: Setup, mirror: Mirror, counted: str
) -> None:
    """A rating by itself moves neither the first page nor, perhaps, the count."""
    setup.service.settings.review_count = counted
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    address = await tracker.locate_subject(Subject("", "show", setup.episode()))
    await tracker.amend([SetValue("ratings", address, 8)])
    await mirror.read(setup.tracker())
    assert mirror.values == {"show:90000": 8}
    assert await requests(setup, mirror, setup.tracker()) == 2


async def test_a_rating_is_read_again_where_what_was_read_of_it_was_never_stored(setup: Setup, mirror: Mirror) -> None:
    setup.service.settings.review_count = "texts"
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    address = await tracker.locate_subject(Subject("", "show", setup.episode()))
    await tracker.amend([SetValue("ratings", address, 8)])
    await setup.tracker().reads.read(ALL, mirror.cursor, mirror, full=False)
    await mirror.read(setup.tracker())
    assert mirror.values == {"show:90000": 8}


async def test_a_rating_that_was_given_before_a_restart_is_read_though_another_follows(
    setup: Setup, mirror: Mirror
) -> None:
    setup.service.settings.review_count = "texts"
    setup.service.preload("anna", 60)
    await mirror.read(setup.tracker())
    for show, value in ((0, 8), (1, 7)):
        tracker = setup.tracker()
        address = await tracker.locate_subject(Subject("", "show", setup.episode(show)))
        await tracker.amend([SetValue("ratings", address, value)])
    await mirror.read(tracker)
    assert sorted(mirror.values.values()) == [7, 8]
    assert await requests(setup, mirror, tracker) == 2


async def test_a_time_that_we_changed_before_a_restart_is_read_as_well(setup: Setup, mirror: Mirror) -> None:
    row = by_hand(setup, at=EVENING - timedelta(days=900, seconds=7))
    setup.service.preload("anna", 100)
    tracker = setup.tracker()
    await mirror.read(tracker)
    address, at = await tracker.locate(setup.episode()), EVENING - timedelta(days=899, seconds=7)
    (result,) = await tracker.amend([Retime(address, str(row.id), at)])
    assert isinstance(result, Receipt)
    await mirror.read(setup.tracker())
    assert mirror.held[str(row.id)].at == at


async def test_many_plays_that_we_added_are_read_once(setup: Setup, mirror: Mirror) -> None:
    tracker = setup.tracker(pace=0)
    await mirror.read(tracker)
    plays = [
        await play_of(tracker, setup.episode(number=n), EVENING - timedelta(days=d))
        for n in (1, 2, 3)
        for d in range(20)
    ]
    await add(tracker, plays)
    assert await requests(setup, mirror, tracker) <= 10
    assert set(mirror.held) == ids_there(setup)
    assert await requests(setup, mirror, tracker) == 2


async def test_a_play_that_arrives_while_it_is_read_is_told_once_and_not_lost(setup: Setup, mirror: Mirror) -> None:
    """Couriers write while a read is on: the count may or may not have seen it."""
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    play = await play_of(tracker, setup.episode())
    page = tracker._diary.page

    async def meanwhile(number: int) -> Any:
        tracker._diary.page = page  # type: ignore[method-assign]
        await add(tracker, [play])
        return await page(number)

    tracker._diary.page = meanwhile  # type: ignore[method-assign]
    await mirror.read(tracker)
    await mirror.read(tracker)
    assert set(mirror.held) == ids_there(setup)
    assert await requests(setup, mirror, tracker) == 2


# Marks without a row


async def test_a_mark_without_a_row_is_a_play_without_a_date(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup, 4)
    setup.service.accounts["anna"].tick(SHOW, SEASON, 4, "2026-01-05T10:00:00Z")
    setup.service.accounts["anna"].tick(SHOW, SEASON, 5, "2026-01-06T10:00:00Z")
    reading = await mirror.read(setup.tracker())
    assert reading.plays is not None
    tick = mirror.held["tick:140001:5"]
    assert (tick.key, tick.at, tick.kept) == ("90000:140001:5", None, DatePrecision.NONE)
    assert tick.made_at == datetime(2026, 1, 6, 10, tzinfo=UTC)
    assert len(mirror.held) == 2
    assert mirror.about[tick.key].label().startswith("Harbour Lights S1 E5")


async def test_a_season_marked_as_watched_is_looked_into_though_no_row_names_it(setup: Setup, mirror: Mirror) -> None:
    account = setup.service.accounts["anna"]
    account.watched[90001, 140012] = "2026-01-05T10:00:00Z"
    account.tick(90001, 140012, 2, "2026-01-05T10:00:00Z")
    await mirror.read(setup.tracker())
    assert set(mirror.held) == {"tick:140012:2"}


async def test_marks_of_our_own_are_no_plays(setup: Setup, mirror: Mirror) -> None:
    tracker = setup.tracker()
    addresses = [await tracker.locate(setup.episode(number=n)) for n in (1, 2, 3)]
    await tracker.foresee(addresses)
    await mirror.read(tracker)
    await mirror.read(setup.tracker(), full=True)
    assert mirror.held == {}


async def test_nobody_looks_for_marks_where_there_are_none(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup)
    tracker = setup.tracker()
    await mirror.read(tracker, full=True)
    await tracker.locate(setup.episode())
    assert setup.asked(SEASON_PAGE) == 0


async def test_a_new_mark_is_found_in_the_season_that_is_being_watched(
    setup: Setup, mirror: Mirror, clock: FakeClock
) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker()
    await mirror.read(tracker)
    clock.advance(3_600)
    for number in (1, 2):
        setup.service.accounts["anna"].tick(SHOW, SPECIALS, number, stamp(clock.now()))
    setup.service.log_play("anna", SHOW, 0, 2)
    before = setup.asked()
    await mirror.read(tracker)
    assert "tick:140000:1" in mirror.held
    assert setup.asked() - before <= 16
    assert await requests(setup, mirror, tracker) == 2


async def test_marks_are_not_read_again_where_only_a_row_moved_far_away(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 100)
    setup.service.accounts["anna"].tick(SHOW, SPECIALS, 1, "2026-01-06T10:00:00Z")
    setup.service.log_play("anna", SHOW, 0, 2)
    tracker = setup.tracker()
    await mirror.read(tracker)
    assert "tick:140000:1" in mirror.held
    before = setup.asked(SEASON_PAGE)
    by_hand(setup, at=EVENING - timedelta(days=900))
    reading = await mirror.read(tracker)
    assert reading.plays is not None
    assert reading.plays.complete
    assert "tick:140000:1" in mirror.held
    assert setup.asked(SEASON_PAGE) == before


async def test_a_mark_that_a_removed_row_leaves_behind_is_a_play_without_a_date(setup: Setup, mirror: Mirror) -> None:
    setup.service.accounts["anna"].tick(SHOW, SEASON, 4, "2026-01-05T10:00:00Z")
    row = by_hand(setup)
    by_hand(setup, 5)
    tracker = setup.tracker()
    await mirror.read(tracker)
    setup.service.accounts["anna"].take(row.id)
    await mirror.read(tracker)
    assert "tick:140001:4" in mirror.held
    assert str(row.id) not in mirror.held


async def test_marks_of_a_season_that_vanished_stay_as_they_were(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup)
    setup.service.accounts["anna"].tick(SHOW, SEASON, 5, "2026-01-06T10:00:00Z")
    tracker = setup.tracker()
    await mirror.read(tracker)
    setup.fail(SEASON_PAGE, status=404, body={"message": "Season not found"})
    reading = await mirror.read(tracker, full=True)
    assert "tick:140001:5" in mirror.held
    assert not reading.skipped


@pytest.mark.parametrize("fault", [{"status": 500}, {"kind": "drop"}, {"kind": "html", "status": 404}, {"body": {}}])
async def test_a_page_of_marks_that_fails_keeps_nothing_else_back(
    setup: Setup, mirror: Mirror, fault: dict[str, Any]
) -> None:
    by_hand(setup)
    setup.service.accounts["anna"].tick(SHOW, SEASON, 5, "2026-01-06T10:00:00Z")
    tracker = setup.tracker()
    await mirror.read(tracker)
    row = by_hand(setup, 6)
    setup.fail(SEASON_PAGE, **{"status": 200, **fault, "times": 100})
    reading = await mirror.read(tracker, full=True)
    assert {str(row.id), "tick:140001:5"} <= set(mirror.held), "the mark that was known is not taken for one that went"
    assert reading.skipped == {UNREAD_TICKS: 1}


async def test_pages_of_marks_that_fail_one_after_the_other_are_left_for_the_next_time(
    setup: Setup, mirror: Mirror
) -> None:
    for show in range(90000, 90004):
        setup.service.log_play("anna", show, 1, 1)
    setup.service.accounts["anna"].tick(SHOW, SPECIALS, 1, "2026-01-01T00:00:00Z")
    setup.fail(SEASON_PAGE, status=500, times=100)
    reading = await mirror.read(setup.tracker())
    assert len(mirror.held) == 4
    assert reading.skipped == {UNREAD_TICKS: 4}, "also those that were not asked for any more"
    seasons = {call.path for call in setup.service.calls(SEASON_PAGE)}
    assert len(seasons) == 3


# Ratings


async def test_ratings_of_every_scope_are_read(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup, rating=7)
    setup.service.rate("anna", SHOW, 9)
    setup.service.rate("anna", SHOW, 6, 1)
    setup.service.rate("anna", SHOW, 1, 0, 1)
    reading = await mirror.read(setup.tracker())
    assert mirror.values == {
        "90000:140001:4": 7,
        "show:90000": 9,
        "season:90000:140001": 6,
        "90000:140000:1": 1,
    }
    assert reading.values["ratings"].complete
    assert mirror.about["show:90000"].label() == "Harbour Lights"
    assert mirror.about["season:90000:140001"].label() == "Harbour Lights S1"


async def test_of_several_rows_the_newest_that_rates_is_the_rating(
    setup: Setup, mirror: Mirror, clock: FakeClock
) -> None:
    by_hand(setup, rating=7, at=EVENING)
    clock.advance(60)
    newer = by_hand(setup, rating=3, at=EVENING - timedelta(days=30))
    clock.advance(60)
    by_hand(setup, rating=0, at=EVENING + timedelta(days=1))
    await mirror.read(setup.tracker())
    assert mirror.values == {"90000:140001:4": 3}
    assert mirror.ratings["90000:140001:4"].id == str(newer.id)
    assert mirror.ratings["90000:140001:4"].at == clock.now() - timedelta(seconds=60)


async def test_a_rating_given_to_a_row_of_the_first_page_is_news(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    row = by_hand(setup)
    tracker = setup.tracker()
    await mirror.read(tracker)
    for value in (8, 5):
        setup.service.edit("anna", row.id, rating=value)
        assert await requests(setup, mirror, tracker) == 2
        assert mirror.values == {"90000:140001:4": value}
    setup.service.edit("anna", row.id, rating=0)
    assert await requests(setup, mirror, tracker) == 2
    assert mirror.values == {}


async def test_a_rating_changed_after_a_restart_is_right_even_if_that_takes_a_look_at_everything(
    setup: Setup, mirror: Mirror
) -> None:
    setup.service.preload("anna", 60)
    row = by_hand(setup, rating=4)
    await mirror.read(setup.tracker())
    setup.service.edit("anna", row.id, rating=0)
    await mirror.read(setup.tracker())
    assert mirror.values == {}


async def test_a_rating_by_itself_takes_one_request_more(setup: Setup, mirror: Mirror) -> None:
    setup.service.preload("anna", 60)
    tracker = setup.tracker()
    await mirror.read(tracker)
    setup.service.rate("anna", SHOW, 9)
    assert await requests(setup, mirror, tracker) == 3
    assert mirror.values == {"show:90000": 9}
    assert await requests(setup, mirror, tracker) == 2
    setup.service.rate("anna", SHOW, 3, 1)
    assert await requests(setup, mirror, tracker) == 3
    assert mirror.values == {"show:90000": 9, "season:90000:140001": 3}


async def test_ratings_over_several_pages_are_complete(setup: Setup, mirror: Mirror, clock: FakeClock) -> None:
    for number in range(1, 9):
        for show in range(4):
            clock.advance(1)
            setup.service.rate("anna", 90000 + show, number, 1, number)
    reading = await mirror.read(setup.tracker())
    assert reading.values["ratings"].complete
    assert len(mirror.ratings) == 32


async def test_reviews_that_ignore_the_page_are_not_taken_for_complete(
    setup: Setup, mirror: Mirror, clock: FakeClock
) -> None:
    setup.service.settings.reviews_paged = False
    for number in range(1, 9):
        for show in range(4):
            clock.advance(1)
            setup.service.rate("anna", 90000 + show, number, 1, number)
    reading = await mirror.read(setup.tracker())
    assert not reading.values["ratings"].complete
    assert len(mirror.ratings) == 24
    assert setup.asked(REVIEWS) < 6


async def test_a_short_list_of_reviews_is_complete_whether_it_has_pages_or_not(setup: Setup, mirror: Mirror) -> None:
    setup.service.settings.reviews_paged = False
    setup.service.rate("anna", SHOW, 9)
    reading = await mirror.read(setup.tracker())
    assert reading.values["ratings"].complete


async def test_ratings_that_no_listing_shows_make_none_of_it_complete(setup: Setup, mirror: Mirror) -> None:
    """Once we have added one by itself and do not see it again, there may be others."""
    setup.service.settings.reviews_list_ratings = False
    tracker = setup.tracker()
    address = await tracker.locate_subject(Subject("", "show", setup.episode()))
    await tracker.amend([SetValue("ratings", address, 8)])
    reading = await mirror.read(tracker)
    assert not reading.values["ratings"].complete
    setup.service.settings.reviews_list_ratings = True
    reading = await mirror.read(tracker, full=True)
    assert reading.values["ratings"].complete
    assert mirror.values == {"show:90000": 8}


async def test_a_rating_that_was_cleared_is_named(setup: Setup, mirror: Mirror) -> None:
    by_hand(setup, rating=0)
    reading = await mirror.read(setup.tracker())
    assert reading.values["ratings"].cleared == {"90000:140001:4"}


# What a time is worth


NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "made", "kept"),
    [
        (EVENING, EVENING + timedelta(seconds=4), DatePrecision.EXACT),
        (EVENING, EVENING + timedelta(days=3, hours=1), DatePrecision.EXACT),
        (EVENING, None, DatePrecision.EXACT),
        (NOON, None, DatePrecision.DAY),
        (NOON.replace(hour=0), None, DatePrecision.DAY),
        (NOON.replace(hour=13), None, DatePrecision.EXACT),
        (NOON.replace(minute=30), None, DatePrecision.EXACT),
        (NOON.replace(hour=4), NOON, DatePrecision.DAY),
        (NOON.replace(hour=18, minute=30), NOON + timedelta(days=2), DatePrecision.DAY),
        (NOON.replace(hour=18, minute=45), NOON + timedelta(days=2, hours=1), DatePrecision.DAY),
        (NOON.replace(hour=18, minute=15), NOON + timedelta(days=2, hours=1), DatePrecision.DAY),
        (NOON.replace(hour=18, minute=20), NOON + timedelta(days=2, hours=1), DatePrecision.EXACT),
        (NOON, NOON + timedelta(minutes=4), DatePrecision.EXACT),
        (NOON.replace(minute=7, second=9), NOON.replace(minute=7, second=44) + timedelta(days=4), DatePrecision.DAY),
        (NOON.replace(minute=7, second=44), NOON.replace(minute=7, second=9) + timedelta(days=4), DatePrecision.DAY),
        (NOON.replace(minute=7, second=9), NOON.replace(minute=17) + timedelta(days=4), DatePrecision.EXACT),
        (None, NOON, DatePrecision.NONE),
    ],
)
def test_a_time_that_only_says_which_day_is_known(
    at: datetime | None, made: datetime | None, kept: DatePrecision
) -> None:
    assert SerializdEntry(1, SHOW, SEASON, 4, at, True, made_at=made).kept is kept


class TestSerializdReading(EveryContract, ValueContract):
    @pytest.fixture
    def bench(self, setup: Setup, clock: FakeClock) -> EveryBench:
        account = setup.service.accounts["anna"]

        def put(item: Any, at: datetime) -> None:
            setup.service.log_play("anna", item.show_ids.tmdb, item.season, item.number, at)

        def rate(subject: Subject, value: int | None) -> None:
            rated = [row for row in account.reviews.values() if row.rating and row.season_id is None]
            for row in rated:
                account.take(row.id)
            if value is not None:
                setup.service.rate("anna", SHOW, value)

        return EveryBench(
            tracker=setup.tracker(),
            item=setup.episode(),
            other=setup.episode(show=1, season=0, number=1),
            show=Subject("elsewhere", "show", replace(setup.episode(), season=None, number=None, title=None)),
            put=put,
            take=lambda id_: account.take(int(id_)),
            give=lambda kind, subject, value: rate(subject, value),
            lose_next_answer=lambda: setup.fail("POST /api/show/reviews/*", "drop", when="after"),
            go_down=lambda: setup.service.faults.start_outage(drop=True),
            pass_time=lambda: clock.advance(60),
        )


async def test_a_rating_that_was_cleared_with_its_answer_lost_is_told(setup: Setup, mirror: Mirror) -> None:
    tracker = setup.tracker(pace=0)
    address = await tracker.locate_subject(Subject("", "episode", setup.episode()))
    await tracker.amend([SetValue("ratings", address, 7)])
    await mirror.read(tracker)
    assert list(mirror.values.values()) == [7]
    setup.fail("POST /api/show/reviews/update", "drop", when="after")
    with pytest.raises(TryLater):
        await tracker.amend([SetValue("ratings", address, None)])
    await tracker.amend([SetValue("ratings", address, None)])
    await mirror.read(tracker)
    assert mirror.values == {}
    assert await requests(setup, mirror, tracker) == 2


# While we write ourselves


def writes_meanwhile(setup: Setup, tracker: SerializdTracker, monkeypatch: pytest.MonkeyPatch, days: int) -> list[int]:
    """After every page that is read another play goes out, as in a migration, until what is returned is cleared."""
    diary, left = tracker._diary, list(range(1_000))
    page = diary.page

    async def read(number: int) -> Any:
        found = await page(number)
        if left and not diary.writing.locked():
            n = left.pop(0)
            at = EVENING + timedelta(days=days, hours=n)
            await add(tracker, [await play_of(tracker, setup.episode(2, 1, n % 8 + 1), at)])
        return found

    monkeypatch.setattr(diary, "page", read)
    return left


@pytest.mark.parametrize("order", ["backdate", "date_added"])
@pytest.mark.parametrize("days", [-4_000, 1])
async def test_what_we_write_meanwhile_keeps_nothing_from_being_read(
    setup: Setup, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, order: str, days: int
) -> None:
    setup.service.preload("anna", 100)
    setup.service.settings.diary_order = order
    before, tracker = ids_there(setup), setup.tracker()
    left = writes_meanwhile(setup, tracker, monkeypatch, days)
    reading = await mirror.read(tracker)
    assert reading.plays is not None
    assert reading.plays.complete
    assert before <= mirror.held.keys()
    assert len(ids_there(setup)) > len(before) + 3
    left.clear()
    await mirror.read(tracker)
    assert set(mirror.held) == ids_there(setup), "what we wrote is told by the next read"


async def test_more_than_a_page_of_ours_on_top_does_not_hide_that_nothing_else_moved(
    setup: Setup, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.service.preload("anna", 24 * 40)
    setup.service.settings.diary_order = "date_added"
    before, tracker = ids_there(setup), setup.tracker()
    writes_meanwhile(setup, tracker, monkeypatch, 1)
    await mirror.read(tracker)
    assert before <= mirror.held.keys()


@pytest.mark.parametrize("meddle", ["add", "take"])
async def test_what_somebody_else_does_between_our_writes_is_not_overlooked(
    setup: Setup, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, meddle: str
) -> None:
    setup.service.preload("anna", 60)
    mine = by_hand(setup, 1, EVENING + timedelta(days=1))
    tracker = setup.tracker()
    left = writes_meanwhile(setup, tracker, monkeypatch, -4_000)
    page, seen = tracker._diary.page, 0

    async def read(number: int) -> Any:
        nonlocal seen
        found, seen = await page(number), seen + 1
        if seen == 2:
            _ = by_hand(setup, 2, EVENING + timedelta(days=2)) if meddle == "add" else None
            _ = setup.service.accounts["anna"].take(mine.id) if meddle == "take" else None
        return found

    monkeypatch.setattr(tracker._diary, "page", read)
    await mirror.read(tracker)
    left.clear()
    await mirror.read(tracker)
    assert set(mirror.held) == ids_there(setup)

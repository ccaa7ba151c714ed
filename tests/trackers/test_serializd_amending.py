"""Changing what a Serializd account holds: exactly that, and nothing that a person wrote is lost."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, NotInCatalogue, Refused, TrackerError, TryLater, Uncertain
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import Subject
from scrobbled.sandbox.serializd.store import Review
from scrobbled.trackers.base import Address, AddResult, Edit, Flag, Receipt, Remove, Retime, SetValue
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.tracker import SerializdTracker, in_words
from trackers.contract import EVENING, add, play_of
from trackers.serializd_mirror import Mirror
from trackers.serializd_setup import ADD, Setup

SHOW, SEASON = 90000, 140001
UPDATE, DELETE = "POST /api/show/reviews/update", "POST /api/show/reviews/delete"
UNTICK, DIARY = "POST /api/episode_log/remove", "GET /api/user/anna/diary"
WRITES = "POST /api/*"
PERSONAL: dict[str, Any] = {
    "review_text": "Lovely, and sad",
    "like": True,
    "tags": ("#cosy", "#sea"),
    "contains_spoiler": True,
    "is_rewatch": True,
}


def by_hand(setup: Setup, number: int = 4, at: datetime | None = EVENING, **changes: Any) -> Review:
    row = setup.service.log_play("anna", SHOW, 1, number, at)
    return setup.service.edit("anna", row.id, **changes) if changes else row


def held(setup: Setup, row: Review) -> Review:
    return setup.service.accounts["anna"].reviews[row.id]


def reviews(setup: Setup) -> list[Review]:
    return list(setup.service.accounts["anna"].reviews.values())


async def subject(setup: Setup, tracker: SerializdTracker, scope: Scope = "episode", **changes: Any) -> Address:
    item = setup.episode(**changes)
    if scope != "episode":
        item = replace(item, number=None, title=None, season=item.season if scope == "season" else None)
    return await tracker.locate_subject(Subject("elsewhere", scope, item))


async def one(tracker: SerializdTracker, edit: Edit) -> AddResult:
    (result,) = await tracker.amend([edit])
    return result


async def done(tracker: SerializdTracker, edit: Edit) -> Receipt:
    result = await one(tracker, edit)
    assert isinstance(result, Receipt), result
    return result


def writes(setup: Setup) -> list[str]:
    paths = (call.path.removeprefix("/api/") for call in setup.service.calls(WRITES))
    return [path for path in paths if path not in ("login", "validateauthtoken")]


# Where it is kept


@pytest.mark.parametrize(
    ("scope", "key"), [("show", "show:90000"), ("season", "season:90000:140001"), ("episode", "90000:140001:4")]
)
async def test_each_scope_has_the_key_of_our_own_reads(setup: Setup, scope: Scope, key: str) -> None:
    tracker = setup.tracker()
    address = await subject(setup, tracker, scope)
    assert address.key == key
    await done(tracker, SetValue("ratings", address, 7))
    mirror = Mirror()
    await mirror.read(tracker)
    assert mirror.values == {key: 7}
    assert "TMDB id 90000" in in_words(address.data)


async def test_movies_have_no_place(setup: Setup) -> None:
    with pytest.raises(Refused, match="TV only"):
        await setup.tracker().locate_subject(Subject("x", "movie", Movie("Harbour Atlas", 2019)))


async def test_what_the_catalogue_lacks_is_not_guessed(setup: Setup) -> None:
    tracker = setup.tracker()
    with pytest.raises(NotInCatalogue):
        await subject(setup, tracker, "show", show_ids=ShowIds(tmdb=4))
    item = replace(setup.episode(), season=2031, number=None)
    with pytest.raises(NotInCatalogue, match="no season 2031"):
        await tracker.locate_subject(Subject("x", "season", item))
    with pytest.raises(Uncertain):
        await tracker.locate_subject(Subject("x", "season", Episode("A", None, None, show_ids=ShowIds(tmdb=SHOW))))
    with pytest.raises(Uncertain):
        await tracker.locate_subject(Subject("x", "show", Episode("Unheard of", None, None)))


async def test_a_season_that_appeared_since_is_found(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    setup.service.catalogue.change(hide=[(SHOW, 1, None)])
    with pytest.raises(NotInCatalogue):
        await subject(setup, tracker, "season")
    setup.service.catalogue.change(show=[(SHOW, 1, None)])
    clock.advance(60)
    assert (await subject(setup, tracker, "season")).key == "season:90000:140001"


# Ratings


async def test_a_rating_goes_to_the_row_that_is_there_and_changes_nothing_else(setup: Setup) -> None:
    row = by_hand(setup, **PERSONAL, rating=2)
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 9))
    assert held(setup, row) == dataclasses.replace(row, rating=9)
    assert len(reviews(setup)) == 1
    assert writes(setup) == ["show/reviews/update"]


async def test_of_several_rows_the_newest_made_is_rated(setup: Setup, clock: FakeClock) -> None:
    old = by_hand(setup, rating=2)
    clock.advance(60)
    newer = by_hand(setup, at=EVENING - timedelta(days=90))
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 9))
    assert [held(setup, old).rating, held(setup, newer).rating] == [2, 9]


async def test_the_rating_it_has_already_takes_no_write(setup: Setup) -> None:
    by_hand(setup, rating=9)
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 9))
    assert writes(setup) == []


@pytest.mark.parametrize("scope", ["show", "season", "episode"])
async def test_without_a_row_a_rating_stands_by_itself(setup: Setup, scope: Scope) -> None:
    tracker = setup.tracker()
    at = datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    receipt = await done(tracker, SetValue("ratings", await subject(setup, tracker, scope), 6, at=at))
    (row,) = reviews(setup)
    assert (row.rating, row.is_log, row.backdate) == (6, False, "2025-02-03T04:05:06Z")
    assert receipt.remote_id == str(row.id)
    assert setup.ticked() == []
    assert [row["isLog"] for row in setup.rows()] == [False]


async def test_rating_it_again_makes_no_second_row(setup: Setup) -> None:
    tracker = setup.tracker()
    for value in (6, 7, 7, 3):
        await done(tracker, SetValue("ratings", await subject(setup, tracker, "season"), value))
    assert [row.rating for row in reviews(setup)] == [3]
    for value in (4, None, 5):
        fresh = setup.tracker()
        await done(fresh, SetValue("ratings", await subject(setup, fresh, "season"), value))
    assert [row.rating for row in reviews(setup)] == [5]


async def test_clearing_takes_the_rating_from_every_row_and_nothing_else(setup: Setup, clock: FakeClock) -> None:
    rows = [by_hand(setup, rating=4, **PERSONAL), by_hand(setup, rating=0), by_hand(setup, rating=8)]
    other = by_hand(setup, 5, rating=5)
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker), None))
    assert [held(setup, row) for row in rows] == [dataclasses.replace(row, rating=0) for row in rows]
    assert held(setup, other).rating == 5
    await done(tracker, SetValue("ratings", await subject(setup, tracker), None))
    assert len(writes(setup)) == 2
    mirror = Mirror()
    await mirror.read(tracker)
    assert mirror.values == {"90000:140001:5": 5}


async def test_clearing_what_is_not_rated_takes_no_write(setup: Setup) -> None:
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker, "show"), None))
    assert writes(setup) == []


async def test_a_log_of_a_whole_show_is_never_written_again(setup: Setup, clock: FakeClock) -> None:
    whole = by_hand(setup, season_id=None, episode_number=None, rating=4)
    clock.advance(60)
    tracker = setup.tracker()
    address = await subject(setup, tracker, "show")
    await done(tracker, SetValue("ratings", address, 9))
    assert held(setup, whole) == whole
    assert [(row.rating, row.is_log) for row in reviews(setup)] == [(4, True), (9, False)]
    assert setup.ticked() == []
    mirror = Mirror()
    await mirror.read(tracker)
    assert mirror.values == {"show:90000": 9}
    assert isinstance(await one(tracker, SetValue("ratings", address, None)), Refused)
    assert held(setup, whole) == whole


@pytest.mark.parametrize("path", ["/show/reviews/add", "/show/reviews/update"])
async def test_no_request_ever_logs_a_whole_show(setup: Setup, clock: FakeClock, path: str) -> None:
    client = SerializdClient(setup.http(), clock)
    with pytest.raises(ValueError, match="never logged"):
        await client.write(path, {"season_id": None, "is_log": True}, token="", repeatable=True)
    assert setup.asked() == 0


async def test_what_a_person_wrote_meanwhile_survives(setup: Setup) -> None:
    row = by_hand(setup)
    tracker = setup.tracker()
    await Mirror().read(tracker)
    edited = setup.service.edit("anna", row.id, **PERSONAL)
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 9))
    assert held(setup, row) == dataclasses.replace(edited, rating=9)


async def test_tags_that_the_diary_does_not_show_survive(setup: Setup) -> None:
    setup.service.settings.diary_shows_tags = False
    row = by_hand(setup, **PERSONAL)
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 9))
    assert held(setup, row).tags == PERSONAL["tags"]
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 8))
    assert held(setup, row) == dataclasses.replace(row, rating=8)


async def test_tags_that_no_listing_shows_are_not_said_to_be_none(setup: Setup) -> None:
    setup.service.settings.diary_shows_tags = False
    by_hand(setup)
    tracker = setup.tracker()
    await done(tracker, SetValue("ratings", await subject(setup, tracker), 9))
    (call,) = setup.service.calls(UPDATE)
    assert "tags" not in call.body


async def test_each_further_rating_takes_a_read_and_a_write(setup: Setup) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker(pace=0)
    addresses = [await subject(setup, tracker, number=n) for n in (1, 2, 3, 4)]
    await done(tracker, SetValue("ratings", addresses[0], 5))
    before = setup.asked()
    for address in addresses[1:]:
        await done(tracker, SetValue("ratings", address, 5))
    assert setup.asked() - before == 6


@pytest.mark.parametrize("order", ["backdate", "date_added", "shuffled"])
async def test_the_row_is_found_whatever_the_order(setup: Setup, order: str) -> None:
    setup.service.preload("anna", 100)
    setup.service.settings.diary_order = order
    tracker = setup.tracker(pace=0)
    for number in (1, 5, 8):
        await done(tracker, SetValue("ratings", await subject(setup, tracker, number=number), 5))
    assert sorted(row["episodeNumber"] for row in setup.rows() if row["rating"]) == [1, 5, 8]


async def test_a_row_that_we_have_just_added_is_the_one_that_is_rated(setup: Setup) -> None:
    setup.service.preload("anna", 100)
    tracker = setup.tracker(pace=0)
    await done(tracker, SetValue("ratings", await subject(setup, tracker, number=1), 5))
    count = len(reviews(setup))
    show, at = 2, EVENING - timedelta(days=17, seconds=5)
    (receipt,) = await add(tracker, [await play_of(tracker, setup.episode(show=show), at)])
    before = setup.asked()
    rated = await done(tracker, SetValue("ratings", await subject(setup, tracker, show=show), 8))
    assert rated.remote_id == receipt.remote_id
    assert len(reviews(setup)) == count + 1
    assert setup.asked() - before == 2, "its page, and the update"


async def test_an_update_that_is_repeated_after_a_lost_answer_has_no_further_effect(setup: Setup) -> None:
    row = by_hand(setup, **PERSONAL)
    tracker = setup.tracker()
    edit = SetValue("ratings", await subject(setup, tracker), 9)
    setup.fail(UPDATE, "drop", when="after")
    with pytest.raises(TryLater) as caught:
        await tracker.amend([edit])
    assert not caught.value.in_doubt
    await done(tracker, edit)
    assert held(setup, row) == dataclasses.replace(row, rating=9)
    assert len(writes(setup)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_rating_whose_answer_was_lost_is_looked_for_before_it_is_added_again(
    setup: Setup, clock: FakeClock, when: str
) -> None:
    tracker = setup.tracker()
    edit = SetValue("ratings", await subject(setup, tracker, "show"), 9)
    setup.fail(ADD, "drop", when=when)
    with pytest.raises(TryLater) as caught:
        await tracker.amend([edit])
    assert not caught.value.in_doubt
    if when == "before":
        with pytest.raises(TryLater) as caught:
            await tracker.amend([edit])
        assert caught.value.after == 30
        clock.advance(29)
        with pytest.raises(TryLater):
            await setup.tracker().amend([edit])
        clock.advance(1)
    await done(setup.tracker(), edit)
    assert [row.rating for row in reviews(setup)] == [9]


async def test_a_lost_answer_that_no_listing_can_tell_of_is_repeated_after_two_looks(
    setup: Setup, clock: FakeClock
) -> None:
    setup.service.settings.reviews_list_ratings = False
    tracker = setup.tracker()
    edit = SetValue("ratings", await subject(setup, tracker, "show"), 9)
    setup.fail(ADD, "drop")
    for _ in range(2):
        with pytest.raises(TryLater):
            await tracker.amend([edit])
    clock.advance(31)
    await done(tracker, edit)
    assert [row.rating for row in reviews(setup)] == [9]


async def test_a_rating_of_ours_that_no_listing_shows_is_updated_and_not_doubled(setup: Setup) -> None:
    setup.service.settings.reviews_list_ratings = False
    tracker = setup.tracker()
    for value in (9, 4):
        await done(tracker, SetValue("ratings", await subject(setup, tracker, "show"), value))
    fresh = setup.tracker()
    await done(fresh, SetValue("ratings", await subject(setup, fresh, "show"), 5))
    assert [row.rating for row in reviews(setup)] == [5]
    await done(fresh, SetValue("ratings", await subject(setup, fresh, "show"), None))
    assert [row.rating for row in reviews(setup)] == [0]


async def test_a_rating_of_ours_that_was_deleted_is_added_anew(setup: Setup) -> None:
    tracker = setup.tracker()
    address = await subject(setup, tracker, "show")
    await done(tracker, SetValue("ratings", address, 9))
    setup.service.accounts["anna"].reviews.clear()
    fresh = setup.tracker()
    await done(fresh, SetValue("ratings", address, 4))
    assert [row.rating for row in reviews(setup)] == [4]


async def test_a_row_that_vanishes_while_it_is_rated_gives_way_to_the_next(setup: Setup, clock: FakeClock) -> None:
    old = by_hand(setup)
    clock.advance(60)
    row = by_hand(setup)
    tracker = setup.tracker()
    address = await subject(setup, tracker)
    await Mirror().read(tracker)
    setup.service.accounts["anna"].take(row.id)
    await done(tracker, SetValue("ratings", address, 9))
    assert held(setup, old).rating == 9


async def test_what_serializd_refuses_is_refused(setup: Setup) -> None:
    tracker = setup.tracker()
    address = await subject(setup, tracker, "show")
    setup.fail(ADD, status=400, body={"message": "No"})
    assert isinstance(await one(tracker, SetValue("ratings", address, 9)), Refused)
    await done(tracker, SetValue("ratings", address, 9))
    assert len(reviews(setup)) == 1, "nothing was in doubt, so nothing had to be looked up"
    incomplete = Address("x", {"show_id": SHOW, "season_id": None, "episode_number": 4})
    assert isinstance(await one(tracker, SetValue("ratings", incomplete, 9)), Refused)


@pytest.mark.parametrize("fault", [{"kind": "html"}, {"kind": "html", "status": 404}])
async def test_a_web_page_instead_of_an_answer_is_drift(setup: Setup, fault: dict[str, Any]) -> None:
    row = by_hand(setup)
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    edits: list[Edit] = [
        SetValue("ratings", address, 9),
        Flag(address, str(row.id), True),
        Remove(address, EVENING, str(row.id)),
    ]
    for edit in edits:
        setup.fail(UPDATE, **fault)
        setup.fail(DELETE, **fault)
        with pytest.raises(ContractDrift):
            await tracker.amend([edit])
        setup.service.faults.clear()
    assert held(setup, row) == row


# Removing plays


async def test_exactly_one_play_is_removed_by_its_id(setup: Setup) -> None:
    rows = [by_hand(setup), by_hand(setup), by_hand(setup, 5)]
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    for _ in range(2):
        await done(tracker, Remove(address, EVENING, str(rows[0].id)))
        assert [row.id for row in reviews(setup)] == [rows[1].id, rows[2].id]
    assert writes(setup) == ["show/reviews/delete"]


async def test_without_an_id_it_is_the_one_at_that_time(setup: Setup) -> None:
    row, other = by_hand(setup), by_hand(setup, at=EVENING + timedelta(seconds=1))
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    await done(tracker, Remove(address, EVENING + timedelta(seconds=1)))
    assert [r.id for r in reviews(setup)] == [row.id]
    await done(tracker, Remove(address, EVENING + timedelta(seconds=1)))
    assert [r.id for r in reviews(setup)] == [row.id]
    assert other.id != row.id


async def test_what_was_edited_since_stays(setup: Setup) -> None:
    row = by_hand(setup)
    tracker, mirror = setup.tracker(), Mirror()
    await mirror.read(tracker)
    address = await tracker.locate(setup.episode())
    remove = Remove(address, EVENING, str(row.id), stamp=mirror.held[str(row.id)].stamp)
    setup.service.edit("anna", row.id, review_text="Lovely")
    result = await one(tracker, remove)
    assert isinstance(result, Refused)
    assert "changed" in result.reason
    setup.service.edit("anna", row.id, review_text="")
    await done(tracker, remove)
    assert reviews(setup) == []


@pytest.mark.parametrize("words", [{"review_text": "Lovely"}, {"like": True}, {"tags": ("#cosy",)}])
async def test_what_a_person_wrote_into_our_row_is_not_taken_away_with_it(setup: Setup, words: dict[str, Any]) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    (receipt,) = await add(tracker, [play])
    setup.service.edit("anna", int(receipt.remote_id), **words)
    result = await one(tracker, Remove(play.address, EVENING, receipt.remote_id))
    assert isinstance(result, Refused)
    assert "delete it at Serializd" in result.reason
    assert len(reviews(setup)) == 1
    assert setup.service.accounts["anna"].all_ticks(), "its tick stays with it"


async def test_a_rating_alone_does_not_keep_our_row(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    (receipt,) = await add(tracker, [play])
    setup.service.edit("anna", int(receipt.remote_id), rating=7)
    await done(tracker, Remove(play.address, EVENING, receipt.remote_id))
    assert reviews(setup) == []


async def test_an_id_of_something_else_removes_nothing(setup: Setup) -> None:
    row = by_hand(setup, 5)
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    assert isinstance(await one(tracker, Remove(address, EVENING, str(row.id))), Refused)
    assert isinstance(await one(tracker, Remove(address, EVENING, "abc")), Refused)
    assert reviews(setup) == [row]


async def test_our_tick_goes_with_its_last_row(setup: Setup) -> None:
    tracker = setup.tracker()
    plays = [await play_of(tracker, setup.episode(), EVENING + timedelta(days=n)) for n in (0, 1)]
    first, second = await add(tracker, plays)
    address = plays[0].address
    await done(tracker, Remove(address, EVENING, first.remote_id))
    assert len(setup.ticked()) == 1
    await done(tracker, Remove(address, EVENING, second.remote_id))
    assert setup.ticked() == []


async def test_a_tick_that_a_person_set_stays(setup: Setup) -> None:
    row = by_hand(setup)
    setup.service.accounts["anna"].tick(SHOW, SEASON, 4, "2026-01-01T00:00:00Z")
    tracker = setup.tracker()
    await done(tracker, Remove(await tracker.locate(setup.episode()), EVENING, str(row.id)))
    assert len(setup.ticked()) == 1
    assert setup.asked(UNTICK) == 0


@pytest.mark.parametrize("match", [DELETE, UNTICK])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_removal_that_is_repeated_after_a_lost_answer_is_complete(setup: Setup, match: str, when: str) -> None:
    by_hand(setup, 5)
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    (receipt,) = await add(tracker, [play])
    edit = Remove(play.address, EVENING, receipt.remote_id)
    setup.fail(match, "drop", when=when)
    with pytest.raises(TryLater) as caught:
        await tracker.amend([edit])
    assert not caught.value.in_doubt
    await done(setup.tracker(), edit)
    assert [row.episode_number for row in reviews(setup)] == [5]
    assert setup.ticked() == []


async def test_a_mark_without_a_row_is_taken_back(setup: Setup) -> None:
    setup.service.accounts["anna"].tick(SHOW, SEASON, 4, "2026-01-01T00:00:00Z")
    setup.service.accounts["anna"].tick(SHOW, SEASON, 5, "2026-01-01T00:00:00Z")
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    for _ in range(2):
        await done(tracker, Remove(address, EVENING, "tick:140001:4"))
    assert [tick[2] for tick in setup.ticked()] == [5]
    assert isinstance(await one(tracker, Retime(address, "tick:140001:5", EVENING)), Refused)


async def test_a_removed_play_is_gone_from_the_next_read(setup: Setup) -> None:
    tracker, mirror = setup.tracker(), Mirror()
    play = await play_of(tracker, setup.episode())
    (receipt,) = await add(tracker, [play])
    await mirror.read(tracker)
    assert set(mirror.held) == {receipt.remote_id}
    await done(tracker, Remove(play.address, EVENING, receipt.remote_id))
    reading = await mirror.read(tracker)
    assert reading.plays is not None
    assert reading.plays.complete
    assert mirror.held == {}


# Times and flags


async def test_a_play_gets_another_time_and_keeps_all_else(setup: Setup) -> None:
    row = by_hand(setup, **PERSONAL, rating=7)
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    at = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    for _ in range(2):
        await done(tracker, Retime(address, str(row.id), at))
        assert held(setup, row) == dataclasses.replace(row, backdate="2026-02-03T04:05:06Z")
    assert len(writes(setup)) == 1


async def test_a_play_is_said_to_be_a_rewatch_and_keeps_all_else(setup: Setup) -> None:
    row = by_hand(setup, review_text="Lovely")
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    for flag in (True, True, False):
        await done(tracker, Flag(address, str(row.id), flag))
        assert held(setup, row) == dataclasses.replace(row, is_rewatch=flag)
    assert len(writes(setup)) == 2


@pytest.mark.parametrize("kind", ["retime", "flag"])
async def test_an_edit_whose_answer_was_lost_may_be_repeated(setup: Setup, kind: str) -> None:
    row = by_hand(setup)
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    at = EVENING - timedelta(days=1)
    edit = Retime(address, str(row.id), at) if kind == "retime" else Flag(address, str(row.id), True)
    setup.fail(UPDATE, "drop", when="after")
    with pytest.raises(TrackerError) as caught:
        await tracker.amend([edit])
    assert not caught.value.in_doubt
    await done(tracker, edit)
    assert len(reviews(setup)) == len(writes(setup)) == 1


async def test_a_row_that_is_gone_cannot_be_edited(setup: Setup) -> None:
    tracker = setup.tracker()
    address = await tracker.locate(setup.episode())
    assert isinstance(await one(tracker, Retime(address, "7", EVENING)), Refused)
    season = by_hand(setup, episode_number=None)
    assert isinstance(await one(tracker, Flag(address, str(season.id), True)), Refused)


async def test_a_moved_play_is_read_where_it_is_now(setup: Setup) -> None:
    setup.service.preload("anna", 60)
    row = by_hand(setup)
    tracker, mirror = setup.tracker(), Mirror()
    await mirror.read(tracker)
    address = await tracker.locate(setup.episode())
    at = EVENING - timedelta(days=10)
    await done(tracker, Retime(address, str(row.id), at))
    await mirror.read(tracker)
    assert mirror.held[str(row.id)].at == at


async def test_ratings_that_we_gave_are_in_the_next_read(setup: Setup) -> None:
    setup.service.preload("anna", 100)
    tracker, mirror = setup.tracker(), Mirror()
    await mirror.read(tracker)
    await done(tracker, SetValue("ratings", await subject(setup, tracker, number=1), 5))
    await done(tracker, SetValue("ratings", await subject(setup, tracker, "show"), 6))
    before = setup.asked()
    reading = await mirror.read(tracker)
    assert mirror.values == {"90000:140001:1": 5, "show:90000": 6}
    assert reading.plays is None or not reading.plays.complete
    assert setup.asked() - before <= 4
    await done(tracker, SetValue("ratings", await subject(setup, tracker, number=1), None))
    await mirror.read(tracker)
    assert mirror.values == {"show:90000": 6}


async def test_it_declares_what_it_reads_and_changes(setup: Setup) -> None:
    can = setup.tracker().can
    assert can.reads == can.amends == {"plays", "ratings"}
    assert can.flags_rewatches

"""The durable queue: what is due, what is in doubt, and what people may do to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.errors import Candidate
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.queue import outbox, overview, recent
from scrobbled.store.queue.outbox import IN_DOUBT, IN_FLIGHT, OutboxChange, waiting

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
T = NOW.timestamp()
FILM = Movie("Harbour Atlas", 2019)
GAP = timedelta(minutes=20)


@dataclass
class Desk:
    """One database and short words for what is done to it."""

    db: sqlite3.Connection

    def add(
        self,
        minutes: float | None = 0.0,
        *,
        viewer: str = "anna",
        tracker: str = "trakt",
        state: PlayOutcome = PlayOutcome.QUEUED,
        item: Item = FILM,
    ) -> int:
        """A play that ended so many minutes from now; returns the id of its change."""
        when = None if minutes is None else NOW + timedelta(minutes=minutes)
        play = Play(viewer, "plex", item, when, 45 * 60_000)
        play_id = add_play(self.db, play, None, [Queued(tracker, state, "because")], NOW)
        return int(self.db.execute("SELECT id FROM outbox WHERE play_id = ?", (play_id,)).fetchone()[0])

    def set(self, id_: int, **values: Any) -> int:
        columns = ", ".join(f"{name} = ?" for name in values)
        self.db.execute(f"UPDATE outbox SET {columns} WHERE id = ?", (*values.values(), id_))
        return id_

    def row(self, id_: int) -> dict[str, Any]:
        cursor = self.db.execute("SELECT * FROM outbox WHERE id = ?", (id_,))
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))

    def due(self, now: float = T, limit: int = 100) -> list[int]:
        return [change.id for change in outbox.due(self.db, "anna", "trakt", now, limit)]

    def doubts(self, now: float = T) -> list[int]:
        return [change.id for change in outbox.in_doubt(self.db, "anna", "trakt", now, 100)]

    def change(self, id_: int) -> OutboxChange:
        (found,) = waiting._select(self.db, "outbox.id = ?", (id_,))
        return found

    def located(self, minutes: float, key: str = "film", **values: Any) -> int:
        return self.set(self.add(minutes), address_key=key, address="{}", **values)

    def twin(self, id_: int, key: str = "film") -> int | None:
        return outbox.same_viewing(self.db, self.change(id_), key, GAP)

    def rewatch(self, id_: int, key: str = "film") -> bool:
        return outbox.watched_before(self.db, self.change(id_), key, GAP)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        yield Desk(db)


# -- adding and due order ------------------------------------------------------------------------------------------


def test_a_play_and_all_its_ways_are_stored_together(desk: Desk) -> None:
    ways = [Queued("serializd", PlayOutcome.QUEUED, ""), Queued("trakt", PlayOutcome.UNWANTED, "not taken")]
    item = Episode("Harbour Lights", 2, 5)
    play_id = add_play(desk.db, Play("anna", "plex", item, NOW + timedelta(seconds=0.9), None), 7, ways, NOW)
    found = recent.play(desk.db, play_id)
    assert found is not None
    assert (found.event_id, found.viewer, found.media, found.watched_at) == (7, "anna", "episode", int(T))
    assert [(d.tracker, d.state, d.reason) for d in found.deliveries] == [
        ("serializd", "queued", ""),
        ("trakt", "unwanted", "not taken"),
    ]


def test_a_change_knows_its_item_and_runtime(desk: Desk) -> None:
    change = desk.change(desk.add(-5))
    assert (change.item, change.duration, change.watched_at) == (
        FILM,
        timedelta(minutes=45),
        NOW - timedelta(minutes=5),
    )
    assert (change.address_key, change.address, change.phase, change.attempts) == (None, None, "", 0)


def test_one_play_goes_to_one_tracker_only_once(desk: Desk) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add_play(desk.db, Play("anna", "plex", FILM, NOW), None, [Queued("trakt", PlayOutcome.QUEUED, "")] * 2, NOW)


def test_the_oldest_viewing_goes_first_and_parked_ones_last(desk: Desk) -> None:
    late, early = desk.add(0), desk.add(-60)
    parked = desk.add(-90, state=PlayOutcome.PARKED)
    same = desk.add(-60)
    assert desk.due() == [early, same, late, parked]
    assert desk.due(limit=3) == [early, same, late]
    assert desk.due(limit=1) == [early]


@pytest.mark.parametrize("state", [s for s in PlayOutcome if s not in (PlayOutcome.QUEUED, PlayOutcome.PARKED)])
def test_only_queued_and_parked_changes_are_ever_due(desk: Desk, state: PlayOutcome) -> None:
    desk.add(-5, state=state)
    assert desk.due() == []
    assert desk.doubts() == []
    assert outbox.next_due(desk.db, "anna", "trakt") is None


def test_accounts_do_not_see_each_others_changes(desk: Desk) -> None:
    desk.add(viewer="ben")
    desk.add(tracker="serializd")
    mine = desk.add()
    assert desk.due() == [mine]
    assert outbox.next_due(desk.db, "anna", "other") is None


@pytest.mark.parametrize(("offset", "due"), [(-1.0, True), (0.0, True), (0.001, False)])
def test_nothing_is_due_before_its_time(desk: Desk, offset: float, due: bool) -> None:
    for state in (PlayOutcome.QUEUED, PlayOutcome.PARKED):
        desk.set(desk.add(state=state), next_at=T + offset)
    assert bool(desk.due()) is due
    assert outbox.next_due(desk.db, "anna", "trakt") == T + offset


def test_what_is_in_flight_is_neither_due_nor_waited_for(desk: Desk) -> None:
    outbox.begin(desk.db, [desk.add()])
    assert desk.due() == desk.doubts() == []
    assert outbox.next_due(desk.db, "anna", "trakt") is None


def test_what_is_in_doubt_is_read_back_and_never_due(desk: Desk) -> None:
    later, now = desk.add(0), desk.add(-60)
    outbox.begin(desk.db, [later, now])
    outbox.doubt(desk.db, [later], "lost", T + 30)
    outbox.doubt(desk.db, [now], "lost", T)
    assert (desk.due(T + 100), desk.doubts(), desk.doubts(T + 30)) == ([], [now], [now, later])
    assert outbox.next_due(desk.db, "anna", "trakt") == T


# -- writes that must not be repeated ------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PlayOutcome.QUEUED, PlayOutcome.PARKED])
def test_an_interrupted_write_is_read_back_whatever_it_was_before(desk: Desk, state: PlayOutcome) -> None:
    change = desk.add(state=state)
    outbox.begin(desk.db, [change])
    assert outbox.doubt_in_flight(desk.db, "anna", "trakt") == 1
    assert outbox.doubt_in_flight(desk.db, "anna", "trakt") == 0
    assert desk.doubts() == [change]
    assert desk.row(change)["state"] == "queued"
    assert desk.row(change)["phase"] == IN_DOUBT


def test_an_interruption_concerns_its_own_account(desk: Desk) -> None:
    outbox.begin(desk.db, [desk.add(viewer="ben"), desk.add(tracker="serializd")])
    assert outbox.doubt_in_flight(desk.db, "anna", "trakt") == 0


def test_a_write_begins_only_for_what_still_waits(desk: Desk) -> None:
    waiting, dropped = desk.add(), desk.add()
    outbox.drop(desk.db, [dropped], T)
    assert outbox.begin(desk.db, [waiting]) == {waiting}
    assert outbox.begin(desk.db, [waiting]) == set(), "it has begun"
    assert outbox.begin(desk.db, [dropped]) == set()
    assert desk.row(dropped)["phase"] == ""


def test_missed_once_it_is_asked_again_and_proven_absent_it_goes_again(desk: Desk) -> None:
    change = desk.add()
    outbox.begin(desk.db, [change])
    outbox.doubt(desk.db, [change], "lost", T)
    outbox.missed(desk.db, [change], T, T + 30)
    assert (desk.doubts(), desk.doubts(T + 30)) == ([], [change])
    assert desk.change(change).missed_at == T
    outbox.clear_doubt(desk.db, [(change, 0.0)])
    assert (desk.due(), desk.change(change).missed_at, desk.row(change)["reason"]) == ([change], None, "")


def test_a_new_write_forgets_what_was_missed_before(desk: Desk) -> None:
    change = desk.add()
    outbox.missed(desk.db, [change], T, T)
    outbox.begin(desk.db, [change])
    assert desk.change(change).missed_at is None
    outbox.missed(desk.db, [change], T, T)
    outbox.doubt(desk.db, [change], "lost", T)
    assert desk.change(change).missed_at is None


# -- settling ------------------------------------------------------------------------------------------------------


def test_settling_keeps_outcome_handle_and_candidates(desk: Desk) -> None:
    change = desk.add()
    outbox.locate(desk.db, change, "film", {"id": 7}, "by id", rewatch=True)
    assert (desk.change(change).address, desk.change(change).rewatch, desk.change(change).how) == (
        {"id": 7},
        True,
        "by id",
    )
    candidates = [Candidate("Harbour Atlas", 2019, tmdb=7, why="title")]
    outbox.settle(desk.db, change, PlayOutcome.UNMATCHED, "two fit", T, candidates=candidates)
    (row,) = overview.queue(desk.db)
    assert row.candidates == ({"title": "Harbour Atlas", "year": 2019, "tmdb": 7, "why": "title"},)
    outbox.settle(desk.db, change, PlayOutcome.DELIVERED, "", T + 1, remote_id="r1")
    outbox.settle(desk.db, change, PlayOutcome.DELIVERED, "", T + 2)
    row = desk.row(change)
    assert (row["state"], row["remote_id"], row["settled_at"], row["phase"]) == ("delivered", "r1", T + 1, "")


def test_only_parking_counts_as_not_known_by_the_catalogue(desk: Desk) -> None:
    change = desk.add()
    for outcome, misses in ((PlayOutcome.PARKED, 1), (PlayOutcome.PARKED, 2), (PlayOutcome.DEAD, 2)):
        outbox.settle(desk.db, change, outcome, "", T, next_at=T + 5)
        assert desk.row(change)["misses"] == misses


def test_what_a_person_dropped_stays_dropped(desk: Desk) -> None:
    """The courier may have had it in its hands."""
    change = desk.add()
    assert outbox.drop(desk.db, [change], T) == [change]
    outbox.settle(desk.db, change, PlayOutcome.PARKED, "not known", T + 1, next_at=T + 5)
    outbox.postpone(desk.db, change, "down", T + 1, T + 5)
    assert (desk.row(change)["state"], desk.row(change)["reason"]) == ("undone", "dropped by hand")
    assert overview.queue(desk.db) == []


def test_an_attempt_is_counted_once_whether_or_not_it_had_begun(desk: Desk) -> None:
    begun, not_begun = desk.add(), desk.add()
    outbox.begin(desk.db, [begun])
    for change in (begun, not_begun):
        outbox.postpone(desk.db, change, "down", T, T + 5)
        row = desk.row(change)
        assert (row["attempts"], row["state"], row["phase"], row["next_at"]) == (1, "queued", "", T + 5)


def test_after_an_outage_what_was_put_off_is_due_and_parked_ones_keep_their_date(desk: Desk) -> None:
    put_off = desk.set(desk.add(), next_at=T + 60)
    parked = desk.set(desk.add(state=PlayOutcome.PARKED), next_at=T + 60)
    doubt = desk.set(desk.add(), next_at=T + 60, phase=IN_DOUBT)
    other = desk.set(desk.add(viewer="ben"), next_at=T + 60)
    assert outbox.release(desk.db, "anna", "trakt") == 1
    assert [desk.row(id_)["next_at"] for id_ in (put_off, parked, doubt, other)] == [0, T + 60, T + 60, T + 60]


def test_a_run_of_equal_attempts_is_kept_as_its_first_and_last(desk: Desk) -> None:
    change = desk.add()
    for n in range(20):
        outbox.note(desk.db, change, T + n, "try-later", "down")
    outbox.note(desk.db, change, T + 50, "delivered", "")
    story = recent.attempts(desk.db, desk.change(change).play_id)
    assert [(at - T, outcome) for _, at, outcome, _ in story] == [
        (0, "try-later"),
        (19, "try-later"),
        (50, "delivered"),
    ]


# -- one viewing, two reports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "twin"), [(0, True), (19.9, True), (-19.9, True), (20, False), (-20, False)])
def test_a_delivered_play_within_the_gap_is_the_same_viewing(desk: Desk, minutes: float, twin: bool) -> None:
    there, mine = desk.located(minutes, state="delivered"), desk.add(0)
    assert desk.twin(mine) == (int(desk.row(there)["play_id"]) if twin else None)


@pytest.mark.parametrize(
    ("values", "twin"),
    [
        ({"state": "delivered"}, True),
        ({"state": "queued"}, True),
        ({"state": "queued", "phase": IN_FLIGHT}, True),
        ({"state": "queued", "phase": IN_DOUBT}, True),
        ({"state": "already-there"}, False),
        ({"state": "parked"}, False),
        ({"state": "unmatched"}, False),
        ({"state": "dead"}, False),
        ({"state": "undone"}, False),
        ({"state": "held"}, False),
    ],
)
def test_only_what_is_there_or_on_its_way_is_a_twin(desk: Desk, values: dict[str, str], twin: bool) -> None:
    desk.located(0, **values)
    assert (desk.twin(desk.add(1)) is not None) is twin


def test_of_two_that_wait_the_first_goes(desk: Desk) -> None:
    first, second = desk.located(1), desk.located(0)
    assert desk.twin(first) is None
    assert desk.twin(second) is not None
    desk.set(second, phase=IN_DOUBT)
    assert desk.twin(first) is not None, "the other one may be there already"


def test_another_item_account_or_play_without_a_date_is_no_twin(desk: Desk) -> None:
    desk.located(0, key="other", state="delivered")
    desk.set(desk.add(0, viewer="ben"), address_key="film", state="delivered")
    desk.set(desk.add(0, tracker="serializd"), address_key="film", state="delivered")
    mine, undated = desk.add(0), desk.add(None, state=PlayOutcome.HELD)
    assert desk.twin(mine) is None
    assert desk.twin(undated) is None


@pytest.mark.parametrize(
    ("minutes", "state", "rewatch"),
    [
        (-20, "delivered", True),
        (-20, "queued", True),
        (-20, "already-there", True),
        (-100_000, "delivered", True),
        (-20, "dead", False),
        (-20, "undone", False),
        (20, "delivered", False),
        (0, "delivered", False),
    ],
)
def test_a_rewatch_has_an_earlier_viewing_by_the_time_it_was_watched(
    desk: Desk, minutes: float, state: str, rewatch: bool
) -> None:
    desk.located(minutes, state=state)
    assert desk.rewatch(desk.add(0)) is rewatch


def test_another_report_of_the_same_viewing_makes_it_no_rewatch(desk: Desk) -> None:
    desk.located(-0.2, state="already-there")
    assert not desk.rewatch(desk.add(0))


# -- what people do ------------------------------------------------------------------------------------------------

RETRIABLE = ("queued", "parked", "unmatched", "dead")


@pytest.mark.parametrize("state", list(PlayOutcome))
def test_a_retry_makes_due_what_waits_and_nothing_else(desk: Desk, state: PlayOutcome) -> None:
    change = desk.set(desk.add(state=state), next_at=T + 3600, address_key="film", candidates="[]")
    assert outbox.retry(desk.db, None) == ([change] if state in RETRIABLE else [])
    assert desk.due() == ([change] if state in RETRIABLE else [])
    if state in RETRIABLE:
        assert desk.row(change)["address_key"] is None, "it is looked up again"
        assert desk.row(change)["candidates"] is None


def test_a_retry_never_repeats_a_write_that_may_have_happened(desk: Desk) -> None:
    flying, doubtful = desk.located(0, phase=IN_FLIGHT), desk.located(0, phase=IN_DOUBT, next_at=T + 60)
    assert outbox.retry(desk.db, None) == [doubtful]
    assert (desk.due(), desk.doubts()) == ([], [doubtful])
    assert desk.row(doubtful)["address_key"] == "film", "it is read back where it was written"
    assert desk.row(flying)["phase"] == IN_FLIGHT


@pytest.mark.parametrize("action", [outbox.retry, outbox.approve])
def test_named_changes_only(desk: Desk, action: Any) -> None:
    state = PlayOutcome.HELD if action is outbox.approve else PlayOutcome.DEAD
    one, two = desk.add(state=state), desk.add(state=state)
    assert action(desk.db, [two, 999]) == [two]
    assert action(desk.db, []) == []
    assert desk.row(one)["state"] == state
    assert one in action(desk.db, None)


@pytest.mark.parametrize("state", list(PlayOutcome))
def test_an_approval_lets_held_changes_go_and_no_others(desk: Desk, state: PlayOutcome) -> None:
    change = desk.add(-5, state=state)
    assert outbox.approve(desk.db, None) == ([change] if state is PlayOutcome.HELD else [])
    assert (desk.row(change)["state"] == "queued") is (state in (PlayOutcome.HELD, PlayOutcome.QUEUED))


@pytest.mark.parametrize("when", [None, datetime(1970, 1, 1, tzinfo=UTC), datetime(1989, 12, 31, tzinfo=UTC)])
def test_no_approval_sends_a_play_that_nobody_can_date(desk: Desk, when: datetime | None) -> None:
    play_id = add_play(
        desk.db, Play("anna", "plex", FILM, when), None, [Queued("trakt", PlayOutcome.HELD, "no date")], NOW
    )
    assert outbox.approve(desk.db, None) == []
    assert outbox.retry(desk.db, None) == []
    assert desk.due(T + 1e9) == []
    assert [row.play_id for row in overview.queue(desk.db)] == [play_id]


@pytest.mark.parametrize("state", list(PlayOutcome))
def test_what_waits_can_be_dropped_and_its_story_says_so(desk: Desk, state: PlayOutcome) -> None:
    waiting = state in ("queued", "parked", "unmatched", "dead", "held")
    change = desk.add(-5, state=state)
    play_id = int(desk.row(change)["play_id"])
    assert outbox.drop(desk.db, [change], T) == ([change] if waiting else [])
    assert desk.row(change)["state"] == ("undone" if waiting else state)
    assert len(recent.attempts(desk.db, play_id)) == int(waiting)


@pytest.mark.parametrize("phase", [IN_FLIGHT, IN_DOUBT])
def test_what_may_have_happened_cannot_be_dropped(desk: Desk, phase: str) -> None:
    change = desk.set(desk.add(), phase=phase)
    assert outbox.drop(desk.db, [change], T) == []
    assert desk.row(change)["state"] == "queued"


# -- the overview --------------------------------------------------------------------------------------------------


def test_every_change_is_counted_once_and_what_waits_is_listed(desk: Desk) -> None:
    for state in PlayOutcome:
        desk.add(-5, state=state)
        desk.add(-5, state=state, viewer="ben")
    assert overview.delivery_counts(desk.db) == {
        (viewer, "trakt"): {str(state): 1 for state in PlayOutcome} for viewer in ("anna", "ben")
    }
    waiting = {"queued", "held", "parked", "unmatched", "dead"}
    rows = overview.queue(desk.db)
    assert {(row.viewer, row.state) for row in rows} == {(v, s) for v in ("anna", "ben") for s in waiting}
    assert all(row.next_step for row in rows)
    assert {(row.viewer, row.state, row.count) for row in overview.waiting(desk.db)} == {
        (v, s, 1) for v in ("anna", "ben") for s in waiting
    }
    assert all(row.oldest == T for row in overview.waiting(desk.db))


def test_the_queue_and_the_plays_come_in_pages(desk: Desk) -> None:
    ids = [desk.add(-n) for n in range(5)]
    first = overview.queue(desk.db, limit=3)
    assert [row.id for row in first] == ids[:3]
    assert [row.id for row in overview.queue(desk.db, after=first[-1].id, limit=3)] == ids[3:]
    newest = recent.plays(desk.db, limit=3)
    assert [row.id for row in newest] == [5, 4, 3]
    assert [row.id for row in recent.plays(desk.db, before=newest[-1].id)] == [2, 1]
    assert overview.play_count(desk.db) == 5
    assert recent.play(desk.db, 99) is None


# -- a clock that jumps --------------------------------------------------------------------------------------------


def test_what_was_put_off_before_the_clock_went_back_a_year_is_due(desk: Desk) -> None:
    year = 365 * 86_400.0
    put_off, doubted, parked = desk.add(), desk.add(), desk.add(state=PlayOutcome.PARKED)
    desk.set(put_off, next_at=T + year)
    desk.set(doubted, phase=IN_DOUBT, next_at=T + year)
    desk.set(parked, next_at=T + 7 * 86_400)  # the longest that anything is ever put off
    assert desk.due() == [put_off]
    assert desk.doubts() == [doubted]


def test_a_miss_from_the_future_counts_from_now(desk: Desk) -> None:
    change = desk.add()
    outbox.begin(desk.db, [change])
    outbox.doubt(desk.db, [change], "lost", T)
    outbox.missed(desk.db, [change], T + 86_400, T + 86_430)
    outbox.missed(desk.db, [change], T, T + 30)
    assert desk.change(change).missed_at == T
    assert desk.doubts(T + 30) == [change]


def test_a_second_look_before_its_time_does_not_put_the_first_off(desk: Desk) -> None:
    change = desk.add()
    outbox.begin(desk.db, [change])
    outbox.doubt(desk.db, [change], "lost", T)
    outbox.missed(desk.db, [change], T, T + 30)
    outbox.missed(desk.db, [change], T + 10, T + 40)
    assert desk.change(change).missed_at == T
    assert (desk.doubts(T + 29), desk.doubts(T + 30)) == ([], [change])

"""The queue of changes that add no play: one open wish for each target, and what people may do to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.mirror import records, run_changes, runs
from scrobbled.store.queue import amendments, floods, outbox, overview
from scrobbled.store.queue.amendment import Details, Inverse, NewAmendment

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
T = NOW.timestamp()
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
SEASON = Subject("season:7:2", "season", Episode("Harbour Lights", 2, None, show_ids=ShowIds(tmdb=1399)))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as found:
        yield found


def rated(value: int | None = 8, **more: Any) -> NewAmendment:
    told: dict[str, Any] = {
        "action": "unrate" if value is None else "rate",
        "details": Details(value=value),
        "after": "" if value is None else str(value),
    }
    return NewAmendment("anna", "trakt", "ratings", key="movie:1399", label="Harbour Atlas (2019)", **{**told, **more})


def removal(remote_id: str = "r1", **more: Any) -> NewAmendment:
    details = Details(remote_id=remote_id, watched_at=NOW)
    return NewAmendment("anna", "trakt", "plays", "remove", "movie:1399", "Harbour Atlas (2019)", details, **more)


def add(db: sqlite3.Connection, wish: NewAmendment) -> int:
    return amendments.add(db, wish, T)


def states(db: sqlite3.Connection) -> dict[int, str]:
    return dict(db.execute("SELECT id, state FROM amendments").fetchall())


def due(db: sqlite3.Connection, now: float = T) -> list[int]:
    return [one.id for one in amendments.due(db, "anna", "trakt", now, 100)]


def change(db: sqlite3.Connection, **values: Any) -> int:
    add_play(db, Play("anna", "plex", FILM, NOW, None), None, [Queued("trakt", PlayOutcome.QUEUED, "")], NOW)
    (id_,) = db.execute("SELECT max(id) FROM outbox").fetchone()
    for name, value in values.items():
        db.execute(f"UPDATE outbox SET {name} = ? WHERE id = ?", (value, id_))
    return int(id_)


def test_everything_of_a_wish_is_kept(db: sqlite3.Connection) -> None:
    wish = NewAmendment(
        viewer="anna",
        tracker="trakt",
        kind="ratings",
        action="rate",
        key="season:1399:2",
        label="Harbour Lights S2",
        details=Details("r7", NOW, 8, NOW, rewatch=False, stamp="s"),
        subject=SEASON,
        before="6",
        after="8",
        why="rated on serializd",
        run=3,
        play_id=4,
        inverse=Inverse("rate", Details(value=5)),
    )
    found = amendments.get(db, add(db, wish))
    assert found is not None
    assert found.wish == wish
    assert (found.state, found.attempts, found.created_at, found.settled_at) == ("queued", 0, T, None)


def test_a_newer_wish_takes_the_place_of_an_open_one(db: sqlite3.Connection) -> None:
    first = add(db, rated(8))
    second = add(db, rated(7))
    assert states(db) == {first: "undone", second: "queued"}
    assert due(db) == [second]
    cleared = add(db, rated(None))
    assert states(db)[second] == "undone"
    assert due(db) == [cleared], "clearing and setting are wishes for the same target"


@pytest.mark.parametrize("state", ["queued", "parked", "unmatched", "dead"])
def test_the_same_wish_again_is_the_one_that_is_there(db: sqlite3.Connection, state: str) -> None:
    first = add(db, rated(8))
    db.execute("UPDATE amendments SET state = ?, attempts = 4, next_at = 99", (state,))
    assert add(db, rated(8, run=9)) == first
    assert states(db) == {first: state}


@pytest.mark.parametrize("wish", [rated(8), removal()])
def test_what_a_person_dropped_is_not_queued_again_until_something_else_was_wanted(
    db: sqlite3.Connection, wish: NewAmendment
) -> None:
    first = add(db, wish)
    assert amendments.drop(db, [first], T) == [first]
    assert add(db, wish) == first
    assert due(db) == []


def test_after_another_wish_the_dropped_one_is_new(db: sqlite3.Connection) -> None:
    amendments.drop(db, [add(db, rated(8))], T)
    amendments.settle(db, add(db, rated(7)), PlayOutcome.DELIVERED, "", T)
    assert due(db) == []
    again = add(db, rated(8))
    assert due(db) == [again]


def test_other_plays_and_accounts_are_other_targets(db: sqlite3.Connection) -> None:
    wishes = [removal("r1"), removal("r2"), rated(8), replace(rated(8), tracker="serializd")]
    assert len({add(db, wish) for wish in wishes}) == 4
    assert set(states(db).values()) == {"queued"}
    assert len(due(db)) == 3


def test_what_takes_something_back_is_not_replaced_by_a_plan(db: sqlite3.Connection) -> None:
    back = add(db, removal("r1", change_id=change(db, state="delivered")))
    flag = replace(removal("r1"), action="flag", details=Details("r1", rewatch=True))
    assert add(db, flag) == back
    assert states(db) == {back: "queued"}
    held = add(db, removal("r2", ask=True))
    mine = add(db, removal("r2", change_id=change(db, state="delivered")))
    assert (states(db)[held], states(db)[mine]) == ("undone", "queued")


def test_what_asks_is_held_until_it_is_named(db: sqlite3.Connection) -> None:
    held = add(db, removal(ask=True, why="removed on serializd"))
    row = amendments.get(db, held)
    assert row is not None
    assert (row.state, row.hold, row.reason) == ("held", "ask", "removed on serializd")
    assert due(db) == []
    assert amendments.retry(db, None) == []
    assert floods.held_by_reason(db)["ask"] == amendments.held(db) == 1
    assert amendments.approve(db, [held], T) == [held]
    assert due(db) == [held]


def test_choosing_one_of_two_values_drops_the_other(db: sqlite3.Connection) -> None:
    here = add(db, rated(8, ask=True, before="6"))
    there = add(db, replace(rated(6, ask=True, before="8"), tracker="serializd"))
    other = add(db, replace(rated(6, ask=True, before="8"), tracker="serializd", key="movie:2"))
    assert amendments.approve(db, [here, there], T) == [here]
    assert states(db) == {here: "queued", there: "undone", other: "held"}
    amendments.settle(db, here, PlayOutcome.DELIVERED, "", T)
    assert add(db, replace(rated(6, ask=True, before="8"), tracker="serializd")) != there, "it may be asked again later"


def test_two_removals_of_one_title_are_decided_apart(db: sqlite3.Connection) -> None:
    one, two = add(db, removal("r1", ask=True)), add(db, removal("r2", ask=True))
    assert amendments.approve(db, [one], T) == [one]
    assert states(db) == {one: "queued", two: "held"}


def test_what_takes_back_a_write_under_way_waits_for_it(db: sqlite3.Connection) -> None:
    written = change(db, phase="in-doubt", address_key="film")
    back = add(db, removal("", change_id=written))
    assert due(db) == []
    assert amendments.next_due(db, "anna", "trakt") is None
    assert amendments.waits(db, "anna", "trakt")
    outbox.settle(db, written, PlayOutcome.DELIVERED, "", T, remote_id="r9")
    (found,) = amendments.due(db, "anna", "trakt", T, 10)
    assert found.id == back
    assert found.written is not None
    assert (found.written.address_key, found.written.remote_id, found.written.watched_at) == ("film", "r9", NOW)


def test_a_change_that_is_to_be_taken_back_is_not_sent_again(db: sqlite3.Connection) -> None:
    written = change(db, phase="in-doubt")
    add(db, removal("", change_id=written))
    outbox.clear_doubt(db, [(written, 0.0)])
    assert outbox.due(db, "anna", "trakt", T, 10) == []
    assert len(due(db)) == 1


def test_what_was_carried_out_undoes_what_it_takes_back(db: sqlite3.Connection) -> None:
    written, first = change(db, state="delivered"), add(db, rated(8))
    amendments.settle(db, first, PlayOutcome.DELIVERED, "", T)
    amendments.settle(db, add(db, removal("r1", change_id=written)), PlayOutcome.DELIVERED, "", T + 5)
    amendments.settle(db, add(db, rated(6, undoes=first)), PlayOutcome.DELIVERED, "", T + 5)
    assert states(db)[first] == "undone"
    row = db.execute("SELECT state, reason, settled_at FROM outbox WHERE id = ?", (written,)).fetchone()
    assert row == ("undone", "taken back", T + 5)
    assert amendments.taken_back(db, "anna", "trakt") == {("ratings", "movie:1399"): 6}
    amendments.settle(db, add(db, rated(9)), PlayOutcome.DELIVERED, "", T + 9)
    assert amendments.taken_back(db, "anna", "trakt") == {}


def test_a_rating_is_taken_back_by_what_was_there_before(db: sqlite3.Connection) -> None:
    assert _inverse(db, rated(8, before="6")) == Inverse("rate", Details(value=6))
    assert _inverse(db, replace(rated(8), key="movie:2")) == Inverse("unrate", Details())
    assert _inverse(db, replace(rated(None, before="6"), key="movie:3")) == Inverse("rate", Details(value=6))
    flag = replace(removal("r4"), action="flag", details=Details("r4", rewatch=True))
    assert _inverse(db, flag) == Inverse("flag", Details("r4", rewatch=False))
    assert _inverse(db, removal("r5")) is None


def _inverse(db: sqlite3.Connection, wish: NewAmendment) -> Inverse | None:
    found = amendments.get(db, add(db, wish))
    assert found is not None
    return found.wish.inverse


def test_what_was_carried_out_is_that_also_where_it_was_dropped_meanwhile(db: sqlite3.Connection) -> None:
    one = add(db, rated(8))
    assert amendments.begin(db, [one]) == {one}
    amendments.drop(db, [one], T)
    assert amendments.begin(db, [one]) == set()
    amendments.postpone(db, one, "later", T + 9, count=False)
    assert not amendments.settle(db, one, PlayOutcome.DEAD, "refused", T)
    assert states(db) == {one: "undone"}
    assert amendments.settle(db, one, PlayOutcome.DELIVERED, "", T)
    assert states(db) == {one: "delivered"}


def test_queued_ones_come_before_parked_ones_and_in_their_time(db: sqlite3.Connection) -> None:
    parked, later, now = (add(db, removal(name)) for name in ("r1", "r2", "r3"))
    amendments.settle(db, parked, PlayOutcome.PARKED, "not there", T, next_at=T + 10)
    amendments.postpone(db, later, "busy", T + 20, count=True)
    assert due(db) == [now]
    assert due(db, T + 30) == [later, now, parked]
    assert amendments.next_due(db, "anna", "trakt") == 0.0
    assert amendments.release(db, "anna", "trakt") == 1
    assert amendments.retry(db, [parked]) == [parked]
    assert due(db) == [parked, later, now]


def test_what_waits_is_counted_with_the_plays(db: sqlite3.Connection) -> None:
    change(db)
    kept, gone = add(db, rated(8)), add(db, removal())
    held = add(db, removal("r2", ask=True))
    assert overview.delivery_counts(db)["anna", "trakt"] == {"queued": 3, "held": 1}
    amendments.settle(db, gone, PlayOutcome.DELIVERED, "", T)
    amendments.settle(db, kept, PlayOutcome.DEAD, "no", T)
    waiting = {row.state: (row.count, row.oldest) for row in overview.waiting(db)}
    assert waiting == {"queued": (1, T), "held": (1, T), "dead": (1, T)}
    assert overview.needing(db, "anna", "trakt", "dead", 3) == (1, ["Harbour Atlas (2019)"])
    assert [row.id for row in amendments.listing(db)] == [kept, held]
    assert [row.id for row in amendments.listing(db, after=kept)] == [held]


def test_a_run_knows_what_it_changed(db: sqlite3.Connection) -> None:
    run = runs.ask(db, "anna", "trakt,serializd", "sync", {}, T)
    mine = [add(db, rated(8, run=run)), add(db, removal("r1", run=run, play_id=5))]
    add(db, removal("r2"))
    assert [row.id for row in amendments.of_run(db, run)] == mine[::-1]
    assert [row.id for row in amendments.for_play(db, 5)] == mine[1:]
    assert run_changes.progress(db, run).waiting == 2


def test_a_restored_database_forgets_what_may_be_out_of_date(db: sqlite3.Connection) -> None:
    old, back = add(db, rated(8)), add(db, removal("r1", change_id=change(db, state="delivered")))
    amendments.forget_wishes(db, T)
    assert states(db) == {old: "undone", back: "queued"}
    assert add(db, rated(8)) != old


def test_a_play_that_moved_keeps_its_handle_known(db: sqlite3.Connection) -> None:
    written = change(db, state="delivered", remote_id="r1")
    wish = replace(removal("r1"), action="retime")
    row = amendments.get(db, add(db, wish))
    assert row is not None
    amendments.moved(db, row, "r2")
    again = amendments.get(db, row.id)
    assert again is not None
    assert again.wish.details.remote_id == "r2"
    assert db.execute("SELECT remote_id FROM outbox WHERE id = ?", (written,)).fetchone() == ("r2",)


def test_a_play_that_moved_is_known_where_its_handle_was_only_read(db: sqlite3.Connection) -> None:
    account = ("anna", "trakt")
    written, other = change(db, state="delivered"), change(db, state="delivered")
    (play,) = db.execute("SELECT play_id FROM outbox WHERE id = ?", (written,)).fetchone()
    records.put(db, account, [PlayRecord("r1", "movie:1399", NOW)], 1, T)
    records.claim(db, account, "r1", play, ours=True)
    row = amendments.get(db, add(db, replace(removal("r1"), action="retime")))
    assert row is not None
    amendments.moved(db, row, "r2")
    assert amendments.renamed(db, *account) == {}, "it is not carried out yet"
    amendments.settle(db, row.id, PlayOutcome.DELIVERED, "", T)
    assert amendments.renamed(db, *account) == {"r2": "r1"}
    assert dict(db.execute("SELECT id, remote_id FROM outbox").fetchall()) == {written: "r2", other: None}

"""A copy is complete and sound or not there; what is put back was looked through first, and nothing is ever lost."""

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from scrobbled.core.errors import StoreError
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.store.accounts import page_sessions
from scrobbled.store.file import opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Arrival, Queued
from scrobbled.store.keeping import backup, restoring
from scrobbled.store.queue import outbox, overview

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
KEPT = {
    "_sqlite_migrations": "what version it is",
    "accounts": "sign-ins",
    "tokens": "sign-ins",
    "cache": "answers of catalogues",
    "marks": "small numbers that other processes leave",
    "activities": "clients must not be told of a time before the one they know",
    "alerts": "troubles that are open",
    "alerts_reach": "troubles that are open",
    "alerts_told": "troubles that are open",
    "clients": "tokens that were given out",
    "page_sessions": "who is signed in to the page",
    "device_codes": "tokens that were given out",
    "corrections": "what the owner said",
    "pauses": "what the owner said",
    "chart_clears": "points of before are still in the database of charts",
    "chart_clock": "has nothing to do with what was watched",
    "refusals": "has nothing to do with what was watched",
}
"""What ``reset`` leaves alone, and why."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path / "data" / "scrobbled.db")


def filled(path: Path, plays: int = 3, state: PlayOutcome = PlayOutcome.QUEUED) -> Path:
    with closing(open_database(path)) as db:
        for number in range(plays):
            add(db, state, number)
        sign_in(db, "first", 1.0)
    return path


def add(db: sqlite3.Connection, state: PlayOutcome = PlayOutcome.QUEUED, minutes: int = 0) -> None:
    at = NOW - timedelta(minutes=minutes)
    event = events.add_event(db, Arrival("plex", at, "{}"), EventOutcome.ACCEPTED, "")
    events.add_play(db, Play("anna", "plex", FILM, at), event, [Queued("trakt", state, "")], at)


def sign_in(db: sqlite3.Connection, secret: str, saved_at: float) -> None:
    db.execute(
        "INSERT OR REPLACE INTO tokens (viewer, tracker, secret, saved_at) VALUES ('anna','trakt',?,?)",
        (secret, saved_at),
    )


def plays(path: Path) -> int:
    with closing(open_database(path, create=False)) as db:
        return overview.play_count(db)


def secret(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute("SELECT secret FROM tokens").fetchone()[0])


def refused(work: object, *given: object, **named: object) -> str:
    with pytest.raises(StoreError) as caught:
        work(*given, **named)  # type: ignore[operator]
    return str(caught.value)


# -- copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_is_whole_private_and_alone(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copies" / "one.db"
    target.parent.mkdir()
    made = backup.make(path, target)
    assert (made.plays, made.waiting, made.size) == (3, 3, target.stat().st_size)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in target.parent.iterdir()] == ["one.db"]
    assert (plays(target), secret(target)) == (3, "first")


def test_what_is_there_is_replaced_only_when_asked(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "one.db"
    target.write_text("something of mine")
    assert "--force" in refused(backup.make, path, target)
    assert target.read_text() == "something of mine"
    backup.make(path, target, overwrite=True)
    assert plays(target) == 3


def test_a_name_taken_meanwhile_is_not_taken_over(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, examine = tmp_path / "one.db", backup.examine

    def slow(*given: object, **named: object) -> tuple[int, int]:
        target.write_text("somebody was quicker")
        return examine(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "examine", slow)
    assert "--force" in refused(backup.make, path, target)
    assert target.read_text() == "somebody was quicker"


def test_what_cannot_be_copied_says_what_to_do(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Check storage.path" in refused(backup.make, tmp_path / "none.db", tmp_path / "copy.db")
    assert "Make that folder first" in refused(backup.make, path, tmp_path / "nowhere" / "copy.db")
    assert "the database itself" in refused(backup.make, path, path, overwrite=True)
    assert "is a folder" in refused(backup.make, path, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 9, 2**20))  # type: ignore[attr-defined]
    with path.open("ab") as file:
        file.truncate(3 * 2**20)
    assert "has 1.0 MB left, and the copy needs 3.0 MB" in refused(backup.make, path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_damaged_database_makes_no_copy(path: Path, tmp_path: Path) -> None:
    damage(path)
    assert "scrobbled.db is damaged" in refused(backup.make, path, tmp_path / "copy.db")
    assert list(tmp_path.glob("copy*")) == []


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(3, len(content) // 4096):
        content[page * 4096 : page * 4096 + 600] = os.urandom(600)
    path.write_bytes(content)


def test_a_copy_made_while_somebody_writes_is_one_moment(path: Path, tmp_path: Path) -> None:
    """Each play comes with its change in one transaction, so no copy may have the one without the other."""
    ended = threading.Event()

    def write() -> None:
        with closing(open_database(path, create=False)) as db:
            db.execute("PRAGMA synchronous = OFF")
            while not ended.wait(0.0005):
                db.execute("BEGIN IMMEDIATE")
                add(db)
                db.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [backup.make(path, tmp_path / f"{n}.db") for n in range(8)]
    finally:
        ended.set()
        writer.join(10)
    assert all(copy.plays == copy.waiting for copy in copies)
    assert copies[-1].plays > copies[0].plays >= 3


def test_what_a_killed_copy_left_is_swept_away_once_it_is_old(path: Path, tmp_path: Path) -> None:
    names = ("scrobbled-20261101-030000.db.part-77", "scrobbled-20261102-030000.db.part-78", "scrobbled.db")
    old, young, mine = (tmp_path / name for name in names)
    for left in (old, young, mine):
        left.touch()
    os.utime(old, (1e9, 1e9)), os.utime(mine, (1e9, 1e9))
    backup.make(path, backup.dated(tmp_path, path, NOW))
    assert [left.exists() for left in (old, young, mine)] == [False, True, True]


def test_of_dated_copies_the_newest_are_kept_and_nothing_else_is_touched(path: Path, tmp_path: Path) -> None:
    others = ["notes.txt", "scrobbled-20261101-030000.db.txt", "other-20261101-030000.db", "scrobbled-copy.db"]
    for name in others:
        (tmp_path / name).touch()
    made = [backup.dated(tmp_path, path, NOW - timedelta(days=day)) for day in (3, 1, 2, 0)]
    for copy in made:
        copy.touch()
    assert backup.prune(tmp_path, path, 3) == [made[0]]
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {*others, *(copy.name for copy in made[1:])}
    assert backup.made_at(made[1]) == NOW - timedelta(days=1)


# -- putting back -----------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(path: Path, tmp_path: Path) -> Path:
    return backup.make(path, tmp_path / "copy.db").path


def test_a_copy_takes_the_place_of_the_database_which_is_kept(path: Path, copy: Path) -> None:
    with closing(open_database(path)) as db:
        add(db)
    done = restoring.restore(copy, path, NOW)
    assert (done.plays, done.waiting, plays(path)) == (3, 3, 3)
    assert done.kept == path.with_name("scrobbled.db.before-restore-20261114200000")
    assert plays(done.kept) == 4
    assert stat.S_IMODE(done.kept.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    assert copy.exists()
    assert restoring.restore(copy, path, NOW).kept != done.kept, "nothing is ever replaced"


def test_what_waits_is_marked_and_what_is_in_doubt_or_done_is_not(path: Path, tmp_path: Path) -> None:
    with closing(open_database(path)) as db:
        outbox.begin(db, [1])
        outbox.settle(db, 2, PlayOutcome.DELIVERED, "", 0.0)
        for state in (PlayOutcome.HELD, PlayOutcome.PARKED):
            add(db, state)
    assert restoring.restore(backup.make(path, tmp_path / "c.db").path, path, NOW).waiting == 4
    with closing(open_database(path)) as db:
        rows = db.execute("SELECT id, restored FROM outbox ORDER BY id").fetchall()
    assert rows == [(1, 0), (2, 0), (3, 1), (4, 1), (5, 1)]


def test_a_running_instance_keeps_its_database(path: Path, copy: Path) -> None:
    with closing(opening.lock(path)):
        before = path.read_bytes()
        for work in (lambda: restoring.restore(copy, path, NOW), lambda: restoring.reset(path, NOW)):
            assert "Stop it first" in refused(work)
    assert path.read_bytes() == before


def test_a_newer_sign_in_stays_and_an_older_one_does_not(path: Path, copy: Path) -> None:
    with closing(open_database(path)) as db:
        sign_in(db, "exchanged since", 2.0)
    assert restoring.restore(copy, path, NOW).newer_sign_ins == 1
    assert secret(path) == "exchanged since"
    with closing(open_database(path)) as db:
        sign_in(db, "from long ago", 0.5)
    assert restoring.restore(copy, path, NOW).newer_sign_ins == 0
    assert secret(path) == "first"


def test_whoever_signed_out_of_the_page_since_stays_signed_out(path: Path, tmp_path: Path) -> None:
    with closing(open_database(path)) as db:
        page_sessions.keep(db, [(b"signed out since", 1.0, 2.0), (b"still there", 1.0, 3.0)])
        copy = backup.make(path, tmp_path / "copy.db").path
        page_sessions.keep(db, [(b"still there", 1.0, 4.0), (b"came since", 5.0, 5.0)])
    restoring.restore(copy, path, NOW)
    with closing(open_database(path)) as db:
        assert [key for key, *_ in page_sessions.kept(db)] == [b"still there", b"came since"]
    path.unlink()
    restoring.restore(copy, path, NOW)
    with closing(open_database(path)) as db:
        assert page_sessions.kept(db) == []


def test_a_missing_database_is_put_in_place(copy: Path, tmp_path: Path) -> None:
    there = tmp_path / "new machine" / "data" / "scrobbled.db"
    done = restoring.restore(copy, there, NOW)
    assert (done.kept, plays(there)) == (None, 3)


def test_a_database_that_is_gone_leaves_nothing_that_is_applied_to_the_copy(path: Path, copy: Path) -> None:
    path.unlink()
    path.with_name("scrobbled.db-journal").write_bytes(b"hot" * 400)
    done = restoring.restore(copy, path, NOW)
    assert done.kept is not None
    assert done.kept.with_name(done.kept.name + "-journal").read_bytes() == b"hot" * 400
    assert plays(path) == 3


def test_a_damaged_database_is_replaced_and_kept_as_it_is(path: Path, copy: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
    path.with_name("scrobbled.db-wal").write_bytes(b"rest")
    done = restoring.restore(copy, path, NOW)
    assert done.kept is not None
    assert done.kept.read_bytes().endswith(b"\xff" * 9000)
    assert plays(path) == 3


@pytest.mark.parametrize("mode", ["WAL", "TRUNCATE"])
def test_what_sqlite_had_not_finished_belongs_to_the_database_that_is_kept(path: Path, copy: Path, mode: str) -> None:
    """As a power cut leaves it: a journal or log beside the file, without which it is not whole."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        add(db)
        left = [path, *(p for s in ("-wal", "-journal") if (p := path.with_name(path.name + s)).exists())]
        saved = {p: p.read_bytes() for p in left}
    for place, content in saved.items():
        place.write_bytes(content)
    done = restoring.restore(copy, path, NOW)
    assert done.kept is not None
    assert (plays(done.kept), plays(path)) == (4, 3)


@pytest.mark.parametrize("mode", ["WAL", "TRUNCATE"])
def test_a_database_copied_by_hand_while_it_was_open_can_be_put_back(path: Path, tmp_path: Path, mode: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        add(db)
        for beside in path.parent.glob("scrobbled.db*"):
            shutil.copyfile(beside, tmp_path / beside.name.replace("scrobbled", "by hand"))
    there = tmp_path / "there" / "scrobbled.db"
    restoring.restore(tmp_path / "by hand.db", there, NOW)
    assert plays(there) == 4


def test_what_is_no_sound_copy_is_refused_and_nothing_is_touched(path: Path, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, only words " * 50)
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as db:
        db.execute("CREATE TABLE theirs (id)")
    shutil.copyfile(copy, tmp_path / "damaged.db")
    damage(tmp_path / "damaged.db")
    before = path.read_bytes()
    reasons = {
        "missing.db": "does not exist",
        "text.db": "cannot be read as a database",
        "empty.db": "is empty",
        "foreign.db": "is not a database of scrobbled",
        "damaged.db": "damaged.db",
        "data": "is a folder",
        "data/scrobbled.db": "the database itself",
    }
    for name, reason in reasons.items():
        assert reason in refused(restoring.restore, tmp_path / name, path, NOW)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.before-*"))
    assert not list(path.parent.glob("*.part-*"))


def test_an_older_copy_is_brought_up_to_date_and_a_newer_one_is_refused(path: Path, copy: Path) -> None:
    @migrations(name="from_tomorrow")
    def step(db: Database) -> None:
        db.execute("ALTER TABLE marks ADD COLUMN tomorrow TEXT")

    try:
        restoring.restore(copy, path, NOW)
        with closing(open_database(path)) as db:
            assert not migrations.pending(db)
        newer = backup.make(path, copy.with_name("newer.db")).path
    finally:
        migrations.all[:] = [m for m in migrations.all if m.name != "from_tomorrow"]
    told = refused(restoring.restore, newer, path, NOW)
    assert "written by a newer version (from_tomorrow). Update scrobbled" in told
    assert str(newer) in told


# -- beginning anew ---------------------------------------------------------------------------------------------------


def test_a_reset_forgets_what_was_watched_after_copying_it(path: Path) -> None:
    done = restoring.reset(path, NOW)
    assert (done.plays, done.waiting, plays(done.copy), plays(path)) == (3, 3, 3, 0)
    with closing(open_database(path)) as db:
        assert sum(overview.event_counts(db).values()) == 0
        assert overview.waiting(db) == []
        add(db)
        assert (overview.play_count(db), len(overview.queue(db))) == (1, 1)
    assert secret(path) == "first"


def test_a_reset_has_an_opinion_about_every_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    names = {name for name in names if not name.startswith("sqlite_")}
    assert names == {*restoring.FORGOTTEN, *KEPT}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power here."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)

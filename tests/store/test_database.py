"""One writer thread, group commit: what is told to be stored is, and what failed is not."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from patience import LONGEST
from scrobbled.core.errors import StoreError
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import mark, set_mark
from scrobbled.store.file.database import LARGEST_GROUP

pytestmark = pytest.mark.usefixtures("durable")


def with_store(path: Path, work: Callable[[Store], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        store = Store(path)
        try:
            return await work(store)
        finally:
            await store.aclose()

    return asyncio.run(run())


def marks(path: Path) -> dict[str, float]:
    """What a stranger reads from the file."""
    with sqlite3.connect(path) as db:
        found = dict(db.execute("SELECT name, value FROM marks").fetchall())
    db.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scrobbled.db"


def test_a_write_is_in_the_file_when_its_await_returns(path: Path) -> None:
    async def work(store: Store) -> None:
        assert await store.write(lambda db: set_mark(db, "one", 1.0)) is None
        assert marks(path) == {"one": 1.0}
        assert await store.read(lambda db: mark(db, "one")) == 1.0

    with_store(path, work)


def test_every_caller_of_a_group_gets_its_own_answer(path: Path) -> None:
    count = 3 * LARGEST_GROUP + 7

    async def work(store: Store) -> list[int]:
        def write(n: int, db: sqlite3.Connection) -> int:
            set_mark(db, f"m{n}", n)
            return n

        return await asyncio.gather(*(store.write(partial(write, n)) for n in range(count)))

    assert with_store(path, work) == list(range(count))
    assert marks(path) == {f"m{n}": float(n) for n in range(count)}


def test_a_burst_shares_commits(path: Path) -> None:
    async def work(store: Store) -> tuple[int, int]:
        gate = threading.Event()
        held = asyncio.create_task(store.write(lambda db: gate.wait(LONGEST)))
        await asyncio.sleep(0)
        tasks = [asyncio.create_task(store.write(partial(set_mark, name=f"m{n}", value=n))) for n in range(100)]
        await asyncio.sleep(0)
        before = await asyncio.to_thread(changes, path)
        gate.set()
        await asyncio.gather(held, *tasks)
        return before, await asyncio.to_thread(changes, path)

    def changes(path: Path) -> int:
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA journal_mode")
            counter = path.read_bytes()[24:28]
        db.close()
        return int.from_bytes(counter, "big")

    before, after = with_store(path, work)
    assert len(marks(path)) == 100
    assert after - before <= 3, "a commit moves the file's change counter by one"


@pytest.mark.parametrize("spoilt", [0, 1, 3])
def test_repeatable_work_is_run_again_where_a_neighbour_spoilt_it_and_only_that_one_is_refused(
    path: Path, spoilt: int
) -> None:
    def write(n: int, db: sqlite3.Connection) -> None:
        db.execute("UPDATE marks SET value = value + 1 WHERE name = 'sum'")
        set_mark(db, f"m{n}", n)
        if n == spoilt:
            raise ValueError("not this one")

    async def work(store: Store) -> list[object]:
        await store.write(partial(set_mark, name="sum", value=0))
        gate = threading.Event()
        held = asyncio.create_task(store.write(lambda db: gate.wait(LONGEST)))
        await asyncio.sleep(0)
        tasks = [asyncio.create_task(store.write(partial(write, n), repeatable=True)) for n in range(4)]
        await asyncio.sleep(0)
        gate.set()
        await held
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = with_store(path, work)
    assert [n for n, result in enumerate(results) if isinstance(result, ValueError)] == [spoilt]
    assert marks(path) == {"sum": 3.0} | {f"m{n}": float(n) for n in range(4) if n != spoilt}


def test_a_read_does_not_wait_for_the_writes_that_were_submitted_after_it(path: Path) -> None:
    async def work(store: Store) -> bool:
        gate, read = threading.Event(), threading.Event()
        first = asyncio.create_task(store.read(lambda db: gate.wait(LONGEST)))
        await asyncio.sleep(0)
        second = asyncio.create_task(store.read(lambda db: mark(db, "n")))
        second.add_done_callback(lambda _: read.set())
        await asyncio.sleep(0)
        written = asyncio.create_task(store.write(lambda db: read.wait(LONGEST)))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, second)
        return await written

    assert with_store(path, work), "they are one group, and the write ends when the read is through"


def test_what_is_bulk_lets_go_first_whatever_has_come_meanwhile(path: Path) -> None:
    order = list[str]()

    async def work(store: Store) -> None:
        gate, more = threading.Event(), threading.Event()

        def note(name: str, waits: threading.Event | None = None) -> Callable[[sqlite3.Connection], None]:
            def write(db: sqlite3.Connection) -> None:
                order.append(name)
                set_mark(db, name, 1.0)
                if waits is not None:
                    waits.wait(LONGEST)

            return write

        def bulk(name: str, waits: threading.Event | None = None) -> asyncio.Task[None]:
            return asyncio.create_task(store.write(note(name, waits), bulk=True))

        held = asyncio.create_task(store.write(lambda db: gate.wait(LONGEST)))
        await asyncio.sleep(0)
        tasks = [bulk("first piece", more), bulk("second piece"), asyncio.create_task(store.write(note("webhook")))]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(held, tasks.pop())
        assert not any(task.done() for task in tasks)
        later = asyncio.create_task(store.write(note("next webhook")))
        await asyncio.sleep(0)
        more.set()
        await later
        await asyncio.gather(*tasks)

    with_store(path, work)
    assert order == ["webhook", "first piece", "next webhook", "second piece"]
    assert marks(path) == dict.fromkeys(order, 1.0)


def test_what_is_bulk_fails_alone_and_is_finished_before_the_end(path: Path) -> None:
    def write(n: int, db: sqlite3.Connection) -> None:
        set_mark(db, f"m{n}", n)
        if n == 1:
            raise ValueError("not this one")

    async def work(store: Store) -> list[object]:
        tasks = [asyncio.create_task(store.write(partial(write, n), bulk=True)) for n in range(4)]
        await asyncio.sleep(0)
        await store.aclose()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = with_store(path, work)
    assert [isinstance(result, ValueError) for result in results] == [False, True, False, False]
    assert marks(path) == {f"m{n}": float(n) for n in (0, 2, 3)}


def test_reads_see_the_writes_that_were_submitted_before_them(path: Path) -> None:
    async def work(store: Store) -> list[float]:
        results = []
        for n in range(20):
            _, seen = await asyncio.gather(
                store.write(partial(set_mark, name="n", value=n)), store.read(lambda db: mark(db, "n"))
            )
            results.append(seen)
        return results

    assert with_store(path, work) == [float(n) for n in range(20)]


@pytest.mark.parametrize(
    "trouble", [ValueError("no"), KeyError("no"), sqlite3.IntegrityError("no"), ZeroDivisionError()]
)
def test_a_job_that_fails_is_rolled_back_alone(path: Path, trouble: Exception) -> None:
    def failing(db: sqlite3.Connection) -> None:
        set_mark(db, "half", 1.0)
        raise trouble

    async def work(store: Store) -> list[Any]:
        jobs = [partial(set_mark, name="a", value=1.0), failing, partial(set_mark, name="b", value=2.0)]
        return await asyncio.gather(*(store.write(job) for job in jobs), return_exceptions=True)

    assert with_store(path, work) == [None, trouble, None]
    assert marks(path) == {"a": 1.0, "b": 2.0}


def test_a_violated_constraint_concerns_its_own_job_only(path: Path) -> None:
    def twice(db: sqlite3.Connection) -> None:
        for _ in range(2):
            db.execute("INSERT INTO marks (name, value) VALUES ('same', 1)")

    async def work(store: Store) -> None:
        ok, bad = await asyncio.gather(
            store.write(partial(set_mark, name="ok", value=1)), store.write(twice), return_exceptions=True
        )
        assert ok is None
        assert isinstance(bad, sqlite3.IntegrityError)

    with_store(path, work)
    assert marks(path) == {"ok": 1.0}


def fill(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO cache (key, value, stored_at, expires_at) VALUES ('big', zeroblob(4000000), 0, 0)")


def test_a_full_disk_stores_nothing_of_the_group_and_says_so_to_all(path: Path) -> None:
    async def work(store: Store) -> None:
        await store.write(partial(set_mark, name="before", value=1))
        await store.read(lambda db: db.execute("PRAGMA max_page_count = 100").fetchall())
        begun, gate = threading.Event(), threading.Event()
        held = asyncio.create_task(store.read(lambda db: begun.set() or gate.wait(LONGEST)))  # type: ignore[func-returns-value]
        await asyncio.to_thread(begun.wait)
        group = asyncio.gather(
            store.write(partial(set_mark, name="neighbour", value=1)), store.write(fill), return_exceptions=True
        )
        await asyncio.sleep(0)
        gate.set()
        found = await group
        await held
        assert [type(error) for error in found] == [StoreError, StoreError]
        assert "full" in str(found[0])
        assert "make room on that disk" in str(found[0])
        assert marks(path) == {"before": 1.0}
        await store.read(lambda db: db.execute("PRAGMA max_page_count = 1073741823").fetchall())
        await store.write(fill)
        await store.write(partial(set_mark, name="after", value=1))

    with_store(path, work)
    assert marks(path) == {"before": 1.0, "after": 1.0}


def test_a_file_that_is_destroyed_under_us_is_a_store_error_for_readers_and_writers(path: Path) -> None:
    async def work(store: Store) -> None:
        await store.write(fill)
        await asyncio.to_thread(path.write_bytes, b"this is no database any more" * 1000)
        with pytest.raises(StoreError):
            await store.read(lambda db: db.execute("SELECT count(*), max(value) FROM cache").fetchall())
        with pytest.raises(StoreError):
            await store.write(partial(set_mark, name="x", value=1))

    with_store(path, work)


def test_a_caller_that_gave_up_does_not_take_its_neighbours_along(path: Path) -> None:
    async def work(store: Store) -> None:
        gate = threading.Event()
        slow = asyncio.create_task(store.write(lambda db: gate.wait(LONGEST)))
        quick = asyncio.create_task(store.write(partial(set_mark, name="quick", value=1)))
        other = asyncio.create_task(store.write(partial(set_mark, name="other", value=1)))
        await asyncio.sleep(0)
        quick.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(slow, other)
        assert quick.cancelled()

    with_store(path, work)
    assert marks(path)["other"] == 1.0


def test_closing_finishes_what_was_submitted(path: Path) -> None:
    async def run() -> None:
        store = Store(path)
        tasks = [asyncio.create_task(store.write(partial(set_mark, name=f"m{n}", value=n))) for n in range(50)]
        await asyncio.sleep(0)
        await store.aclose()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert len(marks(path)) == 50


def test_after_closing_nothing_is_taken_and_nobody_waits_for_ever(path: Path) -> None:
    async def run() -> None:
        store = Store(path)
        await store.aclose()
        for submit in (store.write, store.read):
            with pytest.raises(StoreError, match="closed"):
                await submit(lambda db: None)
        await store.aclose()

    asyncio.run(run())


def test_what_is_submitted_while_it_closes_is_refused_and_does_not_hang(path: Path) -> None:
    async def run() -> None:
        store = Store(path)
        gate = threading.Event()
        slow = asyncio.create_task(store.write(lambda db: gate.wait(LONGEST)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(store.aclose())
        await asyncio.sleep(0)
        late = asyncio.create_task(store.write(partial(set_mark, name="late", value=1)))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(slow, closing)
        with pytest.raises(StoreError, match="closed"):
            async with asyncio.timeout(LONGEST):
                await late

    asyncio.run(run())


def test_a_group_of_more_than_the_largest_still_ends_when_it_is_closed(path: Path) -> None:
    async def run() -> None:
        store = Store(path)
        gate = threading.Event()
        slow = asyncio.create_task(store.write(lambda db: gate.wait(LONGEST)))
        tasks = [
            asyncio.create_task(store.write(partial(set_mark, name=f"m{n}", value=n)))
            for n in range(2 * LARGEST_GROUP - 2)
        ]
        await asyncio.sleep(0)
        closing = asyncio.create_task(store.aclose())
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(slow, closing, *tasks)

    asyncio.run(run())
    assert len(marks(path)) == 2 * LARGEST_GROUP - 2


def test_only_what_others_write_counts_as_changed_outside(path: Path) -> None:
    async def work(store: Store) -> None:
        first = await store.changed_outside()
        await store.write(partial(set_mark, name="own", value=1))
        assert await store.changed_outside() == first
        other = Store(path)
        await other.write(partial(set_mark, name="theirs", value=1))
        await other.aclose()
        assert await store.changed_outside() != first
        assert await store.read(lambda db: mark(db, "theirs")) == 1.0

    with_store(path, work)


def test_two_stores_write_to_one_file_in_turns(path: Path) -> None:
    async def run() -> None:
        stores = [Store(path) for _ in range(3)]

        def add(db: sqlite3.Connection) -> None:
            set_mark(db, "sum", mark(db, "sum") + 1)

        await asyncio.gather(*(store.write(add) for _ in range(10) for store in stores))
        for store in stores:
            await store.aclose()

    asyncio.run(run())
    assert marks(path) == {"sum": 30.0}

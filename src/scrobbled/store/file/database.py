"""One SQLite file, one writing thread, one transaction for everything that waits: group commit.

A write is on disk when its ``await`` returns. While one commit is under way the next writes gather and share the one
after it, so a burst of webhooks costs a few commits and not hundreds. A read that comes before them waits for none.
What is bulk (thousands of rows of an account, a little at a time) lets all of that go first, one piece after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from scrobbled.core.errors import StoreError
from scrobbled.store.file import opening
from scrobbled.store.file.opening import advised, open_database

T = TypeVar("T")
LARGEST_GROUP = 256
AGAIN_SECONDS = 5.0
"""So long a lock is waited for that has outlasted ``BUSY_SECONDS`` already."""
log = structlog.get_logger("store")


@dataclass(slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    writes: bool
    repeatable: bool
    bulk: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Store:
    """The database. ``write`` and ``read`` run a function on the database thread and may be called concurrently.

    A function that raises is rolled back alone; its neighbours in the same commit are not touched. ``StoreError`` is
    raised when the commit itself fails (disk full, locked by a stranger): then nothing of the group is stored.
    """

    def __init__(self, path: Path, *, create: bool = True, check: bool = False) -> None:
        """``create`` makes a missing file. ``check`` looks for damage first, which keeps others waiting meanwhile."""
        self.path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)
        self._opened = threading.Event()
        self._closing = False
        self._broken = False
        self._failure: Exception | None = None
        self._create, self._check = create, check
        self._thread.start()
        self._opened.wait()
        if self._failure is not None:
            raise self._failure

    async def write(
        self, work: Callable[[sqlite3.Connection], T], *, repeatable: bool = False, bulk: bool = False
    ) -> T:
        """Run ``work`` in a transaction; what it wrote is durable when this returns its result.

        ``repeatable`` work changes nothing but the database. It may be run a second time, as it costs less not to be
        kept apart from its neighbours before one of them fails. What is ``bulk`` lets go first whatever has come
        meanwhile, and shares its commit with nothing: a webhook waits for one piece of it, however many there are.
        """
        return await self._submit(work, writes=True, repeatable=repeatable, bulk=bulk)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work``, which must not write; keep it short, as writers wait behind it."""
        return await self._submit(work, writes=False)

    async def changed_outside(self) -> int:
        """A number that moves when another process commits to the file (``PRAGMA data_version``)."""
        return await self.read(lambda db: int(db.execute("PRAGMA data_version").fetchone()[0]))

    @property
    def is_broken(self) -> bool:
        """The file could not be used when somebody tried last, and nothing was written since."""
        return self._broken

    async def aclose(self) -> None:
        """Finish what was submitted, then close the file. What comes later is refused with ``StoreError``."""
        self._closing = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _submit(
        self, work: Callable[[sqlite3.Connection], T], *, writes: bool, repeatable: bool = False, bulk: bool = False
    ) -> T:
        if self._closing or not self._thread.is_alive():
            raise StoreError("the database is closed")
        loop = asyncio.get_running_loop()
        job = _Job(work, writes, repeatable, bulk, loop, loop.create_future())
        self._jobs.put(job)
        result: T = await job.future
        return result

    def _run(self) -> None:
        try:
            connection = open_database(self.path, create=self._create, check=self._check)
        except Exception as error:  # noqa: BLE001 - handed to the constructor, which raises it
            self._failure = error
            self._opened.set()
            return
        self._opened.set()
        with contextlib.closing(connection):
            self._work_off(connection)

    def _work_off(self, connection: sqlite3.Connection) -> None:
        later, ended = deque[_Job](), False
        while later or not ended:
            group = list(self._gathered(wait=not later))
            jobs = [job for job in group if job is not None]
            ended = ended or len(jobs) < len(group)
            later += (job for job in jobs if job.bulk)
            urgent = [job for job in jobs if not job.bulk]
            reads = list(itertools.takewhile(lambda job: not job.writes, urgent))
            self._answer(reads, connection)  # and not with the commit, for which the disk may take its time
            self._answer(urgent[len(reads) :], connection)
            if later:
                self._answer([later.popleft()], connection)

    def _answer(self, jobs: list[_Job], connection: sqlite3.Connection) -> None:
        if not _perform(jobs, connection):
            self._is_now(connection, broken=True)
        elif any(job.writes for job in jobs):
            self._is_now(connection, broken=False)
        _tell(jobs)

    def _is_now(self, connection: sqlite3.Connection, *, broken: bool) -> None:
        """Who waited in vain once waits shorter, as everything else here waits behind it, pages and probes too."""
        if broken == self._broken:
            return
        self._broken = broken
        seconds = min(AGAIN_SECONDS, opening.BUSY_SECONDS) if broken else opening.BUSY_SECONDS
        connection.execute(f"PRAGMA busy_timeout = {round(1_000 * seconds)}")

    def _gathered(self, *, wait: bool) -> Iterable[_Job | None]:
        """What has come, with ``wait`` at least one; ``None`` comes last, and is the end."""
        for number in range(LARGEST_GROUP):
            try:
                job = self._jobs.get(block=wait and number == 0)
            except queue.Empty:
                return
            yield job
            if job is None:
                return


def _perform(group: list[_Job], connection: sqlite3.Connection) -> bool:
    """Whether the file could be used; what came of each job is noted in it."""
    try:
        _transact(group, connection)
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        failure = StoreError(_unusable(str(error)))
        for job in group:
            job.result, job.error = None, failure
        return False
    return True


def _unusable(why: str) -> str:
    return f"the database cannot be used: {why}. {advised(why, 'Check free space and permissions.')}"


def _transact(group: list[_Job], connection: sqlite3.Connection) -> None:
    if not any(job.writes for job in group):
        for job in group:
            _work(job, connection)
        return
    connection.execute("BEGIN IMMEDIATE")
    if len(group) == 1:  # as it is in a quiet house, where nobody has to be kept apart
        _work(group[0], connection)
        connection.execute("ROLLBACK" if group[0].error is not None else "COMMIT")
        return
    for repeatable, some in itertools.groupby(group, lambda job: job.repeatable):
        jobs = list(some)
        if not (repeatable and _together(jobs, connection)):
            for job in jobs:
                _together([job], connection)
    connection.execute("COMMIT")


def _together(jobs: list[_Job], connection: sqlite3.Connection) -> bool:
    """Whether all of them went well; else none of them changed anything."""
    connection.execute("SAVEPOINT jobs")
    well = all(_work(job, connection) for job in jobs)
    if not well:
        connection.execute("ROLLBACK TO jobs")
    connection.execute("RELEASE jobs")
    return well


def _work(job: _Job, connection: sqlite3.Connection) -> bool:
    """Whether it went well."""
    try:
        job.result, job.error = job.work(connection), None
    except Exception as error:
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            raise  # the disk or a damaged file, not the work: nothing of this group may be taken for stored
        job.error = error
    return job.error is None


def _tell(group: list[_Job]) -> None:
    loops = {job.loop for job in group}
    for loop in loops:
        mine = [job for job in group if job.loop is loop]
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            loop.call_soon_threadsafe(_resolve, mine)


def _resolve(group: list[_Job]) -> None:
    for job in group:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)

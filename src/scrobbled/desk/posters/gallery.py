"""Which pictures there are, and fetching those that are not: behind, a few at a time, each once however many ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import structlog

from scrobbled.core.errors import StoreError, TrackerError, said
from scrobbled.desk.posters.means import PosterSources
from scrobbled.desk.posters.picture import Picture
from scrobbled.desk.posters.shelf import PictureCache
from scrobbled.desk.posters.subject import PosterSubject
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock

AT_ONCE = 4
LONGEST_QUEUE = 400
REMEMBERED = 5_000
"""Subjects, some hundred bytes each: as many as anybody scrolls past in an evening."""
REFRESH = 30 * 86_400.0
THERE_HOLDS = 3_600.0
"""Seconds until it is looked again whether a picture is still there; it may have had to make room."""
NONE_HOLDS = 86_400.0
"""Seconds for which it is believed that nobody has a picture."""
TROUBLE_HOLDS = 600.0
log = structlog.get_logger("art")


class Gallery:
    """``meet`` makes the key of a picture known and has it fetched, ``picture`` gives it. Neither waits for a network.

    Use ``aclose`` at the end. A disk that is full or cannot be written means no pictures, and nothing else.
    """

    def __init__(self, shelf: PictureCache, cache: Cache, clock: Clock, means: PosterSources) -> None:
        """``cache`` remembers, beyond a restart, of what there is no picture."""
        self._shelf, self._cache, self._clock, self._means = shelf, cache, clock, means
        self._known: OrderedDict[str, PosterSubject] = OrderedDict()
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._busy: set[str] = set()
        self._not_before = _Until(clock)
        self._there = _Until(clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._disk_fails = False
        self._closed = False

    @property
    def can_ask(self) -> bool:
        """Whether anybody is configured who may have a picture."""
        return bool(self._means.sources)

    def use(self, means: PosterSources) -> None:
        """Ask these from now on, also for what others did not have."""
        if means.name != self._means.name:
            self._not_before.clear()
        self._means = means

    def meet(self, subject: PosterSubject) -> None:
        """Remember what the key stands for, and have it fetched unless it is there already."""
        before = self._known.pop(subject.key, None)
        self._known[subject.key] = subject if before is None else subject.joined(before)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._want(subject.key)

    async def picture(self, key: str) -> Picture | None:
        """What is on the shelf; ``None`` is to be asked again in a moment, as it may be on its way."""
        found = await asyncio.to_thread(self._shelf.get, key)
        if found is None:
            self._there.drop(key)  # it had to make room, or somebody emptied the folder
        self._want(key)
        return found

    def has_none(self, key: str) -> bool:
        """Whether there is no reason to look for it again soon."""
        return key not in self._busy and key in self._not_before

    async def settled(self) -> None:
        """Return when nothing is being fetched."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def tidy(self) -> None:
        """Drop what may be kept no longer."""
        await asyncio.to_thread(self._shelf.tidy)

    async def aclose(self) -> None:
        self._closed = True
        self._queue.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _want(self, key: str) -> None:
        if self._closed or key not in self._known or key in self._busy or not self.can_ask:
            return
        if key in self._not_before or key in self._there:
            return
        self._queue[key] = None
        self._queue.move_to_end(key)
        if len(self._queue) > LONGEST_QUEUE:
            self._queue.popitem(last=False)
        if len(self._tasks) < AT_ONCE:
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        """What was asked for last is what somebody looks at now."""
        while self._queue:
            key, _ = self._queue.popitem(last=True)
            self._busy.add(key)
            try:
                if key in self._known:
                    await self._look(self._known[key])
            except StoreError as error:
                log.warning("a poster was not looked for", action="art", why=str(error))
                self._not_before.put(key, TROUBLE_HOLDS)
            finally:
                self._busy.discard(key)

    async def _look(self, subject: PosterSubject) -> None:
        age = await self._age(subject.key)
        wait = await self._fetch(subject) if age is None or age >= REFRESH else 0.0
        if wait:
            self._not_before.put(subject.key, wait)
        else:
            self._there.put(subject.key, THERE_HOLDS)

    async def _fetch(self, subject: PosterSubject) -> float:
        """Returns for how many seconds there is no reason to try again; 0 where the picture is there now."""
        none, sources = f"art:none:{subject.key}", self._means
        if await self._cache.get(none) == sources.name:
            return NONE_HOLDS
        try:
            found = await _found(sources, subject)
        except TrackerError as error:
            log.debug("no poster yet", action="art", key=subject.key, why=error.reason)
            return TROUBLE_HOLDS
        if found is None:
            await asyncio.to_thread(self._shelf.drop, subject.key)
            await self._cache.put(none, sources.name, seconds=NONE_HOLDS)
            return NONE_HOLDS
        return 0.0 if await self._put(subject.key, found) else TROUBLE_HOLDS

    async def _age(self, key: str) -> float | None:
        fetched = await asyncio.to_thread(self._shelf.fetched, key)
        return None if fetched is None else max(0.0, self._clock.now().timestamp() - fetched)

    async def _put(self, key: str, found: Picture) -> bool:
        try:
            await asyncio.to_thread(self._shelf.put, key, found)
        except OSError as error:
            if not self._disk_fails:
                log.warning("posters cannot be kept", action="art", why=said(error))
            self._disk_fails = True
            return False
        if self._disk_fails:
            log.info("posters are kept again", action="art")
        self._disk_fails = False
        return True


class _Until:
    """What holds for some keys for a while; the oldest are forgotten first where there are too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: OrderedDict[str, float] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return self._ends.get(key, 0.0) > self._clock.monotonic()

    def put(self, key: str, seconds: float) -> None:
        self._ends[key] = self._clock.monotonic() + seconds
        self._ends.move_to_end(key)
        if len(self._ends) > REMEMBERED:
            self._ends.popitem(last=False)

    def drop(self, key: str) -> None:
        self._ends.pop(key, None)

    def clear(self) -> None:
        self._ends.clear()


async def _found(means: PosterSources, subject: PosterSubject) -> Picture | None:
    """Of the first who has one. Raises ``TrackerError`` where nobody has, and somebody could not be asked."""
    trouble: TrackerError | None = None
    for source in means.sources:
        try:
            if (found := await source.find(subject)) is not None:
                return found
        except TrackerError as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble
    return None

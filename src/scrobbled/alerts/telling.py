"""Who is told what, and when.

A trouble and its end are only written down where they happen. One chore compares what is with what each address was
told last, and says the difference in one message. So nothing waits for a slow notification service, a restart repeats
nothing, and what could not be sent is still to be said.

What comes and goes: the first end is told at once. When the trouble is back within ``CALM``, that is told too, and from
then on its end only after it has held for ``CALM``: however often it flaps in between, nobody hears of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from msgspec.structs import replace

from scrobbled.alerts.sending import AlertAddress
from scrobbled.alerts.troubles import LastTold, Memory, Now, Open, Reach, Trouble, TroubleKey, TroubleLookup
from scrobbled.alerts.wording import AlertMessage, TroubleText, What, message, span
from scrobbled.core.errors import StoreError
from scrobbled.core.sending.retry import LONGEST_PROBE, probe
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics

WINDOW = 5.0
"""Seconds in which troubles gather for one message."""
ROUND = 60.0
"""Seconds between two looks at what lasts."""
CALM = 1_800.0
"""Seconds an end has to hold, for a trouble that came back."""
log = structlog.get_logger("alerts")


class Sender(Protocol):
    @property
    def addresses(self) -> Sequence[AlertAddress]: ...

    async def send(self, address: AlertAddress, message: AlertMessage) -> str:
        """Why it was not accepted; empty when it was."""
        ...


class Alerts:
    """Takes reports from anywhere; ``run`` tells them. ``settled`` tells at once what is due."""

    def __init__(
        self,
        memory: Memory,
        sender: Sender,
        *,
        repeat: float,
        now: Callable[[], datetime],
        metrics: Metrics,
        root: str | None = None,
    ) -> None:
        self._memory, self._now, self._metrics = memory, now, metrics
        self._looks: dict[str, TroubleLookup] = {}
        self._checks: list[Callable[[], Awaitable[None]]] = []
        self._figures: dict[TroubleKey, Trouble] = {}
        self._unnoted: dict[tuple[str, TroubleKey], LastTold] = {}
        self._failing: dict[str, str] = {}
        self._news = asyncio.Event()
        self._telling: asyncio.Task[float] | None = None
        self.use(sender, repeat, root)

    def use(self, sender: Sender, repeat: float, root: str | None = None) -> None:
        """Tell by ``sender``, and again after ``repeat`` seconds, from now on. ``root`` is the page's address."""
        self._sender, self._repeat, self._root = sender, repeat, (root or "").rstrip("/")
        self._news.set()  # an address that was corrected gets what the wrong one did not

    def look(self, kind: str, look: TroubleLookup) -> None:
        """Have ``look`` asked how a trouble of that kind stands, whenever it is to be told or may be over."""
        self._looks[kind] = look

    def watch(self, check: Callable[[], Awaitable[None]]) -> None:
        """Have ``check`` called once a minute; it reports what it finds."""
        self._checks.append(check)

    async def report(self, trouble: Trouble) -> None:
        """Remember it; it is told by and by. Raises ``StoreError``."""
        news = await self._memory.seen(trouble, self._time())
        if trouble.figures is not None:
            self._figures[trouble.kind, trouble.subject] = trouble
        if news:
            log.warning(trouble.title, action="alert", kind=trouble.kind, subject=trouble.subject, text=trouble.text)
            self._news.set()

    async def recovered(self, kind: str, subject: str, title: str, text: str) -> None:
        """The end of a trouble, which is told to whoever was told of it. Raises ``StoreError``."""
        ended = await self._memory.over((kind, subject), title, text, self._time())
        if ended is None:
            return
        self._figures.pop((kind, subject), None)
        took = span(self._time() - ended.first_seen)
        log.info(title, action="recovered", kind=kind, subject=subject, after=took)
        self._news.set()

    async def open(self) -> list[Open]:
        """What is not over, the oldest first."""
        return [trouble for trouble in await self._memory.everything() if trouble.ended_at is None]

    async def run(self, clock: Clock) -> None:
        """Until it is cancelled: what is news after ``WINDOW`` seconds, and what lasts, or failed, in its time."""
        while True:
            wait = await self.settled()
            if await clock.wait(self._news, wait):
                await clock.wait(asyncio.Event(), WINDOW)

    async def aclose(self, within: float) -> None:
        """Tell what is due, for at most ``within`` seconds; what is left is told after the next start."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.settled()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def settled(self) -> float:
        """Tell everything that is due now; returns seconds until there may be more. Never raises."""
        while self._telling is not None:
            await asyncio.wait([self._telling])
        # what was handed to a service must be noted, also when whoever waits for it gives up
        self._telling = asyncio.create_task(self._tried())
        self._telling.add_done_callback(self._is_told)
        return await asyncio.shield(self._telling)

    def _is_told(self, task: asyncio.Task[float]) -> None:
        self._telling = None

    async def _tried(self) -> float:
        try:
            await self._checked()
            wait = await self._tell()
            self._failing.pop("telling", None)
            return wait
        except StoreError as error:
            self._fails("telling", "what there is to tell has to wait", error)
        except Exception:
            log.exception("telling failed as it never should", action="alert")
        return ROUND

    async def _checked(self) -> None:
        for number, check in enumerate(self._checks):
            try:
                await check()
                self._failing.pop(str(number), None)
            except (StoreError, OSError) as error:
                self._fails(str(number), "a check was not possible", error)

    def _fails(self, what: str, text: str, error: Exception) -> None:
        """Logged when it begins to fail, or fails for another reason: it is tried every minute."""
        if self._failing.get(what) != str(error):
            log.warning(text, action="alert", why=str(error))
        self._failing[what] = str(error)

    async def _tell(self) -> float:
        self._news.clear()
        now, standing = self._time(), await self._standing()
        reach = await self._memory.reach()
        plans = [(address, items) for address, items in self._due(standing, now) if _may_be_tried(reach, address, now)]
        await asyncio.gather(*(self._tell_one(address, items, reach) for address, items in plans))
        await self._forget(now)
        later = (reach.next_at - now for reach in (await self._memory.reach()).values())
        return min([ROUND, *(wait for wait in later if wait > 0)])

    async def _standing(self) -> list[tuple[Open, Now]]:
        """Every trouble with how it stands; of those that prove to be over, the end is written down."""
        troubles = await self._memory.everything()
        stands = {trouble.key: await self._stands(trouble) for trouble in troubles if trouble.ended_at is None}
        over = [(trouble, stands[trouble.key]) for trouble in troubles if stands.get(trouble.key, Now()).lasts is False]
        for trouble, now in over:
            await self.recovered(*trouble.key, now.title or f"{trouble.subject} is well again", now.text)
        if over:
            troubles = await self._memory.everything()
        return [(trouble, Now() if trouble.ended_at else stands.get(trouble.key, Now())) for trouble in troubles]

    async def _stands(self, trouble: Open) -> Now:
        look, reported = self._looks.get(trouble.kind), self._figures.get(trouble.key)
        try:
            stands = await look(trouble.subject) if look else Now()
            if reported is not None and reported.figures is not None and not stands.figures:
                return replace(stands, figures=await reported.figures())
        except StoreError:
            raise
        except Exception:
            log.exception("a trouble could not be looked at; it is told as it was reported", kind=trouble.kind)
            return Now()
        return stands

    def _due(
        self, standing: Sequence[tuple[Open, Now]], now: float
    ) -> Iterable[tuple[AlertAddress, list[TroubleText]]]:
        """For each address what it is to be told; entries with the same URL are one address."""
        same: dict[str, list[AlertAddress]] = {}
        for address in self._sender.addresses:
            same.setdefault(address.key, []).append(address)
        for key, entries in same.items():
            items = []
            for trouble, stands in standing:
                told = self._unnoted.get((key, trouble.key)) or trouble.told_to(key)
                wanted = any(entry.concerns(trouble.kind, trouble.viewer) for entry in entries)
                if wanted and (what := _news(trouble, told, now, self._repeat)) and stands.lasts is not None:
                    items.append(_item(trouble, what, stands))
            if items:
                yield entries[0], items

    async def _tell_one(self, address: AlertAddress, items: Sequence[TroubleText], reach: Mapping[str, Reach]) -> None:
        """First what is wrong, then what is well again."""
        for good in (False, True):
            chosen = [item for item in items if (item.what is What.OVER) is good]
            if not chosen:
                continue
            why = await self._sender.send(address, message(chosen, self._time(), self._root, CALM))
            for item in chosen:
                self._metrics.alerts.labels(item.trouble.kind, "failed" if why else "sent").inc()
            if why:
                await self._note_failure(address, reach.get(address.key), why)
                return
            await self._note(address, [item.trouble.key for item in chosen], reach.get(address.key), good=good)

    async def _note_failure(self, address: AlertAddress, before: Reach | None, why: str) -> None:
        now, failures = self._time(), before.failures + 1 if before else 1
        try:
            await self._memory.reached(address.key, Reach(failures, now + probe(failures), now, why))
        except StoreError as error:
            log.warning("what could not be sent is tried again in a minute", action="alert", why=str(error))

    async def _note(
        self, address: AlertAddress, keys: Collection[TroubleKey], before: Reach | None, *, good: bool
    ) -> None:
        """What cannot be written down is remembered here, or a full disk would have it told every minute."""
        told = LastTold(self._time(), good)
        fresh = {(address.key, key): told for key in keys}
        self._unnoted |= fresh
        try:
            await self._memory.told(address.key, keys, told)
            if before is not None:
                await self._memory.reached(address.key, None)
        except StoreError as error:
            log.error("an alert was sent but not noted", action="alert", why=str(error))
        else:
            self._unnoted = {noted: told for noted, told in self._unnoted.items() if noted not in fresh}

    async def _forget(self, now: float) -> None:
        """What is over, held, and known to be over by whoever knew of it."""
        ended = [trouble for trouble in await self._memory.everything() if trouble.ended_at is not None]
        held = [trouble for trouble in ended if not 0 <= now - (trouble.ended_at or now) < CALM]
        if done := [
            trouble.key for trouble in held if not any(map(partial(_is_owed, trouble), self._sender.addresses))
        ]:
            await self._memory.forget(done)
            self._unnoted = {noted: told for noted, told in self._unnoted.items() if noted[1] not in done}

    def _time(self) -> float:
        return self._now().timestamp()


def _news(trouble: Open, told: LastTold | None, now: float, repeat: float) -> What | None:
    """What somebody who was told this last is to be told now."""
    if trouble.ended_at is not None:
        held = trouble.returns == 0 or now - trouble.ended_at >= CALM
        return What.OVER if told and not told.good and held else None
    if told is None:
        return What.BEGAN
    if told.good:
        return What.BACK
    return What.STILL if not trouble.once and now - told.at >= repeat else None


def _is_owed(trouble: Open, address: AlertAddress) -> bool:
    """Whether the address still has to hear of the end."""
    told = trouble.told_to(address.key)
    return told is not None and not told.good and address.concerns(trouble.kind, trouble.viewer)


def _item(trouble: Open, what: What, stands: Now) -> TroubleText:
    figures = f"{stands.figures} " if stands.figures else ""
    if what is What.OVER:
        return TroubleText(trouble, what, trouble.title, trouble.text)
    return TroubleText(trouble, what, stands.title or trouble.title, f"{figures}{stands.text or trouble.text}")


def _may_be_tried(reach: Mapping[str, Reach], address: AlertAddress, now: float) -> bool:
    """A time too far ahead is of a clock that was put back."""
    found = reach.get(address.key)
    return found is None or not 0 < found.next_at - now <= LONGEST_PROBE

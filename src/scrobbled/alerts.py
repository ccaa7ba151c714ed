"""Telling people, once when trouble begins, again after a while, and once when it is over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from scrobbled.core.errors import StoreError
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor

SEND_TIMEOUT = 30.0
"""Seconds for all addresses together."""
log = structlog.get_logger("alerts")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that needs a person. ``kind`` and ``subject`` together say "the same trouble"."""

    kind: str
    subject: str
    title: str
    text: str
    """What happened, what it means, what to do."""
    once: bool = False
    """Told one time only: it may well be meant to stay as it is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of a trouble. Unix seconds; ``last_sent`` is 0 while nothing could be sent."""

    first_seen: float
    last_sent: float
    count: int


class Memory(Protocol):
    """Remembers open troubles across restarts, so that a restart does not tell them again."""

    async def seen(self, trouble: Trouble, now: float) -> Seen:
        """Record one more sighting, counted, and return what is remembered with it."""
        ...

    async def told(self, trouble: Trouble, now: float) -> None: ...

    async def over(self, kind: str, subject: str) -> Seen | None:
        """Forget an open trouble; ``None`` where there was none."""
        ...


Send = Callable[[str, str, bool], Awaitable[bool]]
"""Sends title, text and "good news"; false when nobody could be reached."""


class Alerts:
    """Alerts on changes of state only. A failed alert is counted and logged, and tried again at the next sighting.

    Sending happens beside whoever reports: neither a webhook nor a delivery waits for a slow notification service.
    """

    def __init__(
        self, memory: Memory, send: Send, *, repeat: float, now: Callable[[], datetime], metrics: Metrics
    ) -> None:
        self._memory, self._send, self._repeat, self._now, self._metrics = memory, send, repeat, now, metrics
        self._sending: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def report(self, trouble: Trouble) -> None:
        """Remember it, and tell it unless it was told within ``repeat`` seconds."""
        now = self._now().timestamp()
        seen = await self._memory.seen(trouble, now)
        told = seen.last_sent and (trouble.once or now - seen.last_sent < self._repeat)
        if told or (trouble.kind, trouble.subject) in self._sending:
            return
        if seen.count == 1 or seen.last_sent:
            log.warning(trouble.title, action="alert", kind=trouble.kind, subject=trouble.subject, text=trouble.text)
        self._begin(trouble.kind, trouble.subject, self._tell(trouble, now))

    async def recovered(self, kind: str, subject: str, title: str, text: str) -> None:
        """Tell the end of a trouble that was told; silent where there was none."""
        if (telling := self._sending.get((kind, subject))) is not None:
            await asyncio.wait([telling])
        seen = await self._memory.over(kind, subject)
        if seen is None:
            return
        minutes = max(1, round((self._now().timestamp() - seen.first_seen) / 60))
        log.info(title, action="recovered", kind=kind, subject=subject, minutes=minutes)
        if seen.last_sent:
            self._begin(kind, subject, self._deliver(kind, title, f"{text} It took {_span(minutes)}.", good=True))

    async def settled(self) -> None:
        """Wait until everything that is being sent was sent, or was given up."""
        while self._sending:
            await asyncio.wait(self._sending.values())

    def _begin(self, kind: str, subject: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._sending[kind, subject] = task
        task.add_done_callback(lambda _: self._sending.pop((kind, subject), None))

    async def _tell(self, trouble: Trouble, now: float) -> None:
        if await self._deliver(trouble.kind, trouble.title, trouble.text, good=False):
            try:
                await self._memory.told(trouble, now)
            except StoreError as error:
                log.error("an alert was sent but not noted", action="alert", why=str(error))

    async def _deliver(self, kind: str, title: str, text: str, *, good: bool) -> bool:
        sent = await self._send(title, text, good)
        self._metrics.alerts.labels(kind, "sent" if sent else "failed").inc()
        return sent


def _span(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} minutes" if minutes > 1 else "1 minute"
    return f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"


class AppriseSender:
    """Sends through Apprise, which is loaded with the first alert: it costs 17 MB that most days nobody needs."""

    def __init__(self, urls: tuple[str, ...], redactor: Redactor) -> None:
        self._urls, self._redactor = urls, redactor
        self._apprise: Any = None
        self._loading = threading.Lock()

    async def __call__(self, title: str, text: str, good: bool) -> bool:
        if not self._urls:
            return False
        service = await asyncio.to_thread(self._loaded)  # the first time takes a third of a second
        from apprise import NotifyType

        kind = NotifyType.SUCCESS if good else NotifyType.WARNING
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                result = await service.async_notify(
                    body=self._redactor.text(text), title=self._redactor.text(title), notify_type=kind
                )
        except Exception as error:  # noqa: BLE001 - any plugin may raise anything; an alert must never end the service
            log.error("alert not sent", action="alert", error=type(error).__name__)
            return False
        return bool(result)

    def _loaded(self) -> Any:
        """Several alerts may want it at once, each in a thread of its own, and none may get it half filled."""
        with self._loading:
            if self._apprise is None:
                self._apprise = self._filled()
            return self._apprise

    def _filled(self) -> Any:
        from apprise import Apprise

        service = Apprise()
        for url in self._urls:
            if not service.add(url):
                log.error("an alert address is not understood", action="alert", scheme=url.partition(":")[0])
        return service


def is_alert_url(url: str) -> bool:
    """Whether Apprise understands the address; loads Apprise."""
    from apprise import Apprise

    return bool(Apprise().add(url))

"""Through Apprise, to one address after the other: each of them is reached, or not, by itself."""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from scrobbled.alerts.wording import AlertMessage, clipped
from scrobbled.plumbing.redact import MASK, Redactor

SEND_TIMEOUT = 30.0
"""Seconds for one message to one address."""
NOT_UNDERSTOOD = "Apprise does not understand this address; scrobbled config check says which"
log = structlog.get_logger("alerts")


@dataclass(frozen=True, slots=True)
class AlertAddress:
    """Whom to tell. Without ``viewers`` and ``kinds`` everything; ``viewers`` are compared trimmed and without case."""

    url: str = field(repr=False)
    place: str = ""
    """Where it stands in the configuration: ``alerts.urls[0]``."""
    viewers: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Names it in the database, and tells nothing of it."""
        return hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def label(self) -> str:
        """What may be shown: for some services the host is the secret."""
        return f"{self.url.partition('://')[0]}://{MASK}"

    def concerns(self, kind: str, viewer: str | None) -> bool:
        """An address of certain viewers gets what is about them, and nothing about the house."""
        if self.kinds and kind not in self.kinds:
            return False
        return not self.viewers or (viewer is not None and _fold(viewer) in map(_fold, self.viewers))


class AppriseSender:
    """Apprise is loaded with the first alert: it costs 17 MB that most days nobody needs."""

    def __init__(self, addresses: Sequence[AlertAddress], redactor: Redactor) -> None:
        self.addresses = tuple(addresses)
        self._redactor = redactor
        self._loading = threading.Lock()
        self._services: dict[str, Any] = {}

    async def send(self, address: AlertAddress, message: AlertMessage) -> str:
        """Why it was not accepted; empty when it was. Never raises."""
        try:
            service = await asyncio.to_thread(self._service, address)  # the first time takes a third of a second
            if service is None:
                return NOT_UNDERSTOOD
            async with asyncio.timeout(SEND_TIMEOUT):
                result = await self._notify(service, message)
        except TimeoutError:
            return self._failed(address, f"no answer within {SEND_TIMEOUT:.0f} seconds", "TimeoutError")
        except Exception as error:  # noqa: BLE001 - any plugin may raise anything; an alert must never end the service
            return self._failed(address, f"the plugin of this service failed ({type(error).__name__})", str(error))
        return "" if result else self._failed(address, self._reason(address, result), "refused")

    async def _notify(self, service: Any, message: AlertMessage) -> Any:
        """As text: titles come from media servers.

        Said to be text, it is escaped for services that want HTML or Markdown; with no word about its format it would
        be taken for that, and refused or garbled.
        """
        from apprise import NotifyFormat, NotifyType

        return await service.async_notify(
            body=self._redactor.text(message.text),
            title=self._redactor.text(message.title),
            notify_type=NotifyType.SUCCESS if message.good else NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )

    def _failed(self, address: AlertAddress, why: str, error: str) -> str:
        log.error("alert not sent", action="alert", address=address.place or address.label, why=why, error=error)
        return why

    def _service(self, address: AlertAddress) -> Any:
        """Several alerts may want it at once, each in a thread of its own, and none may get it half filled."""
        with self._loading:
            if address.url not in self._services:
                self._services[address.url] = self._filled(address)
            return self._services[address.url]

    def _filled(self, address: AlertAddress) -> Any:
        from apprise import Apprise

        service = Apprise()
        if service.add(address.url):
            return service
        log.error("an alert address is not understood", action="alert", scheme=address.url.partition(":")[0])
        return None

    def _reason(self, address: AlertAddress, result: Any) -> str:
        """What Apprise says of it, from 2.0 on, without what stands in the address."""
        entries = list(result.logs()) if hasattr(result, "logs") else []
        said = next((str(entry.message) for entry in entries if getattr(entry, "level", "") != "DEBUG"), "")
        for part in re.split(r"[:/?&=@]+", address.url.partition("://")[2]):
            if len(part) >= 4:
                said = said.replace(part, MASK)
        return clipped(self._redactor.text(said), 200) or "the service did not accept it"


def is_alert_url(url: str) -> bool:
    """Whether Apprise understands the address; loads Apprise."""
    from apprise import Apprise

    return bool(Apprise().add(url))


def _fold(name: str) -> str:
    return name.strip().casefold()

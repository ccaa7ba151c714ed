"""Asks the service now and then how it is, and passes on what is clicked. Knows nothing of icons."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import Callable
from typing import Any

import httpx
from msgspec.structs import replace

from scrobbled.cli.tray.seen import BEFORE, MAY_NOT_ACT, NOT_LET_IN, TrayView, seen, silent
from scrobbled.cli.tray.shapes import Light
from scrobbled.core.errors import ContractDrift, LoginNeeded, TrackerError
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.plumbing.http import Answer
from scrobbled.plumbing.pools import Pools

EVERY = 30.0
LONGEST = 300.0
"""Seconds between two questions while nobody answers: twice as many each time, up to this."""
PLACES = {"open": "", "needs": "/needs"}


class ServiceApi:
    """The API at one address. Raises ``LoginNeeded`` where it does not let us in, else another ``TrackerError``."""

    def __init__(self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """``token`` may be empty: on its own machine a service without a login asks for none."""
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = Pools(transport).to("scrobbled", f"{url}/api/v1")

    async def look(self) -> TrayView:
        answer = await self._asked("GET", "/status")
        try:
            return seen(answer.json())
        except (LookupError, TypeError, ValueError):
            raise ContractDrift("what answers there is not scrobbled, or an older one") from None

    async def sync(self, pairs: TrayView) -> None:
        for viewer, pair in pairs.pairs:
            await self._asked("POST", "/sync", {"viewer": viewer, "pair": pair})

    async def pause(self, *, on: bool) -> None:
        """For an hour, or not any more."""
        await (self._asked("POST", "/pause", {"for": "1h"}) if on else self._asked("DELETE", "/pause"))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _asked(self, method: str, path: str, body: Any = None) -> Answer:
        answer = await self._http.send(method, path, json=body, headers=self._headers, idempotent=method != "POST")
        if answer.status in (401, 403):
            raise LoginNeeded("it does not let this icon in")
        if not answer.ok:
            raise ContractDrift(f"{answer.what} answered {answer.status}")
        return answer


class Watch:
    """``told`` is called with what is seen, whenever that is new. ``run`` it; ``click`` may come from any thread."""

    def __init__(
        self,
        service: ServiceApi,
        told: Callable[[TrayView], None],
        *,
        clock: Clock | None = None,
        browse: Callable[[str], object] = webbrowser.open,
    ) -> None:
        self._service, self._told, self._clock, self._browse = service, told, clock or SystemClock(), browse
        self.now, self.ended = BEFORE, False
        self._clicked: list[str] = []
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def click(self, key: str) -> None:
        """Returns at once: what was clicked is done in the loop that runs."""
        if key == "exit":
            self.ended = True
        else:
            self._clicked.append(key)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stirred)

    def _stirred(self) -> None:
        self._news.set()
        if self.ended and self._task is not None:
            self._task.cancel()  # whatever it waits for

    async def run(self) -> None:
        """Until ``exit`` is clicked."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        look = True
        try:
            while not self.ended:
                if look:
                    await self._look()
                if not self._clicked:
                    await self._clock.wait(self._news, self.wait)
                self._news.clear()
                look = await self._all_done()
        except asyncio.CancelledError:
            if not self.ended:
                raise
        finally:
            await self._service.aclose()

    @property
    def wait(self) -> float:
        """Seconds until it is asked again, unless somebody clicks."""
        return min(LONGEST, EVERY * 2.0**self._failures)

    async def _look(self) -> None:
        try:
            found = await self._service.look()
            self._failures = 0
        except LoginNeeded:
            found = NOT_LET_IN
            self._failures += 1
        except TrackerError as error:
            found = silent(error.reason)
            self._failures += 1
        self._show(found)

    async def _all_done(self) -> bool:
        """Whether all that was clicked worked. What did not is told until it is time to look again."""
        worked = True
        while self._clicked:
            key = self._clicked.pop(0)
            try:
                await self._do(key)
            except LoginNeeded:
                self._show(replace(self.now, light=Light.NEEDS, text=MAY_NOT_ACT))
                worked = False
            except TrackerError as error:
                self._show(silent(error.reason))
                worked = False
        return worked

    async def _do(self, key: str) -> None:
        if key in PLACES:  # beside the loop, as some browsers are waited for
            await asyncio.to_thread(self._browse, f"{self._service.url}{PLACES[key]}")
        elif key == "sync":
            await self._service.sync(self.now)
        else:
            await self._service.pause(on=key == "pause")

    def _show(self, found: TrayView) -> None:
        if found != self.now:
            self.now = found
            self._told(found)

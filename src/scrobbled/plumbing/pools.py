"""Connections to services, one pool for each: the one way in which an ``Http`` is opened."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from scrobbled.plumbing.http import DateListener, Http, Observer


class Pools:
    """A pool is made when it is first asked for, and shared by all who ask for the same service here.

    ``transport`` replaces the network, for tests. Whoever must not wait for others has pools of its own. Use ``aclose``
    at the end.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        observer: Callable[[str], Observer] | None = None,
        *,
        dates: DateListener | None = None,
        proxies: bool = True,
    ) -> None:
        """``observer`` gives, for the name of a service, who is told of each request; for the rest see ``Http``."""
        self._transport, self._observer, self._dates, self._proxies = transport, observer, dates, proxies
        self._open: dict[str, Http] = {}

    def to(self, service: str, base: str = "") -> Http:
        """The service at ``base``. No request is sent."""
        if service not in self._open:
            self._open[service] = Http(
                "",
                observe=self._observed(service),
                parts=lambda part: self._observed(f"{service}-{part}"),
                dates=self._dates,
                transport=self._transport,
                proxies=self._proxies,
            )
        return self._open[service].at(base)

    def _observed(self, service: str) -> Observer | None:
        return self._observer(service) if self._observer else None

    async def aclose(self) -> None:
        for http in self._open.values():
            await http.aclose()

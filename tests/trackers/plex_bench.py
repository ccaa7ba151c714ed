"""A Plex tracker on an account of the stand-ins, and the means to disturb it."""

import asyncio
from typing import Any

import httpx
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.app import OWNER_TOKEN, PlexStandIn
from scrobbled.sandbox.plex.plextv import PlexTvStandIn
from scrobbled.sandbox.server import Sandbox
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context, SignIn
from scrobbled.trackers.plex.signin import sign_in
from scrobbled.trackers.plex.tracker import build
from trackers.doubles import KeptCache, KeptTokens, KnownShows

ROOT = "http://sandbox"
AT_PLEX = ("plex", "plextv", "plex-discover", "plex-metadata")
CLOUD = {
    "account_url": f"{ROOT}/plextv",
    "discover_url": f"{ROOT}/plex-discover",
    "metadata_url": f"{ROOT}/plex-metadata",
}
AT_HOME: dict[str, Any] = {"url": f"{ROOT}/plex", "token": OWNER_TOKEN, **CLOUD}
"""The owner's library by the address and token of the configuration."""
SIGNED_IN: dict[str, Any] = CLOUD
"""Whatever the account that signed in may use."""


class PlexBench:
    """A server and plex.tv, below a path each; ``tokens`` and ``cache`` outlive a tracker."""

    def __init__(self, clock: FakeClock, *, only: tuple[str, ...] = AT_PLEX) -> None:
        self.clock = clock
        self.sandbox = Sandbox(now=clock.now, only=only)
        self.plex: PlexStandIn = self.sandbox["plex"]
        self.plextv: PlexTvStandIn = self.sandbox["plextv"]
        self.cache, self.tokens = KeptCache(clock), KeptTokens()

    def http(self) -> Http:
        return Http(ROOT, transport=httpx.ASGITransport(app=self.sandbox))

    def tracker(
        self, settings: dict[str, Any] = AT_HOME, *, viewer: str = "anna", accounts: tuple[str, ...] = ("anna",)
    ) -> Tracker:
        """Another process, as it were: nothing is shared but the account and what is stored."""
        given = (self.http(), self.tokens, self.cache, KnownShows(), self.clock, accounts)
        return build(Context(viewer, settings, *given))

    async def signs_in(
        self,
        who: str = "anna",
        *,
        viewer: str = "anna",
        accounts: tuple[str, ...] = ("anna",),
        pin: str = "",
        **settings: Any,
    ) -> str:
        """Somebody agrees as ``who`` on Plex's page, and types ``pin`` where one is asked for."""

        def agree(shown: Any) -> None:
            for waiting in self.plextv.pins.values():
                waiting.token = f"sandbox-plextv-{who}"

        request = replace(self.request(viewer, accounts, **settings), ask=lambda question: pin, show=agree)
        try:
            return await asyncio.wait_for(sign_in(request), 20)
        finally:
            await request.http.aclose()

    def request(self, viewer: str = "anna", accounts: tuple[str, ...] = ("anna",), **settings: Any) -> SignIn:
        known = (self.http(), self.tokens, self.clock)
        return SignIn(viewer, {**SIGNED_IN, **settings}, *known, tell=str, ask=str, accounts=accounts)

    def fail(self, match: str, *, at: str = "plex", **fault: Any) -> None:
        """The next request that matches gets this; see ``Fault``."""
        self.sandbox[at].faults.add(Fault(match=match, **{"times": 1, **fault}))

    def asked(self, at: str = "plex") -> list[str]:
        """Every request so far, as ``METHOD /path``."""
        return [f"{call.method} {call.path}" for call in self.sandbox[at].calls()]

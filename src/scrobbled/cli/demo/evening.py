"""A family's evening against the sandbox: three media servers, real webhooks over real HTTP, an outage, the reckoning.

Anna and ben watch alone and, on the account "sofa", together; a neighbour watches too, whom nobody claims. In the end
the trackers of each are compared with what the servers know that they watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from scrobbled.cli.demo.library import DemoLibrary
from scrobbled.cli.demo.lists import DemoLists
from scrobbled.cli.demo.reckoning import FILMS, SERVERS, SHOWS, DemoViewing, Reckoning
from scrobbled.cli.waiting import Say
from scrobbled.config import Config, ViewerConfig, load
from scrobbled.plumbing.clock import SystemClock
from scrobbled.plumbing.logbook import Logbook
from scrobbled.plumbing.pools import Pools
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.homes.household import furnish, household_world
from scrobbled.sandbox.plex.people import ACCOUNTS
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.queue import overview
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import SignIn
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

PATIENCE = 90.0
"""Seconds until what was watched must have arrived; an ordinary evening takes about twenty."""
OUTAGE = 1.0
"""Seconds that it goes on after the last viewing in it."""
HOME = "127.0.0.1"
VISITOR = "demo"
"""Who signs in, where the page is open to other machines."""
EARLIER = timedelta(minutes=12)
"""How long ago the evening begins, so that its viewings end a minute apart; a webhook may be that late and no more."""
CONFIG = """
server: {server}
storage: {{path: {database}}}
sources:
  plex:
    {{token: demo-plex-token, url: {base}/plex, server_token: sandbox-plex-token, account_url: {base}/plextv}}
  jellyfin: {{token: demo-jellyfin-token, url: {base}/jellyfin, server_token: sandbox-jellyfin-key}}
  emby: {{token: demo-emby-token, url: {base}/emby, server_token: sandbox-emby-key}}
metadata:
  tmdb: {{key: 0123456789abcdef0123456789abcdef, url: {base}/tmdb/3, image_url: {base}/tmdb/t/p}}
viewers:
  - name: anna
    accounts: {{plex: anna, jellyfin: [anna, sofa], emby: sofa}}
    trackers:
      serializd: {{email: anna@example.org, password: anna-secret, url: {base}/serializd/api}}
      trakt: &app
        {{client_id: sandbox-client, client_secret: sandbox-secret, url: {base}/trakt, auth_url: {base}/trakt-auth}}
      plex:
        account_url: {base}/plextv
        discover_url: {base}/plex-discover
        metadata_url: {base}/plex-metadata
        servers:
          - {{url: {base}/plex, token: sandbox-plex-token}}
          - {{url: {base}/plex-cabin, token: sandbox-plex-cabin}}
    pairs: [{{between: [plex, trakt], plays: both, ratings: both, watchlist: both}}]
  - name: ben
    accounts: {{plex: "41220078", jellyfin: [ben, sofa], emby: [ben, sofa]}}
    trackers:
      serializd: {{email: ben@example.org, password: ben-secret, url: {base}/serializd/api}}
      trakt: *app
    pairs: []
"""


def _free_port() -> int:
    """Known beforehand, so that the service can be told where it will listen."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Demo:
    """``running`` sets everything up; ``play`` plays the evening and says whether all is as it must be."""

    def __init__(self, *, tell: Say, port: int = 0, host: str = HOME, book: Logbook | None = None) -> None:
        self._tell, self._port, self._host, self._book = tell, port, host, book
        self._password = "" if host == HOME else secrets.token_urlsafe(9)
        self.url, self.port = "", port
        self.sandbox = Sandbox(household_world(shows=SHOWS, movies=FILMS))
        self.home = furnish(self.sandbox, shows=SHOWS, movies=FILMS)
        self.runtime: Runtime
        self._base = ""
        self._ends = (datetime.now(UTC) - EARLIER + timedelta(minutes=n) for n in count())

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Demo]:
        async with contextlib.AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="scrobbled-demo-"))
            self._base = await stack.enter_async_context(self.sandbox.running())
            config = self._config(Path(folder), self._port or _free_port())
            await self._sign_in(config)
            self.runtime = build(config)
            await stack.enter_async_context(self.runtime.running())
            self.port = await stack.enter_async_context(
                listening(create_app(self.runtime, book=self._book), self._host, config.server.port)
            )
            self.url = f"http://{HOME}:{self.port}"
            await self._register_webhooks()
            yield self

    async def play(self) -> bool:
        """The evening, the waiting, and the comparison of each person's trackers with what was watched."""
        before, during, after = self._evening()
        self._tell(f"The service listens at {self.url}; the stand-ins at {self._base}.")
        self._tell("\nThe evening begins. Plex, Jellyfin and Emby send their webhooks while somebody watches;")
        self._tell("on the account sofa anna and ben watch together.")
        await self._watch(before)
        self._tell("\nSerializd and Trakt go down, and one answer is lost after its write took effect.")
        self._break()
        await self._watch(during)
        await asyncio.sleep(OUTAGE)
        self._mend()
        self._tell("\nThey are back. Everybody goes on watching.")
        await self._watch(after)
        reckoning, library = Reckoning(self.sandbox, self._tell), DemoLibrary(self.home, self._tell)
        lists = DemoLists(self.home, self._tell)
        arrived = await self._arrived(reckoning.plays())
        in_step = await library.bring(self.runtime)
        return all((arrived, in_step, reckoning.is_right(), library.is_right(reckoning), lists.is_right()))

    def _evening(self) -> tuple[list[DemoViewing], list[DemoViewing], list[DemoViewing]]:
        one, two, three = self.sandbox.world.shows[:3]
        films = [movie.title for movie in self.sandbox.world.movies[:FILMS]]
        before = [
            self._viewing("plex", "anna", f"{one.title} S1E1"),
            self._viewing("jellyfin", "ben", f"{two.title} S2E3"),
            self._viewing("jellyfin", "sofa", films[0]),
            self._viewing("emby", "ben", films[1]),
        ]
        during = [
            self._viewing("plex", "anna", f"{one.title} S1E2"),
            self._viewing("emby", "sofa", f"{three.title} S1E1"),
            self._viewing("plex", "neighbour", films[2]),
            self._viewing("jellyfin", "neighbour", f"{one.title} S1E1"),
        ]
        after = [
            self._viewing("jellyfin", "anna", f"{one.title} S1E3"),
            self._viewing("plex", "ben", f"{two.title} S2E4"),
        ]
        return before, during, after

    def _viewing(self, server: str, account: str, title: str) -> DemoViewing:
        return DemoViewing(server, account, self.sandbox["plex"].library.find(title), next(self._ends))

    async def _watch(self, viewings: Iterable[DemoViewing]) -> None:
        for viewing in viewings:
            names: Mapping[str, Any] = {account.title: account for account in ACCOUNTS}
            who = names[viewing.account] if viewing.server == "plex" else viewing.account
            deliveries = await self.sandbox[viewing.server].watch(viewing.item, who, at=viewing.ended)
            stored = sum(delivery.status == 200 for delivery in deliveries)
            told = f"{viewing.account} watches {viewing.label}"
            self._tell(f"  {SERVERS[viewing.server]:<9} {told:<40} {stored:>2} webhooks stored")

    def _break(self) -> None:
        from scrobbled.sandbox.faults import Fault

        self.sandbox["serializd"].faults.add(
            Fault(match="POST /api/show/reviews/add", kind="drop", when="after", times=1)
        )
        for name in ("serializd", "trakt"):
            self.sandbox[name].faults.start_outage()

    def _mend(self) -> None:
        for name in ("serializd", "trakt"):
            self.sandbox[name].faults.end_outage()

    async def _arrived(self, plays: int) -> bool:
        """Whether nothing waits any more before patience ends; what somebody has to decide would wait for ever."""
        self._tell("\nWaiting until everything has arrived …")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while loop.time() < deadline:
            waiting = await self.runtime.store.read(overview.waiting)
            if not waiting and await self.runtime.store.read(overview.play_count) == plays:
                return True
            await asyncio.sleep(0.1)
        self._tell("  Something still waits; scrobbled queue list would say what.")
        return False

    def _config(self, folder: Path, port: int) -> Config:
        path = folder / "scrobbled.yaml"
        server: dict[str, Any] = {"host": self._host, "port": port}
        if self._password:
            server["login"] = {"username": VISITOR, "password": self._password}
        path.write_text(CONFIG.format(base=self._base, database=folder / "scrobbled.db", server=json.dumps(server)))
        return load(path, {})

    @property
    def invitation(self) -> str:
        """How to open the page from elsewhere; empty where only this machine is listened to."""
        return f"Sign in as {VISITOR} with the password {self._password}" if self._password else ""

    async def _sign_in(self, config: Config) -> None:
        """As ``scrobbled auth trakt`` does, with somebody in the sandbox entering the code."""
        store, clock, http = Store(config.storage.path), SystemClock(), Pools().to("trakt")
        self.sandbox["trakt-auth"].sign_ins().interval = 1

        async def one(viewer: ViewerConfig) -> None:
            tokens = StoredTokens(store, viewer.name, "trakt", lambda values: None, clock.now)
            approve = self._approver(viewer.name)
            request = SignIn(viewer.name, viewer.trackers["trakt"], http, tokens, clock, tell=approve, ask=str)
            await TRACKERS["trakt"].sign_in(request)

        try:
            await asyncio.gather(*map(one, config.viewers))
        finally:
            await http.aclose()
            await store.aclose()

    def _approver(self, username: str) -> Say:
        def seen(line: str) -> None:
            if line.isalnum():
                self.sandbox["trakt-auth"].sign_ins().settle_device(line, username=username, deny=False)

        return seen

    async def _register_webhooks(self) -> None:
        """Plex keeps them with the account at plex.tv, the others with the server."""
        for name in ("jellyfin", "emby"):
            self.sandbox[name].hook(f"{self.url}/webhooks/{name}/demo-{name}-token")
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                f"{self._base}/plextv/api/v2/user/webhooks",
                headers={"X-Plex-Token": "sandbox-plextv-anna", "Accept": "application/json"},
                data={"urls[]": f"{self.url}/webhooks/plex/demo-plex-token"},
            )
            answer.raise_for_status()

"""A household's evening against the sandbox: real webhooks over real HTTP, an outage in the middle, the reckoning."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from scrobbled.clock import SystemClock
from scrobbled.config import Config, load
from scrobbled.http import Http
from scrobbled.runtime import Runtime, build
from scrobbled.sandbox.player import ANNA, BEN, NEIGHBOUR, PlexAccount
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store, overview
from scrobbled.store.accounts import StoredTokens
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import SignIn
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

PATIENCE = 90.0
"""Seconds until what was watched must have arrived; an ordinary evening takes about fifteen."""
OUTAGE = 4.0
CONFIG = """
server: {{host: 127.0.0.1}}
storage: {{path: {database}}}
sources:
  plex: {{token: demo-webhook-token, url: {base}/plex, server_token: sandbox-plex-token}}
metadata:
  tmdb: {{key: 0123456789abcdef0123456789abcdef, url: {base}/tmdb/3}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: anna-secret, url: {base}/serializd/api}}
      trakt: &app
        {{client_id: sandbox-client, client_secret: sandbox-secret, url: {base}/trakt, auth_url: {base}/trakt-auth}}
  - name: ben
    accounts: {{plex: "41220078"}}
    trackers:
      serializd: {{email: ben@example.org, password: ben-secret, url: {base}/serializd/api}}
      trakt: *app
"""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Viewing:
    """Somebody watches something; ``key`` is what each side must hold once."""

    account: PlexAccount
    title: str
    season: int | None = None
    number: int | None = None

    @property
    def key(self) -> tuple[str, int | None, int | None]:
        return (self.title, self.season, self.number)

    @property
    def label(self) -> str:
        return self.title if self.season is None else f"{self.title} S{self.season} E{self.number}"


class Demo:
    """``running`` sets everything up; ``play`` plays the evening and says whether all is as it must be."""

    def __init__(self, *, tell: Tell, port: int = 0) -> None:
        self._tell, self._port = tell, port
        self.url = ""
        self.sandbox = Sandbox(shows=4, movies=3)
        self.runtime: Runtime
        self._base = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Demo]:
        async with contextlib.AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="scrobbled-demo-"))
            self._base = await stack.enter_async_context(self.sandbox.running())
            config = self._config(Path(folder))
            await self._sign_in(config)
            self.runtime = build(config)
            await stack.enter_async_context(self.runtime.running())
            port = await stack.enter_async_context(listening(create_app(self.runtime), "127.0.0.1", self._port))
            self.url = f"http://127.0.0.1:{port}"
            await self._register_webhook()
            yield self

    async def play(self) -> bool:
        """The evening, the waiting, and the comparison of both sides with what was watched."""
        before, during, after = self._evening()
        self._tell(f"The service listens at {self.url}; the stand-ins at {self._base}.")
        self._tell("\nThe evening begins. Plex sends a webhook for each play, pause, resume, stop and scrobble.")
        await self._watch(before)
        self._tell("\nSerializd and Trakt go down, and one answer is lost after its write took effect.")
        self._break()
        await self._watch(during)
        await self._watch([Viewing(NEIGHBOUR, self.sandbox.world.movies[2].title)])
        await asyncio.sleep(OUTAGE)
        self._mend()
        self._tell("\nThey are back. Everybody goes on watching.")
        await self._watch(after)
        viewings = [*before, *during, *after]
        arrived = await self._arrived(len(viewings))
        return self._reckon(viewings) and arrived

    def _evening(self) -> tuple[list[Viewing], list[Viewing], list[Viewing]]:
        shows, movies = self.sandbox.world.shows, self.sandbox.world.movies
        before = [
            _episode(ANNA, shows[0].title, 1, 1),
            _episode(BEN, shows[1].title, 2, 3),
            Viewing(BEN, movies[1].title),
        ]
        during = [
            _episode(ANNA, shows[0].title, 1, 2),
            _episode(ANNA, shows[2].title, 1, 1),
            _episode(BEN, shows[1].title, 2, 4),
        ]
        after = [_episode(ANNA, shows[0].title, 1, 3), Viewing(ANNA, movies[0].title)]
        return before, during, after

    async def _watch(self, viewings: Iterable[Viewing]) -> None:
        for viewing in viewings:
            deliveries = await self.sandbox["plex"].watch(self._item(viewing), viewing.account)
            stored = sum(delivery.status == 200 for delivery in deliveries)
            self._tell(f"  {viewing.account.title} watches {viewing.label}: {stored} webhooks stored")

    def _item(self, viewing: Viewing) -> Any:
        library, world = self.sandbox["plex"].library, self.sandbox.world
        if viewing.season is None or viewing.number is None:
            return library.find(viewing.title)
        show = next(show for show in world.shows if show.title == viewing.title)
        return library.find(show.episode(viewing.season, viewing.number).rating_key)

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

    def _reckon(self, viewings: Sequence[Viewing]) -> bool:
        right = True
        for account in (ANNA, BEN):
            mine = [viewing for viewing in viewings if viewing.account is account]
            episodes = [viewing for viewing in mine if viewing.season is not None]
            right &= self._compare(f"Serializd diary of {account.title}", episodes, self._serializd(account.title))
            right &= self._compare(f"Trakt history of {account.title}", mine, self._trakt(account.title))
        self._tell("\nEach play is there exactly once." if right else "\nSomething is missing or doubled, see above.")
        return right

    def _compare(self, name: str, wanted: Sequence[Viewing], held: Sequence[tuple[Any, str]]) -> bool:
        self._tell(f"\n{name}:")
        keys = [key for key, _ in held]
        for viewing in wanted:
            times = keys.count(viewing.key)
            when = next((at for key, at in held if key == viewing.key), "never")
            self._tell(f"  {viewing.label:<28} {when:<20} {'once' if times == 1 else f'{times} TIMES'}")
        return sorted(keys, key=str) == sorted((viewing.key for viewing in wanted), key=str)

    def _serializd(self, username: str) -> list[tuple[Any, str]]:
        spots = {
            (show.tmdb, season.tmdb): (show.title, season.number)
            for show in self.sandbox.world.shows
            for season in show.seasons
        }
        account: Mapping[str, Any] = self.sandbox["serializd"].state()["accounts"][username]
        rows = []
        for review in account["reviews"]:
            title, season = spots[review["showId"], review["seasonId"]]
            rows.append(((title, season, review["episodeNumber"]), review["backdate"]))
        return rows

    def _trakt(self, username: str) -> list[tuple[Any, str]]:
        account: Mapping[str, Any] = self.sandbox["trakt"].state()["accounts"].get(username, {"history": []})
        return [((row["title"], row.get("season"), row.get("number")), row["watched_at"]) for row in account["history"]]

    def _config(self, folder: Path) -> Config:
        path = folder / "scrobbled.yaml"
        path.write_text(CONFIG.format(base=self._base, database=folder / "scrobbled.db"))
        return load(path, {})

    async def _sign_in(self, config: Config) -> None:
        """As ``scrobbled auth trakt`` does, with somebody in the sandbox entering the code."""
        store, clock, http = Store(config.storage.path), SystemClock(), Http("")
        self.sandbox["trakt-auth"].sign_ins().interval = 1
        try:
            for viewer in config.viewers:
                tokens = StoredTokens(store, viewer.name, "trakt", lambda values: None, clock.now)
                approve = self._approver(viewer.name)
                await TRACKERS["trakt"].sign_in(
                    SignIn(viewer.name, viewer.trackers["trakt"], http, tokens, clock, tell=approve, ask=str)
                )
        finally:
            await http.aclose()
            await store.aclose()

    def _approver(self, username: str) -> Tell:
        def seen(line: str) -> None:
            if line.isalnum():
                self.sandbox["trakt-auth"].sign_ins().settle_device(line, username=username, deny=False)

        return seen

    async def _register_webhook(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                f"{self._base}/plextv/api/v2/user/webhooks",
                headers={"X-Plex-Token": "sandbox-plextv-anna", "Accept": "application/json"},
                data={"urls[]": f"{self.url}/webhooks/plex/demo-webhook-token"},
            )
            answer.raise_for_status()


def _episode(account: PlexAccount, title: str, season: int, number: int) -> Viewing:
    return Viewing(account, title, season, number)

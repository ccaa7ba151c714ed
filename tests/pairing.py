"""A pair of one viewer at both stand-ins, in one process: each step is taken by hand, and time stands still between."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from conftest import FakeClock
from scrobbled.config import load
from scrobbled.plumbing.clock import Clock
from scrobbled.reconcile import Ended, Options, Wired
from scrobbled.reconcile.pairs import wired
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.serializd.store import Review
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.mirror import runs

EVENING = datetime(2026, 5, 1, 19, 34, 11, tzinfo=UTC)
SHOWN = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
STEPS = 2_000
"""More than any delivery of a test takes."""


class Crash(BaseException):
    """The process ends here; nothing may handle it."""


@dataclass
class Pairing:
    """``anna`` with Trakt (side a) and Serializd (side b). Shows are given by position, seasons by number."""

    folder: Path
    sandbox: Sandbox
    clock: FakeClock
    settings: Mapping[str, Any]
    runtime: Runtime

    # -- what a person does on the sites ------------------------------------------------------------------------------

    def on_trakt(self, show: int, season: int, number: int, at: datetime = EVENING, action: str = "scrobble") -> int:
        trakt, episode = self.sandbox["trakt"], self.sandbox.world.shows[show].episode(season, number)
        title = trakt.catalogue.by_id("episode", "trakt", episode.trakt)
        return trakt.account_of("anna").add_play(title, at, action, trakt.now()).id  # type: ignore[no-any-return]

    def film_on_trakt(self, n: int = 0, at: datetime = EVENING) -> int:
        trakt = self.sandbox["trakt"]
        title = trakt.catalogue.by_id("movie", "trakt", self.sandbox.world.movies[n].trakt)
        return trakt.account_of("anna").add_play(title, at, "watch", trakt.now()).id  # type: ignore[no-any-return]

    def off_trakt(self, *plays: int) -> None:
        trakt = self.sandbox["trakt"]
        trakt.account_of("anna").history.remove(lambda play: play.id in plays, trakt.now())

    def on_serializd(self, show: int, season: int, number: int, at: datetime = EVENING, **more: Any) -> int:
        """``more`` are fields of ``Review``. Added when it was watched, as a program does it, unless that is said."""
        serializd = self.sandbox["serializd"]
        row = serializd.log_play("anna", self.sandbox.world.shows[show].tmdb, season, number, at)
        serializd.accounts["anna"].put(replace(row, **{"date_added": row.backdate, **more}))
        return row.id  # type: ignore[no-any-return]

    def edited(self, row: int, **more: Any) -> None:
        account = self.sandbox["serializd"].accounts["anna"]
        account.put(replace(account.reviews[row], **more))

    def off_serializd(self, *rows: int) -> None:
        for row in rows:
            self.sandbox["serializd"].accounts["anna"].take(row)

    def rate_on_trakt(self, kind: str, trakt_id: int, rating: int | None, at: datetime = EVENING) -> None:
        trakt = self.sandbox["trakt"]
        account, title = trakt.account_of("anna"), trakt.catalogue.by_id(kind, "trakt", trakt_id)
        account.ratings.take(title, trakt.now())
        if rating is not None:
            account.ratings.put(ListEntry(next(trakt.numbers), title, at, rating=rating), trakt.now())
        account.touch(GROUPS[kind], "rated_at", trakt.now())

    def rate_episode(self, show: int, season: int, number: int, rating: int | None, at: datetime = EVENING) -> None:
        self.rate_on_trakt("episode", self.sandbox.world.shows[show].episode(season, number).trakt, rating, at)

    # -- what both sides hold -----------------------------------------------------------------------------------------

    def rows(self) -> list[Review]:
        """The diary, the oldest first."""
        return sorted(self.sandbox["serializd"].accounts["anna"].reviews.values(), key=lambda r: (r.backdate, r.id))

    def serializd(self) -> Counter[tuple[int, int, int, str]]:
        """TMDB show id, season number, episode number and minute of each dated row of an episode."""
        world = self.sandbox.world
        seasons = {s.tmdb: s.number for show in world.shows for s in show.seasons}
        return Counter(
            (row.show_id, seasons[row.season_id], row.episode_number, row.backdate[:16])
            for row in self.rows()
            if row.is_log and row.season_id is not None and row.episode_number is not None
        )

    def trakt(self) -> Counter[tuple[int, int, int, str]]:
        found: Counter[tuple[int, int, int, str]] = Counter()
        shows = {show.trakt: show.tmdb for show in self.sandbox.world.shows}
        for play in self.sandbox["trakt"].account_of("anna").history:
            if play.title.show is not None:
                at = play.watched_at.astimezone(UTC).isoformat()[:16]
                found[shows[play.title.show.trakt], play.title.season, play.title.number, at] += 1
        return found

    def trakt_ratings(self) -> dict[tuple[str, int | None, int | None], int]:
        """Kind, season, number to rating."""
        entries = self.sandbox["trakt"].account_of("anna").ratings
        return {(e.title.kind, e.title.season, e.title.number): e.rating for e in entries}

    def writes(self) -> int:
        """Requests that change something, so far."""
        told = [*self.sandbox["serializd"].log, *self.sandbox["trakt"].log]
        return sum(one.method == "POST" and not any(w in one.path for w in ("login", "validate")) for one in told)

    def requests(self, name: str) -> int:
        return sum(self.sandbox[name].counts.values())

    # -- what we do ---------------------------------------------------------------------------------------------------

    @property
    def wired(self) -> Wired:
        return next(wired(self.runtime.config, self.runtime.couriers))

    async def compare(self, **options: Any) -> Ended:
        """One run, without delivering what it put into the queue."""
        one, asked = self.wired, Options(**options)
        now = self.clock.now().timestamp()
        run = await self.runtime.store.write(
            lambda db: runs.ask(db, one.sides.viewer, one.sides.pair, "sync", asked.stored(), now)
        )
        return await self.runtime.keeper.reconciler(one).run(run, asked)

    async def deliver(self) -> None:
        """Until nothing is due any more; time passes as it has to."""
        for courier in self.runtime.couriers.values():
            for _ in range(STEPS):
                wait = await courier.step()
                if wait == 0.0:
                    continue
                if wait is None or wait > 1_800:
                    break
                self.clock.advance(wait)
            else:
                raise AssertionError(f"{courier.name} never comes to rest")

    async def sync(self, **options: Any) -> Ended:
        ended = await self.compare(**options)
        await self.deliver()
        return ended

    async def settle(self, most: int = 8) -> int:
        """Cycles until one finds nothing to do; fails where it never comes to that."""
        for turn in range(most):
            self.clock.advance(900)
            if (await self.sync()).outcome == "nothing":
                return turn
        raise AssertionError(f"still something to do after {most} cycles")

    async def restart(self) -> None:
        """Another process with the same database; what the first one had in memory is gone."""
        await self.runtime.aclose()
        self.runtime = built(self.folder, self.sandbox, self.clock, self.settings)

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        return await self.runtime.store.write(lambda db: db.execute(statement, values).fetchall())


def built(folder: Path, sandbox: Sandbox, clock: Clock, settings: Mapping[str, Any]) -> Runtime:
    path = folder / "scrobbled.yaml"
    path.write_text(yaml.safe_dump(dict(settings)))
    return build(load(path, {}), clock=clock, transport=httpx.ASGITransport(sandbox), by_clock=False)


def settings(folder: Path, **pair: Any) -> dict[str, Any]:
    quick = {"pace": "0s"}
    when = {} if "schedule" in pair or "every" in pair else {"every": "15m"}
    return {
        "storage": {"path": str(folder / "scrobbled.db")},
        "viewers": [
            {
                "name": "anna",
                "trackers": {
                    "serializd": {
                        "email": "anna@example.org",
                        "password": "anna-secret",
                        "url": "http://sandbox/serializd/api",
                        **quick,
                    },
                    "trakt": {**SHOWN, "url": "http://sandbox/trakt", "auth_url": "http://sandbox/trakt-auth", **quick},
                },
                "pairs": [{"between": ["trakt", "serializd"], "plays": "both", "ratings": "both", **when, **pair}],
            }
        ],
    }


@contextlib.asynccontextmanager
async def pairing(
    folder: Path, *, safety: Mapping[str, Any] | None = None, shows: int = 4, zone: str = "", **pair: Any
) -> AsyncIterator[Pairing]:
    """``pair`` is added to the pair's configuration."""
    clock = FakeClock()
    sandbox = Sandbox(shows=shows, now=clock.now)
    sandbox["trakt"].limits.enforced = False
    values = settings(folder, **pair) | ({"safety": dict(safety)} if safety else {})
    values |= {"server": {"time_zone": zone}} if zone else {}
    home = Pairing(folder, sandbox, clock, values, built(folder, sandbox, clock, values))
    grant = sandbox["trakt"].sign_in("anna")
    tokens = StoredTokens(home.runtime.store, "anna", "trakt", lambda values: None, clock.now)
    await tokens.save({**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri})
    try:
        yield home
    finally:
        await home.runtime.aclose()


def later(hours: float) -> datetime:
    return EVENING + timedelta(hours=hours)

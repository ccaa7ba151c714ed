"""The configuration of a running service: put in force in place, and never a worse one than before."""

import asyncio
import contextlib
import operator
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from flows.test_ingest import webhook
from patience import until
from scrobbled.config import load
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.runtime import reloading as module
from scrobbled.runtime.reloading import Reloader
from scrobbled.runtime.service import Runtime, build
from scrobbled.store.queue import overview
from trackers.doubles import unwrapped

CONFIG = """
storage: {path: PATH}
sources: {plex: {token: a-webhook-token-0815}}
viewers: [{name: anna, accounts: {plex: PEOPLE}, trackers: {memory: {}}}]
"""


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    with capture_logs() as logs:
        yield logs


@dataclass
class House:
    runtime: Runtime
    reloader: Reloader
    path: Path

    def write(self, people: str = "anna", more: str = "") -> None:
        text = CONFIG.replace("PATH", str(self.path.parent / "scrobbled.db")).replace("PEOPLE", people)
        draft = self.path.with_suffix(".draft")
        draft.write_text(text + more)
        draft.replace(self.path)  # as careful editors do

    def holds(self) -> list[Any]:
        return unwrapped(self.runtime.couriers["anna", "memory"].tracker).plays  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def house(folder: Path, people: str = "anna", *, watch: bool = True) -> AsyncIterator[House]:
    home = House(None, None, folder / "scrobbled.yaml")  # type: ignore[arg-type]
    home.write(people)
    home.runtime = build(load(home.path, {}))
    home.reloader = Reloader(home.runtime, home.path, {})
    async with home.runtime.running():
        task = asyncio.create_task(home.reloader.run()) if watch else None
        yield home
        if task:
            task.cancel()


async def soon(ask: Callable[[], Awaitable[Any]], is_right: Callable[[Any], bool]) -> None:
    async def is_so() -> bool:
        return is_right(await ask())

    await until(is_so)


async def open_alerts(runtime: Runtime) -> list[tuple[str, str]]:
    return await runtime.store.read(
        lambda db: db.execute("SELECT kind, text FROM alerts WHERE ended_at IS NULL").fetchall()
    )


async def test_a_changed_file_is_taken_up_and_what_waited_for_it_is_delivered(tmp_path: Path) -> None:
    async with house(tmp_path, "ben") as home:
        taken = await home.runtime.ingest.take("plex", webhook())
        assert taken.outcome is EventOutcome.UNCLAIMED
        home.write("[anna, ben]")
        await until(lambda: home.holds(), "the play that waited is delivered")
        assert len(home.holds()) == 1


async def test_an_invalid_file_changes_nothing_and_every_problem_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        before = home.runtime.config
        home.write(more="serverr: {port: 1}\nlogging: {level: loud}\n")
        home.reloader.ask()
        await soon(lambda: open_alerts(home.runtime), bool)
        kind, text = (await open_alerts(home.runtime))[0]
        assert kind == "configuration"
        assert "serverr" in text
        assert "logging.level" in text
        assert home.runtime.config is before
        taken = await home.runtime.ingest.take("plex", webhook())
        assert taken.outcome is EventOutcome.ACCEPTED
        await until(lambda: home.holds(), "it is delivered as before")
        home.write(more="logging: {level: debug}\n")
        await soon(lambda: open_alerts(home.runtime), operator.not_)
        assert home.runtime.config.logging.level == "debug"


async def test_a_file_that_is_gone_for_a_while_is_told_and_its_return_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as home:
        before, away = home.runtime.config, tmp_path / "away.yaml"
        home.path.rename(away)
        await asyncio.sleep(0.1)
        assert await open_alerts(home.runtime) == [], "an editor may take a moment"
        monkeypatch.setattr(module, "GONE_AFTER", 0.1)
        await soon(lambda: open_alerts(home.runtime), bool)
        assert "cannot be read" in (await open_alerts(home.runtime))[0][1]
        assert home.runtime.config is before
        away.rename(home.path)  # the same file as before, to the last bit
        await soon(lambda: open_alerts(home.runtime), operator.not_)


async def test_webhooks_that_come_while_it_reloads_are_all_delivered(tmp_path: Path) -> None:
    async with house(tmp_path, watch=False) as home:
        keys = [str(number) for number in range(40)]

        async def send() -> None:
            for key in keys:
                await home.runtime.ingest.take(
                    "plex", webhook(key=key, index=int(key) + 1, title=f"Part {key} of many")
                )
                await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        rounds = 0
        while not sending.done():
            rounds += 1
            home.write(more=f"metadata: {{tmdb: {{key: k{rounds}}}}}\n")
            assert await home.reloader.reload()
        await sending
        await soon(lambda: home.runtime.store.read(overview.waiting), operator.not_)
        counts = await home.runtime.store.read(overview.delivery_counts)
        assert counts == {("anna", "memory"): {"delivered": len(keys)}}


async def test_the_same_content_written_again_restarts_nothing(tmp_path: Path, hurry: list[Any]) -> None:
    async with house(tmp_path) as home:
        courier = home.runtime.couriers["anna", "memory"]
        home.write()
        home.reloader.ask()
        await asyncio.sleep(0.1)
        assert home.runtime.couriers["anna", "memory"] is courier
        assert not [line for line in hurry if line["event"] == "configuration reloaded"]


async def test_what_cannot_change_while_running_stays_and_is_said(tmp_path: Path, hurry: list[Any]) -> None:
    async with house(tmp_path, watch=False) as home:
        home.write(more="server: {port: 9999, login: {username: admin, password: secret-door}}\n")
        assert await home.reloader.reload()
        assert home.runtime.config.server.port == 8484
        assert home.runtime.config.server.login is not None
        assert any("server.port" in str(line.get("why")) for line in hurry)
        assert home.runtime.redactor.text("secret-door") != "secret-door"


async def test_a_file_that_is_gone_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    async with house(tmp_path, watch=False) as home:
        home.path.unlink()
        assert not await home.reloader.reload()
        assert (await home.runtime.ingest.take("plex", webhook())).outcome is EventOutcome.ACCEPTED


async def test_another_login_ends_the_sessions_of_the_one_before(tmp_path: Path) -> None:
    from scrobbled.web.app import create_app

    async with house(tmp_path, watch=False) as home:
        gate = create_app(home.runtime)
        access = gate._access  # type: ignore[attr-defined]
        home.write(more="server: {login: {username: admin, password: first-door}}\n")
        await home.reloader.reload()
        session = access.sessions.begin()
        assert access.sessions.is_open([session])
        home.write(more="server: {login: {username: admin, password: second-door}}\n")
        await home.reloader.reload()
        assert not access.sessions.is_open([session])
        assert access.knows("admin", "second-door")
        assert not access.knows("admin", "first-door")

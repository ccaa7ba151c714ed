"""A patient with everything that can be configured, in front of the stand-ins."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from conftest import FakeClock
from e2e.harness import free_port
from scrobbled import config as configuration
from scrobbled.core.words.checks import Check
from scrobbled.desk.doctor import DoctorReport, Machine, Patient, accounts_of, examine
from scrobbled.plumbing.redact import Redactor
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens

HOOK = "hook-token-4711-do-not-show"
ROOT = "http://nas.anna-home.example"
SETTINGS: dict[str, Any] = {
    "server": {"login": {"username": "annas-login", "password": "door-password-9182"}},
    "sources": {"plex": {"token": HOOK, "url": f"{ROOT}/plex", "server_token": "sandbox-plex-token"}},
    "metadata": {"tmdb": {"key": "0123456789abcdef0123456789abcdef", "url": f"{ROOT}/tmdb/3"}},
    "alerts": {"urls": ["json://alerts.anna-home.example/topic-secret-0815-9"]},
    "viewers": [
        {
            "name": "anna",
            "accounts": {"plex": "anna-at-plex"},
            "trackers": {
                "serializd": {
                    "email": "anna@example.org",
                    "password": "anna-secret",
                    "url": f"{ROOT}/serializd/api",
                },
                "trakt": {
                    "client_id": "sandbox-client",
                    "client_secret": "sandbox-secret",
                    "url": f"{ROOT}/trakt",
                    "auth_url": f"{ROOT}/trakt-auth",
                },
            },
        }
    ],
}
MACHINE = Machine(free=lambda folder: 10**12, sync=lambda scratch: 0.002, mounts=lambda: "/dev/sda1 / ext4 rw 0 0\n")


class Nobody(httpx.AsyncBaseTransport):
    """Nothing listens here."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


class Clinic:
    """One folder with a configuration and a database, and the stand-ins."""

    def __init__(self, folder: Path, *, theirs: Callable[[], Any] | None = None) -> None:
        self.folder, self.clock = folder, FakeClock()
        self.sandbox = Sandbox(now=theirs or self.clock.now)
        self.settings = deepcopy(SETTINGS)
        self.settings["storage"] = {"path": str(folder / "scrobbled.db")}
        self.settings["server"]["port"] = free_port()  # whoever runs scrobbled here has it on the usual one
        self.redactor = Redactor()
        self.machine = MACHINE
        self.local: httpx.AsyncBaseTransport = Nobody()
        self.transport: httpx.AsyncBaseTransport | None = httpx.ASGITransport(self.sandbox)  # type: ignore[arg-type]

    @property
    def database(self) -> Path:
        return self.folder / "scrobbled.db"

    def patient(self, environ: Mapping[str, str] | None = None) -> Patient:
        environ = {"SCROBBLED_OPTIONS": str(self.folder / "options.json"), **(environ or {})}
        path = self.folder / "scrobbled.yaml"
        path.write_text(yaml.safe_dump(self.settings), encoding="utf-8")
        path.chmod(0o600)
        config, problems = configuration.survey(path, environ)
        self.redactor.add(*configuration.secrets(config))
        means = {"machine": self.machine, "transport": self.transport, "local": self.local}
        patient = Patient(config, {}, self.clock, self.redactor, problems=tuple(problems), environ=environ)
        return replace(patient, **means)  # type: ignore[arg-type]

    @contextlib.asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        opened = Store(self.database)
        try:
            yield opened
        finally:
            await opened.aclose()

    async def sign_in(self) -> None:
        """As ``serve`` and ``auth`` leave it behind."""
        async with self.store() as store:
            for name, values in self._tokens().items():
                await StoredTokens(store, "anna", name, lambda values: None, self.clock.now).save(values)

    def _tokens(self) -> dict[str, dict[str, Any]]:
        from scrobbled.trackers.serializd.auth import Credentials

        account = Credentials("anna@example.org").account
        serializd = {"token": self.sandbox["serializd"].issue("anna"), "username": "anna", "account": account}
        return {
            "serializd": serializd,
            "trakt": {**self.sandbox["trakt"].sign_in().answer(), "client_id": "sandbox-client"},
        }

    async def examined(self, environ: Mapping[str, str] | None = None) -> DoctorReport:
        async with accounts_of(self.patient(environ)) as patient:
            return await examine(patient)

    def examine(self, environ: Mapping[str, str] | None = None, *, signed_in: bool = True) -> DoctorReport:
        async def work() -> DoctorReport:
            if signed_in:
                await self.sign_in()
            return await self.examined(environ)

        return asyncio.run(work())


def check(report: DoctorReport, name: str) -> Check:
    found = [one for section in report.sections for one in section.checks if one.name == name]
    assert len(found) == 1, (
        f"{len(found)} checks are called {name}: {[c.name for s in report.sections for c in s.checks]}"
    )
    return found[0]


def checks(report: DoctorReport, name: str) -> list[Check]:
    return [one for section in report.sections for one in section.checks if one.name == name]

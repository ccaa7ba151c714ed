"""A caller of the Trakt stand-in that sends what Trakt wants, and can leave any of it out."""

import asyncio
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.app import TraktAuthStandIn, TraktStandIn

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
OOB = "urn:ietf:wg:oauth:2.0:oob"


class Caller:
    """One signed-in user. Each call passes a little over a second, so that the write limit is out of the way."""

    def __init__(self, clock: FakeClock, username: str = "anna") -> None:
        self.clock = clock
        self.sandbox = Sandbox(now=clock.now, only=("trakt", "trakt-auth"))
        self.world = self.sandbox.world
        self.api: TraktStandIn = self.sandbox["trakt"]
        self.auth: TraktAuthStandIn = self.sandbox["trakt-auth"]
        self.headers = {
            "User-Agent": "scrobbled/test",
            "Content-Type": "application/json",
            "trakt-api-version": "2",
            "trakt-api-key": "sandbox-client",
            "Authorization": f"Bearer {self.api.sign_in(username).access}",
        }
        self.pace = 1.1

    def ask(
        self, method: str, path: str, json: Any = None, *, root: str = "/trakt", leave: str = "", **headers: str
    ) -> httpx.Response:
        """``leave`` is a header not to send; others are given by name, with ``_`` for ``-``."""
        self.clock.advance(self.pace)
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent.pop(leave, None)

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.sandbox)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                if leave == "User-Agent":
                    client.headers.pop("user-agent", None)
                return await client.request(method, root + path, json=json, headers=sent)

        return asyncio.run(one())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def post(self, path: str, json: Any, **headers: str) -> httpx.Response:
        return self.ask("POST", path, json, **headers)

    def control(self, path: str, json: Any, root: str = "/trakt") -> Any:
        answer = self.ask("POST", f"/_sandbox/{path}", json, root=root)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def history(self) -> list[dict[str, Any]]:
        """What the account really holds, newest first."""
        rows: list[dict[str, Any]] = self.api.state()["accounts"]["anna"]["history"]
        return rows

    def oauth(self, path: str, json: Any) -> httpx.Response:
        return self.ask("POST", f"/oauth/{path}", json, root="/trakt-auth")

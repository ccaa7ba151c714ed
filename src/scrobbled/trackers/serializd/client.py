"""Requests to Serializd, and what its answers mean.

Serializd publishes no API; what is said about it here was seen in its web app's traffic and in other people's clients.
Requests are written in snake_case (a camelCase body is answered with 500), answers come in camelCase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, NotInCatalogue, Refused, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.plumbing.pace import Pace
from scrobbled.plumbing.redact import Redactor

DEFAULT_URL = "https://serializd.onrender.com/api"
"""``www.serializd.com/api`` is the former address: it stands behind a bot check and answers 404 to every POST."""
SITE = "https://www.serializd.com"
APP_HEADERS = {"X-Requested-With": "serializd_vercel", "Origin": SITE, "Referer": SITE}
"""Without them every call, even a public read, is answered with a plain 401."""
WRITE_EVERY = 0.3
"""Seconds. Six or seven writes within one second were seen to be answered with 500, all of them."""
READ_EVERY = 0.02
"""Seconds. Whoever reads a listing waits for each page before the next, so that the service sets the pace, and others
read four pages at a time: this only spares one that answers at once.
"""
_REDACTOR = Redactor()
_SECRETS = re.compile(r"[\w.+-]+@[\w.-]+|[\w-]{8,}\.[\w-]{2,}\.[\w-]*")  # e-mail addresses, and tokens (JWT)


class Unauthorized(LoginNeeded):
    """This token is not accepted; another might be. ``said`` is Serializd's own word for it."""

    def __init__(self, said: str) -> None:
        super().__init__(f"Serializd wants a sign-in ({said})")
        self.said = said


class SerializdClient:
    """Paced requests with the app's headers; the caller brings the token.

    ``http`` is rooted at the API. Raises ``TryLater`` for trouble that passes, ``Unauthorized`` for a token that is not
    accepted, ``NotInCatalogue`` for a 404 that is Serializd's own answer, ``AccountStopped`` for a 403, ``Refused`` for
    any other 4xx of its own, and ``ContractDrift`` for everything that Serializd is not known to answer.
    """

    def __init__(self, http: Http, clock: Clock, *, write_every: float = WRITE_EVERY) -> None:
        self._api = http
        # The pages of the mobile app are at the same root as the API, beside it: …/api and …/mobile/page.
        self._mobile = http.at(http.base.removesuffix("/api") + "/mobile/page")
        self.writes = Pace(clock, every=write_every, burst=2)
        self._reads = Pace(clock, every=READ_EVERY, burst=8)

    async def read(self, path: str, params: Mapping[str, str | int] | None = None, *, token: str = "") -> Any:
        """The decoded answer of a GET."""
        await self._reads.turn()
        answer = await self._api.send("GET", path, params=params, headers=_headers(token))
        return _judged(answer).json()

    async def read_mobile(self, path: str, params: Mapping[str, str | int], *, token: str, seconds: float) -> Any:
        """The decoded answer of a page of the mobile app, waiting ``seconds`` at most."""
        await self._reads.turn()
        answer = await self._mobile.send("GET", path, params=params, headers=_headers(token), timeout=seconds)
        return _judged(answer).json()

    async def post(self, path: str, body: Mapping[str, Any], *, seconds: float = 30.0) -> Any:
        """The decoded answer of a POST that changes nothing in the library and needs no token."""
        answer = await self._api.send("POST", path, json=body, headers=_headers(""), timeout=seconds)
        return _judged(answer).json()

    async def write(self, path: str, body: Mapping[str, Any], *, token: str, repeatable: bool) -> Answer:
        """The answer to a write that was accepted; what is unclear and not ``repeatable`` is in doubt.

        Raises ``ValueError`` for a log of a whole show: it would mark every episode of it as watched.
        """
        if body.get("is_log") and body.get("season_id", 0) is None:
            raise ValueError("a whole show is never logged")
        await self.writes.turn()
        try:
            answer = await self._api.send("POST", path, json=body, headers=_headers(token), idempotent=repeatable)
        finally:
            self.writes.finished()
        return _judged(answer, in_doubt=not repeatable)


def _headers(token: str) -> dict[str, str]:
    return {**APP_HEADERS, "Authorization": f"Bearer {token}"} if token else APP_HEADERS


def _judged(answer: Answer, *, in_doubt: bool = False) -> Answer:
    """``answer`` if it says yes. A 4xx is a clear no, so only what is neither yes nor no can be in doubt."""
    if answer.ok:
        return answer
    if answer.status == 401:
        raise Unauthorized(message(answer))
    if answer.status == 408:
        raise TryLater(f"{answer.what} answered 408: it took too long", in_doubt=in_doubt)
    _raise_if_foreign(answer)
    if answer.status == 403:  # it speaks of who asks, and never of one episode: no play is at fault
        raise AccountStopped(f"Serializd does not let this account in (403: {message(answer)})")
    if answer.status == 404:
        raise NotInCatalogue(f"Serializd does not know it ({message(answer)})")
    said = message(answer)
    raise Refused(f"Serializd refused it with {answer.status}: {said}", said=said)


def _raise_if_foreign(answer: Answer) -> None:
    """An unknown address is a web page with 404, a wrong verb 405, the bot check of the website a page with 403."""
    if answer.status == 403 and answer.is_html:
        raise ContractDrift(f"{answer.what} answered 403 with a web page: wrong host or bot check; check url")
    if answer.status < 400:
        raise ContractDrift(f"{answer.what} answered {answer.status}: it has moved; check url")
    if answer.status == 405 or answer.is_html or (answer.status == 404 and not _said(answer)):
        kind = "a web page" if answer.is_html else "no message"
        raise ContractDrift(f"{answer.what} answered {answer.status} with {kind}: Serializd no longer offers this call")


def message(answer: Answer) -> str:
    """What Serializd says in ``{"message": …}``, short, on one line, without secrets; else the status."""
    return short(_said(answer)) or f"status {answer.status}"


def _said(answer: Answer) -> str:
    try:
        body = answer.json()
    except ContractDrift:
        return ""
    if not isinstance(body, dict):
        return ""
    return str(body.get("message") or body.get("detail") or body.get("error") or sorted(body))


def short(text: str) -> str:
    """For messages: one line of at most 160 characters without e-mail addresses and tokens."""
    line = " ".join(_SECRETS.sub("…", _REDACTOR.text(text)).split())
    return line if len(line) <= 160 else line[:159] + "…"

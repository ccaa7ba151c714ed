"""Requests to Trakt, and what its status codes mean for us."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from scrobbled.core.errors import AccountStopped, ContractDrift, ListClosed, Refused, TrackerError, TryLater
from scrobbled.core.kinds import Kind
from scrobbled.core.sending.room import Closing
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.plumbing.pace import Window
from scrobbled.trackers.trakt.codec import whole

READ_LIMIT, READ_WINDOW = 500, 300.0
"""Reads of one account, and the seconds in which they are allowed, as Trakt publishes it."""
MARGIN = 1.0
"""Seconds by which Trakt's windows may lie beside ours."""
SHARE, LONG_SHARE = 0.98, 0.88
"""Of the limit: what we use at most, and what long listings may use, so that deliveries find room beside them."""
MOST_READS = 1_000
"""In a window, whatever is said."""
WRITE_TIMEOUT = 90.0
"""Seconds; large batches are known to take most of a minute."""
EDGE_PAUSE = 900.0
DEVELOPER_PAGE = "https://developer.trakt.tv"


def headers(client_id: str, token: str | None = None) -> dict[str, str]:
    """What Trakt wants on every request, those for signing in included; a wrong content type is refused with 412."""
    known = {"Content-Type": "application/json", "trakt-api-version": "2", "trakt-api-key": client_id}
    return {**known, "Authorization": f"Bearer {token}"} if token else known


class Api:
    """The API root. Answers come back as they are, for ``judge``; ``TryLater`` is raised as by ``Http``."""

    def __init__(self, http: Http, client_id: str, clock: Clock) -> None:
        self._http = http
        self._client_id = client_id
        self._clock = clock
        self.limit = READ_LIMIT
        """Reads in a window: as published, until Trakt itself says another number."""
        self.spent = Window(clock, seconds=READ_WINDOW + MARGIN)
        """The reads that were sent lately."""

    async def get(
        self, path: str, params: Mapping[str, str | int] | None = None, *, token: str | None = None, long: bool = False
    ) -> Answer:
        """As soon as the limit allows it; ``long`` leaves a part of that to others."""
        while (wait := self.delay(long=long)) > 0:
            await self._clock.wait(asyncio.Event(), wait)
        self.spent.add()
        try:
            return await self._http.send("GET", path, params=params, headers=headers(self._client_id, token))
        except TryLater as error:
            self._learn(error.limit)
            raise

    def delay(self, *, long: bool = False) -> float:
        """Seconds until a read may be sent."""
        return self.spent.room_in(max(1, int(self.limit * (LONG_SHARE if long else SHARE))))

    def _learn(self, told: str) -> None:
        """What ``X-Ratelimit`` says of the bucket that is empty."""
        try:
            said = json.loads(told)
            name, limit, period = said["name"], int(said["limit"]), float(said["period"])
        except (ValueError, TypeError, KeyError):
            return
        if "GET" in str(name) and limit > 0 and period > 0:
            self.limit = min(max(1, round(limit * READ_WINDOW / period)), MOST_READS)

    async def write(self, path: str, body: Any, *, token: str) -> Answer:
        """A POST that must not be repeated blindly: unclear failures are in doubt."""
        return await self._http.send(
            "POST",
            path,
            json=body,
            headers=headers(self._client_id, token),
            timeout=WRITE_TIMEOUT,
            idempotent=False,
        )


def judge(answer: Answer) -> Answer:
    """``answer`` if it is any 2xx (Trakt's documents disagree on which); else raises what to do next.

    None of these refusals has stored anything, so none is in doubt. A 401 is for ``Auth.signed``, which comes before.
    """
    if answer.ok:
        return answer
    meaning = _MEANINGS.get(answer.status)
    raise meaning(answer) if meaning else _drift(answer)


def found(answer: Answer) -> bool:
    """For lookups, where 404 is an answer: nothing by that name."""
    if answer.status == 404:
        return False
    judge(answer)
    return True


def short_reason(answer: Answer) -> str:
    """What the service said, in a few words: its error fields or its plain text, never a page of HTML."""
    if answer.is_html:
        return "an HTML page"
    text = answer.body[:2000].decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except ValueError:
        said = text
    if isinstance(said, dict):
        parts = (said.get(name) for name in ("error", "error_description", "message"))
        said = ": ".join(part for part in parts if isinstance(part, str) and part)
    return " ".join(said.split())[:120] if isinstance(said, str) else ""


def _because(answer: Answer) -> str:
    said = short_reason(answer)
    return f" ({said})" if said else ""


def _refused(answer: Answer) -> TrackerError:
    return Refused(f"Trakt refused this as invalid, {answer.status}{_because(answer)}", said=short_reason(answer))


def _forbidden(answer: Answer) -> TrackerError:
    if not _from_the_edge(answer):
        return AccountStopped(
            f"Trakt says this app is not allowed any more (403){_because(answer)}. "
            f"Check the app and its client_id on {DEVELOPER_PAGE}"
        )
    ray = answer.headers.get("cf-ray", "")
    trace = f", cf-ray {ray}" if ray else ""
    return TryLater(f"the network in front of Trakt blocked the request (403{trace})", after=EDGE_PAUSE)


def _from_the_edge(answer: Answer) -> bool:
    """Whether Cloudflare answered and not Trakt: a page, a bare ``error code: 1010``, a challenge, or nothing at all.

    Its ``cf-ray`` alone proves nothing, since it is on what it merely passes on as well.
    """
    bare = answer.body.strip()
    unsaid = not bare and "cf-ray" in answer.headers
    return answer.is_html or bare.startswith(b"error code:") or "cf-mitigated" in answer.headers or unsaid


def judge_list(answer: Answer, kind: Kind) -> Answer:
    """As ``judge``, of a change of a list: what is refused because of the list stops that list alone."""
    if answer.status == 420:
        most = whole(answer.headers.get("x-account-limit"))
        figure = "" if most is None else f", it may hold {most:,}"
        raise ListClosed(f"the {kind} of the Trakt account is full{figure} (420)", kind, Closing.FULL, most=most)
    if answer.status == 426:
        why = f"Trakt allows {answer.what} to VIP accounts only (426)"
        raise ListClosed(why, kind, Closing.NOT_FOR_ACCOUNT)
    return judge(answer)


def _limit(answer: Answer) -> TrackerError:
    # The three headers may all be missing, and so may the body.
    limit = answer.headers.get("x-account-limit", "")
    figure = f" of {limit}" if limit else ""
    return AccountStopped(
        f"the Trakt account has reached its limit{figure} (420). Make room or raise the limit on Trakt, then run: "
        "scrobbled queue retry"
    )


def _locked(answer: Answer) -> TrackerError:
    deactivated = answer.headers.get("x-account-deactivated", "").lower() == "true"
    state = "deactivated" if deactivated else "locked"
    return AccountStopped(
        f"the Trakt account is {state} (423). Contact Trakt's support, then run: scrobbled queue retry"
    )


def _vip(answer: Answer) -> TrackerError:
    return AccountStopped(f"Trakt allows {answer.what} to VIP accounts only (426)")


def _timeout(answer: Answer) -> TrackerError:
    return TryLater(f"{answer.what} answered 408: Trakt waited too long for the request")


def _drift(answer: Answer) -> TrackerError:
    return ContractDrift(f"{answer.what} answered {answer.status}{_because(answer)}, which Trakt does not document")


_MEANINGS: Mapping[int, Callable[[Answer], TrackerError]] = {
    400: _refused,
    403: _forbidden,
    408: _timeout,
    420: _limit,
    422: _refused,
    423: _locked,
    426: _vip,
}

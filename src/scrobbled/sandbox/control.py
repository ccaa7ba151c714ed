"""What every stand-in answers below ``/_sandbox/``: faults, outages, what was asked and what it holds."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrobbled.sandbox.faults import Fault, Faults
from scrobbled.sandbox.messages import AnsweredEarly, Reply, Request
from scrobbled.sandbox.routing import route

CONTROL = "/_sandbox/"
SECRETS = re.compile(r"pass|secret|token|api_key|device_code|^pin$|^code$", re.IGNORECASE)


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived; ``status`` 0 means that it was dropped."""

    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int
    route: str


class Controls:
    """The control routes; they are neither recorded nor hit by faults, and need no sign-in."""

    faults: Faults
    log: deque[Recorded]
    counts: Counter[str]
    peak_in_flight: int

    def state(self) -> Any:
        """What the stand-in holds, as JSON."""
        return {}

    @route("GET", "/_sandbox/faults")
    def list_faults(self, request: Request) -> Reply:
        return Reply(200, {"faults": self.faults.listing(), "outage": self.faults.out})

    @route("POST", "/_sandbox/faults")
    def add_faults(self, request: Request) -> Reply:
        """One fault or a list of them."""
        given = control_body(request, list, dict)
        try:
            faults = [Fault.of(one) for one in (given if isinstance(given, list) else [given])]
        except (TypeError, ValueError) as error:
            return Reply(400, {"message": str(error)})
        for fault in faults:
            self.faults.add(fault)
        return self.list_faults(request)

    @route("DELETE", "/_sandbox/faults")
    def clear_faults(self, request: Request) -> Reply:
        self.faults.clear(request.query.get("match"))
        return self.list_faults(request)

    @route("POST", "/_sandbox/outage")
    def start_outage(self, request: Request) -> Reply:
        """``{"seconds": n or null, "drop": false, "status": 503}``; all may be left out."""
        given = control_body(request, dict)
        seconds, status = given.get("seconds"), given.get("status", 503)
        if not isinstance(seconds, int | float | None) or not isinstance(status, int):
            return Reply(400, {"message": "seconds is a number or null, status a number"})
        self.faults.start_outage(seconds, drop=bool(given.get("drop")), status=status)
        return self.list_faults(request)

    @route("DELETE", "/_sandbox/outage")
    def end_outage(self, request: Request) -> Reply:
        self.faults.end_outage()
        return self.list_faults(request)

    @route("GET", "/_sandbox/requests")
    def show_requests(self, request: Request) -> Reply:
        """Counts by route and the last ``n`` (50) requests, secrets masked."""
        count = int(request.query["n"]) if request.query.get("n", "").isdigit() else 50
        summary = {
            "total": sum(self.counts.values()),
            "counts": dict(self.counts),
            "peak_in_flight": self.peak_in_flight,
            "last": [_shown(recorded) for recorded in list(self.log)[len(self.log) - min(count, len(self.log)) :]],
        }
        return Reply(200, summary)

    @route("GET", "/_sandbox/state")
    def show_state(self, request: Request) -> Reply:
        return Reply(200, self.state())


def control_body(request: Request, *types: type) -> Any:
    """The JSON body of a control request, ``{}`` for none; answers 400 for another type.

    What ``curl -d`` sends is called a form and is JSON all the same.
    """
    try:
        given = request.json() if request.body else {}
    except ValueError:
        given = request.decoded
    if not isinstance(given, types):
        raise AnsweredEarly(Reply(400, {"message": f"expected JSON: {' or '.join(t.__name__ for t in types)}"}))
    return given


def _shown(recorded: Recorded) -> dict[str, Any]:
    return {
        "at": recorded.at.isoformat(),
        "method": recorded.method,
        "path": recorded.path,
        "query": _masked(dict(recorded.query)),
        "body": _masked(recorded.body),
        "status": recorded.status,
    }


def _masked(value: Any) -> Any:
    """Somebody may try the sandbox with real credentials."""
    if isinstance(value, dict):
        return {k: "***" if v and SECRETS.search(str(k)) else _masked(v) for k, v in value.items()}
    return [_masked(v) for v in value] if isinstance(value, list) else value

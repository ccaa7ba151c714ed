"""Stand-in of AniList: GraphQL as strict as there, limits that its headers do not tell, people with lists."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from graphql import ExecutionResult, GraphQLError, execute_sync, parse, validate

from scrobbled.sandbox.anilist.asking import Answering, QueryRefused
from scrobbled.sandbox.anilist.lists import STATUSES, AniListUser
from scrobbled.sandbox.anilist.schema import schema
from scrobbled.sandbox.anime import BY_ID
from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, control_body, route, utc_now
from scrobbled.sandbox.world import World

TOKENS = {"sandbox-anilist-token-anna": "anna", "sandbox-anilist-token-ben": "ben"}
SWITCHES = ("limit", "told", "burst", "bare_refusals", "first_chunk", "torn")
MINUTE = timedelta(minutes=1)


class AniListLimit:
    """So many requests a minute, whatever the headers speak of, and so many a second where a burst is cut off."""

    def __init__(self) -> None:
        self.limit, self.told, self.burst = 30, 90, 0
        self.bare_refusals = False
        """Refuse without saying how long."""
        self._asked: list[datetime] = []
        self._until: datetime | None = None

    def take(self, now: datetime) -> Reply | None:
        """Counts one request; the 429 where there were too many, and for a minute after that."""
        self._asked = [at for at in self._asked if now - at < MINUTE]
        just_now = sum(now - at < timedelta(seconds=1) for at in self._asked)
        if self._until is None or now >= self._until:
            self._until = None
            if len(self._asked) >= self.limit or (self.burst and just_now >= self.burst):
                self._until = now + MINUTE
        if self._until is not None:
            return self._refusal(now, self._until)
        self._asked.append(now)
        return None

    @property
    def headers(self) -> dict[str, str]:
        left = max(0, self.told - len(self._asked))
        return {"x-ratelimit-limit": str(self.told), "x-ratelimit-remaining": str(left)}

    def _refusal(self, now: datetime, until: datetime) -> Reply:
        wait = max(1, math.ceil((until - now).total_seconds()))
        told = {"retry-after": str(wait), "x-ratelimit-reset": str(math.ceil(until.timestamp()))}
        return Reply(429, failed("Too Many Requests.", 429), {} if self.bare_refusals else told)


class AniListStandIn(StandIn):
    """``graphql.anilist.co``: one root, GraphQL only, with the people "anna" and "ben" and what the anime wing has."""

    name = "anilist"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.limits = AniListLimit()
        self.people: dict[str, AniListUser] = {}
        self.first_chunk = 1
        """The number of the first chunk of a collection, which is documented neither way: 0 or 1."""
        self.torn = ""
        """A field of the root that comes as ``null`` beside an error, and with 200."""
        for name in TOKENS.values():
            self.person(name)

    def person(self, name: str) -> AniListUser:
        """Somebody of that name; the same at each call."""
        return self.people.setdefault(name, AniListUser(770_011 + len(self.people), name))

    def state(self) -> Any:
        return {
            "people": sorted(self.people),
            "lists": {
                user.name: {str(entry.media.id): [entry.status, entry.progress] for entry in user.entries.values()}
                for user in self.people.values()
            },
        }

    @route("POST", "/")
    def ask(self, request: Request) -> Reply:
        """An unknown token is a 400, as a query that is not understood would be."""
        if (refusal := self.limits.take(self.now())) is not None:
            return refusal
        reply = self._answered_query(request)
        return Reply(reply.status, reply.body, self.limits.headers)

    def _answered_query(self, request: Request) -> Reply:
        bearer = request.headers.get("authorization", "")
        name = TOKENS.get(request.bearer)
        if bearer and name is None:
            return Reply(400, failed("Invalid token", 400))
        result = self._result(request, self.people.get(name or ""))
        if result.errors:
            said = [_said(error) for error in result.errors]
            return Reply(said[0]["status"], {"data": result.data, "errors": said})
        data = result.data or {}
        if self.torn in data:
            torn = {**data, self.torn: None}
            return Reply(200, {"data": torn, **failed("Internal Server Error", 500, bare=True)})
        return Reply(200, {"data": data})

    def _result(self, request: Request, mine: AniListUser | None) -> ExecutionResult:
        query, variables = _query(request)
        try:
            document = parse(query)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        if problems := validate(schema(), document):
            return ExecutionResult(None, problems)
        people = lambda: list(self.people.values())  # noqa: E731
        turn = sum(self.counts.values())
        root = Answering(people, mine, first_chunk=self.first_chunk, turn=turn)
        return execute_sync(schema(), document, root, variable_values=variables)

    # What people and tests may change

    @route("POST", "/_sandbox/switches")
    def switch(self, request: Request) -> Reply:
        """``limit`` (requests a minute), ``told`` (what the headers call that), ``burst`` (a second, 0 for any number),
        ``bare_refusals``, ``first_chunk`` (0 or 1), ``torn`` (a field of the root, empty for none).
        """
        given = control_body(request, dict)
        if unknown := set(given) - set(SWITCHES):
            return Reply(400, {"message": f"unknown: {', '.join(sorted(unknown))}"})
        for name, value in given.items():
            holder = self if name in ("first_chunk", "torn") else self.limits
            if not isinstance(value, type(getattr(holder, name))):
                return Reply(400, {"message": f"{name} is {type(getattr(holder, name)).__name__}"})
            setattr(holder, name, value)
        return Reply(200, {n: getattr(self if n in ("first_chunk", "torn") else self.limits, n) for n in SWITCHES})

    @route("POST", "/_sandbox/change")
    def change(self, request: Request) -> Reply:
        """``{"username": "anna", "media": 555001, "progress": 7, "status": "CURRENT"}``, as on the page of a title."""
        given = control_body(request, dict)
        media, status, progress = BY_ID.get(given.get("media", 0)), given.get("status"), given.get("progress")
        if media is None:
            return Reply(400, {"message": f"media is one of {', '.join(map(str, BY_ID))}"})
        if status not in (None, *STATUSES) or not (progress is None or (type(progress) is int and progress >= 0)):
            return Reply(400, {"message": f"status is one of {', '.join(STATUSES)}, progress a number"})
        user = self.person(str(given.get("username") or "anna"))
        entry = user.change(media, self.now(), progress=progress, status=status)
        return Reply(200, {"media": media.id, "status": entry.status, "progress": entry.progress})


def failed(message: str, status: int, *, bare: bool = False) -> dict[str, Any]:
    """An answer without data, or with ``bare`` only its errors."""
    errors = {"errors": [{"message": message, "status": status}]}
    return errors if bare else {"data": None, **errors}


def _said(error: GraphQLError) -> dict[str, Any]:
    status = error.original_error.status if isinstance(error.original_error, QueryRefused) else 400
    told: dict[str, Any] = {"message": error.message, "status": status}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    return told


def _query(request: Request) -> tuple[str, dict[str, Any]]:
    """Raises ``AnsweredEarly`` where there is none."""
    try:
        given = request.json()
    except ValueError:
        given = None
    query = given.get("query") if isinstance(given, dict) else None
    if not isinstance(query, str) or not query.strip():
        raise AnsweredEarly(Reply(400, failed("No query or mutation provided.", 400)))
    variables = given.get("variables") or {}
    if not isinstance(variables, dict):
        raise AnsweredEarly(Reply(400, failed("variables is an object", 400)))
    return query, variables

"""Calls of Trakt clients. Each is stored in an envelope of ours, so that it can be explained and run again.

The envelope is ``{"call": "scrobble/stop", "viewer": "anna", "client": "mpv", "body": {…}}`` with one of ``CALLS``, the
viewer whose token it was (null for one that belongs to nobody in particular) and what the client sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.plumbing.fields import decimal, section, text
from scrobbled.sources.base import Setup, Source
from scrobbled.sources.body import Body
from scrobbled.sources.examples import MARK, TITLE, Example, ExampleBody
from scrobbled.sources.trakt_history import additions, is_test
from scrobbled.sources.trakt_items import playing

HISTORY = "history"
CALLS = {
    "scrobble/start": EventKind.START,
    "scrobble/pause": EventKind.PAUSE,
    "scrobble/stop": EventKind.STOP,
    "checkin": EventKind.WATCHED,
    HISTORY: EventKind.WATCHED,
}
NOBODYS = (
    "the token belongs to nobody: list trakt under accounts of exactly one viewer, or make a token for each viewer "
    "with scrobbled token create --viewer NAME"
)


def enveloped(call: str, viewer: str | None, body: Mapping[str, Any], client: str = "") -> Body:
    """A call as it is stored and parsed. ``viewer`` must come from a token, never from what a client says."""
    data: dict[str, Any] = {"call": call, "viewer": viewer, "client": client, "body": dict(body)}
    if is_test(body):
        data[MARK] = True
    return Body(data, json.dumps(data))


class TraktSource(Struct, frozen=True):
    """Reads envelopes."""

    name: str = "trakt"

    @property
    def setup(self) -> Setup:
        return SETUP

    def example(self, example: Example) -> ExampleBody:
        return _example(example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for a scrobble or a check-in, one for each play of a history add.

        A check-in is a play at once: nothing more is heard of it. Reasons for ignoring: ``unsupported``, ``no item``.
        What belongs to nobody carries the reason why, and is no less of an event.
        """
        viewer = text(payload.get("viewer"))
        event = PlaybackEvent(
            source=self.name,
            kind=EventKind.IGNORED,
            occurred_at=received_at.astimezone(UTC),
            account=Account(id=viewer),
            player=text(payload.get("client"), limit=100),
            reason="" if viewer else NOBODYS,
        )
        call, body = payload.get("call"), section(payload, "body")
        if not isinstance(call, str) or call not in CALLS:
            return (replace(event, reason="unsupported"),)
        event = replace(event, kind=CALLS[call])
        return _added(event, body) if call == HISTORY else (_played(event, body),)


def _played(event: PlaybackEvent, body: Mapping[str, Any]) -> PlaybackEvent:
    item = playing(body)
    if item is None:
        return replace(event, kind=EventKind.IGNORED, reason="no item")
    return replace(event, item=item, progress=progress(body))


def progress(body: Mapping[str, Any]) -> float | None:
    """0 to 100; ``None`` where it is missing or no number, which is not the same as 0."""
    percent = decimal(body.get("progress"))
    return None if percent is None else min(100.0, max(0.0, percent))


def _added(event: PlaybackEvent, body: Mapping[str, Any]) -> tuple[PlaybackEvent, ...]:
    plays = additions(body, event.occurred_at).plays
    if not plays:
        return (replace(event, kind=EventKind.IGNORED, reason="no item"),)
    return tuple(
        replace(
            event,
            item=play.item,
            occurred_at=play.watched_at or event.occurred_at,
            time_from_source=play.told and play.watched_at is not None,
            dated=play.watched_at is not None,
            entered=True,
        )
        for play in plays
    )


SOURCE: type[Source] = TraktSource


SETUP = Setup(
    title="Players that speak to Trakt",
    steps=(
        "In the player enter the address in place of https://api.trakt.tv, where it can be changed.",
        "Sign in there: the player shows a code, which you enter at /activate here, or approve with scrobbled token "
        "approve CODE --viewer NAME.",
        "Where it wants a token instead, take the token above, or make one: scrobbled token create --viewer NAME",
    ),
    notes=("Each token belongs to one viewer, so nobody has to be listed under accounts.",),
)


def _example(example: Example) -> ExampleBody:
    """An addition to the history: of all that a player tells it leaves the least behind. The token says whose it is."""
    entry = {
        "season": 1,
        "number": 1,
        "title": TITLE,
        "show": {"title": TITLE},
        "watched_at": f"{example.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
    }
    return "application/json", json.dumps({"episodes": [{MARK: True, **entry}]}).encode()

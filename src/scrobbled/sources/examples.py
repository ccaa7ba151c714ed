"""Webhooks of our own making, as the servers would send them: for ``scrobbled test-event``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

MARK = "scrobbled-test-event"
"""A member of the payload, for trakt of each entry, that nobody else sends.

Such an event is understood and stored, and never becomes a play.
"""
TITLE = "scrobbled test event"
MINUTES = 45
_BOUNDARY = "scrobbled-test-event-boundary"
TICKS = MINUTES * 60 * 10_000_000


class Example(Struct, frozen=True):
    """What was watched to its end: by whom, on which server, in which library."""

    account: str
    at: datetime
    server: str = ""
    library: str = ""


ExampleBody = tuple[str, bytes]
"""Content type and body."""


def as_json(payload: Mapping[str, Any]) -> ExampleBody:
    return "application/json", json.dumps({MARK: True, **payload}).encode()


def as_form(part: str, payload: Mapping[str, Any]) -> ExampleBody:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{part}"\r\nContent-Type: application/json\r\n\r\n'
    body = head.encode() + as_json(payload)[1] + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return f"multipart/form-data; boundary={_BOUNDARY}", body


def stamp(at: datetime) -> str:
    """As .NET writes times: seven decimals."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000Z"


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19

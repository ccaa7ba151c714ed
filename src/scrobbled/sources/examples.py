"""Webhooks of our own making, as the servers would send them: for ``scrobbled test-event``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

MARK = "scrobbled-test-event"
"""A member of the payload that no media server sends; its event is understood and stored, and never becomes a play."""
TITLE = "scrobbled test event"
_BOUNDARY = "scrobbled-test-event-boundary"


@dataclass(frozen=True, slots=True)
class Example:
    """What was watched to its end: by whom, on which server, in which library."""

    account: str
    at: datetime
    server: str = ""
    library: str = ""


Made = tuple[str, bytes]
"""Content type and body."""


def _plex(example: Example) -> Made:
    """An episode, in the form that Plex sends."""
    account: dict[str, object] = {"title": example.account}
    if _is_number(example.account):
        account["id"] = int(example.account)
    payload = {
        MARK: True,
        "event": "media.scrobble",
        "user": True,
        "owner": True,
        "Account": account,
        "Server": {"title": TITLE, "uuid": example.server},
        "Player": {"local": True, "title": TITLE, "uuid": MARK},
        "Metadata": {
            "librarySectionType": "show",
            "librarySectionTitle": example.library,
            "ratingKey": MARK,
            "type": "episode",
            "title": TITLE,
            "grandparentTitle": TITLE,
            "parentIndex": 1,
            "index": 1,
            "duration": 45 * 60_000,
            "lastViewedAt": int(example.at.timestamp()),
        },
    }
    part = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="payload"\r\nContent-Type: application/json\r\n\r\n'
    body = f"{part}{json.dumps(payload)}\r\n--{_BOUNDARY}--\r\n"
    return f"multipart/form-data; boundary={_BOUNDARY}", body.encode()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


EXAMPLES: dict[str, Callable[[Example], Made]] = {"plex": _plex}
"""By source. A new source adds a line, so that its webhook can be tried."""

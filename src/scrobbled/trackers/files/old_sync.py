"""The state file of trakt-serializd-sync: what it believed to be on both sides, and what it never sent.

It wrote a play down as sent also when the service had refused it, so its list only hints at what to look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from scrobbled.core.errors import BadFile
from scrobbled.plumbing.fields import text
from scrobbled.trackers.files import json_rows
from scrobbled.trackers.files.members import Broken, FilePart
from scrobbled.trackers.files.parsed import BelievedViewing, Collector, Parsed

FORMAT = "state of trakt-serializd-sync"
BETWEEN = ("trakt", "serializd")
"""The trackers that it kept in step."""
SENT = "synced_activities"
GIVEN_UP = "excluded_activities"
NAME = "sync_state"
_VERSION = 1
_KEY = re.compile(
    r"(?P<show>[0-9]{1,10}):(?P<season>[0-9]{1,6}):(?P<number>[0-9]{1,6}):(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\Z", re.A
)


def read(member: FilePart, now: datetime) -> Parsed:
    """Hints, and no records. Raises ``BadFile`` for a damaged file, which is never an empty one."""
    state = _state(member)
    into = Collector(now)
    found: dict[str, BelievedViewing] = {}
    for key, why in _keys(state):
        into.rows()
        hint = _hint(key, why)
        if hint is None:
            into.skip("an entry that names no show, season, episode and day", text(key, limit=60) or "one without text")
        else:
            found.setdefault(key, hint)
    return into.parsed(FORMAT, found.values())


def _state(member: FilePart) -> Mapping[str, Any]:
    try:
        state = json_rows.document(member.read())
    except Broken as error:
        raise BadFile(
            f"{member.name} is damaged: {error}. Nothing was taken from it. If you have an older copy, import that; "
            "without one nothing is lost, as the next sync compares both sides in full."
        ) from error
    if not isinstance(state.get(SENT), list) or not isinstance(state.get(GIVEN_UP, {}), dict):
        raise BadFile(f"{member.name} is no state file of trakt-serializd-sync: its list {SENT} is missing.")
    if state.get("version", _VERSION) != _VERSION:
        raise BadFile(f"{member.name} is of version {text(state['version'], limit=20)}; only {_VERSION} is known here.")
    return state


def _keys(state: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """What was sent comes first, and so counts where something stands in both lists."""
    yield from ((key, "") for key in state[SENT])
    yield from ((key, text(why) or "without a reason") for key, why in state.get(GIVEN_UP, {}).items())


def _hint(key: Any, why: str) -> BelievedViewing | None:
    match = _KEY.match(key) if isinstance(key, str) else None
    try:
        day = date.fromisoformat(match["day"]) if match else None
    except ValueError:
        return None
    if match is None or day is None or int(match["show"]) == 0:
        return None
    return BelievedViewing(int(match["show"]), int(match["season"]), int(match["number"]), day, why)

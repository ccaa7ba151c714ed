"""What is on at a Plex server, from its notifications: which event each of them means. Pure; time is handed in.

A notification names a session, an item, a state and a position, every ten seconds or so while something plays. It may
name the next item just before the end of this one, and some servers write positions in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.watching.events import Account
from scrobbled.plumbing.fields import decimal, section, text

PLAYING, PAUSED, STOPPED = "playing", "paused", "stopped"
PROGRESS = "media.progress"
ENTRY = "PlaySessionStateNotification"
MOST_ENTRIES = 50
PROGRESS_EVERY = 60.0
FRESH_MS = 60_000
"""Another item in the same session that is no further than this has just begun."""
LONGEST_SILENCE = 15.0
"""Seconds that may be added to a last known position: notifications come every ten."""
JUMP_MS = 60_000
"""A stop so far ahead of where it can be perhaps tells the position of something else."""


class PlexNotice(Struct, frozen=True):
    """One entry of a notification. ``offset`` is as the server writes it, ``None`` where it does not."""

    session: str
    key: str
    state: str
    offset: float | None


class Seat(Struct, frozen=True):
    """Who sits where: what a session keeps from its beginning to its end."""

    account: Account
    player: str
    player_name: str


class PlexPlaying(Struct, frozen=True):
    """One session. ``since``, ``heard_at`` and ``told_at`` are monotonic seconds."""

    seat: Seat
    key: str
    duration_ms: int | None
    offset_ms: int
    since: float
    heard_at: float
    state: str = ""
    """Empty until something was told of it."""
    told_at: float = 0.0
    pending: str = ""
    """Another item that was named once."""
    in_seconds: bool = False
    last_given: float | None = None


class PlexEvent(Struct, frozen=True):
    """An event, by the name it has in a webhook. ``claimed_ms`` is a place it can hardly have come to by then."""

    event: str
    offset_ms: int
    claimed_ms: int | None = None


def notices(data: str) -> tuple[PlexNotice, ...]:
    """The entries of one message: bare, in a list, or in a ``NotificationContainer``. What is no such is nothing."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(message, dict):
        return ()
    found = (section(message, "NotificationContainer") or message).get(ENTRY)
    entries = found if isinstance(found, list) else [found]
    return tuple(filter(None, (_notice(entry) for entry in entries[:MOST_ENTRIES])))


def _notice(entry: Any) -> PlexNotice | None:
    if not isinstance(entry, dict):
        return None
    session, key = text(entry.get("sessionKey"), limit=100), text(entry.get("ratingKey"), limit=100)
    state = text(entry.get("state")).casefold()
    return PlexNotice(session, key, state, decimal(entry.get("viewOffset"))) if session and key else None


def seated(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[PlexNotice, Seat]]:
    """The rows of ``/status/sessions`` whose user is told; nobody else's session is anybody's."""
    for row in rows:
        user, player = section(row, "User"), section(row, "Player")
        account = Account(text(user.get("id"), limit=100), text(user.get("title"), limit=200))
        said = _notice({**row, "state": player.get("state")})
        if said is not None and account.name:
            name = text(player.get("machineIdentifier"), limit=100)
            yield said, Seat(account, name, text(player.get("title"), limit=200))


def begun(seat: Seat, key: str, duration_ms: int | None, at_ms: float | None, now: float) -> PlexPlaying:
    """A session that nothing was told of yet; ``at_ms`` is where the list of sessions says it is."""
    return PlexPlaying(seat, key, duration_ms, round(at_ms or 0), now, now)


def is_another(on: PlexPlaying, notice: PlexNotice) -> bool:
    """Whether a session has gone on to another item: that has just begun, or is named for the second time."""
    if notice.key == on.key or notice.state not in (PLAYING, PAUSED):
        return False
    return on.pending == notice.key or (notice.offset is not None and notice.offset <= FRESH_MS)


def ended(on: PlexPlaying, now: float) -> PlexEvent:
    """The end of a session that is told by nothing but its absence."""
    return PlexEvent("media.stop", _reached(on, now))


def heard(on: PlexPlaying, notice: PlexNotice, now: float) -> tuple[PlexPlaying | None, PlexEvent | None]:
    """The session after a notice, ``None`` at its end, and what is to be told."""
    if notice.key != on.key:
        if notice.state == STOPPED:
            return None, ended(on, now)
        return replace(on, pending=notice.key), None
    on = replace(on, pending="", in_seconds=on.in_seconds or _is_in_seconds(on, notice, now))
    offset = _position(on, notice)
    if notice.state == STOPPED:
        ahead = offset - on.offset_ms > 2000 * (now - on.heard_at) + JUMP_MS
        return None, PlexEvent("media.stop", on.offset_ms, offset) if ahead else PlexEvent("media.stop", offset)
    event = _event(on, notice.state, now)
    if notice.state not in (PLAYING, PAUSED):
        return on, None
    on = replace(on, offset_ms=offset, heard_at=now, last_given=notice.offset)
    return (replace(on, state=notice.state, told_at=now), PlexEvent(event, offset)) if event else (on, None)


def _event(on: PlexPlaying, state: str, now: float) -> str:
    if state == PLAYING and not on.state:
        return "media.play"
    if state == PLAYING and on.state == PAUSED:
        return "media.resume"
    if state == PLAYING and now - on.told_at >= PROGRESS_EVERY:
        return PROGRESS
    return "media.pause" if state == PAUSED and on.state != PAUSED else ""


def _position(on: PlexPlaying, notice: PlexNotice) -> int:
    if notice.offset is None:
        return on.offset_ms
    offset = notice.offset * (1000 if on.in_seconds else 1)
    return round(min(max(0.0, offset), on.duration_ms or offset))


def _is_in_seconds(on: PlexPlaying, notice: PlexNotice, now: float) -> bool:
    """It moves by ten within ten seconds; or the list of sessions, which is in milliseconds, says the same."""
    if notice.offset is None:
        return False
    if on.last_given is None:
        return on.offset_ms >= FRESH_MS and abs(notice.offset * 1000 - on.offset_ms) < FRESH_MS
    passed, moved = now - on.heard_at, notice.offset - on.last_given
    return on.state == PLAYING and passed >= 5 and abs(moved - passed) <= passed / 2


def _reached(on: PlexPlaying, now: float) -> int:
    """Where it was last, and what was played since then as far as that is known."""
    since = min(now - on.heard_at, LONGEST_SILENCE) if on.state == PLAYING else 0.0
    reached = on.offset_ms + round(1000 * since)
    return min(reached, on.duration_ms) if on.duration_ms else reached

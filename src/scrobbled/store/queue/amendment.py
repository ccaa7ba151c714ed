"""What is to be changed of what a tracker holds: as values, and as rows of the table ``amendments``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from scrobbled.core.kinds import KINDS, PLAYS, Kind, KindShape, KindValue
from scrobbled.core.records import Subject
from scrobbled.core.words.outcomes import WAITING, Hold, PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.store.file.codec import decode_subject, encode_subject, instant

AmendmentAction = str
"""Any of ``core.kinds`` but the one that adds a play."""
_LEFT_OUT = (Code.DROPPED, Code.TAKEN_BACK)
"""Why one that was given up is not queued again."""


class Details(Struct, frozen=True):
    """What an edit is made of; which of it counts depends on the action."""

    remote_id: str = ""
    """The tracker's handle of the play. Without one it is the play of the change it takes back."""
    watched_at: datetime | None = None
    value: KindValue | None = None
    rated_at: datetime | None = None
    rewatch: bool | None = None
    stamp: str = ""
    """Only if the play is still this one (``PlayRecord.stamp``)."""
    again: bool | None = None
    """The play that is removed is wanted again, where a correction made since says that it belongs."""
    as_is: bool = False
    """What it is about is told as this tracker itself knows it: corrections are no longer to be applied to it."""
    at: datetime | None = None
    """When it was last watched (tick)."""


class Inverse(Struct, frozen=True):
    """What takes an amendment back."""

    action: AmendmentAction
    details: Details


class NewAmendment(Struct, frozen=True):
    """What is to be changed in one account. ``key`` is the item's name for both sides of a pair.

    ``subject`` is what it is about, by whichever tracker; not needed where ``change_id`` tells.
    ``before`` and ``after`` are for people: "6", "8". Where ``inverse`` is missing, that of a rating follows from
    ``before``, that of a rewatch mark is the other one, and a tick is unticked.
    """

    viewer: str
    tracker: str
    kind: Kind
    action: AmendmentAction
    key: str
    label: str
    details: Details = Details()
    subject: Subject | None = None
    before: str = ""
    after: str = ""
    why: str = ""
    ask: bool = False
    """It waits until a person says yes to it by name."""
    full: str = ""
    """Why there may be no room for it: it waits until there is."""
    run: int | None = None
    play_id: int | None = None
    change_id: int | None = None
    """The change that is taken back: it becomes ``undone`` with this."""
    undoes: int | None = None
    """The amendment that is taken back."""
    inverse: Inverse | None = None
    event_id: int | None = None
    """The event of a source that wants it."""


def in_words(wish: NewAmendment) -> str:
    """What is to be changed, for people: "rating 6 -> 8"."""
    if KINDS[wish.kind].shape is KindShape.SET:
        return _in_set(wish)
    if wish.kind != PLAYS:
        value = wish.details.value
        return changed(wish.kind, wish.before, wish.after or ("" if value is None else KINDS[wish.kind].told(value)))
    if wish.action == "remove":
        return "remove this play"
    if wish.action == "tick":
        return "tick off without a date"
    if wish.action == "untick":
        return "take back the tick"
    if wish.action == "retime":
        return changed(wish.kind, wish.before, wish.after)
    return "mark as rewatch" if wish.details.rewatch else "mark as no rewatch"


def _in_set(wish: NewAmendment) -> str:
    kind, details = KINDS[wish.kind], f"{wish.before} -> {wish.after}" if wish.before else wish.after
    if wish.action == kind.cleared:
        return f"no longer {kind.held}"
    return f"{kind.held}, {details}" if details else kind.held


def changed(kind: str, before: str, after: str) -> str:
    """Of a rating: "rating 6 -> 8", or "rating 6 -> none"; of a play: when it was watched."""
    if kind == PLAYS:
        return f"time {before} -> {after}"
    held = KINDS[kind].held
    return f"{held} {before} -> {after or 'none'}" if before and before != after else f"{held} {after or 'none'}"


class TakenBack(Struct, frozen=True):
    """The change an amendment takes back, as it is now. ``address`` is where the play was written."""

    state: PlayOutcome
    address_key: str | None
    address: Mapping[str, Any]
    watched_at: datetime | None
    remote_id: str
    undated: str = ""


class Amendment(Struct, frozen=True):
    """One row. Times are Unix seconds."""

    id: int
    wish: NewAmendment
    state: PlayOutcome
    reason: str
    code: str
    hold: str
    attempts: int
    misses: int
    next_at: float
    created_at: float
    settled_at: float | None
    address_key: str | None
    """Where the tracker keeps the subject, once that was looked up."""
    written: TakenBack | None

    @property
    def is_set_by_us(self) -> bool:
        """Whether a tick is there by this: what was ticked already was settled with a note."""
        return self.wish.action == "tick" and self.state is PlayOutcome.DELIVERED and not self.reason


def target_of(wish: NewAmendment) -> str:
    if wish.kind != PLAYS:
        return f"{KINDS[wish.kind].noun[0]} {wish.key}"
    if wish.details.remote_id:
        return f"play {wish.details.remote_id}"
    if wish.change_id is not None:
        return f"change {wish.change_id}"
    if wish.action in ("tick", "untick"):
        return f"tick {wish.key}"
    at = wish.details.watched_at
    return f"play {wish.key} {at.timestamp() if at else ''}"


def stays(last: Amendment, wish: NewAmendment) -> bool:
    """What a person wants taken back is open, and this is no such wish."""
    return last.state in WAITING and _is_personal(last.wish) and not _is_personal(wish)


def is_the_same(last: Amendment, wish: NewAmendment) -> bool:
    if _essence(last.wish) != _essence(wish):
        return False
    if last.state is PlayOutcome.HELD:
        return wish.ask or last.hold == Hold.LIMIT
    left_out = last.state is PlayOutcome.UNDONE and last.code in _LEFT_OUT and not _is_personal(wish)
    return last.state in WAITING or left_out


def _is_personal(wish: NewAmendment) -> bool:
    """A person wants something taken back. Who unmarks something may mark it again."""
    if wish.action == "untick" and wish.event_id is not None:
        return False
    return wish.change_id is not None or wish.undoes is not None


def _essence(wish: NewAmendment) -> tuple[Any, ...]:
    """Where it is equal, the outcome is."""
    details = wish.details
    at = None if wish.action == "remove" else details.watched_at
    return wish.action, details.value, details.rewatch, at, wish.change_id, wish.undoes


_PLAIN = (
    *("viewer", "tracker", "kind", "action", "key", "label", "before", "after", "why"),
    *("run", "play_id", "change_id", "undoes", "event_id"),
)
_STATE = ("id", "reason", "code", "hold", "attempts", "misses", "next_at", "created_at", "settled_at", "address_key")
_COLUMNS = (*_PLAIN, *_STATE, "state", "wish", "subject", "inverse")
_WRITTEN = ("state", "address_key", "address", "watched_at", "remote_id", "undated")
_QUERY = (
    f"SELECT {', '.join(f'amendments.{name}' for name in _COLUMNS)}, "
    f"{', '.join(f'outbox.{name}' for name in _WRITTEN)} "
    "FROM amendments LEFT JOIN outbox ON outbox.id = amendments.change_id"
)


def select(db: sqlite3.Connection, condition: str, values: Sequence[Any]) -> list[Amendment]:
    """Those for which ``condition`` holds: it names columns of ``amendments``, or of the change in ``outbox``."""
    return [_amendment(row) for row in db.execute(f"{_QUERY} WHERE {condition}", values)]


def alike(db: sqlite3.Connection, wish: NewAmendment, most: int) -> list[Amendment]:
    """Those for what ``wish`` is about, whatever became of them, newest first."""
    condition = "amendments.viewer = ? AND amendments.tracker = ? AND amendments.target = ? ORDER BY amendments.id DESC"
    return select(db, f"{condition} LIMIT ?", (wish.viewer, wish.tracker, target_of(wish), most))


def insert(db: sqlite3.Connection, wish: NewAmendment, now: float) -> int:
    """Queued, or held where a person is to be asked; returns its id."""
    inverse = usual_inverse(wish)
    columns = {
        **{name: getattr(wish, name) for name in _PLAIN},
        "target": target_of(wish),
        "wish": _encode(wish.details),
        "subject": None if wish.subject is None else encode_subject(wish.subject),
        "inverse": None if inverse is None else json.dumps([inverse.action, _encode(inverse.details)]),
        **_held(wish),
        "created_at": now,
    }
    marks = ", ".join("?" * len(columns))
    cursor = db.execute(f"INSERT INTO amendments ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))
    return int(cursor.lastrowid or 0)


def _held(wish: NewAmendment) -> dict[str, str]:
    """Its state, and why it is held."""
    if wish.ask:
        return {"state": PlayOutcome.HELD, "hold": Hold.ASK, "reason": wish.why, "code": Hold.ASK}
    if wish.full:
        return {"state": PlayOutcome.HELD, "hold": Hold.LIMIT, "reason": wish.full, "code": Code.LIST_CLOSED}
    return {"state": PlayOutcome.QUEUED, "hold": "", "reason": "", "code": ""}


def usual_inverse(wish: NewAmendment) -> Inverse | None:
    """What takes it back; ``None`` for what nothing of its own kind does."""
    details = wish.details
    if wish.inverse is not None:
        return wish.inverse
    if wish.action == "tick":
        return Inverse("untick", Details())
    if KINDS[wish.kind].shape is KindShape.REGISTER:
        value = int(wish.before) if wish.before.isdecimal() else None
        kind = KINDS[wish.kind]
        return Inverse(kind.cleared, Details()) if value is None else Inverse(kind.put, Details(value=value))
    if wish.action == "flag":
        return Inverse("flag", Details(remote_id=details.remote_id, rewatch=not details.rewatch))
    return None


def _amendment(row: Sequence[Any]) -> Amendment:
    known = dict(zip(_COLUMNS, row, strict=False))
    wish = NewAmendment(
        **{name: known[name] for name in _PLAIN},
        details=_decode(known["wish"]),
        subject=None if known["subject"] is None else decode_subject(known["subject"]),
        ask=known["hold"] == Hold.ASK,
        inverse=_inverse(known["inverse"]),
    )
    state = {name: known[name] for name in _STATE}
    return Amendment(wish=wish, state=PlayOutcome(known["state"]), written=_written(row[len(_COLUMNS) :]), **state)


def _written(row: Sequence[Any]) -> TakenBack | None:
    state, key, address, watched_at, remote_id, undated = row
    if state is None:
        return None
    when = None if watched_at is None else instant(watched_at)
    return TakenBack(PlayOutcome(state), key, json.loads(address or "{}"), when, remote_id or "", undated)


def _inverse(text: str | None) -> Inverse | None:
    if text is None:
        return None
    action, details = json.loads(text)
    return Inverse(action, _decode(details))


def _encode(details: Details) -> str:
    told = {name: value for name, value in asdict(details).items() if value not in (None, "")}
    return json.dumps({k: v.timestamp() if isinstance(v, datetime) else v for k, v in told.items()})


def _decode(text: str) -> Details:
    values: dict[str, Any] = json.loads(text)
    for name in ("watched_at", "rated_at", "at"):
        if name in values:
            values[name] = instant(values[name])
    return Details(**values)

"""How far an account was read: what a cursor holds, and what it is compared with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift
from scrobbled.core.kinds import Kind
from scrobbled.core.records import PlayRecord
from scrobbled.trackers.trakt.codec import minute, moment, timestamp
from scrobbled.trackers.trakt.entries import part

FORM = 1
"""Of the cursor; one of another form is none."""
OVERLAP = timedelta(hours=48)
"""Plays are entered late, by players that were offline above all."""
MOST_RECENT = 2_000
JUST_NOW = 1.5
"""Seconds: one, which is how exactly Trakt tells, and as much as its clocks may differ."""
_CONCERN: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    "plays": (("movies", "watched_at"), ("episodes", "watched_at")),
    "ratings": (("movies", "rated_at"), ("shows", "rated_at"), ("seasons", "rated_at"), ("episodes", "rated_at")),
    "collection": (("movies", "collected_at"), ("episodes", "collected_at")),
    "watchlist": (("movies", "watchlisted_at"), ("shows", "watchlisted_at"), ("watchlist", "updated_at")),
}

Moves = tuple[str, ...]
"""When each part of a kind last moved, as the service writes it; empty for never, or where it does not say."""


class Activities(Struct, frozen=True):
    """What ``/sync/last_activities`` says of the kinds that we read, and when it said so."""

    moves: Mapping[Kind, Moves]
    at: datetime

    @classmethod
    def of(cls, raw: object, what: str, at: datetime) -> Self:
        if not isinstance(raw, Mapping):
            raise ContractDrift(f"{what} answered with something that is no object")
        return cls({kind: _moves(raw, kind) for kind in _CONCERN}, at)

    def on(self, kind: Kind) -> Moves:
        return self.moves[kind]

    def is_just_now(self, kinds: Iterable[Kind]) -> bool:
        """Whether more of these may have happened in the same second, after it was asked."""
        times = [moment(one) for kind in kinds for one in self.on(kind)]
        return any(at is not None and (self.at - at).total_seconds() < JUST_NOW for at in times)


def _moves(raw: Mapping[str, Any], kind: Kind) -> Moves:
    """A part may be missing; where all of them are, only the newest of everything can tell."""
    moves = tuple(_text(part(raw, group).get(name)) for group, name in _CONCERN[kind])
    return moves if any(moves) else (_text(raw.get("all")),)


def _text(value: object) -> str:
    at = moment(value)
    return at.isoformat() if at else ""


class KindCursor(Struct, frozen=True):
    """How far one kind was read."""

    settled: Moves | None = None
    """Up to here everything that moved is accounted for; ``None`` before the first read."""
    looked: Moves | None = None
    """Up to here it was looked for, though nothing may have been found: reads lag behind at times."""
    digest: str = ""
    """Of all values. Of plays: of where snapshot and history disagree, as they do over plays of hidden titles."""
    newest: datetime | None = None
    """The latest time of a play that is not in the future."""
    items: int | None = None
    """Plays that Trakt counts, with hidden ones."""
    recent: frozenset[int] = frozenset()
    """Ids of the plays since ``begins()``."""

    def begins(self) -> datetime | None:
        """From when on plays are read again."""
        return self.newest - OVERLAP if self.newest else None

    def moved_to(self, moves: Moves, *, found: bool) -> Self:
        """A move that nothing was found for is looked into once more, at the next read."""
        settled = moves if found or moves == self.looked else self.settled
        return replace(self, settled=settled, looked=moves)

    def over(self, records: Iterable[PlayRecord], items: int | None, now: datetime, *, complete: bool) -> Self:
        """After reading ``records``: all there are, else all since ``begins()``."""
        kept = list(records)
        times = [record.at for record in kept if record.at is not None and record.at <= now]
        newest = max(times, default=None if complete else self.newest)
        begins = newest - OVERLAP if newest else None
        ids = sorted((int(r.id) for r in kept if begins and r.at and r.at >= begins), reverse=True)
        return replace(self, newest=newest, items=items, recent=frozenset(ids[:MOST_RECENT]))


class TraktCursor(Struct, frozen=True):
    """Everything that one read hands to the next."""

    owner: str = ""
    marks: Mapping[Kind, KindCursor] = field(default_factory=dict)
    """Of the kinds that were ever read."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        if values.get("form") != FORM:
            return cls()
        return cls(values["owner"], {kind: _mark(values[kind]) for kind in _CONCERN if kind in values})

    def values(self) -> dict[str, Any]:
        """As JSON."""
        return {"form": FORM, "owner": self.owner, **{kind: _told(mark) for kind, mark in self.marks.items()}}

    def on(self, kind: Kind) -> KindCursor:
        return self.marks.get(kind, _NEVER)


_NEVER = KindCursor()


def _mark(values: Mapping[str, Any]) -> KindCursor:
    settled, looked = values["settled"], values["looked"]
    newest = moment(values["newest"])
    return KindCursor(
        settled=None if settled is None else tuple(settled),
        looked=None if looked is None else tuple(looked),
        digest=values["digest"],
        newest=minute(newest) if newest else None,
        items=values["items"],
        recent=frozenset(values["recent"]),
    )


def _told(mark: KindCursor) -> dict[str, Any]:
    return {
        "settled": mark.settled,
        "looked": mark.looked,
        "digest": mark.digest,
        "newest": timestamp(mark.newest) if mark.newest else None,
        "items": mark.items,
        "recent": sorted(mark.recent),
    }

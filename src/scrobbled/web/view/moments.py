"""A point in time on the page: for machines exact, for people relative."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from scrobbled.desk import words


class Moment(Struct, frozen=True):
    """``iso`` is UTC; the other texts are in the zone of the house."""

    at: datetime
    iso: str
    ago: str
    since: str
    exact: str


def moment(iso: str | None, now: datetime) -> Moment | None:
    """``None`` for what is no instant: an unknown one, or one in which a secret was masked."""
    try:
        at = datetime.fromisoformat(iso or "")
    except ValueError:
        return None
    return Moment(at, iso or "", words.ago(at, now), words.since(at, now), words.exact(at, now))

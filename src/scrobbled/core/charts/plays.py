"""Plays as they are charted, whichever account or ledger they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from scrobbled.core.charts.points import EVENT, ChartPoint, FieldValue, Tags, plain
from scrobbled.core.naming.items import Item, Media, Movie

EARLIEST = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp())
"""Whatever is dated before has no date that can be believed."""
AHEAD = 15 * 60
"""Clocks differ: what is dated so many seconds after now is not yet in the future."""
NO_DATE, FUTURE, TOO_OLD, RETENTION = "no-date", "future", "too-old", "retention"
"""Why a play is no point. The last one is the database's own reason: it keeps nothing that old."""


class ChartPlay(Struct, frozen=True):
    """One play of a source. ``at`` is whole Unix seconds, ``None`` where nobody knows when.

    ``id`` and ``number`` are the source's own for this play: the number is written into the database of charts.
    """

    id: str
    number: int
    at: int | None
    item: Item
    source: str
    seen_at: datetime
    """When it was first seen here (aware UTC)."""
    minutes: float | None = None
    """How long it is; ``None`` where nobody says, and never 0."""

    @property
    def media(self) -> Media:
        return self.item.media


def number_of(record_id: str) -> int:
    """The record's own number; of an id that is no number always the same one, below 2**53."""
    if record_id.isascii() and record_id.isdecimal() and len(record_id) < 19:
        return int(record_id)
    return int.from_bytes(hashlib.blake2b(record_id.encode(), digest_size=7).digest(), "big") >> 3


def flagged(plays: Iterable[ChartPlay]) -> list[tuple[ChartPlay, bool]]:
    """All plays of one title by one viewer, the earliest first, and whether each is a rewatch.

    By time and then by number; one without a date is earlier than all.
    """
    ordered = sorted(plays, key=lambda play: (play.at is not None, play.at or 0, play.number, play.id))
    return [(play, number > 0) for number, play in enumerate(ordered)]


def left_out(play: ChartPlay, now: float, earliest: int = EARLIEST) -> str:
    """Why it is no point, empty where it is one. ``now`` and ``earliest`` are Unix seconds."""
    if play.at is None:
        return NO_DATE
    if play.at < max(earliest, EARLIEST):
        return TOO_OLD
    return FUTURE if play.at > now + AHEAD else ""


def watch_point(play: ChartPlay, tags: Tags, at: int) -> ChartPoint:
    """The point of a play that stands there."""
    return ChartPoint(EVENT, tags, {**_fields(play), "ingested_at": _instant(play.seen_at)}, at)


def _fields(play: ChartPlay) -> dict[str, FieldValue]:
    told: dict[str, FieldValue | None] = {"history_id": play.number, "runtime_min": play.minutes, **_named(play.item)}
    return {name: value for name, value in told.items() if value is not None}


def _named(item: Item) -> dict[str, FieldValue | None]:
    told: dict[str, FieldValue | None] = {"trakt_id": item.ids.trakt, "tmdb_id": item.ids.tmdb}
    if isinstance(item, Movie):
        return {**told, "title": plain(item.title) or item.label(), "year": item.year}
    return {
        **told,
        "title": plain(item.title or "") or plain(item.label()) or "?",
        "show_title": plain(item.show_title) or None,
        "show_trakt_id": item.show_ids.trakt,
        "show_tmdb_id": item.show_ids.tmdb,
        "season_number": item.season,
        "episode_number": item.number,
        "year": item.show_year,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fingerprint(play: ChartPlay) -> int:
    """Another one as soon as anything else is to be written of it; the moment it was first seen never is."""
    text = repr(sorted(_fields(play).items())).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)

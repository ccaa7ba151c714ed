"""What waits for a person, with what is alike put together: so many questions, and not so many rows.

Read-only and bounded: among more than ``MOST`` rows of a kind only the oldest are looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import starmap
from typing import NamedTuple

from msgspec import Struct

from scrobbled.core.kinds import PLAYS
from scrobbled.core.naming.unmatched import NAMELESS, NAMELESS_WHY, question_of
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.queue.amendment import changed
from scrobbled.store.queue.outbox import DONE

MOST = 20_000
SAMPLES = 3
_OPEN = f"state NOT IN {DONE}"
_PLAYS = (
    "SELECT outbox.id, outbox.viewer, outbox.tracker, outbox.state, outbox.hold, coalesce(outbox.reason, ''), "
    "outbox.code, plays.media, "
    "CASE plays.media WHEN 'movie' THEN plays.label ELSE json_extract(plays.item, '$.show_title') END, "
    "coalesce(plays.label, ''), outbox.play_id, outbox.watched_at IS NOT NULL, plays.media = 'movie' AND "
    "json_extract(plays.item, '$.ids') IS NULL AND coalesce(outbox.candidates, '[]') = '[]' FROM outbox"
)
_JOINED = "JOIN plays ON plays.id = outbox.play_id"
_AMENDED = (
    "SELECT id, viewer, tracker, state, hold, coalesce(reason, ''), code, json_extract(subject, '$[1]'), "
    "coalesce(json_extract(json_extract(subject, '$[2]'), '$.show_title'), label), label, play_id, 1, 0, kind, action, "
    "key, before, coalesce(nullif(after, ''), CAST(json_extract(wish, '$.value') AS TEXT), '') FROM amendments"
)


class _Row(NamedTuple):
    id: int
    viewer: str
    tracker: str
    state: str
    hold: str
    reason: str
    code: str
    media: str | None
    title: str | None
    label: str
    play: int | None
    dated: int
    nameless: int
    """It is a film without any id, and nobody knows one that it may be."""
    kind: str = "plays"
    action: str = ""
    key: str = ""
    before: str = ""
    after: str = ""


class ChangeGroup(Struct, frozen=True):
    """Changes that ask one question. ``ids`` are theirs, oldest first, and ``letter`` is ``c``, or ``a`` of amendments.

    ``title`` is the show's, or the film's label; ``reason``, ``play`` and what else there is are those of the oldest.
    """

    key: str
    letter: str
    state: PlayOutcome
    trackers: tuple[str, ...]
    viewers: tuple[str, ...]
    media: str
    title: str
    reason: str
    ids: tuple[int, ...]
    plays: int
    """How many plays, or things, these are: fewer than changes, where several trackers wait for one."""
    samples: tuple[str, ...]
    """The labels of a few, and what would be changed about each where that differs: "S1 E2 Ebb · rating 6 -> 8"."""
    play: int | None
    dated: bool
    kind: str
    action: str
    """Of amendments: what is to be done."""
    code: str = ""
    """That of the reason."""

    @property
    def is_several(self) -> bool:
        """Whether these are films that have no more in common than that nobody knows them."""
        return self.title == NAMELESS

    @property
    def names(self) -> tuple[str, ...]:
        """The ids as people write them."""
        return tuple(f"{self.letter}{id_}" for id_ in self.ids)


class ConflictSide(Struct, frozen=True):
    """One side of a conflict: ``tracker`` has ``before``, and would be given ``after``."""

    id: int
    tracker: str
    before: str
    after: str


class Disagreement(Struct, frozen=True):
    """One thing that two trackers say differently."""

    label: str
    choices: tuple[ConflictSide, ...]


class Conflicts(Struct, frozen=True):
    """Those of one person between the same trackers, about the same kind of thing."""

    key: str
    viewer: str
    action: str
    trackers: tuple[str, ...]
    each: tuple[Disagreement, ...]

    def won_by(self, tracker: str) -> tuple[int, ...]:
        """The amendments that carry what ``tracker`` says to the other one."""
        return tuple(choice.id for one in self.each for choice in one.choices if choice.tracker != tracker)

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(choice.id for one in self.each for choice in one.choices)


class AskedNeeds(Struct, frozen=True):
    """What is asked, and by which ``mark`` it is known that it still is."""

    mark: tuple[float, ...]
    groups: list[ChangeGroup]
    conflicts: list[Conflicts]


def asked(db: sqlite3.Connection, known: AskedNeeds | None = None) -> AskedNeeds:
    """What is asked now: ``known`` itself where no change has come, gone or been tried since, which is told quickly."""
    now = _mark(db)
    if known is not None and known.mark == now:
        return known
    return AskedNeeds(now, asking(db), conflicts(db))


def _mark(db: sqlite3.Connection) -> tuple[float, ...]:
    plays = db.execute(
        "SELECT count(*), total(id), total(attempts), total(length(reason)), total(state = 'dead'), "
        "total(state = 'held') FROM outbox INDEXED BY outbox_asking "
        "WHERE state IN ('unmatched', 'dead') OR (state = 'held' AND flood IS NULL)"
    ).fetchone()
    amended = db.execute(
        "SELECT count(*), total(id), total(state = 'dead'), total(state = 'held') FROM amendments "
        f"INDEXED BY amendments_waiting WHERE state IN ('unmatched', 'dead', 'held') AND {_OPEN}"
    ).fetchone()
    return (*plays, *amended)


def asking(db: sqlite3.Connection) -> list[ChangeGroup]:
    """What is unmatched, refused, or held by itself; conflicts are apart."""
    plays = db.execute(
        f"{_PLAYS} INDEXED BY outbox_asking {_JOINED} "
        "WHERE (outbox.state IN ('unmatched', 'dead') OR (outbox.state = 'held' AND outbox.flood IS NULL)) "
        "ORDER BY outbox.id LIMIT ?",
        (MOST,),
    )
    amended = [*_amended(db, "unmatched"), *_amended(db, "dead")]
    _, single = _paired(_amended(db, "held"))
    return [*_gathered("c", starmap(_Row, plays)), *_gathered("a", [*amended, *single])]


def conflicts(db: sqlite3.Connection) -> list[Conflicts]:
    """What is held because two trackers say it differently."""
    found: dict[tuple[str, str, tuple[str, ...]], list[Disagreement]] = {}
    paired, _ = _paired(_amended(db, "held"))
    for rows in paired:
        choices = tuple(ConflictSide(row.id, row.tracker, row.before, row.after) for row in rows)
        alike = rows[0].viewer, rows[0].action, tuple(sorted(row.tracker for row in rows))
        found.setdefault(alike, []).append(Disagreement(rows[0].label, choices))
    return [
        Conflicts(_key("k", viewer, action, *trackers), viewer, action, trackers, tuple(each))
        for (viewer, action, trackers), each in found.items()
    ]


def parked(db: sqlite3.Connection) -> list[ChangeGroup]:
    """What is looked up again by itself; quick with any number of others that wait."""
    accounts = db.execute(
        "SELECT one, two FROM tallies WHERE what = 'changes' AND three = 'parked' AND count > 0 ORDER BY one, two"
    )
    rows: list[_Row] = []
    for account in accounts.fetchall():
        found = db.execute(
            f"{_PLAYS} INDEXED BY outbox_waiting {_JOINED} WHERE outbox.viewer = ? AND outbox.tracker = ? "
            f"AND outbox.state = 'parked' AND outbox.{_OPEN} LIMIT ?",
            (*account, MOST - len(rows)),
        )
        rows += starmap(_Row, found)
    return [*_gathered("c", sorted(rows)), *_gathered("a", _amended(db, "parked"))]


def stamp(db: sqlite3.Connection) -> str:
    """Another text whenever other numbers of changes are in some state, or other accounts are unclaimed."""
    row = db.execute(
        "SELECT group_concat(what || one || two || three || count) FROM tallies WHERE what IN ('changes', 'unclaimed')"
    ).fetchone()
    return row[0] or ""


def _amended(db: sqlite3.Connection, state: str) -> list[_Row]:
    """Found by the tallies first, which count them: there is no index for them all."""
    accounts = db.execute(
        "SELECT one, two FROM tallies WHERE what = 'changes' AND three = ? AND count > 0 ORDER BY one, two", (state,)
    )
    rows: list[_Row] = []
    for account in accounts.fetchall():
        found = db.execute(
            f"{_AMENDED} INDEXED BY amendments_waiting WHERE viewer = ? AND tracker = ? AND state = ? AND {_OPEN} "
            "ORDER BY id LIMIT ?",
            (*account, state, MOST - len(rows)),
        )
        rows += starmap(_Row, found)
    return sorted(rows)


def _paired(held: Iterable[_Row]) -> tuple[list[list[_Row]], list[_Row]]:
    """Those of which one at most may be carried out, together; and all others."""
    same: dict[tuple[str, str, str], list[_Row]] = {}
    single: list[_Row] = []
    for row in held:
        if row.kind != PLAYS or row.action == "retime":
            same.setdefault((row.viewer, row.key, row.action), []).append(row)
        else:
            single.append(row)
    paired = []
    for rows in same.values():
        if len({row.tracker for row in rows}) == len(rows) > 1:
            paired.append(rows)
        else:
            single += rows
    return paired, sorted(single)


def _gathered(letter: str, rows: Iterable[_Row]) -> list[ChangeGroup]:
    """Each question as old as its oldest change."""
    found: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        found.setdefault(_alike(row), []).append(row)
    return [_group(_key("g", letter, *alike), letter, same) for alike, same in found.items()]


def _alike(row: _Row) -> tuple[str, ...]:
    """Equal for what one answer settles: which title it is, and when it was watched, is so for all trackers."""
    if row.action and row.state == PlayOutcome.HELD:
        return row.state, row.tracker, row.viewer, row.action, row.reason
    nameless = bool(row.nameless) and row.state == PlayOutcome.UNMATCHED
    same = row.state, row.action, *question_of(row.media or "", row.title or "", is_nameless=nameless)
    if row.state == PlayOutcome.UNMATCHED or not row.dated:
        return *same, str(row.dated)
    told = row.reason if row.state == PlayOutcome.DEAD else ""
    return *same, row.tracker, row.hold, told


def _group(key: str, letter: str, rows: Sequence[_Row]) -> ChangeGroup:
    first = rows[0]
    nameless = first.state == PlayOutcome.UNMATCHED and first.nameless and len({row.title for row in rows}) > 1
    return ChangeGroup(
        key=key,
        letter=letter,
        state=PlayOutcome(first.state),
        trackers=tuple(dict.fromkeys(row.tracker for row in rows)),
        viewers=tuple(dict.fromkeys(row.viewer for row in rows)),
        media=first.media or "",
        title=NAMELESS if nameless else first.title or first.label,
        reason=NAMELESS_WHY if nameless else first.reason,
        ids=tuple(row.id for row in rows),
        plays=len({(row.play, row.label) for row in rows}),
        samples=tuple(dict.fromkeys(_sample(row) for row in rows[: 4 * SAMPLES]))[:SAMPLES],
        play=first.play,
        dated=bool(first.dated),
        kind=first.kind,
        action=first.action,
        code=first.code,
    )


def _sample(row: _Row) -> str:
    if row.kind == PLAYS and row.action != "retime":
        return row.label
    return f"{row.label} · {changed(row.kind, row.before, row.after)}"


def _key(letter: str, *parts: str) -> str:
    """The same for the same question, however often it is asked, and of any process."""
    return letter + sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]

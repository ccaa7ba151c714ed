"""Per pair: which records of its two sides are one viewing, and which values both were last seen to agree on.

Written only from what was read, never because a write was accepted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import astuple

from scrobbled.core.agreeing.ledger import AgreedValues, Link, LinkState
from scrobbled.core.agreeing.plan import SIDES, Side
from scrobbled.core.kinds import STATES, Kind, KindValue
from scrobbled.core.records import IN_PART
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, decode_value, encode_value, instant, listed, seconds

_COLUMNS = "a, b, rule, state, a_at, b_at"
_QUIET = (
    "CASE WHEN links.id IS NULL THEN records.missed > 1 WHEN links.state = 'removed' THEN 1 "
    "WHEN records.missed > 0 OR links.state = 'removing' OR (records.ours = 1 AND records.rewatch = 0) THEN 0 "
    "WHEN links.state = 'agreed' THEN links.{side}_at IS records.at ELSE 1 END"
)
"""Nothing to compare: as ``reconcile.lining`` would find out, and quicker."""


class PairState(Struct, frozen=True):
    """How far a pair was compared."""

    policy: str = ""
    """By which policy: another one makes everything be compared anew."""
    a_rev: int = 0
    b_rev: int = 0
    based_at: float | None = None
    """When it first was compared and allowed to act; ``None`` before that: it only adds."""
    compared_at: float = 0.0
    agreed: int = 0
    """Viewings that both sides hold."""


def state(db: sqlite3.Connection, viewer: str, pair: str) -> PairState:
    row = db.execute(
        "SELECT policy, a_rev, b_rev, based_at, compared_at, agreed FROM pairs WHERE viewer = ? AND pair = ?",
        (viewer, pair),
    ).fetchone()
    return PairState(*row) if row else PairState()


def save_state(db: sqlite3.Connection, viewer: str, pair: str, reached: PairState) -> None:
    db.execute(
        "INSERT INTO pairs (viewer, pair, policy, a_rev, b_rev, based_at, compared_at, agreed) "
        "VALUES (?,?,?,?,?,?,?,?) "
        "ON CONFLICT DO UPDATE SET policy = excluded.policy, a_rev = excluded.a_rev, b_rev = excluded.b_rev, "
        "based_at = excluded.based_at, compared_at = excluded.compared_at, agreed = excluded.agreed",
        (viewer, pair, *astuple(reached)),
    )


def any_links(db: sqlite3.Connection, viewer: str, pair: str) -> bool:
    """Whether the two ever had anything to do with each other."""
    query = "SELECT 1 FROM links WHERE viewer = ? AND pair = ? AND {} IS NOT NULL LIMIT 1"
    return any(db.execute(query.format(side), (viewer, pair)).fetchone() is not None for side in SIDES)


def links_of(db: sqlite3.Connection, viewer: str, pair: str, side: Side, ids: Iterable[str]) -> list[Link]:
    """Those that name one of these records of that side."""
    query = f"SELECT {_COLUMNS} FROM links WHERE viewer = ? AND pair = ? AND {side} = ?"
    return [_link(row) for id_ in ids for row in db.execute(query, (viewer, pair, id_))]


def restless(
    db: sqlite3.Connection, viewer: str, pair: str, side: Side, tracker: str, after: str, rows: int
) -> tuple[str | None, list[str]]:
    """Keys of the records that are not just as they were when the pair agreed on them.

    Looks at so many ``rows``, from the record id ``after`` on; returns up to which it looked, ``None`` at the end.
    """
    account = (viewer, tracker)
    step = "SELECT id FROM records WHERE viewer = ? AND tracker = ? AND id > ? ORDER BY id LIMIT 1 OFFSET ?"
    row = db.execute(step, (*account, after, rows - 1)).fetchone()
    last, ends = (None, "") if row is None else (row[0], "AND records.id <= ?")
    found = db.execute(
        "SELECT DISTINCT records.key FROM records LEFT JOIN links ON links.viewer = ? AND links.pair = ? "
        f"AND links.{side} = records.id WHERE records.viewer = ? AND records.tracker = ? AND records.id > ? {ends} "
        f"AND NOT ({_QUIET.format(side=side)})",
        (viewer, pair, *account, after, *(() if last is None else (last,))),
    )
    return last, [row[0] for row in found]


def restless_values(db: sqlite3.Connection, account: tuple[str, str], pair: str, side: Side) -> set[str]:
    """Keys of what the account has or had a value of, and it is not the one that the pair was last seen to agree on.

    Of kinds, not of states: those are no values that two sides agree on.
    """
    rows = db.execute(
        "SELECT valued.key FROM valued LEFT JOIN subjects ON subjects.viewer = valued.viewer "
        "AND subjects.tracker = valued.tracker AND subjects.key = valued.key "
        "LEFT JOIN agreed ON agreed.viewer = valued.viewer AND agreed.pair = ? AND agreed.kind = valued.kind "
        "AND agreed.key = subjects.identity "
        f"WHERE valued.viewer = ? AND valued.tracker = ? AND valued.kind NOT IN {THESE} "
        f"AND (valued.value IS NOT agreed.{side} OR valued.id = ?)",
        (pair, *account, listed(STATES), IN_PART),
    )
    return {row[0] for row in rows}


def _link(row: tuple[str | None, str | None, str, str, int | None, int | None]) -> Link:
    a, b, rule, linked, a_at, b_at = row
    moments = [None if at is None else instant(at) for at in (a_at, b_at)]
    return Link(a, b, rule, LinkState(linked), *moments)


def put_links(db: sqlite3.Connection, viewer: str, pair: str, found: Iterable[Link], now: float) -> None:
    """Each takes the place of whatever was said of its records before."""
    links = list(found)
    for side in SIDES:
        ids = (link.a if side == "a" else link.b for link in links)
        gone = [(viewer, pair, id_) for id_ in ids if id_ is not None]
        db.executemany(f"DELETE FROM links WHERE viewer = ? AND pair = ? AND {side} = ?", gone)
    db.executemany(
        f"INSERT OR REPLACE INTO links (viewer, pair, {_COLUMNS}, linked_at) VALUES (?,?,?,?,?,?,?,?,?)",
        [
            (viewer, pair, link.a, link.b, link.rule, link.state, seconds(link.a_at), seconds(link.b_at), now)
            for link in links
        ],
    )


def count_agreed(db: sqlite3.Connection, viewer: str, pair: str) -> int:
    row = db.execute("SELECT count(*) FROM links WHERE viewer = ? AND pair = ? AND state = 'agreed'", (viewer, pair))
    return int(row.fetchone()[0])


def values(db: sqlite3.Connection, viewer: str, pair: str) -> dict[tuple[Kind, str], AgreedValues]:
    """By kind and canonical key, the values that both sides were last seen to agree on."""
    rows = db.execute("SELECT kind, key, a, b FROM agreed WHERE viewer = ? AND pair = ?", (viewer, pair))
    return {(kind, key): (decode_value(a), decode_value(b)) for kind, key, a, b in rows}


def put_values(
    db: sqlite3.Connection, viewer: str, pair: str, found: Mapping[tuple[Kind, str], AgreedValues | None], now: float
) -> None:
    """``None``: both sides were seen without one."""
    for (kind, key), agreed in found.items():
        db.execute(
            "DELETE FROM agreed WHERE viewer = ? AND pair = ? AND kind = ? AND key = ?", (viewer, pair, kind, key)
        )
        if agreed is not None:
            db.execute(
                "INSERT INTO agreed (viewer, pair, kind, key, a, b, at) VALUES (?,?,?,?,?,?,?)",
                (viewer, pair, kind, key, *map(encode_value, agreed), now),
            )


def left_as(db: sqlite3.Connection, account: AccountKey, kind: Kind, key: str, value: KindValue) -> None:
    """We have told the account this of what both sides of its pairs have, whatever it keeps of that."""
    viewer, tracker = account
    for side, pair in (("a", f"{tracker},%"), ("b", f"%,{tracker}")):
        db.execute(
            f"UPDATE agreed SET {side} = ? WHERE viewer = ? AND pair LIKE ? AND kind = ? AND key = ?",
            (encode_value(value), viewer, pair, kind, key),
        )


def forget(db: sqlite3.Connection, viewer: str, pair: str) -> None:
    """As if the two had never been compared. Tombstones go as well."""
    for name in ("links", "agreed", "pairs"):
        db.execute(f"DELETE FROM {name} WHERE viewer = ? AND pair = ?", (viewer, pair))

"""The durable queue of changes that add no play: ratings, removals, other times, rewatch marks.

``state`` is an outcome code. All of them may be repeated, so nothing is ever in doubt: after a lost answer the same is
done again. Open, there is one for each target at most. Shown to people as ``a12``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from scrobbled.core.kinds import Kind, KindValue, valued
from scrobbled.core.words.outcomes import WAITING, PlayOutcome
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.store.file.codec import THESE, decode_value, listed
from scrobbled.store.queue import outbox
from scrobbled.store.queue.amendment import (
    Amendment,
    NewAmendment,
    alike,
    insert,
    is_the_same,
    select,
    stays,
)
from scrobbled.store.queue.outbox import NEVER_LATER, TAKEN_BACK
from scrobbled.store.queue.verbs import AMENDMENTS
from scrobbled.store.queue.words import SAYS, SAYS_NOTHING, said

REPLACED = Reason("a newer wish took its place", Code.REPLACED)
OTHER_CHOSEN = Reason("you chose the other value", Code.OTHER_CHOSEN)
RESTORED = Reason("restored from a backup, so it is compared anew", Code.RESTORED)
_OPEN = f"state NOT IN {outbox.DONE}"
_TOOK = "action IN ('remove', 'retime') AND state = 'delivered'"
_COMES_AGAIN = "(amendments.state <> 'unmatched' OR amendments.next_at > 0)"
_WAITS_FOR_ITS_WRITE = "(outbox.state = 'queued' AND outbox.phase <> '')"
_CANCELLED = outbox.OF_A_CANCELLED_RUN.format("amendments")
begin, postpone, release = AMENDMENTS.begin, AMENDMENTS.postpone, AMENDMENTS.release
retry, waits = AMENDMENTS.retry, AMENDMENTS.waits


def add(db: sqlite3.Connection, wish: NewAmendment, now: float) -> int:
    """Queue it, or hold it where a person is to be asked; returns its id.

    The same wish for the same target stays the one it was, whatever became of it: also one that a person left out. A
    different one takes the place of what is still open, but never of what a person wanted taken back.
    """
    last = last_like(db, wish)
    if last is not None and (stays(last, wish) or is_the_same(last, wish)):
        return last.id
    if last is not None and last.state in WAITING:
        settle(db, last.id, PlayOutcome.UNDONE, REPLACED, now)
    return insert(db, wish, now)


def newest(db: sqlite3.Connection) -> int:
    """The highest id, 0 for none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM amendments").fetchone()[0])


def due(db: sqlite3.Connection, viewer: str, tracker: str, now: float, limit: int) -> list[Amendment]:
    """Those that are due, oldest first, then what is asked for again. What takes back a write under way waits."""
    found: list[Amendment] = []
    for state in (PlayOutcome.QUEUED, PlayOutcome.PARKED, PlayOutcome.UNMATCHED):
        found += select(
            db,
            "amendments.viewer = ? AND amendments.tracker = ? AND amendments.state = ? "
            f"AND amendments.{_OPEN} AND (amendments.next_at <= ? OR amendments.next_at > ?) AND {_COMES_AGAIN} "
            f"AND NOT coalesce({_WAITS_FOR_ITS_WRITE}, 0) AND NOT {_CANCELLED} ORDER BY amendments.id LIMIT ?",
            (viewer, tracker, state, now, now + NEVER_LATER, limit - len(found)),
        )
        if len(found) == limit:
            break
    return found


def next_due(db: sqlite3.Connection, viewer: str, tracker: str) -> float | None:
    """When the next one is due (Unix seconds); ``None`` where nothing waits for a time."""
    row = db.execute(
        "SELECT min(amendments.next_at) FROM amendments LEFT JOIN outbox ON outbox.id = amendments.change_id "
        "WHERE amendments.viewer = ? AND amendments.tracker = ? "
        f"AND amendments.state IN ('queued', 'parked', 'unmatched') AND {_COMES_AGAIN} AND amendments.{_OPEN} "
        f"AND NOT coalesce({_WAITS_FOR_ITS_WRITE}, 0) AND NOT {_CANCELLED}",
        (viewer, tracker),
    ).fetchone()
    return None if row[0] is None else float(row[0])


def took_since(db: sqlite3.Connection, viewer: str, tracker: str, since: float) -> bool:
    """Whether a play of this account was removed or moved by us at ``since`` (Unix seconds) or later."""
    row = db.execute(
        f"SELECT 1 FROM amendments INDEXED BY amendments_taking WHERE viewer = ? AND tracker = ? AND {_TOOK} "
        "AND settled_at >= ? LIMIT 1",
        (viewer, tracker, since),
    ).fetchone()
    return row is not None


def taken(db: sqlite3.Connection, viewer: str, tracker: str) -> set[str]:
    """What of this account we have taken away ourselves: record ids of plays, and the tracker's keys of values.

    With another time a play may have got another id; the target is still the one it had.
    """
    plays = db.execute(
        "SELECT CASE action WHEN 'retime' THEN substr(target, 6) ELSE json_extract(wish, '$.remote_id') END "
        f"FROM amendments INDEXED BY amendments_taking WHERE viewer = ? AND tracker = ? AND {_TOOK}",
        (viewer, tracker),
    )
    values = db.execute(
        "SELECT address_key FROM amendments "
        f"WHERE viewer = ? AND tracker = ? AND action IN {THESE} AND state = 'delivered'",
        (viewer, tracker, listed(kind.cleared for kind in valued())),
    )
    return {row[0] for rows in (plays, values) for row in rows if row[0]}


def removed(db: sqlite3.Connection, viewer: str, tracker: str) -> set[str]:
    """Record ids of the plays of this account that we have removed. What was only moved may still have its id."""
    rows = db.execute(
        "SELECT json_extract(wish, '$.remote_id') FROM amendments INDEXED BY amendments_taking "
        f"WHERE viewer = ? AND tracker = ? AND {_TOOK} AND action = 'remove'",
        (viewer, tracker),
    )
    return {row[0] for row in rows if row[0]}


def renamed(db: sqlite3.Connection, viewer: str, tracker: str) -> dict[str, str]:
    """Handles that plays of this account got with another time that we gave them, and the ones they had before."""
    rows = db.execute(
        "SELECT json_extract(wish, '$.remote_id'), substr(target, 6) FROM amendments INDEXED BY amendments_taking "
        f"WHERE viewer = ? AND tracker = ? AND {_TOOK} AND action = 'retime'",
        (viewer, tracker),
    )
    return {new: old for new, old in rows if new and new != old}


def located(db: sqlite3.Connection, id_: int, address_key: str) -> None:
    db.execute("UPDATE amendments SET address_key = ? WHERE id = ?", (address_key, id_))


def found(db: sqlite3.Connection, id_: int, remote_id: str) -> None:
    """Which play it is about, so that a repeat can mean no other."""
    db.execute("UPDATE amendments SET wish = json_set(wish, '$.remote_id', ?) WHERE id = ?", (remote_id, id_))


def moved(db: sqlite3.Connection, amendment: Amendment, remote_id: str) -> None:
    """The tracker gave the play another handle with its other time.

    The one it had may be known only from what was read: not every tracker tells it when a play is added.
    """
    found(db, amendment.id, remote_id)
    whose, before = (amendment.wish.viewer, amendment.wish.tracker), amendment.wish.details.remote_id
    db.execute(
        "UPDATE outbox SET remote_id = ? WHERE viewer = ? AND tracker = ? AND kind = 'plays' AND (remote_id = ? "
        "OR (remote_id IS NULL AND play_id = (SELECT play FROM records WHERE viewer = ? AND tracker = ? AND id = ? "
        "AND ours = 1)))",
        (remote_id, *whose, before, *whose, before),
    )


def settle(
    db: sqlite3.Connection, id_: int, outcome: PlayOutcome, reason: str, now: float, *, next_at: float = 0.0
) -> bool:
    """It reached ``outcome``; false where it was settled before. What was taken back by it is undone then.

    One that was carried out is that, also where somebody dropped it meanwhile.
    """
    delivered = outcome is PlayOutcome.DELIVERED
    settled = db.execute(
        f"UPDATE amendments SET state = ?, {SAYS}, settled_at = ?, next_at = ?, misses = misses + ? "
        f"WHERE id = ? AND ({_OPEN} OR (? AND state = 'undone'))",
        (outcome, *said(reason), now, next_at, int(next_at > 0.0), id_, delivered),
    ).rowcount
    if settled and delivered:
        _undo_what_it_takes_back(db, id_, now)
    return bool(settled)


def for_good(db: sqlite3.Connection, id_: int) -> None:
    """What it takes away is not wanted anywhere else either."""
    db.execute("UPDATE amendments SET wish = json_remove(wish, '$.again') WHERE id = ?", (id_,))


def undone(db: sqlite3.Connection, id_: int) -> None:
    """A person took it back, whatever had become of it."""
    db.execute(f"UPDATE amendments SET state = 'undone', {SAYS} WHERE id = ?", (*said(TAKEN_BACK), id_))


def approve(db: sqlite3.Connection, ids: Collection[int], now: float) -> list[int]:
    """Carry out those that ask. Where both sides were held to choose from, the other one is dropped."""
    done = []
    for id_ in AMENDMENTS.chosen(db, ids, "state = 'held'"):
        row = db.execute(
            "SELECT viewer, key, tracker, action FROM amendments WHERE id = ? AND state = 'held'", (id_,)
        ).fetchone()
        if row is None:  # the other one of the two was named as well
            continue
        db.execute(
            f"UPDATE amendments SET state = 'queued', {SAYS_NOTHING}, hold = '', next_at = 0 WHERE id = ?", (id_,)
        )
        others = db.execute(
            "SELECT id FROM amendments WHERE viewer = ? AND key = ? AND tracker <> ? AND action = ? "
            f"AND (kind <> 'plays' OR action = 'retime') AND state = 'held' AND {_OPEN}",
            row,
        ).fetchall()
        for (other,) in others:
            settle(db, other, PlayOutcome.UNDONE, OTHER_CHOSEN, now)
        done.append(id_)
    return done


def drop(db: sqlite3.Connection, ids: Collection[int], now: float) -> list[int]:
    """Give up on them for good: the same wish is not queued again."""
    return [
        id_
        for id_ in AMENDMENTS.chosen(db, ids, AMENDMENTS.idle)
        if settle(db, id_, PlayOutcome.UNDONE, outbox.DROPPED, now)
    ]


def forget_wishes(db: sqlite3.Connection, now: float) -> None:
    """The database is as it once was: what waited may be out of date, and is found again where it is not."""
    for (id_,) in db.execute(f"SELECT id FROM amendments WHERE {_OPEN} AND change_id IS NULL").fetchall():
        settle(db, id_, PlayOutcome.UNDONE, RESTORED, now)


def listing(
    db: sqlite3.Connection, *, after: int = 0, limit: int = 200, states: Sequence[str] | None = None
) -> list[Amendment]:
    """Everything not settled, oldest first, in pages: pass the last id seen as ``after``."""
    chosen = "" if states is None else f"AND amendments.state IN ({','.join('?' * len(states))}) "
    condition = f"amendments.{_OPEN} AND amendments.id > ? {chosen}ORDER BY amendments.id LIMIT ?"
    return select(db, condition, (after, *(states or ()), limit))


def held(db: sqlite3.Connection) -> int:
    """How many wait for a person to say yes."""
    return int(db.execute(f"SELECT count(*) FROM amendments WHERE state = 'held' AND {_OPEN}").fetchone()[0])


def get(db: sqlite3.Connection, id_: int) -> Amendment | None:
    return next(iter(select(db, "amendments.id = ?", (id_,))), None)


def of_event(db: sqlite3.Connection, event_id: int) -> list[Amendment]:
    """What an event of a source wants to have changed, oldest first."""
    return select(db, "amendments.event_id = ? ORDER BY amendments.id", (event_id,))


def last_like(db: sqlite3.Connection, wish: NewAmendment) -> Amendment | None:
    """The newest there is for what ``wish`` is about, whatever became of it."""
    return next(iter(alike(db, wish, 1)), None)


def for_play(db: sqlite3.Connection, play_id: int) -> list[Amendment]:
    """Everything that was ever to be changed of a play, oldest first."""
    return select(db, "amendments.play_id = ? ORDER BY amendments.id", (play_id,))


def of_change(db: sqlite3.Connection, change_id: int) -> Amendment | None:
    """The open amendment that takes a change back."""
    return next(iter(select(db, f"amendments.change_id = ? AND amendments.{_OPEN}", (change_id,))), None)


def taking_back(db: sqlite3.Connection, id_: int) -> Amendment | None:
    """The open amendment that takes this one back."""
    return next(iter(select(db, f"amendments.undoes = ? AND amendments.{_OPEN}", (id_,))), None)


def of_run(db: sqlite3.Connection, run: int) -> list[Amendment]:
    """What a run changed or wanted to change, newest first."""
    return select(db, "amendments.run = ? ORDER BY amendments.id DESC", (run,))


def taken_back(db: sqlite3.Connection, viewer: str, tracker: str) -> dict[tuple[Kind, str], KindValue | None]:
    """By kind and canonical key, the values to which ``undo`` set back what a run had set: they are no news there."""
    rows = db.execute(
        "SELECT kind, key, json_quote(json_extract(wish, '$.value')), undoes FROM amendments "
        "WHERE viewer = ? AND tracker = ? AND kind <> 'plays' AND state = 'delivered' ORDER BY id",
        (viewer, tracker),
    ).fetchall()
    latest = {(kind, key): (value, undoes) for kind, key, value, undoes in rows}
    return {which: decode_value(value) for which, (value, undoes) in latest.items() if undoes is not None}


def _undo_what_it_takes_back(db: sqlite3.Connection, id_: int, now: float) -> None:
    change, amendment, again = db.execute(
        "SELECT change_id, undoes, json_extract(wish, '$.again') FROM amendments WHERE id = ?", (id_,)
    ).fetchone()
    if amendment is not None:
        undone(db, amendment)
    if change is not None and again:
        outbox.start_anew(db, change, now)
    elif change is not None:
        db.execute(
            f"UPDATE outbox SET state = 'undone', phase = '', {SAYS}, settled_at = ? WHERE id = ? "
            "AND state <> 'undone'",
            (*said(TAKEN_BACK), now, change),
        )
        outbox.note(db, change, now, PlayOutcome.UNDONE, TAKEN_BACK)

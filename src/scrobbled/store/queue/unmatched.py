"""What could not be told at a tracker: changes that wait for it, and what its catalogue did not have when asked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from scrobbled.core.naming.unmatched import UnmatchedThing
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.store.file.codec import decode_item
from scrobbled.store.mirror import subjects
from scrobbled.store.queue import amendments
from scrobbled.store.queue.outbox import DONE

MOST = 5_000
"""Of each sort; more are not looked at."""
_STATES = (PlayOutcome.UNMATCHED, PlayOutcome.PARKED, PlayOutcome.DEAD)
_FOUND_NOWHERE = {Code.NOT_FOUND, Code.NOT_IN_CATALOGUE, Code.UNCERTAIN}


def things(db: sqlite3.Connection) -> list[UnmatchedThing]:
    """All of them; what waits comes first, oldest first."""
    return [*_plays(db), *_others(db), *_misses(db)]


def _plays(db: sqlite3.Connection) -> Iterator[UnmatchedThing]:
    accounts = db.execute(
        "SELECT DISTINCT one, two, three FROM tallies WHERE what = 'changes' AND count > 0 "
        f"AND three IN ({', '.join('?' * len(_STATES))}) ORDER BY one, two, three",
        _STATES,
    )
    for viewer, tracker, state in accounts.fetchall():
        rows = db.execute(
            "SELECT outbox.id, coalesce(outbox.reason, ''), outbox.code, outbox.candidates, plays.media, plays.item, "
            "plays.label, plays.source FROM outbox INDEXED BY outbox_waiting JOIN plays ON plays.id = outbox.play_id "
            f"WHERE outbox.viewer = ? AND outbox.tracker = ? AND outbox.state = ? AND outbox.state NOT IN {DONE} "
            "ORDER BY outbox.id LIMIT ?",
            (viewer, tracker, state, MOST),
        )
        for id_, reason, code, candidates, media, item, label, source in rows:
            if state != PlayOutcome.DEAD or code in _FOUND_NOWHERE:
                yield UnmatchedThing(
                    viewer,
                    tracker,
                    source,
                    decode_item(media, item),
                    label,
                    PlayOutcome(state),
                    reason,
                    f"c{id_}",
                    tuple(json.loads(candidates or "[]")),
                )


def _others(db: sqlite3.Connection) -> Iterator[UnmatchedThing]:
    for one in amendments.listing(db, limit=MOST, states=_STATES[:2]):
        wish = one.wish
        if wish.subject is not None:
            yield UnmatchedThing(
                wish.viewer,
                wish.tracker,
                "",
                wish.subject.item,
                wish.label,
                PlayOutcome(one.state),
                one.reason,
                f"a{one.id}",
            )


def _misses(db: sqlite3.Connection) -> Iterator[UnmatchedThing]:
    for one in subjects.misses(db, MOST):
        yield UnmatchedThing(
            one.viewer,
            one.target,
            one.tracker,
            one.subject.item,
            one.subject.label(),
            PlayOutcome.UNMATCHED,
            one.reason,
        )

"""What of one side the other side would get, if it kept such."""

from __future__ import annotations

import sqlite3

from scrobbled.core.agreeing.ledger import EVERYTHING, Policy
from scrobbled.core.agreeing.plan import SIDES, of_side, other
from scrobbled.core.agreeing.writing import may_write
from scrobbled.core.sending.change import LEAVE
from scrobbled.reconcile.pairs import Sides
from scrobbled.store.mirror import subjects


def unkept(db: sqlite3.Connection, sides: Sides, made: Policy) -> dict[str, int]:
    """Plays that one side holds and the other would get, if it kept such; like ``{"serializd leave movie": 12}``."""
    found = {}
    for side in SIDES:
        there = other(side)
        for media in sorted(EVERYTHING - of_side(made.takes, there)) if may_write(made.plays, there) else ():
            if count := subjects.plays_of(db, sides.account(side), media):
                found[f"{sides.name(there)} {LEAVE} {media}"] = count
    return found

"""What is to be changed on two sides: a value that a person can read, count and say yes to."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from scrobbled.core.agreeing.outline import Outline, outline
from scrobbled.core.agreeing.plan_words import in_words
from scrobbled.core.kinds import Kind
from scrobbled.core.sending.change import SIDES, Action, Change, Side, left, of_side, other, warned

__all__ = ["SIDES", "Action", "Change", "Plan", "Side", "left", "of_side", "other", "read_id", "warned"]
_ID = re.compile(r"([0-9a-z]{1,8})-([0-9a-f]{12})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Plan(Struct, frozen=True):
    """Everything that is to be done for one pair. Equal plans have equal fingerprints, whatever they warn of."""

    viewer: str
    names: tuple[str, str]
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()
    agreed: int = 0
    """Viewings that both sides hold."""

    def name(self, side: Side) -> str:
        return of_side(self.names, side)

    def count(self, side: Side | None = None, action: str | None = None, kind: Kind | None = None) -> int:
        """How many changes; all of them, or those of a side, an action, a kind."""
        return sum(
            (side is None or change.side == side)
            and (action is None or change.action == action)
            and (kind is None or change.kind == kind)
            for change in self.changes
        )

    def fingerprint(self) -> str:
        """Twelve hex digits that differ as soon as another thing would be done, or for another viewer or pair."""
        whole = (self.viewer, self.names, sorted(map(_print, self.changes)))
        return hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:12]

    def id(self, expires: datetime) -> str:
        """Expiry (to the second) and fingerprint in one word that a shell leaves alone; see ``read_id``."""
        return f"{_base36(int(expires.timestamp()))}-{self.fingerprint()}"

    def outline(self, *, most: int = 40) -> Outline:
        """What a person says yes to. At most so many lines for each sort of change on a side, and for decisions."""
        return outline(self.viewer, self.names, self.changes, self.warnings, self.agreed, most)

    def text(self, *, most: int = 40) -> str:
        """The same in words."""
        return in_words(self.outline(most=most))


def read_id(text: str) -> tuple[datetime, str]:
    """Expiry (aware UTC) and fingerprint of ``Plan.id``; raises ``ValueError`` with what to do."""
    found = _ID.fullmatch(text.strip().lower())
    try:
        if found is not None:
            return datetime.fromtimestamp(int(found[1], 36), UTC), found[2]
    except (OverflowError, ValueError):
        pass
    raise ValueError(f"{text.strip()!r} is not the id of a plan. Copy the one that the plan was shown with.")


def _print(change: Change) -> bytes:
    """All that makes a difference to what is done or was seen, and nothing that is only said about it."""
    at = change.at.timestamp() if change.at else None
    what = (change.side, change.action, change.kind, change.key, change.source, change.target, at)
    return msgspec.json.encode(
        (*what, change.before, change.after, change.value, change.rewatch, change.ask, change.undated)
    )


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"

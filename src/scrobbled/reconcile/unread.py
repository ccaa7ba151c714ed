"""What a run has to do without: kinds and parts of its two accounts that were not read, in words."""

from __future__ import annotations

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import Policy
from scrobbled.core.agreeing.plan import SIDES
from scrobbled.core.kinds import KINDS, PLAYS, Kind
from scrobbled.reconcile.accounts import AccountReads
from scrobbled.reconcile.pairs import Sides


class RunGaps:
    """By the last reads of both accounts."""

    def __init__(self, reads: AccountReads, sides: Sides) -> None:
        self._reads, self._sides = reads, sides

    def kinds(self, made: Policy) -> dict[Kind, str]:
        """Those that a side could not tell of just now. Without the plays nobody knows what left a list by itself."""
        found: dict[Kind, str] = {}
        for side, name in zip(SIDES, self._sides.called, strict=True):
            told = self._reads.unread.get(self._sides.account(side), {})
            found |= {
                kind: f"{KINDS[kind].called} on {name} could not be read and are left out: {why}"
                for kind, why in told.items()
            }
            if PLAYS in told:
                listed = (kind for kind in KINDS if KINDS[kind].until_watched and made.way(kind) != "off")
                found |= {kind: f"{KINDS[kind].called} is left out with the plays on {name}" for kind in listed}
        return found

    def lacking(self, made: Policy) -> dict[Kind, str]:
        """Those of this policy that an account has not: nothing of them is ever missing."""
        return {
            kind: f"{KINDS[kind].called} on {name} is off: {why}"
            for side, name in zip(SIDES, self._sides.called, strict=True)
            for kind, why in self._reads.lacking.get(self._sides.account(side), {}).items()
            if made.way(kind) != "off"
        }

    def told(self, made: Policy) -> tuple[str, ...]:
        return (*self.lacking(made).values(), *self.kinds(made).values())

    def without(self, made: Policy) -> Policy:
        """The same, with all of these off."""
        off = self.kinds(made).keys() | self.lacking(made).keys()
        return replace(made, ways={kind: "off" if kind in off else way for kind, way in made.ways.items()})

    def missing(self, made: Policy) -> str:
        """What was not read for such a run, in words; empty where all was."""
        parts = (part for side in SIDES for part in self._reads.missing.get(self._sides.account(side), ()))
        return "; ".join((*self.kinds(made).values(), *(f"nothing is known of {part}" for part in parts)))

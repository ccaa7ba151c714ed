"""A notebook on a shelf as a tracker: one page for each owner, opened with a pin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from scrobbled.core.errors import LoginNeeded
from scrobbled.core.kinds import PLAYS, RATINGS
from scrobbled.core.words.checks import Check, problem
from scrobbled.trackers.given import Context, Tokens
from trackers.memory.tracker import CAN as REFERENCE
from trackers.memory.tracker import MemoryTracker, in_words

__all__ = ["CAN", "NOTEBOOKS", "build", "in_words"]
KEPT = frozenset({PLAYS, RATINGS})
CAN = replace(REFERENCE, site="https://notebook.example", reads=KEPT, amends=KEPT)
NOTEBOOKS: dict[str, Notebook] = {}
"""By owner: what the service holds while processes come and go."""


@dataclass
class Notebook(MemoryTracker):
    tokens: Tokens | None = None

    async def sign_in(self) -> None:
        if self.tokens is None or not await self.tokens.load():
            raise LoginNeeded("the notebook is closed")

    def roots(self) -> Mapping[str, str]:
        return {"API": self.can.site}

    async def examine(self) -> Sequence[Check]:
        if self.tokens is None or not await self.tokens.load():
            return [problem("sign-in", "The notebook is closed.", "Open it with its pin.")]
        return await super().examine()


def build(context: Context) -> Notebook:
    """``owner`` says whose it is."""
    owner = str(context.settings["owner"])
    there = NOTEBOOKS.setdefault(owner, Notebook(can=CAN, owner=owner))
    there.tokens = context.tokens
    return there

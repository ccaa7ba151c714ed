"""The part of a tracker that shows what is being played."""

from __future__ import annotations

from typing import Literal, Protocol

from scrobbled.core.naming.items import Item


class TellsPlaying(Protocol):
    """The part of a tracker that shows what is being played just now."""

    async def playing(self, action: Literal["start", "pause"], item: Item, percent: float) -> None:
        """Show it. ``percent`` is below what counts as watched there, so that this never adds a play.

        Raises as every call, and ``NotInCatalogue`` or ``Uncertain`` as ``locate``; nothing is ever in doubt.
        """
        ...

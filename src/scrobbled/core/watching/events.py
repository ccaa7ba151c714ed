"""What a source tells us: one thing that happened in a player. Transient, and not yet a play."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Item
from scrobbled.core.services import system


class EventKind(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    PROGRESS = "progress"
    STOP = "stop"
    WATCHED = "watched"
    """The source itself says it was watched; never vetoed by a position."""
    UNWATCHED = "unwatched"
    RATED = "rated"
    UNRATED = "unrated"
    ADDED = "added"
    REMOVED = "removed"
    """The item is no longer on the server; nothing that was watched is undone by it."""
    IGNORED = "ignored"
    """Authentic, but nothing we act on; ``reason`` says why."""


RATINGS = frozenset({EventKind.RATED, EventKind.UNRATED})


class Account(Struct, frozen=True):
    """Who watched, as the source names them. Both empty means the source did not say."""

    id: str = ""
    name: str = ""

    def names(self) -> frozenset[str]:
        """What a viewer may list to claim this account: id or name, trimmed and without case."""
        return frozenset(folded for folded in (self.id.strip().casefold(), self.name.strip().casefold()) if folded)


class PlaybackEvent(Struct, frozen=True):
    """One parsed event. Times are aware UTC, positions milliseconds; ``None`` is unknown, never zero."""

    source: str
    kind: EventKind
    occurred_at: datetime
    account: Account = Account()
    item: Item | None = None
    reason: str = ""
    time_from_source: bool = False
    """``occurred_at`` is the source's own statement, not the moment we received it."""
    position_ms: int | None = None
    duration_ms: int | None = None
    progress: float | None = None
    """Percent, where the source tells that instead of a position; may lie outside 0 to 100."""
    player: str = ""
    player_name: str = ""
    """What people call the player."""
    viewing: str = ""
    """What the player itself calls this viewing, where it has a name for each."""
    rating: int | None = None
    entered: bool = False
    """Written down beside any playback, by hand or by a script: it tells nothing of what a player does."""
    stale: bool = False
    """The source states a time too far from receipt to be believed: this may be news of a viewing long ago."""
    dated: bool = True
    """False where it was watched at a time nobody knows; ``occurred_at`` is then only when we heard of it."""
    unfinished: bool = False
    """The server itself says, by its own threshold, that this stop came before the end."""
    marked: bool = False
    """Somebody set it to watched, or to not watched, without playing it; ``sources.<name>.marks`` says what that is."""
    scope: Scope | None = None
    """What a rating is of, where that is a show or a season: then ``item`` is told as in ``records.Subject``."""
    test: bool = False
    """Made by ``scrobbled test-event``: understood and stored, and never a play."""

    @property
    def percent(self) -> float | None:
        """0 to 100, or ``None`` where neither progress nor position and duration are known."""
        if self.progress is not None:
            return min(100.0, max(0.0, self.progress))
        if self.position_ms is None or not self.duration_ms:
            return None
        return min(100.0, max(0.0, 100.0 * self.position_ms / self.duration_ms))

    def session_key(self) -> str:
        """One key for one account watching one title from one source, whichever player or hook reports it.

        A modern Plex guid names the title across servers and copies (HD and 4K); otherwise server and item key do.
        """
        if self.item is None:
            raise ValueError("an event without an item has no session")
        origin = self.item.origin
        place = self.item.ids.plex or (f"{origin.server}/{origin.key}" if origin else self.item.label())
        who = (self.account.id or self.account.name).strip().casefold()
        return f"{system(self.source)}|{who}|{place}"

"""Notices that nothing can be stored: then every webhook is refused, and few servers send one again."""

from __future__ import annotations

from scrobbled.alerts import Alerts, Trouble
from scrobbled.core.errors import StoreError
from scrobbled.plumbing.clock import Clock
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.notes.troubles import KIND

SUBJECT = "database"


class StoreWatch:
    """Writes only after something failed, as a write every minute would let no disk sleep."""

    def __init__(self, store: Store, alerts: Alerts, clock: Clock) -> None:
        self._store, self._alerts, self._clock = store, alerts, clock

    async def look(self) -> None:
        """Tell when nothing can be stored, and when it can again."""
        if self._store.is_broken and (why := await self._tried()):
            await self._alerts.report(_trouble(why))
        else:
            await self._alerts.recovered(
                KIND, SUBJECT, "scrobbled: webhooks are stored again", "The database works as it should."
            )

    async def _tried(self) -> str:
        """Why nothing can be written; empty where it can. A lock of a moment is over by then."""
        try:
            await self._store.write(lambda db: sign_ins.set_mark(db, "ready", self._clock.now().timestamp()))
        except StoreError as error:
            return str(error)
        return ""


def _trouble(why: str) -> Trouble:
    return Trouble(
        kind=KIND,
        subject=SUBJECT,
        title="scrobbled: nothing can be stored",
        text=f"{why[0].upper()}{why[1:]} Until then webhooks are refused, and most media servers do not send them "
        "again. It goes on by itself once that is mended.",
    )

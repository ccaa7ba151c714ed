"""The contract of a media server that can be asked what was watched."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from scrobbled.core.watching.events import Account
from scrobbled.sources.body import Body

IsClaimed = Callable[[Account], bool]
"""Whether some viewer lists that account."""


class Sighting(Struct, frozen=True):
    """One row of a list: something was watched ``at`` that time (aware UTC).

    ``key`` is the same whenever that row is met, and another one for the next viewing of the same item. ``row`` is as
    the server wrote it, for nobody but the server's own ``told``.
    """

    key: str
    at: datetime
    row: Mapping[str, Any]


class TakenSighting(Struct, frozen=True):
    """What is to be taken of a sighting: ``None`` where it turned out to be no viewing of anybody."""

    key: str
    at: datetime
    body: Body | None
    runtime: timedelta | None = None
    """Only where ``at`` may be the beginning of the viewing as well as its end: how long the item lasts."""
    goes_on: bool = False
    """It is being played at this moment."""


class Server(Protocol):
    """One media server. Everything raises ``TrackerError``; a list that cannot be read whole is never a shorter one."""

    @property
    def undated(self) -> int:
        """Rows met so far that were played at a time the server does not say; they are no sightings."""
        ...

    async def identity(self) -> str:
        """The server's own id, which its webhooks name as well."""
        ...

    async def lists(self, claimed: IsClaimed) -> Sequence[str]:
        """Names of what there is to be read, in this order. What belongs to nobody who is claimed is not asked for."""
        ...

    def seen(self, name: str, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        """Pages of one list, the newest first, until they are older than ``since``; ``MOST_PAGES`` at most."""
        ...

    async def told(self, name: str, sightings: Sequence[Sighting]) -> Sequence[TakenSighting]:
        """For each of these sightings, in their order, what is to be taken."""
        ...


def enveloped(kind: str, **members: Any) -> Body:
    """What was asked, as it is stored and parsed: beside the members the server's own word stands ``polled``."""
    data = {"polled": kind, **members}
    return Body(data, json.dumps(data, ensure_ascii=False, separators=(",", ":")))

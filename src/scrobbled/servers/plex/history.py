"""Plex Media Server: its play history, and what its owner marked as watched by hand.

https://plexapi.dev has the requests. A server's own id of an account is that of plex.tv, except that its owner is 1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from scrobbled.catalogues.base import CachedData, kept
from scrobbled.clients.base import JsonRow, Query
from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plextv import PlexTv
from scrobbled.core.errors import TrackerError
from scrobbled.core.watching.events import Account
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import decimal, text
from scrobbled.servers.base import IsClaimed, Sighting, TakenSighting, enveloped
from scrobbled.sources.times import moment

HISTORY, MARKS = "history", "marks"
OWNER = "1"
KINDS = {"movie": 1, "show": 4}
"""Type of library, and the number of what is watched in it."""
WATCHABLE = ("movie", "episode")
KEPT = (
    "ratingKey", "key", "parentRatingKey", "grandparentRatingKey", "guid", "parentGuid", "grandparentGuid", "Guid",
    "type", "subtype", "extraType", "title", "originalTitle", "grandparentTitle", "parentTitle", "index",
    "parentIndex", "year", "duration", "originallyAvailableAt", "librarySectionID", "librarySectionKey",
    "librarySectionTitle", "librarySectionType", "live", "editionTitle",
)  # fmt: skip
"""Of an item: what names it. Cast, pictures and files are many times as long."""
log = structlog.get_logger("servers")


class PlexServer:
    """``servers.base.Server`` for Plex. Its history has everybody's viewings; marks are those of its owner alone."""

    def __init__(self, client: PlexClient, account: PlexTv, cache: Cache) -> None:
        """``account`` is that of the server's owner."""
        self.client, self._plex_tv, self._cache = client, account, cache
        self._machine = ""
        self._names: dict[str, str] = {}
        self._owner_id = ""
        self.undated = 0
        self._viewed: dict[str, list[datetime]] = {}

    async def identity(self) -> str:
        self._machine = await self.client.identity()
        return self._machine

    async def lists(self, claimed: IsClaimed) -> Sequence[str]:
        """The history is one list: whose a row is, is judged when it is taken, as with webhooks of the owner."""
        await self.meet(claimed)
        return (HISTORY, MARKS)

    async def meet(self, claimed: IsClaimed) -> None:
        """Learn who is who. The server itself does not know its owner's id at plex.tv, which webhooks tell."""
        listed = await self.client.ask("/accounts")
        self._names = {text(row.get("id")): text(row.get("name"), limit=200) for row in listed.rows("Account")}
        self._owner_id = "" if claimed(Account(name=self._names.get(OWNER, ""))) else await self._asked_owner_id()

    def account(self, local_id: str, name: str = "") -> dict[str, str]:
        """As webhooks name an account. The owner's 1 means nothing there: it is whoever plays without a sign-in."""
        id_ = self._owner_id if local_id == OWNER else local_id
        return {**({"id": id_} if id_ else {}), "title": name or self._names.get(local_id, "")}

    def seen(self, name: str, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        return self._history(since) if name == HISTORY else self._marks(since)

    async def told(self, name: str, sightings: Sequence[Sighting]) -> Sequence[TakenSighting]:
        if name == MARKS:
            return [await self._marked(one) for one in sightings]
        whole = await self.items(text(one.row.get("ratingKey")) for one in sightings)
        return [self._viewing(one, whole.get(text(one.row.get("ratingKey")), one.row)) for one in sightings]

    async def items(self, keys: Iterable[str]) -> dict[str, JsonRow]:
        """Items by their keys, reduced to what names them; those that are no longer there are left out."""
        return {key: reduced(row) for key, row in (await self.client.items(keys)).items()}

    async def viewed_since(self, key: str, local_id: str, since: datetime) -> bool:
        """Whether the history has a viewing of that item by that account (by its id there) at or after ``since``."""
        listed = await self._history_of(key, local_id)
        return any((at := moment(row.get("viewedAt"))) is not None and at >= since for row in listed)

    async def _history_of(self, key: str, local_id: str) -> list[JsonRow]:
        """The newest page of one item and one account."""
        listed = await self.client.ask(
            "/status/sessions/history/all", start=0, metadataItemID=key, accountID=local_id, sort="viewedAt:desc"
        )
        mine = (row for row in listed.rows() if text(row.get("accountID")) == local_id)
        return [row for row in mine if text(row.get("ratingKey")) == key]

    # The history

    async def _history(self, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        self._viewed = {}
        query: Query = {"sort": "viewedAt:desc", "viewedAt>": int(since.timestamp())}
        async for page in self.client.pages("/status/sessions/history/all", query):
            dated = [(moment(row.get("viewedAt")), row) for row in page]
            new = [(at, row) for at, row in dated if at is not None and at >= since]
            for at, row in new:
                if text(row.get("accountID")) == OWNER:
                    self._viewed.setdefault(text(row.get("ratingKey")), []).append(at)
            # what was deleted has no key, and who has no name was not signed in
            new = [(at, row) for at, row in new if text(row.get("ratingKey"))]
            yield [_viewing(at, row) for at, row in new if row.get("type") in WATCHABLE and self._name(row)]
            if any(at is not None and at < since for at, _ in dated):
                return

    def _name(self, row: JsonRow) -> str:
        return self._names.get(text(row.get("accountID")), "")

    def _viewing(self, sighting: Sighting, item: JsonRow) -> TakenSighting:
        body = enveloped(
            "history",
            Server={"uuid": self._machine},
            Account=self.account(text(sighting.row.get("accountID"))),
            viewedAt=int(sighting.at.timestamp()),
            Metadata=item,
        )
        return TakenSighting(sighting.key, sighting.at, body)

    async def _asked_owner_id(self) -> str:
        """Only for a viewer who lists nothing but this id; where plex.tv does not tell, the name is what there is."""

        async def ask() -> CachedData:
            id_ = text((await self._plex_tv.user()).get("id"), limit=100)  # the server's own tokens are no good there
            return {"id": id_} if id_ else {}

        try:
            return str((await kept(self._cache, f"plex:owner:{self._machine}", ask)).get("id", ""))
        except TrackerError as error:
            log.debug("the owner's id is not known", action="ask", why=error.reason)
            return ""

    # What was marked by hand, which the history does not have

    async def _marks(self, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        for section in (await self.client.ask("/library/sections/all")).rows("Directory"):
            if section.get("type") in KINDS:
                async for page in self._marks_in(section, since):
                    yield page

    async def _marks_in(self, section: JsonRow, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        kind = KINDS[str(section["type"])]
        query: Query = {"type": kind, "sort": "lastViewedAt:desc", "unwatched": 0, "includeGuids": 1}
        async for page in self.client.pages(f"/library/sections/{text(section.get('key'))}/all", query):
            dated = [(moment(row.get("lastViewedAt")), row) for row in page]
            new = [(at, row) for at, row in dated if at is not None and at >= since]
            yield [_mark(at, row) for at, row in new if self._may_be_a_mark(at, row)]
            if any(at is None or at < since for at, _ in dated):
                return

    def _may_be_a_mark(self, at: datetime, row: JsonRow) -> bool:
        """Beginning to watch it again moves the date too, and so does each viewing of the history."""
        length = timedelta(milliseconds=decimal(row.get("duration")) or 0) or timedelta(hours=1)
        near = any(abs(at - viewed) <= length for viewed in self._viewed.get(text(row.get("ratingKey")), ()))
        return bool(decimal(row.get("viewCount"))) and not decimal(row.get("viewOffset")) and not near

    async def _marked(self, sighting: Sighting) -> TakenSighting:
        """Where the history accounts for every view, the date moved because somebody looked into it."""
        row = sighting.row
        viewings = len(await self._history_of(text(row.get("ratingKey")), OWNER))
        if viewings >= (decimal(row.get("viewCount")) or 0):
            return TakenSighting(sighting.key, sighting.at, None)
        metadata = {**reduced(row), "viewCount": row.get("viewCount"), "lastViewedAt": row.get("lastViewedAt")}
        body = enveloped("item", Server={"uuid": self._machine}, Account=self.account(OWNER), Metadata=metadata)
        return TakenSighting(sighting.key, sighting.at, body)


def reduced(row: JsonRow) -> dict[str, Any]:
    return {name: row[name] for name in KEPT if name in row}


def _viewing(at: datetime, row: JsonRow) -> Sighting:
    key = f"{text(row.get('accountID'))}/{text(row.get('ratingKey'))}@{at.timestamp():.0f}"
    return Sighting(key, at.astimezone(UTC), row)


def _mark(at: datetime, row: JsonRow) -> Sighting:
    key = f"{text(row.get('ratingKey'))}@{at.timestamp():.0f}x{text(row.get('viewCount'))}"
    return Sighting(key, at.astimezone(UTC), row)

"""Plex Media Server: its play history, and what its owner marked as watched by hand.

https://plexapi.dev has the requests. A server's own id of an account is that of plex.tv, except that its owner is 1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from scrobbled.catalogues.base import Cache, Kept, document, kept, rows
from scrobbled.core.errors import ContractDrift, TrackerError
from scrobbled.core.events import Account
from scrobbled.http import Answer, Http
from scrobbled.servers.base import MOST_PAGES, PAGE, Claimed, Sighting, Told, enveloped
from scrobbled.sources.fields import decimal, text
from scrobbled.sources.times import moment

REFUSED = "The Plex server refused the token. Put one of the server's owner under sources.plex.server_token"
PLEX_TV = "https://plex.tv"
CLIENT = {"X-Plex-Client-Identifier": "scrobbled", "X-Plex-Product": "scrobbled"}
HISTORY, MARKS = "history", "marks"
OWNER = "1"
AT_ONCE = 20
"""Items asked for in one request, by their keys."""
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
Row = Mapping[str, Any]
Query = Mapping[str, str | int]
log = structlog.get_logger("servers")


class PlexServer:
    """``servers.base.Server`` for Plex. Its history has everybody's viewings; marks are those of its owner alone."""

    def __init__(self, http: Http, token: str, account: Http, cache: Cache) -> None:
        """``account`` is plex.tv."""
        self._http, self._plex_tv, self._cache = http, account, cache
        self._headers = {"X-Plex-Token": token, "Accept": "application/json"}  # XML is what it answers otherwise
        self._machine = ""
        self._names: dict[str, str] = {}
        self._owner_id = ""
        self.undated = 0
        self._viewed: dict[str, list[datetime]] = {}

    async def identity(self) -> str:
        """``machineIdentifier`` is what webhooks call ``Server.uuid``."""
        answer = await self.ask("/identity")
        found = container(answer).get("machineIdentifier")
        if not isinstance(found, str) or not found:
            raise ContractDrift(f"{answer.what} answered without machineIdentifier; is this the address of Plex?")
        self._machine = found
        return found

    async def lists(self, claimed: Claimed) -> Sequence[str]:
        """The history is one list: whose a row is, is judged when it is taken, as with webhooks of the owner."""
        await self.meet(claimed)
        return (HISTORY, MARKS)

    async def meet(self, claimed: Claimed) -> None:
        """Learn who is who. The server itself does not know its owner's id at plex.tv, which webhooks tell."""
        answer = await self.ask("/accounts")
        listed = listing(container(answer), "Account", answer)
        self._names = {text(row.get("id")): text(row.get("name"), limit=200) for row in listed}
        self._owner_id = "" if claimed(Account(name=self._names.get(OWNER, ""))) else await self._asked_owner_id()

    def account(self, local_id: str, name: str = "") -> dict[str, str]:
        """As webhooks name an account. The owner's 1 means nothing there: it is whoever plays without a sign-in."""
        id_ = self._owner_id if local_id == OWNER else local_id
        return {**({"id": id_} if id_ else {}), "title": name or self._names.get(local_id, "")}

    def seen(self, name: str, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        return self._history(since) if name == HISTORY else self._marks(since)

    async def told(self, name: str, sightings: Sequence[Sighting]) -> Sequence[Told]:
        if name == MARKS:
            return [await self._marked(one) for one in sightings]
        whole = await self.items(text(one.row.get("ratingKey")) for one in sightings)
        return [self._viewing(one, whole.get(text(one.row.get("ratingKey")), one.row)) for one in sightings]

    async def items(self, keys: Iterable[str]) -> dict[str, Row]:
        """Items by their keys, reduced to what names them; those that are no longer there are left out."""
        found: dict[str, Row] = {}
        wanted = list(dict.fromkeys(keys))
        for at in range(0, len(wanted), AT_ONCE):
            answer = await self.ask(f"/library/metadata/{','.join(wanted[at : at + AT_ONCE])}", includeGuids=1)
            if answer.status != 404:
                listed = listing(container(answer), "Metadata", answer)
                found |= {text(row.get("ratingKey")): reduced(row) for row in listed}
        return found

    async def viewed_since(self, key: str, local_id: str, since: datetime) -> bool:
        """Whether the history has a viewing of that item by that account (by its id there) at or after ``since``."""
        listed = await self._history_of(key, local_id)
        return any((at := moment(row.get("viewedAt"))) is not None and at >= since for row in listed)

    async def _history_of(self, key: str, local_id: str) -> list[Row]:
        """The newest page of one item and one account."""
        answer = await self.ask(
            "/status/sessions/history/all", start=0, metadataItemID=key, accountID=local_id, sort="viewedAt:desc"
        )
        listed = listing(container(answer), "Metadata", answer)
        mine = (row for row in listed if text(row.get("accountID")) == local_id)
        return [row for row in mine if text(row.get("ratingKey")) == key]

    async def ask(self, path: str, *, start: int | None = None, **query: str | int) -> Answer:
        """A page from ``start`` on where that is given, else everything."""
        paging = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(PAGE)}
        headers = self._headers if start is None else {**self._headers, **paging}
        return await self._http.send("GET", path, params=query, headers=headers)

    # The history

    async def _history(self, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        self._viewed = {}
        query: Query = {"sort": "viewedAt:desc", "viewedAt>": int(since.timestamp())}
        async for page in self._pages("/status/sessions/history/all", query):
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

    def _name(self, row: Row) -> str:
        return self._names.get(text(row.get("accountID")), "")

    def _viewing(self, sighting: Sighting, item: Row) -> Told:
        body = enveloped(
            "history",
            Server={"uuid": self._machine},
            Account=self.account(text(sighting.row.get("accountID"))),
            viewedAt=int(sighting.at.timestamp()),
            Metadata=item,
        )
        return Told(sighting.key, sighting.at, body)

    async def _asked_owner_id(self) -> str:
        """Only for a viewer who lists nothing but this id; where plex.tv does not tell, the name is what there is."""

        async def ask() -> Kept:
            answer = await self._plex_tv.send("GET", "/api/v2/user", headers={**self._headers, **CLIENT})
            content = answer.json() if answer.ok else {}  # the server's own tokens are no good there
            id_ = text(content.get("id"), limit=100) if isinstance(content, dict) else ""
            return {"id": id_} if id_ else {}

        try:
            return str((await kept(self._cache, f"plex:owner:{self._machine}", ask)).get("id", ""))
        except TrackerError as error:
            log.debug("the owner's id is not known", action="ask", why=error.reason)
            return ""

    # What was marked by hand, which the history does not have

    async def _marks(self, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        answer = await self.ask("/library/sections/all")
        for section in listing(container(answer), "Directory", answer):
            if section.get("type") in KINDS:
                async for page in self._marks_in(section, since):
                    yield page

    async def _marks_in(self, section: Row, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        kind = KINDS[str(section["type"])]
        query: Query = {"type": kind, "sort": "lastViewedAt:desc", "unwatched": 0, "includeGuids": 1}
        async for page in self._pages(f"/library/sections/{text(section.get('key'))}/all", query):
            dated = [(moment(row.get("lastViewedAt")), row) for row in page]
            new = [(at, row) for at, row in dated if at is not None and at >= since]
            yield [_mark(at, row) for at, row in new if self._may_be_a_mark(at, row)]
            if any(at is None or at < since for at, _ in dated):
                return

    def _may_be_a_mark(self, at: datetime, row: Row) -> bool:
        """Beginning to watch it again moves the date too, and so does each viewing of the history."""
        length = timedelta(milliseconds=decimal(row.get("duration")) or 0) or timedelta(hours=1)
        near = any(abs(at - viewed) <= length for viewed in self._viewed.get(text(row.get("ratingKey")), ()))
        return bool(decimal(row.get("viewCount"))) and not decimal(row.get("viewOffset")) and not near

    async def _marked(self, sighting: Sighting) -> Told:
        """Where the history accounts for every view, the date moved because somebody looked into it."""
        row = sighting.row
        viewings = len(await self._history_of(text(row.get("ratingKey")), OWNER))
        if viewings >= (decimal(row.get("viewCount")) or 0):
            return Told(sighting.key, sighting.at, None)
        metadata = {**reduced(row), "viewCount": row.get("viewCount"), "lastViewedAt": row.get("lastViewedAt")}
        body = enveloped("item", Server={"uuid": self._machine}, Account=self.account(OWNER), Metadata=metadata)
        return Told(sighting.key, sighting.at, body)

    async def _pages(self, path: str, query: Query) -> AsyncIterator[Sequence[Row]]:
        """By the number of rows that came, as the server may choose another; it may also repeat one for ever."""
        start, before = 0, ""
        for _ in range(MOST_PAGES):
            answer = await self.ask(path, start=start, **query)
            page = listing(container(answer), "Metadata", answer)
            signature = str([(row.get("historyKey"), row.get("ratingKey")) for row in page])
            if not page or signature == before:
                return
            start, before = start + len(page), signature
            yield page
            if len(page) > PAGE or start >= (decimal(container(answer).get("totalSize")) or start + 1):
                return


def container(answer: Answer) -> Row:
    """``MediaContainer``. Raises ``LoginNeeded`` where the token is refused, ``ContractDrift`` for anything strange."""
    if answer.ok and answer.body.lstrip()[:1] == b"<":
        raise ContractDrift(
            f"{answer.what} answered XML instead of JSON; a proxy in between may drop the Accept header"
        )
    content = document(answer, refused=REFUSED)
    found = content.get("MediaContainer") if content is not None else None
    if not isinstance(found, dict):
        raise ContractDrift(f"{answer.what} answered {answer.status} without MediaContainer; is this Plex?")
    return found


def listing(found: Row, name: str, answer: Answer) -> list[Row]:
    """The rows under ``name``; a list without any lacks its name altogether."""
    return rows(found, name, answer.what) if name in found else []


def reduced(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in KEPT if name in row}


def _viewing(at: datetime, row: Row) -> Sighting:
    key = f"{text(row.get('accountID'))}/{text(row.get('ratingKey'))}@{at.timestamp():.0f}"
    return Sighting(key, at.astimezone(UTC), row)


def _mark(at: datetime, row: Row) -> Sighting:
    key = f"{text(row.get('ratingKey'))}@{at.timestamp():.0f}x{text(row.get('viewCount'))}"
    return Sighting(key, at.astimezone(UTC), row)

"""Stand-in of a Plex Media Server: its library, play history and marks, and a player that triggers its webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, route, utc_now
from scrobbled.sandbox.plex.answers import answer, refused, token
from scrobbled.sandbox.plex.events import Notices
from scrobbled.sandbox.plex.library import SECTIONS, TYPES, Library, LibraryItem, PlexSection
from scrobbled.sandbox.plex.living_room import LivingRoom
from scrobbled.sandbox.plex.pictures import PlexPictures
from scrobbled.sandbox.plex.player import (
    ACCOUNTS,
    ANNA,
    BEN,
    MACHINE,
    NEVER_VIEWED,
    SERVER_NAME,
    STATES,
    VERSION,
    PlexAccount,
    PlexPlayer,
    PlexSession,
    ViewState,
)
from scrobbled.sandbox.plex.rows import history_row, listed_row, matching, ordered, section_row, session_row
from scrobbled.sandbox.posting import WebhookPost
from scrobbled.sandbox.world import World

OWNER_TOKEN = "sandbox-plex-token"
TOKENS: dict[str, PlexAccount] = {OWNER_TOKEN: ANNA, "sandbox-plex-token-ben": BEN}
"""*Server* tokens; the account tokens of plex.tv are others and do not work here."""
OPEN = ("/identity",)


@dataclass(frozen=True, slots=True)
class HistoryViewing:
    """One row of the play history: a viewing that was played to its end. Marks by hand leave none."""

    id: int
    item: LibraryItem
    account: PlexAccount
    at: datetime


class PlexStandIn(LivingRoom, PlexPictures, StandIn):
    """Owner "anna", shared with "ben" and a "neighbour".

    ``notices`` are what those hear who listen at its event source.
    """

    name = "plex"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.library = Library(world)
        self.watched: list[HistoryViewing] = []
        self.hooks: list[str] = []
        """Webhooks of the owner beside those registered at plex.tv."""
        self.people = list(ACCOUNTS)
        self.notices = Notices()
        self.player = PlexPlayer(self._hooks, finished=self._finished, told=self._told)

    def _hooks(self) -> Iterable[tuple[PlexAccount, str]]:
        yield from ((ANNA, url) for url in self.hooks)
        if "plextv" in self.beside:
            yield from self.beside["plextv"].registered()

    async def _told(self, event: str, session: PlexSession, at: datetime) -> list[WebhookPost]:
        """Those who listen to the server: whoever is connected, and Tautulli."""
        if event != "scrobble":
            self.notices.playing(session, STATES[event])
        if "tautulli" in self.beside:
            return list(await self.beside["tautulli"].heard(event, session, at))
        return []

    def _finished(self, item: LibraryItem, account: PlexAccount, at: datetime) -> None:
        self.watched.append(HistoryViewing(len(self.watched) + 1, item, account, at))

    def viewed(self, account: PlexAccount, item: LibraryItem) -> ViewState:
        """What the account has seen of it."""
        return self.player.seen.get((account.id, item.rating_key), NEVER_VIEWED)

    def state(self) -> dict[str, Any]:
        names = {account.id: account.title for account in self.people}
        seen = [
            {"account": names[account], "rating_key": key, **asdict(viewed)}
            for (account, key), viewed in self.player.seen.items()
        ]
        return {"machine": MACHINE, "seen": seen, "history": [self._history_row(row) for row in self.watched]}

    # The gate

    def check(self, request: Request) -> Reply | None:
        known = request.path in OPEN or token(request) in TOKENS
        return None if known else refused(401, "Unauthorized")

    def missing(self, request: Request) -> Reply:
        return refused(404, "Not Found")

    def wrong_method(self, request: Request, allowed: Iterable[str]) -> Reply:
        return refused(405, "Method Not Allowed")

    def _owner_only(self, request: Request) -> None:
        if not TOKENS[token(request)].owner:
            raise AnsweredEarly(refused(401, "Unauthorized"))

    # The server

    @route("GET", "/identity")
    def identity(self, request: Request) -> Reply:
        body = {"size": 0, "claimed": True, "machineIdentifier": MACHINE, "version": VERSION}
        return answer(request, "MediaContainer", body)

    @route("GET", "/")
    def server(self, request: Request) -> Reply:
        named = {"friendlyName": SERVER_NAME, "machineIdentifier": MACHINE, "version": VERSION}
        owner = {"myPlex": True, "myPlexUsername": f"{ANNA.title}@example.org", "myPlexSigninState": "ok"}
        return answer(request, "MediaContainer", {"size": 0, **named, **owner, "platform": "Linux"})

    @route("GET", "/accounts")
    def accounts(self, request: Request) -> Reply:
        """The owner is 1 here, whatever the plex.tv id."""
        self._owner_only(request)
        rows = [{"id": 0, "key": "/accounts/0", "name": ""}]
        rows += [{"id": a.local_id, "key": f"/accounts/{a.local_id}", "name": a.title} for a in self.people]
        return answer(request, "MediaContainer", {"size": len(rows), "Account": rows})

    # The library

    @route("GET", "/library/sections")
    @route("GET", "/library/sections/all")
    def sections(self, request: Request) -> Reply:
        rows = [section_row(section) for section in SECTIONS]
        return answer(request, "MediaContainer", {"size": len(rows), "Directory": rows})

    @route("GET", "/library/sections/{key:int}/all")
    def section_items(self, request: Request, key: int) -> Reply:
        """Movies, shows, seasons or episodes by ``type``; without it what the section is made of."""
        section = _section(key)
        numbers = {str(number): kind for kind, number in TYPES.items()}
        kind = numbers.get(request.query.get("type", str(TYPES[section.type])))
        return self._items(request, self.library.of_type(section, kind) if kind else [])

    @route("GET", "/library/all")
    def all_items(self, request: Request) -> Reply:
        return self._items(request, list(self.library.items.values()))

    @route("GET", "/library/metadata/{keys}")
    def item(self, request: Request, keys: str) -> Reply:
        """One or several, comma-joined; unknown ones are left out unless none is left."""
        held = {**self.library.items, **self.library.clips}
        found = [held[key] for key in keys.split(",") if key in held]
        if not found:
            raise AnsweredEarly(refused(404, "Not Found"))
        return self._items(request, found, streams=True)

    @route("GET", "/library/metadata/{key}/children")
    def children(self, request: Request, key: str) -> Reply:
        return self._items(request, self.library.children(self._at(key)))

    @route("GET", "/library/metadata/{key}/allLeaves")
    def leaves(self, request: Request, key: str) -> Reply:
        return self._items(request, self.library.leaves(self._at(key)))

    def _at(self, key: str) -> LibraryItem:
        if key not in self.library.items:
            raise AnsweredEarly(refused(404, "Not Found"))
        return self.library.items[key]

    def _items(self, request: Request, items: Sequence[LibraryItem], *, streams: bool = False) -> Reply:
        """Shown with the views of the account that asks; a token never shows another account's."""
        account = TOKENS[token(request)]
        with_guids = request.query.get("includeGuids") in ("1", "true")
        rows = [self._row(item, account, with_guids=with_guids, streams=streams) for item in items]
        return _container(request, "Metadata", ordered(matching(rows, request.query), request.query))

    def _row(self, item: LibraryItem, account: PlexAccount, *, with_guids: bool, streams: bool) -> dict[str, Any]:
        leaves = self.library.leaves(item) if item.type in ("show", "season") else ()
        seen = sum(1 for leaf in leaves if self.viewed(account, leaf).count)
        viewed = {**self.viewed(account, item).fields(), **({"viewedLeafCount": seen} if leaves else {})}
        return listed_row(item, viewed, with_guids=with_guids, streams=streams)

    # Sessions and history

    @route("GET", "/status/sessions")
    def sessions(self, request: Request) -> Reply:
        self._owner_only(request)
        rows = [session_row(session) for session in self.player.sessions.values()]
        return answer(request, "MediaContainer", {"size": len(rows), **({"Metadata": rows} if rows else {})})

    @route("GET", "/status/sessions/history/all")
    def history(self, request: Request) -> Reply:
        """Finished plays, newest first unless sorted; the owner sees all accounts, others only their own."""
        asking = TOKENS[token(request)]
        rows = [self._history_row(row) for row in self.watched if asking.owner or row.account is asking]
        query = {"sort": "viewedAt:desc", **request.query}
        if "metadataItemID" in query:
            query["ratingKey"] = query.pop("metadataItemID")
        return _container(request, "Metadata", ordered(matching(rows, query), query))

    def _history_row(self, row: HistoryViewing) -> dict[str, Any]:
        gone = row.item.rating_key not in self.library.items
        return history_row(row.id, row.item, row.account, row.at, gone=gone)

    @route("GET", "/:/eventsource/notifications")
    def event_source(self, request: Request) -> Reply:
        """Open until the caller leaves. Its twin over websockets is not there: the answer to that is 404."""
        told = self.notices.listen(TOKENS[token(request)], request.query.get("filters", ""))
        return Reply(200, told, {}, "text/event-stream")

    # Marks

    @route("GET", "/:/scrobble")
    @route("PUT", "/:/scrobble")
    def mark_played(self, request: Request) -> Reply:
        """Sets the state to played, now; no date can be given, and the play history gains nothing."""
        return self._mark(request, lambda viewed: viewed.after("scrobble", self.now()), leaves=True)

    @route("GET", "/:/unscrobble")
    @route("PUT", "/:/unscrobble")
    def mark_unplayed(self, request: Request) -> Reply:
        return self._mark(request, lambda viewed: replace(viewed, count=0, last=None, offset=0), leaves=True)

    @route("GET", "/:/rate")
    @route("PUT", "/:/rate")
    def rate(self, request: Request) -> Reply:
        """0 to 10, fractions too; -1 clears. ``ratedAt`` may be in the past, not in the future."""
        try:
            rating = float(request.query.get("rating", ""))
            at = datetime.fromtimestamp(int(request.query.get("ratedAt", self.now().timestamp())), UTC)
        except (ValueError, OverflowError, OSError):
            return refused(400, "Bad Request")
        if not (rating == -1 or 0 <= rating <= 10) or at > self.now():
            return refused(400, "Bad Request")
        if rating == -1:
            return self._mark(request, lambda viewed: replace(viewed, rating=None, rated_at=None))
        return self._mark(request, lambda viewed: viewed.after("rate", at, rating=rating))

    def _mark(self, request: Request, change: Callable[[ViewState], ViewState], *, leaves: bool = False) -> Reply:
        if not request.query.get("key") or request.query.get("identifier") != "com.plexapp.plugins.library":
            return refused(400, "Bad Request")
        item, account = self._at(request.query["key"]), TOKENS[token(request)]
        for one in self.library.leaves(item) if leaves else [item]:
            self.player.seen[account.id, one.rating_key] = change(self.viewed(account, one))
        return Reply(200)


def _section(key: int) -> PlexSection:
    for section in SECTIONS:
        if section.key == key:
            return section
    raise AnsweredEarly(refused(404, "Not Found"))


def _container(request: Request, name: str, rows: Sequence[dict[str, Any]]) -> Reply:
    """Pages only when asked by start and size together; a list without rows lacks its key altogether."""
    start, size = (_paging(request, which) for which in ("start", "size"))
    if start is None or size is None:
        return answer(request, "MediaContainer", {"size": len(rows), **({name: list(rows)} if rows else {})})
    part = list(rows[start : start + size])
    body = {"size": len(part), "offset": start, "totalSize": len(rows), **({name: part} if part else {})}
    headers = {"x-plex-container-start": str(start), "x-plex-container-total-size": str(len(rows))}
    return answer(request, "MediaContainer", body, headers=headers)


def _paging(request: Request, which: str) -> int | None:
    text = request.headers.get(f"x-plex-container-{which}") or request.query.get(f"X-Plex-Container-{which.title()}")
    return int(text) if text and text.isdigit() else None

"""Stand-in of a Plex Media Server: its library, play history and marks, and a player that triggers its webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrobbled.sandbox.base import Answered, Reply, Request, StandIn, control_body, route, utc_now
from scrobbled.sandbox.player import (
    ACCOUNTS,
    ANNA,
    BEN,
    EVENING,
    MACHINE,
    NEVER_VIEWED,
    SERVER_NAME,
    VERSION,
    Delivery,
    Player,
    PlexAccount,
    Session,
    Viewed,
)
from scrobbled.sandbox.plex_answers import answer, refused, token
from scrobbled.sandbox.plex_library import SECTIONS, TYPES, Library, LibraryItem, Section
from scrobbled.sandbox.plex_rows import history_row, listed_row, matching, ordered, section_row, session_row
from scrobbled.sandbox.world import World

if TYPE_CHECKING:
    from scrobbled.sandbox.server import Sandbox

OWNER_TOKEN = "sandbox-plex-token"
TOKENS: dict[str, PlexAccount] = {OWNER_TOKEN: ANNA, "sandbox-plex-token-ben": BEN}
"""*Server* tokens; the account tokens of plex.tv are others and do not work here."""
OPEN = ("/identity",)


@dataclass(frozen=True, slots=True)
class Watched:
    """One row of the play history: a viewing that was played to its end. Marks by hand leave none."""

    id: int
    item: LibraryItem
    account: PlexAccount
    at: datetime


class PlexStandIn(StandIn):
    """Owner "anna", shared with "ben" and a "neighbour"."""

    name = "plex"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, sandbox: Sandbox | None = None) -> None:
        super().__init__(world, now=now, sandbox=sandbox)
        self.library = Library(world)
        self.watched: list[Watched] = []
        self.hooks: list[str] = []
        """Webhooks of the owner beside those registered at plex.tv."""
        self.player = Player(self._hooks, finished=self._finished)

    def _hooks(self) -> Iterable[tuple[PlexAccount, str]]:
        yield from ((ANNA, url) for url in self.hooks)
        if self.sandbox is not None and "plextv" in self.sandbox:
            yield from self.sandbox["plextv"].registered()

    def _finished(self, item: LibraryItem, account: PlexAccount, at: datetime) -> None:
        self.watched.append(Watched(len(self.watched) + 1, item, account, at))

    def viewed(self, account: PlexAccount, item: LibraryItem) -> Viewed:
        """What the account has seen of it."""
        return self.player.seen.get((account.id, item.rating_key), NEVER_VIEWED)

    async def watch(
        self, item: LibraryItem, account: PlexAccount, *, events: Sequence[str] = EVENING, at: datetime | None = None
    ) -> list[Delivery]:
        """One viewing with its webhooks; ``at`` is when it is scrobbled (default: now)."""
        return await self.player.watch(item, account, events=events, at=at or self.now())

    def state(self) -> dict[str, Any]:
        names = {account.id: account.title for account in ACCOUNTS}
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
            raise Answered(refused(401, "Unauthorized"))

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
        rows += [{"id": a.local_id, "key": f"/accounts/{a.local_id}", "name": a.title} for a in ACCOUNTS]
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
        found = [self.library.items[key] for key in keys.split(",") if key in self.library.items]
        if not found:
            raise Answered(refused(404, "Not Found"))
        return self._items(request, found, streams=True)

    @route("GET", "/library/metadata/{key}/children")
    def children(self, request: Request, key: str) -> Reply:
        return self._items(request, self.library.children(self._at(key)))

    @route("GET", "/library/metadata/{key}/allLeaves")
    def leaves(self, request: Request, key: str) -> Reply:
        return self._items(request, self.library.leaves(self._at(key)))

    def _at(self, key: str) -> LibraryItem:
        if key not in self.library.items:
            raise Answered(refused(404, "Not Found"))
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
        current: list[Session] = list(self.player.sessions.values())
        rows = [session_row(n, session) for n, session in enumerate(current, 1)]
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

    def _history_row(self, row: Watched) -> dict[str, Any]:
        return history_row(row.id, row.item, row.account, row.at)

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

    def _mark(self, request: Request, change: Callable[[Viewed], Viewed], *, leaves: bool = False) -> Reply:
        if not request.query.get("key") or request.query.get("identifier") != "com.plexapp.plugins.library":
            return refused(400, "Bad Request")
        item, account = self._at(request.query["key"]), TOKENS[token(request)]
        for one in self.library.leaves(item) if leaves else [item]:
            self.player.seen[account.id, one.rating_key] = change(self.viewed(account, one))
        return Reply(200)

    # The living room

    @route("POST", "/_sandbox/watch")
    async def watch_by_control(self, request: Request) -> Reply:
        """``title`` ("Salt Flats", "Harbour Lights S1E2") or ``rating_key``; ``account``, ``at`` and ``events``."""
        given = control_body(request, dict)
        item, account, at = self._played(given)
        events = given.get("events", EVENING)
        if not isinstance(events, list | tuple) or not all(isinstance(e, str) and e != "rate" for e in events):
            return Reply(400, {"message": f"events are names of {', '.join(EVENING)}"})
        return _reported(await self.watch(item, account, events=events, at=at))

    @route("POST", "/_sandbox/rate")
    async def rate_by_control(self, request: Request) -> Reply:
        """As ``watch``, with ``rating`` 0 to 10, or -1 to clear it."""
        given = control_body(request, dict)
        item, account, at = self._played(given)
        rating = given.get("rating")
        if not isinstance(rating, int | float):
            return Reply(400, {"message": "rating is a number from 0 to 10, or -1"})
        return _reported(await self.player.rate(item, account, float(rating), at=at))

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […]}``: the owner's webhooks, without going through plex.tv."""
        self.hooks = [str(url) for url in control_body(request, dict).get("urls", [])]
        return Reply(200, {"hooks": len(self.hooks)})

    def _played(self, given: dict[str, Any]) -> tuple[LibraryItem, PlexAccount, datetime]:
        try:
            item = self.library.find(str(given.get("rating_key") or given.get("title") or ""))
            account = next(a for a in ACCOUNTS if given.get("account", ANNA.title) in (a.title, a.id))
            at = datetime.fromisoformat(given["at"]) if "at" in given else self.now()
        except (LookupError, ValueError, TypeError) as error:
            raise Answered(Reply(400, {"message": str(error)})) from None
        except StopIteration:
            raise Answered(Reply(400, {"message": f"account is one of {[a.title for a in ACCOUNTS]}"})) from None
        return item, account, at if at.tzinfo else at.replace(tzinfo=UTC)


def _section(key: int) -> Section:
    for section in SECTIONS:
        if section.key == key:
            return section
    raise Answered(refused(404, "Not Found"))


def _reported(deliveries: Iterable[Delivery]) -> Reply:
    """Without the URLs: they hold the secret of the webhook."""
    told = [{"event": one.event, "status": one.status, "answer": one.answer} for one in deliveries]
    return Reply(200, {"deliveries": told})


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

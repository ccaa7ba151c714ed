"""What the stand-ins of Jellyfin and Emby share: users, items, what each user has seen, and a player that changes it.

Subclasses say in ``_tell`` which webhooks they send for each thing that happens.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import httpx

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, route, utc_now
from scrobbled.sandbox.mediabrowser.lists import ItemQuery
from scrobbled.sandbox.mediabrowser.rows import (
    NO_DATA,
    Face,
    FinishedViewing,
    Happening,
    MediaBrowserRow,
    ServerCaller,
    ServerUser,
    UserData,
    base_item,
    folder_data,
    lowered,
    user_data,
    user_row,
)
from scrobbled.sandbox.mediabrowser.sources import media_sources
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.library import Library
from scrobbled.sandbox.posting import WebhookPost
from scrobbled.sandbox.world import World

EVENING: tuple[str, ...] = ("play", "progress", "pause", "resume", "automated", "credits", "stop")
PLACES = {"play": 0.0, "progress": 0.2, "pause": 0.4, "resume": 0.4, "automated": 0.6, "credits": 0.95, "stop": 1.0}
"""How far through the item each event of a viewing comes, where it goes on so far."""
UNTIL = 0.98
MAX_RESUME = 0.9
"""Past this part of it the server counts an item as played."""
OPEN = ("/system/info/public", "/users/authenticatebyname")
"""What anybody may ask."""
TOKEN = re.compile(r'Token="?([^",\s]+)"?', re.IGNORECASE)


class MediaServer(StandIn):
    """Has the users "anna" (who owns it), "ben", "sofa" (an account that people watch on together) and "neighbour".

    ``api_key`` may do everything; each user's token may do what concerns that user.
    """

    face: ClassVar[Face]
    persons: ClassVar[tuple[ServerUser, ...]]
    api_key: ClassVar[str]
    header_tokens: ClassVar[tuple[str, ...]] = ()
    """Headers and parameters, in lower case, that may carry the token beside ``Authorization``."""

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.people = {person.name: person for person in self.persons}
        self.data: dict[tuple[str, str], UserData] = {}
        """By user id and the world's key of the item."""
        self.viewings: list[FinishedViewing] = []
        self.transport: httpx.AsyncBaseTransport | None = None
        self.max_resume = MAX_RESUME
        self.playing: dict[str, LibraryItem] = {}
        """By user id, what is being played just now, as ``/Sessions`` tells."""
        self.spans: dict[str, int] = {}
        """By the world's key of an episode, the number of the last one that is in the same file."""
        self.files: dict[str, list[MediaBrowserRow]] = {}
        """By the world's key of an item, its ``MediaSources``, where they are others than those of its versions."""
        self._sessions = count(1)
        self._known: dict[str, str] = {}
        self._rows: dict[tuple[str, tuple[str, ...]], tuple[LibraryItem, MediaBrowserRow]] = {}

    @functools.cached_property
    def library(self) -> Library:
        """Made when it is first needed: most who use the sandbox ask one server only."""
        return Library(self.world)

    def _keys(self) -> dict[str, str]:
        """The world's keys by the server's own ids, also of what is not there any more."""
        if len(self._known) != len(self.library.items) or self._known.values() != self.library.items.keys():
            self._known = {self.face.item_id(key): key for key in self.library.items}
        return self._known

    # What happens

    def join(self, name: str) -> ServerUser:
        """Somebody new, or who is there already under that name; the token is ``sandbox-<server>-<name>``."""
        person = self.people.get(name)
        if person is None:
            key = hashlib.md5(f"{self.name} {name}".encode(), usedforsecurity=False).hexdigest()
            person = self.people[name] = ServerUser(key, name, f"sandbox-{self.name}-{name}")
        return person

    def id_of(self, item: LibraryItem) -> str:
        """The server's own id of it."""
        return self.face.item_id(item.rating_key)

    def seen(self, person: ServerUser, item: LibraryItem) -> UserData:
        return self.data.get((person.id, item.rating_key), NO_DATA)

    async def watch(
        self,
        item: LibraryItem,
        person: ServerUser | str,
        *,
        events: Sequence[str] = EVENING,
        at: datetime | None = None,
        until: float = UNTIL,
    ) -> list[WebhookPost]:
        """One viewing, event by event, at once, as far as ``until`` (1.0 is the end); ``at`` is when that is reached.

        Returns what became of each webhook, in the order of sending. Raises ``KeyError`` for an unknown event or user.
        """
        who = self._person(person)
        session, done = f"{next(self._sessions):032x}", list[WebhookPost]()
        for event in events:
            place = min(PLACES[event], until)
            moment = (at or self.now()) + timedelta(milliseconds=item.duration * (place - until))
            done += await self._played(event, item, who, moment, round(item.duration * place), session)
        return done

    async def mark(
        self, item: LibraryItem, person: ServerUser | str, *, played: bool = True, at: datetime | None = None
    ) -> list[WebhookPost]:
        """By hand; a season or a series is every episode of it. ``at`` is the date given with it (default: now)."""
        who, done = self._person(person), list[WebhookPost]()
        for leaf in self.library.leaves(item):
            before = self.seen(who, leaf)
            after = before.marked(at or self.now()) if played else before.unmarked()
            done += await self.changed("mark" if played else "unmark", leaf, who, after)
        return done

    async def rate(self, item: LibraryItem, person: ServerUser | str, rating: float | None) -> list[WebhookPost]:
        """``rating`` is 0 to 10, ``None`` clears it."""
        who = self._person(person)
        return await self.changed("rate", item, who, replace(self.seen(who, item), rating=rating))

    async def add(self, item: LibraryItem) -> list[WebhookPost]:
        """It is told as new; the library does not change."""
        return await self._tell(Happening("add", item, self.now()))

    async def remove(self, item: LibraryItem) -> list[WebhookPost]:
        """It is told as gone; the library does not change."""
        return await self._tell(Happening("remove", item, self.now()))

    async def _tell(self, happening: Happening) -> list[WebhookPost]:
        """Post what the server posts."""
        raise NotImplementedError

    def _person(self, person: ServerUser | str) -> ServerUser:
        return self.people[person] if isinstance(person, str) else person

    async def _played(
        self, event: str, item: LibraryItem, who: ServerUser, at: datetime, position: int, session: str
    ) -> list[WebhookPost]:
        before = self.seen(who, item)
        complete = position > self.max_resume * item.duration
        after = before.started(at) if event == "play" else before.reached(position, complete=complete)
        self.data[who.id, item.rating_key] = after
        if event == "stop" and complete:
            self.viewings.append(FinishedViewing(item, who, at))
        return await self._tell(Happening(event, item, at, who, after, position, complete, session))

    async def changed(self, event: str, item: LibraryItem, who: ServerUser, after: UserData) -> list[WebhookPost]:
        self.data[who.id, item.rating_key] = after
        return await self._tell(Happening(event, item, self.now(), who, after))

    def state(self) -> dict[str, Any]:
        names = {person.id: person.name for person in self.people.values()}
        seen = [
            {"account": names[who], **user_data(self.face, self.library.items[key], data)}
            for (who, key), data in self.data.items()
            if key in self.library.items
        ]
        told = [{"account": v.person.name, "title": v.item.title, "at": v.at.isoformat()} for v in self.viewings]
        return {"server": self.face.id, "seen": seen, "viewings": told}

    # The gate

    def check(self, request: Request) -> Reply | None:
        if request.path.lower() in OPEN:
            return None
        return None if self._caller(request) else Reply(401)

    def missing(self, request: Request) -> Reply:
        return Reply(404)

    def wrong_method(self, request: Request, allowed: Iterable[str]) -> Reply:
        return Reply(405)

    def _caller(self, request: Request) -> ServerCaller | None:
        token = self._token(request)
        if token == self.api_key:
            return ServerCaller()
        return next((ServerCaller(person) for person in self.people.values() if person.token == token), None)

    def _token(self, request: Request) -> str:
        found = TOKEN.search(request.headers.get("authorization", ""))
        if found is not None:
            return found[1]
        given = {**request.headers, **lowered(request.query)}
        return next((given[name] for name in self.header_tokens if name in given), "")

    def admin_only(self, request: Request) -> None:
        """Answers 403 to anybody else."""
        caller = self._caller(request)
        if caller is None or not caller.admin:
            raise AnsweredEarly(Reply(403))

    def user_of(self, request: Request, user: str) -> ServerUser:
        """The user of that id, whom only an administrator may ask about beside the user."""
        caller = self._caller(request)
        key = user.lower().replace("-", "")
        person = next((one for one in self.people.values() if one.id == key), None)
        if person is None:
            raise AnsweredEarly(Reply(404, "User not found"))
        if caller is None or not (caller.admin or caller.person is person):
            raise AnsweredEarly(Reply(403))
        return person

    def item_of(self, item: str) -> LibraryItem:
        """Dashes and case in ids do not matter."""
        found = self.library.items.get(self._keys().get(item.lower().replace("-", ""), ""))
        if found is None:
            raise AnsweredEarly(Reply(404))
        return found

    # What both answer

    @route("GET", "/System/Info/Public")
    def public_info(self, request: Request) -> Reply:
        face = self.face
        known = {"LocalAddress": request.root, "ServerName": face.name, "Version": face.version, "Id": face.id}
        return Reply(200, {**known, "ProductName": face.product, "StartupWizardCompleted": True})

    @route("GET", "/Users")
    def users(self, request: Request) -> Reply:
        """Everybody for an administrator, oneself for others."""
        caller = self._caller(request)
        shown = [p for p in self.people.values() if caller and (caller.admin or caller.person is p)]
        return Reply(200, [user_row(self.face, person) for person in shown])

    @route("GET", "/Users/{user}")
    def user(self, request: Request, user: str) -> Reply:
        return Reply(200, user_row(self.face, self.user_of(request, user)))

    @route("GET", "/Users/{user}/Items")
    def user_items(self, request: Request, user: str) -> Reply:
        return self.listed(request, self.user_of(request, user))

    @route("GET", "/Users/{user}/Items/{item}")
    def user_item(self, request: Request, user: str, item: str) -> Reply:
        return Reply(200, self.row(self.item_of(item), self.user_of(request, user), ["*"]))

    def listed(self, request: Request, person: ServerUser | None) -> Reply:
        """Items as the query wants them, with what ``person`` has seen of each."""
        query = lowered(request.query)
        data = (lambda item: self._data(person, item)) if person else (lambda item: NO_DATA)
        listing = ItemQuery(self.face, self.library, query, data)
        found = listing.found()
        start, part = listing.page(found)
        shown = person if query.get("enableuserdata", "true").lower() != "false" else None
        rows = [self.row(item, shown, listing.words("fields")) for item in part]
        return Reply(200, {"Items": rows, "TotalRecordCount": len(found), "StartIndex": start})

    def row(self, item: LibraryItem, person: ServerUser | None, fields: Sequence[str] = ()) -> MediaBrowserRow:
        row = {**self._bare(item, tuple(fields)), **({"UserData": self.data_row(item, person)} if person else {})}
        if "mediasources" in fields and item.duration:
            row["MediaSources"] = self.files.get(item.rating_key) or media_sources(self.face, item)
        return {**row, "IndexNumberEnd": self.spans[item.rating_key]} if item.rating_key in self.spans else row

    def _bare(self, item: LibraryItem, fields: tuple[str, ...]) -> MediaBrowserRow:
        """What is the same for everybody; made once, as a library of thousands is listed again and again."""
        kept = self._rows.get((item.rating_key, fields))
        if kept is None or kept[0] is not item:
            kept = self._rows[item.rating_key, fields] = item, base_item(self.face, item, None, fields)
        return kept[1]

    def data_row(self, item: LibraryItem, person: ServerUser) -> MediaBrowserRow:
        if item.type in ("show", "season"):
            leaves = [self.seen(person, leaf) for leaf in self.library.leaves(item)]
            return folder_data(self.face, item, leaves, self.seen(person, item))
        return user_data(self.face, item, self.seen(person, item))

    def _data(self, person: ServerUser, item: LibraryItem) -> UserData:
        """A series counts as played when all of it is."""
        if item.type in ("show", "season"):
            return UserData(played=all(self.seen(person, leaf).played for leaf in self.library.leaves(item)))
        return self.seen(person, item)

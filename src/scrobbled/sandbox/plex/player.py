"""A player in the living room: the webhooks that a Plex Media Server sends when something is watched.

``payload`` and ``multipart`` are pure; ``PlexPlayer`` posts what they make to every registered webhook, once each, as
the real server does.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx

from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA, CELLAR, PlexAccount, ServerFace
from scrobbled.sandbox.plex.told import guids, metadata
from scrobbled.sandbox.plex.views import NEVER_VIEWED, Views, ViewState
from scrobbled.sandbox.posting import THUMB, PostBody, WebhookPost, form_data, post

VERSION = "1.41.3.9314-a0bfb8370"
USER_AGENT = f"PlexMediaServer/{VERSION}"
WATCHED_AT = 0.9
"""Where the server sends ``media.scrobble`` unless its owner moved the mark."""
EVENING: tuple[str, ...] = ("play", "pause", "resume", "scrobble", "stop")
PLACES: Mapping[str, float] = {
    "play": 0.0,
    "pause": 0.4,
    "resume": 0.4,
    "buffering": 0.5,
    "progress": 0.6,
    "scrobble": WATCHED_AT,
    "stop": 0.98,
}
"""How far through the item each event of an ordinary viewing comes."""
UNSENT = ("progress", "buffering")
"""Told to those who listen; there is no webhook for it."""
STATES: Mapping[str, str] = {
    "play": "playing",
    "resume": "playing",
    "progress": "playing",
    "pause": "paused",
    "buffering": "buffering",
    "stop": "stopped",
}
"""What is on after each event; a scrobble leaves it as it was."""


@dataclass(frozen=True, slots=True)
class PlexDevice:
    """What it is watched on."""

    title: str = "Living Room TV"
    uuid: str = "k3jd92ls0qpz-com-plexapp-android"
    address: str = "198.51.100.23"
    local: bool = True

    def told(self) -> dict[str, Any]:
        """As webhooks name it."""
        return {"local": self.local, "publicAddress": self.address, "title": self.title, "uuid": self.uuid}


LIVING_ROOM = PlexDevice()


def payload(
    event: str,
    item: LibraryItem,
    account: PlexAccount,
    at: datetime,
    *,
    before: ViewState = NEVER_VIEWED,
    offset: int | None = None,
    rating: float | None = None,
    device: PlexDevice | None = LIVING_ROOM,
    receiver: PlexAccount = ANNA,
    server: ServerFace = CELLAR,
) -> dict[str, Any]:
    """The JSON of one webhook; ``event`` is ``play`` or ``media.play``.

    ``before`` is what was known until then: a scrobble shows the new view, everything else the one before. ``offset``
    is the position in milliseconds, left out where it is 0 or unknown. ``rating`` is 0 to 10 for ``rate``; a cleared
    rating is -1. ``receiver`` is whose webhook it is: the owner's gets everybody's events. Where no ``device`` had to
    do with it, none is named.
    """
    name = event.removeprefix("media.")
    viewed = before.after(name, at, rating=rating) if name in ("scrobble", "rate") else before
    told = replace(viewed, offset=offset or 0)
    body: dict[str, Any] = {
        "event": f"media.{name}",
        "user": receiver.id == account.id,
        "owner": receiver.owner,
        "Account": {
            "id": account.id,
            "thumb": f"https://plex.tv/users/{account.id:016x}/avatar?c=1769000000",
            "title": account.title,
        },
        "Server": {"title": server.title, "uuid": server.machine},
    }
    if name == "rate":
        body["rating"] = rating
        told = replace(told, rating=rating if rating is not None and rating >= 0 else None)
    elif device is not None:  # real rate events name no player
        body["Player"] = device.told()
    return {**body, "Metadata": {**metadata(item), **told.fields(), "Guid": guids(item)}}


def multipart(body: Mapping[str, Any], thumb: bytes | None = None) -> tuple[str, bytes]:
    """Content type and bytes as the server posts them: a JSON part ``payload`` and, where given, a JPEG ``thumb``."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return form_data("payload", text, thumb=thumb)


def has_thumb(event: str) -> bool:
    """Only ``media.play`` and ``media.rate`` bring a picture."""
    return event.removeprefix("media.") in ("play", "rate")


@dataclass(frozen=True, slots=True)
class PlexSession:
    """Something that is being played, or paused."""

    item: LibraryItem
    account: PlexAccount
    device: PlexDevice
    state: str
    offset: int
    key: int = 0
    """The server's number of it; what comes on next at the same device without a stop keeps it."""


async def _nobody(event: str, session: PlexSession, at: datetime) -> list[WebhookPost]:
    return []


@dataclass
class PlexPlayer:
    """Plays things for people and reports as the server does.

    ``hooks`` yields the webhook URLs with the account that registered each. ``views`` keeps what each account has
    viewed, and every completed viewing. ``told`` hears of everything that happens to what is on, as whoever listens to
    the server does; it returns what it sent in turn. ``finished`` is told of each completed viewing.
    """

    hooks: Callable[[], Iterable[tuple[PlexAccount, str]]]
    views: Views = field(default_factory=Views)
    server: ServerFace = CELLAR
    told: Callable[[str, PlexSession, datetime], Awaitable[list[WebhookPost]]] = _nobody
    finished: Callable[[PlexAccount, LibraryItem], None] = lambda account, item: None
    transport: httpx.AsyncBaseTransport | None = None
    timeout: float = 10.0
    sessions: dict[tuple[int, str], PlexSession] = field(default_factory=dict)
    """What is on right now, by plex.tv id and device."""
    _keys: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def seen(self) -> dict[tuple[int, str], ViewState]:
        """By (plex.tv id, rating key)."""
        return self.views.seen

    async def watch(
        self,
        item: LibraryItem,
        account: PlexAccount,
        *,
        events: Sequence[str] = EVENING,
        at: datetime,
        device: PlexDevice = LIVING_ROOM,
    ) -> list[WebhookPost]:
        """One viewing, event by event, at once; ``at`` is when the scrobble (or the last event) happens.

        Returns what became of each webhook, in the order of sending.
        """
        names = [event.removeprefix("media.") for event in events]
        anchor = PLACES["scrobble"] if "scrobble" in names else PLACES.get(names[-1], 1.0) if names else 1.0
        done: list[WebhookPost] = []
        for name in names:
            place = PLACES.get(name, 1.0)
            moment = at + timedelta(milliseconds=item.duration * (place - anchor))
            done += await self.report(name, item, account, moment, offset=round(item.duration * place), device=device)
        return done

    async def rate(self, item: LibraryItem, account: PlexAccount, rating: float, *, at: datetime) -> list[WebhookPost]:
        """``rating`` is 0 to 10; -1 clears it."""
        return await self.report("rate", item, account, at, rating=rating)

    async def report(
        self,
        event: str,
        item: LibraryItem,
        account: PlexAccount,
        at: datetime,
        *,
        offset: int = 0,
        rating: float | None = None,
        device: PlexDevice = LIVING_ROOM,
    ) -> list[WebhookPost]:
        """One event: what the server remembers changes, and each webhook that may see it is called once."""
        before = self.views.of(account, item)
        session = self._session(event, item, account, device, offset)
        self._remember(event, item, account, before.after(event, at, offset=offset, rating=rating))
        if event == "scrobble":
            self.views.finished(item, account, at)
            self.finished(account, item)
        heard = await self.told(event, session, at) if session else []
        if event in UNSENT:
            return heard
        spot = None if event == "scrobble" else offset  # real scrobbles carry no viewOffset
        told = functools.partial(payload, event, item, account, at, before=before, offset=spot, rating=rating)
        return await self._call(event, account, functools.partial(told, device=device)) + heard

    async def marked(
        self, event: str, item: LibraryItem, account: PlexAccount, at: datetime, *, before: ViewState
    ) -> list[WebhookPost]:
        """Calls the webhooks for a mark (``scrobble``) or a rating (``rate``) by request, which changed it already."""
        rating = self.views.of(account, item).rating if event == "rate" else None
        given = -1.0 if event == "rate" and rating is None else rating
        told = functools.partial(payload, event, item, account, at, before=before, rating=given, device=None)
        return await self._call(event, account, told)

    async def _call(self, event: str, account: PlexAccount, told: Callable[..., dict[str, Any]]) -> list[WebhookPost]:
        """Each webhook that may see what the account did, once."""
        thumb = THUMB if has_thumb(event) else None
        mine = [(who, url) for who, url in self.hooks() if who.owner or who.id == account.id]
        bodies = [(url, multipart(told(receiver=who, server=self.server), thumb)) for who, url in mine]
        return [await self._post(url, event, body) for url, body in bodies]

    def _remember(self, event: str, item: LibraryItem, account: PlexAccount, viewed: ViewState) -> None:
        if event == "rate" and viewed.rating is not None and viewed.rating < 0:
            viewed = replace(viewed, rating=None, rated_at=None)
        if event == "stop" and viewed.offset >= WATCHED_AT * item.duration:
            viewed = replace(viewed, offset=0)
        self.views.put(account, item, viewed)

    def _session(
        self, event: str, item: LibraryItem, account: PlexAccount, device: PlexDevice, offset: int
    ) -> PlexSession | None:
        """What is on after the event, or was until it; ``None`` where it has nothing to do with a player."""
        place = (account.id, device.uuid)
        now = self.sessions.get(place)
        state = STATES.get(event, now.state if now else "")
        if event == "rate" or not state:
            return None
        session = PlexSession(item, account, device, state, offset, now.key if now else next(self._keys))
        if state == "stopped":
            self.sessions.pop(place, None)
        else:
            self.sessions[place] = session
        return session

    async def _post(self, url: str, event: str, body: tuple[str, bytes]) -> WebhookPost:
        message = PostBody(body[0], body[1], {"User-Agent": USER_AGENT})
        return await post(f"media.{event}", url, message, transport=self.transport, patience=self.timeout)

"""A player in the living room: the webhooks that a Plex Media Server sends when something is watched.

``payload`` and ``multipart`` are pure; ``Player`` posts what they make to every registered webhook, once each, as the
real server does.
"""

from __future__ import annotations

import base64
import functools
import json
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from scrobbled.sandbox.plex_library import LibraryItem, guids, metadata

MACHINE = "8c1d0f7a5b6e4d3c2b1a09f8e7d6c5b4a3928170"
"""The server's ``machineIdentifier``, which webhooks call ``Server.uuid``."""
SERVER_NAME = "cellar-nas"
VERSION = "1.41.3.9314-a0bfb8370"
USER_AGENT = f"PlexMediaServer/{VERSION}"
BOUNDARY = "------------------------7c9e3b1d5f2a8064"
"""As libcurl writes them, which is what the server posts with."""
WATCHED_AT = 0.9
"""Where the server sends ``media.scrobble`` unless its owner moved the mark."""
EVENING: tuple[str, ...] = ("play", "pause", "resume", "scrobble", "stop")
PLACES: Mapping[str, float] = {"play": 0.0, "pause": 0.4, "resume": 0.4, "scrobble": WATCHED_AT, "stop": 0.98}
"""How far through the item each event of an ordinary viewing comes."""
_PIXEL = base64.b64decode(
    "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAABAAEB"
    "AREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k="
)
_COMMENT = 32 * 1024
THUMB = _PIXEL[:2] + b"\xff\xfe" + (_COMMENT + 2).to_bytes(2, "big") + b"\0" * _COMMENT + _PIXEL[2:]
"""A JPEG of one pixel with a long comment: as heavy as a real thumbnail."""


@dataclass(frozen=True, slots=True)
class PlexAccount:
    """Somebody at the server. ``id`` is the plex.tv id; only one account owns the server."""

    id: int
    title: str
    owner: bool = False

    @property
    def local_id(self) -> int:
        """The id in play history and ``/accounts``: there the owner is 1."""
        return 1 if self.owner else self.id


ANNA = PlexAccount(41220077, "anna", owner=True)
BEN = PlexAccount(41220078, "ben")
NEIGHBOUR = PlexAccount(41220079, "neighbour")
"""A guest of the server whom nobody in the house claims."""
ACCOUNTS = (ANNA, BEN, NEIGHBOUR)


@dataclass(frozen=True, slots=True)
class Device:
    """What it is watched on."""

    title: str = "Living Room TV"
    uuid: str = "k3jd92ls0qpz-com-plexapp-android"
    address: str = "198.51.100.23"
    local: bool = True

    def told(self) -> dict[str, Any]:
        """As webhooks name it."""
        return {"local": self.local, "publicAddress": self.address, "title": self.title, "uuid": self.uuid}


LIVING_ROOM = Device()


@dataclass(frozen=True, slots=True)
class Viewed:
    """What the server knows of one item for one account; times are epoch seconds, ``offset`` milliseconds."""

    count: int = 0
    last: int | None = None
    offset: int = 0
    rating: float | None = None
    rated_at: int | None = None

    def fields(self) -> dict[str, Any]:
        """As metadata keys; what is not there is left out, as Plex does."""
        given = {
            "viewCount": self.count or None,
            "lastViewedAt": self.last,
            "viewOffset": self.offset or None,
            "userRating": self.rating,
            "lastRatedAt": self.rated_at,
        }
        return {name: value for name, value in given.items() if value is not None}

    def after(self, event: str, at: datetime, *, offset: int = 0, rating: float | None = None) -> Viewed:
        """What it becomes through an event (``scrobble``, ``rate``, ``pause`` …)."""
        now = int(at.timestamp())
        if event == "scrobble":
            return replace(self, count=self.count + 1, last=now, offset=0)
        if event == "rate":
            return replace(self, rating=rating, rated_at=now)
        return replace(self, offset=offset)


NEVER_VIEWED = Viewed()


def payload(
    event: str,
    item: LibraryItem,
    account: PlexAccount,
    at: datetime,
    *,
    before: Viewed = NEVER_VIEWED,
    offset: int | None = None,
    rating: float | None = None,
    device: Device = LIVING_ROOM,
    receiver: PlexAccount = ANNA,
) -> dict[str, Any]:
    """The JSON of one webhook; ``event`` is ``play`` or ``media.play``.

    ``before`` is what was known until then: a scrobble shows the new view, everything else the one before. ``offset``
    is the position in milliseconds, left out where it is 0 or unknown. ``rating`` is 0 to 10 for ``rate``; a cleared
    rating is -1. ``receiver`` is whose webhook it is: the owner's gets everybody's events.
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
        "Server": {"title": SERVER_NAME, "uuid": MACHINE},
    }
    if name == "rate":
        body["rating"] = rating
        told = replace(told, rating=rating if rating is not None and rating >= 0 else None)
    else:  # real rate events name no player
        body["Player"] = device.told()
    return {**body, "Metadata": {**metadata(item), **told.fields(), "Guid": guids(item)}}


def multipart(body: Mapping[str, Any], thumb: bytes | None = None) -> tuple[str, bytes]:
    """Content type and bytes as the server posts them: a JSON part ``payload`` and, where given, a JPEG ``thumb``."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return f"multipart/form-data; boundary={BOUNDARY}", _enveloped(text, thumb)


def _enveloped(text: bytes, thumb: bytes | None) -> bytes:
    line = f"--{BOUNDARY}".encode()
    parts = [line, b'Content-Disposition: form-data; name="payload"', b"Content-Type: application/json", b"", text]
    if thumb is not None:
        named = b'Content-Disposition: form-data; name="thumb"; filename="thumb.jpg"'
        parts += [line, named, b"Content-Type: image/jpeg", b"", thumb]
    return b"\r\n".join([*parts, line + b"--", b""])


def has_thumb(event: str) -> bool:
    """Only ``media.play`` and ``media.rate`` bring a picture."""
    return event.removeprefix("media.") in ("play", "rate")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook request. ``status`` 0 means that nobody answered; the server would not try again either."""

    event: str
    url: str
    status: int
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """Something that is being played, or paused."""

    item: LibraryItem
    account: PlexAccount
    device: Device
    state: str
    offset: int


@dataclass
class Player:
    """Plays things for people and reports as the server does.

    ``hooks`` yields the webhook URLs with the account that registered each. ``seen`` keeps what each account has
    viewed, by (plex.tv id, rating key). ``finished`` is told of each completed viewing.
    """

    hooks: Callable[[], Iterable[tuple[PlexAccount, str]]]
    seen: dict[tuple[int, str], Viewed] = field(default_factory=dict)
    finished: Callable[[LibraryItem, PlexAccount, datetime], None] = lambda item, account, at: None
    transport: httpx.AsyncBaseTransport | None = None
    timeout: float = 10.0
    sessions: dict[tuple[int, str], Session] = field(default_factory=dict)
    """What is on right now, by plex.tv id and device."""

    async def watch(
        self,
        item: LibraryItem,
        account: PlexAccount,
        *,
        events: Sequence[str] = EVENING,
        at: datetime,
        device: Device = LIVING_ROOM,
    ) -> list[Delivery]:
        """One viewing, event by event, at once; ``at`` is when the scrobble (or the last event) happens.

        Returns what became of each webhook, in the order of sending.
        """
        names = [event.removeprefix("media.") for event in events]
        anchor = PLACES["scrobble"] if "scrobble" in names else PLACES.get(names[-1], 1.0) if names else 1.0
        done: list[Delivery] = []
        for name in names:
            place = PLACES.get(name, 1.0)
            moment = at + timedelta(milliseconds=item.duration * (place - anchor))
            done += await self.report(name, item, account, moment, offset=round(item.duration * place), device=device)
        return done

    async def rate(self, item: LibraryItem, account: PlexAccount, rating: float, *, at: datetime) -> list[Delivery]:
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
        device: Device = LIVING_ROOM,
    ) -> list[Delivery]:
        """One event: what the server remembers changes, and each webhook that may see it is called once."""
        before = self.seen.get((account.id, item.rating_key), NEVER_VIEWED)
        self._session(event, item, account, device, offset)
        self._remember(event, item, account, before.after(event, at, offset=offset, rating=rating))
        if event == "scrobble":
            self.finished(item, account, at)
        told = functools.partial(
            payload,
            event,
            item,
            account,
            at,
            before=before,
            offset=None if event == "scrobble" else offset,  # real scrobbles carry no viewOffset
            rating=rating,
            device=device,
        )
        thumb = THUMB if has_thumb(event) else None
        mine = [(who, url) for who, url in self.hooks() if who.owner or who.id == account.id]
        return [await self._post(url, event, multipart(told(receiver=who), thumb)) for who, url in mine]

    def _remember(self, event: str, item: LibraryItem, account: PlexAccount, viewed: Viewed) -> None:
        if event == "rate" and viewed.rating is not None and viewed.rating < 0:
            viewed = replace(viewed, rating=None, rated_at=None)
        if event == "stop" and viewed.offset >= WATCHED_AT * item.duration:
            viewed = replace(viewed, offset=0)
        self.seen[account.id, item.rating_key] = viewed

    def _session(self, event: str, item: LibraryItem, account: PlexAccount, device: Device, offset: int) -> None:
        """Rating something, or finishing it, does not change what is on."""
        state = {"play": "playing", "resume": "playing", "pause": "paused"}.get(event)
        if event == "stop":
            self.sessions.pop((account.id, device.uuid), None)
        elif state is not None:
            self.sessions[account.id, device.uuid] = Session(item, account, device, state, offset)

    async def _post(self, url: str, event: str, body: tuple[str, bytes]) -> Delivery:
        """A new connection each time, as the server makes; whatever goes wrong is only noted."""
        headers = {"User-Agent": USER_AGENT, "Content-Type": body[0], "Accept": "*/*"}
        try:
            async with httpx.AsyncClient(
                transport=self.transport, timeout=self.timeout, verify=_certificates(), trust_env=False
            ) as client:
                answer = await client.post(url, headers=headers, content=body[1])
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Delivery(f"media.{event}", url, 0, type(error).__name__)
        return Delivery(f"media.{event}", url, answer.status_code, answer.text[:500])


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Reading them takes longer than a whole request."""
    return httpx.create_ssl_context()

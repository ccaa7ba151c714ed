"""What users change at the stand-ins of Jellyfin and Emby by their APIs, and what people do there by control routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, control_body, route
from scrobbled.sandbox.mediabrowser.rows import TICKS, ServerUser, UserData, date_of, lowered
from scrobbled.sandbox.mediabrowser.server import EVENING, PLACES, UNTIL
from scrobbled.sandbox.mediabrowser.shelves import ShelvedServer
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.pictures import MediaBrowserPictures
from scrobbled.sandbox.posting import reported


class AskedServer(ShelvedServer, MediaBrowserPictures):
    """Handlers to which subclasses give the paths of their server."""

    async def mark_asked(self, request: Request, user: str, item: str, *, played: bool) -> Reply:
        """``datePlayed`` is the date of the mark; without one it is now."""
        person, what = self.user_of(request, user), self.item_of(item)
        text = lowered(request.query).get("dateplayed", "")
        try:
            at = date_of(text) if text else None
        except ValueError:
            return Reply(400, "datePlayed is not a date")
        await self.mark(what, person, played=played, at=at)
        return Reply(200, self.data_row(what, person))

    async def data_asked(self, request: Request, user: str, item: str) -> Reply:
        """User data as a whole; what the body does not name stays."""
        person, what = self.user_of(request, user), self.item_of(item)
        given = request.decoded
        if not isinstance(given, dict):
            return Reply(400)
        try:
            after = _changed(self.seen(person, what), lowered(given))
        except (ValueError, TypeError):
            return Reply(400)
        await self.changed("data", what, person, after)
        return Reply(200, self.data_row(what, person))

    async def like_asked(self, request: Request, user: str, item: str, *, likes: bool | None) -> Reply:
        """``None`` takes a like or dislike away."""
        person, what = self.user_of(request, user), self.item_of(item)
        await self.changed("like", what, person, replace(self.seen(person, what), likes=likes))
        return Reply(200, self.data_row(what, person))

    # People at the stand-in

    @route("POST", "/_sandbox/watch")
    async def watch_by_control(self, request: Request) -> Reply:
        """``title`` ("Salt Flats", "Harbour Lights S1E2") or ``id``; ``account``, ``at``, ``events`` and ``until``."""
        given = control_body(request, dict)
        item, person, at = self._told_to(given)
        events, until = given.get("events", EVENING), given.get("until", UNTIL)
        if not isinstance(events, list | tuple) or not set(events) <= set(PLACES):
            return Reply(400, {"message": f"events are names of {', '.join(PLACES)}"})
        if not isinstance(until, int | float):
            return Reply(400, {"message": "until is a number, 1.0 is the end"})
        return reported(await self.watch(item, person, events=events, at=at, until=until))

    @route("POST", "/_sandbox/mark")
    async def mark_by_control(self, request: Request) -> Reply:
        """As ``watch``, also of a season or series; ``played`` false takes the mark away."""
        given = control_body(request, dict)
        item, person, at = self._told_to(given)
        return reported(await self.mark(item, person, played=bool(given.get("played", True)), at=at))

    @route("POST", "/_sandbox/rate")
    async def rate_by_control(self, request: Request) -> Reply:
        """As ``watch``, with ``rating`` 0 to 10, or null to clear it."""
        given = control_body(request, dict)
        item, person, _ = self._told_to(given)
        rating = given.get("rating")
        if not isinstance(rating, int | float | None):
            return Reply(400, {"message": "rating is a number from 0 to 10, or null"})
        return reported(await self.rate(item, person, rating))

    @route("POST", "/_sandbox/added")
    async def added_by_control(self, request: Request) -> Reply:
        """As ``watch``: the item is told as new, or as gone with ``removed`` true."""
        given = control_body(request, dict)
        item, _, _ = self._told_to(given)
        return reported(await (self.remove(item) if given.get("removed") else self.add(item)))

    @route("POST", "/_sandbox/accounts")
    def join_by_control(self, request: Request) -> Reply:
        """``{"account": "kim"}``: somebody new."""
        given = control_body(request, dict)
        if not isinstance(given.get("account"), str) or not given["account"].strip():
            return Reply(400, {"message": "account is a name"})
        person = self.join(given["account"])
        return Reply(200, {"account": person.name, "id": person.id})

    def _told_to(self, given: Mapping[str, Any]) -> tuple[LibraryItem, ServerUser, datetime]:
        try:
            item = self.item_of(given["id"]) if "id" in given else self.library.find(str(given.get("title", "")))
            person = self.people[given.get("account", "anna")]
            at = datetime.fromisoformat(given["at"]) if "at" in given else self.now()
        except KeyError:
            raise AnsweredEarly(Reply(400, {"message": f"account is one of {list(self.people)}"})) from None
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise AnsweredEarly(Reply(400, {"message": str(error)})) from None
        return item, person, at if at.tzinfo else at.replace(tzinfo=UTC)


def _changed(data: UserData, given: Mapping[str, Any]) -> UserData:
    """Raises ``ValueError`` or ``TypeError`` for what is no user data."""
    last = given.get("lastplayeddate")
    ticks = given.get("playbackpositionticks")
    return replace(
        data,
        played=bool(given.get("played", data.played)),
        count=int(given.get("playcount", data.count)),
        last=date_of(last) if last else data.last,
        position=int(ticks) // TICKS if ticks is not None else data.position,
        rating=given.get("rating", data.rating),
        favorite=bool(given.get("isfavorite", data.favorite)),
        likes=given.get("likes", data.likes),
    )

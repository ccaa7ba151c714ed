"""Stand-in of an Emby server. Every path works with and without ``/emby`` before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, control_body, route
from scrobbled.sandbox.mediabrowser.asked import AskedServer
from scrobbled.sandbox.mediabrowser.emby_hooks import EVENTS, payload
from scrobbled.sandbox.mediabrowser.rows import Face, Happening, ServerUser, lowered, stamp
from scrobbled.sandbox.posting import PostBody, WebhookPost, form_data, post, reported

API_KEY = "sandbox-emby-key"
ANNA = ServerUser("e6a9dd89fd954d689870e7e0e3e70001", "anna", "sandbox-emby-anna", admin=True)
BEN = ServerUser("e6a9dd89fd954d689870e7e0e3e70002", "ben", "sandbox-emby-ben")
SOFA = ServerUser("e6a9dd89fd954d689870e7e0e3e70003", "sofa", "sandbox-emby-sofa")
NEIGHBOUR = ServerUser("e6a9dd89fd954d689870e7e0e3e70004", "neighbour", "sandbox-emby-neighbour")
NOTIFIER = "webhooknotifications"
PREFIX = "/emby/"
FORMS = ("json", "form")


def item_id(key: str) -> str:
    """Decimal; libraries have small numbers."""
    kind, _, number = key.rpartition("-")
    return str(int(number) + (10 if kind else 240_000))


class EmbyStandIn(AskedServer):
    """``notifiers`` are all that is configured, webhooks among others; ``without_ids`` are world keys of items whose
    playback events come without ids of other services.
    """

    name = "emby"
    face = Face("f40a5bd0c6b64051bdbed00580fa0000", "attic", "Emby Server", "4.9.1.0", item_id)
    persons = (ANNA, BEN, SOFA, NEIGHBOUR)
    api_key = API_KEY
    header_tokens = ("x-emby-token", "x-mediabrowser-token", "api_key")

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.notifiers: list[dict[str, Any]] = []
        self.without_ids: set[str] = set()
        self._numbers = count(1)

    async def handle(self, request: Request) -> Reply:
        if request.path.lower().startswith(PREFIX):
            request = replace(request, path=request.path[len(PREFIX) - 1 :])
        return await super().handle(request)

    def hook(
        self, url: str, form: str = "form", *, events: Sequence[str] = (), users: Sequence[ServerUser] = ()
    ) -> None:
        """Register a webhook: ``form`` (the default of the server) or ``json``; no ``events`` are all of them."""
        self._configure(
            {
                "NotifierKey": NOTIFIER,
                "FriendlyName": "sandbox",
                "Enabled": True,
                "UserIds": [person.id for person in users],
                "EventIds": list(events or dict.fromkeys(EVENTS.values())),
                "Options": {"EnableMultipartFormData": form == "form", "Url": url},
            }
        )

    async def test(self) -> list[WebhookPost]:
        """The test button; what it sends is about nobody and nothing."""
        row = {"Title": "Test Notification", "Date": stamp(self.now()), "Event": "system.notificationtest"}
        server = {"Name": self.face.name, "Id": self.face.id, "Version": self.face.version}
        text = json.dumps({**row, "Server": server}).encode()
        hooks = [one for one in self.notifiers if one.get("NotifierKey") == NOTIFIER]
        return [
            await post(row["Event"], one["Options"]["Url"], _message(one, text), transport=self.transport)
            for one in hooks
        ]

    def _configure(self, given: dict[str, Any]) -> None:
        """In place of the one with its ``Id``, or as a new one."""
        key = given.get("Id") or f"{next(self._numbers):032x}"
        kept = [one for one in self.notifiers if one["Id"] != key]
        self.notifiers = [*kept, {**given, "Id": key}]

    async def _tell(self, happening: Happening) -> list[WebhookPost]:
        if happening.event not in EVENTS:
            return []
        event = EVENTS[happening.event]
        row = payload(self.face, happening, without_ids=happening.item.rating_key in self.without_ids)
        text = json.dumps(row, ensure_ascii=False).encode()
        wanted = [one for one in self.notifiers if _wants(one, event, happening)]
        return [
            await post(event, one["Options"]["Url"], _message(one, text), transport=self.transport) for one in wanted
        ]

    # What only Emby answers

    @route("GET", "/Items")
    def items(self, request: Request) -> Reply:
        """Without a user there is nothing that anybody has seen."""
        return self.listed(request, None)

    @route("POST", "/Users/{user}/PlayedItems/{item}")
    async def mark_played(self, request: Request, user: str, item: str) -> Reply:
        return await self.mark_asked(request, user, item, played=True)

    @route("DELETE", "/Users/{user}/PlayedItems/{item}")
    @route("POST", "/Users/{user}/PlayedItems/{item}/Delete")
    async def mark_unplayed(self, request: Request, user: str, item: str) -> Reply:
        return await self.mark_asked(request, user, item, played=False)

    @route("POST", "/Users/{user}/Items/{item}/UserData")
    async def set_data(self, request: Request, user: str, item: str) -> Reply:
        return await self.data_asked(request, user, item)

    @route("POST", "/Users/{user}/Items/{item}/Rating")
    async def like(self, request: Request, user: str, item: str) -> Reply:
        likes = lowered(request.query).get("likes", "").lower() == "true"
        return await self.like_asked(request, user, item, likes=likes)

    @route("DELETE", "/Users/{user}/Items/{item}/Rating")
    async def unlike(self, request: Request, user: str, item: str) -> Reply:
        return await self.like_asked(request, user, item, likes=None)

    # Notifications

    @route("GET", "/Notifications/Services/Configured")
    def configured(self, request: Request) -> Reply:
        self.admin_only(request)
        return Reply(200, self.notifiers)

    @route("POST", "/Notifications/Services/Configured")
    def configure(self, request: Request) -> Reply:
        """With ``UserId`` a new one; without it the body names the one it replaces."""
        self.admin_only(request)
        given = request.decoded
        if not isinstance(given, dict) or not isinstance(given.get("Options"), dict):
            return Reply(400, "A notifier has Options")
        new = "userid" in lowered(request.query)
        if not new and given.get("Id") not in [one["Id"] for one in self.notifiers]:
            raise AnsweredEarly(Reply(404))
        self._configure({**given, "Id": ""} if new else given)
        return Reply(204)

    @route("POST", "/_sandbox/test")
    async def test_by_control(self, request: Request) -> Reply:
        return reported(await self.test())

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […], "as": "form"}`` replaces all webhooks; ``as`` may be json."""
        given = control_body(request, dict)
        form = given.get("as", "form")
        if form not in FORMS:
            return Reply(400, {"message": f"as is one of {', '.join(FORMS)}"})
        self.notifiers = [one for one in self.notifiers if one.get("NotifierKey") != NOTIFIER]
        for url in given.get("urls", []):
            self.hook(str(url), form)
        return Reply(200, {"hooks": len(given.get("urls", []))})


def _wants(notifier: dict[str, Any], event: str, happening: Happening) -> bool:
    users = notifier.get("UserIds") or ()
    return bool(
        notifier.get("NotifierKey") == NOTIFIER
        and notifier.get("Enabled")
        and event in notifier.get("EventIds", ())
        and (not users or happening.person is None or happening.person.id in users)
    )


def _message(notifier: dict[str, Any], text: bytes) -> PostBody:
    """A form is the default of the server."""
    if notifier["Options"].get("EnableMultipartFormData", True):
        return PostBody(*form_data("data", text))
    return PostBody("application/json", text)

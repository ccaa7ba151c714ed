"""Stand-in of a Jellyfin server with both of its webhook plugins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, control_body, route
from scrobbled.sandbox.mediabrowser.asked import AskedServer
from scrobbled.sandbox.mediabrowser.jellyfin_hooks import NOTIFICATIONS, as_form, notifications
from scrobbled.sandbox.mediabrowser.jellyfin_webhooks import EVENTS, as_plex, default, event_of, plex_form
from scrobbled.sandbox.mediabrowser.rows import Face, Happening, MediaBrowserRow, ServerUser, lowered, user_row
from scrobbled.sandbox.posting import PostBody, WebhookPost, post

API_KEY = "sandbox-jellyfin-key"
ANNA = ServerUser("00112233445566778899aabbccddee01", "anna", "sandbox-jellyfin-anna", admin=True)
BEN = ServerUser("00112233445566778899aabbccddee02", "ben", "sandbox-jellyfin-ben")
SOFA = ServerUser("00112233445566778899aabbccddee03", "sofa", "sandbox-jellyfin-sofa")
NEIGHBOUR = ServerUser("00112233445566778899aabbccddee04", "neighbour", "sandbox-jellyfin-neighbour")
WEBHOOK_PLUGIN = "71552a5a5c5c4350a2aeebe451a30173"
"""The official plugin."""
WEBHOOKS_PLUGIN = "eb3f4c5ec2d54f1ab1f1c1a4b8d6a7e3"
"""The one by shemanaev."""
PLUGINS = {WEBHOOK_PLUGIN: ("Webhook", "21.0.0.0"), WEBHOOKS_PLUGIN: ("Webhooks", "4.0.0.0")}
FORMS = ("json", "text", "form", "default", "plex")
JSON = {"Key": "Content-Type", "Value": "application/json"}


def item_id(key: str) -> str:
    return hashlib.md5(f"jellyfin {key}".encode(), usedforsecurity=False).hexdigest()


class JellyfinStandIn(AskedServer):
    """``configurations`` are those of the plugins, by plugin id; a plugin that is taken out is not installed."""

    name = "jellyfin"
    face = Face("3f0b6a7e1c2d4b5a8e9f001122334455", "den", "Jellyfin Server", "10.11.8", item_id)
    persons = (ANNA, BEN, SOFA, NEIGHBOUR)
    api_key = API_KEY

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.configurations: dict[str, dict[str, Any]] = {
            WEBHOOK_PLUGIN: {"ServerUrl": "http://jelly.home.example:8096", "GenericOptions": [], "DiscordOptions": []},
            WEBHOOKS_PLUGIN: {"Hooks": []},
        }
        self._scrobbled: set[str] = set()

    def hook(
        self, url: str, form: str = "json", *, events: Sequence[str] = NOTIFICATIONS, users: Sequence[ServerUser] = ()
    ) -> None:
        """Register a webhook: ``json``, ``text`` and ``form`` of the official plugin, ``default`` and ``plex`` of the
        other; ``events`` are notification types of the official one, ``users`` those whom it is limited to.
        """
        if form in ("default", "plex"):
            hooks = self.configurations[WEBHOOKS_PLUGIN]["Hooks"]
            hooks.append({"Url": url, "Format": form.title(), "Events": [*set(EVENTS.values()), "Scrobble"]})
            return
        options = self.configurations[WEBHOOK_PLUGIN]
        entry = {
            "WebhookName": "sandbox",
            "WebhookUri": url,
            "NotificationTypes": list(events),
            "EnableWebhook": True,
            "EnableMovies": True,
            "EnableEpisodes": True,
            "SendAllProperties": True,
            "UserFilter": [person.id for person in users],
            "Headers": [JSON] if form == "json" else [],
            "Fields": [],
        }
        options.setdefault("GenericFormOptions" if form == "form" else "GenericOptions", []).append(entry)

    # Webhooks

    async def _tell(self, happening: Happening) -> list[WebhookPost]:
        done = [
            await post(str(row["NotificationType"]), url, message, transport=self.transport)
            for row in notifications(self.face, happening)
            for url, message in self._official(row)
        ]
        event = event_of(happening, self._scrobbled)
        if event == "Scrobble":
            self._scrobbled.add(happening.item.rating_key)
        sent = [(h["Url"], h.get("Format")) for h in self._installed(WEBHOOKS_PLUGIN, "Hooks") if event in h["Events"]]
        for url, form in sent:
            message = _unofficial(self.face, str(form), event, happening)
            if message is not None:
                done.append(await post(event, url, message, transport=self.transport))
        return done

    def _installed(self, plugin: str, name: str) -> list[dict[str, Any]]:
        return list(self.configurations.get(plugin, {}).get(name, ()))

    def _official(self, row: MediaBrowserRow) -> Iterator[tuple[str, PostBody]]:
        """What goes where. An entry without *Send All Properties* and without a template sends nothing."""
        agent = {"User-Agent": f"Jellyfin-Server/{self.face.version}"}
        for entry in self._installed(WEBHOOK_PLUGIN, "GenericOptions"):
            if _wants(entry, row):
                headers = {one["Key"]: one["Value"] for one in entry.get("Headers") or ()}
                kind = headers.pop("Content-Type", "text/plain; charset=utf-8")
                told = {**row, **{one["Key"]: one["Value"] for one in entry.get("Fields") or ()}}
                yield entry["WebhookUri"], PostBody(kind, json.dumps(told).encode(), {**agent, **headers})
        for entry in self._installed(WEBHOOK_PLUGIN, "GenericFormOptions"):
            if _wants(entry, row):
                body = urlencode(as_form(row)).encode()
                yield entry["WebhookUri"], PostBody("application/x-www-form-urlencoded", body, agent)

    # What only Jellyfin answers

    @route("GET", "/Users/Me")
    def me(self, request: Request) -> Reply:
        """An API key is nobody."""
        caller = self._caller(request)
        if caller is None or caller.person is None:
            return Reply(400, "The key belongs to no user")
        return Reply(200, user_row(self.face, caller.person))

    @route("GET", "/UserViews")
    def user_views(self, request: Request) -> Reply:
        return self.views(request, self._user(request))

    @route("GET", "/Items")
    def items(self, request: Request) -> Reply:
        user = lowered(request.query).get("userid", "")
        caller = self._caller(request)
        person = self.user_of(request, user) if user else caller.person if caller else None
        return self.listed(request, person)

    @route("GET", "/Items/{item}")
    def item(self, request: Request, item: str) -> Reply:
        user = lowered(request.query).get("userid", "")
        return Reply(200, self.row(self.item_of(item), self.user_of(request, user) if user else None, ["*"]))

    @route("POST", "/UserPlayedItems/{item}")
    async def mark_played(self, request: Request, item: str) -> Reply:
        return await self.mark_asked(request, self._user(request), item, played=True)

    @route("DELETE", "/UserPlayedItems/{item}")
    async def mark_unplayed(self, request: Request, item: str) -> Reply:
        return await self.mark_asked(request, self._user(request), item, played=False)

    @route("POST", "/UserItems/{item}/UserData")
    async def set_data(self, request: Request, item: str) -> Reply:
        return await self.data_asked(request, self._user(request), item)

    @route("GET", "/UserItems/{item}/UserData")
    def get_data(self, request: Request, item: str) -> Reply:
        person = self.user_of(request, self._user(request))
        return Reply(200, self.data_row(self.item_of(item), person))

    @route("POST", "/UserItems/{item}/Rating")
    async def like(self, request: Request, item: str) -> Reply:
        likes = lowered(request.query).get("likes", "").lower() == "true"
        return await self.like_asked(request, self._user(request), item, likes=likes)

    @route("DELETE", "/UserItems/{item}/Rating")
    async def unlike(self, request: Request, item: str) -> Reply:
        return await self.like_asked(request, self._user(request), item, likes=None)

    def _user(self, request: Request) -> str:
        """By ``userId``, or whose token it is."""
        user = lowered(request.query).get("userid", "")
        caller = self._caller(request)
        if not user and (caller is None or caller.person is None):
            raise AnsweredEarly(Reply(400, "userId is missing"))
        return user or (caller.person.id if caller and caller.person else "")

    # Plugins

    @route("GET", "/Plugins")
    def plugins(self, request: Request) -> Reply:
        self.admin_only(request)
        rows = [
            {"Name": name, "Version": version, "Id": plugin, "Status": "Active", "CanUninstall": True}
            for plugin, (name, version) in PLUGINS.items()
            if plugin in self.configurations
        ]
        return Reply(200, rows)

    @route("GET", "/Plugins/{plugin}/Configuration")
    def configuration(self, request: Request, plugin: str) -> Reply:
        self.admin_only(request)
        return Reply(200, self.configurations[self._plugin(plugin)])

    @route("POST", "/Plugins/{plugin}/Configuration")
    def configure(self, request: Request, plugin: str) -> Reply:
        """Replaces it as a whole."""
        self.admin_only(request)
        key, given = self._plugin(plugin), request.decoded
        if not isinstance(given, dict):
            return Reply(400)
        self.configurations[key] = given
        return Reply(204)

    def _plugin(self, plugin: str) -> str:
        key = plugin.lower().replace("-", "")
        if key not in self.configurations:
            raise AnsweredEarly(Reply(404))
        return key

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […], "as": "json"}`` replaces all webhooks; ``as`` may be text, form, default or plex."""
        given = control_body(request, dict)
        form = given.get("as", "json")
        if form not in FORMS:
            return Reply(400, {"message": f"as is one of {', '.join(FORMS)}"})
        for configuration in self.configurations.values():
            configuration.update({name: [] for name in configuration if name.startswith(("Generic", "Hooks"))})
        for url in given.get("urls", []):
            self.hook(str(url), form)
        return Reply(200, {"hooks": len(given.get("urls", []))})


def _wants(entry: Mapping[str, Any], row: MediaBrowserRow) -> bool:
    """Switches for kinds of items are off unless set; a filter for users lets pass what is about no user."""
    switch = {"Movie": "EnableMovies", "Episode": "EnableEpisodes", "Series": "EnableSeries", "Season": "EnableSeasons"}
    users = [str(user).replace("-", "").lower() for user in entry.get("UserFilter") or ()]
    return bool(
        entry.get("EnableWebhook", True)
        and entry.get("SendAllProperties")
        and row["NotificationType"] in entry.get("NotificationTypes", ())
        and entry.get(switch[row["ItemType"]])
        and (not users or "UserId" not in row or row["UserId"] in users)
    )


def _unofficial(face: Face, form: str, event: str, happening: Happening) -> PostBody | None:
    if form != "Plex":
        return PostBody("application/json", json.dumps(default(face, event, happening)).encode())
    row = as_plex(face, event, happening)
    return PostBody(*plex_form(row)) if row is not None else None

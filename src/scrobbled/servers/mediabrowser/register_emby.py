"""The notifications of Emby that go to a webhook."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.clients.base import NAME
from scrobbled.clients.mediabrowser import DIALECTS, MediaBrowserClient
from scrobbled.config import SourceConfig
from scrobbled.core.errors import NotRegistered
from scrobbled.plumbing.http import Http
from scrobbled.servers.entering import ConfigEntry, Registered, asked, entries_of, is_ours, told

HOOKS = "/Notifications/Services/Configured"


async def register(http: Http, settings: SourceConfig, url: str) -> Registered:
    """Notifications belong to a user, and those that are about others to an administrator."""
    base = (settings.url or "").removesuffix("/emby")
    there = MediaBrowserClient(DIALECTS["emby"], http.at(f"{base}/emby"), settings.server_token or "")
    admin = await _admin(there)
    listing = f"{HOOKS}?UserId={admin}"
    entries = entries_of(await asked(there, listing), HOOKS)
    mine, wanted = _entry(entries, url)
    if mine != wanted:
        await told(there, listing if mine is None else HOOKS, wanted)
        again, _ = _entry(entries_of(await asked(there, listing), HOOKS), url)
        if again is None or (again["Options"]["Url"], again.get("Enabled")) != (url, True):
            raise NotRegistered("Emby accepted our webhook, but does not have it. It needs Emby Premiere.")
    notes = ("Emby sends webhooks only with Emby Premiere.",)
    return Registered("emby", "the notifications of Emby", mine != wanted, len(entries) - (mine is not None), notes)


async def _admin(there: MediaBrowserClient) -> str:
    for row in entries_of(await asked(there, "/Users"), "/Users"):
        policy = row.get("Policy")
        if isinstance(policy, dict) and policy.get("IsAdministrator") is True and isinstance(row.get("Id"), str):
            return str(row["Id"])
    raise NotRegistered(
        "Emby names no administrator to us. Make sources.emby.server_token an API key of its dashboard."
    )


def _entry(entries: Sequence[ConfigEntry], url: str) -> tuple[ConfigEntry | None, ConfigEntry]:
    """Our notification as it is, ``None`` where there is none, and as it should be."""

    def goes_to_us(entry: ConfigEntry) -> bool:
        options = entry.get("Options")
        return isinstance(options, dict) and is_ours(options.get("Url"), url)

    mine = next((one for one in entries if goes_to_us(one)), None)
    there = mine or {"FriendlyName": NAME, "UserIds": [], "DeviceIds": [], "LibraryIds": [], **_KIND}
    events = there.get("EventIds") or []
    options = {**(there.get("Options") or {}), "Url": url, "EnableMultipartFormData": False}
    wanted = {"Enabled": True, "GroupItems": False, "IsSelfNotification": False, "Options": options}
    return mine, {**there, **wanted, "EventIds": [*events, *(one for one in _EVENTS if one not in events)]}


_KIND: ConfigEntry = {
    "NotifierKey": "webhooknotifications",
    "ServiceName": "Webhooks",
    "PluginId": "85a7b1d4-fbda-4e85-a0a2-ac303c9946a4",
    "SetupModuleUrl": "configurationpage?name=webhookeditorjs",
}
_EVENTS = (
    "library.new",
    "playback.start",
    "playback.pause",
    "playback.unpause",
    "playback.stop",
    "item.markplayed",
    "item.markunplayed",
)

"""The destinations of Jellyfin's Webhook plugin."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.clients.base import NAME
from scrobbled.clients.mediabrowser import DIALECTS, MediaBrowserClient
from scrobbled.config import SourceConfig
from scrobbled.core.errors import ContractDrift, NotRegistered
from scrobbled.plumbing.http import Http
from scrobbled.servers.entering import ConfigEntry, Registered, asked, entries_of, is_ours, told

PLUGIN = "71552a5a5c5c4350a2aeebe451a30173"


async def register(http: Http, settings: SourceConfig, url: str) -> Registered:
    """The plugin keeps all destinations in one configuration, which is read, changed and written whole."""
    there = MediaBrowserClient(DIALECTS["jellyfin"], http.at(settings.url or ""), settings.server_token or "")
    path = f"/Plugins/{await _plugin(there)}/Configuration"
    whole = await _configuration(there, path)
    entries = entries_of(whole.get("GenericOptions"), path)
    mine, wanted = _entry(entries, url)
    if mine != wanted:
        kept = [one for one in entries if one is not mine]
        at = next((n for n, one in enumerate(entries) if one is mine), len(kept))
        whole["GenericOptions"] = [*kept[:at], wanted, *kept[at:]]
        await told(there, path, whole)
        after = await _configuration(there, path)
        again, _ = _entry(entries_of(after.get("GenericOptions"), path), url)
        if again is None or (again.get("WebhookUri"), again.get("EnableWebhook")) != (url, True):
            raise NotRegistered("Jellyfin accepted our webhook, but does not have it. Add it by hand.")
    return Registered("jellyfin", "the Webhook plugin of Jellyfin", mine != wanted, len(entries) - (mine is not None))


async def _configuration(there: MediaBrowserClient, path: str) -> ConfigEntry:
    whole = await asked(there, path)
    if not isinstance(whole, dict):
        raise ContractDrift(f"{path} answered with something else than a configuration")
    return whole


async def _plugin(there: MediaBrowserClient) -> str:
    rows = entries_of(await asked(there, "/Plugins"), "/Plugins")
    found = [row for row in rows if str(row.get("Id", "")).replace("-", "").lower() == PLUGIN]
    if not found:
        raise NotRegistered(
            "Jellyfin does not have its Webhook plugin yet. Open Dashboard > Plugins > Catalog, install Webhook, "
            "restart Jellyfin, and run this again."
        )
    working = next((row for row in found if row.get("Status", "Active") == "Active"), None)
    if working is None:
        raise NotRegistered(
            f"Jellyfin's Webhook plugin does not run ({found[0].get('Status')}). Restart Jellyfin, or enable it under "
            "Dashboard > Plugins, and run this again."
        )
    return str(working["Id"])


def _entry(entries: Sequence[ConfigEntry], url: str) -> tuple[ConfigEntry | None, ConfigEntry]:
    """Our destination as it is, ``None`` where there is none, and as it should be: what the owner chose stays."""
    mine = next((one for one in entries if is_ours(one.get("WebhookUri"), url)), None)
    there = mine or {"WebhookName": NAME, "UserFilter": [], "Fields": [], **_OFF}
    types, headers = there.get("NotificationTypes") or [], there.get("Headers") or []
    typed = any(str(header.get("Key", "")).lower() == "content-type" for header in headers if isinstance(header, dict))
    return mine, {
        **there,
        **_ON,
        "WebhookUri": url,
        "NotificationTypes": [*types, *(one for one in _TYPES if one not in types)],
        "Headers": headers if typed else [*headers, {"Key": "Content-Type", "Value": "application/json"}],
    }


_TYPES = ("ItemAdded", "PlaybackStart", "PlaybackStop", "UserDataSaved")
_ON: ConfigEntry = {
    "EnableWebhook": True,
    "EnableMovies": True,
    "EnableEpisodes": True,
    "SendAllProperties": True,
    "TrimWhitespace": True,
    "SkipEmptyMessageBody": True,
}
_OFF: ConfigEntry = {
    "EnableSeries": False,
    "EnableSeasons": False,
    "EnableAlbums": False,
    "EnableSongs": False,
    "EnableVideos": False,
    "Template": "",
}

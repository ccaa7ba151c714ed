"""The destinations of Jellyfin's Webhook plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scrobbled.config import SourceConfig
from scrobbled.core.errors import ContractDrift, NotRegistered
from scrobbled.http import Http
from scrobbled.registering.asking import NAME, Entry, Registered, asked, entries_of, is_ours, mediabrowser, told

PLUGIN = "71552a5a5c5c4350a2aeebe451a30173"


async def register(http: Http, settings: SourceConfig, url: str) -> Registered:
    """The plugin keeps all destinations in one configuration, which is read, changed and written whole."""
    there, headers = http.at(settings.url or ""), mediabrowser(settings)
    path = f"/Plugins/{await _plugin(there, headers)}/Configuration"
    whole = await _configuration(there, path, headers)
    entries = entries_of(whole.get("GenericOptions"), path)
    mine, wanted = _entry(entries, url)
    if mine != wanted:
        kept = [one for one in entries if one is not mine]
        at = next((n for n, one in enumerate(entries) if one is mine), len(kept))
        whole["GenericOptions"] = [*kept[:at], wanted, *kept[at:]]
        await told(there, path, headers, whole)
        after = await _configuration(there, path, headers)
        again, _ = _entry(entries_of(after.get("GenericOptions"), path), url)
        if again is None or (again.get("WebhookUri"), again.get("EnableWebhook")) != (url, True):
            raise NotRegistered("Jellyfin accepted our webhook, but does not have it. Add it by hand.")
    return Registered("jellyfin", "the Webhook plugin of Jellyfin", mine != wanted, len(entries) - (mine is not None))


async def _configuration(there: Http, path: str, headers: Mapping[str, str]) -> Entry:
    whole = await asked(there, path, headers)
    if not isinstance(whole, dict):
        raise ContractDrift(f"{path} answered with something else than a configuration")
    return whole


async def _plugin(there: Http, headers: Mapping[str, str]) -> str:
    rows = entries_of(await asked(there, "/Plugins", headers), "/Plugins")
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


def _entry(entries: Sequence[Entry], url: str) -> tuple[Entry | None, Entry]:
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
_ON: Entry = {
    "EnableWebhook": True,
    "EnableMovies": True,
    "EnableEpisodes": True,
    "SendAllProperties": True,
    "TrimWhitespace": True,
    "SkipEmptyMessageBody": True,
}
_OFF: Entry = {
    "EnableSeries": False,
    "EnableSeasons": False,
    "EnableAlbums": False,
    "EnableSongs": False,
    "EnableVideos": False,
    "Template": "",
}

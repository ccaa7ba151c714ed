"""What to do at each media server so that it reports here, with the words that stand on its own pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from scrobbled.sources.tautulli import TEMPLATE, TRIGGERS

MANIFEST = "https://raw.githubusercontent.com/shemanaev/jellyfin-plugin-repo/master/manifest.json"


class Setup(Struct, frozen=True):
    """``steps`` are done in order; ``notes`` are worth knowing. Both speak of "the address", which they do not hold.

    ``paste`` is text, or JSON, for the field ``paste_into``.
    """

    title: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()
    paste_into: str = ""
    paste: str | Mapping[str, Any] = ""
    registers: bool = False


_PLEX = Setup(
    title="Plex",
    steps=(
        "In Plex Web open Settings and, below the name of the account that owns the server, Webhooks.",
        "Click Add Webhook, paste the address, and click Save Changes.",
        "On the server's own page Settings > Network (click Show Advanced) let Webhooks be ticked.",
    ),
    notes=(
        "Webhooks need Plex Pass. Without it set mode: live below sources.plex (with url and server_token), or let "
        "Tautulli report: scrobbled webhook tautulli.",
        "One webhook of the owner reports everybody who uses the server. List each person's name at Plex under "
        "accounts.",
        "Plex does not report what is marked as watched by hand; with url and server_token it is looked up.",
    ),
    registers=True,
)
_TAUTULLI = Setup(
    title="Tautulli",
    steps=(
        "In Tautulli open Settings > Notification Agents, click Add a new notification agent, and choose Webhook.",
        "Configuration: paste the address into Webhook URL, and choose POST as Webhook Method.",
        f"Triggers: tick {', '.join(TRIGGERS)}.",
        "Data: for each of these open its section, and paste the template below into JSON Data.",
        "Click Save.",
    ),
    notes=(
        "No Plex Pass is needed. Use Tautulli or Plex webhooks, or both: one viewing stays one play.",
        "The template has to be pasted for each trigger; a trigger without it sends an empty body, which is refused.",
        "Test Notifications sends the template as it is: it arrives, and is not taken for a viewing.",
    ),
    paste_into="JSON Data",
    paste=TEMPLATE,
)
_JELLYFIN = Setup(
    title="Jellyfin",
    steps=(
        "In Jellyfin open Dashboard > Plugins > Catalog, install Webhook, and restart Jellyfin.",
        "Open Dashboard > Plugins > Webhook (its Settings), and click Add Generic Destination.",
        "Webhook Name: scrobbled. Webhook Url: paste the address. Let Enable be ticked.",
        "Notification Type: tick Item Added, Playback Start, Playback Stop and User Data Saved.",
        "User Filter: tick nobody, which means everybody, or those who are to be reported.",
        "Item Type: tick Movies and Episodes.",
        "Tick Send All Properties (ignores template). The template stays empty.",
        "Click Add Request Header with Key Content-Type and Value application/json, then Save.",
    ),
    notes=(
        "Playback Progress is not needed; ticked it helps where a player ends without saying so, and sends much.",
        "The plugin does not send anything again: what comes while scrobbled is down is found by catch-up, with url "
        "and server_token below sources.jellyfin.",
    ),
    registers=True,
)
_JELLYFIN_WEBHOOKS = Setup(
    title='Jellyfin, plugin "Webhooks" by shemanaev',
    steps=(
        f"In Jellyfin open Dashboard > Plugins > Repositories, and add {MANIFEST}",
        "In the Catalog install Webhooks, and restart Jellyfin.",
        "Open its settings, add a hook, paste the address into URL, and choose Default as Format.",
        "Tick Play, Pause, Resume, Stop, Mark Played, Mark Unplayed and Rate, and Save.",
    ),
    notes=(
        "Default also tells the ids of the show, so that nothing has to be looked up. The format Plex works, and "
        "tells less.",
        "Scrobble need not be ticked: that plugin sends it once for each item until Jellyfin restarts.",
    ),
)
_EMBY = Setup(
    title="Emby",
    steps=(
        "In Emby open the menu of your user, Preferences > Notifications, click Add Notification, and choose Webhooks. "
        "In older versions it is Server > Webhooks > Add Webhook.",
        "Name: scrobbled. Url: paste the address. Request content type: application/json.",
        "Events: tick New Media Added, all four of Playback (Start, Pause, Unpause, Stop), Mark Played and Mark "
        "Unplayed.",
        "Limit user events to: tick all users who are to be reported. Then click Save.",
    ),
    notes=(
        "Webhooks need Emby Premiere. Without it url and server_token below sources.emby let catch-up find what was "
        "watched.",
        "Test Notification arrives, and is not taken for a viewing.",
    ),
    registers=True,
)
_KODI = Setup(
    title="Kodi",
    steps=(
        "Kodi posts nothing by itself: use an add-on or a home automation that posts to an address.",
        "Have it post Kodi's own notifications (Player.OnPlay, Player.OnPause, Player.OnResume, Player.OnStop, "
        "VideoLibrary.OnUpdate) to the address, in the form below.",
        "Put what Player.GetItem tells into item: for an episode showtitle, season, episode and uniqueid.",
        "List kodi under accounts of the one viewer who watches there, with any name.",
    ),
    notes=(
        "Nothing of this is needed where scrobbled reaches Kodi: set mode: live and url: ws://<Kodi>:9090/jsonrpc "
        "below sources.kodi, and in Kodi Settings > Services > Control allow remote control from applications on other "
        "systems.",
        "The add-on Trakt for Kodi (script.trakt) cannot be pointed at another address.",
        "end is true when it was played to its end. Without time and totaltime only that counts.",
    ),
    paste_into="the body",
    paste={
        "jsonrpc": "2.0",
        "method": "Player.OnStop",
        "params": {
            "data": {
                "end": True,
                "item": {
                    "type": "episode",
                    "title": "…",
                    "showtitle": "…",
                    "season": 1,
                    "episode": 1,
                    "uniqueid": {"tmdb": "…", "tvdb": "…", "imdb": "…"},
                },
                "player": {
                    "time": {"hours": 0, "minutes": 44, "seconds": 0},
                    "totaltime": {"hours": 0, "minutes": 45, "seconds": 0},
                },
            }
        },
    },
)


def _arr(title: str) -> Setup:
    return Setup(
        title=title,
        steps=(
            f"In {title} open Settings > Connect, click the plus, and choose Webhook.",
            "Name: scrobbled. Notification Triggers: tick On File Import and On File Upgrade (On Import and On Upgrade "
            "in older versions).",
            "Webhook URL: paste the address. Method: POST.",
            "Click Test, which has to succeed, then Save.",
        ),
        notes=("It is asked for ids alone: nothing it sends is ever a play.",),
    )


_TRAKT = Setup(
    title="Players that speak to Trakt",
    steps=(
        "In the player enter the address in place of https://api.trakt.tv, where it can be changed.",
        "Sign in there: the player shows a code, which you enter at /activate here, or approve with scrobbled token "
        "approve CODE --viewer NAME.",
        "Where it wants a token instead, take one of those below, or make one: scrobbled token create --viewer NAME",
    ),
    notes=("Each token belongs to one viewer, so nobody has to be listed under accounts.",),
)
SETUPS: Mapping[str, Setup] = {
    "plex": _PLEX,
    "tautulli": _TAUTULLI,
    "jellyfin": _JELLYFIN,
    "jellyfin-webhooks": _JELLYFIN_WEBHOOKS,
    "emby": _EMBY,
    "kodi": _KODI,
    "sonarr": _arr("Sonarr"),
    "radarr": _arr("Radarr"),
    "trakt": _TRAKT,
}
"""By source; a new one adds a line."""

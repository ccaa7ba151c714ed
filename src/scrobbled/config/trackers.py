"""What each tracker's section may hold. The tables stand here, so that the configuration does not import trackers.

A finished section is a plain mapping of what was given: what is left out is missing, and the tracker knows its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scrobbled.config.addresses import HttpUrl
from scrobbled.config.fields import Field, ListOf, Named, Table
from scrobbled.config.values import Duration, Integer, Switch, TextValue

_SECRET = TextValue(exact=True)
_NAME = TextValue(longest=200)
_URL = Field(HttpUrl(), "Where the service answers, to point it elsewhere: the sandbox, a proxy, a test.")
_PACE = Field(Duration(), "Time between two requests; without it the pace the service is known to accept.")

SERIALIZD = Table(
    {
        "email": Field(TextValue(longest=320), "The e-mail address of the account."),
        "password": Field(_SECRET, "Its password; enough to sign in by itself.", secret=True),
        "token": Field(_SECRET, "A sign-in taken from elsewhere, used instead of e-mail and password.", secret=True),
        "url": Field(HttpUrl(), "The API's root, /api included (default https://serializd.onrender.com/api)."),
        "pace": _PACE,
        "mark_seasons": Field(Switch(), "Mark a season as watched when its last episode is; off by default."),
    },
    description="An account at Serializd.",
)
_MOST = Integer(0, 1_000_000)
_TRAKT_LIMITS = Table(
    {
        "collection": Field(_MOST, "Films and episodes of the collection, together."),
        "watchlist": Field(_MOST, "Entries of the watchlist."),
    },
    description="What a free account may hold.",
)
TRAKT = Table(
    {
        "client_id": Field(TextValue(), "The id of your app at trakt.tv.", required=True),
        "client_secret": Field(_SECRET, "The secret of that app.", secret=True),
        "url": Field(HttpUrl(), "The API's root (default https://api.trakt.tv)."),
        "auth_url": Field(HttpUrl(), "Where sign-in happens (default https://auth.trakt.tv)."),
        "redirect_uri": Field(TextValue(), "The redirect URI of your app, where it is not the usual one."),
        "pace": _PACE,
        "limits": Field(_TRAKT_LIMITS, "How much a list may hold, where Trakt does not tell."),
    },
    description="An account at Trakt.",
)
_OWN_TOKEN = Field(_SECRET, "This viewer's X-Plex-Token of the server; without it that of the sign-in.", secret=True)
_PLEX_SERVER = Table(
    {"url": Field(HttpUrl(), "The server.", required=True), "token": _OWN_TOKEN},
    description="One server of several.",
)
PLEX = Table(
    {
        "url": Field(HttpUrl(), "The server, such as http://plex.local:32400; without it the sign-in finds it."),
        "servers": Field(ListOf(_PLEX_SERVER), "Instead of url, where there are several."),
        "token": _OWN_TOKEN,
        "home_user": Field(_NAME, "Whom the owner becomes to sign in: somebody of the home at Plex, or a guest."),
        "libraries": Field(ListOf(_NAME), "Titles of the libraries that count. Empty: all with films or shows."),
        "account_url": Field(HttpUrl(), "The root of plex.tv, to point it elsewhere."),
        "discover_url": Field(HttpUrl(), "Where the watchlist is (default https://discover.provider.plex.tv)."),
        "metadata_url": Field(HttpUrl(), "Where titles are (default https://metadata.provider.plex.tv)."),
    },
    description="The libraries of Plex, as this viewer sees them.",
)


def _mediabrowser(name: str) -> Table:
    return Table(
        {
            "url": Field(HttpUrl(), f"The server, such as http://{name.lower()}.local:8096.", required=True),
            "token": Field(
                _SECRET, "An API key of the server, or this viewer's token; without it sign in.", secret=True
            ),
            "user": Field(
                _NAME, "Name or id of this viewer there; without it whom accounts lists, or this viewer's name."
            ),
            "libraries": Field(ListOf(_NAME), "Titles of the libraries that count. Empty: all with films or shows."),
        },
        description=f"The libraries of {name}, as this viewer sees them.",
    )


JELLYFIN, EMBY = _mediabrowser("Jellyfin"), _mediabrowser("Emby")
ANILIST = Table(
    {
        "token": Field(_SECRET, "An access token of this viewer; without it sign in once.", secret=True),
        "url": _URL,
        "pace": _PACE,
    },
    description="An account at AniList.",
)
TRACKERS = Named(
    {"serializd": SERIALIZD, "trakt": TRAKT, "plex": PLEX, "jellyfin": JELLYFIN, "emby": EMBY, "anilist": ANILIST},
    "tracker",
)

CHARTED = ("trakt", "serializd")
"""Accounts whose plays can go into charts, in the order in which they are taken where nobody chose."""


def contradictions(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What only several settings of a tracker's section together can show to be wrong: each with its key."""
    servers = settings.get("servers") or ()
    if servers and settings.get("url"):
        yield "url", "servers is given as well; keep one of the two"
    if servers and settings.get("token"):
        yield "token", "which of the servers is it for? Write it beside its url, below servers"
    first: dict[str, int] = {}
    for at, server in enumerate(servers):
        place = str(server.get("url") or at).rstrip("/")
        if place in first:
            yield f"servers[{at}].url", f"the same server as servers[{first[place]}]; write it once"
        first.setdefault(place, at)

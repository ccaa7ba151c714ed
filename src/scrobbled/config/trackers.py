"""What each tracker's section may hold. The tables stand here, so that the configuration does not import trackers.

A finished section is a plain mapping of what was given: what is left out is missing, and the tracker knows its default.
"""

from __future__ import annotations

from scrobbled.config.addresses import HttpUrl
from scrobbled.config.fields import Field, Named, Table
from scrobbled.config.values import Duration, Switch, TextValue

_SECRET = TextValue(exact=True)
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
TRAKT = Table(
    {
        "client_id": Field(TextValue(), "The id of your app at trakt.tv.", required=True),
        "client_secret": Field(_SECRET, "The secret of that app.", secret=True),
        "url": Field(HttpUrl(), "The API's root (default https://api.trakt.tv)."),
        "auth_url": Field(HttpUrl(), "Where sign-in happens (default https://auth.trakt.tv)."),
        "redirect_uri": Field(TextValue(), "The redirect URI of your app, where it is not the usual one."),
        "pace": _PACE,
    },
    description="An account at Trakt.",
)
PLEX = Table(
    {
        "url": Field(HttpUrl(), "The server, such as http://plex.local:32400."),
        "token": Field(_SECRET, "An X-Plex-Token of this viewer; without it sign in by PIN.", secret=True),
        "pace": _PACE,
    },
    description="The library of a Plex server, as this viewer sees it.",
)
ANILIST = Table(
    {
        "token": Field(_SECRET, "An access token of this viewer; without it sign in once.", secret=True),
        "url": _URL,
        "pace": _PACE,
    },
    description="An account at AniList.",
)
TRACKERS = Named({"serializd": SERIALIZD, "trakt": TRAKT, "plex": PLEX, "anilist": ANILIST}, "tracker")

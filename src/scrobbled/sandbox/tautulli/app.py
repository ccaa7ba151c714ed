"""Stand-in of Tautulli beside the sandbox's Plex: what it sees there it posts with the templates that people paste.

Every value arrives as a string, and the ids of an episode are those of its *show*: Tautulli has no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from string import Formatter
from typing import Any

import httpx

from scrobbled.sandbox.base import Reply, Request, StandIn, control_body, route
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import CELLAR, MACHINE
from scrobbled.sandbox.plex.player import PlexSession
from scrobbled.sandbox.posting import PostBody, WebhookPost, post, reported

VERSION = "v2.15.1"
WATCHED_PERCENT = 85
"""Its own default, for films and episodes; not Plex's 90."""
ACTIONS = {"play": "play", "pause": "pause", "resume": "resume", "stop": "stop", "buffering": "buffer"}
TEMPLATE = {
    "scrobbled": 1,
    "action": "{action}",
    "at": "{unixtime}",
    "tautulli": "{tautulli_version}",
    "server": {"id": "{server_machine_id}", "name": "{server_name}"},
    "user": {"id": "{user_id}", "name": "{username}", "friendly": "{user}"},
    "player": {"id": "{machine_id}", "name": "{player}", "product": "{product}"},
    "session": {"key": "{session_key}", "id": "{session_id}"},
    "progress": {"percent": "{progress_percent}", "offset_ms": "{view_offset}", "duration_ms": "{duration_ms}"},
    "media": {
        "type": "{media_type}",
        "live": "{live}",
        "preroll": "{preroll}",
        "extra": "{extra_type}",
        "library_id": "{section_id}",
        "library": "{library_name}",
        "rating_key": "{rating_key}",
        "parent_rating_key": "{parent_rating_key}",
        "grandparent_rating_key": "{grandparent_rating_key}",
        "guid": "{guid}",
        "title": "{title}",
        "year": "{year}",
        "show": "{show_name}",
        "show_year": "{show_year}",
        "season": "{season_num}",
        "episode": "{episode_num}",
        "episode_title": "{episode_name}",
        "imdb": "{imdb_id}",
        "tmdb": "{themoviedb_id}",
        "tvdb": "{thetvdb_id}",
        "anidb": "{anidb_id}",
        "user_rating": "{user_rating}",
    },
}
"""What ``scrobbled webhook tautulli`` tells people to paste."""
WATCHSTATE = {
    "event": "tautulli.{action}",
    "Account": {"id": "{user_id}", "thumb": "{user_thumb}", "title": "{username}"},
    "Server": {"title": "{server_name}", "uuid": "{server_machine_id}", "version": "{server_version}"},
    "Player": {"local": "{stream_local}", "publicAddress": "{ip_address}", "title": "{player}", "uuid": "{machine_id}"},
    "Metadata": {
        "librarySectionType": "{media_type}",
        "ratingKey": "{rating_key}",
        "parentRatingKey": "{parent_rating_key}",
        "grandparentRatingKey": "{grandparent_rating_key}",
        "guid": "{guid}",
        "type": "{media_type}",
        "title": "{title}",
        "grandparentTitle": "{show_name}",
        "index": "{episode_num}",
        "parentIndex": "{season_num}",
        "year": "{year}",
        "duration": "{duration_ms}",
        "viewOffset": "{view_offset}",
        "Guids": {"imdb": "{imdb_id}", "tmdb": "{themoviedb_id}", "tvdb": "{thetvdb_id}"},
    },
}
"""The one WatchState tells people to paste."""
TEMPLATES: Mapping[str, Mapping[str, Any]] = {"scrobbled": TEMPLATE, "watchstate": WATCHSTATE}


class TautulliStandIn(StandIn):
    """``agents`` are the webhook agents: an address and the template of each. Nothing is sent without one."""

    name = "tautulli"

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.agents: list[tuple[str, Mapping[str, Any]]] = []
        self.transport: httpx.AsyncBaseTransport | None = None
        self._watched: set[tuple[int, str]] = set()

    def hook(self, url: str, template: str = "scrobbled") -> None:
        """``template`` is one of ``TEMPLATES``."""
        self.agents.append((url, TEMPLATES[template]))

    async def heard(self, event: str, session: PlexSession, at: datetime) -> list[WebhookPost]:
        """Something happened at Plex; the mark of 85 % is told once for each session, before what crossed it."""
        percent = _percent(session)
        done: list[WebhookPost] = []
        if percent >= WATCHED_PERCENT and (session.key, session.item.rating_key) not in self._watched:
            self._watched.add((session.key, session.item.rating_key))
            done += await self._send("watched", session, at)
        return done + (await self._send(ACTIONS[event], session, at) if event in ACTIONS else [])

    async def test(self) -> list[WebhookPost]:
        """The test button sends the template as it is, with its braces."""
        return [await self._post("test", url, template) for url, template in self.agents]

    async def _send(self, action: str, session: PlexSession, at: datetime) -> list[WebhookPost]:
        values = parameters(action, session, at)
        return [await self._post(action, url, _filled(template, values)) for url, template in self.agents]

    async def _post(self, action: str, url: str, body: Any) -> WebhookPost:
        message = PostBody("application/json", json.dumps(body, ensure_ascii=False).encode())
        return await post(f"tautulli.{action}", url, message, transport=self.transport)

    def state(self) -> dict[str, Any]:
        return {"agents": len(self.agents), "watched": len(self._watched)}

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […], "template": "scrobbled"}`` replaces all agents; the template may be watchstate."""
        given = control_body(request, dict)
        template = given.get("template", "scrobbled")
        if template not in TEMPLATES:
            return Reply(400, {"message": f"template is one of {', '.join(TEMPLATES)}"})
        self.agents = [(str(url), TEMPLATES[template]) for url in given.get("urls", [])]
        return Reply(200, {"hooks": len(self.agents)})

    @route("POST", "/_sandbox/test")
    async def test_by_control(self, request: Request) -> Reply:
        return reported(await self.test())


def parameters(action: str, session: PlexSession, at: datetime) -> dict[str, str]:
    """What its templates may name, as text; what is not known is empty."""
    item, account, device = session.item, session.account, session.device
    return {
        "action": action,
        "unixtime": str(int(at.timestamp())),
        "tautulli_version": VERSION,
        "server_machine_id": MACHINE,
        "server_name": CELLAR.title,
        "server_version": "1.41.3.9314",
        "user_id": str(account.id),
        "username": account.title,
        "user": account.title.title(),
        "user_thumb": f"https://plex.tv/users/{account.id:016x}/avatar",
        "machine_id": device.uuid,
        "player": device.title,
        "product": "Plex for Android (TV)",
        "ip_address": device.address,
        "stream_local": str(int(device.local)),
        "session_key": str(session.key),
        "session_id": f"{session.key:024x}",
        "progress_percent": str(_percent(session)),
        "view_offset": str(session.offset),
        "duration_ms": str(item.duration),
        **_media(item),
    }


def _media(item: LibraryItem) -> dict[str, str]:
    episode, of = item.episode, item.show or item.movie
    ids = {"imdb_id": "imdb", "themoviedb_id": "tmdb", "thetvdb_id": "tvdb"}
    return {
        "media_type": item.type,
        "live": "0",
        "preroll": "0",
        "extra_type": "",
        "section_id": str(item.section.key),
        "library_name": item.section.title,
        "rating_key": item.rating_key,
        "parent_rating_key": item.season.rating_key if item.season else "",
        "grandparent_rating_key": item.show.rating_key if item.show else "",
        "guid": (episode or of).guid if of else "",
        "title": f"{item.show.title} - {episode.title}" if item.show and episode else item.title,
        "year": str(episode.air_date.year if episode else item.movie.year if item.movie else ""),
        "show_name": item.show.title if item.show else "",
        "show_year": str(item.show.year) if item.show else "",
        "season_num": str(episode.season) if episode else "",
        "episode_num": str(episode.number) if episode else "",
        "episode_name": episode.title if episode else "",
        **{name: str(getattr(of, field, "")) for name, field in ids.items()},
        "anidb_id": "",
        "user_rating": "",
    }


def _percent(session: PlexSession) -> int:
    return 100 * session.offset // session.item.duration if session.item.duration else 0


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    """Every text of the template with its parameters put in; numbers stay."""
    if isinstance(template, Mapping):
        return {name: _filled(part, values) for name, part in template.items()}
    return Formatter().vformat(template, (), values) if isinstance(template, str) else template

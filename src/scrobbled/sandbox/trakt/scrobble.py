"""Scrobbling and check-ins of the Trakt stand-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry, TraktUser, TraktWatching, iso, minute
from scrobbled.sandbox.trakt.catalogue import TraktTitle
from scrobbled.sandbox.trakt.core import TraktCore, json_object

SHARING = {"twitter": False, "mastodon": False, "tumblr": False}
WATCHED = 80.0
"""From this progress on a stop is a play; exactly 80 counts."""


class ScrobbleRoutes(TraktCore):
    """``/scrobble``, ``/checkin`` and what is being watched."""

    @route("POST", "/scrobble/start")
    def start(self, request: Request) -> Reply:
        """Watching from now on; it ends by itself after the rest of the runtime. The resume point goes."""
        account, title, progress = self._scrobble(request)
        now, runtime = self.now(), timedelta(minutes=title.runtime)
        account.playback.take(title, now)
        started = now - runtime * (progress / 100)
        account.watching = TraktWatching(title, started, started + runtime, "scrobble")
        return _answer(title, "start", progress)

    @route("POST", "/scrobble/pause")
    def pause(self, request: Request) -> Reply:
        """Refused below 1 %, and from 80 % on, where only a stop makes sense."""
        account, title, progress = self._scrobble(request)
        if not 1 <= progress < WATCHED:
            raise AnsweredEarly(Reply(422))
        return self._hold(account, title, progress)

    @route("POST", "/scrobble/stop")
    def stop(self, request: Request) -> Reply:
        """From 80 % on a play, dated now: a scrobble cannot be back-dated. Below that the same as a pause."""
        account, title, progress = self._scrobble(request)
        if progress < 1:
            raise AnsweredEarly(Reply(422))
        if progress < WATCHED:
            return self._hold(account, title, progress)
        return self._book(account, title, progress)

    def _scrobble(self, request: Request) -> tuple[TraktUser, TraktTitle, float]:
        account = self.user(request)
        body = json_object(request)
        return account, _named(self, body), _progress(body.get("progress"))

    def _hold(self, account: TraktUser, title: TraktTitle, progress: float) -> Reply:
        now = self.now()
        account.watching = None
        account.playback.put(ListEntry(next(self.numbers), title, now, progress=progress), now)
        account.touch(GROUPS[title.kind], "paused_at", now)
        return _answer(title, "pause", progress)

    def _book(self, account: TraktUser, title: TraktTitle, progress: float) -> Reply:
        """409 for the same item again within its runtime. Trakt names no fixed time, only ``expires_at``."""
        now = self.now()
        watched_at, expires_at = account.scrobbled.get(title.key, (now, now))
        if now < expires_at:
            raise AnsweredEarly(Reply(409, {"watched_at": iso(watched_at), "expires_at": iso(expires_at)}))
        account.watching = None
        account.playback.take(title, now)
        account.scrobbled[title.key] = (minute(now), now + timedelta(minutes=title.runtime))
        play = account.add_play(title, now, "scrobble", now)
        return _answer(title, "scrobble", progress, play.id)

    @route("POST", "/checkin")
    def check_in(self, request: Request) -> Reply:
        """Becomes a play by itself when the runtime has passed; 409 while something is being watched."""
        account = self.user(request)
        title = _named(self, json_object(request))
        if account.watching is not None:
            raise AnsweredEarly(Reply(409, {"expires_at": iso(account.watching.expires_at)}))
        now = self.now()
        watching = TraktWatching(title, now, now + timedelta(minutes=title.runtime), "checkin", next(self.numbers))
        account.watching = watching
        return Reply(201, {"id": watching.id, "watched_at": iso(now), "sharing": SHARING, **title.nested()})

    @route("DELETE", "/checkin")
    def leave(self, request: Request) -> Reply:
        account = self.user(request)
        if account.watching is not None and account.watching.action == "checkin":
            account.watching = None
        return Reply(204)

    @route("GET", "/users/{slug}/watching")
    def watching(self, request: Request, slug: str) -> Reply:
        """204 without a body for nothing."""
        account = self.user(request) if slug == "me" else self.accounts.get(slug)
        if account is None:
            raise AnsweredEarly(Reply(404))
        self.settle(account)
        if account.watching is None:
            return Reply(204)
        now = account.watching
        times = {"expires_at": iso(now.expires_at), "started_at": iso(now.started_at)}
        return Reply(200, {**times, "action": now.action, "type": now.title.kind, **now.title.nested()})


def _named(core: TraktCore, body: Mapping[str, Any]) -> TraktTitle:
    """The movie or episode of a body: by movie, by episode ids, else by show and place; 404 for an unknown one."""
    ways: tuple[Callable[[TraktCore, Mapping[str, Any]], TraktTitle | None], ...] = (_movie, _episode, _placed)
    title = next((found for way in ways if (found := way(core, body)) is not None), None)
    if title is None:
        raise AnsweredEarly(Reply(404))
    return title


def _movie(core: TraktCore, body: Mapping[str, Any]) -> TraktTitle | None:
    movie = body.get("movie")
    return core.find("movie", movie) if isinstance(movie, dict) else None


def _episode(core: TraktCore, body: Mapping[str, Any]) -> TraktTitle | None:
    episode = body.get("episode")
    return core.find("episode", episode) if isinstance(episode, dict) else None


def _placed(core: TraktCore, body: Mapping[str, Any]) -> TraktTitle | None:
    """Show with season and number, or with a number that counts through the show."""
    show, episode = body.get("show"), body.get("episode")
    if not isinstance(show, dict) or not isinstance(episode, dict):
        return None
    found = core.find("show", show)
    if found is None:
        return None
    if "number_abs" in episode:
        return core.catalogue.counted(found, episode["number_abs"])
    return core.catalogue.place(found, episode.get("season"), episode.get("number"))


def _progress(given: object) -> float:
    """0 to 100; missing or unreadable is 422."""
    try:
        value = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise AnsweredEarly(Reply(422)) from None
    return min(100.0, max(0.0, value))


def _answer(title: TraktTitle, action: str, progress: float, number: int = 0) -> Reply:
    """``id`` is 0 unless a play came of it."""
    return Reply(201, {"id": number, "action": action, "progress": progress, "sharing": SHARING, **title.nested()})

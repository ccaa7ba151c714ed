"""What is written to a Plex Media Server stand-in: marks, ratings, and the event source beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.plex.answers import refused
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.views import ViewState


class PlexMarkRoutes(PlexCore):
    """``/:/``."""

    @route("GET", "/:/eventsource/notifications")
    def event_source(self, request: Request) -> Reply:
        """Open until the caller leaves. Its twin over websockets is not there: the answer to that is 404."""
        told = self.notices.listen(self.asker(request), request.query.get("filters", ""))
        return Reply(200, told, {}, "text/event-stream")

    @route("GET", "/:/scrobble")
    @route("PUT", "/:/scrobble")
    def mark_played(self, request: Request) -> Reply:
        """Sets the state to played, now; no date can be given, and the play history gains nothing."""
        return self._mark(request, lambda viewed: viewed.after("scrobble", self.now()), leaves=True)

    @route("GET", "/:/unscrobble")
    @route("PUT", "/:/unscrobble")
    def mark_unplayed(self, request: Request) -> Reply:
        return self._mark(request, lambda viewed: replace(viewed, count=0, last=None, offset=0), leaves=True)

    @route("GET", "/:/rate")
    @route("PUT", "/:/rate")
    def rate(self, request: Request) -> Reply:
        """0 to 10, fractions too; -1 clears. ``ratedAt`` may be in the past, not in the future."""
        dated = "ratedAt" in request.query
        try:
            rating = float(request.query.get("rating", ""))
            at = datetime.fromtimestamp(int(request.query["ratedAt"]), UTC) if dated else self.now()
        except (ValueError, OverflowError, OSError):
            return refused(400, "Bad Request")
        refusing = dated and self.switches.dated_ratings == "refused"
        if not (rating == -1 or 0 <= rating <= 10) or at > self.now() or refusing:
            return refused(400, "Bad Request")
        if rating == -1:
            return self._mark(request, lambda viewed: replace(viewed, rating=None, rated_at=None))
        return self._mark(request, lambda viewed: viewed.after("rate", at, rating=rating))

    def _mark(self, request: Request, change: Callable[[ViewState], ViewState], *, leaves: bool = False) -> Reply:
        taken = self.switches.put_marks if request.method == "PUT" else self.switches.get_marks
        if not taken:
            return refused(405, "Method Not Allowed")
        if not request.query.get("key") or request.query.get("identifier") != "com.plexapp.plugins.library":
            return refused(400, "Bad Request")
        item, account = self.at(request, request.query["key"]), self.asker(request)
        for one in self.library.leaves(item) if leaves else [item]:
            self.views.put(account, one, change(self.viewed(account, one)))
        return Reply(200)

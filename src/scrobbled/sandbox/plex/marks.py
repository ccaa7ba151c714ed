"""What is written to a Plex Media Server stand-in: marks, ratings, and the event source beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.plex.answers import refused
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import PlexAccount
from scrobbled.sandbox.plex.views import ViewState

ViewChange = Callable[[ViewState], ViewState]


def played(viewed: ViewState, at: datetime) -> ViewState:
    """Every mark counts, however often the item was marked before."""
    return viewed.after("scrobble", at)


def unplayed(viewed: ViewState) -> ViewState:
    """The dates go with the count; a rating stays."""
    return replace(viewed, count=0, last=None, offset=0)


class PlexMarkRoutes(PlexCore):
    """``/:/``."""

    @route("GET", "/:/eventsource/notifications")
    def event_source(self, request: Request) -> Reply:
        """Open until the caller leaves. Its twin over websockets is not there: the answer to that is 404."""
        told = self.notices.listen(self.asker(request), request.query.get("filters", ""))
        return Reply(200, told, {}, "text/event-stream")

    @route("GET", "/:/scrobble")
    @route("PUT", "/:/scrobble")
    async def mark_played(self, request: Request) -> Reply:
        """Sets the state to played, now; no date can be given, and the play history gains nothing."""
        return await self._mark(request, "scrobble", lambda viewed: played(viewed, self.now()))

    @route("GET", "/:/unscrobble")
    @route("PUT", "/:/unscrobble")
    async def mark_unplayed(self, request: Request) -> Reply:
        return await self._mark(request, "unscrobble", unplayed)

    @route("GET", "/:/rate")
    @route("PUT", "/:/rate")
    async def rate(self, request: Request) -> Reply:
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
            return await self._mark(request, "rate", lambda viewed: replace(viewed, rating=None, rated_at=None))
        return await self._mark(request, "rate", lambda viewed: viewed.after("rate", at, rating=rating))

    async def _mark(self, request: Request, event: str, change: ViewChange) -> Reply:
        taken = self.switches.put_marks if request.method == "PUT" else self.switches.get_marks
        if not taken:
            return refused(405, "Method Not Allowed")
        if not request.query.get("key") or request.query.get("identifier") != "com.plexapp.plugins.library":
            return refused(400, "Bad Request")
        item, account = self.at(request, request.query["key"]), self.asker(request)
        for one in [item] if event == "rate" else self.library.leaves(item):
            await self._change(account, one, event, change)
        return Reply(200)

    async def _change(self, account: PlexAccount, item: LibraryItem, event: str, change: ViewChange) -> None:
        before = self.viewed(account, item)
        self.views.put(account, item, change(before))
        self.spread(account, item, event)
        if self.switches.marks_call_hooks and event != "unscrobble":  # there is no webhook for what was unmarked
            await self.player.marked(event, item, account, self.now(), before=before)

"""Serializd, made up: as strict as the service is known to be, and switchable where it is not known.

What trips callers up is all there: the app header that even public reads need, snake_case bodies against camelCase
answers, a rating that must never be missing, ticks and diary as separate stores, an ``add`` that always appends, a
show-level log that ticks everything, seasons that exist without data, and a diary that promises no order.
"""

from __future__ import annotations

from typing import Any

from scrobbled.sandbox.history import plays
from scrobbled.sandbox.serializd.catalogue import CatalogueRoutes
from scrobbled.sandbox.serializd.diary import DiaryRoutes
from scrobbled.sandbox.serializd.library import LibraryRoutes
from scrobbled.sandbox.serializd.profile import ProfileRoutes
from scrobbled.sandbox.serializd.store import Review, SerializdUser, stamp

__all__ = ["SerializdStandIn"]


class SerializdStandIn(CatalogueRoutes, DiaryRoutes, LibraryRoutes, ProfileRoutes):
    """``/api/…`` and ``/mobile/page/…``; accounts anna@example.org / anna-secret and ben@example.org / ben-secret."""

    def preload(self, username: str, count: int) -> None:
        """Give an account ``count`` dated rows and their ticks, spread over the past."""
        account = self.accounts[username]
        for play in plays(self.world, count, self.now()):
            at, show = stamp(play.watched_at), play.show.tmdb
            season, episode = self.catalogue.season_id(show, play.episode.season), play.episode.number
            account.put(Review(next(self.next_id), show, season, episode, 0, at, at, is_rewatch=play.rewatch))
            account.tick(show, season, episode, at)

    def state(self) -> Any:
        """Per account the ticks as ``[showId, seasonId, episode, dateAdded]``, all rows, and the lists."""
        return {"accounts": {name: self._held(account) for name, account in self.accounts.items()}}

    def _held(self, account: SerializdUser) -> dict[str, Any]:
        return {
            "ticks": [list(tick) for tick in account.all_ticks()],
            "reviews": [self.row(review, account) for review in account.reviews.values()],
            "watched": [[show, season, at] for (show, season), at in account.watched.items()],
            "watchlist": [[show, season, at] for (show, season), at in account.watchlist.items()],
            **{name: [[show, at] for show, at in held.items()] for name, held in account.shows.items()},
        }

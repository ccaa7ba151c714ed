"""Stand-in of a Plex Media Server: its library, play history and marks, and a player that triggers its webhooks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scrobbled.sandbox.plex.lists import PlexListRoutes
from scrobbled.sandbox.plex.living_room import LivingRoom
from scrobbled.sandbox.plex.marks import PlexMarkRoutes
from scrobbled.sandbox.plex.people import CABIN, CELLAR
from scrobbled.sandbox.plex.pictures import PlexPictures

OWNER_TOKEN = CELLAR.token


class PlexStandIn(LivingRoom, PlexPictures, PlexListRoutes, PlexMarkRoutes):
    """Owner "anna", shared with "ben" and a "neighbour"."""

    def state(self) -> dict[str, Any]:
        """Everything it holds: libraries, items, what each account has seen, and the history."""
        names = {account.id: account.title for account in self.people}
        return {
            "machine": self.machine,
            "sections": [asdict(section) for section in self.library.sections.values()],
            "items": [
                {"rating_key": item.rating_key, "section": item.section.key, "type": item.type, "guid": item.guid}
                for item in self.library.items.values()
            ],
            "seen": [
                {"account": names[account], "rating_key": key, **asdict(viewed)}
                for (account, key), viewed in self.views.seen.items()
            ],
            "history": [self.history_told(row) for row in self.views.history],
        }


class CabinStandIn(PlexStandIn):
    """A second server of the same owner, at first without libraries; plex.tv lists it as soon as it has one."""

    name = "plex-cabin"
    face = CABIN
    bare = True

"""Who signs in at the stand-ins of Jellyfin and Emby, which libraries they see there, and what is being played."""

from __future__ import annotations

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.mediabrowser.rows import MediaBrowserRow, ServerUser, lowered, user_row
from scrobbled.sandbox.mediabrowser.server import MediaServer

KINDS = {"movie": "movies", "show": "tvshows"}


def password_of(person: ServerUser) -> str:
    return f"{person.name}-secret"


class ShelvedServer(MediaServer):
    """Everybody sees every library."""

    @route("POST", "/Users/AuthenticateByName")
    def sign_in(self, request: Request) -> Reply:
        given = lowered(request.decoded) if isinstance(request.decoded, dict) else {}
        person = self.people.get(given.get("username", ""))
        if person is None or given.get("pw") != password_of(person):
            return Reply(401)
        return Reply(200, {"User": user_row(self.face, person), "AccessToken": person.token, "ServerId": self.face.id})

    @route("GET", "/Library/VirtualFolders")
    def folders(self, request: Request) -> Reply:
        self.admin_only(request)
        told = [
            {
                "Name": section.title,
                "Locations": [f"/media/{section.title}"],
                "CollectionType": KINDS[section.type],
                "ItemId": self.face.item_id(f"section-{section.key}"),
                "LibraryOptions": {},
            }
            for section in self.library.sections.values()
        ]
        return Reply(200, told)

    @route("GET", "/Users/{user}/Views")
    def views(self, request: Request, user: str) -> Reply:
        """Among them what holds neither films nor shows."""
        self.user_of(request, user)
        told: list[MediaBrowserRow] = [
            {
                "Name": section.title,
                "ServerId": self.face.id,
                "Id": self.face.item_id(f"section-{section.key}"),
                "Type": "CollectionFolder",
                "CollectionType": KINDS[section.type],
                "IsFolder": True,
            }
            for section in self.library.sections.values()
        ]
        music = {"Name": "Music", "Id": self.face.item_id("section-900"), "CollectionType": "music", "IsFolder": True}
        return Reply(200, {"Items": [*told, music], "TotalRecordCount": len(told) + 1, "StartIndex": 0})

    @route("GET", "/Sessions")
    def sessions(self, request: Request) -> Reply:
        """Of everybody for an administrator, one's own for others."""
        caller = self._caller(request)
        told = [
            {
                "Id": f"{person.id}0",
                "UserId": person.id,
                "UserName": person.name,
                "NowPlayingItem": self.row(item, None),
            }
            for person in self.people.values()
            if caller and (caller.admin or caller.person is person) and (item := self.playing.get(person.id))
        ]
        return Reply(200, told)

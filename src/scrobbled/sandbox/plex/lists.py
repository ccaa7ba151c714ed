"""What a Plex Media Server stand-in lists: itself, its libraries and items, what is on, and what was played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.plex.answers import answer, json_wanted, refused
from scrobbled.sandbox.plex.asking import Asking
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.items import TYPES, LibraryItem
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.player import VERSION
from scrobbled.sandbox.plex.rows import history_row, listed_row, section_row, session_row
from scrobbled.sandbox.plex.views import HistoryViewing

LEAST = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {str(number): kind for kind, number in TYPES.items()}


class PlexListRoutes(PlexCore):
    """``/identity``, ``/accounts``, ``/library`` and ``/status``."""

    @route("GET", "/identity")
    def identity(self, request: Request) -> Reply:
        body = {"size": 0, "claimed": True, "machineIdentifier": self.machine, "version": VERSION}
        return answer(request, "MediaContainer", body)

    @route("GET", "/")
    def server(self, request: Request) -> Reply:
        named = {"friendlyName": self.face.title, "machineIdentifier": self.machine, "version": VERSION}
        owner = {"myPlex": True, "myPlexUsername": f"{ANNA.title}@example.org", "myPlexSigninState": "ok"}
        return answer(request, "MediaContainer", {"size": 0, **named, **owner, "platform": "Linux"})

    @route("GET", "/accounts")
    def accounts(self, request: Request) -> Reply:
        """The owner is 1 here, whatever the plex.tv id."""
        self.owner_only(request)
        rows = [{"id": 0, "key": "/accounts/0", "name": ""}]
        rows += [{"id": a.local_id, "key": f"/accounts/{a.local_id}", "name": a.title} for a in self.people]
        return answer(request, "MediaContainer", {"size": len(rows), "Account": rows})

    # The library

    @route("GET", "/library/sections")
    @route("GET", "/library/sections/all")
    def sections(self, request: Request) -> Reply:
        loose = self.switches.loose_numbers
        rows = [section_row(section, loose=loose) for section in self.sections_of(self.asker(request))]
        return answer(request, "MediaContainer", {"size": len(rows), **({"Directory": rows} if rows else {})})

    @route("GET", "/library/sections/{key:int}/all")
    def section_items(self, request: Request, key: int) -> Reply:
        """Movies, shows, seasons or episodes by ``type``; without it what the section is made of."""
        section = next((one for one in self.sections_of(self.asker(request)) if one.key == key), None)
        if section is None:
            raise AnsweredEarly(refused(404, "Not Found"))
        kind = KINDS.get(request.query.get("type", str(TYPES[section.type])))
        return self._items(request, self.library.of_type(section, kind) if kind else [])

    @route("GET", "/library/all")
    def all_items(self, request: Request) -> Reply:
        """Of all libraries, by ``guid`` and ``type`` where they are given."""
        seen = {section.key for section in self.sections_of(self.asker(request))}
        guid, kind = request.query.get("guid"), KINDS.get(request.query.get("type", ""))
        held = list(self.library.items.values()) if guid is None else self.library.of_guid(guid)
        return self._items(request, [one for one in held if one.section.key in seen and kind in (None, one.type)])

    @route("GET", "/library/metadata/{keys}")
    def item(self, request: Request, keys: str) -> Reply:
        """One or several, comma-joined; unknown ones are left out unless none is left."""
        found = [item for key in keys.split(",") if (item := self.visible(request, key)) is not None]
        if not found:
            raise AnsweredEarly(refused(404, "Not Found"))
        return self._items(request, found, streams=True)

    @route("GET", "/library/metadata/{key}/children")
    def children(self, request: Request, key: str) -> Reply:
        return self._items(request, self.library.children(self.at(request, key)))

    @route("GET", "/library/metadata/{key}/allLeaves")
    def leaves(self, request: Request, key: str) -> Reply:
        return self._items(request, self.library.leaves(self.at(request, key)))

    def _items(self, request: Request, items: Sequence[LibraryItem], *, streams: bool = False) -> Reply:
        """Shown with the views of the account that asks; a token never shows another account's."""
        asking = self.asking(request)
        return self.container(request, asking.pick(items, request.query), self._shown(request, asking, streams=streams))

    def _shown(self, request: Request, asking: Asking, *, streams: bool) -> Callable[[LibraryItem], Any]:
        """How this request has an item written down."""
        with_guids = request.query.get("includeGuids") in ("1", "true")
        quick = json_wanted(request) and not streams

        def shown(item: LibraryItem) -> Any:
            viewed, watched = asking.viewed(item)
            if quick and item.type in ("movie", "episode"):
                return self.writer.quick(item, viewed, with_guids=with_guids)
            told = {**viewed.fields(), **self._counted(item, watched)}
            return listed_row(item, told, with_guids=with_guids, streams=streams)

        return shown

    def _counted(self, item: LibraryItem, watched: int) -> dict[str, int]:
        """What a show or season has of it here, which may be less than there is."""
        if item.type not in ("show", "season"):
            return {}
        seasons = {"childCount": len(self.library.children(item))} if item.type == "show" else {}
        return {"leafCount": len(self.library.leaves(item)), "viewedLeafCount": watched, **seasons}

    # Sessions and history

    @route("GET", "/status/sessions")
    def sessions(self, request: Request) -> Reply:
        self.owner_only(request)
        rows = [session_row(session) for session in self.player.sessions.values()]
        return answer(request, "MediaContainer", {"size": len(rows), **({"Metadata": rows} if rows else {})})

    @route("GET", "/status/sessions/history/all")
    def history(self, request: Request) -> Reply:
        """Finished plays, newest first unless sorted; the owner sees all accounts, others only their own."""
        asking, query = self.asker(request), request.query
        status = self.switches.history if asking.owner else self.switches.history_of_guests
        if status != 200:
            raise AnsweredEarly(refused(status, "Unauthorized" if status == 401 else "Forbidden"))
        rows = self._rows(asking, query.get("accountID"), query.get("viewedAt>"))
        rows = self._within(rows, query.get("librarySectionID"), query.get("metadataItemID"))
        rows.sort(key=lambda row: row.at, reverse=not query.get("sort", "").endswith("viewedAt:asc"))
        return self.container(request, rows, self.history_told)

    def _rows(self, asking: PlexAccount, account: str | None, since: str | None) -> list[HistoryViewing]:
        first = datetime.fromtimestamp(int(since), UTC) if since and since.isdigit() else LEAST
        wanted = {one.id for one in self.people if account in (None, str(self._number(one)))}
        allowed = wanted if asking.owner else wanted & {asking.id}
        return [row for row in self.views.history if row.account.id in allowed and row.at >= first]

    def _within(self, rows: list[HistoryViewing], section: str | None, key: str | None) -> list[HistoryViewing]:
        """Of one library, or of one item; that of a show or season stands for all its episodes."""
        if section is not None:
            rows = [row for row in rows if str(row.item.section.key) == section]
        if key is None:
            return rows
        return [row for row in rows if (now := self._now_at(row.item)) is not None and key in _keys(now)]

    def _number(self, account: PlexAccount) -> int:
        return account.local_id if self.switches.owner_is_one else account.id

    def history_told(self, row: HistoryViewing) -> dict[str, Any]:
        """As the list of the history has it."""
        return history_row(row, self._now_at(row.item), self._number(ANNA))

    def _now_at(self, item: LibraryItem) -> LibraryItem | None:
        """The same thing as the library has it now: the server knows what was played by its guid."""
        held = self.library.items.get(item.rating_key)
        if held is not None:
            return held
        copies = self.library.of_guid(item.guid) if item.guid else []
        return next((copy for copy in copies if copy.section.key == item.section.key), None)


def _keys(item: LibraryItem) -> set[str]:
    return {item.rating_key} | {part.rating_key for part in (item.show, item.season) if part is not None}

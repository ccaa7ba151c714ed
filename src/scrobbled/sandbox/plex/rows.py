"""The rows of the Plex stand-in's lists: written when somebody asks for them, and the same part of each only once."""

from __future__ import annotations

import msgspec

from scrobbled.sandbox.plex.files import FileVersion, PlexRow, version_row
from scrobbled.sandbox.plex.items import ADDED, LibraryItem, PlexSection
from scrobbled.sandbox.plex.player import PlexSession
from scrobbled.sandbox.plex.told import guids, metadata
from scrobbled.sandbox.plex.views import HistoryViewing, ViewState


def section_row(section: PlexSection, *, loose: bool = False) -> PlexRow:
    return {
        "key": str(section.key),
        "type": section.type,
        "title": section.title,
        "agent": section.agent,
        "scanner": "Plex Movie" if section.type == "movie" else "Plex TV Series",
        "language": "en-US",
        "uuid": section.uuid,
        "hidden": 0,
        "allowSync": 1 if loose else True,
        "updatedAt": ADDED,
    }


class RowWriter:
    """Keeps what is the same in every row of a film or episode as JSON, so that a long list takes no long time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool], tuple[LibraryItem, bytes]] = {}

    def quick(self, item: LibraryItem, viewed: ViewState, *, with_guids: bool) -> msgspec.Raw:
        """The row of a film or episode as JSON, without streams."""
        item_then, text = self._kept.get((item.rating_key, with_guids), (None, b""))
        if item_then is not item:
            text = msgspec.json.encode(listed_row(item, {}, with_guids=with_guids, streams=False))[:-1]
            self._kept[item.rating_key, with_guids] = (item, text)
        seen = viewed.fields()
        return msgspec.Raw(text + (b"," + msgspec.json.encode(seen)[1:] if seen else b"}"))


def listed_row(item: LibraryItem, viewed: PlexRow, *, with_guids: bool, streams: bool) -> PlexRow:
    """External ids only where asked for, streams only where an item is asked for by its key."""
    row = {**metadata(item), **viewed}
    if item.duration:
        row["Media"] = [_media(item, n, one, streams=streams) for n, one in enumerate(item.held.media)]
    if with_guids and (external := guids(item)):
        row["Guid"] = external
    return row


def history_row(row: HistoryViewing, now: LibraryItem | None, owner: int) -> PlexRow:
    """``now`` is the item as the library has it, ``None`` for what is gone and has no keys any more.

    ``owner`` is what the owner's ``accountID`` is here: 1, as is believed, and not the plex.tv id.
    """
    item = now or row.item
    told: PlexRow = {
        "historyKey": f"/status/sessions/history/{row.id}",
        # In this list, unlike everywhere else, the section id is a string.
        "librarySectionID": str(item.section.key),
        "title": item.title,
        "type": item.type,
        "thumb": f"/library/metadata/{item.rating_key}/thumb/{item.held.updated}",
        "viewedAt": int(row.at.timestamp()),
        "accountID": owner if row.account.owner else row.account.id,
        "deviceID": 7,
    }
    if now is not None:
        told |= {"ratingKey": now.rating_key, "key": f"/library/metadata/{now.rating_key}"}
    return told | _place(item, keys=now is not None)


def _place(item: LibraryItem, *, keys: bool) -> PlexRow:
    if item.movie is not None:
        return {"originallyAvailableAt": f"{item.movie.year}-06-01"}
    if item.show is None or item.season is None or item.episode is None:
        return {}
    told: PlexRow = {
        "originallyAvailableAt": item.episode.air_date.isoformat(),
        "grandparentTitle": item.show.title,
        "parentIndex": item.season.number,
        "index": item.episode.number,
    }
    if keys:
        above = {"grandparentKey": item.show.rating_key, "parentKey": item.season.rating_key}
        told |= {name: f"/library/metadata/{key}" for name, key in above.items()}
    return told


def session_row(session: PlexSession) -> PlexRow:
    account, device = session.account, session.device
    return {
        **metadata(session.item),
        "sessionKey": str(session.key),
        "viewOffset": session.offset,
        "User": {"id": str(account.local_id), "title": account.title},
        "Player": {
            "machineIdentifier": device.uuid,
            "title": device.title,
            "product": "Plex for Android (TV)",
            "state": session.state,
            "local": device.local,
            "address": device.address,
        },
        "Session": {"id": f"{session.key:024x}", "bandwidth": 8000, "location": "lan" if device.local else "wan"},
    }


def _media(item: LibraryItem, number: int, version: int | FileVersion, *, streams: bool) -> PlexRow:
    version = FileVersion(version) if isinstance(version, int) else version
    facts = {
        "duration": item.duration,
        "added": ADDED,
        "file": item.held.file or f"/media/{item.section.title}/{item.rating_key}-{version.height}.mkv",
        "deleted": item.held.deleted,
    }
    return version_row(int(item.rating_key) + 1_000_000_000 * number, version, facts, streams=streams)

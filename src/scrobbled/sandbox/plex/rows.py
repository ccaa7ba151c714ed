"""The rows of the Plex stand-in's lists, and Plex's way of filtering and sorting them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scrobbled.sandbox.plex.library import ADDED, LibraryItem, PlexSection, guids, metadata
from scrobbled.sandbox.plex.player import PlexAccount, PlexSession

PlexRow = dict[str, Any]
FILTER = re.compile(r"(?:(?:show|season|episode|movie)\.)?(?P<field>\w+)(?P<sign>>>|<<|>|<)")
"""``lastViewedAt>>=N`` is strictly after, ``viewedAt>=N`` at or after; the ``=`` is the query's own."""
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">>": operator.gt,
    "<<": operator.lt,
    ">": operator.ge,
    "<": operator.le,
}
KEYS = ("ratingKey", "key", "grandparentKey", "parentKey")
EQUALS = ("guid", "ratingKey", "accountID", "librarySectionID")


def section_row(section: PlexSection) -> PlexRow:
    return {
        "key": str(section.key),
        "type": section.type,
        "title": section.title,
        "agent": section.agent,
        "scanner": "Plex Movie" if section.type == "movie" else "Plex TV Series",
        "language": "en-US",
        "uuid": section.uuid,
        "updatedAt": ADDED,
    }


def listed_row(item: LibraryItem, viewed: Mapping[str, Any], *, with_guids: bool, streams: bool) -> PlexRow:
    """External ids only where asked for, streams only where an item is asked for by its key."""
    row = {**metadata(item), **viewed}
    if item.duration:
        row["Media"] = [_media(item, streams=streams)]
    if with_guids:
        row["Guid"] = guids(item)
    return row


def history_row(number: int, item: LibraryItem, account: PlexAccount, at: datetime, *, gone: bool = False) -> PlexRow:
    """The owner's ``accountID`` is 1 in the history, not the plex.tv id; what is ``gone`` has no keys any more."""
    whole = metadata(item)
    names = ("ratingKey", "key", "librarySectionID", "title", "type", "thumb", "originallyAvailableAt")
    episode = ("grandparentTitle", "grandparentKey", "parentKey", "parentIndex", "index")
    kept = {name: whole[name] for name in (*names, *episode) if name in whole and not (gone and name in KEYS)}
    head = {"historyKey": f"/status/sessions/history/{number}", **kept, "viewedAt": int(at.timestamp())}
    # In this list, unlike everywhere else, the section id is a string.
    return {**head, "librarySectionID": str(whole["librarySectionID"]), "accountID": account.local_id, "deviceID": 7}


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


def matching(rows: Sequence[PlexRow], query: Mapping[str, str]) -> list[PlexRow]:
    """The rows that meet every filter of the query; parameters that are no filters do not matter."""
    return [row for row in rows if all(_meets(row, name, value) for name, value in query.items())]


def ordered(rows: Sequence[PlexRow], query: Mapping[str, str]) -> list[PlexRow]:
    """By ``sort=field:asc|desc``, cut to ``limit``; rows without the field are the smallest."""
    name, _, how = query.get("sort", "").rpartition(".")[2].partition(":")
    found = list(rows)
    if name:
        found.sort(key=lambda row: (name in row, row.get(name, 0)), reverse=how == "desc")
    limit = query.get("limit", "")
    return found[: int(limit)] if limit.isdigit() else found


def _meets(row: PlexRow, name: str, value: str) -> bool:
    if name in EQUALS:
        return str(row.get(name)) == value
    if name == "unwatched":
        return (value == "1") is (not row.get("viewCount"))
    found = FILTER.fullmatch(name)
    if found is None:
        return True
    have, wanted = row.get(found["field"]), _number(value)
    if not isinstance(have, int | float) or wanted is None:
        return False
    return COMPARE[found["sign"]](have, wanted)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _media(item: LibraryItem, *, streams: bool) -> PlexRow:
    key = int(item.rating_key)
    part: PlexRow = {
        "id": key + 200_000,
        "key": f"/library/parts/{key + 200_000}/{ADDED}/file.mkv",
        "duration": item.duration,
        "file": f"/media/{item.section.title}/{item.rating_key}.mkv",
        "size": item.duration * 1000,
        "container": "mkv",
    }
    if streams:
        part["Stream"] = _streams(key)
    return {
        "id": key + 100_000,
        "duration": item.duration,
        "bitrate": 8000,
        "width": 1920,
        "height": 1080,
        "videoResolution": "1080",
        "videoCodec": "h264",
        "audioCodec": "eac3",
        "audioChannels": 6,
        "container": "mkv",
        "Part": [part],
    }


def _streams(key: int) -> list[PlexRow]:
    video = {
        "streamType": 1,
        "codec": "h264",
        "bitDepth": 8,
        "scanType": "progressive",
        "displayTitle": "1080p (H.264)",
    }
    audio = {"streamType": 2, "codec": "eac3", "channels": 6, "displayTitle": "English (EAC3 5.1)", "selected": True}
    return [{"id": 2 * key, "index": 0, **video}, {"id": 2 * key + 1, "index": 1, **audio}]

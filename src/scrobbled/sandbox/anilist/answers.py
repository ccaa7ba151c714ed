"""Entries, activities and people in the shapes of the schema; a field that takes an argument is a function here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zlib import crc32

from scrobbled.sandbox.anilist.lists import AniListUser, AnimeActivity, AnimeEntry, day
from scrobbled.sandbox.anime import AnimeTitle

LONGEST_CHUNK = 500
MOST_ENTRIES = 11_000
"""Of a collection: those that changed last."""
LONGEST_PAGE = 50
NAMES = {"CURRENT": "Watching", "REPEATING": "Rewatching"}
JsonShape = dict[str, Any]


def of_user(user: AniListUser, *, own: bool) -> JsonShape:
    disabled = [{"type": status, "disabled": True} for status in sorted(user.disabled)]
    options = {
        "timezone": user.zone if own else None,
        "activityMergeTime": user.merge,
        "disabledListActivity": disabled,
    }
    lists = {"customLists": list(user.custom_lists), "splitCompletedSectionByFormat": user.split_completed}
    return {
        "id": user.id,
        "name": user.name,
        "options": options,
        "mediaListOptions": {"scoreFormat": user.score_format, "animeList": lists},
        "siteUrl": f"https://anilist.co/user/{user.name}",
    }


def of_media(title: AnimeTitle) -> JsonShape:
    airing = title.next_airing and {"id": title.id, "episode": title.next_airing, "mediaId": title.id}
    return {
        "id": title.id,
        "idMal": title.mal,
        "type": "ANIME",
        "format": title.format,
        "status": title.status,
        "episodes": title.episodes,
        "duration": title.duration,
        "startDate": day(title.start),
        "endDate": day(None),
        "title": {"romaji": title.romaji, "english": title.english, "userPreferred": title.romaji},
        "nextAiringEpisode": {**airing, "airingAt": 0, "timeUntilAiring": 0} if airing else None,
        "isAdult": title.adult,
        "siteUrl": f"https://anilist.co/anime/{title.id}",
    }


def of_entry(entry: AnimeEntry, user: AniListUser) -> JsonShape:
    return {
        "id": entry.id,
        "userId": user.id,
        "mediaId": entry.media.id,
        "status": entry.status,
        "score": _score(entry, user),
        "progress": entry.progress,
        "repeat": entry.repeat,
        "private": entry.private,
        "hiddenFromStatusLists": entry.hidden,
        "startedAt": day(entry.started),
        "completedAt": day(entry.completed),
        "updatedAt": entry.updated_at,
        "createdAt": entry.created_at,
        "media": of_media(entry.media),
    }


def of_activity(activity: AnimeActivity, user: AniListUser) -> JsonShape:
    return {
        "__typename": "ListActivity",
        "id": activity.id,
        "userId": user.id,
        "type": "ANIME_LIST",
        "status": activity.status,
        "progress": activity.progress,
        "createdAt": activity.at,
        "media": of_media(activity.media),
    }


def _score(entry: AnimeEntry, user: AniListUser) -> Callable[..., float]:
    def score(_info: Any, format: str | None = None) -> float:
        of_100 = entry.score
        return {
            "POINT_100": of_100,
            "POINT_10_DECIMAL": of_100 / 10,
            "POINT_10": of_100 // 10,
            "POINT_5": round(of_100 / 20),
            "POINT_3": -(-of_100 * 3 // 100),
        }[format or user.score_format]

    return score


def collection(entries: Sequence[AnimeEntry], user: AniListUser, *, number: int, size: int, single: bool) -> JsonShape:
    """One chunk, the first being 0: a list for each status, one for each custom list, and each entry on all of its
    lists. One that is hidden from the lists by status is on custom ones only.
    """
    size = min(max(1, size), LONGEST_CHUNK)
    kept = entries[:MOST_ENTRIES]
    chunk = kept[number * size : (number + 1) * size]
    lists = [*_by_status(chunk, user, single=single), *_custom(chunk, user)]
    return {"lists": lists, "user": of_user(user, own=False), "hasNextChunk": (number + 1) * size < len(kept)}


def _by_status(chunk: Sequence[AnimeEntry], user: AniListUser, *, single: bool) -> Iterable[JsonShape]:
    split = user.split_completed and not single

    def list_of(entry: AnimeEntry) -> tuple[str, str, bool]:
        name = NAMES.get(entry.status, entry.status.capitalize())
        if entry.status == "COMPLETED" and split:
            return f"Completed {entry.media.format.replace('_', ' ').title()}", entry.status, True
        return name, entry.status, False

    shown = sorted((entry for entry in chunk if not entry.hidden), key=list_of)
    for (name, status, part), group in itertools.groupby(shown, list_of):
        yield _group(name, group, user, status=status, split=part)


def _custom(chunk: Sequence[AnimeEntry], user: AniListUser) -> Iterable[JsonShape]:
    for name in user.custom_lists:
        yield _group(name, (entry for entry in chunk if name in entry.custom), user, custom=True)


def _group(
    name: str,
    entries: Iterable[AnimeEntry],
    user: AniListUser,
    *,
    status: str | None = None,
    split: bool = False,
    custom: bool = False,
) -> JsonShape:
    shown = [of_entry(entry, user) for entry in entries]
    return {
        "name": name,
        "isCustomList": custom,
        "isSplitCompletedList": split,
        "status": status,
        "entries": shown,
    }


def page_info(count: int, page: int, size: int) -> JsonShape:
    """Only ``hasNextPage`` is right, as there: the rest is made up."""
    return {
        "total": 5_000,
        "perPage": size,
        "currentPage": page,
        "lastPage": 100,
        "hasNextPage": page * size < count,
    }


def unsettled(entries: Iterable[AnimeEntry], turn: int) -> list[AnimeEntry]:
    """By the time they changed, newest first; those of one second come in another order each time."""
    return sorted(entries, key=lambda entry: (-entry.updated_at, crc32(b"%d %d" % (turn, entry.id))))

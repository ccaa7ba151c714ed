"""What a side has that could not be told at the other, put together as one correction settles it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Episode, Item, Media, Movie
from scrobbled.core.services import service
from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, PlayOutcome, told

SAMPLES = 3
NAMELESS = "Films without an id"
"""The title of such as are one question."""
NAMELESS_WHY = "they have no ids, and no film of that title and year was found"
_FILL_IN = "NUMBER"
_AT_THE_SERVER = "Or mend the match on the media server: then it is found by itself."


NUMBERLESS = (
    "Say which show it is, if that is in doubt. Its episodes have no numbers and are known by their titles alone: mend "
    "them on the media server, and they are found by themselves."
)


class UnmatchedThing(Struct, frozen=True):
    """One thing of a viewer that has no place at ``tracker``. ``origin`` is the tracker or source that tells of it."""

    viewer: str
    tracker: str
    origin: str
    item: Item
    label: str
    state: PlayOutcome
    """``unmatched``, ``parked``, or ``dead`` where it was not found for good."""
    reason: str
    change: str = ""
    """What waits for it, like ``c12`` or ``a7``; empty where nothing does."""
    candidates: tuple[Mapping[str, Any], ...] = ()


class UnmatchedGroup(Struct, frozen=True):
    """Things of one viewer at one tracker that have one answer: a show, a film, or all films without an id.

    ``count`` is how many things they are. ``changes`` are those that wait for them, oldest first. ``command`` does what
    ``next`` says, with ``NUMBER`` to be filled in where nobody knows it; it is empty where there is none.
    """

    viewer: str
    tracker: str
    origins: tuple[str, ...]
    media: Media
    title: str
    state: PlayOutcome
    count: int
    reason: str
    samples: tuple[str, ...]
    changes: tuple[str, ...]
    candidates: tuple[Mapping[str, Any], ...]
    next: str
    command: str


def question_of(media: str, title: str, *, is_nameless: bool) -> tuple[str, str]:
    """Equal for what one answer settles: a show whatever its episodes, a film; films that nothing tells apart for
    anybody else, such as a family's own, are one question.
    """
    return (media, "") if is_nameless and media == "movie" else (media, title.casefold())


def is_nameless(item: Item, candidates: Sequence[object]) -> bool:
    """Whether it is a film without any id, and nobody knows one that it may be."""
    return isinstance(item, Movie) and not item.ids and not candidates


def gathered(things: Iterable[UnmatchedThing]) -> list[UnmatchedGroup]:
    """What most waits for first, then the largest."""
    found: dict[tuple[str, ...], list[UnmatchedThing]] = {}
    for one in things:
        alike = question_of(one.item.media, _title(one.item), is_nameless=is_nameless(one.item, one.candidates))
        found.setdefault((one.viewer, one.tracker, *alike), []).append(one)
    groups = map(_group, found.values())
    return sorted(groups, key=lambda one: (-len(one.changes), -one.count, one.viewer, one.tracker, one.title))


def _group(same: Sequence[UnmatchedThing]) -> UnmatchedGroup:
    """Its state and reason are those of what waits, where something does."""
    waiting = [one for one in same if one.change]
    parts = sorted((one for one in same if not _is_whole(one.item)), key=_place) or same
    first, labels = (waiting or same)[0], dict.fromkeys(one.label for one in parts)
    nameless = is_nameless(first.item, first.candidates) and len(labels) > 1
    candidates = tuple({str(one): one for thing in same for one in thing.candidates}.values())
    changes = tuple(dict.fromkeys(one.change for one in waiting))
    next_, command = _advice(first, same, changes, candidates, nameless=nameless)
    return UnmatchedGroup(
        viewer=first.viewer,
        tracker=first.tracker,
        origins=tuple(dict.fromkeys(one.origin for one in same)),
        media=first.item.media,
        title=NAMELESS if nameless else _title(first.item),
        state=first.state,
        count=len(labels),
        reason=told(NAMELESS_WHY if nameless else first.reason),
        samples=tuple(labels)[:SAMPLES],
        changes=changes,
        candidates=candidates,
        next=next_,
        command=command,
    )


def _advice(
    first: UnmatchedThing,
    same: Sequence[UnmatchedThing],
    changes: Sequence[str],
    candidates: Sequence[Mapping[str, Any]],
    *,
    nameless: bool,
) -> tuple[str, str]:
    """What to do, and the command for it."""
    if first.state is PlayOutcome.PARKED:
        return PLAY_NEXT_STEP[PlayOutcome.PARKED], _correction(first.item, same, changes, candidates)
    mend = f" {_AT_THE_SERVER}" if any(service(one.origin).asked for one in same) else ""
    if nameless and changes:
        return f"If they are your own, leave them out.{mend}", shlex.join(["scrobbled", "queue", "drop", *changes])
    if nameless:
        return f"Nothing waits for them.{mend}", ""
    command = _correction(first.item, same, changes, candidates)
    parts = [one.item for one in same if not _is_whole(one.item)]
    if parts and all(isinstance(item, Episode) and item.number is None for item in parts):
        return NUMBERLESS, command
    if "--to-season" in command:
        return f"Say which season it is there: that settles all of it.{mend}", command
    return f"Say {'which' if len(candidates) > 1 else 'what'} it is: that settles all of it.{mend}", command


def _correction(
    item: Item, same: Sequence[UnmatchedThing], changes: Sequence[str], candidates: Sequence[Mapping[str, Any]]
) -> str:
    """With the only one that it may be, where there is one. Of a show that is known, its season is in doubt."""
    what = next((one for one in changes if one[0] == "c"), "")
    words = ["scrobbled", "map", "set", what or _named(item)]
    words += ["--movie"] if not what and isinstance(item, Movie) else []
    known = item.show_ids.tmdb if isinstance(item, Episode) else None
    maybe = {one["tmdb"] for one in candidates if one.get("tmdb")}
    seasons = {one.item.season for one in same if isinstance(one.item, Episode)}
    if known is not None and not maybe and len(seasons) == 1 and None not in seasons:
        return shlex.join([*words, "--season", str(*seasons), "--to", f"tmdb:{known}", "--to-season", _FILL_IN])
    to = f"tmdb:{maybe.pop() if len(maybe) == 1 else _FILL_IN}"
    return shlex.join([*words, "--to", to])


def _named(item: Item) -> str:
    if isinstance(item, Movie):
        return item.label()
    return f"{item.show_title} ({item.show_year})" if item.show_title and item.show_year else _title(item)


def _is_whole(item: Item) -> bool:
    """A show or a season, of which there may be episodes beside."""
    return isinstance(item, Episode) and item.number is None and item.air_date is None and not item.title


def _place(one: UnmatchedThing) -> tuple[int, int]:
    item = one.item
    return (item.season or 0, item.number or 0) if isinstance(item, Episode) else (0, 0)


def _title(item: Item) -> str:
    """Of the show, or of the film with its year."""
    if isinstance(item, Episode):
        return item.show_title or item.label()
    return item.label()

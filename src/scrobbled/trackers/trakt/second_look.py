"""What a Trakt history does not know by the ids that came with it, looked for once more: a show at a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from msgspec.structs import replace

from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.items import Episode
from scrobbled.trackers.given import Shows
from scrobbled.trackers.trakt.answers import Hit, ListedEpisode
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import Outgoing, RawIds, contradict, raw_ids, share
from scrobbled.trackers.trakt.locating import at_its_number

BY_NUMBER = "found by its show and number, as Trakt does not know the ids that the media server gave it"


class SecondLook:
    """Asks for each show once, and never for each of its episodes."""

    def __init__(self, lookups: Lookups, shows: Shows) -> None:
        self._lookups = lookups
        self._shows = shows

    async def found(self, plays: Sequence[Outgoing]) -> list[Outgoing]:
        """Those of ``plays`` that can be told after all, by Trakt's own ids."""
        groups: dict[Hashable, list[Outgoing]] = {}
        for play in plays:
            groups.setdefault(_title(play), []).append(play)
        return [found for group in groups.values() for found in await self._of_title(group)]

    async def _of_title(self, group: Sequence[Outgoing]) -> list[Outgoing]:
        if group[0].media == "movie":
            return [found for play in group if (found := await self._searched(play))]
        listed = await self._episodes(group[0].show or await self._show(group[0]))
        told = _by_ids(group, listed)
        told |= await self._elsewhere([play for play in group if play.index not in told])
        told |= _by_number([play for play in group if play.index not in told], listed)
        return list(told.values())

    async def _elsewhere(self, plays: Sequence[Outgoing]) -> dict[int, Outgoing]:
        """Their ids may be those of another show's episodes: the first one leads to the others."""
        first = next((play for play in plays if _own(play)), None)
        hit = None if first is None else await self._hit(first)
        if first is None or hit is None or "trakt" not in hit.ids:
            return {}
        return _by_ids(plays, await self._episodes(hit.show)) | {first.index: _renamed(first, hit.ids)}

    async def _episodes(self, show: RawIds) -> Sequence[ListedEpisode]:
        path = await self._lookups.show_path(show)
        return () if path is None else await self._lookups.episodes(path)

    async def _searched(self, play: Outgoing) -> Outgoing | None:
        hit = await self._hit(play)
        return _renamed(play, hit.ids) if hit is not None and "trakt" in hit.ids else None

    async def _hit(self, play: Outgoing) -> Hit | None:
        """Trakt's search may know the ids that its history does not."""
        hit, _ = await self._lookups.same(play.media, _own(play))
        return hit

    async def _show(self, play: Outgoing) -> RawIds:
        """Where the message did not name it; nothing where nobody can say now."""
        if not isinstance(play.item, Episode):
            return {}
        try:
            return raw_ids((await self._shows.show_of(play.item)).ids)
        except TrackerError:
            return {}


def _title(play: Outgoing) -> Hashable:
    if play.media == "movie" or not (play.show or isinstance(play.item, Episode)):
        return play.index
    return tuple(sorted(play.show.items())) if play.show else getattr(play.item, "show_title", "")


def _by_ids(plays: Sequence[Outgoing], entries: Sequence[ListedEpisode]) -> dict[int, Outgoing]:
    """By index, those that are in the list of a show under their own ids."""
    found: dict[int, Outgoing] = {}
    for play in plays:
        own = _own(play)
        for entry in entries:
            if share(own, entry.ids) and not contradict(own, entry.ids):
                found[play.index] = _renamed(play, entry.ids)
                break
    return found


def _by_number(plays: Sequence[Outgoing], entries: Sequence[ListedEpisode]) -> dict[int, Outgoing]:
    """The others, as there are media servers that give an episode ids which are not its own."""
    told = ((play, at_its_number(play.item, entries)) for play in plays if isinstance(play.item, Episode))
    return {play.index: replace(_renamed(play, one.ids), note=BY_NUMBER) for play, one in told if one is not None}


def _renamed(play: Outgoing, ids: RawIds) -> Outgoing:
    return replace(play, ids={"trakt": ids["trakt"]})


def _own(play: Outgoing) -> RawIds:
    """Its ids but Trakt's, which said nothing; one that is the show's is none of its own."""
    others = {space: value for space, value in play.ids.items() if space != "trakt"}
    return {space: value for space, value in others.items() if play.show.get(space) != value}

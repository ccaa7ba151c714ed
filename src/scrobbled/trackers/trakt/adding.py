"""Adding plays to a Trakt history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, TrackerError, TryLater
from scrobbled.core.naming.items import Episode
from scrobbled.trackers.base import Addition, AddResult, Receipt
from scrobbled.trackers.given import Shows
from scrobbled.trackers.trakt.answers import AddAnswer, read_added
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import Outgoing, RawIds, history_body, raw_ids, share
from scrobbled.trackers.trakt.locating import at_its_number
from scrobbled.trackers.trakt.seeking import HISTORY
from scrobbled.trackers.trakt.writing import Writer

BY_NUMBER = "found by its show and number, as Trakt does not know the ids that the media server gave it"


class TraktAdder:
    """Writes. Trakt checks nothing for duplicates: whatever is sent twice is two plays."""

    def __init__(self, writer: Writer, lookups: Lookups, shows: Shows) -> None:
        self._writer = writer
        self._lookups = lookups
        self._shows = shows
        self.sent = 0
        """Plays that were sent so far, whatever came of them."""

    async def add(self, plays: Sequence[Addition]) -> list[AddResult]:
        """One request, unless Trakt does not know an item, or an item comes twice in one minute.

        The caller has taken the first turn of the pace. Once anything may be stored, every error is in doubt; before
        that, ``Refused`` means that nothing was stored because at least one of ``plays`` is invalid.
        """
        results: dict[int, AddResult] = {}
        outgoing = [Outgoing.of(index, play) for index, play in enumerate(plays)]
        try:
            for turn, group in enumerate(_without_twins(outgoing)):
                if turn:
                    await self._writer.turn()
                await self._add_group(group, results)
        except TrackerError as error:
            error.in_doubt = error.in_doubt or any(isinstance(result, Receipt) for result in results.values())
            raise
        return [results[index] for index in range(len(plays))]

    async def _add_group(self, group: Sequence[Outgoing], results: dict[int, AddResult]) -> None:
        unknown = await self._send(group, results)
        again = [found for play in unknown if (found := await self._found(play)) is not None]
        if again:
            await self._writer.turn()
            await self._send(again, results)

    async def _send(self, plays: Sequence[Outgoing], results: dict[int, AddResult]) -> list[Outgoing]:
        """Fills in ``results`` and returns what Trakt does not know by the ids sent."""
        added = await self._post(plays)
        unknown = [play for play in plays if any(echo.means(play) for echo in added.not_found)]
        _check_count(added, len(plays) - len(unknown))
        for play in plays:
            missing = NotInCatalogue(f"Trakt does not know {_named(play)} yet")
            results[play.index] = missing if play in unknown else Receipt(note=play.note)
        return unknown

    async def _post(self, plays: Sequence[Outgoing]) -> AddAnswer:
        self.sent += len(plays)
        answer = await self._writer.post(HISTORY, history_body(plays))
        return read_added(answer.json(in_doubt=True), answer.what)

    async def _found(self, play: Outgoing) -> Outgoing | None:
        """``play`` by Trakt's own id, where it can be told after all."""
        return await self._renamed(play) or await self._numbered(play)

    async def _renamed(self, play: Outgoing) -> Outgoing | None:
        """Trakt's search may know the ids that its history does not; one that is the show's needs no asking."""
        others = {space: value for space, value in play.ids.items() if space != "trakt"}
        own = {space: value for space, value in others.items() if play.show.get(space) != value}
        trakt = await self._lookups.trakt_id(play.media, own)
        return replace(play, ids={"trakt": trakt}) if trakt is not None else None

    async def _numbered(self, play: Outgoing) -> Outgoing | None:
        """By its show and number: there are media servers that give an episode ids which are not its own."""
        if not isinstance(play.item, Episode):
            return None
        show = await self._lookups.show_path(play.show or await self._show(play.item))
        if show is None:
            return None
        entry = at_its_number(play.item, await self._lookups.episodes(show))
        return None if entry is None else replace(play, ids={"trakt": entry.ids["trakt"]}, note=BY_NUMBER)

    async def _show(self, episode: Episode) -> RawIds:
        """Where the message did not name it; nothing where nobody can say now."""
        try:
            return raw_ids((await self._shows.show_of(episode)).ids)
        except TrackerError:
            return {}


def _without_twins(plays: Iterable[Outgoing]) -> list[list[Outgoing]]:
    """As few groups as possible, none with an item twice in one minute: Trakt's answer could not tell the two apart."""
    groups: list[list[Outgoing]] = []
    for play in plays:
        home = next((group for group in groups if not any(_twins(play, other) for other in group)), None)
        if home is None:
            groups.append(home := [])
        home.append(play)
    return groups


def _twins(one: Outgoing, other: Outgoing) -> bool:
    return (one.media, one.watched_at) == (other.media, other.watched_at) and share(one.ids, other.ids)


def _check_count(added: AddAnswer, expected: int) -> None:
    """Trakt names no plays, only how many: a smaller number leaves open which ones are missing."""
    if added.stored < expected:
        raise TryLater(f"Trakt counts {added.stored} of {expected} plays as stored", in_doubt=True)


def _named(play: Outgoing) -> str:
    return f"the {play.media} with " + ", ".join(f"{space} id {value}" for space, value in play.ids.items())

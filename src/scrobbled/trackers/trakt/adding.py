"""Adding plays to a Trakt history."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from scrobbled.core.errors import NotInCatalogue, TrackerError, TryLater
from scrobbled.trackers.base import Addition, AddResult, Receipt
from scrobbled.trackers.trakt.answers import AddAnswer, read_added
from scrobbled.trackers.trakt.codec import Outgoing, history_body
from scrobbled.trackers.trakt.second_look import SecondLook
from scrobbled.trackers.trakt.seeking import HISTORY
from scrobbled.trackers.trakt.writing import Writer


class TraktAdder:
    """Writes. Trakt checks nothing for duplicates: whatever is sent twice is two plays."""

    def __init__(self, writer: Writer, look: SecondLook) -> None:
        self._writer = writer
        self._look = look
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
        again = await self._look.found(unknown)
        if again:
            await self._writer.turn()
            await self._send(again, results)

    async def _send(self, plays: Sequence[Outgoing], results: dict[int, AddResult]) -> list[Outgoing]:
        """Fills in ``results`` and returns what Trakt does not know by the ids sent."""
        added = await self._post(plays)
        unknown = [play for play in plays if any(echo.means(play) for echo in added.not_found)]
        _check_count(added, len(plays) - len(unknown))
        results |= {play.index: Receipt(note=play.note) for play in plays}
        results |= {play.index: NotInCatalogue(f"Trakt does not know {_named(play)} yet") for play in unknown}
        return unknown

    async def _post(self, plays: Sequence[Outgoing]) -> AddAnswer:
        self.sent += len(plays)
        answer = await self._writer.post(HISTORY, history_body(plays))
        return read_added(answer.json(in_doubt=True), answer.what)


def _without_twins(plays: Iterable[Outgoing]) -> list[list[Outgoing]]:
    """As few groups as possible, none with an item twice in one minute: Trakt's answer could not tell the two apart."""
    groups: list[tuple[list[Outgoing], set[Hashable]]] = []
    for play in plays:
        names = {(play.media, play.watched_at, space, str(value)) for space, value in play.ids.items()}
        home = next((group for group in groups if not names & group[1]), None)
        if home is None:
            groups.append(home := ([], set()))
        home[0].append(play)
        home[1].update(names)
    return [group for group, _ in groups]


def _check_count(added: AddAnswer, expected: int) -> None:
    """Trakt names no plays, only how many: a smaller number leaves open which ones are missing."""
    if added.stored < expected:
        raise TryLater(f"Trakt counts {added.stored} of {expected} plays as stored", in_doubt=True)


def _named(play: Outgoing) -> str:
    return f"the {play.media} with " + ", ".join(f"{space} id {value}" for space, value in play.ids.items())

"""Where side b keeps what side a calls by another name, looked up before anything is lined up."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Set
from typing import TypeVar

from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.kinds import ITEMS, Kind
from scrobbled.core.naming.corrections import Correction, corrected
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, titled
from scrobbled.core.naming.matching import is_generic, plain
from scrobbled.core.naming.things import contradict, names_of, share_an_id
from scrobbled.core.records import Subject, about, identity
from scrobbled.plumbing.clock import Clock
from scrobbled.reconcile.loading import ASKED, AT_ONCE, LOOK_AGAIN, PAGE, Course, LoadedSide, Loader, Since
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.reconcile.reading import Failed, PairMember
from scrobbled.reconcile.steps import RunSteps
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import records, subjects, values
from scrobbled.trackers.base import Address

T = TypeVar("T")
TWO_FILMS = "its ids are those of two films"


class Placer:
    """Asks ``other``, which is side b. ``known`` are the corrections in force."""

    def __init__(
        self, sides: Sides, other: PairMember, known: Sequence[Correction], *, store: Store, clock: Clock
    ) -> None:
        self._sides, self._other, self._known, self._store, self._clock = sides, other, known, store, clock
        self._loader, self._mark = Loader(store, sides), hashlib.sha256(repr(known).encode()).hexdigest()[:16]

    async def course(self, since: Since | None, steps: RunSteps) -> Course:
        """All that is to be compared, each thing by the name that both sides have for it. Raises ``Failed``."""
        await self._store.write(lambda db: subjects.doubt_misses(db, self._now() - LOOK_AGAIN))
        course = await self._loader.load(since, self._mark)
        if strange := await self._strange(course):
            await self._place(course, strange, steps)
            await self._loader.take_in(course, [one.key for one in strange])
        whose = (self._sides.viewer, self._sides.a, self._sides.b)
        course.leave(await self._store.read(lambda db: subjects.refused(db, whose, self._mark, TWO_FILMS)))
        return course

    async def _strange(self, course: Course) -> list[Subject]:
        """Of side a: where side b keeps them is not known, and matters."""
        found: list[Subject] = []
        shows = await self._shows(course.b)
        for ours, theirs in course.parts():
            a = await self._loader.part(course.a, ours, rows=False)
            b = await self._loader.part(course.b, theirs, rows=False)
            found += await asyncio.to_thread(lambda: list(_unplaced(a, b, course, self._is_corrected, shows)))  # noqa: B023
        return await self._asked_for(course, found)

    async def _asked_for(self, course: Course, strange: Sequence[Subject]) -> list[Subject]:
        """Those that there is anything to say of. What is only there, and has no id, may be what goes by its title."""
        valued = await self._valued([one.key for one in strange])
        told = {key for key, kinds in valued.items() if kinds - {ITEMS}}
        told |= await self._with_rows([one.key for one in strange if one.key not in told])
        rest = [one for one in strange if one.key not in told and one.key in valued]
        is_nameless = {one.key for one in rest if identity(one) is None and not self._is_corrected(one)}
        titles = await self._titles(course.b) if is_nameless else set()
        told |= {one.key for one in rest if one.key not in is_nameless or plain(titled(one.item)) in titles}
        return [one for one in strange if one.key in told]

    def _is_corrected(self, subject: Subject) -> bool:
        """Whether a person says that it is something else."""
        return bool(self._known) and self._corrected(subject) is not subject.item

    async def _valued(self, keys: Sequence[str]) -> dict[str, frozenset[Kind]]:
        """Of which kinds those of side a have or had a value, where of any."""
        account, found = self._sides.account("a"), dict[str, frozenset[Kind]]()
        for piece in pieces(keys, ASKED):
            told = await self._store.read(lambda db, piece=piece: values.of_keys(db, account, piece))  # type: ignore[misc]
            found |= {key: frozenset(kinds) for key, kinds in told.items()}
        return found

    async def _with_rows(self, keys: Sequence[str]) -> set[str]:
        """Those of side a of which there is or was a play."""
        account, found = self._sides.account("a"), set[str]()
        for piece in pieces(keys, AT_ONCE):
            rows = await self._store.read(lambda db, piece=piece: records.of_keys(db, account, piece))  # type: ignore[misc]
            found |= {row.record.key for row in rows}
        return found

    async def _shows(self, b: LoadedSide) -> set[int]:
        """TMDB *show* ids of all that there is on side b."""
        account, found = self._sides.account("b"), set[int]()
        for piece in pieces(list(b.canon), PAGE):
            found |= await self._store.read(lambda db, piece=piece: subjects.shows(db, account, piece))  # type: ignore[misc]
        return found

    async def _titles(self, b: LoadedSide) -> set[str]:
        """Of the films and shows of all that there is on side b, for comparing."""
        account, found = self._sides.account("b"), set[str]()
        for piece in pieces(list(b.canon), PAGE):
            found |= await self._store.read(lambda db, piece=piece: subjects.titles(db, account, piece))  # type: ignore[misc]
        return {plain(title) for title in found}

    async def _place(self, course: Course, strange: Sequence[Subject], steps: RunSteps) -> None:
        """Show by show, so that whatever is asked about one is asked once."""
        theirs, done = set(course.b.canon.values()), 0
        for of_show in _by_show([about(one, self._corrected(one)) for one in strange]):
            alone = [one.item for one in of_show if course.a.canon[one.key] not in theirs]
            await self._asked(self._survey(alone))
            for piece in pieces(of_show, AT_ONCE):
                await self._place_some(piece)
                done += len(piece)
                await steps.take(self._sides.b, "places", done, len(strange))

    async def _survey(self, alone: Sequence[Item]) -> None:
        """What is there under another title is left out: only its own page tells whether it is the same."""
        there = self._other.tracker
        if there.can.ahead > 1 and len(alone) > 1:
            await there.foresees.survey(alone)

    async def _place_some(self, some: Sequence[Subject]) -> None:
        """What was found is kept, also where the next one cannot be asked for."""
        whose, rows = (self._sides.viewer, self._sides.a, self._sides.b), list[tuple[str, str | None, str]]()
        try:
            for one in some:
                rows.append((one.key, *await self._unless_two(one, *await self._placed(one))))
        finally:
            now = self._now()
            await self._store.write(lambda db: subjects.put_placements(db, whose, rows, self._mark, now))

    async def _placed(self, subject: Subject) -> tuple[str | None, str]:
        """Its key at side b, or ``None`` where that does not have it, and how that is known."""
        try:
            address = await self._asked(self._address(subject))
        except (NotInCatalogue, Uncertain, Refused) as error:
            return None, error.reason
        return address.key, address.how

    async def _unless_two(self, subject: Subject, key: str | None, how: str) -> tuple[str | None, str]:
        """A film with the ids of two is neither of them: side b has another id for what is at ``key``."""
        if key is None or not isinstance(subject.item, Movie):
            return key, how
        there = await self._store.read(lambda db: subjects.those(db, self._sides.account("b"), [key]))
        names = names_of(subject.scope, self._corrected(subject))
        if any(contradict(names, names_of(one.scope, one.item)) for one in there.values()):
            return None, TWO_FILMS
        return key, how

    async def _asked(self, answer: Awaitable[T]) -> T:
        """Raises ``Failed`` where nobody answers, and ``NotInCatalogue``, ``Uncertain`` or ``Refused`` as is."""
        try:
            return await answer
        except (NotInCatalogue, Uncertain, Refused):
            raise
        except TrackerError as error:
            await self._other.trouble(error)
            raise Failed(f"{self._sides.called[1]} could not be asked: {error.reason}") from error

    async def _address(self, subject: Subject) -> Address:
        there = self._other.tracker
        return await (there.amends.locate_subject(subject) if there.can.amends else there.adds.locate(subject.item))

    def _corrected(self, subject: Subject) -> Item:
        return corrected(subject.item, self._sides.viewer, self._known).item

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _by_show(strange: Iterable[Subject]) -> list[list[Subject]]:
    """In the order in which their shows come; films are one for themselves."""
    found: dict[ShowIds | None, list[Subject]] = {}
    for one in strange:
        found.setdefault(one.item.show_ids if isinstance(one.item, Episode) else None, []).append(one)
    return list(found.values())


def _unplaced(
    a: LoadedSide, b: LoadedSide, course: Course, is_corrected: Callable[[Subject], bool], shows: Set[int]
) -> Iterator[Subject]:
    """Those whose names say nothing, or not what the other side means by them, or that stand alone beside others of it.

    ``shows`` are those of which side b has anything.
    """
    named = {canon: [b.subjects[key] for key in keys] for canon, keys in b.by_canon().items()}
    for key, subject in a.subjects.items():
        if key in course.placed:
            continue
        there = named.get(a.canon[key], [])
        strange = _contradicted(subject, there) if there else key in course.apart or _is_lost(subject, shows)
        if strange or is_corrected(subject):
            yield subject


def _is_lost(subject: Subject, shows: Set[int]) -> bool:
    """Of what has no name in common with anything there."""
    show = subject.item.show_ids.tmdb if isinstance(subject.item, Episode) and subject.scope == "episode" else None
    return identity(subject) is None or show in shows


def _contradicted(subject: Subject, there: Sequence[Subject]) -> bool:
    """Whether an episode has another title than what is at its place. If an id agrees, it may be in any language."""
    item, other = subject.item, there[0].item
    if not isinstance(item, Episode) or not isinstance(other, Episode) or subject.scope != "episode":
        return False
    if is_generic(item.title) or is_generic(other.title) or plain(item.title) == plain(other.title):
        return False
    names = names_of(subject.scope, item)
    return not any(share_an_id(names, names_of(one.scope, one.item)) for one in there)

"""What of both sides is to be compared, by name, and a part of it with all there is; a little at a time.

So no webhook waits for the database.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from msgspec import Struct

from scrobbled.core.agreeing.plan import SIDES, Side, of_side
from scrobbled.core.kinds import ITEMS, Kind
from scrobbled.core.naming.things import SideKey, united
from scrobbled.core.records import Subject
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import ledger, names, records, subjects, values
from scrobbled.store.mirror.library import is_in
from scrobbled.store.mirror.names import NamedSubject
from scrobbled.store.mirror.records import MirroredPlay
from scrobbled.store.mirror.values import MirroredValue
from scrobbled.store.queue import cancelling

FEW = 2_000
"""Plays up to which everything is looked through each time: that takes some hundredths of a second."""
LOOK_AGAIN = 24 * 3_600.0
"""Seconds after which a catalogue is asked again for what it did not have."""
PAGE = 250
"""Rows in one read of the database."""
KEYS = 2_000
"""Of bare keys so many in one read."""
AT_ONCE = 40
"""Items in one read, with all that is kept of them: that takes a few thousandths of a second."""
ASKED = 200
"""Keys that are looked for at once."""
NAMED = 100
"""Keys of which all is found at once that goes by their names: that takes a few thousandths of a second."""
PART = 200
"""Names that are lined up at once."""


class Since(Struct, frozen=True):
    """What a pair was compared up to."""

    revs: tuple[int, int]
    """Reads of a and of b."""
    come: tuple[float, float]
    """Times (Unix seconds) that have come since: after the first, and not after the second."""


class RunExtent(Struct, frozen=True):
    """How much of two accounts is looked at."""

    revs: tuple[int, int]
    """Up to which reads of a and b."""
    stamp: tuple[int, int]
    """Of cancelled runs, when it began to look: what is in the queue was taken for coming."""
    since: Since | None
    """``None`` for everything."""


def extent(db: sqlite3.Connection, sides: Sides, policy: str, until: float, *, full: bool) -> RunExtent:
    """What changed since the two were last compared; everything with ``full``, or under another ``policy``."""
    reached = ledger.state(db, sides.viewer, sides.pair)
    few = all(records.count(db, sides.account(side)) < FEW for side in SIDES)
    a_rev, b_rev = (records.state(db, sides.account(side)).rev for side in SIDES)
    everything = full or few or reached.based_at is None or reached.policy != policy
    # from long enough before the end of the last comparison: it may have taken hours
    since = Since((reached.a_rev, reached.b_rev), (reached.compared_at - LOOK_AGAIN, until))
    stamp = cancelling.stamp(db, sides.viewer, sides.pair)
    return RunExtent((a_rev, b_rev), stamp, None if everything else since)


@dataclass
class LoadedSide:
    """One side. Everything is by the tracker's own key; ``canon`` is the name that both sides have for it.

    Of all that is to be compared there is that name; subjects, rows and values are of a part of it only.
    """

    side: Side
    subjects: dict[str, Subject] = field(default_factory=dict)
    rows: dict[str, list[MirroredPlay]] = field(default_factory=lambda: defaultdict(list))
    valued: dict[str, dict[Kind, MirroredValue]] = field(default_factory=dict)
    canon: dict[str, str] = field(default_factory=dict)

    def by_canon(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for key, canon in self.canon.items():
            found[canon].append(key)
        return found


@dataclass
class Course:
    """All that has to be compared, by name: it is lined up a part at a time."""

    mark: str
    a: LoadedSide = field(default_factory=lambda: LoadedSide("a"))
    b: LoadedSide = field(default_factory=lambda: LoadedSide("b"))
    placed: Mapping[str, str | None] = field(default_factory=dict)
    """Keys of side a that were looked up at side b, and where they stand there."""
    mixed: int = 0
    """So many things of side a have the ids of two, and are left out."""
    apart: set[str] = field(default_factory=set)
    """Keys of side a of which side b has a name for something else."""

    def half(self, side: str) -> LoadedSide:
        return self.a if side == "a" else self.b

    def name(self, near: Mapping[SideKey, NamedSubject]) -> None:
        """These, which are all that any of them is connected with."""
        there = {key: to for side, key in near if side == "a" and (to := self.placed.get(key)) is not None}
        free = {one: told for one, told in near.items() if one[0] == "b" or one[1] not in there}
        groups = united({one: told.names for one, told in free.items()})
        for group, canon in zip(groups, _canons(groups, free), strict=True):
            for side, key in group:
                self.half(side).canon[key] = canon
        for key, to in there.items():
            self.a.canon[key] = self.b.canon.get(to) or f"b:{to}"
        self._tell_apart(groups, free)

    def _tell_apart(self, groups: Iterable[Sequence[SideKey]], near: Mapping[SideKey, NamedSubject]) -> None:
        self.apart -= {key for side, key in near if side == "a"}
        alone = [one for group in groups if all(side == "a" for side, _ in group) for one in group]
        theirs = {name for (side, _), told in near.items() if alone and side == "b" for name in told.names}
        self.apart |= {key for side, key in alone if not theirs.isdisjoint(near[side, key].names)}

    def leave(self, mixed: Iterable[str]) -> None:
        """Leave out these keys of side a."""
        for key in mixed:
            self.mixed += self.a.canon.pop(key, None) is not None
            self.a.valued.pop(key, None)

    def narrow(self, library: Side, beyond: Set[str] = frozenset()) -> int:
        """Leave out what the ``library`` does not hold of the other side; returns how many titles that are.

        These keys of the other side stay ``beyond`` it.
        """
        mine, theirs = (self.a, self.b) if library == "a" else (self.b, self.a)
        held = set(mine.canon.values())
        strange = [key for key, canon in theirs.canon.items() if canon not in held and key not in beyond]
        for key in strange:
            del theirs.canon[key]
        return len(strange)

    def keep_to(self, library: Side, keys: Iterable[str]) -> None:
        """Leave out what is none of these of the ``library``, on both sides."""
        canon = self.half(library).canon
        kept = {canon[key] for key in keys}
        for half in (self.a, self.b):
            half.canon = {key: name for key, name in half.canon.items() if name in kept}

    def lost(self) -> set[str]:
        """What side a has and side b was asked for without finding it."""
        gone = (key for key, to in self.placed.items() if to is None)
        return {self.a.canon[key] for key in gone if key in self.a.canon}

    def parts(self) -> Iterator[tuple[list[str], list[str]]]:
        """The keys of both sides for some of the names, none of which has keys elsewhere."""
        ours, theirs = self.a.by_canon(), self.b.by_canon()
        for some in pieces(list(dict.fromkeys((*ours, *theirs))), PART):
            yield (
                [key for name in some for key in ours.get(name, ())],
                [key for name in some for key in theirs.get(name, ())],
            )


class Loader:
    """Loads both sides of one pair."""

    def __init__(self, store: Store, sides: Sides) -> None:
        self._store, self._sides = store, sides

    async def load(self, since: Since | None, mark: str) -> Course:
        """The keys that moved ``since``, and whatever the other side has under the same names.

        Without ``since`` it is everything that is not known to be in agreement. ``mark`` stands for the corrections in
        force: places found under others do not count.
        """
        course = Course(mark, placed=await self._store.read(lambda db: subjects.placements(db, self._whose, mark)))
        for half in (course.a, course.b):
            keys = await self._restless(half.side) if since is None else await self._moved(half.side, since)
            for piece in pieces(list(keys), NAMED):
                if new := [(half.side, key) for key in piece if key not in half.canon]:
                    await self._take(course, new)
        return course

    async def take_in(self, course: Course, placed: Sequence[str]) -> None:
        """These keys of side a were looked up meanwhile; they, and what they were and are one with, are named anew."""
        course.placed = await self._store.read(lambda db: subjects.placements(db, self._whose, course.mark))
        for piece in pieces(placed, NAMED):
            await self._take(course, [("a", key) for key in piece])

    async def keep_to(self, course: Course, library: Side, title: str) -> None:
        """Leave out what is not in that library of this title, on both sides."""
        account, kept = self._sides.account(library), list[str]()
        for piece in pieces(list(course.half(library).canon), ASKED):
            told = await self._store.read(lambda db, piece=piece: values.of_keys(db, account, piece))  # type: ignore[misc]
            kept += [key for key, one in told.items() if is_in(one.get(ITEMS), title)]
        course.keep_to(library, kept)

    async def _take(self, course: Course, start: Sequence[SideKey]) -> None:
        """These, and whatever goes by their names or was looked up and stands there: all of it is named."""
        accounts = {side: self._sides.account(side) for side in SIDES}

        def read(db: sqlite3.Connection) -> dict[SideKey, NamedSubject]:
            return names.near(db, accounts, start, placed=subjects.any_placed(db, self._whose))

        course.name(await self._store.read(read))

    @property
    def _whose(self) -> subjects.SubjectLookup:
        return self._sides.viewer, self._sides.a, self._sides.b

    async def _moved(self, side: Side, since: Since) -> set[str]:
        account, rev = self._sides.account(side), of_side(since.revs, side)
        keys = await self._store.read(
            lambda db: records.touched(db, account, rev) | records.come(db, account, *since.come)
        )
        return keys | await self._unsettled_values(side)

    async def _unsettled_values(self, side: Side) -> set[str]:
        """Keys of the values that were not seen to agree.

        Also where nothing moved: what we wrote may have been changed back before it was ever read.
        """
        account, pair = self._sides.account(side), self._sides.pair
        return await self._store.read(lambda db: ledger.restless_values(db, account, pair, side))

    async def _restless(self, side: Side) -> dict[str, None]:
        """The keys of all that is not known to be in agreement."""
        (viewer, tracker), pair = self._sides.account(side), self._sides.pair
        found, last = dict[str, None](), ""
        while keys := await self._store.read(lambda db, last=last: values.keys(db, (viewer, tracker), last, KEYS)):  # type: ignore[misc]
            found |= dict.fromkeys(keys)
            last = keys[-1]
        after: str | None = ""
        while after is not None:
            after, keys = await self._store.read(
                lambda db, after=after: ledger.restless(db, viewer, pair, side, tracker, after, PAGE)  # type: ignore[misc]
            )
            found |= dict.fromkeys(keys)
        return found

    async def part(self, half: LoadedSide, keys: Sequence[str], *, rows: bool) -> LoadedSide:
        """These keys with their subjects, and with ``rows`` and values as well."""
        account = self._sides.account(half.side)
        found = LoadedSide(half.side)
        for piece in pieces(keys, AT_ONCE):
            known, read, valued = await self._store.read(
                lambda db, piece=piece: (  # type: ignore[misc]
                    subjects.those(db, account, piece),
                    records.of_keys(db, account, piece) if rows else [],
                    values.of_keys(db, account, piece) if rows else {},
                )
            )
            found.subjects |= {key: known[key] for key in piece if key in known}
            found.valued |= {key: told for key, told in valued.items() if key in known}
            for row in read:
                found.rows[row.record.key].append(row)
        for key in found.subjects:
            found.canon[key] = half.canon[key]
        return found


def _canons(groups: Sequence[Sequence[SideKey]], near: Mapping[SideKey, NamedSubject]) -> list[str]:
    """The one name of each group, by which all that is kept of it is found again; no two have the same.

    It is an identity, the strongest, and rather what side b tells; where there is none it is a key, rather of side b.
    """
    told = [(near[one].identity, one, number) for number, group in enumerate(groups) for one in group]
    claims = sorted((":imdb:" in name, one[0] == "a", one, number, name) for name, one, number in told if name)
    found: dict[int, str] = {}
    taken = set[str]()
    for *_, number, name in claims:
        if number not in found and name not in taken:
            found[number] = name
            taken.add(name)
    keys = (next((one for one in group if one[0] == "b"), group[0]) for group in groups)
    return [found.get(number) or ":".join(one) for number, one in enumerate(keys)]

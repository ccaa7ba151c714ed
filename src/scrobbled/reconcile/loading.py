"""What of both sides is to be compared, by name, and a part of it with all there is; a little at a time.

So no webhook waits for the database.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from scrobbled.core.agreeing.plan import SIDES, Side, of_side
from scrobbled.core.kinds import Kind
from scrobbled.core.records import Subject
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import ledger, records, subjects, values
from scrobbled.store.mirror.records import MirroredPlay
from scrobbled.store.mirror.values import MirroredValue
from scrobbled.store.queue import cancelling

FEW = 2_000
"""Plays up to which everything is looked through each time: that takes some hundredths of a second."""
LOOK_AGAIN = 24 * 3_600.0
"""Seconds after which a catalogue is asked again for what it did not have."""
PAGE = 250
"""Rows in one read of the database."""
AT_ONCE = 40
"""Items in one read, with all that is kept of them: that takes a few thousandths of a second."""
ASKED = 200
"""Names or keys that are looked for at once."""
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

    Of all that is to be compared there are names and values; subjects and rows are of a part of it only.
    """

    side: Side
    subjects: dict[str, Subject] = field(default_factory=dict)
    rows: dict[str, list[MirroredPlay]] = field(default_factory=lambda: defaultdict(list))
    valued: dict[str, dict[Kind, MirroredValue]] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    """What ``identity`` says of each subject."""
    canon: dict[str, str] = field(default_factory=dict)

    def by_canon(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for key in self.names:
            found[self.canon[key]].append(key)
        return found


@dataclass
class Course:
    """All that has to be compared, by name: it is lined up a part at a time."""

    mark: str
    a: LoadedSide = field(default_factory=lambda: LoadedSide("a"))
    b: LoadedSide = field(default_factory=lambda: LoadedSide("b"))
    placed: Mapping[str, str | None] = field(default_factory=dict)
    """Keys of side a that were looked up at side b, and where they stand there."""

    def name(self) -> None:
        a, b = self.a, self.b
        b.canon = {key: b.names[key] or f"b:{key}" for key in b.names}
        for key in a.names:
            to = self.placed.get(key)
            a.canon[key] = (b.canon.get(to) or f"b:{to}") if to is not None else a.names[key] or f"a:{key}"

    def parts(self) -> Iterator[tuple[list[str], list[str]]]:
        """The keys of both sides for some of the names, none of which has keys elsewhere."""
        ours, theirs = self.a.by_canon(), self.b.by_canon()
        for names in pieces(list(dict.fromkeys((*ours, *theirs))), PART):
            yield (
                [key for name in names for key in ours.get(name, ())],
                [key for name in names for key in theirs.get(name, ())],
            )


class Loader:
    """Loads both sides of one pair."""

    def __init__(self, store: Store, sides: Sides) -> None:
        self._store, self._sides = store, sides

    async def load(self, since: Since | None, mark: str) -> Course:
        """The keys that moved ``since``, and whatever the other side has under the same name.

        Without ``since`` it is everything that is not known to be in agreement. ``mark`` stands for the corrections in
        force: places found under others do not count.
        """
        course = Course(mark)
        for half in (course.a, course.b):
            keys = await self._restless(half.side) if since is None else await self._moved(half.side, since)
            await self._load(half, keys)
        await self._complete(course, list(course.a.names), list(course.b.names))
        return course

    async def take_in(self, course: Course, found: Iterable[str]) -> None:
        """The keys of side b that were ``found`` meanwhile, and whatever else goes by their names."""
        await self._complete(course, [], await self._load(course.b, found))

    async def _complete(self, course: Course, ours: list[str], theirs: list[str]) -> None:
        """What goes by the names of these keys, or was looked up and stands there; then all of it is named.

        What is found by name may itself have been placed elsewhere, and that has its own name.
        """
        for _ in range(2):
            named = await self._named(course, ours, theirs)
            placed = await self._placed(course, ours + named[0], theirs + named[1])
            ours, theirs = named[0] + placed[0], named[1] + placed[1]
        found = await self._store.read(lambda db: subjects.placements(db, self._whose, course.mark))
        course.placed = {key: to for key, to in found.items() if key in course.a.names}
        course.name()

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
        found = dict.fromkeys(await self._store.read(lambda db: values.keys(db, (viewer, tracker))))
        after: str | None = ""
        while after is not None:
            after, keys = await self._store.read(
                lambda db, after=after: ledger.restless(db, viewer, pair, side, tracker, after, PAGE)  # type: ignore[misc]
            )
            found |= dict.fromkeys(keys)
        return found

    async def part(self, half: LoadedSide, keys: Sequence[str], *, rows: bool) -> LoadedSide:
        """These keys with their subjects, and ``rows`` as well."""
        account = self._sides.account(half.side)
        found = LoadedSide(half.side)
        for piece in pieces(keys, AT_ONCE):
            known, read = await self._store.read(
                lambda db, piece=piece: (  # type: ignore[misc]
                    subjects.those(db, account, piece),
                    records.of_keys(db, account, piece) if rows else [],
                )
            )
            found.subjects |= {key: known[key] for key in piece if key in known}
            for row in read:
                found.rows[row.record.key].append(row)
        for key in found.subjects:
            found.names[key], found.canon[key] = half.names[key], half.canon[key]
            if key in half.valued:
                found.valued[key] = half.valued[key]
        return found

    async def _load(self, half: LoadedSide, keys: Iterable[str]) -> list[str]:
        """Returns those that were not there yet."""
        account, wanted = self._sides.account(half.side), [key for key in keys if key not in half.names]
        new: list[str] = []
        for piece in pieces(wanted, PAGE):
            named, valued = await self._store.read(
                lambda db, piece=piece: (  # type: ignore[misc]
                    subjects.names(db, account, piece),
                    values.of_keys(db, account, piece),
                )
            )
            half.names |= {sys.intern(key): _interned(name) for key, name in named.items()}
            half.valued |= valued
            new += named
        return new

    async def _named(self, course: Course, ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
        """What either side has by the names of these."""
        told = (course.a.names[key] for key in ours), (course.b.names[key] for key in theirs)
        names = sorted({name for side in told for name in side if name is not None})
        new: dict[Side, list[str]] = {"a": [], "b": []}
        for half in (course.a, course.b):
            account = self._sides.account(half.side)
            for piece in pieces(names, ASKED):
                keys = await self._store.read(
                    lambda db, piece=piece, account=account: subjects.keys_named(db, account, piece)  # type: ignore[misc]
                )
                new[half.side] += await self._load(half, keys)
        return new["a"], new["b"]

    async def _placed(self, course: Course, ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
        """What of one side stands at these keys of the other, under whatever name."""
        whose = self._whose
        if not await self._store.read(lambda db: subjects.any_placed(db, whose)):
            return [], []
        b = await self._standing(course.b, ours, subjects.placed_at)
        return await self._standing(course.a, [*theirs, *b], subjects.placed_from), b

    async def _standing(self, half: LoadedSide, keys: Sequence[str], read: Callable[..., list[str]]) -> list[str]:
        new: list[str] = []
        for piece in pieces(keys, ASKED):
            found = await self._store.read(lambda db, piece=piece: read(db, self._whose, piece))  # type: ignore[misc]
            new += await self._load(half, found)
        return new


def _interned(name: str | None) -> str | None:
    """Both sides have the same text for most things; one of them is enough."""
    return None if name is None else sys.intern(name)

"""What is to be compared is taken out of the database, a little at a time, so that no webhook waits for it."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from scrobbled.core.plan import Side, of_side
from scrobbled.core.records import Subject, identity
from scrobbled.reconcile.sides import Sides, pieces
from scrobbled.store import ledger, records, subjects
from scrobbled.store.database import Store
from scrobbled.store.records import Account, Rated, Stored

PAGE = 250
"""Rows in one read of the database."""
AT_ONCE = 40
"""Items in one read, with all that is kept of them: that takes a few thousandths of a second."""


class Since(Struct, frozen=True):
    """What a pair was compared up to."""

    revs: tuple[int, int]
    """Reads of a and of b."""
    come: tuple[float, float]
    """Times (Unix seconds) that have come since: after the first, and not after the second."""


@dataclass
class Half:
    """One side. Everything is by the tracker's own key; ``canon`` is the name that both sides have for it."""

    side: Side
    subjects: dict[str, Subject] = field(default_factory=dict)
    rows: dict[str, list[Stored]] = field(default_factory=lambda: defaultdict(list))
    rated: dict[str, Rated] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    """What ``identity`` says of each subject."""
    canon: dict[str, str] = field(default_factory=dict)

    def by_canon(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for key in self.subjects:
            found[self.canon[key]].append(key)
        return found


class Loader:
    """Loads both sides of one pair."""

    def __init__(self, store: Store, sides: Sides) -> None:
        self._store, self._sides = store, sides

    async def load(self, since: Since | None) -> tuple[Half, Half]:
        """The keys that moved ``since``, and whatever the other side has under the same name.

        Without ``since`` it is everything that is not known to be in agreement.
        """
        halves = Half("a"), Half("b")
        for half in halves:
            if since is None:
                await self._load(half, await self._restless(half.side))
            else:
                await self._load(half, await self._moved(half.side, since))
        asked: dict[Side, set[str]] = {"a": set(), "b": set()}
        for _ in range(2):  # what is found by name may itself have been placed elsewhere, and that has its own name
            await self._load_named(halves, asked)
            await self._load_placed(halves)
        return halves

    async def _moved(self, side: Side, since: Since) -> set[str]:
        account, rev = self._sides.account(side), of_side(since.revs, side)
        keys = await self._store.read(
            lambda db: records.touched(db, account, rev) | records.come(db, account, *since.come)
        )
        return keys | await self._unsettled_ratings(account)

    async def _unsettled_ratings(self, account: Account) -> set[str]:
        """Keys of the ratings that were not seen to agree.

        Also where nothing moved: what we wrote may have been changed back before it was ever read.
        """
        pair = self._sides.pair
        return await self._store.read(lambda db: ledger.restless_ratings(db, account, pair))

    async def _restless(self, side: Side) -> dict[str, None]:
        """The keys of all that is not known to be in agreement."""
        (viewer, tracker), pair = self._sides.account(side), self._sides.pair
        found = dict.fromkeys(await self._store.read(lambda db: list(records.ratings(db, (viewer, tracker)))))
        after: str | None = ""
        while after is not None:
            after, keys = await self._store.read(
                lambda db, after=after: ledger.restless(db, viewer, pair, side, tracker, after, PAGE)  # type: ignore[misc]
            )
            found |= dict.fromkeys(keys)
        return found

    async def _load(self, half: Half, keys: Iterable[str]) -> None:
        account, wanted = self._sides.account(half.side), [key for key in keys if key not in half.subjects]
        for piece in pieces(wanted, AT_ONCE):
            known, rows, rated = await self._store.read(
                lambda db, piece=piece: (  # type: ignore[misc]
                    subjects.those(db, account, piece),
                    records.of_keys(db, account, piece),
                    records.ratings(db, account, piece),
                )
            )
            half.subjects |= {key: known[key] for key in piece if key in known}
            half.names |= {key: _interned(identity(subject)) for key, subject in known.items()}
            half.rated |= rated
            for row in rows:
                half.rows[row.record.key].append(row)

    async def _load_named(self, halves: tuple[Half, Half], asked: dict[Side, set[str]]) -> None:
        names = {name for half in halves for name in half.names.values() if name is not None}
        for half in halves:
            account = self._sides.account(half.side)
            for piece in pieces(sorted(names - asked[half.side]), 200):
                keys = await self._store.read(
                    lambda db, piece=piece, account=account: subjects.keys_named(db, account, piece)  # type: ignore[misc]
                )
                await self._load(half, keys)
            asked[half.side] |= names

    async def _load_placed(self, halves: tuple[Half, Half]) -> None:
        """What of one side stands at a key of the other, under whatever name."""
        (a, b), whose = halves, (self._sides.viewer, self._sides.a, self._sides.b)
        if not await self._store.read(lambda db: subjects.any_placed(db, whose)):
            return
        for half, other_half, read in ((a, b, subjects.placed_at), (b, a, subjects.placed_from)):
            for piece in pieces(list(half.subjects), 200):
                keys = await self._store.read(lambda db, read=read, piece=piece: read(db, whose, piece))  # type: ignore[misc]
                await self._load(other_half, keys)


def _interned(name: str | None) -> str | None:
    """Both sides have the same text for most things; one of them is enough."""
    return None if name is None else sys.intern(name)

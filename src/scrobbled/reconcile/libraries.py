"""A side that is a library, laid out for ``core``: its states beside its history, and the other side's bulk."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.agreeing.bulk import in_bulk
from scrobbled.core.agreeing.ledger import HeldState, LeftMark, PlayGroup, Policy
from scrobbled.core.agreeing.lineup import Moments, reach, window
from scrobbled.core.agreeing.plan import Side, other
from scrobbled.core.agreeing.viewed import ViewedCopy, is_as_left, last_viewed, together, viewing
from scrobbled.core.errors import ConfigError
from scrobbled.core.kinds import COLLECTION, ITEMS, WATCHED
from scrobbled.core.naming.items import Media
from scrobbled.core.records import Subject
from scrobbled.core.sending.change import of_side
from scrobbled.core.words.meant import meant
from scrobbled.reconcile.leaving import Departures, stands_of
from scrobbled.reconcile.loading import LoadedSide
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.store.file.codec import instant
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import library, records
from scrobbled.store.mirror.records import GONE, MirroredPlay
from scrobbled.store.mirror.values import MirroredValue
from scrobbled.store.queue import written

Row = TypeVar("Row")
Place = TypeVar("Place")
ASKED = 200
PAGE = 1_000
"""Rows in one read of the database; they are short."""
EXPLAINED = timedelta(hours=1)
"""A history row this close to it explains the time of a thing, for telling what was ticked off together."""


class LibraryView(Struct, frozen=True):
    """What is known of the library of a pair, and of the other side, as a whole."""

    side: Side
    until: datetime
    place_of: str
    """The source that is the same place."""
    marks: Mapping[str, LeftMark]
    """By canonical key."""
    together: Set[str]
    """Keys of things that were ticked off together."""
    bulk: Set[str]
    """Ids of records of the other side that were entered in bulk."""
    begins: bool = False
    """Its times are those when a viewing began."""
    departures: Departures | None = None
    """Where what leaves the library is removed from the other side's collection."""

    def told(self, half: LoadedSide) -> None:
        """Add the viewings that the states of ``half``, a part of the library, tell of to its rows."""
        for key, subject in half.subjects.items():
            state = self.state(half, key)
            if state is None:
                continue
            gap = window(subject.runtime, _media(subject))
            rows = [row.record for row in half.rows.get(key, ())]
            record = viewing(key, state, rows, gap, self.until, several=len(_servers(subject)) > 1)
            if record is not None:
                half.rows[key].append(MirroredPlay(record, 0, None, False))

    def holds(self, half: LoadedSide, key: str) -> bool:
        """Whether a thing is there for certain. With one that is not, nothing of it was taken away by anybody."""
        item = half.valued.get(key, {}).get(ITEMS)
        return item is not None and not item.missed and isinstance(item.value, Mapping)

    def state(self, half: LoadedSide, key: str) -> HeldState | None:
        """What the library says of a thing; ``None`` of what is not there for certain."""
        if not self.holds(half, key):
            return None
        valued = half.valued[key]
        item, watched = valued[ITEMS], valued.get(WATCHED)
        assert isinstance(item.value, Mapping)
        resumed = item.value.get("resumed_at")
        state = HeldState(
            resumed_at=instant(resumed) if isinstance(resumed, int | float) else None,
            mark=self.marks.get(half.canon[key]),
        )
        return state if watched is None else self._watched(state, watched, half.subjects[key])

    def _watched(self, state: HeldState, watched: MirroredValue, subject: Subject) -> HeldState:
        value = watched.value if isinstance(watched.value, Mapping) else {}
        if watched.missed:
            return self._unwatched(state, watched, value, subject)
        last = last_viewed(_copies(watched, value), state.mark, several=len(_servers(subject)) > 1)
        return HeldState(
            count=int(value.get("count", 1)),
            at=last.at,
            begun=last.begun,
            is_bulk=watched.key in self.together,
            resumed_at=state.resumed_at,
            mark=state.mark,
        )

    def _unwatched(
        self, state: HeldState, watched: MirroredValue, value: Mapping[str, Any], subject: Subject
    ) -> HeldState:
        """It was watched there. What we took back ourselves, as we had left it, nobody has unmarked."""
        at = None if watched.at is None else instant(watched.at)
        before = replace(state, count=int(value.get("count", 1)), at=at)
        if state.mark is not None and state.mark.taken and is_as_left(before):
            return replace(state, mark=None)
        on = value.get("on") or subject.places
        same = not on or bool(set(on) & set(subject.places))  # what was added anew has no state of its own yet
        gone, sure = instant(watched.since) if same else None, bool(value.get("on")) and watched.missed >= GONE
        return replace(state, unwatched_at=gone, is_sure=sure)


class KnownPlays(Struct, frozen=True):
    """What we know of records of the other side, by their ids."""

    home: set[str] = field(default_factory=set)
    """They came from the very place that the library is."""
    entered: dict[str, datetime] = field(default_factory=dict)
    """We entered them without a date then."""


async def library_view(store: Store, sides: Sides, made: Policy, place_of: str) -> LibraryView | None:
    """``None`` where neither side is a library."""
    side = made.library
    if side is None:
        return None
    here, there = sides.account(side), sides.account(other(side))
    marks = await _all(store, partial(library.marks, account=here), 0, lambda one: one[1].id)
    watched = await _all(store, partial(library.watched, account=here), ("", 0.0), lambda one: one)
    viewed = await _all(store, partial(library.viewed, account=here), ("", 0.0), lambda one: one)
    timed = await _all(store, partial(library.timed, account=there), "", lambda one: one.id)
    found = await asyncio.to_thread(_ticked_together, watched, viewed)
    bulk, left = await asyncio.to_thread(in_bulk, timed), await _departures(store, sides, made)
    return LibraryView(side, made.until, place_of, dict(marks), found, bulk, of_side(made.begins, side), left)


async def _departures(store: Store, sides: Sides, made: Policy) -> Departures | None:
    """``None`` where nothing is removed for it, so that nothing has to be known."""
    here = made.library
    if here is None or made.removal(COLLECTION) == "ignore" or made.way(COLLECTION) == "off":
        return None
    account, there = sides.account(here), sides.account(other(here))
    items = await _all(store, partial(library.stands, account=account, pair=sides.pair), "", lambda one: one.key)
    own = await _all(store, partial(written.entered, account=there, kind=COLLECTION), 0, lambda one: one[0])
    state = await store.read(lambda db: records.state(db, account))
    stands = await asyncio.to_thread(stands_of, items)
    entries = {key: entry for _, key, entry in own}
    return Departures(stands, entries, instant(state.full_at), made.removals_percent)


def reported(group: PlayGroup, side: Side, view: LibraryView | None) -> tuple[timedelta, timedelta]:
    """How far from the time of a record of that side other reports of its viewing lie; see ``lineup.reach``."""
    begins = view is not None and view.begins and view.side == side
    return reach(window(group.runtime, group.media), begins=begins)


async def _all(
    store: Store, page: Callable[..., Sequence[Row]], after: Place, place: Callable[[Row], Place]
) -> list[Row]:
    """All rows, a few at a time, so that no webhook waits for them; ``place`` is where a row stands."""
    found: list[Row] = []
    while rows := await store.read(lambda db, after=after: page(db, after=after, limit=PAGE)):  # type: ignore[misc]
        found += rows
        after = place(rows[-1])
    return found


async def refuse_unknown(store: Store, sides: Sides, made: Policy) -> None:
    """Raises ``ConfigError`` where one library is wanted, and what is known of that side is in others."""
    if not made.within or made.library is None:
        return
    account = sides.account(made.library)
    known = await store.read(lambda db: library.titles(db, account))
    if known and made.within.strip().casefold() not in {title.strip().casefold() for title in known}:
        name = sides.name(made.library)
        new = "; one that is new there is found where everything is read again"
        raise ConfigError([f"{name} has no library {made.within} that is read, {meant(made.within, known)}{new}"])


def _ticked_together(watched: list[tuple[str, float]], viewed: list[tuple[str, float]]) -> frozenset[str]:
    times: dict[str, list[datetime | None]] = defaultdict(list)
    for key, at in viewed:
        times[key].append(instant(at))
    alone = ((key, instant(at)) for key, at in watched)
    return together((key, at) for key, at in alone if not Moments(times.get(key, ())).has_near(at, EXPLAINED))


async def known_plays(store: Store, sides: Sides, view: LibraryView | None, half: LoadedSide) -> KnownPlays:
    """``half`` is a part of the other side."""
    found = KnownPlays()
    if view is None:
        return found
    account = sides.account(other(view.side))
    ids = [row.record.id for rows in half.rows.values() for row in rows if row.play is not None]
    for piece in pieces(ids, ASKED):
        home, entered = await store.read(
            lambda db, piece=piece: (  # type: ignore[misc]
                library.came_from(db, account, view.place_of, piece) if view.place_of else set(),
                library.entered(db, account, piece),
            )
        )
        found.home.update(home)
        found.entered.update({id_: instant(at) for id_, at in entered.items()})
    return found


def _copies(watched: MirroredValue, value: Mapping[str, Any]) -> list[ViewedCopy]:
    """What each says, where several are watched."""
    if each := value.get("each"):
        return [_copy(one, one.get("at")) for one in each]
    return [_copy(value, watched.at)]


def _copy(said: Mapping[str, Any], at: float | None) -> ViewedCopy:
    return ViewedCopy(int(said.get("count", 1)), None if at is None else instant(at), bool(said.get("begun")))


def _media(subject: Subject) -> Media:
    return "movie" if subject.scope == "movie" else "episode"


def _servers(subject: Subject) -> set[str]:
    return {place.partition("/")[0] for place in subject.places}

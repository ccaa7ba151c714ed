"""A library beside a tracker: its viewings are compared like any, and of what was watched elsewhere it gets a tick.

Where the library is one side, "watched" there is a state and no list: its time moving gives no play of the other side
another time, a thing gets one tick however often it was watched, and a count is never blown up into plays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from scrobbled.core.agreeing.compare import compare_plays
from scrobbled.core.agreeing.ledger import HeldPlay, HeldState, ItemPlan, Link, LinkState, PlayGroup, Policy
from scrobbled.core.agreeing.lineup import is_dated, reach, window
from scrobbled.core.agreeing.viewed import is_as_left
from scrobbled.core.agreeing.writing import ChangeWriter
from scrobbled.core.kinds import PLAYS
from scrobbled.core.records import DatePrecision
from scrobbled.core.sending.change import Change, Side, left, of_side, other


def compare_item(group: PlayGroup, policy: Policy) -> ItemPlan:
    """What the plays of one item want, whatever the two sides keep of them."""
    library = policy.library
    if library is None:
        return compare_plays(group, policy)
    return _LibraryItem(group, policy, library).plan()


class _LibraryItem:
    """One item; ``here`` is the library."""

    def __init__(self, group: PlayGroup, policy: Policy, here: Side) -> None:
        self._here, self._there, self._policy = here, other(here), policy
        self._pen, self._state = ChangeWriter(group, policy), group.state(here) or HeldState()
        self._held = group.state(here) is not None
        self._undated = [row for row in group.rows(here) if not is_dated(row.record)]
        self._group = _as_plays(group, here)
        self._own = {row.record.id: row.record.at for row in self._group.rows(here)}
        if of_side(policy.begins, here):
            self._group = _as_reported(self._group, here)

    def plan(self) -> ItemPlan:
        found = compare_plays(_meant(self._group, self._here), self._towards_there())
        found = replace(found, links=tuple(map(self._with_own_time, found.links)))
        removed = list(self._removed())
        if removed:
            taken = {change.target for change in removed}
            rest = tuple(one for one in found.changes if one.target not in taken)
            return replace(found, changes=(*rest, *removed))
        changes, codes = list(found.changes), list(found.left)
        for one in (self._corrected(found), self._dateless(), self._ticked(), self._unticked()):
            changes += one[0]
            codes += one[1]
        return replace(found, changes=tuple(changes), left=(*codes, *self._uncounted()))

    def _towards_there(self) -> Policy:
        """Nothing is added, moved or removed in a library, and a row that its history lacks takes nothing away."""
        way = "off" if not self._pen.may(self._there) else "a-to-b" if self._there == "b" else "b-to-a"
        return replace(self._policy, ways={PLAYS: way}, removals={}, ticks="ignore")

    def _with_own_time(self, link: Link) -> Link:
        """Also where the library's viewing was compared at the time that the other side reports."""
        own = self._own.get(link.id(self._here) or "", link.at(self._here))
        return replace(link, a_at=own) if self._here == "a" else replace(link, b_at=own)

    def _rows(self) -> list[HeldPlay]:
        """What the other side has now."""
        return [row for row in self._group.rows(self._there) if row.there]

    def _removed(self) -> Iterator[Change]:
        """A person unmarked it in the library: what we had brought from there goes, and nothing else does."""
        if not (self._held and self._state.unwatched_at and self._state.is_sure) or self._state.is_watched:
            return
        if self._policy.removal(PLAYS) == "ignore" or not self._pen.may(self._there):
            return
        for link in self._group.links:
            row = next((one for one in self._rows() if one.record.id == link.id(self._there)), None)
            if row is None or link.id(self._here) is None or link.state is not LinkState.AGREED:
                continue
            if row.ours and not row.record.personal and _is_before(row, self._state.unwatched_at):
                yield self._pen.remove(self._there, row)

    def _corrected(self, found: ItemPlan) -> tuple[list[Change], list[str]]:
        """What was entered in bulk gets the library's time, where a person asked for that."""
        if not self._pen.may_retime(self._there):
            return [], []
        links = (*self._group.links, *found.links)
        agreed = {link.id(self._there): link.id(self._here) for link in links if link.state is LinkState.AGREED}
        bulk = (row for row in self._rows() if row.is_bulk and row.record.id in agreed)
        retimed = (self._retimed(row, agreed[row.record.id]) for row in bulk)
        changes = [one for one in retimed if one is not None]
        return (changes, []) if self._policy.correct_dates else ([], [left("bulk", self._there)] * len(changes))

    def _retimed(self, row: HeldPlay, like: str | None) -> Change | None:
        mine = next((one for one in self._group.rows(self._here) if one.record.id == like), None)
        if mine is None or not is_dated(mine.record):
            return None
        return self._pen.retime(self._there, row, mine, "another program entered it without its date", ask=False)

    def _dateless(self) -> tuple[list[Change], list[str]]:
        """Watched in the library, nobody knows when, and the other side never had it."""
        fresh = [row for row in self._undated if not row.settled]
        if not fresh or self._group.rows(self._there) or not self._pen.may_add(self._there):
            return [], []
        row, undated = fresh[0], self._policy.undated
        if undated == "leave":
            return [], [left("dateless", self._here)]
        if undated == "marked":
            at = row.record.made_at
            return ([self._pen.add(self._there, row, at)], []) if at else ([], [left("dateless", self._here)])
        if undated == "released" and self._group.media not in of_side(self._policy.by_release, self._there):
            undated = "unknown"
        return [self._pen.add(self._there, row, None, undated)], []

    def _ticked(self) -> tuple[list[Change], list[str]]:
        rows = self._rows()
        if not self._held or not rows or self._state.is_watched or not self._pen.may_add(self._here):
            return [], []
        latest = max(rows, key=_moment)
        if all(row.is_home for row in rows) or self._is_decided(latest):
            return [], []
        if self._state.resumed_at is not None and _is_before(latest, self._state.resumed_at):
            return [], [left("begun", self._here)]
        return [self._pen.tick(self._here, latest)], []

    def _is_decided(self, latest: HeldPlay) -> bool:
        """Whether somebody took the mark away since the other side last had a viewing: it is not set again.

        A mark may have been given the time of that viewing, so that it counts also when we set out to make it.
        """
        mark, gone = self._state.mark, self._state.unwatched_at
        since = max((at for at in (gone, *((mark.at, mark.begun) if mark else ())) if at), default=None)
        return since is not None and _is_before(latest, since)

    def _unticked(self) -> tuple[list[Change], list[str]]:
        """What was removed on the other side is unmarked, if the mark is ours and as we left it."""
        rows = self._group.rows(self._there)
        if self._policy.removal(PLAYS) == "ignore" or not self._pen.may(self._here) or not is_as_left(self._state):
            return [], []
        if not rows or not all(row.gone for row in rows) or self._group.rows(self._here):
            return [], []
        assert self._state.mark is not None  # of what we left
        return [self._pen.untick(self._here, self._state.mark)], []

    def _uncounted(self) -> list[str]:
        """Viewings that the library counts and that have a date nowhere."""
        if not self._pen.may(self._there) or not self._state.is_watched or self._undated:
            return []
        told = max(len(self._group.rows(self._here)), len(self._rows()), 1)
        return [left("uncounted", self._here)] * max(0, self._state.count - told)


def _as_plays(group: PlayGroup, here: Side) -> PlayGroup:
    """The viewings of both sides: of the library those with a time, of the other side what was entered in bulk as what
    nobody knows the time of."""
    mine = tuple(replace(row, missed=0) for row in group.rows(here) if is_dated(row.record))
    theirs = tuple(_entered(row) for row in group.rows(other(here)))
    a, b = (mine, theirs) if here == "a" else (theirs, mine)
    return replace(group, a=a, b=b)


def _as_reported(group: PlayGroup, here: Side) -> PlayGroup:
    """The library tells when a viewing began, and others when it ended: what is new there gets the time of the report
    on the other side that is closest to when it must have ended, if there is one.
    """
    linked = {link.id(side) for link in group.links for side in (here, other(here))}
    there = (row.record.at for row in group.rows(other(here)) if row.there and row.record.id not in linked)
    free = sorted(at for at in there if at is not None)
    late, gap = reach(window(group.runtime, group.media), begins=True)
    mine: list[HeldPlay] = []
    for row in group.rows(here):
        at = row.record.at
        near = [] if at is None or row.record.id in linked else [one for one in free if abs(one - at - late) < gap]
        if at is not None and near:
            found = min(near, key=lambda one: abs(one - at - late))
            free.remove(found)
            row = replace(row, record=replace(row.record, at=found))
        mine.append(row)
    return replace(group, a=tuple(mine)) if here == "a" else replace(group, b=tuple(mine))


def _meant(group: PlayGroup, here: Side) -> PlayGroup:
    """Without what we entered without a date, where all that the library has more was watched after that."""
    known = {link.id(here) for link in group.links if link.id(other(here)) is not None}
    open_ = [row.record.at for row in group.rows(here) if not row.settled and row.record.id not in known]
    theirs = tuple(row for row in group.rows(other(here)) if _may_be(row, open_))
    return replace(group, b=theirs) if here == "a" else replace(group, a=theirs)


def _may_be(row: HeldPlay, viewings: Sequence[datetime | None]) -> bool:
    """Whether it may stand for one of these."""
    entered = row.entered_at
    return entered is None or is_dated(row.record) or any(at is not None and at <= entered for at in viewings)


def _entered(row: HeldPlay) -> HeldPlay:
    if not row.is_bulk:
        return row
    return replace(row, record=replace(row.record, kept=DatePrecision.NONE))


def _moment(row: HeldPlay) -> tuple[float, str]:
    at = row.record.at or row.record.made_at
    return (at.timestamp() if at else 0.0), row.record.id


def _is_before(row: HeldPlay, moment: datetime) -> bool:
    at = row.record.at or row.record.made_at
    return at is None or at < moment

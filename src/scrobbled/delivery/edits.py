"""What is found out about amendments before they are carried out: where each goes, and which edit it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from msgspec import Struct

from scrobbled.core.errors import NotInCatalogue, Refused, Uncertain
from scrobbled.core.kinds import KINDS, PLAYS, Kind
from scrobbled.core.naming.corrections import Correction, corrected
from scrobbled.core.records import Subject, about
from scrobbled.core.sending.judge import Later, Settled, not_taken
from scrobbled.core.watching.plays import rounded
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.store.mirror import viewings
from scrobbled.store.queue import outbox
from scrobbled.store.queue.amendment import Amendment
from scrobbled.trackers.base import (
    Addition,
    Address,
    Edit,
    Flag,
    Receipt,
    Remove,
    Retime,
    SetValue,
    Tick,
    Tracker,
    Untick,
)

PLAY_FIRST = "the viewing that it belongs to is on its way"
PLAY_FIRST_WAIT = 10.0
NOT_THERE = "it is not there any more"


class Sought(Struct, frozen=True):
    """An amendment, and where the tracker keeps what it is about."""

    amendment: Amendment
    address: Address


class FoundEdit(Struct, frozen=True):
    """What is to be done, or what it comes to without that. ``handle`` is of a play that was looked for."""

    sought: Sought
    edit: Edit | Settled | Later
    handle: str = ""


async def locate(account: TrackerAccount, amendment: Amendment, known: Sequence[Correction]) -> Sought | Settled:
    """Raises as every call to a tracker, also for what concerns this one alone."""
    written, subject = amendment.written, amendment.wish.subject
    if written is not None and written.address_key is not None:
        return Sought(amendment, Address(written.address_key, written.address))
    if subject is None:
        raise Refused("nobody said what it is about")
    if not amendment.wish.details.as_is:
        meant = corrected(subject.item, account.viewer, known)
        if why := meant.left_out(account.tracker.can.media):
            return Settled(PlayOutcome.UNWANTED, why)
        subject = about(subject, meant.item)
    return Sought(amendment, await _address(account.tracker, amendment.wish.kind, subject))


async def _address(tracker: Tracker, kind: Kind, subject: Subject) -> Address:
    if kind in tracker.can.beyond:
        return await tracker.beyond.locate_beyond(subject)
    return await tracker.amends.locate_subject(subject)


async def find(account: TrackerAccount, located: Sequence[Sought]) -> list[FoundEdit]:
    """Raises as every call to a tracker, where a play had to be looked for."""
    first = await account.store.read(lambda db: _that_wait_for_a_play(db, account, located))
    found: dict[int, FoundEdit] = {}
    removals: list[Sought] = []
    for one in located:
        if one.amendment.id in first:
            found[one.amendment.id] = FoundEdit(one, Later(PLAY_FIRST, PLAY_FIRST_WAIT))
        elif one.amendment.wish.action == "remove":
            removals.append(one)
        else:
            found[one.amendment.id] = FoundEdit(one, _or_refused(account, one))
    found |= {one.sought.amendment.id: one for one in await _removals(account, removals)}
    return [found[one.amendment.id] for one in located]


def _that_wait_for_a_play(db: sqlite3.Connection, account: TrackerAccount, located: Sequence[Sought]) -> set[int]:
    """A rating belongs on the row of its viewing, and that may be on its way, or be there without our knowing."""
    whose = account.viewer, account.name
    values = [one for one in located if one.amendment.wish.kind != PLAYS]
    return {one.amendment.id for one in values if outbox.is_on_its_way(db, *whose, one.address.key)}


def _or_refused(account: TrackerAccount, one: Sought) -> Edit | Settled:
    try:
        return _edit(account, one.amendment, one.address)
    except Refused as error:
        return not_taken(error)


def _edit(account: TrackerAccount, amendment: Amendment, address: Address) -> Edit:
    wish, details = amendment.wish, amendment.wish.details
    if wish.kind != PLAYS:
        value = None if wish.action == KINDS[wish.kind].cleared else details.value
        return SetValue(wish.kind, address, value, details.rated_at)
    if wish.action == "tick":
        return Tick(address, details.at)
    if wish.action == "untick":
        return Untick(address)
    if wish.action == "flag":
        return Flag(address, details.remote_id, bool(details.rewatch))
    if details.watched_at is None:
        raise Refused("nobody said which time it should have")
    return Retime(address, details.remote_id, rounded(details.watched_at, account.tracker.can.precision))


# -- what is removed --------------------------------------------------------------------------------------------------


async def _removals(account: TrackerAccount, removals: Sequence[Sought]) -> list[FoundEdit]:
    """By the tracker's handle wherever it has one, so that a repeat cannot take another play of that minute."""
    if not removals:
        return []
    nameless = [one for one in removals if not _handle(one.amendment)]
    others = await account.store.read(lambda db: _others(db, nameless))
    wanted = {one.amendment.id: _as_sent(account, one, others) for one in removals}
    receipts = await _receipts(account, [one for one in nameless if wanted[one.amendment.id] is not None], wanted)
    return [_removal(one, wanted[one.amendment.id], receipts) for one in removals]


def _handle(amendment: Amendment) -> str:
    written = amendment.written
    return amendment.wish.details.remote_id or (written.remote_id if written else "")


def _others(db: sqlite3.Connection, nameless: Sequence[Sought]) -> dict[int, frozenset[str]]:
    """Of what we brought without a date, and look for by its item: the plays of that which are none of it."""
    changes = {one.amendment.id: one.amendment.wish.change_id for one in nameless if _undated(one.amendment)}
    return {id_: viewings.others_of(db, change) for id_, change in changes.items() if change is not None}


def _undated(amendment: Amendment) -> str:
    return amendment.written.undated if amendment.written else ""


def _as_sent(account: TrackerAccount, one: Sought, others: Mapping[int, frozenset[str]]) -> Addition | None:
    """``None`` where nobody said which play it is."""
    written = one.amendment.written
    watched_at = one.amendment.wish.details.watched_at or (written.watched_at if written else None)
    undated, known = _undated(one.amendment), others.get(one.amendment.id, frozenset())
    if watched_at is None and not (_handle(one.amendment) or undated):
        return None
    at = watched_at and rounded(watched_at, account.tracker.can.precision)
    return Addition(one.amendment.id, one.address, at, undated=undated, known=known)


async def _receipts(
    account: TrackerAccount, nameless: Sequence[Sought], wanted: Mapping[int, Addition | None]
) -> dict[int, Receipt | Settled | None]:
    """What those without a handle are found as; ``None`` for what is not there."""
    plays = [play for one in nameless if (play := wanted[one.amendment.id]) is not None]
    if not plays:
        return {}
    try:
        found = await account.tracker.adds.find_plays(plays)
    except (NotInCatalogue, Uncertain, Refused) as error:
        if len(plays) == 1:
            return {plays[0].id: not_taken(error)}
        alone = [await _receipts(account, [one], wanted) for one in nameless]
        return {id_: receipt for told in alone for id_, receipt in told.items()}
    return {play.id: receipt for play, receipt in zip(plays, found, strict=True)}


def _removal(one: Sought, sent: Addition | None, receipts: Mapping[int, Receipt | Settled | None]) -> FoundEdit:
    if sent is None:
        return FoundEdit(one, not_taken(Refused("nobody said which play it is")))
    stamp, handle = one.amendment.wish.details.stamp, _handle(one.amendment)
    if sent.id not in receipts:
        return FoundEdit(one, Remove(sent.address, sent.watched_at, handle, stamp))
    receipt = receipts[sent.id]
    if receipt is None:
        return FoundEdit(one, Settled(PlayOutcome.DELIVERED, NOT_THERE))
    if isinstance(receipt, Settled):
        return FoundEdit(one, receipt)
    return FoundEdit(one, Remove(sent.address, sent.watched_at, receipt.remote_id, stamp), receipt.remote_id)

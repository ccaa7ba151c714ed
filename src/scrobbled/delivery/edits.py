"""What is found out about an amendment before it is carried out: where it goes, and which edit it is there."""

from __future__ import annotations

from scrobbled.core.errors import Refused
from scrobbled.core.kinds import KINDS, PLAYS
from scrobbled.core.naming.corrections import corrected
from scrobbled.core.records import about
from scrobbled.core.sending.judge import Later, Settled
from scrobbled.core.watching.plays import rounded
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.store.mirror import viewings
from scrobbled.store.queue import amendments, corrections, outbox
from scrobbled.store.queue.amendment import Amendment
from scrobbled.trackers.base import Addition, Address, Edit, Flag, Remove, Retime, SetValue, Tick, Untick

PLAY_FIRST = "the viewing that it belongs to is on its way"
PLAY_FIRST_WAIT = 10.0
NOT_THERE = "it is not there any more"


async def find(account: TrackerAccount, amendment: Amendment) -> Edit | Settled | Later:
    """Raises as every call to a tracker, also for what concerns this one alone."""
    address = await _address(account, amendment)
    if isinstance(address, Settled):
        return address
    if amendment.wish.kind != PLAYS and await _comes_with_a_play(account, address):
        return Later(PLAY_FIRST, PLAY_FIRST_WAIT)
    if amendment.wish.action == "remove":
        return await _removal(account, amendment, address)
    return _edit(account, amendment, address)


async def _comes_with_a_play(account: TrackerAccount, address: Address) -> bool:
    """A rating belongs on the row of its viewing, and that may be on its way, or be there without our knowing."""
    whose = account.viewer, account.name
    return await account.store.read(lambda db: outbox.is_on_its_way(db, *whose, address.key))


async def _address(account: TrackerAccount, amendment: Amendment) -> Address | Settled:
    written, subject = amendment.written, amendment.wish.subject
    if written is not None and written.address_key is not None:
        return Address(written.address_key, written.address)
    if subject is None:
        raise Refused("nobody said what it is about")
    if not amendment.wish.details.as_is:
        known = await account.store.read(lambda db: corrections.in_force(db, account.viewer))
        meant = corrected(subject.item, account.viewer, known)
        if why := meant.left_out(account.tracker.can.media):
            return Settled(PlayOutcome.UNWANTED, why)
        subject = about(subject, meant.item)
    address = await account.tracker.amends.locate_subject(subject)
    await account.store.write(lambda db: amendments.located(db, amendment.id, address.key))
    return address


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


async def _removal(account: TrackerAccount, amendment: Amendment, address: Address) -> Edit | Settled:
    """By the tracker's handle wherever it has one, so that a repeat cannot take another play of that minute."""
    details, written = amendment.wish.details, amendment.written
    watched_at = details.watched_at or (written.watched_at if written else None)
    undated = written.undated if written else ""
    remote_id = details.remote_id or (written.remote_id if written else "")
    if watched_at is None and not (remote_id or undated):
        raise Refused("nobody said which play it is")
    at = None if watched_at is None else rounded(watched_at, account.tracker.can.precision)
    if not remote_id:
        known = await _others(account, amendment) if at is None else frozenset()
        sought = Addition(amendment.id, address, at, undated=undated, known=known)
        (receipt,) = await account.tracker.adds.find_plays([sought])
        if receipt is None:
            return Settled(PlayOutcome.DELIVERED, NOT_THERE)
        remote_id = receipt.remote_id
        if remote_id:
            await account.store.write(lambda db: amendments.found(db, amendment.id, remote_id))
    return Remove(address, at, remote_id, details.stamp)


async def _others(account: TrackerAccount, amendment: Amendment) -> frozenset[str]:
    change = amendment.wish.change_id
    assert change is not None, "only what we brought without a date is looked for by its item"
    return await account.store.read(lambda db: viewings.others_of(db, change))

"""Our own writes to a library, which come back as news of the media server: they are no viewing, rating or removal."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from scrobbled.core.agreeing.viewed import CLOSE, SYNCED
from scrobbled.core.kinds import kind_of
from scrobbled.core.naming.identity import same_item
from scrobbled.core.naming.things import names_of
from scrobbled.core.records import Subject, identity
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import Session
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.intake.claimants import Claimant, HeardEcho
from scrobbled.store.inbox import events
from scrobbled.store.mirror import subjects
from scrobbled.store.queue import written
from scrobbled.store.queue.written import OwnWrite, WriteWindow

ECHO = Reason("our own write to that library, come back as news", Code.OUR_WRITE)
_ACTIONS: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.WATCHED: ("tick",),
    EventKind.UNWATCHED: ("untick",),
    EventKind.RATED: ("rate",),
    EventKind.UNRATED: ("unrate",),
}
"""What of ours may be heard of as such an event."""


def own_write(db: sqlite3.Connection, event: PlaybackEvent, claimant: Claimant) -> HeardEcho | None:
    """Where it tells of what we wrote, at the time when we did; however late it is told: then nothing comes of it.

    Whoever watches has a session, and that is never taken for ours.
    """
    actions = _ACTIONS.get(event.kind, ())
    if not claimant.home or not actions or event.item is None or _is_watched(db, event, claimant):
        return None
    names, window = names_of(event.scope or event.item.media, event.item), _window(event)
    for library in claimant.home:
        account = (claimant.viewer, library)
        known = subjects.keys_named(db, account, names) or None  # what goes by no name there is found by its title
        for one in written.within(db, account, actions, window, known):
            if _is_of_that_moment(one, event) and _tells(one, event):
                return HeardEcho(claimant.viewer, library, kind_of(one.action))
    return None


def _window(event: PlaybackEvent) -> WriteWindow:
    """Of all that may be of that moment, see ``_is_of_that_moment``."""
    at, close = event.occurred_at.timestamp(), CLOSE.total_seconds()
    server = event.item.origin.server if event.item and event.item.origin else ""
    return WriteWindow(at - SYNCED.total_seconds(), at - close, at + close, server)


def _is_watched(db: sqlite3.Connection, event: PlaybackEvent, claimant: Claimant) -> bool:
    """Whether somebody was seen to play it up to now."""
    if event.kind is not EventKind.WATCHED or event.marked:
        return False
    session: Session = events.load_session(db, f"{claimant.viewer}|{event.session_key()}")
    return session.seen_from is not None


def _is_of_that_moment(one: OwnWrite, event: PlaybackEvent) -> bool:
    """A person's other servers tell of a mark for days, where their states are synchronised. A mark that was given a
    time is told with that, and whoever marks at that very time says nothing that we do not know.
    """
    at, close = event.occurred_at.timestamp(), CLOSE.total_seconds()
    if one.told_at is not None and abs(at - one.told_at) <= close:
        return True
    if one.done_at is None:
        return at >= one.asked_at - close
    if abs(at - one.done_at) <= close:
        return True
    return one.action == "tick" and _is_elsewhere(one, event) and at > one.done_at


def _is_elsewhere(one: OwnWrite, event: PlaybackEvent) -> bool:
    servers = {place.partition("/")[0] for place in one.subject.places}
    server = event.item.origin.server if event.item and event.item.origin else ""
    return bool(server) and bool(servers) and server not in servers


def _tells(one: OwnWrite, event: PlaybackEvent) -> bool:
    assert event.item is not None
    if event.kind is EventKind.RATED and one.value != event.rating:
        return False
    heard = Subject("", event.scope or event.item.media, event.item)
    if one.subject.scope != heard.scope:
        return False
    name = identity(heard)
    return (name is not None and name == identity(one.subject)) or same_item(one.subject.item, event.item)

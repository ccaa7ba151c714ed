"""Whose an event is, and what holds for them: asked for every event, answered from the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import Removals
from scrobbled.core.kinds import Kind
from scrobbled.core.naming.items import Item, Media
from scrobbled.core.sending.safety import USUAL, WriteLimits
from scrobbled.core.watching.events import RATINGS, EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.rules import RuleLevel, counts, rules_of
from scrobbled.core.watching.sessions import TEST_EVENT, Rules, Session
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.core.words.reasons import UNREAD, Code, Reason, coded
from scrobbled.store.inbox import events

Marks = Literal["play", "tick", "ignore"]
RATINGS_OFF = "ratings are switched off"
MARKS_OFF = "marks are switched off"
UNKNOWN_LIBRARY = "library not known"


class Destination(Struct, frozen=True):
    """One tracker of one viewer, what it takes, and what else it can hold."""

    tracker: str
    takes: frozenset[Media]
    amends: frozenset[Kind] = frozenset()
    ticks: bool = False
    adds: bool = True

    def rates(self, item: Item) -> bool:
        return "ratings" in self.amends and item.media in self.takes


class Claimant(Struct, frozen=True):
    """A viewer who lists the account an event came from, with what holds for this source."""

    viewer: str
    rules: Rules
    """Of items in general; see ``rules_for``."""
    ways: tuple[Destination, ...]
    libraries: frozenset[str]
    """Titles, without case; empty takes all."""
    media: frozenset[Media]
    limits: WriteLimits = USUAL
    levels: tuple[RuleLevel, ...] = ()
    """Only where some rule is about single libraries or media: else ``rules`` holds for all."""
    marks: Marks = "play"
    """What it is when somebody marks something as watched."""
    ratings: bool = True
    removals: Removals = "ignore"
    """What is done when somebody marks something as not watched."""
    home: tuple[str, ...] = ()
    """The viewer's libraries that are the place this source tells of: what we write there comes back as news."""

    def rules_for(self, item: Item | None) -> Rules:
        return rules_of(self.levels, item, listed=self.rules.listed) if self.levels else self.rules


class Household(Protocol):
    """Who is who; built from the configuration."""

    def claimants(self, source: str, names: frozenset[str]) -> Sequence[Claimant]: ...

    def accepts_server(self, source: str, server: str | None) -> bool: ...


class EventRefusal(Struct, frozen=True):
    """Why an event never gets as far as a session, and how it is booked."""

    outcome: EventOutcome
    reason: str


class HeardEcho(Struct, frozen=True):
    """What we wrote to a library of somebody has come back as news of its media server."""

    viewer: str
    library: str
    kind: Kind


class Taken(Struct, frozen=True):
    """What became of one webhook. ``accounts`` are the (viewer, tracker) that got something to deliver."""

    event_id: int
    outcome: EventOutcome
    reason: str
    plays: tuple[tuple[int, str, Media], ...] = ()
    accounts: frozenset[tuple[str, str]] = frozenset()
    echoes: tuple[HeardEcho, ...] = ()


def unwanted(event: PlaybackEvent, claimant: Claimant) -> str | None:
    """Why this viewer does not want it, whatever happened before."""
    assert event.item is not None
    if event.item.media not in claimant.media:
        return f"{event.item.media}s are switched off"
    library = (event.item.origin.library if event.item.origin else None) or ""
    if claimant.libraries and library.strip().casefold() not in claimant.libraries:
        return "library" if library.strip() else UNKNOWN_LIBRARY
    return None if counts(claimant.levels, event.item) else "left out by a rule"


def no_play(event: PlaybackEvent, claimant: Claimant) -> str | None:
    """Why no play may come of it for this viewer, whatever happened before: also what is ticked off instead."""
    if reason := unwanted(event, claimant):
        return reason
    if event.marked and claimant.marks != "play":
        return MARKS_OFF if claimant.marks == "ignore" else "marks are ticked off"
    return None


def claimed(household: Household, event: PlaybackEvent) -> Sequence[Claimant] | EventRefusal:
    """Who claims an event, one viewer at least; or why it is none of theirs."""
    if event.test:
        return EventRefusal(EventOutcome.UNWANTED, _tested(household, replace(event, test=False)))
    if event.kind is EventKind.IGNORED:
        unread = coded(event.reason).code in UNREAD
        return EventRefusal(EventOutcome.UNREADABLE if unread else EventOutcome.UNWANTED, event.reason)
    if event.item is None:
        return EventRefusal(EventOutcome.UNWANTED, "no item")
    server = event.item.origin.server if event.item.origin else None
    if not household.accepts_server(event.source, server):
        return EventRefusal(EventOutcome.UNWANTED, "server: not one of those listed for this source")
    if event.kind in _OF_THE_LIBRARY:
        return EventRefusal(EventOutcome.UNWANTED, f"{event.kind} is not playback")
    return household.claimants(event.source, event.account.names()) or _unclaimed(event)


def _unclaimed(event: PlaybackEvent) -> EventRefusal:
    name = events.account_label(event)
    return EventRefusal(EventOutcome.UNCLAIMED, listed_by_nobody(name) if name else event.reason or NO_ACCOUNT)


def listed_by_nobody(account: str) -> Reason:
    return Reason(f"{LISTED_BY_NOBODY}{account}", Code.LISTED_BY_NOBODY)


LISTED_BY_NOBODY = "no viewer lists the account "
NO_ACCOUNT = "no account"
"""Why something is unclaimed: nobody lists the account, whose name follows, or the message names none."""
_OF_THE_LIBRARY = frozenset({EventKind.ADDED, EventKind.REMOVED})
"""What nobody did, so that no account is missing."""
WOULD_GO = f"{TEST_EVENT}; a real one would go to "


def _tested(household: Household, event: PlaybackEvent) -> Reason:
    """What would have become of it, were it no test."""
    found = claimed(household, event)
    if isinstance(found, EventRefusal):
        return Reason(f"{TEST_EVENT}; a real one would be {found.outcome}: {found.reason}", Code.TEST_EVENT)
    ways, doubts = [], []
    for claimant in found:
        if doubt := unwanted(event, claimant) or _doubt(event, claimant):
            doubts.append(f"{claimant.viewer}: {doubt}")
        else:
            trackers = ", ".join(way.tracker for way in claimant.ways)
            ways.append(f"{claimant.viewer} ({trackers or 'no tracker'})")
    if not ways:
        return Reason(f"{TEST_EVENT}; a real one would go nowhere ({'; '.join(doubts)})", Code.TEST_EVENT)
    text = f"{WOULD_GO}{' and '.join(ways)}{'; not to ' if doubts else ''}{'; '.join(doubts)}"
    return Reason(text, Code.TEST_COUNTS)


def _doubt(event: PlaybackEvent, claimant: Claimant) -> str:
    if event.kind in RATINGS:
        return "" if claimant.ratings else RATINGS_OFF
    verdict = fold(Session(), event, claimant.rules_for(event.item))[1]
    return str(getattr(verdict, "reason", ""))

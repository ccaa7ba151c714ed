"""Whose an event is, and what holds for them: asked for every event, answered from the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.events import RATINGS, EventKind, PlaybackEvent
from scrobbled.core.items import Item, Media
from scrobbled.core.outcomes import EventOutcome
from scrobbled.core.records import Kind
from scrobbled.core.rules import Level, counts, rules_of
from scrobbled.core.safety import USUAL, Limits
from scrobbled.core.sessions import TEST_EVENT, Rules, Session, fold
from scrobbled.store import inbox

Marks = Literal["play", "tick", "ignore"]
Removals = Literal["ignore", "ask", "propagate"]
RATINGS_OFF = "ratings are switched off"
MARKS_OFF = "marks are switched off"
UNKNOWN_LIBRARY = "library not known"


class Way(Struct, frozen=True):
    """One tracker of one viewer, what it takes, and what else it can hold."""

    tracker: str
    takes: frozenset[Media]
    amends: frozenset[Kind] = frozenset()
    ticks: bool = False

    def rates(self, item: Item) -> bool:
        return "ratings" in self.amends and item.media in self.takes


class Claimant(Struct, frozen=True):
    """A viewer who lists the account an event came from, with what holds for this source."""

    viewer: str
    rules: Rules
    """Of items in general; see ``rules_for``."""
    ways: tuple[Way, ...]
    libraries: frozenset[str]
    """Titles, without case; empty takes all."""
    media: frozenset[Media]
    limits: Limits = USUAL
    levels: tuple[Level, ...] = ()
    """Only where some rule is about single libraries or media: else ``rules`` holds for all."""
    marks: Marks = "play"
    """What it is when somebody marks something as watched."""
    ratings: bool = True
    removals: Removals = "ignore"
    """What is done when somebody marks something as not watched."""

    def rules_for(self, item: Item | None) -> Rules:
        return rules_of(self.levels, item) if self.levels else self.rules


class Household(Protocol):
    """Who is who; built from the configuration."""

    def claimants(self, source: str, names: frozenset[str]) -> Sequence[Claimant]: ...

    def accepts_server(self, source: str, server: str | None) -> bool: ...


class Taken(Struct, frozen=True):
    """What became of one webhook. ``accounts`` are the (viewer, tracker) that got something to deliver."""

    event_id: int
    outcome: EventOutcome
    reason: str
    plays: tuple[tuple[int, str, Media], ...] = ()
    accounts: frozenset[tuple[str, str]] = frozenset()


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


def refusal(household: Household, event: PlaybackEvent) -> tuple[str, EventOutcome] | None:
    """Why an event never gets as far as a session, and how it is booked."""
    if event.test:
        return _tested(household, replace(event, test=False)), EventOutcome.UNWANTED
    if event.kind is EventKind.IGNORED:
        return event.reason, EventOutcome.UNWANTED
    if event.item is None:
        return "no item", EventOutcome.UNWANTED
    server = event.item.origin.server if event.item.origin else None
    if not household.accepts_server(event.source, server):
        return "server: not one of those listed for this source", EventOutcome.UNWANTED
    if event.kind in _OF_THE_LIBRARY:
        return f"{event.kind} is not playback", EventOutcome.UNWANTED
    if not household.claimants(event.source, event.account.names()):
        name = inbox.account_label(event)
        unnamed = event.reason or NO_ACCOUNT
        return (f"{LISTED_BY_NOBODY}{name}" if name else unnamed), EventOutcome.UNCLAIMED
    return None


LISTED_BY_NOBODY = "no viewer lists the account "
NO_ACCOUNT = "no account"
"""Why something is unclaimed: nobody lists the account, whose name follows, or the message names none."""
_OF_THE_LIBRARY = frozenset({EventKind.ADDED, EventKind.REMOVED})
"""What nobody did, so that no account is missing."""
WOULD_GO = f"{TEST_EVENT}; a real one would go to "


def _tested(household: Household, event: PlaybackEvent) -> str:
    """What would have become of it, were it no test."""
    if refused := refusal(household, event):
        reason, outcome = refused
        return f"{TEST_EVENT}; a real one would be {outcome}: {reason}"
    ways, doubts = [], []
    for claimant in household.claimants(event.source, event.account.names()):
        if doubt := unwanted(event, claimant) or _doubt(event, claimant):
            doubts.append(f"{claimant.viewer}: {doubt}")
        else:
            trackers = ", ".join(way.tracker for way in claimant.ways)
            ways.append(f"{claimant.viewer} ({trackers or 'no tracker'})")
    if not ways:
        return f"{TEST_EVENT}; a real one would go nowhere ({'; '.join(doubts)})"
    return f"{WOULD_GO}{' and '.join(ways)}{'; not to ' if doubts else ''}{'; '.join(doubts)}"


def _doubt(event: PlaybackEvent, claimant: Claimant) -> str:
    if event.kind in RATINGS:
        return "" if claimant.ratings else RATINGS_OFF
    verdict = fold(Session(), event, claimant.rules_for(event.item))[1]
    return str(getattr(verdict, "reason", ""))

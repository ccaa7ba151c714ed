"""Every outcome: one code and one sentence with the next step, the same in log, API, command, metric and dashboard."""

from __future__ import annotations

from enum import StrEnum


class EventOutcome(StrEnum):
    """What became of one webhook."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    UNWANTED = "unwanted"
    UNCLAIMED = "unclaimed"
    UNREADABLE = "unreadable"


class PlayOutcome(StrEnum):
    """What became of one play at one tracker."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    ALREADY_THERE = "already-there"
    ECHO = "echo"
    UNWANTED = "unwanted"
    HELD = "held"
    PARKED = "parked"
    UNMATCHED = "unmatched"
    DEAD = "dead"
    UNDONE = "undone"


WAITING = frozenset({PlayOutcome.QUEUED, PlayOutcome.HELD, PlayOutcome.PARKED, PlayOutcome.UNMATCHED, PlayOutcome.DEAD})
"""Not at the tracker yet: what ``scrobbled_outbox_changes`` counts."""

EVENT_NEXT_STEP: dict[EventOutcome, str] = {
    EventOutcome.ACCEPTED: "Understood and stored. Nothing to do.",
    EventOutcome.DUPLICATE: "Part of a viewing that is already a play. Nothing to do.",
    EventOutcome.UNWANTED: "Real, but not something that becomes a play; the reason says why. Nothing to do.",
    EventOutcome.UNCLAIMED: "No viewer lists this account, so nothing was sent. Add it under accounts of a viewer.",
    EventOutcome.UNREADABLE: "The body could not be understood. Check what the sender is set up to send.",
}
PLAY_NEXT_STEP: dict[PlayOutcome, str] = {
    PlayOutcome.QUEUED: "Waits for its turn at the tracker and is sent by itself. Nothing to do.",
    PlayOutcome.DELIVERED: "The tracker confirmed it. Nothing to do.",
    PlayOutcome.ALREADY_THERE: "The tracker holds this viewing already, so it was not sent again. Nothing to do.",
    PlayOutcome.ECHO: "Our own write came back as news and was recognised. Nothing to do.",
    PlayOutcome.UNWANTED: "This tracker does not take such an item; the reason says why. Nothing to do.",
    PlayOutcome.HELD: "Kept back until you decide. Approve or drop it with scrobbled queue.",
    PlayOutcome.PARKED: "The tracker does not know this item yet. It is looked up again by itself.",
    PlayOutcome.UNMATCHED: "It is not certain which item this is, so it was not sent. Fix the ids on the media server, "
    "then use scrobbled queue retry.",
    PlayOutcome.DEAD: "The tracker refused it for good. Read the reason, then retry or drop it with scrobbled queue.",
    PlayOutcome.UNDONE: "Taken back at your wish, and stays so. Nothing to do.",
}

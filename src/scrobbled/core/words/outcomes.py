"""Every outcome: one code and one sentence with the next step, the same in log, API, command, metric and dashboard."""

from __future__ import annotations

from enum import StrEnum

from scrobbled.core.words.reasons import REASONS


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


class Hold(StrEnum):
    """Why something is held: no date, a rule of the flood breaker, a person wants to be asked, or there is no room."""

    NO_DATE = "no-date"
    WRITES_PER_HOUR = "writes-per-hour"
    PLAYS_PER_ITEM = "plays-per-item"
    BURST = "burst"
    SHARE_OF_HISTORY = "share-of-history"
    ASK = "ask"
    LIMIT = "limit"
    """The list is full, or not for this account: it goes by itself as soon as there is room."""


WAITING = frozenset({PlayOutcome.QUEUED, PlayOutcome.HELD, PlayOutcome.PARKED, PlayOutcome.UNMATCHED, PlayOutcome.DEAD})
"""Not at the tracker yet: what ``scrobbled_outbox_changes`` counts."""

EVENT_NEXT_STEP: dict[EventOutcome, str] = {
    EventOutcome.ACCEPTED: "Understood and stored. Nothing to do.",
    EventOutcome.DUPLICATE: "Part of a viewing that is already a play. Nothing to do.",
    EventOutcome.UNWANTED: "Real, but not something that becomes a play; the reason says why. Nothing to do.",
    EventOutcome.UNCLAIMED: "No viewer lists this account, so nothing was sent. List it under accounts of a viewer, "
    "by hand or with scrobbled claim; what was kept is then sent.",
    EventOutcome.UNREADABLE: "It could not be understood, so nothing came of it. If a program of yours sent it, mend "
    "that; if it was a media server, update scrobbled and then run scrobbled replay.",
}
OWN_WRITE = "Our own write came back as news and was recognised. Nothing to do."
"""Also of a message that tells of it."""
PLAY_NEXT_STEP: dict[PlayOutcome, str] = {
    PlayOutcome.QUEUED: "Waits for its turn at the tracker and is sent by itself. Nothing to do.",
    PlayOutcome.DELIVERED: "The tracker confirmed it. Nothing to do.",
    PlayOutcome.ALREADY_THERE: "The tracker holds this viewing already, so it was not sent again. Nothing to do.",
    PlayOutcome.ECHO: OWN_WRITE,
    PlayOutcome.UNWANTED: "It is not for this tracker; the reason says why. Nothing to do.",
    PlayOutcome.HELD: "Kept back until you decide. Approve or drop it with scrobbled queue.",
    PlayOutcome.PARKED: "The tracker does not know this yet. It is looked up again by itself; if the tracker has it "
    "as something else, say so with scrobbled map set.",
    PlayOutcome.UNMATCHED: "It is not certain what this is, so it was not sent. Say what it is with scrobbled map set, "
    "or correct the match on the media server and run scrobbled queue retry.",
    PlayOutcome.DEAD: "The tracker refused it for good. Read the reason, then retry or drop it with scrobbled queue.",
    PlayOutcome.UNDONE: "Taken back at your wish, and stays so. Nothing to do.",
}

ATTEMPTS: dict[str, str] = {
    "absent": "Asked once more: it is certainly not there, so it is sent again.",
    "already-there": "Not sent, as this viewing is there already.",
    "apart": "Refused together with others; tried again in smaller company, to find out which of them it is.",
    "dead": "The tracker refused it.",
    "delivered": "The tracker confirmed it.",
    "held": "Held back.",
    "in-doubt": "It is not certain whether it arrived, so the tracker is asked before anything is sent again.",
    "not-found": "Asked: it is not there. As that may be too early to say, it is asked once more.",
    "parked": "The tracker does not know this yet.",
    "try-later": "It did not work; it is tried again.",
    "queued": "It is to be sent.",
    "undone": "Left out for good.",
    "unmatched": "It is not certain what this is.",
    "unwanted": "It is not for this tracker.",
}
"""What an attempt came to."""

UNDATED = (
    "Without a date it cannot be sent truthfully, so it stays here. Enter it at the tracker yourself if you like, and "
    "drop it here."
)
"""Instead of the next step of ``held``, where no approval helps."""

NO_ROOM = (
    "Nothing to do: it goes by itself as soon as there is room. To try at once, run scrobbled queue retry; or drop it."
)
"""Instead of the next step of ``held``, where a list of the account is full or not for it."""

FOUND_AGAIN = "Nothing to do: the next scheduled run of the pair finds it again, and asks you first."
"""Instead of the next step of ``undone``, where a cancelled run did not send it."""

PHASES = {
    "in-flight": "being sent",
    "in-doubt": "it is not certain whether it arrived, so it is looked up before it is sent again",
}
"""What refines ``queued``."""

HOLDS: dict[Hold, str] = {
    Hold.NO_DATE: "without a date",
    Hold.WRITES_PER_HOUR: "too many within an hour",
    Hold.PLAYS_PER_ITEM: "one title too often within a day",
    Hold.BURST: "too many at once",
    Hold.SHARE_OF_HISTORY: "too many for what is known",
    Hold.ASK: "to be asked first",
    Hold.LIMIT: "without room on the list",
}
"""Why plays are held, after their number: "64 too many at once"."""

UNNAMED = (
    "It belongs to nobody and was not sent, and there is nothing to list under accounts. If it was one of you, enter "
    "it at the tracker yourself."
)
"""Instead of the next step of ``unclaimed``, where the message names no account."""

ACCOUNTS: dict[str, str] = {
    "down": "It does not work there at the moment, or on the way there. What is for it is kept, and it is tried again "
    "by itself.",
    "sign-in": "Run: {command}",
    "stopped": "Look at the account on its website, then run scrobbled queue retry.",
    "drift": "Writing there has stopped, so that nothing is damaged. It is tried again by itself, at least every hour, "
    "and often that is all it takes; if it lasts for a day, check for an update of scrobbled.",
}
"""What to do where an account has stopped; its plays are kept and sent when it works again."""


def advised(state: str, reason: str, command: str) -> str:
    """What stopped an account and what to do, in full sentences; ``command`` signs in. Nothing is said twice."""
    advice = ACCOUNTS.get(state, "It is tried again by itself.").format(command=command)
    known = "scrobbled auth" in reason or "scrobbled queue retry" in reason
    return told(reason) if known else " ".join(filter(None, (told(reason), advice)))


def told(reason: str) -> str:
    """``reason`` as a sentence for people; empty where there is none."""
    text = REASONS.get(reason, reason).strip()
    return text and text[0].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "…")) else ".")

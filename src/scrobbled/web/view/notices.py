"""What a form did, told on the page that follows it. The address carries a code and a number, the words are ours."""

from __future__ import annotations

import re

from scrobbled.desk import words

COUNTED = {
    "retry": ("{plays} will be tried again now.", "The trackers are asked again now."),
    "approve": ("{plays} let go, on the way now.", "Nothing was left to do there."),
    "corrected": ("Saved. {plays} on the way now.", "Saved. Plays that come later follow it."),
    "drop": ("{plays} left out for good.", "Nothing was left to do there."),
    "undo": ("{plays} taken back for good.", "There was nothing of ours to take back."),
}
"""By code: for a number of plays, and for none."""
TOLD = {
    "saved": "Saved, and in force now.",
    "saved-restart": "Saved. Where it listens, and the database, change at the next start; the rest is in force now.",
    "unchanged": "There was nothing to change.",
    "removed": "Removed, and in force now.",
    "revoked": "The token opens nothing any more.",
    "discarded": "Discarded. Nothing is restored.",
    "claim": "This account now belongs to one of you. Waiting plays are being delivered.",
    "theme": "",
    "guest": "Nobody is asked about that account any more. What comes from it is still counted.",
    "paused": "Delivery is paused. Plays are taken and kept.",
    "resumed": "Delivery goes on now.",
    "pair-paused": "This pair is paused. Nothing is compared by itself until the pause ends.",
    "pair-resumed": "This pair is compared again, as its settings say.",
    "decided": "Decided. The trackers are told now.",
    "cancelled": "Cancelled. What was written stays, and the rest is taken out of the queue.",
    "over": "It was over already, so there was nothing to cancel.",
    "takenback": "It is being taken back now.",
    "uncorrected": "Removed. What it applied to is looked up without it.",
}
"""By code, without a number."""


def notice(did: str | None, count: str | None) -> str:
    """The sentence of a code; empty for whatever else the address says."""
    if did in COUNTED:
        number = int(count) if count and re.fullmatch(r"\d{1,9}", count, re.ASCII) else 0
        some, none = COUNTED[did]
        return some.format(plays=words.plural(number, "play")) if number else none
    return TOLD.get(did or "", "")

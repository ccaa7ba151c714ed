"""What to do next, where the page itself has the button for it; elsewhere the same is said with the command."""

from __future__ import annotations

from scrobbled.core.words.outcomes import EVENT_NEXT_STEP, PLAY_NEXT_STEP, EventOutcome, PlayOutcome

_PLAYS = {
    PlayOutcome.HELD: "Kept back until you decide. It is asked under Needs you.",
    PlayOutcome.PARKED: "The tracker does not know this yet. It is looked up again by itself; if the tracker has it as "
    "something else, open the play and correct the match.",
    PlayOutcome.UNMATCHED: "It is not certain what this is, so it was not sent. Say what it is under Needs you.",
    PlayOutcome.DEAD: "The tracker refused it for good. Needs you says why, and lets you try again or leave it out.",
}
_EVENTS = {
    EventOutcome.UNCLAIMED: "Nobody here lists this account, so nothing was sent. Needs you asks whose it is, and what "
    "was kept is then sent.",
    EventOutcome.UNREADABLE: "It could not be understood, so nothing came of it. If a program of yours sent it, mend "
    "that; if it was a media server, look for an update of scrobbled.",
}


def of_play(outcome: PlayOutcome) -> str:
    return _PLAYS.get(outcome, PLAY_NEXT_STEP[outcome])


def of_event(outcome: EventOutcome) -> str:
    return _EVENTS.get(outcome, EVENT_NEXT_STEP[outcome])

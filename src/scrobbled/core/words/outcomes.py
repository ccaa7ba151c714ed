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


class Hold(StrEnum):
    """Why a play is held: it has no date, a rule of the flood breaker, or a person wants to be asked."""

    NO_DATE = "no-date"
    WRITES_PER_HOUR = "writes-per-hour"
    PLAYS_PER_ITEM = "plays-per-item"
    BURST = "burst"
    SHARE_OF_HISTORY = "share-of-history"
    ASK = "ask"


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
PLAY_NEXT_STEP: dict[PlayOutcome, str] = {
    PlayOutcome.QUEUED: "Waits for its turn at the tracker and is sent by itself. Nothing to do.",
    PlayOutcome.DELIVERED: "The tracker confirmed it. Nothing to do.",
    PlayOutcome.ALREADY_THERE: "The tracker holds this viewing already, so it was not sent again. Nothing to do.",
    PlayOutcome.ECHO: "Our own write came back as news and was recognised. Nothing to do.",
    PlayOutcome.UNWANTED: "It is not for this tracker; the reason says why. Nothing to do.",
    PlayOutcome.HELD: "Kept back until you decide. Approve or drop it with scrobbled queue.",
    PlayOutcome.PARKED: "The tracker does not know this yet. It is looked up again by itself; if the tracker has it "
    "as something else, say so with scrobbled map set.",
    PlayOutcome.UNMATCHED: "It is not certain what this is, so it was not sent. Say what it is with scrobbled map set, "
    "or correct the match on the media server and run scrobbled queue retry.",
    PlayOutcome.DEAD: "The tracker refused it for good. Read the reason, then retry or drop it with scrobbled queue.",
    PlayOutcome.UNDONE: "Taken back at your wish, and stays so. Nothing to do.",
}

REASONS: dict[str, str] = {
    # events: what a source sent
    "bookkeeping": "The server put down for itself how far somebody is; what is watched it tells in other messages.",
    "empty": "The message told of nothing at all.",
    "live tv": "It was live television, which no tracker knows as an episode or a film.",
    "malformed": "A number in the message could not be read, and guessing might tick off another episode.",
    "no account": "The message did not say who was watching.",
    "no item": "The message did not say what was watched.",
    "test": "Somebody pressed the server's test button, and the message arrived.",
    "not watched": "The library does not say that it was watched.",
    "type": "It was neither an episode nor a film, but music, a photo, a trailer or a whole season.",
    "unsupported": "This kind of message tells of something other than watching.",
    "added is not playback": "Something was added to the library; nobody watched anything.",
    "ignored is not playback": "This kind of message tells of something other than watching.",
    "rated is not playback": "Somebody gave a rating; nobody watched anything.",
    "removed is not playback": "Something was taken out of the library, and what was watched stays so.",
    "unrated is not playback": "Somebody took a rating back; nobody watched anything.",
    "unwatched is not playback": "Somebody marked it as not watched, and plays are not taken back by that.",
    # events: what was decided
    "a viewing at an unknown time is a play already": "This title is a play without a date already, and a second one "
    "could not be told from the first.",
    "episodes are switched off": "Episodes are switched off in the configuration (defaults.episodes).",
    "left out by a rule": "A rule says that such items do not count (rules, with count: false).",
    "library": "Its library is not one of those that count (libraries, of the viewer or of the source).",
    "library not known": "Only some libraries count (libraries, of the viewer or of the source), and nobody said from "
    "which one this is. Set url and server_token of that media server, so that it can be asked; scrobbled doctor says "
    "how that goes.",
    "marked, and watched already": "Somebody marked it as watched, and it is a play already.",
    "marks are ticked off": "Somebody marked it by hand, and such marks are ticked off and are no plays (marks of the "
    "source).",
    "marks are switched off": "Somebody marked it by hand, and such marks are to be ignored (marks of the source).",
    "movies are switched off": "Films are switched off in the configuration (defaults.movies).",
    "no play of it is ours": "Somebody marked it as not watched, and no tracker holds a play of it that came from "
    "here; what others wrote is never removed.",
    "no tracker keeps this rating": "None of this person's trackers keeps ratings of such an item.",
    "no tracker ticks off without a date": "Somebody marked it as watched, which is to be ticked off without a date, "
    "and none of this person's trackers can do that for such an item.",
    "ratings are switched off": "Ratings given there are not passed on (ratings, of the source or in defaults).",
    "removals are ignored": "Somebody marked it as not watched, and removals are to be ignored (removals of this "
    "person's pairs, ignore if not set).",
    "server: not one of those listed for this source": "It came from a media server that is not listed under servers "
    "of this source.",
    "still the viewing that is a play already": "It belongs to a viewing that was counted before: seeing the end again "
    "is no second viewing.",
    "the same rating again": "The same rating came twice within a minute.",
    "the same event again": "The same message came twice within seconds.",
    "this viewing is a play already": "It ends a viewing that was counted before.",
    "too short": "It is shorter than what counts as something to watch (min_duration, 5 minutes if not set).",
    # plays
    "dropped by hand": "You left it out.",
    "taken back": "You took it back, and it stays so.",
    "its run was cancelled": "The run that wanted it there was cancelled before it was sent.",
    "found when read back": "Its answer was lost; the tracker was asked, and it is there.",
    "interrupted during the write": "scrobbled was ended while it was sending this, so the tracker is asked whether it "
    "arrived.",
    "no date: nobody said when this was watched": "Nobody said when this was watched.",
    "this tracker does not take episodes": "This tracker does not keep episodes.",
    "this tracker does not take movies": "This tracker does not keep films.",
}
"""What the short reasons mean, in full sentences; ``told`` also makes one of every other reason."""

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

FOUND_AGAIN = "Nothing to do: the next run of the pair by the clock finds it again, and asks you first."
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
}
"""Why plays are held, after their number: "64 too many at once"."""

UNNAMED = (
    "It belongs to nobody and was not sent, and there is nothing to list under accounts. If it was one of you, enter "
    "it at the tracker yourself."
)
"""Instead of the next step of ``unclaimed``, where the message names no account."""

STATES: dict[str, str] = {
    "ok": "in step",
    "new": "not asked yet",
    "down": "does not answer",
    "sign-in": "needs a sign-in",
    "stopped": "shut out",
    "drift": "answers in a way we do not know",
}
"""What the states of an account mean."""

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

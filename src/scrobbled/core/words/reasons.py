"""Why something came to its outcome: a code, which is kept and compared, and a text, which people read."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """One for each reason that is compared anywhere, or told in a sentence. Kept in the database, so none is renamed.

    What is held has the code of its ``Hold``.
    """

    # of events: what a source sent
    ASKED = "unfilled-template"
    BOOKKEEPING = "bookkeeping"
    BAD_BODY = "bad-body"
    DEFECT = "defect"
    EMPTY = "empty"
    LIVE_TV = "live-tv"
    MALFORMED = "malformed"
    NO_ACCOUNT = "no-account"
    NO_ACTION = "no-action"
    NO_ITEM = "no-item"
    NO_RATING = "no-rating"
    NO_TYPE = "no-type"
    NOT_PLAYBACK = "not-playback"
    NOT_WATCHED = "not-watched"
    TEST = "test"
    TYPE = "type"
    UNKNOWN_EVENT = "unknown-event"
    UNKNOWN_FORM = "unknown-form"
    UNSUPPORTED = "unsupported"
    # of events: what was decided
    BEGINNING_UNSEEN = "beginning-unseen"
    LIBRARY = "library"
    LIBRARY_UNKNOWN = "library-unknown"
    LISTED_BY_NOBODY = "listed-by-nobody"
    MARKED_ALREADY = "marked-already"
    MARKS_OFF = "marks-off"
    MARKS_TICKED = "marks-ticked"
    NO_RATER = "no-rater"
    NO_TICKER = "no-ticker"
    NONE_OURS = "none-ours"
    OUR_WRITE = "our-write"
    PLAY_ALREADY = "play-already"
    RATINGS_OFF = "ratings-off"
    REMOVALS_OFF = "removals-off"
    RULE = "rule"
    SAME_EVENT = "same-event"
    SAME_RATING = "same-rating"
    SERVER = "server"
    STILL_THE_VIEWING = "still-the-viewing"
    SWITCHED_OFF = "switched-off"
    TEST_COUNTS = "test-counts"
    TEST_EVENT = "test-event"
    TOO_SHORT = "too-short"
    UNDATED_ALREADY = "undated-already"
    # of changes: what was decided
    CANCELLED = "run-cancelled"
    CORRECTION = "correction"
    DROPPED = "dropped-by-hand"
    INTERRUPTED = "interrupted"
    NO_DATE = "no-date"
    NOT_TAKEN = "not-taken"
    OTHER_CHOSEN = "other-chosen"
    READ_BACK = "found-when-read-back"
    READ_THERE = "read-there"
    REPLACED = "replaced"
    RESTORED = "restored"
    SAME_VIEWING = "same-viewing"
    TAKEN_BACK = "taken-back"
    # of runs
    CUT_SHORT = "cut-short"
    # of changes: what a tracker says
    DRIFT = "drift"
    FAILED = "failed"
    LIST_CLOSED = "list-closed"
    NOT_FOUND = "not-found"
    NOT_IN_CATALOGUE = "not-in-catalogue"
    REFUSED = "refused"
    SIGN_IN = "sign-in"
    STOPPED = "stopped"
    TRY_LATER = "try-later"
    UNCERTAIN = "uncertain"


class Reason(str):
    """The text of a reason, with its code. What is made of the text, by formatting or cutting, has none any more."""

    __slots__ = ("about", "code")

    code: str
    about: int | None
    """The id of the play or the correction that the text names."""

    def __new__(cls, text: str, code: str, about: int | None = None) -> Reason:
        reason = super().__new__(cls, text)
        reason.code, reason.about = code, about
        return reason


TAKEN_BACK = "taken back"
"""What ``undo`` took back: no report of the same viewing is sent again."""

UNKNOWN_FORM = "this form is not known"
"""Begins the reason of a message in which nothing was recognised; the page to read about that source follows."""
UNKNOWN_EVENT = "unknown event"
NO_ACTION, NO_TYPE = "no action", "no type"
ASKED = "the template asks Tautulli for "
"""Begins the reason of a message that says too little; what Tautulli did not know follows."""

_KNOWN: dict[str, tuple[Code, str]] = {
    # events: what a source sent
    "bookkeeping": (
        Code.BOOKKEEPING,
        "The server put down for itself how far somebody is; what is watched it tells in other messages.",
    ),
    "empty": (Code.EMPTY, "The message told of nothing at all."),
    "live tv": (Code.LIVE_TV, "It was live television, which no tracker knows as an episode or a film."),
    "malformed": (
        Code.MALFORMED,
        "A number in the message could not be read, and guessing might tick off another episode.",
    ),
    "no account": (Code.NO_ACCOUNT, "The message did not say who was watching."),
    "no item": (Code.NO_ITEM, "The message did not say what was watched."),
    "test": (Code.TEST, "Somebody pressed the server's test button, and the message arrived."),
    "not watched": (Code.NOT_WATCHED, "The library does not say that it was watched."),
    "type": (Code.TYPE, "It was neither an episode nor a film, but music, a photo, a trailer or a whole season."),
    "unsupported": (Code.UNSUPPORTED, "This kind of message tells of something other than watching."),
    NO_ACTION: (
        Code.NO_ACTION,
        "The message did not say what happened, so nothing was made of it. In its template in Tautulli the line "
        '"action": "{action}" is missing; scrobbled webhook tautulli prints one that has it.',
    ),
    "no rating": (Code.NO_RATING, "The message did not say which rating was given."),
    NO_TYPE: (Code.NO_TYPE, "The message did not say whether it was an episode or a film, so nothing was made of it."),
    UNKNOWN_EVENT: (
        Code.UNKNOWN_EVENT,
        "The message names an event that is not known here, so nothing was made of it.",
    ),
    "added is not playback": (Code.NOT_PLAYBACK, "Something was added to the library; nobody watched anything."),
    "ignored is not playback": (Code.NOT_PLAYBACK, "This kind of message tells of something other than watching."),
    "rated is not playback": (Code.NOT_PLAYBACK, "Somebody gave a rating; nobody watched anything."),
    "removed is not playback": (
        Code.NOT_PLAYBACK,
        "Something was taken out of the library, and what was watched stays so.",
    ),
    "unrated is not playback": (Code.NOT_PLAYBACK, "Somebody took a rating back; nobody watched anything."),
    "unwatched is not playback": (
        Code.NOT_PLAYBACK,
        "Somebody marked it as not watched, and plays are not taken back by that.",
    ),
    # events: what was decided
    "a viewing at an unknown time is a play already": (
        Code.UNDATED_ALREADY,
        "This title is a play without a date already, and a second one could not be told from the first.",
    ),
    "episodes are switched off": (
        Code.SWITCHED_OFF,
        "Episodes are switched off in the configuration (defaults.episodes).",
    ),
    "left out by a rule": (Code.RULE, "A rule says that such items do not count (rules, with count: false)."),
    "library": (
        Code.LIBRARY,
        "Its library is not one of those that count (libraries, of the viewer or of the source).",
    ),
    "library not known": (
        Code.LIBRARY_UNKNOWN,
        "Only some libraries count (libraries, of the viewer or of the source), and nobody said from which one this "
        "is. Set url and server_token of that media server, so that it can be asked; scrobbled doctor says how that "
        "goes.",
    ),
    "marked, and watched already": (Code.MARKED_ALREADY, "Somebody marked it as watched, and it is a play already."),
    "marks are ticked off": (
        Code.MARKS_TICKED,
        "Somebody marked it by hand, and such marks are ticked off and are no plays (marks of the source).",
    ),
    "marks are switched off": (
        Code.MARKS_OFF,
        "Somebody marked it by hand, and such marks are to be ignored (marks of the source).",
    ),
    "movies are switched off": (Code.SWITCHED_OFF, "Films are switched off in the configuration (defaults.movies)."),
    "no play of it is ours": (
        Code.NONE_OURS,
        "Somebody marked it as not watched, and no tracker holds a play of it that came from "
        "here; what others wrote is never removed.",
    ),
    "no tracker keeps this rating": (Code.NO_RATER, "None of this person's trackers keeps ratings of such an item."),
    "no tracker ticks off without a date": (
        Code.NO_TICKER,
        "Somebody marked it as watched, which is to be ticked off without a date, "
        "and none of this person's trackers can do that for such an item.",
    ),
    "ratings are switched off": (
        Code.RATINGS_OFF,
        "Ratings given there are not passed on (ratings, of the source or in defaults).",
    ),
    "removals are ignored": (
        Code.REMOVALS_OFF,
        "Somebody marked it as not watched, and removals are to be ignored (removals of this "
        "person's pairs, ignore if not set).",
    ),
    "server: not one of those listed for this source": (
        Code.SERVER,
        "It came from a media server that is not listed under servers of this source.",
    ),
    "still the viewing that is a play already": (
        Code.STILL_THE_VIEWING,
        "It belongs to a viewing that was counted before: seeing the end again is no second viewing.",
    ),
    "its beginning was not seen, and the server lists what was watched": (
        Code.BEGINNING_UNSEEN,
        "It was stopped near its end, on another player or long after the viewing that is a play already, and nothing "
        "tells when it began. If your media server lists it as watched, it is made a play the next time the server is "
        "asked.",
    ),
    "the same rating again": (Code.SAME_RATING, "The same rating came twice within a minute."),
    "the same event again": (Code.SAME_EVENT, "The same message came twice within seconds."),
    "this viewing is a play already": (Code.PLAY_ALREADY, "It ends a viewing that was counted before."),
    "too short": (
        Code.TOO_SHORT,
        "It is shorter than what counts as something to watch (min_duration, 5 minutes if not set).",
    ),
    # plays
    "dropped by hand": (Code.DROPPED, "You left it out."),
    TAKEN_BACK: (Code.TAKEN_BACK, "You took it back, and it stays so."),
    "its run was cancelled": (Code.CANCELLED, "The run that wanted it there was cancelled before it was sent."),
    "found when read back": (Code.READ_BACK, "Its answer was lost; the tracker was asked, and it is there."),
    "interrupted during the write": (
        Code.INTERRUPTED,
        "scrobbled was ended while it was sending this, so the tracker is asked whether it arrived.",
    ),
    "no date: nobody said when this was watched": (Code.NO_DATE, "Nobody said when this was watched."),
    "this tracker does not take episodes": (Code.NOT_TAKEN, "This tracker does not keep episodes."),
    "this tracker does not take movies": (Code.NOT_TAKEN, "This tracker does not keep films."),
}
REASONS = {text: sentence for text, (_, sentence) in _KNOWN.items()}
"""What the short reasons mean, in full sentences; ``outcomes.told`` also makes one of every other reason."""


def same_viewing_as(play: int) -> Reason:
    """Of a play that is ``already-there`` because another one is."""
    return Reason(f"the same viewing is play p{play}", Code.SAME_VIEWING, play)


def taken_back_as(play: int) -> Reason:
    """Of a play that is not sent, as the same viewing was taken back."""
    return Reason(f"{TAKEN_BACK} as p{play}, which is the same viewing", Code.TAKEN_BACK, play)


def coded(text: str) -> Reason:
    """``text`` with its code: the one it was given, or that of a short reason; without one where it has none."""
    if isinstance(text, Reason):
        return text
    return Reason(text, _KNOWN[text][0] if text in _KNOWN else "")


UNREAD = frozenset({Code.ASKED, Code.NO_ACTION, Code.NO_TYPE, Code.UNKNOWN_FORM})
"""Why a message could not be understood at all, though its JSON could be read."""
TESTS = frozenset({Code.TEST_COUNTS, Code.TEST_EVENT})
"""Of test events of our own; ``TEST_COUNTS`` where a real one would go to somebody's trackers."""

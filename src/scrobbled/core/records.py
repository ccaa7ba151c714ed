"""What a tracker holds, as it was read: plays, the values of other kinds, and what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.kinds import Kind, KindValue, Scope
from scrobbled.core.naming.items import Episode, Item, Movie


class DatePrecision(StrEnum):
    """How much the time of a play is worth."""

    EXACT = "exact"
    """A moment, to the tracker's precision."""
    DAY = "day"
    """Somebody chose a day: the moment lies within 36 hours of it, whatever zone that was in."""
    NONE = "none"
    """Watched, and nobody knows when. ``at`` is ``None``, or when it was marked."""


class ViewingsKept(StrEnum):
    """What a side keeps of a viewing."""

    EVERY = "every"
    """Every play with its time: a tracker."""
    LAST = "last"
    """That something was watched, and when it last was; that time can be set."""
    SEEN = "seen"
    """That something was watched, at a time that the service sets itself."""


class Subject(Struct, frozen=True):
    """What records are about. ``key`` is the tracker's own and stable within the account.

    For movies and episodes it is the ``Address.key`` that ``Tracker.locate`` gives for them.
    """

    key: str
    scope: Scope
    item: Item
    """A show is told as an ``Episode`` without season and number, a season as one without number."""
    runtime: int | None = None
    """Seconds it lasts, where the tracker says so."""
    places: tuple[str, ...] = ()
    """Its copies there, in the tracker's own words; empty where the key says all."""

    def label(self) -> str:
        """For people: "Harbour Lights", "Harbour Lights S1", "Harbour Lights S1 E4 Neap"."""
        if isinstance(self.item, Episode) and self.scope == "season":
            return f"{self.item.label()} S{self.item.season}"
        return self.item.label()


def about(subject: Subject, item: Item) -> Subject:
    """The same, of an item that a correction made of its item; a show that is a film is that film."""
    return replace(subject, item=item, scope="movie" if isinstance(item, Movie) else subject.scope)


class PlayRecord(Struct, frozen=True, gc=False):
    """One play that a tracker holds. Times are aware UTC."""

    id: str
    """The tracker's own handle of this play: stays the same until the play is removed, and is never given twice."""
    key: str
    """What was watched; see ``Subject``."""
    at: datetime | None
    kept: DatePrecision = DatePrecision.EXACT
    made_at: datetime | None = None
    """When it was written down at the service, where that is known."""
    stamp: str = ""
    """Differs as soon as anything of it that a person or we may change is different."""
    personal: bool = False
    """A person has put something of their own into it: text, a like, tags, a rating."""
    rewatch: bool | None = None
    """What the tracker says of it; ``None`` where trackers of its kind say nothing."""

    @property
    def is_mark(self) -> bool:
        """Marked as watched, at ``made_at``, beside the plays that the tracker keeps and without being one of them."""
        return self.kept is DatePrecision.NONE and self.at is None and self.made_at is not None


IN_PART = "in part"
"""The ``ValueRecord.id`` of what some copies of a thing have in a library, and others not."""


class ValueRecord(Struct, frozen=True):
    """The value that an account has of a kind for one key: a rating, or what is told of something in its collection."""

    key: str
    value: KindValue
    at: datetime | None = None
    """When it was given (aware UTC), as far as the service tells."""
    id: str = ""
    """Of the entry that it stands on, where there are such; or ``IN_PART``."""
    places: tuple[str, ...] = ()
    """In a library: of a rating the copies that have it, as ``Subject.places`` has them; of what it holds
    (``kinds.ITEMS``) the libraries that it is in, as server and title. So what went with them was not taken away.
    """


class Plays(Struct, frozen=True):
    """``complete``: what is not among ``records`` is not there. Else they are news, and nothing is said of the rest."""

    records: Sequence[PlayRecord]
    complete: bool


class ReadValues(Struct, frozen=True):
    """As ``Plays``, of another kind. ``cleared`` are keys seen without one, which also an incomplete read can tell."""

    records: Sequence[ValueRecord]
    complete: bool
    cleared: frozenset[str] = frozenset()


class Reading(Struct, frozen=True):
    """What one read brought. A kind that is missing has not moved since ``cursor`` was last handed out."""

    cursor: Mapping[str, Any]
    """JSON for the next read. To be stored together with the records, or not at all."""
    owner: str = ""
    """Whose account it is, as the service says; a change of it means that these are somebody else's records."""
    plays: Plays | None = None
    values: Mapping[Kind, ReadValues] = field(default_factory=dict)
    """By kind, all that is no play."""
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    """By key, for every key among the records that the caller may not know yet."""
    rechosen: bool = False
    """What of the account is read was chosen anew since ``cursor`` was handed out: what a complete listing lacks now
    was left out, and that is neither strange nor a removal."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """How many records could not be used, by reason in plain words: "diary row of an unknown season"."""
    unread: Mapping[Kind, str] = field(default_factory=dict)
    """Kinds that moved and could not be read just now, with the reason: the cursor has them where they were."""
    without: Mapping[Kind, str] = field(default_factory=dict)
    """Kinds of which nothing can be told just now, with the reason: each read asks for all of such a kind again."""
    lacking: Mapping[Kind, str] = field(default_factory=dict)
    """Kinds that the account has not, with the reason."""
    missing: tuple[str, ...] = ()
    """Parts of the account that say nothing just now, in plain words: "server cabin, which does not answer"."""


def identity(subject: Subject) -> str | None:
    """The same text for the same thing at every service; ``None`` where that takes a look into a catalogue.

    By TMDB or, for films, IMDb id. Services number specials differently, and so they do numbers that count through a
    whole show: those have none. TMDB ids of shows, films and seasons lie in spaces of their own, which the text names.
    """
    item = subject.item
    if isinstance(item, Movie):
        if item.ids.tmdb is not None:
            return f"movie:tmdb:{item.ids.tmdb}"
        return f"movie:imdb:{item.ids.imdb}" if item.ids.imdb else None
    show = item.show_ids.tmdb
    if show is None or item.absolute:
        return None
    if subject.scope == "show":
        return f"show:{show}"
    if item.season is None:
        return None
    if subject.scope == "season":
        return f"season:{show}:{item.season}"
    if item.season == 0 or item.number is None:
        return None
    return f"episode:{show}:{item.season}:{item.number}"

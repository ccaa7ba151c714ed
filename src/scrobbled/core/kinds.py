"""The kinds of what an account holds, each declared once: what it is about, what is done to it, and in which words.

Whoever has to tell kinds apart walks this table, so that one more kind is one more entry. ``plays`` are records, each
compared by itself. Of every other kind a thing has one value or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import Any, Literal, Never

from msgspec import Struct

Kind = str
"""A key of ``KINDS``."""
Scope = Literal["movie", "show", "season", "episode"]
"""What something can be about. Only movies and episodes can be watched."""
KindValue = int | Mapping[str, Any]
"""Of a register its number; of what is in a set its details, of which there may be none. JSON values only."""


class KindShape(StrEnum):
    RECORDS = "records"
    """Any number of them for one thing, each with a handle of its own."""
    REGISTER = "register"
    """One number, or none."""
    SET = "set"
    """A thing is in it or not, and details may be told of it."""


class Turn(IntEnum):
    """When a plan tells of it: what takes away first."""

    TAKES = 0
    CHANGES = 1
    ADDS = 2
    MARKS = 3


class ActionWords(Struct, frozen=True):
    """One thing that is done to records of a kind: "Set 2 ratings on Trakt", "2 ratings to set"."""

    action: str
    """As it is stored, counted and answered. No other kind has it."""
    turn: Turn
    verb: str
    past: str
    where: str
    """Stands before the name of a side."""
    things: tuple[str, str]
    """One and many of what waits or has failed."""
    planned: tuple[str, str]
    unusual: str = ""
    """Of very many: what they would be on the side ``{name}``. Empty where nobody is asked."""
    tail: str = ""
    """What the sentence ends with."""
    singly: bool = True
    """A plan has a line for each, not for all of a title."""
    overwrites: bool = False
    """What was there before is lost by it, so that few of it are unusual already."""

    @property
    def takes_away(self) -> bool:
        return self.turn is Turn.TAKES

    @property
    def does(self) -> str:
        """What it comes to: ``added``, ``changed`` or ``removed``. Watched is added, and so is a tick."""
        if self.takes_away:
            return "removed"
        return "added" if self.turn is Turn.ADDS or self.action == "tick" else "changed"


class KindEntry(Struct, frozen=True):
    """One kind. What is no record is ``put`` and ``cleared``, and each of the two takes back the other."""

    name: Kind
    shape: KindShape
    scopes: frozenset[Scope]
    noun: tuple[str, str]
    """One and many."""
    actions: tuple[ActionWords, ...]
    held: str = ""
    """What one is said to be: "rating", "in the collection"."""
    given: str = ""
    """What somebody did who has it: "rated"."""
    limits: tuple[int, int] | None = None
    """The least and the highest value of a register."""
    until_watched: bool = False
    """Services take a thing out of this set by themselves as it is watched: that is no removal, and nothing that is
    watched is put there. It is a person's own, whatever a library holds."""

    @property
    def called(self) -> str:
        """As in a sentence: "ratings", "the collection"."""
        return f"the {self.name}" if self.shape is KindShape.SET else self.name

    @property
    def put(self) -> str:
        """The action that gives it a value."""
        return self.actions[0].action

    @property
    def cleared(self) -> str:
        """The action that takes it away."""
        return self.actions[1].action

    def takes(self, value: object) -> bool:
        """Whether it can have this value."""
        if self.shape is KindShape.SET:
            return isinstance(value, Mapping)
        return self.limits is not None and isinstance(value, int) and self.limits[0] <= value <= self.limits[1]

    def same(self, one: KindValue, other: KindValue) -> bool:
        """Whether two sides agree with these. A detail that one of them does not tell is no contradiction."""
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            return all(other.get(name, value) == value for name, value in one.items())
        return one == other

    def told(self, value: KindValue) -> str:
        """The value for people; empty for what is in a set without details."""
        return (
            ", ".join(f"{name} {value[name]}" for name in sorted(value)) if isinstance(value, Mapping) else str(value)
        )


Verb = tuple[str, str, str, str]
"""Action, verb, its past, and what stands before the name of a side."""


def _valued(
    name: Kind,
    shape: KindShape,
    scopes: Iterable[Scope],
    noun: tuple[str, str],
    held: str,
    given: str,
    *,
    put: Verb,
    cleared: Verb,
    limits: tuple[int, int] | None = None,
    until_watched: bool = False,
) -> KindEntry:
    """A kind of which a thing has one value."""
    turn = Turn.CHANGES if shape is KindShape.REGISTER else Turn.ADDS
    unusual = f"{noun[1]} would be {put[2].lower()} {put[3]} {{name}}"
    actions = _words(noun, put, turn, unusual, singly=shape is KindShape.REGISTER), _words(noun, cleared, Turn.TAKES)
    return KindEntry(name, shape, frozenset(scopes), noun, actions, held, given, limits, until_watched)


def _words(noun: tuple[str, str], verb: Verb, turn: Turn, unusual: str = "", *, singly: bool = True) -> ActionWords:
    one, many = (f"{word} to {verb[1].lower()}" for word in noun)
    return ActionWords(verb[0], turn, *verb[1:], things=noun, planned=(one, many), unusual=unusual, singly=singly)


_PLAYS = KindEntry(
    "plays",
    KindShape.RECORDS,
    frozenset({"movie", "episode"}),
    ("play", "plays"),
    (
        ActionWords(
            *("add", Turn.ADDS, "Add", "Added", "to"),
            things=("play", "plays"),
            planned=("play to add, dates kept", "plays to add, dates kept"),
            unusual="plays would be added to {name}, dates kept",
            singly=False,
        ),
        ActionWords(
            *("remove", Turn.TAKES, "Remove", "Removed", "from"),
            things=("removal", "removals"),
            planned=("play to remove", "plays to remove"),
        ),
        ActionWords(
            *("retime", Turn.CHANGES, "Give", "Gave", "on"),
            things=("change of time", "changes of time"),
            planned=("play to give another time", "plays to give another time"),
            unusual="plays on {name} would be given another time",
            tail=" another time",
            overwrites=True,
        ),
        ActionWords(
            *("flag", Turn.MARKS, "Mark", "Marked", "on"),
            things=("rewatch mark", "rewatch marks"),
            planned=("rewatch mark to set", "rewatch marks to set"),
            unusual="plays on {name} would be marked as rewatches",
            tail=" as rewatch",
            singly=False,
        ),
        ActionWords(
            *("tick", Turn.MARKS, "Tick off", "Ticked off", "on"),
            things=("tick", "ticks"),
            planned=("title to tick off as watched", "titles to tick off as watched"),
            singly=False,
            unusual="titles would be ticked off as watched on {name}",
        ),
        ActionWords(
            *("untick", Turn.TAKES, "Untick", "Unticked", "on"),
            things=("tick to take back", "ticks to take back"),
            planned=("tick to take back", "ticks to take back"),
        ),
    ),
)
_ENTRIES = (
    _PLAYS,
    _valued(
        *("ratings", KindShape.REGISTER, ("movie", "show", "season", "episode")),
        *(("rating", "ratings"), "rating", "rated"),
        put=("rate", "Set", "Set", "on"),
        cleared=("unrate", "Clear", "Cleared", "on"),
        limits=(1, 10),
    ),
    _valued(
        *("collection", KindShape.SET, ("movie", "episode")),
        *(("title of the collection", "titles of the collection"), "in the collection", "collected"),
        put=("collect", "Add", "Added", "to"),
        cleared=("uncollect", "Remove", "Removed", "from"),
    ),
    _valued(
        *("watchlist", KindShape.SET, ("movie", "show")),
        *(("title of the watchlist", "titles of the watchlist"), "on the watchlist", "listed"),
        put=("list", "Add", "Added", "to"),
        cleared=("unlist", "Remove", "Removed", "from"),
        until_watched=True,
    ),
)
KINDS: dict[Kind, KindEntry] = {entry.name: entry for entry in _ENTRIES}
PLAYS, RATINGS, COLLECTION, WATCHLIST = "plays", "ratings", "collection", "watchlist"
ITEMS, WATCHED = "items", "watched"
STATES: dict[Kind, KindEntry] = {
    entry.name: entry
    for entry in (
        KindEntry(
            ITEMS,
            KindShape.SET,
            frozenset({"movie", "show", "season", "episode"}),
            ("title of the library", "titles"),
            (),
        ),
        KindEntry(WATCHED, KindShape.SET, frozenset({"movie", "episode"}), ("watched title", "watched titles"), ()),
    )
}
"""What a side that does not keep every play tells of plays instead: what it holds at all, and what of that counts as
watched there, with how often (``count``), whether it was begun again since (``begun``), and when it last was. Nobody
configures them: they are read with plays, what it holds also alone, and mirrored like what is in a set."""


def valued() -> Iterator[KindEntry]:
    """Those of which a thing has one value or none."""
    return (entry for entry in KINDS.values() if entry.shape is not KindShape.RECORDS)


def entry_of(kind: Kind) -> KindEntry:
    """Also of a state. Raises ``KeyError`` for what is neither."""
    return KINDS.get(kind) or STATES[kind]


def words_of(action: str) -> ActionWords:
    """Raises ``KeyError`` for what no kind has."""
    return next((one for one in every_action() if one.action == action), None) or _unknown(action)


def kind_of(action: str) -> Kind:
    """Whose it is. Raises ``KeyError`` for what no kind has."""
    return next(
        (name for name, one in KINDS.items() for words in one.actions if words.action == action), ""
    ) or _unknown(action)


def actions_of(kind: Kind, does: str = "") -> tuple[str, ...]:
    """All of a kind, or those that come to this: see ``ActionWords.does``."""
    entry = KINDS.get(kind)
    return tuple(one.action for one in entry.actions if does in ("", one.does)) if entry else ()


def every_action() -> Iterator[ActionWords]:
    """As the kinds stand in the table."""
    return (one for entry in KINDS.values() for one in entry.actions)


def in_order() -> list[ActionWords]:
    """All that a plan can do, in the order in which it tells of it."""
    return sorted(every_action(), key=lambda one: one.turn)


def _unknown(action: str) -> Never:
    raise KeyError(action)

"""The pairs there are, and what a run of one may do: as configured, as its trackers can, and as asked for this once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from scrobbled.config import Config
from scrobbled.config.viewing import PairConfig
from scrobbled.core.agreeing.ledger import Conflict, Direction, Policy
from scrobbled.core.agreeing.plan import Side
from scrobbled.core.agreeing.writing import may_write
from scrobbled.core.errors import ConfigError, TrackerError
from scrobbled.core.kinds import ITEMS, KINDS, PLAYS, RATINGS, Kind
from scrobbled.core.naming.names import called, is_file
from scrobbled.core.sending.retry import Dice
from scrobbled.core.standing import AccountKey
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.capabilities import Capabilities

T = TypeVar("T")


class Sides(Struct, frozen=True):
    """A pair: whose it is, and the names of its trackers."""

    viewer: str
    a: str
    b: str

    @property
    def pair(self) -> str:
        return f"{self.a},{self.b}"

    @property
    def names(self) -> tuple[str, str]:
        return self.a, self.b

    @property
    def called(self) -> tuple[str, str]:
        """The same for people."""
        return called(self.a), called(self.b)

    def name(self, side: Side) -> str:
        return self.a if side == "a" else self.b

    def account(self, side: Side) -> AccountKey:
        return self.viewer, self.name(side)


class Wired(Struct, frozen=True):
    """A pair of the configuration whose two trackers are there."""

    sides: Sides
    pair: PairConfig


def wired(config: Config, accounts: Mapping[tuple[str, str], Any]) -> Iterator[Wired]:
    """The pairs that can be reconciled: ``accounts`` are those that there is a tracker for."""
    for viewer in config.viewers:
        for pair in viewer.pairs:
            a, b = pair.between
            if (viewer.name, a) in accounts and (viewer.name, b) in accounts and pair.directions():
                yield Wired(Sides(viewer.name, a, b), pair)


def found(config: Config, accounts: Mapping[tuple[str, str], Any], viewer: str, pair: str) -> Wired | None:
    """The pair of that name (``trakt,serializd``), in either order; or the one of an imported file and a tracker."""
    names = set(pair.split(","))
    for one in wired(config, accounts):
        if one.sides.viewer == viewer and set(one.sides.names) == names:
            return one
    a, _, b = pair.partition(",")
    return imported(viewer, a, b) if is_file(a) and (viewer, b) in accounts else None


def imported(viewer: str, file: str, tracker: str) -> Wired:
    """A file beside a tracker, which takes what it lacks."""
    way = f"{file}-to-{tracker}"
    return Wired(Sides(viewer, file, tracker), PairConfig.going((file, tracker), {PLAYS: way, RATINGS: way}))


def compared(config: Config, viewer: str, tracker: str) -> frozenset[Kind]:
    """The kinds that some pair of the person compares there."""
    person = config.viewer(viewer)
    pairs = [one for one in person.pairs if tracker in one.between] if person else []
    kinds = frozenset(kind for kind in KINDS if any(kind in one.directions() for one in pairs))
    kinds |= explaining(kinds)
    ways = [(way, one.removal(kind)) for one in pairs for kind, way in one.directions().items()]
    holds = any(_brings(way, tracker) or removal != "ignore" for way, removal in ways)
    return kinds | {ITEMS} if holds and PLAYS not in kinds else kinds


def _brings(way: str, tracker: str) -> bool:
    """Whether a direction goes to a tracker, which then has to tell what it holds, if it is a library."""
    return way == "both" or way.endswith(f"-to-{tracker}")


def asks_for_ticks(config: Config, viewer: str, tracker: str) -> bool:
    """Whether some pair takes what is marked there as watched, without a play of it, for a play."""
    person = config.viewer(viewer)
    return person is not None and any(one.ticks == "as-plays" and tracker in one.between for one in person.pairs)


def pieces(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


# -- what a pair needs of whoever delivers to its accounts -----------------------------------------------------------


class Resting(Protocol):
    """How an account is, and how long it rests."""

    def pause(self, monotonic: float) -> float: ...

    async def trouble(self, error: TrackerError, monotonic: float, dice: Dice) -> None: ...

    async def was_read(self, expires_at: datetime | None) -> None: ...


class AccountCourier(Protocol):
    """What is needed here of who delivers to an account."""

    @property
    def tracker(self) -> Tracker: ...

    @property
    def health(self) -> Resting: ...


AccountCouriers = Mapping[tuple[str, str], AccountCourier]
"""By viewer and tracker."""


# -- what a run may do -----------------------------------------------------------------------------------------------


class Options(Struct, frozen=True):
    """What somebody wants of one run, other than the configuration says. Empty is as configured."""

    kinds: tuple[str, ...] = ()
    direction: str = ""
    """``both``, or like ``trakt-to-serializd``: for every kind."""
    conflict: str = ""
    plan: str = ""
    """Do exactly what this plan shows, or nothing."""
    full: bool = False
    """Read everything, also where nothing seems to have moved."""
    correct_dates: bool = False
    """Give what other programs entered in bulk the times of the library."""
    library: str = ""
    """Only what is in the library of this title."""

    def stored(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Options:
        known = {name: values[name] for name in cls.__struct_fields__ if name in values}
        return replace(cls(**known), kinds=tuple(values.get("kinds", ())))

    def words(self) -> list[str]:
        """As options of ``scrobbled sync``, for whoever is to run the same again."""
        told = []
        if self.kinds:
            told += ["--kind", ",".join(self.kinds)]
        if self.direction:
            told += ["--direction", self.direction]
        if self.conflict:
            told += ["--conflict-strategy", self.conflict]
        if self.library:
            told += ["--library", self.library]
        return told + ["--correct-dates"] * self.correct_dates


def policy(pair: PairConfig, sides: Sides, can: Sequence[Capabilities], options: Options) -> Policy:
    """Raises ``ConfigError`` for words that mean nothing for this pair."""
    _check_kinds(options, can)
    _check_library(options, sides, can)
    return Policy(
        ways={kind: _direction(pair, sides, can, options, kind) for kind in KINDS},
        conflict=_conflict(options.conflict or pair.conflict, sides),
        removals={kind: cast(Any, pair.removal(kind)) for kind in KINDS},
        ticks=cast(Any, pair.ticks),
        precision=(can[0].precision, can[1].precision),
        can_flag=(can[0].flags_rewatches, can[1].flags_rewatches),
        can_amend=(PLAYS in can[0].amends, PLAYS in can[1].amends),
        takes=(can[0].media, can[1].media),
        keeps=(can[0].keeps, can[1].keeps),
        begins=(can[0].begins, can[1].begins),
        undated=cast(Any, pair.undated),
        by_release=(can[0].by_release, can[1].by_release),
        details=cast(Any, pair.collection_metadata),
        within=options.library,
        correct_dates=options.correct_dates,
    )


def fingerprint(made: Policy) -> str:
    """The same for the same policy, in whatever process."""
    takes, by_release = (cast(Any, tuple(map(sorted, sets))) for sets in (made.takes, made.by_release))
    made = replace(made, takes=takes, by_release=by_release)
    return hashlib.sha256(repr(made).encode()).hexdigest()[:16]


def kinds(made: Policy) -> frozenset[Kind]:
    """What is compared by it."""
    return frozenset(kind for kind in KINDS if made.way(kind) != "off")


def wanted(made: Policy) -> frozenset[Kind]:
    """What has to be read for it: also what a library holds, where that may matter for what is done."""
    found, library = kinds(made), made.library
    found |= explaining(found)
    if library is None or PLAYS in found:
        return found
    gets = any(may_write(made.way(kind), library) for kind in found)
    removes = any(made.removal(kind) != "ignore" for kind in found)
    return found | {ITEMS} if gets or removes or made.within else found


def explaining(found: Set[Kind]) -> frozenset[Kind]:
    """What has to be read beside these: without the plays nobody knows why something left a list by itself."""
    return frozenset({PLAYS} if any(KINDS[kind].until_watched for kind in found) else ())


def _check_kinds(options: Options, can: Sequence[Capabilities]) -> None:
    able = [kind for kind in KINDS if all(kind in one.reads for one in can)]
    strange = [kind for kind in options.kinds if kind not in able]
    if strange:
        raise ConfigError([f"{strange[0]} is no kind that can be reconciled; there are {', '.join(able)}"])


def _check_library(options: Options, sides: Sides, can: Sequence[Capabilities]) -> None:
    asked = "--library" if options.library else "--correct-dates" if options.correct_dates else ""
    if asked and not any(one.is_library for one in can):
        raise ConfigError([f"neither {sides.a} nor {sides.b} is a library, so {asked} has no meaning for them"])


def _direction(pair: PairConfig, sides: Sides, can: Sequence[Capabilities], options: Options, kind: Kind) -> Direction:
    if (options.kinds and kind not in options.kinds) or not all(kind in one.reads for one in can):
        return "off"
    if kind == PLAYS and all(one.is_library for one in can):
        return "off"  # neither keeps plays that could be compared; see ``without_effect``
    configured = str(getattr(pair, kind))
    if configured == "off" and kind not in options.kinds:
        return "off"
    told = _turned(options.direction or ("both" if configured == "off" else configured), sides)
    return _possible(told, (can[0].writes(kind), can[1].writes(kind)))


def _possible(told: Direction, writes: tuple[bool, bool]) -> Direction:
    """As far as the sides can be written to."""
    to_a, to_b = told in ("both", "b-to-a") and writes[0], told in ("both", "a-to-b") and writes[1]
    if to_a and to_b:
        return "both"
    return "b-to-a" if to_a else "a-to-b" if to_b else "off"


def _turned(told: str, sides: Sides) -> Direction:
    words: dict[str, Direction] = {
        "off": "off",
        "both": "both",
        f"{sides.a}-to-{sides.b}": "a-to-b",
        f"{sides.b}-to-{sides.a}": "b-to-a",
    }
    if told.strip().lower() not in words:
        known = ", ".join(word for word in words if word != "off")
        raise ConfigError([f"{told} is not a direction of {sides.a} and {sides.b}; choose {known}"])
    return words[told.strip().lower()]


def _conflict(told: str, sides: Sides) -> Conflict:
    words: dict[str, Conflict] = {
        f"{sides.a}-wins": "a",
        f"{sides.b}-wins": "b",
        "newest-wins": "newest",
        "ask": "ask",
    }
    if told.strip().lower() not in words:
        raise ConfigError([f"{told} is not a conflict strategy of {sides.a} and {sides.b}; choose {', '.join(words)}"])
    return words[told.strip().lower()]

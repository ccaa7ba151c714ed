"""What a run may do: the pair's configuration, what its trackers can, and what was asked for this once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from scrobbled.config.viewing import PairConfig
from scrobbled.core.errors import ConfigError
from scrobbled.core.ledger import Conflict, Direction, Policy
from scrobbled.core.records import KINDS, Kind
from scrobbled.reconcile.sides import Sides
from scrobbled.trackers.base import Capabilities


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
        return told


def policy(pair: PairConfig, sides: Sides, can: Sequence[Capabilities], options: Options) -> Policy:
    """Raises ``ConfigError`` for words that mean nothing for this pair."""
    _check_kinds(options)
    directions = {kind: _direction(pair, sides, can, options, kind) for kind in KINDS}
    return Policy(
        plays=directions["plays"],
        ratings=directions["ratings"],
        conflict=_conflict(options.conflict or pair.conflict, sides),
        removals=cast(Any, pair.removals),
        ticks=cast(Any, pair.ticks),
        precision=(can[0].precision, can[1].precision),
        can_flag=(can[0].flags_rewatches, can[1].flags_rewatches),
        can_amend=("plays" in can[0].amends, "plays" in can[1].amends),
        takes=(can[0].media, can[1].media),
    )


def fingerprint(made: Policy) -> str:
    """The same for the same policy, in whatever process."""
    made = replace(made, takes=cast(Any, tuple(sorted(media) for media in made.takes)))
    return hashlib.sha256(repr(made).encode()).hexdigest()[:16]


def kinds(made: Policy) -> frozenset[Kind]:
    """What has to be read for it."""
    return frozenset(kind for kind in KINDS if getattr(made, kind) != "off")


def _check_kinds(options: Options) -> None:
    strange = [kind for kind in options.kinds if kind not in KINDS]
    if strange:
        raise ConfigError([f"{strange[0]} is no kind that can be reconciled; there are {', '.join(KINDS)}"])


def _direction(pair: PairConfig, sides: Sides, can: Sequence[Capabilities], options: Options, kind: Kind) -> Direction:
    if (options.kinds and kind not in options.kinds) or not all(kind in one.reads for one in can):
        return "off"
    configured = str(getattr(pair, kind))
    if configured == "off" and kind not in options.kinds:
        return "off"
    told = options.direction or ("both" if configured == "off" else configured)
    return _turned(told, sides)


def _turned(told: str, sides: Sides) -> Direction:
    words: dict[str, Direction] = {
        "off": "off",
        "both": "both",
        f"{sides.a}-to-{sides.b}": "a-to-b",
        f"{sides.b}-to-{sides.a}": "b-to-a",
    }
    if told.strip().lower() not in words:
        known = ", ".join(word for word in words if word != "off")
        raise ConfigError([f"{told} is no direction of {sides.a} and {sides.b}; there are {known}"])
    return words[told.strip().lower()]


def _conflict(told: str, sides: Sides) -> Conflict:
    words: dict[str, Conflict] = {
        f"{sides.a}-wins": "a",
        f"{sides.b}-wins": "b",
        "newest-wins": "newest",
        "ask": "ask",
    }
    if told.strip().lower() not in words:
        raise ConfigError([f"{told} settles no conflict of {sides.a} and {sides.b}; there are {', '.join(words)}"])
    return words[told.strip().lower()]

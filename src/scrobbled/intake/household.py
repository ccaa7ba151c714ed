"""Who is who, as the configuration says: which viewers an account belongs to, and what holds for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from scrobbled.config import BY_VIEWER, Config, SourceConfig, ViewerConfig, claimants
from scrobbled.config.problems import Problem
from scrobbled.config.viewing import DIRECTIONS, UNDATED, PairConfig
from scrobbled.core.agreeing.ledger import Removals
from scrobbled.core.errors import ConfigError
from scrobbled.core.kinds import PLAYS
from scrobbled.core.naming.items import Media
from scrobbled.core.sending.safety import WriteLimits
from scrobbled.core.services import service, system
from scrobbled.core.watching.rules import rules_of
from scrobbled.intake.claimants import Claimant, Destination, Marks
from scrobbled.trackers import TRACKERS, can_be_compared

_SILENT = SourceConfig()


class ConfiguredHousehold:
    """``claimants.Household`` from a configuration. ``takes`` tells what each (viewer, tracker) can hold."""

    def __init__(self, config: Config, takes: Mapping[tuple[str, str], frozenset[Media]]) -> None:
        self._config, self._takes = config, takes
        sources = (*config.sources, *BY_VIEWER - config.sources.keys())
        self._claimants = {(name, one.name): self._made(name, one) for name in sources for one in config.viewers}

    def claimants(self, source: str, names: frozenset[str]) -> Sequence[Claimant]:
        """Every viewer who lists one of these names; see ``config.claimants``.

        Tokens made for a viewer are good without an entry for their source, any other source needs one.
        """
        if source not in self._config.sources and source not in BY_VIEWER:
            return ()
        return tuple(self._claimants[source, viewer.name] for viewer in claimants(self._config, source, names))

    def accepts_server(self, source: str, server: str | None) -> bool:
        """Whether the source's ``servers`` lists this media server; an empty list takes all."""
        allowed = self._of(source).servers
        return source in BY_VIEWER or not allowed or server in allowed

    def _made(self, source: str, viewer: ViewerConfig) -> Claimant:
        config, defaults = self._config, self._config.defaults
        ways = {name: self._takes.get((viewer.name, name)) for name in viewer.trackers if is_destination(name)}
        levels = config.levels(source, viewer)
        wanted: dict[Media, bool] = {"movie": defaults.movies, "episode": defaults.episodes}
        return Claimant(
            viewer=viewer.name,
            rules=rules_of(levels, None, listed=self._of(source).is_caught_up(source)),
            ways=tuple(_way(name, takes) for name, takes in ways.items() if takes is not None),
            libraries=self._libraries(source, viewer),
            media=frozenset(media for media, on in wanted.items() if on),
            limits=limits(config),
            levels=levels if any(level.specials for level in levels) else (),
            marks=cast(Marks, self._of(source).marks),
            ratings=config.takes_ratings(source),
            removals=_removals(viewer),
            home=tuple(
                name for name in viewer.trackers if name in TRACKERS and TRACKERS[name].can().place_of == system(source)
            ),
        )

    def _libraries(self, source: str, viewer: ViewerConfig) -> frozenset[str]:
        """Titles without case; where there are no libraries, nothing can be told apart by them."""
        if service(source).libraries == "none":
            return frozenset()
        return frozenset(title.strip().casefold() for title in viewer.libraries or self._of(source).libraries)

    def _of(self, source: str) -> SourceConfig:
        return self._config.sources.get(source, _SILENT)


def is_destination(tracker: str) -> bool:
    """A library gets nothing of what is watched there or elsewhere: only its pairs write to it."""
    return tracker not in TRACKERS or not TRACKERS[tracker].can().place_of


def _way(tracker: str, takes: frozenset[Media]) -> Destination:
    if tracker not in TRACKERS:
        return Destination(tracker, takes)
    can = TRACKERS[tracker].can()
    return Destination(tracker, takes, can.amends, can.ticks, can.adds)


def _removals(viewer: ViewerConfig) -> Removals:
    """The most careful word of the viewer's pairs; who has none lets nothing be removed."""
    told = {pair.removal(PLAYS) for pair in viewer.pairs}
    careful: tuple[Removals, ...] = ("ignore", "ask", "propagate")
    return next((removals for removals in careful if removals in told), "ignore")


def household_of(config: Config) -> ConfiguredHousehold:
    """For whoever judges webhooks and delivers nothing."""
    accounts = [(viewer.name, name) for viewer in config.viewers for name in viewer.trackers if name in TRACKERS]
    return ConfiguredHousehold(config, {(viewer, name): TRACKERS[name].can().media for viewer, name in accounts})


def limits(config: Config) -> WriteLimits:
    """What the flood breaker allows each account."""
    safety = config.safety
    return WriteLimits(safety.max_writes_per_hour, safety.max_plays_per_item_per_day)


def _idle_parts(viewer: str, pair: PairConfig) -> Iterator[str]:
    place = f"viewers: {viewer}: the pair of {pair.between[0]} and {pair.between[1]}"
    if strange := [name for name in pair.between if name not in TRACKERS]:
        yield f"{place}: this version does not reconcile {strange[0]} yet"
        return
    can = {name: TRACKERS[name].can() for name in pair.between}
    for kind in pair.directions():
        if lacking := [name for name in pair.between if kind not in can[name].reads]:
            yield f"{place}: this version does not compare the {kind} of {lacking[0]} yet"
        elif kind == PLAYS and all(one.is_library for one in can.values()):
            yield f"{place}: both are libraries, of which this version compares no plays; put each beside a tracker"


def impossible(config: Config) -> Iterator[Problem]:
    """What two trackers cannot do: directions of kinds to a side that can be read and not be written, and the like."""
    for at, viewer in enumerate(config.viewers):
        for number, pair in enumerate(viewer.pairs):
            for key, text in (*_closed(pair), *_undatable(pair), *_without_library(pair)):
                path = f"viewers[{at}].pairs[{number}].{key}"
                if key in pair.directions() or path in config.origins:
                    yield Problem(config.origins[path].line if path in config.origins else 0, path, text)


def refuse_impossible(config: Config) -> None:
    """Raises ``ConfigError`` with all that is ``impossible``."""
    if problems := list(map(str, impossible(config))):
        raise ConfigError(problems)


def _closed(pair: PairConfig) -> Iterator[tuple[str, str]]:
    """By kind."""
    can = {name: TRACKERS[name].can() for name in pair.between if name in TRACKERS}
    for kind, direction in pair.directions().items():
        if sum(kind in one.reads for one in can.values()) < 2:
            continue
        writable = [name for name in pair.between if can[name].writes(kind)]
        closed = [name for name in pair.between if name not in writable]
        if any(direction in ("both", f"{from_}-to-{name}") for name in closed for from_ in pair.between):
            instead = f"{closed[0]}-to-{writable[0]}" if writable else "off"
            yield kind, f"{closed[0]} cannot be written; write {instead}"


def _undatable(pair: PairConfig) -> Iterator[tuple[str, str]]:
    """What is said of things without a date, where there can be none, or where the other side takes none."""
    can = {name: TRACKERS[name].can() for name in pair.between if name in TRACKERS}
    others = {name: one.undated for name, one in can.items() if not one.is_library}
    if len(can) == len(others) == 2:
        yield "undated", f"neither {' nor '.join(can)} is a library, so nothing is without a date; remove it"
    elif len(can) == 2 and len(others) == 1:
        ((name, takes),) = others.items()
        words = [word for word in UNDATED if word in takes or word in ("leave", "marked")]
        if pair.undated not in words:
            yield "undated", f'{name} takes no play as "{pair.undated}"; write {", ".join(words)}'


def _without_library(pair: PairConfig) -> Iterator[tuple[str, str]]:
    """What is said of files where there are none."""
    can = {name: TRACKERS[name].can() for name in pair.between if name in TRACKERS}
    if len(can) == 2 and not any(one.is_library for one in can.values()):
        yield "collection_metadata", f"neither {' nor '.join(can)} is a library with files; remove it"


SINKS = frozenset({"mqtt", "influx"})
"""Where else this version tells what it knows, by the name in the configuration."""


def has_effect(path: str) -> bool:
    """Whether this version does anything with a part of the configuration, like ``viewers[0].trackers.trakt``.

    It goes by what is there: a tracker by its folder, a kind of a pair by two trackers that can be read for it.
    """
    names = re.sub(r"\[\d+\]", "", path).split(".")
    match names:
        case ["viewers", "trackers", tracker, *_]:
            return tracker in TRACKERS
        case ["viewers", "pairs", "removals", kind, *_]:
            return can_be_compared(kind)
        case ["viewers", "pairs", "undated" | "collection_metadata"]:
            return any(one.can().is_library for one in TRACKERS.values())
        case ["viewers", "pairs", kind, *_] if kind in DIRECTIONS:
            return can_be_compared(kind)
        case ["sinks", sink, *_]:
            return sink in SINKS
    return True


def without_effect(config: Config) -> Iterator[str]:
    """What may be configured and has no effect in this version; silence would let people wait for it."""
    for viewer in config.viewers:
        for tracker in viewer.trackers:
            if tracker not in TRACKERS:
                yield f"viewers: {viewer.name}: this version does not deliver to {tracker} yet"
            elif not is_destination(tracker) and not any(tracker in pair.between for pair in viewer.pairs):
                yield f"viewers: {viewer.name}: only a pair reads and writes {tracker}; add one with another tracker"
        for pair in viewer.pairs:
            yield from _idle_parts(viewer.name, pair)

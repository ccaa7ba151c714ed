"""Who is who, as the configuration says: which viewers an account belongs to, and what holds for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from scrobbled.claimants import Claimant, Marks, Removals, Way
from scrobbled.config import BY_VIEWER, Config, SourceConfig, ViewerConfig, claimants
from scrobbled.config.libraries import WITHOUT_LIBRARIES
from scrobbled.config.viewing import PairConfig
from scrobbled.core.items import Media
from scrobbled.core.rules import rules_of
from scrobbled.core.safety import Limits
from scrobbled.trackers import TRACKERS

_SILENT = SourceConfig()


class ConfiguredHousehold:
    """``ingest.Household`` from a configuration. ``takes`` tells what each (viewer, tracker) can hold."""

    def __init__(self, config: Config, takes: Mapping[tuple[str, str], frozenset[Media]]) -> None:
        self._config, self._takes = config, takes
        self._known: dict[tuple[str, str], Claimant] = {}

    def claimants(self, source: str, names: frozenset[str]) -> Sequence[Claimant]:
        """Every viewer who lists one of these names; see ``config.claimants``.

        Tokens made for a viewer are good without an entry for their source, any other source needs one.
        """
        if source not in self._config.sources and source not in BY_VIEWER:
            return ()
        return tuple(self._claimant(source, viewer) for viewer in claimants(self._config, source, names))

    def accepts_server(self, source: str, server: str | None) -> bool:
        """Whether the source's ``servers`` lists this media server; an empty list takes all."""
        allowed = self._of(source).servers
        return source in BY_VIEWER or not allowed or server in allowed

    def _claimant(self, source: str, viewer: ViewerConfig) -> Claimant:
        """Made once, as it is asked for twice with every event."""
        key = source, viewer.name
        if key not in self._known:
            self._known[key] = self._made(source, viewer)
        return self._known[key]

    def _made(self, source: str, viewer: ViewerConfig) -> Claimant:
        config, defaults = self._config, self._config.defaults
        ways = {name: self._takes.get((viewer.name, name)) for name in viewer.trackers}
        levels = config.levels(source, viewer)
        wanted: dict[Media, bool] = {"movie": defaults.movies, "episode": defaults.episodes}
        return Claimant(
            viewer=viewer.name,
            rules=rules_of(levels, None),
            ways=tuple(_way(name, takes) for name, takes in ways.items() if takes is not None),
            libraries=self._libraries(source, viewer),
            media=frozenset(media for media, on in wanted.items() if on),
            limits=limits(config),
            levels=levels if any(level.specials for level in levels) else (),
            marks=cast(Marks, self._of(source).marks),
            ratings=config.takes_ratings(source),
            removals=_removals(viewer),
        )

    def _libraries(self, source: str, viewer: ViewerConfig) -> frozenset[str]:
        """Titles without case; where there are no libraries, nothing can be told apart by them."""
        if source in WITHOUT_LIBRARIES:
            return frozenset()
        return frozenset(title.strip().casefold() for title in viewer.libraries or self._of(source).libraries)

    def _of(self, source: str) -> SourceConfig:
        return self._config.sources.get(source, _SILENT)


def _way(tracker: str, takes: frozenset[Media]) -> Way:
    if tracker not in TRACKERS:
        return Way(tracker, takes)
    can = TRACKERS[tracker].can()
    return Way(tracker, takes, can.amends, can.ticks)


def _removals(viewer: ViewerConfig) -> Removals:
    """The most careful word of the viewer's pairs; who has none lets nothing be removed."""
    told = {pair.removals for pair in viewer.pairs}
    careful: tuple[Removals, ...] = ("ignore", "ask", "propagate")
    return next((removals for removals in careful if removals in told), "ignore")


def household_of(config: Config) -> ConfiguredHousehold:
    """For whoever judges webhooks and delivers nothing."""
    accounts = [(viewer.name, name) for viewer in config.viewers for name in viewer.trackers if name in TRACKERS]
    return ConfiguredHousehold(config, {(viewer, name): TRACKERS[name].can().media for viewer, name in accounts})


def limits(config: Config) -> Limits:
    """What the flood breaker allows each account."""
    safety = config.safety
    return Limits(safety.max_writes_per_hour, safety.max_plays_per_item_per_day)


def _idle_parts(viewer: str, pair: PairConfig) -> Iterator[str]:
    place = f"viewers: {viewer}: the pair of {pair.between[0]} and {pair.between[1]}"
    if strange := [name for name in pair.between if name not in TRACKERS]:
        yield f"{place}: this version does not reconcile {strange[0]} yet"
        return
    for kind in pair.directions():
        if lacking := [name for name in pair.between if kind not in TRACKERS[name].can().reads]:
            yield f"{place}: this version does not compare the {kind} of {lacking[0]} yet"


def without_effect(config: Config) -> Iterator[str]:
    """What may be configured and has no effect in this version; silence would let people wait for it."""
    for viewer in config.viewers:
        for tracker in viewer.trackers:
            if tracker not in TRACKERS:
                yield f"viewers: {viewer.name}: this version does not deliver to {tracker} yet"
        for pair in viewer.pairs:
            yield from _idle_parts(viewer.name, pair)
    if config.sinks.influx:
        yield "sinks.influx: this version does not export to InfluxDB yet"

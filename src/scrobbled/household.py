"""Who is who, as the configuration says: which viewers an account belongs to, and what holds for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scrobbled.config import Config, ViewerConfig, claimants
from scrobbled.core.items import Media
from scrobbled.core.sessions import Rules
from scrobbled.ingest import Claimant, Way


class ConfiguredHousehold:
    """``ingest.Household`` from a configuration. ``takes`` tells what each (viewer, tracker) can hold."""

    def __init__(self, config: Config, takes: Mapping[tuple[str, str], frozenset[Media]]) -> None:
        self._config, self._takes = config, takes

    def claimants(self, source: str, names: frozenset[str]) -> Sequence[Claimant]:
        """Every viewer who lists one of these names; no name belongs to nobody."""
        if not names or source not in self._config.sources:
            return ()
        return tuple(self._claimant(source, viewer) for viewer in claimants(self._config, source, names))

    def accepts_server(self, source: str, server: str | None) -> bool:
        """Whether the source's ``servers`` lists this media server; an empty list takes all."""
        allowed = self._config.sources[source].servers
        return not allowed or server in allowed

    def _claimant(self, source: str, viewer: ViewerConfig) -> Claimant:
        config, defaults = self._config, self._config.defaults
        ways = {name: self._takes.get((viewer.name, name)) for name in viewer.trackers}
        wanted: dict[Media, bool] = {"movie": defaults.movies, "episode": defaults.episodes}
        return Claimant(
            viewer=viewer.name,
            rules=Rules(
                threshold=config.threshold(source, viewer),
                min_duration_ms=round(config.min_duration(source) * 1000),
            ),
            ways=tuple(Way(name, takes) for name, takes in ways.items() if takes is not None),
            libraries=frozenset(
                title.strip().casefold() for title in viewer.libraries or config.sources[source].libraries
            ),
            media=frozenset(media for media, on in wanted.items() if on),
        )

"""The configuration as the program sees it: frozen and complete, durations in seconds, percentages 0 to 100."""

# ruff: noqa: RUF009 - setting() and section() make dataclass fields

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scrobbled.config.fields import ListOf, Named, section, setting, table_of
from scrobbled.config.rules import level
from scrobbled.config.service import (
    AlertsConfig,
    LoggingConfig,
    MetadataConfig,
    SafetyConfig,
    ServerConfig,
    SinksConfig,
    StorageConfig,
)
from scrobbled.config.viewing import SOURCE_NAMES, DefaultsConfig, SourceConfig, ViewerConfig
from scrobbled.core.naming.items import Item
from scrobbled.core.services import service
from scrobbled.core.watching.rules import RuleLevel, rules_of


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """Where a value came from. ``place`` is empty for a value written there itself.

    ``line`` counts from 1; 0 is for what does not stand in the file at all.
    """

    line: int
    place: str = ""

    def __str__(self) -> str:
        if not self.place or not self.line:
            return self.place or f"line {self.line}"
        return f"{self.place} (line {self.line})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything. ``path`` is the file it came from, ``None`` where it was made by a program."""

    server: ServerConfig = section(ServerConfig)
    storage: StorageConfig = section(StorageConfig)
    sources: Mapping[str, SourceConfig] = setting(
        Named({name: table_of(SourceConfig) for name in SOURCE_NAMES}, "source"),
        "What reports to us; each entry opens POST /webhooks/<source>/<token>.",
        {},
    )
    metadata: MetadataConfig = section(MetadataConfig)
    defaults: DefaultsConfig = section(DefaultsConfig)
    viewers: tuple[ViewerConfig, ...] = setting(
        ListOf(table_of(ViewerConfig)), "The people. An account nobody claims is held, never sent.", ()
    )
    sinks: SinksConfig = section(SinksConfig)
    alerts: AlertsConfig = section(AlertsConfig)
    safety: SafetyConfig = section(SafetyConfig)
    logging: LoggingConfig = section(LoggingConfig)
    path: Path | None = None
    origins: Mapping[str, ValueOrigin] = field(default_factory=dict, repr=False, compare=False)
    """By YAML path, for every value that was given."""
    set_aside: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What else was said and does not count, as the file says it; a sentence for each."""

    def viewer(self, name: str) -> ViewerConfig | None:
        """The viewer of that name, compared as account names are: trimmed and without case."""
        return next((viewer for viewer in self.viewers if fold(viewer.name) == fold(name)), None)

    def levels(self, source: str, viewer: ViewerConfig | None = None) -> tuple[RuleLevel, ...]:
        """What is said of when something counts: by the viewer, then for the source, then for all.

        In each place a rule that fits comes before the plain value. The last threshold is that of the source's
        protocol, where it has one.
        """
        own, of_all = self.sources.get(source, SourceConfig()), self.defaults
        usual = service(source).threshold
        personal = () if viewer is None else (level(viewer.rules, viewer.threshold),)
        return (
            *personal,
            level(own.rules, own.threshold, own.min_duration),
            level(of_all.rules, of_all.threshold if usual is None else usual, of_all.min_duration),
        )

    def threshold(self, source: str, viewer: ViewerConfig | None = None, item: Item | None = None) -> float:
        """Percent that must be watched, of ``item`` or in general."""
        return rules_of(self.levels(source, viewer), item).threshold

    def min_duration(self, source: str) -> float:
        """Seconds an item must last to count, in general."""
        return rules_of(self.levels(source), None).min_duration_ms / 1000

    def takes_ratings(self, source: str) -> bool:
        """Whether ratings given there go to the trackers."""
        own = self.sources.get(source, SourceConfig()).ratings
        return self.defaults.ratings if own is None else own


def fold(name: str) -> str:
    """A name as it is compared: trimmed and without case."""
    return name.strip().casefold()

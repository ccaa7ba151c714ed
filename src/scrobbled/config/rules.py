"""Rules for single libraries, films or episodes, as they are written in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scrobbled.config.fields import ListOf, setting, table_of
from scrobbled.config.values import Choice, Duration, Percent, Switch, TextValue
from scrobbled.core.naming.items import Media
from scrobbled.core.watching.rules import RuleLevel, Special

_MEDIA: dict[str, Media] = {"movie": "movie", "episode": "episode"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """What holds for some libraries, or for films or episodes only. Of a list the first that fits counts."""

    libraries: tuple[str, ...] = setting(
        ListOf(TextValue(longest=200)), "Titles of the libraries it is about. Empty: all.", ()
    )
    media: str | None = setting(Choice(tuple(_MEDIA)), "movie or episode. Without it both.")
    threshold: float | None = setting(Percent(1), "How much of such an item must be watched.")
    min_duration: float | None = setting(Duration(), "Shorter items of that kind do not count (seconds).")
    count: bool | None = setting(Switch(), "Whether such items count at all.")

    def special(self) -> Special:
        """The same, as items are judged by it."""
        return Special(
            libraries=frozenset(title.strip().casefold() for title in self.libraries),
            media=None if self.media is None else _MEDIA[self.media],
            threshold=self.threshold,
            min_duration_ms=_milliseconds(self.min_duration),
            count=self.count,
        )


RuleConfigs = tuple[RuleConfig, ...]


def rules(description: str) -> Any:
    """A field that holds such a list."""
    return setting(ListOf(table_of(RuleConfig)), description, ())


def level(rules: RuleConfigs, threshold: float | None = None, min_duration: float | None = None) -> RuleLevel:
    """All that one place of the configuration says; ``min_duration`` in seconds."""
    return RuleLevel(tuple(rule.special() for rule in rules), threshold, _milliseconds(min_duration))


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)

"""Who watches, what tells of it, and where it goes: sources, viewers and their pairs."""

# ruff: noqa: RUF009 - setting() and section() make dataclass fields

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from scrobbled.config.addresses import HttpUrl, ServerUrl
from scrobbled.config.durations import UNITS
from scrobbled.config.fields import ForEach, ListOf, MapOf, Named, setting, table_of
from scrobbled.config.rules import RuleConfigs, rules
from scrobbled.config.trackers import TRACKERS
from scrobbled.config.values import (
    Choice,
    ConflictValue,
    CronValue,
    DirectionValue,
    Duration,
    Interval,
    Percent,
    Switch,
    TextValue,
    WebhookToken,
)
from scrobbled.core.cron import Cron
from scrobbled.core.kinds import KINDS
from scrobbled.core.services import SERVICES

T = TypeVar("T")

SOURCE_NAMES = tuple(name for name, one in SERVICES.items() if one.source)
ASKED = tuple(name for name, one in SERVICES.items() if one.asked)
"""Sources whose server can be asked what was watched."""
LISTENED = tuple(name for name, one in SERVICES.items() if one.listened)
"""Sources whose server can be listened to."""
DIRECTIONS = (*KINDS, "progress")
"""What a pair has a direction for: every kind, and what is not compared yet."""
METADATA = ("fill", "overwrite", "off")
UNDATED = ("leave", "unknown", "released", "marked")
"""What becomes of a viewing whose date a library does not tell."""


def _and(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


_SECRET = TextValue(exact=True)
_NAME = TextValue(longest=200)
_MINUTE = UNITS["m"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """One kind of media server or client that reports what is watched. It opens ``/webhooks/<source>/<token>``."""

    token: str | None = setting(WebhookToken(), "The secret in the webhook's URL.", secret=True)
    tokens: Mapping[str, str] = setting(
        MapOf(WebhookToken()), "Only for trakt: one token for each viewer, by the viewer's name.", {}, secret=True
    )
    url: str | None = setting(
        ServerUrl(), "The server itself, to look up show ids and read the library; of kodi its websocket (ws://…)."
    )
    server_token: str | None = setting(_SECRET, "A token or API key of that server.", secret=True)
    servers: tuple[str, ...] = setting(
        ListOf(_NAME), "Ids of the media servers whose events are accepted. Empty: all.", ()
    )
    libraries: tuple[str, ...] = setting(ListOf(_NAME), "Titles of the libraries that count. Empty: all.", ())
    threshold: float | None = setting(Percent(1), "How much must be watched; instead of the one in defaults.")
    min_duration: float | None = setting(
        Duration(), "Shorter items do not count (seconds); instead of the one in defaults."
    )
    catch_up: float = setting(
        Interval(_MINUTE),
        f"Only for {_and(ASKED)}, with url and server_token: how often to ask the server what was watched, so that a "
        "webhook that was lost is made up for (seconds); off to never ask.",
        15 * _MINUTE,
    )
    mode: str = setting(
        Choice(("webhook", "live", "both")),
        f"Only for {_and(LISTENED)}: live listens to the server (or the player) instead of waiting for webhooks; both "
        "does both.",
        "webhook",
    )
    rules: RuleConfigs = rules("For single libraries, films or episodes; the first that fits counts.")
    marks: str = setting(
        Choice(("play", "tick", "ignore")),
        "What it is when somebody marks an item as watched by hand: a play, a tick without a date where a tracker "
        "knows such, or nothing.",
        "play",
    )
    ratings: bool | None = setting(
        Switch(), "Whether ratings given there go to the trackers; instead of the word in defaults."
    )
    account_url: str | None = setting(HttpUrl(), "Only for plex: the root of plex.tv, to point it elsewhere.")
    pass_on: bool = setting(
        Switch(), "Only for trakt: tell the viewer's own Trakt account at once what is playing.", False
    )

    def is_caught_up(self, name: str) -> bool:
        """Whether the source, by its name, is asked from time to time what was watched."""
        return name in ASKED and bool(self.url and self.server_token and self.catch_up)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultsConfig:
    """What counts as watched."""

    threshold: float = setting(Percent(1), "How much of an item must be watched (percent).", 90.0)
    min_duration: float = setting(Duration(), "Shorter items, such as trailers, do not count (seconds).", 5 * _MINUTE)
    movies: bool = setting(Switch(), "Whether movies count.", True)
    episodes: bool = setting(Switch(), "Whether episodes count.", True)
    rules: RuleConfigs = rules("For single libraries, films or episodes, of all sources; the first that fits counts.")
    ratings: bool = setting(Switch(), "Whether ratings given on a media server go to the trackers.", True)
    watchdog: float = setting(
        Duration(_MINUTE),
        "A viewing whose end was never told ends so long after it should have, by its last known position (seconds).",
        30 * _MINUTE,
    )


def _with_directions(made: type[T]) -> type[T]:
    """With a setting for each of them."""
    for name in DIRECTIONS:
        text = f"Direction for {KINDS[name].called if name in KINDS else 'progress within an item'}."
        made.__annotations__[name] = "str"
        setattr(made, name, setting(DirectionValue(), text, "off"))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
@_with_directions
class PairConfig:
    """Two trackers of a viewer that are kept in agreement.

    A kind's direction is ``off``, ``both``, or ``trakt-to-serializd`` with the names of the two trackers.
    """

    between: tuple[str, ...] = setting(ListOf(_NAME), "Choose the two trackers.", required=True)
    conflict: str = setting(
        ConflictValue(), "Who wins when both changed: <tracker>-wins, newest-wins or ask.", "newest-wins"
    )
    removals: Mapping[str, str] = setting(
        ForEach(Choice(("ignore", "propagate", "ask")), tuple(KINDS), "kind", "ignore"),
        "What a removal on one side does to the other: one word for all, or by kind.",
        {},
    )
    ticks: str = setting(
        Choice(("ignore", "as-plays")),
        "What is ticked as watched and has no date: left alone, or a play of the time when it was ticked.",
        "ignore",
    )
    undated: str = setting(
        Choice(UNDATED),
        "Of a library: what the other side gets of what is watched there without a date that can be believed. leave: "
        "nothing, and it is counted; unknown: a play without a date; released: a play of the day it came out; marked: "
        "a play of the time when it was marked, if there is one.",
        "leave",
    )
    collection_metadata: str = setting(
        Choice(METADATA),
        "Of a library: what becomes of details such as the resolution of what the other side has collected already. "
        "fill: what is missing is added, and later changes of a file follow; overwrite: all is corrected, after you "
        "have seen the plan; off: none is sent.",
        "fill",
    )
    every: float | None = setting(
        Duration(_MINUTE), "Time between two runs (seconds). Without it, and without schedule, it is run by hand only."
    )
    schedule: Cron | None = setting(
        CronValue(),
        "When it is run, instead of every, by server.time_zone: minute, hour, day, month, day of the week, as in cron.",
    )

    def __post_init__(self) -> None:
        """A library is always the first of the two: what it calls by no common name is looked up at the other."""
        object.__setattr__(self, "between", tuple(sorted(self.between, key=lambda name: name not in ASKED)))

    def directions(self) -> dict[str, str]:
        """The direction of each kind that is not ``off``."""
        return {kind: getattr(self, kind) for kind in DIRECTIONS if getattr(self, kind) != "off"}

    def removal(self, kind: str) -> str:
        """What becomes of a removal of that kind."""
        return self.removals.get(kind, "ignore")

    @classmethod
    def going(
        cls, between: tuple[str, str], ways: Mapping[str, str], *, removals: str = "ignore", undated: str = "leave"
    ) -> PairConfig:
        """One with these directions by kind, and all else as usual."""
        removed = dict.fromkeys(KINDS, removals)
        made: PairConfig = cast(Any, cls)(between=between, removals=removed, undated=undated, **ways)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerConfig:
    """A person in the house."""

    name: str = setting(TextValue(longest=64), "What to call this person.", required=True)
    accounts: Mapping[str, tuple[str, ...]] = setting(
        Named({name: ListOf(_NAME) for name in SOURCE_NAMES}, "source"),
        "Names or ids under which each source knows this person.",
        {},
    )
    trackers: Mapping[str, Mapping[str, Any]] = setting(
        TRACKERS, "Where this person's plays are sent.", {}, in_repr=False
    )
    pairs: tuple[PairConfig, ...] = setting(
        ListOf(table_of(PairConfig)), "Trackers to reconcile. Without any, nothing is reconciled.", ()
    )
    threshold: float | None = setting(Percent(1), "How much this person must have watched.")
    rules: RuleConfigs = rules("This person's own, for single libraries, films or episodes; before everything else.")
    libraries: tuple[str, ...] = setting(
        ListOf(_NAME), "Titles of the libraries that count for this person. Empty: all.", ()
    )

"""The configuration as the program sees it: frozen and complete, durations in seconds, percentages 0 to 100."""

# ruff: noqa: RUF009 - setting() and section() make dataclass fields

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrobbled.config.durations import UNITS
from scrobbled.config.fields import Brief, ListOf, MapOf, Named, section, setting, table_of
from scrobbled.config.rules import Rules, level, rules
from scrobbled.config.trackers import TRACKERS
from scrobbled.config.values import (
    AlertUrl,
    BrokerUrl,
    Choice,
    Conflict,
    Direction,
    Duration,
    FilePath,
    HostName,
    HttpUrl,
    Integer,
    Interval,
    Network,
    Percent,
    ServerUrl,
    Switch,
    Text,
    WebhookToken,
    Word,
)
from scrobbled.core.items import Item
from scrobbled.core.rules import Level, rules_of
from scrobbled.core.troubles import TROUBLE_KINDS

SOURCE_NAMES = ("plex", "jellyfin", "jellyfin-webhooks", "emby", "tautulli", "kodi", "trakt", "sonarr", "radarr")
ASKED = ("plex", "jellyfin", "emby")
"""Sources whose server can be asked what was watched."""
LISTENED = ("plex", "kodi")
"""Sources whose server can be listened to."""
THRESHOLDS = {"trakt": 80.0}
"""Percent that a source's own protocol sets, where neither the viewer nor the source says otherwise."""
KINDS = ("plays", "ratings", "watchlist", "collection", "progress")
_SECRET = Text(exact=True)
_NAME = Text(longest=200)
_MINUTE, _HOUR, _DAY = UNITS["m"], UNITS["h"], UNITS["d"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginConfig:
    """Who may open the dashboard and the API; without it only this machine may."""

    username: str = setting(_NAME, "The name to sign in with.", required=True)
    password: str = setting(_SECRET, "The password to sign in with.", required=True, secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressConfig:
    """The page inside Home Assistant: a port of its own, where only the supervisor is answered."""

    enabled: bool | None = setting(Switch(), "Whether to listen there. Unset: only below Home Assistant's supervisor.")
    port: int = setting(Integer(1, 65535), "The port that the supervisor asks.", 8485)
    supervisor: str = setting(Text(), "The supervisor's address; nobody else is answered there.", "172.30.32.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the service listens and whom it believes."""

    host: str = setting(_NAME, "The address to listen on.", "0.0.0.0")
    port: int = setting(Integer(1, 65535), "The port to listen on.", 8484)
    public_url: str | None = setting(HttpUrl(), "How others reach it; for webhook URLs and links in alerts.")
    login: LoginConfig | None = section(LoginConfig, optional=True)
    allowed_hosts: tuple[str, ...] = setting(
        ListOf(HostName()),
        "Host names to answer to. Empty: IP addresses, localhost, *.local and the host of public_url.",
        (),
    )
    trusted_proxies: tuple[str, ...] = setting(
        ListOf(Network()), "Address ranges whose X-Forwarded-*, X-Ingress-Path and X-Remote-User-* are believed.", ()
    )
    ingress: IngressConfig = section(IngressConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupConfig:
    """Copies of the database that are made by themselves."""

    folder: Path | None = setting(FilePath(), "Where to put them. Without it none are made.")
    every: float = setting(Duration(_HOUR), "Time between two copies (seconds).", 24 * _HOUR)
    keep: int = setting(Integer(1, 1000), "How many are kept; the oldest go.", 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """Where everything is kept."""

    path: Path = setting(FilePath(), "The SQLite database.", Path("/data/scrobbled.db"))
    keep_raw_events: float = setting(
        Duration(_HOUR), "How long webhooks are kept as they came, for explain and replay.", 14 * _DAY
    )
    backup: BackupConfig = section(BackupConfig)


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
        "Only for plex, jellyfin and emby, with url and server_token: how often to ask the server what was watched, so "
        "that a webhook that was lost is made up for (seconds); off to never ask.",
        15 * _MINUTE,
    )
    mode: str = setting(
        Choice(("webhook", "live", "both")),
        "Only for plex and kodi: live listens to the server (or the player) instead of waiting for webhooks; both does "
        "both.",
        "webhook",
    )
    rules: Rules = rules("For single libraries, films or episodes; the first that fits counts.")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TmdbConfig:
    """The Movie Database: posters, and one more way to find ids. Not asked without a key."""

    key: str | None = setting(_SECRET, "An API key or a read access token.", secret=True)
    url: str | None = setting(HttpUrl(), "The API's root, to point it elsewhere.")
    image_url: str | None = setting(
        HttpUrl(), "The root of its pictures (as https://image.tmdb.org/t/p), to point it elsewhere."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataConfig:
    """Where to look up what a source did not say."""

    tmdb: TmdbConfig = section(TmdbConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultsConfig:
    """What counts as watched."""

    threshold: float = setting(Percent(1), "How much of an item must be watched (percent).", 90.0)
    min_duration: float = setting(Duration(), "Shorter items, such as trailers, do not count (seconds).", 5 * _MINUTE)
    movies: bool = setting(Switch(), "Whether movies count.", True)
    episodes: bool = setting(Switch(), "Whether episodes count.", True)
    rules: Rules = rules("For single libraries, films or episodes, of all sources; the first that fits counts.")
    ratings: bool = setting(Switch(), "Whether ratings given on a media server go to the trackers.", True)
    watchdog: float = setting(
        Duration(_MINUTE),
        "A viewing whose end was never told ends so long after it should have, by its last known position (seconds).",
        30 * _MINUTE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairConfig:
    """Two trackers of a viewer that are kept in agreement.

    A kind's direction is ``off``, ``both``, or ``trakt-to-serializd`` with the names of the two trackers.
    """

    between: tuple[str, ...] = setting(ListOf(_NAME), "The two trackers.", required=True)
    plays: str = setting(Direction(), "Direction for plays.", "off")
    ratings: str = setting(Direction(), "Direction for ratings.", "off")
    watchlist: str = setting(Direction(), "Direction for the watchlist.", "off")
    collection: str = setting(Direction(), "Direction for the collection.", "off")
    progress: str = setting(Direction(), "Direction for progress within an item.", "off")
    conflict: str = setting(
        Conflict(), "Who wins when both changed: <tracker>-wins, newest-wins or ask.", "newest-wins"
    )
    removals: str = setting(
        Choice(("ignore", "propagate", "ask")), "What a removal on one side does to the other.", "ignore"
    )
    ticks: str = setting(
        Choice(("ignore", "as-plays")),
        "What is ticked as watched and has no date: left alone, or a play of the time when it was ticked.",
        "ignore",
    )
    every: float = setting(Duration(_MINUTE), "Time between two runs (seconds).", 15 * _MINUTE)

    def directions(self) -> dict[str, str]:
        """The direction of each kind that is not ``off``."""
        return {kind: getattr(self, kind) for kind in KINDS if getattr(self, kind) != "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerConfig:
    """A person in the house."""

    name: str = setting(Text(longest=64), "What to call this person.", required=True)
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
    rules: Rules = rules("This person's own, for single libraries, films or episodes; before everything else.")
    libraries: tuple[str, ...] = setting(
        ListOf(_NAME), "Titles of the libraries that count for this person. Empty: all.", ()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxConfig:
    """An InfluxDB 2 that receives plays for charts."""

    url: str = setting(HttpUrl(), "The server, such as http://influxdb:8086.", required=True)
    token: str = setting(_SECRET, "A token that may write to both buckets.", required=True, secret=True)
    org: str = setting(_NAME, "The organisation.", required=True)
    bucket_raw: str = setting(_NAME, "The bucket for single plays.", "trakt_raw")
    bucket_daily: str = setting(_NAME, "The bucket for daily sums.", "trakt_agg")


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttConfig:
    """Sensors in Home Assistant, by an MQTT broker: the last play, the queue, and whether something needs you."""

    url: str | None = setting(
        BrokerUrl(), "The broker, such as mqtt://nas.local:1883. Unset: the one that the supervisor has, if any."
    )
    username: str | None = setting(_NAME, "The name to sign in with there.")
    password: str | None = setting(_SECRET, "The password to sign in with there.", secret=True)
    enabled: bool | None = setting(
        Switch(), "Whether to have sensors. Unset: where url is set, or Home Assistant's supervisor has a broker."
    )
    topic: str = setting(Word(), "What our topics begin with; two services at one broker need two names.", "scrobbled")
    discovery: str = setting(Word(), "Where Home Assistant looks for new sensors.", "homeassistant")


@dataclass(frozen=True, slots=True, kw_only=True)
class SinksConfig:
    """Where else plays go: to charts, and to sensors."""

    influx: InfluxConfig | None = section(InfluxConfig, optional=True)
    mqtt: MqttConfig = section(MqttConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAddressConfig:
    """One address that is told, of everything or of a part."""

    url: str = setting(AlertUrl(), "An Apprise URL.", required=True, secret=True)
    viewers: tuple[str, ...] = setting(
        ListOf(_NAME), "Only what concerns these viewers, and nothing about the house. Empty: everything.", ()
    )
    kinds: tuple[str, ...] = setting(
        ListOf(Choice(tuple(TROUBLE_KINDS))), "Only these kinds of trouble. Empty: all.", ()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsConfig:
    """Whom to tell when something needs a person."""

    urls: tuple[AlertAddressConfig, ...] = setting(
        ListOf(Brief(table_of(AlertAddressConfig), "url")),
        "Apprise URLs. One with viewers or kinds is written as a section: url, viewers, kinds.",
        (),
    )
    repeat: float = setting(
        Duration(_MINUTE), "The same trouble is told once, then again after this (seconds).", 24 * _HOUR
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyConfig:
    """Limits for each account; what exceeds them waits for approval."""

    max_writes_per_hour: int = setting(Integer(1, 1_000_000), "Plays taken within an hour; more are held.", 300)
    max_plays_per_item_per_day: int = setting(Integer(1, 1000), "Plays of one item within a day; more are held.", 3)
    max_removals_percent: float = setting(Percent(), "How much of the history one run may remove (percent).", 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingConfig:
    """What is written to standard error."""

    level: str = setting(Choice(("debug", "info", "warning", "error")), "The least important line to write.", "info")
    format: str = setting(Choice(("text", "json")), "Lines for people, or for machines.", "text")


@dataclass(frozen=True, slots=True)
class Origin:
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
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False, compare=False)
    """By YAML path, for every value that was given."""
    set_aside: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What else was said and does not count, as the file says it; a sentence for each."""

    def viewer(self, name: str) -> ViewerConfig | None:
        """The viewer of that name, compared as account names are: trimmed and without case."""
        return next((viewer for viewer in self.viewers if fold(viewer.name) == fold(name)), None)

    def levels(self, source: str, viewer: ViewerConfig | None = None) -> tuple[Level, ...]:
        """What is said of when something counts: by the viewer, then for the source, then for all.

        In each place a rule that fits comes before the plain value. The last threshold is that of the source's
        protocol, where it has one.
        """
        own, of_all = self.sources.get(source, SourceConfig()), self.defaults
        personal = () if viewer is None else (level(viewer.rules, viewer.threshold),)
        return (
            *personal,
            level(own.rules, own.threshold, own.min_duration),
            level(of_all.rules, THRESHOLDS.get(source, of_all.threshold), of_all.min_duration),
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

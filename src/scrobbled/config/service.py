"""What the service itself needs: its door, its disk, what it may use beside, whom it tells."""

# ruff: noqa: RUF009 - setting() and section() make dataclass fields

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from scrobbled.config.addresses import AlertUrl, BrokerUrl, HostName, HttpUrl, Network
from scrobbled.config.charts import InfluxConfig
from scrobbled.config.durations import UNITS
from scrobbled.config.fields import Brief, ListOf, section, setting, table_of
from scrobbled.config.values import Choice, Duration, FilePath, Integer, Percent, Switch, TextValue, Word, ZoneValue
from scrobbled.core.words.troubles import TROUBLE_KINDS
from scrobbled.plumbing.zones import MACHINE

_SECRET = TextValue(exact=True)
_NAME = TextValue(longest=200)
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
    supervisor: str = setting(TextValue(), "The supervisor's address; nobody else is answered there.", "172.30.32.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the service listens and whom it believes."""

    host: str = setting(_NAME, "The address to listen on.", "0.0.0.0")
    port: int = setting(Integer(1, 65535), "The port to listen on.", 8484)
    public_url: str | None = setting(HttpUrl(), "How others reach it; for webhook URLs and links in alerts.")
    time_zone: str | None = setting(
        ZoneValue(), "The zone of schedules and days, such as Europe/Berlin. Unset: the machine's own (TZ)."
    )
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

    @property
    def zone(self) -> tzinfo:
        """Of schedules and days."""
        return ZoneInfo(self.time_zone) if self.time_zone else MACHINE


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

"""The configuration: one YAML file, variables from the environment, secrets from files.

:func:`load` gives a complete, frozen :class:`Config` or raises ``ConfigError`` with every problem, each with YAML path
and line. Durations are seconds (float), percentages 0 to 100 (float). One set of tables (``model.py`` and its parts)
drives checking, defaults, :func:`show` and :func:`json_schema`.
"""

from scrobbled.config.charts import ChartViewerConfig, InfluxConfig
from scrobbled.config.durations import format_duration, parse_duration
from scrobbled.config.loading import find_config, load, loads, preset, survey
from scrobbled.config.model import Config, ValueOrigin, fold
from scrobbled.config.people import BY_VIEWER, NAMELESS, ONE_OWNER, claimants
from scrobbled.config.schema import json_schema
from scrobbled.config.service import (
    AlertAddressConfig,
    AlertsConfig,
    LoggingConfig,
    LoginConfig,
    MetadataConfig,
    MqttConfig,
    SafetyConfig,
    ServerConfig,
    SinksConfig,
    StorageConfig,
    TmdbConfig,
)
from scrobbled.config.showing import SettingRow, secrets, short_tokens, show, warnings
from scrobbled.config.viewing import SOURCE_NAMES, DefaultsConfig, PairConfig, SourceConfig, ViewerConfig

__all__ = [
    "BY_VIEWER",
    "NAMELESS",
    "ONE_OWNER",
    "SOURCE_NAMES",
    "AlertAddressConfig",
    "AlertsConfig",
    "ChartViewerConfig",
    "Config",
    "DefaultsConfig",
    "InfluxConfig",
    "LoggingConfig",
    "LoginConfig",
    "MetadataConfig",
    "MqttConfig",
    "PairConfig",
    "SafetyConfig",
    "ServerConfig",
    "SettingRow",
    "SinksConfig",
    "SourceConfig",
    "StorageConfig",
    "TmdbConfig",
    "ValueOrigin",
    "ViewerConfig",
    "claimants",
    "find_config",
    "fold",
    "format_duration",
    "json_schema",
    "load",
    "loads",
    "parse_duration",
    "preset",
    "secrets",
    "short_tokens",
    "show",
    "survey",
    "warnings",
]

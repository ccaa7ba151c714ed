"""What settings are called for people. The key itself stands in the YAML beside it, so these are only its words."""

from __future__ import annotations

import re

from scrobbled.config.addresses import HttpUrl
from scrobbled.config.forms.wishes import SectionWish, Several, Single
from scrobbled.config.values import CronValue, Duration, Percent, Value, ZoneValue
from scrobbled.core.cron import EXAMPLE
from scrobbled.core.naming.names import name as service

__all__ = ["entry", "example", "help_of", "label", "option", "service", "singular"]

_LABELS = {
    "url": "Address",
    "urls": "Addresses",
    "auth_url": "Sign-in address",
    "account_url": "Address of plex.tv",
    "image_url": "Address of pictures",
    "public_url": "Public address",
    "host": "Listening address",
    "email": "E-mail",
    "tmdb": "TMDB",
    "influx": "InfluxDB",
    "mqtt": "Sensors in Home Assistant",
    "discovery": "Discovery topic",
    "between": "Trackers",
    "every": "How often",
    "keep": "How many to keep",
    "path": "Database",
    "backup": "Backups",
    "min_duration": "Minimum length",
    "max_writes_per_hour": "Plays in an hour",
    "max_plays_per_item_per_day": "Plays of one title in a day",
    "max_removals_percent": "Removals in one run",
    "pass_on": "Tell Trakt what is playing",
    "marks": "Marked as watched by hand",
    "mode": "How it reports",
    "token": "Token",
    "client_id": "App id",
    "client_secret": "App secret",
    "redirect_uri": "Redirect address",
    "limits": "What lists may hold",
    "login": "Login",
    "org": "Organisation",
    "bucket_raw": "Bucket of plays",
    "bucket_daily": "Bucket of days",
    "from": "Plays from",
    "tag_viewer": "Tag points with the viewer",
    "count": "Counts",
    "media": "Films or episodes",
    "threshold": "Watched at least",
    "conflict": "When both changed",
    "pace": "Time between requests",
    "repeat": "Remind me after",
    "kinds": "Kinds of trouble",
    "level": "Log level",
}
_SINGULAR = {"pairs": "pair", "rules": "rule", "urls": "address"}
_OPTIONS = {
    "true": "Yes",
    "false": "No",
    "off": "Off",
    "both": "Both ways",
    "webhook": "By webhook",
    "live": "Live",
    "movie": "Films",
    "episode": "Episodes",
    "ask": "Ask me",
    "newest-wins": "The newest wins",
    "as-plays": "As plays",
    "influx2": "InfluxDB 2",
    "influx3": "InfluxDB 3",
    "influx1": "InfluxDB 1.x",
    "victoriametrics": "VictoriaMetrics",
    "json": "JSON",
}


def label(key: str) -> str:
    return _LABELS.get(key) or key.replace("_", " ").capitalize()


def option(value: str) -> str:
    """A value one can choose."""
    if value in _OPTIONS:
        return _OPTIONS[value]
    if direction := re.fullmatch(r"([a-z]+)-to-([a-z]+)", value):
        return f"{service(direction[1])} to {service(direction[2])}"
    if winner := re.fullmatch(r"([a-z]+)-wins", value):
        return f"{service(winner[1])} wins"
    return value.replace("-", " ").capitalize()


def help_of(description: str) -> str:
    """Units stand in the field itself, and whom a setting is for has been looked at already."""
    text = re.sub(r" \((?:seconds|percent)\)", "", description)
    text = re.sub(r"^Only for [a-z, -]+?(?:, with [a-z_ ]+)?: ", "", text)
    return text[:1].upper() + text[1:]


def example(shape: Value) -> str:
    if isinstance(shape, Duration):
        return "such as 15m or 6h"
    if isinstance(shape, Percent):
        return "such as 85%"
    if isinstance(shape, CronValue):
        return f"such as {EXAMPLE}"
    if isinstance(shape, ZoneValue):
        return "such as Europe/Berlin"
    return f"{shape.schemes[0]}://…" if isinstance(shape, HttpUrl) else ""


def singular(name: str) -> str:
    return _SINGULAR.get(name.rpartition(".")[2], "entry")


def entry(name: str, number: int, section: SectionWish) -> str:
    """A heading for one of a list, by what is in it."""
    between = section.members.get("between")
    if isinstance(between, Several) and between.texts:
        return " and ".join(service(text) for text in between.texts)
    called = section.members.get("name")
    if isinstance(called, Single) and called.text:
        return called.text
    return f"{singular(name).capitalize()} {number + 1}"

"""The parts of the configuration, as places one can go to and in a few words each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.config import SOURCE_NAMES, Config, format_duration
from scrobbled.config.forms.words import service
from scrobbled.config.marks import Path
from scrobbled.config.problems import Problem
from scrobbled.config.spelling import Data
from scrobbled.desk import words


class SettingsPart(Struct, frozen=True):
    """``slug`` is its address below ``settings/``."""

    slug: str
    path: Path
    title: str
    help: str
    icon: str


class SettingsLink(Struct, frozen=True):
    """A link on the first page. ``wrong`` is how many problems there are."""

    slug: str
    icon: str
    title: str
    told: str
    wrong: int = 0


PARTS = {
    part.slug: part
    for part in (
        SettingsPart("counts", ("defaults",), "What counts as watched", "For everybody and every source.", "check"),
        SettingsPart(
            "metadata", ("metadata",), "Posters and titles", "Where to look up what a source did not say.", "wall"
        ),
        SettingsPart(
            "safety", ("safety",), "Safety limits", "What exceeds them waits for you, for each account.", "alert"
        ),
        SettingsPart("alerts", ("alerts",), "Alerts", "Whom to tell when something needs a person.", "bell"),
        SettingsPart(
            "server", ("server",), "Server and login", "Where it listens, and who may open this page.", "plug"
        ),
        SettingsPart(
            "storage", ("storage",), "Storage", "The database, and copies that are made by themselves.", "disk"
        ),
        SettingsPart("logging", ("logging",), "Log", "What is written to the log.", "log"),
        SettingsPart(
            "export",
            ("sinks",),
            "Sensors and export",
            "What Home Assistant is told, and where plays are copied for analysis.",
            "chart",
        ),
    )
}


def part(slug: str, name: str | None, data: Data) -> SettingsPart | None:
    """The part at an address; ``None`` where there is none."""
    if name is None:
        return PARTS.get(slug)
    if slug == "sources" and name in SOURCE_NAMES:
        return SettingsPart(
            f"sources/{name}", ("sources", name), service(name), "What this one reports, and what counts.", "plug"
        )
    people = viewers(data)
    if slug == "people" and name == "new":
        return SettingsPart("people/new", ("viewers", len(people)), "A new person", _PERSON, "person")
    if slug == "people" and re.fullmatch(r"\d{1,4}", name, re.ASCII) and int(name) < len(people):
        return SettingsPart(f"people/{name}", ("viewers", int(name)), person(people[int(name)]), _PERSON, "person")
    return None


_PERSON = "Who this is on each source, and where what was watched goes."


def viewers(data: Data) -> list[Any]:
    found = data.get("viewers") if isinstance(data, Mapping) else None
    return found if isinstance(found, list) else []


def person(viewer: Any) -> str:
    name = viewer.get("name") if isinstance(viewer, Mapping) else None
    return name if isinstance(name, str) and name else "Nobody yet"


def people(data: Data, problems: Sequence[Problem]) -> list[SettingsLink]:
    return [
        SettingsLink(f"people/{at}", "person", person(one), _person_told(one), _wrong(problems, f"viewers[{at}]"))
        for at, one in enumerate(viewers(data))
    ]


def sources(data: Data, problems: Sequence[Problem]) -> list[SettingsLink]:
    found = data.get("sources") if isinstance(data, Mapping) else None
    return [
        SettingsLink(f"sources/{name}", "plug", service(name), _source_told(one), _wrong(problems, f"sources.{name}"))
        for name, one in (found.items() if isinstance(found, Mapping) else ())
        if name in SOURCE_NAMES
    ]


def others(config: Config, problems: Sequence[Problem]) -> list[SettingsLink]:
    """With what is in force, in a few words."""
    told = _told(config)
    return [
        SettingsLink(one.slug, one.icon, one.title, told[one.slug], _wrong(problems, str(one.path[0])))
        for one in PARTS.values()
    ]


def _told(config: Config) -> dict[str, str]:
    counts, safety, backup, login = config.defaults, config.safety, config.storage.backup, config.server.login
    urls = len(config.alerts.urls)
    return {
        "counts": f"{counts.threshold:g}% watched, and at least {format_duration(counts.min_duration)} long",
        "metadata": "TMDB is asked" if config.metadata.tmdb.key else "No TMDB key yet",
        "safety": f"{safety.max_writes_per_hour} plays in an hour, "
        f"{safety.max_plays_per_item_per_day} of one title in a day",
        "alerts": f"{urls} {'address' if urls == 1 else 'addresses'}" if urls else "Nobody is told of anything yet",
        "server": f"Port {config.server.port}, "
        + (f"login {login.username}" if login else "no login: this machine only"),
        "storage": f"A copy every {format_duration(backup.every)}" if backup.folder else "No copies by themselves yet",
        "logging": f"From {config.logging.level} on, as {config.logging.format}",
        "export": "Sensors by a broker of yours"
        if config.sinks.mqtt.url
        else "Sensors where Home Assistant has a broker",
    }


def addable(data: Data) -> list[tuple[str, str]]:
    """Sources that are not there yet."""
    found = data.get("sources") if isinstance(data, Mapping) else None
    there = found if isinstance(found, Mapping) else {}
    return [(name, service(name)) for name in SOURCE_NAMES if name not in there]


def _person_told(viewer: Any) -> str:
    inside = viewer if isinstance(viewer, Mapping) else {}
    trackers, pairs = inside.get("trackers"), inside.get("pairs")
    names = [service(name) for name in trackers] if isinstance(trackers, Mapping) else []
    told = words.joined(names) if names else "No tracker yet"
    return f"{told} · {words.plural(len(pairs), 'pair')}" if isinstance(pairs, list) and pairs else told


def _source_told(source: Any) -> str:
    inside = source if isinstance(source, Mapping) else {}
    told = ["By webhook" if inside.get("mode") != "live" else "Listened to live"]
    libraries = inside.get("libraries")
    if isinstance(libraries, list) and libraries:
        told.append(f"{len(libraries)} {'library' if len(libraries) == 1 else 'libraries'}")
    return " · ".join(told)


def _wrong(problems: Sequence[Problem], path: str) -> int:
    return sum(problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")) for problem in problems)

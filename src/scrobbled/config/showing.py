"""The finished configuration for people: every value with its origin, secrets masked; and what they should know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from scrobbled.config.fields import Brief, Field, ForEach, ListOf, MapOf, Named, Table, table_of
from scrobbled.config.libraries import chooses, known
from scrobbled.config.model import Config, fold
from scrobbled.config.people import BY_VIEWER, NAMELESS, ONE_OWNER, listing
from scrobbled.config.problems import Problem, join
from scrobbled.config.values import Value
from scrobbled.config.viewing import SourceConfig, ViewerConfig
from scrobbled.core.services import service

GOOD_TOKEN = 16
_SHORT = f"shorter than {GOOD_TOKEN} characters; take a random one of 32"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. ``value`` is masked where secret and empty where nothing is set."""

    path: str
    value: str
    origin: str
    """``line 7``, ``environment NAME (line 7)``, ``file /run/secrets/x (line 7)`` or ``default``."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: str
    value: Any
    field: Field


def show(config: Config) -> list[SettingRow]:
    """Every setting in the order of the tables, defaults included."""
    return [
        SettingRow(leaf.path, _shown(leaf), str(config.origins.get(leaf.path, "default"))) for leaf in _leaves(config)
    ]


def secrets(config: Config) -> list[str]:
    """Every secret value, for the redactor; of an alert URL also the parts that are secret by themselves."""
    found = [leaf.value for leaf in _leaves(config) if leaf.field.secret and isinstance(leaf.value, str)]
    parts = [part for address in config.alerts.urls for part in _secret_parts(address.url)]
    return list(dict.fromkeys([*found, *parts]))


def warnings(config: Config) -> list[str]:
    """What is allowed but probably not meant; each begins with the YAML path it is about."""
    return [
        *config.set_aside,
        *_server_warnings(config),
        *(text for name, source in config.sources.items() for text in _source_warnings(config, name, source)),
        *(text for at, viewer in enumerate(config.viewers) for text in _viewer_warnings(config, viewer, at)),
        *_shared_logins(config),
    ]


def _leaves(config: Config) -> Iterator[_Leaf]:
    table = table_of(Config)
    for name, field in table.fields.items():
        yield from _walk(name, getattr(config, name), field, config.origins)


def _walk(path: str, value: Any, field: Field, given: Mapping[str, Any]) -> Iterator[_Leaf]:
    """``given`` are the paths that were written."""
    shape = field.shape
    if isinstance(shape, Brief) and path in given:
        yield _Leaf(path, getattr(value, shape.name), shape.field)
    elif isinstance(shape, Brief):
        yield from _walk(path, value, Field(shape.table, field.description), given)
    elif isinstance(shape, ForEach) and (path in given or not value):
        word = next(iter(value.values()), shape.usual)
        yield _Leaf(path, word, Field(shape.value, field.description))
    elif value is None or isinstance(shape, Value):
        yield _Leaf(path, value, field)
    elif isinstance(shape, Table):
        for name, inner in shape.fields.items():
            if not isinstance(value, Mapping) or name in value:
                part = value[name] if isinstance(value, Mapping) else getattr(value, inner.attribute or name)
                yield from _walk(f"{path}.{name}", part, inner, given)
    elif isinstance(shape, ListOf):
        items = [(f"{path}[{at}]", shape.item, part) for at, part in enumerate(value)]
        yield from _walk_items(items, path, field, given)
    else:
        inner_shapes = shape.shapes if isinstance(shape, Named) else dict.fromkeys(value, _item(shape))
        named = [(join(path, name), inner_shapes[name], part) for name, part in value.items()]
        yield from _walk_items(named, path, field, given)


def _item(shape: MapOf | ForEach) -> Value:
    return shape.value if isinstance(shape, ForEach) else shape.item


def _walk_items(
    items: list[tuple[str, Any, Any]], path: str, field: Field, given: Mapping[str, Any]
) -> Iterator[_Leaf]:
    if not items:
        yield _Leaf(path, None, field)
    for place, shape, part in items:
        yield from _walk(place, part, Field(shape, field.description, secret=field.secret), given)


def _shown(leaf: _Leaf) -> str:
    shape = leaf.field.shape
    if leaf.value is None or not isinstance(shape, Value):
        return ""
    return shape.masked(leaf.value) if leaf.field.secret else shape.show(leaf.value)


def _secret_parts(url: str) -> Iterator[str]:
    """Passwords, and what looks like a key: services are told apart by where Apprise wants them, so any place counts.

    Words without a digit stay, since host names and topics would otherwise be masked all over the logs.
    """
    rest = url.partition("://")[2]
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at:
        yield unquote(user.partition(":")[2] or user)
    for part in re.split(r"[/?&=@]", rest):
        if len(part) >= GOOD_TOKEN and re.search(r"\d", part) and "." not in part:
            yield unquote(part)


def _server_warnings(config: Config) -> Iterator[str]:
    if config.server.login is None:
        yield "server.login: not set, so only this machine may open the dashboard and the API"
    if not config.sources:
        yield "sources: none, so nothing can be reported"
    if not config.viewers:
        yield "viewers: none, so every play is held"


def short_tokens(config: Config, before: Config) -> tuple[Problem, ...]:
    """The secrets in addresses of webhooks that are easily guessed, and that were not there ``before``."""
    known = {token for name, source in before.sources.items() for _, token in _tokens(name, source)}
    found = ((place, token) for name, source in config.sources.items() for place, token in _tokens(name, source))
    short = (place for place, token in found if len(token) < GOOD_TOKEN and token not in known)
    return tuple(
        Problem(config.origins[place].line if place in config.origins else 0, place, _SHORT) for place in short
    )


def _tokens(name: str, source: SourceConfig) -> Iterator[tuple[str, str]]:
    """Each with its place."""
    if source.token:
        yield f"sources.{name}.token", source.token
    for viewer, token in source.tokens.items():
        yield join(f"sources.{name}.tokens", viewer), token


def _source_warnings(config: Config, name: str, source: SourceConfig) -> Iterator[str]:
    path = f"sources.{name}"
    yield from (f"{place}: {_SHORT}" for place, token in _tokens(name, source) if len(token) < GOOD_TOKEN)
    listed = listing(config, name)
    told_by_token = name in BY_VIEWER and not source.token  # each of the others is made for a viewer
    if config.viewers and not listed and not told_by_token and name not in NAMELESS:
        yield f"{path}: no viewer lists an account of {name}, so its plays are held"
    elif name in ONE_OWNER and (source.token or source.mode != "webhook") and len(listed) > 1:
        yield f"{path}: several viewers list {name}, which does not say who watched; its plays are held"
    yield from _library_warnings(config, name, path)


def _library_warnings(config: Config, name: str, path: str) -> Iterator[str]:
    if chooses(config, name) and known(config, name) == "unknown":
        yield (
            f"{path}: its messages name no library, so nothing of it counts while libraries is set; "
            "add url and server_token, so that it can be asked"
        )
    elif known(config, name) == "none" and name not in BY_VIEWER and config.sources[name].libraries:
        yield f"{path}.libraries: {service(name).title} names no library, so this chooses nothing and everything counts"


def _viewer_warnings(config: Config, viewer: ViewerConfig, at: int) -> Iterator[str]:
    path = f"viewers[{at}]"
    if not viewer.accounts and BY_VIEWER.isdisjoint(config.sources):
        yield f"{path}.accounts: none, so no play can be told to be by {viewer.name}"
    if not viewer.trackers:
        yield f"{path}.trackers: none, so the plays of {viewer.name} are sent nowhere"
    for number, pair in enumerate(viewer.pairs):
        if not pair.directions():
            yield f"{path}.pairs[{number}]: every kind is off, so it does nothing; add plays: both"
        elif pair.every is None and pair.schedule is None:
            yield f"{path}.pairs[{number}]: neither every nor schedule, so it is run by hand only; add every: 15m"


def _shared_logins(config: Config) -> Iterator[str]:
    """Watched together, the same play would be written twice to one account."""
    first: dict[tuple[str, str], str] = {}
    for at, viewer in enumerate(config.viewers):
        for name, settings in viewer.trackers.items():
            login = name, fold(settings.get("email", ""))
            path = f"viewers[{at}].trackers.{name}.email"
            if login[1] and login in first:
                yield f"{path}: the same account as {first[login]}; plays watched together would be sent to it twice"
            first.setdefault(login, path)

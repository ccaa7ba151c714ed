"""What else says a viewer's name, and has to change with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scrobbled.config.changing import ConfigEdit, Drop, Put
from scrobbled.config.forms.wishes import listed
from scrobbled.config.model import fold
from scrobbled.config.people import BY_VIEWER
from scrobbled.config.plain import at
from scrobbled.config.spelling import Data


def new_name(data: Data, edits: Sequence[ConfigEdit]) -> tuple[str, str] | None:
    """The name before and after, where ``edits`` give another to somebody who has one."""
    for edit in edits:
        if isinstance(edit, Put) and edit.path[::2] == ("viewers", "name") and isinstance(edit.data, str):
            old = at(data, edit.path)
            return (old, edit.data) if isinstance(old, str) and old and fold(old) != fold(edit.data) else None
    return None


def following(data: Data, edits: Sequence[ConfigEdit]) -> list[ConfigEdit]:
    """So that alerts and tokens still mean the same person; ``data`` is what the whole file says now."""
    names = new_name(data, edits)
    return [] if names is None else [*_alerts(data, *names), *_tokens(data, *names)]


def _alerts(data: Data, old: str, new: str) -> Iterator[ConfigEdit]:
    addresses = at(data, ("alerts", "urls"))
    for number, address in enumerate(addresses if isinstance(addresses, list) else []):
        viewers = at(address, ("viewers",))
        for place, name in enumerate(listed(viewers)):
            if fold(name) == fold(old):
                path = ("alerts", "urls", number, "viewers")
                yield Put((*path, place) if isinstance(viewers, list) else path, new)


def _tokens(data: Data, old: str, new: str) -> Iterator[ConfigEdit]:
    for path in [("sources", source, "tokens") for source in BY_VIEWER]:
        tokens = at(data, path)
        for key, value in tokens.items() if isinstance(tokens, Mapping) else ():
            name = key.removesuffix("_file")
            if fold(name) == fold(old):
                yield from (Drop((*path, key)), Put((*path, new + key[len(name) :]), value))

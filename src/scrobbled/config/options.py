"""Home Assistant's options: what its form says counts where the file says nothing.

The supervisor writes them as JSON into ``/data/options.json``. Whatever stands in the file goes before them, as the
page's settings change the file: what is set there must have its effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scrobbled.config.problems import Problems
from scrobbled.config.tree import Items, Members, Scalar, Tree, TreeMember
from scrobbled.core.errors import said

PLACE = Path("/data/options.json")
VARIABLE = "SCROBBLED_OPTIONS"
"""Names another file."""
BELOW = "SUPERVISOR_TOKEN"
"""Is set for everything that Home Assistant's supervisor runs."""
NAME = "admin"
"""Who signs in with the password of the options."""
LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Set:
    """``set_aside`` has a sentence for each option that does not count."""

    tree: Tree
    set_aside: tuple[str, ...] = ()


def given(environ: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    """The options that are filled in; none where this is not Home Assistant. What is wrong is added to ``problems``."""
    path = Path(environ.get(VARIABLE) or PLACE)
    if not (environ.get(VARIABLE) or environ.get(BELOW)):
        return {}
    try:
        with path.open("rb") as file:
            options = json.loads(file.read(LARGEST))
        if not isinstance(options, dict):
            raise ValueError("no object")
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.add(str(path), 0, f"Home Assistant's options cannot be read ({said(error)})")
    except (ValueError, RecursionError):
        problems.add(str(path), 0, "Home Assistant's options are not JSON; save them again on the Configuration tab")
    else:
        return {name: value for name, value in options.items() if name in OPTIONS and value not in (None, "", [])}
    return {}


def under(tree: Tree, options: Mapping[str, Any]) -> Set:
    """``tree``, and below it the options that nothing in it says."""
    found = Set(tree)
    for name, value in options.items():
        path, made = OPTIONS[name]
        filled = _with(found.tree, path, made(value, f"Home Assistant's option {name}"))
        if filled is None:
            said = f"{'.'.join(path)}: stands in the file, so Home Assistant's option {name} is not used"
            found = replace(found, set_aside=(*found.set_aside, said))
        else:
            found = replace(found, tree=filled)
    return found


def _with(tree: Tree, path: tuple[str, ...], value: Tree) -> Tree | None:
    """``None`` where there is something at ``path`` already, or no place for it."""
    if isinstance(tree, Scalar) and tree.empty:
        return Members(tree.line, (_nested(path, value),)) if path else value
    if not path or not isinstance(tree, Members):
        return None
    known = next((one for one in tree.members if one.key in (path[0], f"{path[0]}_file")), None)
    if known is None:
        return replace(tree, members=(*tree.members, _nested(path, value)))
    inner = _with(known.value, path[1:], value)
    if inner is None:
        return None
    return replace(tree, members=tuple(replace(one, value=inner) if one is known else one for one in tree.members))


def _nested(path: tuple[str, ...], value: Tree) -> TreeMember:
    return TreeMember(path[0], 0, Members(0, (_nested(path[1:], value),)) if path[1:] else value)


def _plain(value: Any, place: str) -> Tree:
    """Anything but a text, a number, a switch or a list of them is refused like any wrong value."""
    if isinstance(value, list):
        return Items(0, tuple(_plain(one, place) for one in value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Scalar(0, text, place=place)


def _login(value: Any, place: str) -> Tree:
    members = (TreeMember("username", 0, Scalar(0, NAME, place=place)), TreeMember("password", 0, _plain(value, place)))
    return Members(0, members)


OPTIONS: Mapping[str, tuple[tuple[str, ...], Callable[[Any, str], Tree]]] = {
    "password": (("server", "login"), _login),
    "public_url": (("server", "public_url"), _plain),
    "tmdb_key": (("metadata", "tmdb", "key"), _plain),
    "alert_urls": (("alerts", "urls"), _plain),
    "sensors": (("sinks", "mqtt", "enabled"), _plain),
    "log_level": (("logging", "level"), _plain),
}
"""Each with its place in the file."""

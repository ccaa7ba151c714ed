"""Services by the names they give themselves."""

from __future__ import annotations

import re

from scrobbled.core import services

FILE = "file:"
"""Names of files begin so where names of trackers stand; no tracker's does."""
_MARKED = re.compile(rf"{FILE}(.+)-[0-9a-f]{{8}}")
"""A file's own name, and what tells its content from another."""


def is_file(name: str) -> bool:
    return name.startswith(FILE)


def name(service: str) -> str:
    """For people: "Plex" for ``plex``."""
    return called(service) if is_file(service) else services.service(service).title


def called(side: str) -> str:
    """One side of a comparison, for people: a tracker as it is written everywhere, a file by its own name."""
    found = _MARKED.fullmatch(side)
    return found[1] if found else side

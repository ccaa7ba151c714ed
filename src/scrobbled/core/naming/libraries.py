"""How people name a library of a media server: by its title, or with the server before it where several have one so.

``TV`` is that of every server, ``Attic/TV`` that of the server Attic alone.
"""

from __future__ import annotations

from collections.abc import Collection


def is_named(written: str, server: str, title: str) -> bool:
    """Whether this library is meant; compared trimmed and without case."""
    return _folded(written) in (_folded(title), _folded(whole_name(server, title)))


def is_chosen(written: Collection[str], server: str, title: str) -> bool:
    """Whether it counts where these were chosen; where none was, all do."""
    return not written or any(is_named(one, server, title) for one in written)


def whole_name(server: str, title: str) -> str:
    """By which nothing else is meant than this library."""
    return f"{server}/{title}"


def _folded(text: str) -> str:
    return text.strip().casefold()

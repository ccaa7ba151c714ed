"""What somebody meant who wrote a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(word: str, known: Iterable[str]) -> str:
    """``did you mean "password"?``, or what is known where nothing is near; case does not matter."""
    names = {name.casefold(): name for name in known}
    near = get_close_matches(word.strip().casefold(), names)
    if near:
        return f'did you mean "{names[near[0]]}"?'
    return f"known here: {', '.join(names.values())}" if names else "nothing is known here"

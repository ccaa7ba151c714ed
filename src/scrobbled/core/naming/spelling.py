"""How titles are compared with what somebody types: without case, accents, punctuation or marks of direction."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from scrobbled.core.naming.items import Item, Movie

MOST_WORDS = 8
LONGEST = 200
"""Characters of a search that are looked at."""
_PLACE = re.compile(r"s(\d{1,4}) ?e(\d{1,5})", re.ASCII)
_NUMBERED = re.compile(r"[se]\d{1,5}", re.ASCII)
_WHOLE = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters with a stroke and ligatures, which Unicode does not take apart."""
_SILENT = frozenset("'’‘ʼ´`")


@lru_cache(maxsize=4_096)
def plainly(text: str) -> str:
    """In small letters, words with one blank between them; symbols like emoji stay, being all that some titles have."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_WHOLE)
    return " ".join("".join(_plain(letter) for letter in decomposed if letter not in _SILENT).split())


def _plain(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Mn", "Me", "Cf", "Cs"):
        return ""
    return " " if kind[0] in "PZC" or letter == "|" else letter


def of_title(title: str) -> str:
    """How ``searchable`` begins for everything of this title, and for nothing else."""
    return f" {plainly(title)} | "


def searchable(item: Item) -> str:
    """All words one may look for, each between blanks: the title, then what else is told of it."""
    if isinstance(item, Movie):
        return f"{of_title(item.title or item.label())}{_rest(item.year)} "
    place = [f"s{item.season}"] * (item.season is not None) + [f"e{item.number}"] * (item.number is not None)
    title = of_title(item.show_title or item.title or item.label())
    return f"{title}{_rest(*place, item.title, item.show_year, item.original_title)} "


def _rest(*known: str | int | None) -> str:
    return " ".join(plainly(str(part)) for part in known if part)


def words(asked: str) -> tuple[str, ...]:
    """What ``searchable`` has to contain, all of it, to be what somebody asked for; empty where that is anything.

    A season or an episode counts as a whole word: "s1" is not season 12.
    """
    text = _PLACE.sub(lambda found: f"s{int(found[1])} e{int(found[2])}", plainly(asked[:LONGEST]))
    found = dict.fromkeys(text.split())
    return tuple(f" {word} " if _NUMBERED.fullmatch(word) else word for word in list(found)[:MOST_WORDS])

"""The fields in which somebody says what a title is, and the correction that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.items import Episode, Item
from scrobbled.desk.corrections.outlook import CorrectionSubject

PARTS = ("show", "season", "range", "one")
LONGEST = 300
_FIELDS = ("q", "year", "kind", "to", "part", "season", "episodes", "to_season", "to_episode", "whom")
_OPTIONS = {
    "--to-season": "“Season there”",
    "--to-episode": "“First episode there”",
    "--season": "“Season”",
    "--episodes": "“Episodes”",
    "--to": "one of the titles found",
    "--ignore": "“Never send it”",
    "--movie": "“Film”",
}
"""What commands call options, as the page calls its fields."""


class CorrectionForm(Struct, frozen=True):
    """What somebody has filled in so far; all of it stands in the address."""

    q: str = ""
    year: str = ""
    kind: str = ""
    to: str = ""
    part: str = ""
    season: str = ""
    episodes: str = ""
    to_season: str = ""
    to_episode: str = ""
    whom: str = ""

    def address(self, **other: str) -> str:
        """The query that says the same, but for what is given."""
        values = {name: getattr(self, name) for name in _FIELDS} | other
        return urlencode({name: value for name, value in values.items() if value})

    def known(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in _FIELDS}


def fields(given: Mapping[str, str], subject: CorrectionSubject) -> CorrectionForm:
    """What the address says, with what is likely meant where it says nothing."""
    values = {name: str(given.get(name, "")).strip()[:LONGEST] for name in _FIELDS}
    item, found = subject.item, CorrectionForm(**values)
    if not found.q and "q" not in given:
        found = replace(found, q=title_of(item))
    if found.kind not in ("show", "movie"):
        found = replace(found, kind="show" if isinstance(item, Episode) else "movie")
    if not isinstance(item, Episode):
        return replace(found, part="")
    if found.to.startswith("movie:"):
        found = replace(found, part="one" if item.number is not None else "range")
    elif found.part not in PARTS:
        found = replace(found, part="show")
    return _placed(found, item)


def _placed(found: CorrectionForm, item: Episode) -> CorrectionForm:
    """Numbers that nobody changed stay as they are."""
    if found.part in ("season", "range") and not found.season and item.season is not None:
        found = replace(found, season=str(item.season))
    if found.part == "range" and not found.episodes and item.number is not None:
        found = replace(found, episodes=f"{item.number}-")
    if found.to.startswith("movie:"):
        return replace(found, to_season="", to_episode="")
    if found.part != "show" and not found.to_season:
        found = replace(found, to_season=found.season or _text(item.season))
    if found.part == "one" and not found.to_episode:
        found = replace(found, to_episode=_text(item.number))
    if found.part == "range" and not found.to_episode:
        found = replace(found, to_episode=re.match(r"\d*", found.episodes, re.ASCII)[0])  # type: ignore[index]
    return found


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def year(found: CorrectionForm) -> int | None:
    return int(found.year) if re.fullmatch(r"(18|19|20)\d\d", found.year, re.ASCII) else None


def wish(subject: CorrectionSubject, found: CorrectionForm, *, ignore: bool = False) -> TypedCorrection:
    """The correction as ``map set`` would be told it. Raises ``ValueError`` for numbers that are none."""
    viewer = subject.viewer if found.whom == "me" and subject.viewer else None
    item = subject.item
    plain = TypedCorrection(
        subject.id, "" if ignore else found.to, viewer=viewer, ignore=ignore, movie=_is_typed_movie(subject)
    )
    if not isinstance(item, Episode) or found.part in ("", "show"):
        return plain
    if found.part == "one":
        plain = replace(plain, season=item.season, episodes=_text(item.number))
    else:
        plain = replace(plain, season=_number(found.season, "Season"))
    if found.part == "range":
        plain = replace(plain, episodes=found.episodes)
    if ignore or found.to.startswith("movie:"):
        return plain
    first = None if found.part == "season" else _number(found.to_episode, "First episode there")
    return replace(plain, to_season=_number(found.to_season, "Season there"), to_episode=first)


def _is_typed_movie(subject: CorrectionSubject) -> bool:
    return not subject.source and not subject.trackers and not isinstance(subject.item, Episode)


def _number(text: str, name: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII):
        raise ValueError(f"“{name}” is a number, like 2; 0 is the specials.")
    return int(text)


def advice(error: Exception) -> str:
    """What makes no correction, in the words of the page."""
    text = str(error)
    for option, label in _OPTIONS.items():
        text = text.replace(option, label)
    return text


def title_of(item: Item) -> str:
    """The show's, or the film's."""
    return item.show_title if isinstance(item, Episode) else item.title

"""How one Plex server differs from others: by its version, its settings, and what stands in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

PAGING = ("asked", "never", "first")
DATED_RATINGS = ("taken", "refused")


@dataclass(frozen=True, slots=True)
class PlexSwitches:
    """Everything a server may do otherwise; as it stands it is as the vendor's document describes it.

    - ``put_marks``, ``get_marks``: the verbs that marks and ratings are taken by; 405 for the other one;
    - ``dated_ratings``: "refused" answers 400 to a ``ratedAt``;
    - ``history``, ``history_of_guests``: the status that the owner and others get for the play history;
    - ``owner_is_one``: whether the owner is 1 in the history, and not the plex.tv id;
    - ``paging``: "never" answers everything at once, "first" the first page again and again;
    - ``most_rows``: that a page has at most, 0 for as many as are asked for;
    - ``moving_totals``: each page says one more in all than the one before;
    - ``shared_state``: whether items with the same guid have one state, as copies in several libraries;
    - ``loose_numbers``: counts come as strings, and booleans as 0 and 1;
    - ``marks_call_hooks``: a mark or rating by request calls the webhooks as well;
    - ``clock_error``: seconds by which the server's clock is ahead.
    """

    put_marks: bool = True
    get_marks: bool = True
    dated_ratings: str = "taken"
    history: int = 200
    history_of_guests: int = 200
    owner_is_one: bool = True
    paging: str = "asked"
    most_rows: int = 0
    moving_totals: bool = False
    shared_state: bool = False
    loose_numbers: bool = False
    marks_call_hooks: bool = False
    clock_error: float = 0.0

    def changed(self, given: Mapping[str, Any]) -> PlexSwitches:
        """Raises ``ValueError`` that names what is unknown or makes no sense."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        if unknown := sorted(set(given) - set(known)):
            raise ValueError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        for name, value in given.items():
            if not isinstance(value, type(known[name])) and not (name == "clock_error" and isinstance(value, int)):
                raise ValueError(f"{name} is of the type {type(known[name]).__name__}")
        made = replace(self, **given)
        if made.paging not in PAGING or made.dated_ratings not in DATED_RATINGS:
            raise ValueError(f"paging is one of {', '.join(PAGING)}, dated_ratings one of {', '.join(DATED_RATINGS)}")
        return made

    def told(self) -> dict[str, Any]:
        return asdict(self)

"""Changes of ratings and plays, as Trakt wants them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, cast

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.records import Scope
from scrobbled.trackers.base import Rate
from scrobbled.trackers.trakt.codec import RawIds, timestamp


class Rating(Struct, frozen=True):
    """One rating on its way, and the ids its title goes by; ``value`` is ``None`` for taking it back."""

    key: str
    scope: Scope
    ids: RawIds
    value: int | None
    rated_at: str = ""

    @classmethod
    def of(cls, edit: Rate) -> Self:
        ids = edit.address.data["ids"]
        return cls(
            edit.address.key,
            cast(Scope, edit.address.data["type"]),
            {"trakt": ids["trakt"]} if "trakt" in ids else ids,
            edit.value,
            timestamp(edit.rated_at) if edit.rated_at else "",
        )

    def by(self, trakt: int | str) -> Self:
        return replace(self, ids={"trakt": trakt})

    def line(self) -> dict[str, Any]:
        line: dict[str, Any] = {"ids": dict(self.ids)}
        if self.value is not None:
            line["rating"] = self.value
        return {**line, "rated_at": self.rated_at} if self.rated_at and self.value is not None else line


def ratings_body(ratings: Iterable[Rating]) -> dict[str, Any]:
    """A show stands for itself here, and not for its seasons and episodes."""
    body: dict[str, Any] = {}
    for rating in ratings:
        body.setdefault(f"{rating.scope}s", []).append(rating.line())
    return body

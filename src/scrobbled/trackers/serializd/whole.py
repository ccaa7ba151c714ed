"""The whole diary: what a read of it has seen, and how the next one goes on where it broke off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from scrobbled.trackers.given import ListingDraft
from scrobbled.trackers.serializd.entries import EntryPage, SerializdEntry


class DiaryHead(Struct, frozen=True):
    """How the diary stood when its first page was read; ``stands`` is what the profile counted then."""

    owner: str
    stands: tuple[int | None, ...]
    total: int | None
    first: tuple[int, ...]


class SweepPages(Struct, frozen=True):
    """Where the pages of a sweep are kept, and how the account stands as it begins."""

    draft: ListingDraft
    owner: str
    stands: tuple[int | None, ...]

    def head(self, first: EntryPage) -> DiaryHead:
        return DiaryHead(self.owner, self.stands, first.total, tuple(first.ids))


@dataclass
class Sweep:
    """Every row of the diary, in its order, and the pages they were on."""

    rows: dict[int, SerializdEntry] = field(default_factory=dict)
    pages: dict[int, int] = field(default_factory=dict)
    first: EntryPage | None = None
    repeated: int = 0
    """So many rows were listed twice: where others were pushed on, or as many may have slipped through in between."""

    def see(self, number: int, page: EntryPage) -> bool:
        if number == 1:
            self.rows.clear()
            self.pages.clear()
            self.first, self.repeated = page, 0
        for row in page.rows:
            self.repeated += row.id in self.rows
            self.rows[row.id] = row
            self.pages[row.id] = number
        return False

    def take(self, rows: Iterable[SerializdEntry], number: int) -> None:
        """What is known from elsewhere: that it comes twice says nothing."""
        for row in rows:
            self.rows.setdefault(row.id, row)
            self.pages.setdefault(row.id, number)

    def leave(self, ids: Iterable[int]) -> None:
        """They are met again."""
        for id_ in ids:
            self.rows.pop(id_, None)
            self.pages.pop(id_, None)


async def begun(keeper: SweepPages, first: EntryPage) -> tuple[int, EntryPage]:
    """Anew, from the first page."""
    await keeper.draft.begin(keeper.head(first))
    await keeper.draft.keep(1, first.rows)
    return 1, first


def explains(kept: DiaryHead, now: DiaryHead, more: int) -> bool:
    """Whether the rows at the top are all that came since, as far as the profile counts."""
    if kept.total is None or now.total is None or now.total < kept.total:
        return False
    grew = [None if a is None or b is None else b - a for a, b in zip(kept.stands, now.stands, strict=True)]
    return all(one is not None and 0 <= one <= more for one in grew) if more else kept.stands == now.stands

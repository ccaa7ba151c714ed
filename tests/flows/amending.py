"""A scripted memory tracker whose plays and ratings can be changed, and what tests of that share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from flows.rig import Rig, Scripted
from scrobbled.core.errors import NotInCatalogue, Refused
from scrobbled.core.records import Subject
from scrobbled.store.queue import amendments
from scrobbled.store.queue.amendment import Amendment, Details, NewAmendment
from scrobbled.trackers.base import Address, AddResult, Edit, Flag, Receipt, Remove, Retime, SetValue
from trackers.memory.tracker import CAN, key_of

ABLE = replace(CAN, settle=30.0, batch=10, amends=frozenset({"plays", "ratings"}))


@dataclass
class Amendable(Scripted):
    """``edits`` are those that took effect; what is in ``refuse`` (a remote id or key) is refused for itself."""

    can: Any = ABLE
    rated: dict[str, int] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    refuse: frozenset[str] = frozenset()

    async def locate_subject(self, subject: Subject) -> Address:
        await self._hook("locate_subject", subject)
        key = key_of(subject.item) if subject.scope in ("movie", "episode") else subject.key
        if key in self.unknown:
            raise NotInCatalogue("not here yet")
        return Address(key)

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        await self._hook("amend", edits)
        self._raise_failure()
        self.batches.append(len(edits))
        results = [self._edit(edit) for edit in edits]
        await self._hook("amended", edits)
        return results

    def _edit(self, edit: Edit) -> AddResult:
        if {edit.address.key, getattr(edit, "remote_id", "")} & self.refuse:
            return Refused("a person changed it meanwhile")
        self.edits.append(edit)
        if isinstance(edit, SetValue):
            self.rated.pop(edit.address.key, None)
            if edit.value is not None:
                self.rated[edit.address.key] = edit.value
        else:
            self._edit_play(edit)
        return Receipt(getattr(edit, "remote_id", ""))

    def _edit_play(self, edit: Remove | Retime | Flag) -> None:
        rest = [kept for kept in self.plays if kept.remote_id != edit.remote_id]
        found = [kept for kept in self.plays if kept.remote_id == edit.remote_id]
        if isinstance(edit, Retime):
            found = [replace(kept, watched_at=edit.watched_at) for kept in found]
        elif isinstance(edit, Flag):
            found = [replace(kept, rewatch=edit.rewatch) for kept in found]
        else:
            found = []
        self.plays = [*rest, *found]


def rating(item: Any, value: int | None, before: str = "", **more: Any) -> NewAmendment:
    """Anna wants the memory tracker to have it so."""
    key = key_of(item)
    return NewAmendment(
        viewer="anna",
        tracker="memory",
        kind="ratings",
        action="unrate" if value is None else "rate",
        key=key,
        label=item.label(),
        details=Details(value=value),
        subject=Subject(key, item.media, item),
        before=before,
        after="" if value is None else str(value),
        **more,
    )


async def removal(rig: Rig, change: int, **details: Any) -> NewAmendment:
    row = await rig.row(change)
    return NewAmendment(
        viewer="anna",
        tracker="memory",
        kind="plays",
        action="remove",
        key=row["address_key"] or "",
        label="a play",
        details=Details(**details),
        play_id=row["play_id"],
        change_id=change,
    )


async def wish(rig: Rig, wanted: NewAmendment) -> int:
    now = rig.clock.now().timestamp()
    return await rig.store.write(lambda db: amendments.add(db, wanted, now))


async def amendment(rig: Rig, id_: int) -> Amendment:
    found = await rig.store.read(lambda db: amendments.get(db, id_))
    assert found is not None
    return found

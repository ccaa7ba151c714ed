"""Kept answers are forgotten at a person's wish, so that everything is asked anew."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime

from msgspec import Struct

from scrobbled.desk.posters import PictureCache
from scrobbled.desk.posters.artwork import FOLDER
from scrobbled.store import Store
from scrobbled.store.mirror import subjects
from scrobbled.store.notes.cache import AnswerPart, forget_answers


class ClearReport(Struct, frozen=True):
    """How much was forgotten; ``None`` where nobody wished for that."""

    media: int | None = None
    matches: int | None = None
    pictures: int | None = None


async def clear(store: Store, parts: Collection[AnswerPart]) -> ClearReport:
    """Forget these parts, also beside a running service. What was watched, agreed on and signed in stays as it is."""

    def forget(db: sqlite3.Connection) -> dict[str, int]:
        found = {part.value: forget_answers(db, (part,)) for part in AnswerPart if part in parts}
        if AnswerPart.MATCHES in parts:
            found[AnswerPart.MATCHES] += subjects.forget_placements(db)
        return found

    found = await store.write(forget)
    if AnswerPart.PICTURES in parts:
        shelf = PictureCache(store.path.resolve().parent / FOLDER, lambda: datetime.now(UTC))
        found[AnswerPart.PICTURES] = await asyncio.to_thread(shelf.clear)
    return ClearReport(**found)

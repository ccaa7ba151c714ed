"""What API and pages ask and do about what runs of pairs leave to decide."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from scrobbled.desk.pairs.lines import title_of
from scrobbled.desk.posters.artwork import Artwork
from scrobbled.runtime.service import Runtime
from scrobbled.store.accounts import sign_ins
from scrobbled.store.queue import amendments, questions
from scrobbled.store.queue.amendment import Amendment
from scrobbled.store.queue.questions import Question

AT_ONCE = 50
"""So many are decided in one transaction: webhooks wait no longer than for that."""
QuestionIds = Callable[[sqlite3.Connection], list[int]]


class WayStory(Struct, frozen=True):
    """One answer to a question: ``tracker`` has ``before`` and gets ``after``. ``id`` is like ``a12``.

    ``winner`` is the tracker whose value that is; empty for a removal.
    """

    id: str
    tracker: str
    before: str
    after: str
    winner: str


class QuestionStory(Struct, frozen=True):
    """Of ``ways`` one is done or none. ``action`` is ``rate``, ``retime``, ``remove`` or ``unrate``."""

    id: str
    """That of its first way."""
    viewer: str
    pair: str
    kind: str
    action: str
    label: str
    title: str
    why: str
    ways: list[WayStory]
    poster: str


class Questions:
    """What to do where two trackers disagree and nobody said who is right."""

    def __init__(self, runtime: Runtime, art: Artwork) -> None:
        self._runtime, self._art = runtime, art

    async def listing(
        self, *, viewer: str | None = None, pair: str | None = None, after: int = 0, limit: int = 20
    ) -> list[QuestionStory]:
        """Oldest first; ``after`` is the number of the last one seen."""
        find = partial(questions.listing, viewer=viewer, pair=pair, after=after, limit=limit)
        found = await self._runtime.store.read(find)
        posters = self._art.of_items(one.item for one in found)
        return [_story(one, poster) for one, poster in zip(found, posters, strict=True)]

    async def choose(self, ids: Sequence[int]) -> int:
        """Carry these ways out; of each question the others are dropped. Returns how many still asked."""
        return await self._decide(list(ids), amendments.approve)

    async def leave(self, ids: Sequence[int]) -> int:
        """Leave things as they are, for good; named are all ways of a question."""
        return await self._decide(list(ids), amendments.drop)

    async def all_to(self, viewer: str, pair: str, winner: str) -> int:
        """Whatever asks which value is to stand: that of ``winner``. Returns how many."""
        return await self._each(partial(questions.favouring, viewer=viewer, pair=pair, winner=winner, limit=AT_ONCE))

    async def remove_all(self, viewer: str, pair: str) -> int:
        """Whatever asks whether it is to be removed, as it is gone from the other side. Returns how many."""
        return await self._each(partial(questions.removals, viewer=viewer, pair=pair, limit=AT_ONCE))

    async def keep_all(self, viewer: str, pair: str) -> int:
        """The same stays, for good. Returns how many."""
        find = partial(questions.removals, viewer=viewer, pair=pair, limit=AT_ONCE)
        return await self._each(find, amendments.drop)

    async def _each(self, find: QuestionIds, do: Callable[..., list[int]] = amendments.approve) -> int:
        done = 0
        while ids := await self._runtime.store.read(find):
            some = await self._decide(ids, do)
            if not some:
                break
            done += some
        return done

    async def _decide(self, ids: list[int], do: Callable[..., list[int]]) -> int:
        now, done = self._runtime.clock.now().timestamp(), 0
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]

            def work(db: sqlite3.Connection, some: list[int] = some) -> int:
                mine = questions.asked(db, some)
                sign_ins.set_mark(db, sign_ins.RETRIED, now)
                return len(do(db, mine, now))

            done += await self._runtime.store.write(work)
        self._runtime.look_again(try_now=False)
        return done


def _story(one: Question, poster: str) -> QuestionStory:
    wish = one.ways[0].wish
    return QuestionStory(
        id=f"a{one.ways[0].id}",
        viewer=one.viewer,
        pair=one.pair,
        kind=wish.kind,
        action=wish.action,
        label=wish.label,
        title=title_of(one.item, wish.label),
        why=wish.why,
        ways=[_way(way, one.pair) for way in one.ways],
        poster=poster,
    )


def _way(way: Amendment, pair: str) -> WayStory:
    wish = way.wish
    others = [name for name in pair.split(",") if name != wish.tracker]
    winner = others[0] if wish.action in ("rate", "retime") and others else ""
    return WayStory(f"a{way.id}", wish.tracker, wish.before, wish.after, winner)

"""What API and page ask and do about what a title really is: looking for it, trying what was chosen, saving it."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial

from msgspec import Struct

from scrobbled.core.errors import BadCorrection
from scrobbled.core.naming.correction_words import TypedCorrection, stored
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.naming.titles import SeasonSize, Title, TitleKind, alike, sized
from scrobbled.desk.corrections import correct, outlook
from scrobbled.desk.corrections.correct import Ahead, Changed
from scrobbled.desk.corrections.outlook import CorrectionSubject, Foreseen
from scrobbled.desk.corrections.search import Search, SearchResults, Silent, There
from scrobbled.desk.facts.ids import number
from scrobbled.runtime.service import Runtime
from scrobbled.runtime.wiring import observer
from scrobbled.store.history import titles
from scrobbled.store.queue import delivered
from scrobbled.store.queue.delivered import Delivered
from scrobbled.store.works import works

STEPS = 20
"""After an update there may be years of plays that lack their work; nobody waits here until all of them have it."""


class Sizes(Struct, frozen=True):
    """How large a show is on both sides.

    ``home`` is its media server's own count, empty where that cannot be asked; ``seen`` what was watched of it here.
    """

    home: tuple[SeasonSize, ...]
    seen: tuple[SeasonSize, ...]
    there: tuple[There, ...]
    silent: tuple[Silent, ...]


class CorrectionSaved(Struct, frozen=True):
    """A correction that was set; ``moved`` plays are taken from where they were sent, and sent where they belong."""

    changed: Changed
    moved: int


class Choosing:
    """One person's way from a title that was not found to a correction."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        watched = partial(observer, runtime.metrics)
        self._search = Search(lambda: runtime.config, runtime.cache, runtime.clock, watched, runtime.transport)
        runtime.on_close(self._search.aclose)

    async def subject(self, text: str) -> CorrectionSubject | None:
        """What ``c12``, ``p7`` or ``a3`` is about; ``None`` where there is no such thing. Raises ``BadCorrection``."""
        letter, id_ = _reference(text)
        return await self._runtime.store.read(lambda db: outlook.subject(db, letter, id_))

    async def alike(self, subject: CorrectionSubject) -> list[Title]:
        """What was watched here before and is called almost the same: a name that was typed wrong, mostly."""
        item = subject.item
        kind: TitleKind = "show" if isinstance(item, Episode) else "movie"
        name = item.show_title if isinstance(item, Episode) else item.title
        await self._catch_up()
        known = await self._runtime.store.read(lambda db: titles.watched(db, kind))
        return await asyncio.to_thread(alike, name, known)

    def typed(self, title: str, kind: TitleKind) -> CorrectionSubject:
        """What somebody names by its title, or an id like ``tvdb:445566``, without having played it."""
        item = Movie(title) if kind == "movie" else Episode(title, None, None)
        return CorrectionSubject(title, "", "", title, item, None, (), "", (), "", {})

    async def titles(self, query: str, year: int | None, kind: TitleKind, viewer: str | None) -> SearchResults:
        """In every catalogue that is configured; raises ``TooMany``, and ``BadCorrection`` for a strange viewer."""
        correct.known_viewer(viewer, self._viewers())
        return await self._search.titles(query, year, kind, viewer)

    async def sizes(self, subject: CorrectionSubject, tmdb: int | None) -> Sizes:
        """Of the show as its source has it, and of the one with this TMDB id, where one was chosen."""
        await self._catch_up()
        seen = await self._runtime.store.read(lambda db: titles.seasons(db, subject.play))
        if not isinstance(subject.item, Episode):
            return Sizes((), (), (), ())
        home = await self._search.at_home(subject.source, subject.origin)
        there, silent = ((), ()) if tmdb is None else await self._search.sizes(tmdb, subject.viewer or None)
        return Sizes(home, sized(seen), there, silent)

    async def foresee(self, wish: TypedCorrection) -> Foreseen:
        """What the correction would do; nothing is done, and nothing is sent. Raises ``BadCorrection``."""
        await self._catch_up()
        found, before = await self._runtime.store.read(lambda db: self._ahead(db, wish))
        trackers = {who: courier.tracker for who, courier in self._runtime.couriers.items()}
        return await outlook.foresee(found, before, trackers)

    async def save(self, wish: TypedCorrection, *, move: bool) -> CorrectionSaved:
        """Set the correction; with ``move`` also what was delivered elsewhere goes where it belongs.

        What waited is on its way at once. Raises ``BadCorrection``.
        """
        runtime, now, viewers = self._runtime, self._runtime.clock.now().timestamp(), self._viewers()
        elsewhere = (await self.foresee(wish)).elsewhere if move else ()

        def work(db: sqlite3.Connection) -> CorrectionSaved:
            item = self._item(db, wish)
            changed = correct.put(db, wish, viewers, now, None if item is None else item.item)
            return CorrectionSaved(changed, outlook.move(db, [one.change for one in elsewhere], now))

        saved = await runtime.store.write(work)
        runtime.look_again(try_now=False)
        return saved

    async def _catch_up(self) -> None:
        """Plays of one show are known as such once they have their work; the newest may lack it."""
        for _ in range(STEPS):
            if not await self._runtime.store.read(works.is_behind):
                break
            await self._runtime.store.write(works.catch_up)

    def _ahead(self, db: sqlite3.Connection, wish: TypedCorrection) -> tuple[Ahead, list[Delivered]]:
        about = self._item(db, wish)
        found = correct.ahead(db, wish, self._viewers(), None if about is None else about.item)
        before = delivered.of_the_same(db, None if about is None else about.play)
        return found, [one for one in before if found.is_about(one.item, one.viewer)]

    def _item(self, db: sqlite3.Connection, wish: TypedCorrection) -> CorrectionSubject | None:
        """``None`` where the wish names a title and nothing that is stored. Raises ``BadCorrection``."""
        amendment = number(wish.what, "a") if wish.what.strip().startswith("a") else None
        reference = ("a", amendment) if amendment is not None else stored(wish.what)
        if reference is None:
            return None
        found = outlook.subject(db, *reference)
        if found is None:
            raise BadCorrection(f"There is no {wish.what.strip()[:40]} any more; look at what needs you.")
        return found

    def _viewers(self) -> list[str]:
        return [viewer.name for viewer in self._runtime.config.viewers]


def _reference(text: str) -> tuple[str, int]:
    for letter in "cpa":
        if text.startswith(letter) and (id_ := number(text, letter)) is not None:
            return letter, id_
    raise BadCorrection(f"{text[:40]} is not an ID; it should look like c12, p7 or a3.")

"""What API and page ask and do about everything that only a person can move on."""

from __future__ import annotations

import asyncio
import re
import sqlite3

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.desk.facts.house import AccountStatus, UnclaimedStatus
from scrobbled.desk.facts.queue import QueuedChange
from scrobbled.desk.needs import cards as questions
from scrobbled.desk.needs import floods
from scrobbled.desk.needs import questions as needs
from scrobbled.desk.needs.card import Card
from scrobbled.desk.needs.floods import ActionResult, FloodStory
from scrobbled.desk.needs.questions import NeedFacts, NeedTarget, NoAnswer, ServerNeed
from scrobbled.desk.needs.unmatched import UnmatchedStory, stories
from scrobbled.desk.sources.reception import Reception
from scrobbled.runtime import troubles
from scrobbled.runtime.service import Runtime
from scrobbled.store.inbox import guests
from scrobbled.store.queue import asking
from scrobbled.store.queue.asking import AskedNeeds, ChangeGroup, Conflicts, Disagreement

FRESH = 15.0
"""Seconds for which what was found is believed where nothing tells of a change."""
ID = re.compile(r"[gktun][0-9a-f]{12}|f\d{1,18}", re.ASCII)
ONE = re.compile(r"[ca]\d{1,18}", re.ASCII)
DECISIONS = ("retry", "approve", "drop")
NOT_SO = "That is no answer to this question; go back and press one of its buttons."


class Unfolded(Struct, frozen=True):
    """A question, and a page of what it is about: ``changes``, or ``conflicts``. ``more``: that is not all of it."""

    card: Card
    changes: list[QueuedChange]
    conflicts: list[Disagreement]
    more: bool


class _Found(Struct, frozen=True):
    at: float
    stamp: str
    facts: NeedFacts
    cards: list[Card]
    waiting: list[Card] | None = None
    """What nothing is asked of; ``None`` where nobody looked yet, as there may be very much of it."""


class Needs:
    """Keeps what was found a moment ago, as every page asks how much there is."""

    def __init__(self, runtime: Runtime, reception: Reception) -> None:
        self._runtime, self._reception = runtime, reception
        self._found: _Found | None = None
        self._looking = asyncio.Lock()
        self._asked: tuple[float, AskedNeeds] | None = None
        self._carded: tuple[NeedFacts, list[str], list[Card]] | None = None
        self._news = 0
        runtime.on_change(self._forget)

    async def number(self) -> int:
        """How many questions want an answer; quick, as every page asks."""
        return len((await self._look()).cards)

    async def cards(self, start: int = 0, limit: int = 20, kind: str = "") -> list[Card]:
        """So many questions of that kind, or of all that want an answer; ``start`` of them are left out."""
        if kind == "waiting":
            chosen = (await self._look_at_all())[1]
        else:
            chosen = [one for one in (await self._look()).cards if kind in ("", one.kind)]
        return chosen[start : start + limit]

    async def counts(self) -> dict[str, int]:
        """How many there are of each kind; of ``waiting`` nothing is asked."""
        found, waiting = await self._look_at_all()
        kinds = [card.kind for card in (*found.cards, *waiting)]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    async def guests(self) -> int:
        """How many accounts nobody is asked about any more."""
        return (await self._look()).facts.guests

    async def unfolded(self, id_: str, start: int, limit: int) -> Unfolded | None:
        """``None`` where there is no such question any more."""
        found, waiting = await self._look_at_all()
        card = next((card for card in (*found.cards, *waiting) if card.id == id_), None)
        if card is None:
            return None
        target = needs.found(found.facts, id_)
        if isinstance(target, Conflicts):
            piece = list(target.each[start : start + limit])
            return Unfolded(card, [], piece, len(target.each) > start + limit)
        changes: list[QueuedChange] = []
        if isinstance(target, ChangeGroup | FloodStory):
            whole = target
            changes = await self._runtime.store.read(lambda db: needs.members(db, whole, start, limit))
        return Unfolded(card, changes, [], card.many > start + limit)

    async def unmatched(self, viewer: str = "", tracker: str = "") -> list[UnmatchedStory]:
        """What one side has and the other does not know; an empty text is any."""
        return await self._runtime.store.read(lambda db: stories(db, viewer or None, tracker or None))

    async def answer(self, id_: str, action: str, value: str = "") -> ActionResult:
        """Settle a question, or one thing of it (``c12``, ``a7``). One that is settled already is left alone.

        Raises ``NoAnswer``, and of a claim ``ConfigError`` and ``NotWritten``.
        """
        if ONE.fullmatch(id_):
            return await self._one(id_, action)
        if not ID.fullmatch(id_):
            raise NoAnswer(f"{id_[:40]} is not the ID of a question; it should look like g0123456789ab, f3 or c12.")
        self._forget()
        self._asked = None
        target = needs.found((await self._look_at_all())[0].facts, id_)
        if isinstance(target, UnclaimedStatus):
            return await self._whose(target, id_, action, value)
        if isinstance(target, AccountStatus):
            return self._try(target, id_, action)
        if target is None:
            return ActionResult(action, [], [id_])
        return await self._decide(target, action, value)

    async def ask_again(self) -> None:
        """About accounts, too, that were said to belong to nobody."""
        await self._runtime.store.write(guests.forget)
        self._runtime.changed()

    async def _one(self, id_: str, action: str) -> ActionResult:
        if action not in DECISIONS:
            raise NoAnswer(NOT_SO)
        now, chosen = self._now(), floods.chosen([id_])
        return self._done(await floods.carried_out(self._runtime.store, action, chosen, now))

    async def _decide(self, target: NeedTarget, action: str, value: str) -> ActionResult:
        if action not in DECISIONS or not isinstance(target, ChangeGroup | Conflicts | FloodStory):
            raise NoAnswer(NOT_SO)
        now, whole = self._now(), target
        done = await self._runtime.store.write(lambda db: needs.decide(db, whole, action, value, now))
        if action == "retry":
            await floods.let_go(self._runtime.store, done, now)
        return self._done(done)

    async def _whose(self, row: UnclaimedStatus, id_: str, action: str, value: str) -> ActionResult:
        if action == "claim":
            await self._reception.claim(row.source, row.account, value)
        elif action == "guest":
            now = self._now()
            await self._runtime.store.write(lambda db: guests.add(db, row.source, row.account, now))
            self._runtime.changed()
        else:
            raise NoAnswer(NOT_SO)
        return ActionResult(action, [id_], [])

    def _try(self, row: AccountStatus, id_: str, action: str) -> ActionResult:
        courier = self._runtime.couriers.get((row.viewer, row.tracker))
        if action != "retry" or courier is None:
            raise NoAnswer(NOT_SO)
        courier.try_now()
        courier.wake.set()
        return ActionResult(action, [id_], [])

    def _done(self, done: ActionResult) -> ActionResult:
        self._runtime.look_again(try_now=True)
        return done

    async def _look(self) -> _Found:
        """What there is, from a moment ago where nothing has changed since. One looks for all who ask meanwhile."""
        async with self._looking:
            stamp, now = await self._runtime.store.read(asking.stamp), self._runtime.clock.monotonic()
            known = self._found
            if known is None or known.stamp != stamp or not 0.0 <= now - known.at < FRESH:
                news, facts = self._news, await self._facts(now)
                known = _Found(now, stamp, facts, await self._cards_of(facts))
                self._found = known if news == self._news else None
            return known

    async def _cards_of(self, facts: NeedFacts) -> list[Card]:
        """Most news change nothing of what is asked, and then they are the same."""
        viewers = [viewer.name for viewer in self._runtime.config.viewers]
        if self._carded is None or self._carded[:2] != (facts, viewers):
            self._carded = facts, viewers, await asyncio.to_thread(questions.cards, facts, viewers)
        return self._carded[2]

    async def _look_at_all(self) -> tuple[_Found, list[Card]]:
        """With what waits by itself: a read of its own, so that nothing else waits for both."""
        found = await self._look()
        if found.waiting is not None:
            return found, found.waiting
        facts = replace(found.facts, parked=await self._runtime.store.read(asking.parked))
        waiting = questions.waiting(facts)
        whole = replace(found, facts=facts, waiting=waiting)
        if self._found is found:
            self._found = whole
        return whole, waiting

    async def _facts(self, at: float) -> NeedFacts:
        runtime, now = self._runtime, self._now()
        active, kept = frozenset(runtime.couriers), self._asked
        known = kept[1] if kept is not None and 0.0 <= at - kept[0] < FRESH else None

        def read(db: sqlite3.Connection) -> tuple[AskedNeeds, NeedFacts]:
            asked = asking.asked(db, known)
            return asked, needs.facts(db, runtime.config, active, now, asked)

        asked, found = await runtime.store.read(read)
        if asked is not known:
            self._asked = at, asked
        opened = [troubles.shown(trouble) for trouble in await runtime.alerts.open()]
        polled = [*runtime.catching_up.conditions, *runtime.listening.conditions]
        servers = {
            one.source: ServerNeed(one.source, one.state, one.reason) for one in polled if one.state in needs.BROKEN
        }
        told = [trouble for trouble in opened if trouble.kind in needs.TOLD]
        return replace(found, servers=list(servers.values()), troubles=told)

    def _forget(self) -> None:
        self._found = None
        self._news += 1

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()

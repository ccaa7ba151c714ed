"""What command, API and page say of floods, and how changes, amendments and floods are decided on by their ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from msgspec import Struct

from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, PlayOutcome
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.desk.facts import queue
from scrobbled.intake import breaker
from scrobbled.store.file.codec import iso
from scrobbled.store.file.database import Store
from scrobbled.store.queue import allowances, amendments, floods, outbox


class FloodStory(Struct, frozen=True):
    """Plays of one account that were held together. ``plays`` came in all, ``held`` of them wait for a decision."""

    id: str
    viewer: str
    tracker: str
    rule: str
    reason: str
    began: str
    last: str
    plays: int
    held: int
    sources: list[str]
    samples: list[str]
    """A few titles of what is held."""
    text: str
    """All of it in one sentence."""
    next_step: str


class NamedChanges(Struct, frozen=True):
    """Changes, floods and amendments that were named."""

    changes: tuple[int, ...] = ()
    floods: tuple[int, ...] = ()
    amendments: tuple[int, ...] = ()


class ActionResult(Struct, frozen=True):
    """What an action applied to; ``left`` are those named that it does not apply to. Ids: ``c12``, ``a7``, ``f3``.

    ``plays`` is how many the changes are of: one that goes to two trackers is one play.
    """

    action: str
    done: list[str]
    left: list[str]
    plays: int = 0


class NoId(ValueError):
    """A text is the id of no change, amendment or flood."""


def chosen(ids: Sequence[str]) -> NamedChanges:
    """``c12`` or ``12`` is a change, ``f3`` a flood, ``a7`` an amendment. Raises ``NoId`` with what is none of them."""
    changes, found, amended = [], [], []
    for text in ids:
        if (change := ids_facts.number(text, "c")) is not None:
            changes.append(change)
        elif (flood := ids_facts.number(text, "f")) is not None:
            found.append(flood)
        elif (amendment := ids_facts.number(text, "a")) is not None:
            amended.append(amendment)
        else:
            raise NoId(text)
    return NamedChanges(tuple(changes), tuple(found), tuple(amended))


def stories(db: sqlite3.Connection) -> list[FloodStory]:
    """Floods of which something is held, oldest first."""
    return [_story(flood, floods.contents(db, flood.id)) for flood in floods.held(db)]


async def carried_out(store: Store, action: str, named: NamedChanges | None, now: float) -> ActionResult:
    """``act``, and what waits for room on a list is let go after it, a portion at a time."""
    done = await store.write(lambda db: act(db, action, named, now))
    if action == "retry":
        await let_go(store, done, now)
    return done


async def let_go(store: Store, done: ActionResult, now: float) -> None:
    """What waits for room of that which was to be tried again."""
    free = tuple(int(id_[1:]) for id_ in done.done if id_.startswith("a"))
    for portion in allowances.RoomMoves(free=free).portions():
        await store.write(lambda db, portion=portion: allowances.move(db, portion, now))  # type: ignore[misc]


def act(db: sqlite3.Connection, action: str, named: NamedChanges | None, now: float) -> ActionResult:
    """As ``summary.act``; a flood stands for all that is held of it. ``None`` is everything that waits.

    Amendments that ask are approved by name only: a removal or a conflict is decided on one by one.
    """
    if named is None:
        changes = queue.act(db, action, None, now)
        amended = _retried(db, None) if action == "retry" else []
        return _done(db, action, changes, amended, [])
    batches = {flood: floods.held_changes(db, flood) for flood in named.floods}
    wanted = sorted({*named.changes, *(id_ for batch in batches.values() for id_ in batch)})
    done = set(queue.act(db, action, wanted, now))
    left = [f"c{id_}" for id_ in named.changes if id_ not in done]
    for flood, batch in batches.items():
        rest = [f"c{id_}" for id_ in batch if id_ not in done]
        left += rest if len(rest) < len(batch) else [f"f{flood}"]
    settled = set(_amend(db, action, named.amendments, now))
    left += [f"a{id_}" for id_ in named.amendments if id_ not in settled]
    return _done(db, action, done, settled, left)


def _done(
    db: sqlite3.Connection, action: str, changes: Collection[int], amended: Collection[int], left: list[str]
) -> ActionResult:
    ids = [*(f"c{id_}" for id_ in sorted(changes)), *(f"a{id_}" for id_ in sorted(amended))]
    return ActionResult(action, ids, left, outbox.plays_of(db, changes))


def _amend(db: sqlite3.Connection, action: str, ids: Sequence[int], now: float) -> list[int]:
    if action == "retry":
        return _retried(db, ids)
    return amendments.approve(db, ids, now) if action == "approve" else amendments.drop(db, ids, now)


def _retried(db: sqlite3.Connection, ids: Sequence[int] | None) -> list[int]:
    """Also what waits for room on a list: somebody says that there is some. Those are let go by ``let_go``."""
    return sorted({*amendments.retry(db, ids), *allowances.open_again(db, ids)})


def _story(flood: floods.Flood, contents: floods.Contents) -> FloodStory:
    return FloodStory(
        id=f"f{flood.id}",
        viewer=flood.viewer,
        tracker=flood.tracker,
        rule=flood.rule,
        reason=flood.reason,
        began=iso(flood.began_at),
        last=iso(flood.last_at),
        plays=flood.plays,
        held=flood.held,
        sources=list(contents.sources),
        samples=list(contents.samples),
        text=breaker.sentence(flood, contents),
        next_step=PLAY_NEXT_STEP[PlayOutcome.HELD],
    )

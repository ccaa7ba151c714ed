"""What only a person can move on, as questions: found by one look at everything, and answered by their ids.

A question's id begins with a letter: ``g`` changes that are alike, ``k`` conflicts of two trackers, ``f`` a flood,
``t`` an account at a tracker, ``u`` an account that no viewer lists, ``n`` whatever else there is to know.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct, field

from scrobbled.config import Config
from scrobbled.desk.facts import house, queue
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.desk.facts.house import AccountStatus, UnclaimedStatus
from scrobbled.desk.facts.queue import QueuedChange
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import ActionResult, FloodStory, NamedChanges
from scrobbled.runtime.troubles import OpenTrouble
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file.codec import iso
from scrobbled.store.inbox import guests, refusals
from scrobbled.store.mirror import runs
from scrobbled.store.queue import amendments, asking, overview, pausing
from scrobbled.store.queue import floods as stored
from scrobbled.store.queue.asking import AskedNeeds, ChangeGroup, Conflicts

LAPSES_WITHIN = 7 * 86_400.0
"""Seconds before a sign-in that does not renew itself ends, from which on a person is asked."""
REFUSED_WITHIN = 2 * 86_400.0
"""Seconds for which a webhook with a wrong secret is worth a question."""
BROKEN = frozenset({"sign-in", "stopped", "drift"})
"""States of an account that do not pass by themselves."""
TOLD = frozenset({"configuration", "backup", "disk", "storage", "clock", "pair"})
"""Kinds of trouble that are not one of the other questions."""


class NoAnswer(ValueError):
    """That cannot be answered in this way; the text says how it can be."""


class PlanNeed(Struct, frozen=True):
    """A run of a pair that wants a yes."""

    run: str
    viewer: str
    trackers: tuple[str, ...]
    reason: str


class RefusedWebhooks(Struct, frozen=True):
    """Webhooks that came with a wrong secret, after the last that came with the right one."""

    source: str
    count: int
    last: str


class ServerNeed(Struct, frozen=True):
    """A media server that does not answer as it should, and will not by itself."""

    source: str
    state: str
    reason: str


class NeedFacts(Struct, frozen=True):
    """Everything that may need somebody. ``lapsing`` are accounts that work, but not for long."""

    broken: list[AccountStatus]
    lapsing: list[AccountStatus]
    floods: list[FloodStory]
    groups: list[ChangeGroup]
    conflicts: list[Conflicts]
    unclaimed: list[UnclaimedStatus]
    plans: list[PlanNeed]
    refused: list[RefusedWebhooks]
    parked: list[ChangeGroup] = field(default_factory=list)
    """What is looked up again by itself; empty where that was not asked, as there may be very many."""
    guests: int = 0
    """Accounts nobody is asked about any more."""
    servers: list[ServerNeed] = field(default_factory=list)
    troubles: list[OpenTrouble] = field(default_factory=list)


NeedTarget = ChangeGroup | Conflicts | FloodStory | AccountStatus | UnclaimedStatus


def facts(
    db: sqlite3.Connection,
    config: Config,
    active: frozenset[tuple[str, str]],
    now: float,
    asked: AskedNeeds | None = None,
) -> NeedFacts:
    """``active`` are the accounts that are delivered to, ``now`` is Unix seconds. ``asked`` spares a look."""
    asked = asked or asking.asked(db)
    glance, nobodys = house.glance(db, config), guests.listed(db)
    accounts = [row for row in glance.trackers if (row.viewer, row.tracker) in active]
    claimable = [row for row in glance.unclaimed if row.yaml]
    strangers = [row for row in claimable if (row.source, row.account) not in nobodys]
    return NeedFacts(
        broken=[row for row in accounts if row.state in BROKEN],
        lapsing=_lapsing(db, config, accounts, now),
        floods=floods.stories(db),
        groups=asked.groups,
        conflicts=asked.conflicts,
        unclaimed=strangers,
        plans=_plans(db, config, now),
        refused=_refused(db, config, now),
        guests=len(claimable) - len(strangers),
    )


def number(all_: NeedFacts) -> int:
    """How many questions these are; what waits by itself is none."""
    asked: Sequence[Sequence[object]] = (
        *(all_.broken, all_.lapsing, all_.floods, all_.groups, all_.conflicts, all_.unclaimed),
        *(all_.plans, all_.refused, all_.servers, all_.troubles),
    )
    return sum(map(len, asked))


def id_of(target: NeedTarget) -> str:
    """The same for the same question, however often it is found."""
    if isinstance(target, ChangeGroup | Conflicts):
        return target.key
    if isinstance(target, FloodStory):
        return target.id
    if isinstance(target, AccountStatus):
        return named("t", target.viewer, target.tracker)
    return named("u", target.source, target.account)


def named(letter: str, *parts: str) -> str:
    """An id of a question that is told by these parts."""
    return letter + sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def found(all_: NeedFacts, id_: str) -> NeedTarget | None:
    """What an id stands for; ``None`` where there is no such question any more."""
    targets: Sequence[NeedTarget] = [
        *(*all_.broken, *all_.lapsing),
        *all_.floods,
        *(*all_.groups, *all_.parked),
        *all_.conflicts,
        *all_.unclaimed,
    ]
    return next((target for target in targets if id_of(target) == id_), None)


def decide(
    db: sqlite3.Connection, target: ChangeGroup | Conflicts | FloodStory, action: str, value: str, now: float
) -> ActionResult:
    """``retry``, ``approve`` or ``drop`` all of it. Of conflicts ``value`` names the tracker that is right.

    Raises ``NoAnswer``.
    """
    if isinstance(target, Conflicts):
        return floods.act(db, action, NamedChanges(amendments=_settled(target, action, value)), now)
    chosen = floods.chosen([target.id]) if isinstance(target, FloodStory) else floods.chosen(target.names)
    return floods.act(db, action, chosen, now)


def members(db: sqlite3.Connection, target: ChangeGroup | FloodStory, start: int, limit: int) -> list[QueuedChange]:
    """What a question is about, one by one, oldest first; ``start`` of them are left out."""
    if isinstance(target, ChangeGroup) and target.letter == "a":
        wishes = (amendments.get(db, id_) for id_ in target.ids[start : start + limit])
        return [queue.queued_amendment(wish) for wish in wishes if wish is not None]
    ids: Sequence[int] = target.ids if isinstance(target, ChangeGroup) else stored.held_changes(db, _number(target))
    states = overview.account_states(db)
    return [queue.queued_change(row, states) for row in overview.queued(db, ids[start : start + limit])]


def _number(flood: FloodStory) -> int:
    return ids_facts.number(flood.id, "f") or 0


def _settled(target: Conflicts, action: str, value: str) -> tuple[int, ...]:
    if action == "drop":
        return target.ids
    if action != "approve" or value not in target.trackers:
        raise NoAnswer(f"Say which of them is right: approve with {' or '.join(target.trackers)}; or drop to leave it.")
    return target.won_by(value)


def _lapsing(
    db: sqlite3.Connection, config: Config, accounts: Sequence[AccountStatus], now: float
) -> list[AccountStatus]:
    """Those whose sign-in ends soon. One that has a password, or a token to renew it with, does not need anybody."""
    renewing = sign_ins.renewing(db)
    for viewer in config.viewers:
        renewing |= {(viewer.name, name) for name, settings in viewer.trackers.items() if settings.get("password")}
    horizon = iso(now + LAPSES_WITHIN)
    return [
        row
        for row in accounts
        if row.state not in BROKEN
        and row.token_expires is not None
        and row.token_expires <= horizon
        and (row.viewer, row.tracker) not in renewing
    ]


def _plans(db: sqlite3.Connection, config: Config, now: float) -> list[PlanNeed]:
    """Of each pair that nobody has paused the newest run, where that needs an approval."""
    plans = []
    for viewer in config.viewers:
        for pair in viewer.pairs:
            whose = (viewer.name, ",".join(pair.between))
            last = next(iter(runs.latest(db, *whose)), None)
            if last is None or last.outcome != "approval":
                continue
            if pausing.in_force(db, now, pausing.of_pair(*whose)) is None:
                plans.append(PlanNeed(f"r{last.id}", viewer.name, pair.between, last.reason))
    return plans


def _refused(db: sqlite3.Connection, config: Config, now: float) -> list[RefusedWebhooks]:
    heard = {row.source: row.last_seen for row in overview.sources_heard(db)}
    return [
        RefusedWebhooks(one.source, one.count, iso(one.last_at))
        for one in refusals.listed(db)
        if one.source in config.sources and one.last_at > max(heard.get(one.source) or 0.0, now - REFUSED_WITHIN)
    ]

"""``scrobbled status``: everything that was acknowledged, and where it is."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.naming.names import name
from scrobbled.core.sending.change import left_out
from scrobbled.core.standing import CONNECTED
from scrobbled.core.words.outcomes import HOLDS, PlayOutcome
from scrobbled.core.words.plain import plain
from scrobbled.desk import words
from scrobbled.desk.facts import house
from scrobbled.desk.facts.holdings import AccountHolds
from scrobbled.desk.facts.house import AccountStatus, Status, UnclaimedStatus
from scrobbled.desk.facts.pairs import PairStory, SideStory
from scrobbled.desk.facts.pausing import KEPT, sentence
from scrobbled.desk.facts.sources import SourceStory
from scrobbled.desk.needs import questions
from scrobbled.desk.needs.questions import TOLD
from scrobbled.store.file import opening
from scrobbled.store.notes.alerts import remembered
from scrobbled.trackers import TRACKERS

ASKING = (PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
"""What waits for a person, beside what is held."""
LEAST_FREE = 1024 * 1024
"""Bytes."""


class LastingTrouble(Struct, frozen=True):
    """A trouble that people were told of, and that lasts."""

    kind: str
    title: str
    text: str


class StatusReport(Struct, frozen=True):
    """All that is told. ``disk_free`` is in bytes."""

    status: Status
    running: bool
    disk_free: int
    troubles: list[LastingTrouble]


def status(path: str | None, *, as_json: bool) -> int:
    """0, whatever the state: it was told."""
    config = configured(path)
    found = run(_found(config))
    if as_json:
        told = plain(found)
        print_json({**told.pop("status"), **told})
    else:
        for line in _lines(found, datetime.now(config.server.zone)):
            say(line)
    return 0


async def _found(config: Config) -> StatusReport:
    path, now = config.storage.path, datetime.now(config.server.zone)
    async with opened(config) as store:
        troubles = await store.read(lambda db: [one for one in remembered(db) if one.ended_at is None])
        told = [LastingTrouble(one.kind, one.title, one.text) for one in troubles if one.kind in TOLD]
        facts = await store.read(lambda db: _status(db, config, len(told), now))
    free = shutil.disk_usage(path.parent).free
    return StatusReport(facts, opening.holder(path) is not None, free, told)


def _status(db: sqlite3.Connection, config: Config, troubles: int, now: datetime) -> Status:
    """With as many questions as the page asks."""
    active = frozenset((one.name, tracker) for one in config.viewers for tracker in one.trackers if tracker in TRACKERS)
    asks = questions.number(questions.facts(db, config, active, now.timestamp())) + troubles
    return house.status(db, config, now.timestamp(), asks, lambda iso: _time(iso, now))


def _lines(found: StatusReport, now: datetime) -> Iterator[str]:
    """What concerns everything comes before the parts of it: they are no use while nothing runs."""
    facts = found.status
    yield from _concerning_all(found, now)
    yield f"{facts.house.text}."
    yield ""
    events = ", ".join(f"{count:,} {outcome}" for outcome, count in facts.events.items() if count) or "none yet"
    yield f"Webhooks: {events}"
    yield f"Plays: {facts.plays:,}"
    yield from _part("Sources", [(row.source or "others", _source(row, now), []) for row in facts.sources])
    yield from _part("Trackers", [(f"{row.viewer}/{row.tracker}", *_account(row, now)) for row in facts.trackers])
    yield from _part("Pairs", [(f"{row.viewer}: {_between(row)}", *_pair(row, now)) for row in facts.pairs])
    asking = list(_asking(facts))
    if asking:
        yield ""
        yield from asking


_Row = tuple[str, str, Sequence[str]]
"""A name, what is said of it, and what stands below that."""


def _part(heading: str, rows: Sequence[_Row]) -> Iterator[str]:
    """Names below each other, and what is said of them beside."""
    width = max((len(row[0]) for row in rows), default=0)
    if rows:
        yield ""
        yield heading
    for called, told, below in rows:
        yield f"  {called:<{width}}  {told}"
        yield from (f"  {'':<{width}}  {line}" for line in below)


def _concerning_all(found: StatusReport, now: datetime) -> Iterator[str]:
    if not found.running:
        yield "Not running: no webhook is taken and nothing is delivered. Start it: scrobbled serve (or its container)."
    if found.disk_free < LEAST_FREE:
        yield "The disk is full: webhooks cannot be stored, and are refused. Make room where the database is."
    if pause := found.status.pause:
        yield f"{sentence(pause, lambda iso: _time(iso, now))}. {KEPT} To go on before that: scrobbled queue resume"
    for trouble in found.troubles:
        title = trouble.title.removeprefix("scrobbled: ")
        yield f"{title[:1].upper()}{title[1:]}. {trouble.text}"


def _source(row: SourceStory, now: datetime) -> str:
    away = f"{plural(row.refused, 'webhook')} with a wrong token" if row.refused else ""
    if not row.source:
        refused = f"{plural(row.refused, 'webhook')} for sources that are not configured"
        return f"{refused}, last {_time(row.last_refused, now)}"
    heard = f"last heard {_time(row.last_heard, now)}" if row.last_heard else "never heard"
    servers = ", ".join(f"{one.name or one.id} {_time(one.last_heard, now)}" for one in row.servers)
    beside = f" ({servers})" if len(row.servers) > 1 else ""
    return f"{heard}{beside}" + (f"; {away}, last {_time(row.last_refused, now)}" if away else "")


def _account(row: AccountStatus, now: datetime) -> tuple[str, Sequence[str]]:
    """What waits is told by the standing; beside it stands what is settled. A configured token is no sign-in."""
    sign = "signed in" if row.signed_in else "" if row.standing.word == CONNECTED else "not signed in"
    waits = row.standing.code in ("catching-up", "asks", "parked")
    counts = (f"{count:,} {told}" for told, count in row.counts.items() if not waits or told not in _LOADS)
    below = (row.standing.next, _holds(row.holds, now), row.holds.room, *(one.text for one in row.waits))
    return ", ".join(filter(None, (row.standing.word, sign, *counts))), list(filter(None, below))


def _holds(what: AccountHolds, now: datetime) -> str:
    """ "5,310 plays, 402 ratings, read 19:40"."""
    return f"{what.text}, read {_time(what.read, now)}" if what.text else ""


_LOADS = (PlayOutcome.QUEUED, PlayOutcome.PARKED, PlayOutcome.HELD, *ASKING)


def _between(row: PairStory) -> str:
    return words.joined([name(tracker) for tracker in row.pair.split(",")])


def _pair(row: PairStory, now: datetime) -> tuple[str, Sequence[str]]:
    verb = "agrees" if row.agreed == 1 else "agree"
    agreed = f"; {words.plural(row.agreed, 'viewing')} {verb}" if row.agreed else ""
    return f"{row.standing.word}{agreed}", list(_below(row, now))


def _below(row: PairStory, now: datetime) -> Iterator[str]:
    if row.standing.code == "plan" and row.last is not None:
        command = ["scrobbled", "sync", "--viewer", row.viewer, "--pair", row.pair, "--plan", row.last.plan_id or ""]
        yield f"To approve it: {shlex.join(command)}"
    elif row.standing.next:
        yield row.standing.next
    if held := [_held(side, row.library) for side in row.sides if side.holds.text]:
        yield "; ".join(held)
    for side in row.sides:
        if side.doubt:
            listed = f"What {name(side.tracker)} listed is not believed to be all ({side.doubt})"
            yield f"{listed}, so nothing is removed because of it."
    if row.left_out:
        yield words.sentence(left_out(row.left_out))
    if row.last is not None:
        yield f"last run {row.last.id} {_time(row.last.ended or row.last.asked, now)}{_next(row, now)}"
    elif row.works:
        yield f"not run yet{_next(row, now)}"


def _held(side: SideStory, library: str) -> str:
    """ "Trakt 5,310 plays, 402 ratings, 12 added since"."""
    since = f", {side.added:,} {'ticked off' if side.tracker == library else 'added'} since" if side.added else ""
    return f"{name(side.tracker)} {side.holds.text}{since}"


def _next(row: PairStory, now: datetime) -> str:
    due = f", next {_time(row.next, now)}" if row.next and row.running is None else ""
    return f"{due} ({row.when})" if row.works else ""


def _asking(facts: Status) -> Iterator[str]:
    if facts.held:
        reasons = ", ".join(f"{count:,} {_HOLDS.get(reason, reason)}" for reason, count in facts.held.items())
        yield f"Held until you decide: {reasons}. See scrobbled queue list"
    if asking := sum(row.counts.get(outcome, 0) for row in facts.trackers for outcome in ASKING):
        yield f"Not delivered without you: {asking:,} unmatched or dead. See scrobbled unmatched and queue list"
    yield from map(_unclaimed, facts.unclaimed)


_HOLDS = {str(hold): text for hold, text in HOLDS.items()}


def _unclaimed(row: UnclaimedStatus) -> str:
    heard = f"Unclaimed: {row.source} account {row.account or '(no name)'}, {plural(row.events, 'webhook')}"
    if not row.yaml:
        return f"{heard} kept. Nobody can claim what names no account."
    command = shlex.join(["scrobbled", "claim", row.source, *([row.account] if row.account else [])])
    return f"{heard} kept. To claim it: {command} --viewer NAME, or give a viewer: {row.yaml}"


def _time(iso: str | None, now: datetime) -> str:
    """ "19:40" today, "14 Nov, 19:40" before, in the zone of the house."""
    return words.since(datetime.fromisoformat(iso), now) if iso else ""

"""Which troubles there are, how they stand now, and whom the configuration wants to be told."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from scrobbled.alerts import AlertAddress, Alerts, Now, Open, Trouble
from scrobbled.config import ONE_OWNER, Config
from scrobbled.core.sending.change import things
from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, UNNAMED, EventOutcome, PlayOutcome, told
from scrobbled.core.words.reasons import Code, coded
from scrobbled.delivery.health import HealthReport, HealthState
from scrobbled.intake.claimants import LISTED_BY_NOBODY, Taken, listed_by_nobody
from scrobbled.sources.parsing import WebhookMessage
from scrobbled.store import Store
from scrobbled.store.file.codec import iso
from scrobbled.store.queue import overview

LOW_DISK = 200 * 1024 * 1024
"""Bytes. With less SQLite may soon be unable to store a webhook."""
ALL_UNCLAIMED = 100
"""From so many unclaimed accounts on not all of them are listed, so that a missing one may still be there."""
CLAIM_IT = (
    "Its plays are kept and sent to nobody. If it belongs to one of you, say so with scrobbled claim, or list it under "
    "accounts of that viewer in the configuration: what waited is then delivered. If not, there is nothing to do."
)
NEEDS_A_PERSON = (PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
Reports = Mapping[tuple[str, str], HealthReport]


class OpenTrouble(Struct, frozen=True):
    """A trouble for people and scripts; times are ISO 8601 in UTC. ``last_told`` is null while nobody was told."""

    kind: str
    subject: str
    title: str
    text: str
    viewer: str | None
    link: str
    since: str
    last_seen: str
    last_told: str | None
    count: int
    """How often it was seen."""
    returns: int
    """How often it came back."""


def shown(trouble: Open) -> OpenTrouble:
    told = max((told.at for told in trouble.told.values() if not told.good), default=None)
    return OpenTrouble(
        kind=trouble.kind,
        subject=trouble.subject,
        title=trouble.title,
        text=trouble.text,
        viewer=trouble.viewer,
        link=trouble.link,
        since=iso(trouble.first_seen),
        last_seen=iso(trouble.last_seen),
        last_told=None if told is None else iso(told),
        count=trouble.count,
        returns=trouble.returns,
    )


def addresses(config: Config) -> list[AlertAddress]:
    """Whom to tell, in the order of the configuration."""
    return [
        AlertAddress(one.url, f"alerts.urls[{at}]", frozenset(one.viewers), frozenset(one.kinds))
        for at, one in enumerate(config.alerts.urls)
    ]


def watch(alerts: Alerts, store: Store, reports: Callable[[], Reports]) -> None:
    """Have ``alerts`` ask here how accounts, plays and the disk are. ``reports`` are those of the accounts now."""
    for state in (HealthState.DOWN, HealthState.SIGN_IN, HealthState.STOPPED, HealthState.DRIFT):
        alerts.look(state, partial(_account, store, reports, state))
    for outcome in NEEDS_A_PERSON:
        alerts.look(outcome, partial(_plays, store, outcome))
    alerts.watch(partial(_disk, alerts, store.path))


def unclaimed(source: str, reason: str) -> Trouble:
    """Somebody whom no viewer lists was heard; ``reason`` names the account, or says why none is named."""
    nobody = coded(reason).code == Code.NO_ACCOUNT and source not in ONE_OWNER
    return Trouble(
        kind="unclaimed",
        subject=f"{source}/{reason}",
        title=f"{source}: {reason}",
        text=f"{told(reason)} {UNNAMED}" if nobody else CLAIM_IT,
        once=True,  # a guest of the server may never be a viewer, and need not be mentioned every day
        link="/#unclaimed",
    )


async def listen(alerts: Alerts, message: WebhookMessage, taken: Taken) -> None:
    """An account nobody lists is told once."""
    if taken.outcome is EventOutcome.UNCLAIMED:
        await alerts.report(unclaimed(message.source, taken.reason))


async def claimed(alerts: Alerts, store: Store) -> None:
    """Some accounts are listed now that were not: whoever was told of them is told so. Raises ``StoreError``."""
    left = await store.read(overview.unclaimed_accounts)
    for trouble in await alerts.open():
        source, _, reason = trouble.subject.partition("/")
        waits = any(row.source == source and _is_about(reason, row.account) for row in left)
        if trouble.kind == "unclaimed" and not waits and len(left) < ALL_UNCLAIMED:
            title = f"{source}: a viewer lists that account now"
            await alerts.recovered(*trouble.key, title, f"It was: {reason}. What waited is being delivered.")


def _is_about(subject: str, account: str) -> bool:
    """Whether the subject of a trouble names the account; where that is empty, whether it names none."""
    return subject == listed_by_nobody(account) if account else not subject.startswith(LISTED_BY_NOBODY)


async def _account(store: Store, reports: Callable[[], Reports], kind: HealthState, subject: str) -> Now:
    viewer, _, tracker = subject.rpartition("/")
    report = reports().get((viewer, tracker))
    if report is None:
        return Now(False, f"{subject} is no longer configured", "Nothing is delivered there any more.")
    if report.state is HealthState.OK:
        return Now(False, f"{subject} works again", "What waited is being delivered.")
    if report.state is not kind:  # not tried since the start, or another trouble by now, which is told by itself
        return Now(lasts=None)
    waiting = await store.read(lambda db: overview.needing_by_action(db, viewer, tracker, PlayOutcome.QUEUED))
    verb = "waits" if sum(waiting.values()) == 1 else "wait"
    return Now(figures=f"{things(waiting)} {verb}." if waiting else "")


async def _plays(store: Store, outcome: PlayOutcome, subject: str) -> Now:
    viewer, _, tracker = subject.rpartition("/")
    (count, labels), found = await store.read(
        lambda db: (
            overview.needing(db, viewer, tracker, outcome, 3),
            overview.needing_by_action(db, viewer, tracker, outcome),
        )
    )
    if not count:
        return Now(False, f"{subject}: nothing needs you any more", f"Nothing is {outcome}.")
    if count == 1:
        return Now()
    done = "delivered" if set(found) == {"add"} else "carried out"
    text = f"{things(found)} were not {done} ({outcome}), such as {'; '.join(labels)}. {PLAY_NEXT_STEP[outcome]}"
    return Now(title=f"{subject}: {things(found)} need you", text=text)


async def _disk(alerts: Alerts, path: Path) -> None:
    """Told while there is still room to remember that."""
    free = (await asyncio.to_thread(shutil.disk_usage, path.parent)).free
    if free < LOW_DISK:
        await alerts.report(
            Trouble(
                kind="disk",
                subject="storage",
                title="scrobbled: the disk is nearly full",
                text=f"{free // 1024**2} MB are left where the database is ({path.parent}). Without room webhooks "
                "cannot be stored, and media servers do not send them again. Make room on that disk.",
            )
        )
    elif free > 2 * LOW_DISK:
        await alerts.recovered("disk", "storage", "scrobbled: the disk has room again", "Webhooks can be stored.")

"""What came in: the events of one viewing, who they belong to, and what was decided about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from scrobbled.config import Config, claimants, fold
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.words.outcomes import EVENT_NEXT_STEP, UNNAMED, EventOutcome, told
from scrobbled.core.words.reasons import coded
from scrobbled.desk.facts.house import claim
from scrobbled.desk.plays import viewings
from scrobbled.desk.plays.sentences import span
from scrobbled.desk.plays.story import ViewerOutcome, ViewingEvent
from scrobbled.intake.bodies import event_in
from scrobbled.intake.ingest import UNREADABLE_KEPT
from scrobbled.store.file.codec import iso
from scrobbled.store.inbox import archive
from scrobbled.store.inbox.archive import StoredEvent
from scrobbled.store.queue import recent

EACH_WAY = 150
"""Events of the session that are looked at before and after the one in question."""
MOST_SHOWN = 60


def viewing(db: sqlite3.Connection, stored: StoredEvent) -> tuple[list[StoredEvent], int]:
    """The events of the viewing ``stored`` belongs to, with those of others left out, and how many are not shown."""
    if stored.session is None:
        return [stored], 0
    rows = archive.around(db, stored.session, stored.id, EACH_WAY)
    completing: dict[int, frozenset[str]] = {}
    for play in archive.plays_of(db, [row.id for row in rows]):
        if play.event_id is not None:
            completing[play.event_id] = completing.get(play.event_id, frozenset()) | {play.viewer}
    own = viewings.of(rows, completing, stored)
    shown = viewings.shown(own, stored, completing, MOST_SHOWN)
    return shown, len(own) - len(shown)


def heard(one: StoredEvent, asked: StoredEvent | None, plays: list[str], *, raw: bool) -> ViewingEvent:
    """What is said of one event; ``raw`` adds its body."""
    event = event_in(one)
    percent = None if event is None else event.percent
    return ViewingEvent(
        id=f"e{one.id}",
        received_at=iso(one.received_at),
        kind=one.kind,
        outcome=one.outcome,
        reason=one.reason,
        why=told(one.reason),
        percent=None if percent is None else round(percent, 1),
        player=(event.player_name or event.player) if event else "",
        label=one.label,
        is_asked=asked is not None and one.id == asked.id,
        plays=plays,
        replayed_at=one.detail.get("replayed_at"),
        raw=one.raw if raw else None,
        was_last=bool(one.detail.get("silent")),
        reason_code=one.code,
    )


def body(config: Config, stored: StoredEvent | None, *, had_one: bool) -> tuple[str, str]:
    """Whether the body is kept, and why not: a word and a sentence."""
    if not had_one:
        return "none", "It came in by no message of a media server."
    kept = f"{span(config.storage.keep_raw_events)} (storage.keep_raw_events)"
    if stored is None or stored.raw is None:
        return "gone", f"Its message is no longer kept: that is so after {kept}."
    if stored.outcome is EventOutcome.UNREADABLE and stored.kind is None and len(stored.raw) >= UNREADABLE_KEPT:
        return "beginning", f"Only its first {UNREADABLE_KEPT:,} bytes were kept, as it could not be read."
    return "kept", f"Its message is kept for {kept}, with secrets masked."


def who(
    config: Config, stored: StoredEvent, event: PlaybackEvent | None, plays: Sequence[recent.PlayRow]
) -> list[ViewerOutcome]:
    """The viewers who claim its account, and what was decided for each."""
    names = event.account.names() if event else frozenset({fold(stored.account)} if stored.account else ())
    listed = {viewer.name: viewer for viewer in claimants(config, stored.source, names)}
    decided: dict[str, list[str]] = stored.detail.get("viewers", {})
    had = {play.viewer for play in plays if play.event_id == stored.id}
    found, item = [], None if event is None else event.item
    for viewer in dict.fromkeys((*listed, *decided, *sorted(had))):
        outcome, reason = decided.get(viewer, (stored.outcome, stored.reason))
        accounts = listed[viewer].accounts.get(stored.source, ()) if viewer in listed else ()
        as_ = [account for account in accounts if fold(account) in names]
        threshold = config.threshold(stored.source, listed[viewer], item) if viewer in listed else None
        code = coded(reason).code if viewer in decided else stored.code
        found.append(ViewerOutcome(viewer, as_, viewer in listed, outcome, reason, told(reason), threshold, code))
    return found


def to_do(stored: StoredEvent | None) -> list[str]:
    """What waits for a person."""
    if stored is None or stored.outcome not in (EventOutcome.UNCLAIMED, EventOutcome.UNREADABLE):
        return []
    line = claim(stored.source, stored.account)
    if stored.outcome is EventOutcome.UNCLAIMED and line:
        return [f"{EVENT_NEXT_STEP[stored.outcome]} The line is: {line}"]
    step = UNNAMED if stored.outcome is EventOutcome.UNCLAIMED else EVENT_NEXT_STEP[stored.outcome]
    return [f"{told(stored.reason)} {step}"]

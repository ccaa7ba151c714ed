"""The whole story of one play: what came in, who, how it was matched, why it was sent or not, and each attempt."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

from scrobbled.config import Config
from scrobbled.core.words.outcomes import told
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.plays import deliveries, heard
from scrobbled.desk.plays.sentences import span
from scrobbled.desk.plays.story import Explanation
from scrobbled.intake.bodies import event_in
from scrobbled.store.inbox import archive
from scrobbled.store.inbox.archive import StoredEvent
from scrobbled.store.queue import amendments, recent, tracing
from scrobbled.store.queue.amendment import Amendment

WHERE_IDS_ARE = (
    "Ids look like e12 (an event), p7 (a play), c31 or a4 (a change). The answer to a webhook names its event, "
    "scrobbled queue list names changes and plays, and the page links each play to its story."
)


def explain(db: sqlite3.Connection, config: Config, asked: str, *, raw: bool = False) -> Explanation:
    """Raises ``ValueError`` for what is no id, and ``NotThere``. ``raw`` adds the body of every event."""
    match = re.fullmatch(r"([epca]?)(\d{1,18})", asked.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{asked.strip()[:40] or 'Nothing'} is not an ID. {WHERE_IDS_ARE}")
    letter, number = match[1] or "e", int(match[2])
    if letter == "e":
        return _of_event(db, config, number, raw=raw)
    play_id: int | None = number
    if letter == "c":
        play_id = tracing.play_of_change(db, number)
    elif letter == "a":
        found = amendments.get(db, number)
        if found is not None and found.wish.play_id is None:
            return _of_amendment(db, config, found, raw=raw)
        play_id = None if found is None else found.wish.play_id
    return _of_play(db, config, f"{letter}{number}", play_id, raw=raw)


def _of_amendment(db: sqlite3.Connection, config: Config, found: Amendment, *, raw: bool) -> Explanation:
    event_id = found.wish.event_id
    stored = None if event_id is None else archive.event(db, event_id)
    if stored is None:
        raise NotThere(f"a{found.id} is about no play of ours; scrobbled queue list says what is to be changed.")
    return _told(db, config, f"a{found.id}", stored, None, raw=raw)


def _of_event(db: sqlite3.Connection, config: Config, number: int, *, raw: bool) -> Explanation:
    stored = archive.event(db, number)
    if stored is not None:
        return _told(db, config, f"e{number}", stored, None, raw=raw)
    if number <= archive.newest(db):
        kept = span(config.storage.keep_raw_events)
        raise NotThere(
            f"e{number} is no longer kept: messages that led to no play are dropped after {kept} "
            "(storage.keep_raw_events)."
        )
    raise NotThere(f"There is no e{number}. {WHERE_IDS_ARE}")


def _of_play(db: sqlite3.Connection, config: Config, asked: str, play_id: int | None, *, raw: bool) -> Explanation:
    row = None if play_id is None else recent.play(db, play_id)
    if row is None:
        raise NotThere(f"There is no {asked}. {WHERE_IDS_ARE}")
    stored = None if row.event_id is None else archive.event(db, row.event_id)
    return _told(db, config, asked, stored, row, raw=raw)


def _told(
    db: sqlite3.Connection,
    config: Config,
    asked: str,
    stored: StoredEvent | None,
    row: recent.PlayRow | None,
    *,
    raw: bool,
) -> Explanation:
    events, more = ([], 0) if stored is None else heard.viewing(db, stored)
    rows = _plays(db, events, row)
    plays = [deliveries.play(db, play) for play in rows]
    first = next((play.id for play in rows if stored and play.event_id == stored.id), rows[0].id if rows else None)
    completed = {play.event_id: [f"p{p.id}" for p in rows if p.event_id == play.event_id] for play in rows}
    event = None if stored is None else event_in(stored)
    body, note = heard.body(config, stored, had_one=stored is not None or bool(row and row.event_id))
    return Explanation(
        id=asked,
        play_id=f"p{row.id if row else first}" if row or first is not None else None,
        label=row.label if row else stored.label if stored else None,
        source=stored.source if stored else row.source if row else None,
        account=stored.account if stored else "",
        event_id=None if stored is None else f"e{stored.id}",
        outcome=None if stored is None else stored.outcome,
        reason=stored.reason if stored else "",
        why=told(stored.reason) if stored else "",
        body=body,
        body_note=note,
        raw=stored.raw if stored else None,
        events=[heard.heard(one, stored, completed.get(one.id, []), raw=raw) for one in events],
        more_events=more,
        who=[] if stored is None else heard.who(config, stored, event, rows),
        plays=plays,
        to_do=[*heard.to_do(stored), *(step for play in plays for step in deliveries.to_do(play))],
        changes=[] if stored is None else [deliveries.changed(one) for one in amendments.of_event(db, stored.id)],
    )


def _plays(db: sqlite3.Connection, events: Sequence[StoredEvent], row: recent.PlayRow | None) -> list[recent.PlayRow]:
    found = {play.id: play for one in events for play in recent.plays_of_event(db, one.id)}
    first = {} if row is None else {row.id: row}
    return list((first | found).values())

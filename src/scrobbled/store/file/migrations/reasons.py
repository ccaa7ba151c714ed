"""Reasons are compared by their codes. Up to here they were by their texts, some of which begin a longer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_IS_ANOTHER = "state = 'already-there' AND reason GLOB 'the same viewing is play *'"
_WAS_TAKEN_BACK = "state = 'undone' AND reason GLOB 'taken back*'"
_IS_LEFT_OUT = "state = 'unwanted' AND reason GLOB 'correction m*'"
_OF_CHANGES = f"""UPDATE {{}} SET
    code = CASE
        WHEN {_IS_ANOTHER} THEN 'same-viewing'
        WHEN {_WAS_TAKEN_BACK} THEN 'taken-back'
        WHEN {_IS_LEFT_OUT} THEN 'correction'
        WHEN reason = 'dropped by hand' THEN 'dropped-by-hand'
        WHEN reason = 'its run was cancelled' THEN 'run-cancelled'
        WHEN reason = 'a newer wish took its place' THEN 'replaced'
        WHEN reason = 'you chose the other value' THEN 'other-chosen'
        WHEN reason = 'found when read back' THEN 'found-when-read-back'
        WHEN reason = 'interrupted during the write' THEN 'interrupted'
        WHEN reason = 'the tracker holds it already, as was read there' THEN 'read-there'
        WHEN reason = 'no date: nobody said when this was watched' THEN 'no-date'
        WHEN reason GLOB 'this tracker does not take *' THEN 'not-taken'
        WHEN reason GLOB 'restored from a backup*' THEN 'restored'
        WHEN state = 'held' THEN hold
        WHEN state = 'dead' AND (reason LIKE '%not found%' OR reason LIKE '%404%') THEN 'not-found'
        WHEN state = 'dead' THEN 'refused'
        WHEN state = 'parked' THEN 'not-in-catalogue'
        WHEN state = 'unmatched' THEN 'uncertain'
        ELSE '' END,
    about = CASE
        WHEN {_IS_ANOTHER} THEN CAST(substr(reason, length('the same viewing is play p') + 1) AS INTEGER)
        WHEN {_WAS_TAKEN_BACK} AND reason GLOB 'taken back as p*'
            THEN CAST(substr(reason, length('taken back as p') + 1) AS INTEGER)
        WHEN {_IS_LEFT_OUT} THEN CAST(substr(reason, length('correction m') + 1) AS INTEGER) END
    WHERE reason <> ''"""

_OF_EVENTS = {
    "bookkeeping": "bookkeeping",
    "empty": "empty",
    "live tv": "live-tv",
    "malformed": "malformed",
    "no account": "no-account",
    "no item": "no-item",
    "test": "test",
    "not watched": "not-watched",
    "type": "type",
    "unsupported": "unsupported",
    "no action": "no-action",
    "no rating": "no-rating",
    "no type": "no-type",
    "unknown event": "unknown-event",
    "added is not playback": "not-playback",
    "ignored is not playback": "not-playback",
    "rated is not playback": "not-playback",
    "removed is not playback": "not-playback",
    "unrated is not playback": "not-playback",
    "unwatched is not playback": "not-playback",
    "a viewing at an unknown time is a play already": "undated-already",
    "episodes are switched off": "switched-off",
    "left out by a rule": "rule",
    "library": "library",
    "library not known": "library-unknown",
    "marked, and watched already": "marked-already",
    "marks are ticked off": "marks-ticked",
    "marks are switched off": "marks-off",
    "movies are switched off": "switched-off",
    "no play of it is ours": "none-ours",
    "no tracker keeps this rating": "no-rater",
    "no tracker ticks off without a date": "no-ticker",
    "ratings are switched off": "ratings-off",
    "removals are ignored": "removals-off",
    "server: not one of those listed for this source": "server",
    "still the viewing that is a play already": "still-the-viewing",
    "its beginning was not seen, and the server lists what was watched": "beginning-unseen",
    "the same rating again": "same-rating",
    "the same event again": "same-event",
    "this viewing is a play already": "play-already",
    "too short": "too-short",
    "a defect of scrobbled kept this from being understood; please report it": "defect",
}
_OF_LONGER = {
    "test event: understood, stored, and sent to nobody; a real one would go to *": "test-counts",
    "test event: understood, stored, and sent to nobody*": "test-event",
    "this form is not known*": "unknown-form",
    "the template asks Tautulli for *": "unfilled-template",
    "no viewer lists the account *": "listed-by-nobody",
    "this viewing is play p* already": "same-viewing",
}


@migrations()
def codes_of_changes(db: Database) -> None:
    """``code`` says why a change came to its state; ``about`` is the id of the play or correction that is named."""
    for name in ("outbox", "amendments"):
        db.conn.execute(f"ALTER TABLE {name} ADD COLUMN code TEXT NOT NULL DEFAULT ''")
        db.conn.execute(f"ALTER TABLE {name} ADD COLUMN about INTEGER")
        db.conn.execute(_OF_CHANGES.format(name))
    for index, on in (
        ("outbox_no_plays", "(play_id) WHERE state = 'undone' OR (state = 'already-there' AND code = 'same-viewing')"),
        ("outbox_left_out", "(id) WHERE state = 'unwanted' AND code = 'correction'"),
        (
            "outbox_taken_back",
            "(viewer, tracker, watched_at) WHERE state = 'undone' AND address_key IS NULL AND code = 'taken-back'",
        ),
    ):
        db.conn.execute(f"DROP INDEX {index}")
        db.conn.execute(f"CREATE INDEX {index} ON outbox {on}")


@migrations()
def codes_of_events(db: Database) -> None:
    """The same for what came in."""
    db.conn.execute("ALTER TABLE events ADD COLUMN code TEXT NOT NULL DEFAULT ''")
    whole = " ".join(f"WHEN '{reason}' THEN '{code}'" for reason, code in _OF_EVENTS.items())
    longer = " ".join(f"WHEN reason GLOB '{reason}' THEN '{code}'" for reason, code in _OF_LONGER.items())
    db.conn.execute(
        f"UPDATE events SET code = CASE reason {whole} ELSE CASE {longer} ELSE '' END END WHERE reason <> ''"
    )

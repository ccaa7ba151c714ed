"""The parts of a story. Ids carry their letter; times are ISO 8601 in UTC.

``reason`` is the short reason as it is kept, ``why`` the same as a sentence.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from scrobbled.desk.facts.plays import Attempt


class ViewingEvent(Struct, frozen=True):
    """One event of the viewing. ``percent`` is how far the player was, ``raw`` the body where it was asked for."""

    id: str
    received_at: str
    kind: str | None
    outcome: str
    reason: str
    why: str
    percent: float | None
    player: str
    label: str | None
    is_asked: bool
    plays: list[str]
    replayed_at: str | None
    raw: str | None
    was_last: bool = False
    """No end was told after it, so that it was taken for the end."""
    reason_code: str = ""


class ViewerOutcome(Struct, frozen=True):
    """A viewer, and what was decided for them. ``listed_as`` are the names in the configuration that claim it now.

    ``threshold`` is the percentage from which a stop counts as watched for them, ``None`` where they claim nothing.
    """

    viewer: str
    listed_as: list[str]
    claims: bool
    outcome: str
    reason: str
    why: str
    threshold: float | None
    reason_code: str = ""


class Amended(Struct, frozen=True):
    """What was, or is to be, changed at a tracker; ``change`` is like "remove this play"."""

    id: str
    change: str
    outcome: str
    reason: str
    why: str
    at: str
    """When it was settled, else when it was wished for."""
    viewer: str = ""
    tracker: str = ""
    reason_code: str = ""


class TrackerStory(Struct, frozen=True):
    """A play at one tracker. ``seconds`` is how long it took from the webhook to the tracker's confirmation.

    ``confidence`` is ``certain``, ``likely`` or ``unsure``, and ``None`` until it was looked up. ``rewatch_of`` is an
    earlier play. ``trouble`` is what keeps the whole account from getting anything.
    """

    id: str
    tracker: str
    outcome: str
    phase: str
    reason: str
    why: str
    next_step: str
    hold: str
    flood: str | None
    method: str
    confidence: str | None
    candidates: list[dict[str, Any]]
    place: str
    address: dict[str, Any]
    rewatch: bool
    rewatch_of: str | None
    remote_id: str | None
    settled_at: str | None
    seconds: float | None
    next_at: str | None
    trouble: str
    attempts: list[Attempt]
    amendments: list[Amended] = field(default_factory=list)
    """Oldest first."""
    reason_code: str = ""
    trouble_code: str = ""
    """The state of the account, where ``trouble`` says something."""

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing goes to the account until somebody does something."""
        return self.trouble_code in ("sign-in", "stopped")


class PlayTold(Struct, frozen=True):
    """One play of the viewing: one for each viewer."""

    id: str
    event_id: str | None
    viewer: str
    source: str
    media: str
    label: str
    watched_at: str | None
    received_at: str
    deliveries: list[TrackerStory]


class Explanation(Struct, frozen=True):
    """``id`` is what was asked for; ``events`` are those of the viewing, and ``more_events`` how many were left out
    at least.

    ``body`` says of the raw body of the event in question: ``kept``, ``beginning`` (only that was kept), ``gone`` or
    ``none`` (it came from nowhere).
    ``to_do`` is empty where there is nothing to do.
    """

    id: str
    play_id: str | None
    label: str | None
    source: str | None
    account: str
    event_id: str | None
    outcome: str | None
    reason: str
    why: str
    body: str
    body_note: str
    raw: str | None
    events: list[ViewingEvent]
    more_events: int
    who: list[ViewerOutcome]
    plays: list[PlayTold]
    to_do: list[str]
    changes: list[Amended] = field(default_factory=list)
    """What the event in question wants to have changed besides adding plays: ratings, removals, ticks."""

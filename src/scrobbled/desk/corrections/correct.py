"""Set, remove and try corrections, for command and API alike. Ids carry their letter: ``m3`` is a correction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.errors import BadCorrection, Candidate, NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.naming import correction_words
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.corrections import Correction, Ignore, OfShow, ToShow, corrected
from scrobbled.core.naming.items import Item
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file.codec import instant
from scrobbled.store.notes import cache
from scrobbled.store.queue import amendments, corrections, tracing
from scrobbled.trackers.base import Address, Tracker

LONGEST_TRIAL = 60.0
"""Seconds one service gets to answer a trial."""


class CorrectionStory(Struct, frozen=True):
    """One correction. ``to`` is ``show``, ``movie`` or ``ignore``; ``to_tmdb`` is an id in the space of that.

    ``episodes`` is a range like "13-24" or "13-", empty for all. ``set_at`` is ISO 8601 in UTC.
    """

    id: str
    text: str
    viewer: str | None
    media: str
    title: str
    year: int | None
    ids: dict[str, int | str]
    season: int | None
    episodes: str
    to: str
    to_tmdb: int | None
    to_season: int | None
    to_episode: int | None
    set_at: str


class WaitingPlay(Struct, frozen=True):
    """A change that waited and is looked up anew."""

    id: str
    play_id: str
    viewer: str
    tracker: str
    label: str


class Changed(Struct, frozen=True):
    """A correction that was set or removed, and what it applied to. ``replaced`` are those it stands in for."""

    correction: CorrectionStory
    replaced: list[str]
    waiting: list[WaitingPlay]


class Trial(Struct, frozen=True):
    """What would happen to an item at one tracker. Nothing was sent.

    ``verdict`` is ``found``, the outcome it would have (``parked``, ``unmatched``, ``unwanted``, ``dead``), or
    ``unknown`` where the service could not be asked. ``key`` is the tracker's own, ``entry`` the same for people.
    """

    viewer: str
    tracker: str
    item: str
    correction: str | None
    verdict: str
    entry: str = ""
    key: str = ""
    how: str = ""
    confidence: str = ""
    reason: str = ""
    candidates: list[dict[str, Any]] = field(default_factory=list)


def listed(db: sqlite3.Connection) -> list[CorrectionStory]:
    """Oldest first."""
    return [_story(found.correction, found.set_at) for found in corrections.listed(db)]


class Ahead(Struct, frozen=True):
    """What a correction would be: itself, those it stands in for, and all that would then be in force.

    ``waiting`` is what it would apply to at once.
    """

    correction: Correction
    replaced: tuple[Correction, ...]
    known: tuple[Correction, ...]
    waiting: list[corrections.CorrectableChange]

    def is_about(self, item: Item, viewer: str) -> bool:
        """Whether it would be the one that counts for this item."""
        return corrected(item, viewer, self.known).correction == self.correction


def ahead(db: sqlite3.Connection, wish: TypedCorrection, viewers: Collection[str], item: Item | None = None) -> Ahead:
    """What ``put`` would do; nothing is done. Raises ``BadCorrection``."""
    known_viewer(wish.viewer, viewers)
    asked = correction_words.read(wish, item or _stored_item(db, wish.what))
    before = corrections.in_force(db)
    old = tuple(known for known in before if known.says_the_same_as(asked))
    new = replace(asked, id=max((known.id for known in before), default=0) + 1)
    found = Ahead(new, old, (*(known for known in before if known not in old), new), [])
    return replace(found, waiting=corrections.concerned(db, lambda row: found.is_about(row.item, row.viewer)))


def put(
    db: sqlite3.Connection, wish: TypedCorrection, viewers: Collection[str], now: float, item: Item | None = None
) -> Changed:
    """Set a correction; what waited for it is due now, and nothing else is touched.

    One about exactly the same thing is replaced. ``item`` is what the wish is about, where that is known already.
    Raises ``BadCorrection``.
    """
    found = ahead(db, wish, viewers, item)
    for gone in found.replaced:
        corrections.remove(db, gone.id)
    new, rows = corrections.add(db, found.correction, now), found.waiting
    _reopen(db, rows, now, f"correction {new.name} was set: {correction_words.sentence(new)}")
    _retry(db, new, corrections.in_force(db))
    return Changed(_story(new, now), [gone.name for gone in found.replaced], [_waiting(row) for row in rows])


def remove(db: sqlite3.Connection, id_: int, now: float) -> Changed | None:
    """``None`` where there is no such correction. What it applied to and is not sent is looked up anew without it."""
    before = {found.correction.id: found for found in corrections.listed(db)}
    if id_ not in before:
        return None
    gone, known = before[id_].correction, [found.correction for found in before.values()]
    rows = corrections.concerned(db, lambda row: _chosen(known, row) == gone)
    corrections.remove(db, id_)
    _reopen(db, rows, now, f"correction {gone.name} was removed")
    _retry(db, gone, known)
    return Changed(_story(gone, before[id_].set_at), [], [_waiting(row) for row in rows])


def item_for(
    db: sqlite3.Connection, what: str, season: int | None, number: int | None, *, movie: bool, absolute: bool
) -> Item:
    """What a trial is about: a play or change that is stored (``p7``, ``c12``), or a title or id with its numbers.

    Raises ``BadCorrection``.
    """
    found = _stored_item(db, what)
    return found or correction_words.asked(what, season, number, movie=movie, absolute=absolute)


def known_viewer(name: str | None, viewers: Collection[str]) -> None:
    """Raises ``BadCorrection`` for a name that no viewer has."""
    if name is not None and name not in viewers:
        raise BadCorrection(f"There is no viewer {name[:40]}; the configuration lists: {', '.join(sorted(viewers))}.")


async def tried(item: Item, trackers: Mapping[AccountKey, Tracker], known: Sequence[Correction]) -> list[Trial]:
    """Asks each service where it keeps ``item``, as the corrections see it. Sends no play and books nothing."""
    return list(await asyncio.gather(*(_tried(item, account, trackers[account], known) for account in trackers)))


async def _tried(item: Item, account: AccountKey, tracker: Tracker, known: Sequence[Correction]) -> Trial:
    viewer, name = account
    meant = corrected(item, viewer, known)
    correction = meant.correction.name if meant.correction else None
    trial = Trial(viewer, name, item.label(), correction, "unwanted")
    if reason := meant.left_out(tracker.can.media) or _not_taken(meant.item, tracker):
        return replace(trial, reason=reason)
    try:
        async with asyncio.timeout(LONGEST_TRIAL):
            return _found(trial, await tracker.adds.locate(meant.item))
    except TimeoutError:
        return replace(trial, verdict="unknown", reason=f"{name} took too long to answer; try again")
    except TrackerError as error:
        return _missed(trial, error)


def _not_taken(item: Item, tracker: Tracker) -> str:
    return "" if item.media in tracker.can.media else f"this tracker does not take {item.media}s"


def _found(trial: Trial, address: Address) -> Trial:
    entry = address.entry or address.key
    return replace(
        trial, verdict="found", entry=entry, key=address.key, how=address.how, confidence=str(address.confidence)
    )


def _missed(trial: Trial, error: TrackerError) -> Trial:
    if isinstance(error, Uncertain):
        listed = [_candidate(candidate) for candidate in error.candidates]
        return replace(trial, verdict="unmatched", reason=error.reason, candidates=listed)
    verdict = "parked" if isinstance(error, NotInCatalogue) else "dead" if isinstance(error, Refused) else "unknown"
    return replace(trial, verdict=verdict, reason=error.reason)


def _candidate(candidate: Candidate) -> dict[str, Any]:
    names = ("title", "year", "tmdb", "season", "number", "why")
    return {name: value for name in names if (value := getattr(candidate, name)) is not None}


def _stored_item(db: sqlite3.Connection, what: str) -> Item | None:
    """The item of a change or play; ``None`` where ``what`` is no such id, ``BadCorrection`` where there is none."""
    if (reference := correction_words.stored(what)) is None:
        return None
    letter, id_ = reference
    if (found := tracing.played(db, letter, id_)) is None:
        kind = "change" if letter == "c" else "play"
        raise BadCorrection(f"There is no {kind} {what.strip()}; scrobbled queue list shows what waits.")
    return found.item


def _chosen(known: Iterable[Correction], row: corrections.CorrectableChange) -> Correction | None:
    return corrected(row.item, row.viewer, known).correction


def _reopen(db: sqlite3.Connection, rows: Sequence[corrections.CorrectableChange], now: float, why: str) -> None:
    """With what catalogues said forgotten, as nothing old may hide what the owner has just pointed to."""
    corrections.reopen(db, [row.id for row in rows], now, why)
    if rows:
        cache.forget_answers(db)


def _retry(db: sqlite3.Connection, concerned: Correction, known: Sequence[Correction]) -> None:
    """Look up at once what waits beside the plays, such as ratings, and is what the correction is about."""
    for one in amendments.listing(db, limit=-1, states=(PlayOutcome.PARKED, PlayOutcome.UNMATCHED)):
        subject = one.wish.subject
        if subject is not None and corrected(subject.item, one.wish.viewer, known).correction == concerned:
            amendments.retry(db, [one.id])


def _waiting(row: corrections.CorrectableChange) -> WaitingPlay:
    return WaitingPlay(f"c{row.id}", f"p{row.play_id}", row.viewer, row.tracker, row.label)


def _story(correction: Correction, set_at: float) -> CorrectionStory:
    of, target = correction.of, correction.target
    is_show = isinstance(of, OfShow)
    to_show = target if isinstance(target, ToShow) else None
    return CorrectionStory(
        id=correction.name,
        text=correction_words.sentence(correction),
        viewer=correction.viewer,
        media="episode" if is_show else "movie",
        title=of.title,
        year=of.year,
        ids=of.ids.known(),
        season=of.season if isinstance(of, OfShow) else None,
        episodes=correction_words.episodes(of) if isinstance(of, OfShow) else "",
        to="ignore" if isinstance(target, Ignore) else "show" if to_show else "movie",
        to_tmdb=None if isinstance(target, Ignore) else target.tmdb,
        to_season=to_show.season if to_show else None,
        to_episode=to_show.first if to_show else None,
        set_at=instant(set_at).isoformat(timespec="seconds"),
    )

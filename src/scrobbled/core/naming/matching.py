"""Which entry of a catalogue an episode is: decided on evidence, and left undecided without it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field

from scrobbled.core.errors import Candidate, NotInCatalogue, Uncertain
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode

AIR_DATE_SLACK = timedelta(days=2)
"""Catalogues differ by the zone they count days in, and by a day between first showing and streaming."""
_QUALIFIER = re.compile(r"\s*\((?:(?P<year>\d{4})|[A-Z]{2})\)\s*\Z")
"""As in "Harbour Lights (2021)" and "Harbour Lights (US)"."""
BY_NAME = "title and year"
"""The method of a match that goes by nothing else; see ``agrees``."""
IN_DOUBT = "its show is known by title and year alone, and there the episode has another title or day"
_GENERIC = re.compile(r"(?:tba|tbd|[^\W\d]+\s*(?:nr|no)?\s*\d+|\d+)\Z")


class Confidence(StrEnum):
    """How sure a match is. Only what is ``UNSURE`` is never sent."""

    CERTAIN = "certain"
    """By an id, or by a title that nothing else in the show carries."""
    LIKELY = "likely"
    """By numbers or dates that nothing contradicts, or by a title search that was checked."""
    UNSURE = "unsure"
    """Nothing fits beyond doubt; a person has to choose."""


def weaker(one: Confidence, other: Confidence) -> Confidence:
    """A chain of evidence is as strong as its weakest link."""
    order = tuple(Confidence)
    return order[max(order.index(one), order.index(other))]


class Claim(Struct, frozen=True):
    """Somebody's statement of where an episode stands in its show, in the numbering of TMDB or close to it."""

    season: int
    number: int
    method: str


class ShowMatch(Struct, frozen=True):
    """Which show an episode belongs to. ``claims`` are ordered, most trustworthy first."""

    ids: ShowIds
    method: str
    claims: tuple[Claim, ...] = ()
    confidence: Confidence = Confidence.CERTAIN


class Finding(Struct, frozen=True):
    """What one catalogue says about the show of an episode.

    ``certain`` means by id, or by title with season, episode and date checked; otherwise it is a suggestion for people.
    """

    match: ShowMatch
    title: str = ""
    year: int | None = None
    certain: bool = True

    def candidate(self) -> Candidate:
        claim = self.match.claims[0] if self.match.claims else None
        return Candidate(
            title=self.title,
            year=self.year,
            tmdb=self.match.ids.tmdb,
            season=claim.season if claim else None,
            number=claim.number if claim else None,
            why=self.match.method,
        )


class Finder(Protocol):
    """A catalogue that may know which show an episode belongs to."""

    async def find_show(self, episode: Episode, *, deeper: bool) -> Sequence[Finding]:
        """Nothing found is an empty list; could not be asked raises ``TryLater`` or another ``TrackerError``.

        ``deeper`` asks by the episode's own ids as well, where the plain answer would come from the show alone.
        """
        ...


class Listed(Struct, frozen=True):
    """One episode as a catalogue lists it. ``tmdb`` is a TMDB *episode* id."""

    season: int
    number: int
    title: str | None = None
    air_date: date | None = None
    tmdb: int | None = None


class Placed(Struct, frozen=True):
    """The entry that is the episode, and the evidence."""

    entry: Listed
    how: str
    confidence: Confidence = Confidence.CERTAIN


def plain(title: str | None) -> str:
    """A title for comparing: no case, accents, punctuation or runs of blanks."""
    decomposed = unicodedata.normalize("NFKD", title or "")
    letters = (c if c.isalnum() else " " for c in decomposed.casefold() if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def bare(title: str) -> str:
    """Without a trailing year or country, which tell shows of one name apart and are not part of it."""
    return _QUALIFIER.sub("", title) or title


def year_of(episode: Episode) -> int | None:
    """When its show began: said by the source, or part of the title."""
    in_title = _QUALIFIER.search(episode.show_title)
    said = in_title and in_title["year"]
    return episode.show_year if episode.show_year is not None or not said else int(said)


def is_generic(title: str | None) -> bool:
    """Whether a title says no more than a number would: "Episode 5", "Folge 12", "TBA", nothing."""
    text = plain(title)
    return not text or _GENERIC.match(text) is not None


def same_title(episode: Episode, entry: Listed) -> bool | None:
    """``None`` where a title is missing or generic, so that nothing follows from it."""
    if is_generic(entry.title):
        return None
    ours = {plain(t) for t in (episode.title, episode.original_title) if not is_generic(t)}
    return plain(entry.title) in ours if ours else None


def same_day(episode: Episode, entry: Listed) -> bool | None:
    """``None`` where a date is missing."""
    if episode.air_date is None or entry.air_date is None:
        return None
    return abs(episode.air_date - entry.air_date) <= AIR_DATE_SLACK


def agrees(match: ShowMatch, episode: Episode, entry: Listed) -> bool:
    """Whether ``entry`` may be believed: a show that is known by name alone is in doubt as soon as anything differs."""
    return match.method != BY_NAME or False not in (same_title(episode, entry), same_day(episode, entry))


class _Evidence(Struct, frozen=True):
    """One way of being sure, tried in order over the whole listing."""

    entries: tuple[Listed, ...] = field(default_factory=tuple)
    how: str = ""
    confidence: Confidence = Confidence.CERTAIN


def place(episode: Episode, claims: Sequence[Claim], listing: Iterable[Listed]) -> Placed:
    """The one entry of ``listing`` that is ``episode``.

    Raises ``NotInCatalogue`` when no claimed entry is listed and nothing else fits, ``Uncertain`` when the evidence
    contradicts itself or a special would go by its number alone. Numbers that a person has settled are all that counts.
    """
    entries = tuple(listing)
    if episode.settled == "place":
        return _settled(episode, entries)
    claimed = _claimed(episode, claims, entries)
    for evidence in _kinds_of_evidence(episode, claimed, entries):
        if len(evidence.entries) == 1:
            return Placed(evidence.entries[0], evidence.how, evidence.confidence)
    if not claimed and not _possible(episode, entries):
        raise NotInCatalogue(f"no entry for {episode.label()} yet")
    why = "nothing there has this title, or this number and air date, for certain"
    raise Uncertain(why, [candidate(episode, e) for e in _possible(episode, entries, claimed)])


def _settled(episode: Episode, entries: tuple[Listed, ...]) -> Placed:
    for entry in entries:
        if (entry.season, entry.number) == (episode.season, episode.number):
            return Placed(entry, "its numbers")
    raise NotInCatalogue(f"no entry for {episode.label()} yet")


def _kinds_of_evidence(
    episode: Episode, claimed: tuple[Listed, ...], entries: tuple[Listed, ...]
) -> Iterable[_Evidence]:
    by_id = tuple(e for e in entries if e.tmdb is not None and e.tmdb == episode.ids.tmdb)
    yield _Evidence(by_id, "TMDB episode id")
    yield _Evidence(_first(e for e in claimed if same_title(episode, e)), "number and title")
    titled = tuple(e for e in entries if same_title(episode, e))
    yield _Evidence(tuple(e for e in titled if same_day(episode, e) is not False), "title")
    if titled:
        return  # somebody else carries this title on another day: numbers and dates prove nothing now
    near, likely = tuple(e for e in claimed if same_day(episode, e)), Confidence.LIKELY
    yield _Evidence(_first(e for e in near if not _rivalled(episode, e, entries)), "number and air date", likely)
    if near:
        return  # the numbers name one entry and the day fits another better, as in a daily show counted otherwise
    aired = (e for e in entries if e.air_date and e.air_date == episode.air_date)
    numbered = episode.number is not None
    # where number and title both speak against it, the day alone is no evidence
    fitting = (e for e in aired if not (numbered and same_title(episode, e) is False))
    yield _Evidence(tuple(fitting), "air date", likely)
    if not episode.absolute:
        untested = (e for e in claimed if same_day(episode, e) is None and e.season > 0)
        yield _Evidence(_first(untested), "number", likely)


def _claimed(episode: Episode, claims: Sequence[Claim], entries: tuple[Listed, ...]) -> tuple[Listed, ...]:
    if episode.absolute and episode.number is not None:
        regular = sorted((e for e in entries if e.season > 0), key=lambda e: (e.season, e.number))
        return tuple(regular[episode.number - 1 : episode.number]) if episode.number >= 1 else ()
    by_number = {(e.season, e.number): e for e in entries}
    found = (by_number.get((claim.season, claim.number)) for claim in claims)
    return tuple(dict.fromkeys(entry for entry in found if entry is not None))


def _rivalled(episode: Episode, claimed: Listed, entries: tuple[Listed, ...]) -> bool:
    """Whether another entry aired nearer to the day in question."""

    def distance(entry: Listed) -> timedelta:
        if episode.air_date is None or entry.air_date is None:
            return timedelta.max
        return abs(episode.air_date - entry.air_date)

    return any(distance(entry) < distance(claimed) for entry in entries)


def _first(entries: Iterable[Listed]) -> tuple[Listed, ...]:
    return tuple(entries)[:1]


def _possible(episode: Episode, entries: tuple[Listed, ...], claimed: tuple[Listed, ...] = ()) -> tuple[Listed, ...]:
    near = (e for e in entries if same_title(episode, e) or same_day(episode, e))
    return tuple(dict.fromkeys((*claimed, *near)))[:10]


def candidate(episode: Episode, entry: Listed) -> Candidate:
    """What an episode may be, for a person to choose; the show is named where the source named it."""
    return Candidate(
        title=": ".join(filter(None, (episode.show_title, entry.title or "untitled"))),
        season=entry.season,
        number=entry.number,
        why=f"aired {entry.air_date}" if entry.air_date else "no air date",
    )


def counted_alike(ours: Mapping[int, Set[int]], theirs: Mapping[int, int]) -> frozenset[int]:
    """Seasons of a show in which the numbers of our episodes, by season, are all the numbers that a catalogue counts.

    ``theirs`` says how many episodes each season has there. Specials never are, and none is where any other season of
    ours is missing there or goes beyond its end: then the two count the show differently.
    """
    regular = {season: (numbers, theirs.get(season, 0)) for season, numbers in ours.items() if season > 0}
    if any(max(numbers, default=0) > count for numbers, count in regular.values()):
        return frozenset()
    return frozenset(season for season, (numbers, count) in regular.items() if is_gapless(numbers, count))


def is_gapless(numbers: Set[int], count: int) -> bool:
    """Whether ``numbers`` are 1, 2, … ``count``, of which there is one at least."""
    return 0 < count == len(numbers) and (min(numbers), max(numbers)) == (1, count)

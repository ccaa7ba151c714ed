"""Where Trakt keeps an item: by its own ids without asking, else by evidence, else not at all."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from scrobbled.core.errors import Candidate, NotInCatalogue, Uncertain
from scrobbled.core.naming.ids import EpisodeIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.matching import (
    IN_DOUBT,
    Claim,
    Confidence,
    Listed,
    Placed,
    agrees,
    candidate,
    place,
    plain,
    same_title,
    weaker,
)
from scrobbled.core.records import Subject
from scrobbled.trackers.base import Address
from scrobbled.trackers.given import Shows
from scrobbled.trackers.trakt.answers import Hit, ListedEpisode
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import (
    MOVIE_SPACES,
    SPACES,
    RawIds,
    TraktPlace,
    contradict,
    key_of,
    raw_ids,
    share,
)
from scrobbled.trackers.trakt.entries import season_key

OTHER_SIZE = "the season has another number of episodes on Trakt, so that its numbers prove nothing"


class TraktLocator:
    """Answers ``Tracker.locate``."""

    def __init__(self, lookups: Lookups, shows: Shows) -> None:
        self._lookups = lookups
        self._shows = shows

    async def locate(self, item: Item) -> Address:
        if isinstance(item, Movie):
            return await self._movie(item)
        return await self._episode(item)

    async def subject(self, subject: Subject) -> Address:
        """Answers ``Amends.locate_subject``."""
        if isinstance(subject.item, Episode) and subject.scope in ("show", "season"):
            show = await self._show(subject.item)
            if subject.scope == "show":
                return Address(key_of("show", show), {"type": "show", "ids": show}, "show ids", entry=subject.label())
            return await self._season(subject, show)
        address = await self.locate(subject.item)
        place = TraktPlace.of(address)
        if "tmdb" in place.ids:
            return address
        # our own reads go by the best of all ids that Trakt knows, and whoever located this may not know it
        known = await self._all_ids(subject.item, place)
        return replace(place, ids=known).address(address.how, address.confidence) if known else address

    async def _all_ids(self, item: Item, place: TraktPlace) -> RawIds | None:
        """All ids that Trakt knows of what has these; of an episode from the list of its show, which is one for all."""
        if isinstance(item, Episode) and (trakt := await self._trakt_id(item)) is not None:
            entries = await self._lookups.episodes(trakt)
            same = (one for one in entries if share(place.ids, one.ids) and not contradict(place.ids, one.ids))
            entry = next(same, None) or at_its_number(item, entries)
            return entry.ids if entry else None
        hit, _ = await self._lookups.same(place.media, place.ids)
        spaces = MOVIE_SPACES if place.media == "movie" else SPACES
        return {space: hit.ids[space] for space in spaces if space in hit.ids} if hit else None

    async def _trakt_id(self, episode: Episode) -> int | str | None:
        """Of its show, as far as that is known."""
        try:
            show = raw_ids(episode.show_ids) or raw_ids((await self._shows.show_of(episode)).ids)
        except (NotInCatalogue, Uncertain):
            return None
        return await self._lookups.trakt_id("show", show)

    async def _show(self, episode: Episode) -> RawIds:
        """All ids of its show that Trakt knows."""
        own = raw_ids(episode.show_ids)
        if own.keys() >= {"trakt", "tmdb"}:
            return own
        match = await self._shows.show_of(episode)
        hit, _ = await self._lookups.same("show", {**raw_ids(match.ids), **own})
        if hit is None or "trakt" not in hit.ids:
            raise NotInCatalogue(f"Trakt does not know the show {episode.show_title} yet")
        return hit.ids

    async def _season(self, subject: Subject, show: RawIds) -> Address:
        number = subject.item.season if isinstance(subject.item, Episode) else None
        seasons = await self._lookups.seasons(show["trakt"])
        if number is None or number not in seasons:
            raise NotInCatalogue(f"Trakt does not know {subject.label()} yet")
        data = {"type": "season", "ids": dict(seasons[number]), "show": dict(show), "season": number}
        return Address(season_key(show, number), data, "show ids and season number", entry=subject.label())

    async def _movie(self, movie: Movie) -> Address:
        if ids := raw_ids(movie.ids):
            return TraktPlace("movie", ids).address("the film's own ids")
        hits = await self._lookups.movies_named(movie.title)
        exact = [hit for hit in hits if plain(hit.title) == plain(movie.title) and hit.year == movie.year]
        if len(exact) == 1 and movie.year is not None:
            return TraktPlace("movie", exact[0].ids).address("title and year", Confidence.LIKELY)
        why = "several films fit" if exact else "no film with this title and year"
        raise Uncertain(f"{movie.label()} has no ids, and on Trakt {why}", _candidates(exact or hits))

    async def _episode(self, episode: Episode) -> Address:
        if not episode.settled and (ids := raw_ids(episode.ids)):
            own = TraktPlace("episode", ids, raw_ids(episode.show_ids), episode.season, episode.number)
            return own.address("the episode's own ids")
        match = await self._shows.show_of(episode)
        show = raw_ids(match.ids)
        trakt = await self._lookups.trakt_id("show", show)
        if trakt is None:
            raise NotInCatalogue(f"Trakt does not know the show {episode.show_title} yet")
        entries = await self._lookups.episodes(trakt)
        entry, placed = _placed(episode, match.claims, entries)
        if not agrees(match, episode, placed.entry):
            raise Uncertain(IN_DOUBT, [candidate(episode, placed.entry)])
        if placed.how == "number" and episode.season_size not in (None, _season_size(entry, entries)):
            raise Uncertain(OTHER_SIZE, [candidate(episode, placed.entry)])
        where = TraktPlace("episode", entry.ids, {**show, "trakt": trakt}, entry.season, entry.number)
        confidence = weaker(match.confidence, placed.confidence)
        return where.address(f"{match.method}, then {placed.how}", confidence, entry.title)


def _placed(
    episode: Episode, claims: Sequence[Claim], entries: Sequence[ListedEpisode]
) -> tuple[ListedEpisode, Placed]:
    """The entry that is ``episode``; raises ``NotInCatalogue`` or ``Uncertain``."""
    listed = {
        Listed(entry.season, entry.number, entry.title, entry.first_aired, _number(entry.ids.get("tmdb"))): entry
        for entry in entries
    }
    placed = place(episode, claims, listed)
    if not _supported(episode, claims, placed.entry):
        raise Uncertain("on Trakt only the air date fits", [candidate(episode, placed.entry)])
    return listed[placed.entry], placed


def at_its_number(episode: Episode, entries: Sequence[ListedEpisode]) -> ListedEpisode | None:
    """The entry with the numbers of ``episode``, where title or air date say the same, or the season is known to be as
    large; its ids say nothing.
    """
    if episode.season is None or episode.number is None:
        return None
    nameless, claim = replace(episode, ids=EpisodeIds()), Claim(episode.season, episode.number, "its number")
    try:
        entry, placed = _placed(nameless, (claim,), entries)
    except (NotInCatalogue, Uncertain):
        return None
    is_there = (entry.season, entry.number) == (claim.season, claim.number)
    told = placed.how != "number" or episode.season_size == _season_size(entry, entries)
    return entry if is_there and told else None


def _season_size(entry: ListedEpisode, entries: Sequence[ListedEpisode]) -> int:
    return sum(one.season == entry.season for one in entries)


def _supported(episode: Episode, claims: Sequence[Claim], entry: Listed) -> bool:
    """Trakt's dates are UTC days, often the day after the broadcaster's: they confirm, but find nothing alone."""
    claimed = any((claim.season, claim.number) == (entry.season, entry.number) for claim in claims)
    return claimed or episode.absolute or bool(same_title(episode, entry))


def _number(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None


def _candidates(hits: Sequence[Hit]) -> list[Candidate]:
    return [Candidate(hit.title, hit.year, _number(hit.ids.get("tmdb")), why="Trakt search") for hit in hits[:10]]

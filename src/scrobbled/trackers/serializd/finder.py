"""Finding a show by its title in Serializd's catalogue: for episodes that come with no id anybody knows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from scrobbled.core.errors import NotInCatalogue, Uncertain
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import (
    Claim,
    Confidence,
    Finding,
    Listed,
    Placed,
    ShowMatch,
    bare,
    place,
    plain,
    same_day,
    year_of,
)
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.plumbing.http import Http
from scrobbled.trackers.given import FinderContext
from scrobbled.trackers.serializd.catalogue import SerializdCatalogue
from scrobbled.trackers.serializd.client import DEFAULT_URL, SerializdClient
from scrobbled.trackers.serializd.codec import ShowHit

METHOD = "Serializd title search"
MOST_CANDIDATES = 5


class _Checked(Struct, frozen=True):
    """A search result, and where in it the episode was found on evidence, if it was."""

    hit: ShowHit
    placed: Placed | None
    same_show: bool

    @property
    def verified(self) -> bool:
        return self.same_show and self.placed is not None

    def finding(self, *, certain: bool) -> Finding:
        claims: tuple[Claim, ...] = ()
        if self.placed is not None:
            claims = (Claim(self.placed.entry.season, self.placed.entry.number, METHOD),)
        match = ShowMatch(ShowIds(tmdb=self.hit.id), METHOD, claims, Confidence.LIKELY)
        return Finding(match, self.hit.name, self.hit.year, certain)


class SerializdFinder:
    """A ``Finder``. ``http`` is rooted at the API (``DEFAULT_URL``); no sign-in is needed."""

    def __init__(self, http: Http, cache: Cache, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self._catalogue = SerializdCatalogue(SerializdClient(http, clock), cache, clock)

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """Certain when just one show of that name has the episode in its place, by title or by day.

        An episode in the right place proves little by itself (every show has a first one, and many are called
        "Pilot"), and a name alone proves nothing; anything less than both is a suggestion. ``deeper`` changes nothing:
        nothing can be looked up by an episode's own ids here.
        """
        if not plain(episode.show_title):
            return []
        checked = [await self._checked(hit, episode) for hit in await self._hits(episode)]
        verified = [candidate for candidate in checked if candidate.verified]
        if len(verified) == 1:
            return [verified[0].finding(certain=True)]
        return [c.finding(certain=False) for c in sorted(checked, key=lambda c: (not c.same_show, c.placed is None))]

    async def _hits(self, episode: Episode) -> Sequence[ShowHit]:
        """With the year, where it is known, and without it when that finds nothing."""
        name, year = bare(episode.show_title), year_of(episode)
        if year is not None:
            hits = await self._catalogue.search(f"{name} ({year})")
            if hits:
                return hits[:MOST_CANDIDATES]
        return (await self._catalogue.search(name))[:MOST_CANDIDATES]

    async def _checked(self, hit: ShowHit, episode: Episode) -> _Checked:
        if not _same_show(hit, episode):
            return _Checked(hit, None, same_show=False)
        return _Checked(hit, await self._placed(hit, episode), same_show=True)

    async def _placed(self, hit: ShowHit, episode: Episode) -> Placed | None:
        claims: tuple[Claim, ...] = ()
        seasons: tuple[int, ...] | None = None
        if episode.season is not None and episode.number is not None and not episode.absolute:
            claims, seasons = (Claim(episode.season, episode.number, METHOD),), (episode.season,)
        try:
            show = await self._catalogue.show(hit.id)
            pages = await self._catalogue.seasons(show, seasons)
            placed = place(episode, claims, [entry for page in pages for entry in page.episodes])
        except (NotInCatalogue, Uncertain):
            return None
        return placed if placed.how != "number" and _not_contradicted(episode, placed.entry) else None


def _not_contradicted(episode: Episode, entry: Listed) -> bool:
    return same_day(episode, entry) is not False


def _same_show(hit: ShowHit, episode: Episode) -> bool:
    """By name, and by year where both sides know it; sources and catalogues differ by one around New Year."""
    if plain(bare(hit.name)) != plain(bare(episode.show_title)):
        return False
    year = year_of(episode)
    return hit.year is None or year is None or abs(hit.year - year) <= 1


def build_finder(context: FinderContext) -> SerializdFinder:
    """At the address of a viewer's account."""
    url = str(context.settings.get("url") or DEFAULT_URL)
    return SerializdFinder(context.http.at(url), context.cache, context.clock)

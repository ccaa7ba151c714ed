"""Which show an episode belongs to: asks whoever is configured, in order, and remembers the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from msgspec import convert, to_builtins
from msgspec.structs import replace

from scrobbled.core.errors import Candidate, TrackerError, TryLater, Uncertain
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import BY_NAME, Claim, Confidence, Finder, Finding, ShowMatch, bare, plain, year_of
from scrobbled.core.naming.titles import Searcher, Title, is_called, the_only
from scrobbled.plumbing.cache import Cache

REMEMBER = 30 * 86_400.0
REMEMBER_NAMES = 3_600.0
"""A season grows by an episode a week, and another show of that name may come."""
log = structlog.get_logger("resolve")


class Resolver:
    """``trackers.given.Shows`` over a chain of finders, cheapest and surest first.

    Each answer that may be acted on is kept in the cache with its method and confidence, under the show's key on the
    media server.
    """

    def __init__(
        self, finders: Sequence[Finder], cache: Cache, searchers: Mapping[str, Searcher] | None = None
    ) -> None:
        """``searchers``, by name, are all catalogues that this viewer has: they decide about a title without an id."""
        self._finders, self._cache, self._searchers = tuple(finders), cache, dict(searchers or {})

    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        """See ``trackers.given.Shows.show_of``."""
        if episode.settled:
            return await self._settled(episode, deeper=deeper)
        if deeper:
            return await self._ask(episode, deeper=True)
        own = _claims(episode)
        if episode.show_ids.tmdb is not None:
            return ShowMatch(episode.show_ids, "the show's TMDB id", own)
        key = _cache_key(episode)
        if key and (known := await self._cache.get(key)):
            return ShowMatch(ShowIds(**known["ids"]), known["method"], own, Confidence(known["confidence"]))
        found = await self._ask(episode, deeper=False)
        if key and found.method != BY_NAME:  # the next episode may be one that nobody has
            value = {"ids": found.ids.known(), "method": found.method, "confidence": found.confidence}
            await self._cache.put(key, value, seconds=REMEMBER)
        return found

    async def _settled(self, episode: Episode, *, deeper: bool) -> ShowMatch:
        """A person's word: others may say where in that show the episode is, but never that it is in another one."""
        own = ShowMatch(episode.show_ids, "your word", _claims(episode))
        if not deeper or episode.settled == "place":
            return own
        try:
            found = await self._ask(replace(episode, origin=None), deeper=True)
        except Uncertain:
            return own
        return found if found.ids.tmdb == own.ids.tmdb else own

    async def _ask(self, episode: Episode, *, deeper: bool) -> ShowMatch:
        silent: list[TrackerError] = []
        guesses: list[Candidate] = []
        matches: list[ShowMatch] = []
        for finder in self._finders:
            try:
                findings = await finder.find_show(episode, deeper=deeper)
            except TrackerError as error:
                log.debug("a catalogue could not be asked", action="resolve", why=error.reason)
                silent.append(error)
                continue
            if episode.settled:
                findings = [found for found in findings if found.match.ids.tmdb == episode.show_ids.tmdb]
            episode = _enriched(episode, findings)
            match, candidates = _judge(findings, episode)
            guesses += candidates
            if match is not None:
                matches.append(match)
                if not deeper:
                    break
        if not matches and not silent and not deeper and (named := await self._named(episode, guesses, silent)):
            return named
        return _decide(episode, matches, guesses, silent)

    async def _named(
        self, episode: Episode, guesses: Sequence[Candidate], silent: list[TrackerError]
    ) -> ShowMatch | None:
        """By title, year and number alone; ``silent`` gets who could not be asked just now, which leaves a doubt."""
        year, season, number = year_of(episode), episode.season, episode.number
        nameless = episode.ids or episode.show_ids or episode.absolute
        if nameless or year is None or season is None or number is None or not self._searchers:
            return None  # what has ids that nobody knows is something else, or new
        answers: list[Sequence[Title]] = []
        for name, searcher in self._searchers.items():
            try:
                answers.append(await self._searched(name, searcher, episode.show_title, year))
            except TryLater as error:
                silent.append(error)
                return None
            except TrackerError as error:
                log.debug("a catalogue could not be asked", action="resolve", why=error.reason)
                return None
        answers += [[Title("show", guess.title, guess.year, guess.tmdb)] for guess in guesses if _means(guess, episode)]
        tmdb = the_only(episode.show_title, year, season, number, answers)
        if tmdb is None:
            return None
        return ShowMatch(ShowIds(tmdb=tmdb), BY_NAME, _claims(episode), Confidence.LIKELY)

    async def _searched(self, name: str, searcher: Searcher, title: str, year: int) -> Sequence[Title]:
        """What a catalogue has of that title and year, kept for an hour."""
        key = f"named:{name}:{plain(title)}:{year}"
        kept = await self._cache.get(key)
        if kept is None:
            found = await searcher.search(bare(title), year, "show")
            kept = [to_builtins(await _measured(searcher, one)) for one in found if is_called(one, title, year)]
            await self._cache.put(key, kept, seconds=REMEMBER_NAMES)
        return [convert(one, Title) for one in kept]


async def _measured(searcher: Searcher, title: Title) -> Title:
    """With its seasons, where the catalogue can tell them."""
    if title.seasons is not None or title.tmdb is None:
        return title
    sizes = await searcher.sizes(title.tmdb)
    return title if sizes is None else replace(title, seasons=tuple(sizes))


def _means(guess: Candidate, episode: Episode) -> bool:
    """Whether a suggestion is of a show that is called so, and may be another one than the catalogues found."""
    year = year_of(episode)
    return year is not None and is_called(Title("show", guess.title, guess.year), episode.show_title, year)


def _decide(
    episode: Episode, matches: list[ShowMatch], guesses: list[Candidate], silent: list[TrackerError]
) -> ShowMatch:
    if matches:
        first = matches[0]
        agreeing = [match for match in matches if match.ids.tmdb == first.ids.tmdb]
        claims = [claim for match in agreeing for claim in match.claims]
        return replace(first, claims=tuple(dict.fromkeys((*claims, *_claims(episode)))))
    down = [error for error in silent if isinstance(error, TryLater)]
    if down or (silent and not guesses):  # one who is down may know; one who needs a person will not answer by waiting
        after = max((error.after or 0.0 for error in down), default=0.0)
        why = (down or silent)[0].reason
        raise TryLater(f"{episode.label()} cannot be looked up now: {why}", after=after or None)
    raise Uncertain(f"it is not certain which show {episode.show_title or 'this'} is", guesses)


def _judge(findings: Sequence[Finding], episode: Episode) -> tuple[ShowMatch | None, list[Candidate]]:
    """The one certain match with a TMDB show id, or suggestions; several certain ones are suggestions too."""
    certain = [f for f in findings if f.certain and f.match.ids.tmdb is not None]
    if len({f.match.ids.tmdb for f in certain}) == 1:
        match = certain[0].match
        return replace(match, ids=match.ids.merged(episode.show_ids)), []
    return None, [f.candidate() for f in findings if f.match.ids.tmdb is not None]


def _enriched(episode: Episode, findings: Sequence[Finding]) -> Episode:
    """What one catalogue knows of the show's ids helps to ask the next one."""
    for finding in findings:
        if finding.certain:
            episode = replace(episode, show_ids=episode.show_ids.merged(finding.match.ids))
    return episode


def _claims(episode: Episode) -> tuple[Claim, ...]:
    if episode.season is None or episode.number is None:
        return ()
    return (Claim(episode.season, episode.number, "the media server's numbers"),)


def _cache_key(episode: Episode) -> str | None:
    """With the guid in it: a match that was mended on the media server is another question."""
    origin = episode.origin
    return f"show:{origin.server}:{origin.show_key}:{episode.show_ids.plex}" if origin and origin.show_key else None

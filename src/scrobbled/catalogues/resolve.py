"""Which show an episode belongs to: asks whoever is configured, in order, and remembers the answer."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from scrobbled.core.errors import Candidate, TrackerError, TryLater, Uncertain
from scrobbled.core.ids import ShowIds
from scrobbled.core.items import Episode
from scrobbled.core.matching import Claim, Confidence, Finder, Finding, ShowMatch
from scrobbled.trackers.given import Cache

REMEMBER = 30 * 86_400.0
log = structlog.get_logger("resolve")


class Resolver:
    """``trackers.given.Shows`` over a chain of finders, cheapest and surest first.

    Each answer that may be acted on is kept in the cache with its method and confidence, under the show's key on the
    media server.
    """

    def __init__(self, finders: Sequence[Finder], cache: Cache) -> None:
        self._finders, self._cache = tuple(finders), cache

    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        """See ``trackers.given.Shows.show_of``."""
        if episode.settled:
            return await self._settled(episode, deeper=deeper)
        if deeper:
            return await self._ask(episode, deeper=True)
        own = _claims(episode)
        if episode.show_ids.tmdb is not None:
            return ShowMatch(episode.show_ids, "the media server's show id", own)
        key = _cache_key(episode)
        if key and (known := await self._cache.get(key)):
            return ShowMatch(ShowIds(**known["ids"]), known["method"], own, Confidence(known["confidence"]))
        found = await self._ask(episode, deeper=False)
        if key:
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
        return _decide(episode, matches, guesses, silent)


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

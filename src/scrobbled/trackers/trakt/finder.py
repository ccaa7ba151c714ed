"""Trakt as a catalogue that knows which show an episode belongs to; needs an app, but no sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim, Finding, ShowMatch
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http
from scrobbled.trackers.given import FinderContext
from scrobbled.trackers.trakt.answers import Hit
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.client import Api
from scrobbled.trackers.trakt.codec import raw_ids, show_ids
from scrobbled.trackers.trakt.settings import API_URL, TraktSettings


class TraktFinder:
    """A ``Finder``. Finds by ids only, never by title; hits are kept for 30 days, misses for an hour."""

    def __init__(self, http: Http, client_id: str, cache: Cache, clock: Clock, *, url: str = API_URL) -> None:
        self._lookups = Lookups(Api(http.at(url), client_id, clock), cache)

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """By the show's ids, or by the episode's own where there are none or ``deeper`` asks for Trakt's numbering."""
        known = bool(raw_ids(episode.show_ids))
        ways = [self._by_show, self._by_episode] if known and not deeper else [self._by_episode, self._by_show]
        findings: list[Finding] = []
        for way in ways:
            findings += await way(episode)
            if any(finding.certain for finding in findings):
                break
        return findings

    async def _by_show(self, episode: Episode) -> list[Finding]:
        hit, doubtful = await self._lookups.same("show", raw_ids(episode.show_ids))
        return [_show(chosen, certain=hit is not None) for chosen in (hit or doubtful,) if chosen]

    async def _by_episode(self, episode: Episode) -> list[Finding]:
        hit, doubtful = await self._lookups.same("episode", raw_ids(episode.ids))
        return [_episode(chosen, certain=hit is not None) for chosen in (hit or doubtful,) if chosen and chosen.show]


def _show(hit: Hit, *, certain: bool) -> Finding:
    match = ShowMatch(show_ids(hit.ids), "Trakt show id")
    return Finding(match, title=hit.title, year=hit.year, certain=certain)


def _episode(hit: Hit, *, certain: bool) -> Finding:
    claims: tuple[Claim, ...] = ()
    if hit.season is not None and hit.number is not None:
        claims = (Claim(hit.season, hit.number, "Trakt id search"),)
    match = ShowMatch(show_ids(hit.show), "Trakt id search", claims)
    return Finding(match, title=hit.title, year=hit.year, certain=certain)


def build_finder(context: FinderContext) -> TraktFinder:
    """With the app of a viewer's account."""
    settings = TraktSettings.of(context.settings)
    return TraktFinder(context.http, settings.client_id, context.cache, context.clock, url=settings.url)

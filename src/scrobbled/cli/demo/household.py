"""What the demo's household has besides its evening, so that every page has something to show and something to do.

A past at Trakt that ben brings to Serializd, the same for anna to be looked at before it is done, one rating that the
two sides do not agree on, a file with a careless title, and something on screen. None of it belongs to the reckoning.
What anna's past at Trakt has seen is then ticked off in her library.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx

from scrobbled import config as configuration
from scrobbled.cli.demo.library import compared
from scrobbled.cli.demo.reckoning import FILMS, SHOWS
from scrobbled.runtime.service import Runtime
from scrobbled.sandbox.plex.people import ANNA, BEN
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.accounts import ListEntry, TraktPlay
from scrobbled.sandbox.trakt.catalogue import TraktTitle

PAST = {"ben": (60, 300), "anna": (110, 340)}
"""By person: how many plays, over how many days."""
PAIRS, BY_HAND = "    pairs: [", "watchlist: both}]"
DIARY = "{between: [trakt, serializd], plays: both, ratings: both, conflict: ask, every: 12h}, "
SAFETY = "safety: {max_writes_per_hour: 60}\n"
SEED = 5
TYPO = {
    "grandparentTitle": "Harbor Lihgts",
    "grandparentGuid": "local://7",
    "guid": "local://9",
    "Guid": [],
    "grandparentKey": "/library/metadata/907",
    "grandparentRatingKey": "907",
    "parentRatingKey": "908",
}
"""A show that somebody named by hand, without any id."""


class DemoHousehold:
    """Moves in once the evening is over. ``url`` is where the service listens."""

    def __init__(self, runtime: Runtime, sandbox: Sandbox, url: str) -> None:
        self._runtime, self._sandbox, self._url = runtime, sandbox, url

    async def move_in(self) -> None:
        """Returns when anna's library knows her past; the clock then runs the pairs with Serializd."""
        for person, (plays, days) in PAST.items():
            self._live(person, plays, days)
        self._disagree("ben")
        await compared(self._runtime)
        await self._pair()
        async with httpx.AsyncClient(trust_env=False, base_url=self._url, timeout=30) as http:
            await self._leave_out(http)
            await self._name_carelessly(http)
            await self._watch_on()

    def _live(self, person: str, plays: int, days: int) -> None:
        """Evenings of the past at Trakt, as watched elsewhere: two or three episodes in a row, now and then a film."""
        account = self._sandbox["trakt"].account_of(person)
        shown = list(self._evenings(random.Random(f"{SEED} {person}"), plays, days))
        now = datetime.now(UTC)
        account.history.fill([TraktPlay(next(account.numbers), title, at, "watch") for title, at in shown], now)
        account.touch_all([title for title, _ in shown], "watched_at", now)

    def _evenings(self, dice: random.Random, plays: int, days: int) -> Iterator[tuple[TraktTitle, datetime]]:
        titles, world = self._sandbox["trakt"].catalogue.titles, self._sandbox.world
        shown = {one.trakt for one in world.shows[:SHOWS]}
        episodes = [one for one in titles["episode"] if one.season and one.show and one.show.trakt in shown]
        dice.shuffle(shows := list(dict.fromkeys(one.show.trakt for one in episodes if one.show)))
        order = [one for show in shows for one in episodes if one.show and one.show.trakt == show]
        tonight, left, place = datetime.now(UTC).replace(hour=19, minute=5, second=0, microsecond=0), plays, 0
        for back in sorted(dice.sample(range(2, days), min(plays // 2, days - 2)), reverse=True):
            at = tonight - timedelta(days=back, minutes=dice.randrange(-60, 90))
            for _ in range(min(left, dice.choice((1, 2, 2, 3)))):
                title = dice.choice(titles["movie"][:FILMS]) if dice.random() < 0.1 else order[place % len(order)]
                place, left = place + (title.kind == "episode"), left - 1
                yield title, at
                at += timedelta(minutes=title.runtime + 4)

    def _disagree(self, person: str) -> None:
        """A rating of each side's own, of the same show."""
        show = self._sandbox.world.shows[0]
        account, now = self._sandbox["trakt"].account_of(person), datetime.now(UTC)
        title = next(one for one in self._sandbox["trakt"].catalogue.titles["show"] if one.trakt == show.trakt)
        account.ratings.put(ListEntry(next(account.numbers), title, now - timedelta(days=9), rating=9), now)
        account.touch_all([title], "rated_at", now)
        self._sandbox["serializd"].rate(person, show.tmdb, 7)

    async def _pair(self) -> None:
        """Written into the file, as a person would, and put in force. What anna lacks is more than goes unasked."""
        config = self._runtime.config
        assert config.path is not None
        text = await asyncio.to_thread(config.path.read_text)
        paired = text.replace(BY_HAND, "watchlist: both, every: 15m}]").replace(PAIRS, PAIRS + DIARY)
        await asyncio.to_thread(config.path.write_text, paired + SAFETY)
        loaded = configuration.load(config.path, {})
        await self._runtime.reload(replace(loaded, server=config.server))

    async def _leave_out(self, http: httpx.AsyncClient) -> None:
        """Home videos and the like are nothing on Trakt, as anna says."""
        waiting = (await http.get("/api/v1/queue")).raise_for_status().json()
        ids = [one["id"] for one in waiting["changes"] if one["viewer"] == "anna" and one["state"] == "unmatched"]
        (await http.post("/api/v1/queue/drop", json={"ids": ids})).raise_for_status()

    async def _name_carelessly(self, http: httpx.AsyncClient) -> None:
        for number in (4, 5):
            item = self._sandbox["plex"].library.find(f"{self._sandbox.world.shows[0].title} S1E{number}")
            at = datetime.now(UTC) - timedelta(minutes=5 - number / 2)
            body = payload("scrobble", item, BEN, at)
            body["Metadata"].update(TYPO, ratingKey=str(900 + number), lastViewedAt=int(at.timestamp()))
            kind, content = multipart(body)
            await http.post("/webhooks/plex/demo-plex-token", content=content, headers={"Content-Type": kind})

    async def _watch_on(self) -> None:
        item = self._sandbox["plex"].library.find(f"{self._sandbox.world.shows[1].title} S2E5")
        at = round(item.duration * 0.6)
        for event in ("play", "pause", "resume"):
            await self._sandbox["plex"].player.report(event, item, ANNA, datetime.now(UTC), offset=at)

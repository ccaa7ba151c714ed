"""An account at Serializd: TV only, one play at a time, each a tick and a dated diary row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scrobbled.core.errors import NotInCatalogue, Refused
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.records import Subject
from scrobbled.core.words.checks import Check
from scrobbled.trackers.base import (
    Addition,
    Address,
    AddResult,
    Adds,
    Amends,
    Edit,
    Foresees,
    Reads,
    Receipt,
    Sending,
    Tracker,
)
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.activity import Profile
from scrobbled.trackers.serializd.adding import SerializdAdder, spot_of
from scrobbled.trackers.serializd.amending import SerializdAmender
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.catalogue import SerializdCatalogue
from scrobbled.trackers.serializd.checks import SerializdChecks
from scrobbled.trackers.serializd.client import DEFAULT_URL, SITE, WRITE_EVERY, SerializdClient
from scrobbled.trackers.serializd.entries import key_of
from scrobbled.trackers.serializd.history import Diary, ViewingKey
from scrobbled.trackers.serializd.locating import LocatedEpisode, SerializdLocator
from scrobbled.trackers.serializd.memory import SerializdMemory
from scrobbled.trackers.serializd.rating import Rater
from scrobbled.trackers.serializd.reading import ReadingParts, SerializdReader
from scrobbled.trackers.serializd.reviews import Reviews
from scrobbled.trackers.serializd.rows import SerializdRows
from scrobbled.trackers.serializd.ticks import SeasonTicks

CAN = Capabilities(
    media=frozenset({"episode"}),
    batch=1,
    precision=1,
    settle=30.0,
    site=SITE,
    reads=frozenset({"plays", "ratings"}),
    amends=frozenset({"plays", "ratings"}),
    flags_rewatches=True,
    ticks=True,
    ahead=200,
)


class SerializdTracker(Tracker):
    """Ticks and diary rows are two stores there, and neither makes the other: a play writes both, the tick first."""

    can = CAN

    def __init__(self, context: Context) -> None:
        settings = context.settings
        url = str(settings.get("url") or DEFAULT_URL)
        pace = settings.get("pace")
        every = WRITE_EVERY if pace is None else float(pace)
        self._client = SerializdClient(context.http.at(url), context.clock, write_every=every)
        self.session = SerializdSession(self._client, context.tokens, settings, context.viewer)
        self._catalogue = SerializdCatalogue(self._client, context.cache, context.clock)
        self._locator = SerializdLocator(self._catalogue, context.shows, context.clock)
        self._ticks = SeasonTicks(self._client, self.session, context.cache, context.viewer, context.clock)
        self._diary = Diary(self._client, self.session)
        reviews, profile = Reviews(self._client, self.session), Profile(self._client, self.session)
        rows, memory = (
            SerializdRows(self._diary, reviews, context.clock),
            SerializdMemory(context.cache, context.viewer),
        )
        self._rows = rows
        self._reader = SerializdReader(
            ReadingParts(profile, self._diary, reviews, rows, self._ticks, memory, self._catalogue, context.clock)
        )
        mark = bool(settings.get("mark_seasons"))
        self._adder = SerializdAdder(self._client, self.session, self._ticks, rows, profile, mark_seasons=mark)
        rater = Rater(self._client, self.session, rows, memory, context.clock)
        self._amender = SerializdAmender(self._client, self.session, self._diary, rows, self._ticks, rater)
        self._checks = SerializdChecks(self._client, context.tokens, settings, context.viewer, context.clock)
        self._url = url

    @property
    def adds(self) -> Adds:
        return self

    @property
    def reads(self) -> Reads:
        """Two requests where nothing moved."""
        return self._reader

    @property
    def amends(self) -> Amends:
        return self

    @property
    def foresees(self) -> Foresees:
        return self

    async def locate(self, item: Item) -> Address:
        """Without a request once the show, the season and its ticks are in the cache."""
        found = await self._locator.spot_of(_episode(item))
        ticked_at = await self._ticks.before_us(found.spot)
        told = {} if ticked_at is None else {"ticked_at": codec.timestamp(ticked_at)}
        return _address(found, **told)

    async def locate_subject(self, subject: Subject) -> Address:
        episode = _episode(subject.item)
        if subject.scope == "episode":
            return _address(await self._locator.spot_of(episode))
        place, how, entry = await self._locator.place_of(episode, whole_show=subject.scope == "show")
        show, season = place
        data = {"show_id": show, "season_id": season, "season_number": None, "episode_number": None}
        if season is not None:
            data["season_number"] = episode.season
        return Address(key_of((show, season, None)), data, how, entry=entry)

    def delay(self) -> float:
        """A tick and its diary row go out back to back, so the next play waits until there is room for both."""
        return self._client.writes.delay(self._adder.requests)

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[AddResult]:
        """Two requests at most, and one where the episode was foreseen."""
        if len(plays) != 1:
            raise ValueError(f"Serializd takes one play at a time, not {len(plays)}")
        play = plays[0]
        try:
            return [await self._adder.add(play, sending)]
        except NotInCatalogue as error:
            await self._locator.forget(spot_of(play.address.data))
            return [error]
        except Refused as error:
            return [error]

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        wanted = [_viewing(play) for play in plays]
        found = await self._diary.find(wanted, self._rows.see)
        return [Receipt(str(found[viewing])) if viewing in found else None for viewing in wanted]

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        results: list[AddResult] = []
        for edit in edits:
            try:
                results.append(await self._amender.amend(edit))
            except (NotInCatalogue, Refused) as error:
                results.append(error)
        return results

    async def survey(self, items: Sequence[Item]) -> None:
        """One request for a show of which several whole seasons are to be added, and none for those seasons."""
        await self._locator.survey([item for item in items if isinstance(item, Episode)])

    async def foresee(self, addresses: Sequence[Address]) -> None:
        """One tick for all episodes of a season, so that each play is left with one request."""
        await self._adder.foresee(addresses)

    async def sign_in(self) -> None:
        await self.session.sign_in()

    def expires_at(self) -> datetime | None:
        return self.session.expires_at()

    def roots(self) -> Mapping[str, str]:
        return {"API": self._url}

    async def examine(self) -> Sequence[Check]:
        return await self._checks.examine()


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says."""
    show, season, number = (address.get(key) for key in ("show_id", "season_number", "episode_number"))
    parts = [f"{name} {value}" for name, value in (("season", season), ("episode", number)) if value is not None]
    place = " of ".join(part for part in (" ".join(parts), f"the show with TMDB id {show}") if part)
    season_id = address.get("season_id")
    told = f" (TMDB season id {season_id})" if season_id is not None else ""
    before = codec.instant(address.get("ticked_at"))
    return f"{place}{told}" + (f"; ticked there since {before:%Y-%m-%d}" if before else "")


def build(context: Context) -> SerializdTracker:
    """Settings: ``email`` and ``password`` (or a ``token`` from the website), ``url``, ``pace`` in seconds,
    ``mark_seasons``.
    """
    return SerializdTracker(context)


def _episode(item: Item) -> Episode:
    if not isinstance(item, Episode):
        raise Refused(f"Serializd keeps TV only, so {item.label()} has no place there")
    return item


def _address(found: LocatedEpisode, **told: str) -> Address:
    spot = found.spot
    data = {
        "show_id": spot.show,
        "season_id": spot.season,
        "season_number": spot.season_number,
        "episode_number": spot.number,
    }
    return Address(spot.key, {**data, **told}, found.how, found.confidence, found.entry)


def _viewing(play: Addition) -> ViewingKey:
    spot = spot_of(play.address.data)
    return spot.show, spot.season, spot.number, play.at.astimezone(UTC).replace(microsecond=0)

"""The wall of what trackers hold, whoever put it there: as it was last read, and what we have brought there since."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from urllib.parse import quote, unquote

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import Config
from scrobbled.core.naming.items import Item, Movie
from scrobbled.core.standing import AccountKey
from scrobbled.desk.facts import plays as plays_facts
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.asking import HistoryQuery, held_filters, held_spot, held_text
from scrobbled.desk.plays.pieces import MirrorStory, WallPage, piece
from scrobbled.runtime.service import Runtime
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.mirror import held, records
from scrobbled.store.mirror.held import UNDATED, HeldAccount, HeldSpot, HeldThing
from scrobbled.store.queue import recent
from scrobbled.trackers import TRACKERS


def accounts(db: sqlite3.Connection, config: Config) -> list[AccountKey]:
    """Those of which it is known what they hold."""
    everyone = [(viewer.name, name) for viewer in config.viewers for name in viewer.trackers]
    return [key for key in everyone if records.state(db, key).rev]


class HeldStory(Struct, frozen=True):
    """One thing that an account holds and we did not bring there; ``story`` tells of it as of a play."""

    story: PlayStory
    item: Item
    mirror: MirrorStory


class HeldHistory:
    """What somebody's trackers hold."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def seen(self, wish: HistoryQuery, *, before: str | None, after: str | None, limit: int) -> WallPage:
        """As ``PlayHistory.seen``; raises ``ValueError``."""
        filters = held_filters(wish, self._runtime.config.server.zone)
        start, end = held_spot(before if after is None else None), held_spot(after)
        found = await self._runtime.store.read(lambda db: self._accounts(db, wish))
        look = partial(held.look, self._runtime.store, found, filters)
        seen = await piece(look, before=start, after=end, limit=limit)
        shown = seen.shown
        told = await self._runtime.store.read(lambda db: _told(db, wish.on, shown))
        return WallPage(
            plays=[story for story, _ in told],
            older=held_text(shown[-1]) if seen.older else None,
            newer=held_text(shown[0]) if seen.newer else None,
            first=held_text(replace(shown[0], id=f"{shown[0].id} ")) if shown else None,
            items={story.id: item for story, item in told if item is not None},
            mirrors=await self._runtime.store.read(lambda db: [_mirror(db, one) for one in found]),
        )

    async def thing(self, id_: str) -> HeldStory | None:
        """What of an account nobody brought there by us; ``None`` where there is no such thing, or not any more."""
        tracker, viewer, spot = _named(id_)
        wish = HistoryQuery(on=tracker, viewer=viewer)

        def read(db: sqlite3.Connection) -> HeldStory | None:
            mirrors = [_mirror(db, one) for one in self._accounts(db, wish) if viewer]
            things = held.things(db, tracker, [spot]) if mirrors else []
            told = [(_story(tracker, one), one.item) for one in things if one.item is not None]
            return HeldStory(*told[0], mirrors[0]) if told else None

        return await self._runtime.store.read(read)

    def _accounts(self, db: sqlite3.Connection, wish: HistoryQuery) -> list[HeldAccount]:
        known = [key for key in accounts(db, self._runtime.config) if key[1] == wish.on]
        is_library = wish.on in TRACKERS and TRACKERS[wish.on].can().is_library
        mine = (key for key in known if wish.viewer in ("", key[0]))
        found = ((key, records.state(db, key)) for key in mine)
        return [HeldAccount(key, state.read_at, is_library, bool(state.doubt)) for key, state in found]


def _named(id_: str) -> tuple[str, str, HeldSpot]:
    """Tracker, viewer and place of what ``_story`` gave this id."""
    tracker, viewer, what = (unquote(part) for part in (*id_.split("/"), "", "", "")[:3])
    return tracker, viewer, HeldSpot(0, viewer, what[:1], what[1:])


def _mirror(db: sqlite3.Connection, one: HeldAccount) -> MirrorStory:
    state = records.state(db, one.key)
    left_out = dict(state.skipped or {})
    return MirrorStory(
        viewer=one.key[0],
        tracker=one.key[1],
        read=iso_or_none(state.read_at or None),
        read_fully=iso_or_none(state.full_at or None),
        complete=bool(state.full_at) and not state.doubt and not left_out,
        doubt=state.doubt,
        left_out=left_out,
        holds=held.states(db, one.key) if one.states else state.plays,
        since=held.arrived(db, one),
        is_library=one.states,
    )


def _told(db: sqlite3.Connection, tracker: str, spots: Sequence[HeldSpot]) -> list[tuple[PlayStory, Item | None]]:
    """What stands there; a play of ours as it is told everywhere, at the time that it has there."""
    found: list[tuple[PlayStory, Item | None]] = []
    for one in held.things(db, tracker, spots):
        row = None if one.play is None else recent.play(db, one.play)
        if row is not None:
            story = plays_facts.play_story(row)
            found.append((replace(story, watched_at=_when(one.spot)) if one.item else story, None))
        elif one.item is not None:
            found.append((_story(tracker, one), one.item))
    return found


def _story(tracker: str, thing: HeldThing) -> PlayStory:
    assert thing.item is not None
    spot, item = thing.spot, thing.item
    is_film = isinstance(item, Movie)
    return PlayStory(
        id="/".join(quote(part, safe="") for part in (tracker, spot.viewer, f"{spot.shelf}{spot.id}")),
        event_id=None,
        viewer=spot.viewer,
        source=tracker,
        media=item.media,
        label=item.label(),
        title=item.title if isinstance(item, Movie) else item.show_title or item.label(),
        year=item.year if isinstance(item, Movie) else item.show_year,
        season=None if isinstance(item, Movie) else item.season,
        number=None if isinstance(item, Movie) else item.number,
        episode_title=None if is_film else item.title or None,
        watched_at=_when(spot),
        received_at=iso(thing.since),
        deliveries=[],
        times=thing.times,
    )


def _when(spot: HeldSpot) -> str | None:
    return None if spot.at == UNDATED else iso(spot.at)

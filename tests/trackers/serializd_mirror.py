"""What is stored of an account that is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scrobbled.core.kinds import PLAYS, RATINGS, Kind
from scrobbled.core.records import PlayRecord, Reading, Subject, ValueRecord
from scrobbled.trackers.serializd.tracker import SerializdTracker
from trackers.doubles import Drafts

ALL = frozenset({PLAYS, RATINGS})


@dataclass
class Mirror(Drafts):
    """What is stored of an account, as whoever calls ``read`` keeps it."""

    cursor: Mapping[str, Any] = field(default_factory=dict)
    held: dict[str, PlayRecord] = field(default_factory=dict)
    ratings: dict[str, ValueRecord] = field(default_factory=dict)
    about: dict[str, Subject] = field(default_factory=dict)
    asked: int = 0

    async def plays(self, begin: str = "") -> Sequence[PlayRecord]:
        self.asked += 1
        return [play for play in self.held.values() if play.id.startswith(begin)]

    async def subjects(self) -> Mapping[str, Subject]:
        return self.about

    async def read(self, tracker: SerializdTracker, *, full: bool = False, kinds: frozenset[Kind] = ALL) -> Reading:
        """And stored, cursor and all, as through a database."""
        reading = await tracker.reads.read(kinds, json.loads(json.dumps(dict(self.cursor))), self, full=full)
        self.drafts.clear()
        self.cursor = reading.cursor
        self.about.update(reading.subjects)
        if reading.plays is not None:
            kept = {} if reading.plays.complete else self.held
            self.held = {**kept, **{play.id: play for play in reading.plays.records}}
        if "ratings" in reading.values:
            kept_ratings = {} if reading.values["ratings"].complete else self.ratings
            self.ratings = {**kept_ratings, **{rating.key: rating for rating in reading.values["ratings"].records}}
            self.ratings = {k: v for k, v in self.ratings.items() if k not in reading.values["ratings"].cleared}
        assert {play.key for play in self.held.values()} <= self.about.keys(), "every key has been told of"
        assert self.ratings.keys() <= self.about.keys()
        return reading

    @property
    def values(self) -> dict[str, int]:
        return {key: rating.value for key, rating in self.ratings.items()}

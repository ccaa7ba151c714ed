"""What a caller of ``read`` keeps: the records of one account, and how they compare with what it really holds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scrobbled.core.errors import TryLater
from scrobbled.core.kinds import PLAYS, RATINGS, Kind
from scrobbled.core.records import PlayRecord, Reading, Subject, ValueRecord
from scrobbled.trackers.base import Tracker
from trackers.doubles import Drafts
from trackers.trakt_bench import TraktBench

BOTH: frozenset[Kind] = frozenset({PLAYS, RATINGS})
NONE = "1970-01-01T00:00:00.000Z"


@dataclass
class TraktMirror(Drafts):
    """``EarlierReads`` that store what was read, and its cursor as JSON."""

    bench: TraktBench
    tracker: Tracker
    records: dict[str, PlayRecord] = field(default_factory=dict)
    rated: dict[str, ValueRecord] = field(default_factory=dict)
    told: dict[str, Subject] = field(default_factory=dict)
    cursor: Mapping[str, Any] = field(default_factory=dict)
    asked: int = 0
    """How often the records were asked for."""

    async def plays(self, begin: str = "") -> Sequence[PlayRecord]:
        self.asked += 1
        return [play for play in self.records.values() if play.id.startswith(begin)]

    async def subjects(self) -> Mapping[str, Subject]:
        return dict(self.told)

    async def read(self, *, full: bool = False, kinds: Iterable[Kind] = BOTH, after: float = 5.0) -> Reading:
        """``after`` seconds: before what happened within the last one is read, time passes."""
        self.bench.clock.advance(after)
        reading = await self.tracker.reads.read(frozenset(kinds), self.cursor, self, full=full)
        if reading.unread:  # of a caller who wants all of them
            raise TryLater(next(iter(reading.unread.values())))
        self.take(reading)
        return reading

    def take(self, reading: Reading) -> None:
        self.drafts.clear()
        self.told |= reading.subjects
        self.cursor = json.loads(json.dumps(dict(reading.cursor)))
        if reading.plays is not None:
            found = {record.id: record for record in reading.plays.records}
            assert len(found) == len(reading.plays.records), "every play is told once"
            self.records = found if reading.plays.complete else self.records | found
        if "ratings" in reading.values:
            assert reading.values["ratings"].complete
            self.rated = {record.key: record for record in reading.values["ratings"].records}
        assert {record.key for record in self.records.values()} | set(self.rated) <= set(self.told)

    async def asking(self, *, full: bool = False, kinds: Iterable[Kind] = BOTH) -> list[str]:
        """The paths that one read asks for."""
        before = len(self.bench.asked())
        await self.read(full=full, kinds=kinds)
        return [asked.removeprefix("GET ") for asked in self.bench.asked()[before:]]

    def kept(self) -> list[tuple[str, str]]:
        """Ids and times of the plays kept here, in order."""
        at = (f"{r.at:%Y-%m-%dT%H:%M:00.000Z}" if r.at else NONE for r in self.records.values())
        return sorted(zip(self.records, at, strict=True))

    def there(self) -> list[tuple[str, str]]:
        """The same of what the account holds, but for hidden plays."""
        hidden = self.bench.api.hidden
        return sorted((str(row["id"]), row["watched_at"]) for row in self.bench.history() if row["id"] not in hidden)

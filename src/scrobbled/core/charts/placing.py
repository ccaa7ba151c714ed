"""Where the point of each play stands: its moment, and its tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, tzinfo

from msgspec import Struct

from scrobbled.core.charts.plays import EARLIEST, ChartPlay, fingerprint, flagged, left_out
from scrobbled.core.charts.points import EVENT, SECOND, Span, Tags, tags_of
from scrobbled.core.naming.items import Media

_EPOCH = date(1970, 1, 1).toordinal()


class ChartPlace(Struct, frozen=True):
    """What a point is known by. ``at`` is nanoseconds since 1970, UTC; ``viewer`` is empty where it is no tag."""

    at: int
    media: Media
    source: str
    rewatch: bool
    viewer: str = ""

    @property
    def tags(self) -> Tags:
        flag = "true" if self.rewatch else "false"
        return tags_of(media_type=self.media, source=self.source, is_rewatch=flag, viewer=self.viewer)

    @property
    def span(self) -> Span:
        """This point and no other."""
        return Span(EVENT, self.tags, self.at, self.at)


class ChartEntry(Struct, frozen=True):
    """What is to stand of a play, or why nothing is: then it has a ``reason`` and no place.

    ``title`` is the source's own key of the film or episode. ``day`` is the date that the viewer's calendar shows,
    in days since 1970.
    """

    id: str
    title: str
    at: int | None
    place: ChartPlace | None
    reason: str = ""
    day: int = 0
    minutes: float | None = None
    fields: int = 0
    """See ``fingerprint``."""


class Surroundings(Struct, frozen=True):
    """What it depends on where a play stands. ``is_taken``: by the point of another play."""

    zone: tzinfo
    now: float
    is_taken: Callable[[ChartPlace], bool]
    viewer: str = ""
    """As it is written into the points; empty where it is not."""
    earliest: int = EARLIEST
    """What is older (Unix seconds) the database does not take."""


def entries(
    title: str, plays: Iterable[ChartPlay], before: Mapping[str, ChartEntry], around: Surroundings
) -> dict[str, ChartEntry]:
    """By id, for all plays of one title by one viewer. A play keeps the place that it had ``before``, where it may."""
    found: dict[str, ChartEntry] = {}
    given: set[ChartPlace] = set()
    for play, rewatch in flagged(plays):
        entry = _entry(title, play, before.get(play.id), around, given, rewatch=rewatch)
        found[play.id] = entry
        if entry.place:
            given.add(entry.place)
    return found


def _entry(
    title: str,
    play: ChartPlay,
    before: ChartEntry | None,
    around: Surroundings,
    given: set[ChartPlace],
    *,
    rewatch: bool,
) -> ChartEntry:
    reason = left_out(play, around.now, around.earliest)
    if reason or play.at is None:
        return ChartEntry(play.id, title, play.at, None, reason)
    place = _placed(play, before, around, given, rewatch=rewatch)
    day = day_number(play.at, around.zone)
    return ChartEntry(play.id, title, play.at, place, "", day, play.minutes, fingerprint(play))


def _placed(
    play: ChartPlay, before: ChartEntry | None, around: Surroundings, given: set[ChartPlace], *, rewatch: bool
) -> ChartPlace:
    """Its second with its number as nanoseconds; where another play has that, the next free one, which it keeps."""
    second = (play.at or 0) * SECOND
    kept = before.place if before else None
    offset = play.number % SECOND
    if kept and kept.at // SECOND == play.at:
        offset = kept.at - second
    for step in range(SECOND):
        at = second + (offset + step) % SECOND
        place = ChartPlace(at, play.media, play.source, rewatch, around.viewer)
        if place == kept or (place not in given and not around.is_taken(place)):
            return place
    raise AssertionError("no second has a thousand million plays")


def day_number(at: float, zone: tzinfo) -> int:
    """The date that a calendar shows there at that moment (Unix seconds), in days since 1970."""
    return datetime.fromtimestamp(at, zone).date().toordinal() - _EPOCH

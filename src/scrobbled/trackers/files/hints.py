"""Which viewings another program lost: it believed them to be on both sides, and one of them does not have them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from scrobbled.core.naming.items import Episode
from scrobbled.core.records import DatePrecision, PlayRecord, Subject
from scrobbled.trackers.files.parsed import NOON, BelievedViewing

WIDTH = timedelta(hours=36)
"""Around noon of the day: it was counted in some zone, and some trackers only keep a day."""

_Place = tuple[int, int, int]
"""TMDB show, season and number."""


class Lost(Struct, frozen=True):
    """What became of the hints. ``a`` and ``b`` are the sides, in the order they were given."""

    believed: int
    """So many viewings were believed to be on both sides."""
    not_on_a: tuple[BelievedViewing, ...] = ()
    """Of these, those that only ``b`` has. The comparison of both sides sends them, as any other."""
    not_on_b: tuple[BelievedViewing, ...] = ()
    nowhere: tuple[BelievedViewing, ...] = ()
    """Of these, those that neither has, so that nobody can say when they were: removed since, or never sent."""
    given_up: int = 0
    """So many viewings that program had decided never to send."""
    given_up_on_a: tuple[BelievedViewing, ...] = ()
    """Of these, those that ``a`` has and ``b`` has not. They are compared and sent as any other."""
    given_up_on_b: tuple[BelievedViewing, ...] = ()
    titles: Mapping[int, str] = field(default_factory=dict)
    """Of the shows, by their TMDB ids, as far as one of the sides knows them."""


def lost(
    hints: Sequence[BelievedViewing],
    a_records: Iterable[PlayRecord],
    a_subjects: Mapping[str, Subject],
    b_records: Iterable[PlayRecord],
    b_subjects: Mapping[str, Subject],
) -> Lost:
    """Find each hinted viewing on both sides: by TMDB show, season and number, and by its day, one to one.

    A record without a date tells of no day, and is no viewing that was hinted at.
    """
    on_a, on_b = _found(hints, a_records, a_subjects), _found(hints, b_records, b_subjects)
    sent = [hint for hint in hints if not hint.given_up]
    skipped = [hint for hint in hints if hint.given_up]
    return Lost(
        believed=len(sent),
        not_on_a=tuple(hint for hint in sent if hint in on_b and hint not in on_a),
        not_on_b=tuple(hint for hint in sent if hint in on_a and hint not in on_b),
        nowhere=tuple(hint for hint in sent if hint not in on_a and hint not in on_b),
        given_up=len(skipped),
        given_up_on_a=tuple(hint for hint in skipped if hint in on_a and hint not in on_b),
        given_up_on_b=tuple(hint for hint in skipped if hint in on_b and hint not in on_a),
        titles=_titles({hint.show for hint in hints}, (*b_subjects.values(), *a_subjects.values())),
    )


def _titles(shows: Collection[int], subjects: Iterable[Subject]) -> dict[int, str]:
    items = (subject.item for subject in subjects if isinstance(subject.item, Episode))
    named = ((one.show_ids.tmdb, one.show_title) for one in items if one.show_title)
    return {tmdb: title for tmdb, title in named if tmdb is not None and tmdb in shows}


def _found(
    hints: Sequence[BelievedViewing], records: Iterable[PlayRecord], subjects: Mapping[str, Subject]
) -> frozenset[BelievedViewing]:
    wanted: dict[_Place, list[BelievedViewing]] = defaultdict(list)
    for hint in hints:
        wanted[hint.show, hint.season, hint.number].append(hint)
    there: dict[_Place, list[datetime]] = defaultdict(list)
    places = {key: place for key, subject in subjects.items() if (place := _place(subject)) in wanted}
    for record in records:
        if record.key in places and record.at is not None and record.kept is not DatePrecision.NONE:
            there[places[record.key]].append(record.at)
    return frozenset(hint for place, times in there.items() for hint in _paired(wanted[place], times))


def _place(subject: Subject) -> _Place | None:
    item = subject.item
    if subject.scope != "episode" or not isinstance(item, Episode) or item.absolute:
        return None
    show, season, number = item.show_ids.tmdb, item.season, item.number
    return None if show is None or season is None or number is None else (show, season, number)


def _paired(hints: Sequence[BelievedViewing], times: Sequence[datetime]) -> Iterable[BelievedViewing]:
    """As many as can be paired: each takes the earliest time that is left and near enough."""
    left = deque(sorted(times))
    for hint in sorted(hints, key=lambda hint: hint.day):
        noon = datetime.combine(hint.day, NOON, UTC)
        while left and noon - left[0] > WIDTH:
            left.popleft()
        if left and left[0] - noon <= WIDTH:
            left.popleft()
            yield hint

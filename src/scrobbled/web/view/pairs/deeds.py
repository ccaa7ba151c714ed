"""What a plan would do, or a run did, as a sentence: "Add 1,204 plays to Serializd and 3 to Trakt"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from scrobbled.web.view import words


class Sort(Struct, frozen=True):
    """How changes of one action are told, and shown: colour, icon and word, never colour alone."""

    verb: str
    past: str
    noun: str
    where: str
    tail: str
    tone: str
    icon: str
    heading: str
    """After their number: "plays to add"."""


SORTS: Mapping[str, Sort] = {
    "remove": Sort("Remove", "Removed", "play", "from", "", "dead", "minus", "to remove"),
    "unrate": Sort("Clear", "Cleared", "rating", "on", "", "dead", "minus", "to clear"),
    "retime": Sort("Give", "Gave", "play", "on", " another time", "waiting", "clock", "to give another time"),
    "rate": Sort("Set", "Set", "rating", "on", "", "waiting", "star", "to set"),
    "add": Sort("Add", "Added", "play", "to", "", "ok", "plus", "to add, dates kept"),
    "flag": Sort("Mark", "Marked", "play", "on", " as rewatch", "waiting", "sync", "to mark as rewatch"),
    "tick": Sort("Tick off", "Ticked off", "play", "on", "", "ok", "check", "to tick off"),
}
"""By action, in the order in which a plan tells them."""
ASKED = "you decide "
MOST = 2
"""Sorts that a button can name."""
Counted = tuple[str, str, int]
"""Tracker, action and how many."""


def planned(counts: Mapping[str, int]) -> list[Counted]:
    """Of a run's ``planned``, like ``serializd add plays``; in the order of ``SORTS``."""
    found = [(key.split(" "), count) for key, count in counts.items()]
    named = [(parts[0], parts[1], count) for parts, count in found if len(parts) == 3 and parts[1] in SORTS]
    return sorted(named, key=lambda one: list(SORTS).index(one[1]))


def asked(counts: Mapping[str, int]) -> int:
    """How many things a person is asked."""
    return sum(count for key, count in counts.items() if key.startswith(ASKED))


def deed(counts: Sequence[Counted], *, past: bool = False) -> str:
    """All of it in one sentence without a full stop; empty where there is nothing."""
    parts = list(_parts(counts, past=past))
    return words.joined([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])]) if parts else ""


def button(counts: Sequence[Counted]) -> str:
    """What a button does."""
    if len({action for _, action, _ in counts}) > MOST:
        return f"Make all {sum(count for *_, count in counts):,} changes"
    return deed(counts)


def heading(action: str, count: int) -> str:
    """ "1,204 plays to add, dates kept"."""
    sort = SORTS[action]
    return f"{words.plural(count, sort.noun)} {sort.heading}"


def _parts(counts: Sequence[Counted], *, past: bool) -> Iterable[str]:
    last = ""
    for action, sort in SORTS.items():
        mine = [(tracker, count) for tracker, of, count in counts if of == action and count]
        if mine:
            yield _part(sort, mine, last, past=past)
            last = mine[0][0] if len(mine) == 1 else ""


def _part(sort: Sort, counts: Sequence[tuple[str, int]], last: str, *, past: bool) -> str:
    """``last`` is the tracker that the part before was about, where it was only one."""
    (first, number), *others = counts
    place = "there" if first == last and not others else f"{sort.where} {words.name(first)}"
    told = [f"{words.plural(number, sort.noun)} {place}"]
    told += [f"{count:,} {sort.where} {words.name(tracker)}" for tracker, count in others]
    return f"{sort.past if past else sort.verb} {words.joined(told)}{sort.tail}"

"""What a plan would do, or a run did, as a sentence: "Add 1,204 plays to Serializd and 3 to Trakt"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from scrobbled.core.kinds import ActionWords, KindEntry, Turn, in_order, valued
from scrobbled.core.sending.change import WITHOUT_DATE
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk import words
from scrobbled.desk.facts.pairs import ChangeCount


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


_OF_PLAYS: Mapping[str, Sort] = {
    "remove": Sort("Remove", "Removed", "play", "from", "", "dead", "minus", "to remove"),
    "retime": Sort("Give", "Gave", "play", "on", " another time", "waiting", "clock", "to give another time"),
    "add": Sort("Add", "Added", "play", "to", "", "ok", "plus", "to add, dates kept"),
    "flag": Sort("Mark", "Marked", "play", "on", " as rewatch", "waiting", "sync", "to mark as rewatch"),
    "tick": Sort("Tick off", "Ticked off", "title", "on", "", "ok", "check", "to tick off as watched"),
    "untick": Sort("Untick", "Unticked", "title", "on", "", "dead", "minus", "to untick"),
}
_LOOKS = {Turn.TAKES: ("dead", "minus"), Turn.CHANGES: ("waiting", "star"), Turn.ADDS: ("ok", "plus")}


def _of_value(kind: KindEntry, does: ActionWords) -> Sort:
    where, tail = does.where, does.tail
    return Sort(does.verb, does.past, kind.noun[0], where, tail, *_LOOKS[does.turn], f"to {does.verb.lower()}")


_OF_VALUES = {does.action: _of_value(kind, does) for kind in valued() for does in kind.actions}
SORTS: Mapping[str, Sort] = {does.action: {**_OF_PLAYS, **_OF_VALUES}[does.action] for does in in_order()}
"""By action, in the order in which a plan tells them."""


def sort(action: str) -> Sort:
    """Any other action is told as an addition."""
    return SORTS.get(action, SORTS["add"])


ASKED = "you decide "
MOST = 2
"""Sorts that a button can name."""
DeedCount = tuple[str, str, int]
"""Tracker, action and how many."""
_ASKING = (PlayOutcome.HELD, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
_REST = (
    (_ASKING, "needs you", "need you"),
    ((PlayOutcome.PARKED,), "is in no catalogue yet", "are in no catalogue yet"),
    ((PlayOutcome.ALREADY_THERE, PlayOutcome.ECHO), "was there already", "were there already"),
    ((PlayOutcome.UNWANTED,), "is not for that tracker", "are not for that tracker"),
    ((PlayOutcome.UNDONE,), "was left out", "were left out"),
)
"""What is said of the changes that were not made, by their outcomes."""


def planned(counts: Mapping[str, int]) -> list[DeedCount]:
    """Of a run's ``planned``, like ``serializd add plays``; in the order of ``SORTS``."""
    found = [(key.split(" "), count) for key, count in counts.items()]
    named = [(parts[0], parts[1], count) for parts, count in found if len(parts) == 3 and parts[1] in SORTS]
    return sorted(named, key=lambda one: list(SORTS).index(one[1]))


def asked(counts: Mapping[str, int]) -> int:
    """How many things a person is asked."""
    return sum(count for key, count in counts.items() if key.startswith(ASKED))


def made(changes: Sequence[ChangeCount]) -> str:
    """What became of the changes of a run: "Added 0 of 2 plays to Serializd, 2 need you"; empty where it has none.

    What a person was asked from the start is no deed, and is only counted.
    """
    deeds = [one for one in changes if one.action == "add" or one.outcome != PlayOutcome.HELD]
    total: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    for one in deeds:
        total[one.tracker, one.action] += one.count
        done[one.tracker, one.action] += one.count if one.outcome == PlayOutcome.DELIVERED else 0
    told = deed([(*which, done[which]) for which in sorted(total)], past=True, of=total)
    return ", ".join([told, *_rest(changes)]) if told else ""


def _rest(changes: Sequence[ChangeCount]) -> Iterable[str]:
    for outcomes, one, many in _REST:
        if count := sum(change.count for change in changes if change.outcome in outcomes):
            yield f"{count:,} {one if count == 1 else many}"


def asking(changes: Sequence[ChangeCount]) -> int:
    """How many of the changes of a run need a person."""
    return sum(one.count for one in changes if one.outcome in _ASKING)


def deed(counts: Sequence[DeedCount], *, past: bool = False, of: Mapping[tuple[str, str], int] | None = None) -> str:
    """All of it in one sentence without a full stop; empty where there is nothing.

    ``of`` is how many of each there were to be, by tracker and action.
    """
    parts = list(_parts(counts, of or {}, past=past))
    return words.joined([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])]) if parts else ""


def button(counts: Sequence[DeedCount]) -> str:
    """What a button does."""
    if len({action for _, action, _ in counts}) > MOST:
        return f"Make all {sum(count for *_, count in counts):,} changes"
    return deed(counts)


def heading(action: str, count: int, undated: int = 0) -> str:
    """ "1,204 plays to add, dates kept", "1,204 plays to add, 3 of them without a date"."""
    sort = SORTS[action]
    if not undated:
        return f"{words.plural(count, sort.noun)} {sort.heading}"
    some = f", {undated:,} of them" if undated < count else ""
    return f"{words.plural(count, sort.noun)} to add{some} {WITHOUT_DATE}"


def _parts(counts: Sequence[DeedCount], of: Mapping[tuple[str, str], int], *, past: bool) -> Iterable[str]:
    last = ""
    for action, sort in SORTS.items():
        mine = [(tracker, count, of.get((tracker, action), count)) for tracker, what, count in counts if what == action]
        mine = [one for one in mine if one[2]]
        if mine:
            yield _part(sort, mine, last, past=past)
            last = mine[0][0] if len(mine) == 1 else ""


def _part(sort: Sort, counts: Sequence[tuple[str, int, int]], last: str, *, past: bool) -> str:
    """Trackers with how many it is, and was to be; ``last`` is what the part before was about, where only one was."""
    (first, number, total), *others = counts
    place = "there" if first == last and not others else f"{sort.where} {words.name(first)}"
    told = [f"{_share(number, total)}{words.plural(total, sort.noun)} {place}"]
    told += [f"{_share(count, whole)}{whole:,} {sort.where} {words.name(name)}" for name, count, whole in others]
    return f"{sort.past if past else sort.verb} {words.joined(told)}{sort.tail}"


def _share(count: int, total: int) -> str:
    return "" if count == total else f"{count:,} of "

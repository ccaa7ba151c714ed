"""``scrobbled queue list``: what is not delivered, in sum, and what of it needs a person."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial

import rich_click as click
from msgspec import Struct

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, PlayOutcome, told
from scrobbled.core.words.plain import plain
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.desk.facts.queue import States, queued_amendment, queued_change, trouble
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import FloodStory
from scrobbled.store.queue import amendments, overview
from scrobbled.store.queue.amendment import Amendment, in_words

PAGE = 500
BY_ITSELF = {
    PlayOutcome.QUEUED: "{} on the way to {}. Nothing to do.",
    PlayOutcome.PARKED: "{} for {} in no catalogue yet. scrobbled looks again by itself.",
}
"""Outcomes that need nobody, and what is said of them together."""
WIDEST = 120
INDENT = " " * 2


class _Waiting(Struct, frozen=True):
    """All that is not delivered."""

    together: list[FloodStory]
    rows: list[overview.QueueRow]
    amended: list[Amendment]
    states: States


class _Line(Struct, frozen=True):
    """One thing, below the reason that it shares with others. ``when`` is for people, or empty.

    ``stopped`` says why nothing goes to its account at all, and what to do.
    """

    state: PlayOutcome
    why: str
    id: str
    whose: str
    what: str
    when: str
    stopped: str = ""


def list_changes(path: str | None, *, as_json: bool, every: bool = False, flood: str | None = None) -> int:
    """For people a sum first, and then what needs one of them; ``every`` is all of it, ``flood`` what that one holds.

    What a flood holds is one line. JSON has each change.
    """
    config = configured(path)
    of = None if flood is None else _flood(flood)
    found = run(_all(config, of, apart=not (every or as_json or of)))
    if as_json:
        changes = [queued_change(row, found.states) for row in found.rows]
        print_json([plain(one) for one in (*changes, *map(queued_amendment, found.amended))])
        return 0
    lines = list(_lines(found, config.server.zone))
    if not lines:
        say("Nothing waits." if of is None else f"f{of} holds nothing.")
        return 0
    shown = lines if every or of else [line for line in lines if line.state not in BY_ITSELF]
    _say_sum(lines, shown)
    _say_groups(shown)
    if found.together:
        say(f"\nEach change of a flood: scrobbled queue list --flood {found.together[0].id}")
    _say_meanings({line.state for line in shown})
    return 0


def _say_sum(lines: Sequence[_Line], shown: Sequence[_Line]) -> None:
    """ "2,884 changes on the way to anna/serializd. Nothing to do." and "12 need you:"."""
    counts = Counter((line.state, line.whose, line.stopped) for line in lines if line.state in BY_ITSELF)
    for (state, whose, stopped), count in counts.items():
        changes = plural(count, "change")
        told_of = f"{changes} for {whose}: {stopped}" if stopped else BY_ITSELF[state].format(changes, whose)
        say(_wrapped(told_of).strip())
    asking = sum(line.state not in BY_ITSELF for line in lines)
    if asking:
        say(f"{asking:,} {'needs' if asking == 1 else 'need'} you:")
    elif len(shown) < len(lines):
        said = "" if any(line.stopped for line in lines) else "Nothing needs you. "
        say(f"{said}All of it: scrobbled queue list --all")


def _say_groups(lines: Sequence[_Line]) -> None:
    """Below each reason what waits for it, in columns."""
    groups: dict[tuple[PlayOutcome, str], list[_Line]] = {}
    for line in lines:
        groups.setdefault((line.state, line.why), []).append(line)
    wide = {key: max((len(getattr(line, key)) for line in lines), default=0) for key in ("id", "whose", "when")}
    for (state, why), members in groups.items():
        say(_wrapped(f"{state}: {why}"))
        for line in members:
            say(_fitting(line, wide))


def _wrapped(text: str) -> str:
    return "\n" + textwrap.fill(text, _width(), break_long_words=False, break_on_hyphens=False)


def _fitting(line: _Line, wide: Mapping[str, int]) -> str:
    """In one line of the terminal: what is too long is cut, as its id tells the rest."""
    before = f"{INDENT}{line.id:<{wide['id']}}  {line.whose:<{wide['whose']}}  "
    after = f"  {line.when:>{wide['when']}}" if wide["when"] else ""
    room = max(16, _width() - len(before) - len(after))
    what = line.what if len(line.what) <= room else f"{line.what[: room - 1]}…"
    return f"{before}{what:<{room}}{after}".rstrip()


def _width() -> int:
    return min(WIDEST, shutil.get_terminal_size().columns)


def _say_meanings(outcomes: set[PlayOutcome]) -> None:
    """Below the list and not in it: what its words mean, and what to do."""
    for outcome in sorted(outcomes):
        say(_wrapped(f"{outcome}: {PLAY_NEXT_STEP[outcome]}").lstrip(), err=True)
    if outcomes:
        say("The whole story of one: scrobbled explain with its id, like c12.", err=True)


def _lines(found: _Waiting, zone: tzinfo) -> Iterator[_Line]:
    for story in found.together:
        titles = "; ".join(story.samples)
        yield _Line(PlayOutcome.HELD, told(story.reason), story.id, "", f"{story.text}: {titles} …", "")
    for row in found.rows:
        at = "" if row.watched_at is None else _local(row.watched_at, zone)
        whose = f"{row.viewer}/{row.tracker}"
        stopped = trouble(found.states, row.viewer, row.tracker, row.state)
        yield _Line(PlayOutcome(row.state), _why(row, zone), f"c{row.id}", whose, row.label, at, stopped)
    for one in found.amended:
        wish = one.wish
        what, why = f"{wish.label}, {in_words(wish)}", told(one.reason or wish.why or PLAY_NEXT_STEP[one.state])
        yield _Line(PlayOutcome(one.state), why, f"a{one.id}", f"{wish.viewer}/{wish.tracker}", what, "")


def _local(seconds: float, zone: tzinfo) -> str:
    at = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return f"{at.day} {at:%b %Y, %H:%M}"


def _why(row: overview.QueueRow, zone: tzinfo) -> str:
    when = f" Next try: {_local(row.next_at, zone)}." if row.next_at > time.time() else ""
    return f"{told(row.reason or row.next_step)}{when}"


def _flood(text: str) -> int:
    found = ids_facts.number(text, "f")
    if found is None:
        raise click.UsageError(f"{text} is not the ID of a flood; scrobbled queue list shows them, like f3.")
    return found


async def _all(config: Config, flood: int | None, *, apart: bool) -> _Waiting:
    rows: list[overview.QueueRow] = []
    amended: list[Amendment] = []
    async with opened(config) as store:
        together = await store.read(floods.stories) if apart else []
        read = partial(overview.queue, limit=PAGE, flood=flood, apart=apart)
        while page := await store.read(partial(read, after=rows[-1].id if rows else 0)):
            rows += page
        listed = partial(amendments.listing, limit=PAGE)
        while flood is None and (more := await store.read(partial(listed, after=amended[-1].id if amended else 0))):
            amended += more
        states = await store.read(overview.account_states)
    return _Waiting(together, rows, amended, states)

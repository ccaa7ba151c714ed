"""``scrobbled queue``: what is not delivered, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Sequence, Set
from functools import partial

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, PlayOutcome, told
from scrobbled.core.words.plain import plain
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.desk.facts.queue import States, queued_amendment, queued_change, trouble
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import ActionResult, FloodStory, NamedChanges, NoId
from scrobbled.store.file.codec import iso
from scrobbled.store.queue import amendments, overview
from scrobbled.store.queue.amendment import Amendment, in_words

PAGE = 500
DONE = {
    "retry": "They are tried again now, or as soon as serve runs.",
    "approve": "They are sent now, or as soon as serve runs.",
    "drop": "They are not sent, now or later.",
}
"""What the actions mean."""
_NAME_IT = "name what you choose, as scrobbled queue list shows it, like scrobbled queue approve a12."
MOST_NAMED = 10
"""Ids listed on a line each, of those an action did not apply to."""


def list_changes(path: str | None, *, as_json: bool, every: bool = False, flood: str | None = None) -> int:
    """What a flood holds is one line for people, unless they ask for ``every`` change, or those of one ``flood``."""
    config = configured(path)
    of = None if flood is None else _flood(flood)
    apart = not (every or as_json or of)
    together, rows, amended, states = run(_all(config, of, apart=apart))
    if as_json:
        changes = [queued_change(row, states) for row in rows]
        print_json([plain(one) for one in (*changes, *map(queued_amendment, amended))])
        return 0
    for story in together:
        say(_line(story))
    for row in rows:
        say(f"c{row.id}  {row.state:<10} {row.viewer}/{row.tracker}  {row.label}  p{row.play_id}  {_why(row, states)}")
    for one in amended:
        say(_amended(one))
    if together:
        say(f"Each change of a flood: scrobbled queue list --flood {together[0].id}")
    outcomes = {PlayOutcome(row.state) for row in rows} | {one.state for one in amended}
    _meanings(outcomes | ({PlayOutcome.HELD} if together else set()))
    if not rows and not together and not amended:
        say("Nothing waits." if of is None else f"f{of} holds nothing.")
    return 0


def act(path: str | None, action: str, ids: Sequence[str], *, as_json: bool) -> int:
    """1 when an ID was named that the action does not apply to."""
    config = configured(path)
    done, asking = run(_act(config, action, _chosen(ids) if ids else None))
    if as_json:
        print_json(plain(done))
    else:
        say(f"{action}: {plural(len(done.done), 'change')}")
        _tell_left(done.left)
        if done.left and action == "approve":
            say("Only what is held can be approved, and without a date it can only be dropped.", err=True)
        if asking and action == "approve" and not ids:
            verb = "ask" if asking > 1 else "asks"
            say(f"Of what trackers hold, {plural(asking, 'change')} {verb}: {_NAME_IT}", err=True)
        if done.done:
            say(DONE[action], err=True)
    return 1 if done.left else 0


def _tell_left(left: Sequence[str]) -> None:
    for id_ in left[:MOST_NAMED]:
        say(f"{id_} was left as it is: it does not wait, or this does not apply to it.", err=True)
    if len(left) > MOST_NAMED:
        say(f"So were {len(left) - MOST_NAMED:,} more.", err=True)


def _meanings(outcomes: Set[PlayOutcome]) -> None:
    """Below the list and not in it: what its words mean, and what to do."""
    for outcome in sorted(outcomes):
        say(f"{outcome}: {PLAY_NEXT_STEP[outcome]}", err=True)
    if outcomes:
        say("The whole story of one: scrobbled explain with its id, like c12.", err=True)


def _line(story: FloodStory) -> str:
    titles = "; ".join(story.samples)
    return f"{story.id}  {'held':<10} {story.text} ({story.began} to {story.last}): {titles} … {told(story.reason)}"


def _amended(one: Amendment) -> str:
    wish = one.wish
    when = f" Next try: {iso(one.next_at)}" if one.next_at > time.time() else ""
    reason = told(one.reason or wish.why or PLAY_NEXT_STEP[one.state])
    play = "" if wish.play_id is None else f"p{wish.play_id}  "
    what = f"{wish.viewer}/{wish.tracker}  {wish.label}  {in_words(wish)}"
    return f"a{one.id}  {one.state:<10} {what}  {play}{reason}{when}"


def _why(row: overview.QueueRow, states: States) -> str:
    if stopped := trouble(states, row.viewer, row.tracker, row.state):
        return f"{told(row.reason)} {stopped}".strip()
    when = f" Next try: {iso(row.next_at)}" if row.next_at > time.time() else ""
    return f"{told(row.reason or row.next_step)}{when}"


def _chosen(ids: Sequence[str]) -> NamedChanges:
    try:
        return floods.chosen(ids)
    except NoId as error:
        raise click.UsageError(
            f"{error} is not the ID of a change or a flood; scrobbled queue list shows them, like c12, a7 and f3."
        ) from None


def _flood(text: str) -> int:
    found = ids_facts.number(text, "f")
    if found is None:
        raise click.UsageError(f"{text} is not the ID of a flood; scrobbled queue list shows them, like f3.")
    return found


async def _all(
    config: Config, flood: int | None, *, apart: bool
) -> tuple[list[FloodStory], list[overview.QueueRow], list[Amendment], States]:
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
    return together, rows, amended, states


async def _act(config: Config, action: str, named: NamedChanges | None) -> tuple[ActionResult, int]:
    """Also how many amendments are held after that."""
    async with opened(config) as store:
        done = await floods.carried_out(store, action, named, time.time())
        return done, await store.read(amendments.held)

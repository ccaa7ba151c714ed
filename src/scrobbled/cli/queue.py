"""``scrobbled queue``: what to do about what is not delivered."""

from __future__ import annotations

import time
from collections.abc import Sequence

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import ActionResult, NamedChanges, NoId
from scrobbled.store.queue import amendments

DONE = {
    "retry": "They are tried again now, or as soon as serve runs.",
    "approve": "They are sent now, or as soon as serve runs.",
    "drop": "They are not sent, now or later.",
}
"""What the actions mean."""
NONE = {"retry": "Nothing waits.", "approve": "Nothing is held.", "drop": "Nothing was left out."}
"""What is said where they applied to nothing."""
_NAME_IT = "name what you choose, as scrobbled queue list shows it, like scrobbled queue approve a12."
MOST_NAMED = 10
"""Ids listed on a line each, of those an action did not apply to."""


def act(path: str | None, action: str, ids: Sequence[str], *, as_json: bool) -> int:
    """1 when an ID was named that the action does not apply to."""
    config = configured(path)
    done, asking = run(_act(config, action, _chosen(ids) if ids else None))
    if as_json:
        print_json(plain(done))
    else:
        say(f"{action}: {plural(len(done.done), 'change')}" if done.done else NONE[action])
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


def _chosen(ids: Sequence[str]) -> NamedChanges:
    try:
        return floods.chosen(ids)
    except NoId as error:
        raise click.UsageError(
            f"{error} is not the ID of a change or a flood; scrobbled queue list shows them, like c12, a7 and f3."
        ) from None


async def _act(config: Config, action: str, named: NamedChanges | None) -> tuple[ActionResult, int]:
    """Also how many amendments are held after that."""
    async with opened(config) as store:
        done = await floods.carried_out(store, action, named, time.time())
        return done, await store.read(amendments.held)

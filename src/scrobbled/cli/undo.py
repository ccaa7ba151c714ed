"""``scrobbled undo``: takes back what we wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import rich_click as click

from scrobbled import undo as undoing
from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.clock import SystemClock
from scrobbled.config import Config
from scrobbled.core.plain import plain
from scrobbled.replay import since
from scrobbled.undo import Asked, NotThere, Report, Step

COUNTED = {
    "remove": "taken back",
    "wait": "taken back once it has arrived",
    "restore": "set back",
    "drop": "not sent any more",
    "under-way": "being taken back already",
    "leave": "left as it is",
}
"""What becomes of things, by action."""


def undo(
    path: str | None,
    ids: Sequence[str],
    *,
    of_run: str | None,
    begin: str | None,
    end: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """2 where something was named that is not there: then nothing is taken back."""
    config = configured(path)
    asked = _asked(ids, of_run, begin, end)
    try:
        report = run(_undo(config, asked, dry_run=dry_run))
    except NotThere as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        print_json(plain(report))
    else:
        _print(report)
    return 0


def _asked(ids: Sequence[str], of_run: str | None, begin: str | None, end: str | None) -> Asked:
    if end and not begin:
        raise click.UsageError("--until needs --since beside it.")
    try:
        return undoing.chosen(ids, of_run, _moment("--since", begin), _moment("--until", end))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _moment(option: str, text: str | None) -> float | None:
    try:
        return None if text is None else since(text, SystemClock().now())
    except ValueError as error:
        raise click.UsageError(f"{option} {text}: {error}") from None


async def _undo(config: Config, asked: Asked, *, dry_run: bool) -> Report:
    now = SystemClock().now().timestamp()
    async with opened(config) as store:
        return await undoing.undo(store, asked, now, dry_run=dry_run)


def _print(report: Report) -> None:
    for step in report.steps:
        say(_line(step))
    counts = Counter(step.action for step in report.steps)
    told = ", ".join(f"{counts[action]:,} {words}" for action, words in COUNTED.items() if counts[action])
    if not report.steps:
        say("Nothing was taken back: there is nothing.")
    elif report.dry_run:
        say(f"Of {_all(report)}: {told}. Nothing was done yet; without --dry-run it is.")
    else:
        say(f"Of {_all(report)}: {told}. It stays so.")
    if not report.dry_run and counts["remove"] + counts["restore"] + counts["wait"]:
        say("The trackers are asked now, or as soon as serve runs. See scrobbled queue list", err=True)


def _all(report: Report) -> str:
    """Ticks have no play."""
    return plural(len(report.plays), "play") if report.plays else plural(len(report.steps), "change")


def _line(step: Step) -> str:
    watched = f"  {step.watched_at}" if step.watched_at else ""
    play = f"{step.play_id}  " if step.play_id else ""
    return f"{play}{step.id}  {step.viewer}/{step.tracker}  {step.label}{watched}  {step.text}"

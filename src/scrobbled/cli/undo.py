"""``scrobbled undo``: takes back what we wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, say
from scrobbled.cli.ending import NOTHING_CHANGED, until_told
from scrobbled.cli.served import service
from scrobbled.cli.taking_back import KEPT, UndoResult, finished
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk import undo as undoing
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.undo import UndoReport, UndoRequest
from scrobbled.desk.undo.steps import UndoStep
from scrobbled.intake.replay import since
from scrobbled.plumbing.clock import SystemClock

COUNTED = {
    "remove": "taken back",
    "wait": "taken back once it has arrived",
    "restore": "set back",
    "drop": "not sent any more",
    "under-way": "being taken back already",
    "leave": "left as it is",
}
"""What becomes of things, by action."""
AT_TRACKERS = frozenset({"remove", "wait", "restore", "under-way"})
"""Actions that a tracker has to carry out."""
LEFT = f"Stopped. What is not taken back yet: {KEPT[0].lower()}{KEPT[1:]}"


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
    """1 where a tracker did not do it (yet), or something was named that is not there; then nothing is done."""
    config = configured(path)
    asked = _asked(ids, of_run, begin, end)
    try:
        code = until_told(_undo(config, asked, dry_run=dry_run, as_json=as_json), NOTHING_CHANGED if dry_run else LEFT)
    except NotThere as error:
        say(str(error), err=True)
        return 1
    return 1 if code is None else code


def _asked(ids: Sequence[str], of_run: str | None, begin: str | None, end: str | None) -> UndoRequest:
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


async def _undo(config: Config, asked: UndoRequest, *, dry_run: bool, as_json: bool) -> int:
    """Somebody has to carry it out only where a tracker has to be changed: a running ``serve``, else this process."""
    now = SystemClock().now().timestamp()
    async with opened(config) as store:
        report = await undoing.undo(store, asked, now, dry_run=True)
        if not dry_run and not AT_TRACKERS & {step.action for step in report.steps}:
            report = await undoing.undo(store, asked, now)
    if dry_run or not report.dry_run:
        _tell(report, UndoResult({}), as_json=as_json)
        return 0
    async with service(config) as served:
        report = await undoing.undo(served.store, asked, now)
        if not as_json:
            _print_steps(report)
        quiet = None if as_json else partial(say, err=True)
        done = await finished(served, report.steps, say=quiet)
    _tell(report, done, as_json=as_json, steps=False)
    return 1 if done.failed else 0


def _tell(report: UndoReport, done: UndoResult, *, as_json: bool, steps: bool = True) -> None:
    if as_json:
        told = {"outcomes": done.outcomes, "done": not done.failed, "why_left": done.why_left or None}
        print_json({**plain(report), **({} if report.dry_run else told)})
        return
    if steps:
        _print_steps(report)
    _print_sum(report, done)


def _print_steps(report: UndoReport) -> None:
    for step in report.steps:
        say(_line(step))


def _print_sum(report: UndoReport, done: UndoResult) -> None:
    counts = Counter(step.action for step in report.steps)
    told = ", ".join(f"{counts[action]:,} {words}" for action, words in COUNTED.items() if counts[action])
    if not report.steps:
        say("scrobbled wrote nothing of that, so there is nothing to undo.")
    elif report.dry_run:
        say(f"Of {_all(report)}: {told}. Nothing was done yet; without --dry-run it is.")
    elif done.failed:
        reached = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(done.outcomes.items()))
        say(f"Of {_all(report)}, not all is done: {told}. At the trackers: {reached}.")
        say(done.why_left or "See scrobbled queue list for what a tracker did not do.", err=True)
    else:
        say(f"Of {_all(report)}: {told}. It is done, and stays so.")


def _all(report: UndoReport) -> str:
    """Ticks have no play."""
    only_plays = report.plays and all(step.play_id for step in report.steps)
    return plural(len(report.plays), "play") if only_plays else plural(len(report.steps), "change")


def _line(step: UndoStep) -> str:
    watched = f"  {step.watched_at}" if step.watched_at else ""
    play = f"{step.play_id}  " if step.play_id else ""
    return f"{play}{step.id}  {step.viewer}/{step.tracker}  {step.label}{watched}  {step.text}"

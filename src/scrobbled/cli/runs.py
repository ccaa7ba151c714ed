"""What the commands tell of a run and of a plan, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import rich_click as click

from scrobbled.cli.common import plural, say
from scrobbled.cli.following import Followed
from scrobbled.core.agreeing.plan import Plan
from scrobbled.core.errors import UNSAID
from scrobbled.core.kinds import words_of
from scrobbled.core.sending.change import left_out
from scrobbled.core.words.plain import plain
from scrobbled.desk.facts.pairs import ChangeCount
from scrobbled.reconcile import Ended, Wired
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import Run
from scrobbled.web.view.pairs import deeds

ZONE = "Days and times are UTC."
"""As the trackers keep them; an evening is another day in some zones."""


async def meant(store: Store, chosen: Sequence[Wired], plan: str, *, named: str) -> list[Wired]:
    """All, or with a ``plan`` the one that it was shown for; ``named`` are the options by which one is named."""
    if not plan or len(chosen) == 1:
        return list(chosen)
    shown = await store.read(lambda db: runs.with_plan(db, plan))
    fitting = [one for one in chosen if shown and (one.sides.viewer, one.sides.pair) == (shown.viewer, shown.pair)]
    if not fitting:
        raise click.UsageError(f"Say {named} with the plan, as the command it was shown with does.")
    return fitting


def say_plan(one: Wired, ended: Ended, command: str) -> None:
    """What would be done; ``command`` does it when the plan is named behind it."""
    if ended.plan is None:
        say(f"{one.sides.viewer}: {' and '.join(one.sides.called)} were not compared: {ended.reason}.", err=True)
        return
    say(ended.plan.text())
    if ended.plan.changes:
        say(ZONE)
    if ended.reason:
        say(ended.reason)
    if ended.plan.changes:
        say(f"Nothing was changed. To do exactly this: {command} --plan {ended.plan_id}")


def say_run(one: Wired, done: Followed, command: str) -> None:
    """How it ended; ``command`` says yes when the plan is named behind it."""
    run_ = done.run
    head = f"{one.sides.viewer}: {' and '.join(one.sides.called)} (run r{run_.id}): "
    match done.outcome:
        case "nothing":
            say("; ".join((f"{head}nothing to do", *left_out(run_.counts))))
        case "done":
            say("; ".join((head + _made(done), *left_out(run_.counts))))
        case "incomplete":
            made = _made(done) if done.outcomes else "nothing to do"
            say("; ".join((f"{head}incomplete: {made}", *left_out(run_.counts), run_.reason)))
        case "approval":
            if run_.plan_text:
                say(run_.plan_text)
                say(ZONE)
            say(f"{head}{run_.reason}")
            say(f"To approve it: {command} --plan {run_.plan}")
        case _:
            say(f"{head}{_unfinished(run_)}", err=True)
    if done.outcome == "refused":
        say(f"Look at what would be done now, and approve that: {command} --dry-run", err=True)
    if done.why_left:
        say(done.why_left, err=True)


def _unfinished(run_: Run) -> str:
    """Of one that came to no good end, or to none while somebody waited."""
    if not run_.outcome:
        return f"it has not ended yet ({run_.phase})."
    return f"{run_.outcome}: {run_.reason or UNSAID}"


def _made(done: Followed) -> str:
    """By what became of it: "Added 0 of 2 plays to Serializd, 2 need you"."""
    changes = [ChangeCount(*one) for one in done.changes]
    if asked := deeds.asked(done.run.counts):
        return "; ".join(filter(None, (deeds.made(changes), f"found {plural(asked, 'thing')} for you to decide")))
    return deeds.made(changes) or "nothing was left to do"


def reported(done: Followed) -> dict[str, Any]:
    run_ = done.run
    return {
        "run_id": f"r{run_.id}",
        "viewer": run_.viewer,
        "pair": run_.pair,
        "outcome": done.outcome,
        "reason": run_.reason,
        "plan_id": run_.plan or None,
        "planned": dict(run_.counts),
        "outcomes": done.outcomes,
        "delivered": done.complete,
        "why_left": done.why_left or None,
        "failed": done.failed,
    }


def planned(one: Wired, ended: Ended) -> dict[str, Any]:
    return {
        "run_id": None,
        "viewer": one.sides.viewer,
        "pair": one.sides.pair,
        "outcome": ended.outcome,
        "reason": ended.reason,
        "plan_id": ended.plan_id or None,
        "agreed": ended.plan.agreed if ended.plan else None,
        "warnings": list(ended.plan.warnings) if ended.plan else [],
        "counts": _counts(ended.plan) if ended.plan else {},
        "changes": [_change(ended.plan, change) for change in ended.plan.changes] if ended.plan else [],
        "failed": ended.outcome == "failed",
    }


def _counts(plan: Plan) -> dict[str, dict[str, int]]:
    """Additions, updates and removals for each side."""
    sides = dict(zip(("a", "b"), plan.names, strict=True))
    found = Counter((sides[change.side], _sort(change.action)) for change in plan.changes)
    return {name: {sort: found[name, sort] for sort in ("additions", "updates", "removals")} for name in plan.names}


def _sort(action: str) -> str:
    return {"added": "additions", "removed": "removals"}.get(words_of(action).does, "updates")


def _change(plan: Plan, change: Any) -> dict[str, Any]:
    told = plain(change)
    return {"tracker": plan.name(change.side), **{k: v for k, v in told.items() if k != "side" and v not in ("", None)}}


def first(rows: Sequence[dict[str, Any]], name: str) -> Any:
    return next((row[name] for row in rows if row.get(name)), None)

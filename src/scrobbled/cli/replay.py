"""``scrobbled replay``: stored webhooks once more."""

from __future__ import annotations

from collections.abc import Sequence

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.sending.change import WITHOUT_DATE
from scrobbled.core.words.plain import plain
from scrobbled.desk.facts import ids as ids_facts
from scrobbled.intake.household import household_of
from scrobbled.intake.replay import EventFilter, Replay, ReplayReport, since
from scrobbled.plumbing.clock import SystemClock


def replay(
    path: str | None, ids: Sequence[str], *, begin: str | None, source: str | None, dry_run: bool, as_json: bool
) -> int:
    """1 when an event was named that is not there, or whose body is not kept or cannot be read."""
    config = configured(path)
    wanted = _wanted(ids, begin, source)
    report = run(_report(config, wanted, dry_run=dry_run))
    if as_json:
        print_json(plain(report))
    else:
        _print(report)
    return 1 if report.unknown or (ids and (report.gone or report.unread)) else 0


def _wanted(ids: Sequence[str], begin: str | None, source: str | None) -> EventFilter:
    if ids and (begin or source):
        raise click.UsageError("Name events, or say --since and --source; not both.")
    if ids:
        return EventFilter(ids=tuple(dict.fromkeys(_number(text) for text in ids)))
    try:
        moment = since(begin, SystemClock().now()) if begin else 0.0
    except ValueError as error:
        raise click.UsageError(f"--since {begin}: {error}") from None
    return EventFilter(since=moment, source=source)


def _number(text: str) -> int:
    found = ids_facts.number(text, "e")
    if found is None:
        raise click.UsageError(f"{text} is not the ID of an event; the answer to a webhook names it, like e12.")
    return found


async def _report(config: Config, wanted: EventFilter, *, dry_run: bool) -> ReplayReport:
    async with opened(config) as store:
        return await Replay(store, household_of(config), SystemClock()).run(wanted, dry_run=dry_run)


def _added(report: ReplayReport, would: str) -> str:
    if report.plays:
        return f"{plural(len(report.plays), 'play')} {would}added."
    return "No play was missing." if report.events else "Nothing was run again: no stored event fits."


def _print(report: ReplayReport) -> None:
    would = "would be " if report.dry_run else ""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.outcomes.items())
    if report.events:
        turned = "would turn" if report.dry_run else "turned"
        say(f"{plural(report.events, 'event')}: {counts}; {report.changed or 'none'} {turned} out as something else.")
    for play in report.plays:
        watched = play.watched_at or WITHOUT_DATE
        say(f"{play.id or 'new'}  {play.viewer}  {play.label}  {watched}  ({play.event_id})")
    say(_added(report, would))
    if report.gone:
        say(f"{plural(report.gone, 'event')} cannot be run again: the message is no longer kept.")
    for unread in report.unread:
        say(f"{unread.id} cannot be read: {unread.reason}")
    for id_ in report.unknown:
        say(f"There is no event {id_}.", err=True)

"""``scrobbled doctor``: what is not well among all that can be looked at, and a block for a bug report."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import rich_click as click

from scrobbled import config as configuration
from scrobbled.alerts import is_alert_url
from scrobbled.cli.common import harmless, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.errors import ConfigError
from scrobbled.core.words.checks import Check, CheckVerdict
from scrobbled.core.words.plain import plain
from scrobbled.desk.doctor import DoctorReport, Patient, accounts_of, examine
from scrobbled.plumbing import log
from scrobbled.plumbing.clock import SystemClock
from scrobbled.plumbing.redact import Redactor

SIGNS = {
    CheckVerdict.OK: "ok",
    CheckVerdict.SKIPPED: "not checked",
    CheckVerdict.WARNING: "warning",
    CheckVerdict.PROBLEM: "PROBLEM",
}
COLOURS = {CheckVerdict.WARNING: "yellow", CheckVerdict.PROBLEM: "red", CheckVerdict.SKIPPED: "bright_black"}
CALM = (CheckVerdict.OK, CheckVerdict.SKIPPED)
"""What needs nobody."""
WIDTH = max(map(len, SIGNS.values()))
BEFORE = " " * (WIDTH + 4)
WIDEST = 120


def doctor(path: str | None, *, as_json: bool, report: bool = False, every: bool = False) -> int:
    """What is well is one line for each section, with ``every`` a line for each check; ``report`` is the block alone.

    1 when there is a problem. A wrong configuration is one, and keeps nothing else from being examined."""
    show = partial(_print, every=every) if not report else lambda found: say(found.paste)
    return run(_examined(_patient(path), (lambda found: print_json(plain(found))) if as_json else show))


def _patient(path: str | None) -> Patient:
    redactor = Redactor()
    log.set_up("error", "text", redactor)
    config, problems = _surveyed(path)
    redactor.add(*configuration.secrets(config))
    return Patient(config, {}, SystemClock(), redactor, problems=tuple(problems), environ=os.environ)


def _surveyed(path: str | None) -> tuple[Config, list[str]]:
    try:
        place: Path = configuration.find_config(path, os.environ)
    except ConfigError as error:
        return Config(), list(error.problems)
    return configuration.survey(place, os.environ, check_alert_url=is_alert_url)


async def _examined(patient: Patient, show: Callable[[DoctorReport], None]) -> int:
    """Printed from within: a name server that hangs may keep the end of the process waiting, but not the report."""
    async with accounts_of(patient) as complete:
        report = await examine(complete)
        show(report)
    return 1 if report.verdict is CheckVerdict.PROBLEM else 0


def _print(report: DoctorReport, *, every: bool) -> None:
    for section in report.sections:
        folded = [] if every else [check for check in section.checks if check.state in CALM]
        told = [check for check in section.checks if check not in folded]
        click.secho(section.title, bold=True)
        for state in CALM:
            if names := ", ".join(dict.fromkeys(check.name for check in folded if check.state is state)):
                click.echo(f"  {_sign(state)}  {_beside(names)}")
        for check in told:
            for line in _lines(check):
                click.echo(line)
        click.echo()
    click.echo(f"In all: {', '.join(_count(count, state) for state, count in report.counts.items() if count)}.")
    click.echo("For a bug report: scrobbled doctor --report. Each check: scrobbled doctor --all", err=True)


def _count(count: int, state: str) -> str:
    nouns = {str(CheckVerdict.WARNING): "warning", str(CheckVerdict.PROBLEM): "problem"}
    return plural(count, nouns[state]) if state in nouns else f"{count} {state}"


def _lines(check: Check) -> Iterator[str]:
    yield f"  {_sign(check.state)}  {_beside(f'{check.name}: {check.text}')}"
    if check.next_step:
        yield f"{BEFORE}  {harmless(check.next_step)}"  # in one line, as commands in it are copied


def _beside(text: str) -> str:
    """Within the terminal, below each other; a word that is longer, such as an address, is left whole."""
    width = max(40, min(WIDEST, shutil.get_terminal_size().columns) - len(BEFORE) - 2)
    lines = textwrap.wrap(harmless(text), width, break_long_words=False, break_on_hyphens=False)
    return f"\n{BEFORE}".join(lines)


def _sign(state: CheckVerdict) -> str:
    return click.style(f"{SIGNS[state]:<{WIDTH}}", fg=COLOURS.get(state, "green"))

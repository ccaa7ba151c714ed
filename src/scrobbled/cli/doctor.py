"""``scrobbled doctor``: everything that can be looked at, one line each, and a block for a bug report."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
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
WIDTH = max(map(len, SIGNS.values()))


def doctor(path: str | None, *, as_json: bool) -> int:
    """1 when there is a problem. A wrong configuration is one, and keeps nothing else from being examined."""
    return run(_examined(_patient(path), as_json=as_json))


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


async def _examined(patient: Patient, *, as_json: bool) -> int:
    """Printed from within: a name server that hangs may keep the end of the process waiting, but not the report."""
    async with accounts_of(patient) as complete:
        report = await examine(complete)
        if as_json:
            print_json(plain(report))
        else:
            _print(report)
    return 1 if report.verdict is CheckVerdict.PROBLEM else 0


def _print(report: DoctorReport) -> None:
    for section in report.sections:
        click.secho(section.title, bold=True)
        for check in section.checks:
            for line in _lines(check):
                click.echo(line)
        click.echo()
    click.echo("For a bug report, without names, hosts, titles and secrets:\n")
    say(f"```\n{report.paste}\n```\n")
    _conclude(report)


def _conclude(report: DoctorReport) -> None:
    """What is not well stands last, where it is seen."""
    click.echo(f"In all: {', '.join(_count(count, state) for state, count in report.counts.items() if count)}.")
    for section in report.sections:
        for check in section.checks:
            if check.state in (CheckVerdict.WARNING, CheckVerdict.PROBLEM):
                for line in _lines(check):
                    click.echo(line)


def _count(count: int, state: str) -> str:
    nouns = {str(CheckVerdict.WARNING): "warning", str(CheckVerdict.PROBLEM): "problem"}
    return plural(count, nouns[state]) if state in nouns else f"{count} {state}"


def _lines(check: Check) -> Iterator[str]:
    sign = click.style(f"{SIGNS[check.state]:<{WIDTH}}", fg=COLOURS.get(check.state, "green"))
    yield f"  {sign}  {harmless(f'{check.name}: {check.text}')}"
    if check.next_step:
        yield textwrap.indent(harmless(check.next_step), " " * (WIDTH + 6))

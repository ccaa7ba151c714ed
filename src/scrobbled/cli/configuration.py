"""``scrobbled config``."""

from __future__ import annotations

import getpass
import json
import os
import sys

import rich_click as click

from scrobbled import config as configuration
from scrobbled.alerts import is_alert_url
from scrobbled.cli.common import configured, print_json
from scrobbled.desk.settings import passwords
from scrobbled.intake.household import refuse_impossible, without_effect


def check(path: str | None) -> int:
    """0 when it can be used; every problem raises together as ``ConfigError``."""
    place = configuration.find_config(path, os.environ)
    config = configuration.load(place, os.environ, check_alert_url=is_alert_url)
    refuse_impossible(config)
    idle = list(without_effect(config))
    for warning in (*configuration.warnings(config), *idle):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{place} is valid, but a part of it does nothing in this version." if idle else f"{place} is fine.")
    return 0


def show(path: str | None, *, as_json: bool) -> int:
    rows = configuration.show(configured(path))
    if as_json:
        print_json([{"path": row.path, "value": row.value, "from": row.origin} for row in rows])
        return 0
    width = max((len(row.path) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row.path:<{width}}  {row.value}  ({row.origin})")
    return 0


def schema() -> int:
    click.echo(json.dumps(configuration.json_schema(), indent=2))
    return 0


def hash_password() -> int:
    """Reads it from the terminal without showing it, or one line of what is piped in; 2 for none."""
    typed = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not typed:
        raise click.UsageError("Type a password, or pipe one in.")
    click.echo(passwords.hashed(typed))
    return 0

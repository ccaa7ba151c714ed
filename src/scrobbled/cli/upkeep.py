"""The commands that look after what is there: doctor, import, backup, restore, reset-state."""

from __future__ import annotations

import sys
from typing import Any

import rich_click as click

from scrobbled.cli.options import code_of, config_option, json_option, named
from scrobbled.core.services import SERVICES


@click.command()
@click.option("--all", "every", is_flag=True, help="Each check on a line of its own, also what is well.")
@click.option("--report", is_flag=True, help="Only the block for a bug report, without names and secrets.")
@json_option
@config_option
def doctor(every: bool, report: bool, as_json: bool, config: str | None) -> None:
    """Examine everything, and say what is not well and what to do.

    Changes nothing. Takes up to half a minute.
    """
    sys.exit(code_of("doctor", "doctor")(config, as_json=as_json, report=report, every=every))


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option(
    "--viewer", callback=named, metavar="NAME", help="Whose history it is; not needed where there is only one viewer."
)
@click.option(
    "--to", callback=named, metavar="TRACKER", multiple=True, help="Only to this tracker; else to all of this viewer."
)
@click.option(
    "--format",
    type=click.Choice([*(name for name, one in SERVICES.items() if one.exports), "csv", "trakt-serializd-sync"]),
    default=None,
    help="What it is; else that is found out.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be added, and change nothing anywhere.")
@click.option("--plan", callback=named, metavar="ID", default="", help="Do exactly what this plan showed, or nothing.")
@json_option
@config_option
def import_(file: str, as_json: bool, config: str | None, **wish: Any) -> None:
    """Add the history of a file to the trackers, where they lack it.

    FILE is the zip of Trakt's data export, a CSV (Serializd's diary, TV Time, or any with columns like show, season,
    episode, watched_at), or the sync_state.json of trakt-serializd-sync, of which you are told what it lost. Dates are
    kept, and what is there already stays as it is: importing twice adds nothing.
    """
    sys.exit(code_of("importing", "import_file")(config, file, wish, as_json=as_json))


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@json_option
@config_option
def backup(file: str, force: bool, as_json: bool, config: str | None) -> None:
    """Copy everything into FILE, also while serve runs.

    Where FILE is a folder, the copy gets a dated name in it. It holds your sign-ins, and not the configuration.
    """
    sys.exit(code_of("backup", "make")(config, file, force=force, as_json=as_json))


@click.command()
@click.argument("file", metavar="FILE")
@config_option
def restore(file: str, config: str | None) -> None:
    """Put a backup in place of the database.

    Stop serve first. What is there now is kept beside it.
    """
    sys.exit(code_of("backup", "restore")(config, file))


@click.command("reset-state")
@click.option(
    "--pair", callback=named, metavar="A,B", help="Only what these two trackers agreed on, like trakt,serializd."
)
@click.option("--viewer", callback=named, metavar="NAME", help="With --pair: only this viewer's.")
@click.option("--sink", type=click.Choice(["influx"]), help="Only what was exported there; the next one is a rebuild.")
@click.option("--yes", "sure", is_flag=True, help="Do not ask.")
@config_option
def reset_state(sure: bool, pair: str | None, sink: str | None, viewer: str | None, config: str | None) -> None:
    """Forget everything that was watched, after a copy was made.

    Stop serve first. Sign-ins and corrections stay, and so does what the trackers hold. With --pair only that is
    forgotten which the two were seen to agree on, also beside a running serve: the next run is their first contact,
    and removes nothing.
    """
    if viewer is not None and pair is None:
        raise click.UsageError("--viewer needs --pair beside it. Without both, what everybody watched is forgotten.")
    if pair is not None:
        sys.exit(code_of("sync", "reset_pair")(config, viewer, pair, sure=sure))
    if sink is not None:
        sys.exit(code_of("exporting", "reset_sink")(config, sink, sure=sure))
    sys.exit(code_of("backup", "reset")(config, sure=sure))


COMMANDS = (doctor, import_, backup, restore, reset_state)

"""The command ``scrobbled``. Each command's code is imported when it is used, so that every call starts quickly."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import rich_click as click

from scrobbled import __version__
from scrobbled.core.errors import ConfigError, ScrobbledError

click.rich_click.TEXT_MARKUP = "rich"
click.rich_click.SHOW_ARGUMENTS = True

config_option = click.option(
    "--config", "config", metavar="FILE", envvar="SCROBBLED_CONFIG", help="Configuration file (YAML)."
)
no_config_option = click.option("--config", expose_value=False, hidden=True)
"""Every command takes it; these need none."""
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def main() -> None:
    """Exit codes: 0 done, 1 it ran and something failed, 2 wrong usage or wrong configuration."""
    try:
        command(prog_name="scrobbled")
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)
    except ScrobbledError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _from(module: str, function: str) -> Callable[..., Any]:
    return getattr(import_module(f"scrobbled.cli.{module}"), function)  # type: ignore[no-any-return]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scrobbled")
def command() -> None:
    """Takes webhooks from your media servers and keeps Serializd and Trakt complete: every viewing once."""


@command.command()
@config_option
def serve(config: str | None) -> None:
    """Run the service: webhooks, delivery, page and metrics."""
    sys.exit(_from("serving", "serve")(config))


@command.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the page (default 8484, with --once any free one)."
)
@click.option("--once", is_flag=True, help="Play the evening, check what each side holds, and end.")
@no_config_option
def demo(port: int | None, once: bool) -> None:
    """Show a household's evening arrive at stand-ins of Serializd and Trakt. Needs no account and no network."""
    sys.exit(_from("serving", "demo")(port if port is not None else 0 if once else 8484, once=once))


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8485, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same world.")
@click.option("--shows", type=click.IntRange(1, 500), default=4, show_default=True)
@click.option("--plays", type=click.IntRange(0, 100_000), default=0, show_default=True, help="Plays already there.")
@no_config_option
def sandbox(port: int, seed: int, shows: int, plays: int) -> None:
    """Run only the stand-ins of Plex, Trakt, Serializd and TMDB, to try a configuration against."""
    sys.exit(_from("serving", "sandbox")(port, seed=seed, shows=shows, plays=plays))


@command.command()
@click.argument("tracker", type=click.Choice(["trakt", "serializd"]))
@click.option("--viewer", metavar="NAME", help="Whose account; not needed where only one viewer has this tracker.")
@config_option
def auth(tracker: str, viewer: str | None, config: str | None) -> None:
    """Sign in to a tracker and store the sign-in. Works before the first serve and while it runs."""
    sys.exit(_from("signin", "auth")(config, tracker, viewer))


@command.command()
@json_option
@config_option
def status(as_json: bool, config: str | None) -> None:
    """Per tracker: signed in, working, what waits and why. Every webhook and play is counted."""
    sys.exit(_from("status", "status")(config, as_json=as_json))


@command.group()
def queue() -> None:
    """What is not delivered yet, and what to do about it."""


@queue.command("list")
@json_option
@config_option
def queue_list(as_json: bool, config: str | None) -> None:
    """One line for each change that waits, is held, parked, unmatched or dead."""
    sys.exit(_from("queue", "list_changes")(config, as_json=as_json))


def _queue_action(name: str, help_text: str, *, all_without_id: bool) -> None:
    @queue.command(name, help=help_text)
    @click.argument("ids", metavar="[ID]...", nargs=-1, required=not all_without_id)
    @json_option
    @config_option
    def action(ids: tuple[str, ...], as_json: bool, config: str | None) -> None:
        sys.exit(_from("queue", "act")(config, name, ids, as_json=as_json))


_queue_action("retry", "Try again now; without ID everything that waits.", all_without_id=True)
_queue_action("approve", "Let held changes go; without ID all of them.", all_without_id=True)
_queue_action("drop", "Give up on these changes for good.", all_without_id=False)


@command.group("config")
def config_group() -> None:
    """Check, show and describe the configuration."""


@config_group.command("check")
@config_option
def config_check(config: str | None) -> None:
    """List every problem, each with its YAML path and line."""
    sys.exit(_from("configuration", "check")(config))


@config_group.command("show")
@json_option
@config_option
def config_show(as_json: bool, config: str | None) -> None:
    """Every setting in force, secrets masked, and where its value came from."""
    sys.exit(_from("configuration", "show")(config, as_json=as_json))


@config_group.command("schema")
@no_config_option
def config_schema() -> None:
    """JSON Schema of the configuration file, for editors."""
    sys.exit(_from("configuration", "schema")())

"""The command ``scrobbled``. Each command's code is imported when it is used, so that every call starts quickly."""

from __future__ import annotations

import os
import sys
from typing import Any

import rich_click as click

from scrobbled import __version__
from scrobbled.cli import container, upkeep
from scrobbled.cli.exports import export_group
from scrobbled.cli.groups import cache_group, config_group, map_group, queue, token
from scrobbled.cli.hooks import claim, test_event, webhook
from scrobbled.cli.leading import libraries, setup
from scrobbled.cli.options import Interruptible, code_of, config_option, json_option, named, no_config_option
from scrobbled.core.errors import ConfigError, ScrobbledError, said

click.rich_click.TEXT_MARKUP = "rich"
click.rich_click.SHOW_ARGUMENTS = True
click.rich_click.COMMAND_GROUPS = {
    "scrobbled": [
        {
            "name": "Set it up",
            "commands": ["demo", "sandbox", "setup", "config", "auth", "libraries", "webhook", "serve", "claim"],
        },
        {"name": "Try it out", "commands": ["test-event", "test-alert"]},
        {
            "name": "See and decide",
            "commands": ["status", "tray", "sync", "unmatched", "explain", "queue", "map", "replay", "undo"],
        },
        {
            "name": "Look after it",
            "commands": ["import", "export", "doctor", "token", "backup", "restore", "cache", "reset-state"],
        },
    ],
    "scrobbled queue": [{"name": "Commands", "commands": ["list", "retry", "approve", "drop", "pause", "resume"]}],
    "scrobbled map": [{"name": "Commands", "commands": ["test", "set", "list", "remove"]}],
    "scrobbled token": [{"name": "Commands", "commands": ["create", "approve", "list", "revoke"]}],
    "scrobbled export": [{"name": "Commands", "commands": ["influx"]}],
    "scrobbled cache": [{"name": "Commands", "commands": ["clear"]}],
    "scrobbled config": [{"name": "Commands", "commands": ["check", "show", "schema", "hash-password"]}],
}
"""In the order in which somebody needs them."""


def main() -> None:
    """Exit codes: 0 done, 1 it ran and something failed, 2 wrong usage or wrong configuration."""
    try:
        container.settle(os.environ)
        command(prog_name="scrobbled")
    except ConfigError as error:
        for problem in error.problems:
            code_of("common", "say")(problem, err=True)
        sys.exit(2)
    except ScrobbledError as error:
        code_of("common", "say")(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        why = f"{error.filename}: {said(error)}. Check the path, and who may use it and the folders above it."
        code_of("common", "say")(why, err=True)
        sys.exit(1)


@click.group(cls=Interruptible, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scrobbled")
def command() -> None:
    """Takes webhooks from your media servers and keeps Serializd and Trakt complete: every viewing once."""


@command.command()
@click.option("--tray/--no-tray", default=False, help="An icon on the desktop beside it (default: none).")
@config_option
def serve(config: str | None, tray: bool) -> None:
    """Run the service: webhooks, delivery, page and metrics, on port 8484.

    Without a configuration its page leads through the set-up.
    """
    sys.exit(code_of("serving", "serve")(config, tray=tray))


@command.command()
@click.option("--url", metavar="URL", callback=named, help="Where the service is (default: http://localhost:8484).")
@click.option("--sign-in", is_flag=True, help="Let the icon in: make or take a token, and keep it for this address.")
@config_option
def tray(url: str | None, sign_in: bool, config: str | None) -> None:
    """Show an icon on the desktop that tells how things are.

    A click opens the page; its menu syncs, pauses delivery for an hour, and leads to what needs you. Needs the extra:
    pip install '.[tray]' in a checkout.
    """
    sys.exit(code_of("tray.command", "tray")(url, config, sign_in=sign_in))


@command.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the page (default 8484, with --once any free one)."
)
@click.option(
    "--host",
    metavar="ADDRESS",
    envvar="SCROBBLED_DEMO_HOST",
    default="127.0.0.1",
    help="Where it listens (default: this machine alone). Elsewhere it asks for a password, and prints it.",
)
@click.option("--once", is_flag=True, help="Play it, check what each side holds, and end.")
@no_config_option
def demo(port: int | None, host: str, once: bool) -> None:
    """Show a household's evening arrive at stand-ins of Serializd and Trakt.

    A Plex library, with all that happens to a real one, is brought into step with Trakt.
    Needs no account and no network. The page stays open until you press Ctrl-C.
    """
    sys.exit(code_of("serving", "demo")(port if port is not None else 0 if once else 8484, host, once=once))


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8485, show_default=True, help="Where they listen.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same world.")
@click.option("--shows", type=click.IntRange(1, 500), default=4, show_default=True, help="Number of made-up shows.")
@click.option(
    "--plays", type=click.IntRange(0, 100_000), default=0, show_default=True, help="Number of plays already there."
)
@click.option(
    "--household", is_flag=True, help="Anna's Plex library and Trakt as they are in a house that is lived in."
)
@no_config_option
def sandbox(port: int, seed: int, shows: int, plays: int, household: bool) -> None:
    """Run only stand-ins of Plex, Trakt, Serializd and TMDB, to try a configuration against.

    They print the lines of configuration that point at them. Nothing leaves this machine.
    """
    sys.exit(code_of("serving", "sandbox")(port, seed=seed, shows=shows, plays=plays, household=household))


@command.command()
@click.argument("tracker")
@click.option("--viewer", metavar="NAME", help="Whose account; not needed where only one viewer has this tracker.")
@click.option(
    "--home-user", callback=named, metavar="NAME", help="At plex: whom of the home at Plex its owner signs in for."
)
@click.option("--sign-out", is_flag=True, help="End the sign-in where the service can, and forget it.")
@config_option
def auth(tracker: str, viewer: str | None, home_user: str | None, sign_out: bool, config: str | None) -> None:
    """Sign in to a TRACKER, such as trakt or serializd, and store the sign-in.

    Without --viewer, plex signs in your Plex server.
    Works before the first serve and while it runs; a running serve notices by itself.
    """
    if sign_out:
        sys.exit(code_of("signin", "leave")(config, tracker, viewer))
    sys.exit(code_of("signin", "auth")(config, tracker, viewer, home_user))


@command.command()
@click.option("--viewer", callback=named, metavar="NAME", help="Only this viewer's pairs.")
@click.option(
    "--pair", callback=named, metavar="A,B", help="Only the pair of these two trackers, like trakt,serializd."
)
@click.option(
    "--direction", callback=named, metavar="WAY", default="", help="both, or one way like trakt-to-serializd."
)
@click.option("--kind", "kinds", callback=named, metavar="KINDS", default="", help="Only these: plays,ratings.")
@click.option(
    "--conflict-strategy", "conflict", callback=named, metavar="S", default="", help="trakt-wins, newest-wins, ask …"
)
@click.option("--library", callback=named, metavar="TITLE", default="", help="Only what is in this library.")
@click.option(
    "--correct-dates", is_flag=True, help="Give plays that other programs entered in bulk the times of the library."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing anywhere.")
@click.option("--plan", callback=named, metavar="ID", default="", help="Do exactly what this plan showed, or nothing.")
@click.option("--full", is_flag=True, help="Read both accounts completely.")
@click.option("--watch", is_flag=True, help="Repeat until you press Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=15,
    show_default=True,
    help="Minutes between runs, with --watch.",
)
@json_option
@config_option
def sync(config: str | None, as_json: bool, **wish: Any) -> None:
    """Compare two trackers now, and bring over what one of them lacks.

    Returns when everything is delivered. A first contact with much to bring over shows its plan and waits for your
    yes. Works with and without a running serve.
    """
    sys.exit(code_of("sync", "sync")(config, wish, as_json=as_json))


@command.command()
@json_option
@config_option
def status(as_json: bool, config: str | None) -> None:
    """Show what came in, how each tracker is, and what waits.

    Every webhook and every play is counted.
    """
    sys.exit(code_of("status", "status")(config, as_json=as_json))


@command.command()
@click.option("--viewer", callback=named, metavar="NAME", help="Only what this person has.")
@click.option("--tracker", callback=named, metavar="NAME", help="Only what is missing at this tracker, or is of it.")
@json_option
@config_option
def unmatched(viewer: str | None, tracker: str | None, as_json: bool, config: str | None) -> None:
    """List what one side has and the other does not know, by show, and the answer that settles it.

    With the reason, and how many changes wait for it. After a correction the next run takes up all of it.
    """
    sys.exit(code_of("unmatched", "list_unmatched")(config, viewer, tracker, as_json=as_json))


@command.command("test-alert")
@click.option("--viewer", metavar="NAME", help="Only to the addresses that get what concerns this person.")
@json_option
@config_option
def test_alert(viewer: str | None, as_json: bool, config: str | None) -> None:
    """Send a test alert to every address, and say which accepted it."""
    sys.exit(code_of("trying", "test_alert")(config, viewer, as_json=as_json))


@command.command()
@click.argument("id", metavar="ID")
@click.option("--raw", is_flag=True, help="Also the message of every event of the viewing.")
@json_option
@config_option
def explain(id: str, raw: bool, as_json: bool, config: str | None) -> None:
    """Tell the whole story of one play, and what to do.

    What came in, whose it is, how it was matched, why it was sent or not, and each attempt. ID is a play like p7, a
    change like c31 (one play at one tracker) or an event like e12 (one message). scrobbled queue list names changes
    and plays, the page links each play to its story, and the log and the answer to a webhook name events.
    """
    sys.exit(code_of("explain", "explain")(config, id, raw=raw, as_json=as_json))


@command.command()
@click.argument("events", metavar="[EVENT]...", nargs=-1)
@click.option("--since", "begin", metavar="T", help="Only what came since: 2026-05-03, 2026-05-03T20:15 or 14d.")
@click.option("--source", metavar="SOURCE", help="Only what this source sent, like plex.")
@click.option("--dry-run", is_flag=True, help="Say what would be added, and change nothing.")
@json_option
@config_option
def replay(
    events: tuple[str, ...], begin: str | None, source: str | None, dry_run: bool, as_json: bool, config: str | None
) -> None:
    """Run stored webhooks again, with today's rules and configuration.

    What is a play already stays one play. Without EVENT and options all that is stored is run again.
    """
    options = {"begin": begin, "source": source, "dry_run": dry_run, "as_json": as_json}
    sys.exit(code_of("replay", "replay")(config, events, **options))


@command.command()
@click.argument("plays", metavar="[PLAY]...", nargs=-1)
@click.option("--run", "of_run", metavar="RUN", help="All that this run wrote, like r3.")
@click.option("--since", "begin", metavar="T", help="All that came in since: 2026-05-03, 2026-05-03T20:15 or 14d.")
@click.option("--until", "end", metavar="T", help="With --since: only what came in before.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken back where, and change nothing.")
@json_option
@config_option
def undo(plays: tuple[str, ...], as_json: bool, config: str | None, **asked: Any) -> None:
    """Take back what we wrote, everywhere, for good.

    PLAY is like p12, or like a5 for a tick without a play. What is not sent yet is not sent any more; what was there
    before us stays. It stays undone: also replay, and other reports of the same viewing, do not send it again.
    """
    sys.exit(code_of("undo", "undo")(config, plays, as_json=as_json, **asked))


for one in (
    queue,
    map_group,
    token,
    config_group,
    cache_group,
    setup,
    libraries,
    webhook,
    claim,
    test_event,
    *upkeep.COMMANDS,
    export_group,
):
    command.add_command(one)

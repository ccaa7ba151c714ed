"""The commands that lead people: setup, and choosing libraries. Their code is imported when it is used."""

from __future__ import annotations

import sys

import rich_click as click

from scrobbled.cli.options import code_of, config_option, json_option, named


@click.command()
@click.option("--elsewhere", is_flag=True, help="Also ask for addresses: of the sandbox, of a proxy.")
@config_option
def setup(elsewhere: bool, config: str | None) -> None:
    """Ask what is needed to begin, and write the configuration.

    As the first start on the page: who watches, trackers, signing in, the media server, libraries, and pairs. Each
    question can wait, and asking again goes on from there. Ctrl-C says what is left.
    """
    sys.exit(code_of("setup", "setup")(config, elsewhere=elsewhere))


@click.command()
@click.option("--viewer", callback=named, metavar="NAME", help="Only this viewer's.")
@click.option("--tracker", callback=named, metavar="NAME", help="Only at this tracker, like plex.")
@click.option(
    "--choose",
    callback=named,
    metavar="TITLE,…",
    multiple=True,
    help="Have only these count from now on; all is every one, also those to come.",
)
@json_option
@config_option
def libraries(
    viewer: str | None, tracker: str | None, choose: tuple[str, ...], as_json: bool, config: str | None
) -> None:
    """Show the servers and libraries that a viewer can see, and choose which count.

    A title means that library of every server; with the server before it, like Attic/Films, that one alone. The choice
    is written into the configuration. Leaving a library out removes nothing anywhere.
    """
    sys.exit(code_of("libraries", "libraries")(config, viewer, tracker, choose, as_json=as_json))

"""The commands about who reports: where, whose account it is, and trying it. Their code is imported when it is used."""

from __future__ import annotations

import sys

import rich_click as click

from scrobbled.cli.options import code_of, config_option, json_option


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--register", "registering", is_flag=True, help="Enter it at Plex, Jellyfin or Emby by its API.")
@json_option
@config_option
def webhook(source: str, registering: bool, as_json: bool, config: str | None) -> None:
    """Print the address for a media server, and the steps there.

    SOURCE is plex, tautulli, jellyfin, jellyfin-webhooks, emby, kodi, sonarr, radarr or trakt. The address holds the
    secret that lets the server in. For a source that is not configured yet, prints the lines to add. With --register
    the server is asked to report here: what else reports from there stays.
    """
    sys.exit(code_of("webhook", "webhook")(config, source, registering=registering, as_json=as_json))


@click.command()
@click.argument("source", metavar="[SOURCE]", required=False)
@click.argument("account", metavar="[ACCOUNT]", required=False)
@click.option("--viewer", metavar="NAME", help="Whose account it is; not needed where there is only one viewer.")
@json_option
@config_option
def claim(source: str | None, account: str | None, viewer: str | None, as_json: bool, config: str | None) -> None:
    """Assign an unknown account to a person.

    Without SOURCE, or as claim list, shows who was heard. Writes one line into the configuration file, whose comments
    stay; a running serve notices, and delivers what waited.
    """
    sys.exit(code_of("claim", "claim")(config, source, account, viewer, as_json=as_json))


@click.command("test-event")
@click.option("--source", metavar="NAME", help="To the webhook of this source; without it of each.")
@click.option("--viewer", metavar="NAME", help="As watched by this person; else by the first who lists the source.")
@json_option
@config_option
def test_event(source: str | None, viewer: str | None, as_json: bool, config: str | None) -> None:
    """Send a test event through everything except the trackers.

    It is understood and stored, and you are told to whom a real one would go.
    """
    sys.exit(code_of("trying", "test_event")(config, source, viewer, as_json=as_json))

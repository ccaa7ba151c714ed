"""The commands that have commands of their own: queue, map, token, config, cache."""

from __future__ import annotations

import sys
from typing import Any

import rich_click as click

from scrobbled.cli.options import code_of, config_option, json_option, no_config_option


@click.group()
def queue() -> None:
    """Show what is not delivered yet, and decide on it."""


@queue.command("list")
@click.option("--all", "every", is_flag=True, help="Also what needs nobody, and each change that a flood holds.")
@click.option("--flood", metavar="ID", help="Only what this flood holds, like f3.")
@json_option
@config_option
def queue_list(every: bool, flood: str | None, as_json: bool, config: str | None) -> None:
    """Show what is not delivered: a summary, and below it what needs you, and why.

    One line for each change (one play at one tracker), and one for a whole flood. JSON lists each change.
    """
    sys.exit(code_of("queue_list", "list_changes")(config, as_json=as_json, every=every, flood=flood))


def _queue_action(name: str, help_text: str, *, all_without_id: bool) -> None:
    @queue.command(name, help=help_text)
    @click.argument("ids", metavar="[ID]..." if all_without_id else "ID...", nargs=-1, required=not all_without_id)
    @json_option
    @config_option
    def action(ids: tuple[str, ...], as_json: bool, config: str | None) -> None:
        sys.exit(code_of("queue", "act")(config, name, ids, as_json=as_json))


_queue_action("retry", "Try again now what is named, like c12; without ID everything that waits.", all_without_id=True)
_queue_action(
    "approve",
    "Send what is held, like c12 or the flood f3; without ID all but what asks, like a7.",
    all_without_id=True,
)
_queue_action("drop", "Leave out for good what is named, like c12 or the flood f3.", all_without_id=False)


@queue.command("pause")
@click.option("--for", "length", metavar="TIME", help="For how long, like 1h or 1d; without it until you resume.")
@json_option
@config_option
def queue_pause(length: str | None, as_json: bool, config: str | None) -> None:
    """Deliver nothing for a while.

    Webhooks are taken, and everything is kept and goes out after that.
    """
    sys.exit(code_of("pausing", "pause")(config, length, as_json=as_json))


@queue.command("resume")
@json_option
@config_option
def queue_resume(as_json: bool, config: str | None) -> None:
    """Deliver again, after a pause."""
    sys.exit(code_of("pausing", "resume")(config, as_json=as_json))


@click.group("map")
def map_group() -> None:
    """Correct a match: say what a show, episode or film really is."""


@map_group.command("list")
@json_option
@config_option
def map_list(as_json: bool, config: str | None) -> None:
    """List every correction, oldest first."""
    sys.exit(code_of("corrections", "list_corrections")(config, as_json=as_json))


@map_group.command("set")
@click.argument("what", nargs=-1, required=True)
@click.option("--to", default="", metavar="TARGET", help="What it is: tmdb:12345, or its address on themoviedb.org.")
@click.option("--ignore", is_flag=True, help="Never send it anywhere.")
@click.option("--movie", is_flag=True, help="WHAT is a film.")
@click.option("--season", type=int, metavar="N", help="Only this season, as the media server numbers it.")
@click.option("--episodes", default="", metavar="RANGE", help="Only these: 13, 13-24, or 13- for all from there on.")
@click.option("--to-season", type=int, metavar="N", help="The season it is there; 0 for specials.")
@click.option("--to-episode", type=int, metavar="N", help="The number the first of these episodes has there.")
@click.option("--viewer", metavar="NAME", help="Only for this viewer.")
@json_option
@config_option
def map_set(what: tuple[str, ...], as_json: bool, config: str | None, **wish: Any) -> None:
    """Say what a show, season, episode or film really is.

    WHAT is a title as the media server shows it, an id like tvdb:445566, or what waits, like c12. What waited for it
    is delivered.

    \b
    scrobbled map set c12 --to https://www.themoviedb.org/tv/202020/season/1/episode/3
    scrobbled map set "Harbour" --to tmdb:202020
    scrobbled map set "Harbour" --season 2 --to tmdb:202020 --to-season 1
    scrobbled map set "Harbour" --season 1 --episodes 13-24 --to tmdb:202020 --to-season 2 --to-episode 1
    scrobbled map set "Salt Flats (2019)" --movie --to tmdb:717171
    scrobbled map set "Trailer Park" --ignore
    """
    sys.exit(code_of("corrections", "set_correction")(config, " ".join(what), wish, as_json=as_json))


@map_group.command("remove")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@json_option
@config_option
def map_remove(ids: tuple[str, ...], as_json: bool, config: str | None) -> None:
    """Take corrections back, like m3.

    What they applied to and was not sent is looked up anew; what was delivered stays delivered.
    """
    sys.exit(code_of("corrections", "remove_corrections")(config, ids, as_json=as_json))


@map_group.command("test")
@click.argument("what", nargs=-1, required=True)
@click.option("--movie", is_flag=True, help="WHAT is a film.")
@click.option("--absolute", is_flag=True, help="The number counts through the whole show, as with some anime.")
@click.option("--viewer", metavar="NAME", help="Only for this viewer.")
@json_option
@config_option
def map_test(
    what: tuple[str, ...], movie: bool, absolute: bool, viewer: str | None, as_json: bool, config: str | None
) -> None:
    """Show where each tracker would put something, and send nothing.

    WHAT is a title with season and episode, a film, or what waits, like c12.

    \b
    scrobbled map test "Harbour" 2 5
    scrobbled map test --movie "Salt Flats (2019)"
    scrobbled map test c12
    """
    function = code_of("corrections", "test_correction")
    sys.exit(function(config, what, viewer, movie=movie, absolute=absolute, as_json=as_json))


@click.group()
def token() -> None:
    """Let players and scripts in, and shut them out again."""


@token.command("create")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--viewer", metavar="NAME", help="Make it for the Trakt endpoint, as this viewer; else for the API.")
@click.option(
    "--scope",
    type=click.Choice(["read", "write", "admin"]),
    default="admin",
    show_default=True,
    help="What it may do with the API: look, look and act, or everything.",
)
@json_option
@config_option
def token_create(name: str | None, viewer: str | None, scope: str, as_json: bool, config: str | None) -> None:
    """Print a new token for a player or a script.

    It is told only this once. NAME is for you to know it by.
    """
    sys.exit(code_of("token", "create")(config, name, viewer, scope, as_json=as_json))


@token.command("list")
@json_option
@config_option
def token_list(as_json: bool, config: str | None) -> None:
    """List every token, what it opens, and when it was last used."""
    sys.exit(code_of("token", "list_tokens")(config, as_json=as_json))


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@config_option
def token_revoke(token_id: str, config: str | None) -> None:
    """Shut out whoever has this token.

    The ID stands in token list, like t3.
    """
    sys.exit(code_of("token", "revoke")(config, token_id))


@token.command("approve")
@click.argument("code")
@click.option("--viewer", metavar="NAME", help="Whose viewing it reports; not needed where there is only one.")
@config_option
def token_approve(code: str, viewer: str | None, config: str | None) -> None:
    """Let in the player or script that shows this code.

    The page does the same at /activate.
    """
    sys.exit(code_of("token", "approve")(config, code, viewer))


@click.group("config")
def config_group() -> None:
    """Check and show the configuration."""


@config_group.command("check")
@config_option
def config_check(config: str | None) -> None:
    """List every mistake, with its place and line."""
    sys.exit(code_of("configuration", "check")(config))


@config_group.command("show")
@json_option
@config_option
def config_show(as_json: bool, config: str | None) -> None:
    """Show every setting in force, and where its value came from.

    Secrets are masked.
    """
    sys.exit(code_of("configuration", "show")(config, as_json=as_json))


@config_group.command("hash-password")
@no_config_option
def config_hash_password() -> None:
    """Ask for a password and print what may stand for it under server.login.password."""
    sys.exit(code_of("configuration", "hash_password")())


@config_group.command("schema")
@no_config_option
def config_schema() -> None:
    """Print a JSON Schema of the file, for editors."""
    sys.exit(code_of("configuration", "schema")())


@click.group("cache")
def cache_group() -> None:
    """Forget what is kept only to spare asking."""


@cache_group.command("clear")
@click.option("--media", is_flag=True, help="What catalogues and servers told of films, shows and libraries.")
@click.option("--matches", is_flag=True, help="Which film or show something was found to be, and what was not found.")
@click.option("--pictures", is_flag=True, help="Posters, which are fetched again when they are looked at.")
@json_option
@config_option
def cache_clear(as_json: bool, config: str | None, **parts: bool) -> None:
    """Forget kept answers, all of them or those named, and ask anew where they are needed.

    What was watched, what trackers agreed on, corrections and sign-ins stay. Works beside a running serve.
    """
    chosen = [part for part, wished in parts.items() if wished]
    sys.exit(code_of("cache", "clear_cache")(config, chosen, as_json=as_json))

"""``scrobbled token``: what programs show to be let in."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import rich_click as click

from scrobbled.cli.common import configured, iso, opened, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.errors import ConfigError
from scrobbled.core.words.plain import plain
from scrobbled.desk.facts import ids
from scrobbled.desk.sign_in.tokens import NewToken, told
from scrobbled.store.accounts import clients

T = TypeVar("T")
DOES = {"read": "to look only", "write": "to look and act", "admin": "for everything"}
OPENS: Mapping[str, str] = {clients.PLAYER: "the Trakt endpoint for", "api": "the API"}


def create(path: str | None, name: str | None, viewer: str | None, scope: str, *, as_json: bool) -> int:
    """Prints the token, which nobody can tell again; 0."""
    config = configured(path)
    whose = None if viewer is None else _viewer(config, viewer)
    kind: clients.TokenKind = "api" if whose is None else clients.PLAYER
    client, token = _write(config, lambda db: clients.create(db, kind, name or kind, whose, time.time(), scope))
    if as_json:
        print_json(plain(NewToken(told(client), token)), masked=False)
        return 0
    click.echo(token)
    say(f"t{client.id} opens {_opens(client)}. It is shown only this once; only a hash of it is kept.", err=True)
    return 0


def list_tokens(path: str | None, *, as_json: bool) -> int:
    found = _write(configured(path), clients.listed)
    if as_json:
        print_json([plain(told(client)) for client in found])
        return 0
    for client in found:
        used = f"last used {iso(client.used_at)}" if client.used_at else "not used yet"
        ends = f", to be renewed by {iso(client.expires_at)}" if client.expires_at else ""
        say(f"t{client.id}  {client.name}  opens {_opens(client)}  since {iso(client.created_at)}, {used}{ends}")
    if not found:
        say("No tokens. scrobbled token create makes one.")
    return 0


def revoke(path: str | None, token_id: str) -> int:
    """1 where there is no such token."""
    number = ids.number(token_id, "t")
    if number is None:
        raise click.UsageError(f"{token_id} is not the ID of a token; scrobbled token list shows them, like t3.")
    if not _write(configured(path), lambda db: clients.revoke(db, number)):
        say(f"There is no token t{number} (any more); scrobbled token list shows them.", err=True)
        return 1
    say(f"t{number} is revoked: it opens nothing from now on.")
    return 0


def approve(path: str | None, code: str, viewer: str | None) -> int:
    """1 where the code cannot be approved (any more)."""
    config = configured(path)
    whose = _viewer(config, viewer)
    if trouble := _write(config, lambda db: clients.decide(db, code, whose, time.time())):
        say(clients.TROUBLES[trouble], err=True)
        return 1
    say(f"Done. The program now reports for {whose}.")
    return 0


def _opens(client: clients.Client) -> str:
    what = f"{OPENS[client.kind]} {client.viewer}" if client.viewer else OPENS[client.kind]
    return f"{what}, {DOES[client.scope]}" if client.scope else what


def _viewer(config: Config, name: str | None) -> str:
    """The name as it is written in the configuration; without one the only viewer."""
    found = config.viewer(name) if name is not None else config.viewers[0] if len(config.viewers) == 1 else None
    if found is None:
        names = ", ".join(viewer.name for viewer in config.viewers) or "nobody"
        raise ConfigError([f"viewers: say with --viewer NAME whose it is; there is: {names}."])
    return found.name


def _write(config: Config, work: Callable[[sqlite3.Connection], T]) -> T:
    async def done() -> T:
        async with opened(config, create=True) as store:
            return await store.write(work)

    return run(done())

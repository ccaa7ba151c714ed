"""``scrobbled tray``, ``--sign-in``, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import rich_click as click

from scrobbled.cli.tray import keeping
from scrobbled.cli.tray.icon import NoIcon, show
from scrobbled.cli.tray.watch import ServiceApi, Watch
from scrobbled.core.errors import ConfigError, LoginNeeded, ScrobbledError, TrackerError
from scrobbled.core.words.printable import printable

USUAL = "http://localhost:8484"
HANDED = "SCROBBLED_TRAY_TOKEN"
"""A token for this one process, as ``serve --tray`` makes it."""
_HERE = ("localhost", "127.0.0.1", "::1")


def tray(url: str | None, config: str | None, *, sign_in: bool) -> int:
    """0 when somebody exits; 1 where there is no desktop, or nobody who lets it in."""
    base, file = address(url or USUAL), keeping.place(os.environ, Path.home())
    try:
        if sign_in:
            return asyncio.run(_signed_in(base, file, config, asked_for=url is not None))
        token = os.environ.pop(HANDED, "") or keeping.token(file, base)
        show(lambda told: Watch(ServiceApi(base, token), told), _say)
    except NoIcon as error:
        _say(str(error))
        return 1
    return 0


def address(url: str) -> str:
    """Without a slash at its end. Raises ``click.UsageError`` for what is no address of a service."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise click.UsageError(f"--url {url} is no address; write it like http://nas:8484")
    if parts.username or parts.password:
        raise click.UsageError("--url names a password; leave it out, and use scrobbled tray --sign-in")
    return url.rstrip("/")


async def _signed_in(base: str, file: Path, config: str | None, *, asked_for: bool) -> int:
    """Nothing is kept before the service has taken it."""
    try:
        if await _lets_in(base, ""):
            _say(f"{base} asks for no sign-in here. Start the icon with: scrobbled tray{_named(base, asked_for)}")
            return 0
        token = await _made_here(base, config) or str(click.prompt(_asks(base), hide_input=True, err=True)).strip()
        if not await _lets_in(base, token):
            _say(f"{base} does not let this token in. Make one that may look and act, and try again.")
            return 1
    except TrackerError as error:
        _say(f"scrobbled does not answer at {base}: {error.reason}. Start it there, or name its address by --url.")
        return 1
    keeping.keep(file, base, token)
    _say(f"Signed in; the token is in {file}. Start the icon with: scrobbled tray{_named(base, asked_for)}")
    return 0


async def _lets_in(base: str, token: str) -> bool:
    service = ServiceApi(base, token)
    try:
        await service.look()
    except LoginNeeded:
        return False
    finally:
        await service.aclose()
    return True


async def _made_here(base: str, config: str | None) -> str:
    """A token made in the database, where the service is on this machine and its files are ours; else empty."""
    if urlsplit(base).hostname not in _HERE:
        return ""
    try:
        from scrobbled.cli.common import configured
        from scrobbled.store import Store
        from scrobbled.store.accounts import clients
    except ImportError:  # Windows has a service only in a container
        return ""
    try:
        store = Store(configured(config).storage.path, create=False)
    except (ScrobbledError, ConfigError, OSError):
        return ""
    name = f"tray icon on {socket.gethostname()}"
    _, token = await store.write(lambda db: clients.create(db, "api", name, None, time.time(), "write"))
    await store.aclose()
    return token


def _asks(base: str) -> str:
    return f"A token that may look and act ({base}/settings/tokens, or: scrobbled token create --scope write)"


def _named(base: str, asked_for: bool) -> str:
    return f" --url {base}" if asked_for else ""


def _say(text: str) -> None:
    click.echo(printable(text), err=True)

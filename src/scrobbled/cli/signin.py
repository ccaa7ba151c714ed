"""``scrobbled auth``: sign in to a tracker, or at Plex for the server of the house, and store the sign-in."""

from __future__ import annotations

import contextlib
import getpass
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import rich_click as click

from scrobbled.cli.common import configured, opened, redactor, run, say
from scrobbled.config import Config, ViewerConfig
from scrobbled.config.fields import Table
from scrobbled.config.people import section
from scrobbled.config.trackers import TRACKERS as SECTIONS
from scrobbled.core.errors import ConfigError, LoginNeeded
from scrobbled.core.naming import names
from scrobbled.core.services import SERVICES
from scrobbled.desk.sign_in import HOUSE, WAYS, home_for, of_house, offered, sign_out
from scrobbled.plumbing.clock import SystemClock
from scrobbled.plumbing.pools import Pools
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.trackers import known_as
from scrobbled.trackers.given import SignIn

HOME_USER = "home_user"
"""The key of a tracker's section that says for whom the owner of a home signs in."""


def auth(path: str | None, tracker: str, viewer_name: str | None, home_user: str | None = None) -> int:
    """0 when signed in. Prints what the person has to do on lines of its own, at once."""
    config = configured(path)
    name, settings = _account(config, tracker, viewer_name)
    if home_user is not None:
        settings = {**settings, HOME_USER: _possible(tracker, name, home_user)}
    try:
        who = run(_sign_in(config, name, tracker, settings))
    except LoginNeeded as error:
        say(error.reason, err=True)
        return 1
    except KeyboardInterrupt:
        say("\nStopped. You are not signed in by this; run the same command again when you are ready.", err=True)
        raise
    say(f"Signed in to {tracker} for {name or 'the server of the house'}" + (f" as {who}." if who else "."))
    if name == HOUSE:
        say("Choose the server on the page: More, Connect a media server, Plex.")
    return 0


def leave(path: str | None, tracker: str, viewer_name: str | None) -> int:
    """0 when the sign-in is forgotten, whatever the service says of it."""
    config = configured(path)
    name, settings = _account(config, tracker, viewer_name)
    left = run(_sign_out(config, name, tracker, settings))
    say(f"Signed out of {tracker} for {name or 'the server of the house'}. {left}".rstrip())
    if any(settings.get(key) for key in ("token", "password")):
        say("The configuration has what it takes to sign in again by itself; remove that as well.")
    return 0


def _possible(tracker: str, viewer: str, home_user: str) -> str:
    shape = SECTIONS.shapes[tracker]
    if viewer == HOUSE or not isinstance(shape, Table) or HOME_USER not in shape.fields:
        raise click.UsageError(f"Nobody signs in to {_called(tracker)} for somebody of a home; leave --home-user out.")
    return home_user


def _called(tracker: str) -> str:
    return names.name(tracker) if tracker in SERVICES else tracker[:40]


def _known() -> str:
    *others, last = sorted(offered())
    return f"{', '.join(others)} and {last}"


def _account(config: Config, tracker: str, viewer_name: str | None) -> tuple[str, Mapping[str, Any]]:
    """Whose sign-in it is, and the settings; at Plex the house's own server, where no viewer has it as a tracker."""
    if tracker not in offered():
        raise click.UsageError(f"{_called(tracker)} is none that this version signs in to. There is {_known()}.")
    server = of_house(config, tracker)
    if server and viewer_name is None and not any(tracker in one.trackers for one in config.viewers):
        return HOUSE, {"account_url": server.account_url} if server.account_url else {}
    viewer = _viewer(config, tracker, viewer_name)
    return viewer.name, section(config, viewer, tracker)


def _viewer(config: Config, tracker: str, name: str | None) -> ViewerConfig:
    having = [viewer for viewer in config.viewers if tracker in viewer.trackers]
    if name is not None:
        chosen = config.viewer(name)
        if chosen is None or chosen not in having:
            names = ", ".join(viewer.name for viewer in having) or "nobody"
            raise ConfigError([f"viewers: {name} has no tracker {tracker}; {names} has."])
        return chosen
    if len(having) != 1:
        if not having:
            raise ConfigError([f"viewers: nobody has {tracker} yet; add it under trackers of a person."])
        names = ", ".join(viewer.name for viewer in having)
        raise ConfigError([f"viewers: say whose {tracker} account with --viewer NAME; these have one: {names}."])
    return having[0]


async def _sign_in(config: Config, viewer: str, tracker: str, settings: Mapping[str, Any]) -> str:
    async with _asking(config, viewer, tracker, settings) as (request, store):
        who = await WAYS[tracker].sign_in(request)
        now = request.clock.now().timestamp()
        await store.write(lambda db: sign_ins.signed_in(db, viewer, tracker, now))
        return who


async def _sign_out(config: Config, viewer: str, tracker: str, settings: Mapping[str, Any]) -> str:
    async with _asking(config, viewer, tracker, settings) as (request, store):
        return await sign_out(WAYS[tracker], request, store, tracker)


@contextlib.asynccontextmanager
async def _asking(
    config: Config, viewer: str, tracker: str, settings: Mapping[str, Any]
) -> AsyncIterator[tuple[SignIn, Store]]:
    clock, person = SystemClock(), config.viewer(viewer)
    async with opened(config, create=True) as store, contextlib.aclosing(Pools().to(tracker)) as http:
        request = SignIn(
            viewer=viewer,
            settings=settings,
            http=http,
            tokens=StoredTokens(store, viewer, tracker, _learn, clock.now, home_for(viewer, settings)),
            clock=clock,
            tell=say,
            ask=_ask,
            accounts=known_as(tracker, person.accounts if person else {}),
        )
        yield request, store


def _learn(values: Mapping[str, Any] | None) -> None:
    redactor().add(*sign_ins.secrets_of(values))


def _ask(question: str) -> str:
    """From the terminal without echo, or a line from a pipe."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{question}: ")
    return sys.stdin.readline().rstrip("\r\n")

"""``scrobbled libraries``: the servers and libraries that a viewer can see, and choosing which of them count."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Iterator, Sequence

import rich_click as click

from scrobbled.cli.common import configured, print_json, redactor, run, say
from scrobbled.config import Config
from scrobbled.core.errors import ConfigError
from scrobbled.core.naming.names import name
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.plain import plain
from scrobbled.desk.doctor import Patient, accounts_of
from scrobbled.desk.libraries import libraries as desk
from scrobbled.desk.libraries.libraries import AccountLibraries
from scrobbled.plumbing.clock import SystemClock
from scrobbled.trackers import TRACKERS

ALL = "all"


def libraries(
    path: str | None, viewer: str | None, tracker: str | None, choose: Sequence[str], *, as_json: bool
) -> int:
    """1 where an account could not be asked. A server that does not answer is told, and the others are listed."""
    config = configured(path)
    wanted = _accounts(config, viewer, tracker)
    if choose and len(wanted) != 1:
        whose = "; ".join(f"--viewer {one} --tracker {other}" for one, other in wanted)
        raise click.UsageError(f"Say whose libraries are chosen: {whose}.")
    found = run(_asked(config, wanted))
    if choose:
        found = [_chosen(config, found[0], choose, as_json=as_json)]
    if as_json:
        print_json([plain(one) for one in found])
    else:
        for one in found:
            _print(one, choosing=bool(choose))
    return 1 if any(one.error for one in found) else 0


def _accounts(config: Config, viewer: str | None, tracker: str | None) -> list[AccountKey]:
    found = [one for one in desk.accounts(config, viewer) if tracker in (None, one[1])]
    if not found:
        kinds = ", ".join(one for one, entry in TRACKERS.items() if entry.can().is_library)
        nobody = f"{viewer} has no" if viewer else "nobody has a"
        raise ConfigError([f"viewers: {nobody} tracker with libraries; there is {kinds}. Write it under trackers"])
    return found


async def _asked(config: Config, wanted: Sequence[AccountKey]) -> list[AccountLibraries]:
    """Looks only: nothing of a sign-in is changed, whether or not a service runs beside."""
    async with accounts_of(Patient(config, {}, SystemClock(), redactor())) as there:
        if any(account not in there.trackers for account in wanted):
            raise ConfigError([f"{config.storage.path}: the database cannot be read; scrobbled doctor says why"])
        accounts = [desk.account_of(config, *account) for account in wanted]
        return list(await asyncio.gather(*(desk.asked(*one, there.trackers[one[0].name, one[1]]) for one in accounts)))


def _chosen(config: Config, found: AccountLibraries, choose: Sequence[str], *, as_json: bool) -> AccountLibraries:
    """As it stands after it was written."""
    if found.error:
        return found
    names = _names(found, choose)
    written = desk.write(config, os.environ, (found.viewer, found.tracker), desk.picked(found, names) if names else ())
    if not as_json:
        said = ", ".join(written.libraries) or "all, also those that are added later"
        say(f"Chosen for {found.viewer} at {name(found.tracker)}: {said}.")
        say(f"Written into {written.file}; as it was before it is {written.copy}." if written.copy else "It was so.")
    return desk.as_chosen(found, written.libraries)


def _names(found: AccountLibraries, choose: Sequence[str]) -> list[str]:
    """A title may have a comma in it; ``all`` is every library, unless one is called so."""
    names: list[str] = []
    for text in choose:
        parts = [text.strip()] if desk.is_there(found, text) else [one.strip() for one in text.split(",")]
        names += [one for one in parts if one]
    if [one.casefold() for one in names] == [ALL] and not desk.is_there(found, ALL):
        return []
    if not names:
        raise click.UsageError("--choose names nothing; name libraries by their titles, or write all.")
    return names


def _print(found: AccountLibraries, *, choosing: bool) -> None:
    click.echo()
    click.secho(f"{found.viewer} at {name(found.tracker)}", bold=True)
    for line in _lines(found):
        say(line)
    if not found.error and not choosing:
        command = shlex.join(["scrobbled", "libraries", "--viewer", found.viewer, "--choose", _example(found)])
        click.echo()
        say(f"{'All count, also those that are added later. ' if found.all else ''}To choose: {command}")


def _lines(found: AccountLibraries) -> Iterator[str]:
    if found.error:
        yield f"  {found.error}"
    width = max((len(one.title) for one in found.libraries), default=0)
    for server in found.servers:
        yield f"  {server.server}" + (f": {server.why}" if server.why else "")
        yield from (
            f"    {'chosen' if one.chosen else '-':<6}  {one.title:<{width}}  {one.count}" for one in server.libraries
        )
        if not server.libraries and not server.why:
            yield "    none with films or shows"
    if not found.servers and not found.error:
        yield "  There is no library with films or shows that this account may see."
    for one in found.absent:
        yield f"  {one} is chosen, and on none of the servers that answer."


def _example(found: AccountLibraries) -> str:
    return ",".join(one.name for one in found.libraries[:2]) or "TITLE"

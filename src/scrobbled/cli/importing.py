"""``scrobbled import``: a file is compared with the trackers as if it were one, and they get what they lack."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click
from msgspec.structs import replace

from scrobbled.cli import losses
from scrobbled.cli.common import configured, plural, print_json, say
from scrobbled.cli.ending import NOTHING_CHANGED, until_told
from scrobbled.cli.following import follow
from scrobbled.cli.runs import first, meant, planned, reported, say_plan, say_run
from scrobbled.cli.served import ServiceAccess, service
from scrobbled.cli.sync import check_plan, rehearsed
from scrobbled.config import Config
from scrobbled.config.viewing import ViewerConfig
from scrobbled.core.naming import names
from scrobbled.intake.household import is_destination
from scrobbled.plumbing.clock import SystemClock
from scrobbled.reconcile import Options, Wired
from scrobbled.reconcile.mirror import absorb
from scrobbled.reconcile.pairs import imported
from scrobbled.reconcile.reading import AccountReading, StoredKnown
from scrobbled.store import Store
from scrobbled.store.mirror import runs
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.files import read_file
from scrobbled.trackers.files.parsed import Parsed
from scrobbled.trackers.files.tracker import FileTracker, file_name


def import_file(path: str | None, file: str, wish: Mapping[str, Any], *, as_json: bool) -> int:
    """1 when a part of the file could not be read, or something failed; a plan that wants a yes is no failure."""
    config = configured(path)
    if wish["dry_run"] and wish["plan"]:
        raise click.UsageError("--plan carries out what a --dry-run showed; say one of the two.")
    check_plan(wish["plan"].strip())
    viewer = _viewer(config, wish["viewer"])
    where = Path(file).expanduser()
    parsed = read_file(where, SystemClock().now(), wish["format"] or "")
    told = _told(parsed)
    if not as_json:
        _say_file(where, parsed)
    if parsed.plays or parsed.ratings:
        left = NOTHING_CHANGED if wish["dry_run"] else ""
        found = until_told(_imported(config, viewer, where, parsed, wish, quiet=as_json), left)
    else:
        found = until_told(losses.found(config, viewer, parsed, quiet=as_json), NOTHING_CHANGED)
    if found is None:
        return 1
    if as_json:
        print_json({**found, "file": told})
    return 1 if parsed.troubles or found["failed"] else 0


def _viewer(config: Config, name: str | None) -> ViewerConfig:
    known = ", ".join(viewer.name for viewer in config.viewers) or "none"
    if name:
        found = config.viewer(name)
        if found is None:
            raise click.UsageError(f"No viewer is called {name}; known here: {known}.")
        return found
    if len(config.viewers) != 1:
        raise click.UsageError(f"Say whose history it is, with --viewer; known here: {known}.")
    return config.viewers[0]


def _told(parsed: Parsed) -> dict[str, Any]:
    return {
        "format": parsed.format,
        "plays": len(parsed.plays),
        "ratings": len(parsed.ratings),
        "skipped": dict(parsed.skipped),
        "troubles": list(parsed.troubles),
    }


def _say_file(where: Path, parsed: Parsed) -> None:
    held = f"{plural(len(parsed.plays), 'play')} and {plural(len(parsed.ratings), 'rating')}"
    if parsed.hints:
        held = plural(len(parsed.hints), "remembered viewing")
    say(f"{where.name}, {parsed.format}: {held}.")
    for reason, count in parsed.skipped.items():
        say(f"  {count:,} left out: {reason}")
    for trouble in parsed.troubles:
        say(trouble, err=True)


def _targets(viewer: ViewerConfig, parsed: Parsed, where: Path, to: Sequence[str]) -> list[Wired]:
    """The trackers that take what a file can hold; a library takes nothing of that."""
    there = [name for name in viewer.trackers if name in TRACKERS]
    fitting = [name for name in there if TRACKERS[name].can().reads and is_destination(name)]
    strange = [name for name in to if name not in fitting]
    if strange or not fitting:
        known = ", ".join(fitting) or "none"
        wanted = f" {' or '.join(strange)}" if strange else ""
        raise click.UsageError(f"{viewer.name} has no tracker{wanted} to import to; there is {known}.")
    name = file_name(where, parsed)
    return [imported(viewer.name, name, target) for target in fitting if not to or target in to]


async def _imported(
    config: Config, viewer: ViewerConfig, where: Path, parsed: Parsed, wish: Mapping[str, Any], *, quiet: bool
) -> dict[str, Any]:
    chosen = _targets(viewer, parsed, where, wish["to"])
    options = Options(plan=wish["plan"].strip())
    command = shlex.join(["scrobbled", "import", str(where), "--viewer", viewer.name])
    if wish["format"]:
        command += f" --format {wish['format']}"
    if wish["dry_run"]:
        told = [await _rehearsed(config, one, parsed, command, quiet=quiet) for one in chosen]
    else:
        async with service(config) as served:
            chosen = await meant(served.store, chosen, options.plan, named="--to")
            await _put_up(served.store, chosen[0], parsed)
            told = await _each(served, chosen, options, command, quiet=quiet)
    names = {"run_id": first(told, "run_id"), "plan_id": first(told, "plan_id")}
    return {**names, "dry_run": wish["dry_run"], "runs": told, "failed": any(one["failed"] for one in told)}


async def _rehearsed(config: Config, one: Wired, parsed: Parsed, command: str, *, quiet: bool) -> dict[str, Any]:
    told = replace(parsed, skipped={})  # was said when the file was read
    files = {one.sides.a: FileTracker(one.sides.a, told)}
    ended = await rehearsed(config, one, Options(), quiet=quiet, files=files)
    if not quiet:
        say_plan(one, ended, f"{command} --to {one.sides.b}")
    return planned(one, ended)


async def _put_up(store: Store, one: Wired, parsed: Parsed) -> None:
    """The file's records into the database, where whoever serves finds them."""
    account, clock = one.sides.account("a"), SystemClock()
    known = StoredKnown(store, account)
    file = FileTracker(one.sides.a, parsed)
    reading = await file.read(file.can.reads, {}, known, full=True)
    await absorb(store, AccountReading(account, reading, clock.now().timestamp(), precision=1), clock)


async def _each(
    served: ServiceAccess, chosen: Sequence[Wired], options: Options, command: str, *, quiet: bool
) -> list[dict[str, Any]]:
    """One after the other. When it is cancelled it says which have not begun."""
    told: list[dict[str, Any]] = []
    try:
        for one in chosen:
            told.append(await _carried_out(served, one, options, command, quiet=quiet))
    except asyncio.CancelledError:
        rest = [one.sides.b for one in chosen[len(told) + 1 :]]
        if rest and not quiet:
            to = " ".join(f"--to {tracker}" for tracker in rest)
            say(
                f"The import to {' and '.join(map(names.name, rest))} has not begun. To do it: {command} {to}", err=True
            )
        raise
    return told


async def _carried_out(
    served: ServiceAccess, one: Wired, options: Options, command: str, *, quiet: bool
) -> dict[str, Any]:
    now = datetime.now(UTC).timestamp()
    wanted = (one.sides.viewer, one.sides.pair, "import", options.stored(), now)
    id_ = await served.store.write(lambda db: runs.ask(db, *wanted))
    done = await follow(served, id_, say=None if quiet else lambda text: say(text, err=True))
    if not quiet:
        say_run(one, done, f"{command} --to {one.sides.b}")
    return reported(done)

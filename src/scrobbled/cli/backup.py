"""``scrobbled backup``, ``restore`` and ``reset-state``: the state of the service, whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import rich_click as click

from scrobbled.cli.common import configured, plural, print_json
from scrobbled.core.words.plain import plain
from scrobbled.store.keeping import backup, restoring

LOOKED_UP = "What waits is looked up at its tracker before it is sent, as it may have been delivered since the copy."


def make(path: str | None, target: str, *, force: bool, as_json: bool) -> int:
    """Into ``target``, or under a dated name where that is a folder."""
    source, now = configured(path).storage.path, datetime.now(UTC)
    place = backup.dated(Path(target), source, now) if _is_folder(target) else Path(target)
    made = backup.make(source, place, overwrite=force)
    if as_json:
        print_json({**plain(made), "path": str(made.path), "made_at": now.isoformat(timespec="seconds")})
    else:
        click.echo(f"{made.path}: {_size(made.size)}, {plural(made.plays, 'play')}, {made.waiting} waiting.")
        click.echo("It was read back and is whole. Keep it private: your sign-ins are in it. The configuration is not.")
    return 0


def restore(path: str | None, copy: str) -> int:
    done = restoring.restore(Path(copy), configured(path).storage.path, datetime.now(UTC))
    click.echo(f"Restored {plural(done.plays, 'play')}, {done.waiting} waiting, and the sign-ins.")
    if done.newer_sign_ins:
        click.echo(f"{plural(done.newer_sign_ins, 'sign-in')} that was newer here stayed as it was.")
    if done.waiting:
        click.echo(LOOKED_UP)
    if done.kept:
        click.echo(f"What was there before is {done.kept}.")
    click.echo("Paths and viewers come from the configuration. Start scrobbled serve now.")
    return 0


def reset(path: str | None, *, sure: bool) -> int:
    place = configured(path).storage.path
    if not sure:
        click.confirm(
            f"Forget every webhook, play and queued change in {place}? What the trackers hold stays there, and so do "
            "your sign-ins here; a copy is made first",
            abort=True,
        )
    done = restoring.reset(place, datetime.now(UTC))
    click.echo(
        f"Forgot {plural(done.plays, 'play')}, {done.waiting} of them waiting. The copy from before: {done.copy}"
    )
    return 0


def _is_folder(target: str) -> bool:
    return target.endswith("/") or Path(target).is_dir()


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MB"

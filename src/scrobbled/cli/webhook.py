"""``scrobbled webhook``: where a media server reports, the steps there, and registering it."""

from __future__ import annotations

import rich_click as click

from scrobbled.cli.common import configured, plural, print_json, run, say
from scrobbled.config import BY_VIEWER, NAMELESS, Config
from scrobbled.core.words.plain import plain
from scrobbled.desk.sources.guides import Guide, NotConfigured, guide
from scrobbled.servers.registering import Registered, register


def webhook(path: str | None, source: str, *, registering: bool, as_json: bool) -> int:
    """2 where the source is not configured: then prints the YAML to add. The address goes to standard output alone."""
    config = configured(path)
    try:
        found = guide(config, source)
    except NotConfigured as problem:
        _print_missing(problem, source, as_json=as_json)
        return 2
    if registering:
        return _register(config, found, as_json=as_json)
    if as_json:
        print_json(plain(found), masked=False)
    else:
        _print(found)
    return 0


def _register(config: Config, found: Guide, *, as_json: bool) -> int:
    done = run(register(config, found.source, found.url))
    if as_json:
        print_json({**plain(done), "guess": found.guess})
    else:
        _print_registered(done, found)
    return 0


def _print_missing(problem: NotConfigured, source: str, *, as_json: bool) -> None:
    """The secret in it was made a moment ago, and is nobody's yet."""
    if as_json:
        print_json({"source": source, "problem": str(problem), "yaml": problem.yaml}, masked=False)
        return
    say(str(problem), err=True)
    click.echo(problem.yaml, nl=False)


def _print(found: Guide) -> None:
    click.echo(found.url)
    for viewer, token in found.tokens.items():
        click.echo(f"token{f' for {viewer}' if viewer else ''}: {token}")
    if found.guess:
        say(f"\n{found.guess}")
    say(f"\n{found.title}:")
    for number, step in enumerate(found.steps, 1):
        say(f"{number}. {step}")
    if found.paste:
        say(f"\nFor {found.paste_into}:\n")
        click.echo(found.paste.rstrip("\n"))
    if found.registers:
        say(f"\nOr have it done: scrobbled webhook {found.source} --register")
    for note in found.notes:
        say(f"\n{note}")
    say(f"\n{_afterwards(found.source)}")


def _print_registered(done: Registered, found: Guide) -> None:
    say(f"The address {'now stands' if done.changed else 'stood already'} in {done.place}; it was read back.")
    if done.others:
        say(f"{plural(done.others, 'webhook')} of others there stayed as they were.")
    for text in (*done.notes, found.guess):
        if text:
            say(text)
    say(_afterwards(found.source))


def _afterwards(source: str) -> str:
    if source in BY_VIEWER | NAMELESS:
        return _TOLD
    return f"Try it: scrobbled test-event --source {source}. Then watch something there. {_TOLD}"


_TOLD = "scrobbled doctor tells when it was last heard."

"""``scrobbled sync``: compare two trackers now, and bring over what one of them lacks."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import rich_click as click

from scrobbled.cli.common import configured, opened, print_json, run, say
from scrobbled.cli.ending import NOTHING_CHANGED, until_told
from scrobbled.cli.following import follow
from scrobbled.cli.runs import first, meant, planned, reported, say_plan, say_run
from scrobbled.cli.served import ServiceAccess, service
from scrobbled.cli.waiting import ProgressTeller
from scrobbled.config import Config
from scrobbled.core.agreeing.ledger import Policy
from scrobbled.core.agreeing.plan import SIDES, read_id
from scrobbled.desk.facts.steps import steps_so_far
from scrobbled.desk.pairs.rehearsal import rehearse
from scrobbled.desk.pairs.stillness import in_peace
from scrobbled.intake.household import refuse_impossible
from scrobbled.plumbing.clock import SystemClock
from scrobbled.reconcile import Ended, Options, Wired
from scrobbled.reconcile.libraries import refuse_unknown
from scrobbled.reconcile.pairs import policy, wired
from scrobbled.store.file import opening
from scrobbled.store.mirror import ledger, records, runs
from scrobbled.store.mirror.runs import RunStep
from scrobbled.trackers import TRACKERS


def sync(path: str | None, wish: Mapping[str, Any], *, as_json: bool) -> int:
    """1 when something failed or was refused; a plan that wants a yes is no failure."""
    config = configured(path)
    refuse_impossible(config)
    if wish["dry_run"] and wish["plan"]:
        raise click.UsageError("--plan carries out what a --dry-run showed; say one of the two.")
    if wish["watch"] and wish["plan"]:
        raise click.UsageError("--plan is carried out once; leave out --watch.")
    options = Options(
        kinds=_kinds(wish["kinds"]),
        direction=wish["direction"],
        conflict=wish["conflict"],
        plan=wish["plan"].strip(),
        full=wish["full"],
        correct_dates=wish["correct_dates"],
        library=wish["library"].strip(),
    )
    check_plan(options.plan)
    chosen = _with_library(_chosen(config, wish["viewer"], wish["pair"]), options)
    for one in chosen:
        _policy(one, options)
    watch = wish["interval"] * 60 if wish["watch"] and not wish["dry_run"] else None
    if wish["dry_run"]:
        code = until_told(_rehearsed(config, chosen, options, as_json=as_json), NOTHING_CHANGED)
    else:
        code = until_told(_carried_out(config, chosen, options, watch=watch, as_json=as_json))
    return code if code is not None else 1 if watch is None else 0


def _policy(one: Wired, options: Options) -> Policy:
    """Raises ``ConfigError`` for words that mean nothing for this pair."""
    return policy(one.pair, one.sides, [TRACKERS[name].can() for name in one.sides.names], options)


def _kinds(text: str) -> tuple[str, ...]:
    """None where the option was left out."""
    kinds = tuple(kind.strip() for kind in text.split(",")) if text else ()
    if not all(kinds):
        raise click.UsageError(f"--kind {text} names no kind where one should stand; write it like plays,ratings.")
    return kinds


def check_plan(plan: str) -> None:
    """Raises ``UsageError`` where nothing can be done by it any more, or ever."""
    try:
        if plan and read_id(plan)[0] < datetime.now(UTC):
            raise click.UsageError("That plan has expired. Look at a new one with --dry-run.")
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def reset_pair(path: str | None, viewer: str | None, pair: str, *, sure: bool) -> int:
    """1 when a run of it is under way."""
    config = configured(path)
    chosen = _chosen(config, viewer, pair)
    whose = ", ".join(one.sides.viewer for one in chosen)
    if not sure:
        click.confirm(
            f"Forget what {pair} were seen to agree on, for {whose}? Nothing changes at the trackers", abort=True
        )
    busy = run(_forgotten(config, chosen))
    for one in busy:
        say(
            f"{one.sides.viewer}: {one.sides.pair} is being reconciled just now; try again when that is done.", err=True
        )
    if len(busy) < len(chosen):
        say("Forgotten. The next run is a first contact: it compares everything and removes nothing.")
    return 1 if busy else 0


async def _forgotten(config: Config, chosen: Sequence[Wired]) -> list[Wired]:
    """Those that could not be forgotten, because a run of them is under way."""

    def forget(db: sqlite3.Connection) -> list[Wired]:
        busy = [one for one in chosen if runs.is_under_way(db, one.sides.viewer, one.sides.pair)]
        for one in chosen:
            if one not in busy:
                ledger.forget(db, one.sides.viewer, one.sides.pair)
                _forget_what_is_doubted(db, one)
        return busy

    async with opened(config) as store:
        return await store.write(forget)


def _forget_what_is_doubted(db: sqlite3.Connection, one: Wired) -> None:
    """What an account lists from now on is what it holds, also where it is another person's."""
    for account in map(one.sides.account, SIDES):
        if records.state(db, account).doubt:
            records.forget(db, account)


def _chosen(config: Config, viewer: str | None, pair: str | None) -> list[Wired]:
    accounts = {(v.name, name): True for v in config.viewers for name in v.trackers if name in TRACKERS}
    person = config.viewer(viewer) if viewer else None
    if viewer and person is None:
        known = ", ".join(v.name for v in config.viewers) or "none"
        raise click.UsageError(f"No viewer is called {viewer}; known here: {known}.")
    names = {name.strip().casefold() for name in pair.split(",")} if pair else None
    found = [
        one
        for one in wired(config, accounts)
        if (person is None or one.sides.viewer == person.name) and (names is None or names == set(one.sides.names))
    ]
    if not found:
        what = f" {pair}" if pair else ""
        raise click.UsageError(
            f"No pair{what} is configured{f' for {person.name}' if person else ''}. Give a viewer one: "
            "pairs: [{between: [trakt, serializd], plays: both, ratings: both}]"
        )
    return found


def _with_library(chosen: list[Wired], options: Options) -> list[Wired]:
    """Of several pairs only those that have one, where that is what the wish is about."""
    if not (options.library or options.correct_dates):
        return chosen
    return [one for one in chosen if any(TRACKERS[name].can().is_library for name in one.sides.names)] or chosen


async def _rehearsed(config: Config, chosen: Sequence[Wired], options: Options, *, as_json: bool) -> int:
    shown, failed = [], False
    for one in chosen:
        ended = await rehearsed(config, one, options, quiet=as_json)
        failed = failed or ended.outcome == "failed"
        shown.append(planned(one, ended))
        if not as_json:
            say_plan(one, ended, _command(one, options))
    if as_json:
        print_json({"run_id": None, "dry_run": True, "plan_id": first(shown, "plan_id"), "runs": shown})
    return 1 if failed else 0


async def rehearsed(config: Config, one: Wired, options: Options, *, quiet: bool, **more: Any) -> Ended:
    """What a run would do, when nothing is on its way any more; on standard error how far that is."""
    teller = ProgressTeller(None if quiet else lambda text: say(text, err=True))

    def told(steps: Mapping[str, RunStep]) -> None:
        teller.tell(f"reading {steps_so_far(steps, datetime.now(UTC).timestamp())}", "reading")

    async def once() -> Ended:
        return await rehearse(config, one, options, tell_steps=told, **more)

    if opening.holder(config.storage.path) is None:
        return await once()
    async with opened(config) as store:
        return await in_peace(store, one.sides, SystemClock(), lambda text: _say_delivering(teller, text), once)


def _say_delivering(teller: ProgressTeller, text: str) -> None:
    teller.tell(text, "delivering")


def _command(one: Wired, options: Options) -> str:
    return shlex.join(["scrobbled", "sync", "--viewer", one.sides.viewer, "--pair", one.sides.pair, *options.words()])


async def _carried_out(
    config: Config, chosen: Sequence[Wired], options: Options, *, watch: float | None, as_json: bool
) -> int:
    while True:
        async with service(config) as served:
            wanted = await meant(served.store, chosen, options.plan, named="--viewer and --pair")
            told = [await _one(served, one, options, quiet=as_json) for one in wanted]
        if as_json:
            print_json({"run_id": first(told, "run_id"), "plan_id": first(told, "plan_id"), "runs": told})
        if watch is None:
            return 1 if any(one["failed"] for one in told) else 0
        await asyncio.sleep(watch)


async def _one(served: ServiceAccess, one: Wired, options: Options, *, quiet: bool) -> dict[str, Any]:
    store, now, told = served.store, datetime.now(UTC).timestamp(), options.stored()
    if options.plan and (shown := await store.read(lambda db: runs.with_plan(db, options.plan))):
        told = {**shown.options, "plan": options.plan}
    if not options.full:
        await refuse_unknown(store, one.sides, _policy(one, options))
    id_ = await store.write(lambda db: runs.ask(db, one.sides.viewer, one.sides.pair, "sync", told, now))
    done = await follow(served, id_, say=None if quiet else lambda text: say(text, err=True))
    await refuse_unknown(store, one.sides, _policy(one, options))
    if not quiet:
        say_run(one, done, _command(one, options))
    return reported(done)

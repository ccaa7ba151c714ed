"""What another program lost between two trackers, told from the state it left behind and what both hold now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rich_click as click

from scrobbled.cli.common import plural, say
from scrobbled.cli.sync import rehearsed
from scrobbled.config import Config
from scrobbled.config.viewing import PairConfig, ViewerConfig
from scrobbled.core.kinds import PLAYS, RATINGS
from scrobbled.core.records import PlayRecord
from scrobbled.core.words.plain import plain
from scrobbled.reconcile import Options, Sides, Wired, pairs
from scrobbled.reconcile.reading import StoredKnown
from scrobbled.store import Store
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.files.hints import Lost, lost
from scrobbled.trackers.files.old_sync import BETWEEN
from scrobbled.trackers.files.parsed import BelievedViewing, Parsed

SHOWN = 20
"""So many viewings are listed; the rest are counted. JSON lists all."""


async def found(config: Config, viewer: ViewerConfig, parsed: Parsed, *, quiet: bool) -> dict[str, Any]:
    """Read both sides, look for every viewing the file remembers, and tell. Changes nothing anywhere."""
    one = _pair(config, viewer)
    looked: list[Lost] = []

    async def look(store: Store) -> None:
        a, b = (StoredKnown(store, one.sides.account(side)) for side in ("a", "b"))
        held: tuple[Sequence[PlayRecord], Sequence[PlayRecord]] = await a.plays(), await b.plays()
        looked.append(lost(parsed.hints, held[0], await a.subjects(), held[1], await b.subjects()))

    ended = await rehearsed(config, one, Options(full=True), quiet=quiet, look=look, marks=True)
    if not looked:
        say(f"{' and '.join(one.sides.called)} could not be compared: {ended.reason}.", err=True)
        return {"failed": True, "reason": ended.reason}
    if not quiet:
        _say(one, looked[0])
    return {"failed": False, "between": list(one.sides.names), "lost": plain(looked[0])}


def _pair(config: Config, viewer: ViewerConfig) -> Wired:
    """As configured, else as that program did it."""
    accounts = {(viewer.name, name): True for name in viewer.trackers if name in TRACKERS}
    missing = [name for name in BETWEEN if (viewer.name, name) not in accounts]
    if missing:
        raise click.UsageError(f"{viewer.name} has no tracker {' and '.join(missing)}, so there is nothing to compare.")
    known = pairs.found(config, accounts, viewer.name, ",".join(BETWEEN))
    return known or Wired(Sides(viewer.name, *BETWEEN), PairConfig.going(BETWEEN, {PLAYS: "both", RATINGS: "both"}))


def _say(one: Wired, result: Lost) -> None:
    a, b = one.sides.names
    say(f"{plural(result.believed, 'play')} were believed to be on both {a} and {b}.")
    _say_list(f"never arrived on {b}", result.not_on_b, result.titles)
    _say_list(f"never arrived on {a}", result.not_on_a, result.titles)
    _say_list("are on neither: removed since, or never sent", result.nowhere, result.titles)
    if result.given_up:
        say(f"{plural(result.given_up, 'play')} had been given up for good.")
        _say_list(f"of these are on {a} and not on {b}", result.given_up_on_a, result.titles)
        _say_list(f"of these are on {b} and not on {a}", result.given_up_on_b, result.titles)
    if result.not_on_a or result.not_on_b or result.given_up_on_a or result.given_up_on_b:
        say("The next scrobbled sync of this pair sends what is missing; --dry-run shows it first.")


def _say_list(what: str, hints: Sequence[BelievedViewing], titles: Mapping[int, str]) -> None:
    if not hints:
        return
    say(f"{len(hints):,} {what}:")
    for hint in hints[:SHOWN]:
        reason = f" ({hint.given_up})" if hint.given_up else ""
        show = titles.get(hint.show) or f"TMDB show {hint.show}"
        say(f"  {show} S{hint.season} E{hint.number}, {hint.day}{reason}")
    if len(hints) > SHOWN:
        say(f"  and {len(hints) - SHOWN:,} more; --json lists all")

"""``scrobbled status``: everything that was acknowledged, and where it is."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from typing import Any

from scrobbled import summary
from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.names import name
from scrobbled.core.outcomes import HOLDS, STATES, PlayOutcome, advised
from scrobbled.core.plain import plain
from scrobbled.needs import TOLD
from scrobbled.pair_stories import PairStory, RunStory, in_a_line
from scrobbled.store import opening
from scrobbled.store.alerts import remembered

ASKING = (PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
"""What waits for a person, beside what is held."""
LEAST_FREE = 1024 * 1024
"""Bytes."""


def status(path: str | None, *, as_json: bool) -> int:
    """0, whatever the state: it was told."""
    config = configured(path)
    facts = run(_facts(config))
    if as_json:
        print_json(facts)
    else:
        _print(facts)
    return 0


async def _facts(config: Config) -> dict[str, Any]:
    path = config.storage.path
    async with opened(config) as store:
        facts: dict[str, Any] = plain(await store.read(lambda db: summary.status(db, config)))
        troubles = await store.read(lambda db: [one for one in remembered(db) if one.ended_at is None])
    told = [{"kind": one.kind, "title": one.title, "text": one.text} for one in troubles if one.kind in TOLD]
    free = shutil.disk_usage(path.parent).free
    return {**facts, "running": opening.holder(path) is not None, "disk_free": free, "troubles": told}


def _print(facts: dict[str, Any]) -> None:
    for line in _house(facts):
        say(line)
    events = ", ".join(f"{count} {name}" for name, count in facts["events"].items() if count) or "none yet"
    say(f"Webhooks: {events}")
    for row in facts["sources"]:
        say(_source(row))
    say(f"Plays: {facts['plays']}")
    for row in facts["trackers"]:
        counts = ", ".join(f"{count} {name}" for name, count in row["counts"].items()) or "nothing yet"
        sign = "signed in" if row["signed_in"] else "not signed in"
        say(f"{row['viewer']}/{row['tracker']}: {STATES.get(row['state'], row['state'])}, {sign}. {counts}")
        if row["state"] not in ("ok", "new"):
            command = f"scrobbled auth {row['tracker']} --viewer {shlex.quote(row['viewer'])}"
            say(f"  {advised(row['state'], row['reason'], command)}")
    for pair in facts["pairs"]:
        for line in (_pair(pair), *_doubts(pair)):
            say(line)
    if facts["held"]:
        reasons = ", ".join(f"{count:,} {HOLDS.get(reason, reason)}" for reason, count in facts["held"].items())
        say(f"Held until you decide: {reasons}. See scrobbled queue list")
    if asking := sum(row["counts"].get(outcome, 0) for row in facts["trackers"] for outcome in ASKING):
        say(f"Not delivered without you: {asking:,} unmatched or dead. See scrobbled queue list")
    for row in facts["unclaimed"]:
        say(_unclaimed(row))


def _house(facts: dict[str, Any]) -> Iterator[str]:
    """What concerns everything, before the parts of it: they are no use while nothing runs."""
    if not facts["running"]:
        yield "Not running: no webhook is taken and nothing is delivered. Start it: scrobbled serve (or its container)."
    if facts["disk_free"] < LEAST_FREE:
        yield "The disk is full: webhooks cannot be stored, and are refused. Make room where the database is."
    for trouble in facts["troubles"]:
        title = trouble["title"].removeprefix("scrobbled: ")
        yield f"{title[:1].upper()}{title[1:]}. {trouble['text']}"


def _source(row: dict[str, Any]) -> str:
    away = f"{plural(row['refused'], 'webhook')} with a wrong token" if row["refused"] else ""
    if not row["source"]:
        return f"{plural(row['refused'], 'webhook')} for sources that are not configured, last {row['last_refused']}"
    heard = f"last heard {row['last_heard']}" if row["last_heard"] else "never heard"
    servers = ", ".join(f"{one['name'] or one['id']} {one['last_heard']}" for one in row["servers"])
    beside = f" ({servers})" if len(row["servers"]) > 1 else ""
    return f"{row['source']}: {heard}{beside}" + (f"; {away}, last {row['last_refused']}" if away else "")


def _pair(row: dict[str, Any]) -> str:
    last = row["last"]
    line = in_a_line(PairStory(**{**row, "last": None if last is None else RunStory(**last)}))
    if last is None or last["outcome"] != "approval":
        return line
    words = ["scrobbled", "sync", "--viewer", row["viewer"], "--pair", row["pair"], "--plan", last["plan_id"] or ""]
    return f"{line}. To say yes: {shlex.join(words)}"


def _doubts(row: dict[str, Any]) -> Iterator[str]:
    for side in row["sides"]:
        if side["doubt"]:
            listed = f"What {name(side['tracker'])} listed is not believed to be all ({side['doubt']})"
            yield f"  {listed}, so nothing is removed because of it."


def _unclaimed(row: dict[str, Any]) -> str:
    heard = f"Unclaimed: {row['source']} account {row['account'] or '(no name)'}, {plural(row['events'], 'webhook')}"
    if not row["yaml"]:
        return f"{heard} kept. Nobody can claim what names no account."
    words = shlex.join(["scrobbled", "claim", row["source"], *([row["account"]] if row["account"] else [])])
    return f"{heard} kept. To claim it: {words} --viewer NAME, or give a viewer: {row['yaml']}"

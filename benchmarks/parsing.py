"""What a parser costs, in microseconds, for every source: one table. ``python benchmarks/parsing.py``

From decoded JSON to events, over the messages in ``tests/payloads``, each many times; the best of several rounds is
what counts.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body
from scrobbled.sources.trakt import enveloped

PAYLOADS = Path(__file__).parents[1] / "tests" / "payloads"
RECEIVED_AT = datetime(2026, 2, 24, 11, 0, 16, tzinfo=UTC)
WANTED = 1000.0
"""Microseconds for an event, at most."""
TIMES = 200
ROUNDS = 7
Message = Mapping[str, Any]
TRAKT = {
    "progress": 93.0,
    "show": {"title": "Harbour Lights", "year": 2023, "ids": {"tvdb": 440011}},
    "episode": {"season": 2, "number": 5, "ids": {"tvdb": 10220330}},
}


def messages() -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    found["trakt"].append(enveloped("scrobble/stop", "anna", TRAKT).data)
    for path in sorted(PAYLOADS.glob("*/*.json")):
        source = path.parent.name.removesuffix("-polled")
        content = json.loads(path.read_text("utf-8"))
        if source in SOURCES and isinstance(content, dict):
            found[source].append(content)
    return found


def cost(source: str, listed: Sequence[Message]) -> tuple[float, float, float]:
    """Microseconds to parse a message, the same for each event, and to read a message from its bytes."""
    parse = SOURCES[source].parse
    events = sum(len(parse(message, RECEIVED_AT)) for message in listed)
    bodies = [json.dumps(message).encode() for message in listed]
    parsing = best(lambda: [parse(message, RECEIVED_AT) for message in listed])
    reading = best(lambda: [read_body("application/json", body) for body in bodies])
    return parsing / len(listed), parsing / events, reading / len(listed)


def best(work: Any) -> float:
    """Microseconds of one call, in the round in which nothing else disturbed."""

    def once() -> float:
        started = time.perf_counter()
        for _ in range(TIMES):
            work()
        return (time.perf_counter() - started) / TIMES * 1e6

    return min(once() for _ in range(ROUNDS))


def main() -> int:
    print(f"{'source':<20}{'messages':>9}{'µs/message':>12}{'µs/event':>10}{'reading':>9}   below {WANTED:.0f}")
    good = True
    for source, listed in sorted(messages().items()):
        message, event, reading = cost(source, listed)
        good = good and event < WANTED
        verdict = "yes" if event < WANTED else "NO"
        print(f"{source:<20}{len(listed):>9}{message:>12.1f}{event:>10.1f}{reading:>9.1f}   {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

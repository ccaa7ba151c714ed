"""``scrobbled test-alert`` and ``scrobbled test-event``."""

from __future__ import annotations

from datetime import UTC, datetime

from scrobbled.cli.common import configured, opened, print_json, redactor, run, say
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk.sources import trials
from scrobbled.desk.sources.trials import Tried

_QUIET = "critical"
"""What goes wrong is told as the answer, and not in log lines beside it."""


def test_alert(path: str | None, viewer: str | None, *, as_json: bool) -> int:
    """1 when an address did not accept it; raises ``ConfigError`` when there is none."""
    config = configured(path, log_from=_QUIET)
    rungs = run(trials.ring(config, redactor(), viewer))
    if as_json:
        print_json([plain(rung) for rung in rungs])
    else:
        for rung in rungs:
            said = "accepted: look whether it arrived" if rung.accepted else f"not accepted: {rung.why}"
            say(f"{rung.place}  {rung.address}  {said}")
    return 0 if all(rung.accepted for rung in rungs) else 1


def test_event(path: str | None, source: str | None, viewer: str | None, *, as_json: bool) -> int:
    """1 when the service does not answer, or a real event would go to nobody."""
    config = configured(path, log_from=_QUIET)
    found = run(_post(config, source, viewer))
    if as_json:
        print_json([plain(one) for one in found])
    else:
        for one in found:
            event = f"  {one.event} {one.outcome}" if one.event else ""
            say(f"{one.source} as {one.account}{event}\n  {one.text}")
    return 0 if all(one.understood for one in found) else 1


async def _post(config: Config, source: str | None, viewer: str | None) -> list[Tried]:
    async with opened(config) as store:
        return await trials.post(config, store, datetime.now(UTC), source=source, viewer=viewer)

"""``scrobbled test-alert`` and ``scrobbled test-event``."""

from __future__ import annotations

from datetime import UTC, datetime

from scrobbled import config as configuration
from scrobbled import log, trying
from scrobbled.cli.common import configured, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.plain import plain
from scrobbled.redact import Redactor
from scrobbled.store import Store
from scrobbled.trying import Tried


def test_alert(path: str | None, viewer: str | None, *, as_json: bool) -> int:
    """1 when an address did not accept it; raises ``ConfigError`` when there is none."""
    config = configured(path)
    redactor = _quiet(config)
    rungs = run(trying.ring(config, redactor, viewer))
    if as_json:
        print_json([plain(rung) for rung in rungs])
    else:
        for rung in rungs:
            said = "accepted: look whether it arrived" if rung.accepted else f"not accepted: {rung.why}"
            say(f"{rung.place}  {rung.address}  {said}")
    return 0 if all(rung.accepted for rung in rungs) else 1


def test_event(path: str | None, source: str | None, viewer: str | None, *, as_json: bool) -> int:
    """1 when the service does not answer, or a real event would go to nobody."""
    config = configured(path)
    redactor = _quiet(config)
    found = run(_post(config, source, viewer))
    if as_json:
        print_json([plain(one) for one in found])
    else:
        for one in found:
            event = f"  {one.event} {one.outcome}" if one.event else ""
            say(redactor.text(f"{one.source} as {one.account}{event}\n  {one.text}"))
    return 0 if all(one.understood for one in found) else 1


def _quiet(config: Config) -> Redactor:
    """What goes wrong is told as the answer, and not in log lines beside it."""
    redactor = Redactor(configuration.secrets(config))
    log.set_up("critical", "text", redactor)
    return redactor


async def _post(config: Config, source: str | None, viewer: str | None) -> list[Tried]:
    store = Store(config.storage.path, create=False)
    try:
        return await trying.post(config, store, datetime.now(UTC), source=source, viewer=viewer)
    finally:
        await store.aclose()

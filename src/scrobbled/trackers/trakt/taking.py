"""What Trakt itself takes from a media server: then two tell it of one viewing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.names import name
from scrobbled.core.services import SERVICES
from scrobbled.core.words.checks import Check, ok, skipped, warning
from scrobbled.plumbing.checks import LONGEST
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.trakt.client import Api, judge

SERVER = SERVICES["trakt"].takes
LATELY = timedelta(days=30)
CHECK = f"Trakt's own {name(SERVER)} import"
ADVICE = f"Switch it off in Trakt's settings for {name(SERVER)}, or let scrobbled write no plays from there to Trakt."


async def taking(api: Api, token: str, clock: Clock) -> str | None:
    """By what way Trakt itself takes what is watched there; empty where it does not, ``None`` where it does not tell.

    It may tell its own apps alone, so that no answer, and none that can be read, is evidence of anything.
    """
    try:
        async with asyncio.timeout(LONGEST):
            told: Any = judge(await api.get(f"/users/settings/{SERVER}", token=token)).json()
    except (TrackerError, TimeoutError):
        return None
    if not isinstance(told, Mapping) or not {"webhook", "sync"} & set(told):
        return None
    sync = told.get("sync")
    if isinstance(sync, Mapping) and sync.get("configured") is True:
        return "import"
    return "webhook" if _is_heard(told.get("webhook"), clock.now()) else ""


def _is_heard(webhook: Any, now: datetime) -> bool:
    """An address may be given to everybody; only what came lately shows that somebody has entered it."""
    last = webhook.get("last_event_at") if isinstance(webhook, Mapping) and webhook.get("url") else None
    try:
        heard = datetime.fromisoformat(last) if isinstance(last, str) else None
    except ValueError:
        return False
    return heard is not None and now - heard.replace(tzinfo=heard.tzinfo or UTC) < LATELY


def in_words(way: str) -> str:
    """Of what ``taking`` found."""
    return f"Trakt itself takes what is watched on {name(SERVER)}, by its own {way}: a viewing may be there twice"


def checked(way: str | None) -> Check:
    if way is None:
        return skipped(CHECK, "Trakt does not tell this app whether it is active.")
    return warning(CHECK, f"{in_words(way)}.", ADVICE) if way else ok(CHECK, "Not active.")

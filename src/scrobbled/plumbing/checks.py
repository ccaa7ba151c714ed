"""One careful look at a service: an answer compared with the shape we rely on, every failure told as a check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, NotInCatalogue, TrackerError, TryLater
from scrobbled.core.words.checks import Check, ok, problem, warning
from scrobbled.core.words.shape import Shape, differences

LONGEST = 6.0
"""Seconds for one look. A service that sleeps may need longer to wake; the next look then finds it awake."""
NEWER = "Check for an update of scrobbled; if there is none, report this."


async def compared(name: str, read: Awaitable[Any], shape: Shape) -> tuple[Check, Any]:
    """The check called ``name``, and what was read where it has the shape, else ``None``. Failures are checks."""
    try:
        async with asyncio.timeout(LONGEST):
            value = await read
    except TimeoutError:
        return problem(
            name, f"No answer within {LONGEST:.0f} s.", "Run doctor again in a minute: it may wake up."
        ), None
    except TrackerError as error:
        return failed(name, error), None
    found = differences(value, shape)
    if found:
        return problem(name, f"Answers otherwise than we know it: {'; '.join(found[:5])}.", NEWER), None
    return ok(name, "Answers as expected."), value


def failed(name: str, error: TrackerError) -> Check:
    """What an error of a service means for its owner."""
    text = error.reason[:1].upper() + error.reason[1:].rstrip(".") + "."
    if isinstance(error, TryLater) and error.limited:
        return warning(name, text, "Wait a few minutes; plays are kept and sent later.")
    return problem(name, text, next((step for kind, step in _NEXT.items() if isinstance(error, kind)), NEWER))


_NEXT: dict[type[TrackerError], str] = {
    TryLater: "See the checks of the network. It often passes by itself, and plays are kept meanwhile.",
    LoginNeeded: "Do as it says; plays are kept meanwhile.",
    AccountStopped: "Look at your account on the service's site; then run: scrobbled queue retry",
    NotInCatalogue: NEWER,
    ContractDrift: NEWER,
}

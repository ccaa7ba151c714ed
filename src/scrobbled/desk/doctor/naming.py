"""Times and numbers as people read them."""

from __future__ import annotations

from datetime import datetime

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def ago(now: datetime, seconds: float) -> str:
    """How long ago that Unix time was."""
    return f"{span(now.timestamp() - seconds)} ago"


def span(seconds: float) -> str:
    """Roughly; what is in the future, by a clock that was put back, is 0 s."""
    seconds = max(0.0, seconds)
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"


def counted(counts: dict[str, int]) -> str:
    """``3 accepted, 1 duplicate``; ``none`` for nothing."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"

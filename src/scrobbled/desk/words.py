"""How things are said to people: names, counts, times. Plain words, no blame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scrobbled.core.naming.names import name as name


def plural(count: int, noun: str) -> str:
    """ "1 play", "2 plays", "1,204 plays"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def joined(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(parts: Sequence[str]) -> str:
    """With a capital and a full stop; empty where there are none."""
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def ago(then: datetime, now: datetime) -> str:
    """Relative up to a day, then a date in the zone of ``now``; so is what a wrong clock says is still to come."""
    seconds = (now - then).total_seconds()
    if -86_400 < seconds < 60:
        return "just now"
    if 0 < seconds < 3_600:
        return f"{int(seconds // 60)} min ago"
    if 0 < seconds < 86_400:
        return f"{int(seconds // 3_600)} h ago"
    return date(then.astimezone(now.tzinfo), now)


def date(day: datetime, now: datetime) -> str:
    """ "14 Nov", with the year where it is not this one."""
    return f"{day.day} {day:%b}" + (f" {day.year}" if day.year != now.year else "")


def span(seconds: float) -> str:
    """How long something lasts yet, roughly: "11 months", "6 days", "5 hours", "12 minutes"."""
    for length, noun in ((30.4 * 86_400, "month"), (86_400, "day"), (3_600, "hour")):
        if seconds >= 2 * length or (noun != "month" and seconds >= length):
            return plural(int(seconds // length), noun)
    return plural(max(1, int(seconds // 60)), "minute")


def since(then: datetime, now: datetime) -> str:
    """ "19:40" today, "14 Nov, 19:40" before."""
    local = then.astimezone(now.tzinfo)
    clock = f"{local:%H:%M}"
    return clock if local.date() == now.date() else f"{date(local, now)}, {clock}"


def exact(then: datetime, now: datetime) -> str:
    """ "Saturday 14 November 2026, 19:40"."""
    local = then.astimezone(now.tzinfo)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def day(then: datetime, now: datetime, *, evening: bool) -> str:
    """A heading: "Tonight", "Today", "Yesterday", "Saturday 14 November"."""
    age = (now.date() - then.date()).days
    if age == 0:
        return "Tonight" if evening else "Today"
    if age == 1:
        return "Yesterday"
    told = f"{then:%A} {then.day} {then:%B}" + (f" {then.year}" if then.year != now.year else "")
    return told if age > 0 else f"{told}, still to come"

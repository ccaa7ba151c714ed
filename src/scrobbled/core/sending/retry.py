"""When to try again."""

from __future__ import annotations

from collections.abc import Callable

LONGEST_BACKOFF = 60.0
"""An outage ends unannounced: a minute is the longest anybody waits for what has come back."""
RECHECKS = (3_600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0)
"""Catalogues grow slowly: 1 h, 6 h, 1 d, 3 d, then weekly."""
LONGEST_PROBE = 3_600.0
LOOK_UP_BACKOFF = 900.0
"""Seconds that one is put off at most where whoever was asked about it does not answer."""
PATIENT_ATTEMPTS = 3
STUBBORN_ATTEMPTS = 10
STUBBORN_BACKOFF = 3_600.0
SHORTEST_READING_PAUSE = 5.0
LONGEST_READING_PAUSE = 600.0

Dice = Callable[[], float]
"""A random number from 0 up to 1."""


def backoff(failures: int, dice: Dice, *, asked: float | None = None, longest: float = LONGEST_BACKOFF) -> float:
    """Seconds to wait after ``failures`` in a row: 1, 2, 4 … with a fifth of jitter, and never less than ``asked``."""
    jittered = _doubled(1, failures, longest) * (0.8 + 0.4 * dice())
    return max(jittered, asked or 0.0)


def own_wait(attempts: int, dice: Dice, *, in_outage: bool) -> float:
    """Seconds that a change waits for itself after so many attempts.

    In an outage the account waits, not the change. One that keeps failing lets the others go first.
    """
    if attempts < PATIENT_ATTEMPTS:
        return 0.0
    stubborn = attempts >= STUBBORN_ATTEMPTS and not in_outage
    return backoff(attempts, dice, longest=STUBBORN_BACKOFF if stubborn else LONGEST_BACKOFF)


def fewer(together: int) -> int:
    """How many are written next after so many failed: one bad change must not take its neighbours along."""
    return max(1, together // 2)


def more(together: int, most: int) -> int:
    """How many may be written next after so many succeeded."""
    return min(most, together * 2)


def recheck(times: int) -> float:
    """Seconds until a catalogue is asked again after it did not know an item ``times`` times (1 is the first)."""
    return RECHECKS[min(max(times, 1), len(RECHECKS)) - 1]


def probe(times: int) -> float:
    """Seconds until a paused account is tried again: half a minute, doubling up to an hour."""
    return _doubled(30, times, LONGEST_PROBE)


def reading_pause(seconds: float) -> float:
    """Seconds until the next read where one took ``seconds`` and writes wait: reading takes a tenth of the time."""
    return min(LONGEST_READING_PAUSE, max(SHORTEST_READING_PAUSE, 9.0 * seconds))


def _doubled(first: int, times: int, most: float) -> float:
    """``first`` at the first time, and twice as much at each later one; whole numbers know no overflow."""
    return float(min(most, first << max(times - 1, 0)))

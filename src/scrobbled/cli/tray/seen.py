"""What the service told last, and the menu that comes of it. Both are data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.cli.tray.shapes import Light

LONGEST = 120
"""Characters of the text beside the icon: Windows takes no more than 127."""
SIGN_IN = "This icon is not let in. Run scrobbled tray --sign-in, and start it anew"
MAY_NOT_ACT = "This icon may only look. Run scrobbled tray --sign-in, and start it anew"


class TrayView(Struct, frozen=True):
    """``text`` is a sentence without a full stop. ``pairs`` are viewer and pair of those that can be compared."""

    light: Light
    text: str
    asks: int = 0
    paused: bool = False
    pairs: Sequence[tuple[str, str]] = ()

    @property
    def answers(self) -> bool:
        return self.light is not Light.SILENT


class Entry(Struct, frozen=True):
    """One line of the menu; a click on the icon itself is the ``default`` one."""

    key: str
    text: str
    enabled: bool = True
    default: bool = False


BEFORE = TrayView(Light.SILENT, "Asking …")
NOT_LET_IN = TrayView(Light.NEEDS, SIGN_IN)


def silent(why: str) -> TrayView:
    """Nobody answers, or somebody else does; ``why`` is for a person."""
    return TrayView(Light.SILENT, f"scrobbled does not answer: {why}"[:LONGEST])


def seen(status: Mapping[str, Any]) -> TrayView:
    """What ``GET /api/v1/status`` answered. Raises ``LookupError``, ``TypeError`` where it is anything else."""
    house, asks = status["house"], int(status["asks"])
    text, tone = str(house["text"]), house["tone"]
    light = Light.NEEDS if asks or tone == "need" else Light.WELL if tone == "ok" else Light.WAITING
    pairs = tuple((str(one["viewer"]), str(one["pair"])) for one in status["pairs"] if one["works"])
    return TrayView(light, f"scrobbled: {text}"[:LONGEST], asks, status["pause"] is not None, pairs)


def menu(now: TrayView) -> list[Entry]:
    """The same entries in the same order at all times, so that nobody clicks on what has just moved."""
    let_in = now.answers and now != NOT_LET_IN
    pause = Entry("resume", "Deliver again now", let_in) if now.paused else Entry("pause", _PAUSE, let_in)
    return [
        Entry("open", "Open", default=True),
        Entry("sync", "Sync now", let_in and bool(now.pairs)),
        Entry("needs", f"Needs you ({now.asks:,})" if now.asks else "Needs you", let_in),
        pause,
        Entry("exit", "Exit"),
    ]


_PAUSE = "Pause delivery for an hour"

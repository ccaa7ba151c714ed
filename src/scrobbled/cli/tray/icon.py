"""The icon itself. The only place that imports pystray and Pillow."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scrobbled.cli.tray.seen import BEFORE, Entry, TrayView, menu
from scrobbled.cli.tray.shapes import SHAPES, SIDE, Primitive
from scrobbled.cli.tray.watch import Watch
from scrobbled.core.errors import ScrobbledError

if TYPE_CHECKING:
    from PIL.Image import Image

FINER = 4
"""Drawn so many times as large and made smaller, for smooth edges."""
MISSING = "The icon needs two more packages. Install them in a checkout with: pip install '.[tray]'"
NO_DESKTOP = (
    "There is no desktop to show an icon on ({why}). Run scrobbled tray where you are logged in with a screen; "
    "the page and scrobbled status tell the same."
)
NO_PLACE = (
    "This desktop has no place for icons, so nothing is seen. GNOME needs the extension AppIndicator; "
    "docs/tray.md has the others."
)
GONE = "The desktop ended, and the icon with it."


class NoIcon(ScrobbledError):
    """It cannot be shown here; the text says what to do."""


def picture(primitives: Sequence[Primitive], side: int = SIDE) -> Image:
    """Drawn on nothing, so many pixels wide and high."""
    from PIL import Image, ImageDraw

    scale = side * FINER / SIDE
    large = Image.new("RGBA", (side * FINER, side * FINER), (0, 0, 0, 0))
    draw = ImageDraw.Draw(large)
    for one in primitives:
        points = [(x * scale, y * scale) for x, y in one.points]
        if one.kind == "line":
            draw.line(points, fill=one.colour, width=round(one.width * scale), joint="curve")
        elif one.kind == "disc":
            draw.ellipse(points, fill=one.colour)
        else:
            draw.polygon(points, fill=one.colour)
    return large.resize((side, side), Image.Resampling.LANCZOS)


def show(made: Callable[[Callable[[TrayView], None]], Watch], say: Callable[[str], None]) -> None:
    """In the main thread, which macOS wants, until somebody exits. ``made`` gets whom it tells what it sees.

    Raises ``NoIcon``.
    """
    pystray = _library(os.environ, sys.platform)
    logging.getLogger("pystray").addHandler(_NoPlace(say))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a desktop's loop would swallow what Python makes of Ctrl-C
    icon: Any = None

    def told(now: TrayView) -> None:
        icon.title, icon.icon = _title(pystray, now.text), picture(SHAPES[now.light])
        icon.update_menu()

    watch = made(told)
    first = picture(SHAPES[BEFORE.light])
    icon = pystray.Icon("scrobbled", first, _title(pystray, BEFORE.text), _menu(pystray, watch))
    _ask_for_clicks(icon)
    icon.run(setup=lambda shown: _run(shown, watch))
    if not watch.ended:
        watch.click("exit")
        raise NoIcon(GONE)


def _is_plain_x11(icon: Any) -> bool:
    """``icon`` is pystray's class, which is another one on each kind of desktop, or one of them."""
    return (icon if isinstance(icon, type) else type(icon)).__module__.endswith("._xorg")


def _title(pystray: Any, text: str) -> str:
    """X11 names windows in Latin-1, and pystray fails at any other letter."""
    if not _is_plain_x11(pystray.Icon):
        return text
    return text.replace("…", "...").encode("latin-1", "replace").decode("latin-1")


def _ask_for_clicks(icon: Any) -> None:
    """On X11 pystray (0.19) forgets to: there a click is all one can do, as it shows no menu."""
    if _is_plain_x11(icon):
        from Xlib import X

        icon._window.change_attributes(event_mask=X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask)
        icon._display.flush()


def _run(icon: Any, watch: Watch) -> None:
    """In a thread of its own, beside the desktop's loop: nothing that is slow keeps the menu from opening."""
    icon.visible = True
    try:
        asyncio.run(watch.run())
    finally:
        icon.stop()


def _menu(pystray: Any, watch: Watch) -> Any:
    """Each line reads what was seen last whenever the menu is made."""

    def entry(at: int) -> Entry:
        return menu(watch.now)[at]

    def line(at: int) -> Any:
        return pystray.MenuItem(
            lambda _: entry(at).text,
            lambda *_: watch.click(entry(at).key),
            default=entry(at).default,
            enabled=lambda _: entry(at).enabled,
        )

    return pystray.Menu(*(line(at) for at in range(len(menu(BEFORE)))))


def _library(environ: Mapping[str, str], system: str) -> Any:
    """pystray, which looks for a desktop while it is imported. Raises ``NoIcon``."""
    try:
        import PIL.Image  # noqa: F401  # pystray would blame the desktop for its absence
        import pystray
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("PIL", "pystray", "six"):
            raise NoIcon(MISSING) from None
        raise NoIcon(NO_DESKTOP.format(why=error)) from None
    except Exception as error:  # noqa: BLE001  # each desktop's library has errors of its own
        why = "DISPLAY is not set" if _without_display(environ, system) else str(error) or type(error).__name__
        raise NoIcon(NO_DESKTOP.format(why=why)) from None
    return pystray


def _without_display(environ: Mapping[str, str], system: str) -> bool:
    return system not in ("win32", "darwin") and not environ.get("DISPLAY")


class _NoPlace(logging.Handler):
    """pystray logs it with a traceback each time it tries; a person is told once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._say: Callable[[str], None] | None = say

    def emit(self, record: logging.LogRecord) -> None:
        if "dock" in record.getMessage() and self._say is not None:
            self._say(NO_PLACE)
            self._say = None

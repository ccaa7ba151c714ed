"""A desktop that nobody sees: a virtual display, and the place for icons as freedesktop.org has it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from patience import LONGEST

SIDE = 64
WANTING = "for want of a virtual display: sudo apt install xvfb"


@contextlib.contextmanager
def display() -> Iterator[str]:
    """Its name, like ``:7``. The test is skipped where there is none."""
    if not shutil.which("Xvfb"):
        pytest.skip(WANTING)
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-screen", "0", "320x200x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait(LONGEST)


class Panel:
    """Where icons go. ``dock`` waits for the next one."""

    def __init__(self, name: str) -> None:
        from Xlib import X
        from Xlib.display import Display

        self._x, self._display = X, Display(name)
        screen = self._display.screen()
        self._window = screen.root.create_window(0, 0, SIDE, SIDE, 0, screen.root_depth)
        self._window.map()
        self._window.set_selection_owner(self._display.intern_atom("_NET_SYSTEM_TRAY_S0"), X.CurrentTime)
        self._display.sync()

    def dock(self) -> Any:
        """The window of the icon, in its place."""
        opcode = self._display.intern_atom("_NET_SYSTEM_TRAY_OPCODE")
        ends = time.monotonic() + LONGEST
        while True:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == self._x.ClientMessage and event.client_type == opcode:
                    window = self._display.create_resource_object("window", event.data[1][2])
                    window.reparent(self._window, 0, 0)
                    window.configure(width=SIDE, height=SIDE)
                    window.map()
                    self._display.sync()
                    return window
            assert time.monotonic() < ends, "no icon came"
            time.sleep(0.01)

    def picture(self, window: Any) -> Image.Image:
        """As it is on the screen now."""
        seen = window.get_image(0, 0, SIDE, SIDE, self._x.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", (SIDE, SIDE), seen.data, "raw", "BGRX")

    def draw_again(self, window: Any) -> None:
        """Asks for it, as a panel does that moves things: one may have been drawn before it had its place."""
        window.clear_area(0, 0, 0, 0, 1)
        self._display.sync()

    def title(self, window: Any) -> str:
        return str(window.get_wm_name())

    def click(self) -> None:
        """The left button, on the icon, as a person does."""
        from Xlib.ext import xtest

        xtest.fake_input(self._display, self._x.MotionNotify, x=SIDE // 2, y=SIDE // 2)
        xtest.fake_input(self._display, self._x.ButtonPress, 1)
        xtest.fake_input(self._display, self._x.ButtonRelease, 1)
        self._display.sync()

    def close(self) -> None:
        self._display.close()

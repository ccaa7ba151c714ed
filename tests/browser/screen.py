"""What a person sees, and what goes wrong behind it: errors of scripts, requests to elsewhere, answers that fail."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page, Request, Response

PHONE, DESKTOP = (360, 780), (1440, 900)
SIZES = {"phone": PHONE, "desk": DESKTOP}
THEMES = {"phone": "dark", "desk": "light"}
"""Each theme on one of the sizes; the other two pairs are the same colours in another place."""
HEAVIEST = 300_000
"""Bytes of a page without its pictures."""
_AXE = Axe()
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
    "resultTypes": ["violations"],
}
"""What is in order need not be described element by element."""


class Screen:
    """One window, without cookies of others. Leaving it fails where something went wrong that nobody expected."""

    def __init__(self, chromium: Chromium, size: tuple[int, int] = PHONE, **more: Any) -> None:
        viewport: Any = {"width": size[0], "height": size[1]}
        self._context = chromium.new_context(viewport=viewport, locale="en-GB", **more)
        self._context.set_default_timeout(60_000)
        self.page: Page = self._context.new_page()
        self.wrong: list[str] = []
        self.weight = 0
        """Bytes of everything but pictures since the last ``open``."""
        self._sizes: list[Response] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", lambda response: self._sizes.append(response))

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()
        assert error is not None or self.wrong == [], self.wrong

    def open(self, address: str) -> Page:
        """Go there and wait until it stands; what is live goes on loading behind."""
        self._sizes.clear()
        answer = self.page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.status == 200, f"{address}: {answer.status}"
        self.weight = sum(_weight(response) for response in self._sizes)
        return self.page

    def was_told(self, part: str) -> None:
        """The browser complained of this, as was expected: it is no fault."""
        told = [fault for fault in self.wrong if part in fault]
        assert told, f"nothing was said of {part}: {self.wrong}"
        self.wrong = [fault for fault in self.wrong if fault not in told]

    def must_be_readable(self, name: str) -> None:
        """For everybody, and without scrolling sideways; ``SCROBBLED_SCREENSHOTS=FOLDER`` keeps a picture of it."""
        self.keep_picture(name)
        assert self.page.locator("h1").count() == 1
        assert self.faults() == []
        assert not self.is_wider_than_the_window()
        assert self.weight < HEAVIEST

    def keep_picture(self, name: str) -> None:
        """Where ``SCROBBLED_SCREENSHOTS`` names a folder."""
        if folder := os.environ.get("SCROBBLED_SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def faults(self) -> list[str]:
        """What axe finds: contrast, labels, order of headings."""
        found = _AXE.run(self.page, options=_RULES).response["violations"]
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]

    def is_wider_than_the_window(self) -> bool:
        """Then one would have to scroll sideways."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        return wide

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in ("127.0.0.1", "localhost"):
            self.wrong.append(f"request to elsewhere: {request.url}")


def _weight(response: Response) -> int:
    kind = response.headers.get("content-type", "")
    if kind.startswith(("image/", "text/event-stream")):
        return 0
    return int(response.headers.get("content-length") or len(response.body()))

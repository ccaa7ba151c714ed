"""Draws the PNG pictures of the Home Assistant app from the SVG beside them: python3 .ci/dev.py pictures

The PNG are kept in the repository, as Home Assistant's store and Unraid read nothing else.
"""

import re
import sys
from pathlib import Path

import browsers
from playwright.sync_api import sync_playwright

APP = Path(__file__).resolve().parent.parent / "addon"
PICTURES = ("icon", "logo")


def main():
    found = browsers.found()
    if found is None:
        sys.exit(f"This needs a browser: {browsers.HOW}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=browsers.FLAGS)
        for name in PICTURES:
            draw(browser, APP / f"{name}.svg", APP / f"{name}.png")
        browser.close()


def draw(browser, source, target):
    svg = source.read_text(encoding="utf-8")
    width, height = map(int, re.search(r'width="(\d+)" height="(\d+)"', svg).groups())
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(f'<!doctype html><body style="margin:0"><div style="display:flex">{svg}</div>')
    page.screenshot(path=target, omit_background=True)
    page.close()


if __name__ == "__main__":
    main()

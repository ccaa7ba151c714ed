"""``scrobbled tray`` with the real library on a virtual display, without one, and signing in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import ENDS_WITHIN, Service, Town, until
from scrobbled.cli.tray.icon import picture
from scrobbled.cli.tray.shapes import SHAPES, Light
from tray.desktop import SIDE, Panel, display

LONGEST = 120.0
"""Seconds: an icon whose first question failed on a busy machine asks again after a minute."""
NOBODY = "http://127.0.0.1:9"
LOGIN = {"username": "admin", "password": "a-password-0815"}


def environ(folder: Path, **more: str) -> dict[str, str]:
    """Of somebody who has nothing yet, and a browser that writes down what it is to open."""
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {folder}/opened\n')
    browser.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**kept, "HOME": str(folder), "BROWSER": str(browser), "PYSTRAY_BACKEND": "xorg", **more}


def tray(folder: Path, *words: str, given: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scrobbled", "tray", *words]
    return subprocess.run(
        command, env=environ(folder, **more), input=given, capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    with display() as name:
        yield name


@pytest.fixture
def panel(screen: str) -> Iterator[Panel]:
    made = Panel(screen)
    yield made
    made.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Town() as town:
        made = Service(tmp_path, town)
        try:
            yield made.start()
        finally:
            made.kill()


def looks(panel: Panel, window: object) -> Light | None:
    """Which of the shapes is on the screen."""
    shown = panel.picture(window)
    for light, primitives in SHAPES.items():
        drawn = picture(primitives, SIDE).convert("RGB")
        if shown.getpixel((4, 32)) == drawn.getpixel((4, 32)) and shown.getpixel((32, 30)) == drawn.getpixel((32, 30)):
            return light
    panel.draw_again(window)
    return None


def test_it_looks_as_things_are_and_a_click_opens_the_page(
    panel: Panel, screen: str, service: Service, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "scrobbled", "tray", "--url", service.url]
    icon = subprocess.Popen(words, env=environ(tmp_path, DISPLAY=screen), stderr=subprocess.PIPE, text=True)
    try:
        window = panel.dock()
        until(lambda: panel.title(window).startswith("scrobbled: "), LONGEST, "it tells how the house is")
        until(lambda: looks(panel, window) in (Light.WELL, Light.WAITING), LONGEST, "it looks as the house is")
        panel.click()
        opened = tmp_path / "opened"
        until(lambda: opened.exists() and opened.read_text() == f"{service.url}\n", LONGEST, "the page is opened")
        service.kill()
        panel.click()
        until(lambda: looks(panel, window) is Light.SILENT, LONGEST, "nobody answers, and that is seen")
    finally:
        icon.terminate()
        icon.communicate(timeout=ENDS_WITHIN)


def test_beside_the_service_it_needs_no_sign_in_and_ends_with_it(panel: Panel, screen: str, tmp_path: Path) -> None:
    with Town() as town:
        service = Service(tmp_path, town)
        service.config["server"]["login"] = LOGIN
        service.write_config()
        own = environ(tmp_path, DISPLAY=screen)
        with service.log_path.open("ab") as log:
            service.process = subprocess.Popen(service.command("serve", "--tray"), stdout=log, stderr=log, env=own)
        try:
            window = panel.dock()
            until(lambda: panel.title(window).startswith("scrobbled: "), LONGEST, "it is let in")
            assert "tray icon of serve" in service.run("token", "list").stdout
            assert service.end() == 0
        finally:
            service.kill()
        assert "tray icon of serve" not in service.run("token", "list").stdout


def test_without_a_display_a_sentence_says_so(tmp_path: Path) -> None:
    done = tray(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "There is no desktop to show an icon on (DISPLAY is not set). Run scrobbled tray where you are logged in with "
        "a screen; the page and scrobbled status tell the same.\n"
    )


@pytest.mark.parametrize("missing", ["pystray", "PIL"])
def test_without_the_extra_a_sentence_has_the_command(tmp_path: Path, missing: str) -> None:
    told = (
        f"import sys; sys.modules[{missing!r}] = None; from scrobbled.cli import main; sys.argv = ['x', 'tray']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], env=environ(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "The icon needs two more packages. Install them in a checkout with: pip install '.[tray]'\n"


def test_a_desktop_without_a_place_for_icons_is_told_once(screen: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "scrobbled", "tray", "--url", NOBODY]
    icon = subprocess.Popen(words, env=environ(tmp_path, DISPLAY=screen), stderr=subprocess.PIPE, text=True)
    assert icon.stderr is not None
    try:
        assert icon.stderr.readline().startswith("This desktop has no place for icons")
    finally:
        icon.terminate()
        _, rest = icon.communicate(timeout=ENDS_WITHIN)
    assert rest == ""


@pytest.mark.parametrize("url", ["nas:8484", "ftp://nas", "http://", "http://nas/?a=1", "http://a:b@nas:8484"])
def test_what_is_no_address_is_wrong_usage(tmp_path: Path, url: str) -> None:
    done = tray(tmp_path, "--url", url)
    assert done.returncode == 2
    assert "--url" in done.stderr


def test_signing_in_where_nobody_answers_keeps_nothing(tmp_path: Path) -> None:
    done = tray(tmp_path, "--sign-in", "--url", NOBODY, given="a-token\n")
    assert done.returncode == 1
    assert f"scrobbled does not answer at {NOBODY}" in done.stderr
    assert not list(tmp_path.rglob("tray.json"))


def test_signing_in(tmp_path: Path) -> None:
    with Town() as town:
        service = Service(tmp_path, town)
        service.config["server"]["login"] = LOGIN
        service.start()
        try:
            refused = tray(tmp_path, "--sign-in", "--url", service.url, given="wrong-token\n")
            assert refused.returncode == 1
            assert "does not let this token in" in refused.stderr
            assert not list(tmp_path.rglob("tray.json"))
            made = service.run("token", "create", "--scope", "write").stdout.strip()
            done = tray(tmp_path, "--sign-in", "--url", service.url, given=f"{made}\n")
            assert done.returncode == 0, done.stderr
            assert made not in done.stderr
            (file,) = tmp_path.rglob("tray.json")
            assert json.loads(file.read_text()) == {service.url: made}
            file.unlink()
            here = tray(tmp_path, "--sign-in", "--url", service.url, "--config", str(service.config_path))
            assert here.returncode == 0, here.stderr
            assert "tray icon on" in service.run("token", "list").stdout
        finally:
            service.kill()


def test_it_can_be_loaded_where_there_is_nothing_of_unix() -> None:
    """Windows has no service, and this is a client."""
    told = (
        "import sys\n"
        "for name in ('fcntl', 'resource', 'pwd', 'grp', 'uvloop', 'termios'):\n    sys.modules[name] = None\n"
        "import scrobbled.cli.tray.command, scrobbled.cli\n"
        "print('loaded', *(one for one in sys.modules if 'store' in one))"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.stdout == "loaded\n", done.stderr

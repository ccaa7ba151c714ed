"""What the service says, as a light, a sentence and a menu."""

from typing import Any

import pytest

from scrobbled.cli.tray.seen import BEFORE, LONGEST, NOT_LET_IN, TrayView, menu, seen, silent
from scrobbled.cli.tray.shapes import Light


def status(tone: str = "ok", asks: int = 0, **more: Any) -> dict[str, Any]:
    pairs = [{"viewer": "anna", "pair": "trakt,serializd", "works": True}]
    return {"house": {"tone": tone, "text": "All is as it is"}, "asks": asks, "pause": None, "pairs": pairs, **more}


@pytest.mark.parametrize(
    ("tone", "asks", "light"),
    [
        ("ok", 0, Light.WELL),
        ("ok", 1, Light.NEEDS),
        ("need", 0, Light.NEEDS),
        ("down", 0, Light.WAITING),
        ("waiting", 0, Light.WAITING),
        ("held", 0, Light.WAITING),
        ("calm", 0, Light.WAITING),
        ("calm", 2, Light.NEEDS),
    ],
)
def test_only_what_is_well_looks_well(tone: str, asks: int, light: Light) -> None:
    assert seen(status(tone, asks)).light is light


def test_the_text_fits_where_windows_shows_it() -> None:
    assert seen(status()).text == "scrobbled: All is as it is"
    long = seen(status(house={"tone": "ok", "text": "word " * 100})).text
    assert len(long) == LONGEST < 128
    assert len(silent("why " * 100).text) == LONGEST


@pytest.mark.parametrize("strange", [{}, {"house": 3}, [], "html", status(asks=None), status(pairs=[{}])])
def test_what_is_no_status_is_told_apart(strange: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        seen(strange)


def keys(now: TrayView) -> list[str]:
    return [one.key for one in menu(now)]


def usable(now: TrayView) -> set[str]:
    return {one.key for one in menu(now) if one.enabled}


def test_the_menu_has_the_same_lines_at_all_times() -> None:
    well = seen(status())
    assert keys(well) == ["open", "sync", "needs", "pause", "exit"]
    assert usable(well) == {*keys(well)}
    assert [one.key for one in menu(well) if one.default] == ["open"]
    assert [one.text for one in menu(well)] == ["Open", "Sync now", "Needs you", "Pause delivery for an hour", "Exit"]
    assert [one.text for one in menu(seen(status(asks=1_200)))][2] == "Needs you (1,200)"
    for other in (BEFORE, NOT_LET_IN, silent("why")):
        assert keys(other) == keys(well)
        assert usable(other) == {"open", "exit"}


def test_what_cannot_be_done_cannot_be_clicked() -> None:
    assert "sync" not in usable(seen(status(pairs=[])))
    assert "sync" not in usable(seen(status(pairs=[{"viewer": "anna", "pair": "plex,plex", "works": False}])))
    paused = seen(status(pause={"since": "…", "until": None}))
    assert keys(paused) == ["open", "sync", "needs", "resume", "exit"]
    assert menu(paused)[3].text == "Deliver again now"

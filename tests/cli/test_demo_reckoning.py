"""The demo notices what is missing, doubled, or nobody's: it would not call a wrong evening right."""

from __future__ import annotations

import asyncio

import pytest

from scrobbled.cli.demo.evening import Demo
from scrobbled.cli.demo.reckoning import Reckoning


def evening() -> tuple[Demo, list[str]]:
    lines = list[str]()
    return Demo(tell=lines.append), lines


def test_an_evening_without_viewings_is_right() -> None:
    demo, lines = evening()
    assert Reckoning(demo.sandbox, lines.append).is_right()
    assert lines[-1].strip() == "Everybody has each play exactly once."


@pytest.mark.parametrize(("server", "account"), [("jellyfin", "anna"), ("emby", "sofa")])
def test_what_did_not_arrive_is_noticed(server: str, account: str) -> None:
    demo, lines = evening()
    watched = demo.sandbox[server]
    asyncio.run(watched.watch(watched.library.find("Harbour Lights S1E1"), account))
    assert not Reckoning(demo.sandbox, lines.append).is_right()
    assert any("0 TIMES" in line for line in lines)


def test_what_the_neighbour_watched_need_not_arrive() -> None:
    demo, lines = evening()
    watched = demo.sandbox["emby"]
    asyncio.run(watched.watch(watched.library.find("Harbour Lights S1E1"), "neighbour"))
    assert Reckoning(demo.sandbox, lines.append).is_right()
    assert "(1) nobody claims" in lines[-2]


def test_what_nobody_watched_is_noticed() -> None:
    demo, lines = evening()
    demo.sandbox["trakt"].preload("ben", 1)
    assert not Reckoning(demo.sandbox, lines.append).is_right()
    assert any("WAS NEVER WATCHED" in line for line in lines)

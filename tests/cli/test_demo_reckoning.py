"""The demo notices what is missing, doubled, or nobody's: it would not call a wrong evening right."""

import asyncio

import pytest

from scrobbled.cli.demo.evening import Demo
from scrobbled.cli.demo.library import CASES, DemoLibrary
from scrobbled.cli.demo.reckoning import Reckoning
from scrobbled.sandbox.plex.people import ANNA


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


def test_a_library_that_is_not_in_step_is_told_case_by_case() -> None:
    demo, lines = evening()
    assert not DemoLibrary(demo.home, lines.append).is_right(Reckoning(demo.sandbox, lines.append))
    assert sum(line.startswith("  WRONG: two episodes in one file") for line in lines) == 2
    assert [what for _, what, _ in CASES if not any(line.startswith(f"  {what} ") for line in lines)] == []
    assert not any("Library and Trakt agree" in line for line in lines)


def test_what_somebody_else_watched_at_the_same_server_is_not_to_be_at_their_trakt() -> None:
    demo, lines = evening()
    thing = next(one for one in demo.home.of("everybody's own") if one.person == "ben" and one.title)
    assert thing.title is not None
    demo.home.trakt("ben").add_play(thing.title, demo.home.ago(1), "watch", demo.home.now)
    DemoLibrary(demo.home, lines.append).is_right(Reckoning(demo.sandbox, lines.append))
    assert any("is at ben's Trakt" in line for line in lines)


@pytest.mark.parametrize(("times", "told"), [(1, 0), (2, 1)])
def test_what_was_watched_this_evening_counts_once_in_the_library(times: int, told: int) -> None:
    demo, lines = evening()
    watched = demo.sandbox["plex"]
    item = watched.library.find("Harbour Lights S1E1")
    for _ in range(times):
        asyncio.run(watched.watch(item, ANNA))
    DemoLibrary(demo.home, lines.append).is_right(Reckoning(demo.sandbox, lines.append))
    assert sum("counts 2 times in Plex" in line for line in lines) == told

"""Signing in to Jellyfin and Emby by user and password, of which nothing but a token is kept."""

from __future__ import annotations

import json

import pytest

from conftest import FakeClock
from scrobbled.core.errors import LoginNeeded, NeverSignedIn
from scrobbled.core.kinds import ITEMS
from scrobbled.core.words.checks import CheckVerdict, worst
from scrobbled.trackers import TRACKERS
from trackers.mediabrowser_bench import MediaBrowserBench

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["jellyfin", "emby"])
def bench(request: pytest.FixtureRequest, clock: FakeClock) -> MediaBrowserBench:
    made = MediaBrowserBench(request.param, clock)
    made.settings = {"url": made.settings["url"], "user": "anna"}
    return made


async def test_a_password_is_used_once_and_a_token_is_kept(bench: MediaBrowserBench) -> None:
    with pytest.raises(NeverSignedIn, match=f"auth {bench.name} --viewer anna"):
        await bench.read()
    name = await TRACKERS[bench.name].sign_in(bench.request(user="anna", password="anna-secret"))
    assert name == "anna"
    assert "anna-secret" not in json.dumps(bench.tokens.values)
    reading = await bench.read()
    assert reading.values[ITEMS].complete
    assert reading.owner.startswith(bench.anna.id)
    assert worst(await bench.tracker().examine()) is CheckVerdict.OK


async def test_what_is_asked_for_is_enough(bench: MediaBrowserBench) -> None:
    typed = iter(["anna", "anna-secret"])
    request = bench.request()
    asked = type(request)(
        **{name: getattr(request, name) for name in request.__struct_fields__} | {"ask": lambda _: next(typed)}
    )
    assert await TRACKERS[bench.name].sign_in(asked) == "anna"


@pytest.mark.parametrize(("user", "password"), [("anna", "wrong"), ("nobody", ""), ("ben", "ben-secret")])
async def test_a_wrong_password_or_somebody_else_is_refused(bench: MediaBrowserBench, user: str, password: str) -> None:
    request = bench.request(user=user, password=password)
    if user == "ben":
        request = bench.request(password=password)
        request = type(request)(
            **{name: getattr(request, name) for name in request.__struct_fields__} | {"ask": lambda _: "ben"}
        )
    with pytest.raises(LoginNeeded):
        await TRACKERS[bench.name].sign_in(request)
    assert bench.tokens.values is None


async def test_whoever_signed_in_is_read_unless_somebody_else_is_configured(bench: MediaBrowserBench) -> None:
    await TRACKERS[bench.name].sign_in(bench.request(user="ben", password="ben-secret"))
    with pytest.raises(LoginNeeded, match="ben"):
        await bench.read()
    del bench.settings["user"]
    reading = await bench.read()
    assert reading.owner.startswith(bench.server.people["ben"].id)


async def test_a_sign_in_is_for_the_server_it_was_made_at(bench: MediaBrowserBench) -> None:
    await TRACKERS[bench.name].sign_in(bench.request(user="anna", password="anna-secret"))
    assert bench.tokens.values is not None
    bench.tokens.values["server"] = "5" * 32
    with pytest.raises(LoginNeeded, match="another"):
        await bench.read()


async def test_libraries_are_offered_with_how_much_is_watched(bench: MediaBrowserBench) -> None:
    bench.settings["token"] = bench.server.api_key
    bench.mark(bench.film)
    offer = await bench.tracker().offers.offered()
    told = {one.title: (one.kind, one.items, one.watched) for one in offer.libraries}
    things = bench.server.library.items.values()
    films, episodes = (sum(one.type == kind for one in things) for kind in ("movie", "episode"))
    assert told == {"Films": ("movie", films, 1), "TV": ("show", episodes, 0)}


async def test_doctor_names_a_library_that_is_not_there(bench: MediaBrowserBench) -> None:
    bench.settings |= {"token": bench.server.api_key, "libraries": ["Flims"]}
    checks = await bench.tracker().examine()
    (told,) = [one for one in checks if one.state is CheckVerdict.PROBLEM]
    assert told.name == "libraries"
    assert "Films" in told.next_step

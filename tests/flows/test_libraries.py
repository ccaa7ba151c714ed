"""Only some libraries count: where a message does not name its library, the server behind it is asked."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
import yaml
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from scrobbled import sources
from scrobbled.config import loads, warnings
from scrobbled.core.words.checks import CheckVerdict
from scrobbled.desk.doctor.libraries import libraries
from scrobbled.desk.sources.guides import guide
from scrobbled.intake.household import household_of
from scrobbled.plumbing.http import Http
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.server import Sandbox
from scrobbled.servers.doors import doors
from scrobbled.servers.mediabrowser.libraries import FOLDERS
from scrobbled.sources.base import LIBRARY
from scrobbled.sources.body import Body, decode, read_body
from scrobbled.sources.parsing import understood
from scrobbled.store import Store

WORLD = worlds.build()
SERVERS = {
    "emby": {"url": "http://sandbox/emby", "server_token": "sandbox-emby-key"},
    "jellyfin": {"url": "http://sandbox/jellyfin", "server_token": "sandbox-jellyfin-key"},
}
SOURCES = ("emby", "jellyfin-webhooks", "jellyfin")
HOOK = "http://scrobbled.local/webhooks/any"
TV_ONLY = {"libraries": ["TV"]}


@dataclass
class House:
    """A service whose webhooks come from the stand-ins."""

    runtime: Runtime
    sandbox: Sandbox
    clock: FakeClock
    source: str
    said: list[Any]

    @property
    def server(self) -> Any:
        return self.sandbox["emby" if self.source == "emby" else "jellyfin"]

    async def watch(self, title: str) -> list[str]:
        """Everything its server sends of a viewing; returns the reasons."""
        self.said.clear()
        await self.server.watch(self.server.library.find(title), "anna", at=self.clock.now())
        return [(await self.runtime.ingest.take(self.source, body)).reason for body in list(self.said)]

    async def completed(self, body: Body) -> Body:
        message = understood(self.source, body, self.clock.now())
        return (await self.runtime.librarian.in_time(message)).body

    async def plays(self) -> list[str]:
        return await self.runtime.store.read(lambda db: [row[0] for row in db.execute("SELECT label FROM plays")])

    def asked(self) -> list[str]:
        return [one.path for one in self.server.log if one.method == "GET"]


def settings(source: str, *, asked: bool = True, viewer: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """``asked``: the server is configured; that of the second plugin stands below jellyfin."""
    place = "emby" if source == "emby" else "jellyfin"
    sources: dict[str, Any] = {source: {"token": "a-webhook-token-0815", "catch_up": "off", **more}}
    if source == "jellyfin-webhooks":
        del sources[source]["catch_up"]
        sources["jellyfin"] = {"token": "b-webhook-token-0815", "catch_up": "off"}
    if asked:
        sources[place] |= SERVERS[place]
    who = {"name": "anna", "accounts": dict.fromkeys(sources, "anna"), "trackers": {"memory": {}}}
    return {"sources": sources, "viewers": [{**who, **(viewer or {})}]}


@pytest.fixture
async def built(tmp_path: Path, blank: Path, clock: FakeClock) -> AsyncIterator[Any]:
    shutil.copy(blank, tmp_path / "scrobbled.db")
    sandbox = Sandbox(WORLD, now=clock.now, only=("emby", "jellyfin"))
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    runtimes: list[Runtime] = []

    def build_one(source: str, **how: Any) -> House:
        said: list[Body] = []

        def heard(request: httpx.Request) -> httpx.Response:
            said.append(read_body(request.headers.get("content-type"), request.content))
            return httpx.Response(200)

        config = loads(yaml.safe_dump({"storage": {"path": str(store.path)}, **settings(source, **how)}), {})
        runtimes.append(build(config, store=store, clock=clock, transport=httpx.ASGITransport(sandbox)))
        house = House(runtimes[-1], sandbox, clock, source, said)
        house.server.transport = httpx.MockTransport(heard)
        house.server.hook(HOOK, "default") if source == "jellyfin-webhooks" else house.server.hook(HOOK)
        return house

    with capture_logs():
        yield build_one
        for runtime in runtimes:
            runtime.stop()
            await runtime.aclose()


EPISODE, FILM = f"{WORLD.shows[0].title} S1E2", WORLD.movies[0].title


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("place", ["source", "viewer"])
async def test_only_what_lies_in_a_chosen_library_counts(built: Any, source: str, place: str) -> None:
    house = built(source, **(TV_ONLY if place == "source" else {"viewer": TV_ONLY}))
    await house.watch(EPISODE)
    assert set(await house.watch(FILM)) - {"bookkeeping"} == {"library"}
    assert len(await house.plays()) == 1


async def test_one_item_is_asked_for_once_and_the_libraries_once_an_hour(built: Any) -> None:
    house = built("emby", **TV_ONLY)
    await house.watch(EPISODE)
    assert [path for path in house.asked() if path != "/System/Info/Public"] == ["/Items", FOLDERS]
    house.clock.advance(7200)
    await house.watch(EPISODE)
    assert house.asked()[-1] == FOLDERS
    assert house.asked().count("/Items") == 1


async def test_nobody_is_asked_where_all_libraries_count(built: Any) -> None:
    house = built("emby")
    await house.watch(FILM)
    assert house.asked() == []
    assert len(await house.plays()) == 1


async def test_a_rule_for_a_library_holds_as_well(built: Any) -> None:
    house = built("emby", rules=[{"libraries": ["Films"], "count": False}])
    assert set(await house.watch(FILM)) == {"left out by a rule"}
    await house.watch(EPISODE)
    assert len(await house.plays()) == 1


@pytest.mark.parametrize("source", ["emby", "jellyfin-webhooks"])
async def test_where_nobody_can_be_asked_it_is_said_and_not_sent(built: Any, source: str) -> None:
    house = built(source, asked=False, **TV_ONLY)
    assert set(await house.watch(EPISODE)) == {"library not known"}
    assert await house.plays() == []
    config = house.runtime.config
    assert any("names no library" in text or "name no library" in text for text in warnings(config))
    assert any("name no library" in note for note in guide(config, source, lambda: "nas").notes)


async def test_a_server_that_is_away_is_not_asked_at_each_webhook_and_the_webhook_is_taken(built: Any) -> None:
    house = built("emby", **TV_ONLY)
    house.server.faults.add(Fault(match="GET /*", status=503))
    reasons = await house.watch(EPISODE)
    assert set(reasons) == {"library not known"}
    assert len(reasons) > 3
    assert len(house.asked()) == 1
    house.server.faults.clear()
    house.clock.advance(61)
    assert set(await house.watch(EPISODE)) != {"library not known"}


async def test_what_is_found_by_asking_is_asked_for_again_where_its_library_could_not_be(built: Any) -> None:
    """A row that was left out once would be left out for ever."""
    house = built("emby", viewer=TV_ONLY, catch_up="15m")
    (door,) = doors(house.runtime.config)
    await house.runtime.catching_up.once(door)
    house.clock.advance(4 * 3600)
    await house.server.watch(house.server.library.find(EPISODE), "anna", at=house.clock.now())
    house.clock.advance(4 * 3600)
    house.server.faults.add(Fault(match=f"GET {FOLDERS}", status=503, times=1))
    with pytest.raises(Exception, match="503"):
        await house.runtime.catching_up.once(door)
    await house.runtime.catching_up.once(door)
    assert len(await house.plays()) == 1


async def test_the_library_is_stored_with_the_webhook_so_that_it_holds_when_it_is_read_again(built: Any) -> None:
    house = built("emby", **TV_ONLY)
    await house.watch(EPISODE)
    (body,) = [one for one in house.said if one.data["Event"] == "playback.start"]
    completed = await house.completed(body)
    assert decode(completed.text) == {LIBRARY: "TV", **body.data}
    assert json.loads(body.text) == body.data


def test_kodi_has_no_libraries_so_that_everything_counts() -> None:
    config = loads(
        "sources: {kodi: {token: a-webhook-token-0815, libraries: [TV]}}\n"
        "viewers: [{name: anna, accounts: {kodi: me}, libraries: [TV], trackers: {memory: {}}}]",
        {},
    )
    assert [text for text in warnings(config) if "Kodi names no library" in text]
    (claimant,) = household_of(config).claimants("kodi", frozenset())
    assert claimant.libraries == frozenset()


@pytest.mark.parametrize(
    ("locations", "path", "title"),
    [
        (["D:\\Media\\Series"], "D:\\media\\Series\\Show\\1.mkv", "TV"),
        (["/media/tv"], "/media/tv2/Show/1.mkv", ""),
        (["/media", "/media/films"], "/media/films/1.mkv", "TV"),
        (["/media/tv/"], "/media/tv/Show/1.mkv", "TV"),
        ([None, 7, ""], "/media/tv/1.mkv", ""),
        (["/media/tv"], None, ""),
    ],
)
async def test_an_item_is_in_the_library_in_whose_folder_it_lies(
    built: Any, monkeypatch: pytest.MonkeyPatch, locations: list[Any], path: Any, title: str
) -> None:
    house = built("emby", **TV_ONLY)
    house.server.faults.add(Fault(match=f"GET {FOLDERS}", status=200, body=[{"Name": "TV", "Locations": locations}]))
    house.server.faults.add(Fault(match="GET /Items", status=200, body={"Items": [{"Id": "5", "Path": path}]}))
    body = read_body("application/json", json.dumps(event_of(house, "5")).encode())
    found = await house.completed(body)
    assert found.data.get(LIBRARY, "") == title


@pytest.mark.parametrize("answer", [{}, [7], "x", None, {"Items": {}}])
async def test_odd_answers_leave_the_webhook_as_it_came(built: Any, answer: Any) -> None:
    house = built("emby", **TV_ONLY)
    for match in (f"GET {FOLDERS}", "GET /Items"):
        house.server.faults.add(Fault(match=match, status=200, body=answer))
    body = read_body("application/json", json.dumps(event_of(house, "5")).encode())
    assert await house.completed(body) == body


async def test_a_webhook_is_parsed_once_although_its_library_is_asked_for(built: Any) -> None:
    house = built("emby", **TV_ONLY)
    parser = mock.Mock(wraps=sources.SOURCES["emby"])
    with mock.patch.dict(sources.SOURCES, {"emby": parser}):
        assert await house.watch(EPISODE)
    assert FOLDERS in house.asked()
    assert parser.parse.call_count == len(house.said)


async def test_an_item_of_another_server_is_not_asked_for(built: Any) -> None:
    house = built("emby", **TV_ONLY)
    message = event_of(house, "5")
    message["Server"]["Id"] = "another"
    body = read_body("application/json", json.dumps(message).encode())
    assert await house.completed(body) == body
    assert house.asked() == ["/System/Info/Public"]


def event_of(house: House, key: str) -> dict[str, Any]:
    return {
        "Event": "playback.start",
        "User": {"Name": "anna", "Id": ""},
        "Item": {"Id": key, "Type": "Movie", "Name": "A Film", "RunTimeTicks": 60_000_000_000},
        "Server": {"Id": house.server.face.id},
    }


class Asking:
    """As much of a patient as is looked at."""

    def __init__(self, house: House) -> None:
        self.config = house.runtime.config
        self._sandbox = house.sandbox

    def http(self, base: str) -> Any:
        return Http(base, transport=httpx.ASGITransport(self._sandbox))


@pytest.mark.parametrize(
    ("how", "state", "words"),
    [
        ({**TV_ONLY}, CheckVerdict.OK, "It is asked"),
        ({"libraries": ["Series"]}, CheckVerdict.WARNING, "Series"),
        ({"viewer": {"libraries": ["TV", "Series"]}}, CheckVerdict.OK, "It is asked"),
        ({"viewer": {"libraries": ["Series"]}}, CheckVerdict.WARNING, "Series"),
        ({**TV_ONLY, "asked": False}, CheckVerdict.WARNING, "name none"),
        ({}, None, ""),
    ],
)
async def test_doctor_tells_whether_libraries_can_be_judged(
    built: Any, how: dict[str, Any], state: CheckVerdict | None, words: str
) -> None:
    found = await libraries(Asking(built("emby", **how)))  # type: ignore[arg-type]
    assert [check.state for check in found] == ([] if state is None else [state])
    assert all(words in check.text for check in found)


async def test_doctor_says_when_the_key_is_refused(built: Any) -> None:
    house = built("emby", **TV_ONLY)
    house.server.faults.add(Fault(match=f"GET {FOLDERS}", status=401))
    (check,) = await libraries(Asking(house))  # type: ignore[arg-type]
    assert (check.state, "refused the API key" in check.text) == (CheckVerdict.PROBLEM, True)


async def test_jellyfins_own_plugin_names_its_libraries(built: Any) -> None:
    (check,) = await libraries(Asking(built("jellyfin", asked=False, **TV_ONLY)))  # type: ignore[arg-type]
    assert check.state is CheckVerdict.OK

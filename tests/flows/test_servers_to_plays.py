"""From what each media server sends to plays: every form of every server through everything up to the outbox."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from conftest import FakeClock
from scrobbled.config import load
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.mediabrowser.jellyfin import WEBHOOK_PLUGIN
from scrobbled.sandbox.plex.people import BEN, NEIGHBOUR
from scrobbled.sandbox.server import Sandbox
from scrobbled.sources.body import read_body

SERVERS = ("plex", "jellyfin", "emby")
FORMS = [
    ("plex", ""),
    ("tautulli", "scrobbled"),
    ("tautulli", "watchstate"),
    ("jellyfin", "json"),
    ("jellyfin", "text"),
    ("jellyfin", "form"),
    ("jellyfin", "default"),
    ("jellyfin", "plex"),
    ("emby", "form"),
    ("emby", "json"),
]
ONCE = ("jellyfin", "plex")
"""The plugin scrobbles each item once until the server restarts, and that format tells nothing else of an end."""
EPISODE = "Harbour Lights S1E2"
TITLES = {key: f"Quiet Signal S{1 + n // 8}E{1 + n % 8}" for n, key in enumerate(FORMS)}
"""Something else for each form."""
SPOT = re.compile(r"S(\d+) E(\d+).*")
PLEX = {"ben": BEN, "neighbour": NEIGHBOUR}
CONFIG = {
    "sources": {name: {"token": f"hook-token-{name}-4711"} for name in (*SERVERS, "tautulli")},
    "viewers": [
        {
            "name": name,
            "accounts": {
                "plex": name,
                "tautulli": name,
                "jellyfin": [name, "sofa"],
                "emby": [name, "sofa"],
            },
            "trackers": {"serializd": {"email": f"{name}@example.org", "password": f"{name}-secret"}},
        }
        for name in ("anna", "ben")
    ],
}


@dataclass
class Family:
    """Servers whose webhooks go to one service; nothing is delivered from there."""

    sandbox: Sandbox
    runtime: Runtime
    clock: FakeClock

    def alone(self, name: str, form: str) -> None:
        """From now on only that one is told, in that form."""
        self.sandbox["plex"].hooks = []
        self.sandbox["tautulli"].agents = []
        self.sandbox["emby"].notifiers = []
        for configuration in self.sandbox["jellyfin"].configurations.values():
            configuration.update({key: [] for key in configuration if key.startswith(("Generic", "Hooks"))})
        self.hook(name, form)

    def hook(self, name: str, form: str = "") -> None:
        url = f"http://scrobbled/webhooks/{name}/hook-token-{name}-4711"
        if name == "plex":
            self.sandbox["plex"].hooks.append(url)
        else:
            self.sandbox[name].hook(url, *([form] if form else []))

    async def watch(self, name: str, account: str = "ben", title: str = EPISODE, **more: Any) -> None:
        """On ``name``, or where it listens; every webhook must be stored."""
        server = self.sandbox["plex" if name == "tautulli" else name]
        item = server.library.find(title)
        who = PLEX[account] if server is self.sandbox["plex"] else account
        done = await server.watch(item, who, **more)
        assert {one.status for one in done} == {200}

    async def plays(self) -> list[tuple[str, str]]:
        """Whose, and the title as in ``TITLES``."""
        rows = await self.runtime.store.read(
            lambda db: db.execute("SELECT viewer, label FROM plays ORDER BY viewer, id").fetchall()
        )
        return [(row[0], SPOT.sub(r"S\1E\2", row[1])) for row in rows]


def service_of(runtime: Runtime) -> Callable[[httpx.Request], Awaitable[httpx.Response]]:
    """What takes webhooks, without the web around it."""

    async def take(request: httpx.Request) -> httpx.Response:
        body = read_body(request.headers.get("content-type"), await request.aread())
        await runtime.ingest.take(request.url.path.split("/")[2], body)
        return httpx.Response(200)

    return take


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, "storage": {"path": str(tmp_path / "scrobbled.db")}}), encoding="utf-8")
    clock = FakeClock()
    sandbox = Sandbox(now=clock.now, only=("plex", "jellyfin", "emby", "tautulli"))
    runtime = build(load(path, {}), clock=clock, transport=httpx.MockTransport(lambda request: httpx.Response(404)))
    service = httpx.MockTransport(service_of(runtime))
    for name in ("jellyfin", "emby", "tautulli"):
        sandbox[name].transport = service
    sandbox["plex"].player.transport = service
    try:
        yield Family(sandbox, runtime, clock)
    finally:
        await runtime.aclose()


async def test_a_viewing_is_one_play_of_who_watched_in_every_form(family: Family) -> None:
    for (name, form), title in TITLES.items():
        family.alone(name, form)
        await family.watch(name, title=title)
        await family.watch(name, "neighbour", title=title)
    assert await family.plays() == [("ben", label) for label in TITLES.values()]


async def test_watching_it_again_later_is_another_play_in_every_form_but_one(family: Family) -> None:
    for (name, form), title in TITLES.items():
        family.alone(name, form)
        await family.watch(name, title=title)
        family.clock.advance(3 * 3600)
        await family.watch(name, title=title)
    labels = Counter(label for _, label in await family.plays())
    assert {key: labels[label] for key, label in TITLES.items()} == {key: 2 - (key == ONCE) for key in FORMS}


async def test_what_is_broken_off_counts_when_it_is_taken_up_and_finished(family: Family) -> None:
    forms = [key for key in FORMS if key[0] in ("jellyfin", "emby")]
    for name, form in forms:
        family.alone(name, form)
        await family.watch(name, title=TITLES[name, form], until=0.4)
        assert ("ben", TITLES[name, form]) not in await family.plays()
        family.clock.advance(20 * 3600)
        await family.watch(name, title=TITLES[name, form], events=["resume", "credits", "stop"])
    assert await family.plays() == [("ben", TITLES[key]) for key in forms]


@pytest.mark.parametrize("name", ["jellyfin", "emby"])
async def test_who_watches_on_a_shared_account_has_it_too(family: Family, name: str) -> None:
    family.hook(name)
    await family.watch(name, "sofa")
    assert [viewer for viewer, _ in await family.plays()] == ["anna", "ben"]


async def test_what_plex_and_tautulli_both_tell_is_one_play(family: Family) -> None:
    family.hook("plex")
    family.hook("plex")
    family.hook("tautulli")
    await family.watch("plex")
    assert len(await family.plays()) == 1


async def test_two_servers_telling_of_one_viewing_make_one_play(family: Family) -> None:
    for name in SERVERS:
        family.hook(name)
    for name in SERVERS:
        await family.watch(name, at=family.clock.now())
        family.clock.advance(20)
    assert len(await family.plays()) == 1


async def test_two_plugins_of_one_server_make_one_play(family: Family) -> None:
    for form in ("json", "default", "form"):
        family.hook("jellyfin", form)
    await family.watch("jellyfin")
    assert len(await family.plays()) == 1


async def test_a_play_has_the_time_that_the_server_states(family: Family) -> None:
    family.hook("emby")
    ended = family.clock.now() - timedelta(minutes=7)
    await family.watch("emby", at=ended)
    ((at,),) = await family.runtime.store.read(lambda db: db.execute("SELECT watched_at FROM plays").fetchall())
    assert at == pytest.approx(ended.timestamp())


async def test_whichever_notifications_somebody_ticked_at_jellyfin_a_viewing_is_one_play(family: Family) -> None:
    ticked = [
        ("UserDataSaved",),
        ("PlaybackStop",),
        ("PlaybackStart", "PlaybackStop"),
        ("UserDataSaved", "PlaybackStop"),
    ]
    url = "http://scrobbled/webhooks/jellyfin/hook-token-jellyfin-4711"
    titles = [f"Quiet Signal S1E{n}" for n, _ in enumerate(ticked, 1)]
    for events, title in zip(ticked, titles, strict=True):
        family.sandbox["jellyfin"].configurations[WEBHOOK_PLUGIN]["GenericOptions"] = []
        family.sandbox["jellyfin"].hook(url, events=events)
        await family.watch("jellyfin", title=title)
    assert await family.plays() == [("ben", title) for title in titles]

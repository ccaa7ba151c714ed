"""Asking media servers what was watched: what webhooks lost is made up for, and nothing comes twice or unasked."""

import asyncio
import dataclasses
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from patience import until
from scrobbled.config import loads
from scrobbled.core.errors import ContractDrift, LoginNeeded, StoreError, TryLater
from scrobbled.desk.facts.on_screen import on_screen
from scrobbled.intake.household import household_of
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.plex.people import ANNA, BEN, NEIGHBOUR
from scrobbled.sandbox.plex.player import PlexDevice, multipart, payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.servers import catching_up
from scrobbled.servers.catching_up import Caught
from scrobbled.servers.doors import doors
from scrobbled.sources.body import Body, read_body
from scrobbled.store import Store
from scrobbled.store.inbox import cursors

CONFIG = """
storage: {path: PATH}
sources:
  plex: {token: a-webhook-token-0815, url: "http://sandbox/plex", server_token: sandbox-plex-token}
  jellyfin: {token: b-webhook-token-0815, url: "http://sandbox/jellyfin", server_token: sandbox-jellyfin-key}
  emby: {token: c-webhook-token-0815, url: "http://sandbox/emby", server_token: sandbox-emby-key}
viewers:
  - {name: anna, accounts: {plex: anna, jellyfin: anna, emby: anna}, trackers: {memory: {}}}
  - {name: ben, accounts: {plex: ben, jellyfin: sofa}, trackers: {memory: {}}}
"""
HOUR = timedelta(hours=1)
WORLD = worlds.build()
BOTH = pytest.mark.parametrize("name", ["jellyfin", "emby"])
ALL = pytest.mark.parametrize("name", ["plex", "jellyfin", "emby"])


@dataclass
class House:
    """A service that is not running, and the servers it asks; time stands still unless a test moves it."""

    runtime: Runtime
    sandbox: Sandbox
    clock: FakeClock

    async def catch_up(self, name: str) -> Caught:
        door = next(door for door in doors(self.runtime.config) if door.source == name)
        return await self.runtime.catching_up.once(door)

    async def settled(self, name: str) -> Caught:
        """After so long that nobody can be watching any more."""
        self.clock.advance(4 * 3600)
        return await self.catch_up(name)

    async def plays(self, viewer: str = "anna") -> list[tuple[str, datetime | None]]:
        def read(db: Any) -> list[Any]:
            return db.execute("SELECT label, watched_at FROM plays WHERE viewer = ? ORDER BY id", (viewer,)).fetchall()

        rows = await self.runtime.store.read(read)
        zone = self.clock.now().tzinfo
        return [(label, None if at is None else datetime.fromtimestamp(at, zone)) for label, at in rows]

    async def events(self) -> list[tuple[str, str]]:
        rows = await self.runtime.store.read(lambda db: db.execute("SELECT source, outcome FROM events").fetchall())
        return [(source, outcome) for source, outcome in rows]

    def item(self, name: str, title: str) -> Any:
        return self.sandbox[name].library.find(title)

    async def watch(self, name: str, title: str, who: str = "anna", at: datetime | None = None, **how: Any) -> Any:
        """At a server whose webhooks reach nobody. Returns the item."""
        item = self.item(name, title)
        account: Any = {"anna": ANNA, "ben": BEN, "neighbour": NEIGHBOUR}[who] if name == "plex" else who
        await self.sandbox[name].watch(item, account, at=at or self.clock.now(), **how)
        return item


@asynccontextmanager
async def housed(path: Path, clock: FakeClock) -> AsyncIterator[House]:
    sandbox = Sandbox(WORLD, now=clock.now, only=("plex", "plextv", "jellyfin", "emby"))
    store = Store(path / "scrobbled.db")
    await hurried(store)
    config = loads(CONFIG.replace("PATH", str(path / "scrobbled.db")), {})
    runtime = build(config, store=store, clock=clock, transport=httpx.ASGITransport(sandbox))
    with capture_logs():
        try:
            yield House(runtime, sandbox, clock)
        finally:
            runtime.stop()
            await runtime.aclose()


@pytest.fixture
async def house(tmp_path: Path, blank: Path, clock: FakeClock) -> AsyncIterator[House]:
    shutil.copy(blank, tmp_path / "scrobbled.db")
    async with housed(tmp_path, clock) as house:
        yield house


def title_of(house: House, kind: str = "episode") -> str:
    show, movie = house.sandbox.world.shows[0], house.sandbox.world.movies[0]
    return movie.title if kind == "movie" else f"{show.title} S1E2"


def at_the_date(house: House, name: str, at: datetime, item: Any) -> datetime:
    """Jellyfin and Emby keep when it began, Plex when it was counted."""
    if name == "plex":
        return at
    return at - timedelta(milliseconds=item.duration * 0.98)


def seconds_apart(one: datetime | None, other: datetime) -> float:
    assert one is not None
    return abs((one - other).total_seconds())


# What is found


@ALL
async def test_the_first_time_nothing_old_is_taken(house: House, name: str) -> None:
    await house.watch(name, title_of(house), at=house.clock.now() - HOUR)
    house.clock.advance(4 * 3600)
    assert await house.catch_up(name) == Caught()
    assert await house.plays() == []
    assert await house.settled(name) == Caught()


@ALL
@pytest.mark.parametrize("kind", ["episode", "movie"])
async def test_what_no_webhook_told_is_a_play_with_its_own_date(house: House, name: str, kind: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    at = house.clock.now()
    item = await house.watch(name, title_of(house, kind))
    assert (await house.settled(name)).taken == 1
    ((label, watched_at),) = await house.plays()
    assert title_of(house, kind).split(" S1")[0] in label
    assert seconds_apart(watched_at, at_the_date(house, name, at, item)) <= 1


@ALL
async def test_what_was_taken_is_not_taken_again(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.watch(name, title_of(house))
    await house.settled(name)
    for _ in range(3):
        assert (await house.settled(name)).taken == 0
    assert len(await house.plays()) == 1
    assert len(await house.events()) == 1


@ALL
async def test_seeing_it_again_another_day_is_another_play(house: House, name: str) -> None:
    await house.catch_up(name)
    for _ in range(2):
        house.clock.advance(20 * 3600)
        await house.watch(name, title_of(house))
        await house.settled(name)
    assert len(await house.plays()) == 2


@ALL
async def test_what_was_watched_while_we_were_away_is_found_when_we_are_back(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(9 * 86_400)
    await house.watch(name, title_of(house), at=house.clock.now() - timedelta(days=8))
    assert (await house.catch_up(name)).taken == 1


@ALL
async def test_everybody_has_what_they_watched_and_nobody_else(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    ben = "ben" if name == "plex" else "sofa"
    await house.watch(name, title_of(house), "anna")
    await house.watch(name, title_of(house, "movie"), ben)
    await house.watch(name, title_of(house, "movie"), "neighbour")
    await house.settled(name)
    assert [title_of(house).split(" S1")[0] in label for label, _ in await house.plays("anna")] == [True]
    assert len(await house.plays("ben")) == (0 if name == "emby" else 1)


def listed_by(house: House, name: str) -> None:
    """Anna is known by that at Plex, and by nothing else."""
    anna, *others = house.runtime.config.viewers
    plex = dataclasses.replace(house.runtime.config.sources["plex"], account_url="http://sandbox/plextv")
    sources = {**house.runtime.config.sources, "plex": plex}
    viewers = (dataclasses.replace(anna, accounts={"plex": (name,)}), *others)
    house.runtime.config = dataclasses.replace(house.runtime.config, viewers=viewers, sources=sources)
    house.runtime.ingest.use(household_of(house.runtime.config))


async def test_an_owner_who_is_listed_by_the_number_at_plex_tv_is_found_by_it(house: House) -> None:
    """In the history the owner is 1, which is no number of anybody."""
    listed_by(house, str(ANNA.id))
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    await house.watch("plex", title_of(house))
    await house.settled("plex")
    assert len(await house.plays()) == 1
    assert len(house.sandbox["plextv"].calls()) == 1, "it is kept"


async def test_whoever_lists_the_number_one_is_not_the_owner(house: House) -> None:
    listed_by(house, "1")
    house.sandbox["plextv"].faults.add(Fault(status=401))
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    await house.watch("plex", title_of(house))
    await house.settled("plex")
    assert await house.plays() == []
    assert await house.events() == [("plex", "unclaimed")]


@BOTH
async def test_of_a_user_whom_nobody_lists_nothing_is_asked(house: House, name: str) -> None:
    await house.catch_up(name)
    neighbour = house.sandbox[name].people["neighbour"].id
    asked = [f"{one.path}?{one.query}" for one in house.sandbox[name].calls("GET *")]
    assert asked
    assert not [call for call in asked if neighbour in call]


@BOTH
async def test_the_ids_of_the_show_come_with_the_episode(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.watch(name, title_of(house))
    await house.settled(name)
    item = await house.runtime.store.read(lambda db: json.loads(db.execute("SELECT item FROM plays").fetchone()[0]))
    assert str(house.sandbox.world.shows[0].tmdb) in json.dumps(item)


# What is known


async def test_a_viewing_that_plex_told_by_webhook_is_one_play(house: House) -> None:
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    item = await house.watch("plex", title_of(house))
    content_type, body = multipart(payload("scrobble", item, ANNA, house.clock.now()))
    await house.runtime.ingest.take("plex", read_body(content_type, body))
    await house.settled("plex")
    assert len(await house.plays()) == 1
    assert ("plex", "duplicate") in await house.events()


@pytest.mark.parametrize("listed", [True, False])
async def test_a_stop_that_comes_alone_from_another_player_is_what_the_server_lists(
    house: House, *, listed: bool
) -> None:
    """A day after the viewing, of which nobody told the stop; yesterday's play stays one, and today's is not lost."""
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    item = await house.watch("plex", title_of(house))
    await house.runtime.ingest.take("plex", read_body(*multipart(payload("scrobble", item, ANNA, house.clock.now()))))
    house.clock.advance(86_400)
    if listed:
        await house.watch("plex", title_of(house))
    stop = payload(
        "stop", item, ANNA, house.clock.now(), offset=round(item.duration * 0.96), device=PlexDevice("Phone", "phone-1")
    )
    await house.runtime.ingest.take("plex", read_body(*multipart(stop)))
    assert len(await house.plays()) == 1
    assert (await house.events())[-1] == ("plex", "accepted")
    await house.settled("plex")
    assert len(await house.plays()) == (2 if listed else 1)
    await house.settled("plex")
    assert len(await house.plays()) == (2 if listed else 1)


async def test_where_nobody_is_asked_a_stop_that_comes_alone_a_day_later_is_a_viewing(house: House) -> None:
    sources = {key: dataclasses.replace(one, catch_up=0.0) for key, one in house.runtime.config.sources.items()}
    house.runtime.ingest.use(household_of(dataclasses.replace(house.runtime.config, sources=sources)))
    item = house.item("plex", title_of(house))
    await house.runtime.ingest.take("plex", read_body(*multipart(payload("scrobble", item, ANNA, house.clock.now()))))
    house.clock.advance(86_400)
    stop = payload(
        "stop", item, ANNA, house.clock.now(), offset=round(item.duration * 0.96), device=PlexDevice("Phone", "phone-1")
    )
    await house.runtime.ingest.take("plex", read_body(*multipart(stop)))
    assert len(await house.plays()) == 2


@BOTH
@pytest.mark.parametrize("pause", [0, 5 * 3600])
async def test_a_viewing_whose_end_was_told_by_webhook_is_known_by_its_beginning(
    house: House, name: str, pause: int
) -> None:
    """The date in the list is that of its beginning, so that the length of the film lies between the two."""
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    began = house.clock.now()
    item = await house.watch(name, title_of(house), at=began + timedelta(milliseconds=house_length(house, name)))
    house.clock.advance(item.duration / 1000 + pause)
    await house.runtime.ingest.take(name, stopped(house, name, item))
    assert len(await house.plays()) == 1
    assert await house.settled(name) == Caught(known=1)
    assert len(await house.plays()) == 1


def house_length(house: House, name: str) -> float:
    return house.item(name, title_of(house)).duration * 0.98


def stopped(house: House, name: str, item: Any) -> Body:
    return told(house, name, item, "playback.stop", PlayedToCompletion=True, PositionTicks=0)


def told(house: House, name: str, item: Any, event: str, **info: Any) -> Body:
    """A webhook as Emby writes it; Jellyfin's parser takes it as well."""
    server = house.sandbox[name]
    data = {
        "Event": event,
        "Date": house.clock.now().isoformat(),
        "User": {"Id": server.people["anna"].id, "Name": "anna"},
        "Item": server.row(item, server.people["anna"], ["*"]),
        "Server": {"Id": server.face.id},
        "PlaybackInfo": info,
    }
    return Body(data, json.dumps(data))


@BOTH
@pytest.mark.parametrize("watchdog", [True, False])
async def test_whoever_pauses_in_the_credits_and_goes_to_bed_has_watched_it_once(
    house: House, name: str, *, watchdog: bool
) -> None:
    """The list has it meanwhile, dated by its beginning; the end is told in the morning, or never."""
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    item = house.item(name, title_of(house))
    await house.runtime.ingest.take(name, told(house, name, item, "playback.start", PositionTicks=0))
    length = item.duration * 0.95
    at = house.clock.now() + timedelta(milliseconds=length)
    await house.sandbox[name].watch(item, "anna", events=("play", "credits"), at=at, until=0.95)
    house.clock.advance(length / 1000)
    await house.runtime.ingest.take(
        name, told(house, name, item, "playback.pause", PositionTicks=round(length * 10_000))
    )
    assert await house.settled(name) == Caught(later=1)
    if watchdog:
        await house.runtime.watchdog.look()
    else:
        house.clock.advance(4 * 3600)
        await house.runtime.ingest.take(name, stopped(house, name, item))
    assert await house.settled(name) == Caught(known=1)
    assert len(await house.plays()) == 1


@BOTH
async def test_a_mark_that_the_viewer_wants_nothing_of_does_not_come_back_by_the_list(house: House, name: str) -> None:
    sources = {key: dataclasses.replace(one, marks="ignore") for key, one in house.runtime.config.sources.items()}
    house.runtime.config = dataclasses.replace(house.runtime.config, sources=sources)
    house.runtime.ingest.use(household_of(house.runtime.config))
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    item = house.item(name, title_of(house))
    await house.sandbox[name].mark(item, "anna")
    await house.runtime.ingest.take(name, told(house, name, item, "item.markplayed"))
    assert await house.settled(name) == Caught(known=1)
    assert await house.plays() == []


@BOTH
async def test_what_is_on_at_this_moment_is_left_for_later(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    item = await house.watch(name, title_of(house), events=("play", "credits"))
    server = house.sandbox[name]
    row = {"UserId": server.people["anna"].id, "NowPlayingItem": {"Id": server.id_of(item)}}
    server.faults.add(Fault(match="GET /Sessions", status=200, body=[{"Id": "idle"}, row], times=2))
    assert await house.settled(name) == Caught(later=1)
    assert await house.settled(name) == Caught(later=1)
    assert (await house.settled(name)).taken == 1


@BOTH
async def test_what_may_still_be_going_on_is_left_for_later(house: House, name: str) -> None:
    """The server counts it at nine tenths; the webhook of its end is to come first."""
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.watch(name, title_of(house), events=("play", "credits"))
    assert await house.catch_up(name) == Caught(later=1)
    assert (await house.settled(name)).taken == 1


@BOTH
async def test_what_was_only_begun_is_nothing(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.watch(name, title_of(house), until=0.4)
    assert await house.settled(name) == Caught()


@BOTH
async def test_beginning_to_watch_it_again_is_nothing_either(house: House, name: str) -> None:
    item = await house.watch(name, title_of(house), at=house.clock.now() - timedelta(days=30))
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.sandbox[name].watch(item, "anna", events=("play", "progress"), at=house.clock.now())
    assert await house.settled(name) == Caught()


@BOTH
async def test_what_was_played_and_has_a_place_to_go_on_from_is_being_watched_again(house: House, name: str) -> None:
    """Not every version takes back that it was played when somebody begins anew; the date moves all the same."""
    server, anna = house.sandbox[name], house.sandbox[name].people["anna"]
    item = await house.watch(name, title_of(house), at=house.clock.now() - timedelta(days=30))
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    again = dataclasses.replace(server.seen(anna, item), played=True, last=house.clock.now(), position=300_000)
    await server.changed("data", item, anna, again)
    assert await house.settled(name) == Caught(later=1)
    assert await house.plays() == []
    await server.changed("data", item, anna, dataclasses.replace(again, position=0))
    assert (await house.settled(name)).taken == 1


@BOTH
async def test_what_is_played_without_a_date_is_left_alone(house: House, name: str) -> None:
    server = house.sandbox[name]
    await house.catch_up(name)
    item = house.item(name, title_of(house))
    await server.changed(
        "data", item, server.people["anna"], dataclasses.replace(server.seen(server.people["anna"], item), played=True)
    )
    assert await house.settled(name) == Caught(undated=1)


# Marks at a Plex server


async def marked(house: House, title: str) -> Any:
    item = house.item("plex", title)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(house.sandbox), base_url="http://sandbox") as client:
        query = {"key": item.rating_key, "identifier": "com.plexapp.plugins.library"}
        answer = await client.put("/plex/:/scrobble", params=query, headers={"X-Plex-Token": "sandbox-plex-token"})
        assert answer.status_code == 200
    return item


async def test_a_mark_by_hand_leaves_no_row_in_the_history_and_is_found_all_the_same(house: House) -> None:
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    await marked(house, title_of(house))
    assert (await house.catch_up("plex")).taken == 1
    ((_, at),) = await house.plays()
    assert seconds_apart(at, house.clock.now()) <= 1
    assert (await house.catch_up("plex")).taken == 0


async def test_a_viewing_of_the_history_is_no_mark_beside(house: House) -> None:
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    await house.watch("plex", title_of(house))
    assert await house.settled("plex") == Caught(taken=1)


async def test_looking_into_what_was_watched_years_ago_is_no_mark(house: House) -> None:
    """It moves ``lastViewedAt``, and the history accounts for the one view there is."""
    item = await house.watch("plex", title_of(house), at=house.clock.now() - timedelta(days=900))
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    player = house.sandbox["plex"].player
    key = (ANNA.id, item.rating_key)
    player.seen[key] = dataclasses.replace(player.seen[key], last=int(house.clock.now().timestamp()))
    assert (await house.settled("plex")).taken == 0
    asked = len(house.sandbox["plex"].calls())
    assert (await house.settled("plex")) == Caught()
    assert len(house.sandbox["plex"].calls()) - asked == 6, "it is not looked into again"
    assert await house.plays() == []


# Trouble


@ALL
@pytest.mark.parametrize("nth", [0, 1, 2])
async def test_a_reading_that_breaks_off_loses_nothing(house: House, name: str, nth: int) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.watch(name, title_of(house))
    house.clock.advance(4 * 3600)
    house.sandbox[name].faults.add(Fault(skip=nth, times=1, status=503))
    with pytest.raises(TryLater):
        await house.catch_up(name)
    house.clock.advance(40 * 86_400)
    assert (await house.catch_up(name)).taken == 1
    assert len(await house.plays()) == 1


@ALL
async def test_where_the_database_fails_the_row_is_taken_the_next_time(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    await house.watch(name, title_of(house))

    async def full(source: str, body: Body) -> None:
        raise StoreError("the disk is full")

    house.clock.advance(4 * 3600)
    with monkeypatch.context() as broken:
        broken.setattr(house.runtime.catching_up, "_kit", replace(house.runtime.catching_up._kit, take=full))
        with pytest.raises(StoreError):
            await house.catch_up(name)
    assert (await house.catch_up(name)).taken == 1


@ALL
async def test_a_refused_token_names_the_key_to_change(house: House, name: str) -> None:
    house.sandbox[name].faults.add(Fault(match="GET /accounts" if name == "plex" else "GET /Users", status=401))
    with pytest.raises(LoginNeeded, match=rf"sources\.{name}\.server_token"):
        await house.catch_up(name)


@ALL
@pytest.mark.parametrize(
    "fault", [Fault(kind="html"), Fault(status=404), Fault(status=200, body=[1]), Fault(kind="malformed")]
)
async def test_a_strange_answer_is_no_empty_list(house: House, name: str, fault: Fault) -> None:
    path = {"plex": "GET /status/sessions/history/all", "jellyfin": "GET /Items", "emby": "GET /Users/*/Items"}[name]
    house.sandbox[name].faults.add(dataclasses.replace(fault, match=path))
    with pytest.raises(ContractDrift):
        await house.catch_up(name)


async def test_no_token_stands_in_an_address(house: House) -> None:
    for name in ("plex", "jellyfin", "emby"):
        await house.catch_up(name)
        token = next(door.token for door in doors(house.runtime.config) if door.source == name)
        assert not [one for one in house.sandbox[name].calls() if token in f"{one.path}{one.query}"]


# Bounds


@ALL
async def test_many_at_once_are_taken_in_several_rounds_and_none_twice(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "MOST_ROWS", 3)
    for module in ("base", "plex", "mediabrowser"):
        monkeypatch.setattr(f"scrobbled.clients.{module}.PAGE", 2)
    await house.catch_up(name)
    show = house.sandbox.world.shows[0]
    titles = [f"{show.title} S1E{number}" for number in range(1, 6)]
    for title in titles:
        house.clock.advance(3 * 3600)
        await house.watch(name, title)
    house.clock.advance(4 * 3600)
    taken = [(await house.catch_up(name)).taken for _ in range(4)]
    assert sum(taken) == 5
    assert max(taken) <= 4
    assert len(await house.plays()) == 5


async def test_what_was_taken_long_ago_is_forgotten(house: House) -> None:
    await house.catch_up("plex")
    house.clock.advance(3 * 3600)
    await house.watch("plex", title_of(house))
    await house.settled("plex")
    house.clock.advance(5 * 86_400)
    await house.catch_up("plex")
    house.clock.advance(5 * 86_400)
    await house.catch_up("plex")
    count = await house.runtime.store.read(lambda db: db.execute("SELECT count(*) FROM polled").fetchone()[0])
    assert count == 0
    assert len(await house.plays()) == 1


# When


async def keeping(house: House, rounds: Callable[[], bool]) -> None:
    stopping = asyncio.Event()
    task = asyncio.create_task(house.runtime.catching_up.run(stopping))
    await until(rounds, "so many rounds")
    stopping.set()
    await task


async def test_each_server_is_asked_soon_after_the_start_and_then_every_quarter_of_an_hour(house: House) -> None:
    asked: list[tuple[str, float]] = []

    async def once(door: Any) -> Caught:
        asked.append((door.source, house.clock.monotonic()))
        return Caught()

    house.runtime.catching_up.once = once  # type: ignore[method-assign]
    await keeping(house, lambda: len(asked) >= 9)
    assert asked[:3] == [("plex", 30.0), ("jellyfin", 30.0), ("emby", 30.0)]
    assert [at for _, at in asked[3:9]] == [930.0] * 3 + [1830.0] * 3


def set_clock(house: House, seconds: float) -> None:
    """To another time, without any passing."""
    house.clock._start += timedelta(seconds=seconds)


@ALL
async def test_what_is_watched_after_a_clock_was_put_back_a_year_is_found(house: House, name: str) -> None:
    await house.catch_up(name)
    house.clock.advance(3 * 3600)
    set_clock(house, 365 * 86_400)
    await house.catch_up(name)
    set_clock(house, -365 * 86_400)
    await house.watch(name, title_of(house))
    assert (await house.settled(name)).taken == 1
    assert len(await house.plays()) == 1
    assert await house.settled(name) == Caught()


async def test_nobody_is_asked_by_a_clock_that_is_not_to_be_trusted(house: House) -> None:
    asked: list[str] = []

    async def once(door: Any) -> Caught:
        asked.append(door.source)
        return Caught()

    house.runtime.catching_up.once = once  # type: ignore[method-assign]
    set_clock(house, -365 * 86_400)
    await keeping(house, lambda: house.clock.monotonic() > 3600)
    assert asked == []
    set_clock(house, 365 * 86_400)
    await keeping(house, lambda: len(asked) >= 3)
    assert sorted(asked[:3]) == ["emby", "jellyfin", "plex"]


async def test_what_was_on_screen_by_a_clock_that_was_put_back_is_so_no_longer(house: House) -> None:
    async def shown() -> int:
        now = house.clock.now().timestamp()
        return len(await house.runtime.store.read(lambda db: on_screen(db, now)))

    set_clock(house, 365 * 86_400)
    hook = multipart(payload("play", house.item("plex", title_of(house)), ANNA, house.clock.now()))
    await house.runtime.ingest.take("plex", read_body(*hook))
    assert await shown() == 1
    set_clock(house, -600)
    assert await shown() == 1, "a clock may be put right by minutes"
    set_clock(house, -365 * 86_400)
    assert await shown() == 0


async def test_a_server_that_is_down_keeps_no_other_from_being_asked_and_is_shown(house: House) -> None:
    house.sandbox["plex"].faults.add(Fault(status=503))
    good = house.runtime.catching_up
    await keeping(house, lambda: {one.state for one in good.conditions} == {"ok", "down"})
    shown = {part.name: (part.state, bool(part.reason)) for part in await house.runtime.vitals.components()}
    assert shown["plex poll"] == ("down", True)
    assert shown["jellyfin poll"] == shown["emby poll"] == ("ok", False)
    kept = await house.runtime.store.read(cursors.states)
    assert {(one.source, one.way): one.state for one in kept}[("plex", "poll")] == "down"


async def told_of(house: House) -> list[str]:
    return [one.subject for one in await house.runtime.alerts.open()]


async def test_a_refused_key_is_told_at_once_and_its_end_as_well(house: House) -> None:
    door = next(door for door in doors(house.runtime.config) if door.source == "jellyfin")
    house.sandbox["jellyfin"].faults.add(Fault(match="GET /Users", status=401, times=1))
    await house.runtime.catching_up._round(door)
    assert await told_of(house) == ["jellyfin poll"]
    await house.runtime.catching_up._round(door)
    assert await told_of(house) == []


async def test_a_server_that_is_off_at_night_is_no_trouble_and_one_that_is_off_for_a_day_is(house: House) -> None:
    door = next(door for door in doors(house.runtime.config) if door.source == "emby")
    house.sandbox["emby"].faults.add(Fault(status=503))
    for hours, told in ((0, []), (23, []), (1, ["emby poll"])):
        house.clock.advance(hours * 3600)
        await house.runtime.catching_up._round(door)
        assert await told_of(house) == told


async def test_a_server_that_is_not_to_be_asked_is_not(house: House) -> None:
    sources = {name: dataclasses.replace(one, catch_up=0.0) for name, one in house.runtime.config.sources.items()}
    house.runtime.config = dataclasses.replace(house.runtime.config, sources=sources)
    await keeping(house, lambda: house.clock.monotonic() > 3600)
    assert not house.sandbox["plex"].calls()
    assert not [part for part in await house.runtime.vitals.components() if "poll" in part.name]

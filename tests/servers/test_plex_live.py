"""Who plays what at a Plex server: never anybody else than the server says, and never what is no film or episode."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from catalogues.test_plex_finder import Memory
from conftest import FakeClock
from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plextv import PlexTv
from scrobbled.core.errors import LoginNeeded, TryLater
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.plex.app import OWNER_TOKEN, PlexStandIn
from scrobbled.sandbox.plex.people import ANNA, BEN, MACHINE, NEIGHBOUR, PlexAccount
from scrobbled.sandbox.world import build
from scrobbled.servers.plex.history import PlexServer
from scrobbled.servers.plex.live import ASK_AGAIN_AFTER, PlexLive, messages
from scrobbled.servers.plex.sessions import PlexNotice
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body

WORLD = build()


@dataclass
class Room:
    """A Plex server with somebody who listens to it; ``heard`` is what came of that, as our parser reads it."""

    plex: PlexStandIn
    clock: FakeClock
    http: Http
    heard: list[PlaybackEvent] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    failing: bool = False

    def __post_init__(self) -> None:
        account = PlexTv(self.http, self.http.base, OWNER_TOKEN)
        server = PlexServer(PlexClient(self.http, OWNER_TOKEN), account, Memory())
        claimed = {"anna", "ben"}
        self.live = PlexLive(
            server, MACHINE, take=self._take, claimed=lambda account: account.name in claimed, clock=self.clock
        )

    async def _take(self, body: Body) -> None:
        if self.failing:
            raise TryLater("not now")
        self.bodies.append(body)
        self.heard += SOURCES["plex"].parse(body.data, self.clock.now())

    def item(self, title: str = "") -> Any:
        return self.plex.library.find(title or f"{WORLD.shows[0].title} S1E2")

    async def do(self, event: str, percent: float, who: PlexAccount = BEN, title: str = "") -> PlexNotice:
        """Somebody does something, and whoever listens is told."""
        item = self.item(title)
        offset = round(item.duration * percent / 100)
        before = dict(self.plex.player.sessions)
        await self.plex.player.report(event, item, who, self.clock.now(), offset=offset)
        now = {**before, **self.plex.player.sessions}
        session = next(one for (account, _), one in now.items() if account == who.id)
        state = {"play": "playing", "resume": "playing", "pause": "paused", "stop": "stopped"}[event]
        notice = PlexNotice(str(session.key), item.rating_key, state, offset)
        await self.live.heard(notice)
        return notice

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return [(event.account.name, event.kind, round(event.percent or 0)) for event in self.heard]


@pytest.fixture
async def room(clock: FakeClock) -> AsyncIterator[Room]:
    plex = PlexStandIn(WORLD, now=clock.now)
    http = Http("http://plex.test:32400", transport=httpx.ASGITransport(plex))
    with capture_logs():
        yield Room(plex, clock, http)
    await http.aclose()


async def test_a_viewing_is_told_as_by_webhooks(room: Room) -> None:
    await room.do("play", 0)
    for event, percent in (("pause", 40), ("resume", 40), ("stop", 96)):
        room.clock.advance(1500)
        await room.do(event, percent)
    assert room.told == [("ben", "start", 0), ("ben", "pause", 40), ("ben", "resume", 40), ("ben", "stop", 96)]
    event = room.heard[-1]
    assert event.item is not None
    assert event.item.origin is not None
    assert (event.item.origin.server, event.item.origin.key) == (MACHINE, room.item().rating_key)
    assert event.account.id == str(BEN.id)
    assert event.time_from_source
    assert (event.player, event.player_name) == ("k3jd92ls0qpz-com-plexapp-android", "Living Room TV")
    assert not event.entered


async def test_the_owner_is_known_by_name_as_the_number_one_is_anybody_elsewhere(room: Room) -> None:
    await room.do("play", 0, ANNA)
    assert (room.heard[0].account.id, room.heard[0].account.name) == ("", "anna")


async def test_two_people_who_watch_the_same_are_two(room: Room) -> None:
    await room.do("play", 0, ANNA)
    await room.do("play", 10, BEN)
    room.clock.advance(2000)
    await room.do("stop", 99, ANNA)
    assert room.told == [("anna", "start", 0), ("ben", "start", 10), ("anna", "stop", 99)]


async def test_of_whom_nobody_lists_only_the_changes_are_kept(room: Room) -> None:
    for who in (BEN, NEIGHBOUR):
        for percent in (0, 5, 10):
            room.clock.advance(90)
            await room.do("play", percent, who)
    assert [name for name, kind, _ in room.told if kind == "progress"] == ["ben", "ben"]
    assert [name for name, kind, _ in room.told if kind == "start"] == ["ben", "neighbour"]


async def test_nobody_is_guessed_where_the_server_does_not_say_who_it_is(room: Room) -> None:
    await room.live.heard(PlexNotice("777", room.item().rating_key, "playing", 0))
    await room.live.heard(PlexNotice("777", room.item().rating_key, "playing", 10_000))
    await room.live.heard(PlexNotice("777", room.item().rating_key, "stopped", 2_600_000))
    assert room.heard == []
    assert len(room.plex.calls("GET /status/sessions")) == 1


async def test_it_is_asked_again_whose_it_is(room: Room) -> None:
    item = room.item()
    await room.live.heard(PlexNotice("1", item.rating_key, "playing", 0))
    await room.plex.player.report("play", item, BEN, room.clock.now())
    room.clock.advance(ASK_AGAIN_AFTER)
    await room.live.heard(PlexNotice("1", item.rating_key, "playing", 10_000))
    assert room.told == [("ben", "start", 0)]


async def test_what_is_no_film_or_episode_of_a_library_is_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    key = room.item().rating_key
    whole = PlexServer.items
    for change in ({"type": "clip"}, {"extraType": 1}, {"librarySectionID": None}, {"type": "track"}):

        async def items(server: PlexServer, keys: Any, change: Any = change) -> Any:
            return {name: {**row, **change} for name, row in (await whole(server, keys)).items()}

        monkeypatch.setattr(PlexServer, "items", items)
        room.__post_init__()
        await room.do("play", 0)
        room.clock.advance(1200)
        await room.do("stop", 97)
    assert room.heard == []
    assert key


async def test_the_next_episode_in_the_same_session_is_another_viewing(room: Room) -> None:
    notice = await room.do("play", 90)
    following = room.item(f"{WORLD.shows[0].title} S1E3")
    room.clock.advance(10)
    await room.live.heard(PlexNotice(notice.session, following.rating_key, "playing", 0))
    room.clock.advance(10)
    await room.live.heard(PlexNotice(notice.session, following.rating_key, "stopped", 10_000))
    assert [event.kind for event in room.heard] == ["start", "stop", "start", "stop"]
    assert {event.item.number for event in room.heard[2:]} == {3}  # type: ignore[union-attr]
    assert room.heard[1].percent == pytest.approx(90, abs=1)


@pytest.mark.parametrize(("event", "percent"), [("scrobble", 98), ("", 40)])
async def test_whoever_skips_to_the_end_has_watched_what_the_server_counts(
    room: Room, event: str, percent: int
) -> None:
    await room.do("play", 40)
    if event:
        await room.plex.player.report(event, room.item(), BEN, room.clock.now(), offset=0)
    await room.do("stop", 98)
    assert room.told[-1] == ("ben", "stop", percent)


async def test_an_earlier_viewing_does_not_count_for_this_one(room: Room) -> None:
    await room.plex.player.report("scrobble", room.item(), BEN, room.clock.now(), offset=0)
    room.clock.advance(3600)
    await room.do("play", 40)
    await room.do("stop", 98)
    assert room.told[-1] == ("ben", "stop", 40)


async def test_after_a_new_connection_those_who_are_gone_have_ended(room: Room) -> None:
    await room.do("play", 0, ANNA)
    await room.do("play", 50, BEN)
    await room.plex.player.report("stop", room.item(), BEN, room.clock.now(), offset=0)
    await room.live.begin()
    assert room.told[2:] == [("ben", "stop", 50)]
    room.clock.advance(600)
    await room.do("pause", 50, ANNA)
    assert room.told[3:] == [("anna", "pause", 50)]


async def test_a_session_that_is_somebody_elses_after_the_server_began_anew_ends(room: Room) -> None:
    await room.do("play", 30, BEN)
    (place,) = room.plex.player.sessions
    session = room.plex.player.sessions.pop(place)
    room.plex.player.sessions[ANNA.id, "x"] = type(session)(
        session.item, ANNA, session.device, "playing", 0, session.key
    )
    await room.live.begin()
    await room.live.heard(PlexNotice(str(session.key), session.item.rating_key, "playing", 1000))
    assert room.told == [("ben", "start", 30), ("ben", "stop", 30), ("anna", "start", 0)]


async def test_what_could_not_be_stored_is_told_again(room: Room) -> None:
    room.failing = True
    with pytest.raises(TryLater):
        await room.do("play", 0)
    room.failing = False
    await room.do("play", 1)
    assert room.told == [("ben", "start", 1)]


async def test_by_looking_at_the_sessions_the_same_is_found(room: Room) -> None:
    item = room.item()
    for event, percent in (("play", 0), ("", 1), ("pause", 40), ("", 40), ("resume", 40), ("", 92), ("stop", 92)):
        if event:
            await room.plex.player.report(
                event, item, BEN, room.clock.now(), offset=round(item.duration * percent / 100)
            )
        room.clock.advance(10)
        await room.live.looked()
    assert [event.kind for event in room.heard] == [
        EventKind.START,
        EventKind.PAUSE,
        EventKind.RESUME,
        EventKind.STOP,
    ]


async def test_a_refused_token_is_told_and_nothing_is_taken(room: Room) -> None:
    room.plex.faults.add(Fault(match="GET /status/sessions", status=401))
    with pytest.raises(LoginNeeded, match="server_token"):
        await room.do("play", 0)


async def test_no_body_holds_more_than_names_the_item(room: Room) -> None:
    await room.do("play", 0)
    assert len(room.bodies[0].text) < 2500
    assert OWNER_TOKEN not in room.bodies[0].text


async def lines(*given: str) -> AsyncIterator[str]:
    for line in given:
        yield line


async def test_the_parts_of_an_event_belong_together_and_comments_do_not(room: Room) -> None:
    found = [one async for one in messages(lines(": hello", "event: ping", "data: {", "data: }", "", "", "data:x", ""))]
    assert found == [" {\n }", "x"]


async def test_an_event_that_grows_without_end_is_dropped(room: Room) -> None:
    found = [one async for one in messages(lines(*["data: " + "x" * 1000] * 1000, "", "data: y", ""))]
    assert found == [" y"]

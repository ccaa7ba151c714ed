"""Asking the media server which show an episode belongs to."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest
from msgspec.structs import replace

from scrobbled.catalogues.base import KEEP_HIT, KEEP_MISS
from scrobbled.clients.plex import PlexClient
from scrobbled.core.errors import ContractDrift, LoginNeeded, TrackerError, TryLater
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.naming.matching import Claim
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.plex.app import OWNER_TOKEN, PlexStandIn
from scrobbled.sandbox.plex.people import ANNA, MACHINE
from scrobbled.sandbox.plex.player import THUMB, multipart, payload
from scrobbled.sandbox.world import build
from scrobbled.servers.plex.lookup import METHOD, PlexFinder
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body

WORLD = build()
SHOW = WORLD.shows[1]
NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
T = TypeVar("T")


class Memory:
    """A cache that remembers for how long."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[Any, float]] = {}

    async def get(self, key: str) -> Any:
        return self.values.get(key, (None, 0.0))[0]

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        self.values[key] = (value, seconds)


@pytest.fixture
def plex() -> PlexStandIn:
    return PlexStandIn(WORLD, now=lambda: NOW)


@pytest.fixture
def cache() -> Memory:
    return Memory()


def asked(app: Any, cache: Memory, ask: Callable[[PlexFinder], Awaitable[T]], *, token: str = OWNER_TOKEN) -> T:
    async def run() -> T:
        http = Http("http://plex.test:32400", transport=httpx.ASGITransport(app))
        try:
            return await ask(PlexFinder(PlexClient(http, token), cache))
        finally:
            await http.aclose()

    return asyncio.run(run())


def webhook(plex: PlexStandIn, rating_key: str) -> Item:
    """The item as our parser reads it from the server's own message."""
    content_type, body = multipart(payload("scrobble", plex.library.items[rating_key], ANNA, NOW), THUMB)
    (event,) = SOURCES["plex"].parse(read_body(content_type, body).data, NOW)
    assert event.item is not None
    return event.item


@pytest.fixture
def episode(plex: PlexStandIn) -> Episode:
    item = webhook(plex, SHOW.episode(2, 5).rating_key)
    assert isinstance(item, Episode)
    return item


def elsewhere(item: Episode, **changes: Any) -> Episode:
    assert item.origin is not None
    return replace(item, origin=replace(item.origin, **changes))


def test_the_server_knows_the_show_that_its_webhook_leaves_out(
    plex: PlexStandIn, cache: Memory, episode: Episode
) -> None:
    assert episode.show_ids.tmdb is None
    (finding,) = asked(plex, cache, lambda finder: finder.find_show(episode))
    assert finding.match.ids == ShowIds(imdb=SHOW.imdb, tmdb=SHOW.tmdb, tvdb=SHOW.tvdb, plex=SHOW.guid)
    assert finding.match.claims == (Claim(2, 5, METHOD),)
    assert (finding.title, finding.year, finding.certain) == (SHOW.title, SHOW.year, True)


def test_the_token_travels_in_a_header_and_never_in_the_address(
    plex: PlexStandIn, cache: Memory, episode: Episode
) -> None:
    asked(plex, cache, lambda finder: finder.find_show(episode))
    assert [(call.method, call.path) for call in plex.log] == [
        ("GET", "/identity"),
        ("GET", f"/library/metadata/{SHOW.rating_key}"),
    ]
    assert all(OWNER_TOKEN not in str(call.query) for call in plex.log)


def test_an_answer_is_kept_for_a_month(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    async def twice(finder: PlexFinder) -> bool:
        return list(await finder.find_show(episode)) == list(await finder.find_show(episode))

    assert asked(plex, cache, twice)
    assert len(plex.calls("GET /library/*")) == len(plex.calls("GET /identity")) == 1
    assert [seconds for _, seconds in cache.values.values()] == [KEEP_HIT]


def test_a_show_the_server_does_not_know_is_asked_again_after_an_hour(
    plex: PlexStandIn, cache: Memory, episode: Episode
) -> None:
    lost = elsewhere(episode, show_key="404404")
    assert list(asked(plex, cache, lambda finder: finder.find_show(lost))) == []
    assert [seconds for _, seconds in cache.values.values()] == [KEEP_MISS]


def test_a_mended_match_is_asked_anew(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    mended = replace(episode, show_ids=ShowIds(plex="plex://show/mended"))
    asked(plex, cache, lambda finder: finder.find_show(episode))
    asked(plex, cache, lambda finder: finder.find_show(mended))
    assert len(plex.calls("GET /library/*")) == 2


@pytest.mark.parametrize("changes", [{"server": "another"}, {"server": ""}, {"show_key": None}, {"show_key": ""}])
def test_keys_of_other_servers_are_never_asked(
    plex: PlexStandIn, cache: Memory, episode: Episode, changes: dict[str, Any]
) -> None:
    stranger = elsewhere(episode, **changes)
    assert list(asked(plex, cache, lambda finder: finder.find_show(stranger))) == []
    assert plex.calls("GET /library/*") == []


def test_an_episode_without_origin_is_not_asked(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    assert list(asked(plex, cache, lambda finder: finder.find_show(replace(episode, origin=None)))) == []
    assert not plex.log


def test_a_key_that_is_no_show_gives_nothing(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    for key in (SHOW.episode(1, 1).rating_key, WORLD.movies[0].rating_key):
        wrong = elsewhere(episode, show_key=key)
        assert list(asked(plex, cache, lambda finder, e=wrong: finder.find_show(e))) == []


def test_a_key_cannot_reach_another_path(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    sly = elsewhere(episode, show_key="../../:/scrobble?key=1")
    assert list(asked(plex, cache, lambda finder: finder.find_show(sly))) == []
    assert all(call.path.startswith(("/identity", "/library/metadata/")) for call in plex.log)


@pytest.mark.parametrize("changes", [{"absolute": True}, {"season": None}, {"number": None}])
def test_numbers_that_count_otherwise_are_no_claim(
    plex: PlexStandIn, cache: Memory, episode: Episode, changes: dict[str, Any]
) -> None:
    (finding,) = asked(plex, cache, lambda finder: finder.find_show(replace(episode, **changes)))
    assert finding.match.claims == ()


def test_a_refused_token_says_what_to_do(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    with pytest.raises(LoginNeeded, match=r"sources\.plex\.server_token") as caught:
        asked(plex, cache, lambda finder: finder.find_show(episode), token="wrong-token")
    assert "wrong-token" not in str(caught.value)
    assert cache.values == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("GET /library/*", "status", status=503), TryLater),
        (Fault("GET /library/*", "status", status=302), ContractDrift),
        (Fault("GET /library/*", "drop"), TryLater),
        (Fault("GET /library/*", "malformed"), ContractDrift),
        (Fault("GET /library/*", "html"), ContractDrift),
        (Fault("GET /identity", "status", status=500), TryLater),
        (Fault("GET /identity", "status", status=200, body={"MediaContainer": {}}), ContractDrift),
        (Fault("GET /identity", "status", status=200, body={"hello": 1}), ContractDrift),
        (Fault("GET /library/*", "status", status=200, body={"MediaContainer": {"Metadata": "no"}}), ContractDrift),
        (Fault("GET /library/*", "status", status=200, body=[1]), ContractDrift),
    ],
)
def test_a_failure_is_told_and_never_kept(
    plex: PlexStandIn, cache: Memory, episode: Episode, fault: Fault, error: type[TrackerError]
) -> None:
    plex.faults.add(fault)
    with pytest.raises(error):
        asked(plex, cache, lambda finder: finder.find_show(episode))
    assert cache.values == {}


def test_those_who_ask_at_the_same_time_ask_for_the_identity_once(
    plex: PlexStandIn, cache: Memory, episode: Episode
) -> None:
    plex.sleep = lambda seconds: asyncio.sleep(0)
    plex.faults.add(Fault("GET /identity", "latency", seconds=1.0))

    async def together(finder: PlexFinder) -> None:
        await asyncio.gather(finder.find_show(episode), finder.find_show(episode))

    asked(plex, cache, together)
    assert len(plex.calls("GET /identity")) == 1


def test_an_identity_that_could_not_be_read_is_asked_again(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    plex.faults.add(Fault("GET /identity", "status", status=503, times=1))

    async def persistent(finder: PlexFinder) -> int:
        with pytest.raises(TryLater):
            await finder.find_show(episode)
        return len(await finder.find_show(episode))

    assert asked(plex, cache, persistent) == 1


def test_xml_is_recognised_as_a_proxys_fault(cache: Memory, episode: Episode) -> None:
    async def xml(scope: Any, receive: Any, send: Any) -> None:
        body = f'<?xml version="1.0"?><MediaContainer machineIdentifier="{MACHINE}"/>'.encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/xml")]})
        await send({"type": "http.response.body", "body": body})

    with pytest.raises(ContractDrift, match="XML instead of JSON"):
        asked(xml, cache, lambda finder: finder.find_show(episode))


def test_a_show_of_a_legacy_agent_has_the_id_of_its_guid(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    show = {"type": "show", "title": "Old", "year": 2001, "guid": "com.plexapp.agents.thetvdb://440011?lang=en"}
    body = {"MediaContainer": {"size": 1, "Metadata": [show]}}
    plex.faults.add(Fault("GET /library/*", "status", status=200, body=body))
    (finding,) = asked(plex, cache, lambda finder: finder.find_show(episode))
    assert finding.match.ids == ShowIds(tvdb=440011)


def test_an_unmatched_show_gives_nothing(plex: PlexStandIn, cache: Memory, episode: Episode) -> None:
    for container in ({"size": 0}, {"Metadata": [{"type": "show", "title": "Home video", "guid": "local://9"}]}):
        plex.faults.add(Fault("GET /library/*", "status", status=200, body={"MediaContainer": container}, times=1))
        assert list(asked(plex, Memory(), lambda finder: finder.find_show(episode))) == []

"""Connections: one pool for each service, told apart by its name and nothing else."""

import httpx
import pytest

from scrobbled.plumbing.http import Observer
from scrobbled.plumbing.pools import Pools


async def test_who_asks_for_the_same_service_shares_its_connections_at_any_address() -> None:
    asked: list[str] = []
    counted: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={})

    def observer(service: str) -> Observer:
        return lambda method, status, seconds: counted.append((service, status))

    pools = Pools(httpx.MockTransport(answer), observer)
    one, other = pools.to("plex", "http://one.test/"), pools.to("plex", "http://other.test")
    for http in (one, other, pools.to("emby", "http://emby.test")):
        await http.send("GET", "/identity")
    assert asked == ["http://one.test/identity", "http://other.test/identity", "http://emby.test/identity"]
    assert counted == [("plex", "200"), ("plex", "200"), ("emby", "200")]
    await one.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await other.send("GET", "/identity")
    await pools.to("emby", "http://emby.test").send("GET", "/identity")
    await pools.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await pools.to("emby", "http://emby.test").send("GET", "/identity")

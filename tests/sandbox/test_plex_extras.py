"""What is at a Plex server and in none of its libraries: trailers, and what was deleted."""

import asyncio
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.core.watching.events import EventKind
from scrobbled.sandbox.plex.people import BEN
from scrobbled.sandbox.plex.player import payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.sources import SOURCES


def rows(sandbox: Sandbox, path: str) -> list[dict[str, Any]]:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app=sandbox)
        headers = {"Accept": "application/json", "X-Plex-Token": "sandbox-plex-token"}
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as client:
            return await client.get(path)

    return list(asyncio.run(one()).json()["MediaContainer"].get("Metadata", []))


def test_a_trailer_is_a_session_and_an_item_without_a_section(clock: FakeClock) -> None:
    sandbox = Sandbox(now=clock.now, only=("plex",))
    server = sandbox["plex"]
    clip = server.library.trailer(sandbox.world.movies[0])
    asyncio.run(server.watch(clip, BEN, events=["play"]))
    (session,) = rows(sandbox, "/plex/status/sessions")
    (item,) = rows(sandbox, f"/plex/library/metadata/{clip.rating_key}?includeGuids=1")
    assert (session["type"], item["type"], item["extraType"]) == ("clip", "clip", 1)
    assert "librarySectionID" not in session | item
    assert len(rows(sandbox, "/plex/library/sections/1/all")) == len(sandbox.world.movies)
    (event,) = SOURCES["plex"].parse(payload("scrobble", clip, BEN, clock.now()), clock.now())
    assert event.kind is EventKind.IGNORED


def test_what_was_deleted_stays_in_the_history_without_its_keys(clock: FakeClock) -> None:
    sandbox = Sandbox(now=clock.now, only=("plex",))
    server = sandbox["plex"]
    item = server.library.find("Harbour Lights S1E1")
    asyncio.run(server.watch(item, BEN))
    server.library.remove(item)
    (row,) = rows(sandbox, "/plex/status/sessions/history/all")
    assert (row["title"], "ratingKey" in row, "key" in row) == (item.title, False, False)
    assert item.rating_key not in {one["ratingKey"] for one in rows(sandbox, "/plex/library/all")}

"""The stand-ins' pictures: small, real, one for each title."""

import struct
import zlib

import httpx
import pytest

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.posters.drawing import poster
from scrobbled.sandbox.posters.motifs import HIGH, MOTIFS, WIDE
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.world import SECOND

WORLD = worlds.build()
SHOW, MOVIE = WORLD.shows[0], WORLD.movies[0]


def rows(png: bytes) -> list[bytes]:
    """The lines of pixels; fails for anything but a whole PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, dict[bytes, bytes]()
    while at < len(png):
        (size,), name = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        chunks[name] = png[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(name + chunks[name])
        at += 12 + size
    wide, high, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (wide, high, depth, kind) == (WIDE, HIGH, 8, 2)
    raw, step = zlib.decompress(chunks[b"IDAT"]), 3 * WIDE + 1
    assert len(raw) == HIGH * step
    return [raw[n * step + 1 : (n + 1) * step] for n in range(HIGH)]


def test_a_poster_is_a_small_png_and_always_the_same() -> None:
    drawn = poster(SHOW.title)
    assert len(set(rows(drawn))) > HIGH / 2
    assert len(drawn) < 60_000
    poster.cache_clear()
    assert poster(SHOW.title) == drawn


def test_every_title_of_the_house_has_a_poster_of_its_own() -> None:
    titles = [one.title for one in (*WORLD.shows, *WORLD.movies)]
    assert len({poster(title) for title in titles}) == len(titles) == 7


def test_there_is_a_picture_for_every_second_word() -> None:
    assert len(MOTIFS) == len(SECOND)


@pytest.mark.parametrize(
    "odd", ["", "Ünïcödé — 漢字", "<script>alert(1)</script>", "A" * 300, "one two three four five"]
)
def test_a_title_of_any_kind_can_be_drawn(odd: str) -> None:
    assert len(poster(odd)) < 60_000


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(WORLD, only=("plex", "plextv", "jellyfin", "emby"))


async def test_plex_shows_the_poster_of_an_item_to_whoever_has_a_token(sandbox: Sandbox) -> None:
    transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox/plex") as client:
        signed = {"X-Plex-Token": OWNER_TOKEN, "Accept": "application/json"}
        item = await client.get(f"library/metadata/{SHOW.rating_key}", headers=signed)
        thumb = item.json()["MediaContainer"]["Metadata"][0]["thumb"]
        size = {"url": thumb, "width": "342", "height": "513"}
        for answer in (
            await client.get(thumb.lstrip("/"), headers=signed),
            await client.get("photo/:/transcode", params=size, headers=signed),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
            assert answer.content == poster(SHOW.title)
        assert (await client.get(thumb.lstrip("/"))).status_code == 401
        size["url"] = "http://elsewhere.example/a.png"
        assert (await client.get("photo/:/transcode", params=size, headers=signed)).status_code == 400
        assert (await client.get("library/metadata/1/thumb/1", headers=signed)).status_code == 404


@pytest.mark.parametrize("name", ["jellyfin", "emby"])
async def test_jellyfin_and_emby_show_theirs(sandbox: Sandbox, name: str) -> None:
    server = sandbox[name]
    transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=f"http://sandbox/{name}") as client:
        signed = {"Authorization": f'MediaBrowser Token="{server.api_key}"'}
        for key, title in ((MOVIE.rating_key, MOVIE.title), (SHOW.episode(1, 1).rating_key, SHOW.title)):
            answer = await client.get(f"Items/{server.face.item_id(key)}/Images/Primary?maxWidth=342", headers=signed)
            assert answer.content == poster(title)
        assert (await client.get("Items/0/Images/Primary", headers=signed)).status_code == 404

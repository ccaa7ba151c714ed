"""Which picture belongs to what, where it comes from, and that it is fetched once and no more."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from gallery_house import SERVERS, TMDB, GalleryHouse, gallery_house

from conftest import FakeClock
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.desk.posters.picture import LARGEST
from scrobbled.desk.posters.subject import of_item, of_tmdb
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.people import MACHINE
from scrobbled.sandbox.posters.drawing import poster
from scrobbled.sandbox.world import WorldShow, build

PLEX_ALONE = {"plex": SERVERS["plex"]}


def show_of(house: GalleryHouse, number: int = 0) -> WorldShow:
    return house.sandbox.world.shows[number]


def on_plex(show: WorldShow, **values: Any) -> Episode:
    """As its webhooks tell it: no id of the show but the key it has there."""
    one = show.episode(1, 1)
    return Episode(show.title, 1, 1, origin=Origin(MACHINE, one.rating_key, show.rating_key), **values)


# Which picture


async def test_a_show_has_the_poster_of_its_tmdb_show_and_a_film_that_of_its_film(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        show, movie = show_of(house), house.sandbox.world.movies[0]
        assert show.tmdb == movie.tmdb  # the same number, in two spaces
        seen = await house.look(Episode("", 1, 2, show_ids=ShowIds(tmdb=show.tmdb)))
        assert seen is not None
        assert (seen.kind, seen.body) == ("image/png", poster(show.title))
        film = await house.look(Movie("", ids=MovieIds(tmdb=movie.tmdb)))
        assert film is not None
        assert film.body == poster(movie.title)
        assert all("/w342/" in url for url in house.network.pictures())


@pytest.mark.parametrize("ids", [{"tvdb": "tvdb"}, {"imdb": "imdb"}])
async def test_other_ids_are_looked_up_at_tmdb(tmp_path: Path, ids: dict[str, str]) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        show = show_of(house)
        known = ShowIds(**{name: getattr(show, value) for name, value in ids.items()})
        seen = await house.look(Episode(show.title, 1, 1, show_ids=known))
        assert seen is not None
        assert seen.body == poster(show.title)


async def test_the_id_of_an_episode_leads_to_its_show(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        show = show_of(house, 1)
        seen = await house.look(Episode(show.title, 1, 1, ids=EpisodeIds(tvdb=show.episode(1, 1).tvdb)))
        assert seen is not None
        assert seen.body == poster(show.title)


async def test_a_film_is_found_by_its_imdb_id(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        movie = house.sandbox.world.movies[1]
        seen = await house.look(Movie(movie.title, ids=MovieIds(imdb=movie.imdb)))
        assert seen is not None
        assert seen.body == poster(movie.title)


async def test_the_show_that_only_its_server_can_name_has_a_poster_of_tmdb(tmp_path: Path) -> None:
    async with gallery_house(tmp_path) as house:
        show = show_of(house)
        seen = await house.look(on_plex(show))
        assert seen is not None
        assert seen.body == poster(show.title)
        assert all(url.startswith("http://sandbox/tmdb/t/p/") for url in house.network.pictures())


async def test_without_a_key_the_server_gives_its_own(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, metadata={}) as house:
        show, movie = show_of(house), house.sandbox.world.movies[0]
        seen = await house.look(on_plex(show))
        assert seen is not None
        assert seen.body == poster(show.title)
        film = await house.look(Movie(movie.title, origin=Origin(MACHINE, movie.rating_key)))
        assert film is not None
        assert not any("tmdb" in url for url in house.network.asked)
        assert all(url.startswith("http://sandbox/plex/photo/") for url in house.network.pictures())


@pytest.mark.parametrize("name", ["jellyfin", "emby"])
async def test_jellyfin_and_emby_give_theirs(tmp_path: Path, name: str) -> None:
    async with gallery_house(tmp_path, metadata={}) as house:
        server, show = house.sandbox[name], show_of(house)
        origin = Origin(
            server.face.id, server.face.item_id(show.episode(1, 1).rating_key), server.face.item_id(show.rating_key)
        )
        seen = await house.look(Episode(show.title, 1, 1, origin=origin))
        assert seen is not None
        assert seen.body == poster(show.title)
        assert house.network.pictures()[0].startswith(f"http://sandbox/{name}/Items/")


async def test_where_tmdb_is_down_the_server_helps_out(tmp_path: Path) -> None:
    async with gallery_house(tmp_path) as house:
        house.sandbox["tmdb"].faults.start_outage()
        show = show_of(house)
        seen = await house.look(on_plex(show, show_ids=ShowIds(tmdb=show.tmdb)))
        assert seen is not None
        assert seen.body == poster(show.title)


async def test_plex_gives_the_picture_as_it_is_where_it_cannot_make_it_smaller(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, metadata={}) as house:
        house.network.answer = lambda request: httpx.Response(404) if "/photo/" in request.url.path else None
        show = show_of(house)
        seen = await house.look(on_plex(show))
        assert seen is not None
        assert "/thumb/" in house.network.pictures()[-1]


def test_episodes_share_the_poster_of_their_show() -> None:
    show = ShowIds(tvdb=440_000)
    one, two = (of_item(Episode("Harbour Lights", 1, n, show_ids=show)) for n in (1, 2))
    film = of_item(Movie("Harbour Lights", ids=MovieIds(tmdb=440_000)))
    assert one is not None
    assert two is not None
    assert film is not None
    assert one.key == two.key != film.key


def test_the_same_number_is_another_title_in_another_space() -> None:
    keys = {
        of_tmdb("show", 90_000, "").key,
        of_tmdb("movie", 90_000, "").key,
        *(s.key for s in map(of_item, (Episode("", 1, 1, show_ids=ShowIds(tvdb=90_000)),)) if s),
        *(s.key for s in map(of_item, (Episode("", 1, 1, ids=EpisodeIds(tvdb=90_000)),)) if s),
    }
    assert len(keys) == 4


def test_a_title_alone_is_no_reason_to_ask_anybody() -> None:
    assert of_item(Movie("Harbour Lights", 2024)) is None
    assert of_item(Episode("Harbour Lights", 1, 1)) is None


# What is never asked


@pytest.mark.parametrize("key", ["..", "../../identity", "http://evil.example/x", "1?x=1", "a b", "é"])
async def test_a_key_that_is_none_leads_nowhere(tmp_path: Path, key: str) -> None:
    async with gallery_house(tmp_path, metadata={}) as house:
        assert of_item(Movie("Odd", origin=Origin(MACHINE, key))) is None
        odd = Movie("Odd", ids=MovieIds(imdb="tt0000001"), origin=Origin(MACHINE, key))
        assert await house.look(odd) is None
        shown = Episode("Odd", 1, 1, ids=EpisodeIds(tvdb=1), origin=Origin(MACHINE, "1", key))
        assert await house.look(shown) is None
        assert house.network.asked == []


@pytest.mark.parametrize("thumb", ["http://evil.example/a.png", "//evil.example/a.png", "/library/../x", 7, None])
async def test_a_server_cannot_send_us_elsewhere(tmp_path: Path, thumb: Any) -> None:
    async with gallery_house(tmp_path, metadata={}, sources=PLEX_ALONE) as house:
        row = {"MediaContainer": {"size": 1, "Metadata": [{"type": "show", "thumb": thumb}]}}
        house.network.answer = lambda r: httpx.Response(200, json=row) if "/metadata/" in r.url.path else None
        assert await house.look(on_plex(show_of(house))) is None
        assert house.network.pictures() == []


@pytest.mark.parametrize("path", ["//evil.example/a.jpg", "/../../x.jpg", "/a.svg", "http://evil.example/a.jpg", None])
async def test_tmdb_cannot_send_us_elsewhere(tmp_path: Path, path: Any) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        row = {"id": 1, "poster_path": path}
        house.network.answer = lambda r: httpx.Response(200, json=row) if r.url.path.endswith("/tv/1") else None
        assert await house.look(Episode("", 1, 1, show_ids=ShowIds(tmdb=1))) is None
        assert house.network.pictures() == []


async def test_an_item_of_a_strange_server_is_asked_for_nowhere(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, metadata={}) as house:
        strange = Origin("http://evil.example", "90001", "90000")
        assert await house.look(Episode("Harbour Lights", 1, 1, origin=strange)) is None
        assert not any("evil" in url for url in house.network.asked)
        assert house.network.pictures() == []


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        moved = httpx.Response(302, headers={"Location": "http://evil.example/a.png"})
        house.network.answer = lambda r: moved if "/t/p/" in r.url.path else None
        assert await house.look(Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house).tmdb))) is None
        assert not any("evil" in url for url in house.network.asked)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>sign in</html>", headers={"Content-Type": "image/png"}),
        httpx.Response(
            200, text="<svg xmlns='http://www.w3.org/2000/svg'/>", headers={"Content-Type": "image/svg+xml"}
        ),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"\x89PNG\r\n\x1a\n".ljust(LARGEST + 1, b".")),
        httpx.Response(404, content=b"\x89PNG\r\n\x1a\n"),
    ],
    ids=["html", "svg", "empty", "too large", "404"],
)
async def test_what_is_no_picture_is_not_kept(tmp_path: Path, answer: httpx.Response) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        house.network.answer = lambda r: answer if "/t/p/" in r.url.path else None
        assert await house.look(Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house).tmdb))) is None
        assert not house.folder.exists()


async def test_no_secret_stands_in_an_address_but_where_tmdb_wants_its_key(
    tmp_path: Path,
) -> None:
    async with gallery_house(tmp_path) as house:
        with structlog.testing.capture_logs() as told:
            await house.look(on_plex(show_of(house)))
            house.sandbox["tmdb"].faults.start_outage()
            house.sandbox["plex"].faults.start_outage()
            await house.look(on_plex(show_of(house, 1)))
        secrets = [one["server_token"] for one in SERVERS.values()] + [TMDB["tmdb"]["key"]]
        for url, headers in zip(house.network.asked, house.network.headers, strict=True):
            if "/tmdb/3/" not in url:
                assert not any(secret in url for secret in secrets)
            if "/tmdb/" in url:
                assert not any(secret in str(headers) for secret in secrets[:3])
        assert not any(secret in url for url in house.network.pictures() for secret in secrets)
        assert told
        assert not any(secret in str(told) for secret in secrets)


# How often


async def test_fifty_who_ask_have_it_fetched_once(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        subject = of_item(Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house).tmdb)))
        assert subject is not None
        house.gallery.meet(subject)
        first = await asyncio.gather(*(house.gallery.picture(subject.key) for _ in range(50)))
        await house.gallery.settled()
        later = await asyncio.gather(*(house.gallery.picture(subject.key) for _ in range(50)))
        await house.gallery.settled()
        assert first.count(None) > 0
        assert later.count(None) == 0
        assert len(house.network.pictures()) == 1


async def test_four_are_fetched_at_a_time(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        for show in house.sandbox.world.shows:
            house.gallery.meet(of_tmdb("show", show.tmdb, show.title))
        for movie in house.sandbox.world.movies:
            house.gallery.meet(of_tmdb("movie", movie.tmdb, movie.title))
        await house.gallery.settled()
        assert len(house.network.pictures()) == 7
        assert house.sandbox["tmdb"].peak_in_flight <= 4


async def test_a_search_result_that_names_its_poster_costs_one_request(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        show = show_of(house)
        subject = of_tmdb("show", show.tmdb, show.title, f"/tv{show.tmdb}.jpg")
        house.gallery.meet(subject)
        await house.gallery.settled()
        assert await house.gallery.picture(subject.key) is not None
        assert len(house.network.asked) == 1
        assert of_tmdb("show", 1, "", "http://evil.example/a.jpg").path == ""


async def test_a_folder_that_somebody_empties_is_filled_again(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        item = Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house).tmdb))
        before = await house.look(item)
        for path in house.folder.iterdir():
            path.unlink()
        assert await house.look(item) is None
        assert await house.look(item) == before is not None


async def test_a_restart_keeps_what_was_fetched(tmp_path: Path, clock: FakeClock) -> None:
    async with gallery_house(tmp_path, clock=clock) as house:
        item = on_plex(show_of(house))
        before = await house.look(item)
    async with gallery_house(tmp_path, clock=clock) as house:
        assert await house.look(item) == before is not None
        assert house.network.asked == []


async def test_that_nobody_has_one_is_believed_for_a_day_and_beyond_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    item = Episode("", 1, 1, show_ids=ShowIds(tmdb=123_456))
    async with gallery_house(tmp_path, sources={}, clock=clock) as house:
        for _ in range(3):
            assert await house.look(item) is None
        assert len(house.network.asked) == 1
    async with gallery_house(tmp_path, sources={}, clock=clock) as house:
        assert await house.look(item) is None
        assert house.network.asked == []
        clock.advance(2 * 86_400)
        assert await house.look(item) is None
        assert len(house.network.asked) == 1


async def test_who_is_configured_later_is_asked_at_once(tmp_path: Path, clock: FakeClock) -> None:
    item = on_plex(build(1).shows[0])
    async with gallery_house(tmp_path, metadata={}, sources={"jellyfin": SERVERS["jellyfin"]}, clock=clock) as house:
        assert await house.look(item) is None
    async with gallery_house(tmp_path, metadata={}, clock=clock) as house:
        assert await house.look(item) is not None


async def test_after_a_month_a_picture_is_fetched_anew_and_shown_meanwhile(tmp_path: Path, clock: FakeClock) -> None:
    async with gallery_house(tmp_path, sources={}, clock=clock) as house:
        item = Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house).tmdb))
        assert await house.look(item) is not None
        clock.advance(31 * 86_400)
        subject = of_item(item)
        assert subject is not None
        house.network.asked.clear()
        assert await house.gallery.picture(subject.key) is not None
        await house.gallery.settled()
        assert len(house.network.pictures()) == 1


async def test_a_source_that_is_down_is_left_alone_for_a_while(tmp_path: Path, clock: FakeClock) -> None:
    async with gallery_house(tmp_path, sources={}, clock=clock) as house:
        house.sandbox["tmdb"].faults.start_outage()
        for number in range(40):
            house.gallery.meet(of_tmdb("show", 500 + number, ""))
        await house.gallery.settled()
        assert len(house.network.asked) <= 8
        house.sandbox["tmdb"].faults.end_outage()
        clock.advance(700)
        show = show_of(house)
        assert await house.look(Episode("", 1, 1, show_ids=ShowIds(tmdb=show.tmdb))) is not None


async def test_a_key_that_is_refused_is_not_tried_for_every_poster(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, sources={}) as house:
        house.sandbox["tmdb"].keys.clear()
        with structlog.testing.capture_logs() as told:
            for number in range(40):
                house.gallery.meet(of_tmdb("show", 500 + number, ""))
            await house.gallery.settled()
        assert len(house.network.asked) <= 4
        assert [one["event"] for one in told if one["log_level"] == "warning"] == ["posters cannot be fetched there"]


async def test_tmdbs_word_to_wait_is_heeded(tmp_path: Path, clock: FakeClock) -> None:
    async with gallery_house(tmp_path, sources={}, clock=clock) as house:
        house.sandbox["tmdb"].faults.add(
            Fault(match="GET /3/*", kind="status", status=429, times=1, headers={"Retry-After": "120"})
        )
        show = show_of(house)
        item = Episode("", 1, 1, show_ids=ShowIds(tmdb=show.tmdb))
        assert await house.look(item) is None
        other = Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house, 1).tmdb))
        assert await house.look(other) is None
        assert len(house.network.asked) == 1
        clock.advance(700)
        assert await house.look(item) is not None


async def test_a_disk_that_cannot_be_written_means_no_pictures_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "art").write_text("in the way")
    async with gallery_house(tmp_path, sources={}) as house:
        with structlog.testing.capture_logs() as told:
            for show in house.sandbox.world.shows:
                assert await house.look(Episode("", 1, 1, show_ids=ShowIds(tmdb=show.tmdb))) is None
        assert [one["event"] for one in told if one["log_level"] == "warning"] == ["posters cannot be kept"]
        asked = len(house.network.asked)
        assert await house.look(Episode("", 1, 1, show_ids=ShowIds(tmdb=show_of(house).tmdb))) is None
        assert len(house.network.asked) == asked  # nor is it fetched again at every look


async def test_without_anybody_to_ask_nothing_is_asked(tmp_path: Path) -> None:
    async with gallery_house(tmp_path, metadata={}, sources={}) as house:
        assert not house.gallery.can_ask
        assert await house.look(on_plex(show_of(house))) is None
        assert house.network.asked == []

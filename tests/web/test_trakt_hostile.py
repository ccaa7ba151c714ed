"""Whatever is sent to the Trakt endpoint gets a plain answer in bearable time, and tells nobody anything."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.desk.sign_in.keys import Keys
from scrobbled.store.accounts import clients
from scrobbled.web.trakt import entries
from web.house import LOGIN, PASSWORD, House
from web.test_trakt_sign_in_here import code
from web.trakt_setup import ANNAS, FILM, SHARED, ask, events, playing, plays

WRITTEN = (
    "/scrobble/start", "/scrobble/pause", "/scrobble/stop", "/checkin", "/sync/history", "/sync/history/remove",
    "/sync/ratings", "/sync/ratings/remove", "/sync/collection", "/sync/watchlist/remove", "/oauth/device/code",
    "/oauth/device/token", "/oauth/token", "/oauth/revoke",
)  # fmt: skip
READ = (
    "/sync/history", "/sync/history/movies/tt\u00ff", "/sync/history/shows/99999999999999999999999", "/sync/%ff",
    "/sync/watched/shows", "/sync/playback/movies", "/sync/ratings/movies/9,x,٣", "/users/me/watching",
    "/users/%F0%9F/history", "/users/me/history/episodes/%00", "/sync/last_activities", "/users/settings",
)  # fmt: skip
QUERIES = (
    "?page=99999999999999999999&limit=0", "?page=٣&limit=²", "?start_at=9999-12-31T23:59:59-23:59&end_at=0001-01-01",
    "?start_at=%00&extended=min,%ff", "?extended=progress,full&limit=-1&page=-1", "?" + "a=1&" * 2000,
)  # fmt: skip
MOMENTS = (
    b'{"movies":[{"ids":{"tmdb":5},"watched_at":"9999-12-31T23:59:59-23:59","rated_at":"0001-01-01T00:00:00+23:59",'
    b'"rating":1e300},{"ids":{"tmdb":7},"rating":12345678901234567890123}]}'
)
SHAPES = (
    b'{"movies":{"a":1},"shows":[1,"x",null,[],{"seasons":5},{"seasons":[5,{"episodes":9},{"number":"x","episodes":'
    b'[1,null,{"number":[]}]}]}],"episodes":[[[]]],"seasons":[{}],"movie":[],"show":5,"episode":"x","progress":{}}'
)
BODIES = (
    b"", b"[]", b'"x"', b"\xff\xfe\x00\x01", b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"), MOMENTS, SHAPES,
    b'{"a":' * 70 + b"1" + b"}" * 70, b'{"a":' * 10_000, b"[" * 60_000, b"&".join(b"a%d=1" % n for n in range(50)),
    b'{"movies":[{"x":123456789012345678901234567890,"y":-1e999,"z":NaN}],"movie":{"title":"A","year":1e30},"progress":1e999}',
    b'{"movies":[{"title":"\\ud800","ids":{"tmdb":1,"imdb":"\\ud800"}},{"a\\ud800":"\\udfff"}],"movie":{"title":"\\ud800x"},'
    b'"progress":90,"client_id":"\\ud800","code":"\\ud800","token":"\\ud800","refresh_token":"\\ud800","grant_type":"refresh_token"}',
    b'{"movie":{"title":"A"},"movie":{"title":"B"},"progress":90,"progress":"x"}', b'{"token":' + b"9" * 60_000 + b"}",
    b'{"movie":{"title":"Z","ids":{"tmdb":-1,"trakt":9223372036854775808}},"progress":NaN,"client_id":{},"code":[[]]}',
)  # fmt: skip
FINE = {200, 201, 204, 400, 401, 404, 405, 409, 413, 422, 429}


def test_every_route_answers_every_nonsense(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            asked = [(path, body, "POST") for path in WRITTEN for body in BODIES]
            asked += [(path + query, None, "GET") for path in READ for query in ("", *QUERIES)]
            asked += [
                (path, b"{}", method) for path in WRITTEN for method in ("PUT", "PATCH", "OPTIONS", "HEAD", "FOO")
            ]
            for path, body, method in asked:
                answer = await ask(there, path, body, method=method, headers={"User-Agent": ""})
                assert answer.status_code in FINE, (method, path, body)

    asyncio.run(steps())


TURNS = 5
"""What is long is taken in pieces, and others get their turn in between: so often at least."""


async def meanwhile(there: House, path: str, body: Any) -> tuple[httpx.Response, int]:
    """The answer, and how many other writes, one after the other, got their turn before it came."""
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            await there.runtime.store.write(lambda db: None)
            turns += 1

    waiting = asyncio.create_task(beside())
    answer = await ask(there, path, json.dumps(body))
    waiting.cancel()
    return answer, turns


def test_a_long_list_keeps_nobody_waiting_and_what_names_nothing_is_not_stored(tmp_path: Path) -> None:
    season = {"number": 1, "episodes": [{"number": n} for n in range(1, 1501)]}
    show = {
        "title": "Harbour",
        "ids": {"tmdb": 202020},
        "seasons": [season, {"number": 2, "episodes": [{}, {"number": 1}]}],
    }
    rated = [{"title": f"Film {n}", "ids": {"tmdb": n}, "rating": 5} for n in range(1, 4001)]

    async def steps() -> None:
        async with playing(tmp_path) as there:
            answer, turns = await meanwhile(there, "/sync/history", {"shows": [show]})
            assert answer.json()["added"] == {"movies": 0, "episodes": 1501}
            missing = [{"title": "Harbour", "ids": {"tmdb": 202020}, "seasons": [{"number": 2, "episodes": [{}]}]}]
            assert answer.json()["not_found"]["shows"] == missing
            assert turns >= TURNS
            answer, turns = await meanwhile(there, "/sync/ratings", {"movies": rated})
            assert answer.json()["added"]["movies"] == 4000
            assert turns >= TURNS
            before = len(await events(there))
            answer, _ = await meanwhile(there, "/sync/history", {"shows": [{}] * 5000, "movies": [0] * 5000})
            assert len(answer.json()["not_found"]["shows"]) == 5000
            assert len(await events(there)) == before + 1, "one is enough to tell of it"

    asyncio.run(steps())


@pytest.mark.parametrize("path", ["/sync/history", "/sync/ratings", "/sync/ratings/remove"])
def test_a_list_that_nobody_can_have_watched_is_refused(tmp_path: Path, path: str) -> None:
    many = [{} for _ in range(entries.MOST // 2)]

    async def steps() -> None:
        async with playing(tmp_path) as there:
            season = {"number": 1, "episodes": many}
            for body in ({"movies": many, "episodes": [*many, {}]}, {"shows": [{"seasons": [season, *many]}]}):
                answer = await ask(there, path, body)
                assert answer.status_code == 413
                assert "several calls" in answer.headers["x-error-message"]
            assert await plays(there) == []

    asyncio.run(steps())


@pytest.mark.parametrize("path", ["/sync/history", "/sync/ratings", "/sync/ratings/remove"])
def test_an_answer_is_never_much_longer_than_what_was_asked(tmp_path: Path, path: str) -> None:
    """What names a show is told back with each of its episodes: long names must not multiply."""
    long = "x" * 100_000
    season = {"number": long, "junk": long, "episodes": [{} for _ in range(2000)]}
    show = {"title": long, "ids": {"slug": long, "junk": long}, "junk": long, "seasons": [season]}

    async def steps() -> None:
        async with playing(tmp_path) as there:
            answer = await ask(there, path, {"shows": [show]})
            assert answer.status_code in (200, 201)
            assert len(answer.content) < 8_000_000
            assert there.runtime.store.path.stat().st_size < 8_000_000

    asyncio.run(steps())


# Signing in


def test_of_many_that_ask_at_once_one_gets_the_tokens(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            given = await code(there)
            assert await Keys(there.runtime).decide(given["user_code"], "anna") == ""
            body = {"code": given["device_code"]}
            answers = await asyncio.gather(*(ask(there, "/oauth/device/token", body, token=None) for _ in range(8)))
            assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
            granted = next(answer.json() for answer in answers if answer.status_code == 200)
            again = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
            answers = await asyncio.gather(*(ask(there, "/oauth/token", again, token=None) for _ in range(8)))
            assert sorted(answer.status_code for answer in answers) == [200, *[429] * 7]
            assert await there.sql("SELECT count(*) FROM clients") == [(1,)]

    asyncio.run(steps())


def test_each_secret_opens_what_it_is_for_and_nothing_else(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server={"login": LOGIN}) as there:
            keys, given = Keys(there.runtime), await code(there)
            await keys.decide(given["user_code"], "ben")
            answer = await ask(there, "/oauth/device/token", {"code": given["device_code"]}, token=None)
            issued = answer.json()
            script = (await keys.create("script", None)).secret
            for token, trakt, api in (
                (issued["access_token"], 200, 401), (ANNAS, 200, 401), (script, 401, 200), (PASSWORD, 401, 401),
                (issued["refresh_token"], 401, 429), (given["device_code"], 401, 429), (given["user_code"], 401, 429),
            ):  # fmt: skip
                assert (await ask(there, "/users/settings", token=token, method="GET")).status_code == trakt
                async with there.client("172.18.0.9", base="http://nas.local:8484") as client:
                    found = await client.get("/api/v1/status", headers={"Authorization": f"Bearer {token}"})
                    assert found.status_code == api
                    for place in ("/api/v1/status", "/trakt/users/settings"):
                        assert (await client.get(f"{place}?access_token={token}")).status_code == 401
            for who in ("anna", "%61nna", "me/../anna", "ANNA"):
                found = await ask(there, f"/users/{who}/history", token=issued["access_token"], method="GET")
                assert found.status_code == 404

    asyncio.run(steps())


def test_what_a_program_calls_itself_is_one_clean_line(tmp_path: Path) -> None:
    agents = (b"<script>alert(1)</script>\"'", b"\xff\xfe tv", f"tv token={SHARED}".encode(), b"x" * 9000)

    async def steps() -> None:
        async with playing(tmp_path) as there, there.client() as person:
            for agent in agents:
                given = await ask(there, "/oauth/device/code", b"{}", token=None, headers={"User-Agent": agent})
                page = await person.get(f"/activate/{given.json()['user_code']}")
                assert page.status_code == 200
                assert "<script>" not in page.text  # our own have a source
                assert SHARED not in page.text
            body = b'{"client_id": "\\u001b[31m\\ud800\\u009bred"}'
            assert (
                await ask(there, "/oauth/device/code", body, token=None, headers={"User-Agent": ""})
            ).status_code == 200
            names = [name for (name,) in await there.sql("SELECT client FROM device_codes")]
            assert names[-1] == "[31mred"
            assert all(name.isprintable() and len(name) <= 80 and SHARED not in name for name in names)

    asyncio.run(steps())


def test_a_page_of_another_site_can_approve_nothing_and_frame_nothing(tmp_path: Path) -> None:
    strangers = (
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://nas.local:8484"}, {"Origin": "http://nas.local:8485"},
    )  # fmt: skip

    async def steps() -> None:
        async with playing(tmp_path, server={"login": LOGIN}) as there:
            given = await code(there)
            form = {"code": given["user_code"], "viewer": "anna", "answer": "approve"}
            async with there.client("192.168.1.9", base="http://nas.local:8484") as person:
                assert (await person.post("/activate", data=form)).status_code == 303, "to the log-in"
                await person.post("/login", data={"username": "admin", "password": PASSWORD})
                for headers in strangers:
                    assert (await person.post("/activate", data=form, headers=headers)).status_code == 403
                assert (await person.post("/activate", data=form, headers={"Host": "evil.example"})).status_code == 400
                answer = await person.get(f"/activate/{given['user_code']}")
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
                for way in ("//evil.example", "activate/../..", "activate\n", "activate//x", "\\\\evil.example"):
                    assert (await person.get("/login", params={"to": way})).headers["location"] == "./"
            assert await there.sql("SELECT state FROM device_codes") == [("pending",)]
            there.clock.advance(clients.INTERVAL)
            assert (await ask(there, "/oauth/device/token", {"code": given["device_code"]}, token=None)).content == b""

    asyncio.run(steps())


# Other bodies


@pytest.mark.parametrize("path", ["/login", "/activate", "/queue"])
def test_a_form_that_is_not_text_is_refused(tmp_path: Path, path: str) -> None:
    kind = "multipart/form-data; boundary=xx"
    body = b'--xx\r\nContent-Disposition: form-data; name="code"\r\n\r\n\xff\xff\r\n--xx--\r\n'

    async def steps() -> None:
        async with playing(tmp_path, **({"server": {"login": LOGIN}} if path == "/login" else {})) as there:
            async with there.client() if path == "/login" else there.sidebar() as person:
                answer = await person.post(path, content=body, headers={"Content-Type": kind})
            assert (answer.status_code, "not text" in answer.text) == (400, True)

    asyncio.run(steps())


@pytest.mark.parametrize("path", ["/queue/retry", "/corrections", "/replay", "/tokens", "/test-event"])
def test_json_without_end_is_refused_by_the_api(tmp_path: Path, path: str) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, there.sidebar() as script:
            for body in (b"[" * 100_000, b'{"ids":' + b"[" * 100_000):
                answer = await script.post(f"/api/v1{path}", content=body, headers={"Content-Type": "application/json"})
                assert answer.status_code == 400
                assert answer.json()["error"]

    asyncio.run(steps())


def test_markup_in_a_title_stays_text_on_every_page(tmp_path: Path) -> None:
    title = "<img src=x onerror=alert(1)>\"'{{7*7}}"

    async def steps() -> None:
        async with playing(tmp_path) as there, there.client() as person:
            film = {"movie": {"title": title, "year": 2023, "ids": {"tmdb": 5}}, "progress": 90}
            assert (await ask(there, "/scrobble/stop", film)).status_code == 201
            await ask(there, "/scrobble/stop", {**FILM, "progress": 90}, headers={"User-Agent": title})
            for page in ("/", "/?fragment=1", "/plays/p1", "/plays/p2", "/events/e1", "/events/e2"):
                shown = await person.get(page)
                assert shown.status_code == 200
                assert "<img src=x" not in shown.text

    asyncio.run(steps())

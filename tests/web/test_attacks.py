"""What somebody in the house can try from another machine, carried out against a service that answers on a port."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from structlog.testing import capture_logs

from scrobbled.desk.sign_in.keys import Keys
from scrobbled.plumbing.redact import MASK
from scrobbled.store.accounts import clients
from scrobbled.web.door.connection import HttpConnection
from scrobbled.web.server import listening
from web.by_port import Calling, by_port
from web.house import TOKEN, House, house
from web.trakt_setup import ANNAS, FILM, playing

STRANGER = "127.0.0.66"
PLAYER = "127.0.0.77"


async def code(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/trakt/oauth/device/code", json={"client_id": "abc"})


async def signed_in(there: House, client: httpx.AsyncClient) -> dict[str, Any]:
    given = (await code(client)).json()
    assert await Keys(there.runtime).decide(given["user_code"], "anna") == ""
    return await told(client, "device/token", code=given["device_code"])


async def told(client: httpx.AsyncClient, path: str, **body: str) -> dict[str, Any]:
    answer = await client.post(f"/trakt/oauth/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def renewing(client: httpx.AsyncClient, refresh: str) -> httpx.Response:
    body = {"grant_type": "refresh_token", "refresh_token": refresh}
    return await client.post("/trakt/oauth/token", json=body)


# What is renewed or begun again and again


def test_a_player_cannot_renew_its_sign_in_all_the_time(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, by_port(there) as calling:
            player = calling(PLAYER)
            pair = await signed_in(there, player)
            answers = []
            for _ in range(100):
                answers.append(await renewing(player, pair["refresh_token"]))
                if answers[-1].status_code == 200:
                    pair = answers[-1].json()
            assert [answer.status_code for answer in answers] == [200, *[429] * 99]
            assert {answer.headers["retry-after"] for answer in answers[1:]} == {"60"}
            bearer = {"Authorization": f"Bearer {pair['access_token']}"}
            reported = await player.post("/trakt/scrobble/start", json={**FILM, "progress": 1}, headers=bearer)
            assert reported.status_code == 201, "what it has goes on working"
            there.clock.advance(clients.RENEWAL_EVERY)
            assert (await renewing(player, pair["refresh_token"])).status_code == 200

    asyncio.run(steps())


def test_nothing_that_is_given_out_piles_up_where_texts_are_masked(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, by_port(there) as calling:
            player, redactor = calling(PLAYER), there.runtime.redactor
            pair = await signed_in(there, player)
            before, seen = redactor.known, []
            for n in range(60):
                there.clock.advance(clients.CODE_LIVES)
                pair = await told(player, "token", grant_type="refresh_token", refresh_token=pair["refresh_token"])
                begun = (await code(calling(f"127.0.1.{n}"))).json()
                seen += [pair["access_token"], pair["refresh_token"], begun["device_code"]]
            assert redactor.known == before
            assert redactor.text(" ".join(seen)) == " ".join([MASK] * len(seen)), "and every one is masked"

    asyncio.run(steps())


def test_whoever_did_not_get_the_answer_renews_again(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, by_port(there) as calling:
            player = calling(PLAYER)
            first = await signed_in(there, player)
            assert (await renewing(player, first["refresh_token"])).status_code == 200  # and the answer is lost
            hurried = await renewing(player, first["refresh_token"])
            there.clock.advance(float(hurried.headers["retry-after"]))
            again = (await renewing(player, first["refresh_token"])).json()
            bearer = {"Authorization": f"Bearer {again['access_token']}"}
            reported = await player.post("/trakt/scrobble/start", json={**FILM, "progress": 1}, headers=bearer)
            assert reported.status_code == 201
            there.clock.advance(clients.RENEWAL_EVERY)
            assert (await renewing(player, first["refresh_token"])).status_code == 400, "it got this one"
            assert (await renewing(player, again["refresh_token"])).status_code == 200

    asyncio.run(steps())


def test_one_address_does_not_take_all_codes(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, by_port(there) as calling:
            answers = [await code(calling(STRANGER)) for _ in range(120)]
            statuses = [answer.status_code for answer in answers]
            assert statuses == [200] * clients.MOST_FROM_ONE_PLACE + [429] * (120 - clients.MOST_FROM_ONE_PLACE)
            assert (await code(calling(PLAYER))).status_code == 200

    asyncio.run(steps())


def test_many_addresses_do_not_take_all_codes_either(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, by_port(there) as calling:
            for n in range(40):
                await asyncio.gather(*(code(calling(f"127.0.2.{n}")) for _ in range(3)))
            player = calling(PLAYER)
            pair = await signed_in(there, player)
            assert pair["access_token"]
            waiting = await there.sql("SELECT count(*) FROM device_codes WHERE state = 'pending'")
            assert waiting[0][0] <= clients.MOST_PENDING
            stored = await there.sql("SELECT place FROM device_codes")
            # what is kept instead is a digest, which may well have the digits 127 in it
            assert not any("127.0" in place for (place,) in stored), "no address is kept"

    asyncio.run(steps())


def test_behind_a_proxy_callers_are_told_apart(tmp_path: Path) -> None:
    proxy = {"trusted_proxies": ["127.0.0.9"]}

    async def asked(calling: Calling, address: str) -> int:
        answer = await calling("127.0.0.9").post(
            "/trakt/oauth/device/code", json={}, headers={"X-Forwarded-For": address}
        )
        return answer.status_code

    async def steps() -> None:
        async with playing(tmp_path, server=proxy) as there, by_port(there) as calling:
            stranger = [await asked(calling, f"203.0.113.{n}, 192.168.1.66") for n in range(7)]
            assert stranger == [*[200] * 5, 429, 429], "what it claims to be does not count"
            assert await asked(calling, "192.168.1.77") == 200

    asyncio.run(steps())


# Connections that are held


class Narrow(HttpConnection):
    """So few at once that a test can take them all."""

    most = 40


def test_whoever_asks_once_and_holds_on_keeps_nobody_out(tmp_path: Path) -> None:
    async def held(calling: Calling, peer: str, times: int) -> list[int]:
        """Each of its own connection, which is kept open."""
        answers = [await calling(peer).get("/health/live") for _ in range(times)]
        return [answer.status_code for answer in answers]

    async def steps() -> None:
        async with house(tmp_path) as there, by_port(there, Narrow) as calling:
            assert await held(calling, STRANGER, 2 * Narrow.most) == [200] * 2 * Narrow.most
            assert await held(calling, "127.0.0.1", 5) == [200] * 5
            assert await held(calling, PLAYER, 5) == [200] * 5
            assert (await calling(PLAYER).post(f"/webhooks/plex/{TOKEN}", content=b"x")).status_code == 400

    asyncio.run(steps())


# Names that somebody else can point here

EVIL = (
    "evil.example:8484",
    "evil.example",
    "scrobbled.evil.example:8484",
    "evil.example.",
    "lan.evil",
    "a b",
    "e%2ex.y",
)
NEAR = (
    "", "localhost", "127.0.0.1:8484", "[::1]:8484", "10.1.2.3:8484", "scrobbled", "scrobbled:8484", "SCROBBLED",
    "my_scrobbled_1:8484", "nas.lan", "nas.local:8484", "nas.home.arpa", "ha.internal", "nas.localdomain", "nas.home",
    "scrobbled.media.svc:8484", "scrobbled.media.svc.cluster.local", "listed.example",
)  # fmt: skip
TOLD = ("/metrics", "/metrics/", "/health/live", "/health/ready", "//metrics", "/health//ready")
LISTED = {"allowed_hosts": ["listed.example"]}


def test_under_a_foreign_name_nothing_is_told_without_a_secret(tmp_path: Path) -> None:
    browser = {"User-Agent": "Mozilla/5.0", "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}

    async def steps() -> None:
        async with playing(tmp_path, server=LISTED) as there, by_port(there) as calling:
            for host in EVIL:
                page = calling(STRANGER, host)
                for path in TOLD:
                    answer = await page.get(path, headers=browser)
                    assert (answer.status_code, "anna" in answer.text) == (400, False), (host, path)
                for path in ("/trakt/oauth/device/code", "/trakt/oauth/device/code/", "/trakt//oauth/device/code"):
                    answer = await page.post(path, content=b"{}", headers=browser)
                    assert answer.status_code in (400, 404), (host, path)
                    assert "activate" not in answer.text
            assert await there.sql("SELECT count(*) FROM device_codes") == [(0,)]
            said = (await calling(STRANGER, EVIL[0]).get("/metrics")).json()["error"]
            assert "allowed_hosts" in said

    asyncio.run(steps())


async def first_line(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    line = await reader.readline()
    writer.close()
    return line


def test_two_names_are_none_and_a_health_check_need_not_say_one(tmp_path: Path) -> None:
    async def steps() -> None:
        async with house(tmp_path) as there, listening(there.app, "127.0.0.1", 0) as port:
            twice = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
            assert b" 400 " in await first_line(port, twice)
            assert b" 200 " in await first_line(port, b"GET /health/ready HTTP/1.0\r\n\r\n")

    asyncio.run(steps())


def test_containers_services_and_houses_are_answered_by_their_names(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server=LISTED) as there, by_port(there) as calling:
            for n, host in enumerate(NEAR):
                engine = calling(f"127.0.3.{n}", host)
                for path in ("/metrics", "/health/live", "/health/ready"):
                    assert (await engine.get(path)).status_code == 200, (host, path)
                given = await code(engine)
                assert given.status_code == 200, host
                assert given.json()["verification_url"].lower().startswith(f"http://{host}".lower())

    asyncio.run(steps())


def test_whoever_brings_a_token_is_answered_under_any_name(tmp_path: Path) -> None:
    """As through a proxy for webhooks and players alone."""

    async def steps() -> None:
        settings = {"trakt": {}, "plex": {"token": TOKEN}}
        async with playing(tmp_path, sources=settings) as there, by_port(there) as calling:
            pair = await signed_in(there, calling(PLAYER))
            outside = calling(PLAYER, "listed.nowhere.example")
            bearer = {"Authorization": f"Bearer {pair['access_token']}"}
            reported = await outside.post("/trakt/scrobble/start", json={**FILM, "progress": 1}, headers=bearer)
            assert reported.status_code == 201
            assert (await renewing(outside, pair["refresh_token"])).status_code == 200
            assert (await outside.post(f"/webhooks/plex/{TOKEN}", content=b"x")).status_code == 400
            assert (await outside.get(f"/webhooks/plex/{TOKEN}")).status_code == 200

    asyncio.run(steps())


# Guesses


async def hooked(client: httpx.AsyncClient, token: str, source: str = "plex", method: str = "POST") -> httpx.Response:
    return await client.request(method, f"/webhooks/{source}/{token}", content=b"x" if method == "POST" else None)


def test_guesses_at_a_webhook_have_to_wait_and_a_right_one_never_does(tmp_path: Path) -> None:
    async def steps() -> None:
        async with house(tmp_path) as there, by_port(there) as calling:
            guesser = calling(STRANGER)
            tried = [("plex", "POST"), ("plex", "GET"), ("nothing", "POST"), ("plex", "PUT")] * 50
            statuses = [(await hooked(guesser, f"guess{n}", *how)).status_code for n, how in enumerate(tried)]
            assert statuses == [404] * 3 + [429] * 197
            slow = await hooked(guesser, "again")
            assert int(slow.headers["retry-after"]) >= 1
            assert (await hooked(guesser, TOKEN)).status_code == 400, "it is read, and is no webhook"
            assert (await hooked(guesser, TOKEN, method="GET")).status_code == 200
            assert (await hooked(calling(PLAYER), "wrong")).status_code == 404, "others do not wait for it"
            there.clock.advance(3600)
            looked_at = 0
            for _ in range(3600):
                looked_at += (await hooked(guesser, "g")).status_code == 404
                there.clock.advance(1)
            assert looked_at <= 15, "an hour is worth a dozen"

    asyncio.run(steps())


def test_a_thousand_wrong_addresses_are_one_line_of_the_log(tmp_path: Path) -> None:
    async def steps() -> None:
        async with house(tmp_path) as there, by_port(there) as calling:
            guesser = calling(STRANGER)
            with capture_logs() as lines:
                for n in range(1000):
                    await hooked(guesser, f"guess{n}")
                await there.runtime.aclose()
            told = [(line["source"], line["count"]) for line in lines if "wrong address" in line["event"]]
            assert [source for source, _ in told] == ["plex"] * len(told)
            assert (len(told) <= 2, sum(count for _, count in told)) == (True, 1000)

    asyncio.run(steps())


def test_guesses_at_a_players_token_have_to_wait_and_old_ones_are_told_to_renew(tmp_path: Path) -> None:
    async def asked(client: httpx.AsyncClient, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return (await client.get("/trakt/sync/last_activities", headers=headers)).status_code

    async def steps() -> None:
        async with playing(tmp_path) as there, by_port(there) as calling:
            guesser = calling(STRANGER)
            pair = await signed_in(there, guesser)
            assert [await asked(guesser, f"guess{n}") for n in range(50)] == [401] * 3 + [429] * 47
            assert await asked(guesser, ANNAS) == 200
            assert await asked(guesser, pair["access_token"]) == 200
            there.clock.advance(clients.LIVES)
            assert [await asked(calling(PLAYER), pair["access_token"]) for _ in range(9)] == [401] * 9
            assert [await asked(calling(PLAYER), "") for _ in range(9)] == [401] * 9

    asyncio.run(steps())


# What strangers may have us write


def test_looking_how_we_are_writes_to_the_disk_once_a_second(tmp_path: Path) -> None:
    async def steps() -> None:
        async with house(tmp_path) as there, by_port(there) as calling:
            writes, write = 0, there.runtime.store.write

            async def counted(work: Any) -> Any:
                nonlocal writes
                writes += 1
                return await write(work)

            there.runtime.store.write = counted  # type: ignore[method-assign]
            stranger = calling(STRANGER)
            for moment in range(3):
                answers = await asyncio.gather(*(stranger.get("/health/ready") for _ in range(50)))
                assert {answer.status_code for answer in answers} == {200}
                assert writes == moment + 1
                there.clock.advance(1)

    asyncio.run(steps())

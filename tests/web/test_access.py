"""Who may look: the rules as a table, then the same through the whole application."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from scrobbled.config.service import LoginConfig, ServerConfig
from scrobbled.web.door.access import Access, AccessLevel, Hosts
from web.house import LOGIN, PASSWORD, TOKEN, House, house

FORM = {"username": "admin", "password": PASSWORD}


# Names


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8484",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "192.168.1.20:8484",
        "[::1]",
        "[::1]:8484",
        "[fd00::17]:80",
        "nas.local",
        "deep.nas.local:8484",
        "media.example.org",
        "Media.Example.Org:443",
        "a.home.arpa",
        "b.a.home.arpa:1",
        "scrobbled",
    ],
)
def test_our_own_names_and_every_address_are_answered(host: str) -> None:
    assert hosts().allows(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8484",
        "localhost.evil.example",
        "nas.local.evil.example",
        "local",
        "xlocal",
        "home.arpa",
        "xhome.arpa",
        "media.example.org.evil.example",
        "evil.example,localhost",
        "localhost@evil.example",
        "127.0.0.1.evil.example",
        "127.1",
        "0x7f000001",
        "[::1",
        "::1",
        "localhost:port",
        "a b",
        "localhost/",
        "[evil]",
    ],
)
def test_a_foreign_name_is_refused_however_it_is_written(host: str) -> None:
    assert not hosts().allows(host)


def hosts() -> Hosts:
    allowed = ("scrobbled", "*.home.arpa")
    return Hosts(ServerConfig(public_url="https://media.example.org/scrobbled", allowed_hosts=allowed))


# Callers


def caller(peer: str, *headers: tuple[str, str], trusted: tuple[str, ...] = ()) -> Any:
    access = Access(ServerConfig(trusted_proxies=trusted), FakeClock())
    return access.caller(scope(peer, *headers))


def scope(peer: str, *headers: tuple[str, str], method: str = "GET") -> dict[str, Any]:
    given = [("host", "localhost:8484"), *headers]
    return {
        "type": "http",
        "client": (peer, 1),
        "method": method,
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in given],
    }


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_local(peer: str) -> None:
    assert caller(peer).is_local


@pytest.mark.parametrize("peer", ["192.168.1.5", "::ffff:192.168.1.5", "fe80::1", "", "testclient", "unix"])
def test_nothing_else_is_local(peer: str) -> None:
    assert not caller(peer).is_local


@pytest.mark.parametrize(
    "header",
    [
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-anything",
        "forwarded",
        "x-real-ip",
        "via",
    ],
)
def test_a_proxy_on_this_machine_does_not_make_its_callers_local(header: str) -> None:
    found = caller("127.0.0.1", (header, "127.0.0.1"))
    assert (found.is_local, found.address) == (False, "127.0.0.1")


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)])
def test_a_proxy_on_this_machine_that_says_nothing_of_its_callers_does_not_make_them_local(
    trusted: tuple[str, ...],
) -> None:
    access = Access(ServerConfig(trusted_proxies=trusted), FakeClock())
    as_nginx_asks = {**scope("127.0.0.1"), "http_version": "1.0"}
    as_haproxy_asks = {**scope("127.0.0.1"), "headers": [(b"host", b"scrobbled.example.org")]}
    at_this_machine = {**scope("127.0.0.1"), "http_version": "1.1"}
    assert not access.caller(as_nginx_asks).is_local
    assert not access.caller(as_haproxy_asks).is_local
    assert access.caller(at_this_machine).is_local


def test_nobody_is_local_who_has_a_proxy_of_this_machine_say_so() -> None:
    claim = ("x-forwarded-for", "127.0.0.1")
    assert not caller("127.0.0.1", claim, trusted=("127.0.0.1",)).is_local


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8484", "127.0.0.1:8484", "127.9.9.9", "[::1]:8484"])
def test_who_is_at_this_machine_asks_by_its_own_names(host: str) -> None:
    asked = {**scope("127.0.0.1"), "headers": [(b"host", host.encode())]}
    assert Access(ServerConfig(), FakeClock()).caller(asked).is_local


@pytest.mark.parametrize(
    ("claimed", "address", "is_local"),
    [
        ("203.0.113.7", "203.0.113.7", False),
        ("127.0.0.1, 203.0.113.7", "203.0.113.7", False),
        ("203.0.113.7, 10.0.0.2", "203.0.113.7", False),
        ("203.0.113.7:5123", "203.0.113.7", False),
        ('"[2001:db8::7]:5123"', "", False),
        ("[2001:db8::7]:5123", "2001:db8::7", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:203.0.113.7", "203.0.113.7", False),
        ("127.0.0.1, unknown", "", False),
        ("127.0.0.1,", "", False),
        ("10.0.0.9, 10.0.0.2", "10.0.0.9", False),
    ],
)
def test_behind_a_trusted_proxy_the_right_most_untrusted_address_counts(
    claimed: str, address: str, is_local: bool
) -> None:
    found = caller("10.0.0.1", ("x-forwarded-for", claimed), trusted=("10.0.0.0/8",))
    assert (found.address, found.is_local) == (address, is_local)


def test_several_forwarding_headers_are_one_list() -> None:
    headers = (("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "203.0.113.7"))
    assert caller("10.0.0.1", *headers, trusted=("10.0.0.1/32",)).address == "203.0.113.7"


def test_only_a_trusted_proxy_tells_scheme_name_and_prefix() -> None:
    told = (("x-forwarded-proto", "https"), ("x-forwarded-host", "media.example.org"), ("x-ingress-path", "/api/abc/"))
    trusted, stranger = caller("10.0.0.1", *told, trusted=("10.0.0.1",)), caller("10.0.0.1", *told)
    assert (trusted.scheme, trusted.host, trusted.prefix) == ("https", "media.example.org", "/api/abc")
    assert (stranger.scheme, stranger.host, stranger.prefix) == ("http", "localhost:8484", "")


@pytest.mark.parametrize("prefix", ["//evil.example", "/a;b", "javascript:alert(1)", "/a/../b c", "\\evil"])
def test_a_prefix_that_is_no_path_is_not_used(prefix: str) -> None:
    assert caller("10.0.0.1", ("x-forwarded-prefix", prefix), trusted=("10.0.0.1",)).prefix == ""


# Rules


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ((), True),
        ((("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8484")), True),
        ((("sec-fetch-site", "none"),), True),
        ((("origin", "http://localhost:8484"),), True),
        ((("origin", "https://media.example.org"),), False),  # through a proxy, and there is no login
        ((("sec-fetch-site", "cross-site"),), False),
        ((("sec-fetch-site", "same-site"),), False),
        ((("origin", "http://evil.example"),), False),
        ((("origin", "http://localhost:9999"),), False),
        ((("origin", "http://localhost"),), False),
        ((("origin", "null"),), False),
        ((("origin", "null"), ("sec-fetch-site", "same-origin")), True),
        ((("origin", "null"), ("sec-fetch-site", "none")), False),
        ((("origin", "null"), ("sec-fetch-site", "cross-site")), False),
        ((("origin", ""),), False),
        ((("origin", "http://localhost:8484"), ("origin", "http://evil.example")), False),
        ((("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")), False),
    ],
)
def test_what_changes_something_must_come_from_our_own_pages(
    headers: tuple[tuple[str, str], ...], passes: bool
) -> None:
    access = Access(ServerConfig(public_url="https://media.example.org"), FakeClock())
    asked = scope("127.0.0.1", *headers, method="POST")
    refusal = access.refusal(asked, access.caller(asked), AccessLevel.INSIDE)
    assert (refusal is None) == passes
    assert passes or (refusal is not None and refusal.status == 403)


@pytest.mark.parametrize(
    ("site", "mode", "passes"),
    [
        ("cross-site", "no-cors", False),
        ("same-site", "no-cors", False),
        ("cross-site", "cors", False),
        ("cross-site", "navigate", True),
        ("same-site", "navigate", True),
        ("same-origin", "cors", True),
        ("none", "navigate", True),
    ],
)
def test_pages_of_other_sites_may_link_to_us_and_ask_nothing_in_passing(site: str, mode: str, passes: bool) -> None:
    access = Access(ServerConfig(), FakeClock())
    asked = scope("127.0.0.1", ("sec-fetch-site", site), ("sec-fetch-mode", mode))
    assert (access.refusal(asked, access.caller(asked), AccessLevel.INSIDE) is None) == passes
    assert access.refusal(asked, access.caller(asked), AccessLevel.ASSET) is None


def test_two_host_headers_are_refused() -> None:
    access = Access(ServerConfig(), FakeClock())
    asked = scope("127.0.0.1", ("host", "evil.example"))
    refusal = access.refusal(asked, access.caller(asked), AccessLevel.INSIDE)
    assert refusal is not None
    assert refusal.status == 400


@pytest.mark.parametrize(
    ("username", "password"), [("admin", ""), ("", PASSWORD), ("Admin", PASSWORD), ("", ""), ("\ud800", "x")]
)
def test_both_parts_of_a_login_must_fit(username: str, password: str) -> None:
    access = Access(ServerConfig(login=LoginConfig(**LOGIN)), FakeClock())
    assert access.knows("admin", PASSWORD)
    assert not access.knows(username, password)


def test_an_empty_password_lets_nobody_in() -> None:
    assert not Access(ServerConfig(login=LoginConfig(username="admin", password="")), FakeClock()).knows("admin", "")


# The whole application

INSIDE = ["/", "/api/v1/status", "/api/v1/plays", "/api/v1/live", "/schema/openapi.json", "/schema", "/nothing"]


def test_without_a_login_only_this_machine_may_look(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("192.168.1.5") as stranger:
            for path in INSIDE:
                answer = await stranger.get(path)
                assert answer.status_code == 403, path
                assert "scrobbled.yaml" in answer.text

    asyncio.run(check())


def test_a_refusal_is_json_for_programs_and_a_page_with_the_yaml_for_people(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("192.168.1.5") as stranger:
            program, person = await stranger.get("/api/v1/status"), await stranger.get("/")
            assert program.json()["error"].startswith("No login is configured")
            assert person.headers["content-type"] == "text/html; charset=utf-8"
            assert "a long one of your own" in person.text
            assert (await stranger.get("/static/page.css")).status_code == 200

    asyncio.run(check())


def test_forged_forwarding_headers_open_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("192.168.1.5") as stranger, home.client() as proxy:
            for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host"):
                assert (await stranger.get("/", headers={name: "127.0.0.1"})).status_code == 403
                assert (await proxy.get("/", headers={name: "127.0.0.1"})).status_code == 403
            assert (await proxy.get("/")).status_code == 200

    asyncio.run(check())


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/login", "/static/page.css", "/schema/openapi.json"])
def test_a_foreign_name_is_told_which_setting_to_change(tmp_path: Path, path: str) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client(base="http://evil.example:8484") as rebound:
            answer = await rebound.get(path)
            assert answer.status_code == 400
            assert "server.allowed_hosts" in answer.text

    asyncio.run(check())


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", f"/webhooks/plex/{TOKEN}"])
def test_servers_come_by_the_name_of_a_container_and_without_a_login(tmp_path: Path, path: str) -> None:
    async def check() -> None:
        settings = {"login": LOGIN}
        async with (
            house(tmp_path, server=settings) as home,
            home.client("172.18.0.3", base="http://scrobbled") as server,
        ):
            assert (await server.get(path, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200

    asyncio.run(check())


PATHS = """
/health/../api/v1/status  //api/v1/status  /health//api/v1/status  /metrics/../  /webhooks/../queue  /webhooksx  /api
/./api/v1/status  /API/v1/status  /static/../api/v1/status  /login/../api/v1/status  /static  /static/  /login/x
/webhooks/plex/api/v1/status  /metrics/api/v1/status  /health/live/api/v1/status
"""


@pytest.mark.parametrize("prefix", ["", "/health", "/webhooks/plex", "/s"])
def test_no_spelling_of_a_path_leads_around_the_gate(tmp_path: Path, prefix: str) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home:
            for path in PATHS.split():
                for asked in (path, prefix + path):
                    status, body = await raw(home, asked, prefix)
                    assert status in (303, 401, 404, 405), (asked, body)
                    assert b'"version"' not in body

    asyncio.run(check())


async def raw(home: House, path: str, root_path: str) -> tuple[int, bytes]:
    """As a server hands it on, with nothing tidied up on the way."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asked = scope("192.168.1.5")
    more = {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": root_path, "http_version": "1.1"}
    await home.app({**asked, **more, "server": ("localhost", 8484)}, receive, send)  # type: ignore[arg-type]
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


# Signing in


def test_signing_in_opens_everything_and_signing_out_closes_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            away = await browser.get("/")
            assert (away.status_code, away.headers["location"]) == (303, "./login")
            assert (await browser.get("/api/v1/status")).status_code == 401
            assert (await browser.get("/login")).status_code == 200
            answer = await browser.post("/login", data=FORM)
            assert (answer.status_code, answer.headers["location"]) == (303, "./")
            assert (await browser.get("/")).status_code == 200
            assert (await browser.get("/api/v1/status")).status_code == 200
            kept = dict(browser.cookies)
            assert (await browser.post("/logout")).headers["location"] == "./login"
            assert (await browser.get("/api/v1/status")).status_code == 401
            browser.cookies.update(kept)
            assert (await browser.get("/api/v1/status")).status_code == 401, "the old cookie must be worth nothing"

    asyncio.run(check())


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    async def check() -> None:
        settings = {"login": LOGIN, "trusted_proxies": ["10.0.0.1"], "allowed_hosts": ["media.example.org"]}
        async with house(tmp_path, server=settings) as home, home.client() as plain:
            bare = (await plain.post("/login", data=FORM)).headers["set-cookie"]
            told = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Prefix": "/watched"}
            async with home.client("10.0.0.1", base="http://media.example.org") as proxy:
                answer = await proxy.post("/login", data=FORM, headers=told)
            assert answer.headers["location"] == "/watched/"
            secure = answer.headers["set-cookie"]
            assert "httponly" in bare.lower()
            assert "samesite=lax" in bare.lower()
            assert "secure" not in bare.lower()
            assert "path=/;" in bare.lower()
            assert "secure" in secure.lower()
            assert "path=/watched" in secure.lower()
            assert len(bare.partition("=")[2].partition(";")[0]) >= 43

    asyncio.run(check())


def test_a_session_id_that_nobody_gave_out_is_worth_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            for value in ("", "x", "None", '"a"', "a" * 4000):
                headers = {"Cookie": f"scrobbled_session={value}; other=1"}
                assert (await browser.get("/api/v1/status", headers=headers)).status_code == 401

    asyncio.run(check())


def test_wrong_tries_cost_more_and_more_time(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.168.1.5") as guesser:
            statuses, waits = [], []
            for _ in range(7):
                answer = await guesser.post("/login", data={"username": "admin", "password": "guess"})
                statuses.append(answer.status_code)
                waits.append(int(answer.headers.get("retry-after", "0")))
                home.clock.advance(waits[-1])
            assert statuses == [401] * 7
            assert waits == [0, 0, 2, 4, 8, 16, 32]
            await guesser.post("/login", data={"username": "admin", "password": "guess"})
            refused = await guesser.post("/login", data=FORM)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "64")
            assert "Wait 64 seconds" in refused.text
            async with home.client("192.168.1.6") as other:
                assert (await other.post("/login", data=FORM)).status_code == 303
            home.clock.advance(64)
            assert (await guesser.post("/login", data=FORM)).status_code == 303

    asyncio.run(check())


def test_another_site_cannot_sign_in_press_buttons_or_call_the_api(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            await browser.post("/login", data=FORM)
            for path in ("/queue", "/login", "/logout", "/api/v1/queue/retry", "/api/v1/queue/drop"):
                for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
                    assert (await browser.post(path, headers=header)).status_code == 403
            assert (await browser.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200

    asyncio.run(check())


def test_every_page_forbids_frames_foreign_scripts_and_caching(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for path in ("/", "/api/v1/status", "/nothing", "/login"):
                headers = (await browser.get(path)).headers
                policy = headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "script-src 'self'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["referrer-policy"] == "same-origin", (
                    "no-referrer makes browsers hide the origin of our forms"
                )
                assert headers["cache-control"] == "no-store"

    asyncio.run(check())


@pytest.mark.parametrize("prefix", ["/watched", "/deep/er"])
def test_links_and_redirects_stay_below_the_prefix(tmp_path: Path, prefix: str) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client(prefix=prefix) as browser:
            away = await browser.get(prefix)
            assert away.headers["location"] == f"{prefix}/login"
            page = await browser.get(f"{prefix}/login")
            assert f'action="{prefix}/login"' in page.text
            answer = await browser.post(f"{prefix}/login", data=FORM)
            assert answer.headers["location"] == f"{prefix}/"
            assert f"Path={prefix};" in answer.headers["set-cookie"]
            page = await browser.get(f"{prefix}/")
            assert f'href="{prefix}/static/page.css' in page.text
            assert (await browser.get(f"{prefix}/static/page.css")).status_code == 200
            assert (await browser.get(f"{prefix}/api/v1/status")).status_code == 200

    asyncio.run(check())


def test_a_page_deep_down_finds_its_styles_without_knowing_the_prefix(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            page = await browser.get("/a/b/c")
            assert page.status_code == 404
            assert 'href="../../static/page.css' in page.text
            assert httpx.URL("http://localhost/a/b/c").join("../../static/page.css").path == "/static/page.css"

    asyncio.run(check())

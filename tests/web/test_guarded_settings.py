"""Whoever has the page's password may change the configuration, and is not told what it keeps: neither the environment,
nor a file, nor a secret that is sent to another address."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from patience import LONGEST
from scrobbled.config import load
from scrobbled.core.errors import LoginNeeded
from scrobbled.core.places import home_of
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.web.server import listening
from web.house import LOGIN, House, house
from web.test_settings_pages import sent

PROBE = "probe-of-the-environment-1"
FILE_PROBE = "probe-of-a-file-2"
TOLD = ("/api/v1/config", "/api/v1/status", "/api/v1/statistics", "/settings", "/settings/yaml", "/statistics")
FILE = """server:
  login: {username: admin, password: door-password-9182}
sources:
  plex: {token: hook-token-4711-do-not-show, url: "http://127.0.0.1:9/plex", server_token: sandbox-plex-token}
  jellyfin: {token: hook-token-4712-do-not-show, url: "http://127.0.0.1:9", server_token: "${JELLYFIN_KEY}"}
  emby: {token: hook-token-4713-do-not-show, url: "http://127.0.0.1:9", server_token_file: emby-key}
metadata:
  tmdb: {key: 0123456789abcdef0123456789abcdef, url: "http://127.0.0.1:9/tmdb/3"}
sinks:
  mqtt: {url: "mqtt://127.0.0.1:9", username: home, password: broker-password-77, enabled: false}
alerts:
  urls: ["json://127.0.0.1:9/a-secret-topic-0815-12345"]
storage: {path: PLACE}
viewers:
  - name: "${ANNA_NAME:-anna}"
    accounts: {plex: anna}
    trackers:
      serializd: {email: anna@example.org, password: anna-secret-1, url: "http://127.0.0.1:9/serializd/api"}
      trakt: {client_id: abc, client_secret: client-secret-123, url: "http://127.0.0.1:9/trakt"}
"""


@contextlib.asynccontextmanager
async def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """Over HTTP, signed in, with an environment and a file that nobody is to be told of."""
    monkeypatch.setenv("SCROBBLED_ENV_PROBE", PROBE)
    monkeypatch.setenv("SUPERVISOR_TOKEN", PROBE)
    monkeypatch.setenv("JELLYFIN_KEY", "jellyfin-key-1")
    (folder / "probe").write_text(FILE_PROBE)
    (folder / "emby-key").write_text("emby-key-secret-1")
    async with house(folder, server={"login": LOGIN}) as home:
        text = FILE.replace("PLACE", str(folder / "scrobbled.db"))
        home.runtime.stop()
        path = folder / "scrobbled.yaml"
        path.write_text(text)
        await home.runtime.reload(load(path, os.environ))
        async with listening(home.app, "127.0.0.1", 0) as port:
            base = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=LONGEST) as browser:
                assert (await browser.post("/login", data=LOGIN)).status_code == 303
                yield home, browser


async def etag(browser: httpx.AsyncClient) -> dict[str, str]:
    return {"If-Match": (await browser.get("/api/v1/config")).headers["etag"]}


async def patched(browser: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await browser.patch("/api/v1/config", json=changes, headers=await etag(browser))


async def rewritten(browser: httpx.AsyncClient, edit: Callable[[str], str]) -> list[httpx.Response]:
    """The whole text, put and only checked, by the API and by the editor of the page."""
    yaml = (await browser.get("/api/v1/config")).json()["yaml"]
    changed = edit(yaml)
    assert changed != yaml
    page = await browser.get("/settings/yaml")
    found = re.search(r'name="etag" value="([^"]+)"', page.text)
    assert found is not None
    form = {"yaml": changed, "etag": found[1]}
    return [
        await browser.post("/api/v1/config/check", json={"yaml": changed}),
        await browser.post("/settings/yaml", data={**form, "do": "check"}),
        await browser.put("/api/v1/config", json={"yaml": changed}, headers=await etag(browser)),
        await browser.post("/settings/yaml", data={**form, "do": "save"}),
    ]


async def assert_nothing_told(browser: httpx.AsyncClient, *answers: httpx.Response) -> None:
    async with httpx.AsyncClient(base_url=browser.base_url, trust_env=False, timeout=LONGEST) as stranger:
        metrics = await stranger.get("/metrics")
        assert metrics.status_code == 200
        told = [*answers, metrics, *[await browser.get(place) for place in TOLD]]
    assert [one.url.path for one in told if PROBE in one.text or FILE_PROBE in one.text] == []


CARRIERS = ("${SCROBBLED_ENV_PROBE}", "x ${SCROBBLED_ENV_PROBE:-y} z", "${SUPERVISOR_TOKEN}", "${HASSIO_TOKEN:-x}")


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_the_environment_is_told_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    monkeypatch.setenv("HASSIO_TOKEN", PROBE)
    async with served(tmp_path, monkeypatch) as (_, browser):
        before = (tmp_path / "scrobbled.yaml").read_text()
        answers = [
            await patched(browser, append={"viewers": {"name": f"env {carrier}"}}),
            await patched(browser, set={"viewers[0].name": carrier}),
            await patched(browser, set={"server.public_url": f"http://{carrier}"}),
            await patched(browser, set={"sources.plex.token": carrier}),
            await patched(browser, set={"sources.plex.server_token": carrier}),
            await patched(browser, set={"viewers[0].trackers.serializd": {"password": carrier, "url": "http://evil"}}),
            await sent(browser, "people/0", name=carrier),
            *await rewritten(browser, lambda yaml: f"{yaml}  - name: {carrier!r}\n"),
            *await rewritten(
                browser, lambda yaml: yaml.replace("viewers:", f"viewers:\n  - &a name: {carrier!r}\n", 1)
            ),
        ]
        assert [answer.status_code for answer in answers if answer.request.method in ("PATCH", "PUT")] == [422] * 8
        await assert_nothing_told(browser, *answers)
        assert (tmp_path / "scrobbled.yaml").read_text() == before


async def test_a_file_is_told_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path, monkeypatch) as (_, browser):
        answers = [
            await patched(browser, append={"viewers": {"name_file": "probe"}}),
            await patched(browser, set={"sources.plex.token_file": "probe"}, remove=["sources.plex.token"]),
            await patched(browser, set={"sources.emby.server_token_file": "probe"}),
            *await rewritten(browser, lambda yaml: yaml + "  - name_file: probe\n"),
        ]
        assert [one.status_code for one in answers if one.request.method in ("PATCH", "PUT")] == [422] * 4
        await assert_nothing_told(browser, *answers)
        missing = await patched(browser, append={"viewers": {"name_file": "/there/is/no/such"}})
        assert missing.json()["problems"][0]["text"] == answers[0].json()["problems"][0]["text"]


async def test_an_account_that_is_claimed_tells_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path, monkeypatch) as (home, browser):
        name = "${SCROBBLED_ENV_PROBE}"
        form = {"account": name, "viewer": "anna", "source": "plex"}
        answer = await browser.post("/set-up/plex/claim", data=form)
        await assert_nothing_told(browser, answer)
        assert PROBE not in str(home.runtime.config.viewers)


async def test_references_that_stand_in_the_file_stay_and_the_rest_can_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path, monkeypatch) as (_, browser):
        for answer in (
            await patched(browser, set={"sources.jellyfin.libraries": ["Films"]}),
            await patched(browser, append={"viewers": {"name": "ben ${ANNA_NAME:-x}"}}),
            await patched(browser, set={"sources.jellyfin.url": "http://127.0.0.1:9/below"}),
            await patched(
                browser, set={"sources.jellyfin.url": "http://jelly.lan", "sources.jellyfin.server_token": "new"}
            ),
            *(await rewritten(browser, lambda yaml: yaml.replace("username: home", "username: house")))[2:3],
        ):
            assert answer.status_code == 200, answer.text
        text = (tmp_path / "scrobbled.yaml").read_text()
        assert "server_token_file: emby-key" in text
        assert '"${ANNA_NAME:-anna}"' in text


AWAY = {
    "sources.plex.url": "server_token",
    "sources.plex.account_url": "server_token",
    "sources.jellyfin.url": "server_token",
    "sources.emby.url": "server_token",
    "metadata.tmdb.url": "key",
    "sinks.mqtt.url": "password",
    "viewers[0].trackers.serializd.url": "password",
    "viewers[0].trackers.trakt.url": "client_secret",
    "viewers[0].trackers.trakt.auth_url": "client_secret",
}


@pytest.mark.parametrize("place", AWAY)
async def test_another_address_gets_no_old_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    async with served(tmp_path, monkeypatch) as (_, browser):
        evil = "mqtt://127.0.0.1:19" if "mqtt" in place else "http://127.0.0.1:19"
        secret = f"{place.rpartition('.')[0]}.{AWAY[place]}"
        before = (tmp_path / "scrobbled.yaml").read_text()
        for address in (evil, evil.replace("127.0.0.1:19", "evil.example"), evil.replace("://", "s://")):
            answer = await patched(browser, set={place: address})
            assert answer.status_code == 422, answer.text
            (problem,) = answer.json()["problems"]
            assert problem["path"].removesuffix("_file") == secret
            assert "type this again" in problem["text"]
        shown = await sent(browser, page(place), **{named(place): evil})
        assert shown.status_code == 422
        assert "type this again" in shown.text
        assert (tmp_path / "scrobbled.yaml").read_text() == before
        again = await patched(browser, set={place: evil, secret: "typed-once-more"})
        if "emby" not in place:  # there it stands in a file
            assert again.status_code == 200, again.text


def named(place: str) -> str:
    """The field of that form."""
    return re.sub(r"^(sources\.\w+|metadata|sinks|viewers\[0\])\.", "", place)


def page(place: str) -> str:
    """Where the form of a path is."""
    first, _, rest = place.partition(".")
    return {"sinks": "export", "viewers[0]": "people/0", "metadata": "metadata"}.get(first) or (
        f"sources/{rest.partition('.')[0]}"
    )


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('url: "http://127.0.0.1:9/plex"', 'url: "http://evil.example"'),
        ('url: "http://127.0.0.1:9/plex"', 'url: "http://${JELLYFIN_KEY}"'),
        ('url: "mqtt://127.0.0.1:9"', 'url: "mqtt://evil.example"'),
        ('["••••5"]', '["json://evil.example/••••5"]'),
    ],
)
async def test_the_text_as_a_whole_sends_no_secret_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was: str, becomes: str
) -> None:
    async with served(tmp_path, monkeypatch) as (_, browser):
        before = (tmp_path / "scrobbled.yaml").read_text()

        def edit(yaml: str) -> str:
            alert = re.search(r"urls: \[(••••\d+)\]", yaml)
            assert alert is not None
            return yaml.replace(was.replace('["••••5"]', f"[{alert[1]}]"), becomes.replace("••••5", alert[1]))

        check, look, put, save = await rewritten(browser, edit)
        assert check.json()["valid"] is False
        assert (look.status_code, put.status_code, save.status_code) == (200, 422, 422)
        assert (tmp_path / "scrobbled.yaml").read_text() == before


async def test_another_person_gets_no_secret_of_the_first_at_another_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path, monkeypatch) as (_, browser):

        def edit(yaml: str) -> str:
            token = re.search(r"password: (••••\d+), url: \"http://127.0.0.1:9/serializd", yaml)
            assert token is not None
            more = f"serializd: {{email: x@example.org, password: {token[1]}, url: 'http://evil.example'}}"
            return f"{yaml}  - name: eve\n    trackers: {{{more}}}\n"

        _, _, put, save = await rewritten(browser, edit)
        assert (put.status_code, save.status_code) == (422, 422)


async def test_a_listener_elsewhere_hears_no_key_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole attack: the address is changed to a trap, then the doctor looks at every server."""
    heard: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            heard.append(await asyncio.wait_for(reader.read(4096), 5))
        writer.close()

    trap = await asyncio.start_server(note, "127.0.0.1", 0)
    port = trap.sockets[0].getsockname()[1]
    async with served(tmp_path, monkeypatch) as (home, browser):
        home.runtime.transport = None  # type: ignore[misc]
        answer = await patched(browser, set={"sources.plex.url": f"http://127.0.0.1:{port}"})
        assert answer.status_code == 422
        only = {"url": f"http://127.0.0.1:{port}"}
        assert (await browser.post("/set-up/plex/address", data=only)).status_code == 400
        by_api = await browser.post("/api/v1/connections/plex/server", json={**only, "server_token": ""})
        assert by_api.status_code == 400
        await browser.post("/api/v1/doctor")
    trap.close()
    assert [one for one in heard if b"sandbox-plex-token" in one] == []


async def test_a_stored_sign_in_is_not_sent_to_another_address(tmp_path: Path) -> None:
    """Also where nothing beside the address is a secret that could be asked for again."""
    async with house(tmp_path) as home, home.client() as browser:
        path = tmp_path / "scrobbled.yaml"
        values = yaml.safe_load(path.read_text())
        values["viewers"][0]["trackers"] = {"trakt": {"client_id": "abc", "url": "http://sandbox/trakt"}}
        path.write_text(yaml.safe_dump(values))
        await home.runtime.reload(load(path, {}))
        whose = ("anna", "trakt", lambda values: None, home.clock.now)
        usual = home_of(values["viewers"][0]["trackers"]["trakt"])
        await StoredTokens(home.runtime.store, *whose, usual).save({"access_token": "a", "refresh_token": "r-4711"})
        answer = await patched(browser, set={"viewers[0].trackers.trakt.url": "http://evil.example"})
        assert answer.status_code == 200, answer.text
        elsewhere = home_of({"url": "http://evil.example"})
        assert await StoredTokens(home.runtime.store, *whose, elsewhere).load() is None
        with pytest.raises(LoginNeeded):
            await home.runtime.couriers["anna", "trakt"].tracker.sign_in()

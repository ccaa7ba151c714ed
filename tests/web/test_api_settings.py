"""The configuration by the API: read without its secrets, checked, changed in place, and never overwritten blindly."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from web.house import PASSWORD, SETTINGS, TOKEN, House, house

FILE = f"""# of our house
server:
  port: 8484   # as ever
sources:
  plex: {{token: "{TOKEN}", url: "http://sandbox/plex", server_token: "${{PLEX_TOKEN_OF_TEST:-sandbox-plex-token}}"}}
storage: {{path: PLACE}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: 'anna-secret', url: "http://sandbox/serializd/api"}}
"""
SECRETS = (TOKEN, "anna-secret", "sandbox-plex-token")


def written(home: House, folder: Path, text: str = FILE) -> Path:
    home.runtime.stop()
    path = folder / "scrobbled.yaml"
    path.write_bytes(text.replace("PLACE", str(folder / "scrobbled.db")).encode())
    assert home.runtime.config.path == path
    return path


async def read(browser: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, str]]:
    answer = await browser.get("/api/v1/config")
    assert answer.status_code == 200, answer.text
    assert [secret for secret in SECRETS if secret in answer.text] == []
    return answer.json(), {"If-Match": answer.headers["etag"]}


async def test_the_file_is_shown_without_its_secrets_and_saved_back_byte_for_byte(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        path = written(home, tmp_path)
        before = path.read_bytes()
        document, matching = await read(browser)
        assert "# of our house" in document["yaml"]
        assert document["problems"] == []
        assert document["locked"] == ""
        answer = await browser.put("/api/v1/config", json={"yaml": document["yaml"]}, headers=matching)
        assert answer.status_code == 200, answer.text
        assert answer.json()["copy"] is None
        assert path.read_bytes() == before


async def test_a_change_is_in_force_at_once_and_keeps_everything_else(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        path = written(home, tmp_path, FILE.replace("\n", "\r\n"))
        path.chmod(0o640)
        before = path.read_bytes()
        document, matching = await read(browser)
        yaml = document["yaml"].replace("name: anna", "name: annabel")
        answer = await browser.put("/api/v1/config", json={"yaml": yaml}, headers=matching)
        assert answer.status_code == 200, answer.text
        assert answer.json()["lines"][3:5] == [
            {"number": None, "text": "  - name: anna", "change": "removed"},
            {"number": 8, "text": "  - name: annabel", "change": "added"},
        ]
        assert path.read_bytes() == before.replace(b"name: anna\r", b"name: annabel\r")
        assert path.stat().st_mode & 0o777 == 0o640
        assert home.runtime.config.viewers[0].name == "annabel"
        assert (await read(browser))[1] == {"If-Match": answer.headers["etag"]}
        answer = await browser.post("/api/v1/config/previous")
        assert answer.status_code == 200, answer.text
        assert path.read_bytes() == before


async def test_single_values_are_changed_by_their_path(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        path = written(home, tmp_path)
        _, matching = await read(browser)
        changes = {
            "set": {"server.port": 9000, "defaults": {"movies": False, "threshold": "85%"}},
            "append": {
                "viewers": {"name": "ben", "accounts": {"plex": ["ben", "41"]}},
                "viewers[0].accounts.plex": "x",
            },
            "remove": ["sources.plex.server_token"],
        }
        answer = await browser.patch("/api/v1/config", json=changes, headers=matching)
        assert answer.status_code == 200, answer.text
        assert answer.json()["restart"] == ["server.port"]
        config = home.runtime.config
        assert [viewer.name for viewer in config.viewers] == ["anna", "ben"]
        assert config.viewers[0].accounts["plex"] == ("anna", "x")
        assert not config.defaults.movies
        assert config.server.port == 8484
        assert "  port: 9000   # as ever\n" in path.read_text()
        assert "server_token" not in path.read_text()


@pytest.mark.parametrize(
    ("yaml", "path", "line"),
    [
        ("server: {port: 99999}", "server.port", 1),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "a", 1),
        ("server: !!python/object/apply:os.system ['id']", "server", 1),
        ("viewers:\n\t- name: x\n", "scrobbled.yaml", 2),
        ("server: {login: {username: x, password: ••••1}}\n", "server.login.password", 1),
        ("server: [" * 500, "scrobbled.yaml", 0),
        ("#\n" * 300_000, "configuration", 0),
        ("", "scrobbled.yaml", 0),
        ('server: {host: "a\\u0000b"}\n', "server.host", 1),
        ("&a [*a]\n", "scrobbled.yaml", 0),
    ],
)
async def test_what_is_not_valid_is_told_with_its_place_and_nothing_is_saved(
    tmp_path: Path, yaml: str, path: str, line: int
) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        file = written(home, tmp_path)
        before, config = file.read_bytes(), home.runtime.config
        _, matching = await read(browser)
        verdict = (await browser.post("/api/v1/config/check", json={"yaml": yaml})).json()
        assert not verdict["valid"]
        assert (path, line) in [(problem["path"], problem["line"]) for problem in verdict["problems"]]
        answer = await browser.put("/api/v1/config", json={"yaml": yaml}, headers=matching)
        assert answer.status_code == 422
        assert answer.json()["problems"]
        assert [secret for secret in SECRETS if secret in answer.text] == []
        assert file.read_bytes() == before
        assert home.runtime.config is config


async def test_what_somebody_else_wrote_meanwhile_is_never_overwritten(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        path = written(home, tmp_path)
        document, matching = await read(browser)
        path.write_text(path.read_text().replace("# of our house", "# of theirs"))
        for answer in (
            await browser.put("/api/v1/config", json={"yaml": document["yaml"]}, headers=matching),
            await browser.patch("/api/v1/config", json={"set": {"server.port": 1}}, headers=matching),
        ):
            assert answer.status_code == 412
            assert "changed meanwhile" in answer.json()["error"]
        assert "# of theirs" in path.read_text()
        assert (await browser.put("/api/v1/config", json={"yaml": ""})).status_code == 428


async def test_a_file_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        path = written(home, tmp_path)
        monkeypatch.setattr(os, "access", lambda place, mode: False)  # root may write everything
        document, matching = await read(browser)
        assert document["locked"] == f"{path} is read-only."
        yaml = document["yaml"].replace("8484", "8485")
        answer = await browser.put("/api/v1/config", json={"yaml": yaml}, headers=matching)
        assert answer.status_code == 409
        assert answer.json()["error"] == f"{path} is read-only."


async def test_strange_paths_and_values_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        written(home, tmp_path)
        _, matching = await read(browser)
        deep: Any = "x"
        for _ in range(40):
            deep = {"a": deep}
        for changes, status in (
            ({"set": {"a..b": "1"}}, 400),
            ({"set": {"[0]": "1"}}, 400),
            ({"set": {"server": deep}}, 400),
            ({"remove": ["viewers[7]"]}, 409),
            ({"set": {"server.prot": "1"}}, 422),
        ):
            answer = await browser.patch("/api/v1/config", json=changes, headers=matching)
            assert answer.status_code == status, answer.text


async def test_only_whoever_is_let_in_may_look(tmp_path: Path) -> None:
    login = {"username": "admin", "password": PASSWORD}
    async with house(tmp_path, server={"login": login}) as home, home.client() as browser:
        for answer in (
            await browser.get("/api/v1/config"),
            await browser.put("/api/v1/config", json={"yaml": ""}),
            await browser.post("/api/v1/config/previous"),
        ):
            assert answer.status_code == 401
        read_only = (await home_token(home, "write")).get("Authorization", "")
        answer = await browser.get("/api/v1/config", headers={"Authorization": read_only})
        assert answer.status_code == 403


async def home_token(home: House, scope: str) -> dict[str, str]:
    from scrobbled.desk.sign_in.keys import Keys

    made = await Keys(home.runtime).create("t", None, scope)
    return {"Authorization": f"Bearer {made.secret}"}


async def test_a_secret_of_a_webhook_that_is_new_is_no_short_one(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.sidebar() as browser:
        path = written(home, tmp_path)
        before = path.read_bytes()
        document, matching = await read(browser)
        lines = "sources:\n  jellyfin: {token: fifteen-letters}\n  trakt: {tokens: {anna: also-short}}"
        ways = [
            browser.patch("/api/v1/config", json={"set": {"sources.plex.token": "kitchen1"}}, headers=matching),
            browser.put("/api/v1/config", json={"yaml": document["yaml"].replace("sources:", lines)}, headers=matching),
        ]
        answers = [await way for way in ways]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert "sources.plex.token" in answers[0].text
        assert {"sources.jellyfin.token", "sources.trakt.tokens.anna"} == {
            problem["path"] for problem in answers[1].json()["problems"]
        }
        assert "shorter than 16 characters" in answers[1].text
        assert path.read_bytes() == before
        long = await browser.patch(
            "/api/v1/config", json={"set": {"sources.plex.token": "sixteen-letters!"}}, headers=matching
        )
        assert long.status_code == 200


async def test_a_short_secret_that_is_there_stays_and_is_warned_of(tmp_path: Path) -> None:
    short = {**SETTINGS["sources"]["plex"], "token": "kitchen1"}
    async with house(tmp_path, sources={"plex": short}) as home, home.client() as browser:
        written(home, tmp_path, FILE.replace(TOKEN, "kitchen1"))
        document, matching = await read(browser)
        assert document["problems"] == []
        assert any("shorter than 16" in warning for warning in document["warnings"])
        answer = await browser.patch("/api/v1/config", json={"set": {"viewers[0].name": "annabel"}}, headers=matching)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: b\n" * 26_000, "lines"),
        ("[" + "a," * 60_000 + "]", "names and values"),
        ("a: " + "[" * 60_000, "names and values"),
        ("#\n" * 60_000, "lines"),
        ("x: [" + "{a: b}, " * 5_000, "names and values"),
    ],
)
async def test_a_text_that_is_no_configuration_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, what: str
) -> None:
    read_whole: list[str] = []
    for where in ("scrobbled.desk.settings.revisions.studied", "scrobbled.desk.settings.revisions.Veil"):
        monkeypatch.setattr(where, lambda *_, **__: read_whole.append("read"))
    async with house(tmp_path) as home, home.client() as browser:
        path = written(home, tmp_path)
        before = path.read_bytes()
        checked = await browser.post("/api/v1/config/check", json={"yaml": text})
        assert checked.status_code == 200, checked.text
        assert [problem["text"] for problem in checked.json()["problems"]] == [
            f"{'longer than' if what == 'lines' else 'more than'} 5,000 {what}; this is not a configuration"
        ]
        saved = await browser.put("/api/v1/config", json={"yaml": text}, headers={"If-Match": "*"})
        assert saved.status_code in (412, 422), saved.text
        assert path.read_bytes() == before
    assert read_whole == []

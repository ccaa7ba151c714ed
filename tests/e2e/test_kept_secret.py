"""Secrets are planted wherever they can come in, and looked for in everything that goes out."""

import base64
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest

from scrobbled.cli import main
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import multipart, payload

from .harness import PLEX_TOKEN, Receiver, Service, Town, just_now, until, web

DOOR = 'door"pass/wörd%41 9182'
SHARED, ANNAS, TMDB = "shared-trakt-token-5512", "annas-trakt-token-88123", "tmdbkey0123456789abcdef"
CLIENT, SERVER, ALERT, NEW = (
    "client-secret-77231",
    "plex-server-token-3390",
    "alertpassword4471",
    "not-yet-valid-secret-919",
)
FILM = {"movie": {"title": "Salt Flats", "year": 2023, "ids": {"tmdb": 717171}}}
COMMANDS = (
    "status", "queue list", "queue list --all", "doctor", "token list", "map list", "config show", "config check",
    "test-event", "test-alert", "replay", "replay --dry-run", "explain e1 --raw", "explain p1 --raw", "explain c1",
)  # fmt: skip
PAGES = (
    "/", "/?fragment=1", "/plays/p1", "/events/e1", "/events/e2", "/activate", "/health/ready", "/metrics", "/nothing",
    "/schema/openapi.json", "/api/v1/status", "/api/v1/queue", "/api/v1/plays", "/api/v1/plays/p1", "/api/v1/events/e1",
    "/api/v1/explain/e1?raw=true", "/api/v1/explain/e2?raw=true", "/api/v1/doctor", "/api/v1/alerts", "/api/v1/floods",
    "/api/v1/tokens", "/api/v1/corrections", "/api/v1/corrections/test?what=Harbour&season=1&episode=1",
)  # fmt: skip


def forms(secret: str) -> set[str]:
    """How it might be written, whoever encodes it."""
    inner = json.dumps(secret)[1:-1]
    return {
        secret, inner, json.dumps(inner)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret),
        quote(secret, safe=""), quote(quote(secret, safe=""), safe=""),
        base64.b64encode(secret.encode()).decode().rstrip("=")[:-1],
    }  # fmt: skip


def config(town: Town, receiver: Receiver) -> dict[str, Any]:
    return {
        "sources": {
            "plex": {"token": PLEX_TOKEN, "url": f"{town.base}/plex", "server_token": SERVER},
            "trakt": {"token": SHARED, "tokens": {"anna": ANNAS}},
        },
        "metadata": {"tmdb": {"key": TMDB, "url": f"{town.base}/tmdb/3"}},
        "alerts": {"urls": [receiver.url.replace("json://", f"json://bell:{ALERT}@")]},
        "logging": {"level": "debug"},
    }


def plant(service: Service, town: Town, secrets: set[str]) -> None:
    """By webhooks, players, scripts, people, trackers and the file."""
    _by_webhooks(service, town, secrets)
    _by_players(service, secrets)
    made = service.run("token", "create", "a script")
    secrets.add(made.stdout.strip())
    assert service.get("/api/v1/status").status_code == 200
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert web.get(f"{service.url}/api/v1/status", headers=headers).status_code == 200
    web.get(f"{service.url}/trakt/users/settings?access_token={ANNAS}")
    web.post(f"{service.url}/login", data={"username": DOOR, "password": DOOR, "to": ANNAS})


def _by_webhooks(service: Service, town: Town, secrets: set[str]) -> None:
    body = payload("scrobble", town.episodes()[0], ANNA, just_now())
    everything = " ".join(sorted(secrets))
    body["Player"]["title"] = f"TV {PLEX_TOKEN}"
    body["Metadata"]["thumb"] = f"/library/1?X-Plex-Token={SERVER}&x={quote(DOOR)}"
    body["Metadata"]["summary"] = everything
    body["Metadata"]["title"] = f"Pilot {ANNAS}"
    body["extra"] = {
        "Authorization": f"Basic {base64.b64encode(f'anna:{DOOR}'.encode()).decode()}",
        "q": json.dumps(everything),
    }
    assert service.post(*multipart(body)).status_code == 200
    stranger = {**body, "Account": {"id": 99, "title": f"eve {PLEX_TOKEN}"}}
    assert service.post(*multipart(stranger)).status_code == 200
    broken = b'{"padding": "' + b"x" * (8192 - 13 - 10) + PLEX_TOKEN.encode() + b'", "token": "' + SHARED.encode()
    assert service.post("application/json", broken).status_code == 400
    assert (
        service.post("application/x-www-form-urlencoded", f"a={quote(DOOR)}&token={TMDB}".encode()).status_code == 200
    )
    web.post(service.hook.replace("/plex/", f"/{SHARED}/"), content=b"{}")
    web.post(f"{service.hook}-{SHARED}", content=b"{}")


def _by_players(service: Service, secrets: set[str]) -> None:
    base, agent = f"{service.url}/trakt", {"User-Agent": f"player token={SHARED}"}
    given = web.post(f"{base}/oauth/device/code", json={"client_id": ANNAS}, headers=agent).json()
    secrets.add(given["device_code"])
    assert service.run("token", "approve", given["user_code"], "--viewer", "anna").returncode == 0
    first = web.post(f"{base}/oauth/device/token", json={"code": given["device_code"]}).json()
    again = {"refresh_token": first["refresh_token"], "grant_type": "refresh_token", "client_secret": CLIENT}
    second = web.post(f"{base}/oauth/token", json=again).json()
    secrets |= {one[name] for one in (first, second) for name in ("access_token", "refresh_token")}
    for token in (SHARED, ANNAS, second["access_token"]):
        body = {**FILM, "progress": 90, "app_version": token, "refresh_token": second["refresh_token"]}
        headers = {"Authorization": f"Bearer {token}", "User-Agent": f"player {token}"}
        for path in ("scrobble/start", "scrobble/stop", "checkin", "sync/history", "sync/ratings"):
            web.post(f"{base}/{path}", json=body, headers=headers)
        web.post(f"{base}/scrobble/stop", content=f'{{"access_token": "{token}'.encode(), headers=headers)
        web.post(f"{base}/scrobble/stop/{token}", json=body, headers=headers)


def command(service: Service, *words: str) -> str:
    """What it prints, in this process: thirty new ones would take half a minute."""
    out = io.StringIO()
    argv = ["scrobbled", *words, "--config", str(service.config_path)]
    with mock.patch("sys.argv", argv), redirect_stdout(out), redirect_stderr(out), suppress(SystemExit):
        main()
    return out.getvalue()


def told(service: Service, receiver: Receiver) -> Iterator[tuple[str, str]]:
    """Everything that says something, and what."""
    for words in COMMANDS:
        for more in ([], ["--json"]):
            yield f"{words} {more}", command(service, *words.split(), *more)
    for page in PAGES:
        answer = service.get(page)
        yield page, f"{answer.headers}{answer.text}"
    answer = web.post(f"{service.url}/api/v1/replay", json={})
    yield "replay", answer.text
    yield "the log", service.log()
    yield "the alerts", json.dumps(receiver.told, ensure_ascii=False)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what Apprise imports
def test_no_secret_is_ever_told(tmp_path: Path) -> None:
    secrets = {PLEX_TOKEN, SHARED, ANNAS, TMDB, CLIENT, SERVER, ALERT, DOOR}
    with Town() as town, Receiver() as receiver:
        service = Service(tmp_path, town, config=config(town, receiver))
        trakt = service.config["viewers"][0]["trackers"]["trakt"]
        trakt["client_secret"] = CLIENT
        ben = service.viewer("ben", serializd={"password": DOOR})
        service.config["viewers"].append({**ben, "accounts": {"plex": ["ben"]}})
        given = town.trakt_tokens("anna")
        service.sign_in_to_trakt(values=given)
        secrets |= {given["access_token"], given["refresh_token"]}
        quoting = {"error": f"no: {' '.join(sorted(secrets))}", "token": given["access_token"]}
        town.fault("serializd", "*", status=400, body=quoting)
        town.fault("trakt", "*", status=400, body=json.dumps(quoting), headers={"X-Error": CLIENT})
        service.start()
        try:
            plant(service, town, secrets)
            until(lambda: receiver.told, 20, "somebody is told of something")
            secrets.add(NEW)
            break_config(service)
            until(lambda: "stays in force" in service.log(), 20, "the broken file was noticed")
            service.write_config()
            found = {
                (place, form, text[max(0, text.index(form) - 80) :][:200])
                for place, text in told(service, receiver)
                for secret in secrets
                for form in forms(secret)
                if form in text
            }
            assert not found
            assert service.end() == 0
            stored = b"".join(path.read_bytes() for path in service.database.parent.iterdir())
            ours = {NEW, DOOR, CLIENT, SERVER, ALERT, TMDB, SHARED} | {s for s in secrets if len(s) == 64}
            assert not {secret for secret in ours - set(given.values()) if secret.encode() in stored}
            with closing(sqlite3.connect(service.database)) as db:
                assert not db.execute("SELECT 1 FROM clients WHERE length(hash) != 64").fetchone()
        finally:
            service.kill()


def break_config(service: Service) -> None:
    good = service.config_path.read_text()
    service.config_path.write_text(f"{good}\nserver_token: [{NEW}\nsources: {{plex: {{token: '{NEW}'\n{NEW}: {NEW}")

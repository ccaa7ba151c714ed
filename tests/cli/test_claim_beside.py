"""Claiming, trying and registering beside a running service, each as a process of its own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.harness import PLEX_TOKEN, Service, Town, web

TOKENS = {"jellyfin": "jellyfin-token-0123456789", "kodi": "kodi-token-0123456789"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Town() as town:
        service = Service(tmp_path_factory.mktemp("beside"), town)
        service.config["server"]["public_url"] = service.url
        service.config["sources"] |= {name: {"token": token} for name, token in TOKENS.items()}
        plextv = {"server_token": "sandbox-plextv-anna", "account_url": f"{town.base}/plextv"}
        service.config["sources"]["plex"] |= plextv
        service.config["viewers"][0]["accounts"] |= {"jellyfin": ["anna"], "kodi": ["living room"]}
        service.start()
        yield service
        service.kill()


def ran(service: Service, *words: str) -> Any:
    """What it printed as JSON. The file stays as commands left it."""
    command = [*service.command(*words), "--json"]
    done = subprocess.run(command, env=service._environment(), capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_every_source_has_a_test_event_that_the_running_service_understands(running: Service) -> None:
    found = ran(running, "test-event")
    assert {one["source"]: one["understood"] for one in found} == {"plex": True, "jellyfin": True, "kodi": True}


def test_the_webhook_is_registered_by_command_and_plex_reports_there(running: Service) -> None:
    assert ran(running, "webhook", "plex", "--register")["changed"] is True
    assert running.town is not None
    headers = {"X-Plex-Token": "sandbox-plextv-anna", "Accept": "application/json"}
    listed = web.get(f"{running.town.base}/plextv/api/v2/user/webhooks", headers=headers).json()
    assert listed == [{"url": f"{running.url}/webhooks/plex/{PLEX_TOKEN}"}]


def test_what_waited_for_a_claim_is_taken_up_before_the_command_ends(running: Service) -> None:
    body = {
        "NotificationType": "PlaybackStop",
        "PlayedToCompletion": True,
        "ItemType": "Movie",
        "ItemId": "1",
        "Name": "Paper Boats",
        "RunTimeTicks": 60_000_000_000,
        "ServerId": "den",
        "NotificationUsername": "carol",
    }
    assert web.post(f"{running.url}/webhooks/jellyfin/{TOKENS['jellyfin']}", json=body).status_code == 200
    done = ran(running, "claim", "jellyfin", "carol")
    assert (done["viewer"], done["waited"], done["waiting"]) == ("anna", 1, 0)
    assert ran(running, "status")["plays"] == 1
    written = yaml.safe_load(Path(done["file"]).read_text())
    assert written["viewers"][0]["accounts"]["jellyfin"] == ["anna", "carol"]

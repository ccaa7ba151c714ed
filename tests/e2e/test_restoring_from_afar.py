"""The real process: a backup is sent over HTTP, agreed on, and in place after a restart that was asked for likewise."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from .harness import Ledger, Service, Town, Viewing, just_now, serving, until


@pytest.mark.beside
def test_a_backup_that_was_sent_is_restored_by_a_restart_in_place(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        first, second, third = town.episodes()[:3]
        service.watch(ledger, Viewing(first, just_now()))
        service.settled()
        copy = service.get("/api/v1/backup").content
        service.watch(ledger, Viewing(second, just_now(5)))
        service.settled()
        assert plays(service) == 2
        with api(service) as client:
            sent = client.post("/api/v1/backup/restore", content=copy)
            assert sent.json()["plays"] == 1
            assert client.post("/api/v1/backup/restore/agree").json()["agreed"] is True
            broken = service.config_path.read_text()
            service.config_path.write_text(broken + "\nnonsense: 1\n")
            assert client.post("/api/v1/restart").status_code == 409
            service.config_path.write_text(broken)
            assert client.post("/api/v1/restart").status_code == 202
        until(lambda: "beginning again" in service.log() and is_up(service), 30, "it has begun again")
        assert plays(service) == 1
        assert "restored" in service.log()
        service.watch(ledger, Viewing(third, just_now(10)))
        service.settled()
        ledger.check(town)
        assert service.end() == 0
        assert service.process is not None


def api(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.url, timeout=60)


def plays(service: Service) -> int:
    return len(service.get("/api/v1/plays").json()["plays"])


def is_up(service: Service) -> bool:
    try:
        return service.get("/health/ready").status_code == 200
    except httpx.HTTPError:
        return False

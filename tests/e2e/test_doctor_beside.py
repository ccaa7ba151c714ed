"""``doctor`` beside a running service, and the service's own: they agree, and what was wrong at the door is told."""

import json
from pathlib import Path
from typing import Any

from .harness import PLEX_TOKEN, Ledger, Service, Town, Viewing, just_now, until, web


def checks(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for section in report["sections"] for check in section["checks"]}


def test_a_running_service_is_found_in_order_by_both(tmp_path: Path) -> None:
    with Town() as town:
        service = Service(tmp_path, town)
        service.sign_in_to_trakt()
        service.start()
        try:
            ledger = Ledger()
            service.watch(ledger, Viewing(town.episodes()[0], just_now()))
            until(lambda: service.waiting() == 0, 30, "the play is delivered")
            assert web.post(f"{service.url}/webhooks/plex/wrong").status_code == 404
            until(lambda: "wrong address plex" in checks(own(service)), 15, "the refusal is told")
            mine, theirs = checks(examined(service)), checks(own(service))
            for found in (mine, theirs):
                assert {name: check for name, check in found.items() if check["state"] == "problem"} == {}
                assert found["port"]["state"] == found["webhook plex"]["state"] == "ok"
                assert found["serve"]["figures"]["pid"] == service.process.pid  # type: ignore[union-attr]
                assert found["source plex"]["figures"]["accepted"] == 1
                assert "Last delivered" in found["anna/trakt state"]["text"]
                assert PLEX_TOKEN not in json.dumps(found)
            assert mine.keys() == theirs.keys()
            ledger.check(town)
            assert service.end() == 0
        finally:
            service.kill()


def own(service: Service) -> dict[str, Any]:
    return service.get("/api/v1/doctor").json()  # type: ignore[no-any-return]


def examined(service: Service) -> dict[str, Any]:
    done = service.run("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]

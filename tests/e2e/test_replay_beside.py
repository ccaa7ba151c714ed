"""``scrobbled replay`` beside the running service: what counts only now is delivered at once, and once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import multipart, payload

from .harness import Ledger, Service, Town, Viewing, just_now, serving, until


def stopped(service: Service, town: Town, percent: int) -> tuple[str, Viewing]:
    """Somebody stops an episode there; returns the event's id, and the viewing it is when it counts."""
    item = town.episodes()[1]
    body = payload("stop", item, ANNA, just_now())
    body["Metadata"]["viewOffset"] = body["Metadata"]["duration"] * percent // 100
    event: dict[str, Any] = service.post(*multipart(body)).json()
    received = datetime.fromisoformat(
        service.get(f"/api/v1/explain/{event['event']}").json()["events"][0]["received_at"]
    )
    return str(event["event"]), Viewing(item, received.astimezone(UTC).replace(microsecond=0))


def test_what_counts_only_now_is_delivered_once_however_often_it_is_replayed(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        service.watch(ledger, Viewing(town.episodes()[0], just_now(600)))
        event, viewing = stopped(service, town, 80)
        service.settled()
        assert json.loads(service.run("explain", event, "--json").stdout)["play_id"] is None
        service.config["defaults"] = {"threshold": "75%"}
        ledger.sure.append(viewing)
        report = json.loads(service.run("replay", "--since", "1d", "--json").stdout)
        assert [play["event_id"] for play in report["plays"]] == [event]
        until(lambda: len(town.trakt()) == 2, 10, "the service notices by itself")
        service.settled()
        for words in (("replay",), ("replay", event), ("replay", "--source", "plex")):
            done = service.run(*words)
            assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "No play was missing.")
        service.settled()
        ledger.check(town)
        story = json.loads(service.run("explain", event, "--json").stdout)
        assert [one["outcome"] for play in story["plays"] for one in play["deliveries"]] == ["delivered"] * 2
        assert "Nothing to do.\n" in service.run("explain", story["play_id"]).stdout

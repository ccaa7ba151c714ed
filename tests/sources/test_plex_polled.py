"""What we read from a Plex server ourselves."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.sources import SOURCES

PAYLOADS = Path(__file__).parent.parent / "payloads"
VIEWED_AT = datetime.fromtimestamp(1771800000, UTC)
RECEIVED_AT = datetime.fromtimestamp(1771930812, UTC)


def sample(name: str, part: str = "", **changes: Any) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    (message[part] if part else message).update(changes)
    return message


def parse(message: dict[str, Any], received_at: datetime = RECEIVED_AT) -> PlaybackEvent:
    (event,) = SOURCES["plex"].parse(message, received_at)
    return event


def test_a_row_of_the_history_is_a_viewing_at_its_time_and_no_mark() -> None:
    event = parse(sample("plex-polled/history"))
    assert (event.kind, event.occurred_at, event.time_from_source) == (EventKind.WATCHED, VIEWED_AT, True)
    assert (event.entered, event.marked, event.dated, event.stale) == (True, False, True, False)
    assert event.account == Account("41220077", "marta")
    assert event.duration_ms == 2_700_000


def test_a_mark_in_the_library_is_a_mark() -> None:
    event = parse(sample("plex-polled/item"))
    assert (event.kind, event.occurred_at, event.time_from_source) == (EventKind.WATCHED, VIEWED_AT, True)
    assert (event.entered, event.marked, event.dated) == (True, True, True)


def test_what_is_polled_shares_the_session_with_the_webhook() -> None:
    keys = {parse(sample(f"plex-polled/{name}")).session_key() for name in ("history", "session")}
    assert keys == {parse(sample("plex/episode-scrobble")).session_key()}


def test_an_old_row_keeps_its_date() -> None:
    assert parse(sample("plex-polled/history"), RECEIVED_AT + timedelta(days=900)).occurred_at == VIEWED_AT


@pytest.mark.parametrize("garbage", [None, "", 0, "soon", [], -4, 1771930812 + 3600, 86_400])
def test_a_time_that_cannot_be_true_is_none(garbage: Any) -> None:
    for event in (
        parse(sample("plex-polled/history", viewedAt=garbage)),
        parse(sample("plex-polled/item", "Metadata", lastViewedAt=garbage)),
    ):
        assert (event.kind, event.dated, event.time_from_source) == (EventKind.WATCHED, False, False)
        assert event.occurred_at == RECEIVED_AT


def test_a_session_is_told_as_by_webhooks_and_at_its_own_moment() -> None:
    event = parse(sample("plex-polled/session"))
    assert (event.kind, event.percent) == (EventKind.PROGRESS, pytest.approx(44.4, abs=0.1))
    assert (event.occurred_at, event.time_from_source) == (RECEIVED_AT - timedelta(seconds=12), True)
    assert (event.entered, event.marked) == (False, False)
    assert parse(sample("plex-polled/session", event="media.stop")).kind is EventKind.STOP


def test_a_webhook_tells_no_progress() -> None:
    message = sample("plex-polled/session")
    del message["polled"]
    assert parse(message).reason == "unknown event"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (sample("plex-polled/history", polled="dream"), "unsupported"),
        (sample("plex-polled/history", polled=["history"]), "unsupported"),
        (sample("plex-polled/session", event="media.dream"), "unknown event"),
        (sample("plex-polled/history", Metadata={}), "no item"),
        (sample("plex-polled/history", "Metadata", type="clip"), "type"),
        (sample("plex-polled/session", "Metadata", key="/library/metadata/77"), "type"),  # case 72
        (sample("plex-polled/history", "Metadata", index="S1"), "malformed"),
        (sample("plex-polled/item", "Metadata", viewCount=0), "not watched"),
    ],
)
def test_what_is_no_viewing_is_ignored_with_its_reason(message: dict[str, Any], reason: str) -> None:
    event = parse(message)
    assert (event.kind, event.item, event.reason) == (EventKind.IGNORED, None, reason)

"""Test events: understood and stored as any other, told what would have become of them, and never a play."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from flows.rig import hurried
from flows.test_ingest import CONFIG, webhook
from scrobbled.config import loads
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.sessions import TEST_EVENT, Rules, Session, Unwanted
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.intake.claimants import WOULD_GO
from scrobbled.runtime.service import Runtime, build
from scrobbled.sources.body import Body
from scrobbled.sources.examples import MARK
from scrobbled.sources.parsing import parsed_again


def marked(body: Body, value: Any = True) -> Body:
    data = {**body.data, MARK: value}
    return Body(data, json.dumps(data))


@pytest.fixture
async def runtime(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Runtime]:
    text = f"storage: {{path: {tmp_path / 's.db'}}}{CONFIG}"
    with capture_logs():
        made = build(loads(text, {}))
        await hurried(made.store)
        yield made
        await made.aclose()


async def counted(runtime: Runtime) -> list[int]:
    tables = ("plays", "outbox", "sessions", "alerts")
    return await runtime.store.read(
        lambda db: [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (webhook(), f"{WOULD_GO}anna (trakt, serializd); not to ben: library"),
        (webhook(librarySectionTitle="Films"), f"{WOULD_GO}anna (trakt, serializd) and ben (trakt)"),
        (webhook(account="ben"), f"{TEST_EVENT}; a real one would go nowhere (ben: library)"),
        (webhook(account="carol"), f"{TEST_EVENT}; a real one would be unclaimed: no viewer lists the account carol"),
        (webhook(minutes=1), f"{TEST_EVENT}; a real one would go nowhere (anna: too short"),
        (webhook(server="other"), f"{TEST_EVENT}; a real one would be unwanted: server"),
        (webhook(kind="track"), f"{TEST_EVENT}; a real one would be unwanted: "),
    ],
)
async def test_it_is_told_what_would_have_become_of_it_and_nothing_does(
    runtime: Runtime, body: Body, says: str
) -> None:
    taken = await runtime.ingest.take("plex", marked(body))
    assert taken.outcome is EventOutcome.UNWANTED
    assert taken.reason.startswith(says)
    assert await counted(runtime) == [0, 0, 0, 0]


@pytest.mark.parametrize("value", [False, None, 1, "true", {}])
async def test_only_our_own_mark_makes_a_test_of_it(runtime: Runtime, value: Any) -> None:
    taken = await runtime.ingest.take("plex", marked(webhook(), value))
    assert len(taken.plays) == 1


async def test_a_real_event_after_a_test_event_is_a_play(runtime: Runtime) -> None:
    await runtime.ingest.take("plex", marked(webhook()))
    taken = await runtime.ingest.take("plex", webhook())
    assert (taken.outcome, len(taken.plays)) == (EventOutcome.ACCEPTED, 1)


async def test_run_again_it_is_still_a_test(runtime: Runtime) -> None:
    (event,) = parsed_again("plex", marked(webhook()).text, runtime.clock.now())
    assert event.test


@given(st.sampled_from(list(EventKind)), st.integers(0, 10**7), st.booleans())
def test_no_test_event_ever_becomes_a_play(kind: EventKind, position: int, entered: bool) -> None:
    now = datetime(2026, 11, 14, tzinfo=UTC)
    event = PlaybackEvent("plex", kind, now, position_ms=position, duration_ms=10**7, entered=entered, test=True)
    assert fold(Session(), event, Rules(), now) == (Session(), Unwanted(TEST_EVENT))

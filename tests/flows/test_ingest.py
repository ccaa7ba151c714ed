"""From a webhook to plays in the outbox: one transaction, every webhook accounted for, at most one play a viewing."""

import asyncio
import json
import secrets
import sqlite3
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from scrobbled.config import Config, loads
from scrobbled.core.errors import StoreError
from scrobbled.core.naming.items import Media, Movie
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.intake.claimants import Taken
from scrobbled.intake.household import ConfiguredHousehold
from scrobbled.intake.ingest import LONG, UNREADABLE_KEPT, Ingest
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body
from scrobbled.sources.parsing import DEFECT
from scrobbled.store import Store
from scrobbled.store.queue import overview, recent

EVERYTHING: frozenset[Media] = frozenset({"movie", "episode"})
TAKES: Mapping[tuple[str, str], frozenset[Media]] = {
    ("anna", "trakt"): EVERYTHING,
    ("anna", "serializd"): frozenset({"episode"}),
    ("ben", "trakt"): EVERYTHING,
}
CONFIG = """
sources:
  plex: {token: a-webhook-token-0815, servers: [nas]}
viewers:
  - name: anna
    accounts: {plex: [Anna, "7"]}
    trackers: {trakt: {client_id: a}, serializd: {email: a@example.org, password: anna-secret-word}}
  - name: ben
    accounts: {plex: [ben, Anna]}
    threshold: 70%
    libraries: [Films]
    trackers: {trakt: {client_id: a}}
"""
HOUSE = CONFIG.replace("[ben, Anna]", "[ben]").replace("    libraries: [Films]\n", "")


def webhook(
    event: str = "media.scrobble",
    *,
    percent: float | None = None,
    account: str = "anna",
    kind: str = "episode",
    key: str = "90412",
    server: str = "nas",
    minutes: float = 45,
    **metadata: Any,
) -> Body:
    duration = round(minutes * 60_000)
    values = {
        "type": kind,
        "ratingKey": key,
        "title": "Low Tide",
        "grandparentTitle": "Harbour Lights",
        "parentIndex": 2,
        "index": 5,
        "duration": duration,
        "librarySectionTitle": "Series",
        "Guid": [{"id": f"tvdb://{zlib.crc32(key.encode())}"}],
        **metadata,
    }
    if percent is not None:
        values["viewOffset"] = round(duration * percent / 100)
    data = {"event": event, "Account": {"title": account}, "Server": {"uuid": server}, "Metadata": values}
    return Body(data, json.dumps(data))


@dataclass
class House:
    path: Path
    clock: FakeClock
    store: Store
    config: Config = field(default_factory=lambda: loads(HOUSE, {}))
    woken: list[frozenset[tuple[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart(self.config)

    def restart(self, config: Config) -> None:
        self.config, self.metrics = config, Metrics()
        self.ingest = Ingest(
            self.store,
            ConfiguredHousehold(config, TAKES),
            redactor=Redactor(["anna-secret-word", "a-webhook-token-0815"]),
            metrics=self.metrics,
            clock=self.clock,
            wake=self.woken.append,
        )

    async def take(self, body: Body, *, after: float = 0.0) -> Taken:
        self.clock.advance(after)
        return await self.ingest.take("plex", body)

    async def sql(self, query: str) -> list[Any]:
        return await self.store.read(lambda db: db.execute(query).fetchall())

    async def outbox(self) -> list[tuple[str, str, str]]:
        return await self.sql("SELECT viewer, tracker, state FROM outbox ORDER BY play_id, tracker")

    def counted(self, outcome: str) -> float:
        labels = {"source": "plex", "outcome": outcome}
        return self.metrics.registry.get_sample_value("scrobbled_events_total", labels) or 0.0


@pytest.fixture
async def house(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    with capture_logs():
        yield House(tmp_path / "scrobbled.db", FakeClock(), store)
    await store.aclose()


async def test_a_scrobble_becomes_a_play_on_its_way_to_each_tracker_of_its_viewer(house: House) -> None:
    taken = await house.take(webhook())
    assert (taken.event_id, taken.outcome, taken.plays) == (1, EventOutcome.ACCEPTED, ((1, "anna", "episode"),))
    assert await house.outbox() == [("anna", "serializd", "queued"), ("anna", "trakt", "queued")]
    assert house.woken == [frozenset({("anna", "serializd"), ("anna", "trakt")})]
    assert house.counted("accepted") == 1
    now = house.clock.now().timestamp()
    assert await house.sql("SELECT event_id, viewer, source, watched_at, duration_ms FROM plays") == [
        (1, "anna", "plex", int(now), 2_700_000)
    ]


async def test_it_is_on_disk_when_the_answer_may_go_out(house: House) -> None:
    await house.take(webhook())
    with closing(sqlite3.connect(house.path)) as stranger:
        assert stranger.execute("SELECT count(*) FROM events, plays").fetchone() == (1,)


async def test_a_play_has_the_time_of_the_source_where_that_is_believable(house: House) -> None:
    now = int(house.clock.now().timestamp())
    for key, seconds in (("1", -600), ("2", 600), ("3", -86_400), ("4", 0)):
        await house.take(webhook(key=key, lastViewedAt=now + seconds))
    await house.take(webhook(key="5", lastViewedAt=0))
    times = [row[0] - now for row in await house.sql("SELECT watched_at FROM plays ORDER BY id")]
    assert times == [-600, 600, 0, 0, 0]


async def test_what_a_tracker_does_not_take_is_unwanted_there_only(house: House) -> None:
    await house.take(webhook(kind="movie", title="Harbour Atlas"))
    assert await house.outbox() == [("anna", "serializd", "unwanted"), ("anna", "trakt", "queued")]


async def test_a_whole_evening_from_two_hooks_is_one_play(house: House) -> None:
    evening = [
        ("media.play", 0),
        ("media.pause", 30),
        ("media.resume", 30),
        ("media.scrobble", 90),
        ("media.pause", 93),
        ("media.resume", 93),
        ("media.stop", 99),
    ]
    outcomes = []
    for event, percent in evening:
        for hook in range(2):
            outcomes.append((await house.take(webhook(event, percent=percent), after=600 * (1 - hook) + hook)).outcome)
    assert outcomes[:7:2] == ["accepted"] * 4
    assert outcomes[1::2] == ["duplicate"] * 7
    assert await house.sql("SELECT count(*) FROM plays") == [(1,)]
    assert sum((await house.store.read(overview.event_counts)).values()) == 14


async def test_the_same_webhook_many_times_at_once_is_one_play(house: House) -> None:
    taken = await asyncio.gather(*(house.take(webhook()) for _ in range(50)))
    assert sorted(one.outcome for one in taken) == ["accepted"] + ["duplicate"] * 49
    assert len({one.event_id for one in taken}) == 50
    assert await house.sql("SELECT count(*) FROM plays") == [(1,)]


async def test_two_people_who_watch_together_have_a_play_each_by_their_own_rules(house: House) -> None:
    house.restart(loads(CONFIG, {}))
    first = await house.take(webhook("media.stop", percent=75, kind="movie", librarySectionTitle=" films "))
    assert (first.outcome, first.plays) == ("accepted", ((1, "ben", "movie"),))
    second = await house.take(webhook("media.stop", percent=95), after=9000)
    assert (second.outcome, second.plays) == ("accepted", ((2, "anna", "episode"),)), "what most came of"
    third = await house.take(webhook("media.stop", percent=99), after=60)
    assert third.outcome == "duplicate", "ben does not want it at all"
    assert await house.sql("SELECT viewer FROM plays ORDER BY id") == [("ben",), ("anna",)]


@pytest.mark.parametrize(
    ("body", "outcome", "reason"),
    [
        (webhook("library.new"), "unwanted", "added is not playback"),
        (webhook("playback.started"), "unwanted", "unsupported"),
        (webhook("media.dream"), "unwanted", "unknown event"),
        (
            Body({"hello": "world"}, '{"hello": "world"}'),
            "unreadable",
            "this form is not known: see docs/sources/plex.md",
        ),
        (webhook(kind="track"), "unwanted", "type"),
        (webhook(server="elsewhere"), "unwanted", "server: not one of those listed for this source"),
        (webhook(minutes=4.9), "unwanted", "too short"),
        (webhook(account="stranger"), "unclaimed", "no viewer lists the account stranger"),
        (webhook(account=" "), "unclaimed", "no account"),
        (webhook(account=" ANNA "), "accepted", ""),
        (webhook(account="7"), "accepted", ""),
    ],
)
async def test_every_webhook_is_stored_with_what_became_of_it(
    house: House, body: Body, outcome: str, reason: str
) -> None:
    taken = await house.take(body)
    assert (taken.outcome, taken.reason) == (outcome, reason)
    assert await house.sql("SELECT outcome, reason FROM events") == [(outcome, reason)]
    assert house.counted(outcome) == 1
    assert bool(await house.outbox()) is (outcome == "accepted")
    assert bool(house.woken) is (outcome == "accepted")


async def test_a_rating_begins_no_session(house: House) -> None:
    await house.take(webhook("media.rate", userRating=7))
    assert await house.sql("SELECT count(*) FROM sessions") == [(0,)]
    assert await house.outbox() == []
    await house.take(webhook("media.play", percent=0))
    assert await house.sql("SELECT key FROM sessions") == [("anna|plex|anna|nas/90412",)]


async def test_media_that_are_switched_off_become_no_plays(house: House) -> None:
    house.restart(loads(HOUSE + "defaults: {movies: false}\n", {}))
    taken = await house.take(webhook(kind="movie"))
    assert (taken.outcome, taken.reason) == ("unwanted", "movies are switched off")


async def test_secrets_are_masked_before_anything_is_stored(house: House) -> None:
    await house.take(webhook(summary="anna-secret-word", thumb="/x?X-Plex-Token=abcdefghijklmnop"))
    await house.ingest.refuse("plex", b"not json anna-secret-word", "no JSON")
    content = await asyncio.to_thread(house.path.read_bytes)
    events = [await house.store.read(lambda db, n=n: recent.event(db, n)) for n in (1, 2)]
    for text in (str(events), content.decode("latin-1")):
        assert "anna-secret-word" not in text
        assert "abcdefghijklmnop" not in text


async def test_what_cannot_be_read_is_kept_for_whoever_has_to_find_out(house: House) -> None:
    event_id = await house.ingest.refuse("plex", b"\xff\xfe" + b"x" * 100_000, "no JSON")
    row = await house.store.read(lambda db: recent.event(db, event_id))
    assert row is not None
    assert (row.outcome, row.reason, len(row.raw or "")) == ("unreadable", "no JSON", UNREADABLE_KEPT)
    assert house.counted("unreadable") == 1


async def test_where_an_unreadable_body_is_cut_no_half_secret_is_left(house: House) -> None:
    for cut in (3, 9, 14):
        body = b'{"padding": "' + b"x" * (UNREADABLE_KEPT - 13 - cut) + b"anna-secret-word"
        event_id = await house.ingest.refuse("plex", body, "no JSON")
        row = await house.store.read(lambda db, n=event_id: recent.event(db, n))
        assert row is not None
        assert "ann" not in (row.raw or "")[-20:]


async def test_a_long_webhook_is_masked_as_a_short_one_is(house: House) -> None:
    body = {"note": "anna-secret-word", "padding": "x" * LONG}
    taken = await house.ingest.take("plex", Body(body, json.dumps(body)))
    row = await house.store.read(lambda db: recent.event(db, taken.event_id))
    assert row is not None
    assert "anna-secret-word" not in (row.raw or "")
    assert '"note"' in (row.raw or "")


async def test_a_source_this_version_does_not_know_keeps_its_webhooks(house: House) -> None:
    taken = await house.ingest.take("future", Body({}, "{}"))
    assert (taken.outcome, taken.reason) == ("unwanted", "this version does not understand future yet")


async def test_a_parser_that_fails_costs_no_webhook(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def parse(self, payload: Any, received_at: Any) -> Any:
            raise RuntimeError("a defect")

    monkeypatch.setitem(SOURCES, "plex", Broken())
    taken = await house.take(webhook())
    assert (taken.outcome, taken.reason) == ("unwanted", DEFECT)
    assert await house.sql("SELECT outcome FROM events") == [("unwanted",)]


async def test_an_event_that_cannot_be_folded_is_kept_whole_and_leaves_nothing_half_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(house.path)) as stranger, stranger:
        stranger.execute(
            "INSERT INTO sessions (key, updated_at, state) VALUES ('anna|plex|anna|nas/90412', 0, 'no session at all')"
        )
    taken = await house.take(webhook())
    assert (taken.outcome, taken.reason) == ("unreadable", DEFECT)
    assert await house.sql("SELECT count(*) FROM events") == [(1,)]
    assert await house.outbox() == []


async def test_a_viewing_is_stored_by_few_statements(house: House) -> None:
    """After each of them the database's thread waits for its turn, and webhooks with it."""
    statements = list[str]()
    await house.store.read(lambda db: db.set_trace_callback(statements.append))
    taken = await house.take(webhook())
    assert len(taken.plays) == 1
    assert len(taken.accounts) == 2
    mine = set(statements)  # what a trigger does is told as once more the statement that set it off
    assert len(mine) <= 18, mine


async def test_a_full_disk_stores_nothing_and_says_so(house: House) -> None:
    await house.store.read(lambda db: db.execute("PRAGMA max_page_count = 1").fetchall())
    bodies = [webhook(key=str(n), summary=secrets.token_hex(50_000)) for n in range(10)]
    found = await asyncio.gather(*(house.take(body) for body in bodies), return_exceptions=True)
    assert any(isinstance(one, StoreError) for one in found)
    stored = (await house.sql("SELECT count(*) FROM events"))[0][0]
    assert house.counted("accepted") == stored
    await house.store.read(lambda db: db.execute("PRAGMA max_page_count = 1073741823").fetchall())
    assert (await house.take(webhook(key="after"))).outcome == "accepted"


async def test_a_title_that_is_too_short_stays_so_when_its_last_event_has_no_runtime(house: House) -> None:
    await house.take(webhook("media.play", percent=0, minutes=1))
    assert (await house.take(webhook(minutes=0), after=60)).outcome == "unwanted"
    assert await house.sql("SELECT count(*) FROM plays") == [(0,)]


async def test_accounts_that_are_listed_later_get_what_waited_once(house: House) -> None:
    for key in ("1", "1", "2"):
        await house.take(webhook(account="carol", key=key), after=1)
    received = house.clock.now().timestamp()
    await house.take(webhook("media.play", account="carol", key="3"))
    assert await house.ingest.claim_waiting() == 0
    house.clock.advance(86_400)
    house.restart(loads(HOUSE.replace("[ben]", "[ben, carol]"), {}))
    assert await house.ingest.claim_waiting() == 4
    assert await house.ingest.claim_waiting() == 0
    plays = await house.sql("SELECT viewer, watched_at, event_id FROM plays ORDER BY id")
    assert plays == [("ben", int(received) - 2, 1), ("ben", int(received), 3)], "with the time it was watched"
    assert await house.sql("SELECT outcome FROM events ORDER BY id") == [
        ("accepted",),
        ("duplicate",),
        ("accepted",),
        ("accepted",),
    ]
    assert house.woken == [frozenset({("ben", "trakt")})] * 2


async def test_many_waiting_events_are_claimed_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    body = webhook(account="carol")
    for n in range(520):
        changed = webhook(account="carol", key=str(n))
        await house.take(changed)
    assert body.data["Account"] == {"title": "carol"}
    house.restart(loads(HOUSE.replace("[ben]", "[ben, carol]"), {}))
    assert await house.ingest.claim_waiting() == 520
    assert await house.sql("SELECT count(*) FROM outbox WHERE viewer = 'ben'") == [(520,)]


async def test_events_that_still_belong_to_nobody_stay_as_they_are(house: House) -> None:
    await house.take(webhook(account="carol"))
    elsewhere = "sources: {emby: {token: a-webhook-token-0815}}\nviewers: [{name: ben, accounts: {emby: carol}}]\n"
    house.restart(loads(elsewhere, {}))
    assert await house.ingest.claim_waiting() == 0
    assert await house.sql("SELECT outcome FROM events") == [("unclaimed",)]


async def test_an_event_without_a_viewer_with_trackers_still_counts_as_a_play(house: House) -> None:
    household = ConfiguredHousehold(house.config, {})
    (claimant,) = household.claimants("plex", frozenset({"anna"}))
    assert claimant.ways == ()
    assert household.claimants("plex", frozenset()) == ()
    assert household.claimants("emby", frozenset({"anna"})) == ()
    assert household.accepts_server("plex", "nas")
    assert not household.accepts_server("plex", None)


async def test_whoever_claims_an_account_is_looked_up_once_and_not_for_each_event(house: House) -> None:
    household = ConfiguredHousehold(house.config, {})
    (first,) = household.claimants("plex", frozenset({"anna"}))
    (second,) = household.claimants("plex", frozenset({"anna"}))
    assert second is first
    assert first.levels == (), "no rule is about single libraries, so no event has to be compared with any"


def test_the_key_of_a_session_belongs_to_its_viewer() -> None:
    event = PlaybackEvent("plex", EventKind.STOP, FakeClock().now(), item=Movie("Harbour Atlas"))
    assert event.session_key() == "plex||Harbour Atlas"

"""Stored webhooks run again: nothing is doubled, whatever the order and however often; what was missing is added."""

import asyncio
import json
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from scrobbled.config import loads
from scrobbled.core.naming.items import Media
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.intake.household import ConfiguredHousehold
from scrobbled.intake.ingest import Ingest
from scrobbled.intake.refolding import A_PLAY_ALREADY
from scrobbled.intake.replay import EventFilter, Replay, ReplayReport
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body, decode
from scrobbled.sources.parsing import DEFECT
from scrobbled.store import Store

BOTH: frozenset[Media] = frozenset({"movie", "episode"})
CONFIG = """
sources: {plex: {token: a-webhook-token-0815}}
safety: {max_writes_per_hour: 1000000, max_plays_per_item_per_day: 1000}
defaults: {threshold: %s}
viewers:
  - {name: anna, accounts: {plex: [anna, both]}, trackers: {trakt: {client_id: a}}}
  - {name: ben, accounts: {plex: [%s]}, trackers: {trakt: {client_id: a}}}
"""
ALL = EventFilter()


def config(threshold: str = "90%", ben: str = "ben, both") -> str:
    return CONFIG % (threshold, ben)


def webhook(
    event: str = "media.scrobble", percent: float | None = None, *, account: str = "anna", key: str = "1", **more: Any
) -> Body:
    item = {"type": "episode", "ratingKey": key, "grandparentTitle": "Harbour Lights", "parentIndex": 2}
    metadata = {**item, "index": int(key), "title": f"Part {key}", "duration": 2_700_000, **more}
    if percent is not None:
        metadata["viewOffset"] = round(27_000 * percent)
    data = {"event": event, "Account": {"title": account}, "Server": {"uuid": "nas"}, "Metadata": metadata}
    return Body(data, json.dumps(data))


@dataclass
class House:
    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    text: str = field(default_factory=config)

    def __post_init__(self) -> None:
        self.use(self.text)

    def use(self, text: str) -> None:
        takes = {(viewer, "trakt"): BOTH for viewer in ("anna", "ben")}
        self.household = ConfiguredHousehold(loads(text, {}), takes)
        self.ingest = Ingest(
            self.store,
            self.household,
            redactor=Redactor(),
            metrics=Metrics(),
            clock=self.clock,
            wake=lambda accounts: None,
        )

    async def take(self, body: Body, after: float = 0.0) -> int:
        self.clock.advance(after)
        return (await self.ingest.take("plex", body)).event_id

    async def replay(self, wanted: EventFilter = ALL, *, dry_run: bool = False) -> ReplayReport:
        return await Replay(self.store, self.household, self.clock).run(wanted, dry_run=dry_run)

    async def sql(self, query: str) -> list[Any]:
        return await self.store.read(lambda db: db.execute(query).fetchall())

    async def everything(self) -> list[Any]:
        """All that a replay could change."""
        tables = ("events", "plays", "outbox", "sessions")
        return [await self.sql(f"SELECT * FROM {table} ORDER BY 1") for table in tables]

    async def plays(self) -> list[Any]:
        return await self.sql("SELECT viewer, label, watched_at, event_id FROM plays ORDER BY id")

    async def outcomes(self) -> list[str]:
        return [row[0] for row in await self.sql("SELECT outcome FROM events ORDER BY id")]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, to be copied: making one takes longer than a test."""
    path = tmp_path_factory.mktemp("template") / "scrobbled.db"
    asyncio.run(_made(path))
    return path


async def _made(path: Path) -> None:
    await Store(path).aclose()


Played = Callable[[House], Awaitable[None]]


@asynccontextmanager
async def opened(template: Path, place: Path) -> AsyncIterator[House]:
    path = place / f"house-{random.random()}.db"
    shutil.copy(template, path)
    store = Store(path)
    await hurried(store)
    with capture_logs():
        try:
            yield House(store)
        finally:
            await store.aclose()
            path.unlink()


@pytest.fixture
def play(template: Path, tmp_path: Path) -> Callable[[Played], None]:
    """Runs a test in a house of its own."""

    async def run(test: Played) -> None:
        async with opened(template, tmp_path) as house:
            await test(house)

    return lambda test: asyncio.run(run(test))


# Random evenings

EVENTS = ("media.play", "media.pause", "media.resume", "media.stop", "media.stop", "media.scrobble")
PERCENTS = (None, 0, 3, 30, 49, 70, 75, 88, 89.9, 90, 95, 100)


@st.composite
def evenings(draw: st.DrawFn) -> list[tuple[Body, float]]:
    """Webhooks, and the seconds before each: two accounts and titles, repeats, rewinds, rewatches, missing runtimes."""
    found = []
    for _ in range(draw(st.integers(1, 14))):
        body = webhook(
            draw(st.sampled_from(EVENTS)),
            draw(st.sampled_from(PERCENTS)),
            account=draw(st.sampled_from(("anna", "anna", "ben", "both", "nobody"))),
            key=draw(st.sampled_from(("1", "1", "2"))),
            **draw(st.sampled_from(({}, {}, {}, {"duration": None}, {"duration": 120_000}))),
        )
        found.append((body, float(draw(st.sampled_from((0, 1, 20, 400, 1200, 1700, 2700, 9000, 90_000))))))
    return found


SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(evening=evenings(), order=st.randoms(use_true_random=False))
def test_nothing_is_added_or_changed_where_nothing_changed(
    evening: list[tuple[Body, float]], order: random.Random, template: Path, tmp_path: Path
) -> None:
    """After any prefix, in any order, any number of times, by name or altogether."""

    async def check() -> None:
        async with opened(template, tmp_path) as house:
            ids = []
            for body, after in evening:
                ids.append(await house.take(body, after))
                before = await house.everything()
                chosen = order.sample(ids, order.randint(1, len(ids)))
                for wanted in (EventFilter(ids=tuple(chosen)), ALL, EventFilter(ids=tuple(reversed(ids)))):
                    report = await house.replay(wanted, dry_run=order.random() < 0.3)
                    assert (report.plays, report.changed) == ([], 0)
                assert await house.everything() == before

    asyncio.run(check())


@SLOW
@given(evening=evenings(), order=st.randoms(use_true_random=False))
def test_after_a_change_of_rules_a_second_replay_has_nothing_left_to_do(
    evening: list[tuple[Body, float]], order: random.Random, template: Path, tmp_path: Path
) -> None:
    async def check() -> None:
        async with opened(template, tmp_path) as house:
            for body, after in evening:
                await house.take(body, after)
            house.use(config(order.choice(("50%", "75%", "100%")), order.choice(("ben", "ben, both, anna, nobody"))))
            dry = await house.replay(dry_run=True)
            first = await house.replay()
            assert [p.event_id for p in dry.plays] == [p.event_id for p in first.plays]
            assert dry.outcomes == first.outcomes
            before = await house.everything()
            assert (await house.replay()).plays == []
            assert await house.everything() == before

    asyncio.run(check())


@st.composite
def viewings(draw: st.DrawFn) -> list[list[tuple[Body, float]]]:
    """Viewings days apart: each begins, goes on for a while, and ends somewhere, or not."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        account, key = draw(st.sampled_from(("anna", "ben", "both"))), draw(st.sampled_from(("1", "2")))
        end = draw(st.sampled_from((20, 60, 72, 85, 93, 99)))
        events = [("media.play", 0.0, 3 * 86_400.0), ("media.pause", 40.0, 1000.0), ("media.resume", 40.0, 60.0)]
        if draw(st.booleans()):
            events.append(("media.stop", float(end), 1200.0))
            events += [("media.stop", float(end), 2.0)] * draw(st.integers(0, 2))
        if end >= 90 and draw(st.booleans()):
            events.append(("media.scrobble", 90.0, 30.0))
        found.append([(webhook(name, percent, account=account, key=key), after) for name, percent, after in events])
    return found


@SLOW
@given(stream=viewings(), cut=st.integers(0, 30))
def test_a_lower_threshold_adds_exactly_what_it_would_have_counted_from_the_start(
    stream: list[list[tuple[Body, float]]], cut: int, template: Path, tmp_path: Path
) -> None:
    flat = [event for viewing in stream for event in viewing]

    async def check() -> None:
        async with opened(template, tmp_path) as house, opened(template, tmp_path) as oracle:
            oracle.use(config("70%"))
            for body, after in flat:
                await oracle.take(body, after)
            for number, (body, after) in enumerate(flat):
                if number == cut:
                    house.use(config("70%"))
                    await house.replay()
                await house.take(body, after)
            house.use(config("70%"))
            report = await house.replay()
            assert sorted(await house.plays()) == sorted(await oracle.plays())
            assert len({play.event_id + play.viewer for play in report.plays}) == len(report.plays)

    asyncio.run(check())


# Single cases


def test_a_stop_that_counts_now_becomes_a_play_of_its_own_time(play: Callable[[Played], None]) -> None:
    async def test(house: House) -> None:
        await house.take(webhook("media.play", 0))
        stop = await house.take(webhook("media.stop", 80), 2000)
        then = house.clock.now()
        house.clock.advance(86_400)
        house.use(config("75%"))
        report = await house.replay(dry_run=True)
        assert [(one.id, one.event_id, one.viewer) for one in report.plays] == [(None, f"e{stop}", "anna")]
        assert await house.plays() == []
        report = await house.replay()
        assert [one.id for one in report.plays] == ["p1"]
        assert await house.plays() == [("anna", "Harbour Lights S2 E1 Part 1", int(then.timestamp()), stop)]
        assert await house.sql("SELECT received_at, state FROM outbox") == [(then.timestamp(), "queued")]
        ((detail,),) = await house.sql(f"SELECT detail FROM events WHERE id = {stop}")
        assert json.loads(detail)["replayed_at"] == house.clock.now().isoformat(timespec="seconds")
        await house.take(webhook("media.scrobble"), 60)
        assert len(await house.plays()) == 2, "a day later it is another viewing"

    play(test)


def test_a_viewing_that_was_counted_later_than_it_would_be_now_is_not_counted_twice(
    play: Callable[[Played], None],
) -> None:
    async def test(house: House) -> None:
        await house.take(webhook("media.stop", 80))
        await house.take(webhook("media.resume", 80), 20_000)
        await house.take(webhook("media.stop", 97), 400)
        assert len(await house.plays()) == 1
        house.use(config("75%"))
        assert (await house.replay()).plays == []
        everything = EventFilter(ids=(1, 2, 3))
        assert (await house.replay(everything)).plays == []

    play(test)


def test_a_viewing_that_goes_on_is_not_disturbed(play: Callable[[Played], None]) -> None:
    """Two days after a viewing that counts only now, the same title runs again while the replay is made."""

    async def test(house: House) -> None:
        await house.take(webhook("media.stop", 80))
        await house.take(webhook("media.play", 0), 2 * 86_400)
        house.use(config("75%"))
        assert len((await house.replay()).plays) == 1
        await house.take(webhook("media.stop", 99), 2600)
        assert len(await house.plays()) == 2
        await house.take(webhook("media.stop", 99), 2)
        assert len(await house.plays()) == 2

    play(test)


def test_the_live_session_knows_the_end_that_was_added(play: Callable[[Played], None]) -> None:
    async def test(house: House) -> None:
        await house.take(webhook("media.play", 0))
        await house.take(webhook("media.stop", 80), 2000)
        house.use(config("75%"))
        await house.replay()
        await house.take(webhook("media.scrobble"), 60)
        assert (await house.outcomes())[-1] == "duplicate"
        assert len(await house.plays()) == 1

    play(test)


def test_who_is_listed_now_gets_what_was_kept(play: Callable[[Played], None]) -> None:
    async def test(house: House) -> None:
        await house.take(webhook(account="carol"))
        await house.take(webhook(account="anna", key="2"), 60)
        house.use(config(ben="ben, carol, anna"))
        report = await house.replay()
        assert [(one.viewer, one.event_id) for one in report.plays] == [("ben", "e1"), ("ben", "e2")]
        assert report.outcomes == {"accepted": 2}
        assert (await house.replay()).plays == []

    play(test)


def test_what_had_its_part_in_a_viewing_keeps_its_outcome(play: Callable[[Played], None]) -> None:
    """Also when nobody lists the account any more: it was so when it came."""

    async def test(house: House) -> None:
        for event in ("media.play", "media.scrobble", "media.scrobble"):
            await house.take(webhook(event, 0, account="both"), 1)
        house.use(config().replace("[anna, both]", "[anna]").replace("[ben, both]", "[ben]"))
        before = await house.everything()
        assert (await house.replay()).changed == 0
        assert await house.everything() == before

    play(test)


class Mended:
    """A parser that learned more, or unlearned."""

    def __init__(self, parse: Callable[..., Sequence[PlaybackEvent]]) -> None:
        self.name, self.parse = "plex", parse


def test_what_a_defect_kept_from_being_understood_is_understood_after_the_repair(
    play: Callable[[Played], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(house: House) -> None:
        def broken(payload: Any, received_at: Any) -> Any:
            raise RuntimeError("a defect")

        with monkeypatch.context() as patch:
            patch.setitem(SOURCES, "plex", Mended(broken))
            await house.take(webhook())
            assert (await house.replay()).outcomes == {"unwanted": 1}
        assert await house.sql("SELECT outcome, reason FROM events") == [("unwanted", DEFECT)]
        report = await house.replay()
        assert (report.outcomes, report.changed, len(report.plays)) == ({"accepted": 1}, 1, 1)
        found = await house.sql("SELECT outcome, reason, kind, account, label FROM events")
        assert found == [("accepted", "", "watched", "anna", "Harbour Lights S2 E1 Part 1")]

    play(test)


def test_one_webhook_that_holds_several_events_now_gives_each_its_play(
    play: Callable[[Played], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SOURCES["plex"]

    def both(payload: Any, received_at: Any) -> Any:
        again = {**payload, "Metadata": {**payload["Metadata"], "index": 9, "ratingKey": "9"}}
        return (*real.parse(payload, received_at), *real.parse(again, received_at))

    async def test(house: House) -> None:
        await house.take(webhook())
        await house.take(webhook(key="2"), 60)
        monkeypatch.setitem(SOURCES, "plex", Mended(both))
        dry = await house.replay(dry_run=True)
        assert [one.label for one in dry.plays] == ["Harbour Lights S2 E9 Part 1"], "the second is the same viewing"
        assert len(await house.sql("SELECT 1 FROM events")) == 2
        report = await house.replay()
        assert [one.label for one in report.plays] == ["Harbour Lights S2 E9 Part 1"]
        assert await house.sql("SELECT id, head, part, outcome FROM events ORDER BY id") == [
            (1, None, 0, "accepted"),
            (2, None, 0, "accepted"),
            (3, 1, 1, "accepted"),
            (4, 2, 1, "duplicate"),
        ]
        before = await house.everything()
        assert (await house.replay()).plays == []
        assert await house.everything() == before
        assert (await house.replay(EventFilter(ids=(4, 3)))).plays == []

    play(test)


def test_several_events_of_one_webhook_are_all_claimed(
    play: Callable[[Played], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SOURCES["plex"]

    def three(payload: Any, received_at: Any) -> Any:
        of = [{**payload["Metadata"], "index": n, "ratingKey": str(n)} for n in (1, 2, 3)]
        return tuple(e for m in of for e in real.parse({**payload, "Metadata": m}, received_at))

    async def test(house: House) -> None:
        monkeypatch.setitem(SOURCES, "plex", Mended(three))
        await house.take(webhook(account="carol"))
        assert await house.outcomes() == ["unclaimed"] * 3
        house.use(config(ben="carol"))
        assert await house.ingest.claim_waiting() == 3
        assert [row[1][-9:-7] for row in await house.plays()] == ["E1", "E2", "E3"]
        assert (await house.replay()).plays == []

    play(test)


def test_a_body_that_was_refused_is_read_once_it_can_be(play: Callable[[Played], None]) -> None:
    async def test(house: House) -> None:
        text = webhook().text
        form = f'--x\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{text}\r\n--x--\r\n'
        first = await house.ingest.refuse("plex", form.encode(), "a defect of the reader")
        await house.ingest.refuse("plex", b"{" + b"x" * 20_000, "no JSON")
        gone = await house.ingest.refuse("plex", b"nonsense", "no JSON")
        await house.store.write(lambda db: db.execute("UPDATE events SET raw = NULL WHERE id = ?", (gone,)))
        report = await house.replay(EventFilter(ids=(first, 2, gone, 99)))
        assert [one.event_id for one in report.plays] == [f"e{first}"]
        assert (report.gone, report.unknown) == (1, ["e99"])
        assert [one.id for one in report.unread] == ["e2"]
        assert "Only its first 8,192 bytes were kept." in report.unread[0].reason
        assert report.outcomes == {"accepted": 1, "unreadable": 2}

    play(test)


def test_what_was_booked_as_a_duplicate_is_tried_again_only_by_name(play: Callable[[Played], None]) -> None:
    """Where the bodies before it are no longer kept, nobody can tell any more why it was one."""

    async def test(house: House) -> None:
        await house.take(webhook("media.scrobble"))
        late = await house.take(webhook("media.stop", 99), 6 * 3600)
        assert await house.outcomes() == ["accepted", "duplicate"]
        await house.store.write(lambda db: db.execute("UPDATE events SET raw = NULL WHERE id = 1"))
        assert (await house.replay()).plays == []
        assert len((await house.replay(EventFilter(ids=(late,)))).plays) == 0, "its play is still known"
        await house.store.write(lambda db: db.execute("UPDATE plays SET event_id = NULL, until = NULL"))
        assert (await house.replay()).plays == []
        assert len((await house.replay(EventFilter(ids=(late,)))).plays) == 1

    play(test)


def test_a_viewing_that_another_source_told_is_not_added_again(play: Callable[[Played], None]) -> None:
    """By what was watched and when, as the sessions of two sources know nothing of each other."""

    async def test(house: House) -> None:
        await house.take(webhook("media.stop", 80))
        await house.take(webhook("media.scrobble", ratingKey="777"), 300)
        assert len(await house.plays()) == 1
        house.use(config("75%"))
        report = await house.replay()
        assert report.plays == []
        assert (await house.outcomes())[0] == "accepted"

    play(test)


def test_only_what_is_asked_for_is_run_again(play: Callable[[Played], None]) -> None:
    async def test(house: House) -> None:
        await house.take(webhook("media.stop", 80, key="1"))
        middle = house.clock.now() + timedelta(hours=1)
        await house.take(webhook("media.stop", 80, key="2"), 7200)
        house.use(config("75%"))
        assert (await house.replay(EventFilter(source="emby"))).events == 0
        report = await house.replay(EventFilter(since=middle.timestamp(), source="plex"))
        assert [one.event_id for one in report.plays] == ["e2"]
        assert report.events == 1
        assert [one.event_id for one in (await house.replay()).plays] == ["e1"]

    play(test)


def test_too_short_stays_too_short_although_the_body_that_told_it_is_gone(play: Callable[[Played], None]) -> None:
    async def test(house: House) -> None:
        await house.take(webhook("media.play", 0, duration=120_000))
        short = await house.take(webhook(duration=None), 100)
        assert (await house.outcomes())[-1] == "unwanted"
        await house.store.write(lambda db: db.execute("UPDATE events SET raw = NULL WHERE id = 1"))
        assert (await house.replay(EventFilter(ids=(short,)))).plays == []

    play(test)


def test_the_reason_is_the_one_that_sessions_give() -> None:
    sessions = Path(__file__).parents[2] / "src" / "scrobbled" / "core" / "watching" / "fold.py"
    source = sessions.read_text(encoding="utf-8")
    assert f'Duplicate("{A_PLAY_ALREADY}")' in source
    assert decode('{"a": 1}') == {"a": 1}
    assert EventKind.STOP

"""How open troubles stand, asked of accounts, plays and the disk; and what the running service makes of it."""

import ast
import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock, OneAddress
from flows.rig import episode, hurried
from patience import LONGEST
from scrobbled.alerts import Alerts, Trouble
from scrobbled.config import loads
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.core.words.troubles import TROUBLE_KINDS
from scrobbled.delivery.health import HealthReport, HealthState
from scrobbled.plumbing.metrics import Metrics
from scrobbled.runtime import troubles
from scrobbled.sources.trakt import NOBODYS
from scrobbled.store import Store
from scrobbled.store.inbox import events
from scrobbled.store.notes.alerts import StoredTroubles
from scrobbled.store.queue import amendments
from scrobbled.store.queue.amendment import NewAmendment
from test_architecture import modules

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
DAY = 86_400.0


@dataclass
class Home:
    """``reports`` are the accounts as they are; ``told`` what went out."""

    store: Store
    clock: FakeClock
    reports: dict[tuple[str, str], HealthReport] = field(default_factory=dict)
    told: list[tuple[str, str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alerts = Alerts(
            StoredTroubles(self.store), OneAddress(self._send), repeat=DAY, now=self.clock.now, metrics=Metrics()
        )
        troubles.watch(self.alerts, self.store, lambda: self.reports)

    async def _send(self, title: str, text: str, good: bool) -> bool:
        self.told.append((title, text, good))
        return True

    def account(self, state: HealthState) -> None:
        self.reports["anna", "trakt"] = HealthReport("anna", "trakt", state, "", NOW, None)

    async def report(self, kind: str) -> None:
        await self.alerts.report(Trouble(kind, "anna/trakt", "anna/trakt: trouble", "Reported.", viewer="anna"))
        await self.alerts.settled()

    async def plays(self, count: int, state: PlayOutcome) -> None:
        for number in range(count):
            play = Play("anna", "plex", episode(number), NOW)
            way = [events.Queued("trakt", state, "")]
            await self.store.write(lambda db, play=play, way=way: events.add_play(db, play, None, way, NOW))  # type: ignore[misc]

    async def sql(self, statement: str) -> None:
        await self.store.write(lambda db: db.execute(statement))


@pytest.fixture
async def home(tmp_path: Path, clock: FakeClock, anyio_backend: str) -> AsyncIterator[Home]:
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    with capture_logs():
        yield Home(store, clock)
    await store.aclose()


async def test_an_account_in_trouble_is_told_with_what_waits(home: Home) -> None:
    home.account(HealthState.DOWN)
    await home.plays(14, PlayOutcome.QUEUED)
    await home.report("down")
    assert home.told == [("anna/trakt: trouble", "14 plays wait. Reported.", False)]
    home.clock.advance(DAY)
    await home.plays(1, PlayOutcome.QUEUED)
    await home.alerts.settled()
    assert home.told[1] == ("Still: anna/trakt: trouble", "For 24 hours now. 15 plays wait. Reported.", False)


async def test_after_a_start_nothing_is_said_before_the_account_was_tried(home: Home) -> None:
    home.account(HealthState.DOWN)
    await home.report("down")
    home.account(HealthState.NEW)
    home.clock.advance(2 * DAY)
    await home.alerts.settled()
    assert len(home.told) == 1
    home.account(HealthState.DOWN)
    await home.alerts.settled()
    assert len(home.told) == 2


async def test_trouble_of_an_account_that_is_another_by_now_is_not_told(home: Home) -> None:
    home.account(HealthState.SIGN_IN)
    await home.report("down")
    assert home.told == []


async def test_trouble_of_an_account_that_is_no_longer_configured_is_over(home: Home) -> None:
    home.account(HealthState.DOWN)
    await home.report("down")
    home.reports.clear()
    await home.alerts.settled()
    assert home.told[-1][0] == "anna/trakt is no longer configured"
    assert await home.alerts.open() == []


async def test_plays_that_need_somebody_are_one_line_with_figures_and_samples(home: Home) -> None:
    await home.plays(12, PlayOutcome.UNMATCHED)
    await home.report("unmatched")
    title, text, _ = home.told[0]
    assert title == "anna/trakt: 12 plays need you"
    assert text.startswith("12 plays were not delivered (unmatched), such as ")
    assert text.count("Harbour Lights") == 3
    assert "scrobbled" in text, "what to do"


async def test_one_play_that_needs_somebody_is_told_by_its_name(home: Home) -> None:
    await home.plays(1, PlayOutcome.DEAD)
    await home.report("dead")
    assert home.told == [("anna/trakt: trouble", "Reported.", False)]


async def wishes(home: Home, count: int, action: Any, state: PlayOutcome) -> None:
    for number in range(count):
        kind: Any = "ratings" if action == "rate" else "plays"
        made = NewAmendment("anna", "trakt", kind, action, f"{action} {number}", f"Harbour Lights S1 E{number}")

        def work(db: sqlite3.Connection, made: NewAmendment = made) -> None:
            amendments.settle(db, amendments.add(db, made, NOW.timestamp()), state, "", NOW.timestamp())

        await home.store.write(work)


async def test_what_is_no_play_is_called_what_it_is(home: Home) -> None:
    await home.plays(2, PlayOutcome.DEAD)
    await wishes(home, 1, "rate", PlayOutcome.DEAD)
    await wishes(home, 3, "remove", PlayOutcome.DEAD)
    await home.report("dead")
    title, text, _ = home.told[0]
    assert title == "anna/trakt: 2 plays, 1 rating and 3 removals need you"
    assert text.startswith("2 plays, 1 rating and 3 removals were not carried out (dead), such as ")


async def test_what_waits_beside_the_plays_is_told_with_them(home: Home) -> None:
    home.account(HealthState.DOWN)
    await wishes(home, 1, "rate", PlayOutcome.QUEUED)
    await home.report("down")
    assert home.told == [("anna/trakt: trouble", "1 rating waits. Reported.", False)]


async def test_it_is_over_when_the_last_play_was_decided_on(home: Home) -> None:
    await home.plays(2, PlayOutcome.DEAD)
    await home.report("dead")
    await home.sql("UPDATE outbox SET state = 'delivered'")
    home.clock.advance(3 * 3600)
    await home.alerts.settled()
    assert home.told[-1] == ("anna/trakt: nothing needs you any more", "Nothing is dead. It took 3 hours.", True)


async def test_a_disk_that_fills_up_is_told_while_there_is_room_to_note_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [troubles.LOW_DISK - 1]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free[0]))
    for free[0] in (troubles.LOW_DISK - 1, troubles.LOW_DISK - 2, troubles.LOW_DISK + 1):
        await home.alerts.settled()
    assert [title for title, _, _ in home.told] == ["scrobbled: the disk is nearly full"], "a little room is not enough"
    assert home.told[0][1].startswith("199 MB are left")
    free[0] = 3 * troubles.LOW_DISK
    await home.alerts.settled()
    assert home.told[-1][0] == "scrobbled: the disk has room again"


async def test_an_account_that_a_viewer_lists_now_is_no_stranger_any_more(home: Home) -> None:
    for name in ("carol", "dave"):
        event = PlaybackEvent("plex", EventKind.WATCHED, NOW, Account(name=name), episode(1))
        await home.store.write(
            lambda db, event=event: events.add_event(
                db, events.Arrival("plex", NOW, "{}", event), EventOutcome.UNCLAIMED, ""
            )  # type: ignore[misc]
        )
        await home.alerts.report(troubles.unclaimed("plex", f"no viewer lists the account {name}"))
    await home.alerts.settled()
    await home.sql("UPDATE events SET outcome = 'accepted' WHERE account = 'carol'")
    await troubles.claimed(home.alerts, home.store)
    await home.alerts.settled()
    assert [title for title, _, good in home.told if good] == ["plex: a viewer lists that account now"]
    assert "carol" in home.told[-1][1]
    assert [trouble.subject for trouble in await home.alerts.open()] == ["plex/no viewer lists the account dave"]


async def test_what_names_nobody_is_over_only_when_nothing_of_it_waits_any_more(home: Home) -> None:
    for source, reason in (("trakt", NOBODYS), ("plex", "no account"), ("plex", "no viewer lists the account johanna")):
        whose = Account(name="anna") if "johanna" in reason else Account()
        event = PlaybackEvent(source, EventKind.WATCHED, NOW, whose, episode(1))
        await home.store.write(
            lambda db, event=event, reason=reason: events.add_event(
                db, events.Arrival(event.source, NOW, "{}", event), EventOutcome.UNCLAIMED, reason
            )  # type: ignore[misc]
        )
        await home.alerts.report(troubles.unclaimed(source, reason))
    await troubles.claimed(home.alerts, home.store)
    left = {trouble.subject for trouble in await home.alerts.open()}
    assert left == {f"trakt/{NOBODYS}", "plex/no account"}, "another account ends like the one that is claimed"


@pytest.mark.parametrize(("source", "claims"), [("plex", False), ("kodi", True), ("trakt", True)])
def test_claiming_is_advised_only_where_it_helps(source: str, claims: bool) -> None:
    text = troubles.unclaimed(source, "no account").text
    assert ("scrobbled claim" in text) is claims
    assert ("enter it at the tracker yourself" in text) is not claims
    assert "scrobbled claim" in troubles.unclaimed("plex", "no viewer lists the account x").text


def test_addresses_are_those_of_the_configuration() -> None:
    config = loads("alerts: {urls: [ntfy://a/b, {url: ntfy://c/d, kinds: [flood]}]}", {})
    first, second = troubles.addresses(config)
    assert (first.url, first.place, first.kinds) == ("ntfy://a/b", "alerts.urls[0]", frozenset())
    assert (second.url, second.place, second.kinds) == ("ntfy://c/d", "alerts.urls[1]", {"flood"})


def reported_kinds() -> Iterator[str]:
    """Of every ``Trouble(kind=…)`` in the source, written there or by a name of the module."""
    for _, tree in modules():
        named: dict[str, ast.expr] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                target, value = node.targets[0], node.value
                if isinstance(target, ast.Name):
                    named[target.id] = value
                elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs = zip(target.elts, value.elts, strict=True)
                    named |= {name.id: one for name, one in pairs if isinstance(name, ast.Name)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Trouble":
                kinds = [word.value for word in node.keywords if word.arg == "kind"]
                values = [named.get(kind.id, kind) if isinstance(kind, ast.Name) else kind for kind in kinds]
                yield from (str(value.value) for value in values if isinstance(value, ast.Constant))


def test_every_kind_that_is_reported_can_be_chosen() -> None:
    """What somebody reports and nobody can choose would never reach an address that names kinds."""
    used = {
        HealthState.DOWN,
        HealthState.SIGN_IN,
        HealthState.STOPPED,
        HealthState.DRIFT,
        *troubles.NEEDS_A_PERSON,
        *reported_kinds(),
    }
    assert set(map(str, used)) - TROUBLE_KINDS.keys() == set()
    assert {"flood", "configuration", "disk", "unclaimed"} <= used


async def test_a_webhook_is_answered_without_waiting_for_alerts(home: Home) -> None:
    """Reporting is one small write; sending is somebody else's."""
    home.account(HealthState.DOWN)
    async with asyncio.timeout(LONGEST):
        for _ in range(50):
            await home.alerts.report(troubles.unclaimed("plex", "no viewer lists the account x"))
    assert home.told == []

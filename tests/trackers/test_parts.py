"""What a tracker can is in parts: one that lacks a part says so, and nobody asks it for that."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from flows.home import home_at
from flows.rig import FILM, Scripted, rigged
from scrobbled.config import Config, loads
from scrobbled.config.viewing import PairConfig
from scrobbled.core.errors import ConfigError, Refused, TryLater
from scrobbled.core.records import ViewingsKept
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts import run_words
from scrobbled.intake.household import impossible, refuse_impossible
from scrobbled.plumbing.redact import Redactor
from scrobbled.reconcile.pairs import Options, Sides, policy
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.informed import Informed
from scrobbled.trackers.masked import Masked
from scrobbled.trackers.wrapped import Wrapped
from trackers.contract import PARTS, AccountBench, AccountContract, declared_parts, parts_of
from trackers.memory.tracker import CAN, MemoryTracker

ONLY_READ = replace(CAN, adds=False, amends=frozenset())
LIBRARY = replace(CAN, adds=False, ticks=True, keeps=ViewingsKept.SEEN)


class OnlyRead(Scripted):
    """As a service that lets nobody write."""

    adds = Tracker.adds
    amends = Tracker.amends


def only_read() -> OnlyRead:
    return OnlyRead(can=ONLY_READ)


class TestOnlyRead(AccountContract):
    @pytest.fixture
    def bench(self) -> AccountBench:
        tracker = only_read()
        return AccountBench(tracker, OnlyRead(can=ONLY_READ, has_account=False), tracker.go_down)


def test_a_part_that_is_not_there_is_refused_in_words() -> None:
    class Bare(Tracker):
        can = replace(ONLY_READ, reads=frozenset())
        sign_in = examine = MemoryTracker.sign_in  # type: ignore[assignment]

    assert parts_of(Bare()) == declared_parts(Bare.can) == set()
    for part in PARTS:
        with pytest.raises(Refused, match="tracker"):
            getattr(Bare(), part)


@pytest.mark.parametrize("made", [MemoryTracker, only_read])
def test_a_wrapper_has_the_parts_of_what_it_wraps(made: Callable[[], Tracker]) -> None:
    tracker = made()
    for wrapped in (Wrapped(tracker), Masked(tracker, Redactor()), Informed(tracker, ())):
        assert parts_of(wrapped) == parts_of(tracker) == declared_parts(wrapped.can)


def test_a_wrapper_hands_on_all_there_is() -> None:
    assert {name for name in vars(Tracker) if not name.startswith("_")} <= set(vars(Wrapped))


async def test_what_any_part_quotes_is_masked() -> None:
    tracker, redactor = Scripted(), Redactor(["hunter-seven"])
    calls: list[tuple[str, Callable[[Any], Awaitable[Any]]]] = [
        ("locate", lambda masked: masked.adds.locate(FILM)),
        ("find_plays", lambda masked: masked.adds.find_plays([])),
        ("sign_in", lambda masked: masked.sign_in()),
    ]
    for name, call in calls:
        tracker.fail(name, TryLater("hunter-seven is wrong"))
        with pytest.raises(TryLater) as caught:
            await call(Masked(tracker, redactor))
        assert "hunter-seven" not in f"{caught.value} {caught.value.reason}", name


async def test_what_is_refused_among_results_is_masked() -> None:
    tracker = Scripted(answers=[Refused("hunter-seven is wrong")])

    async def sending() -> None: ...

    (result,) = await Masked(tracker, Redactor(["hunter-seven"])).adds.add_plays([], sending)
    assert isinstance(result, Refused)
    assert "hunter-seven" not in f"{result} {result.reason}"


@pytest.mark.parametrize(
    ("a", "b", "goes"),
    [(CAN, CAN, "both"), (CAN, ONLY_READ, "b-to-a"), (ONLY_READ, CAN, "a-to-b"), (ONLY_READ, ONLY_READ, "off")],
)
def test_nothing_is_planned_for_a_side_that_takes_nothing(a: Any, b: Any, goes: str) -> None:
    pair = PairConfig(between=("trakt", "serializd"), plays="both", ratings="both")
    made = policy(pair, Sides("anna", "trakt", "serializd"), (a, b), Options())
    assert (made.way("plays"), made.way("ratings")) == (goes, goes)


@pytest.mark.parametrize(
    ("plays", "text"),
    [
        ("both", "serializd cannot be written; write serializd-to-trakt"),
        ("trakt-to-serializd", "serializd cannot be written; write serializd-to-trakt"),
        ("serializd-to-trakt", ""),
        ("off", ""),
    ],
)
def test_a_direction_to_a_side_that_takes_nothing_is_an_error_with_its_line(
    plays: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TRACKERS, "serializd", SimpleNamespace(can=lambda: ONLY_READ))
    config = paired(f"plays: {plays}, ratings: serializd-to-trakt")
    assert [str(one) for one in impossible(config)] == ([f"viewers[0].pairs[0].plays (line 1): {text}"] if text else [])


def test_where_no_side_can_be_written_the_only_direction_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("trakt", "serializd"):
        monkeypatch.setitem(TRACKERS, name, SimpleNamespace(can=lambda: ONLY_READ))
    config = paired("plays: both, ratings: both")
    assert [one.text for one in impossible(config)] == ["trakt cannot be written; write off"] * 2
    with pytest.raises(ConfigError, match=r"pairs\[0\]\.plays.*\n.*pairs\[0\]\.ratings"):
        refuse_impossible(config)


@pytest.mark.parametrize(
    ("wish", "word"), [(Options(library="TV"), "--library"), (Options(correct_dates=True), "--correct-dates")]
)
def test_what_is_wished_of_a_library_needs_one(wish: Options, word: str) -> None:
    pair, sides = PairConfig(between=("trakt", "serializd"), plays="both"), Sides("anna", "trakt", "serializd")
    with pytest.raises(ConfigError, match=f"neither trakt nor serializd is a library, so {word} has no meaning"):
        policy(pair, sides, (CAN, CAN), wish)
    library = replace(CAN, keeps=ViewingsKept.SEEN)
    assert policy(pair, sides, (CAN, library), wish).plays == policy(pair, sides, (CAN, library), Options()).plays


def test_what_is_wished_of_a_run_is_stored_and_told_as_it_was_typed() -> None:
    wish = Options(kinds=("plays",), direction="trakt-to-serializd", library="Late Night", correct_dates=True)
    assert Options.of(wish.stored()) == wish
    typed = ["--kind", "plays", "--direction", "trakt-to-serializd", "--library", "Late Night", "--correct-dates"]
    assert wish.words() == typed
    told = run_words.asked_for(wish.stored(), "trakt,serializd")
    assert told == "only plays, only Trakt to Serializd, only the library Late Night, dates were corrected"
    assert dict(run_words.fields(wish))["library"] == "Late Night"


@pytest.mark.parametrize(
    ("of_serializd", "word", "text"),
    [
        (CAN, "leave", "neither trakt nor serializd is a library, so nothing is without a date; remove it"),
        (LIBRARY, "leave", ""),
        (LIBRARY, "marked", ""),
        (LIBRARY, "unknown", ""),
        (LIBRARY, "released", 'trakt takes no play as "released"; write leave, unknown, marked'),
    ],
)
def test_what_has_no_date_is_only_spoken_of_where_there_is_such(
    of_serializd: Any, word: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TRACKERS, "serializd", SimpleNamespace(can=lambda: of_serializd))
    monkeypatch.setitem(TRACKERS, "trakt", SimpleNamespace(can=lambda: replace(CAN, undated=frozenset({"unknown"}))))
    assert list(impossible(paired("plays: both"))) == [], "nothing was said of it"
    found = [str(one) for one in impossible(paired(f"plays: both, undated: {word}"))]
    assert found == ([f"viewers[0].pairs[0].undated (line 1): {text}"] if text else [])


def paired(ways: str) -> Config:
    trackers = "{trakt: {client_id: a}, serializd: {email: a@example.org}}"
    pair = f"{{between: [trakt, serializd], {ways}}}"
    return loads(f"viewers: [{{name: anna, trackers: {trackers}, pairs: [{pair}]}}]", {})


async def test_a_play_for_a_tracker_that_takes_none_any_more_is_refused_and_all_goes_on(tmp_path: Path) -> None:
    async with rigged(tmp_path / "x.db", only_read(), FakeClock()) as rig:
        change = await rig.play()
        await rig.rest()
        assert await rig.state(change) == PlayOutcome.DEAD
        assert (await rig.row(change))["reason"] == "this tracker takes no plays"


async def test_no_play_is_queued_for_a_tracker_that_takes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRACKERS, "serializd", SimpleNamespace(can=lambda: ONLY_READ))
    async with home_at(tmp_path / "x.db") as home:
        taken = await home.hear("jellyfin", "watched")
        assert [tracker for tracker, _, _ in await home.outbox()] == ["trakt"]
        assert taken.accounts == {("anna", "trakt")}

"""What every tracker must do, whatever service is behind it.

A new tracker is held to it by a fixture and nothing else::

    class TestMemory(TrackerContract):
        @pytest.fixture
        def bench(self, clock: FakeClock) -> Bench: ...
"""

import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import LoginNeeded, NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.naming.items import Item
from scrobbled.core.words.checks import CheckVerdict, worst
from scrobbled.trackers.base import Addition, Address, Receipt, Tracker
from scrobbled.trackers.capabilities import Capabilities

EVENING = datetime(2026, 11, 10, 20, 14, 37, tzinfo=UTC)
_ids = itertools.count(1)


@dataclass
class AccountBench:
    """A tracker on its own account at a stand-in."""

    tracker: Tracker
    stranger: Tracker
    """The same kind of tracker, set up without any means to sign in."""
    go_down: Callable[[], None]
    """From now on every request fails without any effect."""


@dataclass
class Bench(AccountBench):
    """With two different items that the tracker knows and one that it does not."""

    item: Item
    other: Item
    unknown: Item
    lose_next_answer: Callable[[], None]
    """The next write that may not be repeated takes effect and its answer never arrives."""
    lose_next_write: Callable[[], None]
    """The next write that may not be repeated gets lost on its way, and nobody can tell from here."""


@dataclass
class Doorman:
    """The ``sending`` callback: counts, looks what is there at that moment, and may forbid."""

    forbid: Exception | None = None
    look: Callable[[], Awaitable[None]] | None = None
    calls: int = field(default=0)

    async def __call__(self) -> None:
        self.calls += 1
        if self.look is not None:
            await self.look()
        if self.forbid is not None:
            raise self.forbid


class Forbidden(Exception):
    """What the store might raise when it cannot write down that a request is about to leave."""


def rounded(when: datetime, precision: int) -> datetime:
    """Down to ``precision`` seconds, as callers of a tracker must do."""
    return datetime.fromtimestamp(when.timestamp() // precision * precision, UTC)


async def play_of(tracker: Tracker, item: Item, when: datetime = EVENING) -> Addition:
    """An addition as it comes back from the database: the address went through JSON."""
    address = await tracker.adds.locate(item)
    stored = Address(address.key, json.loads(json.dumps(dict(address.data))), address.how)
    return Addition(next(_ids), stored, rounded(when, tracker.can.precision), item=item)


async def add(tracker: Tracker, plays: Sequence[Addition]) -> list[Receipt]:
    """In batches no larger than the tracker declares; every play must be confirmed."""
    receipts: list[Receipt] = []
    for start in range(0, len(plays), tracker.can.batch):
        results = await tracker.adds.add_plays(plays[start : start + tracker.can.batch], Doorman())
        receipts += [result for result in results if isinstance(result, Receipt)]
    assert len(receipts) == len(plays), "every play of known items is confirmed"
    return receipts


PARTS = ("adds", "reads", "amends", "foresees", "tells_playing", "offers")


def parts_of(tracker: Tracker) -> set[str]:
    """By name, the parts that it really has."""
    found = set()
    for name in PARTS:
        with contextlib.suppress(Refused):
            getattr(tracker, name)
            found.add(name)
    return found


def declared_parts(can: Capabilities) -> set[str]:
    told = (can.adds, bool(can.reads), bool(can.amends), can.ahead > 1, can.tells_playing, can.is_library)
    return {name for name, there in zip(PARTS, told, strict=True) if there}


class AccountContract:
    """What holds for every tracker, also for one that takes no plays. Inherit it and provide ``bench``."""

    @pytest.fixture
    def bench(self) -> AccountBench:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    async def closed_afterwards(self, bench: AccountBench):
        yield
        await bench.tracker.aclose()
        await bench.stranger.aclose()

    async def test_declares_what_it_can(self, bench: AccountBench) -> None:
        can = bench.tracker.can
        assert can.media
        assert can.media <= {"movie", "episode"}
        assert can.batch >= 1
        assert can.precision >= 1
        assert can.settle >= 0
        assert parts_of(bench.tracker) == declared_parts(can)

    async def test_sign_in_without_a_person_is_enough_and_may_be_repeated(self, bench: AccountBench) -> None:
        await bench.tracker.sign_in()
        await bench.tracker.sign_in()
        expires = bench.tracker.expires_at()
        assert expires is None or expires.tzinfo is not None

    async def test_sign_in_without_credentials_asks_for_a_login(self, bench: AccountBench) -> None:
        with pytest.raises(LoginNeeded) as caught:
            await bench.stranger.sign_in()
        assert caught.value.reason
        assert not caught.value.in_doubt

    async def test_examined_an_account_in_order_is_in_order(self, bench: AccountBench) -> None:
        await bench.tracker.sign_in()
        checks = await bench.tracker.examine()
        assert [check for check in checks if check.state is not CheckVerdict.OK] == []
        assert len({check.name for check in checks}) == len(checks) > 0
        assert all(url.startswith(("http://", "https://")) for url in bench.tracker.roots().values())

    async def test_examined_without_a_sign_in_it_says_what_to_do_and_signs_in_nowhere(
        self, bench: AccountBench
    ) -> None:
        first, second = await bench.stranger.examine(), await bench.stranger.examine()
        assert worst(first) is worst(second) is CheckVerdict.PROBLEM
        assert all(check.next_step for check in first if check.state is CheckVerdict.PROBLEM)

    async def test_examined_while_the_service_is_down_it_tells_so_and_raises_nothing(self, bench: AccountBench) -> None:
        await bench.tracker.sign_in()
        bench.go_down()
        assert worst(await bench.tracker.examine()) is CheckVerdict.PROBLEM


class TrackerContract(AccountContract):
    """And for one that takes plays."""

    @pytest.fixture
    def bench(self) -> Bench:
        raise NotImplementedError

    async def test_a_check_up_adds_nothing(self, bench: Bench) -> None:
        await bench.tracker.sign_in()
        play = await play_of(bench.tracker, bench.item)
        await bench.tracker.examine()
        assert await bench.tracker.adds.find_plays([play]) == [None]
        assert bench.tracker.adds.delay() >= 0

    async def test_an_item_has_one_stable_address_of_its_own(self, bench: Bench) -> None:
        first, again = await bench.tracker.adds.locate(bench.item), await bench.tracker.adds.locate(bench.item)
        other = await bench.tracker.adds.locate(bench.other)
        assert first.key == again.key
        assert first.key != other.key
        assert first.how, "people are told how the item was matched"

    async def test_an_unknown_item_is_never_guessed(self, bench: Bench) -> None:
        with pytest.raises((NotInCatalogue, Uncertain)):
            await bench.tracker.adds.locate(bench.unknown)

    async def test_a_survey_changes_no_address_and_passes_over_what_is_unknown(self, bench: Bench) -> None:
        there = await bench.tracker.adds.locate(bench.item)
        if bench.tracker.can.ahead > 1:
            await bench.tracker.foresees.survey([bench.item, bench.other, bench.unknown])
        assert (await bench.tracker.adds.locate(bench.item)).key == there.key
        with pytest.raises((NotInCatalogue, Uncertain)):
            await bench.tracker.adds.locate(bench.unknown)

    async def test_an_added_play_is_found(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        (receipt,) = await add(bench.tracker, [play])
        (found,) = await bench.tracker.adds.find_plays([play])
        assert found is not None
        assert found.remote_id
        assert receipt.remote_id in ("", found.remote_id)

    async def test_a_play_that_was_never_added_is_absent(self, bench: Bench) -> None:
        assert await bench.tracker.adds.find_plays([await play_of(bench.tracker, bench.item)]) == [None]

    async def test_a_play_of_one_item_is_no_play_of_another(self, bench: Bench) -> None:
        await add(bench.tracker, [await play_of(bench.tracker, bench.item)])
        assert await bench.tracker.adds.find_plays([await play_of(bench.tracker, bench.other)]) == [None]

    async def test_two_viewings_of_one_item_are_two_plays(self, bench: Bench) -> None:
        first = await play_of(bench.tracker, bench.item)
        later = replace(await play_of(bench.tracker, bench.item, EVENING + timedelta(hours=5)), rewatch=True)
        await add(bench.tracker, [first, later])
        found = await bench.tracker.adds.find_plays([first, later])
        assert None not in found
        assert len({receipt.remote_id for receipt in found if receipt}) == 2

    async def test_time_is_kept_to_the_declared_precision(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        step = timedelta(seconds=bench.tracker.can.precision)
        await add(bench.tracker, [play])
        around = [replace(play, watched_at=play.watched_at + step * n) for n in (-1, 0, 1)]
        before, exactly, after = await bench.tracker.adds.find_plays(around)
        assert before is None
        assert exactly is not None
        assert after is None

    async def test_answers_come_in_the_order_of_the_question(self, bench: Bench) -> None:
        plays = [
            await play_of(bench.tracker, bench.item),
            await play_of(bench.tracker, bench.other, EVENING - timedelta(hours=1)),
            await play_of(bench.tracker, bench.item, EVENING - timedelta(days=3)),
        ]
        receipts = await add(bench.tracker, plays)
        found = await bench.tracker.adds.find_plays(plays)
        backwards = await bench.tracker.adds.find_plays(plays[::-1])
        assert [r.remote_id for r in found if r] == [r.remote_id for r in backwards if r][::-1]
        assert len({r.remote_id for r in found if r}) == 3
        for receipt, there in zip(receipts, found, strict=True):
            assert there is not None
            assert receipt.remote_id in ("", there.remote_id)

    async def test_asking_for_nothing_answers_nothing(self, bench: Bench) -> None:
        assert list(await bench.tracker.adds.find_plays([])) == []

    async def test_sending_is_awaited_once_and_before_the_play_exists(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        seen: list[Receipt | None] = []

        async def look() -> None:
            seen.extend(await bench.tracker.adds.find_plays([play]))

        door = Doorman(look=look)
        await bench.tracker.adds.add_plays([play], door)
        assert door.calls == 1
        assert seen == [None]

    async def test_nothing_is_added_when_sending_forbids_it(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        with pytest.raises(Forbidden):
            await bench.tracker.adds.add_plays([play], Doorman(forbid=Forbidden()))
        assert await bench.tracker.adds.find_plays([play]) == [None]

    async def test_a_lost_answer_is_in_doubt_and_the_play_is_found(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        bench.lose_next_answer()
        with pytest.raises(TrackerError) as caught:
            await bench.tracker.adds.add_plays([play], Doorman())
        assert caught.value.in_doubt
        (found,) = await bench.tracker.adds.find_plays([play])
        assert found is not None

    async def test_a_lost_write_is_in_doubt_and_the_play_is_absent(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        bench.lose_next_write()
        with pytest.raises(TrackerError) as caught:
            await bench.tracker.adds.add_plays([play], Doorman())
        assert caught.value.in_doubt
        assert await bench.tracker.adds.find_plays([play]) == [None]

    async def test_an_error_before_sending_is_never_in_doubt(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        bench.go_down()
        door = Doorman()
        with pytest.raises(TrackerError) as caught:
            await bench.tracker.adds.add_plays([play], door)
        assert door.calls == 1 or not caught.value.in_doubt

    async def test_a_read_that_failed_is_no_empty_answer(self, bench: Bench) -> None:
        play = await play_of(bench.tracker, bench.item)
        bench.go_down()
        with pytest.raises(TrackerError) as caught:
            await bench.tracker.adds.find_plays([play])
        assert not caught.value.in_doubt
        assert not isinstance(caught.value, NotInCatalogue | Refused)

    async def test_a_play_without_a_date_is_found_by_its_item_alone(self, bench: Bench) -> None:
        for word in sorted(bench.tracker.can.undated):
            play = await undated_play_of(bench.tracker, bench.item, word)
            before = frozenset(await _handles(bench.tracker, play))
            bench.lose_next_answer()
            with pytest.raises(TrackerError):
                await bench.tracker.adds.add_plays([play], Doorman())
            assert await bench.tracker.adds.find_plays([replace(play, known=before)]) != [None]
            known = before | await _handles(bench.tracker, play)
            assert await bench.tracker.adds.find_plays([replace(play, known=frozenset(known))]) == [None]


async def undated_play_of(tracker: Tracker, item: Item, word: str) -> Addition:
    return replace(await play_of(tracker, item), watched_at=None, undated=word)


async def _handles(tracker: Tracker, play: Addition) -> set[str]:
    """Those of all plays that may be this one."""
    known: set[str] = set()
    while (found := (await tracker.adds.find_plays([replace(play, known=frozenset(known))]))[0]) is not None:
        known.add(found.remote_id)
    return known

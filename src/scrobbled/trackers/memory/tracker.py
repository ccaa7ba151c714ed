"""A complete tracker without a service: the reference for new ones, and a test double with faults to order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scrobbled.core.checkup import Check, ok, problem
from scrobbled.core.errors import LoginNeeded, NotInCatalogue, TrackerError, TryLater
from scrobbled.core.items import Item, Movie
from scrobbled.trackers.base import Addition, Address, Capabilities, Context, Receipt, Result, Sending

CAN = Capabilities(
    media=frozenset({"movie", "episode"}), batch=100, precision=1, settle=0.0, site="the memory of this process"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A play as the tracker holds it; ``watched_at`` is aware UTC, to the second."""

    remote_id: str
    key: str
    watched_at: datetime
    rewatch: bool


@dataclass
class MemoryTracker:
    """Knows every item but those in ``unknown`` (address keys, see ``key_of``) and forgets all with the process."""

    unknown: frozenset[str] = frozenset()
    has_account: bool = True
    plays: list[Kept] = field(default_factory=list)
    can: Capabilities = CAN
    _failure: TrackerError | None = None
    _unreachable: bool = False
    _lose_answer: bool = False
    _lose_write: bool = False
    _last_id: int = 0

    def fail_next(self, error: TrackerError) -> None:
        """The next read or write raises ``error`` and has no effect."""
        self._failure = error

    def lose_next_answer(self) -> None:
        """The next write takes effect, and whoever asked for it never learns."""
        self._lose_answer = True

    def lose_next_write(self) -> None:
        """The next write has no effect, and whoever asked for it cannot tell."""
        self._lose_write = True

    def go_down(self) -> None:
        """Every read and write fails without effect until ``come_back``."""
        self._unreachable = True

    def come_back(self) -> None:
        self._unreachable = False

    async def locate(self, item: Item) -> Address:
        """By the item's own ids or names; raises ``NotInCatalogue`` for what is in ``unknown``."""
        key = key_of(item)
        if key in self.unknown:
            raise NotInCatalogue(f"{item.label()} is not in this catalogue yet")
        return Address(key, {"key": key}, "every item is known here")

    def delay(self) -> float:
        return 0.0

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[Result]:
        self._raise_failure()
        await sending()
        if self._lose_write:
            self._lose_write = False
            raise TryLater("the connection broke before the request was through", in_doubt=True)
        results = [self._add(play) for play in plays]
        if self._lose_answer:
            self._lose_answer = False
            raise TryLater("the connection broke before the answer came", in_doubt=True)
        return results

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        self._raise_failure()
        return [_first(kept for kept in self.plays if _is_same(kept, play)) for play in plays]

    async def sign_in(self) -> None:
        if not self.has_account:
            raise LoginNeeded("The memory tracker was set up without an account; give it one.")

    def expires_at(self) -> datetime | None:
        return None

    def roots(self) -> Mapping[str, str]:
        return {}

    async def examine(self) -> Sequence[Check]:
        if self._unreachable:
            return [problem("memory", "The memory tracker is down.", "Let it come back.")]
        if not self.has_account:
            return [problem("memory", "The memory tracker was set up without an account.", "Give it one.")]
        return [ok("memory", "Keeps plays until the process ends.", plays=len(self.plays))]

    async def aclose(self) -> None:
        """Nothing is open; the plays stay readable."""

    def _add(self, play: Addition) -> Receipt:
        self._last_id += 1
        kept = Kept(str(self._last_id), play.address.key, _second(play.watched_at), play.rewatch)
        self.plays.append(kept)
        return Receipt(kept.remote_id)

    def _raise_failure(self) -> None:
        if self._unreachable:
            raise TryLater("the memory tracker is down")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def key_of(item: Item) -> str:
    """The same for the same item: by the best id, else by title; ids of different spaces never meet in one key."""
    if isinstance(item, Movie):
        known = [f"{name}:{value}" for name, value in item.ids.known().items()]
        return "movie:" + (known[0] if known else f"{item.title}:{item.year}")
    known = [f"{name}:{value}" for name, value in item.show_ids.known().items()]
    show = known[0] if known else f"{item.show_title}:{item.show_year}"
    place = f"{item.season}:{item.number}" if item.number is not None else f"aired:{item.air_date}"
    return f"episode:{show}:{place}"


def _second(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(microsecond=0)


def _is_same(kept: Kept, play: Addition) -> bool:
    return kept.key == play.address.key and kept.watched_at == _second(play.watched_at)


def _first(found: Iterable[Kept]) -> Receipt | None:
    return next((Receipt(kept.remote_id) for kept in found), None)


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says."""
    return f"the item {address['key']}"


def build(context: Context) -> MemoryTracker:
    """For trying the service without any account: what it holds is gone when the process ends."""
    return MemoryTracker()

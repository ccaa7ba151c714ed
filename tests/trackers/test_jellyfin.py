"""A library of Jellyfin is an account, and is read and marked, as every library that can be."""

from __future__ import annotations

import pytest

from conftest import FakeClock
from trackers.contract import AccountBench, AccountContract
from trackers.library_contract import LastContract
from trackers.mediabrowser_bench import MediaBrowserBench, library_bench
from trackers.reading_contract import LibraryBench
from trackers.value_contract import ValueContract


class TestJellyfinAccount(AccountContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> AccountBench:
        made = MediaBrowserBench("jellyfin", clock)
        stranger = made.tracker({"url": made.settings["url"]})
        return AccountBench(made.tracker(), stranger, made.server.faults.start_outage)


class TestJellyfinLibrary(LastContract, ValueContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> LibraryBench:
        return library_bench(MediaBrowserBench("jellyfin", clock))

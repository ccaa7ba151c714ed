"""Showing on Trakt what is being played: never a play, in the account's own pace."""

from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, LoginNeeded, TrackerError, TryLater
from scrobbled.core.naming.items import Movie
from scrobbled.plumbing.redact import Redactor
from scrobbled.trackers.masked import Masked
from trackers.doubles import KeptTokens
from trackers.trakt_bench import TraktBench


@pytest.fixture
async def tracker(trakt: TraktBench):
    built = Masked(trakt.tracker(), Redactor())
    yield built
    await built.aclose()


def account(trakt: TraktBench) -> dict[str, Any]:
    return trakt.api.state()["accounts"]["anna"]  # type: ignore[no-any-return]


async def test_what_plays_is_shown_and_what_pauses_is_kept(trakt: TraktBench, tracker: Masked) -> None:
    assert tracker.can.tells_playing
    await tracker.tells_playing.playing("start", trakt.film(), 12.3456)
    (call,) = trakt.api.calls("POST /scrobble/start")
    assert call.body["progress"] == 12.35
    assert call.body.keys() == {"movie", "progress"}
    await tracker.tells_playing.playing("pause", trakt.episode(), 42.0)
    (paused,) = account(trakt)["playback"]
    assert paused["progress"] == 42.0
    assert account(trakt)["history"] == []
    assert trakt.api.calls("POST /scrobble/stop") == []


async def test_each_word_takes_a_turn_of_the_pace(trakt: TraktBench, tracker: Masked, clock: FakeClock) -> None:
    started = clock.monotonic()
    for percent in (1.0, 2.0, 3.0):
        await tracker.tells_playing.playing("start", trakt.film(), percent)
    assert clock.monotonic() - started >= 2.0, "Trakt allows one write a second"


async def test_what_goes_wrong_is_told_as_ever(trakt: TraktBench) -> None:
    tracker = trakt.tracker()
    expected: list[tuple[int, type[TrackerError]]] = [(503, TryLater), (423, AccountStopped), (429, TryLater)]
    for status, error in expected:
        trakt.fail("POST /scrobble/start", status=status)
        with pytest.raises(error):
            await Masked(tracker, Redactor()).tells_playing.playing("start", trakt.film(), 1.0)
    with pytest.raises(TrackerError):
        await Masked(tracker, Redactor()).tells_playing.playing("start", Movie("Nowhere at All", 1999), 1.0)
    with pytest.raises(LoginNeeded):
        await Masked(trakt.tracker(tokens=KeptTokens()), Redactor()).tells_playing.playing("start", trakt.film(), 1.0)

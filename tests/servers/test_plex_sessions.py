"""What a notification of a Plex server means, given what was heard before."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.watching.events import Account
from scrobbled.servers.plex.sessions import (
    PlexNotice,
    PlexPlaying,
    Seat,
    begun,
    ended,
    heard,
    is_another,
    notices,
    seated,
)

SEAT = Seat(Account("41220078", "ben"), "tv-1", "Lounge")
LENGTH = 2_700_000
ENTRY = {
    "sessionKey": "41",
    "ratingKey": "90412",
    "key": "/library/metadata/90412",
    "viewOffset": 5000,
    "state": "playing",
}


def seat(offset: float | None = 0, length: int | None = LENGTH) -> PlexPlaying:
    return begun(SEAT, "90412", length, offset, 0.0)


def told(
    *entries: tuple[float, str, float | None], start: PlexPlaying | None = None, key: str = "90412"
) -> list[tuple[str, int]]:
    """What is said of (monotonic seconds, state, offset), one after the other."""
    on: PlexPlaying | None = start or seat()
    said = []
    for now, state, offset in entries:
        assert on is not None
        on, say = heard(on, PlexNotice("41", key, state, offset), now)
        if say:
            said.append((say.event.removeprefix("media."), say.offset_ms))
    return said


@pytest.mark.parametrize(
    "message",
    [
        {"PlaySessionStateNotification": ENTRY},
        {"PlaySessionStateNotification": [ENTRY]},
        {"NotificationContainer": {"type": "playing", "size": 1, "PlaySessionStateNotification": [ENTRY]}},
        {"PlaySessionStateNotification": {**ENTRY, "sessionKey": 41, "viewOffset": "5000", "state": "Playing"}},
    ],
)
def test_an_entry_is_read_however_it_is_wrapped(message: dict[str, Any]) -> None:
    assert notices(json.dumps(message)) == (PlexNotice("41", "90412", "playing", 5000.0),)


def test_all_entries_of_a_message_are_read() -> None:
    both = [ENTRY, {**ENTRY, "sessionKey": "42"}, "nonsense", {"state": "playing"}]
    assert [one.session for one in notices(json.dumps({"PlaySessionStateNotification": both}))] == ["41", "42"]


@pytest.mark.parametrize("data", ["", "{}", "[]", "null", "{", '{"NotificationContainer": 1}', "[" * 100_000])
def test_what_is_no_notification_is_nothing(data: str) -> None:
    assert notices(data) == ()


def test_a_viewing_is_told_by_its_changes_and_once_a_minute() -> None:
    playing = [(10.0 * n, "playing", 10_000.0 * n) for n in range(10)]
    rest = [(100.0, "paused", 100_000.0), (110.0, "paused", 100_000.0), (400.0, "playing", 100_000.0)]
    assert told(*playing, *rest, (410.0, "stopped", 110_000.0)) == [
        ("play", 0),
        ("progress", 60_000),
        ("pause", 100_000),
        ("resume", 100_000),
        ("stop", 110_000),
    ]


def test_buffering_says_nothing() -> None:
    assert told((0, "playing", 0), (5, "buffering", 0), (9, "error", 0), (10, "playing", 5000)) == [("play", 0)]


def test_positions_in_seconds_are_recognised_by_how_they_move() -> None:
    entries = [(10.0 * n, "playing", 1200.0 + 10 * n) for n in range(8)]
    assert told(*entries, (80.0, "stopped", 1280.0))[-1] == ("stop", 1_280_000)


def test_positions_in_seconds_are_recognised_by_the_list_of_sessions() -> None:
    assert told((0, "playing", 1201), start=seat(1_200_000)) == [("play", 1_201_000)]


@pytest.mark.parametrize(("offset", "reached"), [(3_000_000, LENGTH), (-5, 0), (None, 0)])
def test_a_position_stays_within_the_item(offset: float | None, reached: int) -> None:
    assert told((0, "playing", offset)) == [("play", reached)]


def test_the_next_item_named_just_before_the_end_does_not_take_its_place() -> None:
    on, _ = heard(seat(), PlexNotice("41", "90412", "playing", 2_600_000), 0.0)
    assert on is not None
    wrong = PlexNotice("41", "90413", "playing", 2_610_000)
    assert not is_another(on, wrong)
    on, say = heard(on, wrong, 10.0)
    assert on is not None
    assert say is None
    on, say = heard(on, PlexNotice("41", "90413", "stopped", 2_610_000), 11.0)
    assert on is None
    assert say is not None
    assert (say.event, say.offset_ms) == ("media.stop", 2_611_000)


def test_another_item_from_its_beginning_or_named_twice_is_another_viewing() -> None:
    on, _ = heard(seat(), PlexNotice("41", "90412", "playing", 2_600_000), 0.0)
    assert on is not None
    assert is_another(on, PlexNotice("41", "90413", "playing", 2000))
    later = PlexNotice("41", "90413", "playing", 700_000)
    on, _ = heard(on, later, 10.0)
    assert on is not None
    assert is_another(on, later)
    on, _ = heard(on, PlexNotice("41", "90412", "playing", 2_620_000), 20.0)
    assert on is not None
    assert not is_another(on, later), "it was named once again, and in between it was not"


def test_a_stop_that_tells_a_place_nobody_can_have_reached_is_where_it_was_last() -> None:
    assert told((0, "playing", 100_000), (10, "stopped", 2_690_000))[-1] == ("stop", 100_000)
    on, _ = heard(seat(), PlexNotice("41", "90412", "playing", 100_000), 0.0)
    assert on is not None
    _, say = heard(on, PlexNotice("41", "90412", "stopped", 2_690_000), 10.0)
    assert say is not None
    assert say.claimed_ms == 2_690_000


def test_an_end_without_a_notice_is_where_it_was_and_a_few_seconds_on() -> None:
    on, _ = heard(seat(), PlexNotice("41", "90412", "playing", 100_000), 0.0)
    assert on is not None
    assert ended(on, 8.0).offset_ms == 108_000
    assert ended(on, 900.0).offset_ms == 115_000
    paused, _ = heard(on, PlexNotice("41", "90412", "paused", 100_000), 1.0)
    assert paused is not None
    assert ended(paused, 900.0).offset_ms == 100_000


def test_a_session_without_a_user_is_nobodys() -> None:
    row = {"sessionKey": "1", "ratingKey": "2", "Player": {"state": "playing", "machineIdentifier": "m"}}
    assert list(seated([row, {**row, "User": {"id": "1", "title": ""}}])) == []
    ((_, found),) = seated([{**row, "User": {"id": "1", "title": "anna"}}])
    assert (found.account, found.player) == (Account("1", "anna"), "m")


ENTRIES = st.lists(
    st.tuples(
        st.floats(0, 60),
        st.sampled_from(["playing", "paused", "stopped", "buffering", ""]),
        st.none() | st.floats(-1e9, 1e9),
        st.sampled_from(["90412", "90413"]),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(ENTRIES)
def test_whatever_comes_it_begins_once_and_stays_within_the_item(
    entries: list[tuple[float, str, float | None, str]],
) -> None:
    on: PlexPlaying | None = seat()
    now, said = 0.0, []
    for passed, state, offset, key in entries:
        now += passed
        assert on is not None
        on, say = heard(on, PlexNotice("41", key, state, offset), now)
        said += [say] if say else []
        if on is None:
            break
    assert all(0 <= say.offset_ms <= LENGTH for say in said)
    assert [say.event for say in said].count("media.play") <= 1
    assert [say.event for say in said].count("media.stop") <= 1

"""Large writes to the Trakt stand-in: batches, lost answers, plays without dates, and what other programs leave."""

from typing import Any

import httpx
import pytest

from sandbox.trakt_caller import Caller
from scrobbled.sandbox.faults import Fault, in_turn

LAST_NIGHT = "2026-11-13T20:31:00.000Z"


def episodes(trakt: Caller, count: int, **values: Any) -> dict[str, Any]:
    """That many, over and over from the first one on."""
    ids = [one.tmdb for show in trakt.world.shows for one in show.episodes()]
    return {"episodes": [{"ids": {"tmdb": ids[n % len(ids)]}, **values} for n in range(count)]}


@pytest.mark.parametrize("size", [100, 250, 1000])
def test_a_batch_may_have_hundreds_of_items(trakt: Caller, size: int) -> None:
    answer = trakt.post("/sync/history", episodes(trakt, size, watched_at=LAST_NIGHT))
    assert (answer.status_code, answer.json()["added"]["episodes"], len(trakt.history())) == (201, size, size)


def test_every_tenth_write_can_be_lost_after_it_was_done_half_done_or_dropped(trakt: Caller) -> None:
    ways = (
        Fault("POST /sync/history", "status", status=502, when="after"),
        Fault("POST /sync/history", "half"),
        Fault("POST /sync/history", "drop", when="after"),
    )
    for fault in in_turn(ways, 10):
        trakt.api.faults.add(fault)
    told: list[int] = []
    for n in range(60):
        try:
            told.append(trakt.post("/sync/history", episodes(trakt, 2, watched_at=LAST_NIGHT)).status_code)
        except httpx.RemoteProtocolError:
            told.append(0)
        lost = [number for number, status in enumerate(told, start=1) if status != 201]
        held = 2 * (n + 1) - sum(1 for number in lost if number % 30 == 20)
        assert len(trakt.history()) == held
    assert [(n, told[n - 1]) for n in lost] == [(10, 502), (20, 502), (30, 0), (40, 502), (50, 502), (60, 0)]


def test_every_needs_a_number() -> None:
    with pytest.raises(ValueError, match="every must be at least 1"):
        Fault(every=0)


def test_plays_without_a_date_come_in_every_form(trakt: Caller) -> None:
    show = trakt.world.shows[0]
    first, second, third = (show.episode(1, number) for number in (1, 2, 3))
    placed = [{"number": 2, "watched_at": "unknown"}, {"number": 99, "watched_at": "unknown"}]
    body = {
        "movies": [{"ids": {"tmdb": trakt.world.movies[0].tmdb}, "watched_at": "released"}],
        "episodes": [{"ids": {"tvdb": first.tvdb}, "watched_at": "released"}],
        "shows": [{"ids": {"tvdb": show.tvdb}, "seasons": [{"number": 1, "episodes": placed}]}],
    }
    answer = trakt.post("/sync/history", body).json()
    assert answer["added"] == {"movies": 1, "episodes": 2}
    (missing,) = answer["not_found"]["shows"]
    assert missing["ids"] == {"tvdb": show.tvdb}
    assert [one["number"] for one in missing["seasons"][0]["episodes"]] == [99]
    dates = {(row["season"], row["number"]): row["watched_at"] for row in trakt.history()}
    assert dates[1, second.number] == "1970-01-01T00:00:00.000Z"
    assert dates[1, first.number][:10] == first.air_date.isoformat()
    assert dates[None, None][:4] == str(trakt.world.movies[0].year)
    assert (1, third.number) not in dates


def test_the_seasons_of_a_show_may_come_without_their_episodes(trakt: Caller) -> None:
    path = f"/shows/{trakt.world.shows[0].trakt}/seasons?extended=episodes"
    assert all(season["episodes"] for season in trakt.get(path).json())
    trakt.control("switches", {"bare_seasons": True})
    assert not any("episodes" in season for season in trakt.get(path).json())


@pytest.mark.parametrize(("apart", "minutes"), [(0, 1), (90, 38)])
def test_another_program_left_plays_that_nobody_can_have_watched(trakt: Caller, apart: int, minutes: int) -> None:
    before = trakt.get("/sync/last_activities").json()["episodes"]["watched_at"]
    told = trakt.control("bulk", {"plays": 25, "at": "2026-01-01T20:00:30Z", "apart": apart})
    assert told == {"username": "anna", "plays": 25}
    rows = trakt.get("/sync/history?limit=250").json()
    times = sorted(row["watched_at"] for row in rows)
    first, last = times[0], times[-1]
    assert (len(rows), len({row["episode"]["ids"]["trakt"] for row in rows})) == (25, 25)
    assert (first, len(set(times)) <= minutes) == ("2026-01-01T20:00:00.000Z", True)
    assert last <= "2026-01-01T20:37:00.000Z"
    assert trakt.get("/sync/last_activities").json()["episodes"]["watched_at"] > before
    assert trakt.ask("POST", "/_sandbox/bulk", {"plays": 0}).status_code == 400


def test_a_read_that_is_behind_shows_what_was_there_then(trakt: Caller) -> None:
    """What is kept of the newest state is not shown to such a read."""
    trakt.post("/sync/history", episodes(trakt, 2, watched_at=LAST_NIGHT))
    assert len(trakt.get("/sync/history").json()) == 2
    trakt.clock.advance(100)
    trakt.post("/sync/history", episodes(trakt, 1, watched_at=LAST_NIGHT))
    trakt.control("switches", {"lag": 30})
    assert len(trakt.get("/sync/history").json()) == 2
    trakt.clock.advance(60)
    assert len(trakt.get("/sync/history").json()) == 3

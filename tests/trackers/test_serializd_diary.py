"""Looking plays up at Serializd: complete, whatever the diary does meanwhile."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, TryLater
from scrobbled.plumbing.http import Http
from scrobbled.trackers.base import Addition
from scrobbled.trackers.serializd.tracker import SerializdTracker, build
from trackers.contract import EVENING, add, play_of
from trackers.serializd_setup import URL, Setup

DIARY = "GET /api/user/anna/diary"


def pages(setup: Setup) -> list[str]:
    return [call.query["page"] for call in setup.service.calls(DIARY)]


async def test_a_row_on_the_last_page_is_found_whatever_the_order(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode(), EVENING - timedelta(days=4_000))
    await add(tracker, [play])
    setup.service.preload("anna", 100)
    for order in ("backdate", "date_added", "shuffled"):
        setup.service.settings.diary_order = order
        assert (await tracker.find_plays([play]))[0] is not None


async def test_an_absence_takes_every_page(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.service.preload("anna", 100)
    play = await play_of(tracker, setup.episode(), EVENING + timedelta(seconds=1))
    assert await tracker.find_plays([play]) == [None]
    assert pages(setup) == ["1", "2", "3", "4", "5", "1"]
    assert {call.query["include_target"] for call in setup.service.calls(DIARY)} == {"ALL"}


async def test_reading_stops_when_all_is_found(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.service.preload("anna", 100)
    play = await play_of(tracker, setup.episode(), EVENING + timedelta(days=1))
    await add(tracker, [play])
    await tracker.find_plays([play])
    assert pages(setup) == ["1"]


async def test_a_diary_that_moved_is_read_again(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.service.preload("anna", 60)
    setup.service.settings.shift = 1
    play = await play_of(tracker, setup.episode(), EVENING + timedelta(seconds=1))
    assert await tracker.find_plays([play]) == [None]
    assert pages(setup) == ["1", "2", "3", "1", "1", "2", "3", "1"]


async def test_a_diary_that_never_holds_still_is_no_proof_of_absence(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.service.preload("anna", 60)
    setup.service.settings.shift = 1_000
    play = await play_of(tracker, setup.episode(), EVENING + timedelta(seconds=1))
    with pytest.raises(TryLater, match="kept changing"):
        await tracker.find_plays([play])
    assert len(pages(setup)) < 25


async def test_a_page_that_fails_is_no_end(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.service.preload("anna", 100)
    play = await play_of(tracker, setup.episode(), EVENING + timedelta(seconds=1))
    setup.fail(DIARY, status=502, skip=3)
    with pytest.raises(TryLater) as caught:
        await tracker.find_plays([play])
    assert not caught.value.in_doubt


async def test_a_private_diary_is_read_with_the_token(setup: Setup) -> None:
    setup.service.add_account("anna@example.org", "anna-secret", "anna", private=True)
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    await add(tracker, [play])
    assert (await tracker.find_plays([play]))[0] is not None


async def test_the_same_second_of_another_account_is_not_ours(setup: Setup) -> None:
    ben = Setup(setup.clock, settings={**setup.settings, "email": "ben@example.org", "password": "ben-secret"})
    ben.service = setup.service
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    await add(ben.tracker(), [play])
    assert await tracker.find_plays([play]) == [None]


ROW: dict[str, Any] = {
    "id": 7,
    "showId": 90000,
    "seasonId": 140001,
    "episodeNumber": 4,
    "backdate": "2026-11-10T20:14:37Z",
    "dateAdded": "2026-11-10T20:14:40Z",
    "isLog": True,
}


async def looked_up(setup: Setup, *answers: dict[str, Any] | str) -> tuple[str | None, int]:
    """What the row of ``EVENING`` is found as, and after how many pages, where the diary answers just this."""
    play = await play_of(setup.tracker(), setup.episode())
    left = list(answers)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["page"])
        page = answers[0] if asked[-1] == "1" else left[int(asked[-1]) - 1]
        return httpx.Response(200, json=page) if isinstance(page, dict) else httpx.Response(200, text=page)

    tracker = build(setup.context(Http(URL, transport=httpx.MockTransport(answer))))
    (found,) = await tracker.find_plays([play])
    return (found.remote_id if found else None), len(asked)


def page(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"reviews": list(rows), "totalPages": 1, "totalReviews": None, **more}


@pytest.mark.parametrize(
    "change",
    [
        {"seasonId": None, "episodeNumber": None},
        {"episodeNumber": None},
        {"isLog": False},
        {"isLog": None, "isLogged": False, "backdate": None},
        {"backdate": "2026-11-10T20:14:38Z"},
        {"backdate": "garbage"},
        {"episodeNumber": 5},
        {"showId": 90001},
        {"seasonId": 140002},
    ],
)
async def test_only_the_very_same_viewing_is_a_match(setup: Setup, change: dict) -> None:
    assert await looked_up(setup, page({**ROW, **change})) == (None, 1)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"backdate": "2026-11-10T20:14:37.000Z"},
        {"backdate": "2026-11-10T15:14:37-05:00"},
        {"backdate": "2026-11-10T20:14:37"},
        {"episodeNumber": "4"},
        {"rating": None, "tags": None},
    ],
)
async def test_the_same_viewing_is_known_in_other_words(setup: Setup, change: dict) -> None:
    assert await looked_up(setup, page({**ROW, **change})) == ("7", 1)


async def test_an_empty_diary_is_an_answer(setup: Setup) -> None:
    assert await looked_up(setup, page()) == (None, 1)


async def test_an_empty_page_before_the_last_is_not_taken_for_the_end(setup: Setup) -> None:
    found = await looked_up(setup, page({**ROW, "id": 1, "showId": 1}, totalPages=3), page(totalPages=3), page(ROW))
    assert found == ("7", 3)


@pytest.mark.parametrize("total", [None, "many"])
async def test_without_a_number_of_pages_it_reads_to_the_first_empty_one(setup: Setup, total: object) -> None:
    others = [page({**ROW, "id": n, "showId": n}, totalPages=total) for n in (1, 2)]
    assert await looked_up(setup, *others, page(totalPages=total)) == (None, 4)


async def test_a_service_that_repeats_its_last_page_is_not_read_for_ever(setup: Setup) -> None:
    same = page({**ROW, "showId": 1}, totalPages=None)
    assert await looked_up(setup, same, same, same) == (None, 3)


async def test_an_absurd_number_of_pages_is_no_proof_of_absence(setup: Setup) -> None:
    answers = [page({**ROW, "id": n, "showId": 1}, totalPages=99_999) for n in range(5_001)]
    with pytest.raises(TryLater, match="5000 pages"):
        await looked_up(setup, *answers)


@pytest.mark.parametrize("answer", ["<html>", "[]", '{"totalPages": 1}', '{"reviews": [{"showId": 1}]}'])
async def test_an_unreadable_diary_is_drift(setup: Setup, answer: str) -> None:
    with pytest.raises(ContractDrift):
        await looked_up(setup, answer)


async def test_of_two_rows_for_one_second_the_first_seen_is_taken(setup: Setup) -> None:
    assert (await looked_up(setup, page({**ROW, "id": 3}, ROW)))[0] == "3"


async def found(tracker: SerializdTracker, *plays: Addition) -> list[bool]:
    return [receipt is not None for receipt in await tracker.find_plays(plays)]


async def test_one_read_answers_for_many_plays(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    await add(tracker, [play])
    other = await play_of(tracker, setup.episode(number=5))
    later = replace(play, watched_at=play.watched_at + timedelta(hours=1))
    assert await found(tracker, other, play, later) == [False, True, False]
    assert pages(setup) == ["1"]

"""The player's webhooks are the ones a real Plex Media Server sends."""

import asyncio
import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx
import pytest
from multipart import MultipartParser, parse_options_header

from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.events import EventKind
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.plex.items import episode_item, movie_item, season_item, show_item
from scrobbled.sandbox.plex.people import ANNA, BEN, MACHINE, NEIGHBOUR, PlexAccount
from scrobbled.sandbox.plex.player import EVENING, THUMB, PlexPlayer, multipart, payload
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.sources.plex import PlexSource

AT = datetime(2026, 11, 14, 20, 31, 12, tzinfo=UTC)
WORLD = worlds.build()
SHOW = WORLD.shows[0]
EPISODE = SHOW.episode(1, 2)
ITEM = episode_item(SHOW, EPISODE)
FILM = movie_item(WORLD.movies[0])


def parts(request: httpx.Request) -> dict[str, Any]:
    """The parts of a webhook, by name."""
    _, options = parse_options_header(request.headers["content-type"])
    parsed = MultipartParser(BytesIO(request.content), options["boundary"])
    return {part.name: part for part in parsed}


class Listener(httpx.AsyncBaseTransport):
    """Takes webhooks in; ``answers`` are the statuses it gives, an exception is raised."""

    def __init__(self, *answers: int | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self._answers.pop(0) if self._answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text='{"event": "1"}')

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(parts(request)["payload"].value) for request in self.requests]


def player(listener: Listener, *hooks: tuple[PlexAccount, str]) -> PlexPlayer:
    registered = hooks or ((ANNA, "http://scrobbled.local/webhooks/plex/secret"),)
    return PlexPlayer(lambda: registered, transport=listener)


def test_a_scrobble_has_the_fields_and_types_of_a_real_one() -> None:
    body = payload("media.scrobble", ITEM, ANNA, AT)
    assert body["event"] == "media.scrobble"
    assert (body["user"], body["owner"]) == (True, True)
    assert (body["Account"]["id"], body["Account"]["title"]) == (41220077, "anna")
    assert body["Server"]["uuid"] == MACHINE
    item = body["Metadata"]
    assert item["librarySectionType"] == "show"
    assert (item["ratingKey"], item["grandparentRatingKey"]) == (EPISODE.rating_key, SHOW.rating_key)
    assert (item["parentIndex"], item["index"], item["year"]) == (1, 2, EPISODE.air_date.year)
    assert (item["duration"], item["lastViewedAt"]) == (EPISODE.runtime * 60_000, int(AT.timestamp()))
    assert (item["grandparentGuid"], item["guid"]) == (SHOW.guid, EPISODE.guid)
    assert "viewOffset" not in item
    assert "grandparentYear" not in item


def test_guids_are_those_of_the_item_itself() -> None:
    def ids(item: Any) -> list[str]:
        return [one["id"] for one in payload("rate", item, ANNA, AT, rating=8.0)["Metadata"]["Guid"]]

    assert ids(ITEM) == [f"imdb://{EPISODE.imdb}", f"tmdb://{EPISODE.tmdb}", f"tvdb://{EPISODE.tvdb}"]
    assert ids(show_item(SHOW)) == [f"imdb://{SHOW.imdb}", f"tmdb://{SHOW.tmdb}", f"tvdb://{SHOW.tvdb}"]
    season = SHOW.seasons[1]
    assert ids(season_item(SHOW, season)) == [f"tmdb://{season.tmdb}", f"tvdb://{season.tvdb}"]


def test_only_a_scrobble_shows_the_new_view() -> None:
    before = ViewState(count=1, last=1_700_000_000)
    shown = {
        event: (item["viewCount"], item["lastViewedAt"])
        for event in EVENING
        if (item := payload(event, ITEM, ANNA, AT, before=before)["Metadata"])
    }
    assert shown.pop("scrobble") == (2, int(AT.timestamp()))
    assert set(shown.values()) == {(1, 1_700_000_000)}
    first = payload("play", ITEM, ANNA, AT)["Metadata"]
    assert not {"viewCount", "lastViewedAt", "viewOffset"} & set(first)


def test_a_rating_is_told_twice_and_names_no_player() -> None:
    rated = payload("rate", FILM, BEN, AT, rating=7.0)
    assert (rated["rating"], rated["Metadata"]["userRating"]) == (7.0, 7.0)
    assert rated["Metadata"]["lastRatedAt"] == int(AT.timestamp())
    assert "Player" not in rated
    cleared = payload("rate", FILM, BEN, AT, rating=-1)
    assert cleared["rating"] == -1
    assert "userRating" not in cleared["Metadata"]


def test_the_request_is_multipart_with_typed_parts() -> None:
    listener = Listener()
    asyncio.run(player(listener).watch(ITEM, ANNA, events=("play", "scrobble"), at=AT))
    play, scrobble = listener.requests
    assert play.headers["user-agent"].startswith("PlexMediaServer/1.")
    found = parts(play)
    assert found["payload"].content_type == "application/json"
    assert found["payload"].filename is None
    assert (found["thumb"].content_type, found["thumb"].raw[:2]) == ("image/jpeg", b"\xff\xd8")
    assert set(parts(scrobble)) == {"payload"}


def test_an_evening_is_told_in_order_with_positions_and_previous_views() -> None:
    listener = Listener()
    done = asyncio.run(player(listener).watch(ITEM, ANNA, at=AT))
    assert [one["event"] for one in listener.told()] == [f"media.{event}" for event in EVENING]
    assert [one.status for one in done] == [200] * 5
    offsets = [one["Metadata"].get("viewOffset") for one in listener.told()]
    length = EPISODE.runtime * 60_000
    assert offsets == [None, round(0.4 * length), round(0.4 * length), None, round(0.98 * length)]
    assert [one["Metadata"].get("viewCount") for one in listener.told()] == [None, None, None, 1, 1]


def test_watching_again_counts_up() -> None:
    listener = Listener()
    one = player(listener)
    for _ in range(2):
        asyncio.run(one.watch(ITEM, ANNA, events=("play", "scrobble", "stop"), at=AT))
    assert [told["Metadata"].get("viewCount") for told in listener.told()] == [None, 1, 1, 1, 2, 2]


def test_the_owner_hears_of_everybody_and_others_only_of_themselves() -> None:
    listener = Listener()
    one = player(listener, (ANNA, "http://a.local/"), (BEN, "http://b.local/"))
    for account in (ANNA, BEN, NEIGHBOUR):
        asyncio.run(one.watch(ITEM, account, events=("scrobble",), at=AT))
    heard = [
        (request.url.host, told["Account"]["title"], told["user"], told["owner"])
        for request, told in zip(listener.requests, listener.told(), strict=True)
    ]
    assert heard == [
        ("a.local", "anna", True, True),
        ("a.local", "ben", False, True),
        ("b.local", "ben", True, False),
        ("a.local", "neighbour", False, True),
    ]


@pytest.mark.parametrize("answer", [500, 404, httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
def test_nothing_is_ever_sent_twice(answer: int | Exception) -> None:
    listener = Listener(answer)
    done = asyncio.run(player(listener).watch(FILM, ANNA, events=("scrobble",), at=AT))
    assert len(listener.requests) == 1
    assert [one.status for one in done] == [answer if isinstance(answer, int) else 0]


def test_our_own_parser_understands_it() -> None:
    (event,) = PlexSource().parse(payload("scrobble", ITEM, BEN, AT, receiver=ANNA), AT)
    assert event.kind is EventKind.WATCHED
    assert (event.account.id, event.occurred_at) == ("41220078", AT.replace(microsecond=0))
    assert isinstance(event.item, Episode)
    assert (event.item.season, event.item.number, event.item.ids.tvdb) == (1, 2, EPISODE.tvdb)
    assert event.item.show_ids.tmdb is None


def test_the_bytes_do_not_depend_on_anything_but_the_message() -> None:
    body = payload("play", ITEM, ANNA, AT)
    assert multipart(body, THUMB) == multipart(dict(body), THUMB)
    assert multipart(body)[1].count(b"Content-Disposition") == 1


def test_an_episode_of_another_show_is_refused() -> None:
    with pytest.raises(LookupError):
        episode_item(WORLD.shows[1], EPISODE)

"""The Emby stand-in answers and sends as the real server does."""

import pytest

from conftest import FakeClock
from sandbox.media_house import MediaHouse
from scrobbled.sandbox.mediabrowser.emby import ANNA, BEN, NOTIFIER

KEY = "sandbox-emby-key"
LISTENER = "http://scrobbled.local/webhooks/emby/secret"
CONFIGURED = "/emby/Notifications/Services/Configured"


@pytest.fixture
def house(clock: FakeClock) -> MediaHouse:
    return MediaHouse("emby", clock)


@pytest.mark.parametrize("prefix", ["", "/emby"])
def test_every_path_works_with_and_without_its_prefix(house: MediaHouse, prefix: str) -> None:
    assert house.ask("GET", f"{prefix}/System/Info/Public").json()["Version"] == "4.9.1.0"
    assert house.ask("GET", f"{prefix}/Users").status_code == 401
    assert len(house.ask("GET", f"{prefix}/Users", key=KEY).json()) == 4
    assert house.ask("GET", f"{prefix}/Users?api_key={KEY}").status_code == 200
    assert house.ask("GET", f"{prefix}/Users", headers={"X-Emby-Token": KEY}).status_code == 200


def test_items_are_listed_for_a_user_and_found_by_ids_of_others(house: MediaHouse) -> None:
    film = house.world.movies[0]
    house.ask("POST", "/_sandbox/watch", json={"title": film.title, "account": "ben"})
    path = f"/emby/Users/{BEN.id}/Items?Recursive=true&Filters=IsPlayed&IncludeItemTypes=Movie,Episode"
    (row,) = house.ask("GET", path, key=KEY).json()["Items"]
    assert (row["Id"].isdigit(), row["UserData"]["PlayCount"], "ProviderIds" in row) == (True, 1, False)
    found = house.ask("GET", f"/emby/Items?AnyProviderIdEquals=imdb.{film.imdb}&Fields=ProviderIds", key=KEY).json()
    assert [one["ProviderIds"]["Tmdb"] for one in found["Items"]] == [str(film.tmdb)]
    alone = house.ask("GET", f"/emby/Users/{BEN.id}/Items/{row['Id']}", key=KEY).json()
    assert alone["ProviderIds"]["Imdb"] == film.imdb
    libraries = house.ask("GET", "/emby/Library/VirtualFolders", key=KEY).json()
    inside = house.ask("GET", f"/emby/Users/{BEN.id}/Items?ParentId={libraries[0]['ItemId']}", key=KEY).json()
    assert inside["TotalRecordCount"] == len(house.world.movies)


def test_marks_take_its_own_form_of_a_date(house: MediaHouse) -> None:
    item = house.server.id_of(house.server.library.find(house.world.movies[0].title))
    path = f"/emby/Users/{BEN.id}/PlayedItems/{item}"
    marked = house.ask("POST", f"{path}?DatePlayed=20200203040506", key=KEY).json()
    assert marked["LastPlayedDate"] == "2020-02-03T04:05:06.0000000Z"
    assert house.ask("DELETE", path, key=KEY).json()["Played"] is False
    house.ask("POST", path, key=KEY)
    assert house.ask("POST", f"{path}/Delete", key=KEY).json()["Played"] is False
    assert house.ask("POST", path, key=ANNA.token).status_code == 200
    assert house.ask("POST", f"/emby/Users/{ANNA.id}/PlayedItems/{item}", key=BEN.token).status_code == 403


@pytest.mark.parametrize("form", ["form", "json"])
def test_a_viewing_is_four_webhooks_in_either_form(house: MediaHouse, form: str) -> None:
    house.ask("POST", "/_sandbox/hooks", json={"urls": [LISTENER], "as": form})
    show = house.world.shows[0]
    house.ask("POST", "/_sandbox/watch", json={"title": f"{show.title} S1E2", "account": "ben"})
    assert [row["Event"] for row in house.told] == [
        "playback.start", "playback.pause", "playback.unpause", "playback.stop"
    ]  # fmt: skip
    assert house.heard[0].headers["content-type"].startswith({"form": "multipart/", "json": "application/json"}[form])
    last = house.told[-1]
    assert (last["PlaybackInfo"]["PlayedToCompletion"], last["User"]["Name"]) == (True, "ben")
    assert last["Date"] == "2026-11-14T20:00:00.0000000Z"
    assert last["Item"]["ProviderIds"]["Tmdb"] == str(show.episode(1, 2).tmdb)
    assert "PositionTicks" not in house.told[0]["PlaybackInfo"]


def test_marking_a_season_tells_every_episode_without_a_session(house: MediaHouse) -> None:
    show = house.world.shows[0]
    house.server.hook(LISTENER)
    season = next(one for one in house.server.library.items.values() if one.season is show.seasons[1])
    house.do(house.server.mark(season, "ben"))
    assert [row["Event"] for row in house.told] == ["item.markplayed"] * len(show.seasons[1].episodes)
    assert not any("Session" in row or "PlaybackInfo" in row for row in house.told)


def test_some_builds_leave_the_ids_out(house: MediaHouse) -> None:
    house.server.hook(LISTENER)
    film = house.server.library.find(house.world.movies[0].title)
    house.server.without_ids.add(film.rating_key)
    house.do(house.server.watch(film, "ben"))
    assert not any("ProviderIds" in row["Item"] for row in house.told)


def test_a_webhook_is_registered_and_updated_among_others(house: MediaHouse) -> None:
    mine = {
        "NotifierKey": NOTIFIER,
        "FriendlyName": "scrobbled",
        "Enabled": True,
        "UserIds": [],
        "EventIds": ["playback.stop"],
        "Options": {"EnableMultipartFormData": False, "Url": LISTENER},
    }
    other = {**mine, "FriendlyName": "other", "Enabled": False}
    for one in (other, mine):
        assert house.ask("POST", f"{CONFIGURED}?UserId={ANNA.id}", key=KEY, json=one).status_code == 204
    found = house.ask("GET", f"{CONFIGURED}?UserId={ANNA.id}", key=KEY).json()
    assert [one["FriendlyName"] for one in found] == ["other", "scrobbled"]
    changed = {**found[1], "EventIds": ["item.markplayed"]}
    assert house.ask("POST", CONFIGURED, key=KEY, json=changed).status_code == 204
    assert house.ask("POST", CONFIGURED, key=KEY, json={**mine, "Id": "x"}).status_code == 404
    assert house.ask("GET", CONFIGURED, key=BEN.token).status_code == 403
    house.ask("POST", "/_sandbox/watch", json={"title": house.world.movies[0].title})
    house.ask("POST", "/_sandbox/mark", json={"title": house.world.movies[1].title})
    assert [row["Event"] for row in house.told] == ["item.markplayed"]


def test_ratings_and_new_items_are_told(house: MediaHouse) -> None:
    house.server.hook(LISTENER)
    title = house.world.movies[0].title
    assert house.ask("POST", "/_sandbox/test").json()["deliveries"][0]["event"] == "system.notificationtest"
    assert "Item" not in house.told[0]
    house.heard.clear()
    for rating in (8, None):
        house.ask("POST", "/_sandbox/rate", json={"title": title, "account": "ben", "rating": rating})
    house.ask("POST", "/_sandbox/added", json={"title": title})
    rated, cleared, added = house.told
    assert (rated["Event"], rated["Item"]["UserData"]["Rating"]) == ("item.rate", 8)
    assert "Rating" not in cleared["Item"]["UserData"]
    assert (added["Event"], "User" in added) == ("library.new", False)

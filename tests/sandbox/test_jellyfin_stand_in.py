"""The Jellyfin stand-in answers and sends as the real server and its two webhook plugins do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conftest import FakeClock
from sandbox.media_house import MediaHouse
from scrobbled.sandbox.mediabrowser.jellyfin import ANNA, BEN, SOFA, WEBHOOK_PLUGIN

KEY = "sandbox-jellyfin-key"
LISTENER = "http://scrobbled.local/webhooks/jellyfin/secret"
PLAYED = "Recursive=true&IncludeItemTypes=Movie,Episode&Filters=IsPlayed&SortBy=DatePlayed&SortOrder=Descending"


@pytest.fixture
def house(clock: FakeClock) -> MediaHouse:
    return MediaHouse("jellyfin", clock)


def played(house: MediaHouse, more: str = "", user: str = BEN.id) -> dict[str, Any]:
    return dict(house.ask("GET", f"/Items?userId={user}&{PLAYED}{more}", key=KEY).json())


def kinds(house: MediaHouse) -> list[str]:
    return [f"{row['NotificationType']} {row.get('SaveReason', '')}".strip() for row in house.told]


def test_only_who_the_server_is_can_be_asked_without_a_key(house: MediaHouse) -> None:
    assert house.ask("GET", "/System/Info/Public").json()["Id"] == house.server.face.id
    assert house.ask("GET", "/Users").status_code == 401
    assert house.ask("GET", "/Users", headers={"X-Emby-Token": KEY}).status_code == 401
    assert house.ask("GET", "/nothing", key=KEY).status_code == 404


def test_a_key_sees_everybody_and_a_user_only_itself(house: MediaHouse) -> None:
    assert [row["Name"] for row in house.ask("GET", "/Users", key=KEY).json()] == ["anna", "ben", "sofa", "neighbour"]
    assert [row["Name"] for row in house.ask("GET", "/Users", key=BEN.token).json()] == ["ben"]
    assert house.ask("GET", "/Users/Me", key=BEN.token).json()["Id"] == BEN.id
    assert house.ask("GET", "/Users/Me", key=KEY).status_code == 400
    assert house.ask("GET", f"/Items?userId={ANNA.id}", key=BEN.token).status_code == 403
    for path in ("/Plugins", "/Library/VirtualFolders"):
        assert house.ask("GET", path, key=BEN.token).status_code == 403
        assert house.ask("GET", path, key=ANNA.token).status_code == 200


def test_what_a_user_played_is_listed_newest_first_and_in_pages(house: MediaHouse) -> None:
    show = house.world.shows[0]
    for number in (1, 2, 3):
        item = house.server.library.find(f"{show.title} S1E{number}")
        house.do(house.server.watch(item, "ben", at=datetime(2026, 11, number, 20, tzinfo=UTC)))
    house.do(house.server.watch(house.server.library.find(house.world.movies[0].title), "ben", until=0.5))
    whole = played(house, "&Fields=ProviderIds")
    assert [row["IndexNumber"] for row in whole["Items"]] == [3, 2, 1]
    newest = whole["Items"][0]
    assert newest["ProviderIds"]["Tmdb"] == str(show.episode(1, 3).tmdb)
    assert newest["UserData"]["LastPlayedDate"].startswith("2026-11-03T19:15")
    page = played(house, "&STARTINDEX=1&limit=1")
    assert (page["TotalRecordCount"], page["StartIndex"], len(page["Items"])) == (3, 1, 1)
    assert "ProviderIds" not in page["Items"][0]
    assert played(house, user=ANNA.id)["TotalRecordCount"] == 0


def test_a_series_is_found_with_its_own_ids(house: MediaHouse) -> None:
    show = house.world.shows[1]
    episode = house.server.library.find(f"{show.title} S1E1")
    series = house.ask("GET", f"/Items/{house.server.id_of(episode)}?userId={BEN.id}", key=KEY).json()["SeriesId"]
    rows = house.ask("GET", f"/Items?Ids={series}&Fields=ProviderIds", key=KEY).json()["Items"]
    assert [(row["Type"], row["ProviderIds"]["Tvdb"]) for row in rows] == [("Series", str(show.tvdb))]
    inside = house.ask("GET", f"/Items?parentId={series}&IncludeItemTypes=Episode&Recursive=true", key=KEY).json()
    assert inside["TotalRecordCount"] == len(list(show.episodes()))


def test_a_mark_has_its_date_and_is_told_as_toggled(house: MediaHouse) -> None:
    house.server.hook(LISTENER)
    item = house.server.id_of(house.server.library.find(house.world.movies[0].title))
    path = f"/UserPlayedItems/{item}?userId={BEN.id}"
    answer = house.ask("POST", f"{path}&datePlayed=2020-02-03T04:05:06Z", key=KEY)
    assert (answer.json()["Played"], answer.json()["LastPlayedDate"]) == (True, "2020-02-03T04:05:06.0000000Z")
    assert house.ask("DELETE", path, key=KEY).json()["Played"] is False
    assert [(row["SaveReason"], row["Played"]) for row in house.told] == [
        ("TogglePlayed", True),
        ("TogglePlayed", False),
    ]
    assert house.ask("POST", f"{path}&datePlayed=soon", key=KEY).status_code == 400
    assert house.ask("POST", f"/UserPlayedItems/{item}", key=KEY).status_code == 400


def test_a_viewing_tells_what_the_real_plugin_tells_traps_included(house: MediaHouse) -> None:
    house.server.hook(LISTENER)
    item = house.server.library.find(f"{house.world.shows[0].title} S2E1")
    house.do(house.server.watch(item, SOFA))
    assert kinds(house) == [
        "UserDataSaved PlaybackStart",
        "PlaybackStart",
        "UserDataSaved PlaybackProgress",
        "PlaybackProgress",
        "UserDataSaved PlaybackProgress",
        "PlaybackProgress",
        "UserDataSaved PlaybackProgress",
        "PlaybackProgress",
        "PlaybackProgress",
        "UserDataSaved PlaybackProgress",
        "PlaybackProgress",
        "UserDataSaved PlaybackFinished",
        "PlaybackStop",
    ]
    first, last = house.told[0], house.told[-1]
    assert (first["Played"], first["PlayCount"], house.told[9]["Played"]) == (False, 1, True)
    assert (last["PlayedToCompletion"], last["NotificationUsername"], last["SeasonNumber"]) == (True, "sofa", 2)
    assert last["UtcTimestamp"] == "2026-11-14T20:00:00.0000000Z"
    assert last["Timestamp"] == "2026-11-14T21:00:00.0000000Z"
    assert [one.item for one in house.server.viewings] == [item]


def test_a_viewing_broken_off_is_no_completion(house: MediaHouse) -> None:
    house.server.hook(LISTENER)
    item = house.server.library.find(house.world.movies[1].title)
    house.do(house.server.watch(item, "ben", events=["play", "stop"], until=0.5))
    assert house.told[-1]["PlayedToCompletion"] is False
    assert house.server.viewings == []
    assert house.server.seen(BEN, item).position == item.duration // 2


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("json", "application/json"),
        ("text", "text/plain; charset=utf-8"),
        ("form", "application/x-www-form-urlencoded"),
    ],
)
def test_the_official_plugin_sends_in_three_forms(house: MediaHouse, form: str, kind: str) -> None:
    house.ask("POST", "/_sandbox/hooks", json={"urls": [LISTENER], "as": form})
    house.ask("POST", "/_sandbox/rate", json={"title": house.world.movies[0].title, "account": "ben", "rating": 8})
    (row,) = house.told
    assert (house.heard[0].headers["content-type"], str(row["Rating"])) == (kind, "8")
    assert (row["SaveReason"], str(row["Played"])) == ("UpdateUserRating", "False")
    assert house.heard[0].headers["user-agent"] == "Jellyfin-Server/10.11.8"


def test_the_other_plugin_sends_the_ids_of_the_series_and_scrobbles_once_for_good(house: MediaHouse) -> None:
    show = house.world.shows[0]
    house.server.hook(LISTENER, "default")
    for who in (ANNA, BEN):
        house.do(house.server.watch(house.server.library.find(f"{show.title} S1E1"), who))
    events = " ".join(row["Event"] for row in house.told)
    first, second = (
        "Play Progress Pause Resume Progress Scrobble Stop",
        "Play Progress Pause Resume Progress Progress Stop",
    )
    assert events == f"{first} {second}"
    assert {row["Series"]["ProviderIds"]["Tmdb"] for row in house.told} == {str(show.tmdb)}
    assert house.told[-1]["Item"]["UserData"]["Played"] is True


def test_its_plex_format_is_plex_in_shape_only(house: MediaHouse) -> None:
    show = house.world.shows[0]
    house.server.hook(LISTENER, "plex")
    house.do(house.server.watch(house.server.library.find(f"{show.title} S1E2"), "ben"))
    assert [row["event"] for row in house.told] == [
        "media.play", "media.pause", "media.resume", "media.scrobble", "media.stop"
    ]  # fmt: skip
    data = house.told[-1]["Metadata"]
    assert data["guid"] == f"com.plexapp.agents.thetvdb://{show.tvdb}/1/2?lang=en"
    assert data["duration"] == 10 * house.server.library.find(f"{show.title} S1E2").duration
    assert "ratingKey" not in data
    assert house.told[-1]["Account"]["id"].count("-") == 4


def test_a_webhook_is_registered_by_reading_and_writing_the_configuration(house: MediaHouse) -> None:
    (plugin,) = [row for row in house.ask("GET", "/Plugins", key=KEY).json() if row["Name"] == "Webhook"]
    assert plugin["Id"] == WEBHOOK_PLUGIN
    path = "/Plugins/71552a5a-5c5c-4350-a2ae-ebe451a30173/Configuration"
    configuration = house.ask("GET", path, key=KEY).json()
    entry = {
        "WebhookUri": LISTENER,
        "NotificationTypes": ["PlaybackStop"],
        "EnableWebhook": True,
        "EnableMovies": True,
        "EnableEpisodes": False,
        "SendAllProperties": True,
        "UserFilter": [BEN.id],
        "Headers": [{"Key": "Content-Type", "Value": "application/json"}],
    }
    changed = {**configuration, "GenericOptions": [entry]}
    assert house.ask("POST", path, key=KEY, json=changed).status_code == 204
    assert house.ask("GET", path, key=KEY).json() == changed
    film, episode = house.world.movies[0].title, f"{house.world.shows[0].title} S1E1"
    for title, who in ((film, "ben"), (film, "anna"), (episode, "ben")):
        house.ask("POST", "/_sandbox/watch", json={"title": title, "account": who})
    assert [(row["NotificationType"], row["UserId"]) for row in house.told] == [("PlaybackStop", BEN.id)]
    del house.server.configurations[WEBHOOK_PLUGIN]
    assert house.ask("GET", path, key=KEY).status_code == 404


def test_marking_a_season_tells_every_episode(house: MediaHouse) -> None:
    show = house.world.shows[0]
    house.server.hook(LISTENER)
    season = next(one for one in house.server.library.items.values() if one.season is show.seasons[1])
    body = {"id": house.server.id_of(season), "account": "ben"}
    assert house.ask("POST", "/_sandbox/mark", json=body).status_code == 200
    assert len(house.told) == len(show.seasons[1].episodes)
    assert played(house)["TotalRecordCount"] == len(house.told)


def test_user_data_and_likes_are_written_by_the_api(house: MediaHouse) -> None:
    house.server.hook(LISTENER)
    item = house.server.id_of(house.server.library.find(house.world.movies[0].title))
    given = {"Played": True, "LastPlayedDate": "2020-01-01T00:00:00Z", "Rating": 7, "PlaybackPositionTicks": 10_000}
    assert house.ask("POST", f"/UserItems/{item}/UserData?userId={BEN.id}", key=KEY, json=given).status_code == 200
    kept = house.ask("GET", f"/UserItems/{item}/UserData?userId={BEN.id}", key=KEY).json()
    assert (kept["Played"], kept["Rating"], kept["PlaybackPositionTicks"]) == (True, 7, 10_000)
    liked = house.ask("POST", f"/UserItems/{item}/Rating?userId={BEN.id}&likes=true", key=KEY)
    assert liked.json()["Likes"] is True
    assert "Likes" not in house.ask("DELETE", f"/UserItems/{item}/Rating?userId={BEN.id}", key=KEY).json()
    assert [row["SaveReason"] for row in house.told] == ["UpdateUserData", "UpdateUserRating", "UpdateUserRating"]
    wrong = house.ask("POST", f"/UserItems/{item}/UserData?userId={BEN.id}", key=KEY, json={"PlayCount": "x"})
    assert wrong.status_code == 400


def test_faults_hit_it_like_any_stand_in(house: MediaHouse) -> None:
    house.ask("POST", "/_sandbox/faults", json={"match": "GET /Items", "status": 503, "times": 1})
    assert [house.ask("GET", "/Items", key=KEY).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("wrong", [{"title": "Nobody made this"}, {"account": "eve"}, {"events": ["x"]}, {"at": "x"}])
def test_a_viewing_that_makes_no_sense_is_refused(house: MediaHouse, wrong: dict[str, Any]) -> None:
    body = {"title": house.world.movies[0].title, **wrong}
    assert house.ask("POST", "/_sandbox/watch", json=body).status_code == 400


def test_a_password_opens_what_the_user_may_see_and_no_other_does(house: MediaHouse) -> None:
    answer = house.ask("POST", "/Users/AuthenticateByName", json={"Username": "ben", "Pw": "ben-secret"})
    assert (answer.json()["AccessToken"], answer.json()["User"]["Id"]) == (BEN.token, BEN.id)
    assert house.ask("POST", "/Users/AuthenticateByName", json={"Username": "ben", "Pw": "x"}).status_code == 401
    views = house.ask("GET", f"/UserViews?userId={BEN.id}", key=BEN.token).json()["Items"]
    assert [row["CollectionType"] for row in views] == ["movies", "tvshows", "music"]
    films = house.ask("GET", f"/Items?userId={BEN.id}&parentId={views[0]['Id']}&recursive=true", key=BEN.token).json()
    assert {row["Type"] for row in films["Items"]} == {"Movie"}


def test_who_plays_something_is_seen_by_an_administrator(house: MediaHouse) -> None:
    house.server.playing[BEN.id] = house.server.library.find(house.world.movies[0].title)
    (told,) = house.ask("GET", "/Sessions", key=KEY).json()
    assert (told["UserId"], told["NowPlayingItem"]["Name"]) == (BEN.id, house.world.movies[0].title)
    assert house.ask("GET", "/Sessions", key=SOFA.token).json() == []


def test_streams_are_told_where_they_are_asked_for(house: MediaHouse) -> None:
    asked = f"/Items?userId={BEN.id}&includeItemTypes=Movie&limit=1"
    assert "MediaSources" not in house.ask("GET", asked, key=KEY).json()["Items"][0]
    row = house.ask("GET", f"{asked}&fields=MediaSources,Etag", key=KEY).json()["Items"][0]
    assert [one["Type"] for one in row["MediaSources"][0]["MediaStreams"]] == ["Video", "Audio"]
    assert row["Etag"]

"""What of an address says who receives it."""

import pytest

from scrobbled.core.places import home_of, place_of
from scrobbled.core.words.meant import meant


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://nas.local", "http://nas.local:80"),
        (" https://NAS.local/a/b?token=x ", "https://nas.local:443"),
        ("http://nas.local:80/", "http://nas.local:80"),
        ("https://nas.local:8443", "https://nas.local:8443"),
        ("ws://kodi", "ws://kodi:80"),
        ("wss://kodi", "wss://kodi:443"),
        ("mqtt://broker", "mqtt://broker:1883"),
        ("mqtts://somebody:secret@broker", "mqtts://broker:8883"),
        ("ftp://nas", "ftp://nas:None"),
        ("http://nas:65536", "http://nas:65536"),
        ("http://${HOST}/a", "http://${HOST}/a"),
        ("http://nas/${PATH}", "http://nas/${PATH}"),
        ("/run/kodi.sock", "/run/kodi.sock"),
        ("", ""),
    ],
)
def test_a_place_is_scheme_host_and_port(address: str, place: str) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("settings", "home"),
    [
        ({}, ""),
        ({"url": "", "token": "x", "servers": None}, ""),
        ({"url": "http://a/1"}, "url=http://a:80"),
        (
            {"account_url": "https://c", "auth_url": "https://b", "url": "https://a"},
            "url=https://a:443 auth_url=https://b:443 account_url=https://c:443",
        ),
        (
            {"servers": [{"url": "http://a"}, {"name": "x"}, {"url": "http://b:1"}]},
            "servers[0].url=http://a:80 servers[2].url=http://b:1",
        ),
    ],
)
def test_a_home_is_all_places_of_an_account(settings: dict[str, object], home: str) -> None:
    assert home_of(settings) == home


@pytest.mark.parametrize(
    ("word", "known", "told"),
    [
        ("pasword", ["email", "password"], 'did you mean "password"?'),
        (" PASSWORT ", ["email", "Password"], 'did you mean "Password"?'),
        ("trakt", ["Trakt", "track"], 'did you mean "Trakt"?'),
        ("abcde", ["abcxy"], 'did you mean "abcxy"?'),
        ("abcde", ["abxyz", "Email"], "known here: abxyz, Email"),
        ("x", [], "nothing is known here"),
    ],
)
def test_what_is_near_a_wrong_word_is_offered_and_else_what_there_is(word: str, known: list[str], told: str) -> None:
    assert meant(word, known) == told

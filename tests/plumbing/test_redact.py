"""What leaves the process carries no secret, and what is watched stays readable."""

import base64
import json
import timeit
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scrobbled.plumbing.redact import MASK, Redactor

SECRET = 'p@ss "wörd"/\\ & 2024'
SECRETS = st.text(min_size=8, max_size=40).filter(lambda text: text.strip() and "•" not in text)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
NESTED = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
)


def planted(value: Any, secret: str, draw: Any) -> Any:
    """``value`` with the secret put into some of its texts."""
    if isinstance(value, str):
        at = draw(st.integers(0, len(value)))
        return value[:at] + secret + value[at:]
    if isinstance(value, list):
        return [planted(part, secret, draw) for part in value]
    if isinstance(value, dict):
        return {key: planted(part, secret, draw) for key, part in value.items()}
    return value


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps({"payload": json.dumps({"a": SECRET})}),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        quote(quote(SECRET, safe=""), safe=""),
        urlencode({"x": SECRET}),
        repr(SECRET),
        json.dumps(SECRET).replace("/", "\\/"),
    ],
)
def test_a_known_secret_is_found_in_every_encoding(form: str) -> None:
    cleaned = Redactor([SECRET]).text(f"before {form} after")
    assert MASK in cleaned
    assert "2024" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "anna"])
@pytest.mark.parametrize("header", ["Authorization: Basic {}", "{{'authorization': '{}'}}", "auth={}"])
def test_a_known_secret_is_found_in_base64_credentials(user: str, header: str) -> None:
    encoded = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
    cleaned = Redactor([SECRET]).text(header.format(encoded))
    assert not any(encoded[at : at + 8] in cleaned for at in range(0, len(encoded) - 8, 4))


@given(SECRETS, NESTED, st.data())
def test_a_planted_secret_never_survives(secret: str, value: Any, data: st.DataObject) -> None:
    text = json.dumps([planted(value, secret, data.draw), secret], ensure_ascii=data.draw(st.booleans()))
    cleaned = Redactor([secret]).text(text)
    assert secret not in cleaned
    assume('"' not in secret and any(char.isalpha() for char in secret))  # such a secret cannot be part of the syntax
    assert not _holds(json.loads(cleaned), secret)


@given(SECRETS, NESTED, st.data())
def test_a_planted_secret_never_survives_in_json_within_json(secret: str, value: Any, data: st.DataObject) -> None:
    inner = json.dumps({"a": planted(value, secret, data.draw), "b": f"x {secret} y"})
    cleaned = Redactor([secret]).text(json.dumps({"payload": inner}))
    assert secret not in cleaned
    assume('"' not in secret and any(char.isalpha() for char in secret))
    assert not _holds(json.loads(cleaned), secret)


@given(SECRETS, NESTED, st.data())
def test_a_planted_secret_never_survives_in_a_structure(secret: str, value: Any, data: st.DataObject) -> None:
    cleaned = Redactor([secret]).value({"list": [planted(value, secret, data.draw)], secret: 1, "whole": (secret,)})
    assert not _holds(cleaned, secret)


def _holds(value: Any, secret: str) -> bool:
    if isinstance(value, dict):
        return any(_holds(key, secret) or _holds(part, secret) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return any(_holds(part, secret) for part in value)
    return secret in str(value)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("GET /library?X-Plex-Token=abcDEF123&a=1", "GET /library?X-Plex-Token=••••&a=1"),
        ("X-Plex-Token: abcDEF123", "X-Plex-Token: ••••"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ••••"),
        ("authorization: Basic YW5uYTpodW50ZXIy", "authorization: Basic ••••"),
        ("sent Basic YW5uYTpodW50ZXIy there", "sent Basic •••• there"),
        ("used bearer 0123456789abcdef0123", "used bearer ••••"),
        (
            "https://x.example/3/movie/1?api_key=0a1b2c&language=en",
            "https://x.example/3/movie/1?api_key=••••&language=en",
        ),
        ("POST /webhooks/plex/s3cr3t-in-path HTTP/1.1", "POST /webhooks/plex/•••• HTTP/1.1"),
        ("/webhooks/jellyfin/abc?x=1", "/webhooks/jellyfin/••••?x=1"),
        ('{"password": "hun\\"ter2", "a": 1}', '{"password": "••••", "a": 1}'),
        ('{"client_secret":"x","refresh_token":"y"}', '{"client_secret":"••••","refresh_token":"••••"}'),
        ('{"accessToken": 123456}', '{"accessToken": "••••"}'),
        ('{"token": null, "b": ""}', '{"token": null, "b": ""}'),
        ('{"token": ""}', '{"token": ""}'),
        ("{'access_token': 'abc'}", "{'access_token': '••••'}"),
        (r'{"payload": "{\"token\": \"a\\\"b\", \"c\": 1}"}', r'{"payload": "{\"token\": \"••••\", \"c\": 1}"}'),
        ("grant=refresh&refresh_token=abc&client_secret=def", "grant=refresh&refresh_token=••••&client_secret=••••"),
        ("next=%2Fx%3Ftoken%3Dabc&b=1", "next=%2Fx%3Ftoken%3D••••&b=1"),
        ("mailtos://anna:hunter2@example.org", "mailtos://••••@example.org"),
        ("ntfy://tk_abc@ntfy.example/alerts", "ntfy://••••@ntfy.example/alerts"),
        ('MediaBrowser Client="x", Token="abcdef"', 'MediaBrowser Client="x", Token="••••"'),
    ],
)
def test_places_where_secrets_stand_are_masked_unasked(text: str, cleaned: str) -> None:
    assert Redactor().text(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "The Secret: Dare to Dream", "guid": "plex://episode/5d9c086fe264b7001fc42ee8"}',
        '{"title": "Basic Instinct", "grandparentTitle": "Password: Swordfish", "ratingKey": "41220077"}',
        '{"title": "The Pall Bearer", "token_type": "bearer", "expires_in": 604800}',
        "The Token: A Story of pass and fail",
        "https://image.example/t/p/w500/abc.jpg",
        "tt0903747 S5 E14 Ozymandias",
        "",
    ],
)
def test_what_is_watched_stays_as_it_is(text: str) -> None:
    assert Redactor(["a-secret-of-ours"]).text(text) == text


def test_short_secrets_are_masked_only_where_they_stand_alone() -> None:
    redactor = Redactor(["test", "abc", ""])
    assert redactor.text("test: the latest of the tests, abc") == "••••: the latest of the tests, abc"


def test_a_secret_learned_later_is_masked_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.text("got fresh-value-1") == "got fresh-value-1"
    redactor.add("fresh-value-1")
    redactor.add("fresh-value-1")
    assert redactor.text("got fresh-value-1") == "got ••••"


def test_a_secret_that_was_cut_off_is_masked_as_far_as_it_goes() -> None:
    """What a service quotes is shortened before anybody masks it."""
    redactor = Redactor(["mqtt-pass-881200", "Harbour Lights"])
    for shown in range(8, 16):
        assert redactor.text(f"no: {'mqtt-pass-881200'[:shown]}…") == f"no: {MASK}…"
    assert redactor.text("mqtt-pa… mqtt-passages… Harbour…") == "mqtt-pa… mqtt-passages… Harbour…"
    assert redactor.text("a mqtt-pass-88… and mqtt-pass-881200…") == f"a {MASK}… and {MASK}…"


def test_a_secret_that_begins_with_another_is_masked_whole() -> None:
    assert Redactor(["abcdefgh", "abcdefgh-ijkl"]).text("abcdefgh-ijkl abcdefgh") == "•••• ••••"


def test_json_stays_json_where_an_escape_meets_a_secret() -> None:
    text = json.dumps({"a": "line\nabcdefghijk"})
    cleaned = Redactor(["nabcdefghijk"]).text(text)
    assert "abcdefghijk" not in cleaned
    assert MASK in json.loads(cleaned)["a"]


def test_values_under_keys_that_name_secrets_are_masked() -> None:
    cleaned = Redactor().value(
        {"password": "x", "tokens": {"anna": "y", "ben": 5}, "Cookie": ["a"], "secret": None, "title": "Token", "n": 3}
    )
    assert cleaned == {
        "password": MASK,
        "tokens": {"anna": MASK, "ben": MASK},
        "Cookie": [MASK],
        "secret": None,
        "title": "Token",
        "n": 3,
    }


def test_anything_can_be_given() -> None:
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError("no")

    class Telling:
        def __str__(self) -> str:
            return "it is a-secret-of-ours"

    circle: list[Any] = []
    circle.append(circle)
    redactor = Redactor(["a-secret-of-ours"])
    assert redactor.value(Rude()) == MASK
    assert redactor.value(Telling()) == "it is ••••"
    assert redactor.value(ValueError("no secret")).args == ("no secret",)
    assert redactor.value(b"x a-secret-of-ours") == f"x {MASK}".encode()
    assert MASK in repr(redactor.value(circle))


@given(st.text(), st.lists(st.text()))
def test_no_text_and_no_secret_raises(text: str, secrets: list[str]) -> None:
    redactor = Redactor(secrets)
    redactor.text(text)
    redactor.text(text + "\ud800")
    redactor.add("\ud800" * 8)


def test_masking_twice_changes_nothing_more() -> None:
    redactor = Redactor([SECRET])
    once = redactor.text(f'token=abc "password": "x" {SECRET} ntfy://a:b@c /webhooks/plex/x Authorization: Bearer y')
    assert redactor.text(once) == once


def test_a_webhook_body_without_secrets_costs_next_to_nothing() -> None:
    body = json.dumps({"Metadata": [{"title": f"An ordinary title {n}", "ratingKey": str(n)} for n in range(100)]})
    redactor = Redactor([f"{n:02d}-some-secret-value-{n * 7919:x}" for n in range(20)])
    assert len(body) > 5000
    best = min(timeit.repeat(lambda: redactor.text(body), number=50, repeat=5)) / 50
    assert best < 0.001


def test_hostile_text_is_read_in_bounded_time() -> None:
    redactor = Redactor(["\\" * 20 + "secret-value"])
    hostile = [
        '"token\\": \\"' * 5000,
        "\\" * 50_000 + "secret-valu",
        "Basic " * 20_000,
        "://a" * 20_000 + "@",
        "=" * 9**5,
    ]
    assert timeit.timeit(lambda: [redactor.text(text) for text in hostile], number=1) < 5


@pytest.mark.parametrize(
    "text",
    [
        "auth " + base64.b64encode(SECRET.encode()).decode() + " " + "A" * 300_000,
        "auth " + "A" * 300_000 + base64.b64encode(SECRET.encode()).decode() + "+" * 300_000,
        ("\\" + SECRET) * 20_000,
        "\\" * 300_000 + SECRET,
        '\\"token\\":\\"' * 20_000,
        "mediabrowser " * 100_000,
        ("authorization" + " " * 500) * 500,
    ],
    ids=["after-base64", "around-base64", "escaped", "backslashes", "within-json", "mediabrowser", "blanks"],
)
def test_no_text_is_so_hostile_that_masking_it_takes_long(text: str) -> None:
    assert timeit.timeit(lambda: Redactor([SECRET]).text(text), number=1) < 3


def test_thousands_of_secrets_are_found_in_one_pass() -> None:
    """What is looked for one by one stays as little as with a few."""
    secrets = [f"{n:05d}x{n * 7919:x}-learned-at-run-time-{n * 104729:x}" for n in range(5000)]
    redactor = Redactor(secrets)
    assert redactor.known == 5000
    for secret in (secrets[0], secrets[47], secrets[4999]):
        assert redactor.text(f'{{"a": "{quote(secret)}"}}') == f'{{"a": "{MASK}"}}'
        assert redactor.text(f"no: {secret[:9]}… and more") == f"no: {MASK}… and more"
        credentials = base64.b64encode(f"anna:{secret}".encode()).decode()
        assert credentials[12:30] not in redactor.text(f"auth={credentials}")


def test_what_a_text_costs_does_not_grow_with_what_is_known() -> None:
    body = json.dumps({"Metadata": [{"title": f"An Author {n}", "ratingKey": str(n)} for n in range(100)]})
    few = Redactor([f"learned-at-run-time-{n * 7919:x}" for n in range(50)])
    many = Redactor([f"learned-at-run-time-{n * 7919:x}-{n * 104729:08x}{n:08x}" for n in range(7000)])
    ratio = _cost(many, body) / _cost(few, body)
    assert ratio < 10, "it was 100 and more when each was looked for by itself"


def _cost(redactor: Redactor, body: str) -> float:
    redactor.text(body)
    return min(timeit.repeat(lambda: redactor.text(body), number=10, repeat=7))


HABITS = st.sampled_from(
    [
        *("token", "access_token", "=", '"', ":", " ", "\\", "Bearer ", "Basic ", "authorization", "x-plex-token: "),
        *("api_key", "@", "://", "/webhooks/plex/", "…", "MediaBrowser ", "YW5uYTpzZWNyZXQ=", "s3cr3t", "four"),
        *("a" * 20, "0f" * 33),
    ]
)
LINES = st.lists(st.one_of(HABITS, st.text(max_size=3)), max_size=6).map("".join)


@given(st.dictionaries(LINES, st.one_of(LINES, st.integers(), st.none(), st.booleans(), st.lists(LINES))))
def test_a_line_of_the_log_is_masked_as_each_part_of_it_would_be(event: dict[str, Any]) -> None:
    redactor = Redactor(["s3cr3t", "four", "anna:secret"])
    assert redactor.value(event) == redactor.value([event])[0]

"""Tokens that we give out are known by what they look like, wherever they stand."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.plumbing import token_shape
from scrobbled.plumbing.redact import MASK, Redactor

TOKENS = st.text("0123456789abcdef", min_size=64, max_size=64).filter(token_shape.is_ours)
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0"


def test_a_new_one_looks_so_and_is_no_other() -> None:
    made = {token_shape.new() for _ in range(100)}
    assert len(made) == 100
    assert all(token_shape.is_ours(one) for one in made)


@given(TOKENS, st.text(max_size=30), st.text(max_size=30))
def test_one_never_survives(token: str, before: str, after: str) -> None:
    cleaned = Redactor().text(before + token + after)
    assert token not in cleaned
    assert MASK in cleaned


@given(TOKENS, st.text(max_size=20), st.text(max_size=20), st.booleans())
def test_json_stays_json(token: str, before: str, after: str, ascii_only: bool) -> None:
    text = json.dumps([before + token + after], ensure_ascii=ascii_only)
    assert token not in json.loads(Redactor().text(text))[0]
    inner = json.dumps({"payload": text})
    assert token not in json.loads(json.loads(Redactor().text(inner))["payload"])[0]


@given(TOKENS, st.binary(max_size=30), st.binary(max_size=30))
def test_one_is_found_in_base64(token: str, before: bytes, after: bytes) -> None:
    for coded in (base64.b64encode, base64.urlsafe_b64encode):
        text = f"auth={coded(before + token.encode() + after).decode()}; path=/"
        assert Redactor().text(text) == f"auth={MASK}; path=/"


@pytest.mark.parametrize("shown", [8, 9, 40, 63, 64])
def test_what_is_left_of_one_is_masked(shown: int) -> None:
    assert Redactor().text(f"no: {TOKEN[:shown]}… and so on") == f"no: {MASK}… and so on"


@pytest.mark.parametrize("form", [TOKEN, quote(TOKEN), json.dumps(TOKEN), repr(TOKEN), f"ab{TOKEN}", TOKEN + "gh"])
def test_one_is_found_beside_anything(form: str) -> None:
    assert TOKEN not in Redactor().text(f"before {form} after")


@pytest.mark.parametrize(
    "text",
    [
        '{"guid": "plex://episode/5d9c086fe264b7001fc42ee8", "id": "0cb6ea4e8e2bd0b9ba6a3b2a9a8a3a91"}',
        '{"big": ' + "12345678" * 20 + "}",
        '{"big": ' + "12345678" * 8 + "e55}",
        f"sha1 {'0a1b2c3d' * 5} {'0a1b2c3d' * 7}abcdef0",
        "sha512 " + "0a1b2c3d" * 16 + " thumb " + "0a1b2c3d" * 500,
        "deadbeef… defaced… 20261123…",
        "auth " + base64.b64encode(b"an ordinary text that is long enough to be looked into by whoever masks").decode(),
        "",
    ],
)
def test_what_looks_otherwise_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_none_of_them_is_kept() -> None:
    redactor = Redactor(["a-secret-of-ours"])
    redactor.add(*(token_shape.new() for _ in range(1000)))
    assert redactor.known == 1

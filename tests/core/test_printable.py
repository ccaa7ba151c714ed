"""Text of others, made harmless for terminals."""

import json
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.words.printable import printable

ANY = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf"]))


@given(ANY)
def test_nothing_is_left_that_a_terminal_would_act_upon(text: str) -> None:
    shown = printable(text)
    assert not {char for char in shown if category(char) in ("Cc", "Cs")} - {"\n", "\t", "\r"}
    shown.encode()


@given(ANY)
def test_json_stays_the_same_json(text: str) -> None:
    assert json.loads(printable(json.dumps({text: [text]}, ensure_ascii=False, indent=2))) == {text: [text]}


@pytest.mark.parametrize("text", ["", "Amélie 🎬", "two\nlines\r\n\tindented", "שלום", "e\u0301"])
def test_what_is_harmless_stays(text: str) -> None:
    assert printable(text) == text


def test_a_line_cannot_be_written_over() -> None:
    assert printable("dead\rdelivered") == "dead\\u000ddelivered"

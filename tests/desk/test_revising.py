"""A text that comes back from a browser: what nobody touched keeps every byte, whatever ended its lines."""

import pytest

from scrobbled.desk.settings.revisions import as_written


@pytest.mark.parametrize(
    ("like", "sent", "expected"),
    [
        ("a\nb\n", "a\r\nb\r\n", "a\nb\n"),
        ("a\nb\n", "a\r\nc\r\n", "a\nc\n"),
        ("a\r\nb\r\n", "a\r\nc\r\nb\r\n", "a\r\nc\r\nb\r\n"),
        ("\ufeffa\r\nb", "a\r\nb\r\nc", "\ufeffa\r\nb\r\nc"),
        ("a\r\nb\nc\rd\n", "a\r\nb\r\nc\r\nd\r\n", "a\r\nb\nc\rd\n"),
        ("a\r\nb\nc\rd\n", "a\r\nx\r\nb\r\nc\r\ne\r\n", "a\r\nx\r\nb\nc\re\r\n"),
        ("a\rb\r", "a\r\nb\r\nc\r\n", "a\rb\rc\r"),
        ("a\nb", "a\r\nb\r\n", "a\nb\n"),
        ("a\nb\n", "a\r\nb", "a\nb"),
        ("", "a\r\n", "a\n"),
        ("a\n", "", ""),
        ("# \u2028 \x85\n", "# \u2028 \x85\r\n", "# \u2028 \x85\n"),
    ],
)
def test_each_line_keeps_its_own_end(like: str, sent: str, expected: str) -> None:
    assert as_written(sent, like) == expected

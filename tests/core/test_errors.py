"""No error is without words: what ours say, and what is said of those of others."""

import pytest

from scrobbled.core.errors import UNSAID, ScrobbledError, StoreError, TrackerError, TryLater, said


class ReadTimeoutError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "/data/x.db"), "No space left on device"),
        (OSError("  it went \n"), "it went"),
        (OSError(), "OSError, without a word more"),
        (ValueError("  "), "ValueError, without a word more"),
        (TimeoutError(), "it took too long (TimeoutError)"),
        (ReadTimeoutError(""), "it took too long (ReadTimeoutError)"),
        (ReadTimeoutError("30 s"), "30 s"),
        (StoreError("full"), "full"),
        (TryLater(""), UNSAID),
    ],
)
def test_what_an_error_says_is_never_empty(error: Exception, words: str) -> None:
    assert said(error) == words


def test_an_error_of_ours_says_something_whatever_it_was_made_of() -> None:
    assert (str(ScrobbledError()), str(StoreError(" ")), str(StoreError(" full "))) == (UNSAID, UNSAID, "full")
    assert [TrackerError(text).reason for text in ("", " \n", " down ")] == [UNSAID, UNSAID, "down"]
    assert UNSAID == "it did not work, and no reason was given"

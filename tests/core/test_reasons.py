"""Every short reason has one sentence, every sentence stands once, and each says something to somebody at home."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.standing import STATES
from scrobbled.core.watching.events import EventKind
from scrobbled.core.watching.sessions import PLAYBACK
from scrobbled.core.words.outcomes import (
    ACCOUNTS,
    ATTEMPTS,
    EVENT_NEXT_STEP,
    HOLDS,
    PLAY_NEXT_STEP,
    UNDATED,
    UNNAMED,
    EventOutcome,
    Hold,
    PlayOutcome,
    advised,
    told,
)
from scrobbled.core.words.reasons import REASONS, UNKNOWN_FORM, UNREAD, coded
from scrobbled.sources import SOURCES
from scrobbled.sources.base import unknown_form

SOURCE = Path(__file__).parents[2] / "src" / "scrobbled"
GIVEN = re.compile(r"(?:_?Ignored|Unwanted|Duplicate)\(\s*\"([^\"{]+)\"|(?<![\w.])reason=\"([^\"{]+)\"")
GIVERS = [
    *sorted((SOURCE / "sources").glob("*.py")),
    SOURCE / "core" / "watching" / "fold.py",
    SOURCE / "intake" / "refolding.py",
]


def given_reasons() -> set[str]:
    found = {one or other for path in GIVERS for one, other in GIVEN.findall(path.read_text(encoding="utf-8"))}
    kinds = {f"{kind} is not playback" for kind in EventKind if kind not in PLAYBACK}
    return found | kinds | {"no item", "no account", "library", "empty", "movies are switched off"}


def test_what_parsers_and_sessions_give_as_reasons_is_found() -> None:
    assert {"type", "too short", "unsupported", "malformed", "this viewing is a play already"} <= given_reasons()


@pytest.mark.parametrize("reason", sorted(given_reasons()))
def test_a_short_reason_has_a_sentence(reason: str) -> None:
    if " " in reason and len(reason.split()) > 6:
        return  # a sentence already
    assert reason in REASONS, f'say in core/outcomes.REASONS what "{reason}" means'


def test_a_sentence_begins_large_and_ends_with_a_full_stop() -> None:
    sentences = [*REASONS.values(), *EVENT_NEXT_STEP.values(), *PLAY_NEXT_STEP.values(), *ATTEMPTS.values()]
    sentences += [UNDATED, UNNAMED]
    for sentence in sentences:
        assert re.match(r"[A-Z].*\.\Z|scrobbled .*\.\Z", sentence), sentence
        assert told(sentence) == sentence or sentence.startswith("scrobbled"), sentence
    assert all(value.endswith((".", "}")) for value in ACCOUNTS.values())


def test_every_outcome_has_its_step_and_its_attempt() -> None:
    assert EVENT_NEXT_STEP.keys() == set(EventOutcome)
    assert PLAY_NEXT_STEP.keys() == set(PlayOutcome)
    assert ATTEMPTS.keys() >= set(PlayOutcome) - {PlayOutcome.QUEUED, PlayOutcome.ECHO}


def test_a_form_that_is_not_known_is_told_with_the_page_to_read() -> None:
    assert told(str(unknown_form("kodi"))) == "This form is not known: see docs/sources/kodi.md."
    pages = {str(unknown_form(source)).removeprefix(f"{UNKNOWN_FORM}: see ") for source in SOURCES}
    assert {SOURCE.parents[1] / page for page in pages} <= set((SOURCE.parents[1] / "docs" / "sources").glob("*.md"))


def test_only_what_could_not_be_understood_is_unread() -> None:
    assert unknown_form("plex").reason.code in UNREAD
    assert [reason for reason in REASONS if coded(reason).code in UNREAD] == ["no action", "no type"]


def test_a_reason_that_nobody_knows_is_made_a_sentence() -> None:
    assert told("the connection broke") == "The connection broke."
    assert [told(text) for text in ("really?", "stop!", "and so on…")] == ["Really?", "Stop!", "And so on…"]
    assert told("  ") == ""


@pytest.mark.parametrize("reason", REASONS)
def test_a_short_reason_is_told_as_its_sentence(reason: str) -> None:
    assert told(reason).lower() == REASONS[reason].lower()


@given(st.text())
def test_telling_twice_is_telling_once(text: str) -> None:
    assert told(told(text)) == told(text)


def test_every_hold_and_every_state_has_words() -> None:
    assert HOLDS.keys() == set(Hold)
    assert STATES.keys() == {"ok", "new", *ACCOUNTS}


def test_what_to_do_about_an_account_is_said_once() -> None:
    command = "scrobbled auth trakt --viewer anna"
    assert advised("sign-in", "signed out", command) == f"Signed out. Run: {command}"
    assert advised("sign-in", f"refused (401). Run: {command}", command) == f"Refused (401). Run: {command}."
    locked = "locked (423). Contact support, then run: scrobbled queue retry"
    assert advised("stopped", locked, command).count("scrobbled queue retry") == 1
    assert "website" in advised("stopped", "refused", command)
    assert advised("down", "no answer", command).startswith("No answer. ")
    assert "kept, and it is tried again by itself" in advised("down", "POST example.org/x answered 503", command)
    assert advised("new", "", command) == "It is tried again by itself."

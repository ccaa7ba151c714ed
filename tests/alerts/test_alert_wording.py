"""Troubles in words: short titles, one message for many, and never longer than a phone takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.alerts.troubles import Open
from scrobbled.alerts.wording import LONGEST_TEXT, LONGEST_TITLE, TroubleText, What, clipped, message, span

ROOT, CALM, NOW = "http://nas.local:8484", 1800.0, 100_000.0


def item(
    title: str,
    text: str = "503. Plays are kept.",
    *,
    kind: str = "down",
    what: What = What.BEGAN,
    link: str = "/#accounts",
    returns: int = 0,
    since: float = NOW - 7200,
) -> TroubleText:
    ended = NOW if what is What.OVER else None
    trouble = Open(kind, title, title, text, None, link, False, since, NOW, 1, returns, ended, {})
    return TroubleText(trouble, what, title, text)


def said(*items: TroubleText, root: str = ROOT) -> tuple[str, str]:
    found = message(items, NOW, root, CALM)
    return found.title, found.text


def test_one_trouble_is_its_title_its_text_and_where_to_look() -> None:
    assert said(item("anna/trakt does not answer")) == (
        "anna/trakt does not answer",
        "503. Plays are kept.\n\nhttp://nas.local:8484/#accounts",
    )


def test_without_a_public_address_there_is_no_link() -> None:
    assert said(item("anna/trakt does not answer"), root="") == ("anna/trakt does not answer", "503. Plays are kept.")
    assert said(item("anna/trakt does not answer", link="")) == ("anna/trakt does not answer", "503. Plays are kept.")


def test_several_are_one_message_with_a_paragraph_each_and_one_link() -> None:
    title, text = said(
        item("anna/trakt is down"), item("ben/trakt needs you", "Sign in.", kind="sign-in", link="/#needs")
    )
    assert title == "anna/trakt is down, and 1 more"
    assert text.split("\n\n") == [
        "anna/trakt is down: 503. Plays are kept.",
        "ben/trakt needs you: Sign in.",
        "http://nas.local:8484/",
    ]


def test_many_of_a_kind_are_one_line_with_figures_and_three_samples() -> None:
    strangers = [item(f"plex: stranger {n}", "List them.", kind="unclaimed", link="/#unclaimed") for n in range(12)]
    title, text = said(*strangers)
    assert title == "plex: stranger 0, and 11 more"
    assert text.split("\n\n") == [
        "New, 12 times: somebody watched whom no viewer lists. plex: stranger 0; plex: stranger 1; plex: stranger 2 "
        "and 9 more. List them.",
        "http://nas.local:8484/#unclaimed",
    ]


def test_the_same_words_are_said_once() -> None:
    ends = [item("anna/trakt works again", "Good.", kind=kind, what=What.OVER) for kind in ("down", "drift", "stopped")]
    assert said(*ends)[0] == "anna/trakt works again"


@pytest.mark.parametrize(
    ("what", "returns", "text"),
    [
        (What.STILL, 0, "For 2 hours now. 503. Plays are kept."),
        (What.STILL, 2, "For 2 hours now, and it came back 2 times. 503. Plays are kept."),
        (What.OVER, 0, "503. Plays are kept. It took 2 hours."),
        (What.OVER, 1, "503. Plays are kept. It took 2 hours, and it came back once."),
        (
            What.BACK,
            1,
            "It is back, after it began 2 hours ago. 503. Plays are kept. "
            "You hear of its end when that holds for 30 minutes.",
        ),
    ],
)
def test_how_long_it_lasts_and_how_often_it_came_back(what: What, returns: int, text: str) -> None:
    title, found = said(item("anna/trakt", what=what, returns=returns), root="")
    assert found == text
    assert title == ("Still: anna/trakt" if what is What.STILL else "anna/trakt")


texts = st.text(max_size=3000)
items = st.builds(
    item, texts, texts, kind=st.sampled_from(["down", "drift", "unknown"]), what=st.sampled_from(list(What)[:3])
)


@given(st.lists(items, min_size=1, max_size=40), st.sampled_from(["", ROOT]))
def test_no_message_is_longer_than_the_strictest_service_takes(found: list[TroubleText], root: str) -> None:
    title, text = said(*found, root=root)
    assert len(title) <= LONGEST_TITLE
    assert len(text) <= LONGEST_TEXT
    assert text.endswith("/#accounts") or not root


@given(st.text(), st.integers(1, 100))
def test_a_clipped_text_is_the_beginning_of_it(text: str, longest: int) -> None:
    found = clipped(text, longest)
    assert len(found) <= longest
    assert text.startswith(found.removesuffix("…"))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "1 minute"), (150, "2 minutes"), (7300, "2 hours"), (1e6, "11 days")]
)
def test_spans_are_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words

"""docs/troubleshooting.md says of every code what the program says."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from scrobbled.core.standing import STATES
from scrobbled.core.words.outcomes import ACCOUNTS, EVENT_NEXT_STEP, HOLDS, PLAY_NEXT_STEP

PAGE = Path(__file__).parent.parent.parent / "docs" / "troubleshooting.md"
PARTS: list[tuple[str, Mapping[str, str]]] = [
    ("## What became of a play", PLAY_NEXT_STEP),
    ("`held` says why", HOLDS),
    ("## What became of a webhook", EVENT_NEXT_STEP),
    ("## The state of an account", STATES),
]


@pytest.mark.parametrize(("heading", "sentences"), PARTS)
def test_every_code_stands_there_with_its_sentence(heading: str, sentences: Mapping[str, str]) -> None:
    _, _, rest = PAGE.read_text().partition(heading)
    table = rest.partition("\n## ")[0].partition("\n`held`")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines() if row.startswith("| `")]
    assert [code.strip("`") for code, *_ in rows] == list(sentences)
    for (_, *told), sentence in zip(rows, sentences.values(), strict=True):
        assert sentence.partition(". ")[0].rstrip(".") == told[0]
        assert sentence.partition(". ")[2] in told[-1]


def test_what_to_do_about_an_account_is_what_the_program_says() -> None:
    page = PAGE.read_text()
    for advice in ACCOUNTS.values():
        assert advice.partition("{")[0] in page

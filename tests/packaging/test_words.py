"""Phrases that people stumbled over are written nowhere any more where they are read: pages, commands, documents."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHRASES = (
    "the code that stands in its log",
    "five steps lead to",
    "is listed by nobody",
    "it is taken for something else",
    "you come from elsewhere",
    "begin anew |",
    "Whoever tells of a viewing",
    "What is marked as not watched follows",
    "The broker is never waited for",
    "supervisor port 8485 serves",
    "wants in |",
    "shut out whoever",
    "scrobbled is set up; look",
    "let Webhooks be ticked",
    "Let Enable be ticked",
    "says whose one is",
    "to nobody's tracker",
    "Say whose an account is that nobody lists yet",
    "How many there are.",
    "Plays already there.",
    "Minutes between two",
    "Again and again, until",
    "plex without a viewer who has it",
    "also where nothing seems to have moved",
    "no configuration: there is neither",
    " is no id",
    " is no direction of ",
    " settles no conflict of ",
    "there is nothing.",
    "do not belong together",
    "The same once more",
    "To the first page",
    "both can be had",
    "It is at another address",
    "no code is asked",
    "is listed in the configuration now",
    "Open the door for",
    "goes the whole way but",
    "one in each line",
    "wants your yes",
    "say yes",
    "Make it anew",
    "Look what is in it",
    "The version before",
    "Look at everything",
    "asked for by a person",
    "sign-in holds",
    "Least important line",
    "Least duration",
    "Tell again after",
    "Heard from",
    "All that was watched",
    "What a play's word means",
)


def read_by_people() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.html")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in (ROOT / "src").rglob("*.py"):
        for text in _spoken(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.relative_to(ROOT).as_posix(), text


def _spoken(tree: ast.Module) -> Iterator[str]:
    """Texts of the code but docstrings, as only those who read the code see them; those of commands are their help."""
    notes = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in notes:
            yield node.value
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield ast.get_docstring(node) or ""


TEXTS = list(read_by_people())


@pytest.mark.parametrize("phrase", PHRASES)
def test_it_is_said_in_the_words_of_a_person(phrase: str) -> None:
    assert [where for where, text in TEXTS if phrase in " ".join(text.split())] == []

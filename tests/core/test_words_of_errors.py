"""Every place that puts an error of somebody else into a sentence asks for its words, as it may have none."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import scrobbled

SOURCE = Path(scrobbled.__file__).parent
OTHERS = ("OSError", "sqlite3.", "httpx.", "zipfile.", "aiomqtt.", "msgspec.", "Timeout", "_BROKEN", "Unicode")
"""What is in the name of an error that is not ours, and may say nothing at all."""


def raw(path: Path) -> Iterator[str]:
    """Where the error of somebody else goes into a text as it is."""
    for handler in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(handler, ast.ExceptHandler) or handler.type is None or handler.name is None:
            continue
        if not any(part in ast.unparse(handler.type) for part in OTHERS):
            continue
        for node in ast.walk(handler):
            if isinstance(node, ast.FormattedValue):
                shown = ast.unparse(node.value)
                if shown == handler.name or shown.startswith((f"str({handler.name})", f"{handler.name}.strerror")):
                    yield f"{path.relative_to(SOURCE)}:{node.lineno}: {shown}"


def test_nothing_that_others_raise_goes_into_a_sentence_without_being_asked_for_its_words() -> None:
    files = [path for path in SOURCE.rglob("*.py") if "sandbox" not in path.parts]
    found = [place for path in files for place in raw(path)]
    assert not found, found


def test_a_place_that_does_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bad.py"
    path.write_text('try:\n    x()\nexcept OSError as error:\n    raise Y(f"no: {error}")\n')
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    assert list(raw(path)) == ["bad.py:4: error"]

"""One more kind is one more entry of the table, in a copy of this tree: all that walks it can do it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scrobbled.core.kinds import KINDS

ROOT = Path(__file__).parents[2]
ENTRY = """    _valued(
        *("favourites", KindShape.SET, ("movie", "show", "season", "episode")),
        *(("favourite", "favourites"), "a favourite", "marked"),
        put=("favour", "Mark", "Marked", "on"),
        cleared=("unfavour", "Unmark", "Unmarked", "on"),
    ),
"""
END_OF_TABLE = ")\nKINDS: dict[Kind, KindEntry]"
PROOFS = (
    "tests/trackers/test_memory_reading.py",
    "tests/flows/test_kinds_between_memories.py",
    "tests/core/test_words_for_actions.py::test_each_action_has_its_word",  # the others hold the table as it is
    "tests/flows/fifth_kind.py",
)


def test_a_fifth_kind_is_one_entry(tmp_path: Path) -> None:
    for folder in ("src", "tests", "config"):
        left_out = shutil.ignore_patterns("__pycache__", "browser", "e2e", "scrobbled.yaml*", "*.db*")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    table = tmp_path / "src/scrobbled/core/kinds.py"
    text = table.read_text("utf-8")
    assert text.count(END_OF_TABLE) == 1
    table.write_text(text.replace(END_OF_TABLE, ENTRY + END_OF_TABLE), "utf-8")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *PROOFS],
        cwd=tmp_path,
        env={name: value for name, value in environ.items() if not name.startswith(("PYTEST_", "COV_"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "favourites" not in KINDS

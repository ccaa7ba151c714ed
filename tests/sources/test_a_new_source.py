"""The recipe "A new source" in CONTRIBUTING.md, followed in a copy of this tree: nothing but its places is touched."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scrobbled.sources import SOURCES

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "new"
LINE = '    "projector": Service(title="Projector", source="projector"),\n'
END_OF_TABLE = '}\n"""In the order in which sources are shown."""'
PAYLOAD = {"watcher": "marta", "film": "Paper Boats", "year": 2019, "reel": "r7", "device": "hall", "ended": 1771930812}
PAGE = "# Projector\n\n{steps}\n\n## When nothing arrives\n\nLook at the lamp.\n"
PROOFS = (
    "tests/sources/test_contract.py",
    "tests/sources/test_examples.py",
    "tests/sources/test_fuzz.py",
    "tests/cli/test_webhook_command.py",
    "tests/config/test_example.py",
    "tests/sources/new/check.py",
)


def recipe() -> list[str]:
    """The places of the recipe, one for each step, for a source called projector."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## A new source\n")[2].partition("\n## ")[0]
    return [place.replace("<name>", "projector") for place in re.findall(r"(?m)^\d+\. `([^`]+)`", section)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """This tree, as far as the proofs read it."""
    for folder in ("src", "tests", "docs/sources", "config"):
        left_out = shutil.ignore_patterns("__pycache__", "browser", "e2e", "scrobbled.yaml*", "*.db*")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=left_out)
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def add(copy: Path) -> set[str]:
    """Follow the recipe; returns what was touched."""
    steps = "\n".join(f"{n}. {step}" for n, step in enumerate(projector_steps(), 1))
    services = (copy / "src/scrobbled/core/services.py").read_text("utf-8")
    example = (copy / "config/scrobbled.example.yaml").read_text("utf-8")
    radarr, listed = '#  radarr: {token: "${RADARR_WEBHOOK_TOKEN}"}\n', "#      kodi: me\n"
    assert services.count(END_OF_TABLE) == example.count(radarr) == example.count(listed) == 1
    example = example.replace(radarr, f'{radarr}#  projector: {{token: "${{PROJECTOR_TOKEN}}"}}\n')
    written = {
        "src/scrobbled/sources/projector.py": (HERE / "projector.py").read_text("utf-8"),
        "src/scrobbled/core/services.py": services.replace(END_OF_TABLE, LINE + END_OF_TABLE),
        "tests/payloads/projector/watched.json": json.dumps(PAYLOAD),
        "docs/sources/projector.md": PAGE.format(steps=steps),
        "config/scrobbled.example.yaml": example.replace(listed, f"{listed}#      projector: anna\n"),
    }
    for place, text in written.items():
        (copy / place).parent.mkdir(exist_ok=True)
        (copy / place).write_text(text, encoding="utf-8")
    return set(written)


def projector_steps() -> list[str]:
    return re.findall(r'"([^"]+\.)"', (HERE / "projector.py").read_text("utf-8").partition("steps=(")[2].split(")")[0])


def test_a_source_is_one_file_and_one_line_and_what_shows_and_proves_it(copy: Path) -> None:
    places = add(copy)
    assert places == {place if "." in place else f"{place}watched.json" for place in recipe()}
    code = {place for place in places if place.startswith("src/")}
    assert len(code) == 2
    assert added(copy, code) == [LINE.rstrip()]
    environ = {**os.environ, "PYTHONPATH": str(copy / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *PROOFS],
        cwd=copy,
        env={name: value for name, value in environ.items() if not name.startswith(("PYTEST_", "COV_"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "projector" not in SOURCES


def added(copy: Path, places: set[str]) -> list[str]:
    """The lines of files that were there before."""
    found: list[str] = []
    for place in places:
        if (ROOT / place).exists():
            before = (ROOT / place).read_text("utf-8").splitlines()
            after = (copy / place).read_text("utf-8").splitlines()
            assert [line for line in after if line in before] == before
            found += [line for line in after if line not in before]
    return found

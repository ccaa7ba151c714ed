"""The version is written in one place; whatever has to repeat it says the same."""

import re
import tomllib
from pathlib import Path

import pytest

from scrobbled import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
REPEATED = {
    "CHANGELOG.md": r"^## (\d\S*)",
    "addon/CHANGELOG.md": r"^## (\d\S*)",
    "addon/config.yaml": r'^version: "(.+)"$',
    "Dockerfile": r"^ARG VERSION=(.+)$",
    "docker-compose.yml": r"^ +image: scrobbled/scrobbled:(.+)$",
}
"""Each is read by a tool that looks nowhere else. Of a changelog the newest entry counts, elsewhere every one."""


ENDINGS = (".json", ".py", ".service", ".toml", ".txt", ".xml", ".yaml", ".yml", "")


@pytest.mark.parametrize("name", REPEATED)
def test_a_file_that_repeats_the_version_says_the_same(name: str) -> None:
    found = re.findall(REPEATED[name], (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert set(found[:1] if name.endswith("CHANGELOG.md") else found) == {__version__}


def test_contributors_are_told_of_every_file_that_repeats_the_version() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Releases")[2].partition("\n## ")[0]
    assert [name for name in ("src/scrobbled/__init__.py", *REPEATED) if f"`{name}`" not in section] == []


def test_nothing_else_takes_the_version_from_a_place_of_its_own() -> None:
    pattern = re.compile(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])")
    files = [path for folder in (".ci", ".github", "addon", "config", "contrib", "unraid") for path in walk(folder)]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.suffix in ENDINGS]
    said = {path.relative_to(ROOT).as_posix() for path in files if pattern.search(path.read_text("utf-8", "replace"))}
    assert said <= REPEATED.keys()


def test_whatever_names_the_home_of_the_project_names_the_same() -> None:
    home = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Homepage"]
    for name in ("addon/config.yaml", "repository.yaml"):
        assert re.search(rf"^url: {re.escape(home)}$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE), name
    assert f"<Project>{home}</Project>" in (ROOT / "unraid" / "scrobbled.xml").read_text(encoding="utf-8")


def walk(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix in ENDINGS]

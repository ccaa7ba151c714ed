"""Source and wheel, really built: that all is in them which the program needs, and nothing else."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from scrobbled import __version__
from scrobbled.config.replacing import COPY

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src"
STEM = f"scrobbled-{__version__}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(built / f"{STEM}-py3-none-any.whl")


@pytest.fixture(scope="module")
def sdist(built: Path) -> set[str]:
    with tarfile.open(built / f"{STEM}.tar.gz") as archive:
        return {name.removeprefix(f"{STEM}/") for name in archive.getnames()}


def metadata(wheel: zipfile.ZipFile) -> Message:
    return Parser().parsestr(wheel.read(f"{STEM}.dist-info/METADATA").decode())


def test_the_wheel_holds_the_whole_package_and_nothing_beside_it(wheel: zipfile.ZipFile) -> None:
    there = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "scrobbled").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == there


def test_the_wheel_brings_types_pages_and_their_files(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {"scrobbled/py.typed", "scrobbled/web/templates/base.html", "scrobbled/web/static/page.css"} <= names


def test_the_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    assert "scrobbled = scrobbled.cli:main" in wheel.read(f"{STEM}.dist-info/entry_points.txt").decode()
    assert f"{STEM}.dist-info/licenses/LICENSE" in wheel.namelist()


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    said = metadata(wheel)
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("scrobbled", __version__, "MIT")
    assert said["Requires-Python"] == ">=3.11"
    links = {entry.split(", ")[0] for entry in said.get_all("Project-URL", [])}
    assert links == {"Homepage", "Documentation", "Changelog", "Issues"}
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    assert said["Description-Content-Type"] == "text/markdown"


def test_what_the_page_on_an_index_links_to_is_elsewhere_but_of_the_same_version(wheel: zipfile.ZipFile) -> None:
    page = metadata(wheel).get_payload()
    assert isinstance(page, str)
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert {link.split(":")[0] for link in links if not link.startswith("#")} <= {"http", "https"}
    at = f"scrobbled/scrobbled/blob/v{__version__}/"
    named = [link.split(at)[1].split("#")[0] for link in links if at in link]
    assert "docs/install/unraid.md" in named
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert f"https://raw.githubusercontent.com/scrobbled/scrobbled/v{__version__}/docs/pages/history-desk.png" in links


def test_the_same_source_gives_the_same_wheel(built: Path, wheel: zipfile.ZipFile) -> None:
    assert {info.date_time for info in wheel.infolist()} == {(2020, 2, 2, 0, 0, 0)}


def test_the_source_holds_what_a_stranger_needs_to_build_configure_and_run_it(sdist: set[str]) -> None:
    needed = {
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "config/scrobbled.example.yaml",
        "contrib/systemd/scrobbled.service",
        "src/scrobbled/py.typed",
    }
    assert needed <= sdist


def test_the_source_holds_nothing_of_the_machine_it_was_built_on(sdist: set[str]) -> None:
    tops = {name.split("/")[0] for name in sdist if name}
    known = {"src", "config", "contrib", "docs", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO"}
    assert tops - {".gitignore", STEM} <= known
    strange = (".db", ".pyc", ".env", "config/scrobbled.yaml")
    assert [name for name in sdist if name.endswith(strange)] == []


@pytest.mark.parametrize("name", ["scrobbled.yaml", f"scrobbled.yaml{COPY}"])
def test_neither_the_source_nor_git_takes_the_configuration_of_whoever_builds_it(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for patterns in (project["tool"]["hatch"]["build"]["targets"]["sdist"]["exclude"], ignored):
        assert any(fnmatch(f"/config/{name}", pattern) for pattern in patterns)

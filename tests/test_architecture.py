"""What holds for the whole tree and what no single test sees: layers, one writer, one version, clean lock files."""

from __future__ import annotations

import ast
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from scrobbled import __version__

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "scrobbled"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))
FOLDERS = (".ci", ".github", "addon", "benchmarks", "config", "contrib", "docs", "src", "tests", "unraid")
OWN_CONFIGURATION = ROOT / "config" / "scrobbled.yaml"


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"), str(path))


def project_files() -> list[Path]:
    """What belongs to the project; a user's own configuration lies beside it and does not."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    known = {path.name for path in ROOT.glob("*.*")} | {"Dockerfile", "Makefile", "LICENSE", ".dockerignore"}
    top = (ROOT / name for name in known if not name.endswith((".db", ".db-wal", ".db-shm")) and name != ".env")
    return sorted(path for path in (*inside, *top) if path.is_file() and path != OWN_CONFIGURATION)


# Layers


def test_imports_go_downwards_only_and_core_stays_pure() -> None:
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_has_a_place_in_the_layers() -> None:
    contract = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    placed = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    # __main__ only starts the command; the sandbox stands beside the layers and has a contract of its own.
    there = {
        f"scrobbled.{path.stem}" for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"scrobbled.__init__", "scrobbled.__main__", "scrobbled.sandbox"}
    assert there - placed == set(), "add these to the layers in pyproject.toml"


def callers_of(method: str) -> set[str]:
    return {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    }


def test_only_deliver_writes_to_a_tracker() -> None:
    assert callers_of("add_plays") == {"deliver.py", "trackers/masked.py"}  # which only passes on


def test_only_amend_changes_what_a_tracker_holds() -> None:
    assert {caller for caller in callers_of("amend") if not caller.startswith("trackers/")} == {"amend.py"}


# One version


def first_version(changelog: Path) -> str:
    found = re.search(r"^## \[?(\d+\.\d+\.\d+\S*?)\]?(?:\s|$)", changelog.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{changelog.name} has no entry such as '## 1.2.3'"
    return found[1]


@pytest.mark.parametrize("changelog", ["CHANGELOG.md", "addon/CHANGELOG.md"])
def test_the_newest_changelog_entry_is_this_version(changelog: str) -> None:
    assert first_version(ROOT / changelog) == __version__


def test_the_home_assistant_app_is_this_version() -> None:
    # Supervisor takes the version as the tag of the image, so that it has to be text: 1.10 is not 1.1.
    assert yaml.safe_load((ROOT / "addon" / "config.yaml").read_text(encoding="utf-8"))["version"] == __version__


# Nothing of one machine or one package index


def joined(*parts: str) -> str:
    """A forbidden word, written so that this file does not contain it."""
    return "".join(parts)


INDEX_HOSTS = [
    joined("py", "pi.", "org"),
    joined("python", "hosted.", "org"),
    joined("registry.", "npm", "js"),
    joined("deb.", "debian.", "org"),
]
MACHINE_PATH = re.compile(joined(r"(?<![\w.~-])/", r"(?:work|root|opt/wheels|opt/pypi|tmp/venv)/"))


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if any(host in line for host in INDEX_HOSTS) or MACHINE_PATH.search(line)
    ]
    assert found == []


# Lock files


def requirements(lock: Path) -> dict[str, str]:
    """Package -> version; fails for every line that is neither a pinned, hashed requirement nor a comment."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    pins = {}
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        pin, *options = re.split(r"\s+(?=--)", line)
        assert options, f"{lock.name}: no hash in {line!r}"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), f"{lock.name}: {line}"
        requirement = Requirement(pin)
        assert requirement.url is None, f"{lock.name}: {line}"
        (exact,) = requirement.specifier
        assert exact.operator == "==", f"{lock.name}: {line}"
        pins[requirement.name] = exact.version
    return pins


def test_there_is_a_lock_file_for_running_building_developing_checking_mutating_and_each_client() -> None:
    assert [lock.name for lock in LOCKS] == [
        "requirements-build.lock",
        "requirements-dev.lock",
        "requirements-mutate.lock",
        "requirements-pytrakt.lock",
        "requirements-tools.lock",
        "requirements-trakt-py.lock",
        "requirements.lock",
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_file_is_a_version_with_hashes(lock: Path) -> None:
    assert requirements(lock)
    assert "://" not in lock.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-build.lock", PROJECT["build-system"]["requires"]),
        ("requirements-dev.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_a_lock_file_fits_what_pyproject_asks_for(lock: str, wanted: list[str]) -> None:
    pins = requirements(ROOT / lock)
    outdated = [text for text in wanted if (need := Requirement(text)) and not fits(need, pins)]
    assert outdated == [], "write the lock files anew: python3.11 .ci/dev.py lock"


def fits(need: Requirement, pins: dict[str, str]) -> bool:
    return need.name in pins and need.specifier.contains(pins[need.name], prereleases=True)


def test_one_package_has_one_version_in_all_lock_files() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in requirements(lock).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}

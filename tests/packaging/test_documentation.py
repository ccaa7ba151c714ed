"""The pages that people follow: what they name is there, and what they tell to type is understood."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich_click as click

from scrobbled.cli import command

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "addon").glob("*.md")]
BY_PATH = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@BY_PATH
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def typed(page: Path) -> Iterator[list[str]]:
    """The words after ``scrobbled`` of every command in a block or in the text, as far as they are meant literally."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^ *```(?:sh|bash)\n(.*?)^ *```", text)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(scrobbled [^`]+)`", re.sub(r"(?ms)^ *```.*?^ *```", "", text))
    for line in lines:
        words = shlex.split(line, comments=True)
        starts = [at for at, word in enumerate(words) if re.fullmatch(r"(.*/bin/)?scrobbled", word)]
        if starts and words[:2] not in (["git", "clone"], ["docker", "run"]):
            yield words[starts[-1] + 1 :]


@BY_PATH
def test_every_command_that_is_to_be_typed_is_understood(page: Path) -> None:
    for words in typed(page):
        at: click.Command = command
        rest = list(words)
        while isinstance(at, click.Group) and rest and not rest[0].startswith("-"):
            assert rest[0] in at.commands, words
            at = at.commands[rest.pop(0)]
        known = {name for option in at.params for name in option.opts}
        assert {word for word in rest if word.startswith("--")} <= known | {"--version", "--help"}, words


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def test_every_page_is_found_from_the_first_ones() -> None:
    seen, ahead = set[Path](), [ROOT / "README.md", ROOT / "docs" / "index.md"]
    while ahead:
        page = ahead.pop()
        if page.suffix != ".md" or page in seen:
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
        ahead += [(page.parent / link).resolve() for link in links if not link.startswith("https://")]
    lost = {page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "pages"} - seen
    assert {page.relative_to(ROOT).as_posix() for page in lost} == set()


def test_blocks_of_caddy_are_on_lines_of_their_own() -> None:
    # Caddy takes no word after a brace
    text = (ROOT / "docs" / "reverse-proxy.md").read_text(encoding="utf-8")
    part = text.partition("## Caddy")[2].partition("\n## ")[0]
    assert re.findall(r"\{ +\S|\S +\}", part) == []


def test_the_status_that_a_wrong_token_gets_is_looked_for_under_its_number() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if "the token in the address" in line)
    assert row.startswith("| `404`")


def test_installing_by_hand_makes_the_folders_that_a_system_may_lack() -> None:
    text = (ROOT / "docs" / "install" / "bare-metal.md").read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if "/etc/sysusers.d/" in line)
    assert line.startswith("sudo install -D ")

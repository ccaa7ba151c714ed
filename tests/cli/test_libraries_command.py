"""``scrobbled libraries``: what a viewer's servers have, and having only some of it count."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command
from e2e.harness import Town
from scrobbled.sandbox.plex.items import FILMS

CONFIG = """# our house
storage: {{path: {folder}/s.db}}
viewers:
  - name: anna   # me
    accounts: {{plex: [anna]}}
    trackers:
      # the big one
      plex: {{url: {base}/plex, token: sandbox-plex-token, account_url: {base}/plextv}}   # in the cellar
  - name: ben
    trackers: {{serializd: {{email: ben@example.org}}}}
"""


@dataclass
class Desk:
    file: Path
    town: Town
    say: Command

    def told(self, *words: str) -> list[dict[str, Any]]:
        said = self.say("--json", *words)
        assert said.code == 0, said
        found: list[dict[str, Any]] = json.loads(said.out)
        return found

    def chosen(self) -> list[str]:
        return [one["title"] for server in self.told()[0]["servers"] for one in server["libraries"] if one["chosen"]]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with Town(shows=1) as found:
        yield found


@pytest.fixture
def desk(town: Town, tmp_path: Path, scrobbled: Command) -> Iterator[Desk]:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(CONFIG.format(folder=tmp_path, base=town.base), encoding="utf-8")
    yield Desk(path, town, lambda *words: scrobbled("libraries", *words, "--config", str(path)))
    town.do(lambda: [town.sandbox[name].faults.end_outage() for name in ("plex", "plex-cabin")])


def test_each_library_is_told_with_its_kind_and_counts_and_whether_it_counts(desk: Desk) -> None:
    (anna,) = desk.told()
    assert (anna["viewer"], anna["tracker"], anna["all"], anna["error"]) == ("anna", "plex", True, "")
    (server,) = anna["servers"]
    films, shows = server["libraries"]
    assert (films["title"], films["kind"], films["watched"], films["chosen"]) == ("Films", "movie", 0, True)
    assert (shows["title"], shows["kind"], shows["chosen"]) == ("TV", "show", True)
    assert (films["items"] > 0, shows["items"] > films["items"]) == (True, True)
    said = desk.say("--viewer", "Anna")
    assert said.code == 0
    assert f"chosen  Films  {films['items']} films, 0 watched" in said.out
    assert "All count, also those that are added later. To choose: scrobbled libraries --viewer anna" in said.out
    assert "sandbox-plex-token" not in said.out + said.err


def test_a_choice_is_written_where_it_belongs_and_every_comment_stays(desk: Desk) -> None:
    before = desk.file.read_text("utf-8")
    said = desk.say("--choose", "tv")
    assert said.code == 0
    assert "Chosen for anna at Plex: TV." in said.out
    assert "chosen  TV" in said.out
    assert "-       Films" in said.out
    after = desk.file.read_text("utf-8")
    assert after == before.replace("/plextv}   # in", "/plextv, libraries: [TV]}   # in")
    assert (desk.file.with_name("scrobbled.yaml.bak").read_text("utf-8"), desk.chosen()) == (before, ["TV"])
    assert "It was so." in desk.say("--choose", "TV").out
    assert desk.say("--choose", "TV, Films").code == 0
    assert desk.chosen() == ["Films", "TV"]
    assert desk.say("--choose", "all").code == 0
    assert desk.told()[0]["all"] is True


def test_a_title_that_is_not_there_is_refused_with_what_was_meant_and_nothing_is_written(desk: Desk) -> None:
    before = desk.file.read_text("utf-8")
    said = desk.say("--choose", "Flims,TV", "--choose", "Music")
    assert said.code == 2
    assert 'anna has no library Flims at plex; did you mean "Films"?' in said.err
    assert "no library Music at plex; known here: Films, TV" in said.err
    assert desk.say("--choose", "").code == 2
    assert desk.say("--choose", " , ").code == 2
    assert desk.file.read_text("utf-8") == before


def test_whoever_has_no_libraries_or_is_not_there_is_told_so(desk: Desk) -> None:
    assert (
        "ben has no tracker with libraries; there is plex, jellyfin, emby, shelf. Write"
        in desk.say("--viewer", "ben").err
    )
    said = desk.say("--viewer", "ana")
    assert (said.code, 'did you mean "anna"' in said.err) == (2, True)


def several(desk: Desk) -> None:
    """A second server, and a second person who sees both."""
    base = desk.town.base
    servers = ", ".join(
        f"{{url: {base}/{name}, token: {token}}}"
        for name, token in (("plex", "sandbox-plex-token"), ("plex-cabin", "sandbox-plex-cabin"))
    )
    text = desk.file.read_text("utf-8")
    one = f"url: {base}/plex, token: sandbox-plex-token"
    desk.file.write_text(text.replace(one, f"servers: [{servers}]"), encoding="utf-8")


def test_a_title_that_two_servers_have_means_both_unless_its_server_stands_before_it(desk: Desk) -> None:
    several(desk)
    cabin = desk.town.sandbox["plex-cabin"]
    desk.town.do(lambda: (cabin.library.open(FILMS), cabin.library.put(desk.town.sandbox.world.movies[0])))
    (found,) = desk.told()
    names = [one["name"] for server in found["servers"] for one in server["libraries"]]
    base = desk.town.base
    assert names == [f"{base}/plex/Films", "TV", f"{base}/plex-cabin/Films"]
    assert desk.told("--choose", "TV", "--choose", names[2])[0]["all"] is False
    assert f"libraries: [TV, {base}/plex-cabin/Films]" in desk.file.read_text("utf-8")
    assert [one["chosen"] for server in desk.told()[0]["servers"] for one in server["libraries"]] == [False, True, True]
    assert desk.say("--choose", "Films").code == 0
    assert "libraries: [Films]" in desk.file.read_text("utf-8")


def test_a_server_that_does_not_answer_is_told_and_the_others_are_listed(desk: Desk) -> None:
    several(desk)
    desk.town.do(lambda: desk.town.sandbox["plex-cabin"].faults.start_outage())
    said = desk.say()
    assert said.code == 0
    assert "plex-cabin: " in said.out
    assert "chosen  TV" in said.out
    refused = desk.say("--choose", "Attic")
    assert (refused.code, "plex-cabin does not answer, and may have it." in refused.err) == (2, True)
    assert desk.say("--choose", "TV").code == 0


def test_where_none_answers_that_is_said_and_nothing_is_written(desk: Desk) -> None:
    before = desk.file.read_text("utf-8")
    desk.town.do(lambda: desk.town.sandbox["plex"].faults.start_outage())
    said = desk.say()
    assert (said.code, "To choose" in said.out) == (1, False)
    refused = desk.say("--choose", "TV")
    assert (refused.code, desk.file.read_text("utf-8")) == (1, before)

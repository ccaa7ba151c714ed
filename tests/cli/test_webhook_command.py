"""``scrobbled webhook``: the address, the steps, and what to add where a source is not configured."""

import json
from pathlib import Path

import pytest

from cli.conftest import Command, Said
from scrobbled.config import SOURCE_NAMES, loads
from scrobbled.core.services import service
from scrobbled.desk.sources.guides import address, guide
from scrobbled.sources import SOURCES
from scrobbled.sources.tautulli_templates import TEMPLATE

TOKENS = {name: f"token-of-{name}-0123456789" for name in SOURCE_NAMES}
CONFIG = """
server: {{{server}}}
storage: {{path: {folder}/s.db}}
sources:
{sources}
viewers: [{{name: anna, accounts: {{plex: anna}}}}]
"""
DOCS = Path(__file__).parents[2] / "docs" / "sources"


@pytest.fixture
def say(tmp_path: Path, scrobbled: Command) -> Command:
    path = tmp_path / "scrobbled.yaml"

    def run(*words: str, server: str = "public_url: http://nas.local:8484", sources: tuple[str, ...] = ()) -> Said:
        lines = "\n".join(f"  {name}: {{token: {TOKENS[name]}}}" for name in sources or SOURCE_NAMES)
        path.write_text(CONFIG.format(server=server, folder=tmp_path, sources=lines), encoding="utf-8")
        return scrobbled("webhook", *words, "--config", str(path))

    return run


@pytest.mark.parametrize("source", SOURCE_NAMES)
def test_each_source_has_its_address_in_the_first_line_and_its_steps_below(say: Command, source: str) -> None:
    said = say(source)
    assert said.code == 0
    own = "/trakt" if source == "trakt" else f"/webhooks/{source}/{TOKENS[source]}"
    assert said.out.splitlines()[0] == f"http://nas.local:8484{own}"
    for number, step in enumerate(SOURCES[source].setup.steps, 1):
        assert f"{number}. {step}" in said.out
    assert TOKENS[source] in said.out
    assert said.err == ""


def test_the_template_for_tautulli_is_printed_as_it_is(say: Command) -> None:
    assert TEMPLATE.strip() in say("tautulli").out
    assert json.loads(say("tautulli", "--json").out)["paste"] == TEMPLATE


def test_json_has_everything_and_the_secret_is_not_masked(say: Command) -> None:
    found = json.loads(say("plex", "--json").out)
    assert found["url"] == f"http://nas.local:8484/webhooks/plex/{TOKENS['plex']}"
    assert (found["guess"], found["registers"], found["title"]) == ("", True, "Plex")


def test_without_a_public_address_it_is_said_to_be_a_guess(say: Command) -> None:
    said = say("plex", server="host: 192.0.2.7, port: 9000")
    assert said.out.startswith("http://192.0.2.7:9000/webhooks/plex/")
    assert "server.public_url is not set, so http://192.0.2.7:9000 is a guess" in said.out


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("port: 9000", "http://10.1.2.3:9000"),
        ("host: '::'", "http://10.1.2.3:8484"),
        ("host: 'fd00::1'", "http://[fd00::1]:8484"),
        ("public_url: https://example.org/s/", "https://example.org/s"),
    ],
)
def test_the_address_is_the_public_one_or_that_of_this_machine(server: str, expected: str) -> None:
    base, guess = address(loads(f"server: {{{server}}}", {}), lambda: "10.1.2.3")
    assert (base, bool(guess)) == (expected, "public_url" not in server)


def test_a_source_that_is_not_configured_says_what_to_add_with_a_fresh_secret(say: Command) -> None:
    first, second = say("jellyfin", sources=("plex",)), say("jellyfin", sources=("plex",))
    assert (first.code, first.err.count("sources.jellyfin: is not configured")) == (2, 1)
    assert first.out != second.out
    added = f"storage: {{path: x}}\nsources:\n  plex: {{token: {TOKENS['plex']}}}\n{first.out}viewers: [{{name: anna}}]"
    token = loads(added, {}).sources["jellyfin"].token
    assert token is not None
    assert len(token) == 32
    assert token not in first.err


def test_what_to_add_is_in_json_too(say: Command) -> None:
    said = say("emby", "--json", sources=("plex",))
    assert said.code == 2
    assert json.loads(said.out)["yaml"].startswith("  emby:\n    token: ")


def test_a_source_nobody_knows_is_wrong_usage(say: Command) -> None:
    said = say("vlc")
    assert (said.code, said.out) == (2, "")
    assert "no source is called vlc; there is plex, tautulli, jellyfin" in said.err


def test_registering_needs_what_is_not_configured(say: Command) -> None:
    said = say("plex", "--register")
    assert said.code == 2
    assert "sources.plex.server_token: " in said.err


def test_nobody_who_lists_the_source_is_told_of(say: Command) -> None:
    assert "No viewer lists an account of emby yet" in say("emby").out
    assert "No viewer lists" not in say("plex").out


def test_tokens_of_players_are_told_by_viewer() -> None:
    text = "sources: {trakt: {token: shared-0123456789, tokens: {anna: annas-0123456789}}}\n"
    found = guide(loads(f"{text}viewers: [{{name: anna, accounts: {{trakt: me}}}}]", {}), "trakt", lambda: "h")
    assert found.tokens == {"": "shared-0123456789", "anna": "annas-0123456789"}
    assert found.url == "http://h:8484/trakt"


def test_every_source_has_a_page_with_the_steps_of_its_setup() -> None:
    for name, source in SOURCES.items():
        place = DOCS / f"{service(name).page or name}.md"
        page = " ".join(place.read_text(encoding="utf-8").split())
        for step in source.setup.steps:
            assert step in page, f"{place.name} lacks: {step}"
        assert "When nothing arrives" in page

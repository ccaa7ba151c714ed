"""Whether there is a configuration yet, where the first one goes, and that each step adds to what is there."""

from pathlib import Path

import pytest

from scrobbled.config import Config, loads
from scrobbled.core.errors import ConfigError
from scrobbled.desk.settings import starting
from scrobbled.desk.settings.starting import SetupStep


def test_without_a_file_the_first_usual_folder_that_exists_is_taken(tmp_path: Path) -> None:
    here, there = tmp_path / "no" / "scrobbled.yaml", tmp_path / "scrobbled.yaml"
    assert starting.place(None, {}, (here, there)) == there
    assert starting.place(None, {}, (here, here)) == here


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n\n"])
def test_an_empty_file_is_none_yet(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(text)
    assert starting.place(path, {}) == path


def test_a_named_file_that_is_not_there_is_where_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert starting.place(None, {"SCROBBLED_CONFIG": str(path)}) == path
    assert starting.place(tmp_path / "nowhere" / "mine.yaml", {}) is None, "a typing mistake is told as before"


@pytest.mark.parametrize("text", ["viewers: [", "nonsense: 1", "\x00"])
def test_a_broken_file_is_one_that_is_there(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scrobbled.yaml"
    path.write_text(text)
    assert starting.place(path, {}) is None
    assert starting.place(tmp_path, {}) is None, "a folder of that name"


def test_the_first_configuration_lets_nobody_in_and_listens_where_the_environment_says(tmp_path: Path) -> None:
    config = starting.first(tmp_path / "scrobbled.yaml", {"SCROBBLED_PORT": "8585"})
    assert config.server.login is None
    assert config.server.port == 8585
    assert loads(starting.beginning(config), {}).server.port == 8585
    assert starting.first(tmp_path / "scrobbled.yaml", {"SCROBBLED_PORT": "no"}).server.port == 8484


def test_codes_are_long_and_easy_to_type() -> None:
    codes = {starting.code() for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 8 and not set(code) & set("AEIOU01") for code in codes)


def test_each_step_keeps_what_was_there_before() -> None:
    text = starting.HEADER
    text = starting.with_viewer(text, "anna")
    text = starting.with_login(text, "yes", "null")
    text = starting.with_tracker(text, 0, "trakt", {"client_id": "123", "client_secret": "${SECRET}"})
    text = starting.with_tracker(text, 0, "trakt", {"client_secret": "true"})
    text = starting.with_source(text, "plex", {"token": "0123456789abcdef"})
    text = starting.with_source(text, "jellyfin", {"token": "fedcba9876543210"})
    text = starting.with_source(text, "plex", {"url": "http://plex.local:32400"})
    text = starting.with_viewer(text, "ben")
    config = loads(text, {})
    assert [viewer.name for viewer in config.viewers] == ["anna", "ben"]
    assert config.viewers[0].trackers["trakt"] == {"client_id": "123", "client_secret": "true"}
    assert config.server.login is not None
    assert (config.server.login.username, config.server.login.password) == ("yes", "null")
    assert list(config.sources) == ["plex", "jellyfin"]
    assert (config.sources["plex"].token, config.sources["plex"].url) == ("0123456789abcdef", "http://plex.local:32400")
    assert text.startswith(starting.HEADER)
    assert text.index("sources:") < text.index("viewers:"), "people stand last"


def test_a_dollar_sign_that_somebody_typed_is_no_variable() -> None:
    text = starting.with_login(starting.HEADER, "admin", "pay ${ME}")
    login = loads(text, {}).server.login
    assert login is not None
    assert login.password == "pay ${ME}"


def test_a_windows_file_keeps_its_line_ends() -> None:
    text = starting.with_viewer("# mine\r\nserver:\r\n  port: 8585\r\n", "anna")
    assert text.count("\n") == text.count("\r\n")
    assert loads(text, {}).viewers[0].name == "anna"


def test_the_next_step_is_the_first_that_is_not_done() -> None:
    assert starting.next_step(starting.steps_done(Config(), heard=False)) is SetupStep.PASSWORD
    assert starting.next_step(frozenset(SetupStep)) is None


def test_a_library_alone_is_nowhere_that_plays_go_to() -> None:
    for trackers, is_done in (("{shelf: {}}", False), ("{shelf: {}, memory: {}}", True)):
        config = loads(f"viewers: [{{name: anna, trackers: {trackers}}}]", {})
        assert (SetupStep.TRACKERS in starting.steps_done(config, heard=False)) is is_done


def test_a_slip_in_the_path_begins_no_second_set_up_beside_the_real_one(tmp_path: Path) -> None:
    (tmp_path / "scrobbled.yaml").write_text("viewers: [{name: anna}]\n")
    with pytest.raises(ConfigError, match=r"there is scrobbled\.yaml beside it"):
        starting.place(tmp_path / "scrobled.yaml", {})

"""Home Assistant's options: they count where the file says nothing, and only below its supervisor."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrobbled.config import Config, json_schema, loads, preset, show, warnings
from scrobbled.config.options import OPTIONS
from scrobbled.core.errors import ConfigError
from scrobbled.desk.settings import starting

EVERYTHING = {
    "password": "door-password-9182",
    "public_url": "http://homeassistant.local:8484",
    "tmdb_key": "0123456789abcdef0123456789abcdef",
    "alert_urls": ["ntfy://ntfy.example/one", "ntfy://ntfy.example/two"],
    "sensors": False,
    "log_level": "debug",
}
FILE = "viewers:\n  - name: anna\n"


def environment(folder: Path, options: Any) -> dict[str, str]:
    path = folder / "options.json"
    path.write_text(options if isinstance(options, str) else json.dumps(options), encoding="utf-8")
    return {"SUPERVISOR_TOKEN": "token-of-the-supervisor", "SCROBBLED_OPTIONS": str(path)}


def summary(config: Config) -> dict[str, Any]:
    """What the options are about."""
    login = config.server.login
    return {
        "password": login and login.password,
        "public_url": config.server.public_url,
        "tmdb_key": config.metadata.tmdb.key,
        "alert_urls": [one.url for one in config.alerts.urls],
        "sensors": config.sinks.mqtt.enabled,
        "log_level": config.logging.level,
    }


def test_options_count_where_the_file_says_nothing(tmp_path: Path) -> None:
    config = loads(FILE, environment(tmp_path, EVERYTHING))
    assert summary(config) == EVERYTHING
    assert config.server.login is not None
    assert config.server.login.username == "admin"
    assert config.set_aside == ()


def test_it_is_told_where_a_value_came_from_and_no_secret_is_shown(tmp_path: Path) -> None:
    config = loads(FILE, environment(tmp_path, EVERYTHING))
    rows = {row.path: row for row in show(config)}
    assert rows["logging.level"].origin == "Home Assistant's option log_level"
    assert rows["server.login.password"].value == "••••"
    assert rows["alerts.urls[1]"].value == "ntfy://••••"


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("password", "server: {login: {username: ben, password: of-the-file-1}}", "of-the-file-1"),
        ("public_url", "server: {public_url: http://nas.local}", "http://nas.local"),
        ("tmdb_key", "metadata: {tmdb: {key: of-the-file}}", "of-the-file"),
        ("alert_urls", "alerts: {urls: [ntfy://of.the/file]}", ["ntfy://of.the/file"]),
        ("sensors", "sinks: {mqtt: {enabled: true}}", True),
        ("log_level", "logging: {level: error}", "error"),
    ],
)
def test_what_stands_in_the_file_goes_before_an_option_and_that_is_told(
    tmp_path: Path, name: str, said: str, expected: Any
) -> None:
    config = loads(FILE + said + "\n", environment(tmp_path, EVERYTHING))
    assert summary(config) == {**EVERYTHING, name: expected}
    path = ".".join(OPTIONS[name][0])
    assert f"{path}: stands in the file, so Home Assistant's option {name} is not used" in warnings(config)


def test_a_secret_that_the_file_takes_from_another_file_goes_before_an_option(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of-the-file")
    config = loads(f"{FILE}metadata:\n  tmdb:\n    key_file: {tmp_path / 'key'}\n", environment(tmp_path, EVERYTHING))
    assert config.metadata.tmdb.key == "of-the-file"


@pytest.mark.parametrize("said", ["server:", "server: {port: 81}", "server:\n  login:"])
def test_a_section_that_says_nothing_of_it_leaves_room_for_the_option(tmp_path: Path, said: str) -> None:
    config = loads(f"{FILE}{said}\n", environment(tmp_path, EVERYTHING))
    assert summary(config) == EVERYTHING


def test_other_keys_of_the_same_section_keep_counting(tmp_path: Path) -> None:
    config = loads(FILE + "logging: {format: json}\n", environment(tmp_path, {"log_level": "debug"}))
    assert (config.logging.level, config.logging.format) == ("debug", "json")


@pytest.mark.parametrize("options", [{}, {"password": "", "alert_urls": [], "log_level": None}, {"of_old": "x"}])
def test_what_is_not_filled_in_changes_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    assert loads(FILE, environment(tmp_path, options)) == loads(FILE, {})


def test_nothing_in_an_option_is_taken_for_a_variable(tmp_path: Path) -> None:
    config = loads(FILE, environment(tmp_path, {"password": "${SUPERVISOR_TOKEN}"}))
    assert summary(config)["password"] == "${SUPERVISOR_TOKEN}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"log_level": "loud"}, "logging.level: the value from Home Assistant's option log_level is not one of"),
        ({"public_url": "nas"}, "server.public_url: the value from Home Assistant's option public_url is not an"),
        ({"alert_urls": ["nas"]}, "alerts.urls[0]: the value is not an Apprise URL"),
        ("{", "options.json: Home Assistant's options are not JSON"),
        ("[]", "options.json: Home Assistant's options are not JSON"),
    ],
)
def test_a_wrong_option_is_named_without_its_value(tmp_path: Path, options: Any, expected: str) -> None:
    for read in (lambda env: loads(FILE, env), preset):
        with pytest.raises(ConfigError) as error:
            read(environment(tmp_path, options))
        assert expected in str(error.value)
        assert "loud" not in str(error.value)


def test_options_that_cannot_be_read_are_a_problem_and_none_at_all_are_not(tmp_path: Path) -> None:
    environ = {"SUPERVISOR_TOKEN": "x", "SCROBBLED_OPTIONS": str(tmp_path)}
    with pytest.raises(ConfigError, match="options cannot be read"):
        loads(FILE, environ)
    assert loads(FILE, {**environ, "SCROBBLED_OPTIONS": str(tmp_path / "none")}) == loads(FILE, {})


def test_the_first_start_goes_by_the_options_too(tmp_path: Path) -> None:
    config = starting.first(tmp_path / "scrobbled.yaml", environment(tmp_path, EVERYTHING))
    assert summary(config) == EVERYTHING
    assert starting.SetupStep.PASSWORD in starting.steps_done(config, heard=False)
    assert config.server.login is not None
    assert EVERYTHING["password"] not in starting.beginning(config), "what the form says stays there"


APP = Path(__file__).parents[2] / "addon"


def test_the_form_of_the_app_has_exactly_the_options_that_are_read() -> None:
    assert yaml.safe_load((APP / "config.yaml").read_text(encoding="utf-8"))["schema"].keys() == OPTIONS.keys()


def test_each_option_has_its_place_in_the_file() -> None:
    for path, _ in OPTIONS.values():
        node: Any = json_schema()
        for key in path:
            node = node["properties"][key]

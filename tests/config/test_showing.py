"""What people, the redactor and editors are told about the configuration."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from scrobbled.config import Config, SettingRow, json_schema, load, loads, secrets, show
from scrobbled.config.fields import Named, Table, table_of
from scrobbled.core.errors import ConfigError
from scrobbled.plumbing.redact import Redactor

TEXT = """
server:
  port: 81
  login: {username: admin, password: "${PASSWORD}"}
sources:
  plex: {token: "${TOKEN}", server_token_file: plex}
  trakt: {tokens: {anna: anna-0123456789abcdef}}
defaults: {threshold: 80%, min_duration: "${MIN:-90s}"}
viewers:
  - name: anna
    accounts: {plex: [anna, 5]}
    trackers: {serializd: {email: a@b.c, password: pw-of-anna, pace: 2s}}
alerts: {urls: ["tgram://123456789:abcdefABCDEF/42", "mailto://anna:mail-pw@example.org"]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "token").write_text("plex-0123456789abcdef\n")
    (tmp_path / "plex").write_text("plex-server-token\n")
    (tmp_path / "scrobbled.yaml").write_text(TEXT)
    return load(tmp_path / "scrobbled.yaml", {"PASSWORD": "hunter22", "TOKEN_FILE": str(tmp_path / "token")})


def test_every_value_is_shown_with_its_origin_and_without_secrets(config: Config) -> None:
    rows = {row.path: (row.value, row.origin) for row in show(config)}
    assert rows["server.port"] == ("81", "line 3")
    assert rows["server.host"] == ("0.0.0.0", "default")
    assert rows["server.public_url"] == ("", "default")
    assert rows["server.login.password"] == ("••••", "environment PASSWORD (line 4)")
    assert rows["sources.plex.token"] == ("••••", "file of environment TOKEN_FILE (line 6)")
    assert rows["sources.plex.server_token"] == ("••••", "file plex (line 6)")
    assert rows["sources.trakt.tokens.anna"] == ("••••", "line 7")
    assert rows["defaults.threshold"] == ("80%", "line 8")
    assert rows["defaults.min_duration"] == ("90s", "line 8")
    assert rows["storage.keep_raw_events"] == ("14d", "default")
    assert rows["viewers[0].accounts.plex[1]"] == ("5", "line 11")
    assert rows["viewers[0].trackers.serializd.pace"] == ("2s", "line 12")
    assert rows["viewers[0].trackers.serializd.password"] == ("••••", "line 12")
    assert rows["alerts.urls[0]"] == ("tgram://••••", "line 13")
    assert rows["sinks.influx"] == ("", "default")
    text = "\n".join(f"{row.value} {row.origin}" for row in show(config))
    assert not [secret for secret in secrets(config) if secret in text]


def test_all_that_was_given_is_shown(config: Config) -> None:
    assert set(config.origins) <= {row.path for row in show(config)}


def test_a_configuration_made_by_a_program_is_all_defaults() -> None:
    assert SettingRow("server.port", "8484", "default") in show(Config())
    assert secrets(Config()) == []


def test_every_secret_is_named_for_the_redactor(config: Config) -> None:
    assert set(secrets(config)) == {
        "hunter22",
        "plex-0123456789abcdef",
        "plex-server-token",
        "anna-0123456789abcdef",
        "pw-of-anna",
        "tgram://123456789:abcdefABCDEF/42",
        "123456789:abcdefABCDEF",
        "mailto://anna:mail-pw@example.org",
        "mail-pw",
    }


def test_the_redactor_masks_all_of_it(config: Config) -> None:
    cleaned = Redactor(secrets(config)).text(f"{TEXT} hunter22 plex-0123456789abcdef plex-server-token")
    assert not [secret for secret in secrets(config) if secret in cleaned]
    assert "anna@" not in cleaned
    assert "a@b.c" in cleaned


def fits(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """As much of JSON Schema as ours uses."""
    if "$ref" in schema:
        return fits(root["$defs"]["variable"], value, root)
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    wanted = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if wanted and not any(
        number if kind == "number" else number and isinstance(value, int) if kind == "integer"
        else isinstance(value, kinds[kind]) for kind in wanted
    ):  # fmt: skip
        return False
    return (
        all(fits(part, value, root) for part in schema.get("allOf", ()))
        and ("anyOf" not in schema or any(fits(part, value, root) for part in schema["anyOf"]))
        and ("enum" not in schema or value in schema["enum"])
        and (not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None)
        and (not number or schema.get("minimum", value) <= value <= schema.get("maximum", value))
        and (not isinstance(value, list) or all(fits(schema.get("items", {}), part, root) for part in value))
        and (not isinstance(value, dict) or _members_fit(schema, value, root))
    )


def _members_fit(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any]) -> bool:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    return all(name in value for name in schema.get("required", ())) and all(
        fits(known[name], part, root) if name in known else others is not False and fits(others, part, root)
        for name, part in value.items()
    )


GOOD: list[dict[str, Any]] = [
    {},
    {"server": None, "viewers": [{"name": "a"}]},
    {"server": {"port": "${PORT}", "login": {"username": "a", "password_file": "/x"}}},
    {"sources": {"plex": {"token": "${T}", "libraries": "TV", "threshold": 80}, "trakt": {"tokens": {"a": "${A}"}}}},
    {
        "viewers": [
            {"name": "a", "accounts": {"plex": ["a", 5]}, "trackers": {"trakt": {"client_id": "x", "pace": "1s"}}}
        ]
    },
    {"alerts": {"urls_file": "/x", "repeat": "12h"}, "logging": {"level": "${LEVEL:-info}"}},
]
BAD: list[dict[str, Any]] = [
    {"sever": {}},
    {"server": {"port": "many"}},
    {"server": {"port": 0}},
    {"server": {"login": {"username": "a"}}},
    {"sources": {"plecks": {}}},
    {"storage": {"keep_raw_events": "14 parsecs"}},
    {"viewers": [{}]},
    {"viewers": [{"name": "a", "trackers": {"trakt": {}}}]},
    {"logging": {"level": "loud"}},
]


@pytest.mark.parametrize("value", GOOD)
def test_the_schema_accepts_what_is_right(value: dict[str, Any]) -> None:
    assert fits(json_schema(), value, json_schema())


@pytest.mark.parametrize("value", BAD)
def test_the_schema_and_loading_refuse_what_is_wrong(value: dict[str, Any]) -> None:
    assert not fits(json_schema(), value, json_schema())
    with pytest.raises(ConfigError):
        loads(json.dumps(value), {})


def test_the_schema_describes_every_key_of_the_tables() -> None:
    def compare(table: Table, schema: dict[str, Any]) -> None:
        plain = {name for name in schema["properties"] if not name.endswith("_file")}
        assert plain == set(table.fields)
        for name, field in table.fields.items():
            assert schema["properties"][name]["description"]
            if isinstance(field.shape, Table):
                compare(field.shape, schema["properties"][name])
            if isinstance(field.shape, Named):
                assert set(field.shape.shapes) <= set(schema["properties"][name]["properties"])

    compare(table_of(Config), json_schema())
    json.dumps(json_schema())


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("removals: ask", {"removals": ("ask", "line 1")}),
        ("removals: {plays: ask}", {"removals.plays": ("ask", "line 1")}),
        ("plays: both", {"removals": ("ignore", "default")}),
    ],
)
def test_removals_are_shown_as_they_were_written(words: str, shown: dict[str, tuple[str, str]]) -> None:
    viewer = "name: a, trackers: {trakt: {client_id: x}, serializd: {}}"
    text = f"viewers: [{{{viewer}, pairs: [{{between: [trakt, serializd], {words}}}]}}]"
    rows = {row.path.partition("pairs[0].")[2]: (row.value, row.origin) for row in show(loads(text, {}))}
    assert {path: row for path, row in rows.items() if path.startswith("removals")} == shown

"""Image, Compose file and Home Assistant app: what can be judged by reading them, so that no tool is needed."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrobbled import __version__
from scrobbled.core.outcomes import PlayOutcome

ROOT = Path(__file__).resolve().parent.parent
PORT = 8484


class UniqueKeys(yaml.SafeLoader):
    """YAML readers take the last of two equal keys without a word; here that is an error."""


def _mapping(loader: UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(keys)), f"a key stands twice {node.start_mark}"
    return loader.construct_mapping(node, deep=True)


UniqueKeys.add_constructor("tag:yaml.org,2002:map", _mapping)


def read(name: str) -> Any:
    return yaml.load((ROOT / name).read_text(encoding="utf-8"), Loader=UniqueKeys)


# Dockerfile


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8")).replace("\\\n", " ")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


def final_stage() -> list[tuple[str, str]]:
    lines = instructions()
    start = max(index for index, (word, _) in enumerate(lines) if word == "FROM")
    return lines[start:]


def only(word: str) -> str:
    found = [rest.strip() for name, rest in final_stage() if name == word]
    assert len(found) == 1, f"{word} stands {len(found)} times in the final stage"
    return found[0]


def labels() -> dict[str, str]:
    names = dict(part.partition("=")[::2] for part in shlex.split(only("ARG")))
    parts = shlex.split(only("LABEL"))
    return {
        key: re.sub(r"\$\{(\w+)\}", lambda m: names[m[1]], value) for key, _, value in (p.partition("=") for p in parts)
    }


def test_both_stages_use_the_same_pinned_base() -> None:
    bases = {rest.split()[0] for word, rest in instructions() if word == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases.pop())


def test_the_image_installs_nothing_whose_hash_it_does_not_know() -> None:
    installs = [
        part
        for word, rest in instructions()
        if word == "RUN"
        for part in rest.split("&&")
        if re.search(r"\bpip (install|wheel)\b", part)
    ]
    assert len(installs) == 4
    assert all("--require-hashes" in part or "--no-index" in part for part in installs), installs


def test_the_labels_carry_this_version_and_the_platforms_of_the_app() -> None:
    assert labels()["org.opencontainers.image.version"] == __version__
    assert labels()["io.hass.version"] == __version__
    assert labels()["io.hass.type"] == "app"
    assert labels()["io.hass.arch"].split("|") == read("addon/config.yaml")["arch"]


def test_the_image_takes_the_words_of_the_command_and_serves_by_default() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["scrobbled"]
    assert json.loads(only("CMD")) == ["serve"]


def test_the_image_is_stopped_by_the_signal_the_service_listens_to() -> None:
    assert only("STOPSIGNAL") == "SIGTERM"


def test_the_image_leaves_the_user_to_whoever_starts_it() -> None:
    # Home Assistant mounts /data for root alone and cannot set a user.
    assert not [rest for word, rest in final_stage() if word == "USER"]


def test_every_file_the_image_is_built_from_reaches_the_builder_and_nothing_else_does() -> None:
    rules = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")
    ]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    }
    assert allowed == copied
    assert all((ROOT / name).exists() for name in allowed)


# The health check is run for real, with another port in its text


class Healthy(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Failing(Healthy):
    status = 500


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def health_check(port: int) -> int:
    command = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"
    code = command[2].replace(f":{PORT}/", f":{port}/")
    surroundings = {
        **os.environ,
        "http_proxy": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "no_proxy": "",
    }
    return subprocess.run(
        [sys.executable, command[1], code], env=surroundings, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize(("handler", "code"), [(Healthy, 0), (Failing, 1)])
def test_the_health_check_tells_a_live_service_from_a_failing_one(
    handler: type[BaseHTTPRequestHandler], code: int
) -> None:
    with listening(handler) as port:
        assert health_check(port) == code


def test_the_health_check_fails_when_nothing_listens() -> None:
    with listening(Healthy) as port:
        pass
    assert health_check(port) == 1


# Compose


def service() -> dict[str, Any]:
    return read("docker-compose.yml")["services"]["scrobbled"]


def test_compose_starts_the_service_alone_and_without_rights() -> None:
    assert list(read("docker-compose.yml")["services"]) == ["scrobbled"]
    assert service()["read_only"] is True
    assert service()["cap_drop"] == ["ALL"]
    assert service()["security_opt"] == ["no-new-privileges:true"]
    assert service()["user"] == "1000:1000"
    assert service()["tmpfs"] == ["/tmp"]
    assert service()["init"] is True
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid"} & service().keys()


def test_compose_keeps_the_state_in_a_volume_and_only_reads_the_configuration() -> None:
    assert service()["volumes"] == ["./config:/config:ro", "scrobbled-data:/data"]
    assert "scrobbled-data" in read("docker-compose.yml")["volumes"]


def test_compose_gives_the_service_longer_to_stop_than_a_delivery_may_take() -> None:
    assert int(service()["stop_grace_period"].removesuffix("s")) >= 15


def test_image_compose_and_app_agree_on_the_port() -> None:
    assert only("EXPOSE") == str(PORT)
    assert service()["ports"] == [f"{PORT}:{PORT}"]
    assert read("addon/config.yaml")["ports"] == {f"{PORT}/tcp": PORT}
    assert f"http://127.0.0.1:{PORT}/health/live" in only("HEALTHCHECK")


# The Home Assistant app, by the rules of its store linter: unknown keys and keys with their default value are errors

REQUIRED = {"name", "version", "slug", "description", "arch"}
TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str, "version": str, "slug": str, "description": str, "arch": list, "url": str, "image": str,
    "startup": str, "boot": str, "stage": str, "init": bool, "ports": dict, "ports_description": dict, "map": list,
    "options": dict, "schema": dict, "environment": dict, "tmpfs": bool, "timeout": int, "backup": str,
    "backup_pre": str, "backup_post": str, "backup_exclude": list, "ingress": bool, "ingress_port": int,
    "ingress_entry": str, "ingress_stream": bool, "panel_icon": str, "panel_title": str, "panel_admin": bool,
    "homeassistant": str, "homeassistant_api": bool, "services": list, "discovery": list, "apparmor": (bool, str),
    "breaking_versions": list,
}  # fmt: skip
DEFAULTS = {
    "startup": "application", "boot": "auto", "stage": "stable", "init": True, "options": {}, "schema": {},
    "tmpfs": False, "timeout": 10, "backup": "hot", "ingress": False, "ingress_port": 8099, "ingress_stream": False,
    "panel_icon": "mdi:puzzle", "panel_admin": True, "homeassistant_api": False, "apparmor": True,
}  # fmt: skip
CHOICES = {
    "startup": {"initialize", "system", "services", "application", "once"},
    "boot": {"auto", "manual", "manual_only"},
    "stage": {"stable", "experimental", "deprecated"},
    "backup": {"hot", "cold"},
}
FOLDERS = {
    "addon_config",
    "all_addon_configs",
    "homeassistant_config",
    "ssl",
    "addons",
    "backup",
    "share",
    "media",
    "data",
}
OPTION = re.compile(
    r"(?:str|password|int|float)(?:\(-?[\d.]*,-?[\d.]*\))?\??|(?:bool|email|url|port)\??"
    r"|match\(.*\)\??|list\(.+\)\??|device(?:\(subsystem=[a-z]+\))?\??"
)


def app() -> dict[str, Any]:
    return read("addon/config.yaml")


def translation() -> dict[str, Any]:
    return read("addon/translations/en.yaml")


def test_the_app_has_every_required_key_and_no_unknown_one() -> None:
    assert app().keys() >= REQUIRED
    assert app().keys() <= TYPES.keys()


def test_the_app_gives_every_key_the_right_type_and_a_known_value() -> None:
    wrong = {key: value for key, value in app().items() if not isinstance(value, TYPES[key])}
    assert wrong == {}
    assert {key: app()[key] for key in CHOICES.keys() & app().keys() if app()[key] not in CHOICES[key]} == {}
    assert set(app()["arch"]) <= {"aarch64", "amd64"}
    assert re.fullmatch(r"[-_.A-Za-z0-9]+", app()["slug"])
    assert re.fullmatch(r"([a-z0-9][a-z0-9.-]*(:\d+)?/)+[a-z0-9][a-z0-9._-]*", app()["image"])
    assert 10 <= app()["timeout"] <= 300


def test_the_app_repeats_no_default() -> None:
    assert {key: value for key, value in app().items() if key in DEFAULTS and DEFAULTS[key] == value} == {}


def test_the_app_does_not_combine_what_excludes_each_other() -> None:
    # Home Assistant copies the files of a stopped app: commands around the copy would have nothing to run in.
    assert app().get("backup") != "cold" or not {"backup_pre", "backup_post"} & app().keys()
    assert not app().get("ingress") or app().get("ingress_port") != 0


def test_the_app_maps_only_folders_that_exist() -> None:
    for entry in app()["map"]:
        assert entry.keys() <= {"type", "read_only", "path"}
        assert entry["type"] in FOLDERS


def test_every_port_of_the_app_is_explained() -> None:
    assert all(re.fullmatch(r"\d+/(tcp|udp)", port) for port in app()["ports"])
    assert translation()["network"].keys() == app()["ports"].keys()


def test_every_option_of_the_app_has_a_type_and_a_name() -> None:
    schema, options = app().get("schema", {}), app().get("options", {})
    assert options.keys() <= schema.keys()
    assert [key for key in options if str(schema[key]).endswith("?")] == []
    assert [value for value in schema.values() if isinstance(value, str) and not OPTION.fullmatch(value)] == []
    explained = translation().get("configuration", {})
    assert explained.keys() == schema.keys()
    assert all(entry.get("name") for entry in explained.values())


def test_home_assistant_finds_one_app_and_a_name_for_the_repository() -> None:
    # Every config.yaml, .yml or .json outside folders with a dot is taken for another app.
    found = [
        path.relative_to(ROOT).as_posix()
        for ending in ("yaml", "yml", "json")
        for path in ROOT.rglob(f"config.{ending}")
        if not any(part.startswith(".") or part in ("build", "rootfs") for part in path.relative_to(ROOT).parts)
    ]
    assert found == ["addon/config.yaml"]
    assert read("repository.yaml")["name"]


def test_the_app_brings_the_pages_the_store_shows() -> None:
    assert all((ROOT / "addon" / name).read_text(encoding="utf-8").strip() for name in ("DOCS.md", "CHANGELOG.md"))


def test_the_documentation_of_the_app_names_the_port_and_the_file_it_reads() -> None:
    text = (ROOT / "addon" / "DOCS.md").read_text(encoding="utf-8")
    assert str(PORT) in text
    assert "scrobbled.yaml" in text


# Alert rules


SUFFIXES = {"_counter": ("_total",), "_histogram": ("_bucket", "_count", "_sum"), "watch": ("",)}
"""How the program registers a metric, and what Prometheus then calls it."""


def registered() -> Iterator[str]:
    for path in (ROOT / "src" / "scrobbled").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            if isinstance(node.args[0], ast.Constant) and node.func.attr in SUFFIXES:
                yield from (f"scrobbled_{node.args[0].value}{suffix}" for suffix in SUFFIXES[node.func.attr])


def alert_rules() -> list[dict[str, Any]]:
    (group,) = read("config/prometheus/scrobbled.rules.yml")["groups"]
    return group["rules"]


def test_alert_rules_use_only_metrics_the_program_registers() -> None:
    used = {name for rule in alert_rules() for name in re.findall(r"\bscrobbled_[a-z_]+", rule["expr"])}
    assert len(used) >= 5
    assert used <= set(registered())


def test_alert_rules_name_only_outcomes_that_exist() -> None:
    choices = {choice for rule in alert_rules() for choice in re.findall(r'=~"([^"]+)"', rule["expr"])}
    assert choices
    assert {code for choice in choices for code in choice.split("|")} <= set(PlayOutcome)


def test_every_alert_has_a_test_a_severity_and_words() -> None:
    tested = {
        case["alertname"]
        for test in read("config/prometheus/scrobbled.rules.test.yml")["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert {rule["alert"] for rule in alert_rules()} == tested
    for rule in alert_rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description"}

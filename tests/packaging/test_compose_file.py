"""docker-compose.yml: what runs by default, with which rights, and what the profiles add."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrobbled import __version__
from scrobbled.config import InfluxConfig

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("scrobbled", "demo")


def mounts(service: str) -> dict[str, str]:
    """Where -> what; a trailing ``:ro`` belongs to what."""
    parts = [entry.split(":") for entry in SERVICES[service].get("volumes", [])]
    return {where: ":".join([what, *options]) for what, where, *options in parts}


def test_without_a_profile_the_service_runs_alone() -> None:
    assert [name for name, service in SERVICES.items() if not service.get("profiles")] == ["scrobbled"]


def test_the_profiles_add_monitoring_charts_and_the_demo() -> None:
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {
        "prometheus": ["monitoring"],
        "grafana": ["monitoring", "charts"],
        "influxdb": ["charts"],
        "demo": ["demo"],
    }


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_with_rights_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_everything_says_whether_it_is_well(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    assert health["test"][0] == "CMD"
    assert health.keys() == {"test", "interval", "timeout", "start_period", "retries"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_run_as_an_ordinary_user_and_write_to_memory(name: str) -> None:
    assert SERVICES[name]["user"] == "1000:1000"
    assert SERVICES[name]["tmpfs"] == ["/tmp"]
    assert SERVICES[name]["init"] is True


def test_our_containers_are_asked_as_the_image_says() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (words,) = re.findall(r"HEALTHCHECK.*\\\n\s*CMD (\[.*\])", dockerfile)
    assert [SERVICES[name]["healthcheck"]["test"] for name in OURS] == [["CMD", *json.loads(words)]] * 2


def test_our_containers_are_this_version() -> None:
    assert {SERVICES[name]["image"] for name in OURS} == {f"scrobbled/scrobbled:{__version__}"}


def test_what_others_made_has_an_exact_version() -> None:
    images = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    assert all(re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", image) for image in images), images


def test_the_state_is_in_a_volume_and_the_configuration_and_secrets_beside_the_file() -> None:
    assert mounts("scrobbled") == {
        "/config": "./config",
        "/run/secrets": "./secrets:ro",
        "/data": "scrobbled-data",
    }


def test_everything_that_is_mounted_is_there_before_the_first_start() -> None:
    # the engine makes a missing folder as root, and whoever runs Compose could then put no secret into it
    sources = {what.removesuffix(":ro") for name in SERVICES for what in mounts(name).values()}
    own = {source for source in sources if source.startswith("./")}
    assert {source for source in own if not (ROOT / source).exists()} == set()
    assert set(sources - own) == COMPOSE["volumes"].keys()


def test_the_service_gets_longer_to_stop_than_a_delivery_may_take() -> None:
    assert int(SERVICES["scrobbled"]["stop_grace_period"].removesuffix("s")) >= 15


def test_no_two_containers_want_the_same_port_of_the_machine() -> None:
    ports = [port.rsplit(":", 1)[0].rpartition(":")[2] for service in SERVICES.values() for port in service["ports"]]
    assert len(ports) == len(set(ports))


def test_prometheus_asks_nobody_for_a_password_and_is_open_to_this_machine_alone() -> None:
    assert SERVICES["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]


def test_prometheus_reads_the_service_where_it_listens_and_the_rules_beside_its_configuration() -> None:
    config = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    assert mounts("prometheus")["/etc/prometheus"] == "./config/prometheus:ro"
    assert [job["static_configs"] for job in config["scrape_configs"]] == [[{"targets": ["scrobbled:8484"]}]]
    assert all((ROOT / "config/prometheus" / name).exists() for name in config["rule_files"])


def test_grafana_finds_its_data_source_and_its_dashboards_where_they_are_mounted() -> None:
    there = mounts("grafana")
    assert there["/etc/grafana/provisioning"] == "./config/grafana/provisioning:ro"
    source = ROOT / "config/grafana/provisioning/datasources/prometheus.yml"
    (provider,) = (ROOT / "config/grafana/provisioning/dashboards").iterdir()
    (prometheus,) = yaml.safe_load(source.read_text(encoding="utf-8"))["datasources"]
    (provided,) = yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"]
    assert prometheus["url"] == "http://prometheus:9090"
    assert there[provided["options"]["path"]] == "./config/grafana/dashboards:ro"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "config/grafana/dashboards" / Path(home).name).exists()
    assert Path(home).parent == Path(provided["options"]["path"])


def test_neither_profile_needs_what_only_the_other_starts() -> None:
    wanted = SERVICES["grafana"]["depends_on"]
    assert {name: one["required"] for name, one in wanted.items()} == {"prometheus": False, "influxdb": False}
    assert SERVICES["grafana"]["secrets"] == ["grafana_password"], (
        "a secret that is missing would keep it from starting"
    )


def test_charts_are_set_up_with_both_buckets_and_found_by_grafana_under_the_same_names() -> None:
    made = SERVICES["influxdb"]["environment"]
    script = ROOT / "config/influxdb/buckets.sh"
    usual = InfluxConfig(url="http://influxdb:8086")
    assert made["DOCKER_INFLUXDB_INIT_BUCKET"] == usual.bucket_raw
    assert f"--name {usual.bucket_daily} " in script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK), "it would not be run"
    file = ROOT / "config/grafana/provisioning/datasources/influxdb.yml"
    (source,) = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    assert source["jsonData"]["organization"] == made["DOCKER_INFLUXDB_INIT_ORG"]
    assert (source["url"], source["secureJsonData"]) == (usual.url, {"token": "$GF_INFLUX_TOKEN"})
    asked = {"grafana": "GF_INFLUX_TOKEN__FILE", "influxdb": "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE"}
    for name, where in asked.items():
        assert SERVICES[name]["environment"][where] == "/run/charts/influx_token"
        assert mounts(name)["/run/charts"] == "./secrets/charts:ro"
    assert SERVICES["influxdb"]["ports"] == ["127.0.0.1:8086:8086"]
    shown = (ROOT / "config/grafana/dashboards/charts.json").read_text("utf-8")
    described = (ROOT / "src/scrobbled/sinks/influx/dashboards/flux.json").read_text("utf-8")
    assert shown == described, "python3 .ci/dev.py dashboard writes it anew"


def test_secrets_come_from_files_that_are_never_committed() -> None:
    assert {secret["file"] for secret in COMPOSE["secrets"].values()} == {"./secrets/grafana_password"}
    assert SERVICES["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_password"
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    lines = (ROOT / "secrets" / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["*", "!.gitignore", "!charts/"]
    assert (ROOT / "secrets/charts/.gitignore").read_text(encoding="utf-8") == "*\n!.gitignore\n"

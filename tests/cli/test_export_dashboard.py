"""The dashboard of charts, written for somebody's own Grafana."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SINK = "sinks: {influx: {url: 'http://influx:8086', token: t, org: o, bucket_raw: plays, bucket_daily: days}}\n"


def scrobbled(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    file = folder / "scrobbled.yaml"
    file.write_text(text or "{}\n")
    command = [sys.executable, "-m", "scrobbled", "export", "influx", "--config", str(file), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("where", "said"), [("charts.json", "Import"), ("-", "")])
def test_the_dashboard_is_written_with_the_names_of_the_configuration(tmp_path: Path, where: str, said: str) -> None:
    file = where if where == "-" else str(tmp_path / where)
    done = scrobbled(tmp_path, SINK, "--dashboard", "influxql", file)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout if where == "-" else (tmp_path / where).read_text("utf-8"))
    chosen = {one["name"]: one["query"] for one in made["templating"]["list"] if one["type"] == "textbox"}
    assert chosen == {"bucket_raw": "plays", "bucket_daily": "days"}
    assert said in done.stdout


def test_without_a_sink_it_is_said_what_to_write(tmp_path: Path) -> None:
    done = scrobbled(tmp_path, "server: {port: 8484}\n", "--dashboard", "flux", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "docs/analytics.md" in done.stderr

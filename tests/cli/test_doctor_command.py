"""``scrobbled doctor``: what it prints, its exit codes, and that a wrong configuration is no reason to end."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.harness import free_port
from scrobbled.cli import main

CONFIG = """
server: {{host: 127.0.0.1, port: {port}}}
storage: {{path: {folder}/s.db}}
sources: {{plex: {{token: hook-token-4711-do-not-show}}}}
viewers:
  - name: annabel
    accounts: {{plex: annabel}}
    trackers:
      memory: {{}}
{more}"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    port = free_port()

    def command(*words: str, more: str = "") -> tuple[int, str, str]:
        path = tmp_path / "scrobbled.yaml"
        path.write_text(CONFIG.format(folder=tmp_path, port=port, more=more))
        path.chmod(0o600)
        monkeypatch.setattr(sys, "argv", ["scrobbled", "doctor", "--config", str(path), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


def test_what_is_well_is_one_line_for_each_section(run: Run) -> None:
    code, out, _ = run()
    assert code == 0
    assert len(out.splitlines()) < 60
    assert out.count("  ok ") <= 7
    assert out.count("server.login: not set") == 1, "nothing is said twice"
    assert "Keeps plays until the process ends." not in out


def test_every_check_is_told_where_it_is_asked_for(run: Run) -> None:
    assert "annabel/memory memory: Keeps plays until the process ends." in run("--all")[1]


def test_the_block_for_a_bug_report_is_printed_alone(run: Run) -> None:
    code, block, _ = run("--report")
    assert code == 0
    assert block.startswith("scrobbled ")
    assert "viewer1/memory" in block
    assert "annabel" not in block
    assert "hook-token-4711" not in block


def test_json_has_the_same(run: Run) -> None:
    code, out, _ = run("--json")
    report = json.loads(out)
    assert code == 0
    assert report["verdict"] == "warning"
    assert {check["state"] for section in report["sections"] for check in section["checks"]} <= set(report["counts"])
    assert "viewer1/memory" in report["paste"]


def test_a_problem_is_exit_code_1_and_a_wrong_configuration_is_one(run: Run) -> None:
    code, out, _ = run("--all", more="servr: {}\n")
    assert code == 1
    assert 'servr (line 10): unknown key; did you mean "server"?' in " ".join(out.split())
    assert "annabel/memory memory: Keeps plays" in out


def test_without_any_configuration_the_machine_is_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["scrobbled", "doctor", "--json", "--config", str(tmp_path / "nowhere.yaml")])
    with pytest.raises(SystemExit) as ended:
        main()
    report = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert any("nowhere.yaml" in check["text"] for check in report["sections"][0]["checks"])
    assert any(check["name"] == "versions" for section in report["sections"] for check in section["checks"])

"""What runs at the code's host: no more rights than needed, nothing that moves by itself, and no password."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.iterdir())


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def workflow(name: str) -> dict[Any, Any]:
    return yaml.safe_load(text(name))  # type: ignore[no-any-return]


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job.get("steps", [])]


def test_there_is_one_to_check_one_to_release_and_one_to_update() -> None:
    assert NAMES == ["check.yml", "release.yml", "update.yml"]


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_an_exact_commit_and_says_which_version_that_is(name: str) -> None:
    used = [line.strip().removeprefix("- ") for line in text(name).splitlines() if "uses:" in line]
    exact = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    own = "uses: ./.github/workflows/check.yml"
    assert used
    assert [line for line in used if line != own and not exact.fullmatch(line)] == []


def test_one_action_has_one_commit_everywhere() -> None:
    used = {match for name in NAMES for match in re.findall(r"uses: (\S+)@(\S+)", text(name))}
    assert len(used) == len({action for action, _ in used})


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_may_only_read_and_a_job_says_what_more_it_needs(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}


def test_only_what_publishes_may_write_or_prove_who_it_is() -> None:
    rights = {
        (name, job): sorted(key for key, value in told.get("permissions", {}).items() if value == "write")
        for name in NAMES
        for job, told in workflow(name)["jobs"].items()
    }
    assert {place: keys for place, keys in rights.items() if keys} == {
        ("release.yml", "package"): ["id-token"],
        ("release.yml", "image"): ["id-token", "packages"],
        ("release.yml", "announce"): ["contents"],
        ("update.yml", "propose"): ["contents", "pull-requests"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_job_ends_at_some_time(name: str) -> None:
    own = {job: told for job, told in workflow(name)["jobs"].items() if "uses" not in told}
    assert [job for job, told in own.items() if "timeout-minutes" not in told] == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_others_can_write_becomes_part_of_a_script(name: str) -> None:
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


def test_the_only_password_is_that_of_a_registry_that_knows_no_other_way() -> None:
    named = {match for name in NAMES for match in re.findall(r"secrets\.(\w+)", text(name))}
    assert named == {"GITHUB_TOKEN", "REGISTRY_TOKEN"}


def test_nothing_is_published_before_everything_was_checked() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert jobs["check"]["uses"] == "./.github/workflows/check.yml"
    assert [set(jobs[name]["needs"]) for name in ("package", "image")] == [{"check", "build"}] * 2
    assert set(jobs["announce"]["needs"]) == {"build", "package", "image"}
    assert "bash .ci/run" in [step.get("run") for step in steps("check.yml")]


def test_the_app_is_started_and_stopped_under_its_profile_before_anything_is_published() -> None:
    (script,) = (step["run"] for step in steps("check.yml") if "apparmor_parser" in step.get("run", ""))
    (profile,) = re.findall(r"(?m)^profile (\S+)", (ROOT / "addon" / "apparmor.txt").read_text(encoding="utf-8"))
    assert f"apparmor={profile}" in script
    assert "--init" in script  # as the supervisor does unless config.yaml says otherwise
    assert ".State.ExitCode" in script


def test_the_image_is_pushed_for_both_processors_and_signed() -> None:
    (push,) = (step["with"] for step in steps("release.yml") if "build-push-action" in step.get("uses", ""))
    assert push["platforms"] == "linux/amd64,linux/arm64"
    assert (push["provenance"], push["sbom"]) == ("mode=max", True)
    assert "rewrite-timestamp=true" in push["outputs"]
    assert any("cosign sign" in step.get("run", "") for step in steps("release.yml"))


def test_a_released_image_has_one_base_and_says_which(tmp_path: Path) -> None:
    """The step is carried out beside a registry that is a script: a tag becomes the digest that it has just then."""
    (look,) = (step for step in steps("release.yml") if step.get("id") == "base")
    digest = f"sha256:{'ab12' * 16}"
    for answer, code in ((digest, 0), ("sha256:short", 1), ("", 1)):
        docker, told = tmp_path / "docker", tmp_path / "told"
        docker.write_text(f"#!/bin/sh\necho \"$*\" >> '{tmp_path}/asked'\necho '{answer}'\n")
        docker.chmod(0o755)
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(told)}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", look["run"]], cwd=ROOT, env=environ, capture_output=True
        )
        assert done.returncode == code, done.stderr
    stages = re.findall(r"(?m)^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    (base,) = set(stages) - {"scratch"}
    assert told.read_text() == f"name={base}\ndigest={digest}\n"
    assert f"imagetools inspect {base} " in (tmp_path / "asked").read_text()
    (push,) = (step["with"] for step in steps("release.yml") if step.get("id") == "push")
    named, digested = ("${{ steps.base.outputs." + part + " }}" for part in ("name", "digest"))
    assert push["build-contexts"].strip() == f"{named}=docker-image://{named}@{digested}"
    assert f"org.opencontainers.image.base.digest={digested}" in push["labels"]


def test_actions_and_base_images_are_kept_up_to_date() -> None:
    told = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert {entry["package-ecosystem"] for entry in told["updates"]} == {"github-actions", "docker", "docker-compose"}

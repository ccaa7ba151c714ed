"""Image and Compose file: what can be judged by reading them, so that no tool is needed."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import yaml

from scrobbled import __version__, liveness

ROOT = Path(__file__).resolve().parent.parent.parent
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


def test_all_stages_use_the_same_pinned_base() -> None:
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert bases.pop() == "scratch"  # filled with what is left of the base, so that what was removed is nowhere
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases[0])


def test_the_image_installs_nothing_whose_hash_it_does_not_know() -> None:
    installs = [
        part
        for word, rest in instructions()
        if word == "RUN"
        for part in rest.split("&&")
        if re.search(r"\bpip (--python \S+ )?(install|wheel)\b", part)
    ]
    assert len(installs) == 4
    assert all("--require-hashes" in part or "--no-index" in part for part in installs), installs


def test_the_labels_carry_this_version_and_the_platforms_of_the_app() -> None:
    assert labels()["org.opencontainers.image.version"] == __version__
    assert labels()["io.hass.version"] == __version__
    assert labels()["io.hass.type"] == "app"
    assert labels()["io.hass.arch"].split("|") == read("addon/config.yaml")["arch"]


def test_the_labels_lead_home() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    told = {key.removeprefix("org.opencontainers.image."): value for key, value in labels().items()}
    assert told["url"] == told["source"] == urls["Homepage"]
    assert told["documentation"] == urls["Documentation"]
    assert told["vendor"] == read("repository.yaml")["maintainer"]


def test_the_image_takes_the_words_of_the_command_and_serves_by_default() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["scrobbled"]
    assert json.loads(only("CMD")) == ["serve"]


def test_the_image_is_stopped_by_the_signal_the_service_listens_to() -> None:
    assert only("STOPSIGNAL") == "SIGTERM"


def test_the_image_leaves_the_user_to_whoever_starts_it() -> None:
    # Home Assistant gives options that only root may read, and cannot set a user; the command drops root by itself.
    assert not [rest for word, rest in final_stage() if word == "USER"]
    assert "SCROBBLED_CONTAINER=yes" in shlex.split(only("ENV"))


def test_the_image_checks_its_health_by_a_module_of_its_own_and_imports_nothing_from_its_volume() -> None:
    assert json.loads(only("HEALTHCHECK").partition("CMD ")[2]) == ["python", "-IB", "-m", "scrobbled.liveness"]


def test_the_service_notes_where_it_listens_in_memory_as_nothing_else_may_be_writable() -> None:
    assert "SCROBBLED_LISTENS=/dev/shm/scrobbled-listens" in shlex.split(only("ENV"))


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


# Compose; more in packaging/test_compose_file.py


def service() -> dict[str, Any]:
    return read("docker-compose.yml")["services"]["scrobbled"]


def test_image_compose_and_app_agree_on_the_port() -> None:
    assert only("EXPOSE") == str(PORT)
    assert service()["ports"] == [f"{PORT}:{PORT}"]
    assert read("addon/config.yaml")["ports"] == {f"{PORT}/tcp": PORT}
    assert liveness.USUAL[1] == PORT

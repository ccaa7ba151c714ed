"""The Home Assistant app, by the rules of its store's linter and of the supervisor that runs it.

The linter takes an unknown key, and one that repeats its default, for an error; the supervisor drops the first without
a word. What the supervisor does with the options is in ``tests/config/test_home_assistant_options.py``.
"""

import re
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrobbled.config.options import OPTIONS
from scrobbled.config.service import IngressConfig, ServerConfig

ROOT = Path(__file__).resolve().parent.parent.parent
APP = ROOT / "addon"
REQUIRED = {"name", "version", "slug", "description", "arch"}
TYPES: dict[str, type] = {
    "name": str, "version": str, "slug": str, "description": str, "arch": list, "url": str, "image": str,
    "startup": str, "boot": str, "stage": str, "init": bool, "ports": dict, "ports_description": dict, "map": list,
    "options": dict, "schema": dict, "environment": dict, "tmpfs": bool, "timeout": int, "backup": str,
    "backup_pre": str, "backup_post": str, "backup_exclude": list, "ingress": bool, "ingress_port": int,
    "ingress_entry": str, "ingress_stream": bool, "panel_icon": str, "panel_title": str, "panel_admin": bool,
    "homeassistant": str, "homeassistant_api": bool, "services": list, "discovery": list, "breaking_versions": list,
}  # fmt: skip
"""Without those that are no longer to be used (``watchdog``, ``webui`` with ingress), and those that give rights."""
DEFAULTS = {
    "startup": "application", "boot": "auto", "stage": "stable", "init": True, "options": {}, "schema": {},
    "tmpfs": False, "timeout": 10, "backup": "hot", "ingress": False, "ingress_port": 8099, "ingress_stream": False,
    "ingress_entry": "/", "panel_icon": "mdi:puzzle", "panel_admin": True, "homeassistant_api": False,
}  # fmt: skip
CHOICES = {
    "startup": {"initialize", "system", "services", "application", "once"},
    "boot": {"auto", "manual", "manual_only"},
    "stage": {"stable", "experimental", "deprecated"},
    "backup": {"hot", "cold"},
}
FOLDERS = {"addon_config", "all_addon_configs", "homeassistant_config", "ssl", "addons", "backup", "share", "media"}
OPTION = re.compile(
    r"(?:str|password|int|float)(?:\(-?[\d.]*,-?[\d.]*\))?\??|(?:bool|email|url|port)\??"
    r"|match\(.*\)\??|list\(.+\)\??|device(?:\(subsystem=[a-z]+\))?\??"
)


class UniqueKeys(yaml.SafeLoader):
    """YAML readers take the last of two equal keys without a word; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice {node.start_mark}"
        return super().construct_mapping(node, deep)


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeys)


CONFIG: dict[str, Any] = read(APP / "config.yaml")
TEXTS: dict[str, Any] = read(APP / "translations" / "en.yaml")


def test_every_required_key_is_there_and_no_unknown_one() -> None:
    assert CONFIG.keys() >= REQUIRED
    assert CONFIG.keys() <= TYPES.keys()


def test_every_key_has_the_right_type_and_a_known_value() -> None:
    assert {key: value for key, value in CONFIG.items() if type(value) is not TYPES[key]} == {}
    assert {key: CONFIG[key] for key in CHOICES.keys() & CONFIG.keys() if CONFIG[key] not in CHOICES[key]} == {}
    assert set(CONFIG["arch"]) <= {"aarch64", "amd64"}
    assert re.fullmatch(r"[-_.A-Za-z0-9]+", CONFIG["slug"])
    assert re.fullmatch(r"([a-z0-9][a-z0-9.-]*(:\d+)?/)+[a-z0-9][a-z0-9._-]*", CONFIG["image"])
    assert re.fullmatch(r"https://\S+", CONFIG["url"])
    assert re.fullmatch(r"mdi:[a-z0-9-]+", CONFIG["panel_icon"])
    assert 10 <= CONFIG["timeout"] <= 300


def test_no_default_is_repeated() -> None:
    assert {key: value for key, value in CONFIG.items() if key in DEFAULTS and DEFAULTS[key] == value} == {}


def test_nothing_is_combined_that_excludes_each_other() -> None:
    # the files of a stopped app are copied: commands around that would have nothing to run in
    assert CONFIG["backup"] == "cold"
    assert not {"backup_pre", "backup_post"} & CONFIG.keys()
    kinds = {entry["type"] for entry in CONFIG["map"]}
    assert "config" not in kinds, "it would hide the folder of the app"


def test_its_own_folder_is_the_only_one_and_can_be_written_by_the_page() -> None:
    assert CONFIG["map"] == [{"type": "addon_config", "read_only": False}]
    assert {entry["type"] for entry in CONFIG["map"]} <= FOLDERS


def test_ports_are_those_of_the_service_and_the_page_is_only_inside() -> None:
    assert CONFIG["ports"] == {f"{ServerConfig().port}/tcp": ServerConfig().port}
    assert CONFIG["ingress"] is True
    assert CONFIG["ingress_port"] == IngressConfig().port
    assert f"{CONFIG['ingress_port']}/tcp" not in CONFIG["ports"]


def test_a_broker_is_wanted_and_not_needed() -> None:
    assert all(re.fullmatch(r"(mqtt|mysql):(provide|want|need)", one) for one in CONFIG["services"])
    assert CONFIG["services"] == ["mqtt:want"]


def test_posters_stay_out_of_backups() -> None:
    # the supervisor matches from the right, against the path as it sees it
    def is_left_out(path: str) -> bool:
        return any(Path("/data/addons/data/0_scrobbled", path).match(glob) for glob in CONFIG["backup_exclude"])

    assert is_left_out("art")
    assert is_left_out("art/0123.jpg")
    assert not any(map(is_left_out, ("scrobbled.db", "scrobbled.db-wal", "options.json", "apprise/start")))


def test_every_option_has_a_type_and_none_is_optional_and_preset_at_once() -> None:
    schema, options = CONFIG["schema"], CONFIG.get("options", {})
    assert options.keys() <= schema.keys()
    assert [key for key in options if str(schema[key]).endswith("?")] == []
    flat = [part for value in schema.values() for part in (value if isinstance(value, list) else [value])]
    assert [part for part in flat if not (isinstance(part, str) and OPTION.fullmatch(part))] == []


def test_the_app_starts_with_nothing_filled_in() -> None:
    needed = [key for key, value in CONFIG["schema"].items() if not str(value).rstrip("']").endswith("?")]
    assert needed == []


def test_secrets_are_hidden_in_the_form() -> None:
    assert CONFIG["schema"]["password"] == CONFIG["schema"]["tmdb_key"] == "password?"
    assert CONFIG["schema"]["alert_urls"] == ["password?"]


def test_every_option_and_port_is_explained() -> None:
    assert TEXTS.keys() == {"configuration", "network"}
    assert TEXTS["network"].keys() == CONFIG["ports"].keys()
    assert TEXTS["configuration"].keys() == CONFIG["schema"].keys()
    for text in TEXTS["configuration"].values():
        assert text.keys() == {"name", "description"}
        assert all(isinstance(part, str) and part for part in text.values())


def test_the_manual_names_every_option_with_its_place_in_the_file() -> None:
    rows = dict(re.findall(r"(?m)^\| ([^|`]+?) \| `([a-z._]+)`", (APP / "DOCS.md").read_text(encoding="utf-8")))
    assert rows == {TEXTS["configuration"][name]["name"]: ".".join(path) for name, (path, _) in OPTIONS.items()}


def test_home_assistant_finds_one_app_and_a_name_for_the_repository() -> None:
    # every config.yaml, .yml or .json outside folders with a dot is taken for another app
    found = [
        path.relative_to(ROOT).as_posix()
        for ending in ("yaml", "yml", "json")
        for path in ROOT.rglob(f"config.{ending}")
        if not any(part.startswith(".") or part in ("build", "rootfs") for part in path.relative_to(ROOT).parts)
    ]
    assert found == ["addon/config.yaml"]
    repository = read(ROOT / "repository.yaml")
    assert repository.keys() <= {"name", "url", "maintainer"}
    assert all(isinstance(value, str) and value for value in repository.values())


@pytest.mark.parametrize("name", ["README.md", "DOCS.md", "CHANGELOG.md"])
def test_the_pages_that_the_store_shows_are_there(name: str) -> None:
    assert (APP / name).read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize(("name", "size"), [("icon", (128, 128)), ("logo", (250, 100))])
def test_the_pictures_have_the_size_of_the_store_and_that_of_their_drawing(name: str, size: tuple[int, int]) -> None:
    picture = (APP / f"{name}.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == size
    assert picture[24:26] == b"\x08\x06", "eight bits each of red, green, blue and transparency"
    drawing = (APP / f"{name}.svg").read_text(encoding="utf-8")
    assert f'width="{size[0]}" height="{size[1]}"' in drawing


# What the app is allowed


PROFILE = re.sub(r"(?m)^\s*#.*$", "", (APP / "apparmor.txt").read_text(encoding="utf-8"))


def rules() -> list[tuple[re.Pattern[str], set[str]]]:
    found = re.findall(r"(?m)^  ((?:/|@)\S*) ([a-z]+),$", PROFILE)
    return [(re.compile(_pattern(path)), set(rights.replace("ix", "x"))) for path, rights in found]


def _pattern(path: str) -> str:
    """AppArmor's globs as a regular expression: a star stays within one folder, two do not."""
    text = re.escape(path.replace("@{PROC}", "/proc")).replace(r"\*\*", ".+").replace(r"\*", "[^/]*")
    return text.replace(r"\[0\-9\]", "[0-9]").replace(r"\{", "(?:").replace(r"\}", ")").replace(",", "|")


def allowed(path: str) -> set[str]:
    return {right for pattern, rights in rules() if pattern.fullmatch(path) for right in rights}


def test_there_is_one_profile_and_it_is_in_force() -> None:
    (line,) = re.findall(r"(?m)^profile .*$", PROFILE)
    assert line == f"profile {CONFIG['slug']} flags=(attach_disconnected,mediate_deleted) {{"


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("/data/scrobbled.db", "rwkl"),
        ("/data/scrobbled.db-wal", "rwk"),
        ("/data/art/0123.jpg", "rw"),
        ("/data/options.json", "r"),
        ("/config/scrobbled.yaml", "rw"),
        ("/tmp/x", "rw"),
        ("/dev/shm/scrobbled-listens", "rw"),
        ("/app/.venv/bin/scrobbled", "rx"),
        ("/app/.venv/lib/python3.13/site-packages/uvloop/loop.so", "rm"),
        ("/usr/local/bin/python3.13", "rmx"),
        ("/usr/local/lib/libpython3.13.so.1.0", "rm"),
        ("/usr/lib/aarch64-linux-gnu/libc.so.6", "rm"),
        ("/usr/sbin/docker-init", "rx"),
        ("/etc/ssl/certs/ca-certificates.crt", "r"),
        ("/usr/share/zoneinfo/Europe/Berlin", "r"),
        ("/proc/12/status", "r"),
        ("/proc/locks", "r"),
        ("/sys/fs/cgroup/memory.max", "r"),
    ],
)
def test_what_the_service_needs_is_allowed(path: str, needed: str) -> None:
    assert allowed(path) >= set(needed)


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/bin/sh", "x"),
        ("/usr/bin/dash", "x"),
        ("/data/payload", "x"),
        ("/tmp/payload", "x"),
        ("/app/.venv/lib/python3.13/site-packages/scrobbled/cli.py", "w"),
        ("/usr/local/lib/python3.13/os.py", "w"),
        ("/etc/passwd", "w"),
        ("/ssl/privkey.pem", "r"),
        ("/homeassistant/secrets.yaml", "r"),
        ("/proc/sys/kernel/core_pattern", "w"),
        ("/proc/12/mem", "r"),
        ("/proc/12/environ", "r"),
    ],
)
def test_what_it_does_not_need_is_not(path: str, right: str) -> None:
    assert right not in allowed(path)


def test_it_can_become_an_ordinary_user_and_be_stopped_and_nothing_beyond_that() -> None:
    # the first process stays root, and passes the signal to stop to a user that is not root: kill
    assert set(re.findall(r"capability (\w+),", PROFILE)) == {"chown", "dac_override", "kill", "setgid", "setuid"}

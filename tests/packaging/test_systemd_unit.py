"""The unit for machines without containers, read as systemd reads it."""

import shlex
from pathlib import Path

from scrobbled.desk.settings import starting

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "contrib" / "systemd"


def unit() -> dict[str, dict[str, list[str]]]:
    """Section -> setting -> its values in their order; a setting may stand more than once."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in (FOLDER / "scrobbled.service").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


SERVICE = unit()["Service"]


def one(name: str) -> str:
    (value,) = SERVICE[name]
    return value


def test_it_starts_the_service_with_the_machine() -> None:
    assert one("ExecStart").endswith("/bin/scrobbled serve")
    assert unit()["Install"] == {"WantedBy": ["multi-user.target"]}


def test_it_runs_as_a_user_of_its_own_that_is_made_for_it() -> None:
    lines = (FOLDER / "scrobbled.sysusers").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("u ")]
    assert [one("User")] == [one("Group")] == users


def test_it_writes_to_one_folder_that_nobody_else_can_read() -> None:
    assert one("ProtectSystem") == "strict"
    assert (one("StateDirectory"), one("StateDirectoryMode"), one("UMask")) == ("scrobbled", "0700", "0077")
    assert "ReadWritePaths" not in SERVICE


def test_it_has_no_rights_of_root() -> None:
    assert (one("CapabilityBoundingSet"), one("AmbientCapabilities"), one("NoNewPrivileges")) == ("", "", "yes")


def test_a_first_start_leads_to_a_configuration_in_that_folder() -> None:
    environ = dict(entry.split("=", 1) for entry in shlex.split(one("Environment")))
    assert Path(environ["SCROBBLED_CONFIG"]).parent == Path("/var/lib") / one("StateDirectory")
    assert starting.place(None, {"SCROBBLED_CONFIG": str(FOLDER / "none.yaml")}) == FOLDER / "none.yaml"


def test_a_wrong_configuration_is_not_tried_again_and_again() -> None:
    assert one("Restart") == "on-failure"
    assert one("RestartPreventExitStatus") == "2"  # the code for a wrong configuration


def test_a_changed_configuration_is_taken_up_by_a_reload() -> None:
    assert one("ExecReload") == "kill -HUP $MAINPID"

"""The template by which Unraid starts the container, by the rules of its Community Applications."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / "unraid" / "scrobbled.xml"
TEMPLATE = ElementTree.parse(PLACE).getroot()
CONFIGS = TEMPLATE.findall("Config")
HOME = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Homepage"]
RAW = HOME.replace("github.com", "raw.githubusercontent.com") + "/main/"
ATTRIBUTES = {"Name", "Target", "Default", "Mode", "Description", "Type", "Display", "Required", "Mask"}


def text(tag: str, root: ElementTree.Element = TEMPLATE) -> str:
    return root.findtext(tag) or ""


def settings(kind: str) -> dict[str, str]:
    """What is set inside the container -> what Unraid proposes for it."""
    return {entry.attrib["Target"]: entry.attrib["Default"] for entry in CONFIGS if entry.attrib["Type"] == kind}


def test_every_field_that_the_store_needs_is_filled() -> None:
    needed = ("Name", "Repository", "Overview", "Category", "Icon", "Project", "Support", "TemplateURL", "WebUI")
    assert [tag for tag in needed if not text(tag)] == []
    assert TEMPLATE.attrib == {"version": "2"}
    assert text("Repository").endswith(":latest")  # a release changes nothing here
    assert (text("Network"), text("Privileged")) == ("bridge", "false")


def test_no_field_is_one_that_the_store_has_given_up() -> None:
    tags = [child.tag for child in TEMPLATE]
    assert not {"Networking", "Data", "Environment", "DateInstalled", "Description"} & set(tags)
    assert len({tag for tag in tags if tag != "Config"}) == len([tag for tag in tags if tag != "Config"])


def test_the_page_is_opened_at_a_port_that_is_mapped() -> None:
    (port,) = re.findall(r"\[PORT:(\d+)\]", text("WebUI"))
    assert settings("Port") == {port: port} == {"8484": "8484"}


def test_configuration_and_state_are_kept_where_unraid_keeps_such() -> None:
    assert settings("Path") == {"/config": "/mnt/user/appdata/scrobbled", "/data": "/mnt/user/appdata/scrobbled/data"}


def test_files_belong_to_whom_unraid_gives_them_and_the_time_zone_is_left_to_it() -> None:
    assert settings("Variable") == {"PUID": "99", "PGID": "100", "UMASK": "022"}


@pytest.mark.parametrize("entry", CONFIGS, ids=lambda entry: entry.attrib["Name"])
def test_every_setting_is_complete_and_starts_at_its_default(entry: ElementTree.Element) -> None:
    assert entry.attrib.keys() == ATTRIBUTES
    assert entry.text == entry.attrib["Default"]
    assert entry.attrib["Mode"] == {"Port": "tcp", "Path": "rw", "Variable": ""}[entry.attrib["Type"]]
    assert entry.attrib["Display"] in {"always", "advanced"}


def test_every_setting_stands_on_a_line_of_its_own() -> None:
    lines = [line for line in PLACE.read_text(encoding="utf-8").splitlines() if "<Config " in line]
    assert len(lines) == len(CONFIGS)
    assert all(line.endswith("</Config>") for line in lines)


def test_the_container_may_do_nothing_but_hand_its_files_over_and_become_somebody_else() -> None:
    words = text("ExtraParams").split()
    added = {word.removeprefix("--cap-add=") for word in words if word.startswith("--cap-add=")}
    assert added == {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"}
    assert {"--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"} <= set(words)


def test_the_store_shows_the_text_as_it_is() -> None:
    assert not set("[]<>") & set(text("Overview"))
    assert len(text("Overview")) < 700


def test_every_address_leads_to_a_file_of_this_project() -> None:
    profile = ElementTree.parse(ROOT / "ca_profile.xml").getroot()
    assert profile.tag == "CommunityApplications"
    assert text("Profile", profile)
    assert text("TemplateURL") == RAW + PLACE.relative_to(ROOT).as_posix()
    for address in (text("Icon"), text("Icon", profile)):
        assert address.startswith(RAW)
        assert (ROOT / address.removeprefix(RAW)).exists()
    assert text("Project") == text("WebPage", profile) == HOME
    assert text("Support") == HOME + "/issues"

"""Writing an account into the configuration file: one line changes, and nothing else, however the file is written."""

import difflib
import os
import stat
from pathlib import Path

import pytest

from scrobbled.config import loads
from scrobbled.config.replacing import read, replaced
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.desk.sources.claims import with_account

PATH = Path("scrobbled.yaml")
ENVIRON = {"ANNA_PASSWORD": "secret-of-anna", "ANNAS_NAME": "anna"}
START = 'sources: {plex: {token: "0123456789abcdef"}, emby: {token: "fedcba9876543210"}, kodi: {token: abcdefgh}}\n'


def edited(text: str, account: str = "carol", *, viewer: str = "anna", source: str = "plex") -> str:
    return with_account(text, PATH, ENVIRON, viewer, source, account)


def changed(before: str, after: str) -> list[str]:
    """The lines that came and went."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return [line for line in lines if not line.startswith("@@")]


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("plex: anna", "plex: [anna, carol]"),
        ('plex: [anna,   "41220077"]   # by id', 'plex: [anna, "41220077", carol]   # by id'),
        ("plex: ${ANNAS_NAME}", 'plex: ["${ANNAS_NAME}", carol]'),
        ('plex: "${ANNAS_NAME}"', 'plex: ["${ANNAS_NAME}", carol]'),
        ("plex:", "plex: [carol]"),
        ("plex: []", "plex: [carol]"),
        ("plex: 0123", "plex: [0123, carol]"),
        ("emby: off", "plex: [carol]"),
    ],
)
def test_only_the_line_of_the_account_changes(written: str, becomes: str) -> None:
    text = f"""# mine
server:   {{port: 8484}}      # aligned by hand
{START}
viewers:
  # the first
  - name:      anna
    accounts:
      {written}
    trackers:
        serializd: {{email: a@example.org,   password: "${{ANNA_PASSWORD}}"}}   # wide
  - name: ben    # no accounts
"""
    after = edited(text)
    came = [line[1:].strip() for line in changed(text, after) if line.startswith("+")]
    assert [" ".join(line.split()) for line in came] == [" ".join(becomes.split())]
    assert len(changed(text, after)) <= 2


def test_a_list_that_is_written_below_its_key_gets_one_line_more() -> None:
    text = f"{START}viewers:\n- name: anna\n  accounts:\n    plex:\n    - anna  # me\n    # end\n  threshold: 80%\n"
    after = edited(text)
    assert changed(text, after) == ["+    - carol"]


def test_what_is_wrapped_elsewhere_stays_wrapped() -> None:
    text = f"""{START}viewers:
  - name: anna
    accounts:   {{plex: anna}}
    trackers: {{
      serializd: {{email: a@example.org,
                  password: "${{ANNA_PASSWORD}}"}},   # two lines
    }}
    rules:
      - {{libraries: [TV],
         threshold: 80%}}
"""
    assert changed(text, edited(text)) == ["-    accounts:   {plex: anna}", "+    accounts:   {plex: [anna, carol]}"]


def test_a_viewer_without_accounts_is_added_to_between_wrapped_lines() -> None:
    text = f"{START}viewers:\n  - name: anna\n    trackers: {{\n      serializd: {{email: a@b.cd, password: xyz}}}}\n"
    assert changed(text, edited(text)) == ["+    accounts:", "+      plex: [carol]"]


def test_lists_of_one_file_may_be_indented_in_different_ways() -> None:
    first = "  - name: anna\n    accounts:\n      plex:\n      - anna\n      - x\n"
    second = "  - name: ben\n    accounts:\n      plex:\n        - ben\n    libraries:\n      - TV\n"
    text = f"{START}viewers:\n{first}{second}"
    assert changed(text, edited(text)) == ["+      - carol"]
    assert changed(text, edited(text, viewer="ben")) == ["+        - carol"]


def test_comments_within_a_list_stay() -> None:
    text = f"{START}viewers:\n  - name: anna\n    accounts:\n      plex: [\n        anna,  # me\n        x]\n"
    assert changed(text, edited(text)) == ["-        x]", "+        x, carol]"]


def test_a_viewer_without_accounts_gets_them_as_the_last_of_what_is_said() -> None:
    text = f"{START}viewers:\n  - name: anna   # me\n    threshold: 80%\n"
    assert changed(text, edited(text)) == ["+    accounts:", "+      plex: [carol]"]


def test_a_viewer_written_in_braces_is_added_to() -> None:
    text = f"{START}viewers: [{{name: anna, accounts: {{plex: anna}}}}, {{name: ben, threshold: 80%}}]\n"
    assert edited(text).endswith(
        "viewers: [{name: anna, accounts: {plex: [anna, carol]}}, {name: ben, threshold: 80%}]\n"
    )


SHARED = f"""{START}viewers:
  - name: anna
    accounts: &ours {{plex: [anna]}}
  - name: ben
    accounts: *ours
"""


@pytest.mark.parametrize("viewer", ["anna", "ben"])
def test_an_alias_is_not_changed_for_the_others(viewer: str) -> None:
    after = loads(edited(SHARED, viewer=viewer), ENVIRON)
    found = {one.name: one.accounts["plex"] for one in after.viewers}
    other = {"anna": "ben", "ben": "anna"}[viewer]
    assert found == {viewer: ("anna", "carol"), other: ("anna",)}


def test_what_is_merged_in_is_not_changed_for_the_others() -> None:
    text = f"""{START}viewers:
  - &first
    name: anna
    accounts: {{plex: [anna]}}
    threshold: 80%
  - <<: *first
    name: ben
"""
    after = loads(edited(text, viewer="ben"), ENVIRON)
    assert [viewer.accounts["plex"] for viewer in after.viewers] == [("anna",), ("anna", "carol")]
    assert [viewer.threshold for viewer in after.viewers] == [80.0, 80.0]


def test_an_account_that_looks_like_a_variable_stays_a_name() -> None:
    text = f"{START}viewers:\n  - name: anna\n    accounts: {{plex: anna}}\n"
    after = loads(edited(text, '${HOME} "x": # 1'), ENVIRON)
    assert after.viewers[0].accounts["plex"] == ("anna", '${HOME} "x": # 1')


def test_lines_that_end_as_on_windows_and_a_mark_at_the_beginning_stay() -> None:
    text = "\ufeff" + f"{START}viewers:\n  - name: anna\n    accounts: {{plex: anna}}\n# end".replace("\n", "\r\n")
    after = edited(text)
    assert after.startswith("\ufeff")
    assert after.endswith("\r\n# end")
    assert after.count("\n") == after.count("\r\n") == text.count("\r\n")


def test_accounts_that_are_read_from_a_file_are_to_be_added_there(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("anna\n")
    text = f"{START}viewers:\n  - name: anna\n    accounts: {{plex_file: names}}\n"
    with pytest.raises(NotWritten, match="plex has its accounts in the file names; add a line there"):
        with_account(text, tmp_path / "scrobbled.yaml", ENVIRON, "anna", "plex", "carol")


@pytest.mark.parametrize(
    ("source", "account", "says"),
    [
        ("jellyfin", "carol", "jellyfin is not configured"),
        ("plex", "a\nb", "control character"),
        ("plex", "x" * 300, "long"),
    ],
)
def test_what_would_not_be_valid_is_not_written(source: str, account: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        edited(f"{START}viewers:\n  - name: anna\n", account, source=source)


def test_a_file_that_is_wrong_is_not_touched() -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        edited(f"{START}viewer:\n  - name: anna\n")


# The file itself


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scrobbled.yaml"
    path.write_bytes(b"before")
    path.chmod(0o640)
    return path


def test_a_replaced_file_keeps_its_mode_and_leaves_a_copy_of_itself(file: Path) -> None:
    copy = replaced(file, b"before", b"after")
    assert (file.read_bytes(), copy.read_bytes()) == (b"after", b"before")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, copy)] == [0o640, 0o640]
    assert sorted(path.name for path in file.parent.iterdir()) == ["scrobbled.yaml", "scrobbled.yaml.bak"]


def test_a_link_to_the_file_stays_a_link(file: Path) -> None:
    link = file.parent / "link.yaml"
    link.symlink_to(file)
    replaced(link, b"before", b"after")
    assert link.is_symlink()
    assert file.read_bytes() == b"after"


def test_what_somebody_else_wrote_meanwhile_stays(file: Path) -> None:
    with pytest.raises(NotWritten, match="changed by somebody else"):
        replaced(file, b"what I read", b"after")
    assert [path.name for path in file.parent.iterdir()] == ["scrobbled.yaml"]


def test_a_file_that_may_not_be_written_is_said_to_be_read_only(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    with pytest.raises(NotWritten, match=r"scrobbled.yaml is read-only"):
        replaced(file, b"before", b"after")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="cannot be read"):
        read(tmp_path / "none.yaml")

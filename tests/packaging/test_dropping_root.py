"""What the image does before anything else: hand the files over, and stop being root. For real, in processes of root's.

Who runs the tests as somebody else has only those that need no root.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrobbled.cli import container
from scrobbled.cli.container import Folders, Owner
from scrobbled.core.errors import ConfigError

IMAGE = {"SCROBBLED_CONTAINER": "yes"}
as_root = pytest.mark.skipif(
    os.geteuid() != 0,
    reason="for want of root: sudo .venv/bin/pytest -p no:cacheprovider tests/packaging/test_dropping_root.py",
)


def settled(folders: Folders, then: str = "pass", **environ: str) -> str:
    """What a process prints that has settled with this environment; fails with what it says where it cannot."""
    code = (
        "import os, sys; from pathlib import Path; from scrobbled.cli.container import Folders, settle\n"
        f"settle(os.environ, Folders(Path({str(folders.state)!r}), Path({str(folders.configuration)!r})))\n{then}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **IMAGE, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folders() -> Iterator[Folders]:
    """As a container engine mounts them: made by root, for root. Others may pass on the way there, as they may not
    through pytest's own folder: whoever starts other tests meanwhile closes that.
    """
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        made = Folders(Path(name, "data"), Path(name, "config"))
        made.state.mkdir(mode=0o700)
        made.configuration.mkdir(mode=0o700)
        yield made


def owner(path: Path) -> tuple[int, int]:
    return path.lstat().st_uid, path.lstat().st_gid


IDS = "print(*os.getresuid(), *os.getresgid(), os.getgroups())"


@as_root
def test_root_becomes_user_and_group_1000_for_good(folders: Folders) -> None:
    assert settled(folders, IDS) == "1000 1000 1000 1000 1000 1000 []"


@as_root
def test_nothing_that_root_could_do_is_left(folders: Folders) -> None:
    told = settled(folders, "print(Path('/proc/self/status').read_text())").splitlines()
    left = {line.split()[0]: line.split()[1] for line in told if line.startswith(("CapEff", "CapPrm", "CapAmb"))}
    assert set(left.values()) == {"0" * 16}


@as_root
def test_root_becomes_whom_the_environment_names(folders: Folders) -> None:
    assert settled(folders, IDS, PUID="99", PGID=" 100 ") == "99 99 99 100 100 100 []"


@as_root
def test_what_a_form_left_empty_is_as_if_not_set(folders: Folders) -> None:
    assert settled(folders, IDS, PUID="", PGID="", UMASK="").startswith("1000 1000 1000 1000")


@as_root
def test_who_asks_for_root_stays_root(folders: Folders) -> None:
    assert settled(folders, IDS, PUID="0").startswith("0 0 0")
    assert owner(folders.state) == (0, 0)


@as_root
def test_options_that_only_root_may_read_are_read_by_the_user_root_became(folders: Folders) -> None:
    options = folders.state / "options.json"
    options.write_text('{"log_level": "info"}')
    options.chmod(0o600)
    assert settled(folders, f"print(Path({str(options)!r}).read_text())") == '{"log_level": "info"}'
    assert options.stat().st_mode & 0o777 == 0o600


@as_root
def test_the_state_is_handed_over_with_all_that_is_in_it(folders: Folders) -> None:
    (folders.state / "art" / "ab").mkdir(parents=True)
    for name in ("scrobbled.db", "art/ab/poster.jpg"):
        (folders.state / name).write_text("")
    settled(folders, f"Path({str(folders.state)!r}, 'art/ab/another.jpg').write_text('')")
    assert {owner(path) for path in (folders.state, *folders.state.rglob("*"))} == {(1000, 1000)}


@as_root
def test_of_the_configuration_the_files_are_handed_over_and_folders_below_are_not(folders: Folders) -> None:
    (folders.configuration / "scrobbled.yaml").write_text("")
    (folders.configuration / "grafana").mkdir()
    settled(folders)
    assert owner(folders.configuration) == owner(folders.configuration / "scrobbled.yaml") == (1000, 1000)
    assert owner(folders.configuration / "grafana") == (0, 0)


@as_root
def test_a_link_is_handed_over_and_never_what_it_points_to(folders: Folders, tmp_path: Path) -> None:
    outside = tmp_path / "shadow"
    outside.write_text("")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("")
    (folders.state / "link").symlink_to(outside)
    (folders.state / "folder").symlink_to(tmp_path / "elsewhere")
    (folders.configuration / "scrobbled.yaml").symlink_to(outside)
    settled(folders)
    assert owner(outside) == owner(tmp_path / "elsewhere" / "file") == (0, 0)
    assert owner(folders.state / "link") == (1000, 1000)


@as_root
def test_a_second_start_as_somebody_else_hands_everything_over_again(folders: Folders) -> None:
    settled(folders, f"Path({str(folders.state)!r}, 'scrobbled.db').write_text('')")
    settled(folders, PUID="99", PGID="100")
    assert owner(folders.state / "scrobbled.db") == (99, 100)


@as_root
def test_folders_that_are_not_there_stop_nobody(tmp_path: Path) -> None:
    assert settled(Folders(tmp_path / "no", tmp_path / "neither"), IDS).startswith("1000")


@as_root
def test_outside_the_image_root_stays_root_and_nothing_changes_its_owner(folders: Folders) -> None:
    assert settled(folders, IDS, SCROBBLED_CONTAINER="", PUID="99").startswith("0 0 0")
    assert owner(folders.state) == (0, 0)


@as_root
def test_root_without_the_right_to_become_somebody_is_told_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(groups: list[int]) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setgroups", forbidden)
    with pytest.raises(ConfigError, match="--user 1000:1000"):
        container.become(Owner(1000, 1000))


@as_root
def test_the_command_itself_settles_before_it_does_anything(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrobbled", "--version"],
        env={**os.environ, **IMAGE, "PUID": "nobody"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "PUID is 'nobody'" in done.stderr


def test_whoever_is_not_root_stays_who_it_is_whatever_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(container, "become", lambda owner: pytest.fail(f"became {owner}"))
    for named in ("99", "nobody"):
        container.settle({**IMAGE, "PUID": named}, Folders(tmp_path, tmp_path))
    assert owner(tmp_path) == (os.getuid(), os.getgid())


def test_the_mask_counts_for_everybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    masks: list[int] = []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "umask", masks.append)
    for text in ("022", "0027", "", "002"):
        container.settle({**IMAGE, "UMASK": text}, Folders(tmp_path, tmp_path))
    assert masks == [0o022, 0o027, 0o002]


@pytest.mark.parametrize(
    ("name", "value"),
    [("PUID", "nobody"), ("PUID", "-1"), ("PGID", "1 2"), ("PGID", "4294967295"), ("UMASK", "9"), ("UMASK", "rwx")],
)
def test_what_is_no_number_is_refused_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ConfigError, match=f"{name} is '{value}'"):
        container.settle({**IMAGE, name: value}, Folders(tmp_path, tmp_path))

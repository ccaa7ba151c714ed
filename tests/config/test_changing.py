"""Changing single values of the file: the line that is meant changes and no other byte, however it is written."""

import difflib
from pathlib import Path

import pytest

from scrobbled.config.changing import Append, ConfigEdit, Drop, Put, changed
from scrobbled.config.plain import plain
from scrobbled.core.errors import NotWritten

EXAMPLE = (Path(__file__).parents[2] / "config" / "scrobbled.example.yaml").read_text(encoding="utf-8")
FILE = """# mine
server:   # where
  port:   8484      # aligned by hand
  host: "0.0.0.0"
  login: {username: admin,   password: "${PW}"}   # wide
logging:

viewers:
- name: anna     # the first
  accounts:
    plex: anna
    # by id
    jellyfin:
      - 'anna'
      - anna2   # the old one
  trackers:
    serializd: {email: a@example.org}
# the second
-   name: ben
    libraries: [TV,   Films]
    pairs:
      - between: [trakt, serializd]
        plays: both
"""


def differences(before: str, after: str) -> list[str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return [line for line in lines if not line.startswith("@@")]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            Put(("server", "port"), "8485"),
            ["-  port:   8484      # aligned by hand", "+  port:   8485      # aligned by hand"],
        ),
        (Put(("server", "host"), "::1"), ['-  host: "0.0.0.0"', '+  host: "::1"']),
        (
            Put(("server", "login", "username"), "the boss"),
            [
                '-  login: {username: admin,   password: "${PW}"}   # wide',
                '+  login: {username: "the boss",   password: "${PW}"}   # wide',
            ],
        ),
        (Put(("server", "public_url"), "http://nas:8484"), ["+  public_url: http://nas:8484"]),
        (Put(("logging", "level"), "debug"), ["+  level: debug"]),
        (Put(("safety", "max_writes_per_hour"), "10"), ["+safety:", "+  max_writes_per_hour: 10"]),
        (
            Put(("storage", "backup"), {"folder": "/backup", "keep": "3"}),
            ["+storage:", "+  backup:", "+    folder: /backup", "+    keep: 3"],
        ),
        (
            Append(("viewers", 0, "accounts", "plex"), "a, b"),
            ["-    plex: anna", '+    plex: [anna, "a, b"]'],
        ),
        (Append(("viewers", 0, "accounts", "jellyfin"), "carol"), ["+      - carol"]),
        (Append(("viewers", 0, "accounts", "emby"), "carol"), ["+    emby: [carol]"]),
        (
            Append(("viewers", 1, "libraries"), "Kids"),
            ["-    libraries: [TV,   Films]", "+    libraries: [TV,   Films, Kids]"],
        ),
        (
            Append(("viewers", 1, "pairs"), {"between": ["plex", "trakt"], "every": "1h"}),
            ["+      - between: [plex, trakt]", "+        every: 1h"],
        ),
        (
            Append(("viewers",), {"name": "carol", "accounts": {"plex": ["carol"]}}),
            ["+- name: carol", "+  accounts:", "+    plex: [carol]"],
        ),
        (Drop(("viewers", 0, "accounts", "jellyfin", 0)), ["-      - 'anna'"]),
        (Drop(("viewers", 0, "accounts", "jellyfin", 1)), ["-      - anna2   # the old one"]),
        (
            Drop(("viewers", 1, "libraries", 0)),
            ["-    libraries: [TV,   Films]", "+    libraries: [Films]"],
        ),
        (
            Drop(("viewers", 1, "libraries", 1)),
            ["-    libraries: [TV,   Films]", "+    libraries: [TV]"],
        ),
        (Drop(("viewers", 0, "accounts", "plex")), ["-    plex: anna"]),
        (Drop(("viewers", 0, "accounts", "plex", 0)), ["-    plex: anna"]),
        (Drop(("server", "login")), ['-  login: {username: admin,   password: "${PW}"}   # wide']),
        (
            Drop(("server", "login", "username")),
            [
                '-  login: {username: admin,   password: "${PW}"}   # wide',
                '+  login: {password: "${PW}"}   # wide',
            ],
        ),
        (
            Drop(("viewers", 1)),
            [
                "--   name: ben",
                "-    libraries: [TV,   Films]",
                "-    pairs:",
                "-      - between: [trakt, serializd]",
                "-        plays: both",
            ],
        ),
        (
            Drop(("viewers", 1, "name")),
            ["--   name: ben", "-    libraries: [TV,   Films]", "+-   libraries: [TV,   Films]"],
        ),
        (
            Put(("viewers", 0, "accounts", "jellyfin"), ["x"]),
            [
                "-    jellyfin:",
                "-      - 'anna'",
                "-      - anna2   # the old one",
                "+    jellyfin: [x]   # the old one",
            ],
        ),
    ],
)
def test_only_what_is_meant_changes(edit: ConfigEdit, expected: list[str]) -> None:
    assert differences(FILE, changed(FILE, [edit])) == expected


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("lines", ["\n", "\r\n"])
def test_line_ends_and_the_mark_at_the_beginning_stay(lines: str, mark: str) -> None:
    text = mark + FILE.replace("\n", lines)
    after = changed(
        text, [Put(("server", "port"), "1"), Put(("alerts", "repeat"), "1h"), Drop(("viewers", 1, "pairs"))]
    )
    assert after.startswith(mark + "# mine")
    assert after.count("\n") == after.count(lines)
    assert ("\r" in after) == (lines == "\r\n")


def test_several_changes_mean_the_text_as_it_was() -> None:
    edits = [Drop(("viewers", 0)), Drop(("viewers", 1, "pairs", 0)), Put(("viewers", 1, "name"), "bea")]
    after = changed(FILE, edits)
    assert plain(after)["viewers"] == [{"name": "bea", "libraries": ["TV", "Films"], "pairs": None}]
    assert "# the second" in after


def test_a_file_of_comments_gets_its_first_line() -> None:
    assert changed("# nothing yet", [Put(("server", "port"), "1")]) == "# nothing yet\nserver:\n  port: 1\n"
    assert changed("", [Append(("viewers",), {"name": "anna"})]) == "viewers:\n- name: anna\n"


def test_an_explicit_nothing_gives_way() -> None:
    assert changed("server: ~  # none\nlogging: null\n", [Put(("server", "port"), "1")]).startswith(
        "server:   # none\n  port: 1\n"
    )
    assert changed("sources: {plex: }\n", [Put(("sources", "plex", "token"), "x")]) == "sources: {plex: {token: x} }\n"


STRANGE = (
    *(
        "",
        " a ",
        "null",
        "~",
        "# no comment",
        "a: b",
        "- a",
        "'",
        '"',
        "\\",
        "ü – 漢字",
        "a\nb",
        "a\tb",
        "\x7f\x85\u2028",
    ),
    *("${X}", "*a", "!x", "{a", "0123", "é" * 300, "🎬"),
)
PLACES = (
    *(("server", "port"), ("server", "host"), ("server", "login", "password"), ("new",)),
    ("viewers", 0, "accounts", "jellyfin", 0),
)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("path", PLACES)
def test_any_text_comes_back_as_it_was_given(path: tuple[str | int, ...], value: str) -> None:
    after: object = plain(changed(FILE, [Put(path, value)]))
    for part in path:
        after = after[part]  # type: ignore[index]
    assert after == value


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("a: &x {b: 1}\nc: *x\n", Put(("c", "b"), "2")),
        ("a: &x {b: 1}\nc: *x\n", Put(("a", "b"), "2")),
        ("a: &x 1\nc: *x\n", Put(("a",), "2")),
        ("a: &x 1\nc: *x\n", Put(("c",), "2")),
        ("x: &x {b: 1}\nc: {<<: *x}\n", Drop(("c", "b"))),
        ("a: 1\na: 2\n", Put(("a",), "2")),
        ("a: !!python/object:os.system {}\n", Put(("a",), "2")),
        ("a: [1\n", Put(("a",), "2")),
        ("a:\n\tb: 1\n", Put(("a",), "2")),
        ("a: 1\n", Drop(("b",))),
        ("a: 1\n", Put(("a", "b"), "1")),
    ],
)
def test_what_would_touch_more_is_refused(text: str, edit: ConfigEdit) -> None:
    with pytest.raises(NotWritten, match="YAML editor"):
        changed(text, [edit])


def test_the_example_takes_every_kind_of_change() -> None:
    edits: list[ConfigEdit] = [
        Put(("server", "port"), "9000"),
        Put(("sources", "jellyfin", "token"), "0123456789abcdef"),
        Append(("viewers", 0, "pairs"), {"between": ["trakt", "serializd"], "plays": "both"}),
        Append(("alerts", "urls"), "ntfy://ntfy.sh/x"),
        Drop(("viewers", 0, "accounts", "plex", 1)),
    ]
    lines = differences(EXAMPLE, changed(EXAMPLE, edits))
    assert [line for line in lines if line.startswith("-")] == ['-      plex: [anna, "41220077"]']
    assert "+      plex: [anna]" in lines
    assert "+    - between: [trakt, serializd]" in lines or "+      - between: [trakt, serializd]" in lines

"""The text of the file without its secrets: none is left, and what is not touched comes back byte for byte."""

from pathlib import Path

import pytest

from scrobbled.config.veil import Veil
from scrobbled.plumbing.redact import Redactor

EXAMPLE = (Path(__file__).parents[2] / "config" / "scrobbled.example.yaml").read_text(encoding="utf-8")
FILE = """# password: old-secret-1, and http://nas/?token=old-secret-2
server: {login: {username: admin, password: "a b"}}   # key: old-secret-3
sources:
  plex: {token: 'plex-token-123', server_token: "${PLEX}"}
  trakt:
    tokens: {anna: anna-token-1, "ben b": ben-token-12}
viewers:
  - name: anna
    trackers: {serializd: {email: a@b.c, password: "${PW:-fallback-secret}"}}
  - name: ben
    trackers:
      serializd:
        email: b@b.c
        password: |-
          line-one
          line-two
alerts:
  urls:
    - ntfy://user:pass@ntfy.sh/anna
    - {url: "discord://12345/abcdef", viewers: [anna]}
    # - mailto://me:old-secret-4@example.org
"""
SECRETS = (
    *("old-secret-1", "old-secret-2", "old-secret-3", "old-secret-4", "a b", "plex-token", "anna-token", "ben-token"),
    *("fallback", "line-one", "line-two", "ntfy.sh", "abcdef"),
)


@pytest.mark.parametrize("lines", ["\n", "\r\n"])
def test_no_secret_is_left_and_all_come_back(lines: str) -> None:
    text = FILE.replace("\n", lines)
    veil = Veil(text, Redactor())
    assert [secret for secret in SECRETS if secret in veil.text()] == []
    assert [secret for secret in SECRETS if secret in "\n".join(veil.lines())] == []
    assert "${PLEX}" in veil.text()
    assert len(veil.lines()) == len(text.splitlines())
    assert veil.lifted(veil.text()) == (text, ())


def test_the_example_has_nothing_to_hide() -> None:
    assert Veil(EXAMPLE, Redactor()).text() == EXAMPLE


def test_a_secret_in_force_is_hidden_wherever_it_stands() -> None:
    text = "server: {public_url: http://nas/known-secret-77}  # known-secret-77\n"
    veil = Veil(text, Redactor(["known-secret-77"]))
    assert "known-secret" not in veil.text()
    assert veil.lifted(veil.text()) == (text, ())


def test_two_secrets_in_force_on_a_line_are_hidden_each_by_itself() -> None:
    text = "sources: {trakt: {tokens: {anna: anna-token-1, ben: '${B:-ben-token-12}'}}}  # anna-token-1\n"
    veil = Veil(text, Redactor(["anna-token-1", "ben-token-12"]))
    assert veil.text() == "sources: {trakt: {tokens: {anna: ••••1, ben: ••••2}}}  # ••••3\n"
    assert veil.lifted(veil.text()) == (text, ())


def test_what_is_changed_around_a_token_stays_changed() -> None:
    veil = Veil(FILE, Redactor())
    changed = veil.text().replace("name: anna", "name: annabel").replace("# password", "# the password")
    assert veil.lifted(changed) == (FILE.replace("name: anna", "name: annabel").replace("# pass", "# the pass"), ())


def test_a_token_may_move_with_its_line_and_be_quoted() -> None:
    anna = "- {name: a, trackers: {serializd: {password: one1}}}\n"
    ben = "- {name: b, trackers: {serializd: {password: two2}}}\n"
    veil = Veil(f"viewers:\n{anna}{ben}", Redactor())
    first, second, third = veil.text().splitlines(keepends=True)
    moved = first + third.replace("••••2", '"••••2"') + second
    assert veil.lifted(moved) == (f"viewers:\n{ben}{anna}", ())


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("username: admin", "username: ••••4", "server.login.username"),
        ("email: b@b.c", "email: ••••4", "viewers[1].trackers.serializd.email"),
        ("name: ben", "name: ben # ••••3", "configuration"),
        ("username: admin", "username: ••••99", "server.login.username"),
        ("username: admin", "username: ••••0", "server.login.username"),
        ("username: admin", "username: ••••" + "9" * 5000, "server.login.username"),
    ],
)
def test_a_token_in_another_kind_of_place_is_refused(old: str, new: str, path: str) -> None:
    veil = Veil(FILE, Redactor())
    text, problems = veil.lifted(veil.text().replace(old, new))
    assert [problem.path for problem in problems] == [path]
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("text", ["password: hunter22\n  x: [\n", "a: 'b\ntoken: hunter22\n", "\tpassword: hunter22\n"])
def test_a_file_that_cannot_be_read_tells_nothing_either(text: str) -> None:
    veil = Veil(text, Redactor())
    assert "hunter22" not in veil.text()
    assert veil.lifted(veil.text()) == (text, ())


def test_tokens_that_were_there_before_are_only_text() -> None:
    text = "logging: {level: info}  # ••••1 and ••••2\n"
    veil = Veil(text, Redactor())
    assert veil.lifted(veil.text()) == (text, ())


def test_an_anchor_hides_what_it_names() -> None:
    text = "x: &pw hunter22\nserver: {login: {username: a, password: *pw}}\n"
    assert "hunter22" not in Veil(text, Redactor()).text()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_secret_of_several_lines_leaves_as_many_to_look_at(end: str) -> None:
    text = f"# a{end}server: {{login: {{username: a, password: 'one1{end}  two2'}}}}{end}# b{end}"
    lines = Veil(text, Redactor()).lines()
    assert len(lines) == len(text.splitlines())
    assert (lines[0], lines[-1]) == ("# a", "# b")
    assert "one1" not in "".join(lines)


@pytest.mark.parametrize("part", ["a.", "a-", "a:/", "token", "••••1 "])
def test_a_very_long_line_is_looked_through_once(part: str) -> None:
    text = "# " + part * (120_000 // len(part)) + "\n"
    veil = Veil(text, Redactor())
    assert veil.lifted(veil.text()) == (text, ())

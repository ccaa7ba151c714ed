"""The configuration as a form: what is sent back untouched changes nothing, and each change says what was meant."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scrobbled.config.changing import ConfigEdit, Drop, Put, changed
from scrobbled.config.fields import Named, Table, table_of
from scrobbled.config.forms import (
    Around,
    FormList,
    FormSection,
    Node,
    Posted,
    drawn,
    edits,
    posted,
    rebased,
    untouched,
    written,
)
from scrobbled.config.loading import studied
from scrobbled.config.model import Config
from scrobbled.config.plain import at, plain
from scrobbled.core.kinds import KINDS

EXAMPLE = (Path(__file__).parents[2] / "config" / "scrobbled.example.yaml").read_text(encoding="utf-8")
RICH = """server:
  port: ${PORT:-8484}
  login: {username: admin, password_file: /run/secrets/door}
  allowed_hosts: [a.example.org,   "*.example.org"]
storage: {path: /tmp/x.db, backup: {folder: /backup}}
sources:
  plex: {token: "0123456789abcdef", libraries: TV, mode: both, url: http://plex, server_token: "${PLEX}",
         rules: [{libraries: [Kids], count: no}]}
  trakt: {tokens: {anna: anna-token-1, "ben b": ben-token-12}, pass_on: On}
  kodi:
    token: kodi-token-1
viewers:
  - name: anna
    accounts: {plex: [anna, "41220077"], kodi: me}
    trackers:
      serializd: {email: a@example.org, password: "hush hush"}
      trakt: {client_id: abc}
      memory:
    pairs:
      - {between: [trakt, serializd], plays: trakt-to-serializd, every: 15m}
  - name: ben b
    accounts: {plex_file: /run/ben}
alerts:
  urls:
    - ntfy://user:pass@ntfy.sh/anna
    - {url: "discord://12345/abcdef", viewers: [anna], kinds: [flood, down]}
"""
SECRETS = ("0123456789abcdef", "anna-token-1", "ben-token-12", "kodi-token-1", "hush hush", "user:pass", "abcdef")
AROUND = Around(("plex", "trakt", "kodi"), ("anna", "ben b"))
PARTS: list[tuple[Any, ...]] = [
    *((name,) for name in table_of(Config).fields if name not in ("sources", "viewers")),
    *(("sources", name) for name in ("plex", "trakt", "kodi")),
    *(("viewers", number) for number in (0, 1)),
]


def table(path: tuple[Any, ...]) -> Table:
    shape: Any = table_of(Config).fields[path[0]].shape
    for part in path[1:]:
        shape = shape.shapes[part] if isinstance(shape, Named) else shape.item
    assert isinstance(shape, Table)
    return shape


def form(text: str, path: tuple[Any, ...], sent: Posted | None = None) -> tuple[Node, ...]:
    data = at(plain(text), path)
    one = table(path)
    wish = written(one, data, AROUND) if sent is None else posted(one, data, sent, AROUND)
    return drawn(one, wish, data, "x", around=AROUND, only=path[1] if path[0] == "sources" else "")


def after(
    path: tuple[Any, ...], changes: Mapping[str, str | list[str]], do: str = "", text: str = RICH
) -> list[ConfigEdit]:
    fields = untouched(form(text, path, Posted(untouched(form(text, path)), do)))
    fields |= {name: value if isinstance(value, list) else [value] for name, value in changes.items()}
    data = at(plain(text), path)
    wish = posted(table(path), data, Posted(fields), AROUND)
    return edits(table(path), wish, data, path, is_member=path[0] in ("sources", "viewers"))


@pytest.mark.parametrize("path", PARTS)
@pytest.mark.parametrize("text", [EXAMPLE, RICH])
def test_a_form_that_nobody_touched_changes_nothing(text: str, path: tuple[Any, ...]) -> None:
    if at(plain(text), path) is not None or path[0] not in ("sources", "viewers"):
        assert after(path, {}, text=text) == []


@pytest.mark.parametrize("path", PARTS)
def test_no_secret_stands_in_a_form(path: tuple[Any, ...]) -> None:
    told = repr(form(RICH, path))
    assert [secret for secret in SECRETS if secret in told] == []


def test_an_address_that_tells_a_secret_is_not_shown() -> None:
    text = "sources: {plex: {token: plex-token-1, url: 'http://me:hidden-1@plex', account_url: 'http://p/?token=hidden-2'}}"
    path = ("sources", "plex")
    assert "hidden-" not in repr(form(text, path))
    assert after(path, {}, text=text) == []
    assert after(path, {"url": "http://plex"}, text=text) == [Put(("sources", "plex", "url"), "http://plex")]


@pytest.mark.parametrize(
    ("path", "changes", "do", "expected"),
    [
        (("server",), {"port": "8485"}, "", [Put(("server", "port"), "8485")]),
        (("server",), {"port": ""}, "", [Drop(("server", "port"))]),
        (("server",), {"host": " ::1 "}, "", [Put(("server", "host"), "::1")]),
        (
            ("server",),
            {"login.password": "new one"},
            "",
            [Drop(("server", "login", "password_file")), Put(("server", "login", "password"), "new one")],
        ),
        (("server",), {}, "remove login", [Drop(("server", "login"))]),
        (("storage",), {"backup.folder": ""}, "", [Drop(("storage", "backup"))]),
        (("storage",), {"backup.folder": "", "path": ""}, "", [Drop(("storage",))]),
        (("metadata",), {"tmdb.key": "k"}, "", [Put(("metadata",), {"tmdb": {"key": "k"}})]),
        (("sources", "plex"), {"server_token~clear": "1"}, "", [Drop(("sources", "plex", "server_token"))]),
        (("sources", "plex"), {"token": "a new token"}, "", [Put(("sources", "plex", "token"), "a new token")]),
        (("sources", "trakt"), {}, "remove tokens[0]", [Drop(("sources", "trakt", "tokens", "anna"))]),
        (("sources", "trakt"), {"tokens[1]": "x"}, "", [Put(("sources", "trakt", "tokens", "ben b"), "x")]),
        (("sources", "kodi"), {"token~clear": "1"}, "", [Drop(("sources", "kodi", "token"))]),
        (("viewers", 0), {}, "remove trackers.memory", [Drop(("viewers", 0, "trackers", "memory"))]),
        (("viewers", 0), {"pairs[0].plays": "both"}, "", [Put(("viewers", 0, "pairs", 0, "plays"), "both")]),
        (("viewers", 1), {"accounts.plex~clear": "1"}, "", [Drop(("viewers", 1, "accounts"))]),
        (("alerts",), {"urls[0]": "x"}, "remove urls[1]", [Drop(("alerts", "urls", 1))]),
        (("alerts",), {"urls[0].url": "json://x"}, "", [Put(("alerts", "urls", 0), "json://x")]),
        (
            ("alerts",),
            {"urls[0].viewers": "anna"},
            "",
            [Put(("alerts", "urls", 0), {"url": "ntfy://user:pass@ntfy.sh/anna", "viewers": ["anna"]})],
        ),
        (("alerts",), {"urls[1].kinds": "flood"}, "", [Drop(("alerts", "urls", 1, "kinds", 1))]),
    ],
)
def test_a_change_says_what_was_meant(
    path: tuple[Any, ...], changes: dict[str, str], do: str, expected: list[ConfigEdit]
) -> None:
    found = after(path, changes, do)
    assert found == expected
    changed(RICH, found)


WORD, MAPPED, NOTHING = (
    "removals: ask",
    "removals: {plays: ask, ratings: ask, collection: ask, watchlist: ask}",
    "conflict: ask",
)
AT = ("viewers", 0, "pairs", 0, "removals")


@pytest.mark.parametrize(
    ("said", "changes", "expected"),
    [
        (WORD, {}, []),
        (MAPPED, {}, []),
        (NOTHING, {}, []),
        (
            WORD,
            {"plays": "ignore"},
            [Put(AT, {"plays": "ignore", "ratings": "ask", "collection": "ask", "watchlist": "ask"})],
        ),
        (WORD, dict.fromkeys(KINDS, "propagate"), [Put(AT, "propagate")]),
        (WORD, dict.fromkeys(KINDS, ""), [Drop(AT)]),
        (MAPPED, {"plays": "ignore"}, [Put((*AT, "plays"), "ignore")]),
        (MAPPED, {"plays": ""}, [Drop((*AT, "plays"))]),
        (NOTHING, {"ratings": "ask"}, [Put(AT, {"ratings": "ask"})]),
        (NOTHING, dict.fromkeys(KINDS, "ask"), [Put(AT, "ask")]),
    ],
)
def test_removals_have_a_field_for_each_kind(said: str, changes: dict[str, str], expected: list[ConfigEdit]) -> None:
    text = RICH.replace("every: 15m}", f"every: 15m, {said}}}")
    found = after(("viewers", 0), {f"pairs[0].removals.{kind}": word for kind, word in changes.items()}, text=text)
    assert found == expected
    changed(text, found)


def test_a_kind_of_which_nothing_is_done_yet_has_no_field_and_keeps_its_word() -> None:
    around = Around(("plex",), ("anna",), offers=lambda path: not path.endswith(("collection", "watchlist")))
    text, path = RICH.replace("every: 15m}", f"every: 15m, {WORD}}}"), ("viewers", 0)
    data, one = at(plain(text), path), table(path)
    fields = untouched(drawn(one, written(one, data, around), data, "x", around=around))
    assert [name for name in fields if "removals" in name] == ["pairs[0].removals.plays", "pairs[0].removals.ratings"]
    fields["pairs[0].removals.plays"] = ["propagate"]
    found = edits(one, posted(one, data, Posted(fields), around), data, path, is_member=True)
    assert found == [Put(AT, {"plays": "propagate", "ratings": "ask", "collection": "ask", "watchlist": "ask"})]


def test_one_can_be_added_to_every_list() -> None:
    person = [
        *after(("viewers", 0), {"accounts.plex": "anna\r\n41220077\r\ncarol"}),
        *after(("viewers", 0), {"pairs[1].between": ["trakt", "memory"], "pairs[1].plays": "both"}, "add pairs"),
        *after(("viewers", 0), {"rules[0].media": "movie", "rules[0].count": "false"}, "add rules"),
    ]
    alerts = after(("alerts",), {"urls[2].url": "json://nas"}, "add urls")
    found = plain(changed(RICH, [*person, *alerts]))
    assert found["viewers"][0]["accounts"]["plex"] == ["anna", "41220077", "carol"]
    assert found["viewers"][0]["pairs"][1] == {"between": ["trakt", "memory"], "plays": "both"}
    assert found["viewers"][0]["rules"] == [{"media": "movie", "count": "false"}]
    assert found["alerts"]["urls"][2] == "json://nas"


def test_a_tracker_can_be_added_and_filled_in() -> None:
    fields = untouched(form(RICH, ("viewers", 1)))
    there = form(RICH, ("viewers", 1), Posted({**fields, "trackers~new": ["serializd"]}, "add trackers"))
    fields = {**untouched(there), "trackers.serializd.email": ["b@example.org"], "trackers.serializd.password": ["s e"]}
    data = at(plain(RICH), ("viewers", 1))
    wish = posted(table(("viewers", 1)), data, Posted(fields), AROUND)
    text = changed(RICH, edits(table(("viewers", 1)), wish, data, ("viewers", 1), is_member=True))
    expected = {"serializd": {"email": "b@example.org", "password": "s e"}}
    assert plain(text)["viewers"][1]["trackers"] == expected
    assert "    trackers:\n      serializd:\n        email: b@example.org\n" in text


def test_a_removed_entry_does_not_take_another_with_it() -> None:
    text = "alerts:\n  urls:\n  - a://1\n  - b://2\n  - c://3\n"
    again = untouched(form(text, ("alerts",), Posted(untouched(form(text, ("alerts",))), "remove urls[0]")))
    again["urls[0].viewers"] = ["anna"]
    data = plain(text)["alerts"]
    wish = posted(table(("alerts",)), data, Posted(again), AROUND)
    found = plain(changed(text, edits(table(("alerts",)), wish, data, ("alerts",))))
    assert found["alerts"]["urls"] == [{"url": "b://2", "viewers": ["anna"]}, "c://3"]


def test_problems_stand_at_their_fields() -> None:
    text = RICH.replace("15m", "soon").replace("mode: both", "mode: loud").replace("kinds: [flood, down]", "kinds: [x]")
    _, problems = studied(text, {"PLEX": "x"})
    for path, name in ((("viewers", 0), "viewers[0]"), (("sources", "plex"), "sources.plex"), (("alerts",), "alerts")):
        data = at(plain(text), path)
        nodes = drawn(table(path), written(table(path), data, AROUND), data, name, around=AROUND, problems=problems)
        assert len(marked(nodes)) == 1, (path, problems)


def marked(nodes: Sequence[Node]) -> list[str]:
    own = [node.name for node in nodes if node.problems]
    return own + [name for node in nodes if isinstance(node, FormSection | FormList) for name in marked(node.nodes)]


def test_a_typed_secret_is_only_a_handle_in_the_form() -> None:
    data = at(plain(RICH), ("server",))
    wish = posted(table(("server",)), data, Posted({"login.password": ["typed-now"]}), AROUND)
    nodes = drawn(table(("server",)), wish, data, "server", around=AROUND, keep=lambda text: f"h{len(text)}")
    assert "typed-now" not in repr(nodes)
    assert "handle='h9'" in repr(nodes)


def test_what_a_form_did_not_have_stays_as_it_is() -> None:
    data = at(plain(RICH), ("viewers", 0))
    wish = posted(table(("viewers", 0)), data, Posted({"name": ["annabel"]}), AROUND)
    found = edits(table(("viewers", 0)), wish, data, ("viewers", 0), is_member=True)
    assert found == [Put(("viewers", 0, "name"), "annabel")]


def changed_fields(text: str) -> dict[str, list[str]]:
    return untouched(form(text, ("viewers", 0)))


def test_what_is_out_of_date_keeps_only_what_was_changed_in_it() -> None:
    theirs = RICH.replace("a@example.org", "new@example.org").replace("accounts: {plex: [anna, ", "accounts: {plex: [")
    mine = {**changed_fields(RICH), "name": ["annabel"], "pairs[0].every": ["1h"], "etag": ["old"]}
    found = rebased(mine, changed_fields(RICH), changed_fields(theirs))
    assert found == {**changed_fields(theirs), "name": ["annabel"], "pairs[0].every": ["1h"], "etag": ["old"]}


def test_what_is_out_of_date_stays_as_it_was_sent_where_entries_have_other_places() -> None:
    theirs = RICH.replace("      - {between: [trakt, serializd], plays: trakt-to-serializd, every: 15m}\n", "")
    mine = {**changed_fields(RICH), "name": ["annabel"]}
    assert rebased(mine, changed_fields(RICH), changed_fields(theirs)) == mine

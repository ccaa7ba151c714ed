"""``alerts.urls``: plain addresses, and addresses that get only a part."""

from pathlib import Path

import pytest

from scrobbled.config import AlertAddressConfig, json_schema, load, loads, secrets, show
from scrobbled.config.model import fold
from scrobbled.core.errors import ConfigError
from scrobbled.core.words.troubles import TROUBLE_KINDS

VIEWERS = "viewers: [{name: anna}, {name: Ben}]\n"


def problems(alerts: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loads(f"{VIEWERS}alerts: {alerts}", {})
    return list(caught.value.problems)


def test_plain_addresses_and_sections_stand_beside_each_other() -> None:
    text = "alerts: {urls: [ntfy://a/b, {url: ntfy://c/d, viewers: [anna, ben], kinds: sign-in}, {url: ntfy://e/f}]}"
    assert loads(VIEWERS + text, {}).alerts.urls == (
        AlertAddressConfig(url="ntfy://a/b"),
        AlertAddressConfig(url="ntfy://c/d", viewers=("anna", "ben"), kinds=("sign-in",)),
        AlertAddressConfig(url="ntfy://e/f"),
    )


@pytest.mark.parametrize(
    ("alerts", "problem"),
    [
        (
            "{urls: [{url: ntfy://a/b, viewer: anna}]}",
            'alerts.urls[0].viewer (line 2): unknown key; did you mean "viewers"?',
        ),
        (
            "{urls: [{url: ntfy://a/b, viewers: [ana]}]}",
            'alerts.urls[0].viewers[0] (line 2): no viewer is called "ana"; did you mean "anna"?',
        ),
        ("{urls: [{viewers: [anna]}]}", "alerts.urls[0].url (line 2): is missing. An Apprise URL."),
        (
            "{urls: [{url: mailbox}]}",
            "alerts.urls[0].url (line 2): the value is not an Apprise URL; write it like ntfy://",
        ),
        ("{urls: [[ntfy://a/b]]}", "alerts.urls[0] (line 2): must be a section: keys with values, indented below it"),
        ("{urls: {url: ntfy://a/b}}", 'alerts.urls (line 2): must be a list: begin each entry with "- "'),
        ("{urls: [{url: ntfy://a/b, kinds: [flod]}]}", 'alerts.urls[0].kinds[0] (line 2): "flod" is not one of down, '),
    ],
)
def test_mistakes_are_told_with_path_and_line(alerts: str, problem: str) -> None:
    (found,) = problems(alerts)
    assert found.startswith(problem)


def test_the_url_of_a_section_may_come_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("ntfy://in/a-file\n")
    (tmp_path / "scrobbled.yaml").write_text('alerts: {urls: [{url_file: one, kinds: flood}, "${TWO}"]}')
    config = load(tmp_path / "scrobbled.yaml", {"TWO": "ntfy://in/environment"})
    assert [address.url for address in config.alerts.urls] == ["ntfy://in/a-file", "ntfy://in/environment"]


def test_it_is_shown_as_it_was_written_without_secrets() -> None:
    text = "alerts: {urls: ['ntfy://user:pass-word-1@a/b', {url: 'tgram://123456789:abcdefABCDEF/42', viewers: anna}]}"
    config = loads(VIEWERS + text, {})
    rows = {row.path: (row.value, row.origin) for row in show(config)}
    assert rows["alerts.urls[0]"] == ("ntfy://••••", "line 2")
    assert rows["alerts.urls[1].url"] == ("tgram://••••", "line 2")
    assert rows["alerts.urls[1].viewers[0]"] == ("anna", "line 2")
    assert set(config.origins) <= rows.keys()
    assert {"pass-word-1", "123456789:abcdefABCDEF", config.alerts.urls[1].url} <= set(secrets(config))
    assert "pass-word-1" not in repr(config)
    assert "123456789" not in repr(config)


def test_editors_are_offered_both_forms() -> None:
    shape = json_schema()["properties"]["alerts"]["properties"]["urls"]["anyOf"][0]["items"]
    plain, section = shape["anyOf"]
    assert plain["anyOf"][0]["pattern"]
    assert set(section["properties"]) == {"url", "url_file", "viewers", "viewers_file", "kinds", "kinds_file"}


def test_every_kind_has_its_words() -> None:
    assert all(fold(kind) == kind and words and not words.endswith(".") for kind, words in TROUBLE_KINDS.items())

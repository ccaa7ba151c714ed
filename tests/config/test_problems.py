"""What is wrong is said with path and line, all of it at once, and without a secret."""

# ruff: noqa: E501 - a table is read row by row

from pathlib import Path

import pytest

from scrobbled.config import load, loads, warnings
from scrobbled.core.errors import ConfigError

TOKEN = "0123456789abcdef"
VIEWER = "viewers: [{name: anna, trackers: {trakt: {client_id: x}, serializd: {}}, pairs: ["


def problems_of(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loads(text, environ or {})
    return list(caught.value.problems)


BROKEN = [
    # --- YAML itself
    ("", "configuration: the file is empty; run scrobbled serve and open its page, or scrobbled setup"),
    ("# only a comment\n", "configuration: the file is empty; run scrobbled serve and open its page, or scrobbled setup"),
    ("~", "configuration (line 1): nothing is configured; run scrobbled serve and open its page, or scrobbled setup"),
    ("- a\n- b", "configuration (line 1): must be a section: keys with values, indented below it"),
    ("server:\n\tport: 1", "configuration (line 2): not readable as YAML: a tab; indent with spaces"),
    ("server: {port: 1", "configuration (line 1): not readable as YAML: while parsing a flow mapping expected ',' or '}', but got '<stream end>'"),
    ("server: {port: ${PORT}}", "configuration (line 1): not readable as YAML: while parsing a flow mapping expected ',' or '}', but got '{'; put quotes around \"${NAME}\" within braces"),
    ("server:\n  login: {username: a, password: *hunter2}", "configuration (line 2): not readable as YAML: * begins an alias; put quotes around a value that begins with * or &"),
    ("server: {login: {username: a, password: !hunter2 }}", "server.login.password (line 1): tags (!…) are not used here; put quotes around a value that begins with an exclamation mark"),
    ("server: {port: !!python/object/apply:os.system [x]}", "server.port (line 1): tags (!…) are not used here; put quotes around a value that begins with an exclamation mark"),
    ("server: {port: 1}\n---\nserver: {port: 2}", "configuration (line 2): not readable as YAML: a second document begins here (---); keep one"),
    ("a: \x00", "configuration (line 1): not readable as YAML: a character that text files do not have"),
    ("server: {port: 1}\nlogging: {}\nserver: {port: 2}", "server (line 3): given twice; the first is in line 1"),
    ("server:\n  port: 1\n  port: 2", "server.port (line 3): given twice; the first is in line 2"),
    ("? [a, b]\n: c", "configuration (line 1): a key must be a plain name"),
    ("server: {<<: 3}", 'server."<<" (line 1): merges only mappings'),
    ("server: &a {login: *a}", "configuration: too many values or levels; if aliases (*…) multiply them, write the values out"),
    ('server: {host: "\\ud800"}', "server.host (line 1): half a character (\\ud800 to \\udfff); write the character itself"),
    ('server: {"\\ud800": 1}', "server (line 1): a key must be a plain name"),
    # --- keys
    ("sever: {port: 1}", 'sever (line 1): unknown key; did you mean "server"?'),
    ("server:\n  prot: 1", 'server.prot (line 2): unknown key; did you mean "port"?'),
    ("storage: {zzz: 1}", "storage.zzz (line 1): unknown key; known here: path, keep_raw_events, backup"),
    ("sources: {jelyfin: {}}", 'sources.jelyfin (line 1): unknown source; did you mean "jellyfin"?'),
    ("viewers:\n- name: a\n  trackers:\n    serialized: {}", 'viewers[0].trackers.serialized (line 4): unknown tracker; did you mean "serializd"?'),
    ("viewers:\n- name: a\n  trackers:\n    serializd:\n      pasword: x", 'viewers[0].trackers.serializd.pasword (line 5): unknown key; did you mean "password"?'),
    ("server: {login: {username: a, pasword_file: x}}", 'server.login.pasword_file (line 1): unknown key; did you mean "password_file"?'),
    ("server: {login: {password:hunter2}}", 'server.login."password:…" (line 1): unknown key; write a blank after the colon'),
    ("viewers: [{name: a, accounts: {plecks: a}}]", 'viewers[0].accounts.plecks (line 1): unknown source; did you mean "plex"?'),
    # --- secrets
    ("server: {login: {username: a, password: ••••}}", "server.login.password (line 1): the value is the mark that is shown instead of a secret; type the secret itself"),
    ("alerts: {urls: ntfy://••••}", "alerts.urls[0] (line 1): the value is the mark that is shown instead of a secret; type the secret itself"),
    # --- shapes
    ("server: 8484", "server (line 1): must be a section: keys with values, indented below it"),
    ("server: [a]", "server (line 1): must be a section: keys with values, indented below it"),
    ("sources: plex", "sources (line 1): must be a section: names with values, indented below it"),
    ("viewers: {anna: {}}", 'viewers (line 1): must be a list: begin each entry with "- "'),
    ("viewers: [anna]", "viewers[0] (line 1): must be a section: keys with values, indented below it"),
    ("viewers:\n- \n", "viewers[0] (line 2): is empty; remove it or fill it in"),
    ("server: {port: [1]}", "server.port (line 1): must be a single value"),
    ("server: {host: {a: b}}", "server.host (line 1): must be a single value"),
    ("server: {allowed_hosts: {a: b}}", "server.allowed_hosts (line 1): must be a list of single values"),
    ("alerts: {urls: ['']}", "alerts.urls[0] (line 1): is empty; remove it or fill it in"),
    # --- values
    ("server: {port: many}", 'server.port (line 1): "many" is not a whole number'),
    ("server: {port: 70000}", 'server.port (line 1): "70000" is not between 1 and 65535'),
    ("server: {port: 1.5}", 'server.port (line 1): "1.5" is not a whole number'),
    ("server: {public_url: nas.local}", 'server.public_url (line 1): "nas.local" is not an address; write it like http://nas.local:8484'),
    ("server: {public_url: 'ftp://nas'}", 'server.public_url (line 1): "ftp://nas" is not an address; write it like http://nas.local:8484'),
    ("server: {public_url: 'http://[::1'}", 'server.public_url (line 1): "http://[::1" is not an address; write it like http://nas.local:8484'),
    ("server: {public_url: 'http://a:99999'}", 'server.public_url (line 1): "http://a:99999" is not an address; write it like http://nas.local:8484'),
    ("server: {public_url: 'http://a:hunter2@nas'}", "server.public_url (line 1): the value must not hold a user name or password; they would end up in logs and links"),
    ("server: {public_url: 'http://nas?a=1'}", "server.public_url (line 1): the value must end before any ? or #"),
    ("sources: {plex: {url: 'http://plex:32400/?X-Plex-Token=hunter2'}}", "sources.plex.url (line 1): the value must end before any ? or #"),
    ("server: {public_url: 'nas#access_token=hunter2'}", "server.public_url (line 1): the value is not an address; write it like http://nas.local:8484"),
    ("server: {trusted_proxies: [172.18.0.0/99]}", 'server.trusted_proxies[0] (line 1): "172.18.0.0/99" is not an address range; write it like 172.18.0.0/16 or 192.168.1.5'),
    ("server: {allowed_hosts: ['http://x']}", 'server.allowed_hosts[0] (line 1): "http://x" is not a host name; write it like media.example.org, without http:// and port'),
    ("server: {login: {username: admin}}", "server.login.password (line 1): is missing. The password to sign in with."),
    ("server: {login: {username: admin, password: ''}}", "server.login.password (line 1): is empty. The password to sign in with."),
    ("storage: {keep_raw_events: 14}", 'storage.keep_raw_events (line 1): "14" is not a duration; write it like 30s, 15m, 6h or 14d'),
    ("storage: {keep_raw_events: 14 days}", 'storage.keep_raw_events (line 1): "14 days" is not a duration; write it like 30s, 15m, 6h or 14d'),
    ("storage: {keep_raw_events: 5m}", 'storage.keep_raw_events (line 1): "5m" is too short; 1h is the least'),
    ("storage: {keep_raw_events: 99999w}", 'storage.keep_raw_events (line 1): "99999w" is longer than a hundred years'),
    ("storage: {path: \"a\\0b\"}", 'storage.path (line 1): "a\\u0000b" cannot be a path'),
    ("defaults: {threshold: 101%}", 'defaults.threshold (line 1): "101%" is more than 100%'),
    ("defaults: {threshold: most}", 'defaults.threshold (line 1): "most" is not a percentage; write it like 90%'),
    ("defaults: {threshold: 0.9}", 'defaults.threshold (line 1): "0.9" can be read in two ways; write 90% or 0.9%'),
    ("defaults: {threshold: 0%}", 'defaults.threshold (line 1): "0%" is too low; 1% is the least'),
    ("defaults: {min_duration: -5m}", 'defaults.min_duration (line 1): "-5m" is not a duration; write it like 30s, 15m, 6h or 14d'),
    ("defaults: {movies: maybe}", 'defaults.movies (line 1): "maybe" is neither true nor false'),
    ("alerts: {urls: [mailbox]}", "alerts.urls[0] (line 1): the value is not an Apprise URL; write it like ntfy://ntfy.sh/my-topic"),
    ("alerts: {repeat: 1s}", 'alerts.repeat (line 1): "1s" is too short; 1m is the least'),
    ("safety: {max_writes_per_hour: 0}", 'safety.max_writes_per_hour (line 1): "0" is not between 1 and 1000000'),
    ("logging: {level: loud}", 'logging.level (line 1): "loud" is not one of debug, info, warning, error'),
    ("logging: {format: xml}", 'logging.format (line 1): "xml" is not one of text, json'),
    ("sinks: {influx: {server: influx3}}", "sinks.influx.url (line 1): is missing. The server, such as http://influxdb:8086."),
    ("sinks: {influx: {url: 'http://i', server: influx3}}", "sinks.influx.token (line 1): is missing. A token that may write to both buckets."),
    ("sinks:\n  influx: {url: 'http://i', server: influx2, token: t}", "sinks.influx.org (line 2): is missing. The organisation, by name or id."),
    ("sinks: {influx: {url: 'http://i', username: u}}", "sinks.influx.password (line 1): username is given as well; write the password, too"),
    ("sinks: {influx: {url: 'http://i', server: influx9}}", 'sinks.influx.server (line 1): "influx9" is not one of auto, influx2, influx3, influx1, victoriametrics'),
    ("sinks: {influx: {url: 'http://i', bucket_raw: _tasks}}", 'sinks.influx.bucket_raw (line 1): "_tasks" is no name of a bucket: those that begin with _ are the server\'s own'),
    ("sinks: {influx: {url: 'http://i', incremental: '0 25 * * *'}}", 'sinks.influx.incremental (line 1): "0 25 * * *" is no schedule (bad hour); write it like "30 4 * * *"'),
    ("sinks: {influx: {url: 'http://i', incremental: 5s}}", 'sinks.influx.incremental (line 1): "5s" is too short; 1m is the least'),
    ("sinks: {influx: {url: 'http://i', timezone: Europe/Berln}}", 'sinks.influx.timezone (line 1): "Europe/Berln" is no time zone that this machine knows; did you mean "Europe/Berlin"?'),
    ("viewers: [{name: anna}]\nsinks: {influx: {url: 'http://i', viewers: [ana]}}", 'sinks.influx.viewers[0] (line 2): no viewer is called "ana"; did you mean "anna"?'),
    ("viewers: [{name: anna}]\nsinks: {influx: {url: 'http://i', viewers: [anna, Anna]}}", "sinks.influx.viewers[1] (line 2): the same as viewers[0]; each viewer has one source, or plays would count twice"),
    ("viewers: [{name: anna}]\nsinks: {influx: {url: 'http://i', viewers: [{name: anna, from: trakt}]}}", "sinks.influx.viewers[0].from (line 2): this viewer has no trakt; add it under trackers, or write ledger"),
    # --- the environment and files
    ("server:\n  login: {username: a, password: '${NOPE}'}", "server.login.password (line 2): the environment variable NOPE is not set (nor is NOPE_FILE)"),
    ("server: {host: '${ONE}-${TWO}'}", "server.host (line 1): the environment variable ONE is not set (nor is ONE_FILE); the environment variable TWO is not set (nor is TWO_FILE)"),
    ("server: {port: '${PORT}'}", "server.port (line 1): the value from environment PORT is not a whole number"),
    ("server: {host: '${BOTH}'}", "server.host (line 1): the environment variables BOTH and BOTH_FILE are both set; keep one"),
    ("server: {host: '${GONE}'}", "server.host (line 1): the file named by the environment variable GONE_FILE does not exist"),
    ("server: {host: '${NAME'}", "server.host (line 1): write ${NAME} or ${NAME:-default}, without another ${ in it; for a literal ${ write $${"),
    ("server: {host: '${A:-${B}}'}", "server.host (line 1): write ${NAME} or ${NAME:-default}, without another ${ in it; for a literal ${ write $${"),
    ("server: {login: {username: a, password: '${BLANK}'}}", "server.login.password (line 1): is empty (environment BLANK). The password to sign in with."),
    ("server: {login: {username: a, password_file: /nonexistent/x}}", "server.login.password_file (line 1): the file does not exist"),
    ("server: {login: {username: a, password_file: /}}", "server.login.password_file (line 1): the file is not a file"),
    ("server: {login: {username: a, password_file: [x]}}", "server.login.password_file (line 1): must be the path of a file"),
    ("server: {login: {username: a, password_file: \"a\\0b\"}}", "server.login.password_file (line 1): the file does not exist"),
    ("server:\n  login:\n    username: a\n    password: x\n    password_file: /etc/hostname", 'server.login.password_file (line 5): "password" is given as well; keep one of the two'),
    ("server: {login_file: /etc/hostname}", "server.login_file (line 1): only single values and lists of them can be read from a file"),
    # --- sources
    ("sources:\n  plex:\n    libraries: [TV]", "sources.plex.token (line 2): is missing. The secret in the webhook's URL; take a random one of 32 characters"),
    ("sources:\n  plex:", "sources.plex.token (line 2): is missing. The secret in the webhook's URL; take a random one of 32 characters"),
    ("sources: {plex: {token: '${BLANK}'}}", "sources.plex.token (line 1): is missing. The secret in the webhook's URL; take a random one of 32 characters"),
    ("sources: {plex: {token: short}}", "sources.plex.token (line 1): the value is shorter than 8 characters; take a random one of 32"),
    ("sources: {plex: {token: 'with/slash-0123456789'}}", "sources.plex.token (line 1): the value cannot stand in a URL; use letters, digits, - and _ only"),
    (f"sources:\n  plex: {{token: {TOKEN}}}\n  emby: {{token: {TOKEN}}}", "sources.emby.token (line 3): the same token as sources.plex.token; each needs its own"),
    (f"viewers: [{{name: anna}}]\nsources:\n  plex: {{token: {TOKEN}}}\n  trakt: {{tokens: {{anna: {TOKEN}}}}}", "sources.trakt.tokens.anna (line 4): the same token as sources.plex.token; each needs its own"),
    (f"sources: {{plex: {{tokens: {{anna: {TOKEN}}}}}}}\nviewers: [{{name: anna}}]", "sources.plex.tokens (line 1): only trakt has several tokens; write token"),
    (f"sources: {{plex: {{token: {TOKEN}, pass_on: true}}}}", "sources.plex.pass_on (line 1): only trakt can pass on what is playing; remove it here"),
    (f"sources: {{trakt: {{tokens: {{ana: {TOKEN}}}}}}}\nviewers: [{{name: anna}}]", 'sources.trakt.tokens.ana (line 1): no viewer has this name; did you mean "anna"?'),
    # --- viewers
    ("viewers: [{}]", "viewers[0].name (line 1): is missing. What to call this person."),
    ("viewers:\n- name: anna\n- name: ben\n- name: ' ANNA '", "viewers[2].name (line 4): viewers[0] has this name already; names must differ"),
    ("viewers:\n- name: anna\n  accounts:\n    emby: anna", "viewers[0].accounts.emby (line 4): emby is not configured; add it under sources or remove it here"),
    ("viewers: [{name: a, accounts: {plex: ['']}}]", "viewers[0].accounts.plex[0] (line 1): is empty; remove it or fill it in"),
    ("viewers:\n- name: a\n  trackers:\n    trakt:", "viewers[0].trackers.trakt.client_id (line 4): is missing. The id of your app at trakt.tv."),
    ("viewers:\n- name: a\n  trackers:\n    serializd: {pace: fast}", 'viewers[0].trackers.serializd.pace (line 4): "fast" is not a duration; write it like 30s, 15m, 6h or 14d'),
    # --- pairs
    (VIEWER + "{plays: both}]}]", "viewers[0].pairs[0].between (line 1): is missing. Choose the two trackers."),
    (VIEWER + "{between: [trakt]}]}]", "viewers[0].pairs[0].between (line 1): must be two different trackers, like [trakt, serializd]"),
    (VIEWER + "{between: [trakt, trakt]}]}]", "viewers[0].pairs[0].between (line 1): must be two different trackers, like [trakt, serializd]"),
    (VIEWER + "{between: [trakt, serialized]}]}]", 'viewers[0].pairs[0].between (line 1): "serialized" is not a tracker of this viewer; did you mean "serializd"?'),
    (VIEWER + "{between: [trakt, plex]}]}]", 'viewers[0].pairs[0].between (line 1): "plex" is not a tracker of this viewer; known here: trakt, serializd'),
    (VIEWER + "{between: [trakt, serializd]}, {between: [serializd, trakt]}]}]", "viewers[0].pairs[1].between (line 1): the same two as viewers[0].pairs[0]; write one entry for both"),
    (VIEWER + "{between: [trakt, serializd], plays: a-to-b}]}]", 'viewers[0].pairs[0].plays (line 1): "a-to-b" is not a direction here; write off, both, trakt-to-serializd, serializd-to-trakt'),
    (VIEWER + "{between: [trakt, serializd], plays: yes}]}]", 'viewers[0].pairs[0].plays (line 1): "yes" is not a direction; write off, both, or like trakt-to-serializd'),
    (VIEWER + "{between: [trakt, serializd], conflict: plex-wins}]}]", 'viewers[0].pairs[0].conflict (line 1): "plex-wins" is not possible here; write trakt-wins, serializd-wins, newest-wins, ask'),
    (VIEWER + "{between: [trakt, serializd], conflict: fight}]}]", 'viewers[0].pairs[0].conflict (line 1): "fight" is not a way to settle conflicts; write newest-wins, ask, or like trakt-wins'),
    (VIEWER + "{between: [trakt, serializd], removals: often}]}]", 'viewers[0].pairs[0].removals (line 1): "often" is not one of ignore, propagate, ask'),
    ("viewers:\n- name: anna\n  trackers: {trakt: {client_id: x}, serializd: {}}\n  pairs:\n  - between: [trakt, serializd]\n    removals:\n      plays: ask\n      rating: ask", 'viewers[0].pairs[0].removals.rating (line 8): unknown kind; did you mean "ratings"?'),
    (VIEWER + "{between: [trakt, serializd], removals: {plays: often}}]}]", 'viewers[0].pairs[0].removals.plays (line 1): "often" is not one of ignore, propagate, ask'),
    (VIEWER + "{between: [trakt, serializd], removals: [ask]}]}]", "viewers[0].pairs[0].removals (line 1): must be a section: names with values, indented below it"),
    (VIEWER + "{between: [trakt, serializd], every: 10s}]}]", 'viewers[0].pairs[0].every (line 1): "10s" is too short; 1m is the least'),
    ("viewers:\n- name: anna\n  trackers: {trakt: {client_id: x}, serializd: {}}\n  pairs:\n  - between: [trakt, serializd]\n    every: 15m\n    schedule: 0 4 * * *", "viewers[0].pairs[0].schedule (line 7): every is given as well; keep one of the two"),
    (VIEWER + "{between: [trakt, serializd], schedule: 0 4 * *}]}]", 'viewers[0].pairs[0].schedule (line 1): "0 4 * *" is no schedule; write minute, hour, day, month and day of the week, like "30 4 * * *"'),
    (VIEWER + "{between: [trakt, serializd], schedule: 0 25 * * *}]}]", 'viewers[0].pairs[0].schedule (line 1): "0 25 * * *" is no schedule (bad hour); write it like "30 4 * * *"'),
    (VIEWER + "{between: [trakt, serializd], schedule: 0 4 30 2 *}]}]", 'viewers[0].pairs[0].schedule (line 1): "0 4 30 2 *" never comes: no month that it names has that day'),
    ("server:\n  time_zone: Europe/berlin\n", 'server.time_zone (line 2): "Europe/berlin" is no time zone that this machine knows; did you mean "Europe/Berlin"?'),
    ("server: {time_zone: ../../etc/passwd}", 'server.time_zone (line 1): "../../etc/passwd" is no time zone that this machine knows; write it like Europe/Berlin'),
    ("server: {time_zone: Europe}", 'server.time_zone (line 1): "Europe" is no time zone that this machine knows; write it like Europe/Berlin'),
]  # fmt: skip
ENVIRON = {"PORT": "hunter2", "BOTH": "x", "BOTH_FILE": "/x", "GONE_FILE": "/nonexistent/hunter2", "BLANK": ""}


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_a_mistake_is_told_with_path_and_line(text: str, problem: str) -> None:
    found = problems_of(text, ENVIRON)
    assert problem in found
    assert "hunter2" not in "\n".join(found)


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_one_mistake_is_told_once(text: str, problem: str) -> None:
    found = problems_of(text, ENVIRON)
    assert found.count(problem) == 1
    assert [other for other in found if other != problem and "is missing" not in other] == []


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    found = problems_of(
        "server:\n  port: x\n  prot: 1\nsources:\n  plex: {token: abc}\nviewers:\n  - accounts: {plex: a}\n"
        "  - name: b\n    accounts: {kodi: b}\n    pairs: [{between: [a, b], every: 1}]\nlogging: {level: '${L}'}\n"
    )
    assert [problem.partition(": ")[0] for problem in found] == [
        "server.port (line 2)",
        "server.prot (line 3)",
        "sources.plex.token (line 5)",
        "viewers[0].name (line 7)",
        "viewers[1].accounts.kodi (line 9)",
        "viewers[1].pairs[0].between (line 10)",
        "viewers[1].pairs[0].between (line 10)",
        "viewers[1].pairs[0].every (line 10)",
        "logging.level (line 11)",
    ]


def test_a_wrong_entry_does_not_shift_the_paths_of_the_next() -> None:
    found = problems_of("viewers:\n  - 5\n  - name: a\n    accounts: {kodi: x}\n")
    assert (
        found[1] == "viewers[1].accounts.kodi (line 4): kodi is not configured; add it under sources or remove it here"
    )


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert problems_of("\n".join(lines)) == [
        "configuration: too many values or levels; if aliases (*…) multiply them, write the values out"
    ]


def test_depth_without_end_is_refused() -> None:
    assert "nested too deeply" in problems_of("[" * 2000)[0]
    assert "too many values or levels" in problems_of("{a: " * 30 + "1" + "}" * 30)[0]


def test_alert_urls_are_checked_in_full_only_when_asked() -> None:
    text = "alerts:\n  urls:\n    - ntfy://good/x\n    - bad://hunter2/y\n"
    assert len(loads(text, {}).alerts.urls) == 2
    with pytest.raises(ConfigError) as caught:
        loads(text, {}, check_alert_url=lambda url: not url.startswith("bad"))
    assert caught.value.problems == (
        "alerts.urls[1] (line 4): Apprise does not understand this URL; see its list of services",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"server:\n  host: \xff\xfe", "scrobbled.yaml (line 2): not UTF-8 text; save it in UTF-8"),
        (b"# " + b"x" * 600_000, "larger than 512 KB; this is not a configuration"),
        (b"", "scrobbled.yaml: the file is empty; run scrobbled serve and open its page, or scrobbled setup"),
    ],
)
def test_a_file_that_cannot_be_a_configuration_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "scrobbled.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r".") as caught:
        load(file, {})
    assert caught.value.problems[0].endswith(problem)


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / name, {})


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff\xfe", "is not UTF-8 text"), (b"x" * 70_000, "is larger than 64 KB")]
)
def test_a_secrets_file_that_is_none_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    text = f"server: {{login: {{username: a, password_file: {tmp_path}/secret}}}}"
    assert problems_of(text) == [f"server.login.password_file (line 1): the file {reason}"]


def test_what_is_allowed_but_hardly_meant_is_warned_of() -> None:
    config = loads(
        "sources: {plex: {token: only-ten-1}, kodi: {token: kodi-0123456789abcdef}, emby: {token: emby-0123456789abcdef}}\n"
        "viewers:\n"
        "  - {name: a, accounts: {kodi: x, plex: a}, trackers: {serializd: {email: a@b.c}, trakt: {client_id: i}},\n"
        "     pairs: [{between: [trakt, serializd]}]}\n"
        "  - {name: d, accounts: {kodi: z}, trackers: {serializd: {email: d@b.c}, trakt: {client_id: i}},\n"
        "     pairs: [{between: [trakt, serializd], plays: both}]}\n"
        "  - {name: b, accounts: {kodi: y}, trackers: {serializd: {email: A@b.c}}}\n"
        "  - {name: c}\n",
        {},
    )
    assert warnings(config) == [
        "server.login: not set, so only this machine may open the dashboard and the API",
        "sources.plex.token: shorter than 16 characters; take a random one of 32",
        "sources.kodi: several viewers list kodi, which does not say who watched; its plays are held",
        "sources.emby: no viewer lists an account of emby, so its plays are held",
        "viewers[0].pairs[0]: every kind is off, so it does nothing; add plays: both",
        "viewers[1].pairs[0]: neither every nor schedule, so it is run by hand only; add every: 15m",
        "viewers[3].accounts: none, so no play can be told to be by c",
        "viewers[3].trackers: none, so the plays of c are sent nowhere",
        "viewers[2].trackers.serializd.email: the same account as viewers[0].trackers.serializd.email;"
        " plays watched together would be sent to it twice",
    ]


def test_a_configuration_without_sources_and_viewers_is_warned_of() -> None:
    assert [text.partition(":")[0] for text in warnings(loads("server: {}", {}))] == [
        "server.login",
        "sources",
        "viewers",
    ]


def test_a_player_that_signs_in_needs_no_account_and_no_token_in_the_file() -> None:
    text = "server: {login: {username: a, password: b}}\nsources: {trakt: %s}\nviewers: [{name: anna, trackers: {memory: {}}}]"
    assert warnings(loads(text % "{pass_on: true}", {})) == []
    shared = warnings(loads(text % "{token: trakt-0123456789abcd}", {}))
    assert shared == ["sources.trakt: no viewer lists an account of trakt, so its plays are held"]

"""From YAML to a configuration: what is accepted, and where values come from."""

from dataclasses import FrozenInstanceError
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.config import Config, find_config, format_duration, json_schema, load, loads, parse_duration
from scrobbled.core.cron import Cron
from scrobbled.core.errors import ConfigError
from scrobbled.core.kinds import KINDS
from scrobbled.desk.settings import starting
from scrobbled.plumbing.zones import MACHINE

FULL = """
server:
  host: 127.0.0.1
  port: 9000
  public_url: http://nas.local:8484/scrobbled/
  login: {username: admin, password: "${PASSWORD}"}
  allowed_hosts: [Media.Example.org, "*.home"]
  trusted_proxies: [172.18.0.0/16, 10.0.0.5]
storage: {path: /srv/s.db, keep_raw_events: 7d}
sources:
  plex: {token: plex-0123456789abcdef, url: http://plex.local:32400, server_token: abc, libraries: [TV, Films],
         servers: m1, threshold: 80%, min_duration: 90s}
  trakt: {tokens: {anna: trakt-0123456789abcd, Ben: trakt-9876543210abcd}}
metadata: {tmdb: {key: 0123, url: "http://localhost:1/3", image_url: "http://localhost:1/t/p"}}
defaults: {threshold: 85, min_duration: 1h30m, movies: no, episodes: "yes"}
viewers:
  - name: anna
    accounts: {plex: [anna, 41220077, 007], trakt: anna}
    trackers:
      serializd: {email: anna@example.org, password: off, pace: 1.5s}
      trakt: {client_id: 12e4, client_secret: x, url: "https://proxy.example/trakt"}
    pairs:
      - {between: [trakt, serializd], plays: both, ratings: Trakt-to-Serializd, watchlist: off, conflict: trakt-wins,
         removals: ask, every: 30m}
    threshold: 70%
    libraries: [TV]
  - name: ben
    accounts: {plex: [ben, anna]}
sinks: {influx: {url: "http://influxdb:8086", token: t, org: home}}
alerts: {urls: ntfy://ntfy.sh/x, repeat: 12h}
safety: {max_writes_per_hour: 10, max_plays_per_item_per_day: 1, max_removals_percent: 5%}
logging: {level: Debug, format: json}
"""


def full() -> Config:
    return loads(FULL, {"PASSWORD": "hunter2"})


def test_every_key_of_a_full_configuration_arrives() -> None:
    config = full()
    assert config.server.port == 9000
    assert config.server.public_url == "http://nas.local:8484/scrobbled"
    assert config.server.login is not None
    assert config.server.login.password == "hunter2"
    assert config.server.allowed_hosts == ("media.example.org", "*.home")
    assert config.server.trusted_proxies == ("172.18.0.0/16", "10.0.0.5/32")
    assert config.storage.path == Path("/srv/s.db")
    assert config.storage.keep_raw_events == 7 * 86400
    assert config.sources["plex"].libraries == ("TV", "Films")
    assert config.sources["plex"].servers == ("m1",)
    assert config.sources["trakt"].tokens == {"anna": "trakt-0123456789abcd", "Ben": "trakt-9876543210abcd"}
    assert config.metadata.tmdb.image_url == "http://localhost:1/t/p"
    assert config.defaults.min_duration == 5400
    assert (config.defaults.movies, config.defaults.episodes) == (False, True)
    assert config.sinks.influx is not None
    assert config.sinks.influx.bucket_daily == "trakt_agg"
    assert [address.url for address in config.alerts.urls] == ["ntfy://ntfy.sh/x"]
    assert config.safety.max_removals_percent == 5.0
    assert config.logging.level == "debug"


def test_values_stay_as_they_were_written() -> None:
    anna = full().viewers[0]
    assert anna.accounts == {"plex": ("anna", "41220077", "007"), "trakt": ("anna",)}
    assert anna.trackers["serializd"] == {"email": "anna@example.org", "password": "off", "pace": 1.5}
    assert anna.trackers["trakt"]["client_id"] == "12e4"
    assert full().metadata.tmdb.key == "0123"


def test_a_pair_has_its_policy() -> None:
    (pair,) = full().viewers[0].pairs
    assert pair.between == ("trakt", "serializd")
    assert pair.directions() == {"plays": "both", "ratings": "trakt-to-serializd"}
    assert (pair.conflict, pair.every) == ("trakt-wins", 1800.0)
    assert {pair.removal(kind) for kind in KINDS} == {"ask"}


@pytest.mark.parametrize(
    ("words", "by_kind"),
    [
        ("removals: propagate", ["propagate"] * 4),
        ("removals: {ratings: ask, collection: Propagate}", ["ignore", "ask", "propagate", "ignore"]),
        ("removals: {}", ["ignore"] * 4),
        ("removals:", ["ignore"] * 4),
        ("removals_file: word", ["ask"] * 4),
        ("removals: {watchlist_file: word}", ["ignore"] * 3 + ["ask"]),
    ],
)
def test_removals_are_one_word_or_one_for_each_kind(words: str, by_kind: list[str], tmp_path: Path) -> None:
    (tmp_path / "word").write_text("ask\n")
    text = FULL.replace("removals: ask", words)
    (pair,) = loads(text, {"PASSWORD": "x"}, path=tmp_path / "scrobbled.yaml").viewers[0].pairs
    assert [pair.removal(kind) for kind in ("plays", "ratings", "collection", "watchlist")] == by_kind


@pytest.mark.parametrize(
    ("when", "every", "schedule"),
    [
        ("every: 1h", 3600.0, None),
        ('schedule: "30 4 * * mon"', None, Cron("30 4 * * mon")),
        ("ticks: ignore", None, None),
    ],
)
def test_a_pair_has_its_times_or_is_run_by_hand(when: str, every: float | None, schedule: Cron | None) -> None:
    (pair,) = loads(FULL.replace("every: 30m", when), {"PASSWORD": "x"}).viewers[0].pairs
    assert (pair.every, pair.schedule) == (every, schedule)


def test_the_house_has_a_zone_which_is_the_machines_where_none_is_written() -> None:
    assert loads("server: {time_zone: Europe/Berlin}", {}).server.zone == ZoneInfo("Europe/Berlin")
    assert full().server.zone is MACHINE


def test_what_is_left_out_has_the_documented_default() -> None:
    config = loads("sources: {plex: {token: plex-0123456789abcdef}}", {})
    assert (config.server.host, config.server.port, config.server.login) == ("0.0.0.0", 8484, None)
    assert (config.storage.path, config.storage.keep_raw_events) == (Path("/data/scrobbled.db"), 14 * 86400.0)
    assert (config.defaults.threshold, config.defaults.min_duration) == (90.0, 300.0)
    assert (config.alerts.urls, config.alerts.repeat) == ((), 86400.0)
    assert (config.safety.max_writes_per_hour, config.safety.max_plays_per_item_per_day) == (300, 3)
    assert config.safety.max_removals_percent == 10.0
    assert (config.logging.level, config.logging.format) == ("info", "text")
    assert config == Config(sources=config.sources)


def test_empty_sections_are_all_defaults() -> None:
    assert loads("server:\nsources: {}\nviewers: []\nalerts: ~\nsinks:\n  influx:\n", {}) == Config()


def test_the_nearest_threshold_counts() -> None:
    config = full()
    anna, ben = config.viewers
    assert config.threshold("plex", anna) == 70.0
    assert config.threshold("plex", ben) == 80.0
    assert config.threshold("plex") == 80.0
    assert config.threshold("jellyfin", ben) == 85.0
    assert config.threshold("trakt", ben) == 80.0, "its protocol says so"
    assert config.threshold("trakt", anna) == 70.0
    assert config.threshold("emby") == 85.0
    assert (config.min_duration("plex"), config.min_duration("trakt")) == (90.0, 5400.0)


def test_a_viewer_is_found_by_name_without_case() -> None:
    assert full().viewer(" ANNA ") is full().viewers[0] or full().viewer(" ANNA ") == full().viewers[0]
    assert full().viewer("nobody") is None


def test_the_configuration_is_frozen_and_keeps_secrets_out_of_its_repr() -> None:
    config = full()
    with pytest.raises(FrozenInstanceError):
        config.server.port = 1  # type: ignore[misc]
    for secret in ("hunter2", "plex-0123456789abcdef", "trakt-0123456789abcd", "ntfy://ntfy.sh/x", "'t'"):
        assert secret not in repr(config)


def test_variables_are_replaced_within_text_and_only_once() -> None:
    config = loads(
        'server: {host: "${A}-${B:-two}${C:-}", public_url: "${URL}", login: {username: "$${A}", password: "${P}"}}',
        {"A": "one", "URL": "http://x.example", "P": "${A}", "B": ""},
    )
    assert config.server.host == "one-two"
    assert config.server.login is not None
    assert config.server.login.username == "${A}"
    assert config.server.login.password == "${A}"


@pytest.mark.parametrize("name", ["SUPERVISOR_TOKEN", "HASSIO_TOKEN"])
@pytest.mark.parametrize("key", ["name", "password"])
def test_home_assistants_own_key_can_stand_nowhere(name: str, key: str) -> None:
    account = "trackers: {serializd: {email: a@example.org, password: '${KEY}'}}"
    text = f"viewers: [{{name: a, {account}}}]" if key == "password" else "viewers: [{name: 'a ${KEY:-x}'}]"
    for environ in ({name: "key-of-home-assistant"}, {f"{name}_FILE": "/etc/hostname"}, {}):
        with pytest.raises(ConfigError, match=f"{name} is Home Assistant's own key"):
            loads(text.replace("KEY", name), environ)


def test_numbers_and_switches_may_come_from_the_environment() -> None:
    text = 'server: {port: "${PORT}"}\ndefaults: {movies: "${M}", threshold: "${T}", min_duration: "${D}"}'
    config = loads(text, {"PORT": "81", "M": "off", "T": "50%", "D": "2m"})
    assert config.server.port == 81
    assert config.defaults.movies is False
    assert (config.defaults.threshold, config.defaults.min_duration) == (50.0, 120.0)


def test_an_empty_variable_is_as_if_the_key_were_left_out() -> None:
    config = loads('metadata: {tmdb: {key: "${TMDB}"}}\nalerts: {urls: ["${U:-}", "ntfy://a/b"]}', {"TMDB": ""})
    assert config.metadata.tmdb.key is None
    assert [address.url for address in config.alerts.urls] == ["ntfy://a/b"]
    assert config.origins["alerts.urls[0]"].line == 2


def test_secrets_are_read_from_files_without_the_last_newline(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b" p\xc3\xa4ss word \r\n")
    (tmp_path / "tmdb").write_text("key\n")
    (tmp_path / "urls").write_text("ntfy://a/b\n\nntfy://c/d\n")
    (tmp_path / "anna").write_text("trakt-0123456789abcd\n")
    file = tmp_path / "scrobbled.yaml"
    file.write_text(
        "server: {login: {username: a, password_file: password}}\n"
        'metadata: {tmdb: {key: "${TMDB_KEY}"}}\n'
        "alerts: {urls_file: '${DIR}/urls'}\n"
        "sources: {trakt: {tokens: {anna_file: anna}}}\n"
        "viewers: [{name: anna}]\n",
        encoding="utf-8",
    )
    config = load(file, {"TMDB_KEY_FILE": str(tmp_path / "tmdb"), "DIR": str(tmp_path)})
    assert config.server.login is not None
    assert config.server.login.password == " päss word "
    assert config.metadata.tmdb.key == "key"
    assert [address.url for address in config.alerts.urls] == ["ntfy://a/b", "ntfy://c/d"]
    assert config.sources["trakt"].tokens == {"anna": "trakt-0123456789abcd"}
    assert config.path == file


def test_anchors_and_merges_work() -> None:
    config = loads(
        "sources:\n  plex: &s {token: plex-0123456789abcdef, libraries: &l [TV], threshold: 80%}\n"
        "  emby: {<<: *s, token: emby-0123456789abcdef}\n  kodi: {token: kodi-0123456789abcdef, libraries: *l}\n",
        {},
    )
    assert config.sources["emby"].threshold == 80.0
    assert config.sources["emby"].token == "emby-0123456789abcdef"
    assert config.sources["kodi"].libraries == ("TV",)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "scrobbled.yaml"
    file.write_bytes(b"\xef\xbb\xbfserver: {port: 1}\r\n")
    assert load(file, {}).server.port == 1


def test_a_tracker_of_every_kind_is_accepted() -> None:
    config = loads(
        "viewers: [{name: a, trackers: {plex: {url: 'http://p:32400', token: t}, anilist: {token: u},"
        " serializd: {token: v, url: 'http://s/api'},"
        " trakt: {client_id: c, auth_url: 'http://t', redirect_uri: 'urn:x'}}}]",
        {},
    )
    assert set(config.viewers[0].trackers) == {"plex", "anilist", "serializd", "trakt"}
    assert config.viewers[0].trackers["plex"] == {"url": "http://p:32400", "token": "t"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{url: 'http://p', servers: [{url: 'http://q'}]}", "plex.url (line 1): servers is given as well"),
        ("{token: t, servers: [{url: 'http://q'}]}", "plex.token (line 1): which of the servers is it for?"),
        (
            "{servers: [{url: 'http://q'}, {url: 'http://q/'}]}",
            "servers[1].url (line 1): the same server as servers[0]",
        ),
        ("{servers: [{token: t}]}", "servers[0].url (line 1): is missing"),
        ("{home_users: kid}", 'did you mean "home_user"?'),
    ],
)
def test_what_a_library_cannot_be_is_told_with_its_place(settings: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loads(f"viewers: [{{name: a, trackers: {{plex: {settings}}}}}]", {})
    assert said in str(caught.value)


def test_somebody_with_a_library_may_say_how_they_are_called_there_without_a_source() -> None:
    assert loads("viewers: [{name: a, accounts: {plex: anna}, trackers: {plex: {}}}]", {}).viewers


def test_the_usual_places_are_looked_at_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    second.write_text("")
    assert find_config(None, {}, (first, second)) == second
    first.write_text("")
    assert find_config(None, {}, (first, second)) == first
    assert find_config(None, {"SCROBBLED_CONFIG": "/x/y.yaml"}, (first, second)) == Path("/x/y.yaml")
    assert find_config("mine.yaml", {"SCROBBLED_CONFIG": "/x/y.yaml"}, (first,)) == Path("mine.yaml")
    assert find_config(None, {"SCROBBLED_CONFIG": ""}, (first,)) == first


def test_a_place_that_cannot_be_looked_at_holds_nothing(tmp_path: Path) -> None:
    # such as the current folder, where it belongs to another user; here a name that no folder can have
    closed = tmp_path / ("x" * 300) / "scrobbled.yaml"
    readable = tmp_path / "b.yaml"
    with pytest.raises(ConfigError, match="No configuration found"):
        find_config(None, {}, (closed, readable))
    assert starting.place(None, {}, (closed,)) == closed
    readable.write_text("")
    assert find_config(None, {}, (closed, readable)) == readable


def test_without_any_file_the_error_names_the_places(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"looked for .*a\.yaml and .*b\.yaml.*scrobbled serve"):
        find_config(None, {}, (tmp_path / "a.yaml", tmp_path / "b.yaml"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("6h", 21600), ("14d", 1209600), ("2w", 1209600), ("1h30m", 5400), ("0", 0),
     ("1.5s", 1.5), ("500ms", 0.5), (" 1 H ", 3600)],
)  # fmt: skip
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@given(st.integers(0, 10**9))
def test_durations_survive_being_written(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            [*json_schema()["properties"], "plex", "name", "accounts", "trackers", "trakt", "serializd", "pairs",
             "urls", "between", "token", "tokens", "tokens_file", "password_file", "login", "tmdb", "key", "every",
             "plays"]
        )
        | st.text(max_size=5),
        inner,
        max_size=5,
    ),
    max_leaves=30,
)  # fmt: skip


def only_config_errors(text: str) -> None:
    problems: tuple[str, ...] = ("fine: nothing",)
    try:
        loads(text, {"A": "x", "B_FILE": "/nonexistent"}, check_alert_url=lambda url: "x" in url)
    except ConfigError as error:
        problems = error.problems
    assert problems
    assert all(": " in problem for problem in problems)


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_no_text_raises_anything_but_a_list_of_problems(text: str) -> None:
    only_config_errors(text)
    only_config_errors(f"server: {text}\nviewers: [{text}]")
    only_config_errors(f"sources:\n  plex: {{token: {text}}}\n")


@given(NESTED)
@settings(max_examples=80)
def test_no_nested_data_raises_anything_but_a_list_of_problems(data: object) -> None:
    only_config_errors(yaml.dump(data))
    only_config_errors(yaml.dump({"sources": {"plex": data}, "viewers": [data], "server": data}))
    only_config_errors(yaml.dump({"viewers": [{"name": "a", "accounts": data, "trackers": data, "pairs": [data]}]}))

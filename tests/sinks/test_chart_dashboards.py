"""The Grafana dashboards of charts, judged by reading; test_real_servers.py asks InfluxDB and VictoriaMetrics."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.charts.days import ChartDay
from scrobbled.core.charts.days import points as days
from scrobbled.sinks.influx.grafana import LANGUAGES, dashboard

ROOT = Path(__file__).resolve().parent.parent.parent
MADE = ROOT / "src/scrobbled/sinks/influx/dashboards"
NAMES = {"raw": "trakt_raw", "daily": "trakt_agg"}
OF_A_DAY = set(days(ChartDay(0), ())[0].fields)
OF_A_PLAY = {"history_id", "title", "show_title", "season_number", "episode_number", "year", "removed"}


def read(language: str) -> dict[str, Any]:
    return json.loads(dashboard(language, NAMES))  # type: ignore[arg-type]


def panels(language: str) -> list[dict[str, Any]]:
    return [one for one in read(language)["panels"] if one["type"] != "row"]


def queries(language: str) -> list[str]:
    return [target.get("query") or target["expr"] for one in panels(language) for target in one["targets"]]


def test_they_are_what_their_description_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", ".ci/grafana", "charts", str(tmp_path)], cwd=ROOT, check=True)
    assert {one.name: one.read_text("utf-8") for one in tmp_path.iterdir()} == {
        f"{language}.json": (MADE / f"{language}.json").read_text("utf-8") for language in LANGUAGES
    }, "python3 .ci/dev.py dashboard writes them anew"


@pytest.mark.parametrize("language", LANGUAGES)
def test_queries_go_by_the_choices_on_top_and_name_no_bucket(language: str) -> None:
    choices = {one["name"] for one in read(language)["templating"]["list"]}
    assert {"datasource", "viewer"} <= choices
    assert ({"bucket_raw", "bucket_daily"} <= choices) == (language != "victoriametrics")
    for text in queries(language):
        assert "trakt_" not in text
        assert "viewer" in text
        assert set(re.findall(r"\$\{?(bucket_\w+|viewer)", text)) <= choices
    sources = {target["datasource"]["uid"] for one in panels(language) for target in one["targets"]}
    assert sources == {"${datasource}"}


def fields(text: str) -> set[str]:
    """The fields that a query asks for, in whichever language."""
    selected = re.sub(r'AS "[^"]*"', "", text.partition(" FROM ")[0]) if text.startswith("SELECT") else ""
    return {
        *re.findall(r'_field == "(\w+)"', text),
        *re.findall(r'"(\w+)"', selected),
        *re.findall(r"watch_daily_(\w+)\{", text),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_queries_ask_for_fields_that_are_written(language: str) -> None:
    for text in queries(language):
        assert fields(text), text
        assert fields(text) <= (OF_A_PLAY if '"watch_event"' in text else OF_A_DAY), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_brackets_and_quotes_of_queries_are_closed(language: str) -> None:
    for text in queries(language):
        bare = re.sub(r"/[^/ ]*/|\"[^\"]*\"|'[^']*'", "", text)
        assert [bare.count(one) for one in "([{"] == [bare.count(one) for one in ")]}"], text
        assert '"' not in bare


def test_the_same_is_shown_whatever_the_server_as_far_as_it_keeps_it() -> None:
    titles = {language: [one["title"] for one in panels(language)] for language in LANGUAGES}
    assert titles["flux"] == titles["influxql"]
    assert titles["victoriametrics"] == [t for t in titles["flux"] if t in titles["victoriametrics"]]
    wanted = {"Minutes", "Hours", "Plays", "Films", "Episodes", "Rewatches", "Every day", "By kind"}
    assert wanted <= set(titles["victoriametrics"])
    assert {"Shows watched most", "Latest films", "By weekday", "By hour"} <= set(titles["flux"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bar_stands_at_its_date_in_every_zone(language: str) -> None:
    assert read(language)["timezone"] == "utc"


def test_what_was_taken_back_at_a_server_that_deletes_nothing_is_left_out() -> None:
    for one in panels("influxql"):
        of_plays = any('"watch_event"' in target["query"] for target in one["targets"])
        left_out = [made["id"] for made in one.get("transformations", ())][:1] == ["filterByValue"]
        assert left_out == of_plays == all('"removed"' in target["query"] for target in one["targets"])


def test_somebodys_own_names_are_what_the_choices_begin_with() -> None:
    made = json.loads(dashboard("flux", {"raw": 'my "plays"', "daily": "days"}))
    chosen = {one["name"]: one["current"]["value"] for one in made["templating"]["list"] if one["type"] == "textbox"}
    assert chosen == {"bucket_raw": 'my "plays"', "bucket_daily": "days"}
    with pytest.raises(KeyError):
        dashboard("sql", NAMES)  # type: ignore[arg-type]

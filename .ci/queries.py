"""Asks a real Prometheus every query of the Grafana dashboard and of the alert rules, while it scrapes the demo.

None may fail, and none may find nothing, but those in SILENT. An alert finds nothing while all is well: there each of
the series that it looks at must be found. Run by .ci/dev.py queries, with the Python of .venv; needs prometheus.
"""

import contextlib
import json
import math
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PROMETHEUS = ROOT / "config/prometheus"
DASHBOARD = ROOT / "config/grafana/dashboards/scrobbled.json"
EVENING = 120.0
"""Seconds until the demo's household has moved in; it takes about thirty."""
PATIENCE = 40.0
"""Seconds until then every query must have found something."""
FILLED_IN = {"$__rate_interval": "3m", "$__range": "5m", "$job": ".+", "$instance": ".+", "$viewer": ".+"}
"""The evening lies within each of the stretches."""
SILENT = {
    "scrobbled_backup_last_success_timestamp_seconds": "the demo makes no copies of its database",
}
"""Metrics that find nothing, and why."""
RARE = "scrobbled_reconcile_seconds_count"
SELECTOR = re.compile(r"\b(?:scrobbled_\w+|process_\w+|up)(?:\{[^}]*\})?")
CHOICE = re.compile(r"label_values\((.+), (\w+)\)")
STAYS_UP = "stays up"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main():
    with tempfile.TemporaryDirectory(prefix="scrobbled-queries-") as name:
        return check(Path(name))


def check(folder):
    service, prometheus = free_port(), free_port()
    config = configuration(folder, f"127.0.0.1:{service}")
    scrobbled = Path(sys.executable).with_name("scrobbled")
    with (
        running(folder / "demo.log", scrobbled, "demo", "--port", service) as log,
        running(folder / "prometheus.log", *prometheus_command(folder, config, prometheus)),
    ):
        if not waited(EVENING, lambda: STAYS_UP in log.read_text(encoding="utf-8")):
            say(f"The demo did not get to its end:\n{log.read_text(encoding='utf-8')}")
            return 1
        return told(Prometheus(prometheus), f"http://127.0.0.1:{service}")


def told(prometheus, service):
    """Ask until nothing is missing, and say what is."""
    waited(PATIENCE, lambda: prometheus.has(RARE))
    reconcile(service)
    asked = {**panels(), **alerts(), **choices()}
    missing = dict.fromkeys(asked, "")

    def complete():
        for name in list(missing):
            missing[name] = prometheus.trouble(*asked[name])
            if not missing[name]:
                del missing[name]
        return not missing

    waited(PATIENCE, complete)
    unhealthy = prometheus.unhealthy_rules()
    for name, trouble in (*missing.items(), *unhealthy.items()):
        say(f"{name}: {trouble}")
    say(f"{len(asked)} queries asked, {len(missing) + len(unhealthy)} in trouble.")
    return 1 if missing or unhealthy else 0


def reconcile(service):
    """Once more: the runs that move the household in may both have ended before the first look at their metrics."""
    asked = json.dumps({"viewer": "ben", "pair": "trakt,serializd"}).encode()
    headers = {"Content-Type": "application/json"}
    DIRECT.open(urllib.request.Request(f"{service}/api/v1/sync", asked, headers), timeout=20).close()


# What is asked: a name, to a query and whether Grafana draws it over time


def panels():
    found = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return {
        f"panel {panel['title']} ({panel['id']}{target['refId']})": (target["expr"], target["range"])
        for panel in found["panels"]
        for target in panel.get("targets", ())
    } | {f"annotation {one['name']}": (one["expr"], True) for one in found["annotations"]["list"]}


def alerts():
    rules = [rule for group in loaded("scrobbled.rules.yml")["groups"] for rule in group["rules"]]
    return {
        f"alert {rule['alert']}: {series}": (series, False)
        for rule in rules
        for series in SELECTOR.findall(rule["expr"])
    }


def choices():
    """What the lists on top of the dashboard offer."""
    variables = json.loads(DASHBOARD.read_text(encoding="utf-8"))["templating"]["list"]
    queries = {one["name"]: CHOICE.fullmatch(one["definition"]) for one in variables if one["type"] == "query"}
    return {f"choice {name}": (f"count by ({label}) ({series})", False) for name, (series, label) in parts(queries)}


def parts(queries):
    return [(name, match.groups()) for name, match in queries.items()]


# The two programs


def configuration(folder, target):
    """The one that ships, with another address, and in a hurry."""
    config = loaded("prometheus.yml")
    config["global"] = dict.fromkeys(config["global"], "1s")
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    for name in config["rule_files"]:
        shutil.copy(PROMETHEUS / name, folder)
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def prometheus_command(folder, config, port):
    return (
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )


@contextlib.contextmanager
def running(log, *command):
    """Gives the file that everything it says goes to, and ends it afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen([str(word) for word in command], cwd=log.parent, stdout=out, stderr=out)
        try:
            yield log
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()


class Prometheus:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/api/v1"

    def trouble(self, expr, over_time):
        """Why a query is not well, or nothing."""
        now = int(time.time())
        words = {"start": now - 60, "end": now, "step": 5} if over_time else {"time": now}
        answer = self.ask("query_range" if over_time else "query", query=filled_in(expr), **words)
        if answer["status"] != "success":
            return f"{answer.get('error')}: {expr}"
        excused = next((why for metric, why in SILENT.items() if metric in expr), "")
        numbers = [float(value) for row in answer["data"]["result"] for _, value in values(row)]
        is_found = any(math.isfinite(number) for number in numbers)
        if is_found == bool(excused):
            return f"found something, so strike it from SILENT ({excused}): {expr}" if excused else f"empty: {expr}"
        return ""

    def has(self, metric):
        return bool(self.ask("query", query=metric)["data"]["result"])

    def unhealthy_rules(self):
        groups = self.ask("rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        unwell = {f"rule {rule['name']}": rule.get("lastError", "") for rule in rules if rule["health"] != "ok"}
        return unwell if rules else {"rules": "Prometheus has none"}

    def ask(self, what, **words):
        try:
            with DIRECT.open(f"{self.base}/{what}?{urllib.parse.urlencode(words)}", timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)


def values(row):
    return row["values"] if "values" in row else [row["value"]]


def filled_in(expr):
    for name, text in FILLED_IN.items():
        expr = expr.replace(name, text)
    return expr


def loaded(name):
    return yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def waited(seconds, holds):
    ends = time.monotonic() + seconds
    while not (well := holds()) and time.monotonic() < ends:
        time.sleep(0.5)
    return well


def say(text):
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())

"""Writes the Grafana dashboard: python3 .ci/grafana FILE, or - for standard output. Those of charts: charts FOLDER.

Its panels are in flow.py and around.py, one after the other, with ``$here`` and ``$anybody`` for the labels that the
choices on top stand for. The words are those of the log, the command and the page, and each panel says what to do.
"""

import sys
from pathlib import Path

from around import IN_STEP, ITSELF, TRACKERS
from charts import texts
from flow import ARRIVING, DELIVERING, GLANCE, WATCHED
from looks import SOURCE, filled, placed, written

ROWS = (
    ("At a glance", GLANCE),
    ("What arrives", ARRIVING),
    ("What is delivered", DELIVERING),
    ("Trackers", TRACKERS),
    ("Two trackers in step", IN_STEP),
    ("What was watched", WATCHED),
    ("The service itself", ITSELF),
)


def variable(name, label, query, hide=0):
    """A choice of label values; everything unless somebody chooses."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": hide,
        "includeAll": True,
        "multi": True,
        "options": [],
        "refresh": 2,
        "regex": "",
        "sort": 1,
    }


def source():
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
    }


def variables():
    hidden = 2  # Grafana's word for a variable that is not shown: the job's name is found out, not chosen
    return [
        source(),
        variable("job", "Job", "label_values(scrobbled_build_info, job)", hidden),
        variable("instance", "Service", 'label_values(scrobbled_build_info{job=~"$job"}, instance)'),
        variable("viewer", "Person", 'label_values(scrobbled_plays_total{instance=~"$instance"}, viewer)'),
    ]


def starts():
    """A vertical line where the service was started. Older versions of Grafana read ``expr``, newer ones ``target``."""
    query = filled("process_start_time_seconds{$here} * 1000")
    return {
        "name": "Starts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": query,
        "target": {"refId": "Anno", "expr": query, "interval": "60s"},
        "step": "60s",
        "titleFormat": "scrobbled was started",
        "useValueForTime": True,
    }


def dashboard():
    return {
        "id": None,
        "uid": "scrobbled",
        "title": "scrobbled",
        "description": "From the media server to the trackers: is everything arriving, how late, what is stuck.",
        "tags": ["scrobbled"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "links": [],
        "templating": {"list": variables()},
        "annotations": {"list": [starts()]},
        "panels": placed(ROWS),
    }


def main(words):
    text = written(dashboard()) + "\n"
    if words[:1] == ["charts"] and len(words) == 2:
        for name, made in texts().items():
            Path(words[1], name).write_text(made, encoding="utf-8")
    elif words == ["-"]:
        sys.stdout.write(text)
    elif len(words) == 1:
        Path(words[0]).write_text(text, encoding="utf-8")
    else:
        sys.exit(__doc__.strip())


if __name__ == "__main__":
    main(sys.argv[1:])

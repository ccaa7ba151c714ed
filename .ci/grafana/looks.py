"""How each kind of panel looks on the Grafana dashboard, and where it stands; flow.py and around.py say what it shows.

The result is Grafana's classic JSON of schema version 38, which version 10 and everything newer reads.
"""

import itertools
import json
from dataclasses import dataclass, field

from measures import COLOURS, WELL

COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HERE = 'job=~"$job", instance=~"$instance"'
"""What ``$here`` stands for in a query."""
ANYBODY = 'viewer=~"$viewer"'
"""What ``$anybody`` stands for, where people are told apart."""


@dataclass(frozen=True)
class Query:
    """``legend`` names a series, with labels like ``{{tracker}}``."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """Anything between two rows. ``text`` says what is to be done; ``body`` is what its kind adds for Grafana."""

    title: str
    text: str
    kind: str
    width: int
    height: int
    queries: tuple[Query, ...]
    body: dict = field(default_factory=dict)
    instant: bool = False
    form: str = "time_series"


def stat(title, text, expr, unit="none", colours=WELL, words=None, width=4, legend=""):
    """One figure. ``words`` replaces values by (text, colour). With a ``legend`` that is shown instead."""
    body = {
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "decimals": 0 if unit in ("none", "s") else None,
                "noValue": "-",
                "color": {"mode": "thresholds"},
                "thresholds": colours,
                "mappings": mappings(words or {}),
            },
            "overrides": [],
        },
        "options": {
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": REDUCED,
            "textMode": "name" if legend else "value",
        },
    }
    return Panel(title, text, "stat", width, 4, (Query(expr, legend),), body, instant=True)


REDUCED = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def mappings(words):
    made = {
        str(value): {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return [{"type": "value", "options": made}] if made else []


def lines(title, text, *queries, unit="none", width=12, colours=None, named=()):
    """Lines over time. With ``colours`` (of ``limits``) the limits are drawn too."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 10,
        "showPoints": "auto",
        "spanNulls": False,
        "thresholdsStyle": {"mode": "dashed" if colours else "off"},
    }
    return _over_time(title, text, queries, unit, width, custom, colours or WELL, named)


def bars(title, text, *queries, unit="none", width=12, every=None, named=()):
    """Counts, one bar for each stretch of time, on top of each other. ``every`` is the shortest stretch.

    ``named`` are the outcomes that the series are.
    """
    custom = {
        "drawStyle": "bars",
        "lineWidth": 0,
        "fillOpacity": 80,
        "showPoints": "never",
        "stacking": {"mode": "normal", "group": "A"},
    }
    made = _over_time(title, text, queries, unit, width, custom, WELL, named)
    made.body["fieldConfig"]["defaults"]["decimals"] = 0
    if every:
        made.body["interval"] = every
    return made


def layers(title, text, *queries, width=12, named=()):
    """How much there is of each, on top of each other."""
    made = lines(title, text, *queries, width=width, named=named)
    made.body["fieldConfig"]["defaults"]["custom"].update(fillOpacity=50, stacking={"mode": "normal", "group": "A"})
    return made


def _over_time(title, text, queries, unit, width, custom, colours, named):
    defaults = {
        "unit": unit,
        "min": 0,
        "color": {"mode": "palette-classic"},
        "custom": custom,
        "thresholds": colours,
        "mappings": [],
    }
    body = {
        "fieldConfig": {"defaults": defaults, "overrides": [_coloured(name, COLOURS[name]) for name in named]},
        "options": {
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }
    return Panel(title, text, "timeseries", width, 8, queries, body)


def _coloured(name, colour):
    fixed = {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}
    return {"matcher": {"id": "byName", "options": name}, "properties": [fixed]}


def lengths(title, text, expr, legend, unit="none", colours=WELL, width=12):
    """One bar for each series, as it is now."""
    body = {
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "min": 0,
                "decimals": 0,
                "color": {"mode": "thresholds"},
                "thresholds": colours,
                "mappings": [],
            },
            "overrides": [],
        },
        "options": {
            "displayMode": "basic",
            "minVizHeight": 16,
            "minVizWidth": 8,
            "orientation": "horizontal",
            "reduceOptions": REDUCED,
            "showUnfilled": True,
            "valueMode": "color",
        },
    }
    return Panel(title, text, "bargauge", width, 8, (Query(expr, legend),), body, instant=True)


def heat(title, text, buckets, width=12):
    """How a histogram in seconds changes over time: ``buckets`` is a query by ``le``."""
    hidden = {"legend": False, "tooltip": False, "viz": False}
    body = {
        "fieldConfig": {
            "defaults": {"custom": {"hideFrom": hidden, "scaleDistribution": {"type": "linear"}}},
            "overrides": [],
        },
        "options": {
            "calculate": False,
            "cellGap": 1,
            "color": {
                "mode": "scheme",
                "scheme": "Oranges",
                "fill": "dark-orange",
                "exponent": 0.5,
                "steps": 64,
                "reverse": False,
            },
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "yHistogram": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
        },
    }
    return Panel(title, text, "heatmap", width, 8, (Query(buckets, "{{le}}"),), body, form="heatmap")


def states(title, text, expr, legend, words, width=12):
    """A band for each series, coloured by its state."""
    body = {
        "fieldConfig": {
            "defaults": {
                "unit": "none",
                "color": {"mode": "thresholds"},
                "custom": {"fillOpacity": 80, "lineWidth": 0},
                "thresholds": WELL,
                "mappings": mappings(words),
            },
            "overrides": [],
        },
        "options": {
            "alignValue": "left",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
            "mergeValues": True,
            "rowHeight": 0.8,
            "showValue": "never",
            "tooltip": {"mode": "single", "sort": "none"},
        },
    }
    return Panel(title, text, "state-timeline", width, 8, (Query(expr, legend),), body)


def table(title, text, expr, value, unit, colours=WELL, width=12):
    """One row for each series: its labels, then the value under the name ``value``."""
    cell = [
        {"id": "unit", "value": unit},
        {"id": "thresholds", "value": colours},
        {"id": "color", "value": {"mode": "thresholds"}},
        {"id": "custom.cellOptions", "value": {"type": "color-text"}},
    ]
    body = {
        "fieldConfig": {
            "defaults": {"unit": "none", "custom": {"align": "left", "filterable": False}},
            "overrides": [{"matcher": {"id": "byName", "options": value}, "properties": cell}],
        },
        "options": {"cellHeight": "sm", "showHeader": True},
        "transformations": [
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": value}}}
        ],
    }
    return Panel(title, text, "table", width, 8, (Query(expr),), body, instant=True, form="table")


def placed(rows):
    """Panels as Grafana wants them: left to right, then down; ``rows`` is a sequence of (title, panels)."""
    numbers, made, y = itertools.count(1), [], 0
    for title, panels in rows:
        grid = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        made.append(
            {"id": next(numbers), "type": "row", "title": title, "collapsed": False, "gridPos": grid, "panels": []}
        )
        y += 1
        x = 0
        for panel in panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + made[-1]["gridPos"]["h"]
            made.append(_panel(next(numbers), panel, x, y))
            x += panel.width
        y += made[-1]["gridPos"]["h"]
    return made


def _panel(number, panel, x, y):
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        **panel.body,
        "targets": [_target(letter, query, panel) for letter, query in zip("ABCDEF", panel.queries, strict=False)],
    }


def _target(letter, query, panel):
    return {
        "refId": letter,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": filled(query.expr),
        "legendFormat": query.legend or "__auto",
        "format": panel.form,
        "instant": panel.instant,
        "range": not panel.instant,
    }


def filled(expr):
    return expr.replace("$here", HERE).replace("$anybody", ANYBODY)


def written(value, indent=0, room=120):
    """JSON with whatever fits into a line on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= room or not isinstance(value, dict | list) or not value:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key)}: {written(inner, indent + 2, room - len(key) - 4)}" for key, inner in value.items()
        ]
    else:
        parts = [written(inner, indent + 2, room) for inner in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return f"{begin}\n{pad}" + f",\n{pad}".join(parts) + f"\n{' ' * indent}{end}"

"""InfluxDB 3 Core: databases that a write makes, tags that stay as they were first, and no way to delete a point."""

from __future__ import annotations

from typing import Any, ClassVar

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.influx.asking import BadQuestion, selected
from scrobbled.sandbox.influx.one import answered, dated, rows
from scrobbled.sandbox.influx.server import ChartServer, Paths, RejectedLine, TokenRights, unpacked

UNITS = {"nanosecond": 1, "microsecond": 1000, "millisecond": 1_000_000, "second": 1_000_000_000}
LARGEST_V3_BODY = 10 * 1024 * 1024
PARTIAL = "partial write of line protocol occurred"


def refusal(status: int, message: str) -> Reply:
    return Reply(status, {"error": message})


class VersionThree(ChartServer):
    """Everything wants a token, health and ping too."""

    paths: ClassVar[Paths] = {
        "/api/v3/write_lp": ("influx3",),
        "/api/v3/query_influxql": ("influx3",),
        "/api/v3/configure/database": ("influx3",),
    }

    @route("POST", "/api/v3/write_lp")
    def write_three(self, request: Request) -> Reply:
        rights, name = self.named(request), request.query.get("db", "")
        if not name:
            return refusal(400, "missing query parameters 'db'")
        if not rights.may("write", name):
            return refusal(403, "the request was not authorized")
        unit = UNITS.get(request.query.get("precision", "nanosecond"))
        if unit is None:
            return refusal(400, "unknown variant of precision")
        text = unpacked(request, min(self.largest, LARGEST_V3_BODY), refusal)
        bucket = self.buckets.get(name) or self.add_bucket(name)
        points, bad = self.read(text, unit)
        partial = request.query.get("accept_partial", "true") == "true"
        if bad and not partial:
            return Reply(400, {"error": "parsing failed for write_lp endpoint", "data": _told(bad[0])})
        bad = sorted([*bad, *self.take(request.portion(points), bucket)], key=lambda one: one.number)
        return Reply(400, {"error": PARTIAL, "data": [_told(one) for one in bad]}) if bad else Reply(204)

    @route("GET", "/api/v3/query_influxql")
    @route("POST", "/api/v3/query_influxql")
    def query_influxql(self, request: Request) -> Reply:
        """A list of rows."""
        return self._asked(request, flat=True)

    def ask_three(self, request: Request) -> Reply:
        """The same in the form of 1.x."""
        return self._asked(request, flat=False)

    @route("GET", "/api/v3/configure/database")
    def databases(self, request: Request) -> Reply:
        self.named(request)
        return Reply(200, [{"iox::database": name} for name in sorted(self.buckets)])

    def _asked(self, request: Request, *, flat: bool) -> Reply:
        rights = self.named(request)
        given = request.decoded if isinstance(request.decoded, dict) else {}
        name, text = ({**request.query, **given}.get(key, "") for key in ("db", "q"))
        if name not in self.buckets:
            return refusal(404, f"database not found: {name}")
        if not rights.may("read", name):
            return refusal(403, "the request was not authorized")
        try:
            sought = selected(str(text).strip().rstrip(";"))
        except BadQuestion as error:
            return refusal(400, str(error))
        if sought is None:
            return refusal(400, "error in InfluxQL statement: only SELECT is supported")
        found = dated(rows(self.buckets[name], sought))
        return Reply(200, _flat(found)) if flat else answered(*found)

    def named(self, request: Request) -> TokenRights:
        """Whose token it is; answers 401."""
        rights = self.tokens.get(request.bearer)
        if rights is None:
            raise AnsweredEarly(refusal(401, "the request was not authenticated"))
        return rights


def _told(one: RejectedLine) -> dict[str, Any]:
    return {"original_line": one.line, "line_number": one.number, "error_message": one.words}


def _flat(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"iox::measurement": one["name"], **dict(zip(one["columns"], row, strict=True))}
        for one in series
        for row in one["values"]
    ]

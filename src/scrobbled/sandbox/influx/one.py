"""InfluxDB 1.x: databases with retention policies, users, InfluxQL. Its DBRP is written ``database/policy``."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, ClassVar

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.influx.asking import BadQuestion, SoughtPoints, deleted, matches, selected, written
from scrobbled.sandbox.influx.holding import HeldBucket
from scrobbled.sandbox.influx.server import ChartServer, Paths, TokenRights, credential, unpacked

UNITS = {
    "": 1,
    "n": 1,
    "ns": 1,
    "u": 1000,
    "us": 1000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
POLICY = "autogen"


def refusal(status: int, message: str) -> Reply:
    return Reply(
        status, {"error": message}, {"x-influxdb-error": message.replace("\n", " ").encode().decode("latin-1")}
    )


def answered(*series: dict[str, Any], error: str = "") -> Reply:
    """One statement's result."""
    result: dict[str, Any] = {"statement_id": 0}
    if series:
        result["series"] = list(series)
    if error:
        result["error"] = error
    return Reply(200, {"results": [result]})


class VersionOne(ChartServer):
    """A bucket is a database; one that is called ``database/policy`` is that policy of it."""

    paths: ClassVar[Paths] = {"/write": ("influx1",)}

    @route("POST", "/write")
    def write_one(self, request: Request) -> Reply:
        """What can be read is written, even where other lines cannot."""
        rights, name = self.user(request), request.query.get("db", "")
        if not name:
            return refusal(400, "database is required")
        bucket = self.database(name, request.query.get("rp", ""))
        if not rights.may("write", name):
            return refusal(403, f'"{self.who(request)[0]}" user is not authorized to write to database "{name}"')
        unit = UNITS.get(request.query.get("precision", ""))
        if unit is None:
            return refusal(400, 'invalid precision "x" (use n, u, ms, s, m or h)')
        points, unreadable = self.read(unpacked(request, self.largest, refusal), unit)
        refused = self.take(request.portion(points), bucket)
        if unreadable:
            words = "\n".join(one.words for one in unreadable)
            return refusal(400, f"partial write: {words} dropped=0" if points else words)
        return refusal(400, f"partial write: {refused[0].words} dropped={len(refused)}") if refused else Reply(204)

    def ask_one(self, request: Request) -> Reply:
        """One statement; what changes anything must be sent by POST."""
        rights = self.user(request)
        form = request.form() if request.method == "POST" else {}
        text = (form.get("q") or request.query.get("q", "")).strip().rstrip(";")
        if not text:
            return refusal(400, 'missing required parameter "q"')
        name = request.query.get("db") or form.get("db", "")
        try:
            return self.carried_out(text, name, rights, request)
        except BadQuestion as error:
            return refusal(400, str(error))

    def carried_out(self, text: str, name: str, rights: TokenRights, request: Request) -> Reply:
        """Raises ``BadQuestion``."""
        if re.fullmatch(r"SHOW\s+DATABASES", text, re.I):
            names = sorted({one.partition("/")[0] for one in self.buckets if rights.may("read", one)})
            return answered({"name": "databases", "columns": ["name"], "values": [[one] for one in names]})
        if found := re.fullmatch(r'SHOW\s+RETENTION\s+POLICIES(?:\s+ON\s+"?([^"]+?)"?)?', text, re.I):
            return self.policies(found[1] or name)
        if (sought := deleted(text)) is not None:
            if request.method != "POST":
                return answered(error="DELETE and DROP are only supported with POST")
            return self.removed(sought, name, rights)
        if (sought := selected(text)) is not None:
            return self.shown(sought, name, rights)
        raise BadQuestion(f"error parsing query: found {text.split()[0]}, expected SELECT, DELETE, SHOW, DROP")

    def removed(self, sought: SoughtPoints, name: str, rights: TokenRights) -> Reply:
        """Without a policy in it; a DELETE goes through all of them."""
        if sought.bucket:
            raise BadQuestion("error parsing query: retention policy not supported at line 1, char 1")
        found = [one for one in self.buckets if one.partition("/")[0] == name]
        if not found:
            return answered(error=f"database not found: {name}")
        if not rights.may("write", name):
            return answered(error="not authorized to execute statement")
        for one in found:
            self.buckets[one].delete(sought.start, sought.stop, sought.tags, sought.measurement)
        return answered()

    def shown(self, sought: SoughtPoints, name: str, rights: TokenRights) -> Reply:
        bucket = self._database(name, sought.bucket)
        if bucket is None:
            return answered(error=f"database not found: {name}")
        if not rights.may("read", name):
            return refusal(403, f"not authorized to read from database {name}")
        return answered(*rows(bucket, sought))

    def policies(self, name: str) -> Reply:
        found = {one: bucket for one, bucket in self.buckets.items() if one.partition("/")[0] == name}
        if not found:
            return answered(error=f"database not found: {name}")
        columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
        values = [
            [one.partition("/")[2] or POLICY, lasting(bucket.retention), "168h0m0s", 1, "/" not in one]
            for one, bucket in found.items()
        ]
        return answered({"columns": columns, "values": values})

    def database(self, name: str, policy: str) -> HeldBucket:
        """Answers 404 where there is none of that name."""
        if (found := self._database(name, policy)) is not None:
            return found
        if self._database(name, "") is None:
            raise AnsweredEarly(refusal(404, f'database not found: "{name}"'))
        raise AnsweredEarly(refusal(500, f"retention policy not found: {policy}"))

    def _database(self, name: str, policy: str) -> HeldBucket | None:
        return self.buckets.get(name if policy in ("", POLICY) else f"{name}/{policy}")

    def who(self, request: Request) -> tuple[str, str]:
        """Name and password: by Basic, by ``u`` and ``p``, or as a token ``name:password``."""
        header = request.headers.get("authorization", "")
        if header.lower().startswith("basic "):
            try:
                name, _, password = base64.b64decode(header[6:]).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return "", ""
            return name, password
        if token := credential(request):
            name, _, password = token.partition(":")
            return name, password
        return request.query.get("u", ""), request.query.get("p", "")

    def user(self, request: Request) -> TokenRights:
        """Answers 401 for one that is not known."""
        name, password = self.who(request)
        if not name:
            raise AnsweredEarly(refusal(401, "unable to parse authentication credentials"))
        known = self.users.get(name)
        if known is None or known[0] != password:
            raise AnsweredEarly(refusal(401, "authorization failed"))
        return known[1]


def lasting(seconds: int) -> str:
    """A duration as InfluxDB writes it; ``0s`` is for ever."""
    return f"{seconds // 3600}h{seconds % 3600 // 60}m{seconds % 60}s" if seconds else "0s"


def rows(bucket: HeldBucket, sought: SoughtPoints) -> list[dict[str, Any]]:
    """The one series of an answer, none where nothing was found. Times are whole nanoseconds."""
    measurement = sought.measurement or ""
    found = [
        (time, {**dict(tags), **fields})
        for time, tags, fields in bucket.points(measurement, sought.start, sought.stop)
        if matches(dict(tags), sought)
    ]
    if sought.count:
        counted = [sum(name in row for _, row in found) for name in sought.fields]
        values: list[list[Any]] = [[0, *counted]] if any(counted) else []
        columns = ["time", "count"]
    else:
        names = list(sought.fields) or sorted({name for _, row in found for name in row})
        values = [[time, *map(row.get, names)] for time, row in found[: sought.limit]]
        columns = ["time", *names]
    return [{"name": measurement, "columns": columns, "values": values}] if values else []


def dated(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with times as text."""
    return [{**one, "values": [[written(row[0]), *row[1:]] for row in one["values"]]} for one in series]

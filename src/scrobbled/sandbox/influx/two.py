"""InfluxDB 2: its own API, with tokens that have rights for each bucket."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, ClassVar

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.influx.asking import BadQuestion, SoughtPoints, flux, instant, matches, predicate, written
from scrobbled.sandbox.influx.holding import HeldBucket
from scrobbled.sandbox.influx.lines import type_of
from scrobbled.sandbox.influx.server import ORG, ORG_ID, ChartServer, Paths, TokenRights, credential, unpacked, wanted

UNITS = {"ns": 1, "us": 1000, "ms": 1_000_000, "s": 1_000_000_000}
_CODES = {400: "invalid", 401: "unauthorized", 404: "not found", 413: "request too large", 422: "unprocessable entity"}
_KINDS = {"integer": "long", "unsigned": "unsignedLong", "float": "double", "string": "string", "boolean": "boolean"}
_HEAD = ("", "result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement")


def refusal(status: int, message: str, **more: Any) -> Reply:
    return Reply(status, {"code": _CODES.get(status, "internal error"), "message": message, **more})


def bucket_id(name: str) -> str:
    """Sixteen hexadecimal digits, the same for the same name."""
    return f"{int.from_bytes(name.encode()[-8:].rjust(8, b'.'), 'big') or 1:016x}"


class VersionTwo(ChartServer):
    """Also the write of InfluxDB 3 that is like it, which knows no organisation."""

    paths: ClassVar[Paths] = {
        "/api/v2/write": ("influx2", "influx3"),
        "/api/v2/delete": ("influx2",),
        "/api/v2/query": ("influx2",),
        "/api/v2/buckets": ("influx2",),
        "/api/v2/orgs": ("influx2",),
        "/ready": ("influx2",),
    }

    @route("POST", "/api/v2/write")
    def write(self, request: Request) -> Reply:
        rights = self.holder(request)
        unit = UNITS.get(request.query.get("precision") or "ns")
        if unit is None:
            raise AnsweredEarly(refusal(400, "invalid precision; valid precision units are ns, us, ms, and s"))
        bucket = self.sought_bucket(request, rights, "write")
        points, unreadable = self.read(unpacked(request, self.largest, refusal), unit)
        if unreadable:
            return refusal(400, unreadable[0].words, line=unreadable[0].number)
        refused = self.take(request.portion(points), bucket)
        if not refused:
            return Reply(204)
        dropped = f"partial write: {refused[0].words} dropped={len(refused)}"
        return refusal(422, f"failure writing points to database: {dropped}")

    @route("POST", "/api/v2/delete")
    def delete(self, request: Request) -> Reply:
        """Of a closed range: what stands at ``stop`` goes too."""
        rights = self.holder(request)
        if self.hosted:
            return Reply(501, {"code": "not implemented", "message": "deletes are not supported"})
        bucket = self.sought_bucket(request, rights, "write")
        given = request.decoded
        if not isinstance(given, dict) or not {"start", "stop"} <= given.keys():
            return refusal(400, "invalid request; error parsing request json: start and stop are required")
        try:
            sought = predicate(str(given.get("predicate") or ""))
            start, stop = instant(str(given["start"])), instant(str(given["stop"]))
        except BadQuestion as error:
            return refusal(400, f"invalid request; error parsing request json: {error}")
        bucket.delete(start, stop, sought.tags, sought.measurement)
        return Reply(204)

    @route("POST", "/api/v2/query")
    def query(self, request: Request) -> Reply:
        rights = self.holder(request)
        self.known_org(request)
        given = request.decoded
        text = given.get("query", "") if isinstance(given, dict) else str(given or "")
        try:
            sought = flux(text)
        except BadQuestion as error:
            return refusal(400, f"compilation failed: {error}")
        bucket = self.buckets.get(sought.bucket)
        if bucket is None or not rights.may("read", bucket.name):
            return refusal(404, f'failed to initialize execute state: could not find bucket "{sought.bucket}"')
        return Reply(200, _table(bucket, sought), {}, "text/csv; charset=utf-8")

    @route("GET", "/api/v2/buckets")
    def list_buckets(self, request: Request) -> Reply:
        """Only those that the token may see."""
        rights = self.holder(request)
        self.known_org(request)
        seen = [one for name, one in sorted(self.buckets.items()) if rights.may("read", name)]
        name = request.query.get("name")
        rows = [_described(one) for one in seen if name in (None, one.name)]
        if name and not rows:
            return refusal(404, f'bucket "{name}" not found')
        return Reply(200, {"links": {"self": "/api/v2/buckets"}, "buckets": rows})

    @route("GET", "/api/v2/orgs")
    def list_orgs(self, request: Request) -> Reply:
        self.holder(request)
        self.known_org(request)
        return Reply(200, {"orgs": [{"id": ORG_ID, "name": ORG}]})

    @route("GET", "/ready")
    def ready(self, request: Request) -> Reply:
        return Reply(200, {"status": "ready", "started": "2026-01-01T00:00:00Z", "up": "1h0m0s"})

    def holder(self, request: Request) -> TokenRights:
        """Whose token it is; answers 401 for one that is not known."""
        rights = self.tokens.get(credential(request))
        if rights is None:
            raise AnsweredEarly(refusal(401, "unauthorized access"))
        return rights

    def known_org(self, request: Request) -> None:
        """By name or id; answers 404. InfluxDB 3 knows none, and takes any."""
        org = wanted(request.query, "org", "orgID")
        if self.server == "influx2" and org and org not in (ORG, ORG_ID):
            raise AnsweredEarly(refusal(404, f'organization name "{org}" not found'))

    def sought_bucket(self, request: Request, rights: TokenRights, verb: str) -> HeldBucket:
        """By name or id; answers 400 where none is named, 404 for one that is not there, 401 for one they may not."""
        name, org = request.query.get("bucket", ""), wanted(request.query, "org", "orgID")
        if not name:
            raise AnsweredEarly(refusal(400, "Bucket is required"))
        if self.server == "influx2" and not org:
            raise AnsweredEarly(refusal(400, "Please provide either orgID or org"))
        self.known_org(request)
        named = {bucket_id(one): one for one in self.buckets}.get(name, name)
        if named not in self.buckets and self.server == "influx3":
            self.add_bucket(named)
        if named not in self.buckets:
            raise AnsweredEarly(refusal(404, f'bucket "{name}" not found'))
        if not rights.may(verb, named):
            raise AnsweredEarly(refusal(401, "unauthorized access"))
        return self.buckets[named]


def _described(bucket: HeldBucket) -> dict[str, Any]:
    rules = [{"type": "expire", "everySeconds": bucket.retention}] if bucket.retention else []
    return {"id": bucket_id(bucket.name), "orgID": ORG_ID, "name": bucket.name, "retentionRules": rules}


def _table(bucket: HeldBucket, sought: SoughtPoints) -> str:
    """Annotated CSV, a table for each series and field; empty where there is nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, ((measurement, tags, name), values) in enumerate(_series(bucket, sought)):
        names = [key for key, _ in tags]
        kind = _KINDS[type_of(values[0][1])]
        writer.writerow(["#datatype", "string", "long", *["dateTime:RFC3339"] * 3, kind, *["string"] * (2 + len(tags))])
        writer.writerow(["#group", *["false"] * (7 + 1 + len(tags))])
        writer.writerow(["#default", "_result", *[""] * (7 + len(tags))])
        writer.writerow([*_HEAD, *names])
        span = (written(sought.start), written(sought.stop))
        for time, value in values:
            shown = str(value).lower() if isinstance(value, bool) else value
            row = ("", "", str(number), *span, written(time), shown, name, measurement)
            writer.writerow([*row, *(value for _, value in tags)])
        out.write("\r\n")
    return out.getvalue()


def _series(bucket: HeldBucket, sought: SoughtPoints) -> Iterator[tuple[tuple[str, Any, str], list[tuple[int, Any]]]]:
    series: dict[tuple[str, Any, str], list[tuple[int, Any]]] = {}
    for measurement in [sought.measurement] if sought.measurement is not None else sorted(bucket.tables):
        for time, tags, fields in bucket.points(measurement, sought.start, sought.stop):
            if not matches(dict(tags), sought):
                continue
            for name, value in fields.items():
                if not sought.fields or name in sought.fields:
                    series.setdefault((measurement, tags, name), []).append((time, value))
    for key, values in series.items():
        yield key, [(sought.stop, len(values))] if sought.count else values[: sought.limit]

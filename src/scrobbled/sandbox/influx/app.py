"""Stand-in of a database of charts: InfluxDB 2, 3 or 1.x, whichever it is told to be."""

from __future__ import annotations

from typing import ClassVar

from scrobbled.sandbox.base import Reply, Request, control_body, route
from scrobbled.sandbox.influx.one import VersionOne
from scrobbled.sandbox.influx.server import Paths
from scrobbled.sandbox.influx.three import VersionThree
from scrobbled.sandbox.influx.two import VersionTwo


class InfluxStandIn(VersionOne, VersionTwo, VersionThree):
    """``POST /_sandbox/server {"server": "influx3"}`` makes it another one, emptied."""

    paths: ClassVar[Paths] = {
        **VersionOne.paths,
        **VersionTwo.paths,
        **VersionThree.paths,
        "/query": ("influx1", "influx3"),
    }

    @route("GET", "/ping")
    @route("HEAD", "/ping")
    def ping(self, request: Request) -> Reply:
        """Who it is; the only thing that every version tells."""
        if self.server != "influx3":
            return Reply(204, None, self.told())
        self.named(request)
        told = {"version": self.told()["x-influxdb-version"], "revision": "5c3a4f1"}
        return Reply(200, told if request.method == "GET" else None, self.told())

    @route("GET", "/health")
    def health(self, request: Request) -> Reply:
        if self.server == "influx3":
            self.named(request)
            return Reply(200, "OK")
        if self.server == "influx1" or self.hosted:
            return self.missing(request)
        version = self.told()["x-influxdb-version"]
        told = {"name": "influxdb", "message": "ready for queries and writes", "status": "pass", "checks": []}
        return Reply(200, {**told, "version": version, "commit": "ec9dcde5d6"})

    @route("GET", "/query")
    @route("POST", "/query")
    def ask(self, request: Request) -> Reply:
        """InfluxQL, which 3 answers too, but for what changes anything."""
        return self.ask_one(request) if self.server == "influx1" else self.ask_three(request)

    @route("POST", "/_sandbox/server")
    def switch(self, request: Request) -> Reply:
        """``{"server": "influx1"}``"""
        try:
            self.become(str(control_body(request, dict).get("server")))
        except ValueError as error:
            return Reply(400, {"message": str(error)})
        return Reply(200, {"server": self.server})

    @route("POST", "/_sandbox/buckets")
    def make_bucket(self, request: Request) -> Reply:
        """``{"name": "charts", "retention": 0}``; one of that name is emptied. ``retention`` is in seconds."""
        given = control_body(request, dict)
        name, retention = given.get("name"), given.get("retention", 0)
        if not isinstance(name, str) or not name or not isinstance(retention, int):
            return Reply(400, {"message": "a bucket has a name, and a retention in seconds"})
        self.add_bucket(name, retention)
        return Reply(200, {"buckets": sorted(self.buckets)})

    @route("DELETE", "/_sandbox/buckets")
    def lose_buckets(self, request: Request) -> Reply:
        """The one of ``?name=``; without it all are as at the start."""
        if "name" not in request.query:
            self.wipe()
        self.buckets.pop(request.query.get("name", ""), None)
        return Reply(200, {"buckets": sorted(self.buckets)})

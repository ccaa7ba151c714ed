"""The stand-in of InfluxDB 2, held against the client that its makers publish."""

import asyncio
from typing import Any

from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from scrobbled.sandbox.influx.server import TOKEN
from scrobbled.sandbox.server import Sandbox


def asked(base: str, token: str = TOKEN) -> dict[str, Any]:
    """What the client makes of the stand-in: a write, a read, a delete and who it is."""
    told: dict[str, Any] = {}
    with InfluxDBClient(url=f"{base}/influx", token=token, org="home", enable_gzip=True) as client:
        told["there"], told["version"] = client.ping(), client.version()
        points = [Point("m").tag("a", f"{n % 2}").field("f", n).field("t", 'x, "y"').time(n) for n in (5, 6, 7)]
        with client.write_api(write_options=SYNCHRONOUS) as writing:
            writing.write("trakt_raw", record=points)
        client.delete_api().delete(
            "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000006Z", '_measurement="m" AND a="1"', "trakt_raw"
        )
        flux = 'from(bucket: "trakt_raw") |> range(start: 1970-01-01T00:00:00Z, stop: 1970-01-01T00:00:01Z)'
        tables = client.query_api().query(flux)
        told["read"] = [(row["a"], row.get_field(), row.get_value()) for table in tables for row in table.records]
    return told


async def test_the_client_writes_reads_and_deletes_as_at_the_real_one() -> None:
    sandbox = Sandbox(only=("influx",))
    async with sandbox.running() as base:
        told = await asyncio.to_thread(asked, base)
    assert told["there"]
    assert told["version"].removeprefix("v").startswith("2.")
    left = sandbox["influx"].buckets["trakt_raw"].state()["points"]
    assert [(row["time"], row["tags"]) for row in left] == [(6, {"a": "0"}), (7, {"a": "1"})]
    assert sorted(told["read"]) == [("0", "f", 6), ("0", "t", 'x, "y"'), ("1", "f", 7), ("1", "t", 'x, "y"')]


def failing(base: str) -> int:
    with InfluxDBClient(url=f"{base}/influx", token="wrong", org="home") as client:
        try:
            client.write_api(write_options=SYNCHRONOUS).write("trakt_raw", record="m f=1 1")
        except ApiException as error:
            return int(error.status)
    return 0


async def test_the_client_is_refused_with_a_wrong_token() -> None:
    async with Sandbox(only=("influx",)).running() as base:
        assert await asyncio.to_thread(failing, base) == 401

"""Where the database of charts is, and who we are there."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from msgspec import Struct

from scrobbled.config import InfluxConfig
from scrobbled.config.charts import CHART_SERVERS
from scrobbled.core.charts.points import Bucket

AUTO, TWO, THREE, ONE, VICTORIA = CHART_SERVERS

TOKEN, BEARER = "Token", "Bearer"
"""What a token is announced by: the first for InfluxDB 2 and 1.x, the second for 3."""


class InfluxAccess(Struct, frozen=True):
    """As in ``sinks.influx``. ``batch`` is how many lines go into one request at most."""

    url: str
    buckets: Mapping[Bucket, str]
    server: str = AUTO
    token: str = ""
    username: str = ""
    password: str = ""
    org: str = ""
    batch: int = 5000

    def headers(self, scheme: str = TOKEN) -> dict[str, str]:
        """By which we are known: a token under this word, or the name and password of 1.x."""
        if self.token:
            return {"Authorization": f"{scheme} {self.token}"}
        if self.username:
            plain = f"{self.username}:{self.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(plain).decode('ascii')}"}
        return {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may read in a log, the form in which it is sent included."""
        sent = self.headers().get("Authorization", "").partition(" ")[2]
        return tuple(dict.fromkeys(one for one in (self.token, self.password, sent) if one))


def access(settings: InfluxConfig) -> InfluxAccess:
    """What the configuration says of it."""
    return InfluxAccess(
        settings.url,
        {"raw": settings.bucket_raw, "daily": settings.bucket_daily},
        settings.server,
        settings.token or "",
        settings.username or "",
        settings.password or "",
        settings.org or "",
        settings.batch,
    )

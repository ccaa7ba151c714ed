"""Charts in InfluxDB 2, 3 or 1.x, and in VictoriaMetrics: one sink with a dialect for each.

``lines`` makes points into text, a dialect knows the requests of its server, ``answers`` tells apart what comes back,
``batches`` finds what a server refuses without saying which, ``finding`` which server it is, and ``trying`` looks at
all of it for people. The library that makes the lines is imported with the first line, and nowhere else.
"""

from scrobbled.sinks.influx.access import InfluxAccess, access
from scrobbled.sinks.influx.sink import InfluxSink

__all__ = ["InfluxAccess", "InfluxSink", "access"]

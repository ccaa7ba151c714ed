#!/bin/bash
# Run by InfluxDB on its first start, beside the bucket of single plays: that of daily sums, which keeps everything too.
set -e
influx bucket create --name trakt_agg --org "$DOCKER_INFLUXDB_INIT_ORG" --retention 0

"""The command ``export``: charts, and one's own data."""

from __future__ import annotations

import sys

import rich_click as click

from scrobbled.cli.options import code_of, config_option, json_option, named


@click.group("export")
def export_group() -> None:
    """Bring what was watched to a database of charts."""


@export_group.command("influx")
@click.option("--once", type=click.Choice(["backfill", "incremental", "reconcile"]), help="Make one run, and wait.")
@click.option(
    "--force-backfill", "force", is_flag=True, help="Read everything anew, clear what is there, write it all."
)
@click.option("--rebuild", is_flag=True, help="Clear what is there and write it all, from what is stored.")
@click.option("--no-influx", "dry", is_flag=True, help="With --once: say what would be done, write and book nothing.")
@click.option("--test", is_flag=True, help="Look at address, server, token and buckets, and write a point there.")
@click.option("--remove", callback=named, metavar="NAME", help="Take this viewer's points away; not exported any more.")
@click.option("--viewer", callback=named, metavar="NAME", help="Only this viewer.")
@click.option(
    "--dashboard",
    type=(click.Choice(["flux", "influxql", "victoriametrics"]), click.Path(dir_okay=False, allow_dash=True)),
    metavar="LANGUAGE FILE",
    help="Write the dashboard for Grafana, with your buckets. flux is for InfluxDB 2, influxql for 1.x and 3.",
)
@json_option
@config_option
def influx(
    once: str | None,
    force: bool,
    rebuild: bool,
    dry: bool,
    test: bool,
    remove: str | None,
    viewer: str | None,
    dashboard: tuple[str, str] | None,
    as_json: bool,
    config: str | None,
) -> None:
    """Export to InfluxDB or VictoriaMetrics; alone it tells how each viewer stands."""
    options = frozenset(name for name, wished in (("force", force), ("rebuild", rebuild), ("dry", dry)) if wished)
    if dry and not (once or force):
        raise click.UsageError("--no-influx stands beside --once: it says what that would do.")
    if dashboard is not None:
        sys.exit(code_of("exporting", "dashboard")(config, *dashboard))
    if test:
        sys.exit(code_of("exporting", "test")(config, as_json=as_json))
    if remove is not None:
        sys.exit(code_of("exporting", "remove")(config, remove))
    if once or options:
        sys.exit(code_of("exporting", "once")(config, viewer, once or "backfill", options, as_json=as_json))
    sys.exit(code_of("exporting", "status")(config, viewer, as_json=as_json))

"""What the declarations of commands share."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import rich_click as click
from click.core import ParameterSource

config_option = click.option(
    "--config",
    "config",
    metavar="FILE",
    envvar="SCROBBLED_CONFIG",
    help="Configuration file (default: /config/scrobbled.yaml, else config/scrobbled.yaml).",
)
no_config_option = click.option("--config", expose_value=False, hidden=True)
"""Every command takes it; these need none."""
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


class Interruptible(click.RichGroup):
    """Ctrl-C ends any command with the exit code that shells know; what catches the key itself ends as it likes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            pass
        except click.Abort as error:
            if not isinstance(error.__context__, KeyboardInterrupt):
                raise
        click.echo(err=True)
        return ctx.exit(130)


def named(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """A callback: what is written out names something. A script's empty variable is no leave to do everything."""
    if ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
        for one in (value,) if isinstance(value, str) else value:
            if not one.strip():
                raise click.BadParameter("it names nothing; name something, or leave the option out.")
    return value


def code_of(module: str, function: str) -> Callable[..., Any]:
    """A function of a module of this package, imported now and not before.

    Meanwhile no garbage is looked for, and never again among what was loaded: none of it is, and a start takes a fifth
    less.
    """
    gc.disable()
    try:
        with _unloaded("rich", "pygments"):
            found: Callable[..., Any] = getattr(import_module(f"scrobbled.cli.{module}"), function)
    finally:
        gc.freeze()
        gc.enable()
    return found


@contextlib.contextmanager
def _unloaded(*libraries: str) -> Iterator[None]:
    """What can do without these is loaded without them; afterwards whoever wants them gets them.

    structlog would load rich for its own tracebacks, which we never print, and httpx for its own command: 5 MB.
    """
    absent = [name for name in libraries if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # ``None`` says: not to be found
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]

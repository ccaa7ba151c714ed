"""From a file to a :class:`Config`, or to a list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrobbled.config import options
from scrobbled.config.checks import AlertCheck, Checks
from scrobbled.config.fields import table_of
from scrobbled.config.model import Config
from scrobbled.config.outside import Environment
from scrobbled.config.problems import Problem, Problems
from scrobbled.config.reading import ConfigReader, Nothing, build
from scrobbled.config.tree import Members, parse
from scrobbled.core.errors import ConfigError

LARGEST = 512 * 1024
PLACES = (Path("/config/scrobbled.yaml"), Path("config/scrobbled.yaml"))


def find_config(explicit: str | Path | None, environ: Mapping[str, str], places: Sequence[Path] = PLACES) -> Path:
    """The file to load: the one asked for, ``$SCROBBLED_CONFIG``, or the first of the usual places that exists.

    A file that was asked for by name is not looked for here; :func:`load` says what is wrong with it.
    """
    named = explicit or environ.get("SCROBBLED_CONFIG")
    if named:
        return Path(named)
    found = next((place for place in places if is_there(place)), None)
    if found is None:
        looked = " and ".join(str(place) for place in places)
        raise ConfigError(
            [
                f"No configuration found (looked for {looked}). Run scrobbled serve and open its page, or scrobbled "
                "setup in a terminal; or name a file by --config."
            ]
        )
    return found


def is_there(path: Path) -> bool:
    """Also answers where it may not be looked, as in the folder of another user: there is nothing for us."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def load(path: Path, environ: Mapping[str, str], *, check_alert_url: AlertCheck | None = None) -> Config:
    """The configuration in ``path``, with variables from ``environ``; raises ``ConfigError`` with every problem.

    ``check_alert_url`` says whether Apprise can use a URL; without it only the shape of alert URLs is checked.
    """
    return loads(_text(path), environ, path=path, check_alert_url=check_alert_url)


def loads(
    text: str, environ: Mapping[str, str], *, path: Path | None = None, check_alert_url: AlertCheck | None = None
) -> Config:
    """The same from text; files are looked for from the folder of ``path``."""
    config, problems = studied(text, environ, path=path, check_alert_url=check_alert_url)
    if config is None:
        raise ConfigError([str(problem) for problem in problems])
    return config


def studied(
    text: str, environ: Mapping[str, str], *, path: Path | None = None, check_alert_url: AlertCheck | None = None
) -> tuple[Config | None, tuple[Problem, ...]]:
    """The configuration that ``text`` makes, or everything that is wrong with it, each with its place."""
    problems = Problems()
    reader = ConfigReader(Environment(environ, path.parent if path else Path()), problems)
    values = _values(text, path, reader, problems, environ, check_alert_url)
    if problems:
        return None, problems.all()
    config: Config = build(table_of(Config), values)
    return replace(config, path=path, origins=reader.origins, set_aside=reader.set_aside), ()


def preset(environ: Mapping[str, str]) -> Config:
    """What Home Assistant's options say where there is no file at all; raises ``ConfigError``."""
    problems = Problems()
    reader = ConfigReader(Environment(environ, Path()), problems)
    tree = options.under(Members(0, ()), options.given(environ, problems)).tree
    values = reader.section(tree, table_of(Config))
    if problems:
        raise ConfigError(problems.lines())
    config: Config = build(table_of(Config), {} if isinstance(values, Nothing) else values)
    return replace(config, origins=reader.origins)


def survey(
    path: Path, environ: Mapping[str, str], *, check_alert_url: AlertCheck | None = None
) -> tuple[Config, list[str]]:
    """What can be made of a file that may be wrong, and every problem; for looking at it, never for running by it.

    A section, a source or a viewer about which there is a problem is left out.
    """
    problems = Problems()
    reader = ConfigReader(Environment(environ, path.parent), problems)
    try:
        values = _values(_text(path), path, reader, problems, environ, check_alert_url)
    except ConfigError as error:
        return Config(path=path), list(error.problems)
    config: Config = build(table_of(Config), _sound(values, problems))
    return replace(config, path=path, origins=reader.origins), problems.lines()


def _values(
    text: str,
    path: Path | None,
    reader: ConfigReader,
    problems: Problems,
    environ: Mapping[str, str],
    check_alert_url: AlertCheck | None,
) -> dict[str, Any]:
    tree = parse(text, path.name if path else "configuration", problems)
    whole = options.under(tree, options.given(environ, problems)) if tree else None
    reader.set_aside = whole.set_aside if whole else ()
    values = reader.section(whole.tree, table_of(Config)) if whole else {}
    if values is Nothing.EMPTY:
        problems.add("", 1, "nothing is configured; run scrobbled serve and open its page, or scrobbled setup")
    if isinstance(values, Nothing):
        return {}
    Checks(values, reader.lines, problems).run(check_alert_url)
    return values


def _sound(values: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    sound = {name: value for name, value in values.items() if not problems.about(name)}
    sources, viewers = values.get("sources", {}), values.get("viewers", ())
    sound["sources"] = {name: one for name, one in sources.items() if not problems.about(f"sources.{name}")}
    sound["viewers"] = tuple(one for at, one in enumerate(viewers) if not problems.about(f"viewers[{at}]"))
    return sound


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "its name is not valid"
        raise ConfigError([f"{path}: cannot be read ({reason}); check the path and the permissions"]) from None
    if len(content) > LARGEST:
        raise ConfigError([f"{path}: larger than {LARGEST // 1024} KB; this is not a configuration"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path.name} (line {line}): not UTF-8 text; save it in UTF-8"]) from None

"""How to make a media server report here: its address, and the steps in that server's own words.

The same values are printed by ``scrobbled webhook``, answered by the API and written down in ``docs/sources``.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from scrobbled.config import BY_VIEWER, NAMELESS, Config, SourceConfig
from scrobbled.config.libraries import chooses, known
from scrobbled.config.people import listing
from scrobbled.core.errors import ConfigError
from scrobbled.desk.masking import WholeText
from scrobbled.sources import SOURCES
from scrobbled.sources.base import Setup

EVERYWHERE = ("0.0.0.0", "", "::")
ONLY_HERE = ("127.0.0.1", "localhost", "::1")


class Guide(Struct, frozen=True):
    """All that is needed at one media server. ``url`` and ``tokens`` are secrets, and the purpose of this.

    ``guess`` says why the address may not be the right one; empty where it is configured. ``paste`` is a text to be
    pasted into the field ``paste_into`` there, empty where there is none. ``registers`` says whether
    ``registering.register`` can do it.
    """

    source: str
    title: str
    url: str
    guess: str
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    paste_into: str = ""
    paste: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """For players: by viewer, and under the empty name the one that is for the only viewer who lists the source."""
    registers: bool = False


class NotConfigured(ConfigError):
    """The source is not in the configuration; ``yaml`` is what to add there, with a fresh secret."""

    def __init__(self, problem: str, yaml: str) -> None:
        super().__init__([problem])
        self.yaml = yaml


def guide(config: Config, source: str, own_address: Callable[[], str] | None = None) -> Guide:
    """Raises ``ConfigError`` for what is no source, and ``NotConfigured`` for one that cannot report yet.

    ``own_address`` tells how this machine may be reached, where the configuration does not.
    """
    if source not in SOURCES:
        raise ConfigError([f"no source is called {source}; there is {', '.join(SOURCES)}"])
    settings, setup = config.sources.get(source), SOURCES[source].setup
    if settings is None or not (settings.token or source in BY_VIEWER):
        raise _not_configured(config, source)
    base, guess = address(config, own_address)
    by_viewer = source in BY_VIEWER
    return Guide(
        source=source,
        title=setup.title,
        url=WholeText(f"{base}/{source}" if by_viewer else f"{base}/webhooks/{source}/{settings.token}"),
        guess=guess,
        steps=setup.steps,
        notes=(*_notes(config, source), *setup.notes),
        paste_into=setup.paste_into,
        paste=_pasted(setup),
        tokens=_tokens(settings) if by_viewer else {},
        registers=setup.registers,
    )


def address(config: Config, own_address: Callable[[], str] | None = None) -> tuple[str, str]:
    """Where others reach us, and why that is only a guess; the second is empty where it is known."""
    server = config.server
    if server.public_url:
        return server.public_url, ""
    host = (own_address or _own_address)() if server.host in EVERYWHERE else server.host
    base = f"http://{f'[{host}]' if ':' in host else host}:{server.port}"
    return base, (
        f"server.public_url is not set, so {base} is a guess. In a container it is the host's name or address that "
        "others reach. Set server.public_url to be sure."
    )


def lines_to_add(config: Config, source: str) -> str:
    """The YAML that opens the source, with a fresh secret."""
    section = f"  {source}:\n    token: {json.dumps(secrets.token_hex(16))}\n"
    return WholeText(section if config.sources else f"sources:\n{section}")


def _not_configured(config: Config, source: str) -> NotConfigured:
    there = source in config.sources
    what = "has no token" if there else "is not configured"
    where = f"below sources.{source}" if there else "below sources" if config.sources else "to the configuration"
    yaml = lines_to_add(config, source)
    return NotConfigured(
        f"sources.{source}: {what}, so nothing can report there. Add {where}, and run this again:",
        WholeText(yaml.splitlines(keepends=True)[-1]) if there else yaml,
    )


def _notes(config: Config, source: str) -> Iterator[str]:
    if config.server.host in ONLY_HERE:
        yield f"server.host is {config.server.host}, so only this machine reaches it. Remove it to listen everywhere."
    made_for_viewers = source in BY_VIEWER and not config.sources[source].token
    if source not in NAMELESS and not made_for_viewers and not listing(config, source):
        yield (
            f"No viewer lists an account of {source} yet: plays are kept and sent to nobody until one does. "
            "scrobbled claim shows who was heard."
        )
    if chooses(config, source) and known(config, source) == "unknown":
        yield (
            "Its messages name no library, and only some count (libraries): add url and server_token below sources."
            f"{source}, so that the server can be asked. Without them nothing of it counts."
        )


def _pasted(setup: Setup) -> str:
    if isinstance(setup.paste, str):
        return setup.paste
    return json.dumps(setup.paste, indent=2, ensure_ascii=False)


def _tokens(settings: SourceConfig) -> dict[str, str]:
    shared = {"": settings.token} if settings.token else {}
    return {name: WholeText(token) for name, token in {**shared, **settings.tokens}.items()}


def _own_address() -> str:
    """The address from which this machine would call others; nothing is sent to find that out."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
    except OSError:
        return "localhost"

"""Who speaks to us. A new source is one module here and one line in ``core.services``."""

from __future__ import annotations

from importlib import import_module

from scrobbled.core.services import SERVICES
from scrobbled.sources.base import Source


def _built(name: str, module: str) -> Source:
    built: Source = import_module(f"scrobbled.sources.{module}").SOURCE(name)
    return built


SOURCES: dict[str, Source] = {name: _built(name, one.source) for name, one in SERVICES.items() if one.source}
"""By the word of the URL and of the configuration."""

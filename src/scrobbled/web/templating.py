"""The templates, and the files that pages need."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from scrobbled import __version__
from scrobbled.web.access import Refusal

HERE = Path(__file__).parent
STATIC = HERE / "static"


def environment() -> Environment:
    """Everything is escaped; a name that is missing is an error and no gap."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(version=__version__, assets=_fingerprint())
    return made


def config(made: Environment) -> TemplateConfig[JinjaTemplateEngine]:
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(made))


def refused(made: Environment, refusal: Refusal, root: str) -> str:
    """The page that says why not."""
    return made.get_template("refused.html").render(refusal=refusal, root=root, shell=None, theme="system")


def static_router() -> Router:
    """Kept by browsers for a year: their addresses change with their content."""
    return create_static_files_router(
        path="/static",
        directories=[STATIC],
        cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
        include_in_schema=False,
    )


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]

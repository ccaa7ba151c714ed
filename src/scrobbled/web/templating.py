"""The templates, and the files that pages need."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig, TemplateEngineProtocol, TemplateProtocol

from scrobbled import __version__
from scrobbled.desk.masking import WholeText
from scrobbled.plumbing.redact import Redactor
from scrobbled.web.door import masking
from scrobbled.web.door.refusals import Refusal

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = HERE / "static"


def environment(redactor: Redactor, now: Callable[[], datetime]) -> Environment:
    """Everything is masked and escaped; a name that is missing is an error and no gap."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from scrobbled.web.view.filters import filters  # with all that pages say

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=masking.finalize(redactor),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {**filters(now), "whole": WholeText}
    made.globals.update(version=__version__, assets=_fingerprint())
    return made


class Templates(TemplateEngineProtocol[TemplateProtocol, Mapping[str, Any]]):
    """Ours, for Litestar. Jinja takes two megabytes, and is loaded with the first page: most houses look seldom."""

    def __init__(self, redactor: Redactor, now: Callable[[], datetime]) -> None:
        """Nothing is read yet. ``now`` is in the zone of the house."""
        self._redactor, self._now = redactor, now

    @cached_property
    def _environment(self) -> Environment:
        return environment(self._redactor, self._now)

    def get_template(self, template_name: str) -> TemplateProtocol:
        return self._environment.get_template(template_name)

    def render_string(self, template_string: str, context: Mapping[str, Any]) -> str:
        return self._environment.from_string(template_string).render(context)

    def register_template_callable(self, key: str, template_callable: Any) -> None:
        raise NotImplementedError("templates call nothing of Litestar's")

    def config(self) -> TemplateConfig[Templates]:
        return TemplateConfig(instance=self)

    def refused(self, refusal: Refusal, root: str) -> str:
        """The page that says why not."""
        page = self.get_template("door/refused.html")
        return page.render(refusal=refusal, root=root, shell=None, theme="system")


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

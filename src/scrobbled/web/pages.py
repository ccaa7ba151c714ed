"""The page for people, signing in and out, and the forms on it. Works without JavaScript."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from scrobbled import __version__, summary
from scrobbled.clock import Clock
from scrobbled.config import Config
from scrobbled.web import poster, view, words
from scrobbled.web.access import COOKIE, Access, Caller, Refusal, cookies
from scrobbled.web.desk import ACTIONS, Desk, Done
from scrobbled.web.sessions import ABSOLUTE

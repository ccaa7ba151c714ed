"""Litestar's request and response, with everything open that they are generic in."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response

AnyRequest = Request[Any, Any, Any]
AnyResponse = Response[Any]

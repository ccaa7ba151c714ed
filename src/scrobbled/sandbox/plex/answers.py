"""Plex answers XML unless ``Accept`` says JSON; both are written from one structure here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from scrobbled.sandbox.base import Reply, Request

ELEMENTS = {"movie": "Video", "episode": "Video", "show": "Directory", "season": "Directory"}
"""How an item is called in XML; in JSON each is an entry of ``Metadata``."""
HTML = "text/html; charset=utf-8"


def answer(
    request: Request, root: str, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """``root`` wraps the body in JSON as well where it is a ``MediaContainer``."""
    if json_wanted(request):
        return Reply(status, {root: body} if root == "MediaContainer" else body, headers or {})
    return xml(root, body, status=status, headers=headers)


def xml(root: str, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """As some parts of plex.tv answer whatever ``Accept`` says."""
    element = Element(root)
    _fill(element, body if isinstance(body, Mapping) else {root.removesuffix("s"): body})
    text = b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(element)
    return Reply(status, text, headers or {}, "text/xml;charset=utf-8")


def json_wanted(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def refused(status: int, words: str) -> Reply:
    """The server's own errors are small web pages."""
    page = f"<html><head><title>{words}</title></head><body><h1>{status} {words}</h1></body></html>"
    return Reply(status, page, {}, HTML)


def token(request: Request) -> str:
    """From the header or the query, as Plex allows both."""
    return request.headers.get("x-plex-token") or request.query.get("X-Plex-Token", "")


def _fill(element: Element, body: Mapping[str, Any]) -> None:
    """Plain values are attributes, lists and objects are child elements."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            _fill(SubElement(element, name), value)
        elif isinstance(value, list):
            for one in value:
                _fill(SubElement(element, _element(name, one)), one)
        elif value is not None:
            element.set(name, str(int(value)) if isinstance(value, bool) else str(value))


def _element(name: str, one: Mapping[str, Any]) -> str:
    return ELEMENTS.get(str(one.get("type")), "Video") if name == "Metadata" else name

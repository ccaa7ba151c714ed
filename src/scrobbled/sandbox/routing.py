"""A table of routes, written beside their handlers."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scrobbled.sandbox.messages import Reply, Request

RouteHandler = Callable[..., Reply | Awaitable[Reply]]
HandlerT = TypeVar("HandlerT", bound=RouteHandler)


def route(method: str, path: str) -> Callable[[HandlerT], HandlerT]:
    """Marks a method of a stand-in as the handler of ``method path``; may be given several times.

    ``{name}`` in the path is handed over as a string, ``{name:int}`` matches and is handed over as a whole number.
    The handler takes the ``Request`` and these by name, and is a plain or an async method.
    """

    def mark(handler: HandlerT) -> HandlerT:
        marks = [*getattr(handler, "routes", ()), (method, path)]
        handler.routes = marks  # type: ignore[attr-defined]
        return handler

    return mark


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: str

    @functools.cached_property
    def regex(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)(:int)?\}", self.path)
        literal = [re.escape(part) for part in parts[::3]]
        groups = [f"(?P<{n}>{'[0-9]+' if kind else '[^/]+'})" for n, kind in zip(parts[1::3], parts[2::3], strict=True)]
        return re.compile("".join(a + b for a, b in zip(literal, [*groups, ""], strict=True)))

    @functools.cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(re.findall(r"\{(\w+):int\}", self.path))

    def match(self, path: str) -> dict[str, Any] | None:
        found = self.regex.fullmatch(path)
        if found is None:
            return None
        return {n: int(v) if n in self.numbers else v for n, v in found.groupdict().items()}


@dataclass(frozen=True)
class RouteMatch:
    """What a table knows about one request; ``allowed`` are the methods of the path when it has not this one."""

    route: Route | None = None
    values: dict[str, Any] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        return self.route is not None or bool(self.allowed)


class RouteTable:
    """All routes of a class and its bases; a subclass that marks the same method and path replaces the handler."""

    def __init__(self, cls: type) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[Route] = []
        for one in _routes_of(cls):
            if "{" in one.path:
                self._patterns.append(one)
            else:
                self._exact.setdefault(one.path, {})[one.method] = one

    def find(self, request: Request) -> RouteMatch:
        exact = self._exact.get(request.path, {})
        if request.method in exact:
            return RouteMatch(exact[request.method])
        allowed = set(exact)
        for one in self._patterns:
            values = one.match(request.path)
            if values is not None and one.method == request.method:
                return RouteMatch(one, values)
            if values is not None:
                allowed.add(one.method)
        return RouteMatch(allowed=frozenset(allowed))


def _routes_of(cls: type) -> list[Route]:
    routes: dict[tuple[str, str], Route] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            for method, path in getattr(value, "routes", ()) if callable(value) else ():
                routes[method, path] = Route(method, path, name)
    return list(routes.values())

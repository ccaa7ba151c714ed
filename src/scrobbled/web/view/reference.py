"""The API as a page: what the OpenAPI document says, for people. Nothing is loaded from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from msgspec import Struct

DEEPEST = 4
METHODS = ("get", "post", "put", "patch", "delete")


class Parameter(Struct, frozen=True):
    name: str
    place: str
    """``path`` or ``query``."""
    kind: str
    required: bool
    description: str


class Operation(Struct, frozen=True):
    """One call. ``body`` and ``answer`` are examples of their shapes as JSON, empty where there is none."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Parameter]
    body: str
    answer: str
    status: str


class Area(Struct, frozen=True):
    name: str
    operations: list[Operation]


def areas(document: Mapping[str, Any], below: str = "/api/v1") -> list[Area]:
    """The calls below a path by its next part, in the order of the alphabet."""
    found = sorted(_operations(document, below), key=lambda one: (one.path, METHODS.index(one.method.lower())))
    by_area = groupby(found, key=lambda one: one.path.removeprefix(below).split("/")[1])
    return [Area(name, list(operations)) for name, operations in by_area]


def _operations(document: Mapping[str, Any], below: str) -> Iterator[Operation]:
    shapes = document.get("components", {}).get("schemas", {})
    for path, calls in document["paths"].items():
        if path.startswith(f"{below}/"):
            for method in METHODS:
                if method in calls:
                    yield _operation(path, method, calls[method], shapes)


def _operation(path: str, method: str, call: Mapping[str, Any], shapes: Mapping[str, Any]) -> Operation:
    status, answer = next(((code, told) for code, told in call["responses"].items() if code.startswith("2")), ("", {}))
    return Operation(
        anchor=f"{method}{path.replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=call.get("summary") or "",
        description=call.get("description") or "",
        parameters=[_parameter(one, shapes) for one in call.get("parameters", ())],
        body=_example(call.get("requestBody", {}), shapes),
        answer=_example(answer, shapes),
        status=status,
    )


def _parameter(one: Mapping[str, Any], shapes: Mapping[str, Any]) -> Parameter:
    shape = one.get("schema", {})
    return Parameter(
        name=one["name"],
        place=one["in"],
        kind=_kind(shape, shapes),
        required=bool(one.get("required")),
        description=one.get("description") or "",
    )


def _kind(shape: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    if choices := [one for one in shape.get("oneOf", ()) if one.get("type") != "null"]:
        return " or ".join(dict.fromkeys(_kind(one, shapes) for one in choices))
    if "enum" in shape:
        return " | ".join(map(str, shape["enum"]))
    if "$ref" in shape:
        return _kind(_referred(shape, shapes), shapes)
    kind = shape.get("type", "any")
    return f"list of {_kind(shape.get('items', {}), shapes)}" if kind == "array" else str(kind)


def _example(told: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    for media, content in told.get("content", {}).items():
        if "json" in media and content.get("schema"):
            return json.dumps(_shape(content["schema"], shapes, 0), indent=2, ensure_ascii=False)
    return ""


def _shape(shape: Mapping[str, Any], shapes: Mapping[str, Any], depth: int) -> Any:
    """A value that looks like it; below a few levels only its kind."""
    if "$ref" in shape:
        return _shape(_referred(shape, shapes), shapes, depth)
    for choice in (*shape.get("oneOf", ()), *shape.get("anyOf", ())):
        if choice.get("type") != "null":
            return _shape(choice, shapes, depth)
    if depth >= DEEPEST:
        return "…"
    if "properties" in shape:
        return {name: _shape(part, shapes, depth + 1) for name, part in shape["properties"].items()}
    if shape.get("type") == "array":
        return [_shape(shape.get("items", {}), shapes, depth + 1)]
    return " | ".join(map(str, shape["enum"])) if "enum" in shape else _PLAIN.get(str(shape.get("type")), "…")


def _referred(shape: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = shapes.get(str(shape["$ref"]).rpartition("/")[2], {})
    return found


_PLAIN: Mapping[str, Any] = {"string": "text", "integer": 0, "number": 0.0, "boolean": False, "object": {}}

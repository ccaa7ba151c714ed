"""The JSON Schema of the configuration, for editors that complete and check YAML while it is typed."""

from __future__ import annotations

from collections.abc import Mapping

from scrobbled.config.fields import Brief, Field, ForEach, ListOf, MapOf, Named, Shape, Table, readable, table_of
from scrobbled.config.model import Config
from scrobbled.config.values import Json, Value

_VARIABLE = {
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}",
    "description": "Taken from the environment: ${NAME}, or ${NAME:-default}.",
}
_OR_VARIABLE = {"$ref": "#/$defs/variable"}


def json_schema() -> Json:
    """The schema (draft 2020-12), made from the tables that loading uses."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "scrobbled configuration",
        **_shape(table_of(Config)),
        "$defs": {"variable": _VARIABLE},
    }


def _shape(shape: Shape) -> Json:
    if isinstance(shape, Table):
        return _table(shape)
    if isinstance(shape, Brief):
        return {"anyOf": [_shape(shape.field.shape), _table(shape.table)]}
    if isinstance(shape, ListOf):
        return _list(shape)
    if isinstance(shape, Named):
        members = {name: Field(inner, f"The {shape.noun} {name}.") for name, inner in shape.shapes.items()}
        return {"type": ["object", "null"], "additionalProperties": False, "properties": _properties(members)}
    if isinstance(shape, ForEach):
        members = {name: Field(shape.value, f"Of the {shape.noun} {name}.") for name in shape.names}
        by_name = {"type": ["object", "null"], "additionalProperties": False, "properties": _properties(members)}
        return {"anyOf": [shape.value.schema(), _OR_VARIABLE, by_name]}
    if isinstance(shape, MapOf):
        return {"type": ["object", "null"], "additionalProperties": _shape(shape.item)}
    return {"anyOf": [shape.schema(), _OR_VARIABLE]}


def _table(table: Table) -> Json:
    needed = [name for name, field in table.fields.items() if field.required]
    schema: Json = {
        "type": "object" if needed else ["object", "null"],
        "description": table.description,
        "additionalProperties": False,
        "properties": _properties(table.fields),
    }
    if needed:
        schema["allOf"] = [
            _one_of_two(name) if readable(table.fields[name].shape) else _required(name) for name in needed
        ]
    return schema


def _required(name: str) -> Json:
    return {"required": [name]}


def _one_of_two(name: str) -> Json:
    return {"anyOf": [_required(name), _required(f"{name}_file")]}


def _list(shape: ListOf) -> Json:
    many = {"type": ["array", "null"], "items": _shape(shape.item)}
    return many if isinstance(shape.item, Table) else {"anyOf": [many, _shape(shape.item)]}


def _properties(fields: Mapping[str, Field]) -> Json:
    properties: Json = {}
    for name, field in fields.items():
        properties[name] = {**_shape(field.shape), "description": field.description, **_default(field)}
        if readable(field.shape):
            properties[f"{name}_file"] = {"type": "string", "description": f"Path of a file to read {name} from."}
    return properties


def _default(field: Field) -> Json:
    if field.default is None:
        return {}
    if isinstance(field.shape, ForEach):
        return {"default": field.shape.usual}
    if isinstance(field.shape, Value):
        plain = isinstance(field.default, (bool, int))
        return {"default": field.default if plain else field.shape.show(field.default)}
    return {"default": [] if isinstance(field.shape, ListOf) else {}}

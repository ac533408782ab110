"""JSON schema of OpenLineage's run events, made from the classes of its specification."""

from __future__ import annotations

import re
import typing
from enum import Enum
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any

import attr
import jsonschema


def validate(event: dict[str, Any]) -> None:
    """Raise jsonschema.ValidationError for an event that does not fit; every facet by the class that it names."""
    from openlineage.client import event_v2

    jsonschema.validate(event, schema_of(event_v2.RunEvent), format_checker=jsonschema.FormatChecker())
    groups = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    for group in groups:
        for key in ("facets", "inputFacets", "outputFacets"):
            for facet in (group.get(key) or {}).values():
                jsonschema.validate(facet, schema_of(_facet(facet["_schemaURL"])))


def _facet(url: str) -> type:
    """Return the class of a facet by the address of its schema."""
    found = re.fullmatch(r"https://openlineage\.io/spec/facets/[0-9-]+/(\w+)\.json#/\$defs/(\w+)", url)
    assert found is not None, url
    module = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", found[1].removesuffix("Facet")).lower()
    return typing.cast("type", getattr(import_module(f"openlineage.client.generated.{module}"), found[2]))


@cache
def schema_of(kind: type, *outer: type) -> dict[str, Any]:
    """Return the schema of a class: its fields by their types, those without a default required, no others.

    A class within itself is any object.
    """
    fields = {field.name: field for field in attr.fields(kind) if field.name != "_skip_redact"}
    hints = typing.get_type_hints(kind)
    required = [name for name, field in fields.items() if field.default is attr.NOTHING]
    signed = [name for name in ("producer", "schemaURL", "_producer", "_schemaURL") if name in fields]
    return {
        "type": "object",
        "properties": {name: _type(hints[name], *outer, kind) for name in fields},
        "required": [*required, *signed],
        "additionalProperties": False,
    }


def _type(hint: Any, *outer: type) -> dict[str, Any]:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, UnionType}:
        return {"anyOf": [_type(part, *outer) for part in parts]}
    if origin is list:
        return {"type": "array", "items": _type(parts[0], *outer)}
    if origin is dict:
        # Facets are validated by the classes that they name.
        return {"type": "object"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if attr.has(hint):
        return {"type": "object"} if hint in outer else schema_of(hint, *outer)
    simple = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return {"type": simple[hint]} if hint in simple else {}

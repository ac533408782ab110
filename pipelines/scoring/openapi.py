"""OpenAPI description of the scorer: a path per model, with the columns that its version needs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from driftloop.pipelines.scoring.bodies import ARROW, JSON
from driftloop.pipelines.scoring.champions import Place
from driftloop.pipelines.scoring.loaded import Loaded
from driftloop.pipelines.scoring.refusals import MOST_ROWS

VALUE = {"type": ["string", "number", "boolean", "null"]}
# Beyond these parsers round a number; such an id would be another one.
ID = {
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "integer", "minimum": -(2**63), "maximum": 2**64 - 1},
        {"type": "number", "minimum": -(2**63) + 1, "maximum": 2**63 - 1},
    ]
}
NUMBER = {"type": ["number", "boolean", "null"]}
PROBLEM = {
    "type": "object",
    "required": ["found", "expected", "fix"],
    "properties": {name: {"type": "string"} for name in ("found", "expected", "fix")},
}
REFUSALS = {
    "400": "a body that cannot be read",
    "401": "no token",
    "403": "a request from a web page, or by another name than that of this machine",
    "404": "no such model",
    "408": "a body that arrives too slowly",
    "413": "a body or a number of rows above the limit",
    "415": "a body of another type, or a compressed one",
    "422": "a missing column, or a value of another type",
    "500": "the estimator failed",
    "503": "no version serves",
}


def described(places: Mapping[str, Place], *, with_token: bool) -> dict[str, Any]:
    """Return the description for the models that serve now."""
    paths: dict[str, Any] = {
        f"/predict/{model}": {"post": _predict(model, place.loaded)}
        for model, place in sorted(places.items())
        if place.loaded is not None
    }
    either = {"200": _plain("the status as JSON"), "503": _plain("not ready, or a restart would help")}
    paths["/health"] = {"get": {"summary": "Status of models, registry and log", "responses": either}}
    paths["/ready"] = {"get": {"summary": "Whether all models were loaded", "responses": either}}
    paths["/metrics"] = {
        "get": {
            "summary": "Metrics for Prometheus",
            "responses": {"200": {"description": "metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        }
    }
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "driftloop score", "version": version("driftloop")},
        "paths": paths,
        "components": {"schemas": {"Problem": PROBLEM}},
    }
    if with_token:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for methods in paths.values():
            for method in methods.values():
                if method.get("tags") == ["predict"]:
                    method["security"] = [{"token": []}]
    return made


def _predict(model: str, loaded: Loaded) -> dict[str, Any]:
    values = {name: ID if name in loaded.ids else VALUE for name in (*loaded.others, *loaded.optional)}
    needed = {**dict.fromkeys(loaded.numeric, NUMBER), **{name: values[name] for name in loaded.others}}
    optional: dict[str, Any] = {name: values[name] for name in loaded.optional}
    if (time := loaded.config.columns.time) in optional:
        optional[time] = {"type": ["string", "null"], "format": "date-time"}
    row = {"type": "object", "required": list(needed), "properties": {**needed, **optional}}
    rows = {"type": "array", "items": row, "maxItems": MOST_ROWS}
    binary = {"type": "string", "format": "binary"}
    refused = {
        status: {
            "description": text,
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, text in REFUSALS.items()
    }
    return {
        "tags": ["predict"],
        "operationId": f"predict {model}",
        "summary": f"Predict rows with version {loaded.version.number}",
        "requestBody": {"required": True, "content": {JSON: {"schema": rows}, ARROW: {"schema": binary}}},
        "responses": {
            "200": {
                "description": "a prediction per row",
                "content": {JSON: {"schema": _answer(loaded)}, ARROW: {"schema": binary}},
            },
            **refused,
        },
    }


def _answer(loaded: Loaded) -> dict[str, Any]:
    number = {"type": ["number", "null"]}
    classes = loaded.served.classes
    probabilities = {"type": "object", "required": list(classes), "properties": dict.fromkeys(classes, number)}
    value = {"probabilities": probabilities} if classes else {"prediction": number}
    row = {
        "type": "object",
        "required": ["prediction_id", *value],
        "properties": {"prediction_id": {"type": "string"}, "id": {"type": "object"}, **value},
    }
    names = ("model", "version", "request_id")
    return {
        "type": "object",
        "required": [*names, "predictions"],
        "properties": {
            **{name: {"type": "string"} for name in names},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "predictions": {"type": "array", "items": row},
        },
    }


def _plain(description: str) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": {"type": "object"}}}}

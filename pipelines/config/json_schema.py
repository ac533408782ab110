"""JSON Schema of a model's YAML, for completion and checks in an editor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from driftloop.pipelines.config.project import Project

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME = "driftloop.schema.json"
# `performance: {loss: "module:function"}` is short for the loss `custom`.
SHORT_LOSS = {
    "type": "object",
    "properties": {"loss": {"type": "string", "pattern": ":"}},
    "required": ["loss"],
    "additionalProperties": False,
}


def json_schema() -> dict[str, Any]:
    """Return the schema of the keys that a user can write: every section, policy, loss and gate rule.

    It knows names, types and limits of single values. What depends on several keys is validated by `load` only.
    """
    made = Project.model_json_schema()
    made["properties"].pop("file", None)  # set by the reader
    made["properties"]["performance"]["anyOf"].append(SHORT_LOSS)
    return {"$schema": DIALECT, **made, "title": "driftloop: the config of one model"}


def write_schema(folder: Path) -> None:
    """Write the schema next to a config, for the line `# yaml-language-server: $schema=` at its top."""
    (folder / NAME).write_text(json.dumps(json_schema(), indent=1) + "\n", "utf-8")

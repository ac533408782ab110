"""Recommended triggers as YAML, and put into a model's file: nothing else in it changes, not a comment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load

Triggers = Sequence[dict[str, Any]]


def as_yaml(triggers: Triggers) -> str:
    """The block to paste.

    >>> print(as_yaml([{"policy": "recoverable_loss", "cost": {"retrain": 0.2}}]))
    policies:
      triggers:
        - {policy: recoverable_loss, cost: {retrain: 0.2}}
    """
    return "\n".join(["policies:", "  triggers:", *(f"    - {_flow(one)}" for one in triggers)])


def write(file: Path, triggers: Triggers) -> None:
    """Replace the triggers of a model's file in one step; every other byte of it stays.

    The new text is read and checked before it takes the place of the old one. A file that is written in a way that
    cannot be edited safely (anchors, merges) raises `ConfigError` and stays as it is.
    """
    target = file.resolve()
    raw = target.read_bytes().decode("utf-8")
    mark = "\ufeff" if raw.startswith("\ufeff") else ""
    text = raw.removeprefix(mark)
    edited = with_triggers(text, triggers)
    if _content(edited) != _wanted(text, triggers):
        raise _unsafe(file, triggers)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes((mark + edited).encode("utf-8"))
        shutil.copymode(target, part)
        load(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def with_triggers(text: str, triggers: Triggers) -> str:
    r"""The text of a config with these triggers in place of its own.

    >>> with_triggers("model: a  # ours\npolicies:\n  triggers: [{policy: never}]\n", [{"policy": "always"}])
    'model: a  # ours\npolicies:\n  triggers: [{policy: always}]\n'
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, yaml.SafeLoader)
    policies = _value(root, "policies")
    if policies is None:
        whole = text if text.endswith(newline) else text + newline
        return whole + as_yaml(triggers).replace("\n", newline) + newline
    listed = "[" + ", ".join(_flow(one) for one in triggers) + "]"
    if not isinstance(policies, yaml.MappingNode):  # nothing stands behind the colon
        lines = as_yaml(triggers).removeprefix("policies:").replace("\n", newline)
        return _replaced(text, policies.start_mark.index, policies.end_mark.index, lines)
    own = _value(policies, "triggers")
    if own is None:
        first = policies.value[0][0].start_mark if policies.value else None
        at = first.index if first else policies.start_mark.index + 1
        if policies.flow_style:
            return _replaced(text, at, at, f"triggers: {listed}" + (", " if first else ""))
        assert first is not None  # an empty mapping is written {}
        return _replaced(text, at, at, f"triggers: {listed}{newline}{' ' * first.column}")
    if own.flow_style or not isinstance(own, yaml.SequenceNode):
        return _replaced(text, own.start_mark.index, own.end_mark.index, listed)
    items = (newline + " " * own.start_mark.column).join(f"- {_flow(one)}" for one in triggers)
    return _replaced(text, own.start_mark.index, _end(text, own), items)


def _end(text: str, node: Any) -> int:
    """Where the last thing within a node ends, with the remark behind it, which speaks of what goes."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    end = int(node.end_mark.index)
    line = text[end:].splitlines()[:1]
    return end + len(line[0]) if line and line[0].lstrip().startswith("#") else end


def _replaced(text: str, start: int, end: int, by: str) -> str:
    return text[:start] + by + text[end:]


def _value(node: Any, key: str) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _flow(one: dict[str, Any]) -> str:
    return yaml.safe_dump(one, default_flow_style=True, sort_keys=False, width=10_000).strip()


def _content(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _wanted(text: str, triggers: Triggers) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(text)
    return {**content, "policies": {**(content.get("policies") or {}), "triggers": [dict(one) for one in triggers]}}


def _unsafe(file: Path, triggers: Triggers) -> ConfigError:
    return ConfigError(
        str(file),
        "policies.triggers",
        "is written in a way that cannot be edited safely; the file was left as it is",
        expected="a list of triggers, without anchors or merges",
        remedy=f"insert this manually:\n{as_yaml(triggers)}",
    )

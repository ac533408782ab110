"""Generator of the pages of the docs made from the code: `python -m docs.generate`. A test compares them."""

from __future__ import annotations

import inspect
import json
import pkgutil
import re
import types
import typing
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from pydantic_core import PydanticUndefined

import driftloop.monitoring
import driftloop.pipelines
from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.settings import ColumnDrift, FalseAlarms, SamePeriod
from driftloop.monitoring.losses import AnyLoss, Loss
from driftloop.monitoring.metrics import AnyMetric, Metric
from driftloop.monitoring.policies import AnyGuard, AnyTrigger
from driftloop.monitoring.records import FindingCode
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.fairness import Fairness
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.rules import Rule, Silence
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.settings.slices import Slice
from driftloop.pipelines.cli import COMMANDS, main
from driftloop.pipelines.config.engine import Engine
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.schedule import On
from driftloop.pipelines.config.search import Search
from driftloop.pipelines.gate import Gate, NoSliceWorseKeys
from driftloop.pipelines.requests.ends import AFTERWARDS, ENDS

HERE = Path(__file__).parent
EXPLANATIONS = HERE.parent / "monitoring" / "report" / "explanations.json"

TOP = """\
# The config: one YAML per model

Generated from the code by `python -m docs.generate`. Unknown keys are rejected, and every error names the file, the
key, what was found and what is expected. Durations are written `7d`, `12h`, `30m`, `45s`, `2w` or as sums such as
`1d12h`. A relative path starts at the folder of the YAML. `${NAME}` and `${NAME:-default}` in `source.path` and
`source.url` are replaced by environment variables when the source is opened, and are kept as written everywhere else.
A password or token in plain text is rejected.
"""


LOSSES = """\
Loss function for champion, challengers and retrains, for example `performance: {loss: mae}`. The default is `mae` for
regression and `log_loss` for classes. Lower is better for each, and no loss is negative.
"""


BETTER = {"higher": "higher", "lower": "lower", "zero": "near 0"}
METRICS = """\
Metrics next to the loss, for example `metrics: [roc_auc, {metric: precision, threshold: 0.3}]`. If the key is not
given, those of the task are measured: `rmse`, `r2` and `bias` for regression; `roc_auc`, `pr_auc`, `precision`,
`recall` and `calibration_error` for two classes; `f1`, `balanced_accuracy` and `calibration_error` for more.
`metrics: []` measures none. See [losses and metrics](losses-and-metrics.md).
"""


# Sections that are not a key of the file themselves, or may be left out, by the key after which they are described.
WITHIN: dict[str, dict[str, type[Section]]] = {
    "columns": {"columns.rules.NAME": Rule},
    "preflight": {"preflight.max_silence": Silence},
    "labels": {"labels": Labels},
    "slices": {"slices": Slice},
    "fairness": {"fairness": Fairness},
    "training": {"training.search": Search},
    "gate": {"gate.no_slice_worse": NoSliceWorseKeys},
    "schedule": {"schedule.on": On},
    "engine": {"engine": Engine},
}


def config_page() -> str:
    """Every key of the YAML with type, default and meaning."""
    parts = [TOP, _section("Top level", Project, skip={"file"})]
    for name, field in Project.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            parts.append(_section(f"`{name}`", kind))
        parts += [_section(f"`{key}`", section) for key, section in WITHIN.get(name, {}).items()]
        if name == "drift":
            parts.append(_section("`drift.numeric`, `drift.categorical`, `drift.columns.NAME`", ColumnDrift))
            parts.append(_section("`drift.false_alarms`", FalseAlarms))
            parts.append(_section("`drift.reference`", SamePeriod))
            parts.append(_methods())
        if name == "performance":
            parts.append(_kinds("`performance`", AnyLoss, "loss", LOSSES))
        if name == "metrics":
            parts.append(_kinds("`metrics`", AnyMetric, "metric", METRICS))
        if name == "policies":
            parts += [_kinds("Triggers", AnyTrigger, "policy"), _kinds("Guards", AnyGuard, "policy")]
    return "\n".join(parts)


def commands_page() -> str:
    """The help text of every command."""
    context = click.Context(main, info_name="driftloop", terminal_width=100, **main.context_settings)
    parts = ["# Commands\n", "Generated from the code by `python -m docs.generate`.\n", _help(context)]
    for name in COMMANDS:
        command = main.command_called(name)
        own = click.Context(command, parent=context, info_name=name, max_content_width=100, terminal_width=100)
        parts += [f"## driftloop {name}\n", _help(own)]
    return "\n".join(parts)


FINDINGS = """\
# Findings and codes

Generated from the code by `python -m docs.generate`. A *finding* is one problem that a check noticed. It has a code, a
severity and a message with the numbers; `driftloop check --json` lists it under `findings`. `info` and `warning` are
reported. An `error` sends a notification as well. A `fatal` finding ends the check as `bad_data`, because the rows
would corrupt a training. [Outcomes of a check](outcomes.md) have a page of their own.
"""
RETRAINS = """\
## How a retrain ended

The key `code` of a retrain, and its tag `driftloop.code` in MLflow. The last column is the outcome of the check if the
model has no champion yet. A first challenger is not asked for approval.

| code | meaning | what to do | first training |
|---|---|---|---|
"""


def findings_page() -> str:
    """Every code of a finding, and every code by which a retrain ends."""
    parts = [
        f"## `{code.name}`\n\n{' or '.join(code.severities)}: {code.meaning}.\n\n"
        f"- **Cause**: {code.cause}.\n- **What to do**: {code.remedy}.\n"
        for code in finding_codes()
    ]
    passes = {answer.code for answer in Gate.answers if answer.passes}
    rows = [
        f"| `{name}` | {end.meaning} | {end.remedy or 'nothing'} | "
        f"{'' if name in AFTERWARDS else '`bootstrapped`' if name in passes else f'`{end.first}`'} |"
        for name, end in sorted(ENDS.items())
    ]
    return "\n".join([FINDINGS, *parts, RETRAINS + "\n".join(rows)]) + "\n"


def explanations() -> str:
    """What the pages of the docs say about each code, for reports, which must not link to them."""
    findings = {
        code.name: {"meaning": code.meaning, "cause": code.cause, "remedy": code.remedy} for code in finding_codes()
    }
    ends = {name: {"meaning": end.meaning, "cause": "", "remedy": end.remedy} for name, end in sorted(ENDS.items())}
    table = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", (HERE / "outcomes.md").read_text("utf-8"), re.MULTILINE
    )
    outcomes = {
        name: dict(zip(("meaning", "cause", "remedy"), (_unlinked(cell) for cell in cells), strict=True))
        for name, *cells in table
    }
    content = {"findings": findings, "outcomes": outcomes, "retrains": ends}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _unlinked(markdown: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown)


def finding_codes() -> list[FindingCode]:
    """Every declared code, by name; the same name declared twice is a mistake."""
    found: dict[str, FindingCode] = {}
    for package in (driftloop.monitoring, driftloop.pipelines):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for code in vars(import_module(module.name)).values():
                if isinstance(code, FindingCode) and found.setdefault(code.name, code) is not code:
                    raise ValueError(f"{code.name} is declared twice")
    return [found[name] for name in sorted(found)]


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


def _section(title: str, kind: type[Any], skip: set[str] | frozenset[str] = frozenset()) -> str:
    lines = [f"## {title}\n", f"{inspect.cleandoc(kind.__doc__ or '')}\n", "| key | type | default | meaning |"]
    lines += ["|---|---|---|---|", *_rows(kind, skip)]
    return "\n".join(lines) + "\n"


def _rows(kind: type[Any], skip: set[str] | frozenset[str]) -> list[str]:
    schema = kind.model_json_schema()
    # A section that holds itself is among its own definitions.
    keys = (schema if "properties" in schema else schema["$defs"][kind.__name__])["properties"]
    return [
        f"| `{name}` | {_type(field.annotation)}{_range(keys[name])} | {_default(field)} | {field.description or ''} |"
        for name, field in kind.model_fields.items()
        if name not in skip
    ]


def _range(schema: dict[str, Any]) -> str:
    """Spell the limits of a number, such as `, 2 to 500`; an end that does not belong to it is "above" or "below"."""
    for one in (schema, *schema.get("anyOf", [])):
        low, high = (one.get(key) for key in ("minimum", "maximum"))
        above, below = (one.get(key) for key in ("exclusiveMinimum", "exclusiveMaximum"))
        ends = [f"{low:,.15g}" if low is not None else f"above {above:g}" if above is not None else ""]
        ends += [f"{high:,.15g}" if high is not None else f"below {below:g}" if below is not None else ""]
        if any(ends):
            return ", " + " to ".join(end for end in ends if end)
    return ""


def _kinds(title: str, union: Any, key: str, top: str = "") -> str:
    """Write what a section of several kinds can be; `key` names the kind."""
    lines = [f"## {title}\n", *([top] if top else [])]
    sides = typing.get_args(union)[0]
    while typing.get_origin(sides) is typing.Annotated:
        sides = typing.get_args(sides)[0]
    for kind in typing.get_args(sides):
        name = kind.model_fields[key].default
        lines.append(f"### `{name}`\n\n{inspect.cleandoc(kind.__doc__ or '')}\n")
        if issubclass(kind, Loss):
            tasks = " and ".join(sorted(kind.tasks))
            lines.append(f"For {tasks}. Unit: {kind.unit}. Best constant: {kind.constant}.\n")
        if issubclass(kind, Metric):
            tasks = " and ".join(sorted(kind.tasks))
            lines.append(f"For {tasks}. Better: {BETTER[kind.better]}.\n")
        rows = _rows(kind, {key})
        if rows:
            lines.append("\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]))
        elif not issubclass(kind, Loss | Metric):
            lines.append("No keys.\n")
    return "\n".join(lines)


def _methods() -> str:
    lines = [
        "### Methods\n",
        "| method | columns | drift | default threshold | effect floor | note |",
        "|---|---|---|---|---|---|",
    ]
    for method in METHODS.values():
        side = "at or above" if method.direction == "higher" else "below"
        kinds = ", ".join(sorted(method.kinds))
        threshold = "calibrated" if method.default_threshold is None else f"{method.default_threshold:g}"
        floor = f"{method.floor:g}" if method.own else ""
        lines.append(f"| `{method.name}` | {kinds} | {side} | {threshold} | {floor} | {method.meaning} |")
    return "\n".join(lines) + "\n"


def _type(kind: Any) -> str:  # noqa: PLR0911 (a table of cases)
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _type(inside[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in inside)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(dict.fromkeys(_type(one) for one in inside if one is not type(None)))
    if origin in {tuple, list}:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return f"map of {_type(inside[1])}"
    if isinstance(kind, type) and issubclass(kind, Section):
        return next((key for key in ("policy", "loss", "metric") if key in kind.model_fields), "section")
    names = {
        timedelta: "duration",
        datetime: "time",
        date: "date",
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        Any: "any",
    }
    return names.get(kind, str(kind))


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return "none"
    value = field.default
    if value is PydanticUndefined:
        return "**required**"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, Section):
        given = {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
        return f"`{given}`" if given else "its defaults"
    if isinstance(value, tuple) and value and isinstance(value[0], Section):
        return ", ".join(f"`{one.policy}`" for one in value)
    return {None: "none", (): "none"}.get(value, f"`{value}`")


PAGES = {"config.md": config_page, "commands.md": commands_page, "findings.md": findings_page}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (HERE / file).write_text(page(), "utf-8")
    EXPLANATIONS.write_text(explanations(), "utf-8")

"""A commented model file as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

import yaml

from monitoring.config import Source
from monitoring.durations import format_duration

WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
LOSS = {
    "regression": ("mae", "or mse"),
    "binary": ("log_loss", "or brier, error_rate"),
    "multiclass": ("log_loss", "or brier, error_rate"),
}
DERIVED = "  # derived: {weekday: dayofweek(some_time)}    # SQL expressions"
TEMPLATE = """\
# driftloop: one file per monitored model. Every key: docs/config.md
model: {name}
task: {task}                  # regression, binary or multiclass: check this guess

source:
{where}

columns:
  time: {time}               # when the row happened
  target: {target}           # what the model predicts
  label_delay: 0d            # labels of rows older than this are complete
  numeric: {numeric}
  categorical: {categorical}
{left}{derived}
  # filter: "some_column > 0"                   # SQL condition; other rows are not read

windows:
  current: {current}                # the fresh rows of one check

preflight:
  min_rows: {min_rows}               # fewer rows end a check as too_few_rows

performance:
  loss: {loss}                # {losses}

policies:                    # any trigger that fires asks for a retrain, any guard that vetoes prevents it
  triggers:
    - {{policy: recoverable_loss, cost: {{retrain: 0.2}}}}    # in units of the loss on the rows of one check
    # - {{policy: performance_drop, max_rise: 0.15}}
    # - {{policy: drift_share, threshold: 0.5}}
    # - {{policy: max_age, max_age_days: 90}}
  guards:
    - {{policy: enough_labels, min_labels: {min_labels}}}
    # - {{policy: cooldown, days: 7}}

training:
  window: {training}               # labelled rows a challenger sees, its holdout included
  holdout: {holdout}                # the newest part, kept for the gate
  min_rows: {training_rows}
  estimator: xgboost         # or a scikit-learn class by dotted path, or module:function of your own

gate:                        # the proof that a challenger must bring
  confidence: 0.95
  min_rows: {gate_rows}

schedule:                    # for `driftloop serve`
  cron: "0 6 * * *"
  time_zone: UTC
  # on: {{arrival: incoming/*.parquet}}           # check at once when a file arrives; or poll: 5m for a table

# notify:                    # mail, Slack, Teams, webhooks: apprise's URLs
#   urls: ["slack://${{SLACK_TOKEN}}"]
#   on: [drift, promoted, rejected, approval, failed, silence]
"""


def written(
    *,
    model: str,
    task: str,
    source: Source,
    time: str,
    target: str,
    numeric: Iterable[str],
    categorical: Iterable[str],
    left_out: dict[str, str],
    derived: dict[str, str],
    current: timedelta,
    training: timedelta,
    holdout: timedelta,
    rows_a_window: int,
) -> str:
    """The YAML of a model whose current window holds about so many rows."""
    where = (
        f"  path: {quoted(source.path)}   # relative to this file; a glob or an fsspec URL works too\n"
        + (f"  format: {source.format}\n" if source.format else "")
        if source.path
        else f"  url: {quoted(str(source.url))}   # ${{NAME}} is filled from the environment: write passwords so\n"
        f"  table: {quoted(str(source.table))}\n"
    )
    left = "".join(f"  # left out: {quoted(column)} ({why})\n" for column, why in left_out.items())
    told = "".join(f"    {quoted(column)}: {_expression(how)}\n" for column, how in derived.items())
    loss, losses = LOSS[task]
    few = max(10, min(200, rows_a_window // 4))
    return TEMPLATE.format(
        name=quoted(model),
        task=task,
        where=where.rstrip("\n"),
        time=quoted(time),
        target=quoted(target),
        numeric=_names(numeric),
        categorical=_names(categorical),
        left=left,
        derived=f"  derived:                   # SQL expressions\n{told.rstrip()}" if derived else DERIVED,
        current=format_duration(current),
        min_rows=few,
        loss=loss,
        losses=losses,
        min_labels=few,
        training=format_duration(training),
        training_rows=max(50, min(500, rows_a_window * 2)),
        holdout=format_duration(holdout),
        gate_rows=max(20, min(100, rows_a_window // 4)),
    )


def quoted(text: str) -> str:
    """A name as YAML reads it back as text.

    >>> quoted("fare"), quoted("no"), quoted("2013"), quoted("a: b")
    ('fare', '"no"', '"2013"', '"a: b"')
    """
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) and text.lower() not in WORDS:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf")).rstrip("\n")


def _expression(text: str) -> str:
    """SQL as it is, where YAML reads it back so."""
    return text if yaml.safe_load(f"key: {text}") == {"key": text} else quoted(text)


def _names(columns: Iterable[str]) -> str:
    return "[" + ", ".join(quoted(column) for column in columns) + "]"

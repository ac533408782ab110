"""Columns with the predictions of another model next to the rows: how a config would judge them, as comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.kinds import OUTPUTS, plain_name
from driftloop.pipelines.init.yaml_text import address, name_list, quoted

if TYPE_CHECKING:
    import pandas as pd

VERSION = re.compile(r"(model_?)?version|model_?(version|name|id)|model")
NAMES_A_ROW = ("an identifier", "a row number")


def comments(
    frame: pd.DataFrame, left_out: dict[str, str], source: Source, time: str, *, has_classes: bool
) -> tuple[str, str] | None:
    """Return the commented lines and a note; None without a column of predictions.

    `left_out` are the columns that are no features, with the reasons, by which the id of a row is found too.
    """
    plain = {name: plain_name(name) for name in left_out}
    scores = [name for name, text in plain.items() if name == PREDICTION or OUTPUTS.fullmatch(text)]
    if not scores:
        return None
    score = scores[0]
    versions = [name for name, text in plain.items() if VERSION.fullmatch(text)]
    values, rows = int(frame[score].notna().sum()), len(frame)
    counted = f"{values:,} of {rows:,} rows have a value of {score!r}"
    if versions:
        each = frame[versions[0]].dropna().astype(str).value_counts()
        shown = ", ".join(f"{name!r} {count:,}" for name, count in each.head(3).items())
        counted += f", of {len(each):,} version{'s' if len(each) != 1 else ''} in {versions[0]!r}: {shown}"
    ids = [name for name, why in left_out.items() if why in NAMES_A_ROW]
    place = ", ".join(f"{key}: {value}" for key, value in address(source).items())
    key = "prediction" if not has_classes or _shares(frame[score]) else "label"
    parts = [f"source: {{{place}}}", f"id: {name_list(ids[:1] or ['ID'])}", f"time: {quoted(time)}"]
    parts += [f"version: {quoted(versions[0])}"] if versions else []
    lines = [
        f"# {counted}. To judge these predictions instead of training a model here:",
        f"#   columns: {{id: {name_list(ids[:1] or ['ID'])}}}",
        f"#   predictions: {{{', '.join(parts)}, {key}: {quoted(score)}}}",
        "#   training: none                # docs/predictions-elsewhere.md; remove the section training above",
    ]
    return "\n".join(
        lines
    ) + "\n", f"predictions: {counted}; comments at the end of the file judge them (training: none)"


def _shares(values: pd.Series) -> bool:
    """Whether these are numbers from 0 to 1, so probabilities of a class."""
    import pandas as pd

    numbers = pd.to_numeric(values.dropna(), errors="coerce")
    return bool(len(numbers) and numbers.between(0, 1).all())

"""The result of a validation as text for a terminal."""

from __future__ import annotations

from pathlib import Path

from driftloop.pipelines.operations.validation import Validation, day
from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn


def render(result: Validation, file: Path, on: Screen = PIPE) -> str:
    """Return the result as text: the parts, the counts per window, and what to do next."""
    lines = [f"{result.model}: {result.outcome}, as of {day(result.now)} UTC"]
    for part in result.parts:
        first, *more = part.message.split("\n")
        lines += [f"  {part.state:<6} {part.key}: {first}", *(f"         {line}" for line in more)]
    if result.windows:
        rows = [Row([one.name, str(one.window), f"{one.rows:,}", f"{one.labels:,}"]) for one in result.windows]
        columns = [Column("window"), Column("span"), Column("rows", number=True), Column("labels", number=True)]
        lines += ["", *drawn(columns, rows, on, indent=2)]
    if result.outcome == "valid":
        lines += ["", f"next: driftloop check {file}" + (f" --now {result.now:%Y-%m-%dT%H:%M}" if result.past else "")]
    return "\n".join(lines)

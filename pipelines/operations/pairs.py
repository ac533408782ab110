"""A comparison of two windows as text: one sentence, and a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.errors import listed
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import DASH, multiple
from driftloop.pipelines.operations.comparisons import ColumnPair, Side, WindowComparison
from driftloop.pipelines.runtime.tables import Column, Row, Screen, drawn, wrapped

BLOCKS = " ▁▂▃▄▅▆▇█"
# Bars of a distribution in the terminal.
BARS = 10


def sentence(found: WindowComparison) -> str:
    """Return which columns differ beyond their thresholds.

    Columns that move from window to window have higher thresholds, as in a check.
    """
    differing = [pair.score.name for pair in found.differing]
    if not differing:
        return f"none of {len(found.columns)} columns differs beyond its threshold"
    verb = "differs" if len(differing) == 1 else "differ"
    return f"{len(differing)} of {len(found.columns)} columns {verb} beyond the threshold: {listed(differing)}"


def change(pair: ColumnPair) -> tuple[str, str]:
    """Return the mean or the most frequent category of both sides, and the missing share of both."""
    old, new = pair.means
    if old is not None or new is not None:
        middle = f"mean {number(old)} → {number(new)}"
    elif pair.bins:
        old_top = max(pair.bins, key=lambda one: one.earlier)
        new_top = max(pair.bins, key=lambda one: one.later)
        tops = dict.fromkeys((old_top, new_top))
        middle = ", ".join(f"{one.name} {one.earlier:.0%} → {one.later:.0%}" for one in tops)
    else:
        middle = DASH
    before, after = pair.missing
    missing = "" if before == after == 0 else f"missing {before:.1%} → {after:.1%}"
    return middle, missing


def as_table(found: WindowComparison, on: Screen) -> str:
    """Return the comparison for a terminal of any width."""
    columns = [
        Column("column"),
        Column("score", number=True),
        Column("limit", number=True),
        Column("", number=True),
        Column("earlier"),
        Column("later"),
        Column("change"),
    ]
    rows = [_row(pair) for pair in found.columns]
    lines = [
        *wrapped(f"{found.model}: {sentence(found)}", on),
        "",
        *_sides(found.earlier, found.later, on),
        "",
        *drawn(columns, rows, on),
    ]
    return "\n".join([*lines, *(line for note in found.notes for line in wrapped(f"note: {note}", on))])


def _sides(earlier: Side, later: Side, on: Screen) -> list[str]:
    columns = [
        Column(""),
        Column("window"),
        Column("rows", number=True),
        Column("check"),
        Column("loss"),
        Column("version"),
    ]
    rows = [
        Row(
            [
                name,
                str(side.window),
                f"{side.rows:,}",
                side.outcome.value if side.outcome else "not checked",
                DASH if side.loss is None else f"{side.loss_name} {number(side.loss)}",
                side.champion or DASH,
            ]
        )
        for name, side in (("earlier", earlier), ("later", later))
    ]
    return drawn(columns, rows, on)


def _row(pair: ColumnPair) -> Row:
    score = pair.score
    cells = [score.name, number(score.score), number(score.threshold), multiple(strain(score))]
    middle, missing = change(pair)
    bars = [blocks([getattr(one, side) for one in pair.bins]) for side in ("earlier", "later")]
    text = ", ".join(part for part in (middle, missing) if part)
    return Row([*cells, *bars, text], "bold" if score.drifted else "")


def blocks(shares: Sequence[float]) -> str:
    """Draw shares as bars of one line; more than 10 are summed up in pairs and triples.

    >>> blocks([0.1, 0.5, 0.4, 0.0])
    '▂█▆ '
    """
    step = -(-len(shares) // BARS) or 1
    sums = [sum(shares[at : at + step]) for at in range(0, len(shares), step)]
    top = max(sums, default=0.0) or 1.0
    return "".join(BLOCKS[0 if value <= 0 else max(1, round(value / top * 8))] for value in sums)

"""Measurements and their references: rises, standings, shares."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from driftloop.monitoring.records import (
    ColumnReference,
    ColumnScore,
    Performance,
    Reference,
    Signals,
    Window,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


DAY = timedelta(days=1)


def column(name: str = "age", role: str = "feature", **changes: object) -> ColumnReference:
    known = {"kind": "numeric", "null_share": 0.0, "distinct": 9, "method": "ks", "threshold": 0.05}
    return ColumnReference.model_validate({**known, "name": name, "role": role, **changes})


def performance(loss: float, reference_loss: float) -> Performance:
    window = Window(start=START, end=START + DAY)
    return Performance(
        loss_name="mae", loss=loss, low=loss, high=loss, rows=9, window=window, reference_loss=reference_loss
    )


def standing(loss: float, low: float, high: float, *, rows: int = 400, reference_rows: int | None = 400) -> str:
    window = Window(start=START, end=START + DAY)
    return Performance(
        loss_name="mae", loss=loss, low=low, high=high, rows=rows, window=window, reference_loss=2.0,
        reference_rows=reference_rows,
    ).standing  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "low", "high", "expected"),
    [
        (4.8, 4.3, 5.3, "worse"),
        (3.0, 2.1, 3.9, "well"),  # the lower end is above the reference loss, but that loss is uncertain as well
        (3.0, 1.9, 4.1, "well"),
        (2.05, 2.04, 2.06, "well"),  # significant, and too little to matter
        (2.11, 2.1, 2.12, "worse"),
        (1.0, 0.9, 1.1, "well"),
        (math.inf, 0.0, math.inf, "worse"),
        (9.0, 0.0, math.inf, "unknown"),  # one row has no interval
    ],
)
def test_a_champion_does_worse_only_if_significant(loss: float, low: float, high: float, expected: str) -> None:
    """A rise counts if chance in both losses does not explain it and if it is large enough to matter."""
    assert standing(loss, low, high) == expected


def test_few_reference_rows_prove_less() -> None:
    """The same rise over a reference loss of a few rows may be chance; without their number it is exact."""
    assert standing(2.5, 2.2, 2.8, reference_rows=400) == "worse"
    assert standing(2.5, 2.2, 2.8, reference_rows=40) == "well"
    assert standing(2.5, 2.2, 2.8, reference_rows=None) == "worse"


def test_no_loss_without_a_reference_loss_is_worse() -> None:
    """A model without any error on its reference is worse with the first one that chance does not explain."""
    assert performance(0.1, 0.0).standing == "worse"
    assert performance(0.0, 0.0).standing == "well"


def test_a_reference_finds_its_columns() -> None:
    """Columns are found by name and by role, in their order; what is not there is None."""
    window = Window(start=START, end=START + DAY)
    columns = (column("a"), column("b"), column("prediction", "prediction"), column("y", "target"))
    reference = Reference(
        window=window, rows=9, columns=columns, source_types={}, loss_name="mae", loss=1.0, loss_rows=9
    )
    assert reference.column("y") is columns[3]
    assert reference.column("z") is None
    assert [found.name for found in reference.of_role("target", "feature")] == ["a", "b", "y"]


@pytest.mark.parametrize(("loss", "reference", "rise"), [(12, 10, 0.2), (8, 10, -0.2), (0, 0, 0), (1, 0, math.inf)])
def test_the_rise_is_relative_to_the_reference(loss: float, reference: float, rise: float) -> None:
    """Twenty percent worse is 0.2; any loss over a perfect reference is an infinite rise."""
    assert performance(loss, reference).rise == pytest.approx(rise)


def test_the_drift_share_counts_features_only() -> None:
    """Drift of the prediction or the target is no drifted feature; without a judged feature there is no share."""

    def score(name: str, role: str, drifted: bool) -> ColumnScore:
        known = {"kind": "numeric", "method": "ks", "score": 0.5, "threshold": 0.05}
        return ColumnScore.model_validate({**known, "name": name, "role": role, "drifted": drifted})

    window = Window(start=START, end=START + DAY)
    features = (score("a", "feature", True), score("b", "feature", False))
    others = (score("prediction", "prediction", True), score("y", "target", True))
    assert Signals(window=window, rows=1, labelled_rows=0, scores=features + others).drift_share == 0.5
    assert Signals(window=window, rows=1, labelled_rows=0, scores=others).drift_share is None


def test_a_loss_beyond_all_floats_reads_back() -> None:
    """JSON has no infinity: it is null there, and an infinite loss again when it is read."""
    window = Window(start=START, end=START + DAY)
    huge = Performance(
        loss_name="mse", loss=math.inf, low=0.0, high=math.inf, rows=3, window=window, reference_loss=1.0
    )
    assert json.loads(huge.model_dump_json())["loss"] is None
    assert Performance.model_validate_json(huge.model_dump_json()) == huge

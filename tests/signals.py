"""Signals and histories for tests of what policies say: one call makes one, all else as usual."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from driftloop.monitoring.records import (
    ColumnScore,
    History,
    Learned,
    Outcome,
    PastCheck,
    Performance,
    Probe,
    Role,
    Signals,
    SliceScore,
    Window,
)
from driftloop.monitoring.records.slices import SliceStanding

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(days=7), end=NOW)


def score(name: str, role: Role, drifted: bool) -> ColumnScore:
    return ColumnScore(
        name=name, role=role, kind="numeric", method="psi", score=float(drifted), threshold=0.5, drifted=drifted
    )


def scores(drifted: int, of: int = 4) -> tuple[ColumnScore, ...]:
    """`drifted` of the features have drifted; prediction and target have with any of them."""
    features = tuple(score(f"c{n}", "feature", n < drifted) for n in range(of))
    return (*features, score("prediction", "prediction", drifted > 0), score("y", "target", drifted > 0))


def slices(rise: float) -> tuple[SliceScore, ...]:
    """One slice whose loss rose by this share of the reference, significantly if by a tenth or more, and one steady."""
    more: dict[str, Any] = {
        "rule": "zone",
        "rows": 400,
        "low": 0.9,
        "high": 9.0,
        "reference_rows": 90,
        "p_value": 0.001,
    }
    steady = SliceScore(name="b", loss=1.0, reference_loss=1.0, standing="well", **more)
    standing: SliceStanding = "worse" if rise >= 0.1 else "well"
    return SliceScore(name="a", loss=1.0 + rise, reference_loss=1.0, standing=standing, **more), steady


def performance(loss: float, *, rows: int = 500, spread: float = 0.01) -> Performance:
    return Performance(
        loss_name="mae", loss=loss, low=loss - spread, high=loss + spread, rows=rows, window=WINDOW, reference_loss=8.0
    )


def signals(
    *,
    drifted: int = 0,
    loss: float | None = 8.0,
    age: float | None = 1.0,
    labelled: int = 500,
    rows: int = 500,
    batches: float | None = 3.0,
    gap: float | None = None,
) -> Signals:
    return Signals(
        window=WINDOW,
        rows=rows,
        labelled_rows=labelled,
        scores=scores(drifted),
        performance=None if loss is None else performance(loss),
        champion="1",
        champion_age=None if age is None else timedelta(days=age),
        age_batches=batches,
        learned=Learned(batch_loss=8.0, age_gap=(0.0, 0.1, 0.2)),
        probe=None if gap is None else Probe(champion_loss=8.0, probe_loss=8.0 - gap, gap=gap, rows=500),
    )


def past(*losses: float, distance: float = 0.0) -> History:
    """Checks of the same champion, a week apart, the last one a week ago."""
    return History(
        checks=tuple(
            PastCheck(
                now=NOW - timedelta(days=7 * (len(losses) - place)),
                outcome=Outcome.STEADY,
                champion="1",
                age_batches=float(place + 1),
                rows=500,
                labelled_rows=500,
                loss=loss,
                distance=distance,
            )
            for place, loss in enumerate(losses)
        )
    )


NOTHING = Signals(window=WINDOW, rows=0, labelled_rows=0)

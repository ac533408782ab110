"""A second fit serves only if it is where its own training rows say it must."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.losses import named
from driftloop.monitoring.records import Performance, Window
from driftloop.pipelines.training.refit import below_gate, why_not
from tests.streams import day

R = np.random.default_rng(0)
TRUTH = R.normal(size=400)
JUDGED = TRUTH + R.normal(size=400)
NAMES = R.choice(["a", "b"], 400)
SURE = np.where((NAMES == "a")[:, None], [0.8, 0.2], [0.3, 0.7])


@pytest.mark.parametrize(
    ("final", "message"),
    [
        (TRUTH + 0.8 * (JUDGED - TRUTH), None),
        (JUDGED, None),
        (np.where(np.arange(400) == 7, np.nan, JUDGED), "1 of its predictions on 400 held-out rows are not finite"),
        (JUDGED + 3, "that it has learned from, where the judged model has"),
        (-JUDGED, "that it has learned from, where the judged model has"),
    ],
)
def test_numbers(final: np.ndarray, message: str | None) -> None:
    """Nearer to the truth is welcome; farther than chance explains, or no number, is not."""
    found = why_not(JUDGED, final, TRUTH, loss=named("mae"))
    assert (found is None) if message is None else (message in str(found))


@pytest.mark.parametrize(
    ("final", "well"), [(SURE, True), (SURE**2 / (SURE**2).sum(axis=1, keepdims=True), True), (SURE[:, ::-1], False)]
)
@pytest.mark.parametrize("loss", ["log_loss", "brier", "error_rate"])
def test_classes(final: np.ndarray, well: bool, loss: str) -> None:
    """Surer of the right class is welcome; the classes exchanged are not, by any loss."""
    assert (why_not(SURE, final, NAMES, loss=named(loss), classes=["a", "b"]) is None) == well


def test_far_away_without_a_worse_loss_is_refused() -> None:
    """A share of errors may hide that all probabilities moved: the distance between the models does not."""
    judged = np.where((NAMES == "a")[:, None], [0.99, 0.01], [0.01, 0.99])
    final = np.where((NAMES == "a")[:, None], [0.51, 0.49], [0.49, 0.51])
    assert "more than twice that model's error" in str(
        why_not(judged, final, NAMES, loss=named("error_rate"), classes=["a", "b"])
    )


def test_two_models_without_an_error_may_differ_by_rounding() -> None:
    """A bound of zero is no bound for the last digit."""
    assert why_not(TRUTH, TRUTH * (1 + 1e-9), TRUTH, loss=named("mae")) is None


@pytest.mark.parametrize(
    ("low", "age", "found"), [(2.5, 1.0, True), (2.5, 3.0, True), (2.5, 3.5, False), (1.5, 1.0, False)]
)
def test_a_second_fit_that_does_worse_than_the_gate_measured_is_reported(low: float, age: float, found: bool) -> None:
    """If significant, and on its first windows alone: later, age explains it."""
    window = Window(start=day(0), end=day(7))
    observed = Performance(loss_name="mae", loss=3.0, low=low, high=3.5, rows=99, window=window, reference_loss=2.0)
    findings = below_gate("4", observed, age)
    assert bool(findings) == found
    if found:
        assert "version 4 was fitted again" in findings[0].message
        assert "driftloop rollback" in findings[0].message
        (first,) = below_gate("1", observed, age, previous=False)
        assert "rollback" not in first.message
    assert below_gate("4", None, age) == ()

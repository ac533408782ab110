"""The sample of labeled rows that the causes are found in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driftloop.monitoring.records import Causes, Learned, WindowAdvice
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.diagnosing import Sample, advised
from driftloop.pipelines.training.causes import MOST_ROWS
from tests.monitoring.causes.test_judging import parts
from tests.streams import stream, write


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_sample_is_small_and_spread_over_the_labeled_rows(tmp_path: Path, pieces: int) -> None:
    """Rows without a label are not in it, predictions stay with their rows, and many rows are thinned."""
    config, rows = load(write(tmp_path)), stream(30, a_day=1000)
    sample = Sample(config, len(rows))
    predicted, known = np.arange(len(rows), dtype=float), np.arange(len(rows)) % 3 > 0
    for places in np.array_split(np.arange(len(rows)), pieces):
        sample.add(sample.of(rows.iloc[places], predicted[places], known[places]))
    count = sum(len(part.rows) for part in sample.parts)
    assert MOST_ROWS / 3 < count <= MOST_ROWS
    for part in sample.parts:
        assert known[part.predicted.astype(int)].all()
        assert np.allclose(part.rows["y"], rows["y"].to_numpy()[part.predicted.astype(int)])


def test_advice_reads_what_a_backtest_has_learned() -> None:
    """A better training window of the backtest is recommended; without causes there is nothing to advise on."""
    causes = Causes(rows=900, reference_rows=900, cause="changed_relation", split=parts(0.1, 1.0), common=0.9)
    window = WindowAdvice(span=None, saved=0.3, least=0.1, percent=10.0)
    made = advised(causes, None, None, Learned(batch_loss=1.0, window=window))
    assert made is not None
    assert made.advice is not None
    assert made.advice.action == "retrain_other_window"
    assert advised(None, None, None, None) is None

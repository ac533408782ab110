"""Models of the history: their order, what is known of each, and the sentence on what became of them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from driftloop.monitoring.records import Window
from driftloop.pipelines.backtest.history import KeptModel, kept_sentence, ranked
from tests.streams import day

NAN = np.nan


def test_each_model_has_the_end_of_its_batch_and_its_loss_in_units_of_a_fresh_one() -> None:
    """The batch after its own training does not count; the newest model has no other."""
    loss = np.array([[NAN, 1.0, 3.0, 6.0], [NAN, NAN, 1.0, 2.0], [NAN, NAN, NAN, 2.0], [NAN] * 4])
    windows = [Window(start=day(at), end=day(at) + timedelta(days=1)) for at in range(4)]
    found = {one.end: (one.batches, one.loss) for one in ranked(loss, windows, 0)}
    assert found == {day(1): (2, 3.0), day(2): (1, 1.0), day(3): (0, None)}
    assert ranked(loss, windows, 2)[0].end == day(3), "the first two had a short window"


def test_the_sentence_names_what_is_not_kept_with_its_reason() -> None:
    """Also if no model is kept at all."""
    refused = KeptModel(end=day(1), reason="too few rows")
    assert kept_sentence([refused]).startswith("no model of the history is kept for the archive. Not kept: 2026-01-0")
    both = kept_sentence([KeptModel(end=day(at), version=str(at), rank=at, trained=at == 2) for at in (1, 2)])
    assert both == "kept for the archive: 2 models of the history (versions 1, 2; 1 trained now)"

"""What a challenger is compared on, which of two fits serves, and what is recorded of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.flows import challenger
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import Parts
from tests import streams
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]
# Steps of a flow, run here without one.
pytestmark = pytest.mark.filterwarnings("ignore:Logger 'prefect.task_runs' attempted to send logs:UserWarning")
WINDOW = Window(start=day(0), end=day(21))


@pytest.fixture
def made(trained: Make) -> Callable[..., tuple[Project, Parts]]:
    """The config of a model with a champion, changed, and the parts of a window of its stream."""

    def make(window: Window = WINDOW, frame: pd.DataFrame | None = None, **changes: Any) -> tuple[Project, Parts]:
        model = trained()
        config = load(streams.write(model.folder, model=model.name, **{**model.changes, **changes}))
        rows = stream() if frame is None else frame
        within = rows[(rows["ts"] >= window.start) & (rows["ts"] < window.end)]
        return config, challenger.split_rows(config, Canonical(within.reset_index(drop=True), {}), window)

    return make


def fitted(config: Project, parts: Parts) -> Scorer:
    return challenger.fit_challenger(config, parts, config.training.params)


def test_the_labels_of_the_training_part_were_known_before_the_holdout(made: Callable[..., Any]) -> None:
    """A gap as long as the label delay is between the two; a window without labels is no training."""
    config, parts = made(columns__label_delay="2d", training__window="14d")
    gap = parts.holdout["ts"].min() - parts.train["ts"].max()
    assert gap >= config.columns.label_delay
    with pytest.raises(TrainingImpossible, match="none of them labeled"):
        made(frame=stream().assign(y=np.nan))


def test_rows_that_the_champion_has_learned_from_are_not_compared(made: Callable[..., Any]) -> None:
    """The champion of the first three weeks is compared on the later rows alone, the challenger is measured on all."""
    config, parts = made(Window(start=day(7), end=day(23)), training__window="11d")
    champion = registry.champion(config.model)
    assert any(span.start <= parts.holdout["ts"].min() < span.end for span in champion.trained_on)
    scorer = fitted(config, parts)
    against = challenger.evaluate(config, parts, scorer, champion)
    alone = challenger.evaluate(config, parts, scorer, None)
    last = max(span.end for span in champion.trained_on)
    later = int((parts.holdout["ts"] >= last).sum())
    assert 0 < later < len(parts.holdout)
    assert against.evaluation.rows == later
    assert {"challenger", "champion"} <= set(against.evaluation.losses)
    assert alone.evaluation.rows == len(parts.holdout)
    assert "champion" not in alone.evaluation.losses
    assert len(against.holdout) == len(parts.holdout)
    assert against.against == champion


def test_time_is_measured_only_where_the_gate_limits_it(made: Callable[..., Any]) -> None:
    """`gate.max_latency` asks for the seconds of both models on the same rows."""
    later = Window(start=day(21), end=day(42))
    config, parts = made(later)
    champion, scorer = registry.champion(config.model), fitted(config, parts)
    assert challenger.evaluate(config, parts, scorer, champion).evaluation.seconds == {}
    limited, parts = made(later, gate__max_latency=10)
    seconds = challenger.evaluate(limited, parts, scorer, champion).evaluation.seconds
    assert set(seconds) == {"challenger", "champion"}
    assert min(seconds.values()) > 0


def test_the_second_fit_learns_from_the_holdout_too(made: Callable[..., Any]) -> None:
    """With `training.refit` the model to store has seen all labeled rows; without it the judged model serves."""
    config, parts = made(training__refit=True)
    judged = fitted(config, parts)
    rows = Canonical(pd.concat([parts.train, parts.holdout], ignore_index=True), {})
    final = challenger.refit(config, rows, parts, judged, config.training.params)
    assert (final.refit, final.refused, final.learned.rows) == (True, None, len(rows.frame))
    assert not np.array_equal(final.scorer.predict(parts.holdout), judged.predict(parts.holdout))
    config, parts = made(training__refit=False)
    kept = challenger.refit(config, rows, parts, judged, config.training.params)
    assert (kept.scorer, kept.refit, kept.learned.rows) == (judged, False, len(parts.train))


def test_a_second_fit_that_is_far_from_the_judged_model_does_not_serve(made: Callable[..., Any]) -> None:
    """The judged model is stored, trained on its own rows, and the reason is kept for the version's tags."""
    config, parts = made(training__refit=True)
    judged = fitted(config, parts)
    # As a source would deliver it that was rewritten between the two fits.
    rows = pd.concat([parts.train, parts.holdout], ignore_index=True)
    final = challenger.refit(
        config, Canonical(rows.assign(y=rows["y"] + 1000), {}), parts, judged, config.training.params
    )
    assert (final.scorer, final.refit, final.learned.rows) == (judged, False, len(parts.train))
    assert final.refused is not None
    assert "held-out rows" in final.refused


def test_an_earlier_version_comes_back_as_the_same_stored_model(made: Callable[..., Any]) -> None:
    """Its model and seal are those of the version, with the numbers of the new comparison and a new request."""
    config, parts = made(Window(start=day(21), end=day(42)))
    champion = registry.champion(config.model)
    evaluated = challenger.evaluate(config, parts, fitted(config, parts), None)
    verdict = challenger.judge_gate(config, evaluated)
    progress = challenger.bring_back(champion, evaluated, verdict, "request-7", "run-7")
    assert (progress.model_id, progress.sealed) == (champion.model_id, champion.tags["driftloop.manifest_sha256"])
    assert (progress.challenger_loss, progress.against, progress.run_id) == (verdict.challenger_loss, None, "run-7")
    assert progress.tags["driftloop.request_id"] == "request-7"
    assert progress.tags["driftloop.brought_back"] == champion.number

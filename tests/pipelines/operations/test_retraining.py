"""A retrain asked for manually: the same question has the same answer, another one is asked again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from driftloop.monitoring.errors import SourceMissing
from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.streams import day, stream

Make = Callable[..., Model]


def test_the_same_rows_champion_and_settings_are_one_request(model: Make) -> None:
    """Asked again it trains nothing; other settings, other rows or another time are another request."""
    frame = stream()
    made = model(frame, **SMALL)
    first = retrain_now(load(made.file), day(21))
    assert first.promoted, "without a champion it trains the first one"
    again = retrain_now(load(made.file), day(35))
    assert again.request_id != first.request_id
    assert retrain_now(load(made.file), day(35)) == again
    ids = {first.request_id, again.request_id}
    made.given(gate__margin=0.5)
    ids.add(retrain_now(load(made.file), day(35)).request_id)
    made.given(frame.iloc[::2])
    ids.add(retrain_now(load(made.file), day(35)).request_id)
    assert len(ids) == 4


def test_after_a_rollback_it_trains_again_and_never_claims_what_is_not_so(model: Make) -> None:
    """The answer 'promoted' always means that this version is champion now."""
    made = model(stream(56, concept_shift_at=21), **SMALL, training__window="14d", training__holdout="4d")
    retrain_now(load(made.file), day(21))
    taken = retrain_now(load(made.file), day(42))
    assert taken.promoted
    with closing(Ledger(home.ledger_url())) as ledger:
        promotion.rollback(ledger, made.name, day(42))
    assert made.champion() == "1"
    again = retrain_now(load(made.file), day(42))
    assert again.request_id != taken.request_id
    assert again.promoted
    assert made.champion() == again.version == "3"


def test_an_unreadable_source_fails_on_the_record(trained: Make) -> None:
    """The error is raised inside the flow, where ledger and MLflow keep it."""
    made = trained(training__seed=4)
    rows = made.folder / "rows.parquet"
    rows.rename(made.folder / "away.parquet")
    with pytest.raises(SourceMissing):
        retrain_now(load(made.file), day(35))
    assert "rows.parquet" in Ledger(home.ledger_url()).requests(made.name)[0]["error"]
    (made.folder / "away.parquet").rename(rows)
    assert retrain_now(load(made.file), day(35)).challenger_loss is not None

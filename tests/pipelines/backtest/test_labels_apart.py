"""A backtest on labels that come late, in a table of their own, is the backtest on the same labels among the rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from driftloop.pipelines.backtest.run import backtest
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.config.project import load
from tests import streams
from tests.streams import day, stream

FAST = {"training__params": {"n_estimators": 5}, "training__window": "9d", "training__holdout": "2d"}
PLACE = {"path": "labels.parquet", "key": ["order"], "time": "known_at", "target": "y"}
ROWS = stream(60, 60, concept_shift_at=35).assign(order_id=lambda frame: range(len(frame)))
LABELS = pd.DataFrame({"order": ROWS["order_id"], "known_at": ROWS["ts"] + timedelta(days=3), "y": ROWS["y"]})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "home"))
    return tmp_path


def replayed(folder: Path, labels: pd.DataFrame | None) -> Study:
    frame = ROWS if labels is None else ROWS.drop(columns="y")
    more: dict[str, object] = {"columns__id": ["order_id"], "columns__label_delay": "3d", **FAST}
    if labels is not None:
        folder.mkdir()
        labels.to_parquet(folder / "labels.parquet", index=False)
        more["labels"] = PLACE
    project = load(streams.write(folder, frame, **more))
    return backtest(project, day(63), policies=["periodic", "performance_drop"], batch=timedelta(days=3))


def regrets(study: Study) -> dict[str, float]:
    return {one.name: one.regret for one in study.standings}


def test_late_labels_leave_the_regret_as_it_is(home: Path) -> None:
    """Labels that arrive within the delay change no figure; a correction long after a training does not reach it."""
    in_place = replayed(home / "in_place", None)
    assert regrets(replayed(home / "apart", LABELS)) == pytest.approx(regrets(in_place))
    # A wrong label at first, and the right one two days later, still within what the delay grants.
    wrong = LABELS.assign(y=1000.0, known_at=LABELS["known_at"] - timedelta(days=2))
    corrected = pd.concat([wrong, LABELS])
    assert regrets(replayed(home / "corrected", corrected)) == pytest.approx(regrets(in_place))
    # The right label comes so late that every model is trained on the wrong one.
    late = pd.concat([wrong, LABELS.assign(known_at=pd.Timestamp(day(62)))])
    misled = replayed(home / "misled", late)
    assert min(one.loss for one in misled.standings) > 5 * min(one.loss for one in in_place.standings)

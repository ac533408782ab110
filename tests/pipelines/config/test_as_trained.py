"""A config may move on after its champion was trained: the check goes on, reports it, and a retrain closes the gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from driftloop.monitoring.errors import ChampionOutgrown, ConfigError
from driftloop.monitoring.quality.schema import schema
from driftloop.monitoring.records import TEXT, ColumnReference, Outcome, Reference, Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known, as_trained, differences, widened
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.predictions.predict import predict_window
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.streams import day, stream

Make = Callable[..., Model]
FEWER = {"columns__numeric": ["amount"]}
MORE = {"columns__numeric": ["amount", "speed", "extra"]}
OTHER_KIND = {"columns__numeric": ["amount"], "columns__categorical": ["speed", "city", "kind"]}


@pytest.fixture
def moved(trained: Make, tmp_path: Any) -> Callable[..., Model]:
    """The shared champion under a config that was changed since, on rows with a column more."""

    def make(**changes: Any) -> Model:
        twin = Model(tmp_path)
        twin.name = trained().name
        frame = stream(seed=5)
        return twin.given(frame.assign(extra=frame["amount"] * frame["speed"]), **{**SMALL, **changes})

    return make


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        (FEWER, "config_changed", "speed"),
        (MORE, "new_feature", "extra"),
        (OTHER_KIND, "config_changed", "speed"),
        ({"performance__loss": "mse"}, "loss_changed", None),
    ],
)
def test_a_check_goes_on_with_the_champion_as_it_was_trained(
    moved: Callable[..., Model], changes: dict[str, Any], code: str, column: str | None
) -> None:
    """Every feature the champion has is judged, its loss is compared with its own, and the difference is reported."""
    check = moved(**changes).check(day(35), dry_run=True)
    assert check.outcome is Outcome.STEADY, check.reason
    assert {score.name for score in check.columns} == {"amount", "speed", "city", "kind", "prediction", "y"}
    assert check.performance is not None
    assert check.performance.loss_name == "mae"
    assert abs(check.performance.rise) < 0.5
    result = [
        finding for finding in check.findings if finding.code in {"config_changed", "new_feature", "loss_changed"}
    ]
    assert [(finding.code, finding.column, finding.severity) for finding in result] == [(code, column, "warning")]
    assert "driftloop retrain" in result[0].message


@pytest.mark.parametrize("changes", [FEWER, MORE, OTHER_KIND, {"performance__loss": "mse"}], ids=str)
def test_a_retrain_compares_both_on_their_own_features(model: Make, changes: dict[str, Any]) -> None:
    """Champion and challenger are scored on the same rows, each on its own features, and the better one takes over."""
    frame = stream()
    frame["extra"] = frame["amount"] * frame["speed"]
    made = model(frame, **{**SMALL, "training__params": {"n_estimators": 2}})
    made.check(day(21))
    made.given(**changes, training__params={"n_estimators": 60})
    project = load(made.file)
    retrain = retrain_now(project, day(42))
    assert retrain.champion_loss is not None, retrain.reason
    assert retrain.promoted, retrain.reason
    reference = registry.reference(registry.champion(made.name))
    assert {column.name: column.kind for column in reference.of_role("feature")} == {
        name: project.kind(name) for name in project.columns.features
    }
    assert reference.loss_name == project.loss.name
    assert differences(project, reference) == ()
    assert made.check(day(34)).outcome is Outcome.STEADY


def test_a_feature_that_left_config_and_source_asks_for_a_retrain(model: Make) -> None:
    """The champion is scored with the column missing, and the usual decision replaces it, though no policy fires."""
    frame = stream()
    made = model(frame, **SMALL)
    made.check(day(21))
    renamed = frame.rename(columns={"speed": "pace"})
    made.given(renamed, columns__numeric=["amount", "pace"])
    dry = made.check(day(35), dry_run=True)
    assert (dry.outcome, dry.decision) == (Outcome.STEADY, "wait"), "`never` is never"
    (found,) = [finding for finding in dry.findings if finding.severity == "error"]
    assert (found.code, found.column) == ("champion_outgrown", "speed")
    assert f"driftloop retrain {made.file}" in found.message
    assert next(score for score in dry.columns if score.name == "speed").drifted
    assert dry.standing == "worse"
    with pytest.raises(
        ChampionOutgrown, match=r"(?s)'speed': the champion \(version 1\) was trained.*driftloop retrain"
    ):
        predict_window(load(made.file), day(35))
    made.given(policies__triggers=[{"policy": "max_age", "max_age_days": 300}])
    check = made.check(day(35))
    assert check.outcome is Outcome.PROMOTED, check.reason
    assert "retrain: the champion was trained with 'speed'" in check.reason
    after = made.check(day(36))
    assert after.outcome is Outcome.STEADY
    assert [finding for finding in after.findings if finding.severity == "error"] == []


def test_a_feature_that_changed_its_kind_in_config_and_source_asks_for_a_retrain(model: Make) -> None:
    """Numbers that became words are no broken data once the config names them as a category."""
    frame = stream()
    made = model(frame, **SMALL)
    made.check(day(21))
    words = frame.assign(speed=np.where(frame["speed"] > 0, "fast", "slow"))
    made.given(words, policies__triggers=[{"policy": "max_age", "max_age_days": 300}])
    broken = made.check(day(35), dry_run=True)
    assert broken.outcome is Outcome.BAD_DATA
    assert f"driftloop retrain {made.file}" in broken.reason
    made.given(columns__numeric=["amount"], columns__categorical=["speed", "city", "kind"])
    check = made.check(day(35))
    assert check.decision == "retrain", check.reason
    assert check.outcome is Outcome.PROMOTED, check.reason


def test_what_both_need_and_what_one_needs_are_different_errors(model: Make) -> None:
    """A feature that config and champion name is broken data, with both remedies; one of the config alone is not."""
    frame = stream()
    made = model(frame, **SMALL)
    made.check(day(21))
    check = made.given(frame.drop(columns="speed")).check(day(35), dry_run=True)
    assert check.outcome is Outcome.BAD_DATA
    for part in ("which the config and the champion (version 1) name", "restore the column", "driftloop retrain"):
        assert part in check.reason
    check = made.given(frame, columns__numeric=["amount", "sped"]).check(day(35), dry_run=True)
    assert check.outcome is Outcome.STEADY
    (found,) = [finding for finding in check.findings if finding.severity == "error"]
    assert (found.code, found.column) == ("config_column_lost", "sped")
    assert "Did you mean 'speed'" in found.message


def test_another_target_is_another_model(moved: Callable[..., Model]) -> None:
    """A check calls it bad data, a retrain a wrong config; both name the two targets, and the champion stays."""
    made = moved(columns__target="extra")
    champion = made.champion()
    check = made.check(day(35), dry_run=True)
    assert check.outcome is Outcome.BAD_DATA
    assert "'y'" in check.reason or " y " in check.reason
    with pytest.raises(ConfigError, match=r"(?s)columns\.target: the target is 'extra'.*'y'.*rename the model"):
        retrain_now(load(made.file), day(35))
    classes = moved(task="binary", columns__target="y")
    assert classes.check(day(35), dry_run=True).outcome is Outcome.BAD_DATA
    with pytest.raises(ConfigError, match=r"(?s)task: .*numeric"):
        retrain_now(load(classes.file), day(35))
    assert made.champion() == champion


def test_a_config_that_did_not_move_is_the_same(trained: Make) -> None:
    """Without a change nothing is widened, renamed or reported."""
    made = trained()
    project = load(made.file)
    reference = registry.reference(registry.champion(made.name))
    assert as_trained(project, reference).columns == widened(project, reference).columns == project.columns
    assert differences(project, reference) == ()


@pytest.mark.parametrize(
    ("source_type", "texts", "then"),
    [
        ("BOOLEAN", ["true", "False", "unknown"], ["True", "False", "unknown"]),
        ("DOUBLE", ["1.10", "2.00", "X1"], ["1.1", "2", "X1"]),
        ("BIGINT", ["007", "8", "x"], ["7", "8", "x"]),
        (TEXT + "text", ["true", "1.10", "007"], ["true", "1.10", "007"]),
        ("VARCHAR", ["true", "1.10", "007"], ["true", "1.10", "007"]),
    ],
)
def test_an_older_champion_gets_categories_as_they_were_spelled(
    tmp_path: Path, source_type: str, texts: list[str], then: list[str]
) -> None:
    """When the values of a CSV together made its type: in checks, and where it is compared with a challenger."""
    lines = [f"2026-01-0{at + 2},{at},{text},{text}" for at, text in enumerate(texts)]
    (tmp_path / "rows.csv").write_text("\n".join(["ts,amount,kind,y", *lines]) + "\n")
    given = {"time": "ts", "target": "y", "numeric": ["amount"], "categorical": ["kind"]}
    task: dict[str, Any] = {"model": "m", "task": "multiclass", "source": {"path": "rows.csv"}, "columns": given}
    task |= {"training": {"window": "28d", "holdout": "7d"}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(task))
    config = load(tmp_path / "m.yaml")
    window = Window(start=day(-30), end=day(30))
    now = read_fresh(Query(config, window, tmp_path))
    assert now.frame["kind"].tolist() == now.frame["y"].tolist() == texts
    empty: dict[str, Any] = {"fence_low": None, "fence_high": None, "method": "tvd", "null_share": 0.0, "distinct": 3}
    columns = tuple(
        ColumnReference(name=name, role=role, kind=kind, levels=() if kind == "numeric" else tuple(then), **empty)
        for name, role, kind in (
            ("amount", "feature", "numeric"),
            ("kind", "feature", "categorical"),
            ("y", "target", "categorical"),
        )
    )
    before = Reference(
        window=window,
        rows=3,
        columns=columns,
        source_types={"ts": "TIMESTAMP", "amount": "BIGINT", "kind": source_type, "y": source_type},
        loss_name="log_loss",
        loss=1.0,
        loss_rows=3,
    )
    known = read_fresh(Query(as_trained(config, before), window, tmp_path))
    assert known.frame["kind"].tolist() == known.frame["y"].tolist() == then
    sibling = as_known(now.frame, before)
    assert sibling["kind"].tolist() == sibling["y"].tolist() == then
    assert not [f for f in schema(known.source_types, before) if f.code == "source_type_changed"]

"""Labels of two classes of any type: the same models, metrics, triggers and gate as with labels that are text."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.backtest.run import backtest
from driftloop.pipelines.config.project import load
from tests.servers.postgres import Postgres
from tests.streams import day, stream, write

Make = Callable[..., Any]
ASKED: dict[str, Any] = {
    "task": "binary",
    "metrics": ["roc_auc", "pr_auc"],
    "gate__metric_floor": {"roc_auc": 0.6},
    "training__params": {"n_estimators": 10},
    "policies__triggers": [{"policy": "performance_drop", "metric": "roc_auc", "max_rise": 0.05}],
}
NAMES = {"key": ["order"], "time": "known_at", "target": "outcome"}
# Labels for no and yes, the type of the column, and the classes that they are.
KINDS: dict[str, tuple[tuple[Any, Any], Any, tuple[str, str]]] = {
    "float": ((0.0, 1.0), "float64", ("0", "1")),
    "small": ((0, 1), "int8", ("0", "1")),
    "boolean": ((False, True), "bool", ("False", "True")),
    "digits": (("0", "1"), "object", ("0", "1")),
    "words": (("no", "yes"), "object", ("no", "yes")),
    "decimal": ((Decimal("0.00"), Decimal("1.00")), "object", ("0", "1")),
}
FEW = [pytest.param(name, marks=() if name == "float" else pytest.mark.faults) for name in KINDS]
# Types of PostgreSQL, with a spelling of no and yes.
TABLES = {
    "boolean": ("f", "t"),
    "smallint": ("0", "1"),
    "numeric(3, 1)": ("0.0", "1.0"),
    "double precision": ("0", "1"),
}
SOME = [pytest.param(name, marks=() if name == "boolean" else pytest.mark.faults) for name in TABLES]


def as_kind(kind: str) -> tuple[pd.DataFrame, pd.Series]:
    """Rows with labels of a kind, and whether each is the second class; the concept turns on day 28."""
    rows = stream(35, task="binary")
    hit = (rows["y"] == "yes") != (rows["ts"] >= day(28))
    (no, yes), dtype, _ = KINDS[kind]
    return rows.assign(y=hit.map({False: no, True: yes}).astype(dtype)), hit


def proven(made: Any, hit: pd.Series, classes: tuple[str, str]) -> None:
    """The metrics of two checks are those of scikit-learn, the trigger on one fires, and the gate has compared it."""
    first = made.check(day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    champion = registry.champion(made.name)
    scorer = registry.scorer(champion, load(made.file).training)
    assert scorer.classes == classes
    assert registry.reference(champion).metrics["roc_auc"] > 0.6
    good = made.check(day(28))
    assert good.outcome is Outcome.STEADY, good.reason
    rows = stream(35, task="binary")
    week = (rows["ts"] >= day(21)) & (rows["ts"] < day(28))
    scores = scorer.predict(rows[week])[:, 1]
    found = {one.metric: one.value for one in good.metrics}
    assert found["roc_auc"] == pytest.approx(roc_auc_score(hit[week], scores))
    assert found["pr_auc"] == pytest.approx(average_precision_score(hit[week], scores))
    turned = made.check(day(35))
    assert (turned.decision, turned.votes[0].vote) == ("retrain", "fire"), turned.reason
    assert turned.retrain is not None
    assert turned.retrain.challenger_loss is not None, turned.retrain.reason
    assert {one.code for one in turned.findings} & {"unknown_class", "new_category"} == set()


@pytest.mark.parametrize("kind", FEW)
def test_labels_of_any_type_have_the_same_metrics(model: Make, kind: str) -> None:
    """In a file, next to the features."""
    rows, hit = as_kind(kind)
    proven(model(rows, **ASKED), hit, KINDS[kind][2])


@pytest.mark.parametrize("kind", SOME)
def test_labels_of_a_table_differ_in_type_from_the_rows(
    model: Make, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """On PostgreSQL, with rows in a file that have a column of the target's name, of another type."""
    rows, hit = as_kind("words")
    rows = rows.assign(order_id=[f"A{at:06}" for at in range(len(rows))], y=(~hit).astype("int64"))
    place = postgres.place()
    no, yes = TABLES[kind]
    table = pd.DataFrame(
        {"order": rows["order_id"], "known_at": rows["ts"], "outcome": hit.map({False: no, True: yes})}
    )
    with psycopg.connect(postgres.url(place), autocommit=True) as con:
        con.execute(f'CREATE TABLE outcomes ("order" text, known_at timestamptz, outcome {kind})')
        with con.cursor().copy("COPY outcomes FROM STDIN (FORMAT csv)") as copy:
            copy.write(table.to_csv(index=False, header=False))
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)
    labels = {"url": postgres.url(place, password="${SHOP_PASSWORD}"), "table": "outcomes", **NAMES}
    made = model(rows, labels=labels, columns__id=["order_id"], **ASKED)
    proven(made, hit, ("False", "True") if kind == "boolean" else ("0", "1"))


@pytest.mark.faults
def test_a_backtest_is_the_same_for_labels_of_any_type(tmp_path: Path) -> None:
    """A trigger on a metric is replayed with the same retrains and losses."""
    frame, found = stream(days=100, a_day=60, task="binary", concept_shift_at=60), {}
    trigger = [{"policy": "performance_drop", "metric": "roc_auc", "max_rise": 0.01}]
    small = {**ASKED, "preflight__min_rows": 20, "training__min_rows": 50, "policies__triggers": trigger}
    for kind, ((no, yes), dtype, _) in KINDS.items():
        rows = frame.assign(y=frame["y"].map({"no": no, "yes": yes}).astype(dtype))
        study = backtest(load(write(tmp_path / kind, rows, **small)), day(200), policies=["config"])
        found[kind] = [(one.name, one.losses, one.schedule) for one in study.standings]
    (schedule,) = [retrains for name, _, retrains in found["words"] if name.startswith("config: performance_drop")]
    assert schedule, found["words"]
    assert all(one == found["words"] for one in found.values())

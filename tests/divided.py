"""Rows in several files that differ, for engines: all that is read of them, and all that a check judges of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.errors import MissingColumns, SourceUnreadable
from driftloop.monitoring.records import Check, Outcome, Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.operations.retraining import retrain_now
from tests.conftest import Model
from tests.streams import day, stream, write

WHOLE = Window(start=day(0), end=day(42))
SOME = Window(start=day(10), end=day(17))
EVERYTHING: dict[str, Any] = {
    "source": {"path": "parts/*.parquet"},
    "columns__weight": "w",
    "columns__rules": {"speed": {"min": -9}},
    "slices": ["kind", {"discover": 1}],
    "performance": {"loss": "mse"},
    "policies__triggers": [{"policy": "performance_drop"}],
    "drift__sample_rows": 300,
}


def divided(folder: Path, ending: str, files: int = 4, **changes: Any) -> Project:
    """Six weeks in files that differ: a column is missing in one, has another type in the next; hard values in all."""
    rows = stream(42, a_day=60)
    draws = np.random.default_rng(1)
    rows["y"] = rows["y"].where(draws.uniform(size=len(rows)) > 0.1)
    rows.loc[5, "speed"] = np.inf
    rows["n"] = np.arange(len(rows)) % 7 + 1.0
    rows["key"] = np.arange(len(rows)) // 2
    folder.mkdir(exist_ok=True)
    for place, part in enumerate(np.array_split(np.arange(len(rows)), files)):
        some = rows.iloc[part].copy()
        if place == 1:
            some = some.drop(columns="kind")
        if place == 2:
            some["amount"] = some["amount"].round().astype("int64")
            some["city"] = some["city"].map({"berlin": 1, "paris": 2, "rome": 3})
        if ending == "parquet":
            some.to_parquet(folder / f"{place}.parquet", index=False)
            continue
        text = some.astype({"amount": str})
        text.loc[text.index[3], "amount"] = "1.5%"
        if ending == "csv":
            text.to_csv(folder / f"{place}.csv", index=False)
        else:
            text.to_json(folder / f"{place}.jsonl", orient="records", lines=True, date_format="iso")
    return load(write(folder, source={"path": f"*.{ending}"}, **changes))


def refused_alike(folder: Path, read: Callable[[Project], Fresh]) -> None:
    """Assert that a missing column and a broken file are the same errors for an engine as for this process."""
    project = divided(folder, "parquet")
    without = load(write(project.folder, source={"path": "*.parquet"}, columns__numeric=["amount", "no_such"]))
    with pytest.raises(MissingColumns) as there:
        read(without)
    with pytest.raises(MissingColumns) as here:
        read_fresh(Query(without, WHOLE, project.folder))
    assert str(there.value) == str(here.value)
    file = project.folder / "2.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:8] + b"\xff" * 400 + whole[408:])
    with pytest.raises(SourceUnreadable, match=r"2\.parquet") as broken:
        read_fresh(Query(project, WHOLE, project.folder))
    with pytest.raises(SourceUnreadable) as broken_there:
        read(project)
    assert str(broken_there.value) == str(broken.value)


def facts(fresh: Fresh) -> dict[str, Any]:
    """All that a check takes from rows, but for the rows."""
    return {
        "digest": fresh.digest,
        "of a window": (fresh.digest_of(SOME), fresh.count(SOME), fresh.repeated_share(SOME)),
        "findings": fresh.findings,
        "types": fresh.source_types,
        "order": fresh.in_order,
        "ids": fresh.joined.counted(SOME) if fresh.joined else None,
        "rules": fresh.ruled,
        "moments": fresh.moments.tolist(),
        "weights": None if (weights := fresh.weights(SOME)) is None else weights.tolist(),
    }


def champion_of_parts(folder: Path) -> Model:
    """A champion of the first three weeks; numbers and target are others in the last three. A file has two days."""
    rows = stream(42, a_day=120, input_shift_at=21, concept_shift_at=21)
    rows["w"] = np.random.default_rng(0).uniform(0.5, 2, len(rows))
    model = Model(folder)
    parts = model.folder / "parts"
    parts.mkdir()
    for number, part in enumerate(np.array_split(np.arange(len(rows)), 21)):
        rows.iloc[part].to_parquet(parts / f"{number:02}.parquet", index=False)
    model.given(None, training__params={"n_estimators": 10}, **EVERYTHING)
    check = model.check(day(21))
    assert check.outcome is Outcome.BOOTSTRAPPED, check.reason
    return model


def trained_alike(there: Model, here: Model, engine: dict[str, Any], place: str) -> None:
    """Assert that an engine trains the first champion and the next: rows and verdict as here, the loss within noise.

    `here` is `champion_of_parts`; `place` names the engine in records.
    """
    there.given(None, training__params={"n_estimators": 10}, **EVERYTHING)
    shutil.copytree(here.folder / "parts", there.folder / "parts")
    there.given(engine=engine)
    check = there.check(day(21))
    assert check.outcome is Outcome.BOOTSTRAPPED, check.reason
    assert check.counting is not None
    assert check.counting.sentence().startswith(f"by {place}, 21 files in ")
    own, (local, *_) = (
        registry.champion(there.name),
        sorted(registry.versions(here.name), key=lambda one: int(one.number)),
    )
    for tag in ("driftloop.trained_on", "driftloop.learned_rows", "driftloop.refit", "driftloop.recipe"):
        assert own.tags[tag] == local.tags[tag]
    theirs, ours = registry.reference(own), registry.reference(local)
    assert theirs.loss == pytest.approx(ours.loss, rel=0.05)
    assert [column.name for column in theirs.columns] == [column.name for column in ours.columns]
    retrain = retrain_now(load(there.file), day(28))
    assert (retrain.code, retrain.promoted) == ("better", True)


def judged(check: Check) -> dict[str, Any]:
    """All that is recorded of a verdict, without ids, places and what names the engine."""
    record = check.model_dump(mode="json")
    for name in ("check_id", "counting", "report", "mlflow_run_id", "prefect_flow_run_id", "started", "cached"):
        record.pop(name, None)
    return record


def differences(found: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Yield where two records differ: numbers by more than the noise of merged sums, all else at all."""
    if isinstance(expected, dict) and found.keys() == expected.keys():
        for name, value in expected.items():
            yield from differences(found[name], value, f"{place}.{name}")
    elif isinstance(expected, list) and len(found) == len(expected):
        for number, value in enumerate(expected):
            yield from differences(found[number], value, f"{place}[{number}]")
    elif found != (pytest.approx(expected, rel=1e-9) if isinstance(expected, float) else expected):
        yield f"{place}: {found} is not {expected}"

"""Made streams for the tests: known drift at a known moment, everything seeded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

# Few and deep, so that a fit is quick and learns what these streams hold.
TREES = {"n_estimators": 40, "max_depth": 6, "min_child_weight": 1, "subsample": 1.0, "colsample_bytree": 1.0}
START = datetime(2026, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def day(number: float) -> datetime:
    """The moment this many days after the stream's start."""
    return START + timedelta(days=number)


def stream(
    days: int = 42,
    a_day: int = 120,
    *,
    seed: int = 0,
    input_shift_at: float | None = None,
    concept_shift_at: float | None = None,
    gradual: float = 0.0,
    task: str = "regression",
) -> pd.DataFrame:
    """Rows with two numbers, two categories and a target.

    From `input_shift_at` on the numbers come two sd higher; from `concept_shift_at` on the target answers otherwise;
    `gradual` is how much the answer moves a day.
    """
    generator = np.random.default_rng(seed)
    n = days * a_day
    at = np.sort(generator.uniform(0, days, n))
    amount, speed = generator.normal(10, 2, n), generator.normal(0, 1, n)
    if input_shift_at is not None:
        amount = amount + 4 * (at >= input_shift_at)
        speed = speed + 2 * (at >= input_shift_at)
    city = generator.choice(["berlin", "paris", "rome"], n, p=[0.5, 0.3, 0.2])
    kind = generator.choice(["a", "b"], n)
    answer = 2 * amount + 3 * speed + np.where(city == "rome", 5, 0) + at * gradual
    if concept_shift_at is not None:
        answer = np.where(at >= concept_shift_at, 60 - answer, answer)
    answer = answer + generator.normal(0, 1, n)
    if task == "binary":
        target: Any = np.where(answer > 21, "yes", "no")
    elif task == "multiclass":
        target = np.select([answer < 18, answer < 25], ["low", "middle"], "high")
    else:
        target = answer
    return pd.DataFrame(
        {
            "ts": pd.to_datetime([day(x) for x in at]),
            "amount": amount,
            "speed": speed,
            "city": city,
            "kind": kind,
            "y": target,
        }
    )


def config(**changes: Any) -> dict[str, Any]:
    """A config for such a stream; nested keys are given with dots in place of `__`."""
    made: dict[str, Any] = {
        "model": "made",
        "task": "regression",
        "source": {"path": "rows.parquet"},
        "columns": {"time": "ts", "target": "y", "numeric": ["amount", "speed"], "categorical": ["city", "kind"]},
        "windows": {"current": "7d"},
        # Drawing is most of a check's time; what a whole report holds is proven where it is made.
        "drift": {"report_columns": 1},
        "preflight": {"min_rows": 50},
        "policies": {"triggers": [{"policy": "performance_drop"}], "guards": []},
        "training": {"window": "21d", "holdout": "5d", "min_rows": 200, "estimator": "xgboost", "params": TREES},
        "gate": {"min_rows": 50},
    }
    for dotted, value in changes.items():
        *path, last = dotted.split("__")
        place = made
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return made


def write(folder: Path, frame: pd.DataFrame | None = None, **changes: Any) -> Path:
    """Write rows and config into a folder; gives the YAML's path."""
    folder.mkdir(parents=True, exist_ok=True)
    if frame is not None:
        frame.to_parquet(folder / "rows.parquet", index=False)
    file = folder / "model.yaml"
    file.write_text(yaml.safe_dump(config(**changes), sort_keys=False))
    return file


def flow_config(file: Path | str) -> Any:
    """The path of a config as a flow takes it: Prefect reads the file by the flow's own types."""
    return str(file)

"""What benchmarks/estimates.py compares with: NannyML estimates batches without labels, in its own environment.

    python estimates_peer.py FOLDER

Reads `reference.parquet` (features, `prediction`, `score` of the positive class for two classes, `target`) and
`batches.parquet` (the same without `target`, with `batch`), and prints the estimate, its lower and its upper
confidence boundary for each batch, as JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

OTHER = ("prediction", "score", "target", "batch")


def estimates(folder: Path) -> list[tuple[float, float, float]]:
    """Estimate MAE by DLE for a regression, and the error rate by CBPE for two classes; both with their defaults."""
    reference, batches = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "batches"))
    features = [name for name in reference.columns if name not in OTHER]
    words = [name for name in features if not pd.api.types.is_numeric_dtype(reference[name])]
    for frame in (reference, batches):
        frame[words] = frame[words].astype("category")
    fitted, metric = _fitted(reference, features)
    found = []
    for _, batch in batches.groupby("batch", sort=True):
        table = fitted.estimate(batch.drop(columns="batch")).filter(period="analysis").to_df()
        row = table[metric].iloc[0]
        numbers = [float(row[name]) for name in ("value", "lower_confidence_boundary", "upper_confidence_boundary")]
        loss, low, high = numbers if metric == "mae" else (1 - numbers[0], 1 - numbers[2], 1 - numbers[1])
        found.append((loss, low, high))
    return found


def _fitted(reference: pd.DataFrame, features: list[str]) -> tuple[Any, str]:
    import nannyml

    if "score" not in reference:
        estimator = nannyml.DLE(features, "prediction", "target", metrics="mae", chunk_number=1)
        return estimator.fit(reference), "mae"
    estimator = nannyml.CBPE(
        "accuracy", "score", "target", "classification_binary", y_pred="prediction", chunk_number=1
    )
    return estimator.fit(reference), "accuracy"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(estimates(Path(sys.argv[1]))))

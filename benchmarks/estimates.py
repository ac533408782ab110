"""How good is a loss that is estimated without labels: on real streams, next to what was measured and to NannyML.

    python -m benchmarks.estimates DATA [--batches 40] [--peers FOLDER]

DATA as for `benchmarks.policies`. A stream is cut into batches of equal rows. A champion is trained on the older four
fifths of eight batches, its estimator fitted on the newest fifth, and the next eight batches are estimated and then
looked up; so on to the end. Classes are judged by the log loss and by the error rate, which is what NannyML estimates
too. It gets the same predictions of the same rows; its interval is its confidence boundary, three sampling errors
wide. Per stream and loss: batches, how many the estimate applied to by its own account, and

- `error`: the median of |estimated - realized| / realized where it applies, next to that of NannyML and of the
  reference loss taken as the estimate; `anywhere`: ours and NannyML's over all batches;
- `held`: the share of realized losses within the interval where it applies, ours and NannyML's;
- `rise`: by how much the realized loss lay above the reference in the median batch, where the estimate applies and
  where it states that it does not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers import FOLDER, installed
from benchmarks.policy_streams import FIXED, MOST_ROWS, Stream, streams, training
from driftloop.monitoring.estimation import judge, sum_losses
from driftloop.monitoring.losses import named
from driftloop.pipelines.training.loss_model import expect, fit_loss_model
from driftloop.pipelines.training.scorer import Scorer

SCRIPT = Path(__file__).with_name("estimates_peer.py")
SPAN = 8
TREES = 160
# A batch is looked at in this many rows at most, evenly spaced.
BATCH_ROWS = 5000


def main() -> None:
    """Print a row for each stream."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--peers", type=Path, default=FOLDER)
    options = parser.parse_args()
    peer = installed(options.peers, "nannyml")["nannyml"]
    if peer is None:
        print("nannyml does not install here and is left out.\n")
    print(
        "| stream, loss | batches | applicable | error | of NannyML | of the reference loss | anywhere | of NannyML "
        "| held | by NannyML | rise | rise elsewhere |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    begun = time.perf_counter()
    for load in streams(options.data).values():
        stream = load()
        losses = [stream.loss] if stream.task == "regression" else [stream.loss, "error_rate"]
        for loss in losses:
            made = _stream(replace(stream, loss=loss), options.batches, peer if loss in ("mae", "error_rate") else None)
            print(f"| {stream.name}, {loss} | {' | '.join(_row(made))} |", flush=True)
    print(f"\n{time.perf_counter() - begun:.0f} s")


def _row(made: pd.DataFrame) -> list[str]:
    """Return the cells of one stream and loss; those of the peer are empty where it does not know the loss."""
    applies = made["applies"]
    within, beyond = made[applies], made[~applies]

    def error(rows: pd.DataFrame, of: str) -> str:
        return _median(100 * (rows[of] - rows["realized"]).abs() / rows["realized"])

    def held(low: str, high: str) -> str:
        if within.empty or within[low].isna().all():
            return ""
        return f"{within['realized'].between(within[low], within[high]).mean():.0%}"

    return [
        f"{len(made)}",
        f"{applies.sum()}",
        *(error(within, of) for of in ("loss", "peer", "reference")),
        *(error(made, of) for of in ("loss", "peer")),
        held("low", "high"),
        held("peer_low", "peer_high"),
        *(_median(100 * (part["realized"] / part["reference"] - 1)) for part in (within, beyond)),
    ]


def _median(values: pd.Series) -> str:
    return f"{values.median():.1f}%" if values.notna().any() else ""


def _stream(stream: Stream, batches: int, peer: str | None) -> pd.DataFrame:
    """For each batch: whether the estimate applies, estimate, interval, realized and reference loss, and the peer's."""
    edges = np.linspace(0, len(stream.frame), batches + 1).astype(int)
    params = {**FIXED, "n_estimators": TREES}
    settings = training(estimator="xgboost", params=params, threads=2)
    found = []
    for at in range(SPAN, batches, SPAN):
        window = np.arange(edges[at - SPAN], edges[at])
        window = window[:: -(-len(window) // MOST_ROWS)]
        train, held = np.split(window, [len(window) * 4 // 5])
        scorer = stream.fitted(train, settings)
        model = fit_loss_model(scorer, stream.frame.iloc[held], stream.truth(held), named(stream.loss), threads=2)
        parts = [
            rows[:: -(-len(rows) // BATCH_ROWS)]
            for rows in (np.arange(*pair) for pair in pairwise(edges[at : at + SPAN + 1]))
        ]
        theirs = _theirs(peer, stream, scorer, held, parts) if peer else [(np.nan,) * 3] * len(parts)
        for rows, (value, low, high) in zip(parts, theirs, strict=True):
            frame = stream.frame.iloc[rows]
            expected = sum_losses(*expect(model, frame, scorer.predict(frame)))
            estimate = judge(model.estimator, expected, reference_loss=model.estimator.loss)
            found.append(
                {
                    "applies": estimate.applicable,
                    "loss": estimate.loss,
                    "low": estimate.low,
                    "high": estimate.high,
                    "realized": stream.losses(scorer, rows).mean(),
                    "reference": model.estimator.loss,
                    "peer": value,
                    "peer_low": low,
                    "peer_high": high,
                }
            )
    return pd.DataFrame(found)


def _theirs(
    peer: str, stream: Stream, scorer: Scorer, held: np.ndarray, parts: list[np.ndarray]
) -> list[tuple[float, float, float]]:
    """Return the peer's estimate and interval for each batch, from a process in its own environment."""
    with tempfile.TemporaryDirectory(prefix="driftloop-bench-") as place:
        folder = Path(place)
        _served(stream, scorer, held).assign(target=stream.target.iloc[held]).to_parquet(folder / "reference.parquet")
        batches = [_served(stream, scorer, rows).assign(batch=at) for at, rows in enumerate(parts)]
        pd.concat(batches).to_parquet(folder / "batches.parquet")
        quiet = os.environ | {"NML_DISABLE_USAGE_LOGGING": "true", "PYTHONWARNINGS": "ignore"}
        quiet.pop("PYTHONPATH", None)
        command = [peer, str(SCRIPT), str(folder)]
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=True, timeout=600)
    return [tuple(one) for one in json.loads(done.stdout.strip().splitlines()[-1])]


def _served(stream: Stream, scorer: Scorer, rows: np.ndarray) -> pd.DataFrame:
    """Return the features of these rows with the prediction, and the score of the second of two classes."""
    frame = stream.frame.iloc[rows]
    predicted = scorer.predict(frame)
    if not scorer.classes:
        return frame.assign(prediction=predicted)
    return frame.assign(prediction=predicted.argmax(axis=1), score=predicted[:, 1])


if __name__ == "__main__":
    main()

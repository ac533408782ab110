"""How good is a loss that is estimated without labels: on real streams, next to what was measured.

    python -m benchmarks.estimates DATA [--batches 40]

DATA as for `benchmarks.policies`. A stream is cut into batches of equal rows. A champion is trained on the older four
fifths of eight batches, its estimator fitted on the newest fifth, and the next eight batches are estimated and then
looked up; so on to the end. Per stream: batches, how many the estimate applied to by its own account, and of those

- `error`: the median of |estimated - realized| / realized, next to that of the reference loss taken as the estimate;
- `held`: the share of realized losses within the 95% CI;
- `rise`: by how much the realized loss lay above the reference in the median batch, where the estimate applies and
  where it states that it does not.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.policy_streams import FIXED, MOST_ROWS, Stream, streams, training
from driftloop.monitoring.estimation import judge, sum_losses
from driftloop.monitoring.losses import named
from driftloop.pipelines.training.loss_model import expect, fit_loss_model

SPAN = 8
TREES = 160
# A batch is looked at in this many rows at most, evenly spaced.
BATCH_ROWS = 5000


def main() -> None:
    """Print a row for each stream."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--batches", type=int, default=40)
    options = parser.parse_args()
    print("| stream | batches | applicable | error | of the reference loss | held | rise | rise elsewhere |")
    print("|---|---|---|---|---|---|---|---|")
    begun = time.perf_counter()
    for name, load in streams(options.data).items():
        estimated = _stream(load(), options.batches)
        applies = estimated[:, 0] == 1
        loss, low, high, realised, reference = estimated[applies].T[1:]
        rises = [100 * (part[:, 4] / part[:, 5] - 1) for part in (estimated[applies], estimated[~applies])]
        estimate = [
            *(_median(100 * np.abs(one - realised) / realised) for one in (loss, reference)),
            f"{np.mean((low <= realised) & (realised <= high)):.0%}" if applies.any() else "",
            *(_median(rise) for rise in rises),
        ]
        print(f"| {name} | {len(estimated)} | {applies.sum()} | {' | '.join(estimate)} |", flush=True)
    print(f"\n{time.perf_counter() - begun:.0f} s")


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):.1f}%" if len(values) else ""


def _stream(stream: Stream, batches: int) -> np.ndarray:
    """For each batch: whether the estimate applies, estimate, low, high, realized and reference loss."""
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
        for batch in range(at, min(at + SPAN, batches)):
            rows = np.arange(edges[batch], edges[batch + 1])
            rows = rows[:: -(-len(rows) // BATCH_ROWS)]
            frame = stream.frame.iloc[rows]
            expected = sum_losses(*expect(model, frame, scorer.predict(frame)))
            estimate = judge(model.estimator, expected, reference_loss=model.estimator.loss)
            realised = stream.losses(scorer, rows).mean()
            numbers = (estimate.loss, estimate.low, estimate.high, realised, model.estimator.loss)
            found.append([float(estimate.applicable), *(np.nan if one is None else one for one in numbers)])
    return np.array(found)


if __name__ == "__main__":
    main()

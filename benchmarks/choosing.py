"""Whether probes choose well what to train on: the loss to come of what they chose, next to every fixed choice.

    python -m benchmarks.choosing DATA [--batches 40] [--rows 40000]

DATA as for `benchmarks.policies`. A stream, thinned to `rows`, is cut into batches of equal rows. After every fourth
batch a model is trained by what `training.window: {choose: 8 batches}` would choose, without the gate, and by each
candidate; all are scored on the next four batches. Losses are means over those, in percent of the last W's:

- `2W`, `everything`, `season`: always that one, where the history holds it, else the last W;
- `chosen`: what the probes chose, earlier choices as they are included;
- `hindsight`: whichever turned out best.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.policy_streams import FIXED as FIXED_PARAMS
from benchmarks.policy_streams import Stream, streams
from driftloop.monitoring.records import Window
from driftloop.monitoring.windows import within
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.candidates import candidates, halves, parts_of, pick
from driftloop.pipelines.training.probe import fit_probe
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import divide, learn, losses

SPAN, STEP, ARCHIVED = 8, 4, 3
DAWN, DAY = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=1)
FIXED = ("last_2w", "everything", "season")


def main() -> None:
    """Print a row for each stream."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--rows", type=int, default=40_000)
    options = parser.parse_args()
    print("| stream | trainings | 2W | everything | season | chosen | hindsight | what was chosen |")
    print("|---|---|---|---|---|---|---|---|")
    begun = time.perf_counter()
    for name, load in streams(options.data).items():
        found, chosen = _stream(load(), options.batches, options.rows)
        plain = found["last_w"]
        shares = [100 * found[kind].mean() / plain.mean() for kind in (*FIXED, "chosen", "hindsight")]
        counts = ", ".join(f"{kind} {count}" for kind, count in chosen.most_common())
        print(f"| {name} | {len(plain)} | {' | '.join(f'{share:.1f}' for share in shares)} | {counts} |", flush=True)
    print(f"\n{time.perf_counter() - begun:.0f} s")


def _stream(stream: Stream, batches: int, most: int) -> tuple[dict[str, np.ndarray], Counter[str]]:
    """The loss to come after each training, by what was trained on; and how often what was chosen."""
    config, frame = _config(stream), _frame(stream, batches, most)
    found: list[dict[str, float]] = []
    chosen: Counter[str] = Counter()
    served: list[Scorer] = []
    for at in range(SPAN, batches, STEP):
        window = Window(start=DAWN + (at - SPAN) * DAY, end=DAWN + at * DAY)
        known = frame[frame["ts"] < window.end]
        judged, gate = halves(divide(config, within(known, "ts", window), window).holdout, "ts")
        coming = within(frame, "ts", Window(start=window.end, end=window.end + STEP * DAY))
        newest = judged["ts"].iloc[0].to_pydatetime()
        spans = {span.name: span for span in candidates(config, known, window, judged)}
        models = {name: learn(config, parts_of(span, known, gate, config).train, {}) for name, span in spans.items()}
        probed = {
            name: float(losses(config, fit_probe(config, span.rows(known, "ts", newest)), judged).mean())
            for name, span in spans.items()
        }
        best = pick(probed)
        archived = {f"earlier_{n}": model for n, model in enumerate(reversed(served[-ARCHIVED:]), 1)}
        old = {name: float(losses(config, model, judged).mean()) for name, model in archived.items()}
        if pick({best: probed[best]} | old) in archived:
            full = learn(config, spans[best].rows(known, "ts", newest), {})
            best = pick({best: float(losses(config, full, judged).mean())} | old)
        models |= archived
        chosen["earlier" if best in archived else best] += 1
        served.append(models[best])
        came = {name: float(losses(config, model, coming).mean()) for name, model in models.items()}
        fixed = {name: came.get(name, came["last_w"]) for name in ("last_w", *FIXED)}
        found.append({**fixed, "chosen": came[best], "hindsight": min(came.values())})
    return {name: np.array([one[name] for one in found]) for name in found[0]}, chosen


def _config(stream: Stream) -> Project:
    return Project.model_validate(
        {
            "model": stream.name,
            "task": stream.task,
            "source": {"path": "rows.parquet"},
            "columns": {
                "time": "ts",
                "target": "y",
                "numeric": list(stream.numeric),
                "categorical": list(stream.categorical),
            },
            "windows": {"current": "1d"},
            "performance": {"loss": stream.loss},
            "training": {
                "window": {"choose": f"{SPAN}d"},
                "min_rows": 50,
                "estimator": "xgboost",
                "params": {**FIXED_PARAMS, "n_estimators": 80},
                "threads": 2,
            },
        }
    )


def _frame(stream: Stream, batches: int, most: int) -> pd.DataFrame:
    """Evenly spaced rows, a batch a day."""
    rows = np.arange(len(stream.frame))[:: -(-len(stream.frame) // most)]
    target = stream.target if stream.task == "regression" else stream.target.astype(str).astype(object)
    ages = np.arange(len(rows)) / len(rows) * batches
    times = pd.to_datetime([DAWN + age * DAY for age in ages])
    return stream.frame.iloc[rows].assign(ts=times, y=target.iloc[rows]).reset_index(drop=True)


if __name__ == "__main__":
    main()

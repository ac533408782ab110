"""Rows per second, CPU and peak memory of `driftloop predict --out`, a plain pandas loop and `mlflow models predict`.

    python -m benchmarks.bulk_predict [--rows 1000000 4000000] [--mlflow-rows 50000 150000] [--rounds 2]
        [--postgres URL]

The same champion in all: 100 trees of depth 6 on 10 numbers and 5 categories. Every measurement is a fresh process,
start included; the contenders alternate. The pandas loop reads the parquet file in batches of 100,000 rows, sets the
categories, calls XGBoost and writes parquet: the shortest program that does the same without ids, manifest or checks of
the input. `mlflow models predict` reads CSV and writes JSON, and holds all rows; it gets fewer. Rows per second are
those between the two sizes, in seconds and per two cores by CPU seconds, so that the start does not count. Prints a
table in Markdown, best of the rounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from pyarrow import csv

from benchmarks import memory
from benchmarks.memory import Used

PANDAS = """
import sys
import mlflow, numpy as np, pandas as pd, pyarrow as pa, pyarrow.parquet as pq, xgboost
rows, out, levels, booster = sys.argv[1:]
import json
levels = json.loads(open(levels).read())
model = xgboost.Booster(model_file=booster)
writer = None
for batch in pq.ParquetFile(rows).iter_batches(100_000):
    frame = batch.to_pandas()
    features = frame[[n for n in frame if n.startswith("n")]].assign(
        **{name: pd.Categorical(frame[name], categories=known) for name, known in levels.items()}
    )
    predicted = model.predict(xgboost.DMatrix(features, enable_categorical=True))
    table = pa.table({"ts": frame["ts"], "prediction": predicted.astype("float64")})
    writer = writer or pq.ParquetWriter(out, table.schema)
    writer.write_table(table)
writer.close()
"""
EXPORT = """
import json, sys
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
home.prepare()
project = load(sys.argv[1])
scorer = registry.scorer(registry.champion(project.model), project.training)
scorer.estimator.save_model(sys.argv[2])
open(sys.argv[3], "w").write(json.dumps({name: list(known) for name, known in scorer.features.levels.items()}))
"""
CONTENDERS = (
    "driftloop predict --out FOLDER",
    "driftloop predict --out postgres",
    "pandas loop",
    "mlflow models predict",
)
URI = "models:/memory@champion"


def timed(log: Path, *words: object) -> Used:
    """Run a program in a fresh process; its errors are shown."""
    begun = time.perf_counter()
    with log.open("wb") as to:
        child = subprocess.Popen([sys.executable, *map(str, words)], stdout=to, stderr=to)
        _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{words} failed:\n{log.read_text()}")
    return Used(used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, time.perf_counter() - begun)


def measure(folder: Path, contender: str, many: int, nth: int, postgres: str | None) -> Used:
    """Measure one contender on a file of `many` rows."""
    rows, out, log = (
        folder / f"{many}.parquet",
        folder / f"out-{contender.split(maxsplit=1)[0]}-{many}-{nth}",
        folder / "log",
    )
    if contender == "pandas loop":
        (folder / "loop.py").write_text(PANDAS)
        return timed(log, folder / "loop.py", rows, out, folder / "levels.json", folder / "model.ubj")
    if contender == "mlflow models predict":
        words = ("-m", "mlflow", "models", "predict", "-m", URI, "-t", "csv", "--env-manager", "local")
        return timed(log, *words, "-i", folder / f"{many}.csv", "-o", out)
    config = memory.configure(folder, rows, {"training.params.n_estimators": "100"})
    where = ("--out", out) if postgres is None else ("--out", postgres, "--table", f"scored_{many}_{nth}")
    span = ("--from", "2026-01-01", "--to", "2026-06-01")
    return timed(log, "-m", "driftloop.pipelines.cli", "predict", config, *span, *where)


def main() -> None:
    """Measure all contenders and sizes in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs=2, default=[1_000_000, 4_000_000])
    parser.add_argument("--mlflow-rows", type=int, nargs=2, default=[50_000, 150_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--postgres", help="URL of a database to write to as well")
    given = parser.parse_args()
    contenders = [one for one in CONTENDERS if given.postgres or "postgres" not in one]
    found: dict[tuple[str, int], list[Used]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ |= {"DRIFTLOOP_HOME": f"{scratch}/home", "DO_NOT_TRACK": "true"}
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{scratch}/home/mlflow.db"
        memory.write(folder / "rows.parquet", memory.DAYS, memory.SMALL)
        config = memory.configure(folder, folder / "rows.parquet", {"training.params.n_estimators": "100"})
        memory.run(folder, "retrain", config)
        timed(folder / "log", "-c", EXPORT, config, folder / "model.ubj", folder / "levels.json")
        for many in {*given.rows, *given.mlflow_rows}:
            memory.write(folder / f"{many}.parquet", memory.DAYS, many)
        for many in given.mlflow_rows:
            features = pq.read_table(folder / f"{many}.parquet").drop_columns(["ts", "y"])
            csv.write_csv(features, folder / f"{many}.csv")
        for nth in range(given.rounds):
            for contender in contenders:
                for many in given.mlflow_rows if "mlflow" in contender else given.rows:
                    url = given.postgres if "postgres" in contender else None
                    found.setdefault((contender, many), []).append(measure(folder, contender, many, nth, url))
    print("| | rows | s | CPU s | peak MB | rows/s | rows/s per two cores |\n|---|---|---|---|---|---|---|")
    for contender in contenders:
        few, many = given.mlflow_rows if "mlflow" in contender else given.rows
        least = {size: min(found[contender, size], key=lambda used: used.cpu_seconds) for size in (few, many)}
        for size in (few, many):
            used, rates = least[size], ""
            if size == many:
                wall = min(one.seconds for one in found[contender, many]) - min(
                    one.seconds for one in found[contender, few]
                )
                cpu = least[many].cpu_seconds - least[few].cpu_seconds
                rates = f"{(many - few) / wall:,.0f} | {2 * (many - few) / cpu:,.0f}"
            print(
                f"| `{contender}` | {size:,} | {used.seconds:.0f} | {used.cpu_seconds:.1f} | {used.peak_mb:,.0f} "
                f"| {rates or ' | '} |"
            )


if __name__ == "__main__":
    main()

"""A stored model in an environment with nothing but its own requirements: installed size, load time, predictions.

    python -m benchmarks.bare_serving [--rounds 5]

Trains a model by `driftloop check`, makes an environment from the model's requirements.txt by pip, and measures in
fresh processes of it, in turn: `import mlflow` alone, and loading the model and predicting 1,000 rows. The predictions
are compared with those that driftloop stored. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from benchmarks.commands import write

IMPORT = "import mlflow.pyfunc"
PREDICT = """
import sys, time
begun = time.perf_counter()
import mlflow.pyfunc, numpy as np, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
loaded = time.perf_counter()
proof = pd.read_parquet(sys.argv[1] + "/proof.parquet")
(answer,) = [name for name in proof.columns if name.startswith("driftloop: answer")]
rows = pd.concat([proof.drop(columns=answer)] * 6, ignore_index=True).head(1000)
assert np.allclose(model.predict(rows).to_numpy()[: len(proof)], proof[answer])
print(f"load {loaded - begun:.2f}")
"""


def installed_mb(folder: Path) -> float:
    """Size of an environment in MB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink()) / 1e6


def seconds(python: Path, *words: str) -> float:
    """Wall time of a fresh process."""
    begun = time.perf_counter()
    subprocess.run([str(python), "-c", *words], check=True, capture_output=True)
    return time.perf_counter() - begun


def measure(folder: Path, rounds: int) -> None:
    """Train, install, and print the table."""
    config = write(folder, 500, 40, [{"policy": "never"}], "served")
    home = {**os.environ, "DRIFTLOOP_HOME": str(folder / "state")}
    command = [sys.executable, "-m", "driftloop.pipelines.cli", "check", str(config), "--now", "2026-02-09"]
    subprocess.run(command, check=True, capture_output=True, env=home)
    (model,) = {file.parent for file in (folder / "state").rglob("scorer.json")}
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    before = installed_mb(folder / "env")
    install = ["-m", "pip", "install", "--quiet", "--requirement", str(model / "requirements.txt")]
    subprocess.run([str(python), *install], check=True)
    imports, loads = [], []
    for _ in range(rounds):
        imports.append(seconds(python, IMPORT))
        loads.append(seconds(python, PREDICT, str(model)))
    size, added = installed_mb(folder / "env") - before, sum(f.stat().st_size for f in model.rglob("*") if f.is_file())
    print("| | |\n|---|---|")
    print(f"| requirements | {', '.join((model / 'requirements.txt').read_text().split())} |")
    print(f"| installed size | {size:,.0f} MB |")
    print(f"| the stored model, all files | {added / 1e6:.1f} MB |")
    print(f"| a process that imports MLflow alone | {statistics.median(imports):.1f} s |")
    print(f"| the same, loads the model and predicts 1,000 rows | {statistics.median(loads):.1f} s |")
    ratio = statistics.median(b / a for a, b in zip(imports, loads, strict=True))
    print(f"| ratio, median of {rounds} rounds | {ratio:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(Path(scratch), given.rounds)

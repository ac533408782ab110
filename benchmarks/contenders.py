"""What benchmarks/drift_speed.py measures: one contender scores one file in a process of its own.

    python benchmarks/contenders.py NAME FOLDER

Runs in the environment of the contender, so it imports nothing but that and pyarrow. The clock starts when the
reference is as ready as the contender can have it: read, and fitted where it can be fitted. It stops when every column
has its score. Reading the current file is part of it; imports are not. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Run = Callable[[], Any]


def named(folder: Path) -> tuple[list[str], list[str]]:
    """Columns of numbers and of categories, by the first letter of their names."""
    names = pq.read_schema(folder / "reference.parquet").names
    return [name for name in names if name[0] == "n"], [name for name in names if name[0] == "c"]


def framed(file: Path) -> Any:
    """The columns of numbers and of categories as a frame of pandas."""
    import pandas as pd

    numbers, labels = named(file.parent)
    return pd.read_parquet(file, columns=[*numbers, *labels])


def decode(folder: Path) -> Run:
    """The limit: pyarrow decodes the columns of the current file, on all cores, and keeps nothing."""

    def run() -> None:
        with pq.ParquetFile(folder / "current.parquet") as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group, columns=[*numbers, *labels])

    numbers, labels = named(folder)
    return run


def driftloop(folder: Path) -> Run:
    """Ours, by the code of a check: read a window, name its rows, count them in the cells of the reference, judge."""
    os.environ["DRIFTLOOP_HOME"] = str(folder / "home")
    from benchmarks.false_alarms import columns_of
    from driftloop.monitoring.config import Monitored
    from driftloop.monitoring.drift.verdicts import judge
    from driftloop.monitoring.profiles import like, load, merge
    from driftloop.monitoring.records import Window
    from driftloop.pipelines.data.fresh import read_fresh
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.data.spread import spread

    def run() -> Any:
        reference = load(folder / "profile.npz")
        fresh = read_fresh(Query(config, window, folder))
        counted = merge(*spread(partial(like, reference), fresh.pieces()))
        return judge(reference, counted, columns, config.drift)

    import ibis

    assert ibis.duckdb  # ibis imports an engine when it is first asked for it
    numbers, labels = named(folder)
    config = Monitored.model_validate(
        {
            "model": "race",
            "task": "regression",
            "source": {"path": "current.parquet"},
            "columns": {"time": "ts", "target": "y", "numeric": numbers, "categorical": labels},
        }
    )
    window = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2027, 1, 1, tzinfo=UTC))
    columns = columns_of(load(folder / "profile.npz").kinds, config.drift)
    return run


def evidently(folder: Path, metrics: list[Any]) -> Run:
    """Run a report of Evidently on both frames; no page is drawn."""
    from evidently import DataDefinition, Dataset, Report

    numbers, labels = named(folder)
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=labels)
    reference = Dataset.from_pandas(framed(folder / "reference.parquet"), data_definition=definition)

    def run() -> dict[str, Any]:
        current = Dataset.from_pandas(framed(folder / "current.parquet"), data_definition=definition)
        return Report(metrics).run(current, reference).dict()

    return run


def evidently_preset(folder: Path) -> Run:
    """Evidently's DataDriftPreset with its defaults."""
    from evidently.presets import DataDriftPreset

    return evidently(folder, [DataDriftPreset()])


def evidently_value_drift(folder: Path) -> Run:
    """Evidently's ValueDrift for each column, with its defaults."""
    from evidently.metrics import ValueDrift

    numbers, labels = named(folder)
    return evidently(folder, [ValueDrift(column=name) for name in (*numbers, *labels)])


def nannyml(folder: Path) -> Run:
    """NannyML's univariate drift with its default methods, the current file as one chunk."""
    from nannyml import UnivariateDriftCalculator

    numbers, labels = named(folder)
    reference = framed(folder / "reference.parquet")
    fitted = UnivariateDriftCalculator([*numbers, *labels], treat_as_categorical=labels, chunk_number=1).fit(reference)
    return lambda: fitted.calculate(framed(folder / "current.parquet"))


def frouros(folder: Path) -> Run:
    """The detectors of frouros, fitted on each column: PSI for numbers, chi-square for categories."""
    from frouros.detectors.data_drift import PSI, ChiSquareTest

    numbers, labels = named(folder)
    return fitted_frouros(folder, dict.fromkeys(numbers, PSI) | dict.fromkeys(labels, ChiSquareTest))


def frouros_numbers(folder: Path) -> Run:
    """The PSI of frouros for the columns of numbers alone: two thirds of the columns, and the quick ones for it."""
    from frouros.detectors.data_drift import PSI

    return fitted_frouros(folder, dict.fromkeys(named(folder)[0], PSI))


def fitted_frouros(folder: Path, detectors: dict[str, Any]) -> Run:
    """One detector a column, each fitted on the reference."""
    table = pq.read_table(folder / "reference.parquet", columns=list(detectors))
    fitted = {name: detector() for name, detector in detectors.items()}
    for name, detector in fitted.items():
        detector.fit(X=table.column(name).to_numpy())

    def run() -> list[Any]:
        current = pq.read_table(folder / "current.parquet", columns=list(fitted))
        return [detector.compare(X=current.column(name).to_numpy()) for name, detector in fitted.items()]

    return run


def alibi_detect(folder: Path) -> Run:
    """The TabularDrift of alibi-detect: K-S for numbers, chi-square for codes of categories."""
    import numpy as np
    from alibi_detect.cd import TabularDrift

    numbers, labels = named(folder)
    known: dict[str, pa.Array] = {}

    def matrix(name: str) -> Any:
        table = pq.read_table(folder / name, columns=[*numbers, *labels], read_dictionary=labels)
        made = np.empty((table.num_rows, len(numbers) + len(labels)), dtype=np.float32)
        for at, column in enumerate([*numbers, *labels]):
            values = table.column(column)
            if at >= len(numbers):
                coded = pa.concat_arrays(values.unify_dictionaries().chunks)
                levels = known.setdefault(column, coded.dictionary)
                made[:, at] = pc.index_in(coded.dictionary, levels).to_numpy()[coded.indices.to_numpy()]
            else:
                made[:, at] = values.to_numpy()
        return made

    categories = {len(numbers) + at: None for at in range(len(labels))}
    fitted = TabularDrift(matrix("reference.parquet"), categories_per_feature=categories)
    return lambda: fitted.predict(matrix("current.parquet"), drift_type="feature")


CONTENDERS: dict[str, Callable[[Path], Run]] = {
    "decode": decode,
    "driftloop": driftloop,
    "evidently-preset": evidently_preset,
    "evidently-value-drift": evidently_value_drift,
    "nannyml": nannyml,
    "frouros": frouros,
    "frouros-numbers": frouros_numbers,
    "alibi-detect": alibi_detect,
}


def peak_mb() -> float:
    """Most memory that this process has held; what `getrusage` states on Linux includes what its parent held before."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def main(name: str, folder: str) -> None:
    """Prepare one contender, run it once, print seconds of the clock and of all cores, and the peak memory."""
    run = CONTENDERS[name](Path(folder))
    started, worked = time.perf_counter(), time.process_time()
    run()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    peak = peak_mb()
    part = {"decode": "pyarrow", "alibi-detect": name}.get(name, name.split("-", maxsplit=1)[0])
    definition = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak}
    print(json.dumps(definition | {"version": f"{part} {version(part)}"}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Seconds and peak memory of scoring a file against a stored reference, next to its peers and the limit, in turn.

    python -m benchmarks.drift_speed [--rounds 3] [--shapes 10k,100k,1M,5M,wide] [--only NAMES] [--huge]

Prints tables in Markdown: medians over rounds in which every contender runs once, each in a fresh process. Ratios are
medians of the ratios round by round: of the clock and, for a machine that is not quiet, of the work of all cores. Peers
that do not go with our versions get an environment of their own in the folder of peers; one that does not install is
named and left out, and so is one that would not end in `--patience` seconds. `--huge` adds 50 million rows, made and
deleted again (4 GB), for us and the limit alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers import FOLDER, installed
from driftloop.monitoring.profiles import first, save
from driftloop.monitoring.records import Kind

GROUP = 1_000_000
FIRST = np.datetime64("2026-01-01", "ms").astype(np.int64)
SCRIPT = Path(__file__).with_name("contenders.py")
OURS = ("decode", "driftloop", "evidently-preset", "evidently-value-drift")
THEIRS = {"nannyml": "nannyml", "frouros": "frouros", "frouros-numbers": "frouros", "alibi-detect": "alibi-detect"}


@dataclass(frozen=True)
class Shape:
    """A current file to score: rows, columns of numbers, columns of categories, and the rows of its reference."""

    title: str
    rows: int
    numbers: int = 10
    labels: int = 5
    reference_rows: int | None = None


SHAPES = {
    "10k": Shape("10,000 rows x 15 columns", 10_000),
    "100k": Shape("100,000 rows x 15 columns", 100_000),
    "1M": Shape("1,000,000 rows x 15 columns", 1_000_000),
    "5M": Shape("5,000,000 rows x 15 columns", 5_000_000),
    "wide": Shape("5,000 rows x 200 columns", 5_000, 130, 70),
}
HUGE = Shape("50,000,000 rows x 15 columns", 50_000_000, reference_rows=1_000_000)


@dataclass
class Measured:
    """What the runs of one contender on one shape measured, a number a round."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peaks_mb: list[float] = field(default_factory=list)
    trouble: str = ""


def table(shape: Shape, rows: int, generator: np.random.Generator, start: int = 0) -> pa.Table:
    """Smooth, skewed, rounded and whole numbers, and categories of 3 to 300 levels; no nulls, as peers want it.

    In addition a time `ts`, a row every 500 ms, and a target `y`: a check reads these too, no one scores them.
    """
    made = {"ts": pa.array(FIRST + np.arange(start, start + rows) * 500, pa.timestamp("ms")), "y": np.zeros(rows)}
    for at in range(shape.numbers):
        smooth = generator.normal(loc=at, size=rows)
        kinds = (smooth, smooth, smooth, np.exp(smooth - at), np.round(smooth, 2), np.round(smooth * 10))
        made[f"n{at}"] = pa.array(kinds[at % len(kinds)])
    for at in range(shape.labels):
        many = (3, 10, 30, 100, 300)[at % 5]
        codes = pa.array(generator.integers(0, many, rows, dtype=np.int32))
        made[f"c{at}"] = pa.DictionaryArray.from_arrays(codes, [f"level {k}" for k in range(many)]).cast(pa.string())
    return pa.table(made)


def write(path: Path, shape: Shape, rows: int, seed: int) -> None:
    """Write a parquet file piece by piece, in pyarrow's default row groups of a million rows."""
    generator = np.random.default_rng(seed)
    with pq.ParquetWriter(path, table(shape, 0, generator).schema) as writer:
        for start in range(0, rows, GROUP):
            writer.write_table(table(shape, min(GROUP, rows - start), generator, start))


def prepare(folder: Path, shape: Shape) -> None:
    """Write reference, current file and the stored profile of the reference."""
    write(folder / "reference.parquet", shape, shape.reference_rows or shape.rows, seed=0)
    write(folder / "current.parquet", shape, shape.rows, seed=1)
    kinds: dict[str, Kind] = {f"n{at}": "numeric" for at in range(shape.numbers)}
    kinds |= {f"c{at}": "categorical" for at in range(shape.labels)}
    save(first(pq.read_table(folder / "reference.parquet").to_pandas(), kinds), folder / "profile.npz")


def measure(name: str, python: str, folder: Path, patience: float) -> dict[str, object] | str:
    """Run one contender once in a fresh process; a text gives the reason there is no figure."""
    quiet = os.environ | {"DO_NOT_TRACK": "true", "PYTHONWARNINGS": "ignore", "NML_DISABLE_USAGE_LOGGING": "true"}
    if python == sys.executable:
        quiet["PYTHONPATH"] = str(SCRIPT.parents[1])
    else:
        quiet.pop("PYTHONPATH", None)
    command = [python, str(SCRIPT), name, str(folder)]
    try:
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False, timeout=3 * patience)
    except subprocess.TimeoutExpired:
        return f"not ended in {3 * patience:.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    output: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return output


def race(shape: Shape, names: dict[str, str], rounds: int, patience: float, expected: dict[str, float]) -> None:
    """Measure all contenders of one shape in turn and print their table; `expected` seconds a cell, updated."""
    results = {name: Measured() for name in names}
    size = shape.rows * (shape.numbers + shape.labels)
    versions = {}
    with tempfile.TemporaryDirectory(prefix="driftloop-bench-") as place:
        folder = Path(place)
        prepare(folder, shape)
        for name, result in results.items():
            likely = expected.get(name, 0.0) * size
            if likely > patience and name not in OURS[:2]:  # all others are compared with these two
                result.trouble = f"left out: some {likely:.0f} s to be expected"
        for at in range(rounds):
            for name, result in results.items():
                # a slow contender is run once: its noise is small against its ratio
                if result.trouble or (at and result.seconds[0] > patience / 6):
                    continue
                shown = measure(name, names[name], folder, patience)
                print(f"{shape.title}, {name}: {shown}", file=sys.stderr, flush=True)
                if isinstance(shown, str):
                    result.trouble = shown
                    continue
                result.seconds.append(float(shown["seconds"]))  # type: ignore[arg-type]
                result.cpu_seconds.append(float(shown["cpu_seconds"]))  # type: ignore[arg-type]
                result.peaks_mb.append(float(shown["peak_mb"]))  # type: ignore[arg-type]
                versions[name] = shown["version"]
                expected[name] = result.seconds[-1] / size
    show(shape, results)
    print(
        f"\n{', '.join(sorted({str(one) for one in versions.values()}))}; load {os.getloadavg()[0]:.1f}\n", flush=True
    )


def show(shape: Shape, results: dict[str, Measured]) -> None:
    """Print one table in Markdown."""
    print(f"| {shape.title} | s | CPU s | peak MB | x decoding, clock / CPU | x driftloop, clock / CPU |")
    print("|---|---|---|---|---|---|")
    for name, result in results.items():
        if not result.seconds:
            print(f"| {name} | {result.trouble} | | | | |")
            continue
        others = [results[other] for other in OURS[:2]]
        clock, work = (
            [ratio(getattr(result, what), getattr(other, what)) for other in others]
            for what in ("seconds", "cpu_seconds")
        )
        beside = [f"{one:.2f} / {other:.2f}" for one, other in zip(clock, work, strict=True)]
        seconds, cpu_seconds = statistics.median(result.seconds), statistics.median(result.cpu_seconds)
        print(f"| {name} | {seconds:.3f} | {cpu_seconds:.3f} | {max(result.peaks_mb):.0f} | {' | '.join(beside)} |")


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Median of the ratios round by round, over the rounds that both ran."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=False))


def main() -> None:
    """Race all shapes that were asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--shapes", default=",".join(SHAPES))
    asked.add_argument("--peers", type=Path, default=FOLDER)
    asked.add_argument("--only", default="", help="names of contenders to race with ours, if not all")
    asked.add_argument("--patience", type=float, default=60.0, help="seconds that one run may be expected to take")
    asked.add_argument("--huge", action="store_true")
    options = asked.parse_args()
    started = time.perf_counter()
    peers = installed(options.peers, *dict.fromkeys(THEIRS.values()))
    for peer, python in peers.items():
        if python is None:
            print(f"{peer} does not install here and is left out.\n")
    ours = dict.fromkeys(OURS, sys.executable)
    everyone = ours | {name: python for name, peer in THEIRS.items() if (python := peers[peer])}
    if options.only:
        everyone = {name: everyone[name] for name in (*OURS[:2], *options.only.split(",")) if name in everyone}
    expected: dict[str, float] = {}
    for shape in filter(None, options.shapes.split(",")):
        race(SHAPES[shape], everyone, options.rounds, options.patience, expected)
    if options.huge:
        race(HUGE, dict.fromkeys(OURS[:2], sys.executable), options.rounds, options.patience * 10, {})
    print(f"{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()

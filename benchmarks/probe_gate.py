"""Is the default policy's gate to probes too closed: longest spells without a probe, and what free measurement gains.

    python -m benchmarks.probe_gate DATA [--grids 40 80] [--delays 0 4] [--cache FOLDER]

DATA and cache as for `benchmarks.policies`, all streams. Per cell, each a mean over three prices of a retrain: the
regret of `recoverable_loss`, of a probe at every batch at its price (`ProbeAlways`), and of one that is free; retrains
of the default and of the oracle; and the longest run of batches without a probe or retrain, as a share of the batches
that were played.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.policies import PRICES, interval
from benchmarks.policy_peers import ProbeAlways
from benchmarks.policy_streams import Matrices, further, matrices, streams
from driftloop.pipelines.backtest import PolicyReplay, replay

POLICIES: dict[str, Any] = {"default": {"policy": "recoverable_loss"}, "always": ProbeAlways()}


def longest(played: PolicyReplay, start: int, batches: int) -> float:
    """Return the longest run of batches without a probe or a retrain, as a share of those played."""
    known = sorted({start - 1, *played.probes, *played.schedule, batches - 1})
    return max(after - before for before, after in pairwise(known)) / (batches - start)


def row(cell: Matrices, delay: int) -> list[float]:
    """Return the figures of a cell in the order of the table."""
    found = []
    for price in PRICES:
        common: dict[str, Any] = {"cost": price, "label_delay": delay, "rows": cell.rows.tolist()}
        common |= {"errors": cell.error, "short": cell.short}
        done = replay(cell.loss, cell.probe, policies=POLICIES, **common)
        free = replay(cell.loss, cell.probe, policies={"free": ProbeAlways()}, probe_cost=0.0, **common)
        own, always = done.policies
        spell = longest(own, done.start, done.batches)
        retrains = [own.retrains, done.oracle.retrains]
        found.append([own.regret, always.regret, free.policies[0].regret, *retrains, len(own.probes), 100 * spell])
    return [float(number) for number in np.mean(found, axis=0)]


def main() -> None:
    """Print a line per cell, then means with intervals over the streams."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--grids", type=int, nargs="+", default=[40, 80])
    parser.add_argument("--delays", type=int, nargs="+", default=[0, 4])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "driftloop-policies")
    asked = parser.parse_args()
    known = streams(asked.data) | further(asked.data)
    made = [matrices(stream, name, grid, asked.cache) for name, stream in known.items() for grid in asked.grids]
    for delay in asked.delays:
        titles = "regret % | a probe at every batch | free | retrains | of the oracle | probes | longest spell %"
        print(f"\n| delay {delay} | {titles} |")
        print("|---|---|---|---|---|---|---|---|")
        rows = {cell.name: row(cell, delay) for cell in made}
        for name, figures in rows.items():
            print(f"| {name} | {' | '.join(f'{number:.1f}' for number in figures)} |", flush=True)
        table = np.array(list(rows.values()))
        print(f"| mean | {' | '.join(f'{number:.1f}' for number in table.mean(axis=0))} |")
        for place, name in ((1, "a probe at every batch"), (2, "free")):
            low, high = interval(table[:, place] - table[:, 0], list(rows))
            print(f"\n{name}: {low:+.1f} to {high:+.1f} compared with the default (95% CI over streams)")


if __name__ == "__main__":
    main()

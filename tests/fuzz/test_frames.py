"""Whatever a column holds: preflight, profile and drift give findings and finite scores, or an error of ours."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.drift.reference import PREDICTION, describe, profiled
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.profiles import like
from driftloop.monitoring.quality.preflight import excluded_columns, fatal, inspect
from driftloop.monitoring.quality.tally import tally
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import conform
from tests import streams
from tests.fuzz.rounds import fuzz
from tests.judged import TYPES, monitored

START = streams.day(0)
CELLS: list[Any] = [
    None, np.nan, pd.NA, pd.NaT, np.inf, -np.inf, 0, -0.0, 1, -1, 2**53 + 1, 2**63, -(2**64), 10**400, 1e308,
    -1e308, 5e-324,
    True, False, np.True_, np.float32(0.1), np.int8(-128), np.uint64(2**64 - 1), Decimal("1.10"), Decimal("NaN"),
    1 + 2j,
    "", " ", "1", "1.0", "1,5", "NaN", "nan", "None", "inf", "1e5", "0x10", "true", "\x00", "\x1b[31m", "ä",
    "a\u0301",
    "x" * 5000, b"", b"\xff", b"1", date(2026, 1, 1), datetime(2026, 1, 1), datetime(9999, 12, 31), time(1),
    timedelta(days=1),
    pd.Timestamp("2026-01-01", tz="UTC"), pd.Timedelta(1, "s"), pd.Interval(0, 1), [], [1], (1, 2), {"a": 1}, {1},
    object,
]  # fmt: skip


@dataclass
class Pair:
    """A reference and fresh rows, and the settings they are judged by."""

    task: str
    drift: dict[str, Any]
    old: pd.DataFrame
    new: pd.DataFrame

    def __repr__(self) -> str:
        columns = {
            f"{side}.{name}": (str(column.dtype), column.iloc[:8].tolist())
            for side, frame in (("old", self.old), ("new", self.new))
            for name, column in frame.items()
        }
        return f"{self.task} {self.drift}\nrows {len(self.old)}, {len(self.new)}\n{columns}"


def pair(rng: random.Random) -> Pair:
    """Two frames with the columns of the streams, each column of a kind of its own."""
    generator = np.random.default_rng(rng.randrange(2**32))
    task = rng.choice(["regression", "binary", "multiclass"])
    drift: dict[str, Any] = {"calibration": rng.choice(["auto", "rows", "blocks"]), "max_levels": rng.choice([2, 50])}
    for kind, methods in (
        ("numeric", ["wasserstein", "ks", "psi", "hellinger", "jensenshannon", "chisquare", "tvd"]),
        ("categorical", ["tvd", "psi", "jensenshannon", "hellinger", "chisquare"]),
    ):
        drift[kind] = {"method": rng.choice(methods)}
        if rng.random() < 0.2:
            drift[kind]["threshold"] = rng.choice([1e-12, 0.1, 1e12])
    sizes = [rng.choice([1, 2, 7, 100, 700]), rng.choice([1, 2, 30, 300])]
    alike = rng.random() < 0.5
    sides: list[dict[str, Any]] = [{}, {}]
    for name in ("amount", "speed", "city", "kind", "y"):
        column = rng.choice(KINDS)
        for side, size in zip(sides, sizes, strict=True):
            side[name] = (column if alike or rng.random() < 0.5 else rng.choice(KINDS))(rng, generator, size)
    old, new = (pd.DataFrame({"ts": times(rng, sizes[at], at), **sides[at]}) for at in (0, 1))
    return Pair(task, drift, old, new)


def times(rng: random.Random, size: int, week: int) -> Any:
    seconds = [rng.random() * 7 * 86400 for _ in range(size)]
    return pd.to_datetime([START + timedelta(days=7 * week, seconds=one) for one in sorted(seconds)])


def normal(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    scale = rng.choice([1.0, 1e-300, 1e-9, 1e9, 1e300])
    return generator.normal(rng.choice([0, 1, -1e9, 1e15]), 1, size) * scale


def constant(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    return pd.Series([rng.choice(CELLS[:-8])] * size, dtype=object)


def mixed(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    few = rng.sample(CELLS, rng.choice([1, 2, 3, 8]))
    return pd.Series([rng.choice(few) for _ in range(size)], dtype=object)


def mostly(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    values: list[Any] = generator.normal(size=size).tolist()
    for _ in range(rng.choice([1, 2, size])):
        values[rng.randrange(size)] = rng.choice(CELLS)
    return pd.Series(values, dtype=object)


def words(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    many = rng.choice([1, 2, 5, 60, 2000])
    made = pd.Series([f"{rng.choice('aäA 1')}{rng.randrange(many)}" for _ in range(size)], dtype=object)
    return made.astype("category") if rng.random() < 0.3 else made


def whole(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    kind = rng.choice(["int8", "int64", "uint64", "Int64", "boolean", "float32", "Float64", "bool", "string"])
    made = pd.Series(generator.integers(0, rng.choice([2, 100]), size))
    dtype: Any = kind
    made = made.astype(bool).astype(dtype) if kind.startswith("bool") else made.astype(dtype)
    return made.mask(generator.random(size) < 0.3) if kind[0].isupper() or kind in {"boolean", "string"} else made


def moments(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    made = pd.Series(pd.to_datetime(generator.integers(0, 2**31, size), unit="s"))
    return rng.choice([made, made.dt.tz_localize("UTC"), made - made.min(), made.dt.date, made.astype(str)])


def huge(rng: random.Random, generator: np.random.Generator, size: int) -> Any:
    powers = generator.uniform(-320, 308, size)
    return np.sign(generator.normal(size=size)) * 10.0**powers


KINDS = [normal, normal, constant, mixed, mostly, words, words, whole, moments, huge]


def canonical(frame: pd.DataFrame, config: Monitored, generator: np.random.Generator) -> pd.DataFrame:
    made, _ = conform(frame, config)
    predictions = (
        generator.normal(size=len(made)) if config.task != "multiclass" else np.array(["low"] * len(made), object)
    )
    return made.assign(**{PREDICTION: predictions})


@pytest.mark.filterwarnings("ignore")
def test_frames() -> None:
    """Every feature has a finite score or a finding with the reason, and the reference's own rows are no drift."""

    def check(made: Pair) -> None:
        config = monitored(task=made.task, drift=made.drift)
        generator = np.random.default_rng(0)
        try:
            old, new = (canonical(side, config, generator) for side in (made.old, made.new))
        except DriftloopError:
            return
        window = Window(start=START, end=START + timedelta(days=7))
        reference = describe(old, config, window=window, source_types=TYPES, loss=1.0, loss_rows=len(old))
        profiles = profiled(old, config, window.end)
        assert reference == type(reference).model_validate_json(reference.model_dump_json())
        for rows in (new, old):
            due = np.full(len(rows), True)
            counted = tally(rows, reference, config.columns.target, due)
            repeated = float(rows.duplicated().mean())
            findings = inspect(counted, reference, config, source_types=TYPES, repeated_share=repeated)
            aside = excluded_columns(findings)
            columns = [column for column in reference.columns if column.name not in aside]
            scores = judge(profiles, like(profiles, rows), columns, config.drift)
            assert [one.name for one in scores] == [column.name for column in columns]
            for one in scores:
                assert math.isfinite(one.score), one
                assert math.isfinite(one.threshold), one
                one.model_dump_json()
                assert rows is new or not one.drifted, one
            for finding in (*findings, *fatal(findings)):
                finding.model_dump_json()

    fuzz("frames", pair, check)

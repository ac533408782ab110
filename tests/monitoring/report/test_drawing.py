"""Laws of the scores that are left to Evidently and of the saved page, with the real Evidently."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.methods import METHODS, strain
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.errors import Unscored
from driftloop.monitoring.records import ColumnScore
from driftloop.monitoring.report import Measured, measure, write_report
from tests.drawn import SETTINGS, check, column_of, columns_of, rows, whole

NAN = math.nan


def global_generator() -> int:
    """Fingerprint numpy's global generator."""
    return hash(np.random.get_state(legacy=False)["state"]["key"].tobytes())  # noqa: NPY002


def scores(measured: Measured) -> dict[str, float]:
    return {score.name: score.score for score in measured.scores}


def one(values: list[object], kind: str) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(values, dtype="float64" if kind == "numeric" else object)})


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        *(
            ("numeric", name)
            for name in ("wasserstein", "psi", "jensenshannon", "kl_div", "hellinger", "ks", "anderson", "t_test")
        ),
        *(("categorical", name) for name in ("psi", "jensenshannon", "kl_div", "hellinger")),
    ],
)
def test_same_as_evidently(kind: str, method: str) -> None:
    """On ordinary data the score of a method of Evidently is the one that plain Evidently gives."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    name = "n1" if kind == "numeric" else "k0"
    reference, current = rows(2000, 2, 1, 0), rows(1500, 2, 1, 1, 0.4)
    role = "numerical_columns" if kind == "numeric" else "categorical_columns"
    definition = DataDefinition(**{role: [name]})
    sides = [Dataset.from_pandas(frame[[name]], data_definition=definition) for frame in (current, reference)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = Report([ValueDrift(column=name, method=method, threshold=0.1)]).run(*sides)
    expected = next(iter(plain.metric_results.values())).value
    column = column_of(name, kind, f"evidently:{method}")
    assert scores(measure(reference, current, [column], SETTINGS))[name] == pytest.approx(expected)


def test_every_column_and_no_other() -> None:
    """Each column asked for gets a finite score under its own name, in the order asked; others are left unchanged."""
    reference, current = rows(300, 3, 2, 0), rows(200, 3, 2, 1)
    current["extra"] = pd.Series([{"not": "comparable"}] * 200, index=current.index)
    found = scores(whole(reference, current, columns_of(reference)))
    assert list(found) == list(reference)
    assert all(map(math.isfinite, found.values()))


def test_a_column_that_is_not_there() -> None:
    """A column that one of the frames lacks is an error with its name."""
    frame = rows(50, 2, 0, 0)
    with pytest.raises(Unscored, match="'n1'"):
        measure(frame, frame[["n0"]], columns_of(frame), SETTINGS)


@pytest.mark.parametrize("side", ["reference", "current"])
@pytest.mark.parametrize("method", ["evidently:wasserstein", "evidently:psi"])
def test_one_outlier_hides_nothing(side: str, method: str) -> None:
    """A shift of one sd stays drift with one value of a million on either side: Evidently alone loses it (FACTS)."""
    frames = {"reference": rows(2000, 1, 0, 0), "current": rows(2000, 1, 0, 1) + 1}
    frames[side].loc[0, "n0"] = 1e6
    column = column_of("n0", method=method, fence_low=-10.0, fence_high=10.0)
    (score,) = measure(frames["reference"], frames["current"], [column], SETTINGS).scores
    assert score.drifted
    unfenced = scores(measure(frames["reference"], frames["current"], [column_of("n0", method=method)], SETTINGS))["n0"]
    assert score.score > 10 * unfenced or side == "current"


def test_small_numbers_drift_too() -> None:
    """A shift is found in a column of small numbers, where Evidently divides by 0.001 instead of the spread."""
    reference, current = rows(1000, 1, 0, 0) * 1e-6, (rows(1000, 1, 0, 1) + 1) * 1e-6
    column = column_of("n0", method="evidently:wasserstein")
    assert scores(measure(reference, current, [column], SETTINGS))["n0"] == pytest.approx(1, abs=0.15)


CASES: list[tuple[str, str, list[object], list[object], bool | None]] = [
    ("equal constants", "numeric", [5.0] * 50, [5.0] * 40, False),
    ("other constant", "numeric", [5.0] * 50, [6.0] * 40, True),
    ("no reference values", "numeric", [NAN] * 5, [1.0, 2.0], True),
    ("no current values", "numeric", [1.0, 2.0], [NAN] * 3, True),
    ("no values", "numeric", [NAN], [NAN], False),
    ("only infinities", "numeric", [math.inf] * 3, [1.0, 2.0], True),
    ("no current rows", "numeric", [1.0, 2.0], [], True),
    ("near overflow", "numeric", [1e308, -1e308] * 30, [1.7e308] * 30, None),
    ("equal near overflow", "numeric", [1.7e308] * 30, [1.7e308] * 30, False),
    ("smallest numbers", "numeric", [5e-324, 0.0] * 30, [5e-324, 0.0] * 30, False),
    ("large and close", "numeric", [1e17] * 30, [1e17] * 30, False),
    ("one row a side", "numeric", [1.0], [2.0], None),
    ("one equal row a side", "numeric", [1.0], [1.0], False),
    ("two rows a side", "numeric", [1.0, 2.0], [1.0, 2.0], False),
    ("one level", "categorical", ["a"] * 50, ["a"] * 40, False),
    ("other level", "categorical", ["a"] * 50, ["b"] * 40, True),
    ("no reference values", "categorical", [None] * 50, ["a", "b"] * 20, True),
    ("no current values", "categorical", ["a", "b"] * 25, [None] * 40, True),
    ("no values", "categorical", [None], [None], False),
    ("no current rows", "categorical", ["a"], [], True),
    ("one row a side", "categorical", ["a"], ["b"], None),
    ("5000 levels", "categorical", [f"l{i}" for i in range(5000)], [f"l{i}" for i in range(5000)], False),
    ("long level", "categorical", ["x" * 10_000] * 20, ["x" * 9_999 + "y"] * 20, True),
]


@pytest.mark.parametrize(
    ("label", "kind", "reference", "current", "drifted"), CASES, ids=[f"{c[1]}: {c[0]}" for c in CASES]
)
def test_degenerate_columns(
    label: str, kind: str, reference: list[object], current: list[object], drifted: bool | None
) -> None:
    """Every legal column gets a finite score by every method, the right verdict, and its place in the page."""
    for name, method in METHODS.items():
        if kind in method.kinds:
            measured = whole(one(reference, kind), one(current, kind), [column_of("x", kind, name)])
            (score,) = measured.scores
            assert math.isfinite(score.score), name
            assert math.isfinite(score.threshold), name
            assert drifted is None or score.drifted is drifted, (name, score)
            assert "Drift in column 'x'" in measured.page, name


def test_a_high_threshold_cannot_hide_an_empty_side() -> None:
    """A column without current values is drift whatever the threshold."""
    for method in ("wasserstein", "evidently:wasserstein"):
        columns = [column_of("x", method=method, threshold=50.0)]
        assert whole(one([1.0, 2.0], "numeric"), one([NAN], "numeric"), columns).scores[0].drifted


def test_odd_names() -> None:
    """Any string may name a column, also Evidently's own words, numbers, quotes, names alike when harmless."""
    names = [
        "index",
        "per",
        "target",
        "prediction",
        "mean",
        "1",
        "",
        "a'b",
        'a"b',
        "a\\b",
        "<b>",
        "\u2039b\u203a",
        "None",
        "é \u2028",
        "c0",
    ]
    reference = pd.DataFrame({name: rows(60, 1, 0, i)["n0"] for i, name in enumerate(names)})
    current = pd.DataFrame({name: rows(60, 1, 0, 50 + i)["n0"] + i for i, name in enumerate(names)})
    for method in ("wasserstein", "evidently:wasserstein"):
        found = scores(whole(reference, current, [column_of(name, method=method) for name in names]))
        assert list(found) == names
        alone = {name: scores(whole(reference, current, [column_of(name, method=method)]))[name] for name in names}
        assert found == alone


def test_global_generator() -> None:
    """No method leaves a trace in numpy's global generator."""
    before = global_generator()
    reference, current = rows(200, 1, 1, 0), rows(200, 1, 1, 1)
    for name, method in METHODS.items():
        for kind in method.kinds:
            whole(reference, current, [column_of("n0" if kind == "numeric" else "k0", kind, name)])
    assert global_generator() == before


# ------------------------------------------------------------------------------------------------------------ page

ELSEWHERE = """
import hashlib, socket, sys
asked = ("socket.connect", "socket.getaddrinfo")
sys.addaudithook(lambda event, _: sys.exit(f"network: {event}") if event in asked else None)
import driftloop.monitoring.report
assert "evidently" not in sys.modules, "importing driftloop.monitoring.report imports evidently"
from tests import drawn as t
reference, current = t.rows(400, 2, 2, 0), t.rows(300, 2, 2, 1, 0.3)
measured = t.whole(reference, current, t.columns_of(reference))
print(measured.scores, hashlib.sha256(measured.page.encode()).hexdigest())
"""


def test_same_everywhere() -> None:
    """Same input, same scores and same page to the byte, in another process with another hash seed, without network."""
    reference, current = rows(400, 2, 2, 0), rows(300, 2, 2, 1, 0.3)
    here = whole(reference, current, columns_of(reference))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        env={**os.environ, "PYTHONHASHSEED": "11", "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{here.scores} {hashlib.sha256(here.page.encode()).hexdigest()}"


def test_the_page_shows_what_was_decided() -> None:
    """Score, threshold, method and verdict are in Evidently's page exactly as given, whatever the rows say."""
    frame = rows(300, 1, 1, 0)
    columns = [column_of("n0"), column_of("k0", "categorical")]
    given = [
        ColumnScore(name="n0", role="feature", kind="numeric", method="missing_share", score=0.123, threshold=0.0456,
                    drifted=True),
        ColumnScore(name="k0", role="feature", kind="categorical", method="tvd", score=0.0789, threshold=0.5,
                    drifted=False),
    ]  # fmt: skip
    measured = measure(frame, frame, columns, SETTINGS, given)
    assert measured.scores == tuple(given)
    assert "missing share" in measured.page
    for number in ("0.123", "0.079"):  # Evidently shows three decimals
        assert number in measured.page


def test_only_what_is_drawn_goes_through_evidently() -> None:
    """Of many columns that are decided already, none but the most drifted ones is looked at in the rows."""
    reference = rows(300, 5, 0, 0)
    current = reference + pd.Series({f"n{at}": float(at) for at in range(5)})
    decided = whole(reference, current, columns_of(reference)).scores
    drawn = [score.name for score in sorted(decided, key=strain, reverse=True)[:2]]
    again = measure(reference[drawn], current[drawn], columns_of(reference), Drift(report_columns=2), decided)
    assert again.scores == decided
    assert again.page.count("Drift in column '") == 2


def test_most_drifted_first() -> None:
    """The page holds at most `report_columns` columns, the furthest over its threshold first, by either direction."""
    reference = rows(500, 4, 0, 0)
    current = reference + pd.Series({"n0": 0.0, "n1": 0.5, "n2": 2.0, "n3": 1.0})
    columns = [column_of("n0"), column_of("n1"), column_of("n2", method="evidently:ks"), column_of("n3")]
    page = whole(reference, current, columns, Drift(report_columns=3)).page
    places = [page.find(f"Drift in column '{name}'") for name in ("n2", "n3", "n1", "n0")]
    assert places[3] == -1
    assert -1 < places[0] < places[1] < places[2]


def test_size(tmp_path: Path) -> None:
    """The saved report of 200 columns, all of them reported in its verdict, stays under 6 MB."""
    reference, current = rows(1000, 150, 50, 0), rows(1000, 150, 50, 1, 1.0)
    columns = columns_of(reference)
    measured = whole(reference, current, columns)
    write_report(measured.page, check(columns=measured.scores), tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 6e6
    text = (tmp_path / "report.html").read_text()
    assert all(f"<strong>{name}</strong>" in text for name in reference)


def test_write_whole_or_not_at_all(tmp_path: Path) -> None:
    """A report that cannot be put in its place leaves nothing behind; a written one replaces the former."""
    blocked = tmp_path / "there"
    blocked.mkdir()
    with pytest.raises(IsADirectoryError):
        write_report("", check(), blocked)
    assert list(tmp_path.iterdir()) == [blocked]
    target = tmp_path / "deep" / "report.html"
    write_report("", check(reason="first"), target)
    write_report("", check(reason="second \ud800"), target)
    assert "second" in target.read_text()
    assert list(target.parent.iterdir()) == [target]

"""Targets that cannot be learned from, or that are spelled otherwise than before; and features that give them away."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import Check, Outcome, Retrain
from tests.laws import EVIL, lawful_check, lawful_retrain
from tests.streams import day, stream

Make = Callable[..., Any]
Damage = Callable[[pd.DataFrame], pd.DataFrame]
BAD, STEADY, REJECTED, BOOTSTRAPPED = Outcome.BAD_DATA, Outcome.STEADY, Outcome.REJECTED, Outcome.BOOTSTRAPPED


def rows(case: str, task: str = "regression", start: int = 0, end: int = 21) -> pd.DataFrame:
    frame = stream(28, seed=crc32(case.encode()), task=task)
    return frame[(frame["ts"] >= day(start)) & (frame["ts"] < day(end))].reset_index(drop=True)


def y(value: Any) -> Damage:
    return lambda frame: frame.assign(y=value(frame) if callable(value) else value)


def every(n: int, value: Any) -> Damage:
    return lambda frame: frame.assign(y=frame["y"].astype(object).where(np.arange(len(frame)) % n > 0, value))


OTHER = {"yes": "ja", "no": "nein"}
# task, damage, outcome in fresh rows, outcome in a first training if it is tried, a finding of the check
CASES: dict[str, tuple[str, Damage, Outcome, Outcome | None, str | None]] = {
    "all null": ("regression", y(None), BAD, BAD, "target_missing"),
    "half null": ("regression", every(2, None), BAD, BOOTSTRAPPED, "target_missing"),
    "all infinite": ("regression", y(np.inf), BAD, BAD, "infinite"),
    "some infinite": ("regression", every(50, np.inf), STEADY, BOOTSTRAPPED, "infinite"),
    "constant": ("regression", y(7.0), STEADY, REJECTED, "constant"),
    "near the largest float": ("regression", y(lambda f: f["y"] * 1e306), STEADY, BAD, "out_of_range"),
    "some near the largest float": ("regression", every(50, 1.7e308), STEADY, None, None),
    "text": ("regression", y("high"), BAD, BAD, "type_changed"),
    "numbers as text": ("regression", y(lambda f: f["y"].astype(str)), STEADY, None, "type_changed"),
    "Decimals": ("regression", y(lambda f: f["y"].map(lambda v: Decimal(f"{v:.3f}"))), STEADY, None, None),
    "times": ("regression", y(lambda f: f["ts"]), BAD, None, "type_changed"),
    "noise": ("regression", y(lambda f: np.random.default_rng(0).normal(size=len(f))), STEADY, REJECTED, None),
    "one class": ("binary", y("yes"), STEADY, BAD, "constant"),
    "one class and null": ("binary", y(lambda f: f["y"].where(f["y"] == "yes")), BAD, None, "target_missing"),
    "three classes": ("binary", every(3, "maybe"), BAD, BAD, "unseen_labels"),
    "other classes": (
        "binary",
        y(lambda f: f["y"].map({"yes": "ja", "no": "nein"})),
        BAD,
        BOOTSTRAPPED,
        "unseen_labels",
    ),
    "script as a class": ("binary", every(3, EVIL), BAD, None, "unseen_labels"),
    "a class of many is gone": (
        "multiclass",
        y(lambda f: f["y"].replace("high", "middle")),
        STEADY,
        BOOTSTRAPPED,
        None,
    ),
    "a new class of many": ("multiclass", every(10, "top"), STEADY, None, "unseen_labels"),
    "unique classes": ("multiclass", y(lambda f: [f"c{at}" for at in range(len(f))]), BAD, None, "unseen_labels"),
    "an odd class": ("multiclass", every(700, "odd"), STEADY, BOOTSTRAPPED, None),
}
# Two classes by other names; and the names that they may have later.
NAMED = {True: "yes", False: "no"}
BINARY: dict[str, tuple[Any, Any]] = {
    "bool": (lambda yes: yes, lambda yes: yes),
    "int, then float": (lambda yes: yes.astype("int64"), lambda yes: yes.astype("float64")),
    "float, then int with NA": (
        lambda yes: yes.astype("float64"),
        lambda yes: yes.astype("Int64").mask(yes.index % 90 == 0),
    ),
    "-1 and 1": (lambda yes: yes.astype("int64") * 2 - 1, lambda yes: yes.astype("float32") * 2 - 1),
    "boolean with NA": (lambda yes: yes.astype("boolean"), lambda yes: yes.astype("boolean").mask(yes.index % 90 == 0)),
    "a script": (lambda yes: yes.map({True: EVIL, False: "no"}), lambda yes: yes.map({True: EVIL, False: "no"})),
}


@pytest.mark.parametrize("case", CASES)
def test_fresh_rows(case: str, sibling: Make) -> None:
    """A check ends as it must: broken labels block a retrain, strange ones are reported."""
    task, damage, outcome, _, code = CASES[case]
    check = lawful_check(sibling(damage(rows(case, task, 21, 28)), task=task), day(28))
    assert isinstance(check, Check)
    assert check.outcome is outcome, check.reason
    if code is not None:
        assert code in {finding.code for finding in check.findings if finding.column == "y"}
    # Of these labels only new classes of many can be learned by a retrain.
    assert ("driftloop retrain" in check.reason) == (outcome is BAD and (task, code) == ("multiclass", "unseen_labels"))


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][3] is not None])
def test_training_rows(case: str, alone: Make) -> None:
    """A first training ends as it must, and without a champion where none can be proven."""
    task, damage, _, outcome, _ = CASES[case]
    check = lawful_check(alone(damage(rows(case, task)), task=task), day(21))
    assert isinstance(check, Check)
    assert check.outcome is outcome, check.reason


@pytest.mark.parametrize("case", BINARY)
def test_two_classes_by_any_name(case: str, alone: Make) -> None:
    """Two classes may be of any type, and written otherwise later: 1 and 1.0 are the same class."""
    before, after = BINARY[case]
    frame = rows(case, "binary", 0, 28)
    recent = rows(case, "binary", 21, 28)
    made = alone(frame.assign(y=before(frame["y"] == "yes")), task="binary")
    assert lawful_check(made, day(21)).outcome is BOOTSTRAPPED
    check = lawful_check(made.given(recent.assign(y=after(recent["y"] == "yes"))), day(28))
    assert isinstance(check, Check)
    assert check.outcome is STEADY, check.reason
    assert "unseen_labels" not in {finding.code for finding in check.findings}
    assert not any(score.drifted for score in check.columns if score.role == "target")
    assert check.performance is not None
    assert check.performance.loss < 1.5 * check.performance.reference_loss


@pytest.mark.parametrize(
    ("task", "leak"),
    [
        ("regression", lambda f: f["y"]),
        ("regression", lambda f: -3 * f["y"] + 1e6),
        ("regression", lambda f: f["y"] * 1e300),
        ("binary", lambda f: (f["y"] == "yes").astype(float)),
        ("multiclass", lambda f: f["y"].map({"low": 0, "middle": 1, "high": 2})),
    ],
    ids=["itself", "scaled", "huge", "binary", "multiclass"],
)
def test_a_feature_that_is_the_target(task: str, leak: Callable[[pd.DataFrame], Any], alone: Make) -> None:
    """A feature that gives the target away is never promoted, however good it looks."""
    frame = rows(f"leak {task}", task)
    check = lawful_check(alone(frame.assign(speed=leak(frame)), task=task), day(21))
    assert isinstance(check, Check)
    assert check.outcome is REJECTED, check.reason
    assert check.retrain is not None
    assert check.retrain.code == "leak"
    assert "'speed'" in check.reason


def test_a_level_of_the_holdout_alone(alone: Make) -> None:
    """A category that first comes in the holdout is a missing value to the challenger, in the gate and once loaded."""
    frame = rows("holdout")
    late = (frame["ts"] >= day(17)) & (frame.index % 2 == 0)
    check = lawful_check(alone(frame.assign(city=frame["city"].mask(late, "oslo"))), day(21))
    assert check.outcome is BOOTSTRAPPED, check.reason


def test_a_class_of_the_holdout_alone(alone: Make) -> None:
    """A class that first comes in the holdout counts as a probability of zero; it breaks nothing."""
    frame = rows("late class", "multiclass")
    late = (frame["ts"] >= day(17)) & (frame.index % 50 == 0)
    check = lawful_check(alone(frame.assign(y=frame["y"].mask(late, "top")), task="multiclass"), day(21))
    assert check.outcome in {BOOTSTRAPPED, REJECTED}, check.reason


def test_one_class_in_the_holdout(alone: Make) -> None:
    """A holdout of a single class is compared as any other."""
    frame = rows("one class held out", "binary")
    check = lawful_check(alone(frame.assign(y=frame["y"].mask(frame["ts"] >= day(16), "yes")), task="binary"), day(21))
    assert check.outcome in {BOOTSTRAPPED, REJECTED}, check.reason


@pytest.mark.parametrize(("loss", "value"), [("mse", 1e200), ("mae", -1.7e308)])
def test_losses_beyond_the_floats(loss: str, value: float, sibling: Make) -> None:
    """A loss that overflows is a result like any other: it reads back from JSON, and something is stated of it."""
    frame = rows(f"overflow {loss} {value}", "regression", 21, 28)
    check = lawful_check(sibling(every(3, value)(frame).astype({"y": "float64"}), performance__loss=loss), day(28))
    assert isinstance(check, Check)
    assert check.outcome is STEADY, check.reason
    assert "out_of_range" in {finding.code for finding in check.findings if finding.column == "y"}


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (y(None), "no_labels"),
        (lambda f: f.head(100), "too_few_rows"),
        (lambda f: f.assign(speed=np.nan), "empty_feature"),
        (lambda f: f.assign(speed=f["y"]), "leak"),
    ],
    ids=["no labels", "few rows", "feature all null", "leak"],
)
def test_a_retrain_on_bad_rows(damage: Damage, code: str, sibling: Make) -> None:
    """A retrain that was asked for ends with a reason and leaves the champion; the same goes for the one after it."""
    made = sibling(damage(rows(f"retrain {code}")), gate__min_rows=20, training__min_rows=150)
    ended = lawful_retrain(made, day(21))
    assert isinstance(ended, Retrain)
    assert (ended.promoted, ended.version) == (False, None)
    assert ended.code == code, ended.reason

"""The target of a sample: by its given name, by a usual name, by late labels, or the last column that can be one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.init.target import chosen_target, listed_as_text, second_share, task_of

N = 400
DRAW = np.random.default_rng(0)


def sample(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"size": DRAW.normal(size=N), "city": DRAW.choice(["rome", "oslo"], N), **columns})


def kinds(frame: pd.DataFrame, **more: str) -> dict[str, str]:
    return {
        name: more.get(name, "numeric" if frame[name].dtype.kind in "if" else "categorical") for name in map(str, frame)
    }


def test_a_given_target_comes_before_a_usual_name() -> None:
    """`--target` decides; without it a usual name does, in any case of its letters, and otherwise the last column."""
    frame = sample(Label=DRAW.choice(["a", "b"], N), zone=DRAW.choice(["n", "s"], N))
    assert chosen_target(frame, kinds(frame), "size", "ts") == ("size", True)
    assert chosen_target(frame, kinds(frame), None, "ts") == ("Label", True)
    plain = frame.drop(columns="Label")
    assert chosen_target(plain, kinds(plain), None, "ts") == ("zone", False)


def test_late_labels_make_a_target() -> None:
    """Of columns without a usual name the one whose newest values are missing is the target."""
    frame = sample(paid=pd.Series(DRAW.normal(size=N)).mask(np.arange(N) > 0.8 * N), zone=DRAW.normal(size=N))
    assert chosen_target(frame, kinds(frame), None, "ts") == ("paid", False)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ("ts", "a time", "the time column"),
        ("zone", "constant", "single value 'n'"),
        ("zone", "free text", "free text"),
        ("zone", "only nulls", "only nulls"),
    ],
)
def test_a_given_target_without_anything_to_learn_is_refused(given: str, kind: str, message: str) -> None:
    """The error names the column and the reason."""
    frame = sample(zone=["n"] * N, ts=pd.date_range("2026-01-01", periods=N))
    with pytest.raises(ConfigError, match=rf"(?s){given}.*{message}"):
        chosen_target(frame, kinds(frame, **{given: kind}), given, "ts")


def test_an_identifier_of_numbers_can_be_given_but_is_not_guessed() -> None:
    """A user may predict a column that looks like an id; a guess passes it over."""
    frame = sample(claim_id=DRAW.permutation(10**6)[:N])
    known = kinds(frame, claim_id="an identifier")
    assert chosen_target(frame, known, "claim_id", "ts") == ("claim_id", True)
    assert chosen_target(frame, known, None, "ts") == ("city", False)


def test_without_any_target_every_column_is_listed() -> None:
    """The error states of each column why it cannot be the target."""
    frame = sample()
    with pytest.raises(ConfigError, match=r"'size' \(a row number\), 'city' \(free text\)"):
        chosen_target(frame, {"size": "a row number", "city": "free text"}, None, "ts")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([True, False], "binary"),
        ([1, 2, 3, 4, 5], "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5], "regression"),
    ],
)
def test_the_task_follows_the_values(values: list[Any], task: str) -> None:
    """Two values are binary, names and few whole numbers are classes, other numbers are a quantity."""
    assert task_of(pd.Series(values * 20)) == task


def test_whole_numbers_with_a_long_tail_are_a_quantity() -> None:
    """More values than a rating has are classes only where even the rarest is common."""
    common = pd.Series(list(range(15)) * 20)
    assert task_of(common) == "multiclass"
    assert task_of(pd.concat([common] + [common] * 9 + [pd.Series([15])])) == "regression"


def test_the_share_of_the_second_class_leaves_missing_labels_out() -> None:
    """One in four labels is 0.25, with or without gaps; a single class has no second one."""
    assert second_share(pd.Series(["a", "a", "a", "b"])) == 0.25
    assert second_share(pd.Series(["a", "a", None, "a", "b", None])) == 0.25
    assert second_share(pd.Series(["a", "a"])) == 1.0


def test_a_long_list_is_counted() -> None:
    """The first parts are shown and the others counted."""
    assert listed_as_text(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert listed_as_text(["a", "b"], most=2) == "a, b"

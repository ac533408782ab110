"""What a sample's columns are taken for: the target, its task, and what is no feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.guess import TooFewRows, look

FILE = Source(path="rows.csv")
N = 400


def frame(**more: Any) -> pd.DataFrame:
    """Rows with a time, a number and a category, and what is given next to them."""
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "ts": pd.date_range("2026-01-01", periods=N, freq="h"),
            "size": generator.normal(size=N),
            "city": generator.choice(["rome", "oslo"], N),
            **more,
        }
    )


def draw(values: list[Any], seed: int = 1) -> Any:
    return np.random.default_rng(seed).choice(np.array(values, dtype=object), N)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (draw([1.0, 2.0, 3.0, 4.0, 5.0]).astype(float), "multiclass"),
        (np.where(np.arange(N) > 380, np.nan, draw([1.0, 2.0, 3.0]).astype(float)), "multiclass"),
        (draw(list(range(11))).astype(int), "multiclass"),
        (np.random.default_rng(2).poisson(5, N), "regression"),
        (draw(["85,46", "1.148,55", "3,10"]), "regression"),
        (draw(["yes", "no", "NA"]), "binary"),
        (draw(["01", "02", "03"]), "multiclass"),
    ],
    ids=["floats of a rating", "a rating with gaps", "0 to 10", "a count", "money", "NA is no class", "codes"],
)
def test_the_task_follows_the_values(values: Any, task: str) -> None:
    """A rating is classes also where gaps have made floats of it; a count with a long tail is a number."""
    assert look(frame(target=values), FILE).task == task


def test_thousands_of_amounts_are_never_classes() -> None:
    """Text of which most reads as numbers is a number, whatever few others are among it."""
    amounts = [f"{value:,.2f} €".translate(str.maketrans(",.", ".,")) for value in np.linspace(1, 5000, N)]
    amounts[3] = "k. A."
    guess = look(frame(Umsatz=amounts), FILE, given_target="Umsatz")
    assert guess.task == "regression"
    assert guess.derived == {"Umsatz": guess.written["Umsatz"].sql("Umsatz", FILE)}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (5.0, "the single value '5.0'"),
        (None, "only nulls"),
        ([f"{at} some words of text" for at in range(N)], "free text"),
        ([f"id-{at}" for at in range(N)], "an identifier"),
        ([[at] for at in range(N)], "nested values"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_learned_is_no_target(values: Any, why: str) -> None:
    """It is refused with the reason if it is named, and passed over if not: the last other column is taken."""
    rows = frame(last=values)
    with pytest.raises(ConfigError, match=rf"(?s)'last' cannot be the target: .*{why}"):
        look(rows, FILE, given_target="last")
    guess = look(rows, FILE)
    assert (guess.target, guess.named) == ("city", False)
    assert "last" in guess.left_out


@pytest.mark.parametrize(("values", "why"), [(None, "no values"), (5.0, "one value")])
def test_an_empty_column_that_is_called_a_target_is_no_reason_to_take_another(values: Any, why: str) -> None:
    """Rows without any label are asked about; where another column is called so too and varies, that one is taken."""
    with pytest.raises(ConfigError, match=f"'label' is called like a target and has {why}"):
        look(frame(label=values), FILE)
    assert look(frame(label=values, churned=draw(["y", "n"])), FILE).target == "churned"


def test_the_column_whose_newest_values_are_missing_is_the_target() -> None:
    """Labels come late, features do not."""
    late = pd.Series(draw(["x", "y"])).mask(np.arange(N) > 0.8 * N, None)
    guess = look(frame().assign(paid=late, other=draw(["a", "b"])), FILE)
    assert guess.target == "paid"


def test_a_log_of_a_model_is_no_set_of_features() -> None:
    """What a model stated, and its version next to it, would leak; without a prediction a score may be anything."""
    predictions = {"prediction": np.arange(N) ** 0.5, "score": np.arange(N) ** 0.3, "model_version": draw(["v1", "v2"])}
    guess = look(frame(**predictions, actual=np.arange(N) ** 0.4), FILE)
    assert guess.target == "actual"
    assert set(guess.left_out) == set(predictions)
    assert "logged_prediction" in guess.left_out["prediction"]
    assert "score" in look(frame(score=predictions["score"], y=draw(["a", "b"])), FILE).numeric
    with pytest.raises(ConfigError, match=r"(?s)the name of the model's own output.*columns.derived"):
        look(frame(**predictions), FILE, given_target="prediction")


def test_numbers_that_name_things_are_categories_or_left_out() -> None:
    """A store's number is no quantity; one that never comes back is an identifier, and one that counts a row number."""
    guess = look(
        frame(
            store_id=draw([1001, 1002, 1003]).astype(int),
            zip=draw([10115, 80331]).astype(int),
            customer_id=np.random.default_rng(3).permutation(10**6)[:N],
            row=range(N, 0, -1),
            session=[f"{at % 50 + at // 100 * 50:08x}" for at in range(N)],
            merchant=1239162456494753670 + draw(list(range(8))).astype(int),
            y=draw(["a", "b"]),
        ),
        FILE,
    )
    assert set(guess.categorical) == {"city", "store_id", "zip", "merchant"}
    assert guess.left_out == {"customer_id": "an identifier", "row": "a row number", "session": "an identifier"}


def test_numbers_with_words_for_gaps_are_numeric() -> None:
    """Six percent of `?` make no category of a column of numbers, and what is done is stated."""
    years = np.where(np.arange(N) % 16 == 0, "?", np.random.default_rng(4).permutation(N).astype(str))
    guess = look(frame(years=years, y=draw(["a", "b"])), FILE)
    assert "years" in guess.numeric
    assert guess.written["years"].note() == "'?' count as missing, 25 of 400 values"


def test_a_time_with_a_year_beyond_the_calendar_is_a_time() -> None:
    """A placeholder such as infinity among dates makes no text of them."""
    days = pd.date_range("2026-01-01", periods=N).strftime("%Y-%m-%d").to_numpy(dtype=object)
    days[7] = "12026-01-01"
    assert look(frame(due=days, y=draw(["a", "b"])), FILE).left_out["due"] == "a time"


def test_a_few_rows_are_too_few() -> None:
    """One row proves nothing about a column."""
    with pytest.raises(TooFewRows, match="1 row is too few"):
        look(frame(y=draw(["a", "b"])).head(1), FILE)
    with pytest.raises(TooFewRows, match="19 rows are too few"):
        look(frame(y=draw(["a", "b"])).head(19), FILE)
    assert look(frame(y=draw(["a", "b"])).head(20), FILE).target == "y"


def test_without_a_feature_the_reasons_are_named() -> None:
    """What is next to the target is listed with why it is none."""
    rows = frame(y=draw(["a", "b"]))[["ts", "y"]].assign(fixed="x")
    with pytest.raises(ConfigError, match=r"no column is left to predict from: 'fixed' \(constant\)"):
        look(rows, FILE)

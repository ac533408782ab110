"""Laws of the encoding: the same columns, levels and types always, and nothing in a row can break it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.errors import MissingColumns
from driftloop.monitoring.served.encoding import LARGEST
from driftloop.pipelines.training.features import Features, encode, learn_features


def test_levels_are_most_frequent_first_and_ties_by_name() -> None:
    """The order of the rows plays no part in the order of the levels; the rarest are left out."""
    values = ["b", "a", "c", "c", "d", None]
    one, other = (pd.DataFrame({"k": pd.Series(order, dtype=object)}) for order in (values, values[::-1]))
    learnt = learn_features(one, [], ["k"], max_levels=3)
    assert learnt.levels == {"k": ("c", "a", "b")}
    assert learn_features(other, [], ["k"], max_levels=3) == learnt


texts = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "b"]))


@given(st.lists(st.tuples(st.floats(), texts)))
def test_any_row_can_be_encoded(pairs: list[tuple[float, str | None]]) -> None:
    """Whatever the values, each row comes out: known levels and numbers (within float32) stay, all else is missing."""
    features = Features(numeric=("n",), levels={"k": ("b", "a")})
    numbers, names = [n for n, _ in pairs], [k for _, k in pairs]
    frame = pd.DataFrame({"k": pd.Series(names, dtype=object), "n": pd.Series(numbers, dtype=float)})
    encoded = encode(frame, features)
    assert list(encoded.columns) == ["n", "k"]
    assert list(encoded["k"].cat.categories) == ["b", "a"]
    assert [k if isinstance(k, str) else None for k in encoded["k"]] == [k if k in {"a", "b"} else None for k in names]
    kept = [np.clip(n, -LARGEST, LARGEST) if np.isfinite(n) else np.nan for n in numbers]
    assert np.array_equal(encoded["n"], kept, equal_nan=True)


def test_other_columns_and_the_order_of_columns_are_ignored(rows: pd.DataFrame) -> None:
    """The encoded frame depends on the features alone and keeps the index of the rows."""
    features = learn_features(rows, ["size"], ["kind"], max_levels=10)
    shuffled = rows[["two", "kind", "size"]].iloc[::-1]
    pd.testing.assert_frame_equal(encode(shuffled, features).sort_index(), encode(rows, features))


def test_a_missing_column_is_named(rows: pd.DataFrame) -> None:
    """A column that is not there is an error with its name and the nearest one that is."""
    features = learn_features(rows, ["size"], ["kind"], max_levels=10)
    with pytest.raises(MissingColumns, match=r"no column 'size'[\s\S]*'sizes'"):
        encode(rows.rename(columns={"size": "sizes"}), features)


def test_encoded_names_are_safe_and_distinct() -> None:
    """Characters that estimators refuse in names are replaced, never so that two columns get one name."""
    features = Features(numeric=("a[1]", "a_1_", "a<1>"), levels={"b:c": ("x",)})
    assert features.safe_names == ("a_1__2", "a_1_", "a_1__3", "b_c")


def test_features_survive_json(rows: pd.DataFrame) -> None:
    """What is stored next to a model is what was learned, order included."""
    features = learn_features(rows, ["size", "age [d]"], ["kind", "two"], max_levels=10)
    again = Features.model_validate_json(features.model_dump_json())
    assert (again, again.names) == (features, features.names)


def test_a_categorical_column_is_encoded_as_its_text() -> None:
    """Text and pandas categories of the same values give the same codes, unseen and missing ones included."""
    text = pd.Series(["b", None, "a", "new", "b"], dtype=object)
    features = Features(levels={"c": ("b", "a")})
    plain = encode(pd.DataFrame({"c": text}), features)
    coded = encode(pd.DataFrame({"c": text.astype("category")}), features)
    assert coded["c"].cat.codes.tolist() == plain["c"].cat.codes.tolist() == [0, -1, 1, -1, 0]
    assert learn_features(pd.DataFrame({"c": text.astype("category")}), [], ["c"], 5).levels == {"c": ("b", "a", "new")}

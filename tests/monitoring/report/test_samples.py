"""Laws of making two frames comparable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import ColumnReference
from driftloop.monitoring.report.samples import LONGEST_LABEL, cap, distinct, draw, fence, harmless


def global_generator() -> int:
    """Fingerprint numpy's global generator."""
    return hash(np.random.get_state(legacy=False)["state"]["key"].tobytes())  # noqa: NPY002


def column(kind: str, **more: object) -> ColumnReference:
    method = {"numeric": "wasserstein", "categorical": "psi"}[kind]
    common = {"name": "x", "role": "feature", "null_share": 0, "distinct": 9, "threshold": 0.1}
    return ColumnReference(**{**common, "kind": kind, "method": method, **more})


def levels(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype=object)


def test_draw_is_seeded_and_quiet() -> None:
    """The same seed draws the same rows, in their order, and leaves numpy's global generator as it was."""
    frame = pd.DataFrame({"x": np.arange(1000.0)})
    before = global_generator()
    first, second, other = draw(frame, 100, 7), draw(frame, 100, 7), draw(frame, 100, 8)
    assert first.equals(second)
    assert not first.equals(other)
    assert len(first) == 100
    assert first["x"].is_monotonic_increasing
    assert global_generator() == before


def test_draw_keeps_few_rows() -> None:
    """A frame that is small enough is taken whole."""
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    assert draw(frame, 100, 0) is frame


def test_fence_bounds_both_ends() -> None:
    """Numbers are clipped to the fences, infinities become missing, and without fences nothing reaches an overflow."""
    raw = pd.Series([-1e308, 5.0, 1e308, np.inf, -np.inf, np.nan])
    assert fence(raw, column("numeric", fence_low=0.0, fence_high=9.0)).tolist()[:3] == [0.0, 5.0, 9.0]
    free = fence(raw, column("numeric"))
    assert free.isna().tolist() == [False] * 3 + [True] * 3
    assert np.isfinite(np.square(free[:3])).all()
    assert raw[0] == -1e308


def test_cap_names_what_it_folds() -> None:
    """The most frequent levels stay apart; known, unknown and missing ones become other, unseen and missing."""
    reference, current = cap(
        levels("a", "b", "c", None), levels("c", "new", "a", None), column("categorical", levels=("a", "b", "c")), 2
    )
    assert reference.tolist() == ["a", "b", "(other)", "(missing)"]
    assert current.tolist() == ["(other)", "(unseen)", "a", "(missing)"]


def test_cap_without_remembered_levels() -> None:
    """Without remembered levels they are counted in the reference; ties go by name."""
    reference, _ = cap(levels("z", "y", "y", "x"), levels("z"), column("categorical"), 2)
    assert reference.tolist() == ["(other)", "y", "y", "x"]


def test_cap_believes_rows_over_memory() -> None:
    """A level that the reference rows hold is known, also when the remembered levels were cut off before it."""
    reference, current = cap(levels("a", "rare"), levels("rare"), column("categorical", levels=("a",)), 5)
    assert (reference.tolist(), current.tolist()) == (["a", "(other)"], ["(other)"])


def test_real_levels_are_not_ours() -> None:
    """A real level called (missing) is not counted with the missing values, nor are an empty string or "nan"."""
    reference, _ = cap(levels("(missing)", None, "", "nan", "None"), levels("a"), column("categorical"), 10)
    assert reference.nunique() == 5


@pytest.mark.parametrize("text", ["<b>", "</script>", "a\u2028b", "a\u202eb", "a\nb", "\x00"])
def test_harmless(text: str) -> None:
    """No angle bracket, line separator, control or direction sign is left in a label."""
    assert harmless(text).isprintable()
    assert not set("<>") & set(harmless(text))


def test_labels_stay_apart() -> None:
    """Names that become alike, or are cut to the same length, still get labels of their own."""
    names = ["a<b", "a\u2039b", "a\u2039b (2)", "x" * 500 + "1", "x" * 500 + "2"]
    labels = distinct(names)
    assert len(set(labels)) == len(names)
    assert max(map(len, labels)) <= LONGEST_LABEL + len(" (2)")

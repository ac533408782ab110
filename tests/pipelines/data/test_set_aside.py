"""Values come back as they were set aside, from memory and from disk."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from driftloop.pipelines.data.set_aside import Arrays, SetAside


@pytest.mark.parametrize("held", [3, 100])
def test_parts_come_back_in_their_order(held: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Bit by bit, empty ones too, as often as is asked, by several threads together; no file is left."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path))
    bits = np.array([-0.0, np.nan, np.inf, 5e-324, 1.5])
    added = [bits[:2], bits[:0], bits[::-2], bits]
    made = Arrays(np.float64, held)
    for part in added:
        made.add(part)
    assert made.lengths == [2, 0, 3, 5]
    assert len(made) == 10
    found: list[list[NDArray[np.float64]]] = []
    threads = [threading.Thread(target=lambda: found.append([*made, made.whole()])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = [part.tobytes() for part in (*added, np.concatenate(added))]
    assert [[part.tobytes() for part in one] for one in found] == [wanted] * 4
    found[0][-1][:] = 7.0
    assert made.whole().tobytes() == wanted[-1]
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("held", [0, 100])
@pytest.mark.parametrize(
    "values",
    [
        np.array(["b", None, "\u00e9", "b"], dtype=object),
        np.array([], dtype=object),
        np.array([2.5, np.nan]),
        np.array(["2026-01-01", "NaT"], dtype="datetime64[us]"),
    ],
    ids=["text", "none", "numbers", "times"],
)
def test_a_set_aside_array_is_read_again(
    values: NDArray[np.generic], held: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same type and values; text with one object per distinct value."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path))
    read = SetAside(values, held).read()
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)
    assert len({id(text) for text in read.tolist()}) == len(set(values.tolist())) or values.dtype != object

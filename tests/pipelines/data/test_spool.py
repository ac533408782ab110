"""Frames come back from a spool as they were put in, from memory and from disk."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.rows.canonical import plain
from driftloop.pipelines.data import spool
from driftloop.pipelines.data.spool import Spool

TIMES = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"], utc=True).as_unit("us")
FRAME = pd.DataFrame(
    {
        "ts": TIMES,
        "number": [1.5, np.nan, -0.0],
        "nothing": pd.Categorical([None] * 3, categories=pd.Index([], dtype=object)),
        "text": pd.Categorical(["b", None, "\u00e9\ufffd"], categories=pd.Index(["b", "\u00e9\ufffd"], dtype=object)),
    }
)


@pytest.mark.parametrize("held", [2, 100])
def test_frames_come_back_as_they_were(held: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same types and values, in their order, as often as is asked, by several threads together; no file is left."""
    monkeypatch.setattr(spool, "HELD", held)
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path))
    made, frames = Spool(), [FRAME, FRAME.head(0), FRAME.iloc[::-1].reset_index(drop=True)]
    for frame in frames:
        made.add(frame)
    assert len(made) == 3
    found: list[list[pd.DataFrame]] = []
    threads = [threading.Thread(target=lambda: found.append(list(made))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for parts in found:
        for part, frame in zip(parts, frames, strict=True):
            pd.testing.assert_frame_equal(plain(part), plain(frame))
            assert isinstance(part["text"].dtype, pd.CategoricalDtype)
    assert len(found) == 4
    assert list(tmp_path.iterdir()) == []

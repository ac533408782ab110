"""Fits that start again when a worker dies."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import EngineUnavailable
from driftloop.pipelines.engines.repeating import WorkerGone, repeated


def test_a_fit_starts_again_twice(caplog: pytest.LogCaptureFixture) -> None:
    """The third death is an error with its reason; any other error ends the fit immediately."""
    deaths = iter(["the worker a died", "the worker b died"])

    def fit() -> bytes:
        for death in deaths:
            raise WorkerGone(death)
        return b"model"

    assert repeated("dask at tcp://h:1", fit) == b"model"
    assert [record.message for record in caplog.records] == [
        "dask at tcp://h:1: a fit starts again: the worker a died",
        "dask at tcp://h:1: a fit starts again: the worker b died",
    ]
    deaths = iter(["a", "b", "c", "d"])
    with pytest.raises(EngineUnavailable, match="a worker died in each of 3 fits, the last time: c"):
        repeated("spark", fit)
    assert list(deaths) == ["d"]
    with pytest.raises(ZeroDivisionError):
        repeated("spark", lambda: 1 // 0)

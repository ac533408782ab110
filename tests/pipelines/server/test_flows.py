"""A worker that does not know where state is runs nothing."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import WorkerUnready
from driftloop.pipelines.server.flows import WHERE, refuse_unready


@pytest.mark.parametrize(
    ("named", "ready"),
    [
        (["DRIFTLOOP_HOME"], True),
        (["MLFLOW_TRACKING_URI", "DRIFTLOOP_LEDGER_URL"], True),
        (["MLFLOW_TRACKING_URI"], False),
        (["DRIFTLOOP_LEDGER_URL"], False),
        ([], False),
    ],
)
def test_a_worker_knows_its_stores_or_its_folder(
    monkeypatch: pytest.MonkeyPatch, named: list[str], ready: bool
) -> None:
    """The state folder alone will do, or both stores; else the error names what is lacking."""
    for name in WHERE:
        monkeypatch.delenv(name, raising=False)
    for name in named:
        monkeypatch.setenv(name, "somewhere")
    if ready:
        refuse_unready()
        return
    with pytest.raises(WorkerUnready, match="DRIFTLOOP_HOME"):
        refuse_unready()

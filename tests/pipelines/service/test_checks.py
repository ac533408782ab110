"""What is loaded before the first check runs in a thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import streams
from tests.streams import day, stream

# Two checks in a row in one process: whatever part the first one had yet to import would be imported in its thread.
PRELOADED = """
import sys
from datetime import datetime
from driftloop.pipelines.config.project import load
from driftloop.pipelines.service.checks import preload
from driftloop.pipelines.flows.warmup import prefect_ready
file, *nows = sys.argv[1:]
with prefect_ready():
    project = load(file)
    preload([project])
    before = set(sys.modules)
    from driftloop.pipelines.flows.monitoring import monitoring_flow
    for now in nows:
        outcome = monitoring_flow(config=project, now=datetime.fromisoformat(now)).outcome.value
parts = {"driftloop", "evidently", "ibis", "matplotlib", "mlflow", "skops", "sklearn", "xgboost"}
print(outcome, *sorted(name for name in set(sys.modules) - before if name.split(".")[0] in parts))
"""


def test_a_check_imports_nothing_heavy_after_the_preload(
    process: Callable[..., Any], seeded: Callable[[Path], Path], tmp_path: Path
) -> None:
    """A first training, then drift and a retrain: all that they need was loaded before, by the main thread."""
    rows = stream(concept_shift_at=28, input_shift_at=28)
    changes: dict[str, Any] = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "always"}]}
    file = streams.write(tmp_path, rows, **changes)
    seeded(tmp_path / "state")
    done = process("-c", PRELOADED, file, day(21).isoformat(), day(35).isoformat(), python=True)
    assert done.returncode == 0, done.stderr
    outcome, *later = done.stdout.split()
    assert outcome in {"promoted", "rejected"}
    assert later == []

"""xgboost fitted by several processes together, each on its own rows: xgboost's own `collective` and `tracker`.

The processes find the cuts of the values together, and sum their gradients in each round.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import xgboost
from xgboost.tracker import RabitTracker

from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.training.fit_pieces import Pieces, matrix, streamable

PEER = 300  # seconds that a process waits for the other ones


class GivenUp(Exception):
    """The result of a fit is not awaited any more."""


def start_tracker(processes: int, host: str) -> dict[str, Any]:
    """Start what brings the processes together, in a thread that ends with the fit; return what they need to reach it.

    `host` is the address of this machine for the other ones.
    """
    tracker = RabitTracker(n_workers=processes, host_ip=host, sortby="task", timeout=PEER)
    tracker.start()

    def wait() -> None:
        with suppress(Exception):  # the processes report it
            tracker.wait_for()

    Thread(target=wait, daemon=True).start()
    made: dict[str, Any] = tracker.worker_args()
    return made


def fit_together(
    boosting: Boosting, pieces: Pieces, tracker: dict[str, Any], number: int, threads: int, awaited: Callable[[], bool]
) -> bytes | None:
    """Fit on the rows of this process with all others; return the booster as UBJSON in process `number` 0.

    `GivenUp` once the result is not `awaited`, which is asked after each round.
    """
    model = boosting.model.set_params(n_jobs=threads)

    class WhileAwaited(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if not awaited():
                raise GivenUp(f"after {epoch + 1} rounds")
            return False

    with xgboost.collective.CommunicatorContext(**tracker, dmlc_task_id=f"{number:06}", dmlc_timeout=PEER):
        params, rounds = streamable(model, boosting.classes), model.get_num_boosting_rounds()
        booster = xgboost.train(params, matrix(model, pieces), rounds, callbacks=[WhileAwaited()])
        return None if number else bytes(booster.save_raw("ubj"))

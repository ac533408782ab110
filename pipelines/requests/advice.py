"""Explanation of a missing champion, with a next step for each end of a first training run. Pure."""

from __future__ import annotations

from driftloop.monitoring.records import Retrain
from driftloop.pipelines.requests.ends import GATE, IMPOSSIBLE

# By the code of the gate, or of what made training impossible.
TRY = {code: end.remedy for code, end in (GATE | dict(IMPOSSIBLE)).items() if end.remedy}
OTHERWISE = "the next check tries again; `driftloop history` shows what happened"


def why_no_champion(retrain: Retrain) -> str:
    """Explain why there is no champion, and what to try.

    >>> end = {"request_id": "r", "version": None, "promoted": False, "champion_loss": None, "challenger_loss": 2.0}
    >>> leak = Retrain(code="leak", reason="'paid' alone is the target.", **end)
    >>> print(why_no_champion(leak))  # doctest: +NORMALIZE_WHITESPACE
    no champion yet: the first challenger was rejected: 'paid' alone is the target. To try: remove that feature;
    if it is known when the model is used, raise gate.leak_threshold
    """
    result = "the first challenger was rejected" if retrain.challenger_loss is not None else "training is not possible"
    reason = retrain.reason.removeprefix("no training: ").rstrip(".")
    return f"no champion yet: {result}: {reason}. To try: {TRY.get(retrain.code, OTHERWISE)}"

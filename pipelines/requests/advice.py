"""Why a model has no champion yet, and what to try: a sentence for each end of a first training. Pure."""

from __future__ import annotations

from driftloop.monitoring.records import Retrain
from driftloop.pipelines.gate import REMEDIES

# By the code of the gate, or of what made the training impossible.
TRY = REMEDIES | {
    "no_data": "wait for rows, or make training.window longer",
    "no_labels": "check columns.target, and set columns.label_delay to the time that labels take to arrive",
    "one_class": "make training.window longer, or check how the target is made",
    "too_many_classes": "set task: multiclass, or check how the target is made",
    "empty_feature": "fix the source, or remove the column from the features",
    "labels_too_large": "exclude those rows (columns.filter), or scale the target (columns.derived)",
}
OTHERWISE = "the next check tries again; `driftloop history` shows what happened"


def why_no_champion(retrain: Retrain) -> str:
    """Say that there is no champion, why, and what to try.

    >>> end = {"request_id": "r", "version": None, "promoted": False, "champion_loss": None, "challenger_loss": 2.0}
    >>> leak = Retrain(code="leak", reason="'paid' alone is the target.", **end)
    >>> print(why_no_champion(leak))  # doctest: +NORMALIZE_WHITESPACE
    there is no champion: the first training was rejected: 'paid' alone is the target. To try: remove that feature;
    if it is known when the model is used, raise gate.leak_threshold
    """
    how = "rejected" if retrain.challenger_loss is not None else "not possible"
    why = retrain.reason.removeprefix("no training: ").rstrip(".")
    return f"there is no champion: the first training was {how}: {why}. To try: {TRY.get(retrain.code, OTHERWISE)}"

"""Why a model has no champion yet, and what to try: a sentence for each end of a first training. Pure."""

from __future__ import annotations

from driftloop.monitoring.records import Retrain

WEAK = (
    "add features that say more about the target, learn from more rows (training.window), or try another "
    "training.estimator; the next window is tried by itself"
)
FEW = "wait for more labelled rows, make training.window longer, or lower training.min_rows and gate.min_rows"
# By the code of the gate, or of what made the training impossible.
TRY = {
    "worse_than_naive": WEAK,
    "not_better": WEAK,
    "tie": WEAK,
    "too_few_rows": FEW,
    "no_data": "wait for rows, or make training.window longer",
    "no_labels": "check columns.target, and set columns.label_delay to the time that labels take to arrive",
    "leak": "remove that feature; if it is known when the model is used, raise gate.leak_threshold",
    "not_finite": "exclude rows with extreme labels (columns.filter), or fix the estimator's predict",
    "above_max_loss": "raise gate.max_loss, or make the model better: " + WEAK,
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

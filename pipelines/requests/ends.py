"""Results of a retrain: code, meaning, next step, and the outcome of a check whose first training run ended so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.gate import Gate


@dataclass(frozen=True)
class End:
    """One end. `first` is the outcome of the check if the model has no champion and this end promotes none."""

    meaning: str
    remedy: str
    first: Outcome = Outcome.REJECTED


GATE = {answer.code: End(answer.meaning, answer.remedy) for answer in Gate.answers}
# Nothing could be trained: codes of `TrainingImpossible`.
IMPOSSIBLE: Mapping[str, End] = {
    "no_data": End("the training window has no rows", "wait for rows, or make training.window longer", Outcome.NO_DATA),
    "too_few_rows": End(GATE["too_few_rows"].meaning, GATE["too_few_rows"].remedy, Outcome.TOO_FEW_ROWS),
    "no_labels": End(
        "the rows of the training window have no labels",
        "check columns.target, and set columns.label_delay to the time that labels take to arrive",
        Outcome.BAD_DATA,
    ),
    "one_class": End(
        "all labels are one class",
        "make training.window longer, or check how the target is made",
        Outcome.BAD_DATA,
    ),
    "too_many_classes": End(
        "a binary target has more than two classes",
        "set task: multiclass, or check how the target is made",
        Outcome.BAD_DATA,
    ),
    "empty_feature": End(
        "a feature has no value in the training rows",
        "fix the source, or remove the column from the features",
        Outcome.BAD_DATA,
    ),
    "labels_too_large": End(
        "labels are too large to train on",
        "exclude those rows (columns.filter), or scale the target (columns.derived)",
        Outcome.BAD_DATA,
    ),
    "too_many_rows": End(
        "the training rows do not fit into memory",
        "set training.max_rows, use estimator: xgboost, or make training.window shorter",
        Outcome.BAD_DATA,
    ),
    "labels_not_allowed": End(
        "the loss is not defined for some of the labels",
        "correct the target, exclude those rows (columns.filter), or choose another performance.loss",
        Outcome.BAD_DATA,
    ),
    "weights_not_allowed": End(
        "weights of rows are missing, negative, infinite or all 0",
        "correct columns.weight, derive a weight (columns.derived), or exclude those rows (columns.filter)",
        Outcome.BAD_DATA,
    ),
    "version_missing": End(
        "the archived model to switch to is missing in MLflow",
        "none; the next check compares the archived models that are left",
    ),
    "champion_changed": End(
        "the champion changed after the retrain was requested",
        "request it again: `driftloop check` or `driftloop retrain`",
    ),
}
# Results that a final one follows: the challenger waits for approval, or is in shadow.
PENDING = frozenset({Outcome.AWAITING_APPROVAL, Outcome.SHADOWING})
# Results of a challenger in shadow that is not promoted.
SHADOW_DECLINED = frozenset({"shadow_declined", "shadow_unproven", "shadow_ended"})
# Result of a request for a recalibration alone.
NOT_RECALIBRATED = "not_recalibrated"
# Of a challenger that had passed the gate.
AFTERWARDS: Mapping[str, End] = {
    "awaiting_approval": End(
        "the challenger waits for approval (`promotion: manual`)", "`driftloop promote MODEL VERSION`"
    ),
    "approved": End("a waiting challenger was approved and is the champion", ""),
    "adopted": End("a model that existed already was adopted and is the champion (`driftloop adopt`)", ""),
    "took_over": End("a new version of a model elsewhere serves, and is the champion (`training: none`)", ""),
    "switched_back": End("an archived model is better and serves (`archive`); nothing was trained", ""),
    "recalibrated": End(
        "the champion was recalibrated on newer labels and serves (`cost.recalibrate`); nothing was trained", ""
    ),
    NOT_RECALIBRATED: End(
        "a recalibration of the champion was tried, and gained too little or failed the gate; the champion stays",
        "none; it is tried again when the causes of a rise of the loss recommend it",
    ),
    "rolled_back": End(
        "the last promotion was proven worse, and the previous champion serves again (`promotion.watch`); nothing was "
        "trained",
        "none; the next retrain waits for as many windows as the watch has",
    ),
    "shadowing": End(
        "the challenger is scored next to the champion until its verdict (`promotion.shadow`)",
        "none; `driftloop status` shows what it waits for, and `driftloop promote MODEL VERSION` promotes it now",
    ),
    "shadow_proven": End(
        "a challenger in shadow was proven to be better, or not worse by more than `promotion.margin`, and serves",
        "",
    ),
    "shadow_declined": End(
        "a challenger in shadow was proven worse than the champion, which stays",
        "none; the next decision to retrain trains another challenger",
    ),
    "shadow_unproven": End(
        "nothing was proven about a challenger in shadow within its windows; the champion stays",
        "raise `promotion.shadow` or `promotion.margin`, or use longer windows: a proof needs more rows",
    ),
    "shadow_ended": End(
        "the shadow of a challenger ended without a comparison: it cannot be scored on the champion's rows, a newer "
        "version serves, or `promotion.shadow` was set to 0",
        "see the reason; `driftloop retrain` trains another challenger",
    ),
    "declined": End("a waiting challenger was rejected by a user", ""),
    "superseded": End("a newer challenger waits for approval instead", "approve or decline the newer challenger"),
    "broken": End(
        "the stored model predicts differently after loading, or its files were changed: it never serves",
        "see the error; `driftloop retrain` trains another challenger",
    ),
}
ENDS: Mapping[str, End] = {**GATE, **IMPOSSIBLE, **AFTERWARDS}


def first_outcome(code: str) -> Outcome:
    """Return the outcome of a check whose first training run ended so; a code of an older version counts as rejected.

    >>> first_outcome("no_labels").value, first_outcome("worse_than_naive").value
    ('bad_data', 'rejected')
    """
    return ENDS[code].first if code in ENDS else Outcome.REJECTED

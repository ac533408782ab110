"""Errors of training, and of versions in the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from driftloop.monitoring.errors.base import DriftloopError, listed


class NoChampion(DriftloopError):
    """The registry has no version with the alias `champion`."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} has no champion",
            expected="a version with the alias 'champion'",
            remedy=f"run `driftloop check`, which trains the first one; or set the alias of {model} in MLflow on an "
            "older version",
        )


class NothingToRollBack(DriftloopError):
    """`rollback` without a version with the alias `previous`."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} has no previous champion to restore",
            expected="a version with the alias 'previous', which a promotion sets",
            remedy="run `driftloop retrain` for a new version; `driftloop status` shows the current ones",
        )


class NothingToApprove(DriftloopError):
    """`promote` of a version that does not wait for approval."""

    def __init__(self, model: str, version: str, waits: str | None) -> None:
        pending = f"version {waits} does" if waits else "no version does"
        promote, history = f"run `driftloop promote {model} {waits}`", f"`driftloop history {model}` shows its outcome"
        super().__init__(
            f"{model} version {version} does not wait for approval; {pending}",
            expected="a version with the alias 'challenger' (set with `promotion: manual`) or 'shadow'",
            remedy=promote if waits else history,
        )


class ChampionChanged(DriftloopError):
    """The champion that a challenger was compared with has been replaced."""

    def __init__(self, model: str, version: str, expected: str | None, current: str | None) -> None:
        old, new = (f"version {number}" if number else "no champion" for number in (expected, current))
        super().__init__(
            f"{model} version {version} was compared with {old}, but the champion is now: {new}",
            expected=f"{old} as the champion",
            remedy="run `driftloop retrain`, which compares a new challenger with the current champion; "
            "`driftloop promote --decline` rejects this one",
        )


class ForeignVersion(DriftloopError):
    """The alias was set manually on a version that driftloop did not register."""

    def __init__(self, model: str, version: str) -> None:
        super().__init__(
            f"{model} version {version} was not registered by driftloop: it has no reference",
            expected="aliases on versions that driftloop registered",
            remedy="set the alias in MLflow on such a version; or remove it, so that the next check trains a first "
            "champion",
        )


class Tampered(DriftloopError):
    """A file of a model version differs from the registered one."""

    def __init__(self, version: str, file: str) -> None:
        super().__init__(
            f"{version}: {file} differs from the registered file (its sha256 is different)",
            expected="the unchanged artifact of the registration",
            remedy="restore the artifact store from a backup, or `driftloop rollback` to the previous champion",
        )


class FileMissing(Tampered):
    """A file of a model version is missing."""

    def __init__(self, version: str, file: str, folder: str) -> None:
        DriftloopError.__init__(
            self,
            f"{version}: {file} is not in {folder}",
            expected="the files of a version in the folder of its registration",
            remedy="move the folder back if it was moved; otherwise restore the artifact store from a backup, or run "
            "`driftloop rollback` to the previous champion",
        )


class StoredModelDiffers(DriftloopError):
    """A new version predicts differently after loading. It never becomes champion."""

    def __init__(self, version: str, rows: int, total: int) -> None:
        super().__init__(
            f"{version} predicts differently on {rows:,} of {total:,} rows after it was stored and loaded",
            expected="the same predictions before and after",
            remedy="store the complete state of a custom estimator; the champion is unchanged",
        )


class Untrusted(DriftloopError):
    """A model that can only be stored by pickle, without permission for that."""

    def __init__(self, model: str, types: Iterable[str]) -> None:
        super().__init__(
            f"{model} contains types that are not trusted: {listed(types)}",
            expected="xgboost, or scikit-learn estimators of trusted types",
            remedy="add them to training.trusted_types, or set training.allow_pickle: true (which runs code on load)",
        )


class AdoptionRefused(DriftloopError):
    """A model that exists already and cannot be adopted, or that no longer answers as it did then. Exit code 2."""

    def __init__(self, model: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"{model}: {found}", expected=expected, remedy=remedy)


class PredictionsUnfit(DriftloopError):
    """Predictions of a model elsewhere that cannot be compared with the labels. Exit code 2."""

    def __init__(self, version: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"predictions of version {version!r}: {found}", expected=expected, remedy=remedy)


Impossible = Literal[
    "no_data",
    "too_few_rows",
    "no_labels",
    "one_class",
    "too_many_classes",
    "empty_feature",
    "labels_too_large",
    "too_many_rows",
    "labels_not_allowed",
    "weights_not_allowed",
    "champion_changed",
    "version_missing",
]


class TrainingImpossible(DriftloopError):
    """Nothing to learn from: an early, typed end of a training, not a crash."""

    def __init__(self, code: Impossible, found: str, *, expected: str, remedy: str) -> None:
        self.code: Impossible = code
        super().__init__(found, expected=expected, remedy=remedy)


class EstimatorError(DriftloopError):
    """The estimator of `training.estimator` cannot be found, fitted or read. Exit code 2."""

    def __init__(self, estimator: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"training.estimator {estimator}: {found}", expected=expected, remedy=remedy)


class TrainingRaised(DriftloopError):
    """A custom training function raised an error, whose traceback is attached. Exit code 1."""

    def __init__(self, estimator: str, name: str, text: str, traceback: str) -> None:
        self.traceback = traceback
        super().__init__(
            f"training.estimator {estimator}: the function raised {name}: {text}",
            expected="function(frame, target, *, task, params, seed) that returns a fitted estimator",
            remedy="correct the function: the frame has float64 and categorical columns with missing values; "
            "the champion is unchanged",
        )


class LossUnusable(EstimatorError):
    """A custom loss cannot be found, or it returns something else than the loss of every row. Exit code 2."""

    def __init__(self, function: str, found: str, *, expected: str, remedy: str) -> None:
        DriftloopError.__init__(self, f"performance.loss {function}: {found}", expected=expected, remedy=remedy)


class LossRaised(TrainingRaised):
    """A custom loss raised an error; its own traceback comes with it. Exit code 1."""

    def __init__(self, function: str, name: str, text: str, traceback: str) -> None:
        self.traceback = traceback
        DriftloopError.__init__(
            self,
            f"performance.loss {function}: it raised {name}: {text}",
            expected="function(target, predicted) that returns the loss of every row",
            remedy="correct the function: it gets arrays of all rows, for classes their names and probabilities; "
            "the champion was left in place",
        )


class TrainingStopped(DriftloopError):
    """A custom training function reached a limit, or its process died: no estimator was returned.

    `code` is timed_out, out_of_memory or died.
    """

    def __init__(self, estimator: str, code: str, reason: str) -> None:
        self.code = code
        limits = {"timed_out": "raise training.timeout", "out_of_memory": "raise training.max_memory_mb"}
        super().__init__(
            f"training.estimator {estimator}: {reason}",
            expected="a function that returns a fitted estimator within training.timeout and training.max_memory_mb",
            remedy=f"learn from fewer rows (training.window), or {limits.get(code, 'fix the function')}; "
            "the champion is unchanged",
        )

"""Errors of training, and of versions in the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from driftloop.monitoring.errors.base import DriftloopError, listed


class NoChampion(DriftloopError):
    """The registry has no version behind the alias `champion`."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} has no champion",
            expected="a version behind the alias 'champion'",
            remedy=f"`driftloop check` trains the first one; for an older version: set the alias of {model} in MLflow",
        )


class NothingToRollBack(DriftloopError):
    """`rollback` without a version behind the alias `previous`."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} has no previous champion to go back to",
            expected="a version behind the alias 'previous', left there by a promotion",
            remedy="`driftloop status` shows the versions; retrain to make another one",
        )


class NothingToApprove(DriftloopError):
    """`promote` of a version that does not wait for approval."""

    def __init__(self, model: str, version: str, waits: str | None) -> None:
        there = f"version {waits} does" if waits else "no version does"
        ask, look = f"`driftloop promote {model} {waits}`", f"`driftloop history {model}` shows what became of it"
        super().__init__(
            f"{model} version {version} does not wait for approval: {there}",
            expected="the version behind the alias 'challenger', left there by a retrain with `promotion: manual`",
            remedy=ask if waits else look,
        )


class ChampionChanged(DriftloopError):
    """The champion that a challenger was compared with does not serve any more."""

    def __init__(self, model: str, version: str, wanted: str | None, there: str | None) -> None:
        was, now = (f"version {number}" if number else "no champion" for number in (wanted, there))
        super().__init__(
            f"{model} version {version} was proven against {was}, and {now} serves now",
            expected=f"{was} still serving",
            remedy="`driftloop retrain` compares a new challenger with the champion of now; "
            "`driftloop promote --decline` sends this one away",
        )


class ForeignVersion(DriftloopError):
    """The alias was set by hand on a version that driftloop did not register."""

    def __init__(self, model: str, version: str) -> None:
        super().__init__(
            f"{model} version {version} was not registered by driftloop: it has no reference",
            expected="aliases on versions that a driftloop training registered",
            remedy="set the alias back in MLflow; or remove it, and the next check trains a first champion",
        )


class Tampered(DriftloopError):
    """A file of a model version is not the one that was registered."""

    def __init__(self, version: str, file: str) -> None:
        super().__init__(
            f"{version}: {file} is not the file that was registered (its sha256 differs)",
            expected="the artifact as it was written when the version was registered",
            remedy="restore the artifact store from a backup, or `driftloop rollback` to the previous champion",
        )


class FileMissing(Tampered):
    """A file of a model version is not where it was written."""

    def __init__(self, version: str, file: str, folder: str) -> None:
        DriftloopError.__init__(
            self,
            f"{version}: {file} is not in {folder}",
            expected="the files of a version where they were written when it was registered",
            remedy="move the folder back if it was moved; otherwise restore the artifact store from a backup, or "
            "`driftloop rollback` to the previous champion",
        )


class StoredModelDiffers(DriftloopError):
    """A version that was just registered predicts otherwise once it is loaded. It never becomes champion."""

    def __init__(self, version: str, rows: int, of: int) -> None:
        super().__init__(
            f"{version} predicts otherwise on {rows:,} of {of:,} rows after it was stored and loaded",
            expected="the same predictions before and after",
            remedy="the champion was left in place; if the estimator is your own, store all of its state",
        )


class Untrusted(DriftloopError):
    """A model that can only be stored by pickle, without leave to do so."""

    def __init__(self, what: str, types: Iterable[str]) -> None:
        super().__init__(
            f"{what} holds types that are not on the list of trusted types: {listed(types)}",
            expected="xgboost, or scikit-learn estimators made of trusted types",
            remedy="add them to training.trusted_types, or set training.allow_pickle: true (which runs code on load)",
        )


Impossible = Literal[
    "no_data",
    "too_few_rows",
    "no_labels",
    "one_class",
    "too_many_classes",
    "empty_feature",
    "labels_too_large",
    "labels_not_allowed",
    "champion_changed",
]


class TrainingImpossible(DriftloopError):
    """There is nothing to learn from: an early, typed end of a training, not a crash."""

    def __init__(self, code: Impossible, found: str, *, expected: str, remedy: str) -> None:
        self.code: Impossible = code
        super().__init__(found, expected=expected, remedy=remedy)


class EstimatorError(DriftloopError):
    """What `training.estimator` names cannot be found, fitted or read. Exit code 2."""

    def __init__(self, estimator: str, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(f"training.estimator {estimator}: {found}", expected=expected, remedy=remedy)


class TrainingRaised(DriftloopError):
    """A training function of the user's own raised an error; its own traceback comes with it. Exit code 1."""

    def __init__(self, estimator: str, name: str, text: str, traceback: str) -> None:
        self.traceback = traceback
        super().__init__(
            f"training.estimator {estimator}: it raised {name}: {text}",
            expected="function(frame, target, *, task, params, seed) that returns a fitted estimator",
            remedy="correct the function: the frame has float64 and categorical columns with missing values; "
            "the champion was left in place",
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
    """A training function of the user's own that was ended by its limits, or whose process died: it gave nothing.

    `code` is timed_out, out_of_memory or died.
    """

    def __init__(self, estimator: str, code: str, why: str) -> None:
        self.code = code
        raised = {"timed_out": "raise training.timeout", "out_of_memory": "raise training.max_memory_mb"}
        super().__init__(
            f"training.estimator {estimator}: {why}",
            expected="a function that returns a fitted estimator within training.timeout and training.max_memory_mb",
            remedy=f"learn from fewer rows (training.window), or {raised.get(code, 'mend what ends it')}; "
            "the champion was left in place",
        )

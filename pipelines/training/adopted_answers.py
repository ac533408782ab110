"""Answers of an adopted model: what kind they are, and which class of the labels each of its classes is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import AdoptionRefused, listed
from driftloop.monitoring.records import changed
from driftloop.monitoring.tasks import TASKS
from driftloop.pipelines.training.adopted_inputs import Opened
from driftloop.pipelines.training.contract import (
    AnswerKind,
    Contract,
    numbers_of,
    shares_of,
    spelled,
)
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.tasks import TRAININGS

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

HARD = 10.0  # a loss of one confident wrong answer above it makes class labels useless


def reading_of(
    config: Project,
    opened: Opened,
    contract: Contract,
    rows: pd.DataFrame,
    answer: NDArray[Any],
    names: tuple[str, ...] | None,
    notes: list[str],
) -> tuple[Contract, tuple[str, ...]]:
    """Return the contract with the reading of the answers, and the sorted classes."""
    if not TASKS[config.task].has_classes:
        numbers = numbers_of(opened.uri, answer)
        if len(numbers) > 1 and np.ptp(numbers) == 0:
            notes.append(f"the model predicts {numbers[0]:.4g} for each of {len(numbers):,} rows")
        return contract, ()
    target = rows[config.columns.target].dropna()
    there = TRAININGS[config.task].classes(TRAININGS[config.task].typed(target))
    own = getattr(opened.estimator, "classes_", None)
    own = None if own is None else [*own]
    if answer.ndim == 1:
        kind, called = _of_one_column(opened, answer, own, there)
    else:
        kind, called = "probabilities", [*(names or own or range(answer.shape[1]))]
        if len(called) != answer.shape[1]:
            called = [*range(answer.shape[1])]
    classes = _classes(config, opened.uri, called, there, notes)
    if kind == "probabilities":
        shares_of(opened.uri, answer, len(classes))
    if kind == "second":
        notes.append(f"the model answers with one number per row: it is read as the probability of {classes[1]!r}")
    labels = dict(zip(spelled(called), classes, strict=True)) if kind == "labels" else {}
    made = changed(contract, answer=kind, classes=tuple(classes), labels=labels)
    return made, tuple(sorted(set(classes)))


def _of_one_column(
    opened: Opened, answer: NDArray[Any], own: list[Any] | None, there: tuple[str, ...]
) -> tuple[AnswerKind, list[Any]]:
    """Return whether one column holds classes or the probability of the second one, and what the model calls them."""
    if answer.dtype.kind == "b":
        return "labels", [False, True]
    if answer.dtype.kind == "O" and not any(isinstance(one, str | bool | np.bool_) for one in answer):
        answer = answer.astype(np.float64)
    if answer.dtype.kind not in "fiu":
        named = set(spelled(answer))
        return "labels", own or sorted(named | set(there) if named <= set(there) else named)
    found = set(spelled(np.unique(answer)))
    places = {str(place) for place in range(len(there))}
    if found <= (set(spelled(own)) if own else {*there}):
        return "labels", own or [*there]
    if found <= places:
        return "labels", [*range(len(there))]
    if len(there) == 2 or (own is not None and len(own) == 2):
        shares_of(opened.uri, answer, 2)
        return "second", own or [*range(2)]
    raise AdoptionRefused(
        opened.uri,
        f"it answers with one number per row, from {answer.min():.4g} to {answer.max():.4g}",
        expected=f"one of the {len(there)} classes of the rows, or a probability for each: {listed(there)}",
        remedy="correct task and columns.target, or log a model that returns classes or probabilities",
    )


def _classes(config: Project, uri: str, called: Sequence[Any], there: tuple[str, ...], notes: list[str]) -> list[str]:
    """Return the class of the rows for each class of the model: by its name, or by its place in sorted order."""
    named = spelled(called)
    if config.task == "binary" and len(named) != 2:
        raise AdoptionRefused(
            uri,
            f"it has {len(named)} classes: {listed(named)}",
            expected="two classes, since task is binary",
            remedy="set task: multiclass, or adopt a model of two classes",
        )
    by_name = {text.lower() if text.lower() in {"true", "false"} else text: text for text in there}
    if set(by_name) <= set(named):
        return [by_name.get(name, name) for name in named]
    if sorted(named) == sorted(str(place) for place in range(len(there))):
        pairs = ", ".join(f"{name} is {there[int(name)]!r}" for name in sorted(named, key=int))
        notes.append(f"the model numbers its classes: in sorted order of the labels, {pairs}")
        return [there[int(name)] for name in named]
    strange = [name for name in there if name not in named]
    raise AdoptionRefused(
        uri,
        f"it has the classes {listed(named)}, and rows of the source have {listed(strange)}",
        expected=f"the classes of {config.columns.target!r}: {listed(there)}",
        remedy="check columns.target and how it is spelled, or adopt a model of these classes",
    )


def refuse_hard(config: Project, scorer: Scorer, predicted: NDArray[np.float64], notes: list[str]) -> None:
    """Refuse class labels where the loss needs probabilities: one wrong label would count as an infinite loss."""
    if not scorer.classes or not np.isin(predicted, (0.0, 1.0)).all():
        return
    wrong = np.zeros((1, len(scorer.classes)))
    wrong[0, 1] = 1.0
    if float(config.loss.rows(np.array([scorer.classes[0]], dtype=object), wrong, scorer.classes)[0]) > HARD:
        raise AdoptionRefused(
            scorer.contract.model if scorer.contract else "the model",
            "it answers with classes and not with their probabilities",
            expected=f"probabilities, since performance.loss is {config.loss}",
            remedy="set performance: {loss: error_rate}, or log a model that returns probabilities (a python model can "
            "call predict_proba)",
        )
    notes.append("the model answers with classes and not with their probabilities: each counts as a probability of 1")

"""A model that exists already becomes a scorer: its inputs are compared with the config, its answers with real rows.

Reads no file and asks no registry; the rows and the opened model come from the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftloop.monitoring.errors import AdoptionRefused, clipped, listed
from driftloop.monitoring.records import Finding, FindingCode, Performance, changed
from driftloop.monitoring.rows.weights import averaged, weights_of
from driftloop.pipelines.training.adopted_answers import reading_of, refuse_hard
from driftloop.pipelines.training.adopted_inputs import Opened, inputs_of
from driftloop.pipelines.training.contract import (
    Contract,
    as_numbers,
    ask,
    values_of,
)
from driftloop.pipelines.training.features import learn_features
from driftloop.pipelines.training.scorer import Scorer

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

IN_SAMPLE_REFERENCE = FindingCode(
    name="in_sample_reference",
    severities=("warning",),
    meaning="the reference loss of an adopted champion was measured on rows that it may have learned from",
    cause="there were no labeled rows after those that it was trained on, or `--trained-on` was not given",
    remedy="adopt it again with `--trained-on FROM..TO`, or once there are newer labels; a retrain replaces it as well",
)
SAMPLE = "driftloop.reference_loss"  # tag of a version: in_sample or out_of_sample
TRIED = 2_000  # rows of the source that a model is tried on
UNKNOWN_LEVEL = "driftloop: a category that was never seen"


@dataclass(frozen=True)
class Adopted:
    """The scorer, and what the user must know of how the model is read."""

    scorer: Scorer
    notes: tuple[str, ...]


def adopt(config: Project, opened: Opened, rows: pd.DataFrame, there: Sequence[str]) -> Adopted:
    """Try a model on canonical rows and return it as a scorer; what does not fit raises `AdoptionRefused`.

    `there` are the columns of the source, for the advice in an error.
    """
    notes: list[str] = []
    inputs, named = inputs_of(config, opened, rows, there, notes)
    contract = Contract(model=opened.uri, task=config.task, inputs=inputs, named=named)
    _refuse_other_kind(config, opened)
    tried = rows if len(rows) <= TRIED else rows.sample(TRIED, random_state=config.training.seed).sort_index()
    contract = _filled(opened, contract, tried, notes)
    answer, names = values_of(opened.uri, _asked(opened, contract, tried), len(tried))
    contract, classes = reading_of(config, opened, contract, rows, answer, names, notes)
    features = _features(config, contract, rows)
    scorer = Scorer(config.task, features, classes, opened.estimator, contract=contract)
    refuse_hard(config, scorer, scorer.predict(tried), notes)
    return Adopted(scorer, tuple(notes))


def in_sample(version: str, performance: Performance) -> Finding:
    """Report that the loss of the rows is compared with one that may be too good."""
    return IN_SAMPLE_REFERENCE.found(
        f"the reference loss of version {version} ({performance.loss_name} {performance.reference_loss:.4g}) was "
        "measured on rows that it may have learned from and may be too good: a higher loss now need not mean more"
    )


def refuse_swapped(config: Project, scorer: Scorer, rows: pd.DataFrame, naive: float) -> None:
    """Refuse a model of two classes that is worse than the class shares and, with its classes swapped, better."""
    target = rows[config.columns.target].to_numpy()
    if len(scorer.classes) != 2 or scorer.contract is None:
        return
    predicted = scorer.predict(rows)
    weights = weights_of(rows, config.columns)
    own, swapped = (
        averaged(config.loss.rows(target, one, scorer.classes), weights) for one in (predicted, predicted[:, ::-1])
    )
    if swapped < naive < own:
        first, second = scorer.classes
        raise AdoptionRefused(
            scorer.contract.model,
            f"it predicts the opposite of the labels: {config.loss} {own:.4g}, with its classes swapped {swapped:.4g} "
            f"(naive baseline {naive:.4g})",
            expected=f"the probability of {second!r}, or a column for each of {first!r} and {second!r} by name",
            remedy="log a model that returns a frame with one column per class, named as the labels",
        )


def _features(config: Project, contract: Contract, rows: pd.DataFrame) -> Any:
    names = [one.name for one in contract.inputs]
    numeric = [name for name in names if config.kind(name) == "numeric"]
    return learn_features(rows, numeric, [name for name in names if name not in numeric], config.training.max_levels)


def _refuse_other_kind(config: Project, opened: Opened) -> None:
    from sklearn.base import is_classifier

    if config.task == "regression" and hasattr(opened.estimator, "fit") and is_classifier(opened.estimator):
        raise AdoptionRefused(
            opened.uri,
            f"{type(opened.estimator).__name__} is a classifier",
            expected="a regressor, since task is regression",
            remedy="set task: binary or multiclass",
        )


def _asked(opened: Opened, contract: Contract, rows: pd.DataFrame) -> Any:
    try:
        return ask(opened.estimator, contract.frame(rows), contract.task, named=contract.named)
    except Exception as error:  # a foreign model may raise anything
        inputs = ", ".join(f"{one.name} ({one.type})" for one in contract.inputs)
        raise AdoptionRefused(
            opened.uri,
            f"it fails on {len(rows):,} rows of the source: {type(error).__name__}: {clipped(str(error), 400)}",
            expected=f"a model that predicts rows with the columns {clipped(inputs, 400)}",
            remedy="log it with the signature of the frame that it was fitted on; compare types and spelling of values",
        ) from error


def _filled(opened: Opened, contract: Contract, rows: pd.DataFrame, notes: list[str]) -> Contract:
    """Find out what the model does with unknown categories and missing values, and replace what it cannot take."""
    first = rows.head(1)
    texts = [one.name for one in contract.inputs if one.type == "string"]
    numbers = [one.name for one in contract.inputs if one.type not in {"string", "category"}]
    usual = {name: rows[name].mode().iloc[0] for name in texts if rows[name].notna().any()}
    usual |= {name: float(np.nanmedian(as_numbers(rows[name]))) for name in numbers if rows[name].notna().any()}
    complete = first.assign(**usual)

    def fails(**values: Any) -> bool:
        try:
            _asked(opened, contract, complete.assign(**values))
        except AdoptionRefused:
            return True
        return False

    if fails():
        return contract  # the whole rows report it
    gaps = {name for name in texts if fails(**{name: pd.Series([None], index=first.index, dtype=object)})}
    gaps |= {name for name in numbers if fails(**{name: np.nan})}
    strict = [name for name in texts if fails(**{name: UNKNOWN_LEVEL})]
    filled = changed(
        contract,
        strict=bool(strict),
        inputs=tuple(
            changed(one, fill=usual[one.name]) if one.name in gaps and one.name in usual else one
            for one in contract.inputs
        ),
    )
    if gaps:
        shown = ", ".join(f"{one.name}: {_shown(one.fill)}" for one in filled.inputs if one.fill is not None)
        notes.append(f"the model fails on missing values; driftloop replaces them by the usual value ({shown})")
    if strict:
        notes.append(f"the model fails on unknown categories of {listed(strict)}; driftloop treats them as missing")
    return filled


def _shown(value: float | str | None) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

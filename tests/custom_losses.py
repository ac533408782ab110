"""Functions of a user, as `performance.loss` names them: good ones and broken ones."""

from __future__ import annotations

from typing import Any

import numpy as np


def asymmetric(target: Any, predicted: Any) -> Any:
    """Count a prediction that is too low three times."""
    return np.where(predicted < target, 3.0, 1.0) * np.abs(target - predicted)


def squared(target: Any, predicted: Any) -> Any:
    """Square the error."""
    return (target - predicted) ** 2


def missed(target: Any, predicted: Any, classes: Any) -> Any:
    """Take the square of the probability that the true class was not given."""
    truth = np.asarray(target)[:, None] == np.asarray(classes, dtype=object)[None, :]
    return (1.0 - (predicted * truth).sum(axis=1)) ** 2


def second(target: Any, predicted: Any) -> Any:
    """Square the error of the probability of "yes", the second of two classes."""
    return (predicted[:, 1] - (np.asarray(target) == "yes")) ** 2


def mean(target: Any, predicted: Any) -> Any:
    """Average, which a loss of rows must not do."""
    return np.abs(target - predicted).mean()


def score(target: Any, predicted: Any) -> Any:
    """Give what is better the higher it is."""
    return -np.abs(target - predicted)


def infinite(target: Any, predicted: Any) -> Any:
    """Divide by the label."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(target - predicted) / np.abs(target)


def words(target: Any, predicted: Any) -> Any:
    """Give no numbers."""
    return ["a"] * len(target)


def raises(target: Any, predicted: Any) -> Any:
    """Fail."""
    raise KeyError("tariff")


def only_whole_numbers(target: Any, predicted: Any) -> Any:
    """Refuse predictions that are not whole numbers."""
    if (predicted != np.round(predicted)).any():
        raise ValueError("not a whole number")
    return np.abs(target - predicted)

"""Answers of an estimator are read as what they are, or refused."""

from __future__ import annotations

import pytest

from driftloop.monitoring.served.answers import class_places
from driftloop.monitoring.served.errors import ServingError


def test_an_unknown_class_is_an_error() -> None:
    """A class that was not in the training is named, not dropped."""
    with pytest.raises(ServingError, match="names classes z"):
        class_places(["a", "z"], ("a", "b"))
    with pytest.raises(ServingError, match="places 0 to 1"):
        class_places([0, 2], ("a", "b"))
    with pytest.raises(ServingError, match="names classes nan"):
        class_places([0.0, float("nan")], ("a", "b"))


def test_numbers_that_can_be_read_in_two_ways_are_refused() -> None:
    """Where class names are numbers in another order than their places, whole numbers are not guessed at."""
    names = tuple(sorted(str(number) for number in range(11)))
    assert class_places([0, 1], names).tolist() == [0, 1]
    with pytest.raises(ServingError, match="names classes 2"):
        class_places([0, 2], names)

"""Errors while rows and labels are read together: whose expression is at fault, under the key that it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.sources.engines import EngineError
from driftloop.monitoring.sources.expressions import DERIVED
from driftloop.monitoring.sources.relation import Relation, blame


class _OfRows(Exception):
    """Carries an error of the rows past those who look for it in the labels."""


@contextmanager
def own_keys(labels: Labels) -> Iterator[None]:
    """Name expressions of the table of labels, or of predictions, by their own keys in the config."""
    try:
        yield
    except _OfRows as failed:
        raise failed.args[0] from None
    except BadExpression as error:
        if not error.key.startswith(DERIVED):
            raise
        key = f"{labels.section.partition('.')[0]}.derived.{error.key.removeprefix(DERIVED)}"
        raise BadExpression(key, error.expression, error.why) from None


@contextmanager
def rows_blamed_first(rows: Relation) -> Iterator[None]:
    """Raise an error of an expression of the rows as theirs: one statement may read rows and labels."""
    try:
        yield
    except EngineError as failed:
        error = blame(rows, str(failed))
        if isinstance(error, BadExpression):
            raise _OfRows(error) from None
        raise

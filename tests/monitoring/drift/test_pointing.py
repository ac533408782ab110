"""The columns that an alarm names: three, those of weight first."""

from __future__ import annotations

from driftloop.monitoring.drift.pointing import most_moved
from driftloop.monitoring.records import ColumnScore, Role


def score(name: str, ratio: float, *, role: Role = "feature", limit: float = 0.1) -> ColumnScore:
    return ColumnScore(
        name=name, role=role, kind="numeric", method="ks", score=ratio * limit, threshold=limit, drifted=ratio >= 1
    )


def names(scores: list[ColumnScore], importance: dict[str, float] | None) -> list[str]:
    moved = most_moved(scores, importance, triggers=True)
    return [column.name for column in moved.columns] if moved else []


SCORES = [
    score("a", 9),
    score("b", 2),
    score("c", 3),
    score("d", 4),
    score("still", 0.5),
    score("y", 50, role="target"),
]


def test_the_order_is_distance_times_importance() -> None:
    """A column that the model hardly uses comes after a smaller move of one that it depends on."""
    weights = {"a": 1.0, "b": 50.0, "c": 30.0, "d": 0.0, "still": 100.0}
    assert names(SCORES, weights) == ["b", "c", "a"]
    moved = most_moved(SCORES, weights, triggers=False)
    assert moved is not None
    assert moved.weighted
    assert moved.columns[0].importance == 50 / 181
    assert "b 2x its limit (importance 28%)" in moved.sentence()
    assert "drift alone triggers nothing" in moved.sentence()


def test_without_importance_the_distance_decides_and_the_text_reports_it() -> None:
    """Some estimators have no importances; all zero is as good as none."""
    for weights in (None, {}, {"a": 0.0}):
        moved = most_moved(SCORES, weights, triggers=True)
        assert moved is not None
        assert [column.name for column in moved.columns] == ["a", "d", "c"]
        assert not moved.weighted
        assert "not weighted" in moved.sentence()
        assert "triggers nothing" not in moved.sentence()


def test_prediction_and_target_come_last() -> None:
    """They have no importance; alone they are still named."""
    assert names([score("y", 50, role="target"), score("a", 1)], {"a": 1.0}) == ["a", "y"]
    assert names([score("prediction", 2, role="prediction")], {"a": 1.0}) == ["prediction"]


def test_nothing_moved_nothing_named() -> None:
    """Without drift there is no text."""
    assert most_moved([score("a", 0.99)], {"a": 1.0}, triggers=True) is None


def test_an_infinite_distance_is_named_and_does_not_hide_importance() -> None:
    """A limit of zero makes a ratio infinite; a hundred times is enough."""
    endless = ColumnScore(name="e", role="feature", kind="numeric", method="ks", score=1, threshold=0, drifted=True)
    assert names([endless, score("a", 9)], {"e": 0.001, "a": 0.999}) == ["a", "e"]
    moved = most_moved([endless], None, triggers=True)
    assert moved is not None
    assert "> 999x" in moved.sentence()

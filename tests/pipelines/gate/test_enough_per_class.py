"""The rule on the held-out rows of each class."""

from __future__ import annotations

from driftloop.pipelines.gate.enough_per_class import EnoughPerClass
from tests.pipelines.gate.examples import clear

FEW = {"no": 993, "yes": 7}


def test_the_rarest_class_counts_and_is_named() -> None:
    """At the limit there are enough; below it the class is named with both numbers."""
    assert EnoughPerClass(min_per_class=7).vote(clear(classes=FEW)) is None
    vote = EnoughPerClass(min_per_class=8).vote(clear(classes=FEW))
    assert vote is not None
    assert vote.reason == "7 of 1,000 held-out rows are of class 'yes', at least 8 needed (gate.min_per_class)"


def test_without_a_limit_or_classes_it_has_no_objection() -> None:
    """Nothing is counted unless the config asks for it, and numbers have no classes."""
    assert EnoughPerClass().vote(clear(classes=FEW)) is None
    assert EnoughPerClass(min_per_class=8).vote(clear()) is None

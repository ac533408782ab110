"""The rule that no feature gives the target away."""

from __future__ import annotations

from driftloop.pipelines.gate.leak import Leak
from tests.pipelines.gate.examples import clear


def test_a_leak_is_named() -> None:
    """One feature or several: the refusal has their names, however good the losses are."""
    one, two = (Leak().vote(clear(leaks=names)) for names in (("paid",), ("paid", "refund")))
    assert one is not None
    assert two is not None
    assert one.answer.code == two.answer.code == "leak"
    assert "'paid' alone predicts the target" in one.reason
    assert "each of 'paid'" in two.reason
    assert "'refund'" in two.reason
    assert not one.answer.passes


def test_without_a_leak_there_is_no_objection() -> None:
    """The rule proves nothing either: it has no answer."""
    assert Leak().vote(clear()) is None
